//! `[sms]`: what is accepted, what is refused, and what is sealed.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "the tests' own helpers")]

use pam_2fa_settings::{PasswordSetting, Settings, may_be_secret, parse, plain_secrets, with_value};

const TEXT: &str = r#"[sms]
provider = "kannel"
sender = "Example"
account = { username = "login", password = "sealed:v1:x" } # ours
proxy = "http://proxy.example.com:3128"
ca_file = "/etc/ssl/ours.pem"

[[sms.backup]]
name = "second"
provider = "http"
proxy = ""
[sms.backup.account]
url = "https://sms.example.com/send"
"a-b" = 'two'
"#;

fn shown(text: &str) -> String {
    parse(text).expect_err(text).iter().map(|finding| format!("{finding}\n")).collect()
}

fn settings(text: &str) -> Settings {
    parse(text).unwrap().settings
}

#[test]
fn a_provider_and_its_backups_are_typed() {
    let sms = settings(TEXT).sms.unwrap();
    assert_eq!((sms.provider.as_str(), sms.sender.as_deref()), ("kannel", Some("Example")));
    assert_eq!(sms.proxy.as_deref(), Some("http://proxy.example.com:3128"));
    assert_eq!(sms.ca_file.as_deref(), Some("/etc/ssl/ours.pem"));
    assert!(matches!(&sms.account["username"], PasswordSetting::Plain(secret) if secret.expose() == "login"));
    assert!(matches!(&sms.account["password"], PasswordSetting::Sealed(text) if text == "sealed:v1:x"));
    let [second] = sms.backups.as_slice() else { panic!("{:?}", sms.backups) };
    assert_eq!((second.name.as_str(), second.sms.provider.as_str(), &second.sms.proxy), ("second", "http", &None));
    assert_eq!(second.sms.account.keys().collect::<Vec<_>>(), ["a-b", "url"]);
    assert!(settings("").sms.is_none());
}

#[test]
fn every_field_in_plain_text_is_reported_found_and_sealed_in_its_place() {
    let keys = ["sms.account.username", "sms.backup.second.account.a-b", "sms.backup.second.account.url"];
    let notes: Vec<String> = parse(TEXT).unwrap().notes.iter().map(|note| note.key.clone()).collect();
    assert_eq!(notes, keys);
    let secrets = plain_secrets(TEXT).unwrap();
    assert_eq!(secrets.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), keys);
    let mut text = TEXT.to_owned();
    for (key, _) in secrets {
        text = with_value(&text, &key, "sealed:v1:y").unwrap();
    }
    let expected = TEXT
        .replace("\"login\"", "\"sealed:v1:y\"")
        .replace("\"https://sms.example.com/send\"", "\"sealed:v1:y\"")
        .replace("'two'", "\"sealed:v1:y\"");
    assert_eq!(text, expected);
    assert!(parse(&text).unwrap().notes.is_empty());
    for key in ["sms.account", "sms.account.x", "sms.account.username.x", "sms.backup.x.account.url", "sms.provider.x"]
    {
        assert!(with_value(TEXT, key, "x").is_err(), "{key}");
    }
}

/// As other products have it: all fields in one text, in the order of the provider's file.
#[test]
fn an_account_in_one_text_is_one_secret_and_sealed_in_its_place() {
    let text = "[sms]\nprovider = \"twilio\"\naccount = \"AC1;hunter2\"   # from before\n";
    let sms = settings(text).sms.unwrap();
    assert!(matches!(&sms.account[""], PasswordSetting::Plain(secret) if secret.expose() == "AC1;hunter2"));
    let secrets = plain_secrets(text).unwrap();
    assert_eq!(secrets.iter().map(|(key, _)| key.as_str()).collect::<Vec<_>>(), ["sms.account"]);
    assert!(may_be_secret("sms.account") && may_be_secret("sms.backup.b.account"));
    let sealed = with_value(text, "sms.account", "sealed:v1:y").unwrap();
    assert_eq!(sealed, text.replace("AC1;hunter2", "sealed:v1:y"));
    assert!(parse(&sealed).unwrap().notes.is_empty());
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_without_the_secret() {
    for (text, expected) in [
        ("[sms]\n", "1:2: sms.provider: is missing"),
        ("[sms]\nprovider = \"../x\"\n", "2:12: sms.provider: \"../x\" is not 1 to 32 letters"),
        ("[sms]\nprovider = \"x\"\nsender = \"a\\nb\"\n", "3:10: sms.sender: "),
        ("[sms]\nprovider = \"x\"\naccount = 5\n", "3:11: sms.account: must be a table"),
        ("[sms]\nprovider = \"x\"\naccount = \"\"\n", "3:11: sms.account: must be 1 to 512 bytes"),
        ("[sms]\nprovider = \"x\"\naccount = { a = 1, b = \"hunter2\" }\n", "3:11: sms.account: a: every field"),
        ("[sms]\nprovider = \"x\"\naccount = { a = \"hunter2\\n\" }\n", "a: must be 1 to 512 bytes"),
        ("[sms]\nprovider = \"x\"\naccount = { a = \"sealed:v9:hunter2\" }\n", "a: begins with sealed:"),
        ("[sms]\nprovider = \"x\"\naccount = { \"hunter.2\" = \"x\" }\n", "a field whose name is not"),
        ("[sms]\nprovider = \"x\"\nproxy = \"http://u:hunter2@proxy:1\"\n", "3:9: sms.proxy: "),
        ("[sms]\nprovider = \"x\"\nproxy = \"https://proxy:1\"\n", "3:9: sms.proxy: "),
        ("[sms]\nprovider = \"x\"\nproxy = \"http://proxy\"\n", "3:9: sms.proxy: "),
        ("[sms]\nprovider = \"x\"\nca_file = \"ours.pem\"\n", "3:11: sms.ca_file: "),
        ("[sms]\nprovider = \"x\"\n[[sms.backup]]\nprovider = \"y\"\n", "sms.backup[1]: has no name"),
        ("[sms]\nprovider = \"x\"\n[[sms.backup]]\nname = \"b\"\n", "sms.backup.b.provider: is missing"),
    ] {
        let said = shown(text);
        assert!(said.contains(expected), "{text}\n{said}");
        assert!(!said.contains("hunter2") || text.contains("proxy"), "{said}");
        assert_eq!(said.lines().count(), 1, "{said}");
    }
    let many: Vec<String> = (0..13).map(|number| format!("f{number} = \"x\"")).collect();
    let text = format!("[sms]\nprovider = \"x\"\naccount = {{ {} }}\n", many.join(", "));
    assert!(shown(&text).contains("more than 12 fields"));
}

#[test]
fn codes_can_be_sent_by_text_message_alone() {
    let text = "[policy]\nrequired = \"mandatory\"\napplication = \"Corp\"\n[sms]\nprovider = \"kannel\"\n";
    assert!(parse(text).unwrap().notes.is_empty());
}
