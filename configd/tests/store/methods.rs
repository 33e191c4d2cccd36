//! Apps, recovery codes, one-time codes of an administrator: each is used once, enrolled all or nothing, and gone when it is taken away.

use crate::common::*;
use configd::store::{
    Authenticator, Charge, Consume, Consumed, Ended, Enrol, Enrolled, First, Had, KeptPass, Known, MOST_GRANTS,
    Methods, NewApp, PassId, PassKind, Proof, Store, UserChange, UserKey,
};
use pam_2fa_protocol::admin::{Channel, Method, Verify};

/// The MAC of a recovery code.
pub(crate) fn mac(number: u8) -> [u8; 32] {
    [number; 32]
}

/// An app that has used its step 100, and recovery codes 1 to 10, for somebody who has the address of [`address_of`] and nothing else.
pub(crate) fn enrol_of(user: UserKey) -> Enrol {
    Enrol {
        address: None,
        app: Some(NewApp { id: String::from("app1"), sealed: String::from("sealed:v1:x"), step: 100 }),
        recovery: Some((1..=10).map(mac).collect()),
        first: First::Further(Had { email: Some(address_of(&user, Authenticator::Email)), ..Had::default() }),
        user,
        login: None,
        unique: true,
        now: at(0),
    }
}

pub(crate) fn enrol(home: &Home, enrol: Enrol) -> Enrolled {
    wait(home.store.enrol(enrol)).unwrap()
}

/// What `user` has now.
pub(crate) fn further(home: &Home, user: &UserKey) -> First {
    further_of(&home.store, user)
}

pub(crate) fn further_of(store: &impl Store, user: &UserKey) -> First {
    let Methods { app, recovery, .. } = wait(store.methods(user.clone(), at(0))).unwrap();
    let Known::Record(record) = wait(store.user(user.clone())).unwrap() else { panic!("{user:?} has no record") };
    First::Further(Had::of(&record, app.as_ref(), recovery.len()))
}

pub(crate) fn pass(kind: PassKind, name: &str, user: UserKey) -> KeptPass {
    KeptPass {
        id: PassId(String::from(name)),
        kind,
        user,
        mac: [9; 32],
        made_s: WALL_S,
        until_s: WALL_S + 7_200,
        origin: None,
        service: None,
        reason: String::from("ticket 4711"),
    }
}

pub(crate) fn methods(home: &Home, user: UserKey) -> Methods {
    wait(home.store.methods(user, at(0))).unwrap()
}

fn use_of(user: UserKey, proof: Proof, number: u128) -> Consume {
    Consume { proof, ..consume_of(user, id(number)) }
}

fn step(number: i64) -> Proof {
    Proof::App { id: String::from("app1"), step: number }
}

fn grant(name: &str) -> Proof {
    Proof::Grant { id: PassId(String::from(name)) }
}

fn with_methods() -> Home {
    let home = Home::with_users();
    assert_eq!(enrol(&home, enrol_of(ada())), Enrolled::Done { before: None });
    home
}

#[test]
fn a_step_of_an_app_is_used_once_and_only_rises_over_restarts() {
    let mut home = with_methods();
    for (number, (of, outcome)) in [
        (100, Consumed::AlreadyUsed),
        (99, Consumed::AlreadyUsed),
        (102, Consumed::Done),
        (102, Consumed::AlreadyUsed),
        (101, Consumed::AlreadyUsed),
        (103, Consumed::Done),
    ]
    .into_iter()
    .enumerate()
    {
        assert_eq!(home.consume(use_of(ada(), step(of), u128::try_from(number).unwrap())).unwrap(), outcome, "{of}");
        home.reopen();
    }
    // Another app begins anew, and the old one is worth nothing.
    let app = Some(NewApp { id: String::from("app2"), sealed: String::from("sealed:v1:y"), step: 50 });
    let first = further(&home, &ada());
    assert_eq!(enrol(&home, Enrol { app, recovery: None, first, ..enrol_of(ada()) }), Enrolled::Done { before: None });
    assert_eq!(home.consume(use_of(ada(), step(200), 20)).unwrap(), Consumed::AlreadyUsed);
    assert_eq!(methods(&home, ada()).recovery.len(), 10, "the recovery codes stay");
    // Nobody has somebody else's.
    let of_bob = Proof::App { id: String::from("app2"), step: 300 };
    assert_eq!(home.consume(use_of(bob(), of_bob, 21)).unwrap(), Consumed::AlreadyUsed);
}

