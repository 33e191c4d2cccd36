//! People whose devices are remembered: worlds, logins and sessions as the tests of trust need them.

#![expect(clippy::expect_used, reason = "a stage that cannot be set fails the test")]

use crate::host::Stack;
use crate::mailbox;
use crate::programs::Programs;
use crate::ssh::Ssh;
use crate::terminal::Terminal;
use crate::world::{Person, Plan, World, text_of};
use std::path::Path;
use std::process::Command;

/// Everything is remembered for a day.
pub const ALL: &str =
    "[trust]\ndesktop = \"1 day\"\nweb = \"1 day\"\nssh = \"1 day\"\nelevate = \"1 day\"\nweb_identity = \"address\"";

/// An address that people come from.
pub const HERE: &str = "203.0.113.5";

/// Another.
pub const ELSEWHERE: &str = "203.0.113.6";

/// Key, then code; no password.
#[must_use]
pub fn by_key(settings: &str) -> World {
    let plan = Plan::default().stack(Stack::KeyProven).sshd("AuthenticationMethods publickey,keyboard-interactive");
    plan.settings(settings).start()
}

/// Somebody who is asked where the device is not remembered.
#[must_use]
pub fn person(world: &World, name: &str) -> Person {
    let person = world.person(name);
    let _ = command(world, &["user", "set", &person.host.name, "--verify", "new-device"]);
    person
}

/// What a command of `pam-2fa` says that must succeed.
///
/// # Panics
/// When it does not.
pub fn command(world: &World, words: &[&str]) -> String {
    let out = world.command(words);
    assert!(out.status.success(), "{words:?}: {}", text_of(&out));
    text_of(&out)
}

/// Runs a program that must succeed.
///
/// # Panics
/// When it does not.
pub fn run(words: &[&str]) {
    let (program, arguments) = words.split_first().expect("a program");
    let out = Command::new(program).args(arguments).output().expect("run a program");
    assert!(out.status.success(), "{words:?}: {}", text_of(&out));
}

/// `ssh` with a key, from an address.
#[must_use]
pub fn key_login(world: &World, person: &Person, key: &Path, from: &str) -> Ssh {
    world.ssh(person).key(key).from(from)
}

/// The login asks for the code of the `number`th mail that brings one, and is let in with it.
///
/// # Panics
/// When it is not.
pub fn asked(mut terminal: Terminal, person: &Person, number: usize) {
    let _ = terminal.wait_for_code_prompt();
    terminal.type_line(&mailbox::wait_for_code(&person.email, number).code());
    terminal.prove_shell();
}

/// The login is let in without a code.
///
/// # Panics
/// When it is not.
pub fn not_asked(mut terminal: Terminal) {
    terminal.prove_shell();
    assert_eq!(terminal.count("Code"), 0, "{}", terminal.text());
}

/// A shell of `person` behind `before`, a shell's words that end in `exec "$@"`.
fn shell_after(before: &str, programs: &Programs, person: &Person) -> Terminal {
    let (uid, gid) = (format!("--reuid={}", person.host.uid), format!("--regid={}", person.host.uid));
    let words = ["sh", "-c", before, "session", "setpriv", &uid, &gid, "--clear-groups", "--reset-env", "sh"];
    let mut shell = programs.open(&words);
    let _ = shell.wait_for("$ ");
    shell
}

/// A shell of `person` in an audit session of its own, as pam_loginuid makes it at a login.
///
/// # Panics
/// Where the kernel gives none, so that trust in them cannot be seen.
#[must_use]
pub fn shell_in_a_session(programs: &Programs, person: &Person) -> Terminal {
    let enter = format!(
        "echo {} > /proc/self/loginuid && [ \"$(cat /proc/self/sessionid)\" != 4294967295 ] || exit 99; exec \"$@\"",
        person.host.uid
    );
    shell_after(&enter, programs, person)
}

/// A shell of `person` in no audit session, as a daemon's. Whoever runs the tests may be in one; root may leave it
/// (`CAP_AUDIT_CONTROL`).
///
/// # Panics
/// Where it cannot be left.
#[must_use]
pub fn shell_without_a_session(programs: &Programs, person: &Person) -> Terminal {
    let leave = "[ \"$(cat /proc/self/sessionid)\" = 4294967295 ] || echo 4294967295 > /proc/self/loginuid || exit 99; \
                 [ \"$(cat /proc/self/sessionid)\" = 4294967295 ] || exit 99; exec \"$@\"";
    shell_after(leave, programs, person)
}

/// Types a command that asks for a password, and gives it; whether a code was asked for, given where it was: that of the `mails`th
/// mail to `asks` that brings one.
///
/// # Panics
/// When it is not done.
pub fn elevate(shell: &mut Terminal, command: &str, password: &str, asks: &Person, mails: usize) -> bool {
    shell.type_line(&format!("{command} 'echo uid-$(id -u)-done'"));
    let (which, _) = shell.wait_for_any(&["[sudo] password for ", "Password: "]);
    if which == 0 {
        let _ = shell.wait_for(": ");
    }
    shell.type_line(password);
    let (which, _) = shell.wait_for_any(&["Code", "-done"]);
    if which == 0 {
        let _ = shell.wait_for(": ");
        shell.type_line(&mailbox::wait_for_code(&asks.email, mails).code());
        let _ = shell.wait_for("-done");
    }
    let _ = shell.wait_for("$ ");
    which == 0
}

/// `pam-2fa me …` in a terminal, as `person`.
#[must_use]
pub fn me(world: &World, person: &Person, words: &[&str]) -> Terminal {
    let uid = person.host.uid;
    let mut all: Vec<String> = [format!("--reuid={uid}"), format!("--regid={uid}")].into();
    all.extend(["--clear-groups", "/usr/sbin/pam-2fa", "--runtime-dir"].map(str::to_owned));
    all.push(world.path("run").display().to_string());
    all.push("me".to_owned());
    all.extend(words.iter().map(|word| (*word).to_owned()));
    Terminal::open("setpriv", &all)
}
