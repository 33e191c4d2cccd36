//! What a text of settings says, key by key, for whoever looks at it: the value that counts, and whether the text has it or it is the
//! default. A secret is never in it.

use crate::check::{Checked, check};
use crate::edit::below;
use crate::finding::{Finding, placed};
use crate::schema::{BACKUP_NAME, Kind, SECTIONS, Section, Shape};
use crate::settings::{Email, PasswordSetting, Settings};
use crate::text::printable;
use crate::walk::{parse, tables_of};
use std::fmt;
use toml_edit::{Array, Item, TableLike, Value};

/// A setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its dotted name.
    pub key: String,
    /// What counts.
    pub value: Said,
    /// The text does not say it.
    pub is_default: bool,
}

/// A value without what is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// None: not used, or its section is not there.
    Nothing,
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// `true` or `false`.
    Switch(bool),
    /// Texts.
    List(Vec<String>),
    /// A secret that is sealed.
    Sealed,
    /// A secret that everybody who can read the text can read.
    Plain,
}

impl fmt::Display for Said {
    /// As the text would have it; `…` for a secret, `-` for nothing.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("-"),
            Self::Text(text) => write!(f, "{}", Value::from(text.as_str())),
            Self::Number(number) => write!(f, "{number}"),
            Self::Switch(on) => write!(f, "{on}"),
            Self::List(list) => write!(f, "{}", Value::Array(list.iter().collect::<Array>())),
            Self::Sealed => f.write_str("… (sealed)"),
            Self::Plain => f.write_str("… (in plain text)"),
        }
    }
}

/// Every setting there is, in the order of the schema.
///
/// # Errors
/// Every error of the text: of one that is wrong nobody can say what counts.
pub fn shown(text: &str) -> Result<Vec<Shown>, Vec<Finding>> {
    let settings = crate::parse(text)?.settings;
    all(text, &settings)
}

/// As [`shown`], also of a text with errors, for who is about to mend it: a value that is wrong is what is written there, and a default is
/// what it would be without the errors.
///
/// # Errors
/// The text is no TOML, or too long.
pub fn shown_anyway(text: &str) -> Result<Vec<Shown>, Vec<Finding>> {
    let (found, mut findings) = crate::walk::walk(text)?;
    let (settings, _) = crate::build::build(found, &mut findings);
    all(text, &settings)
}

fn all(text: &str, settings: &Settings) -> Result<Vec<Shown>, Vec<Finding>> {
    let document = parse(text).map_err(|raw| placed(text, vec![raw]))?;
    let mut all = Vec::new();
    for section in SECTIONS {
        let table = document.as_table().get(section.name).and_then(Item::as_table_like);
        if section.shape == Shape::Services {
            all.extend(table.into_iter().flat_map(services));
            continue;
        }
        let way = settings.email.as_ref();
        keys(section, section.name, table, &|name| default(section.name, name, settings, way), &mut all);
        let backups = table.and_then(|table| table.get("backup")).and_then(tables_of).unwrap_or_default();
        for (index, backup) in backups.into_iter().enumerate() {
            let Some(name) = backup.get(BACKUP_NAME.name).and_then(Item::as_str) else { continue };
            let way = way.and_then(|email| email.backups.get(index)).map(|backup| &backup.email);
            let prefix = format!("{}.backup.{name}", section.name);
            keys(section, &prefix, Some(backup), &|name| default(section.name, name, settings, way), &mut all);
        }
    }
    Ok(all)
}

fn keys(
    section: &Section,
    prefix: &str,
    table: Option<&dyn TableLike>,
    default: &dyn Fn(&str) -> Option<Said>,
    all: &mut Vec<Shown>,
) {
    for key in section.keys {
        let name = format!("{prefix}.{}", key.name);
        match table.and_then(|table| table.get(key.name)) {
            None => {
                let value = default(key.name).unwrap_or(Said::Nothing);
                all.push(Shown { key: name, value, is_default: true });
            }
            Some(item) => {
                let written = said(item, &key.kind, &name);
                all.extend(written.into_iter().map(|(key, value)| Shown { key, value, is_default: false }));
            }
        }
    }
}

/// A value as it is written; several of an account.
fn said(item: &Item, kind: &Kind, name: &str) -> Vec<(String, Said)> {
    let secret = |value: &PasswordSetting| match value {
        PasswordSetting::Sealed(_) => Said::Sealed,
        PasswordSetting::Plain(_) => Said::Plain,
    };
    let value = match check(item, kind) {
        Ok(Checked::Account(fields)) => {
            return fields.iter().map(|(field, value)| (below(name, field), secret(value))).collect();
        }
        Ok(Checked::Password(value)) => secret(&value),
        Ok(Checked::Number(number)) => Said::Number(number),
        Ok(Checked::Switch(on)) => Said::Switch(on),
        Ok(Checked::List(list)) => Said::List(list),
        Ok(Checked::Text(_) | Checked::Duration(_) | Checked::Mailbox(_)) => {
            item.as_str().map_or(Said::Nothing, |text| Said::Text(text.to_owned()))
        }
        // What may be a secret is not shown, however it is written.
        Err(_) if matches!(kind, Kind::Secret | Kind::Account) => Said::Plain,
        Err(_) => item
            .as_str()
            .map_or_else(|| Said::Text(item.to_string().trim().to_owned()), |text| Said::Text(text.to_owned())),
    };
    vec![(name.to_owned(), value)]
}

