//! Whoever types anything at all, in any order, over many connections at once, gets in nowhere and ends no daemon.

use crate::common::*;
use e2e::world::{Plan, text_of};
use serde_json::json;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// A linear congruential generator: what failed once can be made to fail again.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

/// None of these is a code of anybody; digits are, once in a million.
const TYPED: [&str; 24] = [
    "",
    " ",
    "r",
    "R",
    "e",
    "s",
    "a",
    "A",
    "1",
    "2",
    "9",
    "y",
    "n",
    "000000",
    "12345",
    "1234567",
    "0000-0000-0000-0000",
    "eve@example.test",
    "mal@example.test",
    "+15550100",
    "+1",
    "no",
    "\u{1b}[A",
    "ä",
];

#[test]
#[ignore = "needs tests/ns/enter"]
fn nothing_that_is_typed_without_a_right_code_lets_in_or_changes_anything() {
    let plan = Plan::default().with_texts().policy("required = \"mandatory\"\nenrolment = \"invited\"");
    let world = plan
        .settings("[limits]\nsends_per_user_hour = 2\nfirst_wait = \"1 second\"\nlongest_wait = \"1 second\"")
        .start();
    let (ada, eve) = (world.person("ada"), world.stranger("eve"));
    let _said = command(&world, &["user", "set", &ada.host.name, "--phone", "+15550100", "--trusted"]);
    let _said = command(&world, &["user", "invite", &eve.host.name]);
    let (pids, before) = (world.pids(), command(&world, &["user", "export"]));
    thread::scope(|scope| {
        for seed in 0..8 {
            let (world, people) = (&world, [&ada, &eve]);
            scope.spawn(move || {
                let mut dice = Dice(seed);
                for _ in 0..60 {
                    let person = people.get(dice.below(2)).unwrap();
                    let (name, uid) = (person.host.name.as_str(), person.host.uid);
                    let what = ["email", "sms", "app", "codes", "revoke"].get(dice.below(5)).unwrap();
                    let service = ["sshd", "login", "cockpit", "su", "other"].get(dice.below(5)).unwrap();
                    let from = ["203.0.113.5", "203.0.113.6", "localhost", ""].get(dice.below(4)).unwrap();
                    let (mut talk, mut said) = match dice.below(4) {
                        0 => {
                            let mut talk = Talk::own(world, uid);
                            let value = TYPED.get(dice.below(24)).unwrap();
                            let said = talk.call("Change", &json!({ "user": name, "what": what, "value": value }));
                            (talk, said)
                        }
                        1 => {
                            let mut talk = Talk::login_as(world, uid);
                            let said = talk.call("Begin", &begin(name, service, from));
                            (talk, said)
                        }
                        _ => Talk::begin(world, name, service, from),
                    };
                    for _ in 0..dice.below(16) {
                        assert!(!said.is_allow() && !said.is_done() && said.verdict() != "not_subject", "{said:?}");
                        if said.asks().is_empty() {
                            break;
                        }
                        if dice.below(6) == 0 {
                            // No event tells that a prompt has stood.
                            thread::sleep(Duration::from_millis(350));
                        }
                        said = talk.answer(TYPED.get(dice.below(24)).unwrap());
                    }
                }
            });
        }
    });
    assert_eq!(world.pids(), pids);
    for pid in &pids {
        assert!(Path::new(&format!("/proc/{pid}/fd")).exists(), "a daemon has died");
    }
    assert_eq!(command(&world, &["user", "export"]), before);
    let shown = text_of(&world.command(&["user", "show", &eve.host.name]));
    assert!(!shown.contains('@') && !shown.contains("since 20"), "{shown}");
    assert!(!world.logs().contains("panicked"), "{}", world.logs());
}
