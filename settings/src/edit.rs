//! Changes single values in the text of `config.toml`, in their place in the text: comments, order, line ends and all the rest
//! stay as they were. It writes no file.

use crate::check::{Checked, check, is_field_name};
use crate::finding::{Finding, Raw, placed};
use crate::schema::{Key, Kind, SECTIONS, Section, Shape};
use crate::settings::PasswordSetting;
use crate::walk::{parse, tables_of};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::courier::ALL_IN_ORDER;
use thiserror::Error;
use toml_edit::{Document, Item, TableLike, Value};

/// Why a value was not changed.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum EditError {
    /// The text is not TOML.
    #[error("{0}")]
    NotToml(Finding),
    /// No key of that name, in the schema or in the text.
    #[error("{key}: there is no such key in the text; add it there")]
    NoSuchKey {
        /// The dotted name.
        key: String,
    },
    /// No key of that name in the schema.
    #[error("{key}: {why}")]
    Unknown {
        /// The dotted name.
        key: String,
        /// Which is the nearest.
        why: String,
    },
    /// The key does not take such a value.
    #[error("{key}: {why}")]
    Value {
        /// The dotted name.
        key: String,
        /// What is wrong, and what to write.
        why: String,
    },
}

/// Every secret that stands in the text readable, under its dotted name (`email.password`, `email.backup.NAME.password`,
/// `sms.account.FIELD`, or `sms.account` where it is one text), in the order of the sections. Every field of an account counts: which of them are none, only the
/// provider's file says, and a sealed value works like a plain one.
///
/// # Errors
/// When the text is not TOML.
pub fn plain_secrets(text: &str) -> Result<Vec<(String, Secret)>, EditError> {
    let plain = |(name, value)| match value {
        PasswordSetting::Plain(secret) => Some((name, secret)),
        PasswordSetting::Sealed(_) => None,
    };
    Ok(secrets(text)?.into_iter().filter_map(plain).collect())
}

/// Every value in the text that is sealed, under its dotted name, in the order of the sections.
///
/// # Errors
/// When the text is not TOML.
pub fn sealed_secrets(text: &str) -> Result<Vec<(String, String)>, EditError> {
    let sealed = |(name, value)| match value {
        PasswordSetting::Sealed(sealed) => Some((name, sealed)),
        PasswordSetting::Plain(_) => None,
    };
    Ok(secrets(text)?.into_iter().filter_map(sealed).collect())
}

fn secrets(text: &str) -> Result<Vec<(String, PasswordSetting)>, EditError> {
    let document = parse(text).map_err(|raw| not_toml(text, raw))?;
    let mut secrets = Vec::new();
    for section in SECTIONS {
        let Some(table) = table(&document, section.name) else { continue };
        collect(section, section.name, table, &mut secrets);
        if section.shape != Shape::Backups {
            continue;
        }
        for backup in table.get("backup").and_then(tables_of).unwrap_or_default() {
            if let Some(name) = backup.get("name").and_then(Item::as_str) {
                collect(section, &format!("{}.backup.{name}", section.name), backup, &mut secrets);
            }
        }
    }
    Ok(secrets)
}

fn table<'a>(document: &'a Document<&str>, name: &str) -> Option<&'a dyn TableLike> {
    document.as_table().get(name).and_then(Item::as_table_like)
}

fn collect(section: &Section, prefix: &str, table: &dyn TableLike, secrets: &mut Vec<(String, PasswordSetting)>) {
    for key in section.keys.iter().filter(|key| matches!(key.kind, Kind::Secret | Kind::Account)) {
        let Some(item) = table.get(key.name) else { continue };
        let name = format!("{prefix}.{}", key.name);
        match check(item, &key.kind) {
            Ok(Checked::Password(value)) => secrets.push((name, value)),
            Ok(Checked::Account(fields)) => {
                secrets.extend(fields.into_iter().map(|(field, value)| (below(&name, &field), value)));
            }
            Ok(_) | Err(_) => {}
        }
    }
}

