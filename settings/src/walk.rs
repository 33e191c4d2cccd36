//! Walks the tree of a text against the table in `schema.rs` and lists every error in it, each with its place. What keys mean
//! together is `build.rs`'s.

use crate::MAX_TEXT;
use crate::check::{Checked, check, kind_of};
use crate::finding::{Finding, Raw, placed};
use crate::nearest::nearest;
use crate::schema::{BACKUP_NAME, Key, SECTIONS, Section, Shape, dotted};
use crate::service::{Class, Factor, Rule, is_match, is_pattern};
use crate::text::quoted;
use std::collections::BTreeMap;
use toml_edit::{Document, Item, TableLike, Value};

/// A section as it was found.
#[derive(Debug)]
pub(crate) struct Group {
    /// `email`, `email.backup.NAME`.
    pub(crate) name: String,
    /// Where it begins.
    pub(crate) at: usize,
    /// Its keys: where the value is, and the value unless it was wrong.
    pub(crate) values: BTreeMap<&'static str, (usize, Option<Checked>)>,
}

/// All that was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) sections: BTreeMap<&'static str, Group>,
    pub(crate) backups: BTreeMap<&'static str, Vec<Group>>,
    pub(crate) rules: Vec<Rule>,
}

/// Parses and walks a text.
///
/// # Errors
/// One finding for a text that cannot be walked at all.
pub(crate) fn walk(text: &str) -> Result<(Found, Vec<Raw>), Vec<Finding>> {
    if text.len() > MAX_TEXT {
        let what = format!("the text is longer than {} KiB; settings have a few", MAX_TEXT / 1024);
        return Err(placed(text, vec![Raw::new(0, "", what)]));
    }
    let document = parse(text).map_err(|raw| placed(text, vec![raw]))?;
    let mut walker = Walker::default();
    walker.root(document.as_table());
    Ok((walker.found, walker.findings))
}

/// A text as a tree with places.
pub(crate) fn parse(text: &str) -> Result<Document<&str>, Raw> {
    // The message only: the Display of this error quotes the line, and a password may stand in it.
    Document::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        Raw::new(at, "", format!("not TOML: {}", error.message()))
    })
}

/// The tables of `[[….backup]]`, however it is written; none for what is no list of tables.
pub(crate) fn tables_of(item: &Item) -> Option<Vec<&dyn TableLike>> {
    if let Some(tables) = item.as_array_of_tables() {
        return Some(tables.iter().map(|table| table as &dyn TableLike).collect());
    }
    item.as_array()?.iter().map(|value| value.as_inline_table().map(|table| table as &dyn TableLike)).collect()
}

#[derive(Default)]
struct Walker {
    found: Found,
    findings: Vec<Raw>,
}

impl Walker {
    fn say(&mut self, at: usize, key: impl Into<String>, text: impl Into<String>) {
        self.findings.push(Raw::new(at, key, text));
    }

    fn root(&mut self, root: &dyn TableLike) {
        for (name, item) in root.iter() {
            let at = key_at(root, name, item);
            let Some(section) = SECTIONS.iter().find(|section| section.name == name) else {
                let text = match item.as_table_like() {
                    Some(_) => unknown_section(name),
                    None => unknown_key(name, dotted()),
                };
                self.say(at, name, text);
                continue;
            };
            match item.as_table_like() {
                Some(table) => self.section(section, table, at),
                None if item.is_array_of_tables() => {
                    self.say(at, name, format!("there is one of it: write [{name}], not [[{name}]]"));
                }
                None => self.say(at, name, format!("must be a section [{name}], and is {}", kind_of(item))),
            }
        }
    }

    fn section(&mut self, section: &'static Section, table: &dyn TableLike, at: usize) {
        let mut group = Group { name: section.name.to_owned(), at, values: BTreeMap::new() };
        for (name, item) in table.iter() {
            let at = key_at(table, name, item);
            match section.shape {
                Shape::Services => self.service(name, item, at),
                Shape::Backups if name == "backup" => self.backups(section, item, at),
                Shape::Plain | Shape::Backups => self.key(section, None, name, item, at, &mut group),
            }
        }
        self.found.sections.insert(section.name, group);
    }

    /// One key of a section, or of a backup (which has one key more).
    fn key(
        &mut self,
        section: &'static Section,
        more: Option<&'static Key>,
        name: &str,
        item: &Item,
        at: usize,
        group: &mut Group,
    ) {
        let mut known = section.keys.iter().chain(more);
        let dotted_name = format!("{}.{name}", group.name);
        let Some(key) = known.find(|key| key.name == name) else {
            let extra = (section.shape == Shape::Backups && more.is_none()).then_some("backup");
            let names = section.keys.iter().chain(more).map(|key| key.name).chain(extra);
            self.say(at, dotted_name, unknown_key(name, names.map(|known| format!("{}.{known}", group.name))));
            return;
        };
        let value_at = item.span().map_or(at, |span| span.start);
        let checked = match check(item, &key.kind) {
            Ok(checked) => Some(checked),
            Err(text) => {
                self.say(value_at, &dotted_name, text);
                None
            }
        };
        group.values.insert(key.name, (value_at, checked));
    }

