//! The machine against a model: whatever several modules, their users and time do, "allow" is said exactly where a small and
//! independent account of the rules says so.

use super::world::{World, ssh};
use super::*;
use pam_2fa_protocol::login::Verdict;
use proptest::prelude::*;
use std::collections::HashMap;

/// What may happen. Connections and challenges are named by small numbers.
#[derive(Debug, Clone)]
enum Act {
    Begin { slot: usize, user: usize, source: usize },
    Right { slot: usize },
    CodeOfOther { slot: usize, other: usize },
    Wrong { slot: usize },
    Typed { slot: usize, text: &'static str },
    Stand { slot: usize },
    OutOfTurn { slot: usize },
    Close { slot: usize },
    Pass { ms: u64 },
    Break { broken: bool },
}

const SLOTS: usize = 4;

fn act() -> impl Strategy<Value = Act> {
    let slot = 0..SLOTS;
    prop_oneof![
        4 => (slot.clone(), 0..2_usize, 0..2_usize).prop_map(|(slot, user, source)| Act::Begin { slot, user, source }),
        4 => slot.clone().prop_map(|slot| Act::Right { slot }),
        2 => (slot.clone(), 0..SLOTS).prop_map(|(slot, other)| Act::CodeOfOther { slot, other }),
        4 => slot.clone().prop_map(|slot| Act::Wrong { slot }),
        2 => (slot.clone(), prop_oneof![Just(""), Just("r"), Just("abc"), Just("\u{8}\n\r\u{7f}INCORRECT")])
            .prop_map(|(slot, text)| Act::Typed { slot, text }),
        4 => slot.clone().prop_map(|slot| Act::Stand { slot }),
        1 => slot.clone().prop_map(|slot| Act::OutOfTurn { slot }),
        2 => slot.prop_map(|slot| Act::Close { slot }),
        2 => (0_u64..400_000).prop_map(|ms| Act::Pass { ms }),
        1 => any::<bool>().prop_map(|broken| Act::Break { broken }),
    ]
}

/// The model: what was minted when, how often a code was tried, whether it was used.
#[derive(Debug, Default)]
struct Model {
    challenges: HashMap<ChallengeId, Seen>,
    wrong_by_user: HashMap<String, u32>,
}

#[derive(Debug)]
struct Seen {
    code: String,
    made_ms: u64,
    tries: u32,
    used: bool,
    sends: usize,
    resends_asked: usize,
}

const USERS: [&str; 2] = ["ada", "bob"];
const SOURCES: [&str; 2] = ["192.0.2.7", "2001:db8::1"];

fn standing_of(login: &Option<Login>) -> Option<&Standing> {
    match login.as_ref().map(|login| &login.state) {
        Some(State::AtPrompt(standing)) => Some(standing),
        _ => None,
    }
}

/// Plays one act; `Err` where the machine and the model disagree.
fn play(act: Act, world: &mut World, slots: &mut [Option<Login>], model: &mut Model) -> Result<(), TestCaseError> {
    let sent_before = world.sent.len();
    match act {
        Act::Pass { ms } => world.pass(ms),
        Act::Break { broken } => world.broken = broken,
        Act::Begin { slot, user, source } => {
            if let Some(old) = slots[slot].take() {
                let _closed = world.drive(old, Event::Closed);
            }
            let (login, said) = world.begin(ssh(USERS[user], SOURCES[source]), 0);
            prop_assert_ne!(said.verdict(), Some(Verdict::Allow));
            prop_assert_ne!(said.verdict(), Some(Verdict::NotSubject));
            slots[slot] = (!login.is_over()).then_some(login);
            if let Some(standing) = standing_of(&slots[slot]) {
                let open = world.challenges.get(&standing.challenge).unwrap();
                model.challenges.entry(standing.challenge.clone()).or_insert_with(|| Seen {
                    code: open.code.as_ref().unwrap().expose().clone(),
                    made_ms: world.now.boot_ms,
                    tries: 0,
                    used: false,
                    sends: 0,
                    resends_asked: 0,
                });
            }
        }
        Act::Stand { slot } => {
            if standing_of(&slots[slot]).is_some() {
                slots[slot] = slots[slot].take().map(|login| world.stand(login));
            }
        }
        Act::Close { slot } => {
            if let Some(login) = slots[slot].take() {
                let (login, said) = world.drive(login, Event::Closed);
                prop_assert!(login.is_over() && said.step.is_none());
            }
        }
        Act::OutOfTurn { slot } => {
            if let Some(login) = slots[slot].take() {
                let (login, said) = world.drive(login, Event::Consumed(Ok(Consumed::Done)));
                prop_assert!(login.is_over());
                prop_assert!(said.step.is_none(), "an event out of turn says nothing");
            }
        }
        Act::Right { slot } => {
            let code = standing_of(&slots[slot]).map(|standing| model.challenges[&standing.challenge].code.clone());
            answer(slot, code, world, slots, model)?;
        }
        Act::CodeOfOther { slot, other } => {
            let code = standing_of(&slots[other]).map(|standing| model.challenges[&standing.challenge].code.clone());
            answer(slot, code, world, slots, model)?;
        }
        Act::Wrong { slot } => answer(slot, Some(String::from("000000")), world, slots, model)?,
        Act::Typed { slot, text } => answer(slot, Some(String::from(text)), world, slots, model)?,
    }
    for errand in world.sent.get(sent_before..).unwrap_or_default() {
        let seen = model.challenges.get_mut(&errand.challenge).unwrap();
        seen.sends += 1;
        prop_assert!(seen.sends <= 1 + seen.resends_asked, "a message that nobody asked for: {seen:?}");
    }
    Ok(())
}

fn answer(
    slot: usize,
    text: Option<String>,
    world: &mut World,
    slots: &mut [Option<Login>],
    model: &mut Model,
) -> Result<(), TestCaseError> {
    let (Some(text), Some(standing)) = (text, standing_of(&slots[slot])) else { return Ok(()) };
    let id = standing.challenge.clone();
    let user = standing.owner.user.name.clone();
    let charged_before = world.charged;
    let Some(login) = slots[slot].take() else { return Ok(()) };
    let (login, said) = world.answer(login, &text);
    slots[slot] = (!login.is_over()).then_some(login);
    let seen = model.challenges.get_mut(&id).unwrap();
    if text == "r" {
        seen.resends_asked += 1;
    }
    let charged = world.charged - charged_before;
    prop_assert!(charged <= 1);
    prop_assert!(charged == 0 || text.len() == 6, "only what has a code's form is charged");
    let alive = world.now.boot_ms - seen.made_ms < 600_000;
    let right = text == seen.code;
    let allowed = said.verdict() == Some(Verdict::Allow);
    // The one row of the truth table that may say yes. (The store's limits can only take away from it.)
    let may = right && alive && !seen.used && seen.tries < 3 && charged == 1 && !world.broken;
    prop_assert_eq!(allowed, may, "{:?} {:?} {:?}", text, seen, said);
    if allowed {
        seen.used = true;
        model.wrong_by_user.remove(&user);
    } else if charged == 1 {
        seen.tries += 1;
        *model.wrong_by_user.entry(user).or_default() += 1;
    }
    prop_assert!(seen.tries <= 3);
    prop_assert_ne!(said.verdict(), Some(Verdict::NotSubject));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, ..ProptestConfig::default() })]
    #[test]
    fn allow_is_said_exactly_where_the_model_says_so(acts in proptest::collection::vec(act(), 1..80)) {
        let mut world = World::new();
        world.add("bob", 1001, pam_2fa_protocol::admin::Verify::Always, Some("bob@example.com"));
        let mut slots: Vec<Option<Login>> = (0..SLOTS).map(|_| None).collect();
        let mut model = Model::default();
        for act in acts {
            play(act, &mut world, &mut slots, &mut model)?;
        }
    }
}
