//! The fields of an account, as a provider's file names them.

use super::failure::Failure;
use super::values::Filled;
use pam_2fa_protocol::courier::{ALL_IN_ORDER, Text};
use pam_2fa_settings::provider::Provider;
use std::collections::BTreeMap;
use zeroize::Zeroizing;

/// Field by field.
pub type Account = BTreeMap<String, Filled>;

/// The account of `text`: every field that the file asks for and no other (one that is not used would be a promise that is not kept).
/// One in one text, `a;b;c`, has the fields in the order of the file; the last takes what is left, so that a password may hold a `;`.
///
/// # Errors
/// [`Failure`] that names the field.
pub fn of(provider: &Provider, text: &Text) -> Result<Account, Failure> {
    let account = match text.account.get(ALL_IN_ORDER) {
        Some(all) if text.account.len() == 1 => in_order(provider, all.0.expose())?,
        Some(_) | None => {
            let own = |value: &str| Zeroizing::new(value.to_owned());
            text.account.iter().map(|(key, value)| (key.clone(), own(value.0.expose()))).collect()
        }
    };
    check(provider, &account)?;
    Ok(account)
}

fn in_order(provider: &Provider, all: &str) -> Result<Account, Failure> {
    if provider.account.is_empty() {
        return Err(Failure::setting("account", format!("{} has no account; remove it", provider.name)));
    }
    let values = all.splitn(provider.account.len(), ';');
    let pairs = provider.account.iter().zip(values).filter(|(_, value)| !value.is_empty());
    Ok(pairs.map(|(field, value)| (field.key.clone(), Zeroizing::new(value.to_owned()))).collect())
}

fn check(provider: &Provider, account: &Account) -> Result<(), Failure> {
    for key in account.keys() {
        if !provider.account.iter().any(|field| field.key == *key) {
            let known: Vec<&str> = provider.account.iter().map(|field| field.key.as_str()).collect();
            let why = format!("there is no such field; an account of {} has {}", provider.name, known.join(", "));
            return Err(Failure::setting(format!("account.{key}"), why));
        }
    }
    for field in &provider.account {
        let key = || format!("account.{}", field.key);
        match account.get(&field.key).map(|value| value.as_str()) {
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
    }
}
