//! Daemons that are not there, not root's, silent, garbled, or of another release.

#![expect(clippy::unwrap_used, reason = "the tests' own helpers")]

mod common;

use common::{Daemon, Reply};
use insta::assert_snapshot;
use pam_2fa_protocol::admin;
use serde_json::json;
use std::fs::{copy, set_permissions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// `nobody`, by number: the tests do not depend on the host's list of users.
const NOBODY: u32 = 65_534;

#[test]
fn a_daemon_that_is_not_there_is_exit_status_3_and_says_how_to_start_it() {
    needs_root!();
    assert_snapshot!(Daemon::absent().run(&["status"]), @r"
    ---
    pam-2fa: configd cannot be reached at DIR/admin.sock: No such file or directory (os error 2); start it with `systemctl start pam-2fa-configd`
    === 3
    ");
    let stale = Daemon::absent();
    drop(UnixListener::bind(stale.runtime_dir().join("admin.sock")).unwrap());
    assert_snapshot!(stale.run(&["user", "list"]), @r"
    ---
    pam-2fa: configd cannot be reached at DIR/admin.sock: Connection refused (os error 111); start it with `systemctl start pam-2fa-configd`
    === 3
    ");
}

#[test]
fn what_the_daemon_refuses_is_one_line_each_and_exit_status_1() {
    needs_root!();
    let daemon = Daemon::start(|_, parameters| {
        vec![match parameters["name"].as_str() {
            Some("a") => Reply::Error(admin::NOT_PERMITTED, json!({})),
            Some("b") => Reply::Error(admin::SEALED, json!({"reason": "no key"})),
            Some("c") => Reply::Error(admin::REFUSED, json!({"reasons": ["one\u{1b}[2J", "two"]})),
            Some("d") => Reply::Error("org.varlink.service.MethodNotFound", json!({"method": "x"})),
            Some("e") => Reply::Error("io.pam2fa.Admin.OfALaterRelease", json!({})),
            Some("f") => Reply::Raw(b"hello\0".to_vec()),
            Some("g") => Reply::Raw(b"{\"parameters\":{\"user\":{\"name\":1}}}\0".to_vec()),
            Some("h") => Reply::Raw(vec![b'x'; 20_000]),
            Some("i") => Reply::Error(admin::REFUSED, json!({})),
            _ => Reply::Close,
        }]
    });
    let shown: Vec<String> = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"]
        .iter()
        .map(|user| daemon.run(&["user", "show", user]))
        .collect();
    assert_snapshot!(shown.join("\n"), @r"
    ---
    pam-2fa: configd takes no orders from this process at DIR/admin.sock; run it as root of this host
    === 1
    ---
    pam-2fa: configd is sealed and denies every login: no key
    === 1
    ---
    pam-2fa: one[2J
    pam-2fa: two
    === 1
    ---
    pam-2fa: configd and this command do not understand each other at DIR/admin.sock (org.varlink.service.MethodNotFound); they are of two releases: `systemctl restart pam-2fa-configd`
    === 1
    ---
    pam-2fa: configd and this command do not understand each other at DIR/admin.sock (io.pam2fa.Admin.OfALaterRelease); they are of two releases: `systemctl restart pam-2fa-configd`
    === 1
    ---
    pam-2fa: configd and this command do not understand each other at DIR/admin.sock (not a message of this interface (Syntax, column 1)); they are of two releases: `systemctl restart pam-2fa-configd`
    === 1
    ---
    pam-2fa: configd and this command do not understand each other at DIR/admin.sock (not a message of this interface (Data, column 17)); they are of two releases: `systemctl restart pam-2fa-configd`
    === 1
    ---
    pam-2fa: configd and this command do not understand each other at DIR/admin.sock (a frame is longer than 16384 bytes); they are of two releases: `systemctl restart pam-2fa-configd`
    === 1
    ---
    pam-2fa: configd and this command do not understand each other at DIR/admin.sock (not a message of this interface (Data, column 2)); they are of two releases: `systemctl restart pam-2fa-configd`
    === 1
    ---
    pam-2fa: configd ended the connection at DIR/admin.sock without an answer; see `journalctl -u pam-2fa-configd`
    === 3
    ");
}

#[test]
fn more_than_a_frame_takes_is_not_sent() {
    needs_root!();
    let daemon = Daemon::start(|_, _| vec![Reply::Done(json!({}))]);
    let ids = vec!["x".repeat(200); 100];
    let words: Vec<&str> = ["device", "revoke"].into_iter().chain(ids.iter().map(String::as_str)).collect();
    let shown = daemon.run(&words);
    assert!(shown.ends_with("shorten it\n=== 2"), "{shown}");
    assert!(daemon.calls().is_empty());
}

/// A copy of a program where another user can run it.
fn runnable(program: &Path, folder: &Path) -> std::path::PathBuf {
    let runnable = folder.join("program");
    copy(program, &runnable).unwrap();
    set_permissions(&runnable, PermissionsExt::from_mode(0o755)).unwrap();
    runnable
}

#[test]
fn everything_but_a_check_of_settings_needs_root_and_says_so() {
    needs_root!();
    let daemon = Daemon::start(|_, _| vec![]);
    let folder = daemon.runtime_dir();
    let program = runnable(Path::new(env!("CARGO_BIN_EXE_pam-2fa")), &folder);
    let run = |args: &[&str]| {
        let output = Command::new(&program)
            .args(args)
            .arg("--runtime-dir")
            .arg(&folder)
            .uid(NOBODY)
            .gid(NOBODY)
            .output()
            .unwrap();
        format!(
            "{}{}=== {:?}",
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
            output.status.code()
        )
    };
    for args in [
        &["log"][..],
        &["user", "list"],
        &["device", "list"],
        &["config", "seal"],
        &["config", "reload"],
        &["test", "email", "a@b.c"],
    ] {
        assert_eq!(run(args), "pam-2fa: this needs root; run it with sudo\n=== Some(1)", "{args:?}");
    }
    assert!(daemon.calls().is_empty());
    daemon.write_config("[policy]\nrequired = \"optional\"\napplication = \"Corp\"\n[email]\nserver = \"a.example\"\nfrom = \"a@b.c\"\n");
    set_permissions(daemon.config(), PermissionsExt::from_mode(0o644)).unwrap();
    let config = daemon.config();
    let shown = run(&["config", "check", config.to_str().unwrap()]);
    assert!(shown.ends_with("config.toml: no errors\n=== Some(0)"), "{shown}");
}

/// Listens, and tells how many bytes the first connection has brought.
const IMPOSTOR: &str = r#"
    $| = 1;
    socket(S, PF_UNIX, SOCK_STREAM, 0) && bind(S, sockaddr_un("admin.sock")) && listen(S, 1) or die $!;
    print "ready\n";
    accept(C, S);
    $n += $got while $got = sysread(C, $_, 4096);
    printf "got %d bytes\n", $n;
"#;

#[test]
fn a_socket_that_root_did_not_make_gets_no_byte() {
    needs_root!();
    let daemon = Daemon::absent();
    let folder = daemon.runtime_dir();
    set_permissions(&folder, PermissionsExt::from_mode(0o777)).unwrap();
    // perl: who listens is told by the kernel, so it takes a process that really is another user's.
    let mut impostor = Command::new("perl")
        .args(["-MSocket", "-e", IMPOSTOR])
        .current_dir(&folder)
        .uid(NOBODY)
        .gid(NOBODY)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(impostor.stdout.take().unwrap()).lines();
    assert!(said.by_ref().any(|line| line.unwrap() == "ready"));
    let shown = daemon.run(&["user", "list"]);
    assert!(said.by_ref().any(|line| line.unwrap() == "got 0 bytes"), "{shown}");
    impostor.wait().unwrap();
    assert_snapshot!(shown, @r"
    ---
    pam-2fa: DIR/admin.sock was made by uid 65534 and not by root; nothing was sent to it: find out whose it is, then `systemctl restart pam-2fa-configd`
    === 3
    ");
}
