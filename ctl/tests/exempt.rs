//! `pam-2fa exempt` with a sshd of the tests' own: what is refused before any sshd is asked, what the list shows, and a run
//! killed at every system call. With the real one it is tried in `tests/tests/exempt.rs`.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the tests' own helpers; a test that cannot run must say so"
)]

mod common;

use common::{Daemon, Reply};
use insta::assert_snapshot;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, killpg};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, mkfifo};
use pam_2fa_protocol::admin;
use serde_json::json;
use std::fs::{File, create_dir, read_to_string, set_permissions, write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// A sshd that reads the drop-in as the real one does, as far as these tests go: a block of `ci` from 192.0.2.0/24.
const SSHD: &str = r#"#!/bin/sh
here=$(dirname "$0")
[ ! -p "$here/gate" ] || read -r go < "$here/gate"
login=
while [ $# -gt 0 ]; do
    case $1 in -C) login=$2 ;; -T) dump=yes ;; -f) config=$2 ;; esac
    shift
done
[ -z "$login$dump" ] || { methods=any
    case $login in user=ci,addr=192.0.2.*) grep -qs 'Match User ci Address 192.0.2.0/24$' "$config.d"/*.conf && methods=publickey ;; esac
    echo "port 22"; echo "pubkeyauthentication yes"; echo "permitrootlogin yes"; echo "authenticationmethods $methods"; echo "pidfile none"; }
exit 0
"#;

/// The account that the tests exempt. It is in every /etc/passwd; `ci` would not be.
const USER: &str = "daemon";

struct Host {
    daemon: Daemon,
}

impl Host {
    fn new() -> Self {
        let daemon = Daemon::start(|method, _| {
            assert_eq!(method, admin::EXEMPTION_CHANGED);
            vec![Reply::Done(json!({}))]
        });
        let host = Self { daemon };
        write(host.path("sshd"), SSHD.replace("ci", USER)).unwrap();
        set_permissions(host.path("sshd"), PermissionsExt::from_mode(0o755)).unwrap();
        write(host.path("main"), format!("Include {}/*.conf\n", host.path("main.d").display())).unwrap();
        create_dir(host.path("main.d")).unwrap();
        host
    }

    fn path(&self, name: &str) -> PathBuf {
        self.daemon.runtime_dir().join(name)
    }

    fn run(&self, words: &[&str]) -> String {
        let (sshd, main) = (self.path("sshd"), self.path("main"));
        let mut all = vec!["exempt", "--sshd", sshd.to_str().unwrap(), "--sshd-config", main.to_str().unwrap()];
        all.extend(words);
        self.daemon.run(&all)
    }

    fn add(&self, from: &str) -> String {
        self.run(&["add", USER, "--from", from, "--until", &ahead("+30 days"), "--reason", "nightly backup"])
    }

    fn drop_in(&self) -> Option<String> {
        read_to_string(self.path("main.d/00-pam-2fa-exempt.conf")).ok()
    }

    /// What stands beside the main file, sorted; but for the lock, which stays.
    fn beside(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("main.d")).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|name| name != ".pam-2fa-exempt.lock").collect();
        names.sort();
        names
    }
}

fn ahead(by: &str) -> String {
    let out = Command::new("date").args(["-u", "-d", by, "+%F"]).output().unwrap();
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

#[test]
fn what_cannot_be_exempted_is_one_line_and_nothing_is_changed() {
    needs_root!();
    let host = Host::new();
    let add = |user: &str, from: &str, until: &str, reason: &str| {
        host.run(&["add", user, "--from", from, "--until", until, "--reason", reason]).replace("---\n", "")
    };
    let day = ahead("+30 days");
    let shown = [
        add("ci*", "192.0.2.0/24", &day, "x"),
        add("ci,root", "192.0.2.0/24", &day, "x"),
        add(USER, "192.0.2.1/24", &day, "x"),
        add(USER, "0.0.0.0/0", &day, "x"),
        add(USER, "127.0.0.0/8", &day, "x"),
        add(USER, "::ffff:192.0.2.0/120", &day, "x"),
        add(USER, "192.0.2.0/24", "2020-01-31", "x"),
        add(USER, "192.0.2.0/24", "tomorrow", "x"),
        add(USER, "192.0.2.0/24", &day, " "),
        add(USER, "192.0.2.0/24", &day, "x\nMatch all\n\tPermitRootLogin yes"),
        add("no-such-user", "192.0.2.0/24", &day, "x"),
        host.run(&["add", USER, "--from", "192.0.2.0/24", "--until", &day]).replace("---\n", ""),
        host.run(&["remove", "1NGAH00"]).replace("---\n", ""),
    ];
    assert_snapshot!(shown.join("\n"), @r"
    pam-2fa: invalid value 'ci*' for '<USER>': '*' in a login name can mean another thing to sshd's Match; only letters and digits of ASCII and ._-@+$ can be exempted; see `pam-2fa --help`
    === 2
    pam-2fa: invalid value 'ci,root' for '<USER>': ',' in a login name can mean another thing to sshd's Match; only letters and digits of ASCII and ._-@+$ can be exempted; see `pam-2fa --help`
    === 2
    pam-2fa: invalid value '192.0.2.1/24' for '--from <CIDR>': the address has bits outside of its network; write 192.0.2.0/24; see `pam-2fa --help`
    === 2
    pam-2fa: invalid value '0.0.0.0/0' for '--from <CIDR>': that is every address; name the network that the automation comes from; see `pam-2fa --help`
    === 2
    pam-2fa: invalid value '127.0.0.0/8' for '--from <CIDR>': this host's own loopback is in it, through which anybody here may come; see `pam-2fa --help`
    === 2
    pam-2fa: invalid value '::ffff:192.0.2.0/120' for '--from <CIDR>': sshd knows these addresses as IPv4; write 192.0.2.0/24; see `pam-2fa --help`
    === 2
    pam-2fa: --until: 2020-01-31T23:59:59Z is over; give a time ahead
    === 2
    pam-2fa: --until: tomorrow is no such time; write a day (2027-01-31: to its end, UTC) or 2027-01-31T18:00:00Z
    === 2
    pam-2fa: invalid value ' ' for '--reason <TEXT>': say why, in a few words; see `pam-2fa --help`
    === 2
    pam-2fa: invalid value 'x; Match all; PermitRootLogin yes' for '--reason <TEXT>': a reason is one line without control or direction characters; see `pam-2fa --help`
    === 2
    pam-2fa: this host has no user no-such-user
    === 1
    pam-2fa: the following required arguments were not provided: --reason <TEXT>; see `pam-2fa --help`
    === 2
    pam-2fa: there is no exemption 1NGAH00; see `pam-2fa exempt list`
    === 1
    ");
    assert!(host.beside().is_empty() && host.daemon.calls().is_empty());
    assert!(add(USER, "192.0.2.0/24", "9999-12-31", "x").contains("is more than 400 days ahead; give "));
}

#[test]
fn a_program_or_folder_that_others_can_write_is_not_used() {
    needs_root!();
    let host = Host::new();
    set_permissions(host.path("main.d"), PermissionsExt::from_mode(0o777)).unwrap();
    assert_snapshot!(host.add("192.0.2.0/24"), @r"
    ---
    pam-2fa: DIR/main.d: can be written by others than root (mode 0777); who writes there decides who logs in
    === 1
    ");
    set_permissions(host.path("main.d"), PermissionsExt::from_mode(0o755)).unwrap();
    set_permissions(host.path("sshd"), PermissionsExt::from_mode(0o775)).unwrap();
    assert_snapshot!(host.add("192.0.2.0/24"), @r"
    ---
    pam-2fa: DIR/sshd: can be written by others than root (mode 0775), so root does not run DIR/sshd; mend that, or name another with --sshd
    === 1
    ");
    std::os::unix::fs::chown(host.path("sshd"), Some(1), None).unwrap();
    assert_snapshot!(host.add("192.0.2.0/24"), @r"
    ---
    pam-2fa: DIR/sshd: belongs to uid 1 and not to root, so root does not run DIR/sshd; mend that, or name another with --sshd
    === 1
    ");
    assert!(host.beside().is_empty());
}

#[test]
fn an_exemption_is_made_listed_noted_and_removed() {
    needs_root!();
    let host = Host::new();
    let said = host.add("192.0.2.0/24");
    let id = said.split(':').next().unwrap().to_owned();
    let text = host.drop_in().unwrap();
    let made = text.lines().find_map(|line| line.strip_prefix("#   made: ")).unwrap();
    let (made, by) = made.split_once(" by ").unwrap();
    let plain = |text: String| {
        let text = text.replace(&id, "1NGAH00").replace(made, "2026-11-24T08:00:00Z");
        text.replace(&ahead("+30 days"), "2026-12-24")
            .replace(&format!(" {by} "), " ada ")
            .replace(&format!("{by:?}"), "\"ada\"")
    };
    let shown = [plain(said.clone()), plain(host.run(&["list"])), plain(host.run(&["--json", "list"]))];
    assert_snapshot!(shown.join("\n"), @r#"
    1NGAH00: daemon gets in by key alone from 192.0.2.0/24 until 2026-12-24T23:59:59Z
    ---
    pam-2fa: pam-2fa-exempt.timer does not look after DIR/main; let a timer of its own run `pam-2fa exempt --sshd-config DIR/main expire` every few minutes
    pam-2fa: DIR/main names no PidFile: if that sshd runs, reload it, or it goes on as before
    === 0
    ID       USER    FROM          UNTIL                 BY    STATE     REASON
    1NGAH00  daemon  192.0.2.0/24  2026-12-24T23:59:59Z  ada  in force  nightly backup
    ---
    === 0
    {
      "file": "DIR/main.d/00-pam-2fa-exempt.conf",
      "exemptions": [
        {
          "id": "1NGAH00",
          "user": "daemon",
          "network": "192.0.2.0/24",
          "until": "2026-12-24T23:59:59Z",
          "made": "2026-11-24T08:00:00Z",
          "by": "ada",
          "reason": "nightly backup",
          "state": "in_force"
        }
      ]
    }
    ---
    === 0
    "#);
    assert!(host.run(&["remove", &id.to_lowercase()]).starts_with(&format!("{id}: the exemption of {USER} ")));
    assert_eq!((host.drop_in(), host.beside()), (None, Vec::new()));
    let calls: Vec<String> = host.daemon.calls().into_iter().map(plain).collect();
    assert_snapshot!(calls.join("\n"), @r#"
    ExemptionChanged {"by":"ada","change":"added","id":"1NGAH00","network":"192.0.2.0/24","reason":"nightly backup","until":"2026-12-24T23:59:59Z","user":"daemon"}
    ExemptionChanged {"by":"ada","change":"removed","id":"1NGAH00","network":"192.0.2.0/24","reason":"nightly backup","until":"2026-12-24T23:59:59Z","user":"daemon"}
    "#);
}

#[test]
fn one_that_sshd_does_not_go_by_is_marked_and_one_that_is_over_goes_without_configd() {
    needs_root!();
    let host = Host::new();
    host.add("192.0.2.0/24");
    // Another network than the fake sshd knows: it goes on as before.
    let text = host.drop_in().unwrap().replace("192.0.2.0/24", "198.51.100.0/24");
    let file = host.path("main.d/00-pam-2fa-exempt.conf");
    write(&file, &text).unwrap();
    assert!(host.run(&["list"]).contains("NOT in force"));
    std::fs::remove_file(host.path("admin.sock")).unwrap();
    let until = text.lines().find(|line| line.starts_with("#   until: ")).unwrap();
    let made = text.lines().find_map(|line| line.strip_prefix("#   made: ")?.split(' ').next()).unwrap();
    write(&file, text.replace(until, &format!("#   until: {made}"))).unwrap();
    let said = host.run(&["expire"]);
    assert!(said.contains("has expired") && said.contains("not written to configd's journal"), "{said}");
    assert!(said.ends_with("=== 0"), "{said}");
    assert_eq!(host.drop_in(), None);
}

#[test]
fn a_clock_behind_the_last_change_does_not_count() {
    needs_root!();
    let host = Host::new();
    host.add("192.0.2.0/24");
    let file = host.path("main.d/00-pam-2fa-exempt.conf");
    let later = std::time::Duration::from_secs(40 * 86_400);
    let written = file.metadata().unwrap().modified().unwrap();
    File::options().write(true).open(&file).unwrap().set_modified(written + later).unwrap();
    let said = host.run(&["expire"]);
    assert!(said.contains("that is the time that counts") && said.contains("has expired"), "{said}");
    assert_eq!(host.drop_in(), None);
}

#[test]
fn a_file_that_others_can_write_or_with_bytes_that_are_no_text_is_not_added_to_and_still_ends() {
    needs_root!();
    let host = Host::new();
    let file = host.path("main.d/00-pam-2fa-exempt.conf");
    for spoil in [
        &|file: &std::path::Path| set_permissions(file, PermissionsExt::from_mode(0o660)).unwrap(),
        &|file: &std::path::Path| {
            write(file, [&std::fs::read(file).unwrap()[..], b"# gr\xf6\xdfer\n"].concat()).unwrap()
        },
    ] as [&dyn Fn(&std::path::Path); 2]
    {
        let said = host.add("192.0.2.0/24");
        let id = said.split(':').next().unwrap();
        spoil(&file);
        let refused = host.add("192.0.2.0/24");
        assert!(refused.contains("00-pam-2fa-exempt.conf: ") && refused.ends_with("=== 1"), "{refused}");
        assert!(host.run(&["remove", id]).ends_with("=== 0"));
        assert!(!host.drop_in().unwrap_or_default().contains("publickey"));
    }
}

/// A terminal that is gone.
struct Gone;

impl std::io::Write for Gone {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn sshd_and_configd_hear_of_an_end_also_where_nobody_reads_the_answer() {
    needs_root!();
    let host = Host::new();
    let said = host.add("192.0.2.0/24");
    let id = said.split(':').next().unwrap();
    let (folder, sshd, main) = (host.daemon.runtime_dir(), host.path("sshd"), host.path("main"));
    let words = ["pam-2fa", "exempt", "remove", id, "--runtime-dir", folder.to_str().unwrap()];
    let more = ["--sshd", sshd.to_str().unwrap(), "--sshd-config", main.to_str().unwrap()];
    let all = words.iter().chain(&more).map(std::ffi::OsString::from);
    let terminal = ctl::Terminal {
        input: &mut &b""[..],
        out: &mut Gone,
        err: &mut Gone,
        is_watched: false,
        is_typed: false,
        is_seen: false,
        columns: None,
        colours: false,
        locale: String::new(),
        is_utf8: true,
        is_dumb: false,
    };
    assert_eq!(ctl::run(all, terminal), 1);
    assert_eq!((host.drop_in(), host.beside()), (None, Vec::new()));
    assert!(host.daemon.calls().last().unwrap().contains("removed"));
}

#[test]
fn a_user_who_locks_the_folder_stops_nobody() {
    needs_root!();
    let host = Host::new();
    let folder = File::open(host.path("main.d")).unwrap();
    folder.try_lock().unwrap();
    assert!(host.add("192.0.2.0/24").ends_with("=== 0"));
    let lock = host.path("main.d/.pam-2fa-exempt.lock").metadata().unwrap();
    assert_eq!(lock.permissions().mode() & 0o777, 0o600);
}

/// Runs a verb and kills it at its n-th system call after it first asked sshd; whether it came that far.
fn killed_at(stop: usize, host: &Host, words: &[&str]) -> bool {
    let gate = host.path("gate");
    mkfifo(&gate, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pam-2fa"))
        .args(["--runtime-dir"])
        .arg(host.daemon.runtime_dir())
        .args(["exempt", "--sshd"])
        .arg(host.path("sshd"))
        .arg("--sshd-config")
        .arg(host.path("main"))
        .args(words)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    // Opened for writing it waits for the reader: then the command waits for its first sshd.
    let mut go = File::options().write(true).open(&gate).unwrap();
    std::fs::remove_file(&gate).unwrap();
    let pid = Pid::from_raw(i32::try_from(command.id()).unwrap());
    ptrace::attach(pid).expect("this test needs ptrace(2): kernel.yama.ptrace_scope below 3, no seccomp filter on it");
    waitpid(pid, None).unwrap();
    std::io::Write::write_all(&mut go, b"go\n").unwrap();
    let came_so_far = (0..stop).all(|_| {
        ptrace::syscall(pid, None::<Signal>).unwrap();
        let WaitStatus::Exited(_, status) = waitpid(pid, None).unwrap() else { return true };
        let said = std::io::read_to_string(command.stderr.take().unwrap()).unwrap();
        assert_eq!(status, 0, "the command's own end: {said}");
        false
    });
    if came_so_far {
        // Its sshd too, which would take the next run's word for its own.
        killpg(pid, Signal::SIGKILL).unwrap();
    }
    let _ = command.wait();
    came_so_far
}

/// Kills a run at every fifth stop of its system calls, each time over `old`. How often the file was afterwards the old one, and how
/// often what `is_new` takes; anything else ends the test. Then, that the next run takes what was left for its own.
fn killed_everywhere(host: &Host, old: &str, words: &[&str], is_new: impl Fn(Option<&str>) -> bool) -> (usize, usize) {
    let file = host.path("main.d/00-pam-2fa-exempt.conf");
    let (mut olds, mut news) = (0, 0);
    for stop in (1..).step_by(5) {
        write(&file, old).unwrap();
        set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
        if !killed_at(stop, host, words) {
            break;
        }
        let now = host.drop_in();
        if now.as_deref() == Some(old) {
            olds += 1;
        } else if is_new(now.as_deref()) {
            news += 1;
        } else {
            panic!("killed at stop {stop}, the file is neither old nor new: {now:?}");
        }
        // What a sshd was not told of before the end is told by the next run, which leaves nothing behind.
        let owed = host.path("main.d/.pam-2fa-exempt.reload").exists();
        let said = host.run(&["expire"]);
        assert!(said.ends_with("=== 0") && said.contains("names no PidFile") == owed, "killed at stop {stop}: {said}");
        assert!(host.beside().iter().all(|name| name == "00-pam-2fa-exempt.conf"), "killed at stop {stop}");
    }
    assert!(is_new(host.drop_in().as_deref()), "the run that came to its end did nothing");
    (olds, news)
}

#[test]
fn an_add_killed_at_any_system_call_leaves_the_old_file_or_the_new_one() {
    needs_root!();
    let host = Host::new();
    host.add("192.0.2.0/24");
    let old = host.drop_in().unwrap();
    let day = ahead("+30 days");
    let words = ["add", USER, "--from", "192.0.2.0/24", "--until", &day, "--reason", "a second one"];
    let is_new = |text: Option<&str>| {
        text.and_then(|text| text.strip_prefix(&old)).is_some_and(|new| {
            new.contains("a second one\n")
                && new.lines().count() == 6
                && new.ends_with("\tAuthenticationMethods publickey\n")
        })
    };
    let (olds, news) = killed_everywhere(&host, &old, &words, is_new);
    assert!(olds > 10 && news > 5, "{olds} {news}");
}

#[test]
fn a_remove_killed_at_any_system_call_leaves_the_old_file_or_none_and_sshd_is_told_by_the_next_run() {
    needs_root!();
    let host = Host::new();
    host.add("192.0.2.0/24");
    let old = host.drop_in().unwrap();
    let id = old.lines().find_map(|line| line.strip_prefix("# pam-2fa exemption ")).unwrap();
    // A first sshd is asked only once the file is gone: before that there is nothing to stop at.
    let (olds, news) = killed_everywhere(&host, &old, &["remove", id], |text| text.is_none());
    assert!(olds == 0 && news > 10, "{olds} {news}");
}
