//! What was risked in the Setup window is asked about, and stands in the log.

use e2e::setup::{CLEAR, ENTER, ESCAPE, F2, F5, F10, open, to, type_over};
use e2e::trust::command;
use e2e::world::Plan;

#[test]
#[ignore = "needs tests/ns/enter"]
fn requiring_less_is_asked_about_and_is_in_the_log_whoever_wrote_it() {
    let world = Plan::default().start();
    let mut window = open(&world, (80, 24), "C.UTF-8");
    to(&mut window, "Authentication required");
    window.press(b"d");
    let _ = window.wait_for("disabled: nobody is asked");
    window.press(F2);
    let asked = window.wait_for("Fewer are asked for a code");
    assert!(asked.contains("Until now: optional: by user."), "{asked}");
    window.press(ENTER);
    window.press(ESCAPE);
    let _ = window.wait_until("the question to go", |screen| !screen.contains("Fewer are asked"));
    assert!(!command(&world, &["log"]).contains("required"), "nothing was saved");
    window.press(F2);
    let _ = window.wait_for("Fewer are asked for a code");
    window.press(b"y");
    let _ = window.wait_for("+required = \"disabled\"");
    assert!(command(&world, &["log"]).contains("policy.required: optional before, disabled now"));
    window.press(ENTER);
    window.press(F10);
    assert!(window.wait_for_end().success());
    // By another command, too.
    let _ = command(&world, &["config", "set", "policy.required", "optional"]);
    assert!(command(&world, &["log"]).contains("policy.required: disabled before, optional now"));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_kept_password_that_goes_to_another_server_is_said_before_and_in_the_log() {
    let world = Plan::default().start();
    let _ = command(&world, &["config", "seal"]);
    let mut window = open(&world, (80, 24), "C.UTF-8");
    let _ = window.wait_for("(kept, encrypted)");
    window.press(F5);
    let asked = window.wait_for("The address that gets the test message");
    assert!(!asked.contains("The kept secret goes"), "{asked}");
    window.press(ESCAPE);
    let _ = window.wait_until("the question to go", |screen| !screen.contains("Enter: send"));
    type_over(&mut window, "Port", "9");
    window.press(F5);
    let asked = window.wait_for("The address that gets the test message");
    assert!(asked.contains("The kept secret goes there with it"), "{asked}");
    window.press(CLEAR);
    window.press(b"admin@example.test\r");
    let _ = window.wait_for("Not sent: ");
    let log = command(&world, &["log"]);
    assert!(log.contains("secret-tried") && log.contains("email.password, to localhost:9, by root"), "{log}");
    window.press(ENTER);
    window.press(F10);
    let _ = window.wait_for("not saved. Save them");
    window.press(b"d");
    assert!(window.wait_for_end().success());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn without_a_test_is_typed_in_so_many_words_and_is_in_the_log() {
    let world = Plan::default().policy("required = \"optional\"").start();
    let mut window = open(&world, (80, 24), "C.UTF-8");
    to(&mut window, "Authentication required");
    window.press(b"m");
    let _ = window.wait_for("mandatory: everybody");
    window.press(F2);
    let _ = window.wait_for("No test has passed with what stands here");
    window.press(b"without a test");
    let _ = window.wait_until("what was typed", |screen| screen.lines().any(|line| line.contains("│ without a test ")));
    assert!(!command(&world, &["log"]).contains("mandatory-untested"));
    window.press(ENTER);
    let _ = window.wait_for("+required = \"mandatory\"");
    let log = command(&world, &["log"]);
    assert!(log.contains("mandatory-untested") && log.contains("by root"), "{log}");
    window.press(ENTER);
    window.press(F10);
    assert!(window.wait_for_end().success());
}
