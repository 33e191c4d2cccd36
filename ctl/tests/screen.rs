//! What a person sees at a terminal, and what a pipe gets: the real command on a real pseudo-terminal, before a daemon that says
//! hostile things.

#![expect(clippy::unwrap_used, reason = "the tests' own helpers")]

mod common;

use common::{Daemon, Reply};
use nix::pty::{Winsize, openpty};
use pam_2fa_protocol::admin;
use serde_json::{Value, json};
use std::fs::File;
use std::io::Read;
use std::process::{Command, Stdio};

/// An escape sequence, a bell, a C1 control, a bidi override, a tag, a line break and a tab; and letters that take two places.
const HOSTILE: &str = "\u{1b}[31mred\u{7}\u{9b}2J\u{202e}\u{e0041}\n\tend 山田太郎";

fn script(method: &str, _: &Value) -> Vec<Reply> {
    let long = "ada.lovelace.of.the.analytical.engine.department@subdivision.example.com";
    let last = json!({"at": "2026-11-24T03:49:48Z", "service": "sshd", "from": "2001:db8:1:2:3:4:5:6"});
    let user = |name: &str, email: &str| {
        Reply::More(json!({"user": {"name": name, "uid": 1000, "verify": "new_device", "email": email,
            "email_verified": false, "phone": "+15550100", "phone_verified": true, "last_login": last}}))
    };
    match method {
        admin::USER_LIST => {
            vec![user("ada", long), user("山田太郎", "yamada@example.jp"), user("eve", HOSTILE), Reply::Done(json!({}))]
        }
        admin::DEVICE_LIST => vec![
            Reply::More(
                json!({"device": {"id": "K7Q2M9XD", "user": "ada", "uid": 1000, "class": "ssh", "name": HOSTILE,
                "first_used": "2026-11-20T03:49:48Z", "last_used": "2026-11-24T03:49:48Z", "last_from": "2001:db8:1:2::/64",
                "until": "2026-12-24T03:49:48Z"}}),
            ),
            Reply::Done(json!({})),
        ],
        admin::LOG => vec![
            Reply::More(
                json!({"entry": {"at": "2026-11-24T03:49:48Z", "reference": "K7Q2M9XD", "user": HOSTILE, "uid": 1000,
                "peer_uid": 0, "source": "2001:db8:1:2::/64", "service": "sshd", "class": "ssh", "factor": "email",
                "verdict": "deny", "reason": "wrong-code", "generation": 3}}),
            ),
            Reply::More(
                json!({"change": {"at": "2026-11-24T03:49:50Z", "by": "administrator", "user": "ada", "uid": 1000,
                "what": "granted", "detail": "K7Q2M9XD until 2026-11-24T05:49:50Z for sshd: the telephone was lost on the way to work"}}),
            ),
            Reply::Done(json!({})),
        ],
        admin::STATUS => vec![Reply::Done(json!({"status": {
            "version": "0.1.0", "state": "degraded", "since": "2026-11-20T08:00:00Z", "users": 2,
            "problems": ["x"],
            "unhealthy": [{"kind": "channel", "since": "2026-11-20T09:00:00Z", "text": HOSTILE.repeat(4)}],
            "channels": [{"name": "email", "configured": true, "server": "smtp.example.com:465", "last_error": HOSTILE,
                "last_error_at": "2026-11-20T09:00:00Z", "failing_since": "2026-11-20T09:00:00Z"}],
            "sandboxes": [{"process": "configd", "measures": [{"name": "no_capabilities", "on": true}]}]}}))],
        admin::KEY_STATUS => vec![Reply::Done(json!({"id": "k1", "place": "state", "path": "/var/lib/pam-2fa/key",
            "before": "k0"}))],
        _ => vec![Reply::Done(json!({}))],
    }
}

/// Each verb that shows rows.
const VERBS: [&[&str]; 8] = [
    &["user", "list"],
    &["device", "list"],
    &["log"],
    &["status"],
    &["key", "status"],
    &["provider", "list"],
    &["break-glass", "list"],
    &["config", "show"],
];

fn command(daemon: &Daemon, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pam-2fa"));
    command.arg("--runtime-dir").arg(daemon.runtime_dir()).arg("--config").arg(daemon.config()).args(words);
    command.env_clear().env("TERM", "xterm-256color").stdin(Stdio::null());
    command
}

/// What a terminal of so many columns gets.
fn at_a_terminal(mut command: Command, columns: u16) -> String {
    let size = Winsize { ws_row: 24, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let pty = openpty(Some(&size), None).unwrap();
    let (out, err) = (pty.slave.try_clone().unwrap(), pty.slave);
    let mut child = command.stdout(out).stderr(err).spawn().unwrap();
    drop(command);
    let mut text = Vec::new();
    // EIO: the last program at the other side is gone.
    let _ = File::from(pty.master).read_to_end(&mut text);
    assert!(child.wait().unwrap().success());
    String::from_utf8(text).unwrap().replace("\r\n", "\n")
}

fn piped(mut command: Command) -> String {
    let out = command.output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap()
}

/// Without the codes of colours that are ours: whole, and at the ends of a line alone.
fn without_colours(text: &str) -> String {
    let strip = |line: &str| {
        let begun =
            ["\u{1b}[1m", "\u{1b}[31m", "\u{1b}[32m", "\u{1b}[33m"].iter().find_map(|code| line.strip_prefix(code));
        begun.map_or_else(|| line.to_owned(), |line| line.strip_suffix("\u{1b}[0m").unwrap().to_owned())
    };
    text.lines().map(|line| strip(line) + "\n").collect()
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|character| character == '\n' || pam_2fa_settings::text::is_plain(character))
}

