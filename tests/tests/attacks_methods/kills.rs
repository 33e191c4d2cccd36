//! What is good once: raced, replayed under another name, and with the daemon killed at the worst moment.

use crate::common::*;
use e2e::app::{key_on, recovery_codes_on, shows};
use e2e::mailbox;
use e2e::world::{Person, Plan, World};
use serde_json::json;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

/// Ada enrols an app by herself; its key, and her recovery codes.
fn with_app(world: &World, ada: &Person) -> (String, Vec<String>) {
    let mut own = Talk::own(world, ada.host.uid);
    let said = own.call("Change", &json!({ "user": ada.host.name, "what": "app" }));
    assert!(said.asks().contains("Code sent"), "{said:?}");
    let said = own.answer(&mailbox::wait_for_code(&ada.email, 1).code());
    let key = key_on(&said.tells());
    let said = own.answer(&shows(&key));
    let codes = recovery_codes_on(&said.tells());
    assert!(own.answer("").is_done());
    (key, codes)
}

/// How many of so many logins at once `code` lets in.
fn let_in(world: &World, count: usize, code: &str, begin: impl Fn(usize) -> (Talk, Said)) -> usize {
    let all: Vec<Talk> = (0..count)
        .map(|number| {
            let (login, said) = begin(number);
            assert!(!said.asks().is_empty(), "{said:?}\n{}", world.logs());
            login
        })
        .collect();
    let barrier = Barrier::new(all.len());
    thread::scope(|scope| {
        let all: Vec<_> = all
            .into_iter()
            .map(|mut login| {
                let barrier = &barrier;
                scope.spawn(move || {
                    barrier.wait();
                    let said = login.answer(code);
                    assert!(said.verdict() != "not_subject", "{said:?}");
                    said.is_allow()
                })
            })
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).filter(|allowed| *allowed).count()
    })
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn one_code_of_an_app_one_recovery_code_and_one_grant_let_one_of_sixty_four_logins_in() {
    // Under the constant prompt all of them stand at once, and not 32.
    let mut world = Plan::default().settings("[codes]\nattempts = 10\nprompt = \"constant\"").start();
    let ada = world.person("ada");
    let (key, codes) = with_app(&world, &ada);
    let granted = command(&world, &["user", "grant", &ada.host.name, "--reason", "test", "--json"]);
    let grant = recovery_codes_on(&granted.replace(['"', ','], " ")).pop().unwrap();
    let _said = command(&world, &["user", "set", &ada.host.name, "--prefer", "app"]);
    let services = ["sshd", "login", "cockpit", "other"];
    let from = |number: usize| {
        Talk::begin(&world, &ada.host.name, services.get(number % 4).unwrap(), &format!("203.0.113.{}", number % 50))
    };
    // Of one service and source they share the tries; each of these is within them until it is used.
    let recovery = codes.first().unwrap();
    assert_eq!(let_in(&world, 64, recovery, from), 1);
    assert!(let_in(&world, 8, recovery, from) == 0);
    let _said = command(&world, &["user", "unlock", &ada.host.name]);
    assert_eq!(let_in(&world, 64, &grant, from), 1);
    let _said = command(&world, &["user", "unlock", &ada.host.name]);
    // The step that enrolled the app is used: the next one.
    let used = shows(&key);
    let fresh = e2e::wait::until("the app's next code", || Some(shows(&key)).filter(|code| *code != used));
    assert_eq!(let_in(&world, 64, &fresh, from), 1);
    let _said = command(&world, &["user", "unlock", &ada.host.name]);
    world.kill_configd();
    world.start_configd();
    for number in 0..4 {
        let (mut login, _asked) = Talk::begin(&world, &ada.host.name, services.get(number).unwrap(), "198.51.100.9");
        for code in [&fresh, recovery, &grant] {
            assert!(!login.answer(code).is_allow(), "after a restart");
        }
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn killed_as_it_commits_nothing_is_enrolled_by_half_and_no_recovery_code_is_good_twice() {
    let mut world = Plan::default().policy("required = \"mandatory\"\nenrolment = \"at-login\"").start();
    for round in 0_u64..12 {
        let ada = world.stranger(&format!("a{round}x"));
        let (mut login, _asked) = Talk::begin(&world, &ada.host.name, "sshd", "203.0.113.5");
        let said = login.answer("a");
        let key = key_on(&said.tells());
        let said = login.answer(&shows(&key));
        let codes = recovery_codes_on(&said.tells());
        assert_eq!(codes.len(), 10, "{said:?}");
        let frame = login.frame("Answer", &json!({ "text": "kept" }));
        login.send(&frame);
        thread::sleep(Duration::from_micros(round * 150));
        world.kill_configd();
        let was_told = login.reply().is_allow();
        world.start_configd();
        let (mut login, said) = Talk::begin(&world, &ada.host.name, "sshd", "203.0.113.5");
        if said.asks().contains("Email address") {
            assert!(!was_told, "an enrolment that was answered is gone: {round}");
            continue;
        }
        // It is all there: the app asks, and its recovery codes are good, each once, over a kill at any moment too.
        assert!(said.asks().contains("app"), "{said:?}");
        let code = codes.get(3).unwrap();
        let frame = login.frame("Answer", &json!({ "text": code }));
        login.send(&frame);
        thread::sleep(Duration::from_micros(round * 150));
        world.kill_configd();
        let was_let_in = login.reply().is_allow();
        world.start_configd();
        let (mut login, _said) = Talk::begin(&world, &ada.host.name, "sshd", "203.0.113.5");
        let again = login.answer(code).is_allow();
        assert!(!(was_let_in && again), "used twice: {round}");
        let (mut login, _said) = Talk::begin(&world, &ada.host.name, "sshd", "203.0.113.5");
        assert!(!login.answer(code).is_allow(), "used twice: {round}");
    }
}
