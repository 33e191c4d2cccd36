//! The fields of an account, as a provider's file names them.

use super::failure::Failure;
use super::values::Filled;
use pam_2fa_protocol::courier::{ALL_IN_ORDER, Text};
use pam_2fa_settings::provider::{Provider, SENDER};
use std::collections::BTreeMap;
use std::fmt;
use zeroize::Zeroizing;

/// The longest sender in characters: a number, E.164.
const LONGEST_SENDER: usize = 16;

/// An account.
#[derive(PartialEq, Eq, Default)]
pub struct Account {
    fields: BTreeMap<String, Filled>,
    /// Who messages are from, where the account says it and the settings do not.
    pub sender: Option<Filled>,
}

impl fmt::Debug for Account {
    /// Which fields it has, and never what they are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.fields.keys()).finish()
    }
}

impl Account {
    /// The value of a field.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.fields.get(key).map(|value| value.as_str())
    }

    /// All values.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        self.fields.values().map(|value| value.as_str())
    }
}

/// The account of `text`: every field that the file asks for and no other (one that is not used would be a promise that is not kept).
/// One in one text, `a;b;c`, has the fields that the file's `in_order` says, or else all in the order of the file; the last takes what
/// is left, so that a password may hold a `;`.
///
/// # Errors
/// [`Failure`] that names the field.
pub fn of(provider: &Provider, text: &Text) -> Result<Account, Failure> {
    let account = match text.account.get(ALL_IN_ORDER) {
        Some(all) if text.account.len() == 1 => in_order(provider, all.0.expose())?,
        Some(_) | None => {
            let own = |value: &str| Zeroizing::new(value.to_owned());
            let fields = text.account.iter().map(|(key, value)| (key.clone(), own(value.0.expose()))).collect();
            Account { fields, sender: None }
        }
    };
    check(provider, &account)?;
    Ok(account)
}

fn in_order(provider: &Provider, all: &str) -> Result<Account, Failure> {
    if provider.account.is_empty() {
        return Err(Failure::setting("account", format!("{} has no account; remove it", provider.name)));
    }
    let by_file = || provider.account.iter().map(|field| field.key.as_str()).collect();
    let order: Vec<&str> = match provider.in_order.as_slice() {
        [] => by_file(),
        said => said.iter().map(String::as_str).collect(),
    };
    let mut account = Account::default();
    for (key, value) in order.iter().zip(all.splitn(order.len(), ';')).filter(|(_, value)| !value.is_empty()) {
        let value = value.to_owned();
        if *key == SENDER {
            account.sender = Some(sender(value)?);
        } else {
            account.fields.insert((*key).to_owned(), Zeroizing::new(value));
        }
    }
    Ok(account)
}

/// Who messages are from. Other products write numbers without the plus sign; one of less digits than these may be a national one.
fn sender(value: String) -> Result<Filled, Failure> {
    if value.chars().any(char::is_control) || value.chars().count() > LONGEST_SENDER {
        let why = format!("its part for the sender has more than {LONGEST_SENDER} characters, or control characters");
        return Err(Failure::setting("account", why));
    }
    let is_number = (11..=15).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_digit());
    Ok(Zeroizing::new(if is_number { format!("+{value}") } else { value }))
}

