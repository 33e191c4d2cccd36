//! `explain` as an administrator sees it, and what it asks.

mod common;

use common::{Daemon, Reply};
use insta::assert_snapshot;
use serde_json::{Value, json};

#[test]
fn a_decision_is_explained_rule_by_rule() {
    needs_root!();
    let daemon = Daemon::start(|_, _| {
        vec![Reply::Done(json!({
            "decision": "ask", "reason": "ask", "uid": 1000, "class": "ssh", "source": "192.0.2.7/32", "generation": 3,
            "rules": [
                {"rule": "required", "decides": false, "why": "policy.required is \"mandatory\""},
                {"rule": "ask", "decides": true, "why": "a code by email"}],
            "message": "a code to a***@example.com, once the prompt has stood", "tries": "0 wrong codes so far"}))]
    });
    let asked = ["explain", "ada", "--service", "sshd", "--from", "192.0.2.7"];
    assert_snapshot!(daemon.run(&asked), @r#"
    user      ada (uid 1000)
    service   sshd (class ssh)
    source    192.0.2.7/32
    decision  asked for a code
    reason    ask
    message   a code to a***@example.com, once the prompt has stood
    tries     0 wrong codes so far
    settings  generation 3

    RULE               WHY
    required  -        policy.required is "mandatory"
    ask       decides  a code by email
    ---
    === 0
    "#);
    assert_eq!(daemon.calls(), ["Explain {\"from\":\"192.0.2.7\",\"service\":\"sshd\",\"user\":\"ada\"}"]);
    let json = daemon.run(&["explain", "ada", "--service", "sshd", "--json"]);
    let answer: Value = serde_json::from_str(json.split("---").next().unwrap_or_default()).unwrap();
    assert_eq!((answer["decision"].as_str(), answer["rules"][1]["rule"].as_str()), (Some("ask"), Some("ask")));
    assert!(daemon.run(&["explain", "ada"]).ends_with("=== 2"), "a service is needed");
    assert!(daemon.run(&["explain", "ada", "--service", "sshd", "--from", "host"]).ends_with("=== 2"));
}

fn trusted(_: &str, _: &Value) -> Vec<Reply> {
    vec![Reply::Done(json!({
        "decision": "trusted", "reason": "trusted-device", "uid": 1000, "class": "ssh", "source": "192.0.2.7/32",
        "generation": 3, "rules": [{"rule": "trust", "decides": true, "why": "remembered for 8 hours more"}]}))]
}

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE6kNTCDtDUWyEhGl0tmnEhGk/TVcYfcB8v5nP8rTXxO";

#[test]
fn a_login_from_a_remembered_key_is_explained_as_one_without_a_code() {
    needs_root!();
    let daemon = Daemon::start(trusted);
    let file = daemon.runtime_dir().join("id.pub");
    std::fs::write(&file, format!("{KEY} ada@host\n")).unwrap();
    let asked = ["explain", "ada", "--service", "sshd", "--from", "192.0.2.7", "--key", file.to_str().unwrap()];
    assert_snapshot!(daemon.run(&asked), @r"
    user      ada (uid 1000)
    service   sshd (class ssh)
    source    192.0.2.7/32
    decision  let in without a code: the device is remembered
    reason    trusted-device
    settings  generation 3

    RULE            WHY
    trust  decides  remembered for 8 hours more
    ---
    === 0
    ");
    assert_snapshot!(daemon.calls().join("\n"), @r#"
    Explain {"auth_info":"publickey ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIE6kNTCDtDUWyEhGl0tmnEhGk/TVcYfcB8v5nP8rTXxO","from":"192.0.2.7","service":"sshd","user":"ada"}
    "#);
}

#[test]
fn a_file_that_is_no_public_key_is_one_line_and_asks_the_daemon_nothing() {
    needs_root!();
    let daemon = Daemon::start(trusted);
    let file = daemon.runtime_dir().join("key");
    let shown: Vec<String> = [
        "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n",
        &format!("restrict,from=\"192.0.2.7\" {KEY}\n"),
        &format!("{KEY} a\n{KEY} b\n"),
        "\u{1b}[2J\n",
        &"x".repeat(20_000),
    ]
    .into_iter()
    .map(|text| {
        std::fs::write(&file, text).unwrap();
        daemon.run(&["explain", "ada", "--service", "sshd", "--key", file.to_str().unwrap()])
    })
    .collect();
    assert_snapshot!(shown.join("\n"), @r"
    ---
    pam-2fa: DIR/key: this is a private key, which nobody but its owner needs; give the *.pub file beside it
    === 1
    ---
    pam-2fa: DIR/key: this has options before the key, as authorized_keys may; give the *.pub file of the key
    === 1
    ---
    pam-2fa: DIR/key: this has more than one line; give the *.pub file of one key
    === 1
    ---
    pam-2fa: DIR/key: this is no OpenSSH public key (`ssh-ed25519 AAAA… comment`); give the *.pub file of the key
    === 1
    ---
    pam-2fa: DIR/key: this is longer than 16 KiB, and so no public key; give the *.pub file of the key
    === 1
    ");
    assert_snapshot!(daemon.run(&["explain", "ada", "--service", "sshd", "--key", "/nonexistent/id.pub"]), @r"
    ---
    pam-2fa: cannot read /nonexistent/id.pub: No such file or directory (os error 2)
    === 1
    ");
    assert!(daemon.calls().is_empty());
}
