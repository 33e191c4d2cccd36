//! What owners are told of their accounts, over a real sshd and a real Postfix: a device that is new, an address that was changed, codes
//! that are locked; to which mailbox, and that nobody waits for it.

use e2e::mailbox::{self, Mail};
use e2e::ssh::wrong;
use e2e::trust::{ALL, ELSEWHERE, HERE, asked, by_key, command, key_login, not_asked, person};
use e2e::wait::until;
use e2e::world::{Plan, World};

/// No notice has digits in it that could be a code, and each is one line of subject over plain text.
fn is_a_notice(mail: &Mail, world: &World) {
    assert!(mail.subject.starts_with("Example Corp: "), "{}", mail.subject);
    let is_code = |word: &str| word.len() == 6;
    assert!(!mail.text.split(|c: char| !c.is_ascii_digit()).any(is_code), "{}\n{}", mail.text, world.logs());
    assert!(mail.raw.is_ascii(), "a server need not take 8 bits: {}", mail.raw);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_new_device_is_told_to_its_owner_by_mail_once_and_each_time_to_that_owner_alone() {
    let world = by_key(ALL);
    let (ada, bob) = (person(&world, "ada"), person(&world, "bob"));
    let key = world.key(&ada);
    // Both have been told by now that they are asked more rarely.
    let _both = [&ada, &bob].map(|person| mailbox::wait_for_notice(&person.email, 1));
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
    let mail = mailbox::wait_for_notice(&ada.email, 2);
    is_a_notice(&mail, &world);
    assert!(mail.subject.starts_with("Example Corp: security notice for "), "{}", mail.subject);
    assert!(mail.text.starts_with("A new device is remembered: key SHA256:"), "{}", mail.text);
    assert!(mail.text.contains(&format!("Account {} on ", ada.host.name)), "{}", mail.text);
    assert!(mail.text.contains(&format!(" UTC: ssh from {HERE}.")), "{}", mail.text);
    assert!(mail.text.contains("If this was not you, tell your administrator."), "{}", mail.text);
    not_asked(key_login(&world, &ada, &key, HERE).open());
    asked(key_login(&world, &ada, &key, ELSEWHERE).open(), &ada, 2);
    let mail = mailbox::wait_for_notice(&ada.email, 3);
    assert!(mail.text.contains(&format!(" UTC: ssh from {ELSEWHERE}.")), "{}", mail.text);
    // Two codes, two devices, and bob has not heard of any.
    assert_eq!(mailbox::count_after_a_while(&ada.email), 5);
    assert_eq!(mailbox::all(&bob.email).len(), 1);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn an_address_that_an_administrator_changes_is_told_to_the_one_before_in_the_owners_language() {
    let world = Plan::default().start();
    let ada = world.person("ada");
    let name = ada.host.name.as_str();
    command(&world, &["user", "set", name, "--language", "de"]);
    // Not verified: nothing goes there, and the one before hears of it.
    let (second, third) = (format!("second-{}", ada.email), format!("third-{}", ada.email));
    command(&world, &["user", "set", name, "--email", &second]);
    let mail = mailbox::wait_for_notice(&ada.email, 1);
    is_a_notice(&mail, &world);
    assert!(mail.subject.starts_with("Example Corp: Sicherheitshinweis für "), "{}", mail.subject);
    assert!(mail.text.starts_with("Die E-Mail-Adresse für Ihre Codes ist jetzt s***@example.test."), "{}", mail.text);
    assert!(mail.text.contains(" UTC, durch einen Administrator."), "{}", mail.text);
    assert!(!mail.raw.contains(&second), "the new address stands in it: {}", mail.raw);
    // Vouched for, and changed again: both the one before and the new one.
    command(&world, &["user", "set", name, "--email", &second, "--trusted"]);
    command(&world, &["user", "set", name, "--email", &third, "--trusted"]);
    for address in [&second, &third] {
        let mail = mailbox::wait_for_notice(address, 1);
        assert!(mail.text.starts_with("Die E-Mail-Adresse für Ihre Codes ist jetzt t***@"), "{}", mail.text);
    }
    // Taken away.
    command(&world, &["user", "set", name, "--email", ""]);
    let mail = mailbox::wait_for_notice(&third, 2);
    assert!(mail.text.starts_with("Die E-Mail-Adresse für Ihre Codes wurde entfernt."), "{}", mail.text);
    assert_eq!(mailbox::count_after_a_while(&third), 2);
    assert_eq!(mailbox::all(&second).len(), 1);
    assert_eq!(mailbox::all(&ada.email).len(), 1);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn what_an_administrator_changes_of_when_one_is_asked_or_of_devices_is_told() {
    let world = by_key(ALL);
    let ada = person(&world, "ada");
    let name = ada.host.name.as_str();
    let mail = mailbox::wait_for_notice(&ada.email, 1);
    assert!(mail.text.starts_with("It was changed when you are asked for a code."), "{}", mail.text);
    let key = world.key(&ada);
    asked(key_login(&world, &ada, &key, HERE).open(), &ada, 1);
    let _new = mailbox::wait_for_notice(&ada.email, 2);
    command(&world, &["device", "revoke", "--user", name]);
    let mail = mailbox::wait_for_notice(&ada.email, 3);
    assert!(mail.text.starts_with("1 remembered device was forgotten."), "{}", mail.text);
    is_a_notice(&mail, &world);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn the_wrong_code_that_locks_is_told_once_with_where_it_came_from() {
    let world = Plan::default().settings("[limits]\ntries_before_disabled = 21").start();
    let ada = world.person("ada");
    let mut ssh = world.ssh(&ada).from(HERE).open_with_password();
    ssh.wait_for_code_prompt();
    // Twenty tries are a known source's, and one is a stranger's.
    ssh.type_line(&wrong(&mailbox::wait_for(&ada.email, 1).code()));
    ssh.wait_for_denial();
    let mail = mailbox::wait_for_notice(&ada.email, 1);
    is_a_notice(&mail, &world);
    assert!(
        mail.text.starts_with("Too many wrong codes were given, and your codes are refused for now."),
        "{}",
        mail.text
    );
    assert!(mail.text.contains(&format!("ssh from {HERE}.")), "{}", mail.text);
    let mut again = world.ssh(&ada).from(HERE).open_with_password();
    again.wait_for_denial();
    assert_eq!(mailbox::count_after_a_while(&ada.email), 2, "a code and a notice");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_notice_that_cannot_leave_keeps_nobody_out_and_no_administrator_waiting() {
    let mut world = by_key(ALL);
    let ada = person(&world, "ada");
    let key = world.key(&ada);
    let mut ssh = key_login(&world, &ada, &key, HERE).open();
    ssh.wait_for_code_prompt();
    let code = mailbox::wait_for_code(&ada.email, 1).code();
    world.kill_courier();
    ssh.type_line(&code);
    ssh.prove_shell();
    command(&world, &["device", "revoke", "--user", &ada.host.name]);
    let log = until("the journal to say so", || {
        let log = world.logs();
        log.contains("a notice was not taken").then_some(log)
    });
    assert!(!log.contains(&ada.email), "an address in full stands in the journal: {log}");
    // What is on its way still holds up no stop either.
    assert!(world.stop_configd().success());
}
