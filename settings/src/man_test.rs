//! `packaging/man/pam-2fa.toml.5` against the schema: the page has every key, its default and its range, and no other key. And what a
//! page of a file format is read by: `.SS` begins a part, `.TP` and `.B` in the next line a key.

use crate::lifetime::Lifetime;
use crate::schema::{BACKUP_NAME, Kind, SECTIONS, Shape};
use crate::shown::{Said, shown};

/// A page, as far as it says which keys there are.
pub(crate) struct Page {
    all: String,
    /// The part, the key, what stands below it.
    keys: Vec<(String, String, String)>,
    parts: Vec<String>,
}

impl Page {
    /// Of its source.
    pub(crate) fn of(source: &str) -> Self {
        let all = source.replace("\\-", "-");
        let (mut keys, mut parts): (Vec<(String, String, String)>, Vec<String>) = (Vec::new(), Vec::new());
        let (mut part, mut before) = (None, "");
        for line in all.lines() {
            if let Some(name) = line.strip_prefix(".SS ") {
                part = Some(name.trim_matches('"'));
            } else if line.starts_with(".SH") {
                part = None;
            } else if let (Some(part), ".TP", Some(key)) = (part, before, line.strip_prefix(".B ")) {
                keys.push((part.to_owned(), key.to_owned(), String::new()));
                if parts.last().is_none_or(|last| last != part) {
                    parts.push(part.to_owned());
                }
            } else if let (Some(_), Some((_, _, text))) = (part, keys.last_mut()) {
                text.push_str(line.strip_prefix(".B ").unwrap_or(line));
                text.push(' ');
            }
            before = line;
        }
        Self { all, keys, parts }
    }

    /// The whole source.
    pub(crate) fn all(&self) -> &str {
        &self.all
    }

    /// The parts that have keys.
    pub(crate) fn parts(&self) -> Vec<&str> {
        self.parts.iter().map(String::as_str).collect()
    }

    /// The keys of a part.
    pub(crate) fn keys(&self, part: &str) -> Vec<&str> {
        self.keys.iter().filter(|(of, _, _)| of == part).map(|(_, key, _)| key.as_str()).collect()
    }

    /// What is said of a key.
    pub(crate) fn text(&self, part: &str, key: &str) -> &str {
        let found = self.keys.iter().find(|(of, name, _)| (of.as_str(), name.as_str()) == (part, key));
        found.map_or("", |(_, _, text)| text)
    }
}

/// In the order of the alphabet, each once.
pub(crate) fn sorted(mut words: Vec<&str>) -> Vec<&str> {
    words.sort_unstable();
    words.dedup();
    words
}

fn page() -> Page {
    Page::of(include_str!("../../packaging/man/pam-2fa.toml.5"))
}

#[test]
fn the_man_page_has_every_key_of_the_settings_under_its_section_and_no_other() {
    let page = page();
    let mut known = Vec::new();
    for section in SECTIONS {
        let keys: Vec<&str> = match section.shape {
            Shape::Services => vec!["class", "factor"],
            Shape::Plain | Shape::Backups => section.keys.iter().map(|key| key.name).collect(),
        };
        known.push((format!("[{}]", section.name), keys));
        if section.shape == Shape::Backups {
            known.push((format!("[[{}.backup]]", section.name), vec![BACKUP_NAME.name]));
        }
    }
    let parts: Vec<&str> = known.iter().map(|(part, _)| part.as_str()).collect();
    assert_eq!(page.parts(), parts);
    for (part, keys) in &known {
        assert_eq!(page.keys(part), *keys, "{part}");
    }
}

#[test]
fn every_line_of_the_shipped_settings_is_a_key_of_the_man_page() {
    let page = page();
    let (mut part, mut seen) = ("", 0);
    for line in include_str!("../../etc/config.toml").lines().map(|line| line.trim_start_matches("# ")) {
        if line.starts_with('[') {
            part = line;
        } else if let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| !key.contains([' ', '"']))
            && part != "[services]"
        {
            let is_there = page.keys(part).contains(&key)
                || (part.starts_with("[[")
                    && page.keys(&part.replace(".backup", "").replace("[[", "[").replace("]]", "]")).contains(&key));
            assert!(is_there, "{part} {key}");
            seen += 1;
        }
    }
    assert_eq!(seen, 61, "a line of the file is not read as one any more");
}

#[test]
fn the_man_page_says_of_every_key_what_it_takes_and_what_it_is_by_default() {
    let page = page();
    let minimal = "[email]\nserver = \"a.example.com\"\nfrom = \"a@example.com\"\n[sms]\nprovider = \"http\"\n";
    let defaults = shown(minimal).unwrap();
    for section in SECTIONS {
        let part = format!("[{}]", section.name);
        for key in section.keys {
            let name = format!("{}.{}", section.name, key.name);
            let text = page.text(&part, key.name);
            match &key.kind {
                Kind::OneOf(words) => {
                    assert!(text.starts_with("Word, "), "{name}: {text}");
                    words.iter().for_each(|word| assert!(text.contains(&format!("\"{word}\"")), "{name}: no {word}"));
                }
                // By the profile, as build.rs has it.
                Kind::Number(..) if name == "limits.tries_before_disabled" => {
                    assert!(text.starts_with("Number, 21 to 100, under the profile \"pci-dss\" 1 to 10;"), "{text}");
                }
                Kind::Number(least, most, _) => {
                    assert!(text.starts_with(&format!("Number, {least} to {most};")), "{name}: {text}");
                }
                Kind::Duration(least, most, _) => {
                    let shown = |seconds| Lifetime::from_seconds(seconds).unwrap();
                    let range = format!("Duration, \"{}\" to \"{}\";", shown(*least), shown(*most));
                    assert!(text.starts_with(&range), "{name}: {text}");
                }
                Kind::Switch => assert!(text.starts_with("Switch; "), "{name}: {text}"),
                Kind::Text(_) => assert!(text.starts_with("Text, "), "{name}: {text}"),
                Kind::List(_) => assert!(text.starts_with("List of "), "{name}: {text}"),
                Kind::Secret => assert!(text.starts_with("Secret "), "{name}: {text}"),
                Kind::Account => assert!(text.starts_with("Table of 12 secrets"), "{name}: {text}"),
            }
            let default = defaults.iter().find(|shown| shown.key == name).filter(|shown| shown.is_default);
            let said = default.map(|shown| &shown.value).filter(|value| **value != Said::Nothing);
            match said {
                Some(value) => {
                    let said = format!("default {value}");
                    let after = text.split_once(&said).map(|(_, after)| after);
                    assert!(after.is_some_and(|after| after.starts_with(['.', ','])), "{name}: no `{said}`: {text}");
                }
                None => assert!(!text.contains("; default "), "{name} has none: {text}"),
            }
        }
    }
}

#[test]
fn the_settings_of_the_man_page_are_accepted() {
    let page = page();
    let mut seen = 0;
    for example in page.all().split(".nf\n").skip(1).filter_map(|rest| rest.split_once(".fi")).map(|(text, _)| text) {
        if example.starts_with('[') {
            assert!(crate::parse(example).is_ok(), "{example}{:?}", crate::parse(example).err());
            seen += 1;
        }
    }
    assert_eq!(seen, 2);
}
