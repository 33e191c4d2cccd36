//! `pam-2fa log`: what an administrator sees of it, and what is asked for.

mod common;

use common::{Daemon, Reply};
use insta::assert_snapshot;
use pam_2fa_protocol::admin;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};

fn entry(at: &str, user: &str, service: &str, source: &str, verdict: &str, reason: &str) -> Reply {
    Reply::More(json!({"entry": {
        "at": at, "reference": "K7Q2M9XD", "user": user, "uid": 1000, "peer_uid": 0, "source": source, "service": service,
        "class": "ssh", "factor": "email", "verdict": verdict, "reason": reason, "generation": 3}}))
}

fn script(_method: &str, parameters: &Value) -> Vec<Reply> {
    if parameters["user"] == "eve" {
        return vec![Reply::Done(json!({}))];
    }
    if parameters["user"] == "mallory" {
        let (user, service) = ("m\u{1b}[2J\u{202e}", "s\u{9b}");
        let hostile = entry("2026-11-24T03:49:48Z", user, service, "local", "of-a-later-release", "bad-name");
        return vec![hostile, Reply::Done(json!({"damaged": 2}))];
    }
    vec![
        Reply::More(json!({"decoys": {"hour": "2026-11-23T23:00:00Z", "service": "sshd", "count": 412}})),
        entry("2026-11-23T23:59:59Z", "ada", "sshd", "192.0.2.7/32", "allow", "code-by-email"),
        entry("2026-11-24T03:49:48Z", "ada", "sshd", "203.0.113.200/32", "max_tries", "wrong-code"),
        Reply::More(json!({"change": {"at": "2026-11-24T03:49:50Z", "by": "administrator", "user": "ada", "uid": 1000,
            "what": "granted", "detail": "K7Q2M9XD until 2026-11-24T05:49:50Z for sshd: ticket 4711\u{1b}[2J"}})),
        entry("2026-11-24T03:50:00Z", "christopher", "polkit-1", "local", "unavailable", "store"),
        entry("2026-11-24T03:50:01Z", "bob", "cron", "local", "not_subject", "ignored-service"),
        entry("2026-11-24T03:50:02Z", "bob", "sshd", "2001:db8:1:2::/64", "deny", "no-method"),
        Reply::Done(json!({})),
    ]
}

