//! What the documentation shows, held against what there is: every command of ours in README.md and docs is one, with options that it has;
//! the stacks to paste are those of `etc/pam.d`, which other tests log in through.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the tests' own helpers; a failed step is a failed test")]

use clap::Command;
use std::fs::{read_dir, read_to_string, write};
use std::path::{Path, PathBuf};

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// README.md and what lies in `docs`, each with its name. Not the list of promises, whose rows name commands and tests.
fn pages() -> Vec<(String, String)> {
    let docs = read_dir(top().join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = docs
        .filter(|path| path.extension().is_some_and(|extension| extension == "md") && !path.ends_with("promises.md"))
        .chain(["README.md", "packaging/README.md", "etc/pam.d/README"].map(|name| top().join(name)))
        .collect();
    paths.sort();
    paths.into_iter().map(|path| (path.display().to_string(), read_to_string(path).unwrap())).collect()
}

/// Lines of the blocks between fences, in `true`; the words between backticks of the other lines, in `false`.
fn shown(text: &str) -> Vec<(bool, String)> {
    let (mut in_block, mut all, mut prose) = (false, Vec::new(), String::new());
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
            prose.push_str("\n\n");
        } else if in_block {
            all.push((true, line.trim_start().to_owned()));
        } else {
            prose.push_str(line);
            prose.push(' ');
        }
    }
    all.extend(prose.split('`').skip(1).step_by(2).map(|words| (false, words.to_owned())));
    all
}

/// The commands of a line: what stands between `&&`, `||`, `;`, `|` and what explains it (behind two spaces or a `#`), as a shell splits it.
fn commands(line: &str) -> Vec<Vec<String>> {
    let (mut all, mut words, mut word, mut quote) = (Vec::new(), Vec::new(), String::new(), None);
    let mut letters = line.trim_start_matches(['#', '$', '(']).trim().chars().peekable();
    let mut has_word = false;
    while let Some(letter) = letters.next() {
        match (letter, quote) {
            (letter, Some(open)) if letter == open => quote = None,
            (letter, Some(_)) => word.push(letter),
            ('"' | '\'', None) => (quote, has_word) = (Some(letter), true),
            (' ', None) => {
                if has_word || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                has_word = false;
                if matches!(letters.peek(), Some(' ' | '#')) {
                    break;
                }
            }
            ('&' | '|' | ';' | '>' | '<' | ')', None) => {
                if has_word || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                has_word = false;
                all.push(std::mem::take(&mut words));
            }
            (letter, None) => word.push(letter),
        }
    }
    if has_word || !word.is_empty() {
        words.push(word);
    }
    all.push(words);
    all.into_iter().filter(|words| words.first().is_some_and(|first| first == "pam-2fa")).collect()
}

/// Why these words are no beginning of a command of ours: verbs and options are looked at, and not what they are given.
fn unknown(root: &Command, words: &[String]) -> Option<String> {
    let mut at = root;
    for word in words.iter().skip(1) {
        if let Some(long) = word.strip_prefix("--") {
            let long = long.split_once('=').map_or(long, |(name, _)| name);
            let known = |command: &Command| command.get_arguments().any(|arg| arg.get_long() == Some(long));
            if !known(at) && !known(root) && !at.get_subcommands().any(known) {
                return Some(format!("{} has no --{long}", at.get_name()));
            }
        } else if let Some(verb) = at.find_subcommand(word) {
            at = verb;
        } else if at.is_subcommand_required_set() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        {
            return Some(format!("{} has no {word}", at.get_name()));
        }
    }
    None
}

