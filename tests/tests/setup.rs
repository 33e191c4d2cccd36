//! The Setup window on a real terminal, over the real daemons: what an administrator does there, and what cannot be done.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

#[path = "setup/kill.rs"]
mod kill;
#[path = "setup/log.rs"]
mod log;
#[path = "setup/save.rs"]
mod save;
#[path = "setup/sms.rs"]
mod sms;
#[path = "setup/terminal.rs"]
mod terminal;
#[path = "setup/users.rs"]
mod users;
#[path = "setup/values.rs"]
mod values;

use e2e::mailbox;
use e2e::setup::{ENTER, ESCAPE, F2, F3, F5, F10, open, to};
use e2e::window::Window;
use e2e::world::{Plan, World, text_of};
use std::fs;

fn text(world: &World) -> String {
    fs::read_to_string(world.config_file()).unwrap()
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn what_is_typed_is_saved_with_the_comments_there_and_is_in_the_next_message() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    fs::write(world.config_file(), format!("# Of ours.\n{}", text(&world))).unwrap();
    let mut window = open(&world, (80, 24), "en_GB.UTF-8");
    let _ = window.wait_for("configd: unhealthy (1)");
    to(&mut window, "Application name");
    window.press(b"\x15New Name GmbH");
    let _ = window.wait_for("* not saved");
    window.press(F2);
    let _ = window.wait_until("the change", |screen| {
        screen.contains("+application = \"New Name GmbH\"") && screen.contains("Saved")
    });
    window.press(ENTER);
    let now = text(&world);
    assert!(now.starts_with("# Of ours.\n") && now.contains("application = \"New Name GmbH\""), "{now}");
    window.press(F10);
    assert!(window.wait_for_end().success());
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    let mail = mailbox::wait_for_code(&ada.email, 1);
    assert!(mail.text.contains("New Name GmbH"), "{}", mail.text);
    ssh.type_line(&mail.code());
    ssh.prove_shell();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn mandatory_is_not_saved_before_a_test_by_what_stands_on_the_screen_has_passed() {
    let world = Plan::default().policy("required = \"optional\"").start();
    let mut window = open(&world, (80, 24), "C.UTF-8");
    to(&mut window, "Authentication required");
    window.press(b"m");
    let _ = window.wait_for("mandatory: everybody");
    window.press(F2);
    let _ = window.wait_for("No test has passed with what stands here");
    window.press(b"without a tes");
    window.press(ENTER);
    let _ = window.wait_for("without a tes");
    window.press(ESCAPE);
    let _ = window.wait_until("the question to go", |screen| !screen.contains("No test has passed"));
    assert!(text(&world).contains("required = \"optional\""));
    window.press(F5);
    let _ = window.wait_for("The address that gets the test message");
    window.press(b"\x15admin@example.test");
    window.press(ENTER);
    let _ = window.wait_for("Accepted for admin@example.test: 250");
    window.press(ESCAPE);
    let _ = window.wait_until("the conversation to go", |screen| !screen.contains("Accepted for"));
    window.press(F2);
    let _ = window.wait_for("+required = \"mandatory\"");
    window.press(ENTER);
    window.press(F10);
    assert!(window.wait_for_end().success());
    assert!(text(&world).contains("required = \"mandatory\""));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_secret_is_sealed_before_it_is_in_the_file_and_the_log_has_who_looked() {
    let world = Plan::default().start();
    let mut window = open(&world, (80, 24), "C.UTF-8");
    to(&mut window, "Password");
    let _ = window.wait_for("(plain text until saved)");
    window.press(b"hunter2");
    let _ =
        window.wait_until("what was typed, unseen", |screen| screen.contains("•••••••") && !screen.contains("hunter2"));
    window.press(F3);
    let _ = window.wait_for("hunter2");
    window.press(F2);
    let screen = window.wait_for("Encrypted: email.password");
    assert!(screen.contains("Saved"), "{screen}");
    window.press(ENTER);
    let now = text(&world);
    assert!(!now.contains("hunter2") && now.contains("password = \"sealed:v1:"), "{now}");
    window.press(F3);
    let _ = window.wait_for("hunter2");
    let log = text_of(&world.command(&["log"]));
    assert!(log.contains("secret-shown") && log.contains("email.password"), "{log}");
    window.press(F10);
    assert!(window.wait_for_end().success());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_second_window_sees_what_the_first_has_saved_and_asks_where_both_have_changed_the_same() {
    let world = Plan::default().start();
    let (mut one, mut two) = (open(&world, (80, 24), "C.UTF-8"), open(&world, (200, 60), "C"));
    for (window, name) in [(&mut one, "One"), (&mut two, "Two")] {
        to(window, "Application name");
        window.press(b"\x15");
        window.press(name.as_bytes());
        let _ = window.wait_for("* not saved");
    }
    one.press(F2);
    let _ = one.wait_for("+application = \"One\"");
    two.press(F2);
    let _ = two.wait_for("somebody has saved the same settings otherwise");
    two.press(b"m");
    let _ = two.wait_for("+application = \"Two\"");
    assert!(text(&world).contains("application = \"Two\""));
    one.press(ENTER);
    to(&mut one, "Send from");
    one.press(b"\x15New <new@example.test>");
    one.press(F2);
    let _ = one.wait_for("Somebody else has meanwhile changed: policy.application");
    let now = text(&world);
    assert!(now.contains("application = \"Two\"") && now.contains("New <new@example.test>"), "{now}");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_daemon_that_is_gone_is_said_and_is_back_when_it_is_and_what_was_typed_is_still_there() {
    let mut world = Plan::default().start();
    let mut window = open(&world, (80, 24), "de_AT.UTF-8");
    // The password of this world stands in plain text.
    let _ = window.wait_for("configd: Probleme (1)");
    to(&mut window, "Name in Nachrichten");
    window.press(b"\x15Muster AG");
    world.kill_configd();
    let _ = window.wait_for("configd antwortet nicht");
    window.resize(120, 40);
    let _ =
        window.wait_until("the window anew", |screen| screen.contains("Muster AG") && screen.contains("[ Speichern ]"));
    world.start_configd();
    let _ = window.wait_for("configd: Probleme (1)");
    window.press(F10);
    let _ = window.wait_for("Nicht gespeichert");
    window.press(b"v");
    assert!(window.wait_for_end().success());
    assert!(!text(&world).contains("Muster AG"));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_user_is_found_reset_after_a_question_and_the_page_shows_it() {
    let world = Plan::default().start();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let mut window = open(&world, (80, 24), "C.UTF-8");
    window.press(b"\x1b3");
    let _ = window.wait_for("2 of 2");
    window.press(ada.host.name.as_bytes());
    let _ = window.wait_for("1 of 2");
    window.press(ENTER);
    let _ = window.wait_for(&ada.email);
    window.press(b"x");
    let question = window.wait_for("Reset");
    assert!(question.contains(&ada.host.name), "{question}");
    // Enter alone does nothing that takes something away.
    window.press(ENTER);
    window.press(ESCAPE);
    let _ = window.wait_until("the question to go", |screen| !screen.contains("yes, do it"));
    assert!(text_of(&world.command(&["user", "show", &ada.host.name])).contains(&ada.email));
    window.press(b"x");
    let _ = window.wait_for("yes, do it");
    window.press(b"y");
    let is_done = |screen: &str| screen.contains("is reset") && !screen.contains(&ada.email);
    let _ = window.wait_until("the address to go", is_done);
    assert!(!text_of(&world.command(&["user", "show", &ada.host.name])).contains(&ada.email));
    assert!(text_of(&world.command(&["user", "show", &bob.host.name])).contains(&bob.email));
    window.press(F10);
    assert!(window.wait_for_end().success());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn the_terminal_is_as_it_was_when_the_window_is_told_to_end_and_only_root_opens_it_at_a_terminal() {
    let world = Plan::default().start();
    let mut window = open(&world, (80, 24), "C.UTF-8");
    let _ = window.wait_for("configd: ");
    assert!(window.is_taken());
    // setsid(1) has become it.
    let pid = nix::unistd::Pid::from_raw(window.pid().try_into().unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    assert_eq!(window.wait_for_end().code(), Some(1));
    assert!(!window.is_taken() && window.screen().contains("the window was told to end"), "{}", window.screen());
    let out = world.command(&["setup"]);
    assert!(!out.status.success() && text_of(&out).contains("setup needs a terminal"), "{}", text_of(&out));
    let ada = world.person("ada");
    let uid = format!("--reuid={}", ada.host.uid);
    let words = [&uid, "--clear-groups", "/usr/sbin/pam-2fa", "setup"].map(String::from);
    let mut window = Window::open("setpriv", &words, (80, 24), "C.UTF-8");
    assert!(!window.wait_for_end().success());
    assert!(window.screen().contains("root"), "{}", window.screen());
}
