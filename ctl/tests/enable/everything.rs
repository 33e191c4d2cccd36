//! `disable --everything`: what a package runs before the module goes.

use crate::all::{all, debian, has_tool, same};
use crate::common;
use crate::needs_root;
use crate::world::{LOGIN, SSHD, SU, World};
use serde_json::{Value, json};
use std::fs::write;

const NEW_LINE: &str = "auth  requisite  pam_2fa.so";

#[test]
fn everything_that_was_enabled_comes_out_to_the_byte_and_lines_of_another_hand_too() {
    needs_root!();
    let world = World::new();
    world.service("login", LOGIN);
    world.service("su", SU);
    let before = world.files();
    assert!(world.enable(&["sshd", "login", "--without-break-glass"]).ends_with("=== 0"));
    world.service("su", &format!("{SU}{NEW_LINE}\n"));
    let shown = world.run(&["disable", "--everything", "--json"]);
    let answer: Value = serde_json::from_str(shown.split("---\n===").next().unwrap()).unwrap();
    let services: Vec<&Value> = answer.as_array().unwrap().iter().map(|one| &one["service"]).collect();
    assert_eq!(services, [&json!("login"), &json!("sshd"), &json!("su")], "{shown}");
    assert!(shown.contains("login asks for no code any more; its file is as it was before"), "{shown}");
    assert!(
        shown.contains("su asks for no code any more; our lines were taken out (`enable` has not put them there)"),
        "{shown}"
    );
    assert!(shown.ends_with("=== 0"), "{shown}");
    assert_eq!(world.files(), before);
    let shown = world.run(&["disable", "--everything"]);
    assert_eq!(shown, "no service asks for a code, so there is nothing to take out\n---\n=== 0");
}

#[test]
fn the_common_lines_come_out_with_the_services() {
    needs_root!();
    if !has_tool() {
        return;
    }
    let world = debian();
    world.service(
        "alone",
        "auth [success=1 default=ignore] pam_unix.so\nauth requisite pam_deny.so\nauth required pam_permit.so\n",
    );
    let before = world.files();
    assert!(all(&world, &[]).ends_with("=== 0"));
    let shown = world.enable(&["alone"]);
    assert!(shown.ends_with("=== 0"), "{shown}");
    let shown = world.run(&["disable", "--everything"]);
    assert!(
        shown.contains("no service asks for a code any more by the common lines; they are as they were before\n"),
        "{shown}"
    );
    assert!(shown.contains("alone asks for no code any more; its file is as it was before\n"), "{shown}");
    assert!(shown.ends_with("=== 0"), "{shown}");
    same(&world, &before, "");
}

#[test]
fn what_cannot_be_taken_out_is_named_with_its_line_keeps_nothing_else_and_ends_in_an_error() {
    needs_root!();
    let world = World::new();
    world.service("login", LOGIN);
    // Jumps count our lines there.
    let by_hand = "auth [success=2 default=ignore] pam_unix.so\nauth optional pam_2fa.so decoy\nauth requisite pam_deny.so\n\
                   auth requisite pam_2fa.so\nauth required pam_permit.so\n";
    world.service("by-hand", by_hand);
    assert!(world.enable(&["sshd", "login", "--without-break-glass"]).ends_with("=== 0"));
    // Its receipt is damaged; the line comes out all the same, or is named.
    write(world.path("var/lib/pam-2fa/enable/login.json"), "{").unwrap();
    let shown = world.run(&["disable", "--everything"]);
    assert!(shown.contains("sshd asks for no code any more; its file is as it was before\n"), "{shown}");
    assert!(shown.contains("/etc/pam.d/by-hand:2 names pam_2fa.so; take that line out by hand"), "{shown}");
    assert!(shown.contains("/etc/pam.d/by-hand:4 names pam_2fa.so; take that line out by hand"), "{shown}");
    assert!(shown.contains("/etc/pam.d/login:4 names pam_2fa.so; take that line out by hand"), "{shown}");
    assert!(shown.contains("login.json: is no receipt of this release"), "{shown}");
    assert!(shown.ends_with("=== 1"), "{shown}");
    assert_eq!((world.text("sshd").as_str(), world.text("by-hand").as_str()), (SSHD, by_hand));
    // What is done by hand then is seen.
    world.service("by-hand", "auth requisite pam_deny.so\n");
    world.service("login", LOGIN);
    std::fs::remove_file(world.path("var/lib/pam-2fa/enable/login.json")).unwrap();
    assert!(world.run(&["disable", "--everything"]).ends_with("=== 0"));
}
