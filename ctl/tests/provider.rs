//! `provider list`, `show` and `check`, and `test sms`, as an administrator sees them.

#![expect(clippy::unwrap_used, reason = "the tests' own helpers")]

mod common;

use common::{Daemon, Reply};
use pam_2fa_protocol::admin;
use serde_json::{Value, json};
use std::fs::{create_dir, set_permissions, write};
use std::os::unix::fs::PermissionsExt;

const MINE: &str = r#"schema = 1
id = "mine"
name = "Mine"
docs = "https://sms.example.com/docs"

[[account]]
key = "region"
label = "Region of the account"
choices = ["eu", "us"]
default = "eu"

[[account]]
key = "token"
label = "API token"
secret = true

[request]
method = "POST"
url = "https://{acct.region}.sms.example.com/v1/send"
auth = { type = "bearer", token = "{acct.token}" }
body = "json"

[request.json]
to = "{to}"
text = "{text}"

[reply]
accept_http = [200]
accept = [{ path = "id", exists = true }]
"#;

fn with_file(name: &str, text: &str) -> Daemon {
    let daemon = Daemon::start(|_, _| vec![Reply::Done(json!({}))]);
    let folder = daemon.runtime_dir().join("providers");
    create_dir(&folder).unwrap();
    write(folder.join(name), text).unwrap();
    daemon.write_config("[sms]\nprovider = \"mine\"\naccount = { token = \"x\" }\n");
    daemon
}

#[test]
fn a_file_of_ones_own_is_listed_as_what_is_in_use_and_shown_with_what_its_account_consists_of() {
    needs_root!();
    let daemon = with_file("mine.toml", MINE);
    let shown = daemon.run(&["provider", "list"]);
    let line = shown.lines().find(|line| line.starts_with("mine ")).unwrap();
    assert!(line.contains("Mine") && line.contains("own") && line.contains("in use"), "{shown}");
    let shown = daemon.run(&["provider", "show", "mine"]);
    for part in [
        "mine: Mine",
        "https://sms.example.com/docs",
        "POST https://{region}.sms.example.com/v1/send, JSON, by a bearer token",
        "Region of the account",
        "else eu; one of eu, us",
        "secret",
        "provider = \"mine\"",
        "account = { token = \"…\" }",
        "=== 0",
    ] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    let shown = daemon.run(&["provider", "show", "mine", "--json"]);
    let answer: Value = serde_json::from_str(shown.split("---").next().unwrap()).unwrap();
    assert_eq!((&answer["account"][1]["key"], &answer["account"][1]["secret"]), (&json!("token"), &json!(true)));
    let shown = daemon.run(&["provider", "show", "theirs"]);
    assert!(shown.contains("there is no provider theirs") && shown.ends_with("=== 1"), "{shown}");
}

#[test]
fn it_is_shown_whose_signature_a_request_has() {
    needs_root!();
    const BEARER: &str = "{ type = \"bearer\", token = \"{acct.token}\" }";
    for (auth, expected) in [
        (
            "{ type = \"aws-sigv4\", service = \"s\", region = \"r\", id = \"i\", secret = \"{acct.token}\" }",
            ", JSON, signed (AWS Signature Version 4)",
        ),
        ("{ type = \"azure-hmac\", key = \"{acct.token}\" }", ", JSON, signed (HMAC-SHA256, as Azure wants it)"),
        (
            "{ type = \"smsglobal-mac\", key = \"k\", secret = \"{acct.token}\" }",
            ", JSON, signed (HMAC-SHA256, as SMSGlobal wants it)",
        ),
        (
            "{ type = \"ovh\", app_key = \"a\", app_secret = \"{acct.token}\", consumer_key = \"{acct.token}\" }",
            ", JSON, signed (SHA-1, as OVHcloud wants it)",
        ),
    ] {
        let daemon = with_file("mine.toml", &MINE.replace(BEARER, auth));
        let shown = daemon.run(&["provider", "show", "mine"]);
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
}

#[test]
fn a_file_is_checked_before_it_is_used_and_every_error_has_its_place() {
    let daemon = with_file("mine.toml", MINE);
    let file = daemon.runtime_dir().join("providers/mine.toml");
    let path = file.to_str().unwrap();
    let shown = daemon.run(&["provider", "check", path]);
    assert!(shown.contains("mine.toml: no errors; POST https://") && shown.ends_with("=== 0"), "{shown}");
    for (wrong, with, says) in [
        ("{to}", "{too}", "too"),
        ("{acct.token}", "x", "is not used"),
        ("https://{acct.region}", "http://{acct.region}", "plain http"),
        ("accept = [{ path = \"id\", exists = true }]", "accept = []", "accept"),
        ("v1/send", "v1/{acct.token}", "secret_in_url"),
    ] {
        write(&file, MINE.replace(wrong, with)).unwrap();
        let shown = daemon.run(&["provider", "check", path]);
        let named = shown.lines().any(|line| line.starts_with("DIR/providers/mine.toml:") && line.contains(says));
        assert!(named && shown.ends_with("=== 1"), "{says}: {shown}");
    }
    let shown = daemon.run(&["provider", "check", "/nonexistent/mine.toml"]);
    assert!(shown.contains("cannot read /nonexistent/mine.toml") && shown.ends_with("=== 1"), "{shown}");
}

#[test]
fn a_file_that_the_courier_would_not_use_is_said_to_be_one() {
    needs_root!();
    let daemon = with_file("mine.toml", MINE);
    set_permissions(daemon.runtime_dir().join("providers/mine.toml"), PermissionsExt::from_mode(0o666)).unwrap();
    let shown = daemon.run(&["provider", "list"]);
    assert!(shown.contains("not to be used: 1 error"), "{shown}");
    let shown = daemon.run(&["provider", "show", "mine"]);
    assert!(shown.contains("lets others write it"), "{shown}");
    let daemon = with_file("mine.toml", "schema = 1\n");
    let shown = daemon.run(&["provider", "list"]);
    assert!(shown.contains("not to be used: ") && shown.contains("pam-2fa provider check"), "{shown}");
}

#[test]
fn a_text_message_is_sent_and_each_step_the_providers_words_and_what_to_do_are_shown() {
    needs_root!();
    let daemon = Daemon::start(|method, parameters| {
        assert_eq!((method, &parameters["to"]), (admin::TEST_SMS, &json!("+15550100")));
        vec![
            Reply::More(json!({"step": "asking sms.example.com"})),
            Reply::Done(json!({"outcome": {
                "class": "auth_error", "reason": "credentials", "said": "401 token unknown",
            }})),
        ]
    });
    let shown = daemon.run(&["test", "sms", "+15550100"]);
    assert!(shown.starts_with("asking sms.example.com\n"), "{shown}");
    let says = "not sent: refused at sign-in (wrong user or password): 401 token unknown; check sms.account";
    assert!(shown.contains(says) && shown.ends_with("=== 1"), "{shown}");
    let shown = daemon.run(&["test", "sms", "5550100"]);
    assert!(shown.ends_with("=== 2"), "a number is in international form: {shown}");
}
