//! The shipped `etc/config.toml` against the parser: each line does what the file says of it.

use pam_2fa_settings::{Settings, parse};

const SHIPPED: &str = include_str!("../../etc/config.toml");
/// A line of the shipped file that is a key once its `# ` is gone, and the header that it stands under.
struct Line {
    header: String,
    key: String,
    text: String,
}

fn bare(line: &str) -> &str {
    line.strip_prefix("# ").unwrap_or(line)
}

fn is_header(line: &str) -> bool {
    bare(line).starts_with('[')
}

fn lines() -> Vec<Line> {
    let mut header = String::new();
    let mut lines = Vec::new();
    for line in SHIPPED.lines() {
        if is_header(line) {
            header = bare(line).split_once(" #").map_or(bare(line), |(header, _)| header).trim().to_owned();
        } else if let Some((key, _)) = bare(line).split_once(" = ")
            && !key.trim_matches('"').contains(' ')
        {
            lines.push(Line { header: header.clone(), key: key.to_owned(), text: bare(line).to_owned() });
        }
    }
    lines
}

/// What a line needs around it: `server` and `from` with anything of [email], `provider` with anything of [sms], a password with a
/// user.
fn around(line: &Line) -> String {
    let mut text = String::new();
    let mut add = |key: &str, value: &str| {
        if line.key != key {
            text.push_str(&format!("{key} = \"{value}\"\n"));
        }
    };
    if line.header.contains("email") {
        add("server", "smtp.example.com");
        add("from", "security@example.com");
    }
    if line.header.contains("sms") {
        add("provider", "kannel");
    }
    if line.header == "[[sms.backup]]" {
        add("name", "second");
        return format!("[sms]\nprovider = \"kannel\"\n{}\n{text}", line.header);
    }
    if line.key == "user" {
        add("password", "x");
    }
    if line.header == "[[email.backup]]" {
        add("name", "second");
        return format!("[email]\nserver = \"smtp.example.com\"\nfrom = \"a@example.com\"\n{}\n{text}", line.header);
    }
    format!("{}\n{text}", line.header)
}

#[test]
fn the_shipped_file_as_it_is_says_what_an_empty_one_does() {
    let accepted = parse(SHIPPED).unwrap();
    assert!(accepted.notes.is_empty(), "{:?}", accepted.notes);
    assert_eq!(format!("{:?}", accepted.settings), format!("{:?}", Settings::default()));
    assert_eq!(format!("{:?}", parse("").unwrap().settings), format!("{:?}", Settings::default()));
}

#[test]
fn every_line_uncommented_is_accepted() {
    let mut accepted = 0;
    for line in lines() {
        let text = format!("{}{}\n", around(&line), line.text);
        let result = parse(&text);
        assert!(result.is_ok(), "{text}\n{:?}", result.err());
        accepted += 1;
    }
    assert_eq!(accepted, 65, "a line of the file is not read as one any more");
}

#[test]
fn all_lines_together_are_accepted() {
    let mut text = String::new();
    for line in SHIPPED.lines() {
        let is_key = bare(line).split_once(" = ").is_some_and(|(key, _)| !key.trim_matches('"').contains(' '));
        text.push_str(if is_header(line) || is_key { bare(line) } else { line });
        text.push('\n');
    }
    let accepted = parse(&text).map_err(|findings| format!("{findings:?}")).unwrap();
    let email = accepted.settings.email.unwrap();
    assert_eq!(email.backups[0].name, "second");
    assert_eq!(accepted.settings.services.iter().count(), 4);
    let sms = accepted.settings.sms.unwrap();
    assert_eq!((sms.provider.as_str(), sms.backups[0].sms.provider.as_str()), ("kannel", "http"));
    assert_eq!(accepted.notes.len(), 5, "the plain password, and two fields of each account");
}