#[test]
fn the_log_is_a_table_of_eighty_columns_with_a_line_for_each_day() {
    needs_root!();
    let shown = Daemon::start(script).run(&["log"]);
    let longest = shown
        .lines()
        .filter(|line| line.contains("ada") && !line.contains("change"))
        .map(|line| line.chars().count())
        .max()
        .unwrap();
    assert!(longest <= 80, "{longest}\n{shown}");
    assert_snapshot!(shown, @r"
    2026-11-23 (UTC)
    23:00:00  -         deny    412 wrong first factors within the hour, sshd
    23:59:59  K7Q2M9XD  allow   ada       sshd     192.0.2.7        code-by-email
    2026-11-24 (UTC)
    03:49:48  K7Q2M9XD  locked  ada       sshd     203.0.113.200    wrong-code
    03:49:50  -         change  ada       by an administrator: granted: K7Q2M9XD until 2026-11-24T05:49:50Z for sshd: ticket 4711[2J
    03:50:00  K7Q2M9XD  error   christopher  polkit-1  local            store
    03:50:01  K7Q2M9XD  exempt  bob       cron     local            ignored-service
    03:50:02  K7Q2M9XD  deny    bob       sshd     2001:db8:1:2::/64  no-method
    ---
    === 0
    ");
}

#[test]
fn in_json_each_line_is_an_object() {
    needs_root!();
    let shown = Daemon::start(script).run(&["--json", "log"]);
    for line in shown.lines().take(7) {
        assert!(serde_json::from_str::<Value>(line).unwrap().is_object());
    }
    assert_snapshot!(shown, @r#"
    {"hour":"2026-11-23T23:00:00Z","service":"sshd","count":412}
    {"at":"2026-11-23T23:59:59Z","reference":"K7Q2M9XD","user":"ada","uid":1000,"peer_uid":0,"source":"192.0.2.7/32","service":"sshd","class":"ssh","factor":"email","verdict":"allow","reason":"code-by-email","generation":3}
    {"at":"2026-11-24T03:49:48Z","reference":"K7Q2M9XD","user":"ada","uid":1000,"peer_uid":0,"source":"203.0.113.200/32","service":"sshd","class":"ssh","factor":"email","verdict":"max_tries","reason":"wrong-code","generation":3}
    {"change":{"at":"2026-11-24T03:49:50Z","by":"administrator","user":"ada","uid":1000,"what":"granted","detail":"K7Q2M9XD until 2026-11-24T05:49:50Z for sshd: ticket 4711\u001b[2J"}}
    {"at":"2026-11-24T03:50:00Z","reference":"K7Q2M9XD","user":"christopher","uid":1000,"peer_uid":0,"source":"local","service":"polkit-1","class":"ssh","factor":"email","verdict":"unavailable","reason":"store","generation":3}
    {"at":"2026-11-24T03:50:01Z","reference":"K7Q2M9XD","user":"bob","uid":1000,"peer_uid":0,"source":"local","service":"cron","class":"ssh","factor":"email","verdict":"not_subject","reason":"ignored-service","generation":3}
    {"at":"2026-11-24T03:50:02Z","reference":"K7Q2M9XD","user":"bob","uid":1000,"peer_uid":0,"source":"2001:db8:1:2::/64","service":"sshd","class":"ssh","factor":"email","verdict":"deny","reason":"no-method","generation":3}
    ---
    === 0
    "#);
}

#[test]
fn what_is_damaged_empty_or_hostile_is_told_and_harmless() {
    needs_root!();
    let daemon = Daemon::start(script);
    let shown = ["eve", "mallory"].map(|user| daemon.run(&["log", "--user", user]));
    assert_snapshot!(shown.join("\n"), @r"
    nothing was decided or changed in that time
    ---
    === 0
    2026-11-24 (UTC)
    03:49:48  K7Q2M9XD  deny    m[2J    s       local            bad-name
    2 damaged lines left out; look at the disk, and at the journal for those decisions
    ---
    === 0
    ");
}

#[test]
fn what_is_asked_for_is_user_time_and_whether_to_follow() {
    needs_root!();
    let daemon = Daemon::start(script);
    daemon.run(&["log"]);
    daemon.run(&["log", "--since", "2h"]);
    daemon.run(&["log", "--since", "3 days", "--user", "ada"]);
    daemon.run(&["log", "--since", "2026-11-24"]);
    daemon.run(&["log", "--since", "2026-11-24T04:00:00Z", "--follow"]);
    assert_snapshot!(daemon.calls().join("\n"), @r#"
    Log more {"follow":false}
    Log more {"ago_s":7200,"follow":false}
    Log more {"ago_s":259200,"follow":false,"user":"ada"}
    Log more {"follow":false,"since":"2026-11-24"}
    Log more {"follow":true,"since":"2026-11-24T04:00:00Z"}
    "#);
    assert_snapshot!(daemon.run(&["log", "--since", "yesterday"]), @r#"
    ---
    pam-2fa: invalid value 'yesterday' for '--since <TIME>': write 2h, "3 days", 2026-11-24 or 2026-11-24T04:00:00Z; see `pam-2fa --help`
    === 2
    "#);
}

#[test]
fn a_followed_log_goes_on_after_a_restart_and_shows_each_line_once() {
    needs_root!();
    let calls = AtomicUsize::new(0);
    let daemon = Daemon::start(move |_, _| {
        let first = || entry("2026-11-24T03:49:48Z", "ada", "sshd", "192.0.2.7/32", "allow", "code-by-email");
        let decoys = || Reply::More(json!({"decoys": {"hour": "2026-11-24T02:00:00Z", "service": "sshd", "count": 7}}));
        match calls.fetch_add(1, Ordering::Relaxed) {
            0 => vec![decoys(), first(), Reply::Close],
            // What was decided in the same second, and after it.
            1 => vec![
                decoys(),
                first(),
                entry("2026-11-24T03:49:48Z", "bob", "sshd", "192.0.2.7/32", "allow", "code-by-email"),
                entry("2026-11-24T03:50:00Z", "eve", "sshd", "192.0.2.7/32", "deny", "wrong-code"),
                Reply::Close,
            ],
            _ => vec![Reply::Error(admin::SEALED, json!({"reason": "no key"}))],
        }
    });
    assert_snapshot!(daemon.run(&["log", "--follow"]), @r"
    2026-11-24 (UTC)
    02:00:00  -         deny    7 wrong first factors within the hour, sshd
    03:49:48  K7Q2M9XD  allow   ada       sshd     192.0.2.7        code-by-email
    03:49:48  K7Q2M9XD  allow   bob       sshd     192.0.2.7        code-by-email
    03:50:00  K7Q2M9XD  deny    eve       sshd     192.0.2.7        wrong-code
    ---
    pam-2fa: configd has ended the connection; what it decides is shown on when it is back
    pam-2fa: configd has ended the connection; what it decides is shown on when it is back
    pam-2fa: configd is sealed and denies every login: no key
    === 1
    ");
    assert_snapshot!(daemon.calls().join("\n"), @r#"
    Log more {"follow":true}
    Log more {"follow":true,"since":"2026-11-24T03:49:48Z"}
    Log more {"follow":true,"since":"2026-11-24T03:50:00Z"}
    "#);
    let refuses =
        Daemon::start(|_, _| vec![Reply::Error(admin::REFUSED, json!({"reasons": ["2026-13-01 is no time"]}))]);
    assert_snapshot!(refuses.run(&["log", "--since", "2026-13-01"]), @r"
    ---
    pam-2fa: 2026-13-01 is no time
    === 1
    ");
}