#[test]
fn every_command_that_the_documentation_shows_is_one_with_options_that_it_has() {
    let mut root = ctl::definition();
    root.build();
    let (mut wrong, mut blocks, mut inline) = (Vec::new(), 0, 0);
    for (page, text) in pages() {
        for (is_block, line) in shown(&text) {
            for words in commands(&line) {
                let spoken = words.join(" ");
                if let Some(why) = unknown(&root, &words) {
                    wrong.push(format!("{page}: {spoken}: {why}"));
                }
                // What is left out is not there to be parsed.
                let is_whole = is_block && !spoken.contains(['…', '[', '|']);
                if is_whole && let Err(error) = root.clone().try_get_matches_from(&words) {
                    wrong.push(format!("{page}: {spoken}: {}", error.to_string().lines().next().unwrap_or_default()));
                }
                if is_block { blocks += 1 } else { inline += 1 }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(
        blocks > 50 && inline > 150,
        "{blocks} in blocks and {inline} in lines: they are not read as commands any more"
    );
}

#[test]
fn the_stacks_to_paste_are_those_of_etc_and_sshd_is_told_what_enable_tells_it() {
    let readme = read_to_string(top().join("README.md")).unwrap();
    for name in ["sshd-password", "sshd-key-proven"] {
        let stack = read_to_string(top().join("etc/pam.d").join(name)).unwrap();
        let lines: Vec<&str> = stack.lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.len() > 3);
        let block = format!("```\n{}\n```\n", lines.join("\n"));
        assert!(readme.contains(&block), "README.md has not the stack of etc/pam.d/{name}:\n{block}");
    }
    let code = read_to_string(top().join("ctl/src/enable/sshd.rs")).unwrap();
    for methods in ["keyboard-interactive", "publickey,keyboard-interactive"] {
        assert!(code.contains(&format!("\"{methods}\"")), "{methods}");
        let block = format!(
            "UsePAM yes\nKbdInteractiveAuthentication yes\nPasswordAuthentication no\nAuthenticationMethods {methods}\n```\n"
        );
        assert!(readme.contains(&block), "README.md has not:\n{block}");
    }
}

#[test]
fn every_page_that_the_documentation_points_to_is_there_and_so_is_its_part() {
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for (page, text) in pages() {
        for (_, target) in
            text.match_indices("](").filter_map(|(at, _)| text.get(at + 2..)?.split_once(')').map(|(to, _)| ((), to)))
        {
            if target.contains("://") {
                continue;
            }
            seen += 1;
            let (file, part) = target.split_once('#').map_or((target, None), |(file, part)| (file, Some(part)));
            let path =
                if file.is_empty() { PathBuf::from(&page) } else { Path::new(&page).parent().unwrap().join(file) };
            let there = read_to_string(&path);
            let has_part = |text: &str, part: &str| {
                text.lines()
                    .filter(|line| line.starts_with('#'))
                    .any(|line| anchor(line.trim_start_matches('#')) == part)
            };
            match (there, part) {
                _ if path.is_dir() && part.is_none() => {}
                (Ok(text), Some(part)) if has_part(&text, part) => {}
                (Ok(_), None) => {}
                _ => wrong.push(format!("{page}: {target}")),
            }
        }
    }
    assert!(wrong.is_empty() && seen > 50, "{seen} links: {wrong:?}");
}

/// Of docs/locked-out.md, by the beginning of its `sed`, with another folder than /etc/pam.d.
fn by_hand(beginning: &str, folder: &Path) -> std::process::Output {
    let page = read_to_string(top().join("docs/locked-out.md")).unwrap();
    let line = page.lines().map(str::trim).find(|line| line.starts_with(beginning)).unwrap().to_owned();
    assert!(line.contains("/etc/pam.d/*"), "{line}");
    let line = line.replace("/etc/pam.d/*", &format!("{}/*", folder.display()));
    std::process::Command::new("sh").args(["-c", &line]).output().unwrap()
}

#[test]
fn by_hand_the_asking_line_alone_goes_out_of_every_stack_and_comes_back_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let examples = ["sshd-password", "sshd-key-proven", "sshd-decoy", "debian-common", "login-break-glass"];
    let before: Vec<String> =
        examples.iter().map(|name| read_to_string(top().join("etc/pam.d").join(name)).unwrap()).collect();
    for (name, text) in examples.iter().zip(&before) {
        write(folder.path().join(name), text).unwrap();
    }
    // As `enable` and pam-auth-update write it; and a link, as authselect has.
    let tabs = "auth\trequisite\t\t\tpam_2fa.so break-glass\nauth\toptional\tpam_cap.so\n";
    write(folder.path().join("common-auth"), tabs).unwrap();
    std::os::unix::fs::symlink("common-auth", folder.path().join("system-auth")).unwrap();
    let out = by_hand("sed -i --follow-symlinks '/^auth", folder.path());
    assert!(out.status.success(), "{out:?}");
    for (name, text) in examples.iter().zip(&before) {
        let now = read_to_string(folder.path().join(name)).unwrap();
        let is_other = |(old, new): &(&str, &str)| old != new;
        let changed: Vec<(&str, &str)> = text.lines().zip(now.lines()).filter(is_other).collect();
        let [(old, new)] = changed.as_slice() else { panic!("{name}: {changed:?}") };
        assert!(old.starts_with("auth  requisite") && old.contains("pam_2fa.so") && *new == format!("#{old}"), "{new}");
    }
    let common = read_to_string(folder.path().join("common-auth")).unwrap();
    // By its own name and by the link's, and once all the same.
    assert_eq!(common, format!("#{tabs}"));
    assert!(folder.path().join("system-auth").is_symlink());
    assert!(by_hand("sed -i --follow-symlinks 's/^#", folder.path()).status.success());
    for (name, text) in examples.iter().zip(&before).chain([(&"common-auth", &tabs.to_owned())]) {
        assert_eq!(&read_to_string(folder.path().join(name)).unwrap(), text, "{name}");
    }
}

/// As GitHub makes it of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    kept.chars()
        .filter(|letter| letter.is_alphanumeric() || " -_".contains(*letter))
        .collect::<String>()
        .replace(' ', "-")
}
