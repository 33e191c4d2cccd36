//! The profile for authselect, with every set of features, behind RHEL's service files.
//!
//! authselect is in no Debian, so it is not run. Its templates are rendered here, by what authselect-profiles(5) says of their operators, and
//! what comes out is run by libpam.

use crate::stage::{Example, Files, User, tried};
use crate::{Folder, is_sound, names, root, text};
use ctl::enable::stack::Dialect;
use std::collections::BTreeSet;

const PROFILE: &str = "packaging/authselect/pam-2fa";
/// Of pam.d.
const FILES: [&str; 5] = ["fingerprint-auth", "password-auth", "postlogin", "smartcard-auth", "system-auth"];
const OTHERS: [&str; 2] = ["nsswitch.conf", "REQUIREMENTS"];
const FEATURES: [&str; 5] = ["with-faillock", "with-mkhomedir", "with-silent-lastlog", "with-sssd", "without-nullok"];

/// RHEL 9's service files, their auth lines.
const SERVICES: [(&str, &str, &[&str]); 8] = [
    ("sshd", "auth substack password-auth\nauth include postlogin\n", &[]),
    ("login", "auth substack system-auth\nauth include postlogin\n", &[]),
    ("sudo", "auth include system-auth\n", &[]),
    (
        "su",
        "auth required pam_env.so\nauth sufficient pam_rootok.so\nauth substack system-auth\nauth include postlogin\n",
        &["pam_rootok"],
    ),
    (
        "gdm-password",
        "auth [success=done ignore=ignore default=bad] pam_selinux_permit.so\nauth substack password-auth\n\
         auth optional pam_gnome_keyring.so\nauth include postlogin\n",
        &["pam_selinux_permit"],
    ),
    // Without its line for a browser's certificate, which lets in before any of ours: README of this profile, docs/stacks.md.
    (
        "cockpit",
        "auth required pam_sepermit.so\nauth substack password-auth\nauth include postlogin\nauth optional pam_ssh_add.so\n",
        &[],
    ),
    ("polkit-1", "auth include system-auth\n", &[]),
    ("vlock", "auth include system-auth\n", &[]),
];

/// Whether an expression holds: names in quotes, `not`, `and`, `or`, parentheses. `or` binds least.
fn holds(expression: &str, features: &BTreeSet<&str>) -> bool {
    let spaced = expression.replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    let mut at = 0;
    let held = any(&words, &mut at, features);
    assert_eq!(at, words.len(), "{expression}");
    held
}

fn any(words: &[&str], at: &mut usize, features: &BTreeSet<&str>) -> bool {
    let mut held = all(words, at, features);
    while words.get(*at) == Some(&"or") {
        *at += 1;
        held |= all(words, at, features);
    }
    held
}

fn all(words: &[&str], at: &mut usize, features: &BTreeSet<&str>) -> bool {
    let mut held = one(words, at, features);
    while words.get(*at) == Some(&"and") {
        *at += 1;
        held &= one(words, at, features);
    }
    held
}

fn one(words: &[&str], at: &mut usize, features: &BTreeSet<&str>) -> bool {
    let word = words[*at];
    *at += 1;
    match word {
        "not" => !one(words, at, features),
        "(" => {
            let held = any(words, at, features);
            assert_eq!(words[*at], ")");
            *at += 1;
            held
        }
        name => features.contains(name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap()),
    }
}

/// A template with those features.
fn rendered(template: &str, features: &BTreeSet<&str>) -> String {
    let mut text = String::new();
    'lines: for line in template.lines() {
        let mut line = line.to_owned();
        while let Some((start, end)) = operator(&line) {
            let inside = line[start + 1..end].to_owned();
            let with = if let Some((expression, values)) = inside.strip_prefix("if ").and_then(|it| it.split_once(':'))
            {
                let (yes, no) = values.split_once('|').unwrap_or((values, ""));
                if holds(expression, features) { yes } else { no }
            } else {
                let (operator, expression) = inside.split_once(" if ").unwrap_or_else(|| panic!("{line}"));
                match (operator, holds(expression, features)) {
                    ("include", true) | ("exclude", false) => "",
                    ("include", false) | ("exclude", true) | ("continue", true) | ("stop", false) => continue 'lines,
                    ("continue", false) | ("stop", true) => break 'lines,
                    _ => panic!("{line}"),
                }
            };
            line.replace_range(start..=end, with);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

fn operator(line: &str) -> Option<(usize, usize)> {
    let start = line.find('{')?;
    Some((start, start + line[start..].find('}').unwrap_or_else(|| panic!("{line}"))))
}

/// Every set of features.
fn sets() -> impl Iterator<Item = BTreeSet<&'static str>> {
    (0..1_u32 << FEATURES.len()).map(|set| {
        let is_in = |number: &usize| set & (1 << number) != 0;
        (0..FEATURES.len()).filter(is_in).map(|number| FEATURES[number]).collect()
    })
}

fn files(features: &BTreeSet<&str>) -> Vec<(String, String)> {
    FILES.iter().map(|name| ((*name).to_owned(), rendered(&text(&format!("{PROFILE}/{name}")), features))).collect()
}

fn example(service: &str, lines: &str, doors: &'static [&'static str], features: &BTreeSet<&str>) -> Example {
    let mut files = files(features);
    files.push((service.to_owned(), lines.to_owned()));
    let proofs: &[&str] = if features.contains("with-sssd") { &["pam_unix", "pam_sss"] } else { &["pam_unix"] };
    Example {
        name: format!("authselect's {service}, {features:?}"),
        service: service.to_owned(),
        files: Files(files),
        proofs,
        doors,
    }
}

