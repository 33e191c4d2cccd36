//! Enrolment at a login, by somebody who knows the password or was invited, and who should not get what he wants.

use crate::common::*;
use e2e::app::{recovery_codes_on, shows};
use e2e::mailbox;
use e2e::world::{Person, Plan, World, text_of};
use serde_json::json;
use std::sync::Barrier;
use std::thread;

const AT_LOGIN: &str = "required = \"mandatory\"\nenrolment = \"at-login\"";

/// An invitation for that user.
fn invite(world: &World, person: &Person) -> String {
    let said = command(world, &["user", "invite", &person.host.name, "--json"]);
    recovery_codes_on(&said.replace(['"', ','], " ")).pop().unwrap()
}

/// The key of the app that is shown.
fn key(said: &Said) -> String {
    e2e::app::key_on(&said.tells())
}

/// Whether nothing is known of that user, or nothing to prove with.
fn has_nothing(world: &World, person: &Person) -> bool {
    let out = world.command(&["user", "show", &person.host.name]);
    out.status.code() == Some(1) || !text_of(&out).contains("since 20") && !text_of(&out).contains('@')
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn whoever_has_a_method_enrols_no_other_at_a_login_and_no_claim_makes_a_login_local() {
    let world = Plan::default().policy("required = \"mandatory\"").start();
    let (ada, eve) = (world.person("ada"), world.stranger("eve"));
    let (_login, said) = Talk::begin(&world, &ada.host.name, "sshd", "203.0.113.5");
    assert!(said.asks().contains("Code sent"), "{said:?}");
    for (service, tty, from, seat) in [
        ("sshd", "tty1", "", ""),
        ("sshd", "ssh", "203.0.113.5", "seat0"),
        ("login", "tty1", "203.0.113.5", ""),
        ("login", "/dev/tty1", "0.0.0.0", ""),
        ("login", "pts/0", "", ""),
        ("login", "tty", "", ""),
        ("login", "tty1x", "", ""),
        ("login", "../tty1", "", ""),
        ("login", "ttyS", "", ""),
        ("remote", "tty1", "", ""),
        ("su", "tty1", "", "seat0"),
        ("sudo", "tty1", "", "seat0"),
        ("cockpit", "tty1", "", "seat0"),
        ("xrdp-sesman", "tty1", "", "seat0"),
        ("gdm-password", "", "192.0.2.1", "seat0"),
        ("gdm-password", "", "0.0.0.0", "seat0"),
        ("gdm-password", ":0", "", ""),
    ] {
        let said = Talk::login(&world).call(
            "Begin",
            &json!({ "version": 1, "user": eve.host.name, "service": service, "tty": tty, "remote_host": from, "seat": seat }),
        );
        assert!(!said.asks().contains("Email address"), "{service} {tty} {from} {seat}: {said:?}");
        assert!(!said.is_allow() && said.verdict() != "not_subject", "{service} {tty} {from} {seat}: {said:?}");
    }
    // So that the table is refused for what it says, and not for something else.
    let local = json!({ "version": 1, "user": eve.host.name, "service": "login", "tty": "tty1" });
    assert!(Talk::login(&world).call("Begin", &local).asks().contains("Email address"));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn an_invitation_is_nothing_to_another_nor_after_its_use_its_successor_or_a_reset() {
    let world = Plan::default().policy("required = \"mandatory\"").start();
    let (ada, bob) = (world.stranger("ada"), world.stranger("bob"));
    let (of_ada, of_bob) = (invite(&world, &ada), invite(&world, &bob));
    let open = |person: &Person| {
        let (login, said) = Talk::begin(&world, &person.host.name, "sshd", "203.0.113.5");
        assert!(said.asks().starts_with("Invitation code"), "{said:?}");
        login
    };
    assert!(open(&bob).answer(&of_ada).asks().contains("rong code"));
    // Two who stand at the last step of one invitation: one of them is enrolled.
    let stand = |person: &Person, code: &str| {
        let mut login = open(person);
        assert!(login.answer(code).asks().contains("Email address"));
        let said = login.answer("a");
        let said = login.answer(&shows(&key(&said)));
        assert!(said.asks().contains("Press Enter"), "{said:?}");
        login
    };
    let standing: Vec<Talk> = (0..3).map(|_| stand(&ada, &of_ada)).collect();
    let barrier = Barrier::new(standing.len());
    let allowed = thread::scope(|scope| {
        let all: Vec<_> = standing
            .into_iter()
            .map(|mut login| {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    login.answer("kept").is_allow()
                })
            })
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).filter(|allowed| *allowed).count()
    });
    assert_eq!(allowed, 1);
    let (mut login, _asked) = Talk::begin(&world, &ada.host.name, "sshd", "203.0.113.5");
    assert!(!login.answer(&of_ada).is_allow(), "an invitation is no code to log in with");
    // A newer one takes its place, also under the hands of somebody who has given it; so does a reset.
    let mut standing = stand(&bob, &of_bob);
    let newer = invite(&world, &bob);
    assert!(!standing.answer("kept").is_allow() && has_nothing(&world, &bob));
    let mut standing = stand(&bob, &newer);
    let _set = command(&world, &["user", "set", &bob.host.name, "--email", &bob.email]);
    let _said = command(&world, &["user", "reset", &bob.host.name]);
    assert!(!standing.answer("kept").is_allow() && has_nothing(&world, &bob));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn guesses_of_an_invitation_are_counted_over_connections_services_and_sources() {
    let world = Plan::default().policy("required = \"mandatory\"").start();
    let ada = world.stranger("ada");
    let right = invite(&world, &ada);
    let mut tried = 0;
    for number in 0..40 {
        let service = ["sshd", "login", "cockpit", "other"].get(number % 4).unwrap();
        let (mut login, mut said) = Talk::begin(&world, &ada.host.name, service, &format!("203.0.113.{number}"));
        while said.asks().contains("nvitation") || said.asks().contains("rong code") {
            said = login.answer("0000-0000-0000-0000");
            tried += i32::from(
                said.asks().contains("rong code") || said.verdict() == "max_tries" || said.verdict() == "deny",
            );
            assert!(tried <= 200, "{said:?}");
        }
    }
    let shown = world.logs();
    let charged = shown.matches("reason=\"wrong-code\"").count();
    assert!(charged <= 1, "three tries, then everybody waits: {charged}");
    // The owner is not asked meanwhile either, and is told for how long.
    let (mut login, _said) = Talk::begin(&world, &ada.host.name, "sshd", "203.0.113.77");
    let said = login.answer(&right);
    assert!(!said.is_allow() && said.tells().contains("Try again in"), "{said:?}");
    // Until an administrator makes another, though there is no record of the owner that could be unlocked.
    let right = invite(&world, &ada);
    let (mut login, _said) = Talk::begin(&world, &ada.host.name, "sshd", "203.0.113.77");
    assert!(login.answer(&right).asks().contains("Email address"));
}

