//! What an administrator does on a bad day, and what is seen of it.

use e2e::mailbox;
use e2e::wait;
use e2e::world::{Person, World, text_of};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Under what copies are kept.
const PHRASE: &str = "correct horse battery staple";

pub(super) fn phrase(world: &World) -> String {
    let path = world.path("phrase");
    fs::write(&path, PHRASE).unwrap();
    path.to_str().unwrap().to_owned()
}

pub(super) fn done(world: &World, words: &[&str]) -> String {
    let out = world.command(words);
    assert!(out.status.success(), "pam-2fa {words:?}: {}", text_of(&out));
    text_of(&out)
}

pub(super) fn refused(world: &World, words: &[&str]) -> String {
    let out = world.command(words);
    assert_eq!(out.status.code(), Some(1), "pam-2fa {words:?}: {}", text_of(&out));
    text_of(&out)
}

/// Who logs in, with a code of now.
pub(super) fn logs_in(world: &World, person: &Person) {
    let before = mailbox::codes(&person.email).len();
    let mut ssh = world.ssh(person).open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for_code(&person.email, before + 1).code());
    ssh.prove_shell();
}

/// Denied without a prompt of ours, and `status` says that it is sealed, since when, and this.
pub(super) fn is_sealed(world: &World, person: &Person, says: &[&str]) {
    world.ssh(person).open_with_password().wait_for_denial();
    let status = done(world, &["status"]);
    for word in ["sealed: every login", "sealed since", "problem: "].iter().chain(says) {
        assert!(status.contains(word), "no {word:?} in: {status}");
    }
}

/// Until it says so of itself: what was in the way is gone.
pub(super) fn opens(world: &World) {
    wait::until("configd to open", || {
        let out = world.command(&["status"]);
        (out.status.success() && !text_of(&out).contains("sealed: every login")).then_some(())
    });
}

/// The state folder as it stands, beside it; configd is not running.
pub(super) fn copied(world: &World, name: &str) -> PathBuf {
    let copy = world.path(name);
    run("cp", &["-a", world.path("state").to_str().unwrap(), copy.to_str().unwrap()]);
    copy
}

pub(super) fn run(program: &str, words: &[&str]) {
    let status = Command::new(program).args(words).status().unwrap();
    assert!(status.success(), "{program} {words:?}");
}
