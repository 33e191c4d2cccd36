//! How far a store is; an older copy of it that is taken as it is; a clock's mark that is set back.

use crate::common::*;
use crate::devices::remember;
use crate::methods::{enrol, enrol_of, mac, methods, pass};
use configd::clock::Moment;
use configd::store::{
    AcceptCopy, AcceptedCopy, ChangeAsk, ClockWasReset, Consume, Consumed, Ended, Enrolled, KeptDevice, MetaKey,
    PassId, PassKind, Proof, RecoveryCodes, ResetClock, SendVerdict, Store, UserChange,
};
use pam_2fa_protocol::admin::Verify;

fn generation(home: &Home) -> i64 {
    let kept = wait(home.store.meta(MetaKey::StoreGeneration)).unwrap();
    kept.map_or(0, |bytes| i64::from_be_bytes(bytes.try_into().unwrap()))
}

fn devices(home: &Home) -> Vec<KeptDevice> {
    wait(home.store.devices(String::from("ada"))).unwrap()
}

/// Ada with an app that has used its step 100, ten recovery codes, a device, an open challenge and a grant.
fn with_everything() -> Home {
    let home = Home::with_users();
    assert_eq!(enrol(&home, enrol_of(ada())), Enrolled::Done { before: None });
    let with = Consume { remember: Some(remember(1)), ..consume_of(ada(), id(900)) };
    assert_eq!(home.consume(with).unwrap(), Consumed::Done);
    let sent = wait(home.store.record_send(send_of(ada(), Some(kept(ada(), id(1)))))).unwrap();
    assert!(matches!(sent, SendVerdict::Go { .. }));
    wait(home.store.add_pass(pass(PassKind::Grant, "GRANT1", ada()), at(0))).unwrap();
    home
}

fn accept(recovery: RecoveryCodes) -> AcceptCopy {
    AcceptCopy { generation: 4711, step: 200, recovery, now: at(60_000) }
}

#[test]
fn what_must_not_come_undone_counts_and_what_somebody_may_do_as_often_as_he_likes_does_not() {
    let mut home = Home::new();
    assert_eq!(generation(&home), 0, "a new store has nothing that could come undone");
    let mut before = 0;
    let mut counts = |home: &Home, what: &str| {
        let now = generation(home);
        assert!(now > before, "{what}: {now}");
        before = now;
    };
    home.change(UserChange { email: Some(Some(String::from("ada@example.com"))), trusted: true, ..change(ada()) })
        .unwrap();
    counts(&home, "a record");
    assert_eq!(enrol(&home, enrol_of(ada())), Enrolled::Done { before: None });
    counts(&home, "an enrolment");
    wait(home.store.add_pass(pass(PassKind::Grant, "GRANT1", ada()), at(0))).unwrap();
    counts(&home, "a grant");
    for (number, proof) in [
        proof_of(&ada(), configd::store::Authenticator::Email),
        Proof::App { id: String::from("app1"), step: 101 },
        Proof::Recovery { mac: mac(1) },
        Proof::Grant { id: PassId(String::from("GRANT1")) },
    ]
    .into_iter()
    .enumerate()
    {
        let used = Consume { proof, ..consume_of(ada(), id(u128::try_from(number).unwrap() + 50)) };
        assert_eq!(home.consume(used).unwrap(), Consumed::Done);
        counts(&home, "a use of what is good once");
    }
    wait(home.store.disable(ada(), true, at(0))).unwrap();
    counts(&home, "who is shut out");
    wait(home.store.put_meta(vec![(MetaKey::Settings, b"x".to_vec())])).unwrap();
    counts(&home, "settings that were accepted");
    home.reopen();
    let stays = generation(&home);
    home.charge(charge_of(ada()));
    wait(home.store.record_send(send_of(ada(), Some(kept(ada(), id(2)))))).unwrap();
    wait(home.store.put_meta(Vec::new())).unwrap();
    assert_eq!(generation(&home), stays, "a wrong code, a message, nothing at all");
}

#[test]
fn an_older_copy_that_is_accepted_has_nothing_left_that_may_have_been_used_since() {
    let mut home = with_everything();
    let accepted = wait(home.store.accept_copy(accept(RecoveryCodes::End))).unwrap();
    let all = AcceptedCopy { devices: 1, challenges: 1, passes: 1, apps: 1, recovery_users: 1 };
    assert_eq!(accepted, all);
    home.reopen();
    assert!(generation(&home) > 4711);
    assert_eq!(devices(&home)[0].ended, Some(Ended::Restored));
    let has = methods(&home, ada());
    assert_eq!((has.recovery.len(), has.passes.len(), has.app.unwrap().last_step), (0, 0, 200));
    assert_eq!(wait(home.store.open_challenges(at(60_000), 3)).unwrap(), []);
    for (number, proof) in [
        Proof::Recovery { mac: mac(1) },
        Proof::Grant { id: PassId(String::from("GRANT1")) },
        Proof::App { id: String::from("app1"), step: 200 },
    ]
    .into_iter()
    .enumerate()
    {
        let used = Consume { proof, ..consume_of(ada(), id(u128::try_from(number).unwrap() + 50)) };
        assert_eq!(home.consume(used).unwrap(), Consumed::AlreadyUsed, "{number}");
    }
    assert_eq!(home.consume(consume_of(ada(), id(1))).unwrap(), Consumed::AlreadyUsed, "the code in the mail");
    // The next step is good.
    let next = Consume { proof: Proof::App { id: String::from("app1"), step: 201 }, ..consume_of(ada(), id(70)) };
    assert_eq!(home.consume(next).unwrap(), Consumed::Done);
    let page = wait(home.store.changes(ChangeAsk { after: 0, user: None, since_s: i64::MIN })).unwrap();
    let line = page.changes.iter().find(|change| change.what == "older-store-accepted").unwrap();
    assert!(line.detail.contains("4711") && line.detail.contains("recovery codes of 1 users"), "{line:?}");
}

