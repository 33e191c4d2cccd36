//! Logins to a real Cockpit, as a browser does them: cockpit-ws over HTTP, cockpit-session with Debian's `cockpit` service file.
//!
//! cockpit-session answers the first hidden prompt with the password; what comes after goes to the browser.

#![allow(clippy::panic, reason = "a failed step is a failed test")]

use e2e::cockpit::{Answer, Cockpit};
use e2e::mailbox;
use e2e::programs::Programs;
use e2e::ssh::{PASSWORD, wrong};
use e2e::world::Plan;
use serde_json::Value;

/// How the browser shows what is typed.
#[derive(Debug, Clone, Copy)]
enum Typed {
    Seen,
    Hidden,
}

/// The question that `answer` must be: its conversation and its text.
fn asked_for(typed: Typed, answer: Answer) -> (String, String) {
    let Answer::Asked { id, prompt, more } = answer else { panic!("no question: {answer:?}") };
    let echo = matches!(typed, Typed::Seen);
    assert_eq!(more.get("echo"), Some(&Value::Bool(echo)), "{prompt}: {more}");
    (id, prompt)
}

fn asked(answer: Answer) -> (String, String) {
    asked_for(Typed::Seen, answer)
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn cockpit_asks_the_browser_for_the_code_and_opens_a_session() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let cockpit = Cockpit::start(&Programs::of(&world));
    let (id, prompt) = asked(cockpit.log_in(&ada.host.name, PASSWORD));
    let mail = mailbox::wait_for(&ada.email, 1);
    assert!(prompt.contains(&mail.tag()), "the tag {} is not in the prompt {prompt:?}", mail.tag());
    assert!(mail.text.contains(" cockpit from 127.0.0.1. "), "{}", mail.text);
    let Answer::In(cookie) = cockpit.reply(&id, &mail.code()) else { panic!("the right code was refused") };
    assert!(cockpit.knows(&cookie), "the cookie {cookie:?} opens nothing");
    assert!(!cockpit.knows("cockpit=made-up"), "any cookie opens");
    assert_eq!(mailbox::count_after_a_while(&ada.email), 1);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn cockpit_asks_again_after_a_wrong_code_and_refuses_the_third() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let cockpit = Cockpit::start(&Programs::of(&world));
    let (id, _) = asked(cockpit.log_in(&ada.host.name, PASSWORD));
    let code = mailbox::wait_for(&ada.email, 1).code();
    let (id, prompt) = asked(cockpit.reply(&id, &wrong(&code)));
    assert!(prompt.contains("Wrong code, 2 tries left"), "{prompt}");
    let (id, prompt) = asked(cockpit.reply(&id, &wrong(&code)));
    assert!(prompt.contains("Wrong code, 1 try left"), "{prompt}");
    // As after a wrong password, and no fault of the server (500). With PAM_AUTH_ERR cockpit-session drops the reason; the log has it.
    let refused = cockpit.reply(&id, &wrong(&code));
    assert!(matches!(&refused, Answer::Refused(status) if status.contains(" 401 ")), "{refused:?}");
    // That conversation is over, for the right code too.
    let late = cockpit.reply(&id, &code);
    assert!(matches!(late, Answer::Refused(_)), "{late:?}");
    assert_eq!(mailbox::count_after_a_while(&ada.email), 1);
}

/// A hidden prompt for the code is the second hidden one: it is not answered with the password.
#[test]
#[ignore = "needs tests/ns/enter"]
fn cockpit_asks_the_browser_for_a_hidden_code_too() {
    let world = Plan::default().settings("[codes]\necho = false").start();
    let ada = world.person("ada");
    let cockpit = Cockpit::start(&Programs::of(&world));
    let (id, _) = asked_for(Typed::Hidden, cockpit.log_in(&ada.host.name, PASSWORD));
    let answer = cockpit.reply(&id, &mailbox::wait_for(&ada.email, 1).code());
    assert!(matches!(answer, Answer::In(_)), "{answer:?}");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn cockpit_asks_no_code_after_a_wrong_password() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let cockpit = Cockpit::start(&Programs::of(&world));
    let refused = cockpit.log_in(&ada.host.name, "not the password");
    assert!(matches!(&refused, Answer::Refused(status) if status.contains(" 401 ")), "{refused:?}");
    assert_eq!(mailbox::count_after_a_while(&ada.email), 0);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn with_the_daemon_dead_cockpit_refuses_the_right_password() {
    let mut world = Plan::default().start();
    let ada = world.person("ada");
    let cockpit = Cockpit::start(&Programs::of(&world));
    world.kill_configd();
    let refused = cockpit.log_in(&ada.host.name, PASSWORD);
    assert!(matches!(refused, Answer::Refused(_)), "{refused:?}");
    // It was the daemon: with it, the same password leads to the code.
    world.start_configd();
    let _ = asked(cockpit.log_in(&ada.host.name, PASSWORD));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn under_mandatory_cockpit_refuses_a_user_without_an_address() {
    let world = Plan::default().policy("required = \"mandatory\"").start();
    let bob = world.stranger("bob");
    let cockpit = Cockpit::start(&Programs::of(&world));
    // With PAM_AUTH_ERR cockpit-session drops what a module had to say, so it is said in a prompt.
    let (id, prompt) = asked(cockpit.log_in(&bob.host.name, PASSWORD));
    assert!(prompt.contains("Ask your administrator for an invitation code."), "{prompt}");
    let refused = cockpit.reply(&id, "");
    assert!(matches!(&refused, Answer::Refused(status) if status.contains(" 401 ")), "{refused:?}");
    // Known to pam-2fa, the same user is asked: it was the address that was missing.
    let words = ["user", "set", &bob.host.name, "--email", &bob.email, "--trusted"];
    assert!(world.command(&words).status.success());
    let _ = asked(cockpit.log_in(&bob.host.name, PASSWORD));
}