/// What stands in a notice of where it was done from comes from whoever did it.
#[test]
#[ignore = "needs tests/ns/enter"]
fn where_somebody_enrols_from_gets_into_no_header_of_a_notice() {
    let world = Plan::default().policy(AT_LOGIN).start();
    let ada = world.stranger("ada");
    let mut login = Talk::login(&world);
    let hostile = "evil\r\nBcc: mallory@example.test\r\n\r\n.\r\n\u{1b}[31m\u{202e}{$host}";
    let begin =
        json!({ "version": 1, "user": ada.host.name, "service": hostile, "tty": hostile, "remote_host": hostile });
    assert!(login.call("Begin", &begin).asks().contains("Email address"));
    assert!(login.answer(&ada.email).asks().contains("Code sent"));
    let code = mailbox::wait_for_code(&ada.email, 1);
    assert!(login.answer(&code.code()).asks().contains("[y/N]"));
    let said = login.answer("y");
    let key = key(&said);
    assert!(login.answer(&shows(&key)).asks().contains("Press Enter"));
    assert!(login.answer("").is_allow());
    for mail in [code, mailbox::wait_for_notice(&ada.email, 1)] {
        let (headers, _) = mail.raw.split_once("\n\n").unwrap();
        assert!(!headers.contains("evil") && !headers.contains("Bcc") && !headers.contains("mallory"), "{headers}");
        assert!(!mail.text.contains(['\u{1b}', '\u{202e}', '\r']), "{:?}", mail.text);
    }
    assert_eq!(mailbox::count_after_a_while("mallory@example.test"), 0);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn an_address_of_another_is_not_proven_by_guessing_and_one_address_is_one_users() {
    let world = Plan::default().policy(AT_LOGIN).start();
    let (ceo, eve) = (world.person("ceo"), world.stranger("eve"));
    // A fresh code for each connection would be three more guesses each; the tries are eve's.
    let mut guesses = 0;
    for number in 0..10 {
        let (mut login, said) = Talk::begin(&world, &eve.host.name, "sshd", &format!("203.0.113.{number}"));
        if !said.asks().contains("Email address") {
            continue;
        }
        let mut said = login.answer(&ceo.email);
        while said.asks().contains("Code") || said.asks().contains("rong code") {
            said = login.answer("000000");
            guesses += 1;
        }
        assert!(!said.is_allow());
    }
    assert!(guesses <= 3 + 10, "each further connection is one refused try at most: {guesses}");
    assert!(has_nothing(&world, &eve));
    // What eve can read is in use, and that is said only once it is proven to be hers.
    let (mut login, _said) = Talk::begin(&world, &world.stranger("mal").host.name, "sshd", "198.51.100.1");
    let said = login.answer(&ceo.email);
    assert!(said.asks().contains("Code sent by email"), "{said:?}");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn whoever_names_addresses_sends_no_more_messages_than_the_limit_and_none_before_a_prompt_has_stood() {
    let world = Plan::default().policy(AT_LOGIN).settings("[limits]\nsends_per_user_hour = 3").start();
    let eve = world.stranger("eve");
    let to = |number: usize| format!("victim{number}.{}", eve.email);
    // Typed ahead: eleven addresses in one write, each let go before its prompt has stood.
    let (mut login, _said) = Talk::begin(&world, &eve.host.name, "sshd", "203.0.113.5");
    let typed: Vec<u8> = (0..11).flat_map(|number| login.frame("Answer", &json!({ "text": to(number) }))).collect();
    login.send(&typed);
    let last = (0..11).map(|_| login.reply()).last().unwrap();
    assert!(last.asks().contains("Code sent") || last.verdict() == "deny", "{last:?}");
    drop(login);
    // And all at once, from everywhere, with as many resends as one likes.
    thread::scope(|scope| {
        for number in 20..30 {
            let (world, eve, to) = (&world, &eve, &to);
            scope.spawn(move || {
                let (mut login, _said) = Talk::begin(world, &eve.host.name, "sshd", &format!("203.0.113.{number}"));
                let _said = login.answer(&to(number));
                // No event tells that a prompt has stood.
                thread::sleep(std::time::Duration::from_millis(400));
                for letter in ["r", "R", "r", "e", "s", "a", "r"] {
                    let _said = login.answer(letter);
                }
            });
        }
    });
    assert_eq!(mailbox::count_after_a_while(&eve.email), 0);
    let sent: usize = (0..30).map(|number| mailbox::all(&to(number)).len()).sum();
    assert!((1..=3).contains(&sent), "{sent} messages");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn what_is_typed_for_an_address_gets_into_no_header_and_ends_no_daemon() {
    let world = Plan::default().policy(AT_LOGIN).start();
    let eve = world.stranger("eve");
    let pids = world.pids();
    for typed in [
        "eve@example.test\r\nBcc: mallory@example.test",
        "eve@example.test, mallory@example.test",
        "\"eve\r\n\"@example.test",
        "<mallory@example.test>",
        "eve@[127.0.0.1]",
        "-oQ/tmp@example.test",
        "eve@example.test\u{0}",
        "eve@example.test\u{2028}Bcc: mallory@example.test",
        "+1555\u{0}0100",
        "+15550100;ext=1",
        &"x".repeat(10_000),
        &format!("{}@example.test", "x".repeat(9_000)),
        "{$code}@example.test",
        "eve%0amallory@example.test",
    ] {
        let (mut login, _said) = Talk::begin(&world, &eve.host.name, "sshd", "203.0.113.5");
        let said = login.answer(typed);
        assert!(!said.is_allow(), "{typed:?}: {said:?}");
    }
    assert_eq!(world.pids(), pids);
    assert!(Talk::begin(&world, &eve.host.name, "sshd", "203.0.113.5").1.asks().contains("Email address"));
    assert_eq!(mailbox::count_after_a_while("mallory@example.test"), 0);
}
