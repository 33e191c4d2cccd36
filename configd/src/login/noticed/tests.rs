//! Each event that an owner is told of, once and after its commit; and nothing where nothing came of it.

use super::super::world::{PlainMac, World, ssh};
use super::super::{Event, Login, State};
use super::*;
use crate::authenticator::{LongCode, LongUse, long};
use crate::limits::{Lock, TryLimits};
use crate::login::LongCodeMac;
use crate::login::challenge::Caller;
use crate::rules::PromptStyle;
use crate::store::{Authenticator, Charged, KeptPass, Methods, PassId, PassKind, UserKey};
use pam_2fa_protocol::login::{Begin, Verdict};
use pam_2fa_settings::{Lifetime, Mode, SshIdentity};

fn ada() -> UserKey {
    UserKey { uid: 1000, name: String::from("ada") }
}

/// Devices are remembered, over ssh by their address.
fn world() -> World {
    let mut world = World::new();
    let day = || Lifetime::parse("1 day").unwrap();
    (world.rules.trust.ssh, world.rules.trust.desktop, world.rules.trust.elevate) = (day(), day(), day());
    world.rules.trust.ssh_identity = SshIdentity::Address;
    world
}

/// A login with the right code, up to what it is let in with.
fn log_in(world: &mut World, begin: Begin) -> Option<Verdict> {
    let (login, said) = world.begin(begin, 0);
    if said.verdict().is_some() {
        return said.verdict();
    }
    let code = world.code(&login);
    world.answer(login, &code).1.verdict()
}

fn told(world: &mut World) -> Vec<Notice> {
    std::mem::take(&mut world.told).into_iter().map(|about| about.notice).collect()
}

fn new_device(from: &str) -> Notice {
    Notice::NewDevice { label: format!("address {from}/32") }
}

#[test]
fn a_device_that_was_not_seen_before_is_told_once_with_where_it_is_and_what_was_proven() {
    let mut world = world();
    assert_eq!(log_in(&mut world, ssh("ada", "192.0.2.7")), Some(Verdict::Allow));
    let about = world.told.pop().unwrap();
    assert_eq!(about.notice, new_device("192.0.2.7"));
    assert_eq!((about.user, about.proved_by, about.caller), (ada(), Some(Authenticator::Email), Caller::Root));
    assert!(about.old.is_empty() && world.told.is_empty());
    let texts = world.rules.languages.letters(pam_2fa_settings::Language::English);
    assert_eq!(about.place.unwrap().say(texts), "ssh from 192.0.2.7");
    // Trusted now.
    assert_eq!(log_in(&mut world, ssh("ada", "192.0.2.7")), Some(Verdict::Allow));
    assert_eq!(told(&mut world), []);
    // Its time is up: it is asked, and is no new one.
    world.pass(2 * 86_400_000);
    assert_eq!(log_in(&mut world, ssh("ada", "192.0.2.7")), Some(Verdict::Allow));
    assert_eq!(told(&mut world), []);
    // Taken away, it is.
    world.devices.clear();
    assert_eq!(log_in(&mut world, ssh("ada", "192.0.2.7")), Some(Verdict::Allow));
    assert_eq!(told(&mut world), [new_device("192.0.2.7")]);
}

#[test]
fn what_is_not_remembered_is_no_new_device() {
    let mut world = World::new();
    assert_eq!(log_in(&mut world, ssh("ada", "192.0.2.7")), Some(Verdict::Allow));
    assert_eq!(told(&mut world), []);
}

#[test]
fn a_session_in_which_somebody_elevates_is_no_device() {
    let mut world = world();
    let sudo = Begin {
        service: String::from("sudo"),
        tty: Some(String::from("/dev/pts/1")),
        session: Some(7),
        real_uid: Some(1000),
        remote_user: Some(String::from("ada")),
        remote_host: None,
        ..ssh("ada", "")
    };
    assert_eq!(log_in(&mut world, sudo), Some(Verdict::Allow));
    assert_eq!(world.devices.len(), 1, "it is remembered");
    assert_eq!(told(&mut world), []);
}

#[test]
fn where_one_is_asked_the_device_is_told_with_the_yes_and_not_without() {
    for (answer, expected) in [("y", vec![new_device("192.0.2.7")]), ("n", vec![]), ("", vec![])] {
        let mut world = world();
        world.rules.trust.ask = true;
        let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
        let code = world.code(&login);
        let (login, _) = world.answer(login, &code);
        assert!(world.told.is_empty(), "not before it is remembered");
        let (_, said) = world.answer(login, answer);
        assert_eq!(said.verdict(), Some(Verdict::Allow));
        assert_eq!(told(&mut world), expected, "{answer:?}");
    }
}

fn recovery(world: &mut World, count: usize) -> Vec<LongCode> {
    let codes: Vec<LongCode> = long::recovery_set(&world.random).unwrap().into_iter().take(count).collect();
    let recovery = codes.iter().map(|code| PlainMac.long_code_mac(LongUse::Recovery, &ada(), code)).collect();
    world.methods.insert(ada(), Methods { recovery, ..Methods::default() });
    codes
}

