//! The man pages in `packaging/man` and the completions in `packaging/completions` are what the definitions of the command line make of
//! them. After a change of those: `UPDATE=1 cargo test -p ctl --test generated`, and read the differences.
//!
//! What no definition says is written by hand, in `packaging/man/parts`. So are the pages of [`BY_HAND`] (those of file formats are held against the
//! schema in `settings/src/man_test.rs` and `settings/src/provider/man_test.rs`).

#![expect(clippy::unwrap_used, reason = "the tests' own helpers")]

use clap::Command;
use clap_complete::Shell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{read_dir, read_to_string, write};
use std::io::Write as _;
use std::path::{Path, PathBuf};

const GLOBAL: [&str; 5] = ["runtime_dir", "config", "json", "help", "version"];

/// Pages that no definition makes.
const BY_HAND: [&str; 5] =
    ["pam_2fa.8", "pam-2fa-configd.8", "pam-2fa-courier.8", "pam-2fa.toml.5", "pam-2fa-providers.5"];
const MADE: [&str; 2] = ["pam-2fa.8", "pam-2fa-me.1"];

fn packaging() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../packaging")
}

fn part(name: &str) -> String {
    read_to_string(packaging().join("man/parts").join(name)).unwrap()
}

/// Without the options that every verb has.
fn own(command: &Command) -> Command {
    command.clone().mut_args(|arg| {
        let is_global = GLOBAL.contains(&arg.get_id().as_str());
        if is_global { arg.hide(true) } else { arg }
    })
}

/// Options and arguments.
fn options(own: &Command) -> String {
    if own.get_arguments().all(clap::Arg::is_hide_set) {
        return String::new();
    }
    section(own)
}

