//! The disk: read-only, full.

use super::common::*;
use e2e::world::{self, Plan};
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
