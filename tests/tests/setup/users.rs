//! What an administrator does to one user in the Setup window, and what it changes at that user's next login.

use e2e::mailbox;
use e2e::setup::{BACKSPACE, ENTER, ESCAPE, F10, USERS, open};
use e2e::ssh::wrong;
use e2e::trust::{ALL, HERE, asked, by_key, command, key_login, not_asked, person};
use e2e::window::Window;
use e2e::world::{Person, Plan, World};

const ELSEWHERE: &str = "203.0.113.6";

/// The Users page with that user open, found among all by the filter.
fn open_at(world: &World, person: &Person) -> Window {
    let mut window = open(world, (100, 30), "C.UTF-8");
    window.press(USERS);
    let _ = window.wait_for(&person.host.name);
    window.press(person.host.name.as_bytes());
    let _ = window.wait_for("1 of ");
    window.press(ENTER);
    let _ = window.wait_for(&title(person));
    let _ = window.wait_until("the devices", |screen| !screen.contains("being read"));
    window
}

fn title(person: &Person) -> String {
    format!("{} (uid {})", person.host.name, person.host.uid)
}

fn leave(mut window: Window) {
    window.press(F10);
    assert!(window.wait_for_end().success(), "{}", window.screen());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn the_filter_finds_a_user_by_name_address_and_number_and_esc_shows_all_again() {
    let world = Plan::default().start();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let _ = command(&world, &["user", "set", &bob.host.name, "--phone", "+12125550177", "--trusted"]);
    let mut window = open(&world, (80, 24), "C.UTF-8");
    window.press(USERS);
    let _ = window.wait_for("2 of 2");
    for typed in [&bob.email, "2125550177", "BOB"] {
        window.press(typed.as_bytes());
        let is_bob = |screen: &str| screen.contains("1 of 2") && screen.contains(&bob.host.name);
        let screen = window.wait_until("bob alone", is_bob);
        assert!(!screen.contains(&ada.host.name), "{screen}");
        window.press(ESCAPE);
        let _ = window.wait_for("2 of 2");
    }
    window.press(b"nobody-at-all");
    let _ = window.wait_for("Nobody is called that");
    leave(window);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn an_address_is_verified_by_the_code_that_its_owner_reads_out_and_not_by_a_wrong_one() {
    let world = Plan::default().start();
    let ada = world.stranger("ada");
    let name = &ada.host.name;
    let _ = command(&world, &["user", "set", name, "--email", &ada.email, "--verify", "always"]);
    let mut window = open_at(&world, &ada);
    assert!(window.screen().contains("(not verified)"), "{}", window.screen());
    window.press(b"c");
    let _ = window.wait_for("A code for");
    window.press(ENTER);
    let _ = window.wait_for("is on its way. Type the code");
    let mail = mailbox::wait_for(&ada.email, 1);
    assert!(window.sentences().contains(&format!("the tag {}", mail.tag())), "{}", window.screen());
    assert!(mail.text.contains("Give it to your administrator"), "{}", mail.text);
    let code = mail.code();
    window.press(wrong(&code).as_bytes());
    window.press(ENTER);
    // What was typed is still there, and is put right.
    let _ = window.wait_until("why not", |screen| screen.contains("Error: ") && screen.contains(&wrong(&code)));
    assert!(command(&world, &["user", "show", name]).contains("not verified"));
    window.press(BACKSPACE);
    window.press(&code.as_bytes()[code.len() - 1..]);
    window.press(ENTER);
    let is_proven = |screen: &str| screen.contains("is verified.") && screen.contains("(verified)");
    let screen = window.wait_until("the address to be proven", is_proven);
    assert!(!screen.contains("(not verified)"), "{screen}");
    assert!(!command(&world, &["user", "show", name]).contains("not verified"));
    leave(window);
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for("Code sent by email");
    ssh.wait_for(": ");
    ssh.type_line(&mailbox::wait_for(&ada.email, 2).code());
    ssh.prove_shell();
}

/// The code of an invitation, as the box shows it once.
fn invitation(window: &mut Window) -> String {
    window.press(b"i");
    let _ = window
        .wait_until("the invitation", |screen| screen.contains("Invitation of ") && screen.contains("Good until"));
    let said = window.sentences();
    let after = said.split("Invitation of ").nth(1).unwrap();
    let is_code = |word: &&str| word.len() == 19 && word.matches('-').count() == 3;
    after.split(' ').find(is_code).unwrap_or_else(|| panic!("no code: {said}")).to_owned()
}

/// An invitation opens the enrolment of an address, whose code is the `mails`th mail, and a shell.
fn enrols(world: &World, person: &Person, invitation: &str, mails: usize) {
    let mut ssh = world.ssh(person).open_with_password();
    ssh.wait_for("Invitation code from your administrator: ");
    ssh.type_line(invitation);
    ssh.wait_for("Email address");
    ssh.wait_for(": ");
    ssh.type_line(&person.email);
    ssh.wait_for("to resend: ");
    ssh.type_line(&mailbox::wait_for_code(&person.email, mails).code());
    ssh.wait_for("[y/N] ");
    ssh.type_line("n");
    ssh.wait_for("Press Enter");
    ssh.type_line("");
    ssh.prove_shell();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn an_invitation_is_shown_once_and_opens_the_enrolment_of_a_first_method() {
    let world = Plan::default().policy("required = \"mandatory\"").start();
    let ada = world.stranger("ada");
    let _ = command(&world, &["user", "set", &ada.host.name, "--verify", "always"]);
    let mut window = open_at(&world, &ada);
    let code = invitation(&mut window);
    // A stray key does not take it away; Esc does, and it is not shown again.
    window.press(ENTER);
    window.press(b"z");
    window.resize(110, 30);
    // Drawn anew, with the bar as wide as that.
    let is_anew = |screen: &str| screen.lines().next().is_some_and(|bar| bar.trim_end().chars().count() > 100);
    let _ = window.wait_until("the window anew", |screen| is_anew(screen) && screen.contains(&code));
    window.press(ESCAPE);
    let _ = window.wait_until("the code to go", |screen| !screen.contains(&code));
    let _ = window.wait_until("the record to have it", |screen| {
        screen.lines().any(|line| line.trim_start().starts_with("Invitation") && line.contains(" until "))
    });
    assert!(!command(&world, &["log"]).contains(&code) && !world.logs().contains(&code));
    leave(window);

    enrols(&world, &ada, &code, 1);
    let window = open_at(&world, &ada);
    assert!(window.screen().contains(&format!("{} (verified)", ada.email)), "{}", window.screen());
}

/// Of 21 tries 20 are for known sources, so a stranger has one.
#[test]
#[ignore = "needs tests/ns/enter"]
fn who_is_locked_out_by_wrong_codes_is_shown_so_and_gets_in_after_unlock() {
    let world = Plan::default().settings("[limits]\ntries_before_disabled = 21").start();
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).from(ELSEWHERE).open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&wrong(&mailbox::wait_for_code(&ada.email, 1).code()));
    ssh.wait_for_denial();
    world.ssh(&ada).from(ELSEWHERE).open_with_password().wait_for_denial();
    let mut window = open_at(&world, &ada);
    let is_locked = |screen: &str| screen.contains(" - locked") && screen.contains("Locked ");
    let _ = window.wait_until("that she is locked out", is_locked);
    window.press(b"u");
    let screen = window.wait_until("that it is done", |screen| {
        screen.contains("is unlocked: wrong codes are forgotten.") && !screen.contains(" - locked")
    });
    assert!(!screen.contains("Locked "), "{screen}");
    leave(window);
    let mut ssh = world.ssh(&ada).from(ELSEWHERE).open_with_password();
    ssh.wait_for_code_prompt();
    // The code of before is still open, and is asked for again.
    ssh.type_line(&mailbox::wait_for_code(&ada.email, 1).code());
    ssh.prove_shell();
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn who_is_disabled_is_denied_and_is_let_in_again_after_a_question_each() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let mut window = open_at(&world, &ada);
    window.press(b"d");
    let _ = window.wait_for(&format!("Disable {}?", ada.host.name));
    window.press(b"n");
    let _ = window.wait_until("the question to go", |screen| !screen.contains("yes, do it"));
    assert!(!window.screen().contains("disabled since") && !command(&world, &["log"]).contains("disabled"));
    window.press(b"d");
    let _ = window.wait_for("yes, do it");
    window.press(b"y");
    let _ = window.wait_for(" - disabled");
    world.ssh(&ada).open_with_password().wait_for_denial();
    window.press(b"u");
    let _ = window.wait_for("is disabled. Unlock");
    window.press(b"y");
    let _ = window
        .wait_until("that she may", |screen| !screen.contains(" - disabled") && screen.contains("may log in again"));
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_code_prompt();
    ssh.type_line(&mailbox::wait_for_code(&ada.email, 1).code());
    ssh.prove_shell();
    leave(window);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_device_that_is_revoked_is_asked_for_a_code_again_and_another_is_not() {
    let world = by_key(ALL);
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
    asked(key_login(&world, &ada, &key, ELSEWHERE).open(), &ada, 2);
    not_asked(key_login(&world, &ada, &key, HERE).open());
    let mut window = open_at(&world, &ada);
    let _ = window.wait_for("Remembered devices: 2");
    // All about the one under the cursor stands below the list.
    let is_of_elsewhere = |screen: &str| screen.contains(&format!("last from {ELSEWHERE}"));
    if !is_of_elsewhere(&window.sentences()) {
        window.press(b"\x1b[B");
        let _ = window.wait_until("the other device", |screen| is_of_elsewhere(&e2e::window::sentences(screen)));
    }
    window.press(b"r");
    let _ = window.wait_for("Revoke this device of");
    window.press(ESCAPE);
    let _ = window.wait_until("the question to go", |screen| !screen.contains("yes, do it"));
    not_asked(key_login(&world, &ada, &key, ELSEWHERE).open());
    window.press(b"r");
    let _ = window.wait_for("yes, do it");
    window.press(b"y");
    let _ = window.wait_for("Remembered devices: 1");
    asked(key_login(&world, &ada, &key, ELSEWHERE).open(), &ada, 3);
    not_asked(key_login(&world, &ada, &key, HERE).open());
    // All of them: the one that has just been remembered again, too.
    window.press(b"\x1b[15~");
    let _ = window.wait_for("Remembered devices: 2");
    window.press(b"R");
    let _ = window.wait_for("Revoke all 2 devices of");
    window.press(b"y");
    let _ = window.wait_for("No device is remembered.");
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 4);
    leave(window);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn after_a_reset_here_a_user_is_as_after_the_command_and_enrols_anew() {
    let world = Plan::default().with_texts().policy("required = \"mandatory\"").start();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    for (person, number) in [(&ada, "+12125550101"), (&bob, "+12125550102")] {
        let _ = command(&world, &["user", "set", &person.host.name, "--phone", number, "--trusted"]);
    }
    let _ = command(&world, &["user", "reset", &bob.host.name]);
    let mut window = open_at(&world, &ada);
    window.press(b"x");
    let _ = window.wait_for(&format!("Reset {}?", ada.host.name));
    window.press(b"y");
    let _ = window.wait_for("is reset, and may be invited.");
    let of = |person: &Person| {
        let shown = command(&world, &["user", "show", &person.host.name, "--json"]);
        shown.replace(&person.host.name, "NAME").replace(&person.host.uid.to_string(), "UID")
    };
    assert_eq!(of(&ada), of(&bob));
    assert!(!of(&ada).contains("@example.test") && !of(&ada).contains("+1212"), "{}", of(&ada));

    let code = invitation(&mut window);
    window.press(ESCAPE);
    enrols(&world, &ada, &code, 1);
    leave(window);
}
