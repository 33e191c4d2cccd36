//! What an administrator mends: a user who is locked out, and a name whose account was made anew.

use crate::common::*;
use configd::limits::Standing;
use configd::store::{
    Authenticator, Bucket, Changed, Charge, Charged, Consumed, FactsFor, Known, Limit, OldRecord, SendVerdict, Store,
    UserChange, UserKey, Withheld,
};
use pam_2fa_protocol::admin::Verify;

const OPEN: Standing = Standing::Open { failures: 0 };

fn stands(home: &Home, user: UserKey, of: Authenticator, bucket: Bucket) -> Standing {
    wait(standing(&home.store, user, of, bucket, TRIES, at(0))).unwrap()
}

#[test]
fn unlocking_clears_all_tries_of_one_user_and_leaves_challenges_sends_and_others() {
    let mut home = Home::with_users();
    let mine = kept(ada(), id(1));
    assert!(matches!(wait(home.store.record_send(send_of(ada(), Some(mine)))).unwrap(), SendVerdict::Go { .. }));
    for of in [Authenticator::Email, Authenticator::Sms] {
        for bucket in [Bucket::Stranger, known("local"), known("192.0.2.7/32"), Bucket::Own] {
            for user in [ada(), bob()] {
                for _ in 0..3 {
                    let charge = Charge { authenticator: of, bucket: bucket.clone(), ..charge_of(user.clone()) };
                    assert!(matches!(home.charge(charge), Charged::Done(_)));
                }
            }
        }
    }
    assert_eq!(wait(home.store.unlock(ada(), at(0))).unwrap(), 24);
    home.reopen();
    for of in [Authenticator::Email, Authenticator::Sms] {
        for bucket in [Bucket::Stranger, known("local"), known("192.0.2.7/32"), Bucket::Own] {
            assert_eq!(stands(&home, ada(), of, bucket.clone()), OPEN);
            assert_eq!(stands(&home, bob(), of, bucket), Standing::Waiting { wait_s: 30 });
        }
    }
    assert_eq!(wait(home.store.open_challenges(at(0), 1_000)).unwrap().len(), 1);
    let nine = SendVerdict::Withheld(Withheld { wait_s: 3600, by: Limit::User });
    for _ in 0..9 {
        assert_ne!(wait(home.store.record_send(send_of(ada(), None))).unwrap(), nine);
    }
    assert_eq!(wait(home.store.record_send(send_of(ada(), None))).unwrap(), nine, "the first one still counts");
    assert_eq!(wait(home.store.unlock(ada(), at(0))).unwrap(), 0);
}

#[test]
fn a_disabled_authenticator_is_open_again_once_unlocked() {
    let home = Home::with_users();
    let limits = configd::limits::TryLimits { first_wait_s: 0, longest_wait_s: 0, ..TRIES };
    let charge = || home.charge(Charge { limits, bucket: known("local"), ..charge_of(ada()) });
    while matches!(charge(), Charged::Done(_)) {}
    assert_eq!(charge(), Charged::Refused(Standing::Disabled));
    assert_eq!(wait(home.store.unlock(ada(), at(0))).unwrap(), 100);
    assert_eq!(charge(), Charged::Done(Standing::Open { failures: 1 }));
}

fn anew() -> UserKey {
    UserKey { uid: 2000, ..ada() }
}

/// Ada of uid 1000, with all that can hang on a record.
fn with_a_life() -> Home {
    let home = Home::with_users();
    let phone = Some(Some(address_of(&ada(), Authenticator::Sms)));
    home.change(UserChange { phone, verify: Some(Verify::Always), trusted: true, ..change(ada()) }).unwrap();
    assert_eq!(home.consume(consume_of(ada(), id(1))).unwrap(), Consumed::Done);
    home.charge(charge_of(ada()));
    wait(home.store.record_send(send_of(ada(), Some(kept(ada(), id(2)))))).unwrap();
    home
}

