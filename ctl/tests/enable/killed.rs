//! `enable` and `disable`, killed at every system call.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot run must say so")]

use crate::common;
use crate::needs_root;
use crate::world::{SSHD, World};
use nix::sys::ptrace;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use std::fs::{File, read_to_string};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

/// Runs the command and kills it at that stop of its system calls; whether it came that far.
fn killed_at(stop: usize, world: &World, words: &[&str]) -> bool {
    killed_behind(None, stop, world, words)
}

/// The same, counted from where that file is there, or is not there.
pub(crate) fn killed_behind(file: Option<(&str, bool)>, stop: usize, world: &World, words: &[&str]) -> bool {
    let (mut command, pid) = stopped(world, words);
    let step = || {
        ptrace::syscall(pid, None).unwrap();
        !matches!(waitpid(pid, None).unwrap(), WaitStatus::Exited(..))
    };
    let came_so_far = file.is_none_or(|(file, is_there)| {
        let file = world.path(file);
        while file.exists() != is_there {
            if !step() {
                return false;
            }
        }
        true
    }) && (0..stop).all(|_| step());
    if came_so_far {
        command.kill().unwrap();
    }
    let _ = command.wait();
    came_so_far
}

/// Runs the command, stopped before it has the lock.
fn stopped(world: &World, words: &[&str]) -> (Child, Pid) {
    let gate = File::options().write(true).open(world.path("var/lib/pam-2fa/enable/lock")).unwrap();
    gate.lock().unwrap();
    let (verb, words) = words.split_first().unwrap();
    let command = Command::new(env!("CARGO_BIN_EXE_pam-2fa"))
        .arg(verb)
        .arg("--runtime-dir")
        .arg("/nonexistent")
        .arg("--config")
        .arg(world.daemon.config())
        .arg("--root")
        .arg(world.root.path())
        .args(words)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = Pid::from_raw(i32::try_from(command.id()).unwrap());
    let waits = format!("/proc/{pid}/syscall");
    // clock_nanosleep(2) is 230 on x86-64 and 115 on arm64.
    let number = if cfg!(target_arch = "x86_64") { "230 " } else { "115 " };
    while !read_to_string(&waits).unwrap().starts_with(number) {
        std::thread::yield_now();
    }
    ptrace::attach(pid).expect("this test needs ptrace(2): kernel.yama.ptrace_scope below 3, no seccomp filter on it");
    waitpid(pid, None).unwrap();
    drop(gate);
    (command, pid)
}

/// As pam-auth-update would, between what was planned and what is written.
#[test]
fn a_file_that_is_taken_in_and_changes_meanwhile_has_it_all_taken_back() {
    needs_root!();
    let world = World::new();
    world.enable(&["sshd"]);
    world.run(&["disable", "sshd"]);
    let before = world.files();
    let common_auth = world.text("common-auth");
    let (mut command, pid) = stopped(&world, &["enable", "sshd", "--without-users", "--untested"]);
    // rename(2): the receipt comes into its place.
    let rename = if cfg!(target_arch = "x86_64") { "82 " } else { "38 " };
    while !read_to_string(format!("/proc/{pid}/syscall")).unwrap().starts_with(rename) {
        ptrace::syscall(pid, None).unwrap();
        assert!(!matches!(waitpid(pid, None).unwrap(), WaitStatus::Exited(..)), "it changed nothing");
    }
    world.service("common-auth", "auth required pam_unix.so\n");
    ptrace::detach(pid, None).unwrap();
    assert_eq!(command.wait().unwrap().code(), Some(1));
    world.service("common-auth", &common_auth);
    assert_eq!(world.files(), before);
}

#[test]
fn killed_at_any_system_call_the_file_is_the_old_or_the_new_one_and_disable_gives_the_original_bytes() {
    needs_root!();
    let world = World::new();
    world.enable(&["sshd"]);
    let enabled = world.text("sshd");
    world.run(&["disable", "sshd"]);
    let before = world.files();
    let (mut olds, mut news) = (0, 0);
    for stop in 1.. {
        if !killed_at(stop, &world, &["enable", "sshd", "--without-users", "--untested"]) {
            break;
        }
        let now = world.text("sshd");
        if now == enabled {
            news += 1;
        } else {
            assert_eq!(now, SSHD, "killed at stop {stop}");
            olds += 1;
        }
        let shown = world.run(&["disable", "sshd"]);
        // Before the receipt there is nothing to undo, and it says so.
        assert!(
            shown.ends_with("=== 0") || shown.contains("there is nothing to take out"),
            "killed at stop {stop}: {shown}"
        );
        assert_eq!(without_draft(world.files()), before, "killed at stop {stop}");
    }
    assert_eq!(world.text("sshd"), enabled);
    assert!(olds > 20 && news > 5, "{olds} {news}");
    // And the undoing itself.
    let (mut olds, mut news) = (0, 0);
    for stop in 1.. {
        if !world.text("sshd").contains("pam_2fa.so") {
            assert!(world.enable(&["sshd"]).ends_with("=== 0"));
        }
        if !killed_at(stop, &world, &["disable", "sshd"]) {
            break;
        }
        let now = world.text("sshd");
        if now == enabled {
            olds += 1;
        } else {
            assert_eq!(now, SSHD, "killed at stop {stop}");
            news += 1;
        }
        let shown = world.run(&["disable", "sshd"]);
        assert!(
            shown.ends_with("=== 0") || shown.contains("there is nothing to take out"),
            "killed at stop {stop}: {shown}"
        );
        assert_eq!(without_draft(world.files()), before, "killed at stop {stop}");
    }
    assert!(olds > 5 && news > 5, "{olds} {news}");
    assert_eq!(without_draft(world.files()), before);
}

/// A receipt that was not whole yet is in nobody's way, and the next one takes it away.
fn without_draft(mut files: Vec<(PathBuf, Vec<u8>)>) -> Vec<(PathBuf, Vec<u8>)> {
    files.retain(|(path, _)| !path.ends_with("enable/.draft"));
    files
}