/// A login with what is typed.
fn with(world: &mut World, typed: &str) -> Option<Verdict> {
    let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    world.answer(login, typed).1.verdict()
}

#[test]
fn a_recovery_code_is_told_with_how_many_are_left_once_it_was_used_and_not_when_it_is_wrong() {
    let mut world = world();
    let codes = recovery(&mut world, 2);
    assert_eq!(with(&mut world, codes[0].shown().expose()), Some(Verdict::Allow));
    assert_eq!(world.told[0].proved_by, Some(Authenticator::Recovery));
    assert_eq!(told(&mut world), [Notice::RecoveryUsed { left: 1 }]);
    assert_eq!(with(&mut world, codes[0].shown().expose()), None, "used");
    assert_eq!(told(&mut world), []);
    assert_eq!(with(&mut world, codes[1].shown().expose()), Some(Verdict::Allow));
    assert_eq!(told(&mut world), [Notice::RecoveryUsed { left: 0 }]);
}

#[test]
fn an_administrators_code_is_told_when_it_lets_in() {
    let mut world = world();
    let code = LongCode::new(&world.random).unwrap();
    let pass = KeptPass {
        id: PassId(String::from("g1")),
        kind: PassKind::Grant,
        user: ada(),
        mac: PlainMac.long_code_mac(LongUse::Grant, &ada(), &code),
        made_s: world.now.wall_s,
        until_s: world.now.wall_s + 7_200,
        origin: None,
        service: None,
        reason: String::from("lost her telephone"),
    };
    world.methods.insert(ada(), Methods { passes: vec![pass], ..Methods::default() });
    assert_eq!(with(&mut world, code.shown().expose()), Some(Verdict::Allow));
    assert_eq!(told(&mut world), [Notice::GrantUsed]);
}

/// Wrong codes from `from` until one is not charged; after how many of them the owner was told.
fn wrong_codes(world: &mut World, from: &str) -> Vec<u32> {
    let mut told = Vec::new();
    let mut rounds = 0;
    loop {
        let (mut login, said): (Login, _) = world.begin(ssh("ada", from), 0);
        if said.verdict().is_some() || matches!(login.state, State::Veiled(_)) {
            return told;
        }
        let wrong = if world.code(&login) == "000000" { "000001" } else { "000000" };
        loop {
            let (next, said) = world.answer(login, wrong);
            login = next;
            for about in std::mem::take(&mut world.told) {
                assert_eq!((about.notice, about.proved_by), (Notice::Locked, None));
                told.push(world.charged);
            }
            if said.verdict().is_some() {
                break;
            }
        }
        let _closed = world.drive(login, Event::Closed);
        rounds += 1;
        assert!(rounds < 200, "no end of wrong codes");
    }
}

#[test]
fn the_wrong_code_that_disables_is_told_and_no_other_in_whatever_style() {
    for prompt in [PromptStyle::Detailed, PromptStyle::Constant] {
        let mut world = world();
        world.rules.codes.prompt = prompt;
        world.rules.tries =
            TryLimits { attempts: 3, before_disabled: 10, first_wait_s: 0, longest_wait_s: 0, lock: None };
        assert_eq!(wrong_codes(&mut world, "198.51.100.7"), [10]);
    }
}

#[test]
fn a_lock_of_the_profile_is_told_when_it_begins_and_a_common_wait_is_not() {
    let mut world = world();
    let lock = Some(Lock { after: 10, length_s: 1_800 });
    world.rules.tries = TryLimits { attempts: 3, before_disabled: 100, first_wait_s: 0, longest_wait_s: 0, lock };
    assert_eq!(wrong_codes(&mut world, "198.51.100.7"), [10]);
    world.pass(1_801_000);
    assert_eq!(wrong_codes(&mut world, "198.51.100.7"), [20], "another one");
    let mut world = World::new();
    assert_eq!(wrong_codes(&mut world, "198.51.100.7"), [0; 0], "three wrong ones make wait");
}