#[test]
fn a_recovery_code_is_used_once_and_new_ones_are_in_the_place_of_all_older_ones() {
    let mut home = with_methods();
    let code = |number: u8| Proof::Recovery { mac: mac(number) };
    assert_eq!(home.consume(use_of(ada(), code(3), 1)).unwrap(), Consumed::Done);
    home.reopen();
    assert_eq!(home.consume(use_of(ada(), code(3), 2)).unwrap(), Consumed::AlreadyUsed);
    assert_eq!(home.consume(use_of(bob(), code(4), 3)).unwrap(), Consumed::AlreadyUsed);
    assert_eq!(methods(&home, ada()).recovery.len(), 9);
    let recovery = Some(vec![mac(50)]);
    let first = further(&home, &ada());
    assert_eq!(enrol(&home, Enrol { app: None, recovery, first, ..enrol_of(ada()) }), Enrolled::Done { before: None });
    assert_eq!(home.consume(use_of(ada(), code(5), 4)).unwrap(), Consumed::AlreadyUsed);
    assert_eq!(methods(&home, ada()).recovery, [mac(50)]);
    assert!(methods(&home, ada()).app.is_some(), "the app stays");
}

#[test]
fn a_grant_is_used_once_is_over_at_its_time_and_makes_no_record() {
    let mut home = Home::with_users();
    let eve = UserKey { uid: 3000, name: String::from("eve") };
    for name in ["g1", "g2"] {
        wait(home.store.add_pass(pass(PassKind::Grant, name, eve.clone()), at(0))).unwrap();
    }
    // A grant is somebody's, and an invitation is none.
    wait(home.store.add_pass(pass(PassKind::Invitation, "i1", eve.clone()), at(0))).unwrap();
    assert_eq!(home.consume(use_of(ada(), grant("g1"), 1)).unwrap(), Consumed::AlreadyUsed);
    home.reopen();
    assert_eq!(home.consume(use_of(eve.clone(), grant("g1"), 2)).unwrap(), Consumed::Done);
    home.reopen();
    assert_eq!(home.consume(use_of(eve.clone(), grant("g1"), 3)).unwrap(), Consumed::AlreadyUsed);
    assert_eq!(wait(home.store.user(eve.clone())).unwrap(), Known::Nobody);
    let late = Consume { now: at(7_200_000), ..use_of(eve.clone(), grant("g2"), 4) };
    assert_eq!(home.consume(late).unwrap(), Consumed::AlreadyUsed);
    assert!(wait(home.store.methods(eve.clone(), at(7_200_000))).unwrap().passes.is_empty());
    let late = Consume { now: at(7_199_000), ..use_of(eve, grant("g2"), 5) };
    assert_eq!(home.consume(late).unwrap(), Consumed::Done);
}

#[test]
fn one_invitation_is_open_at_a_time_and_sixteen_grants() {
    let home = Home::with_users();
    for number in 0..20_i64 {
        let made = |kind, name: &str| KeptPass { made_s: WALL_S + number, ..pass(kind, name, ada()) };
        wait(home.store.add_pass(made(PassKind::Grant, &format!("g{number:02}")), at(0))).unwrap();
        wait(home.store.add_pass(made(PassKind::Invitation, &format!("i{number:02}")), at(0))).unwrap();
        wait(home.store.add_pass(pass(PassKind::Grant, &format!("b{number:02}"), bob()), at(0))).unwrap();
    }
    let of = |kind| {
        let all = methods(&home, ada()).passes;
        all.into_iter().filter(|pass| pass.kind == kind).map(|pass| pass.id.0).collect::<Vec<_>>()
    };
    assert_eq!(of(PassKind::Invitation), ["i19"]);
    assert_eq!(of(PassKind::Grant), (4..20).map(|number| format!("g{number:02}")).collect::<Vec<_>>());
    assert_eq!(methods(&home, bob()).passes.len(), MOST_GRANTS);
}

#[test]
fn a_first_method_is_enrolled_once_and_a_user_without_one_enrols_no_further_one() {
    let home = Home::new();
    let eve = UserKey { uid: 3000, name: String::from("eve") };
    let first = |first| Enrol { first, ..enrol_of(eve.clone()) };
    let proven = || First::Further(Had { email: Some(String::from("e@example.com")), ..Had::default() });
    assert_eq!(enrol(&home, first(proven())), Enrolled::NotAllowed);
    // A record with an address that nobody has proven is no method.
    home.change(UserChange { email: Some(Some(String::from("e@example.com"))), ..change(eve.clone()) }).unwrap();
    assert_eq!(enrol(&home, first(proven())), Enrolled::NotAllowed);
    let other = || Enrol { recovery: Some(vec![mac(77)]), ..first(First::Allowed) };
    let done = wait_for_all(vec![home.store.enrol(first(First::Allowed)), home.store.enrol(other())]);
    let done: Vec<Enrolled> = done.into_iter().map(Result::unwrap).collect();
    assert_eq!(done, [Enrolled::Done { before: None }, Enrolled::NotAllowed], "both found none, and one was first");
    assert_eq!(methods(&home, eve).recovery.len(), 10, "nothing of the other is kept");
}

