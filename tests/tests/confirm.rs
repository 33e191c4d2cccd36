//! `pam-2fa enable --confirm-within` and `confirm` on the host's own files: what counts as a proof, and that what nobody confirms goes again.
//!
//! The tests change /etc/pam.d, which is the namespaces' own, and put it back. There is no systemd here: they run what its timer runs
//! (scripts/check-booted has the timer).

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

use e2e::daemon::COMMAND;
use e2e::libpam::as_uid;
use e2e::mailbox;
use e2e::ssh::PASSWORD;
use e2e::terminal::Terminal;
use e2e::wait;
use e2e::world::{Person, Plan, World, text_of};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use serde_json::{Value, json};
use std::fs::{File, create_dir_all, read_to_string, remove_file, write};
use std::io::{PipeReader, Read, Write, pipe};
use std::os::unix::fs::{OpenOptionsExt, symlink};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const LOGIN: &str = "/etc/pam.d/login";
const RECEIPT: &str = "/var/lib/pam-2fa/enable/login.json";
/// Where our line looks for the daemon, since `enable` writes no `socket=`.
const SOCKET: &str = "/run/pam-2fa/login.sock";

/// One test at a time: all of them look at the same folder.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Everybody is asked; the host's own socket is this world's until it is dropped, and what a test that failed has left is taken out.
struct Host {
    world: World,
    ada: Person,
    before: String,
    _alone: MutexGuard<'static, ()>,
}

impl Host {
    fn start() -> Self {
        let alone = alone();
        let world = Plan::default().policy("required = \"mandatory\"").start();
        create_dir_all("/run/pam-2fa").unwrap();
        symlink(world.path("run/login.sock"), SOCKET).unwrap();
        let ada = world.person("ada");
        Self { world, ada, before: login_file(), _alone: alone }
    }

    /// Says so much and ends so.
    fn run(&self, words: &[&str], status: i32) -> String {
        let out = self.world.command(words);
        let said = text_of(&out);
        assert_eq!(out.status.code(), Some(status), "{words:?}: {said}");
        said
    }

    fn enable(&self, within: &str) -> String {
        let meant = ["--without-break-glass", "--untested", "--without-timer"];
        self.run(&[&["enable", "login", "--confirm-within", within], &meant[..]].concat(), 0)
    }

    /// Ada at the prompt for the code.
    fn at_the_code(&self) -> Terminal {
        let mut login = Terminal::open("login", std::slice::from_ref(&self.ada.host.name));
        login.wait_for("Password: ");
        login.type_line(PASSWORD);
        login.wait_for_code_prompt();
        login
    }

    fn code(&self, count: usize) -> String {
        mailbox::wait_for(&self.ada.email, count).code()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.world.command(&["disable", "login"]));
        drop(remove_file(SOCKET));
    }
}

fn receipt() -> String {
    read_to_string(RECEIPT).unwrap()
}

fn login_file() -> String {
    read_to_string(LOGIN).unwrap()
}

/// A process of the user's own that says it is `login`.
fn claims_to_be_login(host: &Host) -> UnixStream {
    as_uid(host.ada.host.uid, || UnixStream::connect(SOCKET).unwrap())
}

