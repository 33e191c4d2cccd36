//! `pam-2fa config show`: what counts by the file, key by key. It asks no daemon, so it shows what the next reload takes over, and never a
//! secret.

use super::check::list;
use super::file;
use crate::error::Error;
use crate::screen::Screen;
use pam_2fa_settings::{Said, Shown, shown};
use serde::{Serialize, Serializer};
use std::path::Path;

/// A setting in JSON.
#[derive(Serialize)]
struct Setting<'a> {
    key: &'a str,
    value: Word<'a>,
    is_default: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_sealed: Option<bool>,
}

/// A value in JSON: a secret is `"…"`.
pub(super) struct Word<'a>(pub(super) &'a Said);

impl Serialize for Word<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Said::Nothing => serializer.serialize_none(),
            Said::Text(text) => serializer.serialize_str(text),
            Said::Number(number) => serializer.serialize_i64(*number),
            Said::Switch(on) => serializer.serialize_bool(*on),
            Said::List(list) => list.serialize(serializer),
            Said::Sealed | Said::Plain => serializer.serialize_str("…"),
        }
    }
}

impl<'a> Setting<'a> {
    fn of(Shown { key, value, is_default }: &'a Shown) -> Self {
        let is_sealed = match value {
            Said::Sealed => Some(true),
            Said::Plain => Some(false),
            Said::Nothing | Said::Text(_) | Said::Number(_) | Said::Switch(_) | Said::List(_) => None,
        };
        Self { key, value: Word(value), is_default: *is_default, is_sealed }
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    settings: Vec<Setting<'a>>,
}

/// `pam-2fa config show [KEY]`.
pub(crate) fn show(path: &Path, key: Option<&str>, screen: &mut Screen<'_>) -> Result<(), Error> {
    let read = file::read(path)?;
    let mut all = match shown(&read.text) {
        Ok(all) => all,
        Err(findings) => return list(path, findings, screen),
    };
    if let Some(key) = key {
        let below = format!("{key}.");
        all.retain(|setting| setting.key == key || setting.key.starts_with(&below));
        if all.is_empty() {
            return Err(Error::NotFound(format!("there is no setting {key}; `pam-2fa config show` has all of them")));
        }
    }
    screen.json(&Answer { settings: all.iter().map(Setting::of).collect() })?;
    let rows: Vec<Vec<String>> = all.iter().map(row).collect();
    screen.table(&rows)
}

fn row(setting: &Shown) -> Vec<String> {
    let default = match (&setting.value, setting.is_default) {
        (Said::Nothing, _) => "not set",
        (_, true) => "default",
        (_, false) => "",
    };
    vec![setting.key.clone(), setting.value.to_string(), default.to_owned()]
}
