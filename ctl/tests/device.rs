//! `device` as an administrator sees it, and what it asks.

mod common;

use common::{Daemon, Reply};
use insta::assert_snapshot;
use pam_2fa_protocol::admin;
use serde_json::{Value, json};

fn device(id: &str, user: &str, class: &str, name: &str, from: &str, ended: Option<&str>) -> Value {
    json!({
        "id": id, "user": user, "uid": if user == "ada" { 1000 } else { 100_001 }, "class": class, "name": name,
        "first_used": "2026-11-20T08:00:00Z", "last_used": "2026-11-24T03:49:48Z", "last_from": from,
        "until": "2026-12-20T08:00:00Z", "ended": ended, "later": "unknown fields are ignored"})
}

fn key(ended: Option<&str>) -> Value {
    let name = "key SHA256:uNiVztksCsDhcc0u9e8BgrJXVUDKzIIGzQyUCgMcLDs from 203.0.113.200/32";
    device("K7Q2M9XD", "ada", "ssh", name, "203.0.113.200", ended)
}

fn several(_: &str, _: &Value) -> Vec<Reply> {
    let bob = device("B2C3D4E5", "b\u{1b}[2Job", "elevate", "session 3, b\u{1b}ob as root", "local", None);
    vec![
        Reply::More(json!({"device": key(None)})),
        Reply::More(
            json!({"device": device("F6G7H8J9", "ada", "desktop", "console seat0", "local", Some("password changed"))}),
        ),
        Reply::Done(json!({"device": bob})),
    ]
}

