//! `clock …`, `restore --accept`, and the file `generation` that the command keeps beside the settings.

mod common;

use common::{Daemon, Reply};
use insta::assert_snapshot;
use pam_2fa_protocol::admin;
use serde_json::{Value, json};
use std::fs::{Permissions, read_to_string, set_permissions, write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

fn clock(behind_s: i64, leap_s: i64) -> Value {
    json!({
        "wall": "2026-11-24T04:00:00Z", "mark": "2036-11-24T04:00:00Z",
        "behind_s": behind_s, "leap_s": leap_s, "boot_s": 60, "devices": 1, "passes": 2,
    })
}

#[test]
fn the_clock_is_shown_with_what_it_is_apart_from_what_was_seen() {
    needs_root!();
    let shown: Vec<String> = [(0, 0), (315_576_000, 0), (0, 315_576_000)]
        .map(|(behind_s, leap_s)| {
            Daemon::start(move |_, _| vec![Reply::Done(clock(behind_s, leap_s))]).run(&["clock", "status"])
        })
        .into();
    assert_snapshot!(shown.join("\n"));
}

#[test]
fn a_reset_of_the_clock_says_what_ended() {
    needs_root!();
    let daemon = Daemon::start(|_, _| vec![Reply::Done(clock(0, 0))]);
    assert_snapshot!(daemon.run(&["clock", "reset"]));
    let refused = json!({"reasons": ["there is nothing to reset"]});
    let daemon = Daemon::start(move |_, _| vec![Reply::Error(admin::REFUSED, refused.clone())]);
    assert!(daemon.run(&["clock", "reset"]).ends_with("pam-2fa: there is nothing to reset\n=== 1"));
}

#[test]
fn an_older_store_is_accepted_with_all_that_ended_and_only_on_demand() {
    needs_root!();
    let accepted = json!({
        "generation": 13, "devices": 2, "challenges": 1, "passes": 0, "apps": 4, "recovery_users": 1,
    });
    let behind = Arc::new(AtomicI64::new(60));
    let its = Arc::clone(&behind);
    let daemon = Daemon::start(move |method, _| {
        let behind_s = its.load(Ordering::Relaxed);
        vec![Reply::Done(if method == admin::CLOCK_STATUS { clock(behind_s, 0) } else { accepted.clone() })]
    });
    assert_snapshot!(daemon.run(&["restore", "--accept"]));
    assert_snapshot!(daemon.run(&["restore", "--accept", "--keep-recovery"]));
    assert!(daemon.run(&["restore"]).ends_with("=== 2"));
    let asked = ["RestoreAccept {\"keep_recovery\":false}", "RestoreAccept {\"keep_recovery\":true}"];
    assert_eq!(daemon.calls(), [asked[0], "ClockStatus {}", asked[1], "ClockStatus {}"]);
    behind.store(3_600, Ordering::Relaxed);
    let shown = daemon.run(&["restore", "--accept"]);
    assert!(shown.contains("the clock stands 3600 s behind") && shown.ends_with("=== 0"), "{shown}");
    let accepted = json!({"generation": 13, "still_sealed": "config.toml: there is no such file"});
    let daemon = Daemon::start(move |_, _| vec![Reply::Done(accepted.clone())]);
    let shown = daemon.run(&["restore", "--accept"]);
    assert!(shown.ends_with("sealed and denies every login: config.toml: there is no such file\n=== 1"), "{shown}");
}

/// A daemon that does what it is asked, and how far its store is.
fn counting() -> (Daemon, Arc<AtomicI64>) {
    let its = Arc::new(AtomicI64::new(0));
    let of_status = Arc::clone(&its);
    let daemon = Daemon::start(move |method, _| {
        let generation = of_status.load(Ordering::Relaxed);
        vec![Reply::Done(match method {
            admin::STATUS => json!({"status": {
                "version": "0.1.0", "state": "running", "since": "x", "store_generation": generation,
            }}),
            _ => json!({"generation": 1, "notes": []}),
        })]
    });
    daemon.write_config("");
    (daemon, its)
}

#[test]
fn after_what_may_have_changed_something_the_generation_is_kept_and_only_rises() {
    needs_root!();
    let (daemon, counts) = counting();
    let path = daemon.config().with_file_name("generation");
    let after = |counted, words: &[&str]| {
        counts.store(counted, Ordering::Relaxed);
        daemon.counts().store(counted, Ordering::Relaxed);
        let shown = daemon.run(words);
        assert!(shown.ends_with("=== 0"), "{shown}");
        read_to_string(&path).ok()
    };
    let says = |generation: i64| Some(format!("pam-2fa-generation:v1:{generation}\n"));
    assert_eq!(after(0, &["config", "reload"]), None, "nothing has happened that could come undone");
    assert_eq!(after(3, &["config", "reload"]), says(3));
    assert_eq!(after(2, &["config", "reload"]), says(3), "it never falls");
    assert_eq!(after(4, &["config", "check"]), says(3), "the daemon is not asked");
    assert_eq!(after(7, &["status"]), says(7));
    let about = path.metadata().unwrap();
    assert_eq!((about.mode() & 0o7777, about.uid()), (0o640, 0));
    assert_eq!(about.gid(), daemon.config().metadata().unwrap().gid());
    assert_eq!(daemon.files(), ["config.toml", "generation"], "nothing half-made is left");
}

#[test]
fn a_generation_that_is_odd_or_somebody_elses_is_written_anew() {
    needs_root!();
    let (daemon, counts) = counting();
    counts.store(5, Ordering::Relaxed);
    daemon.counts().store(5, Ordering::Relaxed);
    let path = daemon.config().with_file_name("generation");
    let is_anew = |what: &str| {
        let _ = daemon.run(&["status"]);
        assert_eq!(read_to_string(&path).unwrap(), "pam-2fa-generation:v1:5\n", "{what}");
        assert!(path.symlink_metadata().unwrap().is_file(), "{what}");
        assert_eq!(path.metadata().unwrap().mode() & 0o7777, 0o640, "{what}");
    };
    write(&path, "seven\n").unwrap();
    is_anew("no generation");
    write(&path, "pam-2fa-generation:v1:9\n").unwrap();
    set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    is_anew("anybody could write it");
    std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
    is_anew("somebody else's");
    for (group, mode) in [(Some(65_534), 0o640), (None, 0o600)] {
        std::os::unix::fs::chown(&path, None, group).unwrap();
        set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        is_anew("configd could not read it");
        assert_eq!(path.metadata().unwrap().gid(), daemon.config().metadata().unwrap().gid());
    }
    std::fs::remove_file(&path).unwrap();
    let elsewhere = daemon.config().with_file_name("elsewhere");
    write(&elsewhere, "untouched").unwrap();
    symlink(&elsewhere, &path).unwrap();
    is_anew("a link");
    assert_eq!(read_to_string(&elsewhere).unwrap(), "untouched");
}

#[test]
fn where_the_generation_cannot_be_kept_what_was_done_stays_done_and_that_is_said() {
    needs_root!();
    let (daemon, counts) = counting();
    counts.store(5, Ordering::Relaxed);
    daemon.counts().store(5, Ordering::Relaxed);
    // A folder in its place: rename(2) refuses.
    std::fs::create_dir(daemon.config().with_file_name("generation")).unwrap();
    let shown = daemon.run(&["config", "reload"]);
    assert!(shown.contains("could not be kept") && shown.ends_with("=== 0"), "{shown}");
    assert_eq!(daemon.files(), ["config.toml", "generation"], "nothing half-made is left");
}
