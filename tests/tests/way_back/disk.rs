//! The disk: read-only, full.

use super::common::*;
use e2e::wait;
use e2e::world::{self, Plan, text_of};
use std::fs;
use std::process::Command;

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_disk_that_cannot_be_written_denies_and_says_so_and_logins_go_on_when_it_can() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    world.stop_configd();
    let state = world.path("state");
    let copy = copied(&world, "copy");
    run("mount", &["-t", "tmpfs", "-o", "mode=0700", "tmpfs", state.to_str().unwrap()]);
    run("cp", &["-a", &format!("{}/.", copy.display()), state.to_str().unwrap()]);
    world::own(&state, 0o700, "pam-2fa:pam-2fa");
    run("mount", &["-o", "remount,ro", state.to_str().unwrap()]);
    world.start_configd();
    is_sealed(&world, &ada, &["look at the disk"]);
    run("mount", &["-o", "remount,rw", state.to_str().unwrap()]);
    opens(&world);
    logs_in(&world, &ada);
    world.stop_configd();
    run("umount", &[state.to_str().unwrap()]);
}

/// Pages that come back otherwise than they were written, as of a disk that dies; then as they were, as of one that was mended.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_disk_that_gives_other_pages_while_configd_runs_seals_and_it_opens_when_they_are_right_again() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    world.stop_configd();
    world.start_configd();
    opens(&world);
    let store = world.path("state/state.db");
    let bytes = fs::read(&store).unwrap();
    let mut bad = bytes.clone();
    bad.iter_mut().skip(4096).for_each(|byte| *byte ^= 0xa5);
    fs::write(&store, bad).unwrap();
    // The first that needs a page finds it.
    world.ssh(&ada).open_with_password().wait_for_denial();
    wait::until("configd to be sealed", || {
        text_of(&world.command(&["status"])).contains("sealed: every").then_some(())
    });
    is_sealed(&world, &ada, &["the store"]);
    fs::write(&store, bytes).unwrap();
    opens(&world);
    logs_in(&world, &ada);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn on_a_full_disk_people_log_in_by_the_room_kept_ahead_and_when_there_is_space_again() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    world.stop_configd();
    let state = world.path("state");
    let copy = copied(&world, "copy");
    run("mount", &["-t", "tmpfs", "-o", "mode=0700,size=4m", "tmpfs", state.to_str().unwrap()]);
    run("cp", &["-a", &format!("{}/.", copy.display()), state.to_str().unwrap()]);
    world::own(&state, 0o700, "pam-2fa:pam-2fa");
    world.start_configd();
    opens(&world);
    // As far as it goes; dd says that there was no more space.
    let ballast = state.join("ballast");
    let dd = ["if=/dev/zero", &format!("of={}", ballast.display()), "bs=4k", "status=none"];
    assert!(!Command::new("dd").args(dd).output().unwrap().status.success());
    logs_in(&world, &ada);
    fs::remove_file(ballast).unwrap();
    logs_in(&world, &ada);
    world.stop_configd();
    run("umount", &[state.to_str().unwrap()]);
}