#[test]
fn a_name_under_another_uid_is_bound_again_and_the_old_record_goes_with_all_that_hangs_on_it() {
    let mut home = with_a_life();
    let rebind = UserChange { old_record: OldRecord::Goes, ..change(anew()) };
    let Changed::Rebound { from_uid, record } = wait(home.store.change_user(rebind)).unwrap() else { panic!() };
    assert_eq!((from_uid, &record.key), (1000, &anew()));
    assert_eq!((record.email.as_ref(), record.phone.as_ref(), record.last_login.as_ref()), (None, None, None));
    assert!(!record.email_verified && !record.phone_verified);
    assert_eq!(record.verify, Verify::NewDevice);

    home.reopen();
    assert_eq!(wait(home.store.user(anew())).unwrap(), Known::Record(record));
    assert_eq!(wait(home.store.user(ada())).unwrap(), Known::NameOfAnother { uid: 2000 });
    assert_eq!(wait(home.store.count_users()).unwrap(), 2);
    for user in [ada(), anew()] {
        let facts = wait(home.store.facts(FactsFor { ..facts_for(user.clone()) })).unwrap();
        assert_eq!(facts.bucket, Bucket::Stranger);
        assert_eq!(stands(&home, user, Authenticator::Email, Bucket::Stranger), OPEN);
    }
    assert!(wait(home.store.open_challenges(at(0), 3)).unwrap().is_empty());
    assert_eq!(home.consume(consume_of(ada(), id(2))).unwrap(), Consumed::AlreadyUsed);
    // Bob has lost nothing.
    assert!(matches!(wait(home.store.user(bob())).unwrap(), Known::Record(_)));
}

#[test]
fn a_re_binding_that_is_refused_takes_nothing_away() {
    let home = with_a_life();
    let email = Some(Some(String::from("bob@example.com")));
    let rebind = UserChange { old_record: OldRecord::Goes, email, ..change(anew()) };
    assert_eq!(wait(home.store.change_user(rebind)).unwrap(), Changed::EmailInUse(bob()));
    assert_eq!(wait(home.store.change_user(change(anew()))).unwrap(), Changed::NameOfAnother { uid: 1000 });
    let facts = wait(home.store.facts(facts_for(ada()))).unwrap();
    assert!(matches!(facts.known, Known::Record(_)));
    assert_eq!(facts.bucket, known("192.0.2.7/32"));
    assert_eq!(wait(home.store.open_challenges(at(0), 3)).unwrap().len(), 1);
}

#[test]
fn a_re_binding_takes_the_address_that_is_given_with_it_and_trusts_it_only_if_told_to() {
    for trusted in [false, true] {
        let home = with_a_life();
        // The old record's own, which is free once that is gone.
        let email = Some(Some(String::from("ADA@example.com")));
        let rebind = UserChange { old_record: OldRecord::Goes, email, trusted, ..change(anew()) };
        let Changed::Rebound { record, .. } = wait(home.store.change_user(rebind)).unwrap() else { panic!() };
        assert_eq!((record.email.as_deref(), record.email_verified), (Some("ADA@example.com"), trusted));
        assert_eq!((record.phone, record.phone_verified), (None, false));
    }
}

#[test]
fn a_renamed_user_takes_the_address_along_and_nobody_else_does() {
    let home = with_a_life();
    let email = Some(Some(String::from("ada@example.com")));
    let renamed = UserKey { name: String::from("lovelace"), ..ada() };
    let record = home.change(UserChange { email: email.clone(), ..change(renamed) }).unwrap();
    assert_eq!((record.email.as_deref(), record.email_verified), (Some("ada@example.com"), false));
    let other = UserKey { uid: 3000, name: String::from("eve") };
    assert!(matches!(home.change(UserChange { email, ..change(other) }), Err(Changed::EmailInUse(_))));
}

#[test]
fn records_are_listed_in_short_pieces_and_none_is_left_out_or_told_twice() {
    let home = Home::with_users();
    // By name, which is not the order of the uids.
    let keys = (0..1_100_u32).map(|number| UserKey { uid: 9_000 - number, name: format!("user{number}") });
    wait_for_all(keys.map(|key| home.store.change_user(change(key))).collect()).into_iter().for_each(|done| {
        done.unwrap();
    });
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let piece = wait(home.store.users_next(after)).unwrap();
        assert!(piece.len() <= 500);
        let Some(last) = piece.last() else { break };
        after = Some(last.key.clone());
        all.extend(piece);
    }
    assert_eq!(all, wait(home.store.users(None)).unwrap());
    assert_eq!(all.len(), 1_102);
}