#[test]
fn an_invitation_is_used_up_with_what_it_enrols_and_not_without() {
    let mut home = Home::with_users();
    let eve = UserKey { uid: 3000, name: String::from("eve") };
    let invited = |name: &str, address: &str| Enrol {
        address: Some((Channel::Email, String::from(address))),
        first: First::Invited(PassId(String::from(name))),
        ..enrol_of(eve.clone())
    };
    wait(home.store.add_pass(pass(PassKind::Invitation, "i1", eve.clone()), at(0))).unwrap();
    assert_eq!(enrol(&home, invited("i0", "eve@example.com")), Enrolled::NotAllowed);
    // The address is ada's: nothing is kept, and the invitation is open.
    assert_eq!(enrol(&home, invited("i1", "ADA@example.com")), Enrolled::AddressInUse(ada()));
    assert_eq!(wait(home.store.user(eve.clone())).unwrap(), Known::Nobody);
    // The right invitation was charged as any other, and once it is used that is no news of the codes that it brought.
    home.charge(Charge { authenticator: Authenticator::Recovery, ..charge_of(eve.clone()) });
    let late = Enrol { now: at(7_200_000), ..invited("i1", "eve@example.com") };
    assert_eq!(enrol(&home, late), Enrolled::NotAllowed);
    assert_eq!(enrol(&home, invited("i1", "eve@example.com")), Enrolled::Done { before: None });
    home.reopen();
    assert_eq!(wait(home.store.counts(eve.clone(), Authenticator::Recovery)).unwrap().all(), 0);
    let Known::Record(record) = wait(home.store.user(eve.clone())).unwrap() else { panic!() };
    assert_eq!((record.email.as_deref(), record.email_verified), (Some("eve@example.com"), true));
    assert!(methods(&home, eve.clone()).passes.is_empty() && methods(&home, eve.clone()).app.is_some());
    assert_eq!(
        enrol(&home, invited("i1", "eve@example.com")),
        Enrolled::NotAllowed,
        "it is used, and eve has a method"
    );
    // Where one address may be several users', ada's is as good as any.
    let shared = Enrol { unique: false, first: further(&home, &eve), ..invited("", "ada@example.com") };
    assert_eq!(enrol(&home, shared), Enrolled::Done { before: Some(String::from("eve@example.com")) });
}

#[test]
fn guesses_at_one_invitation_are_none_at_the_next_and_a_grant_forgives_none() {
    let home = Home::new();
    let eve = UserKey { uid: 3000, name: String::from("eve") };
    let failures = || wait(home.store.counts(eve.clone(), Authenticator::Recovery)).unwrap().all();
    home.charge(Charge { authenticator: Authenticator::Recovery, ..charge_of(eve.clone()) });
    wait(home.store.add_pass(pass(PassKind::Grant, "g1", eve.clone()), at(0))).unwrap();
    assert_eq!(failures(), 1);
    wait(home.store.add_pass(pass(PassKind::Invitation, "i1", eve.clone()), at(0))).unwrap();
    assert_eq!(failures(), 0);
}

#[test]
fn a_name_bound_to_another_uid_enrols_nothing() {
    let home = Home::with_users();
    let anew = UserKey { uid: 2000, ..ada() };
    for first in [First::Allowed, First::Further(Had::default())] {
        assert_eq!(enrol(&home, Enrol { first, ..enrol_of(anew.clone()) }), Enrolled::NotAllowed);
    }
}

#[test]
fn new_recovery_codes_are_heard_though_too_many_wrong_ones_were_typed_before() {
    use configd::store::Charged;
    let home = with_methods();
    let charge = |authenticator| {
        let of = Charge { authenticator, ..charge_of(ada()) };
        wait(home.store.charge_attempt(of)).unwrap()
    };
    for authenticator in [Authenticator::Recovery, Authenticator::App] {
        while !matches!(charge(authenticator), Charged::Refused(_)) {}
    }
    let (recovery, first) = (Some(vec![mac(50)]), further(&home, &ada()));
    assert_eq!(enrol(&home, Enrol { app: None, recovery, first, ..enrol_of(ada()) }), Enrolled::Done { before: None });
    assert!(matches!(charge(Authenticator::Recovery), Charged::Done(_)));
    assert!(matches!(charge(Authenticator::App), Charged::Refused(_)), "nothing was proven anew of the app");
}

