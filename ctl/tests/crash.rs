//! `config seal` killed at every system call that it makes: the settings are the old file or the new one, whole, and the next
//! run is none the worse for what was left.
//!
//! The command is stopped while it waits for the daemon's first answer, and then let on from one system call to the next
//! (ptrace(2)); the n-th time it is killed at the n-th stop. This ends when a run comes to its own end.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "the tests' own helpers; a test that cannot run must say so"
)]

mod common;

use common::{Daemon, Reply};
use nix::sys::ptrace;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use pam_2fa_protocol::admin;
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};

const OLD: &str = "# Ours.\n[email]\nserver = \"smtp.example.com\"\nfrom = \"a@example.com\"\npassword = \"one\"\n";
const NEW: &str =
    "# Ours.\n[email]\nserver = \"smtp.example.com\"\nfrom = \"a@example.com\"\npassword = \"sealed:v1:x\"\n";

/// A daemon that says when it is asked to seal, and answers when it is told to.
fn gated(reload: fn() -> Reply) -> (Daemon, Receiver<()>, Sender<()>) {
    let (asked, is_asked) = channel();
    let (answer, may_answer) = channel();
    let gate = Mutex::new((asked, may_answer));
    let daemon = Daemon::start(move |method: &str, _: &Value| {
        if method == admin::SEAL {
            let gate = gate.lock().unwrap();
            gate.0.send(()).unwrap();
            gate.1.recv().unwrap();
            return vec![Reply::Done(json!({"sealed": "sealed:v1:x"}))];
        }
        vec![reload()]
    });
    (daemon, is_asked, answer)
}

/// Runs the command and kills it at that stop; whether it came that far.
fn killed_at(stop: usize, daemon: &Daemon, is_asked: &Receiver<()>, answer: &Sender<()>) -> bool {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pam-2fa"))
        .args(["config", "seal", "--runtime-dir"])
        .arg(daemon.runtime_dir())
        .arg("--config")
        .arg(daemon.config())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    is_asked.recv().unwrap();
    let pid = Pid::from_raw(i32::try_from(command.id()).unwrap());
    ptrace::attach(pid).expect("this test needs ptrace(2): kernel.yama.ptrace_scope below 3, no seccomp filter on it");
    waitpid(pid, None).unwrap();
    answer.send(()).unwrap();
    let came_so_far = (0..stop).all(|_| {
        ptrace::syscall(pid, None).unwrap();
        !matches!(waitpid(pid, None).unwrap(), WaitStatus::Exited(..))
    });
    if came_so_far {
        command.kill().unwrap();
    }
    // Of a run that came to its own end, waitpid has already told.
    let _ = command.wait();
    came_so_far
}

/// Kills at each stop in turn, and says how often each text was there afterwards: (old, new).
fn killed_everywhere(reload: fn() -> Reply) -> (usize, usize) {
    let (daemon, is_asked, answer) = gated(reload);
    let (mut old, mut new) = (0_usize, 0_usize);
    for stop in 1.. {
        daemon.write_config(OLD);
        if !killed_at(stop, &daemon, &is_asked, &answer) {
            return (old, new);
        }
        match daemon.read_config().as_str() {
            OLD => old = old.saturating_add(1),
            NEW => new = new.saturating_add(1),
            other => panic!("killed at stop {stop}, the file is neither old nor new: {other:?}"),
        }
        assert!(stop < 1_000, "the command does not end");
    }
    (old, new)
}

#[test]
fn killed_at_any_system_call_the_settings_are_whole() {
    needs_root!();
    let (old, new) = killed_everywhere(|| Reply::Done(json!({"generation": 1})));
    // The run goes through both: most stops are before the rename, and the reload and the words on the screen are after it.
    assert!(old > 10 && new > 5, "{old} {new}");
}

#[test]
fn killed_while_a_refused_file_is_taken_back_the_settings_are_whole() {
    needs_root!();
    let (old, new) = killed_everywhere(|| Reply::Error(admin::REFUSED, json!({"reasons": ["no"]})));
    assert!(old > 20 && new > 10, "{old} {new}");
}

#[test]
fn what_a_killed_run_has_left_does_not_stop_the_next() {
    needs_root!();
    let (daemon, is_asked, answer) = gated(|| Reply::Done(json!({"generation": 1})));
    daemon.write_config(OLD);
    let mut stop = 1;
    while daemon.files() == ["config.toml"] {
        assert!(killed_at(stop, &daemon, &is_asked, &answer), "no run has left anything beside the file");
        stop += 1;
    }
    assert_eq!(daemon.files(), [".config.toml.pam-2fa-seal", "config.toml"]);
    let end = std::thread::spawn(move || {
        is_asked.recv().unwrap();
        answer.send(()).unwrap();
    });
    let shown = daemon.run(&["config", "seal"]);
    end.join().unwrap();
    assert!(shown.ends_with("=== 0"), "{shown}");
    assert_eq!((daemon.read_config().as_str(), daemon.files()), (NEW, vec![String::from("config.toml")]));
}