fn call(stream: &mut UnixStream, method: &str, parameters: &Value) -> String {
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    write!(stream, "{{\"method\":\"io.pam2fa.Login.{method}\",\"parameters\":{parameters}}}\0").unwrap();
    let (mut reply, mut byte) = (Vec::new(), [0]);
    while stream.read_exact(&mut byte).is_ok() && byte != [0] {
        reply.extend(byte);
    }
    String::from_utf8(reply).unwrap()
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn confirm_is_refused_until_a_login_with_a_code_that_began_after_the_change_and_then_it_stays() {
    let host = Host::start();
    assert!(host.run(&["confirm"], 1).contains("nothing waits to be confirmed"));
    // A login that stands at its prompt from a change before.
    host.enable("10m");
    let mut old = host.at_the_code();
    host.run(&["disable", "login"], 0);
    let said = host.enable("10m");
    assert!(said.contains("it goes again in 10 min, at ") && said.contains("unless `pam-2fa confirm` comes"), "{said}");
    let enabled = login_file();
    assert!(enabled.contains("pam_2fa.so"));
    let refused = || {
        let said = host.run(&["confirm"], 1);
        assert!(said.contains("login: nobody has got in by a code") && said.contains("min"), "{said}");
        assert_eq!(login_file(), enabled);
    };
    refused();
    old.type_line(&host.code(1));
    old.prove_shell();
    refused();
    // The user's own process, which says that it is login and gives a right code.
    let mut own = claims_to_be_login(&host);
    let begin = json!({ "version": 1, "user": host.ada.host.name, "service": "login", "tty": "tty1" });
    assert!(call(&mut own, "Begin", &begin).contains("Code"));
    assert!(call(&mut own, "Answer", &json!({ "text": host.code(2) })).contains("allow"));
    refused();
    // One that ends without a code.
    let mut wrong = host.at_the_code();
    wrong.type_line("000000");
    wrong.wait_for("rong code");
    refused();
    wrong.type_line(&host.code(3));
    wrong.prove_shell();

    let said = host.run(&["confirm", "login", "--json"], 0);
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(
        (&said["confirmed"][0]["service"], &said["confirmed"][0]["user"], &said["confirmed"][0]["factor"]),
        (&json!("login"), &json!(host.ada.host.name), &json!("email"))
    );
    assert!(host.run(&["confirm"], 1).contains("nothing waits"));
    assert!(host.run(&["confirm", "login"], 1).contains("login does not wait to be confirmed"));
    host.run(&["disable", "--unconfirmed"], 0);
    assert_eq!(login_file(), enabled);
    host.run(&["disable", "login"], 0);
    assert_eq!(login_file(), host.before);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn what_nobody_confirms_goes_again_when_its_time_is_over_and_not_before_also_without_the_daemon() {
    let mut host = Host::start();
    host.enable("10m");
    let enabled = login_file();
    assert_eq!(host.run(&["disable", "--unconfirmed"], 0), "");
    assert_eq!(login_file(), enabled);
    host.run(&["disable", "login"], 0);
    host.enable("2s");
    // The day on which it matters: nothing answers, and nobody gets in.
    host.world.kill_configd();
    let said = wait::until("the time to be over", || {
        let said = host.run(&["disable", "--unconfirmed"], 0);
        (!said.is_empty()).then_some(said)
    });
    assert!(said.contains("login asks for no code any more: nobody has confirmed it within 2 s"), "{said}");
    assert!(said.contains("its file is as it was before"), "{said}");
    assert_eq!(login_file(), host.before);
    assert_eq!(host.run(&["disable", "--unconfirmed"], 0), "");
    let mut login = Terminal::open("login", std::slice::from_ref(&host.ada.host.name));
    login.wait_for("Password: ");
    login.type_line(PASSWORD);
    login.prove_shell();
}

/// The command as it waits for the lock, with a pipe for what it says that is full by then; let go it does its work, and stands at the pipe.
fn not_listened_to(host: &Host, words: &[&str]) -> (PipeReader, Child) {
    let gate = File::options().write(true).open("/var/lib/pam-2fa/enable/lock").unwrap();
    gate.lock().unwrap();
    let (reader, mut writer) = pipe().unwrap();
    let command = host.world.command_into(words, writer.try_clone().unwrap());
    let call = || read_to_string(format!("/proc/{}/syscall", command.id())).unwrap_or_default();
    // clock_nanosleep(2)
    let waits = if cfg!(target_arch = "x86_64") { "230 " } else { "115 " };
    wait::until("the command to wait for the lock", || call().starts_with(waits).then_some(()));
    // Both ends are one description for the command, too, which writes nothing meanwhile.
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::O_NONBLOCK)).unwrap();
    while writer.write(&[b' '; 4096]).is_ok() {}
    while writer.write(b" ").is_ok() {}
    fcntl(&writer, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    (reader, command)
}

/// A terminal that is held, a pager that was stopped: it must not hold up the timer, by which alone somebody gets in again.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_command_that_nobody_listens_to_does_not_keep_the_timer_from_its_work() {
    let host = Host::start();
    // The folder and its lock are there from then on.
    host.enable("10m");
    host.run(&["disable", "login"], 0);
    let meant = ["--without-break-glass", "--untested", "--without-timer"];
    let enable = [&["enable", "login", "--confirm-within", "1s"], &meant[..]].concat();
    let (reader, mut command) = not_listened_to(&host, &enable);
    wait::until("login to ask", || (login_file() != host.before).then_some(()));
    wait::until("the time to be over", || {
        let said = host.run(&["disable", "--unconfirmed"], 0);
        said.contains("nobody has confirmed it within 1 s").then_some(())
    });
    assert_eq!(login_file(), host.before);
    drop(reader);
    command.wait().unwrap();

    host.enable("10m");
    let mut login = host.at_the_code();
    login.type_line(&host.code(1));
    login.prove_shell();
    let (reader, mut command) = not_listened_to(&host, &["confirm"]);
    wait::until("it to be confirmed", || (!receipt().contains("\"unconfirmed\"")).then_some(()));
    assert_eq!(host.run(&["disable", "--unconfirmed"], 0), "");
    drop(reader);
    command.wait().unwrap();

    let (reader, mut command) = not_listened_to(&host, &["disable", "login"]);
    wait::until("login to be as before", || (login_file() == host.before).then_some(()));
    assert_eq!(host.run(&["disable", "--unconfirmed"], 0), "");
    drop(reader);
    command.wait().unwrap();
}

