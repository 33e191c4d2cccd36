//! Whatever a login ends in under the constant prompt, it shows what a decoy shows.

use super::super::world::{Said, World, ssh};
use super::*;
use crate::limits::TryLimits;
use pam_2fa_protocol::admin::Verify;
use pam_2fa_protocol::login::Begin;

fn world() -> World {
    let mut world = World::new();
    world.rules.codes.prompt = PromptStyle::Constant;
    world
}

/// All prompts of a login that is answered with `answers`, then with an empty one; how it ends; and its pace.
fn seen(world: &mut World, begin: Begin, answers: &[&str]) -> (Vec<String>, Option<Verdict>, String, Option<i64>) {
    let mut answers = answers.iter();
    let (mut login, mut said) = world.begin(begin, 0);
    let (mut prompts, mut pace) = (Vec::new(), None);
    while said.verdict().is_none() {
        let question = said.step.and_then(|step| step.ask).unwrap();
        assert_eq!(question.times, Some(3));
        assert!((60..92).contains(&question.pace_ms.unwrap()));
        assert_eq!(*pace.get_or_insert(question.pace_ms), question.pace_ms, "one pace a login");
        prompts.push(question.text);
        if login.is_over() {
            // A decoy: the module does the rest.
            return (vec![prompts.remove(0); 3], Some(Verdict::Deny), String::new(), pace.unwrap());
        }
        (login, said) = world.answer(login, answers.next().copied().unwrap_or_default());
        world.pass(1_000);
    }
    let told = said.told();
    (prompts, said.verdict(), told, pace.flatten())
}

/// As `seen`, with every tag the same.
fn looks(world: &mut World, begin: Begin, answers: &[&str]) -> (Vec<String>, Option<Verdict>, String) {
    let (prompts, verdict, told, _) = seen(world, begin, answers);
    let one = prompts.iter().all(|prompt| *prompt == prompts[0]);
    assert!(one, "the tag of a login is one: {prompts:?}");
    let untagged = |prompt: &String| {
        let (before, after) = prompt.split_once(" (").unwrap();
        format!("{before}{}", after.split_once(')').unwrap().1)
    };
    (prompts.iter().map(untagged).collect(), verdict, told)
}

fn decoy() -> Begin {
    Begin { decoy: true, ..ssh("ada", "192.0.2.7") }
}

#[test]
fn a_denial_looks_as_a_decoy_does_whatever_was_typed_and_whatever_it_was_for() {
    let mut world = world();
    let expected = looks(&mut world, decoy(), &[]);
    assert_eq!(expected.0, vec![String::from("If the password was right, a code was sent. Code: "); 3]);
    world.add("bob", 1001, Verify::NewDevice, None);
    world.rules.required = Required::Mandatory;
    let at = |user: &str| ssh(user, "192.0.2.7");
    assert_eq!(looks(&mut world, at("ada"), &["000000", "000001", "000002"]), expected, "wrong codes");
    assert!(!world.counts.is_empty());
    assert_eq!(looks(&mut world, at("ada"), &["123456"]), expected, "a wait runs");
    world.counts.clear();
    for answers in [["", "", ""], ["abc", "r", "1"], ["\u{8}\n\rINCORRECT", "x", "e"], ["s", "a", "e"], ["9", "", "r"]]
    {
        assert_eq!(looks(&mut world, at("ada"), &answers), expected, "{answers:?}");
    }
    assert_eq!(looks(&mut world, at("bob"), &[]), expected, "nothing to prove with");
    assert_eq!(looks(&mut world, at("nobody"), &[]), expected, "not there");
    let ada = crate::store::UserKey { uid: 1000, name: String::from("ada") };
    world.methods.entry(ada).or_default().disabled_s = Some(1);
    assert_eq!(looks(&mut world, at("ada"), &["000000"]), expected, "shut out");
}

#[test]
fn what_is_typed_at_a_prompt_that_only_looks_like_one_is_not_charged_and_lets_nobody_in() {
    let mut world = world();
    world.rules.tries =
        TryLimits { attempts: 3, before_disabled: 100, first_wait_s: 30, longest_wait_s: 3600, lock: None };
    let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let login = world.stand(login);
    let code = world.code(&login);
    let (_, said) = world.answer(login, "\u{7f}");
    assert!(said.prompt().starts_with("If the password was right"), "{said:?}");
    assert_eq!(world.logged.last().unwrap().reason, "junk-answer", "decided and written by now");
    // The right code, at the prompts that are left.
    let (login, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    assert!(said.verdict().is_none());
    let (login, _) = world.answer(login, "\u{7f}");
    let (login, said) = world.answer(login, &code);
    assert!(said.verdict().is_none());
    let (_, said) = world.answer(login, &code);
    assert_eq!((said.verdict(), world.charged), (Some(Verdict::Deny), 0));
    // It is still good for a login of its own.
    let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    assert_eq!(world.answer(login, &code).1.verdict(), Some(Verdict::Allow));
}

#[test]
fn who_is_let_in_and_who_is_no_business_of_ours_is_not_held_up() {
    let mut world = world();
    let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let code = world.code(&login);
    assert_eq!(world.answer(login, &code).1.verdict(), Some(Verdict::Allow));
    world.rules.required = Required::Disabled;
    assert_eq!(world.begin(ssh("ada", "192.0.2.7"), 0).1.verdict(), Some(Verdict::NotSubject));
}

#[test]
fn the_detailed_style_and_a_users_own_process_see_their_denials_at_once() {
    let denied = |said: &Said| said.verdict() == Some(Verdict::Deny);
    let mut world = World::new();
    assert!(denied(&world.begin(ssh("nobody", "192.0.2.7"), 0).1));
    world.rules.codes.prompt = PromptStyle::Constant;
    let (login, said) = world.begin(ssh("ada", "192.0.2.7"), 1000);
    assert!(said.step.as_ref().is_some_and(|step| step.ask.as_ref().unwrap().pace_ms.is_none()), "{said:?}");
    assert!(denied(&world.answer(login, "\u{7f}").1));
}
