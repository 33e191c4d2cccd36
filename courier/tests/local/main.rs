//! Text messages by what the host has: courier-local as a process, alone and behind the courier, with real programs, a real gammu in
//! front of a modem on a pseudo-terminal, and a mock of ModemManager on a message bus of its own.

#![expect(clippy::unwrap_used, reason = "the tests' own helpers")]

#[path = "../common/mod.rs"]
mod common;

mod at_modem;
mod bus;
mod exec;
mod gammu;
mod modemmanager;
mod relay;

use common::daemon::{Daemon, Folder, Socket, Which};
use common::{CODE, LONG};
use e2e::wait;
use nix::sys::signal::kill;
use nix::unistd::Pid;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::courier::{AccountField, Class, Outcome, Reason, Send, Text};
use pam_2fa_protocol::wire::More;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const TO: &str = "+15550100";
const ACCEPTED: (Class, Option<Reason>) = (Class::Accepted, None);
const UNCLEAR: (Class, Option<Reason>) = (Class::Temporary, Some(Reason::Unrecognised));
const CONFIG: (Class, Option<Reason>) = (Class::Rejected, Some(Reason::Config));
const AWAY: (Class, Option<Reason>) = (Class::Temporary, Some(Reason::Unreachable));

fn put(file: &Path, text: &str, mode: u32) {
    let folder = file.parent().unwrap();
    std::fs::create_dir_all(folder).unwrap();
    std::fs::write(file, text).unwrap();
    std::fs::set_permissions(file, Permissions::from_mode(mode)).unwrap();
}

fn open_folder(folder: &Path, mode: u32) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::set_permissions(folder, Permissions::from_mode(mode)).unwrap();
}

/// A folder with the shipped provider files, room for an administrator's, and `out`, into which anybody may write.
fn stage() -> Arc<Folder> {
    let folder = Folder::new();
    for (below, mode) in [("share", 0o755), ("share/providers", 0o755), ("ours", 0o755), ("out", 0o777)] {
        open_folder(&folder.0.join(below), mode);
    }
    let shipped = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../etc/providers"));
    for path in shipped.read_dir().unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
        let to = folder.0.join("share/providers").join(path.file_name().unwrap());
        put(&to, &std::fs::read_to_string(&path).unwrap(), 0o644);
    }
    Arc::new(folder)
}

fn arguments(folder: &Folder, peer: &str, more: &[&str]) -> Vec<String> {
    let (share, ours) = (folder.0.join("share"), folder.0.join("ours"));
    let fixed = ["--peer", peer, "--share-dir", share.to_str().unwrap(), "--providers", ours.to_str().unwrap()];
    fixed.iter().chain(more).map(|word| (*word).to_owned()).collect()
}

fn start(folder: &Arc<Folder>, which: Which, peer: &str, more: &[&str], socket: Socket) -> Daemon {
    let args = arguments(folder, peer, more);
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    Daemon::start_in(Arc::clone(folder), which, &args, socket)
}

/// courier-local alone, which whoever runs the tests may call.
fn local(folder: &Arc<Folder>, more: &[&str]) -> Daemon {
    start(folder, Which::Local("nobody"), "root", more, Socket::Made)
}

/// An administrator's program, and the provider's file `mine` that runs it.
fn program(folder: &Folder, script: &str) -> PathBuf {
    let path = folder.0.join("program");
    put(&path, &format!("#!/bin/sh\nout={}\n{script}\n", folder.0.join("out").display()), 0o755);
    file_for(folder, &format!("[\"{}\", \"{{to}}\", \"{{sender?}}\"]", path.display()));
    path
}

fn file_for(folder: &Folder, argv: &str) {
    let text = format!(
        "schema = 1\nid = \"mine\"\nname = \"Mine\"\ntransport = \"exec\"\n[exec]\nargv = {argv}\nstdin = \"{{text}}\"\n"
    );
    put(&folder.0.join("ours/mine.toml"), &text, 0o644);
}

fn text(provider: &str, account: &[(&str, &str)]) -> Text {
    let fields = account.iter().map(|(key, value)| ((*key).to_owned(), AccountField(Secret::new((*value).to_owned()))));
    Text {
        provider: provider.into(),
        account: fields.collect(),
        sender: None,
        proxy: None,
        ca_file: None,
        to: TO.into(),
        text: Secret::new(format!("{CODE} is your Example Corp login code (7F) for host.")),
        code: Secret::new(CODE.into()),
        tag: "7F".into(),
    }
}

fn send(text: Text) -> Send {
    let expires_at = "2099-01-01T00:00:00Z".into();
    Send { id: "K7Q2M9XD-1".into(), attempt: 1, deadline_ms: LONG, expires_at, mail: None, sms: Some(text) }
}

fn carry(daemon: &Daemon, text: Text) -> (Vec<String>, Outcome) {
    carry_within(daemon, text, LONG)
}

fn carry_within(daemon: &Daemon, text: Text, deadline_ms: i64) -> (Vec<String>, Outcome) {
    let mut caller = daemon.call();
    caller.send(&Send { deadline_ms, ..send(text) }, More::Yes);
    let (steps, outcome) = caller.outcome();
    assert_discreet(daemon, &steps, &outcome);
    (steps, outcome)
}

#[track_caller]
fn assert_is(outcome: &Outcome, expected: (Class, Option<Reason>)) {
    assert_eq!((outcome.class, outcome.reason), expected, "{outcome:?}");
}

/// Neither the steps, nor the outcome, nor the log repeat what is nobody's business, and no terminal obeys them.
#[track_caller]
fn assert_discreet(daemon: &Daemon, steps: &[String], outcome: &Outcome) {
    let told = format!("{steps:?} {outcome:?}");
    for secret in [CODE, "is your Example Corp"] {
        assert!(!told.contains(secret), "{secret}: {told}");
        assert!(!daemon.log().contains(secret), "{secret}: {}", daemon.log());
    }
    assert!(!daemon.log().contains(&TO[1..]), "{}", daemon.log());
    assert!(!outcome.said.contains(char::is_control) && !steps.concat().contains(char::is_control), "{told}");
}

/// What a program has written, once it is whole: it ends with a line end.
fn written(folder: &Folder, name: &str) -> String {
    let path = folder.0.join("out").join(name);
    wait::until(name, || std::fs::read_to_string(&path).ok().filter(|text| text.ends_with('\n')))
}

/// The process whose number a program has written.
fn pid(folder: &Folder, name: &str) -> Pid {
    Pid::from_raw(written(folder, name).trim().parse().unwrap())
}

/// That a process is gone, or a zombie that nobody has fetched yet.
fn until_gone(pid: Pid) {
    wait::until("a process to be gone", || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let is_zombie = stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z'));
        (kill(pid, None).is_err() || is_zombie).then_some(())
    });
}