#[test]
fn recovery_codes_outlive_an_older_copy_only_where_that_is_wanted_and_a_later_step_stays() {
    let home = with_everything();
    let later = AcceptCopy { step: 50, ..accept(RecoveryCodes::Stay) };
    let accepted = wait(home.store.accept_copy(later)).unwrap();
    assert_eq!((accepted.recovery_users, accepted.apps), (0, 0));
    let has = methods(&home, ada());
    assert_eq!((has.recovery.len(), has.app.unwrap().last_step), (10, 100));
}

#[test]
fn a_clock_that_is_set_back_ends_what_was_given_in_the_time_that_has_not_come() {
    let mut home = Home::with_users();
    let ten_years_s = 10 * 365 * 86_400;
    let now = at(60_000);
    let ahead = Moment { wall_s: now.wall_s + ten_years_s, ..now.clone() };
    let log_in = |home: &Home, number: u8, now: &Moment| {
        let code = id(u128::from(number));
        let with = Consume { remember: Some(remember(number)), now: now.clone(), ..consume_of(ada(), code) };
        assert_eq!(home.consume(with).unwrap(), Consumed::Done);
    };
    log_in(&home, 1, &now);
    log_in(&home, 2, &ahead);
    let of_then = pass(PassKind::Grant, "THEN", ada());
    wait(home.store.add_pass(pass(PassKind::Grant, "NOW", bob()), now.clone())).unwrap();
    let made_s = ahead.wall_s;
    wait(home.store.add_pass(configd::store::KeptPass { made_s, until_s: made_s + 7_200, ..of_then }, now.clone()))
        .unwrap();
    wait(home.store.put_meta(vec![(MetaKey::HighWater, ahead.wall_s.to_be_bytes().to_vec())])).unwrap();
    let reset = ResetClock { wall_s: now.wall_s, mark_s: ahead.wall_s, now: now.clone() };
    assert_eq!(wait(home.store.reset_clock(reset)).unwrap(), ClockWasReset { devices: 1, passes: 1, apps: 0 });
    home.reopen();
    let mut ended: Vec<_> = devices(&home).into_iter().map(|device| (device.key.identity[0], device.ended)).collect();
    ended.sort_unstable_by_key(|(number, _)| *number);
    assert_eq!(ended, [(1, None), (2, Some(Ended::Clock))]);
    assert_eq!((methods(&home, ada()).passes.len(), methods(&home, bob()).passes.len()), (0, 1));
    // The mark follows from there again.
    let mark = |home: &Home| {
        let kept = wait(home.store.meta(MetaKey::HighWater)).unwrap().unwrap();
        i64::from_be_bytes(kept.try_into().unwrap())
    };
    assert_eq!(mark(&home), now.wall_s);
    home.change(UserChange { verify: Some(Verify::Always), now: at(120_000), ..change(bob()) }).unwrap();
    assert_eq!(mark(&home), at(120_000).wall_s);
}

/// A restore by a mark that lay years ahead has raised it, or a clock that stood there has seen a code used.
#[test]
fn an_app_whose_last_step_lies_ahead_has_codes_again_when_the_clock_is_reset_and_no_used_one_is_good() {
    let mut home = with_everything();
    let now = at(60_000);
    let (present, years) = (now.wall_s / 30, 10 * 365 * 2_880);
    wait(home.store.accept_copy(AcceptCopy { step: present + years, ..accept(RecoveryCodes::Stay) })).unwrap();
    let consume = |home: &Home, number: u128, step: i64| {
        let proof = Proof::App { id: String::from("app1"), step };
        home.consume(Consume { proof, ..consume_of(ada(), id(number)) }).unwrap()
    };
    assert_eq!(consume(&home, 50, present + 1), Consumed::AlreadyUsed);
    let mark_s = now.wall_s + years * 30;
    let was = wait(home.store.reset_clock(ResetClock { wall_s: now.wall_s, mark_s, now })).unwrap();
    assert_eq!(was.apps, 1);
    home.reopen();
    assert_eq!(consume(&home, 51, present), Consumed::AlreadyUsed);
    assert_eq!(consume(&home, 52, present + 1), Consumed::Done);
    assert_eq!(consume(&home, 53, present + 1), Consumed::AlreadyUsed);
}