/// The rules over the built-in table: `web`, `elevate caller`.
fn services(table: &dyn TableLike) -> Vec<Shown> {
    let one = |(pattern, item): (&str, &Item)| {
        let word = |name| item.as_table_like().and_then(|table| table.get(name)).and_then(Item::as_str);
        let class = item.as_str().or_else(|| word("class")).unwrap_or_default();
        let value = word("factor").map_or_else(|| class.to_owned(), |factor| format!("{class} {factor}"));
        let key = format!("services.{}", printable(pattern));
        Shown { key, value: Said::Text(value), is_default: false }
    };
    table.iter().map(one).collect()
}

/// What counts where the text does not say it.
fn default(section: &str, key: &str, settings: &Settings, way: Option<&Email>) -> Option<Said> {
    let text = |text: &str| Some(Said::Text(text.to_owned()));
    let number = |number: u32| Some(Said::Number(i64::from(number)));
    match (section, key) {
        ("policy", "required") => text("disabled"),
        ("policy", "application") => text(settings.policy.application.as_str()),
        ("policy", "mode") => text("enforce"),
        ("policy", "profile") => text("standard"),
        ("policy", "enrolment") => text("invited"),
        ("policy", "grace") => text(&settings.policy.grace.to_string()),
        ("policy", "required_groups" | "required_services" | "exempt_users" | "exempt_networks") => {
            Some(Said::List(Vec::new()))
        }
        ("policy", "unique_email") => Some(Said::Switch(settings.policy.unique_email)),
        ("email", "port") => number(u32::from(way?.port)),
        ("email", "tls") => way.and_then(|_| text("implicit")),
        ("email", "user") => text(way?.user.as_deref()?),
        ("sms", "proxy") => settings.sms.as_ref().and_then(|_| text("")),
        ("trust", _) => trust_default(key, settings),
        ("codes", "digits") => number(u32::from(settings.codes.digits)),
        ("codes", "lifetime") => text(&settings.codes.lifetime.to_string()),
        ("codes", "attempts") => number(u32::from(settings.codes.attempts)),
        ("codes", "resend_after") => text(&settings.codes.resend_after.to_string()),
        ("codes", "prompt") => text("detailed"),
        ("codes", "echo") => Some(Said::Switch(settings.codes.echo)),
        ("codes", "language") => text("en"),
        ("limits", _) => limits_default(key, settings),
        ("log", "level") => text("info"),
        ("log", "keep") => text(&settings.log.keep.to_string()),
        ("log", "size") => text("200 MB"),
        _ => None,
    }
}

fn trust_default(key: &str, settings: &Settings) -> Option<Said> {
    let trust = &settings.trust;
    let text = |text: String| Some(Said::Text(text));
    match key {
        "desktop" => text(trust.desktop.to_string()),
        "web" => text(trust.web.to_string()),
        "ssh" => text(trust.ssh.to_string()),
        "elevate" => text(trust.elevate.to_string()),
        "ssh_identity" => text(String::from("key")),
        "web_identity" => text(String::from("none")),
        "prefix_v4" => Some(Said::Number(i64::from(trust.prefix_v4))),
        "prefix_v6" => Some(Said::Number(i64::from(trust.prefix_v6))),
        "without_stamp" => text(trust.without_stamp.to_string()),
        "ask" => Some(Said::Switch(trust.ask)),
        _ => None,
    }
}

fn limits_default(key: &str, settings: &Settings) -> Option<Said> {
    let limits = &settings.limits;
    let number = |number: u32| Some(Said::Number(i64::from(number)));
    match key {
        "sends_per_user_hour" => number(limits.sends_per_user_hour),
        "sends_per_user_day" => number(limits.sends_per_user_day),
        "sends_per_source_hour" => number(limits.sends_per_source_hour),
        "sends_per_number_prefix_hour" => number(limits.sends_per_number_prefix_hour),
        "sms_per_day" => number(limits.sms_per_day),
        "sms_cost_per_day" => Some(Said::Text(String::from("0"))),
        "sms_countries" => Some(Said::List(Vec::new())),
        // Under a profile with a lock the key is where that begins.
        "tries_before_disabled" => number(limits.lock.map_or(limits.tries_before_disabled, |lock| lock.after)),
        "first_wait" => Some(Said::Text(limits.first_wait.to_string())),
        "longest_wait" => Some(Said::Text(limits.longest_wait.to_string())),
        _ => None,
    }
}