#[test]
fn the_list_is_a_table_by_user_and_a_key_from_an_address_fits_eighty_columns() {
    needs_root!();
    let daemon = Daemon::start(several);
    let shown = daemon.run(&["device", "list"]);
    assert_snapshot!(shown, @r"
    ID        CLASS    FIRST       LAST (UTC)        FROM           UNTIL (UTC)
    ada (uid 1000)
    K7Q2M9XD  ssh      2026-11-20  2026-11-24 03:49  203.0.113.200  2026-12-20 08:00
      key SHA256:uNiVztksCsDhcc0u9e8BgrJXVUDKzIIGzQyUCgMcLDs from 203.0.113.200/32
    F6G7H8J9  desktop  2026-11-20  2026-11-24 03:49  local          password changed
      console seat0
    b[2Job (uid 100001)
    B2C3D4E5  elevate  2026-11-20  2026-11-24 03:49  local          2026-12-20 08:00
      session 3, bob as root
    ---
    === 0
    ");
    assert!(!shown.contains('\u{1b}'), "{shown}");
    assert_eq!(daemon.calls(), ["DeviceList more {}"]);
    let alone = Daemon::start(|_, _| vec![Reply::Done(json!({"device": key(None)}))]);
    let shown = alone.run(&["device", "list", "ada"]);
    assert!(shown.lines().all(|line| line.chars().count() <= 80), "{shown}");
    assert_eq!(alone.calls(), ["DeviceList more {\"user\":\"ada\"}"]);
}

#[test]
fn in_json_the_devices_are_as_the_daemon_has_them() {
    needs_root!();
    let daemon = Daemon::start(|_, _| vec![Reply::Done(json!({"device": key(Some("expired"))}))]);
    assert_snapshot!(daemon.run(&["device", "list", "--json"]), @r#"
    {
      "devices": [
        {
          "id": "K7Q2M9XD",
          "user": "ada",
          "uid": 1000,
          "class": "ssh",
          "name": "key SHA256:uNiVztksCsDhcc0u9e8BgrJXVUDKzIIGzQyUCgMcLDs from 203.0.113.200/32",
          "first_used": "2026-11-20T08:00:00Z",
          "last_used": "2026-11-24T03:49:48Z",
          "last_from": "203.0.113.200",
          "until": "2026-12-20T08:00:00Z",
          "ended": "expired"
        }
      ]
    }
    ---
    === 0
    "#);
    let several = Daemon::start(several).run(&["--json", "device", "list"]);
    assert!(!several.contains('\u{1b}'), "{several}");
    let answer: Value = serde_json::from_str(several.split("---").next().unwrap_or_default()).unwrap();
    assert_eq!(answer["devices"].as_array().unwrap().len(), 3);
}

#[test]
fn an_empty_list_and_a_user_who_is_not_there_are_told_apart() {
    needs_root!();
    let daemon = Daemon::start(|_, parameters| match parameters["user"].as_str() {
        Some("eve") => vec![Reply::Error(admin::NOT_FOUND, json!({"what": "eve has no record"}))],
        _ => vec![Reply::Done(json!({}))],
    });
    let shown: Vec<String> = [&["device", "list"][..], &["device", "list", "ada"], &["device", "list", "eve"]]
        .iter()
        .map(|args| daemon.run(args))
        .collect();
    assert_snapshot!(shown.join("\n"), @r"
    no device is remembered
    ---
    === 0
    no device of ada is remembered
    ---
    === 0
    ---
    pam-2fa: eve has no record
    === 1
    ");
    assert_snapshot!(daemon.run(&["device", "list", "--json"]), @r#"
    {
      "devices": []
    }
    ---
    === 0
    "#);
}

#[test]
fn what_was_revoked_is_said_one_line_each() {
    needs_root!();
    let daemon = Daemon::start(|_, parameters| match (parameters["user"].as_str(), &parameters["ids"]) {
        (Some("bob"), _) => vec![Reply::Done(json!({"devices": []}))],
        (Some(_), _) => vec![
            Reply::More(json!({"devices": [key(None)]})),
            Reply::Done(
                json!({"devices": [device("F6G7H8J9", "ada", "desktop", "console\u{9b} seat0", "local", Some("expired"))]}),
            ),
        ],
        (None, ids) if *ids == json!(["k7q2m9xd"]) => vec![Reply::Done(json!({"devices": [key(None)]}))],
        _ => vec![Reply::Error(admin::NOT_FOUND, json!({"what": "no device has the id X, and none was revoked"}))],
    });
    let shown: Vec<String> = [
        &["device", "revoke", "k7q2m9xd"][..],
        &["device", "revoke", "--user", "ada"],
        &["device", "revoke", "--user", "bob"],
        &["device", "revoke", "K7Q2M9XD", "X"],
    ]
    .iter()
    .map(|args| daemon.run(args))
    .collect();
    assert_snapshot!(shown.join("\n"), @r"
    revoked K7Q2M9XD of ada: ssh, key SHA256:uNiVztksCsDhcc0u9e8BgrJXVUDKzIIGzQyUCgMcLDs from 203.0.113.200/32
    ---
    === 0
    revoked K7Q2M9XD of ada: ssh, key SHA256:uNiVztksCsDhcc0u9e8BgrJXVUDKzIIGzQyUCgMcLDs from 203.0.113.200/32
    revoked F6G7H8J9 of ada: desktop, console seat0
    ---
    === 0
    no device of bob was remembered, so none was revoked
    ---
    === 0
    ---
    pam-2fa: no device has the id X, and none was revoked
    === 1
    ");
    assert_snapshot!(daemon.calls().join("\n"), @r#"
    DeviceRevoke more {"ids":["k7q2m9xd"]}
    DeviceRevoke more {"ids":[],"user":"ada"}
    DeviceRevoke more {"ids":[],"user":"bob"}
    DeviceRevoke more {"ids":["K7Q2M9XD","X"]}
    "#);
    let json = daemon.run(&["device", "revoke", "--user", "ada", "--json"]);
    let answer: Value = serde_json::from_str(json.split("---").next().unwrap_or_default()).unwrap();
    assert_eq!((&answer["devices"][0]["id"], &answer["devices"][1]["id"]), (&json!("K7Q2M9XD"), &json!("F6G7H8J9")));
}

#[test]
fn a_revocation_names_ids_or_a_user_and_not_both() {
    needs_root!();
    let daemon = Daemon::start(|_, _| vec![]);
    assert_snapshot!(daemon.run(&["device", "revoke"]), @r"
    ---
    pam-2fa: the following required arguments were not provided: <ID|--user <USER>>; see `pam-2fa --help`
    === 2
    ");
    assert_snapshot!(daemon.run(&["device", "revoke", "K7Q2M9XD", "--user", "ada"]), @r"
    ---
    pam-2fa: the argument '[ID]...' cannot be used with '--user <USER>'; see `pam-2fa --help`
    === 2
    ");
    assert!(daemon.calls().is_empty());
}
