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
        assert!((118..150).contains(&question.pace_ms.unwrap()));
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

/// As `seen`, with one text and so one tag.
fn looks(world: &mut World, begin: Begin, answers: &[&str]) -> (Vec<String>, Option<Verdict>, String) {
    let (prompts, verdict, told, _) = seen(world, begin, answers);
    let one = prompts.iter().all(|prompt| *prompt == prompts[0]);
    assert!(one, "the tag of a login is one: {prompts:?}");
    (prompts, verdict, told)
}

fn decoy(user: &str) -> Begin {
    Begin { decoy: true, ..ssh(user, "192.0.2.7") }
}

/// `7F`.
fn tag(prompt: &str) -> &str {
    let tag = prompt.strip_prefix("If the password was right, a code was sent (").unwrap();
    tag.strip_suffix("). Code: ").unwrap()
}

#[test]
fn a_denial_looks_as_a_decoy_does_whatever_was_typed_and_whatever_it_was_for() {
    let mut world = world();
    let expected = looks(&mut world, decoy("ada"), &[]);
    assert!(expected.0.len() == 3 && tag(&expected.0[0]).len() == 2, "{expected:?}");
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
    for user in ["bob", "nobody"] {
        let expected = looks(&mut world, decoy(user), &[]);
        assert_eq!(looks(&mut world, at(user), &[]), expected, "nothing to prove with, and not there");
    }
    let ada = crate::store::UserKey { uid: 1000, name: String::from("ada") };
    world.methods.entry(ada).or_default().disabled_s = Some(1);
    assert_eq!(looks(&mut world, at("ada"), &["000000"]), expected, "shut out");
}

/// The prompts of two logins in a row, of which the first goes before its message leaves, or after that, or stays.
fn in_a_row(world: &mut World, begin: &Begin, first: &str) -> [String; 2] {
    let mut prompts = [String::new(), String::new()];
    for prompt in &mut prompts {
        let (login, said) = world.begin(begin.clone(), 0);
        *prompt = String::from(said.prompt());
        if !login.is_over() && first != "stays" {
            let is_real = matches!(login.state, State::AtPrompt(_));
            let login = if is_real && first == "read" { world.stand(login) } else { login };
            let (_login, _effects) = world.step(login, Event::Closed);
        }
    }
    prompts
}

#[test]
fn two_logins_in_a_row_show_the_tags_that_two_wrong_passwords_show() {
    for first in ["goes", "read", "stays"] {
        let mut world = world();
        let right = in_a_row(&mut world, &ssh("ada", "192.0.2.7"), first);
        assert_eq!(in_a_row(&mut world, &decoy("ada"), first), right, "{first}");
        assert_eq!(in_a_row(&mut world, &ssh("ADA", "192.0.2.7"), first), right, "whoever is not there");
        // A daemon that was started anew has no other.
        world.challenges = super::super::challenge::Challenges::default();
        assert_eq!(in_a_row(&mut world, &ssh("ada", "192.0.2.7"), first), right, "{first}");
        let other = in_a_row(&mut world, &ssh("ada", "192.0.2.8"), first);
        assert_ne!(other, right, "another source, another tag");
    }
}

#[test]
fn the_tag_on_the_screen_is_that_of_each_message_of_the_login() {
    let mut world = world();
    let ada = crate::store::UserKey { uid: 1000, name: String::from("ada") };
    let record = world.records.get_mut(&ada).unwrap();
    (record.phone, record.phone_verified) = (Some(String::from("+12025550100")), true);
    let (login, said) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let shown = String::from(tag(said.prompt()));
    let login = world.stand(login);
    let (login, said) = world.answer(login, "s");
    assert_eq!(tag(said.prompt()), shown);
    let login = world.stand(login);
    // It cannot be delivered: the next way, which the first message went.
    world.challenges.get_mut(&world.sent[1].challenge).unwrap().delivery = super::super::challenge::Delivery::Failed;
    let (_login, said) = world.answer(login, "");
    assert_eq!(tag(said.prompt()), shown);
    assert_eq!(world.sent.len(), 2);
    for errand in &world.sent {
        assert_eq!(world.challenges.get(&errand.challenge).unwrap().tag, shown, "{:?}", errand.way);
    }
}

#[test]
fn what_cannot_be_decided_looks_as_a_decoy_does_and_is_told_to_the_host_at_the_end() {
    let mut world = world();
    let (prompts, _, told) = looks(&mut world, decoy("ada"), &[]);
    let expected = (prompts, Some(Verdict::Unavailable), told);
    let at_ada = || ssh("ada", "192.0.2.7");
    world.broken = true;
    assert_eq!(looks(&mut world, at_ada(), &["000000"]), expected, "the store cannot be read");
    world.broken = false;
    let (login, said) = world.begin(at_ada(), 0);
    let mut prompts = vec![String::from(said.prompt())];
    world.broken = true;
    let (mut login, mut said) = world.answer(login, "000000");
    while said.verdict().is_none() {
        prompts.push(String::from(said.prompt()));
        (login, said) = world.answer(login, "000000");
    }
    assert_eq!((prompts, said.verdict(), said.told()), expected, "the charge cannot be written");
    world.broken = false;
    world.rules.who.exempt_groups = vec![String::from("staff")];
    world.host_says = Err(String::from("late"));
    assert_eq!(looks(&mut world, at_ada(), &["000000"]), expected, "a look-up is late");
    world.host_says = Ok(crate::login::LookedUp { listed: false, member: false, console: false, here: None });
    world.rules.email.clear();
    assert_eq!(looks(&mut world, at_ada(), &["000000"]), expected, "nothing goes there");
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