    fn backups(&mut self, section: &'static Section, item: &Item, at: usize) {
        let dotted_name = format!("{}.backup", section.name);
        let Some(tables) = tables_of(item) else {
            self.say(at, &dotted_name, format!("must be written [[{dotted_name}]], and is {}", kind_of(item)));
            return;
        };
        for (index, table) in tables.into_iter().enumerate() {
            let at = first_at(table).unwrap_or(at);
            let called = table.get("name").and_then(Item::as_str);
            let name = match called {
                Some(called) => format!("{dotted_name}.{called}"),
                None => format!("{dotted_name}[{}]", index.saturating_add(1)),
            };
            let mut group = Group { name, at, values: BTreeMap::new() };
            for (name, item) in table.iter() {
                self.key(section, Some(&BACKUP_NAME), name, item, key_at(table, name, item), &mut group);
            }
            self.found.backups.entry(section.name).or_default().push(group);
        }
    }

    fn service(&mut self, pattern: &str, item: &Item, at: usize) {
        let dotted_name = format!("services.{pattern}");
        if !is_pattern(pattern) {
            let text = format!("{} is not the name of a PAM service, or a pattern with * and ?", quoted(pattern, 40));
            return self.say(at, dotted_name, text);
        }
        let at = item.span().map_or(at, |span| span.start);
        if let Some(table) = item.as_table_like() {
            return self.service_table(pattern, table, at);
        }
        match class(item) {
            Ok(class) => self.found.rules.push(Rule { pattern: pattern.to_owned(), class, factor: Factor::Target }),
            Err(text) => self.say(at, dotted_name, text),
        }
    }

    /// `{ class = "elevate", factor = "target" }`.
    fn service_table(&mut self, pattern: &str, table: &dyn TableLike, at: usize) {
        let dotted_name = format!("services.{pattern}");
        let (mut found, mut factor, mut factor_at) = (None, Factor::Target, at);
        for (name, item) in table.iter() {
            let at = item.span().map_or_else(|| key_at(table, name, item), |span| span.start);
            let inner = format!("{dotted_name}.{name}");
            match (name, item.as_str()) {
                ("class", _) => match class(item) {
                    Ok(class) => found = Some(class),
                    Err(text) => self.say(at, inner, text),
                },
                ("factor", Some("target")) => {}
                ("factor", Some("caller")) => (factor, factor_at) = (Factor::Caller, at),
                ("factor", Some(other)) => {
                    self.say(at, inner, format!("{} is not one of \"target\", \"caller\"", quoted(other, 40)));
                }
                ("factor", None) => self.say(at, inner, format!("must be a text in quotes, and is {}", kind_of(item))),
                _ => {
                    let names = ["class", "factor"].map(|known| format!("{dotted_name}.{known}"));
                    self.say(at, inner, unknown_key(name, names.into_iter()));
                }
            }
        }
        if factor == Factor::Caller && found.is_some_and(|class| class != Class::Elevate) {
            let text = "\"caller\" is for class \"elevate\": nobody else is called by a user";
            self.say(factor_at, format!("{dotted_name}.factor"), text);
        }
        if factor == Factor::Caller && is_match(pattern, "polkit-1") {
            let text = "\"caller\" is not for polkit-1: its helper does not say who called it; give it \"target\", or a pattern that \
                        polkit-1 does not fit";
            self.say(factor_at, format!("{dotted_name}.factor"), text);
        }
        if let Some(class) = found {
            self.found.rules.push(Rule { pattern: pattern.to_owned(), class, factor });
        }
        if !table.contains_key("class") {
            self.say(
                at,
                dotted_name,
                "has no class; add class = \"desktop\", \"web\", \"ssh\", \"elevate\" or \"ignore\"",
            );
        }
    }
}

fn class(item: &Item) -> Result<Class, String> {
    let Item::Value(Value::String(text)) = item else {
        return Err(format!("must be a text in quotes, and is {}", kind_of(item)));
    };
    Class::parse(text.value()).ok_or_else(|| {
        format!("{} is not one of \"desktop\", \"web\", \"ssh\", \"elevate\", \"ignore\"", quoted(text.value(), 40))
    })
}

/// Where a key stands; where its value does when the tree does not know.
pub(crate) fn key_at(table: &dyn TableLike, name: &str, item: &Item) -> usize {
    let key = table.key(name).and_then(toml_edit::Key::span);
    key.or_else(|| item.span()).map_or(0, |span| span.start)
}

/// Where the first key of a table stands.
pub(crate) fn first_at(table: &dyn TableLike) -> Option<usize> {
    table.iter().map(|(name, item)| key_at(table, name, item)).min()
}

fn unknown_section(name: &str) -> String {
    let known = nearest(name, SECTIONS.iter().map(|section| section.name)).unwrap_or_default();
    format!("there is no such section; the nearest is [{known}]")
}

/// The text for a key that is not known. The names are compared without what they all begin with.
pub(crate) fn unknown_key(name: &str, known: impl Iterator<Item = String>) -> String {
    let known: Vec<String> = known.collect();
    let last = |dotted: &str| dotted.rsplit('.').next().map(str::len).unwrap_or_default();
    let tails = known.iter().filter_map(|dotted| dotted.get(dotted.len().saturating_sub(last(dotted))..));
    let tail = nearest(name, tails).unwrap_or_default();
    let full = known.iter().find(|dotted| dotted.rsplit('.').next() == Some(tail)).map_or("", String::as_str);
    format!("there is no such key; the nearest is {full}")
}
