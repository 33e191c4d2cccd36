//! `doctor` as an administrator meets it: on the screen, in a pipe, in JSON, with configd there, sealed and gone. What it finds on which host is
//! in tests/systems.rs.

#![expect(clippy::unwrap_used, reason = "the tests' own helpers; a test that cannot run must say so")]

mod common;

use common::{Daemon, Reply};
use insta::assert_snapshot;
use pam_2fa_protocol::admin::{CLOCK_STATUS, EMAIL_REACH, EXPLAIN, KEY_STATUS, STATUS, USER_LIST};
use serde_json::{Value, json};
use std::fs::{create_dir_all, read, read_dir, write};
use std::path::Path;
use tempfile::TempDir;

const COMMON: &str =
    "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n";

/// An image of a Debian host whose sudo asks by that line.
fn image(line: &str) -> TempDir {
    let root = TempDir::new().unwrap();
    let put = |path: &str, text: &str| {
        let path = root.path().join(path);
        create_dir_all(path.parent().unwrap()).unwrap();
        write(path, text).unwrap();
    };
    put("etc/debian_version", "12.11\n");
    put("etc/pam.d/common-auth", COMMON);
    put("etc/pam.d/other", "auth required pam_deny.so\n");
    put("etc/pam.d/sudo", &format!("auth requisite pam_faillock.so preauth\n@include common-auth\n{line}\n"));
    root
}

fn below(root: &TempDir, path: &str) -> Vec<u8> {
    read(root.path().join(path)).unwrap()
}

fn doctor(daemon: &Daemon, root: &TempDir, more: &[&str]) -> String {
    // The settings of the image; those of the fake daemon are elsewhere.
    let config = root.path().join("etc/pam-2fa");
    create_dir_all(&config).unwrap();
    let words = [&["doctor", "--root", root.path().to_str().unwrap()], more].concat();
    daemon.run(&words)
}

/// The last line is the exit status.
fn json_of(said: &str) -> Value {
    serde_json::from_str(said.split("---\n").next().unwrap()).unwrap()
}

fn ids(answer: &Value) -> Vec<&str> {
    answer["findings"].as_array().unwrap().iter().map(|finding| finding["id"].as_str().unwrap()).collect()
}

