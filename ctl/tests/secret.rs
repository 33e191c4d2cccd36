//! `secret set` and `secret show` as an administrator sees them, what is asked of the daemon, and what becomes of the file.

mod common;

use common::{Daemon, Reply};
use insta::assert_snapshot;
use pam_2fa_protocol::admin;
use serde_json::{Value, json};
use std::fs::write;

const CONFIG: &str = r#"[email]   # ours
server = "smtp.example.com"
from = "a@example.com"
# password = "type it here"           # then seal it
[sms]
provider = "twilio"
account = { account_sid = "sealed:v1:00112233:a", auth_token = "plain2" }
"#;

/// Seals by name and value, opens what it sealed, takes everything over.
fn keeping(method: &str, parameters: &Value) -> Vec<Reply> {
    let said = |name: &str| parameters[name].as_str().unwrap_or_default().to_owned();
    vec![Reply::Done(match method {
        admin::SEAL => json!({"sealed": format!("sealed:v1:00112233:{}", said("key"))}),
        admin::OPEN_SECRET if parameters["sealed"].is_null() => json!({}),
        admin::OPEN_SECRET => json!({"value": format!("opened {}", said("sealed"))}),
        _ => json!({"generation": 4}),
    })]
}

fn daemon() -> Daemon {
    let daemon = Daemon::start(keeping);
    daemon.write_config(CONFIG);
    daemon
}

