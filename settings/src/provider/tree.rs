//! Reads tables of a provider file key by key: each wrong one is a finding with its place, and what nobody asked for is one
//! too. Nothing is read and forgotten.

use super::template::Template;
use crate::check::kind_of;
use crate::finding::Raw;
use crate::nearest::nearest;
use crate::walk::{first_at, key_at};
use toml_edit::{Item, TableLike};

/// Where findings go.
pub(super) type Findings = Vec<Raw>;

/// A table of the file, and the keys that it may have.
pub(super) struct Reader<'a> {
    table: &'a dyn TableLike,
    name: String,
    at: usize,
}

impl<'a> Reader<'a> {
    /// The file itself, or a table of it. What stands in it must be in `now`; what is in `later` is told so.
    pub(super) fn new(
        table: &'a dyn TableLike,
        (name, at): (&str, usize),
        now: &[&str],
        later: &[&str],
        findings: &mut Findings,
    ) -> Self {
        let reader = Self { table, name: name.to_owned(), at: first_at(table).unwrap_or(at) };
        for (key, item) in table.iter() {
            if now.contains(&key) {
                continue;
            }
            let text = if later.contains(&key) {
                String::from("this is not available in this release")
            } else {
                let known = nearest(key, now.iter().copied()).unwrap_or_default();
                format!("there is no such key; the nearest is {}", reader.dotted(known))
            };
            findings.push(Raw::new(key_at(table, key, item), reader.dotted(key), text));
        }
        reader
    }

    fn dotted(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// Where a key's value stands, or the table.
    pub(super) fn at(&self, key: &str) -> usize {
        self.table.get(key).map_or(self.at, |item| item.span().map_or(key_at(self.table, key, item), |span| span.start))
    }

    /// Says something of a key.
    pub(super) fn say(&self, key: &str, text: impl Into<String>, findings: &mut Findings) {
        findings.push(Raw::new(self.at(key), self.dotted(key), text));
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }

    pub(super) fn item(&self, key: &str) -> Option<&'a Item> {
        self.table.get(key)
    }

    /// A key that must be there.
    pub(super) fn required<T>(&self, key: &str, value: Option<T>, example: &str, findings: &mut Findings) -> Option<T> {
        if !self.has(key) {
            findings.push(Raw::new(self.at, self.dotted(key), format!("is missing; add {key} = {example}")));
        }
        value
    }

    /// A text of 1 to 512 bytes without control characters.
    pub(super) fn text(&self, key: &str, findings: &mut Findings) -> Option<&'a str> {
        let item = self.table.get(key)?;
        match item.as_str() {
            Some(text) if (1..=512).contains(&text.len()) && !text.chars().any(char::is_control) => Some(text),
            Some(_) => {
                self.say(key, "must be 1 to 512 bytes without control characters", findings);
                None
            }
            None => {
                self.say(key, format!("must be a text in quotes, and is {}", kind_of(item)), findings);
                None
            }
        }
    }

    /// A text that `parse` takes.
    pub(super) fn parsed<T>(
        &self,
        key: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
        findings: &mut Findings,
    ) -> Option<T> {
        let text = self.text(key, findings)?;
        parse(text).map_err(|why| self.say(key, why, findings)).ok()
    }

    /// One of these words.
    pub(super) fn word<T: Copy>(&self, key: &str, words: &[(&str, T)], findings: &mut Findings) -> Option<T> {
        self.parsed(
            key,
            |text| {
                words.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning).ok_or_else(|| {
                    let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
                    format!("is not one of \"{}\"", known.join("\", \""))
                })
            },
            findings,
        )
    }

    /// `true` or `false`; `otherwise` where there is nothing.
    pub(super) fn switch(&self, key: &str, otherwise: bool, findings: &mut Findings) -> bool {
        let Some(item) = self.table.get(key) else { return otherwise };
        item.as_bool().unwrap_or_else(|| {
            self.say(key, format!("must be true or false, without quotes, and is {}", kind_of(item)), findings);
            otherwise
        })
    }

    /// Statuses of HTTP; empty where there is nothing.
    pub(super) fn statuses(&self, key: &str, findings: &mut Findings) -> Vec<u16> {
        let Some(item) = self.table.get(key) else { return Vec::new() };
        let status = |number: i64| u16::try_from(number).ok().filter(|status| (100..=599).contains(status));
        let statuses: Option<Vec<u16>> =
            item.as_array().and_then(|list| list.iter().map(|value| value.as_integer().and_then(status)).collect());
        statuses.filter(|statuses| !statuses.is_empty()).unwrap_or_else(|| {
            self.say(key, "must be a list of HTTP statuses, such as [200, 201]", findings);
            Vec::new()
        })
    }

    /// Texts, or numbers and truth values as texts; `None` where there is nothing.
    pub(super) fn scalars(&self, key: &str, findings: &mut Findings) -> Option<Vec<String>> {
        let item = self.table.get(key)?;
        let scalar = |value: &toml_edit::Value| match value {
            toml_edit::Value::String(text) => Some(text.value().clone()),
            toml_edit::Value::Integer(number) => Some(number.value().to_string()),
            toml_edit::Value::Boolean(switch) => Some(switch.value().to_string()),
            toml_edit::Value::Float(_)
            | toml_edit::Value::Datetime(_)
            | toml_edit::Value::Array(_)
            | toml_edit::Value::InlineTable(_) => None,
        };
        let scalars: Option<Vec<String>> = item.as_array().and_then(|list| list.iter().map(scalar).collect());
        if scalars.as_ref().is_none_or(Vec::is_empty) {
            self.say(key, "must be a list of texts or whole numbers, such as [\"failed\", 21211]", findings);
        }
        scalars
    }

    /// A table below.
    pub(super) fn table(&self, key: &str, findings: &mut Findings) -> Option<&'a dyn TableLike> {
        let item = self.table.get(key)?;
        let table = item.as_table_like();
        if table.is_none() {
            self.say(key, format!("must be a table, and is {}", kind_of(item)), findings);
        }
        table
    }

    /// A list of tables below, however it is written.
    pub(super) fn tables(&self, key: &str, findings: &mut Findings) -> Vec<&'a dyn TableLike> {
        let Some(item) = self.table.get(key) else { return Vec::new() };
        crate::walk::tables_of(item).unwrap_or_else(|| {
            self.say(key, format!("must be a list of tables, and is {}", kind_of(item)), findings);
            Vec::new()
        })
    }

    /// A table of templates, in its order.
    pub(super) fn templates(&self, key: &str, findings: &mut Findings) -> Vec<(String, Template)> {
        let Some(table) = self.table(key, findings) else { return Vec::new() };
        let mut templates = Vec::new();
        for (name, item) in table.iter() {
            let at = item.span().map_or_else(|| key_at(table, name, item), |span| span.start);
            let parsed = item.as_str().ok_or_else(|| format!("must be a text in quotes, and is {}", kind_of(item)));
            match parsed.and_then(Template::parse) {
                Ok(template) => templates.push((name.to_owned(), template)),
                Err(why) => findings.push(Raw::new(at, format!("{}.{name}", self.dotted(key)), why)),
            }
        }
        templates
    }
}