/// Columns that a line takes: the wide letters here are these four.
fn columns(line: &str) -> usize {
    line.chars().map(|letter| if "山田太郎".contains(letter) { 2 } else { 1 }).sum()
}

#[test]
fn at_a_terminal_every_list_keeps_within_its_width_and_no_data_acts_on_it() {
    needs_root!();
    let daemon = Daemon::start(script);
    daemon.write_config("[policy]\nrequired = \"optional\"\napplication = \"Corp\"\n");
    for words in VERBS {
        for width in [80_u16, 120] {
            let shown = at_a_terminal(command(&daemon, words), width);
            let text = without_colours(&shown);
            assert!(is_plain(&text), "{words:?}: {shown:?}");
            let most = usize::from(width);
            let long = |line: &&str| columns(line) > most && line.split_whitespace().all(|word| columns(word) < 40);
            // A note beside the answer is a line of its own, and is not laid out.
            let wide: Vec<&str> = text.lines().filter(|line| !line.starts_with("pam-2fa: ")).filter(long).collect();
            assert!(wide.is_empty(), "{words:?} in {width} columns: {wide:#?}");
        }
    }
    let shown = without_colours(&at_a_terminal(command(&daemon, &["user", "list"]), 80));
    assert!(shown.lines().all(|line| columns(line) <= 80) && shown.contains('…'), "{shown}");
    assert!(shown.contains("\n山田太郎  1000"), "{shown}");
}

#[test]
fn a_pipe_gets_all_of_it_in_one_line_each_without_colours() {
    needs_root!();
    let daemon = Daemon::start(script);
    daemon.write_config("[policy]\nrequired = \"optional\"\napplication = \"Corp\"\n");
    for words in VERBS {
        let text = piped(command(&daemon, words));
        assert!(is_plain(&text) && !text.contains('…'), "{words:?}: {text:?}");
    }
    let users = piped(command(&daemon, &["user", "list"]));
    assert!(users.contains("engine.department@subdivision.example.com (not verified)"), "{users}");
    assert_eq!(users.lines().count(), 4);
    let log = piped(command(&daemon, &["log"]));
    assert!(log.lines().any(|line| line.ends_with("the telephone was lost on the way to work")), "{log}");
}

#[test]
fn colours_are_for_a_terminal_that_has_them_and_for_who_wants_them() {
    needs_root!();
    let daemon = Daemon::start(script);
    let with = |name: &str, value: &str| {
        let mut command = command(&daemon, &["status"]);
        command.env(name, value);
        at_a_terminal(command, 80)
    };
    let coloured = with("NO_COLOR", "");
    assert!(coloured.starts_with("\u{1b}[33mstate"), "{coloured:?}");
    assert!(coloured.contains("\u{1b}[31mproblem:"), "{coloured:?}");
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb"), ("TERM", "")] {
        let plain = with(name, value);
        assert!(!plain.contains('\u{1b}'), "{name}={value}: {plain:?}");
        assert_eq!(plain, without_colours(&coloured), "{name}={value}");
    }
}

#[test]
fn a_terminal_that_does_not_say_how_wide_it_is_has_eighty_columns() {
    needs_root!();
    let daemon = Daemon::start(script);
    let shown = |width| at_a_terminal(command(&daemon, &["user", "list"]), width);
    assert_eq!(shown(0), shown(80));
}

#[test]
fn progress_is_for_who_looks_and_leaves_nothing_behind() {
    needs_root!();
    let daemon =
        Daemon::start(|_, _| vec![Reply::Done(json!({"wrong": [], "made": 1, "changed": 0, "same": 0, "unknown": 0}))]);
    let file = daemon.runtime_dir().join("users.csv");
    std::fs::write(&file, "name\nada\n").unwrap();
    let words = ["user", "import", file.to_str().unwrap(), "--dry-run"];
    let seen = at_a_terminal(command(&daemon, &words), 80);
    assert!(seen.contains("\rchecking [##############################] 1 of 1\r\u{1b}[K"), "{seen:?}");
    let bar = seen.split('\r').find(|part| part.starts_with("checking")).unwrap();
    assert!(bar.len() < 80, "{bar}");
    let out = command(&daemon, &words).output().unwrap();
    assert_eq!(String::from_utf8(out.stderr).unwrap(), "");
    assert_eq!(String::from_utf8(out.stdout).unwrap(), "would be made 1, would be changed 0, as they are 0\n");
}
