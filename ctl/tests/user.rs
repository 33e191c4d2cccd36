//! `user`, `test` and `status` as an administrator sees them.

mod common;

use common::{Daemon, Reply};
use insta::assert_snapshot;
use pam_2fa_protocol::admin;
use serde_json::{Value, json};

fn ada() -> Value {
    json!({"name": "ada", "uid": 1000, "verify": "new_device", "email": "ada@example.com", "email_verified": true,
           "last_login": {"at": "2026-11-20T08:00:00Z", "service": "sshd", "from": "192.0.2.7"}})
}

#[test]
fn the_list_is_in_aligned_columns_and_nothing_in_it_acts_on_the_terminal() {
    needs_root!();
    let daemon = Daemon::start(|_, _| {
        let eve = json!({"name": "eve\u{1b}[2J", "uid": 100_001, "verify": "always", "email": "e@example.com",
                         "phone": "+15550100", "locked": "until 10:00", "later": "unknown fields are ignored"});
        vec![Reply::More(json!({"user": ada()})), Reply::Done(json!({"user": eve}))]
    });
    assert_snapshot!(daemon.run(&["user", "list"]), @r"
    NAME    UID     VERIFY      EMAIL                         PHONE                     ALSO    LAST LOGIN
    ada     1000    new-device  ada@example.com               -                         -       2026-11-20T08:00:00Z sshd from 192.0.2.7
    eve[2J  100001  always      e@example.com (not verified)  +15550100 (not verified)  locked  -
    ---
    === 0
    ");
    assert_eq!(daemon.calls(), ["UserList more {}"]);
    let json = daemon.run(&["user", "list", "--json"]);
    assert!(json.contains("eve\\u001b[2J"), "{json}");
    let text = json.split("---").next().unwrap_or_default();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap()["users"][0]["name"], "ada");
}

#[test]
fn an_empty_list_says_how_to_begin() {
    needs_root!();
    let daemon = Daemon::start(|_, _| vec![Reply::Done(json!({}))]);
    assert_snapshot!(daemon.run(&["user", "list"]), @r"
    no user has a record; make one with `pam-2fa user set USER --email ADDRESS`
    ---
    === 0
    ");
    assert_snapshot!(daemon.run(&["user", "list", "--json"]), @r#"
    {
      "users": []
    }
    ---
    === 0
    "#);
}

#[test]
fn one_user_is_shown_whole() {
    needs_root!();
    let daemon = Daemon::start(|_, _| {
        let mut user = ada();
        user["locked"] = json!("after 3 wrong codes, until 10:00");
        user["language"] = json!("en");
        vec![Reply::Done(json!({"user": user}))]
    });
    assert_snapshot!(daemon.run(&["user", "show", "ada"]), @r"
    name        ada
    uid         1000
    verify      new-device
    email       ada@example.com
    phone       -
    language    en
    last login  2026-11-20T08:00:00Z sshd from 192.0.2.7
    locked      after 3 wrong codes, until 10:00
    ---
    === 0
    ");
    assert_eq!(daemon.calls(), ["UserShow {\"name\":\"ada\"}"]);
}

#[test]
fn the_last_login_is_shown_with_its_time_place_and_device() {
    needs_root!();
    let daemon = Daemon::start(|method, _| {
        let mut user = ada();
        user["last_login"] = if method == admin::USER_UNLOCK {
            json!({"at": "2026-11-20T08:00:00Z", "service": "login", "device": "console seat0\u{1b}[2J"})
        } else {
            let key = "key SHA256:uNiVztksCsDhcc0u9e8BgrJXVUDKzIIGzQyUCgMcLDs from 192.0.2.7/32";
            json!({"at": "2026-11-20T08:00:00Z", "service": "sshd", "from": "192.0.2.7", "device": key})
        };
        vec![Reply::Done(json!({"user": user}))]
    });
    let last = |args: &[&str]| {
        let shown = daemon.run(args);
        shown.lines().find(|line| line.starts_with("last login")).unwrap().to_owned()
    };
    assert_snapshot!(last(&["user", "show", "ada"]), @r"
    last login  2026-11-20T08:00:00Z sshd from 192.0.2.7, key SHA256:uNiVztksCsDhcc0u9e8BgrJXVUDKzIIGzQyUCgMcLDs from 192.0.2.7/32
    ");
    assert_snapshot!(last(&["user", "unlock", "ada"]), @r"
    last login  2026-11-20T08:00:00Z login, console seat0[2J
    ");
    // A list is of many users, and wide enough: it has the time and the place.
    let list = daemon.run(&["user", "list"]);
    assert!(list.contains("sshd from 192.0.2.7\n") && !list.contains("SHA256"), "{list}");
    let json = daemon.run(&["user", "show", "ada", "--json"]);
    let answer: Value = serde_json::from_str(json.split("---").next().unwrap_or_default()).unwrap();
    assert!(answer["user"]["last_login"]["device"].as_str().unwrap().starts_with("key SHA256:"), "{json}");
}

#[test]
fn a_user_is_unlocked_and_shown() {
    needs_root!();
    let daemon = Daemon::start(|_, parameters| match parameters["name"].as_str() {
        Some("ada") => vec![Reply::Done(json!({"user": ada()}))],
        _ => vec![Reply::Error(admin::NOT_FOUND, json!({"what": "bob has no record"}))],
    });
    assert_snapshot!(daemon.run(&["user", "unlock", "ada"]), @r"
    name        ada
    uid         1000
    verify      new-device
    email       ada@example.com
    phone       -
    language    -
    last login  2026-11-20T08:00:00Z sshd from 192.0.2.7
    wrong codes are forgotten, and the next code is heard at once
    ---
    === 0
    ");
    assert_eq!(daemon.calls(), ["UserUnlock {\"name\":\"ada\"}"]);
    let json = daemon.run(&["user", "unlock", "ada", "--json"]);
    let text = json.split("---").next().unwrap_or_default();
    assert_eq!(serde_json::from_str::<Value>(text).unwrap()["user"]["name"], "ada");
    assert_snapshot!(daemon.run(&["user", "unlock", "bob"]), @r"
    ---
    pam-2fa: bob has no record
    === 1
    ");
}

#[test]
fn a_user_who_is_not_there_is_exit_status_1() {
    needs_root!();
    let daemon =
        Daemon::start(|_, _| vec![Reply::Error(admin::NOT_FOUND, json!({"what": "no user bob on this host"}))]);
    assert_snapshot!(daemon.run(&["user", "show", "bob"]), @r"
    ---
    pam-2fa: no user bob on this host
    === 1
    ");
}

#[test]
fn an_address_that_nobody_proved_says_the_next_step() {
    needs_root!();
    let daemon = Daemon::start(|_, _| {
        let user = json!({"name": "ada", "uid": 1000, "verify": "always", "email": "ada@example.com"});
        vec![Reply::Done(json!({"user": user, "notes": ["policy.required is \"disabled\": nobody is asked"]}))]
    });
    assert_snapshot!(daemon.run(&["user", "set", "ada", "--email", "ada@EXAMPLE.com", "--verify", "always"]), @r#"
    name        ada
    uid         1000
    verify      always
    email       ada@example.com (not verified)
    phone       -
    language    -
    last login  -
    note: policy.required is "disabled": nobody is asked
    next: the address is not verified; run `pam-2fa user verify ada email`
    ---
    === 0
    "#);
    assert_eq!(
        daemon.calls(),
        [r#"UserSet {"email":"ada@example.com","name":"ada","trusted":false,"verify":"always"}"#]
    );
}

#[test]
fn an_address_that_is_read_on_this_host_is_taken_and_said_to_be_no_second_factor() {
    needs_root!();
    let user = |email: &str, verified: bool| json!({"name": "ada", "uid": 1000, "verify": "always", "email": email, "email_verified": verified});
    let daemon = Daemon::start(move |method, parameters| match method {
        admin::USER_SET => {
            vec![Reply::Done(json!({"user": user(parameters["email"].as_str().unwrap_or("a@host.example.com"), true)}))]
        }
        admin::USER_VERIFY_BEGIN => verifying(method, parameters),
        _ => vec![Reply::Done(json!({"user": user("ada@host.example.com", true)}))],
    });
    let warning = "pam-2fa: ada@host.example.com is read on this host (its Postfix delivers mail for host.example.com), and a \
                   mailbox that is read here, or with the same password, is no second factor; take one that is read elsewhere, \
                   with another password\n";
    let set = daemon.run(&["user", "set", "ada", "--email", "ada@host.example.com", "--trusted"]);
    assert!(set.ends_with(&format!("---\n{warning}=== 0")), "{set}");
    let verified = daemon.run_typing(&["user", "verify", "ada", "email"], "123456\n");
    assert!(verified.ends_with(&format!("tag 7F: {warning}=== 0")), "{verified}");

    let unknown = daemon.run(&["user", "set", "ada", "--email", "ada@silent.example.com", "--trusted"]);
    assert!(unknown.contains(
        "---\npam-2fa: where mail for silent.example.com goes could not be looked up (no answer within 3 s); "
    ));

    // In JSON it stands with the other notes.
    for words in [
        &["user", "set", "ada", "--email", "ada@host.example.com", "--json"][..],
        &["user", "verify", "ada", "email", "--json"],
    ] {
        let shown = daemon.run_typing(words, "123456\n");
        let (json, said) = shown.split_once("---").unwrap();
        let answer: Value = serde_json::from_str(json).unwrap();
        assert!(
            answer["notes"][0].as_str().unwrap().starts_with("ada@host.example.com is read on this host"),
            "{shown}"
        );
        assert!(!said.contains("read on this host"), "{shown}");
    }

    // Nothing is looked up where no address is given, and nothing said of one that is read elsewhere.
    for words in [
        &["user", "set", "ada", "--verify", "always"][..],
        &["user", "set", "ada", "--email", "a@example.com", "--trusted"],
    ] {
        assert!(daemon.run(words).ends_with("---\n=== 0"), "{words:?}");
    }
}

#[test]
fn a_trusted_address_needs_no_next_step() {
    needs_root!();
    let daemon = Daemon::start(|_, _| vec![Reply::Done(json!({"user": ada()}))]);
    let shown = daemon.run(&["user", "set", "ada", "--email", "ada@example.com", "--trusted"]);
    assert!(shown.ends_with("---\n=== 0") && !shown.contains("next"), "{shown}");
    assert_eq!(daemon.calls(), [r#"UserSet {"email":"ada@example.com","name":"ada","trusted":true}"#]);
    daemon.run(&["user", "set", "ada", "--email", "", "--phone", ""]);
    assert_eq!(daemon.calls()[1], r#"UserSet {"email":"","name":"ada","phone":"","trusted":false}"#);
}

#[test]
fn wrong_usage_is_one_line_and_reaches_no_daemon() {
    needs_root!();
    let daemon = Daemon::start(|_, _| vec![]);
    for args in [
        &["user", "set", "ada"][..],
        &["user", "set", "ada", "--email", "ada"],
        &["user", "set", "ada", "--email", "a@b\r\nc: d"],
        &["user", "set", "ada", "--phone", "0155"],
        &["user", "set", "ada", "--verify", "sometimes"],
        &["user", "set", "ada", "--verify", "always", "--trusted"],
        &["user", "set", "ada", "--email", "", "--trusted"],
        &["user", "set", "", "--verify", "always"],
        &["user", "verify", "ada", "pigeon"],
        &["user", "forget", "ada"],
        &["user", "set", "ada", "--prefer", "pigeon"],
        &["user", "invite"],
        &["user", "grant", "ada"],
        &["user", "grant", "ada", "--reason", " "],
        &["user", "grant", "ada", "--reason", "a\nb"],
        &["user", "grant", "ada", "--reason", "x", "--for", "8d"],
        &["user", "grant", "ada", "--reason", "x", "--for", "30s"],
        &["user", "grant", "ada", "--reason", "x", "--for", "2"],
        &["user", "grant", "ada", "--reason", "x", "--from", "192.0.2.1/24"],
        &["user", "grant", "ada", "--reason", "x", "--from", "host"],
        &["user", "import"],
        &["test", "email", "ada"],
        &["device", "revoke"],
        &["device", "revoke", ""],
        &["device", "revoke", "K7Q2M9XD", "--user", "ada"],
        &["device", "list", "ada", "bob"],
        &["status", "--jsn\u{1b}[31m"],
    ] {
        let shown = daemon.run(args);
        assert!(shown.starts_with("---\npam-2fa: ") && shown.ends_with("=== 2"), "{args:?}: {shown}");
        assert_eq!(shown.lines().count(), 3, "{args:?}: {shown}");
        assert!(!shown.contains('\u{1b}'), "{shown}");
    }
    assert!(daemon.calls().is_empty());
}

fn verifying(method: &str, parameters: &Value) -> Vec<Reply> {
    match method {
        admin::USER_VERIFY_BEGIN => vec![
            Reply::More(json!({"step": "connected to 192.0.2.1:465"})),
            Reply::Done(json!({"outcome": {"class": "accepted", "said": "250 2.0.0 queued as 1"}, "tag": "7F"})),
        ],
        _ if parameters["code"] == "123456" => vec![Reply::Done(json!({"user": ada()}))],
        _ => vec![Reply::Error(admin::REFUSED, json!({"reasons": ["wrong code, 2 tries left"]}))],
    }
}

#[test]
fn a_code_is_sent_asked_for_and_handed_back() {
    needs_root!();
    let daemon = Daemon::start(verifying);
    assert_snapshot!(daemon.run_typing(&["user", "verify", "ada", "email"], " 123456 \n"), @r"
    connected to 192.0.2.1:465
    accepted: 250 2.0.0 queued as 1
    name        ada
    uid         1000
    verify      new-device
    email       ada@example.com
    phone       -
    language    -
    last login  2026-11-20T08:00:00Z sshd from 192.0.2.7
    ---
    Code from the message with the tag 7F: === 0
    ");
    assert_eq!(
        daemon.calls(),
        [
            r#"UserVerifyBegin more {"channel":"email","name":"ada"}"#,
            r#"UserVerifyFinish {"channel":"email","code":"123456","name":"ada"}"#
        ]
    );
    let json = daemon.run_typing(&["user", "verify", "ada", "email", "--json"], "123456\n");
    let text = json.split("---").next().unwrap_or_default();
    let answer: Value = serde_json::from_str(text).unwrap();
    assert_eq!((&answer["tag"], &answer["user"]["name"]), (&json!("7F"), &json!("ada")));
}

#[test]
fn a_wrong_code_is_the_daemons_word_and_no_code_reaches_it_when_none_is_typed() {
    needs_root!();
    let daemon = Daemon::start(verifying);
    assert_snapshot!(daemon.run_typing(&["user", "verify", "ada", "email"], "000000\n"), @r"
    connected to 192.0.2.1:465
    accepted: 250 2.0.0 queued as 1
    ---
    Code from the message with the tag 7F: pam-2fa: wrong code, 2 tries left
    === 1
    ");
    for typed in ["", "\n", "  \n", "\u{0}\n"] {
        let shown = daemon.run_typing(&["user", "verify", "ada", "email"], typed);
        assert!(shown.ends_with("=== 1"), "{shown}");
    }
    let finishes = daemon.calls().iter().filter(|call| call.starts_with("UserVerifyFinish")).count();
    assert_eq!(finishes, 2, "the wrong one, and the NUL, which is the daemon's to refuse");
}

#[test]
fn nobody_is_asked_for_a_code_that_was_not_sent() {
    needs_root!();
    let daemon = Daemon::start(|_, _| {
        vec![Reply::Done(
            json!({"outcome": {"class": "temporary", "reason": "unreachable", "said": "no route to host"}}),
        )]
    });
    assert_snapshot!(daemon.run_typing(&["user", "verify", "ada", "email"], "123456\n"), @r"
    ---
    pam-2fa: not sent: not now (nobody answers, or not in time): no route to host; check email.server, email.port and email.tls
    === 1
    ");
    assert_eq!(daemon.calls().len(), 1);
}

fn sending(_: &str, parameters: &Value) -> Vec<Reply> {
    match parameters["to"].as_str() {
        Some("ada@example.com") => vec![
            Reply::More(json!({"step": "connected to 192.0.2.1:465"})),
            Reply::More(json!({"step": "greeted: 220 mx\u{1b}]0;x\u{7} ESMTP\r\n220 more"})),
            Reply::More(json!({"step": "accepted: 250 2.0.0 queued as 4Fz"})),
            Reply::Done(json!({"outcome": {"class": "accepted", "said": "250 2.0.0 queued as 4Fz"}})),
        ],
        Some("bob@example.com") => vec![Reply::Done(json!({"outcome":
            {"class": "rate_limited", "retry_after_s": 30, "said": "450 4.7.1 slow down"}}))],
        Some("eve@example.com") => vec![Reply::Done(json!({"outcome":
            {"class": "auth_error", "reason": "credentials", "said": "535 5.7.8 no"}}))],
        Some("mid@example.com") => vec![Reply::More(json!({"step": "connected"})), Reply::Close],
        Some("new@example.com") => vec![Reply::Done(json!({"outcome": {"class": "of_a_later_release", "said": "x"}}))],
        _ => vec![Reply::Done(json!({}))],
    }
}

#[test]
fn a_test_message_shows_each_step_and_the_servers_own_words() {
    needs_root!();
    let daemon = Daemon::start(sending);
    assert_snapshot!(daemon.run(&["test", "email", "ada@example.com"]), @r"
    connected to 192.0.2.1:465
    greeted: 220 mx]0;x ESMTP 220 more
    accepted: 250 2.0.0 queued as 4Fz
    ---
    === 0
    ");
    assert_snapshot!(daemon.run(&["test", "email", "bob@example.com"]), @r"
    ---
    pam-2fa: not sent: too many messages: 450 4.7.1 slow down; try again in 30 s
    === 1
    ");
    assert_snapshot!(daemon.run(&["test", "email", "eve@example.com"]), @r"
    ---
    pam-2fa: not sent: refused at sign-in (wrong user or password): 535 5.7.8 no; check email.user and email.password
    === 1
    ");
    assert_snapshot!(daemon.run(&["test", "email", "mid@example.com"]), @r"
    connected
    ---
    pam-2fa: configd ended the connection at DIR/admin.sock without an answer; see `journalctl -u pam-2fa-configd`
    === 3
    ");
    assert_snapshot!(daemon.run(&["test", "email", "new@example.com"]), @r"
    ---
    pam-2fa: not sent: not now: x
    === 1
    ");
    assert_snapshot!(daemon.run(&["test", "email", "none@example.com"]), @r"
    ---
    pam-2fa: not sent: configd did not say what became of it; see `journalctl -u pam-2fa-configd`
    === 1
    ");
    assert_snapshot!(daemon.run(&["test", "email", "bob@example.com", "--json"]), @r#"
    {
      "steps": [],
      "outcome": {
        "class": "rate_limited",
        "retry_after_s": 30,
        "said": "450 4.7.1 slow down"
      }
    }
    ---
    pam-2fa: not sent: too many messages: 450 4.7.1 slow down; try again in 30 s
    === 1
    "#);
}

#[test]
fn the_status_says_what_is_on_and_what_is_unhealthy() {
    needs_root!();
    let daemon = Daemon::start(|_, _| {
        vec![Reply::Done(json!({"status": {
            "version": "0.1.0", "state": "degraded", "since": "2026-11-20T08:00:00Z",
            "problems": ["email.password: this is in plain text: run `pam-2fa config seal`"],
            "required": "mandatory", "application": "Example Corp", "generation": 3, "key_id": "k1", "users": 12,
            "channels": [
                {"name": "email", "configured": true, "server": "smtp.example.com:465",
                 "last_success": "2026-11-20T09:00:00Z", "last_error": "450 busy\nagain", "last_error_at": "2026-11-20T08:59:00Z"},
                {"name": "email.backup.second", "configured": true, "server": "smtp.example.net:587"},
                {"name": "sms", "configured": false}]}}))]
    });
    assert_snapshot!(daemon.run(&["status"]), @r"
    state                degraded: it works, and something must be seen to
    since                2026-11-20T08:00:00Z
    version              0.1.0
    required             mandatory: everyone is asked
    application          Example Corp
    settings             generation 3
    key                  k1
    users                12
    email                smtp.example.com:465, last accepted 2026-11-20T09:00:00Z, last error 2026-11-20T08:59:00Z: 450 busy again
    email.backup.second  smtp.example.net:587, nothing accepted yet
    sms                  not set up
    problem: email.password: this is in plain text: run `pam-2fa config seal`
    ---
    === 0
    ");
    let daemon = Daemon::start(|_, _| {
        vec![Reply::Done(json!({"status": {"version": "0.1.0", "state": "sealed", "since": "2026-11-20T08:00:00Z",
                                          "problems": ["no key: restore it with the recovery export"]}}))]
    });
    assert_snapshot!(daemon.run(&["status"]), @r"
    state    sealed: every login that would be asked is denied
    since    2026-11-20T08:00:00Z
    version  0.1.0
    problem: no key: restore it with the recovery export
    ---
    === 0
    ");
}
