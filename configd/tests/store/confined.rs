//! configd confined as it is when it serves (`pam-2fa-confine`): the store and the key work as before, and it sees of itself what is in
//! force. By children, which can be confined only once.

use crate::common::*;
use configd::random::KernelRandom;
use configd::seal::{MasterKey, Start, open_vault};
use configd::store::{MetaKey, Store};
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::{Uid, setuid};
use pam_2fa_confine::{Daemon, confine};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs a child of those below in a folder of its own, in which there is a state folder.
fn run(child: &str) {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    std::fs::create_dir(&state).unwrap();
    std::fs::set_permissions(&state, PermissionsExt::from_mode(0o700)).unwrap();
    std::fs::write(folder.path().join(child), "").unwrap();
    let came = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture"])
        .arg(format!("confined::{child}"))
        .current_dir(&folder)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&came.stdout);
    let text = format!("{said}{}", String::from_utf8_lossy(&came.stderr));
    assert!(came.status.success() && said.contains("the child was here"), "{text}");
}

/// The measure of that name.
fn is_on(name: &str) -> bool {
    let sandbox = configd::sandbox::own();
    sandbox.measures.iter().find(|measure| measure.name == name).unwrap_or_else(|| panic!("{name}: {sandbox:?}")).on
}

#[test]
fn confined_a_store_is_made_written_checkpointed_and_opened_again_and_nothing_is_written_beside_it() {
    run("child_that_keeps_a_store_while_it_is_confined");
}

#[test]
#[ignore = "a child of the tests here, not a test"]
fn child_that_keeps_a_store_while_it_is_confined() {
    let folder = std::env::current_dir().unwrap();
    if !folder.join("child_that_keeps_a_store_while_it_is_confined").exists() {
        return;
    }
    let (state, run) = (folder.join("state"), folder.join("run"));
    for name in ["own_filter", "landlock", "no_network"] {
        assert!(name == "no_network" || !is_on(name), "{name} is said to be in force before it is");
    }
    assert_eq!(confine(Daemon::Configd, &[&folder], &[&state]), [""; 0]);
    let vault = open_vault(&state, &run, &KernelRandom).unwrap();
    assert_eq!(vault.start, Start::First);
    // More than a checkpoint's worth (1,000 pages of 4 KiB).
    for number in 0..120_u8 {
        wait(vault.store.put_meta(vec![(MetaKey::Settings, vec![number; 60_000])])).unwrap();
    }
    vault.store.close().unwrap();
    drop(vault);
    assert!(state.join("state.db").metadata().unwrap().len() > 60_000, "the log was written to the file");
    let vault = open_vault(&state, &run, &KernelRandom).unwrap();
    assert_eq!(vault.start, Start::Again);
    assert_eq!(wait(vault.store.meta(MetaKey::Settings)).unwrap(), Some(vec![119; 60_000]));
    for name in ["own_filter", "landlock", "key_locked"] {
        assert!(is_on(name), "{name}: {:?}", configd::sandbox::own());
    }
    assert!(std::fs::write(folder.join("beside"), "").is_err());
    assert!(std::fs::write("/tmp/pam-2fa-is-not-to-write-here", "").is_err());
    say("the child was here");
}

#[test]
fn a_key_is_on_a_page_that_is_not_swapped_out_until_it_is_dropped() {
    run("child_that_locks_keys");
}

#[test]
#[ignore = "a child of the tests here, not a test"]
fn child_that_locks_keys() {
    if !Path::new("child_that_locks_keys").exists() {
        return;
    }
    let locked = || {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap()
    };
    let before = locked();
    let first = MasterKey::generate(&KernelRandom).unwrap();
    let with_one = locked();
    assert!(with_one > before, "{with_one}");
    let second = MasterKey::generate(&KernelRandom).unwrap();
    drop(second);
    assert_eq!(locked(), with_one, "the end of one key takes no lock off another");
    assert!(is_on("key_locked"));
    drop(first);
    assert_eq!(locked(), before);
    say("the child was here");
}

/// As root, whose locks have no limit before it is somebody else.
#[test]
fn a_key_that_cannot_be_locked_works_and_is_said_not_to_be() {
    if !Uid::effective().is_root() {
        return skipped("only root can give up its right to lock memory");
    }
    run("child_that_may_lock_nothing");
}

#[test]
#[ignore = "a child of the tests here, not a test"]
fn child_that_may_lock_nothing() {
    if !Path::new("child_that_may_lock_nothing").exists() {
        return;
    }
    setrlimit(Resource::RLIMIT_MEMLOCK, 0, 0).unwrap();
    // For this process only: nobody's.
    setuid(Uid::from_raw(65534)).unwrap();
    assert!(is_on("key_locked"), "where there is no key none is unlocked");
    let key = MasterKey::generate(&KernelRandom).unwrap();
    assert_eq!(MasterKey::parse(key.line().expose()).unwrap().id(), key.id());
    assert!(!is_on("key_locked"));
    drop(key);
    assert!(is_on("key_locked"));
    say("the child was here");
}