#[test]
fn the_last_try_that_is_right_locks_nobody_and_tells_nothing() {
    let mut world = World::new();
    world.rules.tries = TryLimits { attempts: 3, before_disabled: 3, first_wait_s: 0, longest_wait_s: 0, lock: None };
    let (mut login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let code = world.code(&login);
    let wrong = if code == "000000" { "000001" } else { "000000" };
    for _ in 0..2 {
        login = world.answer(login, wrong).0;
    }
    assert_eq!(world.answer(login, &code).1.verdict(), Some(Verdict::Allow));
    assert_eq!(told(&mut world), []);
}

/// Another login has used the challenge up while the charge of this one was written.
#[test]
fn a_charge_that_locks_is_told_also_where_there_is_nothing_left_to_compare() {
    let mut world = World::new();
    let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let code = world.code(&login);
    let State::AtPrompt(standing) = &login.state else { panic!("{login:?}") };
    let challenge = standing.challenge.clone();
    let (login, effects) = world.step(login, Event::Answer(pam_2fa_protocol::Secret::new(code)));
    assert!(matches!(effects.as_slice(), [Effect::Charge(_)]), "{effects:?}");
    world.challenges.end(&challenge);
    let (_, said) = world.drive(login, Event::Charged(Ok(Charged::Done(limits::Standing::Disabled)), None));
    assert_eq!(said.verdict(), Some(Verdict::Deny));
    assert_eq!(told(&mut world), [Notice::Locked]);
}

#[test]
fn a_denial_a_broken_store_a_report_and_an_explanation_tell_nothing() {
    let mut world = world();
    let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
    let code = world.code(&login);
    // The commit fails: nothing was remembered, and nobody was let in.
    world.broken = true;
    assert_eq!(world.answer(login, &code).1.verdict(), Some(Verdict::Unavailable));
    world.broken = false;
    // Nobody there.
    assert_eq!(with(&mut world, ""), Some(Verdict::Deny));
    // Shut out.
    world.methods.entry(ada()).or_default().disabled_s = Some(1);
    assert_eq!(log_in(&mut world, ssh("ada", "192.0.2.7")), Some(Verdict::Deny));
    world.methods.clear();
    let _explained = world.explain(ssh("ada", "192.0.2.7"));
    world.rules.who.mode = Mode::ReportUntil(pam_2fa_settings::Date::parse("9999-12-31").unwrap());
    assert_eq!(log_in(&mut world, ssh("ada", "192.0.2.7")), Some(Verdict::NotSubject));
    assert_eq!(told(&mut world), []);
}

/// Steps up to what the store is asked for, which is answered by hand.
fn asked_of_the_store(world: &mut World, login: Login, event: Event) -> (Login, Effect) {
    let (login, mut effects) = world.step(login, event);
    let at = effects.iter().position(|effect| {
        matches!(
            effect,
            Effect::Charge(_) | Effect::Consume(_) | Effect::Remember(_) | Effect::Enrol(_) | Effect::Revoke(_)
        )
    });
    (login, effects.remove(at.unwrap()))
}

fn answer(text: &str) -> Event {
    Event::Answer(pam_2fa_protocol::Secret::new(String::from(text)))
}

/// Whoever goes, or speaks out of turn, while the commit is under way.
fn goes(world: &mut World, login: Login, commit: Effect, by: Event) -> Login {
    let (login, said) = world.drive(login, by);
    assert!(said.step.is_none() && !login.is_over(), "{said:?}");
    let done = world.store_answer(commit).unwrap();
    let (login, said) = world.drive(login, done);
    assert!(login.is_over() && said.step.is_none() && said.done.is_none(), "{said:?}");
    login
}

#[test]
fn whoever_goes_while_it_is_written_keeps_nothing_from_its_owner_and_is_not_let_in() {
    for (by, ask) in [(Event::Closed, false), (answer("x"), false), (Event::Closed, true)] {
        let mut world = world();
        world.rules.trust.ask = ask;
        let (login, _) = world.begin(ssh("ada", "192.0.2.7"), 0);
        let code = world.code(&login);
        let (mut login, mut commit) = asked_of_the_store(&mut world, login, answer(&code));
        let mut event = world.store_answer(commit).unwrap();
        if ask {
            (login, commit) = asked_of_the_store(&mut world, login, event);
            event = world.store_answer(commit).unwrap();
            login = world.step(login, event).0;
            event = answer("y");
        }
        (login, commit) = asked_of_the_store(&mut world, login, event);
        let _over = goes(&mut world, login, commit, by);
        assert_eq!(told(&mut world), [new_device("192.0.2.7")], "{ask}");
        assert_eq!(world.devices.len(), 1);
        let logged = world.logged.last().unwrap();
        assert_eq!((logged.verdict, logged.reason), (Verdict::Deny, "left-before-the-end"));
        assert!(world.challenges.is_empty());
    }
}

#[test]
fn the_address_before_is_told_though_whoever_changed_it_goes_while_it_is_written() {
    for by in [Event::Closed, answer("x")] {
        let mut world = world();
        world.methods.insert(ada(), Methods { recovery: vec![[7; 32]], ..Methods::default() });
        let to = Way::Email(String::from("mallory@example.com"));
        let login = Login::own(1000, String::from("K7Q2M9XD"), crate::login::Change::Address(to));
        let begin = Begin { service: String::from("me"), ..ssh("ada", "192.0.2.7") };
        let (login, _) = world.drive(login, Event::Begin(Box::new(begin)));
        let code = world.code(&login);
        let (login, _) = world.answer(login, &code);
        let code = world.code(&login);
        let (login, charge) = asked_of_the_store(&mut world, login, answer(&code));
        let charged = world.store_answer(charge).unwrap();
        let (login, commit) = asked_of_the_store(&mut world, login, charged);
        let _over = goes(&mut world, login, commit, by);
        let about = world.told.pop().unwrap();
        assert_eq!(about.old, [(Channel::Email, String::from("ada@example.com"))]);
        assert_eq!(world.logged.last().unwrap().reason, "changed");
    }
}