#[test]
fn a_secret_is_sealed_before_it_touches_the_file_and_stands_in_its_place() {
    needs_root!();
    let daemon = daemon();
    assert_snapshot!(daemon.run_typing(&["secret", "set", "email.password"], "correct horse\nmore\n"), @r"
    email.password: sealed, and in its place
    the settings are taken over, generation 4
    ---
    === 0
    ");
    let there = "password = \"sealed:v1:00112233:email.password\" # then seal it";
    assert_eq!(daemon.read_config(), CONFIG.replace("# password = \"type it here\"           # then seal it", there));
    assert_eq!(daemon.calls(), [r#"Seal {"key":"email.password","value":"correct horse"}"#, "Reload {}"]);
    assert_eq!(daemon.files(), ["config.toml"]);

    daemon.write_config(CONFIG);
    let file = daemon.runtime_dir().join("token");
    write(&file, "t0ken\n").unwrap();
    let words = ["secret", "set", "sms.account.auth_token", "--file", file.to_str().unwrap(), "--json"];
    assert_snapshot!(daemon.run(&words), @r#"
    {
      "sealed": "sms.account.auth_token",
      "replaced": [],
      "generation": 4,
      "notes": []
    }
    ---
    === 0
    "#);
    assert_eq!(daemon.read_config(), CONFIG.replace("plain2", "sealed:v1:00112233:sms.account.auth_token"));
}

#[test]
fn an_account_in_one_text_takes_the_place_of_its_fields_and_says_so() {
    needs_root!();
    let daemon = daemon();
    assert_snapshot!(daemon.run_typing(&["secret", "set", "sms.account"], "AC1;t0ken\r\n"), @r"
    sms.account: sealed, and in its place
    sms.account: one text now, in the place of the fields sms.account.account_sid, sms.account.auth_token
    the settings are taken over, generation 4
    ---
    === 0
    ");
    assert!(daemon.read_config().ends_with("account = \"sealed:v1:00112233:sms.account\"\n"));
    let shown = daemon.run_typing(&["secret", "set", "sms.account.auth_token"], "x\n");
    assert!(shown.contains("the account is one text here") && shown.ends_with("=== 1"), "{shown}");
}

#[test]
fn a_secret_that_is_none_has_no_place_or_is_not_sealed_changes_nothing() {
    needs_root!();
    let daemon = daemon();
    let set = |key: &str, typed: &str| daemon.run_typing(&["secret", "set", key], typed);
    for (key, typed, why) in [
        ("codes.digits", "7\n", "codes.digits is no secret"),
        ("email.pasword", "x\n", "email.pasword is no secret"),
        ("email.password", "\n", "no secret was given"),
        ("email.password", "", "no secret was given"),
        ("email.password", "a\u{7}b\n", "has no control characters"),
        ("email.password", "sealed:v1:00112233:x\n", "is a sealed value, and not the secret itself"),
        ("email.backup.b.password", "hunter2\n", "would have 2 errors; nothing was changed"),
    ] {
        let shown = set(key, typed);
        assert!(shown.contains(why) && shown.ends_with("=== 1") && !shown.contains("hunter2"), "{shown}");
    }
    assert_eq!((daemon.read_config().as_str(), daemon.calls()), (CONFIG, vec![]));
    let odd = Daemon::start(|_, _| vec![Reply::Done(json!({"sealed": "hunter2"}))]);
    odd.write_config(CONFIG);
    let shown = odd.run_typing(&["secret", "set", "email.password"], "hunter2\n");
    assert!(shown.contains("what configd answered is not sealed") && !shown.contains("hunter2"), "{shown}");
    assert_eq!(odd.read_config(), CONFIG);
    let absent = Daemon::absent();
    absent.write_config(CONFIG);
    assert!(absent.run_typing(&["secret", "set", "email.password"], "hunter2\n").ends_with("=== 3"));
    assert_eq!((absent.read_config().as_str(), absent.files()), (CONFIG, vec![String::from("config.toml")]));
}

#[test]
fn a_secret_that_configd_refuses_to_take_over_is_taken_back() {
    needs_root!();
    let daemon = Daemon::start(|method, parameters| match method {
        admin::RELOAD => vec![Reply::Error(admin::REFUSED, json!({"reasons": ["no"]}))],
        _ => keeping(method, parameters),
    });
    daemon.write_config(CONFIG);
    assert_snapshot!(daemon.run_typing(&["secret", "set", "email.password"], "hunter2\n"), @r"
    ---
    pam-2fa: DIR/config.toml: configd refused the new settings; the old file is back
    pam-2fa: no
    === 1
    ");
    assert_eq!(daemon.read_config(), CONFIG);
}

#[test]
fn a_secret_is_shown_at_a_terminal_and_nowhere_else_and_the_log_is_told_first() {
    needs_root!();
    let piped = daemon();
    assert_snapshot!(piped.run(&["secret", "show", "sms.account.account_sid"]), @r"
    ---
    pam-2fa: a secret is shown at a terminal and nowhere else, and this goes to a pipe or a file; nothing was opened
    === 1
    ");
    assert!(piped.calls().is_empty());

    let daemon = daemon().at_a_terminal();
    let shown = daemon.run(&["secret", "show", "sms.account.account_sid"]);
    assert!(shown.starts_with("opened sealed:v1:00112233:a\n---\npam-2fa: the log has that "), "{shown}");
    assert!(shown.ends_with("looked at sms.account.account_sid\n=== 0"), "{shown}");
    let shown = daemon.run(&["secret", "show", "sms.account.auth_token"]);
    assert!(shown.starts_with("plain2\n---\npam-2fa: it stands in plain text: run `pam-2fa config seal`\n"), "{shown}");
    let [opened, plain] = daemon.calls().try_into().unwrap();
    assert!(
        opened.starts_with("OpenSecret {\"by\":\"") && opened.contains("\"sealed\":\"sealed:v1:00112233:a\""),
        "{opened}"
    );
    assert!(
        plain.starts_with("OpenSecret {\"by\":\"") && !plain.contains("plain2") && !plain.contains("sealed"),
        "{plain}"
    );
    assert_snapshot!(daemon.run(&["secret", "show", "email.password"]), @r"
    ---
    pam-2fa: DIR/config.toml: email.password is not set; the secrets there are sms.account.auth_token, sms.account.account_sid
    === 1
    ");
    assert_snapshot!(daemon.run(&["secret", "show", "sms.account"]), @r"
    ---
    pam-2fa: DIR/config.toml: sms.account is not set; it has fields: sms.account.auth_token, sms.account.account_sid
    === 1
    ");
    // Where the log cannot have it, nobody looks.
    let silent = Daemon::start(|_, _| vec![Reply::Close]).at_a_terminal();
    silent.write_config(CONFIG);
    let shown = silent.run(&["secret", "show", "sms.account.auth_token"]);
    assert!(!shown.contains("plain2") && shown.ends_with("=== 3"), "{shown}");
}