/// A disk that is full, whichever of its changes on disk it meets: what is refused has changed nothing, also after the stack was changed.
#[test]
#[ignore = "needs tests/ns/enter"]
fn an_enable_that_fails_anywhere_has_changed_nothing() {
    let host = Host::start();
    let meant = ["--without-break-glass", "--untested", "--without-users", "--without-timer"];
    for (call, at_least) in [("rename,renameat,renameat2", 4), ("fsync", 7), ("unlink,unlinkat", 5)] {
        for number in 1.. {
            let (trace, inject) = (format!("trace={call}"), format!("inject={call}:error=ENOSPC:when={number}"));
            let out = Command::new("strace")
                .args(["-qq", "-f", "-o", "/dev/null", "-e", &trace, "-e", &inject, COMMAND])
                .args(["enable", "login", "--confirm-within", "10m"])
                .args(meant)
                .output()
                .unwrap();
            if out.status.success() {
                assert!(number > at_least, "{call} {number}");
                break;
            }
            let said = text_of(&out);
            assert_eq!(login_file(), host.before, "{call} {number}: {said}");
            assert!(said.contains("No space left on device"), "{call} {number}: {said}");
        }
        host.run(&["disable", "login"], 0);
    }
}

/// One that cannot be read, one that waits for nothing: a right change is not taken back for another's sake.
#[test]
#[ignore = "needs tests/ns/enter"]
fn what_cannot_be_confirmed_keeps_nothing_else_from_it() {
    const BAD: &str = "/var/lib/pam-2fa/enable/su.json";
    let host = Host::start();
    for (count, words, why) in [
        (1, &["confirm"][..], "su.json: is no receipt of this release"),
        (2, &["confirm", "sudo", "login"], "sudo does not wait to be confirmed"),
    ] {
        host.enable("10m");
        let mut login = host.at_the_code();
        login.type_line(&host.code(count));
        login.prove_shell();
        File::options().write(true).create_new(true).mode(0o600).open(BAD).unwrap();
        let said = host.run(words, 1);
        remove_file(BAD).unwrap();
        assert!(said.contains("login stays as it is") && said.contains(why), "{said}");
        assert!(!receipt().contains("\"unconfirmed\""));
        host.run(&["disable", "login"], 0);
    }
}

/// What stays as it is has to be there: of what the timer has begun to take out, or takes out in a moment, a login before that proves nothing.
#[test]
#[ignore = "needs tests/ns/enter"]
fn what_is_taken_out_already_or_whose_time_is_over_is_not_confirmed() {
    let host = Host::start();
    host.enable("10m");
    let (enabled, kept) = (login_file(), receipt());
    let mut login = host.at_the_code();
    login.type_line(&host.code(1));
    login.prove_shell();
    // As a run that could not tell sshd leaves it: the stack is as before, the receipt is there.
    write(LOGIN, &host.before).unwrap();
    let said = host.run(&["confirm"], 1);
    assert!(said.contains("login: /etc/pam.d/login asks for no code any more; `pam-2fa disable login`"), "{said}");
    write(LOGIN, &enabled).unwrap();
    write(RECEIPT, kept.replace("\"within_s\": 600", "\"within_s\": 0")).unwrap();
    let said = host.run(&["confirm"], 1);
    assert!(said.contains("login: its time is over, and it is taken out again"), "{said}");
    write(RECEIPT, kept).unwrap();
    assert!(host.run(&["confirm"], 0).contains("login stays as it is"));
    assert_eq!(login_file(), enabled);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn without_systemd_it_is_refused_unless_somebody_else_looks_after_it_and_an_image_is_never_confirmed() {
    let host = Host::start();
    let words = ["enable", "login", "--confirm-within", "10m", "--without-break-glass", "--untested"];
    let said = host.run(&words, 1);
    assert!(said.contains("there is no systemd here; let cron run `pam-2fa disable --unconfirmed`"), "{said}");
    assert_eq!(login_file(), host.before);
    let said = host.run(&[&words[..], &["--dry-run"]].concat(), 1);
    assert!(said.contains("there is no systemd here"), "{said}");
    let said = host.run(&[&words[..], &["--root", "/nowhere"]].concat(), 2);
    assert!(said.contains("--confirm-within is for the host that runs"), "{said}");
    let said = host.run(&["enable", "login", "--confirm-within", "8d"], 2);
    assert!(said.contains("1 second to 7 days"), "{said}");
    assert_eq!(login_file(), host.before);
}