#[test]
fn a_line_that_fails_open_is_shown_with_its_way_and_with_what_mends_it_in_80_columns() {
    needs_root!();
    let (daemon, root) = (Daemon::absent(), image("auth sufficient pam_2fa.so"));
    let said = doctor(&daemon, &root, &["sudo"]);
    assert_snapshot!(said, @r"
    broken  stack-fails-open
            whom our module denies, or where it is missing, is let in all the same
            at    /etc/pam.d/sudo
            seen  /etc/pam.d/sudo:1 pam_faillock.so says success,
                  /etc/pam.d/common-auth:1 pam_unix.so says success,
                  /etc/pam.d/common-auth:3 pam_permit.so says success,
                  /etc/pam.d/sudo:3 pam_2fa.so says auth_err
            mend  pam-2fa disable sudo && pam-2fa enable sudo
    broken  config-missing
            there are no settings, so configd is sealed at its next start
            at    DIR/config.toml
            mend  install -m 0640 -o root -g pam-2fa /dev/null DIR/config.toml && pam-2fa config edit

    not looked at: sshd, configd, sockets, disk and clock: only a host that runs can
    be asked
    2 broken
    ---
    pam-2fa: 2 things are broken; each says how to mend it
    === 1
    ");
    let long = |line: &&str| line.chars().count() > 80 && !line.trim_start().starts_with("mend ");
    assert_eq!(said.lines().find(long), None);
}

#[test]
fn the_same_in_json_has_every_part_of_a_finding_and_the_count() {
    needs_root!();
    let (daemon, root) = (Daemon::absent(), image("auth sufficient pam_2fa.so"));
    let said = doctor(&daemon, &root, &["sudo", "--json"]);
    let answer = json_of(&said);
    let finding = &answer["findings"][0];
    assert_eq!((&finding["id"], &finding["severity"]), (&json!("stack-fails-open"), &json!("broken")));
    assert_eq!((&finding["service"], &finding["where"]), (&json!("sudo"), &json!("/etc/pam.d/sudo")));
    assert_eq!(finding["mend"], "pam-2fa disable sudo && pam-2fa enable sudo");
    assert!(finding["reason"].is_string() && finding["seen"].as_str().unwrap().contains("pam_2fa.so says"));
    assert_eq!(answer["broken"], 2, "{said}");
    assert!(said.ends_with("=== 1"), "{said}");
}

#[test]
fn where_nothing_is_broken_the_exit_status_is_0_and_the_last_line_says_so() {
    needs_root!();
    let (daemon, root) = (Daemon::absent(), image("auth requisite pam_2fa.so"));
    let config = root.path().join("settings.toml");
    write(&config, "[policy]\nrequired = \"mandatory\"\napplication = \"Example Corp\"\n").unwrap();
    // The settings are looked for below the root.
    let at = daemon.config();
    let inside = root.path().join(at.strip_prefix("/").unwrap());
    create_dir_all(inside.parent().unwrap()).unwrap();
    std::fs::copy(config, inside).unwrap();
    let said = doctor(&daemon, &root, &[]);
    assert!(said.contains("nothing to mend") && said.ends_with("=== 0"), "{said}");
    assert!(said.contains("not looked at: sshd, configd,"), "{said}");
}

#[test]
fn a_service_that_there_is_not_is_no_host_without_findings() {
    needs_root!();
    let (daemon, root) = (Daemon::absent(), image("auth requisite pam_2fa.so"));
    let said = doctor(&daemon, &root, &["sodu"]);
    assert!(said.contains("no service sodu") && said.ends_with("=== 1"), "{said}");
}

/// The colour of a weight, and nothing else, acts on a terminal.
#[test]
fn nothing_that_stands_in_a_file_acts_on_the_terminal() {
    needs_root!();
    let root = image("auth sufficient pam_2fa.so");
    let stack =
        "auth sufficient /lib/pam_\u{1b}[2J\u{9b}x\u{202e}.so\nauth required pam_unix.so\nauth requisite pam_2fa.so\n";
    write(root.path().join("etc/pam.d/sudo"), stack).unwrap();
    let piped = doctor(&Daemon::absent(), &root, &[]);
    let seen = doctor(&Daemon::absent().at_a_terminal_of(80, true), &root, &[]);
    let acts = |text: &str| text.chars().any(|c| (c.is_control() && c != '\n') || c == '\u{202e}');
    assert!(piped.contains("pam_2fa.so") && !acts(&piped), "{piped:?}");
    assert!(seen.contains("\u{1b}[31mbroken  \u{1b}[0m"), "{seen:?}");
    let plain = ["\u{1b}[31m", "\u{1b}[33m", "\u{1b}[0m"].iter().fold(seen, |text, paint| text.replace(paint, ""));
    assert!(!acts(&plain) && plain == piped, "{plain:?}");
}

#[test]
fn a_configd_that_is_gone_is_a_finding_and_not_the_end() {
    needs_root!();
    let said = Daemon::absent().run(&["doctor", "--json"]);
    assert!(ids(&json_of(&said)).contains(&"daemon-silent"), "{said}");
    assert!(said.ends_with("=== 1"), "{said}");
}

#[test]
fn a_sealed_configd_is_a_finding_with_its_own_command() {
    needs_root!();
    let daemon = Daemon::start(|method, _| match method {
        STATUS => vec![Reply::Done(json!({"status": {
            "version": env!("CARGO_PKG_VERSION"), "state": "sealed", "since": "2026-11-20T08:00:00Z",
            "problems": ["/k: this is no key; put the key back with `pam-2fa key import EXPORT`, or from a backup"],
        }}))],
        _ => vec![Reply::Error("io.pam2fa.Admin.Sealed", json!({"reason": "no key"}))],
    });
    let answer = json_of(&daemon.run(&["doctor", "--json"]));
    let sealed =
        answer["findings"].as_array().unwrap().iter().find(|finding| finding["id"] == "daemon-sealed").unwrap();
    assert_eq!(sealed["mend"], "pam-2fa key import EXPORT");
    assert!(!ids(&answer).contains(&"daemon-silent"));
}

fn files(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in read_dir(root).unwrap().map(Result::unwrap) {
        if entry.path().is_dir() {
            all.extend(files(&entry.path()));
        } else {
            all.push((entry.path().display().to_string(), read(entry.path()).unwrap_or_default()));
        }
    }
    all.sort();
    all
}

#[test]
fn doctor_only_asks_and_changes_no_file() {
    needs_root!();
    let daemon = Daemon::start(|method, parameters| match method {
        STATUS => vec![Reply::Done(json!({"status": {
            "version": env!("CARGO_PKG_VERSION"), "state": "running", "since": "2026-11-20T08:00:00Z", "store_generation": 9,
            "required": "mandatory",
        }}))],
        KEY_STATUS => vec![Reply::Done(json!({"id": "7d1f0c52", "place": "credential", "path": "/run/k"}))],
        CLOCK_STATUS => vec![Reply::Done(json!({"wall": "2026-11-28T09:00:00Z", "mark": "2026-11-28T09:00:00Z"}))],
        USER_LIST => vec![Reply::Done(json!({"user": {
            "name": "root", "uid": 0, "verify": "always", "email": "root@host.example.com", "email_verified": true,
        }}))],
        EXPLAIN => vec![Reply::Done(json!({
            "decision": "deny", "reason": "no-method", "class": "ssh", "source": "x", "generation": 1,
            "uid": if parameters["user"] == "root" { json!(1) } else { Value::Null },
        }))],
        // Of a release before.
        EMAIL_REACH => vec![Reply::Error("org.varlink.service.MethodNotFound", json!({"method": EMAIL_REACH}))],
        other => panic!("{other}"),
    });
    daemon.write_config("[policy]\nrequired = \"mandatory\"\napplication = \"Example Corp\"\n");
    let before = (daemon.files(), files(Path::new("/etc/pam.d")));
    let answer = json_of(&daemon.run(&["doctor", "--json"]));
    assert_eq!((daemon.files(), files(Path::new("/etc/pam.d"))), before);
    // configd's root is uid 1 here; its mail is read on this host.
    let found = ids(&answer);
    assert!(["user-view", "user-method", "mailbox-here"].iter().all(|id| found.contains(id)), "{found:?}");
    let facts: Value = json_of(&daemon.run(&["doctor", "--facts"]));
    assert_eq!((&facts["uids"]["root"], &facts["mailboxes"][0]["is_here"]), (&json!(0), &json!(true)));
}

#[test]
fn an_image_is_left_as_it_is() {
    needs_root!();
    let root = image("auth optional pam_2fa.so");
    let before = (below(&root, "etc/pam.d/sudo"), files(root.path()));
    doctor(&Daemon::absent(), &root, &[]);
    assert_eq!((below(&root, "etc/pam.d/sudo"), files(root.path())), before);
}
