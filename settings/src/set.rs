//! Sets a value in the text of `config.toml` as an administrator would: in its place where the key stands there, by taking the mark of a
//! comment away where the shipped file has the key as one, else as a new line of its section. Every other byte stays, and what the text
//! says of other keys does: that is proven on the result before it is given. It writes no file.

use crate::check::is_field_name;
use crate::edit::{EditError, Place, not_toml};
use crate::schema::{Kind, dotted};
use crate::service::is_pattern;
use crate::walk::{parse, tables_of, unknown_key};
use lines::Lines;
use std::collections::BTreeMap;
use std::ops::Range;
use toml_edit::{Document, InlineTable, Item, Key, TableLike, Value};
use typed::{service, written};

mod account;
mod lines;
mod typed;
mod unset;

pub use unset::{unset, without_section};

/// The text with `typed` as the value of a key. Lists are typed `a,b` or `["a", "b"]`, a service's class `elevate` or, with whose factor
/// is asked, `elevate caller`.
///
/// # Errors
/// There is no such key, it does not take the value, or the text is written in a way that only a person can change.
pub fn set(text: &str, dotted_key: &str, typed: &str) -> Result<String, EditError> {
    let target = Target::of(dotted_key)?;
    let value = target.value(typed).map_err(|why| EditError::Value { key: dotted_key.to_owned(), why })?;
    let document = parse(text).map_err(|raw| not_toml(text, raw))?;
    let changed = Page { text, document: &document }.with(&target, &value)?;
    let after = parse(&changed).map_err(|_| target.by_hand())?;
    if others(text, &document, &target) != others(&changed, &after, &target) {
        return Err(target.by_hand());
    }
    Ok(changed)
}

/// What a text says of other keys.
fn others(text: &str, document: &Document<&str>, target: &Target<'_>) -> BTreeMap<Vec<String>, String> {
    let mut all = flat(text, document.as_table());
    all.retain(|path, _| !target.is_about(path));
    all
}

/// What is set.
struct Target<'a> {
    dotted: &'a str,
    section: &'static str,
    backup: Option<&'a str>,
    key: &'a str,
    /// None: of a service.
    kind: Option<&'static Kind>,
    /// Of an account.
    field: Option<&'a str>,
}

impl<'a> Target<'a> {
    fn of(dotted_key: &'a str) -> Result<Self, EditError> {
        if let Some(pattern) = dotted_key.strip_prefix("services.").filter(|pattern| is_pattern(pattern)) {
            let (section, backup, kind, field) = ("services", None, None, None);
            return Ok(Self { dotted: dotted_key, section, backup, key: pattern, kind, field });
        }
        let place = Place::of(dotted_key).filter(|place| place.field.is_none_or(is_field_name));
        let unknown = || EditError::Unknown { key: dotted_key.to_owned(), why: nearest(dotted_key) };
        let Place { section, backup, key, field } = place.ok_or_else(unknown)?;
        let kind = Some(&key.kind);
        Ok(Self { dotted: dotted_key, section: section.name, backup, key: key.name, kind, field })
    }

    /// The value as TOML.
    fn value(&self, typed: &str) -> Result<String, String> {
        match (self.kind, self.field) {
            (None, _) => service(typed),
            (Some(_), Some(_)) => written(&Kind::Secret, typed),
            (Some(kind), None) => written(kind, typed),
        }
    }

    /// The dotted name below which everything is its own.
    fn is_about(&self, path: &[String]) -> bool {
        let mut own = vec![self.section];
        if let Some(backup) = self.backup {
            own.extend(["backup", backup]);
            // One that was made for it has a name, too.
            if path.len() == 4 && path.iter().zip(&own).all(|(a, b)| a == b) && path.last().is_some_and(|p| p == "name")
            {
                return true;
            }
        }
        own.push(self.key);
        own.extend(self.field);
        path.len() >= own.len() && path.iter().zip(&own).all(|(a, b)| a == b)
    }

    fn by_hand(&self) -> EditError {
        self.cannot("is written in a way that only a person can change; `pam-2fa config edit`")
    }

    fn cannot(&self, why: &str) -> EditError {
        EditError::Value { key: self.dotted.to_owned(), why: why.to_owned() }
    }
}

fn nearest(dotted_key: &str) -> String {
    let known: Vec<String> = dotted().collect();
    let section = dotted_key.split('.').next().unwrap_or_default();
    let of_section: Vec<String> =
        known.iter().filter(|name| name.split('.').next() == Some(section)).cloned().collect();
    let last = dotted_key.rsplit('.').next().unwrap_or_default();
    unknown_key(last, if of_section.is_empty() { known } else { of_section }.into_iter())
}

/// A text with its tree.
struct Page<'a> {
    text: &'a str,
    document: &'a Document<&'a str>,
}