#[test]
fn a_proof_enrols_nothing_once_what_there_was_is_taken_away_or_is_another() {
    // Whoever has somebody else's recovery code stands at the last prompt when an administrator takes everything away.
    let home = with_methods();
    assert_eq!(home.consume(use_of(ada(), Proof::Recovery { mac: mac(1) }, 1)).unwrap(), Consumed::Done);
    let first = further(&home, &ada());
    let app = || Some(NewApp { id: String::from("theirs"), sealed: String::from("sealed:v1:z"), step: 1 });
    let theirs = || Enrol { app: app(), first: first.clone(), ..enrol_of(ada()) };
    assert!(wait(home.store.reset(ada(), at(0))).unwrap());
    assert_eq!(enrol(&home, theirs()), Enrolled::NotAllowed);
    // And the owner is given an address anew.
    let email = Some(Some(String::from("new@example.com")));
    home.change(UserChange { email, trusted: true, ..change(ada()) }).unwrap();
    assert_eq!(enrol(&home, theirs()), Enrolled::NotAllowed);
    assert_eq!(methods(&home, ada()).app, None);
    // The same where the code was one of the address that is another now.
    let first = further(&home, &ada());
    let email = Some(Some(String::from("newer@example.com")));
    home.change(UserChange { email, trusted: true, ..change(ada()) }).unwrap();
    assert_eq!(enrol(&home, Enrol { first, ..enrol_of(ada()) }), Enrolled::NotAllowed);
    // And where another app took the place of theirs.
    let first = further(&home, &ada());
    let once = || Enrol { first: first.clone(), ..enrol_of(ada()) };
    assert_eq!(enrol(&home, once()), Enrolled::Done { before: None });
    let other = || Some(NewApp { id: String::from("app2"), sealed: String::from("sealed:v1:y"), step: 100 });
    let first = further(&home, &ada());
    let twice = || Enrol { app: other(), first: first.clone(), ..enrol_of(ada()) };
    assert_eq!(enrol(&home, twice()), Enrolled::Done { before: None });
    assert_eq!(enrol(&home, twice()), Enrolled::NotAllowed);
}

#[test]
fn whoever_has_recovery_codes_alone_proves_one_before_anything_is_enrolled() {
    let home = Home::with_users();
    let eve = UserKey { uid: 3000, name: String::from("eve") };
    let codes = Enrol { app: None, first: First::Allowed, ..enrol_of(eve.clone()) };
    assert_eq!(enrol(&home, codes), Enrolled::Done { before: None });
    wait(home.store.add_pass(pass(PassKind::Invitation, "i1", eve.clone()), at(0))).unwrap();
    for first in [First::Allowed, First::Invited(PassId(String::from("i1")))] {
        assert_eq!(enrol(&home, Enrol { first, ..enrol_of(eve.clone()) }), Enrolled::NotAllowed);
    }
    let first = further(&home, &eve);
    assert_eq!(enrol(&home, Enrol { first, ..enrol_of(eve) }), Enrolled::Done { before: None });
}

/// All that ada can have.
fn with_everything() -> Home {
    let home = with_methods();
    let phone = Some(Some(String::from("+15550100")));
    let language = Some(Some(String::from("de")));
    let verify = Some(Verify::Always);
    home.change(UserChange { phone, language, verify, trusted: true, ..change(ada()) }).unwrap();
    assert!(wait(home.store.prefer(ada(), Some(Method::App), at(0))).unwrap());
    wait(home.store.add_pass(pass(PassKind::Grant, "g1", ada()), at(0))).unwrap();
    wait(home.store.add_pass(pass(PassKind::Invitation, "i1", ada()), at(0))).unwrap();
    let remember = Some(crate::devices::remember(1));
    assert_eq!(home.consume(Consume { remember, ..use_of(ada(), step(101), 1) }).unwrap(), Consumed::Done);
    home.charge(charge_of(ada()));
    wait(home.store.record_send(send_of(ada(), Some(kept(ada(), id(2)))))).unwrap();
    home
}