/// What clap_mangen makes of the arguments, without its heading.
fn section(command: &Command) -> String {
    let mut bytes = Vec::new();
    Man::new(command.clone()).render_options_section(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    text.lines().skip_while(|line| *line != ".SH OPTIONS").skip(1).fold(String::new(), |mut all, line| {
        all.push_str(line);
        all.push('\n');
        all
    })
}

/// Every verb below, with its usage, what it does, its options.
fn verbs(command: &Command, page: &mut String) {
    let subcommands: Vec<&Command> = command.get_subcommands().collect();
    let does_something = subcommands.is_empty() || !command.is_subcommand_required_set();
    if does_something {
        let mut own = own(command);
        let usage = own.render_usage().to_string();
        let usage = usage.trim_start_matches("Usage: ").lines().map(str::trim).collect::<Vec<_>>();
        let mut roff = Roff::new();
        for line in usage.into_iter().filter(|line| !line.is_empty()) {
            roff.control("SS", [line.trim_start_matches("pam-2fa ")]);
        }
        roff.text([roman(command.get_long_about().or(command.get_about()).unwrap().to_string())]);
        page.push_str(&roff.to_roff());
        page.push_str(&options(&own));
    }
    subcommands.into_iter().for_each(|verb| verbs(verb, page));
}

/// From the title to the synopsis.
fn head(name: &str, number: u8, of: &str, what: &str, synopsis: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let title = name.to_uppercase().replace('-', "\\-");
    let mut roff = Roff::new();
    roff.control("SH", ["NAME"]);
    roff.text([roman(format!("{name} - {what}"))]);
    roff.control("SH", ["SYNOPSIS"]);
    roff.text([bold(name.replace("-me", " me")), roman(synopsis)]);
    roff.control("SH", ["DESCRIPTION"]);
    format!(".TH {title} {number} \"\" \"pam\\-2fa {version}\" \"{of}\"\n{}", roff.to_roff())
}

/// The administrator's page.
fn administrators(root: &Command) -> String {
    let about = root.get_about().unwrap().to_string();
    let mut page = head("pam-2fa", 8, "System administration", &about, " [options] verb …");
    page.push_str(&part("pam-2fa.8.description"));
    page.push_str(".SH OPTIONS\nThe first three go with every verb.\n");
    page.push_str(&section(root));
    page.push_str(".SH VERBS\n");
    root.get_subcommands().filter(|verb| verb.get_name() != "me").for_each(|verb| verbs(verb, &mut page));
    page + &part("pam-2fa.8.end")
}

/// A user's own page.
fn users(root: &Command) -> String {
    let me = root.find_subcommand("me").unwrap();
    let about = me.get_about().unwrap().to_string();
    let mut page = head("pam-2fa-me", 1, "User commands", &about, " [--json] [verb …]");
    page.push_str(&part("pam-2fa-me.1.description"));
    page.push_str(".SH VERBS\n");
    verbs(me, &mut page);
    page + &part("pam-2fa-me.1.end")
}

/// What roff reads whatever the encoding, with the apostrophe that clap_mangen writes.
fn page(text: String) -> String {
    let mut page = String::from(".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '\n");
    for character in text.chars() {
        if character.is_ascii() {
            page.push(character);
        } else {
            write!(page, "\\[u{:04X}]", u32::from(character)).unwrap();
        }
    }
    page
}

/// Everything that is generated, by its place in `packaging`.
fn generated() -> BTreeMap<PathBuf, String> {
    let mut root = ctl::definition();
    root.build();
    let mut all = BTreeMap::new();
    all.insert(PathBuf::from("man/pam-2fa.8"), page(administrators(&root)));
    all.insert(PathBuf::from("man/pam-2fa-me.1"), page(users(&root)));
    for (shell, name) in
        [(Shell::Bash, "bash/pam-2fa"), (Shell::Zsh, "zsh/_pam-2fa"), (Shell::Fish, "fish/pam-2fa.fish")]
    {
        let mut bytes = Vec::new();
        clap_complete::generate(shell, &mut ctl::definition(), "pam-2fa", &mut bytes);
        // clap_complete 4.6.12 writes the dash of a program's name in two ways, and such a file completes nothing but its verbs.
        let text = String::from_utf8(bytes).unwrap().replace("pam__subcmd__2fa", "pam__2fa");
        all.insert(Path::new("completions").join(name), text);
    }
    all
}

/// Past the test runner, which shows what a test prints only when it fails.
fn skipped(what: &str) {
    std::io::stderr().write_all(format!("SKIPPED {what}\n").as_bytes()).unwrap();
}

#[test]
#[expect(clippy::disallowed_methods, reason = "whoever runs the test says that the files are to be written")]
fn man_pages_and_completions_are_those_of_the_definitions() {
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = String::new();
    let all = generated();
    for (place, text) in &all {
        let path = packaging().join(place);
        if update {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            write(&path, text).unwrap();
        } else if read_to_string(&path).ok().as_ref() != Some(text) {
            writeln!(wrong, "packaging/{}", place.display()).unwrap();
        }
    }
    assert!(wrong.is_empty(), "not what the definitions say; UPDATE=1 cargo test -p ctl --test generated:\n{wrong}");
    for folder in ["man", "completions/bash", "completions/zsh", "completions/fish"] {
        for entry in read_dir(packaging().join(folder)).unwrap() {
            let name = entry.unwrap().file_name();
            let place = Path::new(folder).join(&name);
            let is_written = folder == "man" && (name == "parts" || BY_HAND.iter().any(|page| name == *page));
            assert!(all.contains_key(&place) || is_written, "nobody makes {}", place.display());
        }
    }
}

#[test]
fn every_verb_and_option_stands_in_a_page() {
    fn names(command: &Command, all: &mut Vec<String>) {
        for verb in command.get_subcommands() {
            names(verb, all);
            if !verb.has_subcommands() {
                all.push(verb.get_bin_name().unwrap().trim_start_matches("pam-2fa ").to_owned());
            }
            all.extend(verb.get_arguments().filter_map(clap::Arg::get_long).map(|long| format!("--{long}")));
        }
    }
    let mut root = ctl::definition();
    root.build();
    let mut all = Vec::new();
    names(&root, &mut all);
    let pages = (administrators(&root) + &users(&root)).replace("\\-", "-");
    let missing: Vec<_> =
        all.iter().filter(|name| !["--help"].contains(&name.as_str()) && !pages.contains(*name)).collect();
    assert!(all.len() > 60 && missing.is_empty(), "{missing:?}");
}

#[test]
fn the_pages_are_set_without_a_warning() {
    let groff = |page: &Path| {
        std::process::Command::new("groff")
            .args(["-ww", "-b", "-mandoc", "-Tutf8", "-rLL=80n", "-z"])
            .arg(page)
            .output()
    };
    for page in MADE.iter().chain(&BY_HAND) {
        let Ok(out) = groff(&packaging().join("man").join(page)) else {
            return skipped("the_pages_are_set_without_a_warning: no groff");
        };
        let said = String::from_utf8_lossy(&out.stderr);
        assert!(out.status.success() && said.is_empty(), "{page}: {said}");
    }
}

/// As a reader finds it in the shell's words.
fn source(page: &str) -> String {
    read_to_string(packaging().join("man").join(page)).unwrap().replace("\\-", "-")
}

#[test]
fn every_page_has_the_usual_parts_and_names_no_page_of_ours_that_is_not_there() {
    let pages: Vec<&str> = MADE.into_iter().chain(BY_HAND).collect();
    for page in &pages {
        let text = source(page);
        let parts: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix(".SH ")).map(|part| part.trim_matches('"')).collect();
        for wanted in ["NAME", "SYNOPSIS", "DESCRIPTION", "FILES", "SEE ALSO"] {
            assert_eq!(parts.iter().filter(|part| **part == wanted).count(), 1, "{page}: {wanted}");
        }
        assert_eq!((parts.first(), parts.last()), (Some(&"NAME"), Some(&"SEE ALSO")), "{page}");
        let (_, others) = text.rsplit_once("SEE ALSO").unwrap();
        assert!(others.contains(".BR pam"), "{page} names no other page of ours");
        // `.BR pam-2fa (8),` anywhere in it.
        for words in text.lines().map(|line| line.split_whitespace().skip(1).collect::<Vec<_>>()) {
            for pair in words.windows(2) {
                let [name, section] = pair else { continue };
                let section = section.strip_prefix('(').and_then(|rest| rest.split_once(')')).map(|(number, _)| number);
                let is_ours = name.starts_with("pam-2fa") || *name == "pam_2fa";
                if let Some(section) = section.filter(|_| is_ours) {
                    assert!(pages.contains(&format!("{name}.{section}").as_str()), "{page}: no page {name}({section})");
                }
            }
        }
    }
}