/// The text with another text as the value of one key, which must be there. Every other byte stays as it was.
///
/// # Errors
/// When the text is not TOML, has no such key, or the key does not take the value.
pub fn with_value(text: &str, dotted_key: &str, value: &str) -> Result<String, EditError> {
    let no_such_key = || EditError::NoSuchKey { key: dotted_key.to_owned() };
    let document = parse(text).map_err(|raw| not_toml(text, raw))?;
    let Place { section, backup, key, field } = Place::of(dotted_key).ok_or_else(no_such_key)?;
    let kind = match (&key.kind, field) {
        (Kind::Account, _) => &Kind::Secret,
        (kind, _) => kind,
    };
    check(&Item::Value(Value::from(value)), kind)
        .map_err(|why| EditError::Value { key: dotted_key.to_owned(), why })?;

    let section = table(&document, section.name).ok_or_else(no_such_key)?;
    let table = match backup {
        None => Some(section),
        Some(name) => section.get("backup").and_then(tables_of).and_then(|backups| {
            let is_it = |table: &&dyn TableLike| table.get("name").and_then(Item::as_str) == Some(name);
            backups.into_iter().find(is_it)
        }),
    };
    let item = table.and_then(|table| table.get(key.name));
    let item = match field {
        // What is a table of fields stays one.
        None if matches!(key.kind, Kind::Account) => item.filter(|item| item.is_str()),
        None => item,
        Some(field) => item.and_then(Item::as_table_like).and_then(|account| account.get(field)),
    };
    let span = item.filter(|item| item.is_value()).and_then(Item::span).ok_or_else(no_such_key)?;
    let (Some(before), Some(after)) = (text.get(..span.start), text.get(span.end..)) else {
        return Err(no_such_key());
    };
    Ok(format!("{before}{}{after}", Value::from(value)))
}

/// Whether a text can be a secret of the settings in plain text.
///
/// # Errors
/// Why it cannot; nothing of it is in the words.
pub fn check_secret(plain: &str) -> Result<(), String> {
    match check(&Item::Value(Value::from(plain)), &Kind::Secret) {
        Ok(Checked::Password(PasswordSetting::Plain(_))) => Ok(()),
        Ok(_) => Err(String::from("is a sealed value, and not the secret itself")),
        Err(why) => Err(why),
    }
}

/// Whether a setting of that dotted name may be a secret, and so may be sealed under it.
#[must_use]
pub fn may_be_secret(dotted_key: &str) -> bool {
    Place::of(dotted_key).is_some_and(|place| {
        matches!(place.key.kind, Kind::Secret)
            || (matches!(place.key.kind, Kind::Account) && place.field.is_none_or(is_field_name))
    })
}

/// The dotted name of a field of an account, or of an account that is one text.
#[must_use]
pub fn below(account: &str, field: &str) -> String {
    if field == ALL_IN_ORDER { account.to_owned() } else { format!("{account}.{field}") }
}

/// What a dotted name names: `SECTION[.backup.NAME].KEY`, and a field of an account below that.
pub(crate) struct Place<'a> {
    pub(crate) section: &'static Section,
    pub(crate) backup: Option<&'a str>,
    pub(crate) key: &'static Key,
    pub(crate) field: Option<&'a str>,
}

impl<'a> Place<'a> {
    pub(crate) fn of(dotted_key: &'a str) -> Option<Self> {
        let (section, rest) = dotted_key.split_once('.')?;
        let section = SECTIONS.iter().find(|known| known.name == section)?;
        let (backup, rest) = match rest.strip_prefix("backup.").filter(|_| section.shape == Shape::Backups) {
            Some(rest) => rest.split_once('.').map(|(name, rest)| (Some(name), rest))?,
            None => (None, rest),
        };
        let (name, field) = rest.split_once('.').map_or((rest, None), |(name, field)| (name, Some(field)));
        let key = section.keys.iter().find(|key| key.name == name)?;
        let fits = field.is_none() || matches!(key.kind, Kind::Account);
        (fits && backup != Some("")).then_some(Self { section, backup, key, field })
    }
}

pub(crate) fn not_toml(text: &str, raw: Raw) -> EditError {
    let findings = placed(text, vec![raw]);
    EditError::NotToml(findings.into_iter().next().unwrap_or(Finding {
        line: 1,
        column: 1,
        key: String::new(),
        text: String::from("not TOML"),
    }))
}