/// What the sections are in.
enum Container<'a> {
    Absent,
    Table(&'a dyn TableLike),
    Inline(&'a InlineTable),
}

impl Page<'_> {
    fn with(&self, target: &Target<'_>, value: &str) -> Result<String, EditError> {
        let (container, index) = self.container(target)?;
        let table: &dyn TableLike = match container {
            Container::Absent => return self.in_new(target, value),
            Container::Table(table) => table,
            Container::Inline(table) => table,
        };
        let (key, value) = match (table.get(target.key), target.field) {
            (Some(item), None) => return self.over(target, item, value),
            (Some(account), Some(field)) => return self.in_account(target, (account, index), field, value),
            (None, None) => (target.key, value.to_owned()),
            (None, Some(field)) => (target.key, format!("{{ {} = {value} }}", Key::new(field))),
        };
        if let Container::Inline(table) = container {
            return self.in_inline(target, table, key, &value);
        }
        let lines = Lines::of(self.text, self.document);
        let header = match target.backup {
            None => lines.header(&[target.section]),
            Some(_) => lines.nth_array(&[target.section, "backup"], index),
        };
        let header = header.ok_or_else(|| target.by_hand())?;
        lines.with_key(header, key, &value).ok_or_else(|| target.by_hand())
    }

    /// The table that the key belongs to; which of the backups it is.
    fn container(&self, target: &Target<'_>) -> Result<(Container<'_>, usize), EditError> {
        let Some(section) = self.document.as_table().get(target.section) else { return Ok((Container::Absent, 0)) };
        let Some(name) = target.backup else {
            return match section {
                Item::Value(Value::InlineTable(table)) => Ok((Container::Inline(table), 0)),
                Item::Table(table) if table.is_dotted() => Err(target.by_hand()),
                Item::Table(table) if table.is_implicit() => Ok((Container::Absent, 0)),
                Item::Table(table) => Ok((Container::Table(table), 0)),
                Item::None | Item::Value(_) | Item::ArrayOfTables(_) => Err(target.by_hand()),
            };
        };
        let Some(all) = section.as_table_like().and_then(|section| section.get("backup")) else {
            return Ok((Container::Absent, 0));
        };
        let is_it = |table: &dyn TableLike| table.get("name").and_then(Item::as_str) == Some(name);
        match all {
            Item::ArrayOfTables(tables) => {
                let found = tables.iter().enumerate().find(|(_, table)| is_it(*table));
                Ok(found.map_or((Container::Absent, 0), |(index, table)| (Container::Table(table), index)))
            }
            Item::Value(Value::Array(tables)) => {
                let found = tables.iter().filter_map(Value::as_inline_table).find(|table| is_it(*table));
                found.map(|table| (Container::Inline(table), 0)).ok_or_else(|| target.by_hand())
            }
            Item::None | Item::Value(_) | Item::Table(_) => Err(target.by_hand()),
        }
    }

    /// A section, or a backup, that is not there yet.
    fn in_new(&self, target: &Target<'_>, value: &str) -> Result<String, EditError> {
        let lines = Lines::of(self.text, self.document);
        let line = match target.field {
            None => value.to_owned(),
            Some(field) => format!("{{ {} = {value} }}", Key::new(field)),
        };
        if let Some(name) = target.backup {
            let section = self.document.as_table().get(target.section);
            if section.is_some_and(Item::is_value) {
                return Err(target.by_hand());
            }
            let named = written(&crate::schema::BACKUP_NAME.kind, name).map_err(|why| target.cannot(&why))?;
            let header = format!("[[{}.backup]]", target.section);
            return Ok(lines.with_section(&header, &[("name", &named), (target.key, &line)]));
        }
        if let Some(marked) = lines.marked_header(&[target.section]) {
            return lines.unmarked(marked, target.key, &line).ok_or_else(|| target.by_hand());
        }
        let header = format!("[{}]", target.section);
        Ok(lines.with_section(&header, &[(target.key, &line)]))
    }

    /// In the place of the value that is there.
    fn over(&self, target: &Target<'_>, item: &Item, value: &str) -> Result<String, EditError> {
        let span = item.span().filter(|_| item.is_value()).ok_or_else(|| target.by_hand())?;
        self.spliced(span, value).ok_or_else(|| target.by_hand())
    }

    fn in_inline(&self, target: &Target<'_>, table: &InlineTable, key: &str, value: &str) -> Result<String, EditError> {
        let key = Key::new(key);
        let last = table.iter().filter_map(|(_, value)| value.span()).map(|span| span.end).max();
        let changed = match last {
            Some(end) => self.spliced(end..end, &format!(", {key} = {value}")),
            None => table.span().and_then(|span| self.spliced(span, &format!("{{ {key} = {value} }}"))),
        };
        changed.ok_or_else(|| target.by_hand())
    }

    fn spliced(&self, span: Range<usize>, value: &str) -> Option<String> {
        let (before, after) = (self.text.get(..span.start)?, self.text.get(span.end..)?);
        Some(format!("{before}{value}{after}"))
    }
}

/// Every value of a text with its path, as it is written. Backups are told by their names.
fn flat(text: &str, root: &dyn TableLike) -> BTreeMap<Vec<String>, String> {
    let mut all = BTreeMap::new();
    let mut open: Vec<(Vec<String>, &dyn TableLike)> = vec![(Vec::new(), root)];
    while let Some((path, table)) = open.pop() {
        for (name, item) in table.iter() {
            let mut path = path.clone();
            path.push(name.to_owned());
            if let Some(inner) = item.as_table_like() {
                open.push((path, inner));
            } else if let Some(tables) = tables_of(item).filter(|tables| !tables.is_empty()) {
                for (index, inner) in tables.into_iter().enumerate() {
                    let called = inner.get("name").and_then(Item::as_str);
                    let mut path = path.clone();
                    path.push(called.map_or_else(|| format!("[{index}]"), str::to_owned));
                    open.push((path, inner));
                }
            } else {
                let raw = item.span().and_then(|span| text.get(span)).unwrap_or_default();
                all.insert(path, raw.to_owned());
            }
        }
    }
    all
}