fn check(provider: &Provider, account: &Account) -> Result<(), Failure> {
    for key in account.fields.keys() {
        if !provider.account.iter().any(|field| field.key == *key) {
            let known: Vec<&str> = provider.account.iter().map(|field| field.key.as_str()).collect();
            let why = format!("there is no such field; an account of {} has {}", provider.name, known.join(", "));
            return Err(Failure::setting(format!("account.{key}"), why));
        }
    }
    for field in &provider.account {
        let key = || format!("account.{}", field.key);
        match account.get(&field.key) {
            None if field.optional || field.default.is_some() => {}
            None => {
                let why = format!("is missing; {} wants it ({})", provider.name, field.label);
                return Err(Failure::setting(key(), why));
            }
            Some(value) if value.is_empty() || value.chars().any(char::is_control) => {
                return Err(Failure::setting(key(), "is empty, or has control characters"));
            }
            Some(value) if !field.takes(value) => {
                let why = match (&field.pattern, field.choices.as_slice()) {
                    (Some(pattern), []) => format!("is not of the form {}", pattern.as_str()),
                    (_, choices) => format!("is none of {}", choices.join(", ")),
                };
                return Err(Failure::setting(key(), why));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pam_2fa_protocol::Secret;
    use pam_2fa_protocol::courier::AccountField;
    use pam_2fa_settings::provider::parse;

    const FILES: [(&str, &str); 3] = [
        ("twilio", include_str!("../../../etc/providers/twilio.toml")),
        ("vonage", include_str!("../../../etc/providers/vonage.toml")),
        ("eztexting", include_str!("../../../etc/providers/unproven/eztexting.toml")),
    ];

    fn account(id: &str, fields: &[(&str, &str)]) -> Result<Account, String> {
        let (_, file) = FILES.into_iter().find(|(name, _)| *name == id).unwrap();
        let fields = fields.iter().map(|(key, value)| ((*key).into(), AccountField(Secret::new((*value).into()))));
        let text = Text {
            provider: id.into(),
            account: fields.collect(),
            sender: None,
            proxy: None,
            ca_file: None,
            to: "+15550100".into(),
            text: Secret::new("x".into()),
            code: Secret::new("x".into()),
            tag: "7F".into(),
        };
        of(&parse(id, file).unwrap(), &text).map_err(|failure| failure.to_string())
    }

    #[test]
    fn an_account_in_one_text_is_the_same_as_its_fields() {
        let sid = format!("AC{}", "0a".repeat(16));
        for (id, all, fields) in [
            ("twilio", format!("{sid};s3cret"), [("account_sid", sid.as_str()), ("auth_token", "s3cret")]),
            ("vonage", String::from("abcd1234;s3cret"), [("api_key", "abcd1234"), ("api_secret", "s3cret")]),
            ("eztexting", String::from("login;p;w"), [("username", "login"), ("password", "p;w")]),
        ] {
            assert_eq!(account(id, &[(ALL_IN_ORDER, &all)]), account(id, &fields), "{id}");
            assert!(account(id, &fields).is_ok(), "{id}");
        }
    }

    /// As PxPlus writes them: the last part is who messages are from.
    #[test]
    fn an_account_in_one_text_may_say_who_messages_are_from() {
        let sid = format!("AC{}", "0a".repeat(16));
        for (id, all, sender) in [
            ("twilio", format!("{sid};s3cret;15551234567"), Some("+15551234567")),
            ("vonage", String::from("abcd1234;s3cret;AcmeInc"), Some("AcmeInc")),
            ("vonage", String::from("abcd1234;s3cret"), None),
            ("vonage", String::from("abcd1234;s3cret;5551234567"), Some("5551234567")),
            ("vonage", String::from("abcd1234;s3cret;123456789012345"), Some("+123456789012345")),
            ("vonage", String::from("abcd1234;s3cret;1234567890123456"), Some("1234567890123456")),
            ("vonage", String::from("abcd1234;s3cret;+123456789012345"), Some("+123456789012345")),
            ("vonage", String::from("abcd1234;s3cret;72345"), Some("72345")),
        ] {
            let account = account(id, &[(ALL_IN_ORDER, &all)]).unwrap();
            assert_eq!(account.sender.as_ref().map(|sender| sender.as_str()), sender, "{id}");
            assert!(account.values().any(|value| value == "s3cret"), "{id}");
        }
    }

    #[test]
    fn a_sender_in_an_account_that_can_be_none_is_refused_and_not_quoted() {
        for sender in ["12345678901234567", "+1234567890123456", "Acme\r\nTo: 1", "Acme\u{85}"] {
            let said = account("vonage", &[(ALL_IN_ORDER, &format!("abcd1234;s3cret;{sender}"))]).unwrap_err();
            assert!(said.starts_with("sms.account: its part for the sender") && !said.contains(sender), "{said}");
        }
    }

    #[test]
    fn what_is_missing_or_beyond_is_named_and_never_quoted() {
        for (fields, expected) in [
            (vec![(ALL_IN_ORDER, "hunter2")], "sms.account.password: is missing"),
            (vec![(ALL_IN_ORDER, ";hunter2")], "sms.account.username: is missing"),
            (vec![(ALL_IN_ORDER, "a;hunter2"), ("username", "b")], "sms.account.: there is no such field"),
            (vec![("username", "a"), ("pasword", "hunter2")], "sms.account.pasword: there is no such field"),
            (vec![("username", "a"), ("password", "hunter2\n")], "sms.account.password: is empty, or has control"),
        ] {
            let said = account("eztexting", &fields).unwrap_err();
            assert!(said.starts_with(expected) && !said.contains("hunter2"), "{said}");
        }
        let said = account("twilio", &[(ALL_IN_ORDER, "hunter2;hunter2")]).unwrap_err();
        assert_eq!(said, "sms.account.account_sid: is not of the form ^AC[0-9a-fA-F]{32}$");
    }
}
