//! Changing one value leaves the rest of the text as it was.

#![expect(clippy::unwrap_used, reason = "the tests' own helpers")]

use pam_2fa_settings::{EditError, may_be_secret, plain_secrets, with_value};

const TEXT: &str = r#"# Ours.
[email]   # the first
from = "a@example.com"
password = "one"     # sealed soon
server = 'smtp.example.com'

# The others.
[[email.backup]]
name = "b"
password = 'two'
[[email.backup]]
name = "c"
password = "sealed:v1:three"

[codes]
digits = 6
"#;

fn keys(text: &str) -> Vec<(String, String)> {
    plain_secrets(text).unwrap().into_iter().map(|(key, secret)| (key, secret.expose().clone())).collect()
}

#[test]
fn plain_secrets_are_found_by_name_and_sealed_ones_are_not() {
    let expected = [("email.password", "one"), ("email.backup.b.password", "two")];
    assert_eq!(keys(TEXT), expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
    let inline = "email = { password = 'x', backup = [{ name = 'b', password = 'y' }, { password = 'nameless' }] }\n";
    assert_eq!(keys(inline).iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>(), ["x", "y"]);
    assert!(keys("").is_empty());
}

#[test]
fn sealing_changes_the_secrets_and_nothing_else() {
    let one = with_value(TEXT, "email.password", "sealed:v1:1").unwrap();
    let both = with_value(&one, "email.backup.b.password", "sealed:v1:2").unwrap();
    let expected = TEXT.replace("\"one\"", "\"sealed:v1:1\"").replace("'two'", "\"sealed:v1:2\"");
    assert_eq!(both, expected);
    assert!(keys(&both).is_empty());
}

#[test]
fn line_ends_of_another_system_and_a_byte_order_mark_stay() {
    for text in
        [TEXT.replace('\n', "\r\n"), format!("\u{feff}{TEXT}"), TEXT.trim_end().to_owned(), format!("{TEXT}\n\n# end")]
    {
        let one = with_value(&text, "email.password", "sealed:v1:1").unwrap();
        assert_eq!(one, text.replace("\"one\"", "\"sealed:v1:1\""));
    }
}

#[test]
fn a_backup_written_inline_is_sealed_too() {
    let inline = "email = { password = 'x', backup = [{ name = 'b', password = 'y' }] } # why\n";
    let sealed = with_value(inline, "email.backup.b.password", "sealed:v1:2").unwrap();
    assert_eq!(sealed, inline.replace("'y'", "\"sealed:v1:2\""));
}

#[test]
fn only_what_may_be_a_secret_is_sealed_and_only_under_its_own_name() {
    for key in [
        "email.password",
        "email.backup.b.password",
        "sms.account",
        "sms.account.auth_token",
        "sms.backup.b.account",
        "sms.backup.b.account.x-1",
    ] {
        assert!(may_be_secret(key), "{key}");
    }
    for key in [
        "",
        "email",
        "email.server",
        "email.password.x",
        "email.backup.password",
        "email.backup..password",
        "email.backup.a.b.password",
        "sms.account.",
        "sms.account.a.b",
        "sms.account.a b",
        "sms.provider",
        "codes.backup.b.password",
        "meta:settings",
    ] {
        assert!(!may_be_secret(key), "{key}");
    }
}

#[test]
fn a_key_that_is_not_there_is_not_made() {
    for key in [
        "email",
        "email.pasword",
        "email.backup.x.password",
        "email.helo",
        "sms.provider",
        "",
        "email.backup.b",
        "email.x.y.password",
    ] {
        assert_eq!(with_value(TEXT, key, "x"), Err(EditError::NoSuchKey { key: key.to_owned() }), "{key}");
    }
}

#[test]
fn a_value_that_the_key_does_not_take_is_refused_without_being_quoted() {
    let error = with_value(TEXT, "email.password", "hun\0ter2").unwrap_err();
    assert!(matches!(error, EditError::Value { .. }));
    assert!(!error.to_string().contains("ter2"));
    assert!(
        matches!(with_value("a = = 1", "email.password", "x"), Err(EditError::NotToml(finding)) if finding.line == 1)
    );
}