#[test]
fn templates_are_rendered_as_the_manual_of_authselect_says() {
    let of = |template: &str, features: &[&'static str]| rendered(template, &features.iter().copied().collect());
    for (template, features, expected) in [
        ("a {include if \"x\"}\nb", &["x"][..], "a\nb\n"),
        ("a {include if \"x\"}\nb", &[], "b\n"),
        ("a {exclude if \"x\"}\nb", &["x"], "b\n"),
        ("a\n{continue if \"x\"}\nb", &[], "a\n"),
        ("a\n{continue if \"x\"}\nb", &["x"], "a\nb\n"),
        ("a\n{stop if \"x\"}\nb", &["x"], "a\n"),
        ("a\n{stop if \"x\"}\nb", &[], "a\nb\n"),
        ("a{if \"x\":1|2}{if not \"x\":3}{if \"y\":4}", &["x"], "a1\n"),
        ("a{if \"x\":1|2}{if not \"x\":3}{if \"y\":4}", &["y"], "a234\n"),
        ("a {include if \"x\" and (\"y\" or not \"z\")}", &["x", "z"], ""),
        ("a {include if \"x\" and (\"y\" or not \"z\")}", &["x"], "a\n"),
        ("a {include if \"x\" or \"y\" and \"z\"}", &["x"], "a\n"),
    ] {
        assert_eq!(of(template, features), expected, "{template} {features:?}");
    }
}

/// Old releases take a line away from the last operator before it on; a name that no condition has, they refuse.
#[test]
fn the_profile_has_the_files_and_features_it_says_and_no_line_that_old_releases_read_otherwise() {
    let there: Vec<String> = names(&root().join(PROFILE), "").into_iter().collect();
    let expected: BTreeSet<String> = FILES.into_iter().chain(OTHERS).map(str::to_owned).collect();
    assert_eq!(there.into_iter().collect::<BTreeSet<_>>(), expected);
    let readme = text(&format!("{PROFILE}/README"));
    let said: BTreeSet<&str> = readme.lines().filter_map(|line| line.strip_suffix("::")).collect();
    assert_eq!(said, FEATURES.into_iter().collect());

    let mut named = BTreeSet::new();
    for name in FILES.into_iter().chain(OTHERS) {
        let template = text(&format!("{PROFILE}/{name}"));
        for line in template.lines() {
            assert!(!(line.contains("{if ") && line.contains("clude if ")), "{name}: {line}");
            assert!(line.matches("clude if ").count() <= 1, "{name}: {line}");
            named.extend(line.split('"').skip(1).step_by(2).filter(|_| line.contains('{')).map(str::to_owned));
        }
    }
    named.retain(|name| name.starts_with("with"));
    assert_eq!(named, FEATURES.into_iter().map(str::to_owned).collect());
}

#[test]
fn with_every_set_of_features_the_command_finds_every_service_sound() {
    for features in sets() {
        for (service, lines, doors) in SERVICES {
            let example = example(service, lines, doors, &features);
            is_sound(&Folder::new(&format!("authselect-{service}")), &example, Dialect::Upstream);
        }
    }
}

/// Those that the auth lines know; the others change other lines.
#[test]
fn with_every_feature_of_its_auth_lines_every_service_asks_once_behind_a_right_password_and_never_otherwise() {
    let in_auth = ["with-faillock", "with-sssd"];
    for features in sets().filter(|features| features.iter().all(|feature| in_auth.contains(feature))) {
        for (service, lines, doors) in SERVICES {
            let tries = tried(&example(service, lines, doors, &features));
            assert!(tries.let_in >= 2 && tries.denied > tries.let_in, "{service}: {tries:?}");
        }
    }
    let auth = |features: &BTreeSet<&str>| {
        let text = files(features).into_iter().map(|(_, text)| text).collect::<String>();
        text.lines().filter(|line| line.starts_with("auth")).map(|line| line.replace(" nullok", "")).collect::<Vec<_>>()
    };
    for features in sets() {
        let known = features.iter().copied().filter(|feature| in_auth.contains(feature)).collect();
        assert_eq!(auth(&features), auth(&known), "{features:?}");
    }
}

#[test]
fn with_sssd_its_users_are_looked_up_behind_those_of_the_files() {
    let of = |features: &[&'static str]| {
        let text = rendered(&text(&format!("{PROFILE}/nsswitch.conf")), &features.iter().copied().collect());
        text.lines().next().unwrap().to_owned()
    };
    assert_eq!(of(&[]), "passwd:     files systemd");
    assert_eq!(of(&["with-sssd"]), "passwd:     files sss systemd");
}

/// gdm's services for a finger and a card.
#[test]
fn a_finger_or_a_card_alone_lets_nobody_in() {
    for features in sets() {
        for file in ["fingerprint-auth", "smartcard-auth"] {
            let lines = format!("auth substack {file}\nauth include postlogin\n");
            assert!(!example("gdm-fingerprint", &lines, &[], &features).lets_in(User::Local));
        }
    }
}