#[test]
fn every_option_of_the_daemons_stands_in_their_pages() {
    for (args, page) in [("configd/src/args.rs", "pam-2fa-configd.8"), ("courier/src/args.rs", "pam-2fa-courier.8")] {
        let code = read_to_string(packaging().join("..").join(args)).unwrap();
        let (code, _) = code.split_once("#[cfg(test)]").unwrap();
        let words = code.split('"').filter(|word| word.starts_with("--") && !word.contains([' ', '{']));
        let options: std::collections::BTreeSet<&str> = words.collect();
        let text = source(page);
        let has = |option: &&str| {
            text.lines().any(|line| line.starts_with(".B") && line.split([' ', ',']).any(|word| word == *option))
        };
        let missing: Vec<_> = options.iter().filter(|option| !has(option)).collect();
        assert!(options.len() > 6 && missing.is_empty(), "{page}: {missing:?} of {options:?}");
    }
}

#[test]
fn bash_completes_verbs_and_options_by_the_file() {
    let file = packaging().join("completions/bash/pam-2fa");
    for (words, expected) in [
        ("config se", "seal set"),
        ("secret s", "set show"),
        ("secret set --f", "--file"),
        ("break-glass r", "revoke"),
        ("me enrol s", "sms"),
    ] {
        let script = format!(
            "set -u; . {}; COMP_WORDS=(pam-2fa {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); COMPREPLY=(); \
             _pam__2fa pam-2fa \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD - 1]}}\"; echo \"${{COMPREPLY[*]:-}}\"",
            file.display()
        );
        let Ok(out) = std::process::Command::new("bash").args(["--norc", "-c", &script]).output() else {
            return skipped("bash_completes_verbs_and_options_by_the_file: no bash");
        };
        let said = String::from_utf8_lossy(&out.stderr);
        let mut offered: Vec<_> = std::str::from_utf8(&out.stdout).unwrap().split_whitespace().collect();
        offered.sort_unstable();
        assert_eq!(offered.join(" "), expected, "{words}: {said}");
    }
}