#[test]
fn a_reset_takes_everything_but_verify_and_language() {
    let mut home = with_everything();
    assert!(wait(home.store.reset(ada(), at(0))).unwrap());
    home.reopen();
    let Known::Record(record) = wait(home.store.user(ada())).unwrap() else { panic!() };
    assert_eq!((record.verify, record.language.as_deref()), (Verify::Always, Some("de")));
    assert_eq!((record.email, record.phone), (None, None));
    assert!(!record.email_verified && !record.phone_verified);
    assert_eq!(methods(&home, ada()), Methods::default());
    assert!(wait(home.store.devices(String::from("ada"))).unwrap().is_empty());
    assert!(wait(home.store.open_challenges(at(0), 3)).unwrap().is_empty());
    assert_eq!(wait(home.store.counts(ada(), Authenticator::Email)).unwrap().all(), 0);
    for (number, proof) in
        [step(500), Proof::Recovery { mac: mac(1) }, grant("g1"), proof_of(&ada(), Authenticator::Email)]
            .into_iter()
            .enumerate()
    {
        let number = 10 + u128::try_from(number).unwrap();
        assert_eq!(home.consume(use_of(ada(), proof, number)).unwrap(), Consumed::AlreadyUsed);
    }
    assert!(!wait(home.store.reset(UserKey { uid: 1, ..ada() }, at(0))).unwrap());
    assert!(matches!(wait(home.store.user(bob())).unwrap(), Known::Record(record) if record.email.is_some()));
}

#[test]
fn whoever_is_shut_out_gets_in_by_nothing_until_let_in_again_and_a_reset_does_not_let_in() {
    let mut home = with_everything();
    assert!(wait(home.store.disable(ada(), true, at(5_000))).unwrap());
    assert!(wait(home.store.disable(ada(), true, at(9_000))).unwrap());
    home.reopen();
    assert_eq!(methods(&home, ada()).disabled_s, Some(WALL_S + 5), "since the first time");
    let proofs = || [step(500), Proof::Recovery { mac: mac(1) }, grant("g1"), proof_of(&ada(), Authenticator::Email)];
    for (number, proof) in proofs().into_iter().enumerate() {
        let number = 10 + u128::try_from(number).unwrap();
        assert_eq!(home.consume(use_of(ada(), proof, number)).unwrap(), Consumed::AlreadyUsed);
    }
    let devices = wait(home.store.devices(String::from("ada"))).unwrap();
    assert_eq!(devices[0].ended, Some(Ended::Record));
    assert!(wait(home.store.open_challenges(at(0), 3)).unwrap().is_empty(), "a code on its way is worth nothing");
    assert_eq!(enrol(&home, enrol_of(ada())), Enrolled::NotAllowed);
    assert!(wait(home.store.disable(ada(), false, at(0))).unwrap());
    for (number, proof) in proofs().into_iter().enumerate() {
        let number = 20 + u128::try_from(number).unwrap();
        assert_eq!(home.consume(use_of(ada(), proof, number)).unwrap(), Consumed::Done);
    }
    assert!(wait(home.store.disable(ada(), true, at(0))).unwrap());
    assert!(wait(home.store.reset(ada(), at(0))).unwrap());
    home.reopen();
    assert!(methods(&home, ada()).disabled_s.is_some());
    assert!(!wait(home.store.disable(UserKey { uid: 1, ..ada() }, true, at(0))).unwrap());
}

#[test]
fn a_preference_is_for_what_the_user_has_and_stays_when_it_is_shut_out() {
    use configd::store::Changed;
    let home = Home::with_users();
    let prefers = |method| UserChange { prefers: Some(method), ..change(ada()) };
    for method in [Method::Sms, Method::App] {
        assert_eq!(home.change(prefers(Some(method))), Err(Changed::NoSuchMethod(method)));
    }
    // With the number in the same change it is there.
    let phone = Some(Some(String::from("+15550100")));
    home.change(UserChange { phone, ..prefers(Some(Method::Sms)) }).unwrap();
    assert_eq!(methods(&home, ada()).prefers, Some(Method::Sms));
    wait(home.store.disable(ada(), true, at(0))).unwrap();
    assert_eq!(methods(&home, ada()).prefers, Some(Method::Sms));
    home.change(prefers(None)).unwrap();
    assert_eq!((methods(&home, ada()).prefers, methods(&home, ada()).disabled_s.is_some()), (None, true));
    let taken_away = UserChange { phone: Some(None), ..prefers(Some(Method::Sms)) };
    assert_eq!(home.change(taken_away), Err(Changed::NoSuchMethod(Method::Sms)));
}
