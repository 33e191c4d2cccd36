//! Remembered devices on disk: with the code that is used or not at all, over restarts, and ended by what the store itself changes.

use crate::common::*;
use configd::clock::Moment;
use configd::limits::{Standing, TryLimits};
use configd::store::{
    Authenticator, Bucket, Changed, Charge, Charged, Consume, Consumed, DeviceId, DeviceKey, EndDevices, Ended,
    FactsFor, KeptDevice, Known, OldRecord, Proof, Remember, RememberDevice, Revoke, Revoked, Store, UseDevice,
    UserChange, UserKey,
};
use pam_2fa_protocol::admin::{LastLogin, Verify};

fn key(number: u8) -> DeviceKey {
    DeviceKey { class: String::from("ssh"), identity: [number; 32] }
}

pub(crate) fn remember(number: u8) -> Remember {
    Remember {
        id: DeviceId(format!("DEVICE{number:02X}")),
        key: key(number),
        label: format!("key SHA256:{number} from 192.0.2.7/32"),
        from: String::from("192.0.2.7"),
        lifetime_s: 86_400,
        stamp: Some(String::from("stamp")),
        policy: 1,
    }
}

fn login(service: &str, device: Option<&str>) -> LastLogin {
    LastLogin {
        at: String::from("2026-11-24T04:00:00Z"),
        service: String::from(service),
        from: None,
        device: device.map(String::from),
    }
}

/// A code of `user` that is used with device `number` remembered.
fn log_in(home: &Home, user: UserKey, number: u8, now: Moment) {
    let code = id(u128::from(now.boot_ms) << 64 | u128::from(user.uid) << 8 | u128::from(number));
    let with = Consume { remember: Some(remember(number)), now, ..consume_of(user, code) };
    assert_eq!(home.consume(with).unwrap(), Consumed::Done);
}

fn use_of(user: UserKey, number: u8) -> UseDevice {
    UseDevice {
        user,
        id: DeviceId(format!("DEVICE{number:02X}")),
        from: String::from("192.0.2.7"),
        stamp: Some(String::from("stamp")),
        login: login("sshd", Some("key SHA256:1")),
        now: at(60_000),
    }
}

fn found(home: &Home, user: UserKey, number: u8) -> Option<KeptDevice> {
    let ask = FactsFor { device: Some(key(number)), ..facts_for(user) };
    wait(home.store.facts(ask)).unwrap().device.map(|device| *device)
}

/// The whole list, piece by piece.
fn listed(home: &Home) -> Vec<KeptDevice> {
    let mut all: Vec<KeptDevice> = Vec::new();
    loop {
        let piece = wait(home.store.devices_of_next(all.last().map(|device| device.user.clone()))).unwrap();
        if piece.is_empty() {
            return all;
        }
        all.extend(piece);
    }
}

fn all(home: &Home) -> Vec<(String, u8, Option<Ended>)> {
    listed(home).into_iter().map(|device| (device.user.name, device.key.identity[0], device.ended)).collect()
}

fn named(name: &str, number: u8, ended: Option<Ended>) -> (String, u8, Option<Ended>) {
    (String::from(name), number, ended)
}

#[test]
fn a_device_is_remembered_with_the_code_that_is_used_and_with_no_other() {
    let mut home = Home::with_users();
    assert_eq!(found(&home, ada(), 1), None);
    let with = Consume { remember: Some(remember(1)), ..consume_of(ada(), id(1)) };
    assert_eq!(home.consume(with.clone()).unwrap(), Consumed::Done);
    let again = Consume { remember: Some(remember(2)), ..with };
    assert_eq!(home.consume(again).unwrap(), Consumed::AlreadyUsed);
    home.reopen();
    let kept = found(&home, ada(), 1).unwrap();
    assert_eq!((kept.first_s, kept.last_s, kept.given.clone()), (WALL_S, WALL_S, at(0)));
    assert_eq!((kept.lifetime_s, kept.stamp.as_deref(), kept.policy, kept.ended), (86_400, Some("stamp"), 1, None));
    assert_eq!(found(&home, ada(), 2), None);
    assert_eq!(found(&home, bob(), 1), None, "another user's key is another device");
    assert_eq!(
        found(&home, UserKey { uid: 1000, name: String::from("toor") }, 1),
        None,
        "another name of the uid, too"
    );
    assert_eq!(found(&home, UserKey { uid: 2000, ..ada() }, 1), None, "and the same name of another uid");
}

#[test]
fn a_use_is_kept_and_an_ended_a_revoked_and_anothers_device_have_none() {
    let mut home = Home::with_users();
    log_in(&home, ada(), 1, at(0));
    assert!(wait(home.store.use_device(use_of(ada(), 1))).unwrap());
    home.reopen();
    let kept = found(&home, ada(), 1).unwrap();
    assert_eq!(
        (kept.first_s, kept.last_s, &kept.given),
        (WALL_S, WALL_S + 60, &at(0)),
        "a use does not lengthen trust"
    );
    let Known::Record(record) = wait(home.store.user(ada())).unwrap() else { panic!() };
    assert_eq!(record.last_login, Some(login("sshd", Some("key SHA256:1"))));
    assert!(!wait(home.store.use_device(use_of(bob(), 1))).unwrap());
    assert!(!wait(home.store.use_device(use_of(ada(), 2))).unwrap());
    let end = EndDevices::One { id: DeviceId(String::from("DEVICE01")), why: Ended::Expired };
    assert_eq!(wait(home.store.end_devices(end.clone(), at(0))).unwrap(), 1);
    assert_eq!(wait(home.store.end_devices(end, at(0))).unwrap(), 0, "it keeps its first reason");
    assert!(!wait(home.store.use_device(use_of(ada(), 1))).unwrap());
    log_in(&home, ada(), 2, at(1));
    wait(home.store.revoke_devices(Revoke::User(String::from("ada")), at(1))).unwrap();
    assert!(!wait(home.store.use_device(use_of(ada(), 2))).unwrap());
}

#[test]
fn remembered_anew_it_keeps_its_first_use_and_gets_another_id() {
    let home = Home::with_users();
    log_in(&home, ada(), 1, at(0));
    let end = EndDevices::One { id: DeviceId(String::from("DEVICE01")), why: Ended::Expired };
    wait(home.store.end_devices(end.clone(), at(0))).unwrap();
    let anew = Remember { id: DeviceId(String::from("ANEWANEW")), ..remember(1) };
    let with = Consume { remember: Some(anew), now: at(3_600_000), ..consume_of(ada(), id(7)) };
    assert_eq!(home.consume(with).unwrap(), Consumed::Done);
    let kept = found(&home, ada(), 1).unwrap();
    assert_eq!((kept.first_s, kept.last_s, kept.ended), (WALL_S, WALL_S + 3_600, None));
    // What saw the old trust end cannot end the new one.
    assert_eq!(wait(home.store.end_devices(end, at(0))).unwrap(), 0);
    assert_eq!(all(&home), [named("ada", 1, None)]);
}

#[test]
fn a_change_of_address_verification_or_when_one_is_asked_ends_trust_and_nothing_else_does() {
    let ada_is = || change(ada());
    let ending: [UserChange; 5] = [
        UserChange { email: Some(Some(String::from("new@example.com"))), ..ada_is() },
        UserChange { email: Some(None), ..ada_is() },
        UserChange { phone: Some(Some(String::from("+15550100"))), ..ada_is() },
        UserChange { verify: Some(Verify::Always), ..ada_is() },
        UserChange { verify: Some(Verify::Never), ..ada_is() },
    ];
    for change in ending {
        let home = Home::with_users();
        log_in(&home, ada(), 1, at(0));
        log_in(&home, bob(), 2, at(0));
        home.change(change.clone()).unwrap();
        assert_eq!(all(&home), [named("ada", 1, Some(Ended::Record)), named("bob", 2, None)], "{change:?}");
        // As it was before: trust does not come back with it.
        let email = Some(Some(address_of(&ada(), Authenticator::Email)));
        home.change(UserChange {
            email,
            phone: Some(None),
            verify: Some(Verify::NewDevice),
            trusted: true,
            ..ada_is()
        })
        .unwrap();
        assert_eq!(all(&home)[0], named("ada", 1, Some(Ended::Record)));
    }
    let home = Home::with_users();
    log_in(&home, ada(), 1, at(0));
    let email = Some(Some(address_of(&ada(), Authenticator::Email)));
    home.change(UserChange { email, verify: Some(Verify::NewDevice), ..ada_is() }).unwrap();
    home.change(UserChange { language: Some(Some(String::from("en"))), ..ada_is() }).unwrap();
    wait(home.store.unlock(ada(), at(0))).unwrap();
    assert_eq!(all(&home), [named("ada", 1, None)]);
}

#[test]
fn a_second_address_that_is_proven_ends_trust() {
    let home = Home::with_users();
    home.change(UserChange { phone: Some(Some(String::from("+15550100"))), ..change(ada()) }).unwrap();
    log_in(&home, ada(), 1, at(0));
    let proven =
        |home: &Home| wait(home.store.verify_address(ada(), Authenticator::Sms, String::from("+15550100"), at(0)));
    assert!(proven(&home).unwrap());
    assert_eq!(all(&home), [named("ada", 1, Some(Ended::Record))]);
    log_in(&home, ada(), 2, at(1));
    assert!(proven(&home).unwrap(), "proven before: nothing changes");
    assert_eq!(found(&home, ada(), 2).unwrap().ended, None);
}

#[test]
fn an_authenticator_that_wrong_codes_disable_ends_trust() {
    let home = Home::with_users();
    log_in(&home, ada(), 1, at(0));
    log_in(&home, bob(), 2, at(0));
    let mut last = Charged::Refused(Standing::Disabled);
    for number in 0..80_u64 {
        assert_eq!(all(&home)[0].2, None);
        last = home.charge(Charge { now: at(number * 4_000_000), ..charge_of(ada()) });
    }
    assert_eq!(last, Charged::Done(Standing::Disabled));
    assert_eq!(all(&home), [named("ada", 1, Some(Ended::Lock)), named("bob", 2, None)]);
    wait(home.store.unlock(ada(), at(0))).unwrap();
    assert_eq!(all(&home)[0].2, Some(Ended::Lock), "an unlock brings no trust back");
}

#[test]
fn wrong_codes_of_a_users_own_programs_end_no_trust() {
    let home = Home::with_users();
    log_in(&home, ada(), 1, at(0));
    let mut last = Charged::Refused(Standing::Disabled);
    for number in 0..10_u64 {
        last = home.charge(Charge { bucket: Bucket::Own, now: at(number * 4_000_000), ..charge_of(ada()) });
    }
    assert_eq!(last, Charged::Done(Standing::Disabled));
    assert_eq!(all(&home), [named("ada", 1, None)]);
    // But where theirs is the one that disables it for everybody.
    let home = Home::with_users();
    log_in(&home, ada(), 1, at(0));
    for number in 0..79_u64 {
        home.charge(Charge { now: at(number * 4_000_000), ..charge_of(ada()) });
    }
    assert_eq!(all(&home), [named("ada", 1, None)]);
    home.charge(Charge { bucket: Bucket::Own, ..charge_of(ada()) });
    assert_eq!(all(&home), [named("ada", 1, Some(Ended::Lock))]);
}

#[test]
fn a_right_code_is_good_for_nothing_once_others_have_disabled_the_authenticator() {
    let home = Home::with_users();
    // Its own try is charged before it is compared, and is the last that there is: it counts as right.
    for number in 0..80_u64 {
        home.charge(Charge { now: at(number * 4_000_000), ..charge_of(ada()) });
    }
    let with = |code: u128, number: u8| Consume { remember: Some(remember(number)), ..consume_of(ada(), id(code)) };
    assert_eq!(home.consume(with(1, 1)).unwrap(), Consumed::Done);
    // Another try that was charged, and the eighty that came before its answer to a question.
    for number in 0..=80_u64 {
        home.charge(Charge { now: at(number * 4_000_000), ..charge_of(ada()) });
    }
    let limits = TryLimits { before_disabled: 99, ..TRIES };
    assert_eq!(home.consume(Consume { limits, ..with(2, 2) }).unwrap(), Consumed::Disabled);
    assert_eq!(found(&home, ada(), 2), None);
    let stands = configd::limits::standing(
        &Bucket::Stranger,
        &wait(home.store.counts(ada(), Authenticator::Email)).unwrap(),
        TRIES,
        &at(0),
    );
    assert_eq!(stands, Standing::Disabled, "it stays so until an administrator unlocks");
}

#[test]
fn a_login_under_another_password_ends_the_devices_of_the_one_before_whichever_it_comes_from() {
    let stamp = |text: &str| Some(String::from(text));
    for uses in [false, true] {
        let home = Home::with_users();
        log_in(&home, ada(), 1, at(0));
        let unseen = Remember { stamp: None, ..remember(2) };
        home.consume(Consume { remember: Some(unseen), ..consume_of(ada(), id(2)) }).unwrap();
        assert_eq!(all(&home).iter().filter(|device| device.2.is_none()).count(), 2, "nothing has changed yet");
        if uses {
            // By a device that was remembered after the change.
            let newer = Remember { stamp: stamp("new"), ..remember(3) };
            home.consume(Consume { remember: Some(newer), ..consume_of(ada(), id(3)) }).unwrap();
            assert!(wait(home.store.use_device(UseDevice { stamp: stamp("new"), ..use_of(ada(), 3) })).unwrap());
        } else {
            // By a code, with nothing remembered.
            home.consume(Consume { stamp: stamp("new"), ..consume_of(ada(), id(3)) }).unwrap();
        }
        for number in [1, 2] {
            assert_eq!(found(&home, ada(), number).unwrap().ended, Some(Ended::Password), "{uses} {number}");
        }
        // The old entry is put back.
        assert!(!wait(home.store.use_device(use_of(ada(), 1))).unwrap());
    }
    let home = Home::with_users();
    log_in(&home, ada(), 1, at(0));
    assert!(!wait(home.store.use_device(UseDevice { stamp: stamp("new"), ..use_of(ada(), 1) })).unwrap());
}

#[test]
fn no_use_comes_after_a_revocation_however_they_race() {
    for round in 0..200_u64 {
        let home = Home::with_users();
        log_in(&home, ada(), 1, at(round));
        let uses: Vec<_> = (0..8).map(|_| home.store.use_device(use_of(ada(), 1))).collect();
        let revoke = home.store.revoke_devices(Revoke::User(String::from("ada")), at(round));
        std::thread::scope(|scope| {
            let using = scope.spawn(|| wait_for_all(uses));
            let revoked = scope.spawn(|| wait(revoke));
            assert!(matches!(revoked.join().unwrap(), Ok(Revoked::Done(gone)) if gone.len() == 1));
            assert!(!wait(home.store.use_device(use_of(ada(), 1))).unwrap(), "round {round}");
            assert!(using.join().unwrap().iter().all(Result::is_ok));
        });
        assert_eq!(all(&home), []);
    }
}

#[test]
fn another_password_ends_all_that_were_remembered_under_the_one_before() {
    let home = Home::with_users();
    log_in(&home, ada(), 1, at(0));
    let unseen = Consume { remember: Some(Remember { stamp: None, ..remember(2) }), ..consume_of(ada(), id(2)) };
    home.consume(unseen).unwrap();
    let newer = Remember { stamp: Some(String::from("new")), ..remember(3) };
    home.consume(Consume { remember: Some(newer), ..consume_of(ada(), id(3)) }).unwrap();
    log_in(&home, bob(), 4, at(0));
    let end = EndDevices::Password { user: ada(), stamp: String::from("new") };
    assert_eq!(wait(home.store.end_devices(end, at(0))).unwrap(), 2);
    let by = Some(Ended::Password);
    assert_eq!(all(&home), [named("ada", 1, by), named("ada", 2, by), named("ada", 3, None), named("bob", 4, None)]);
}

#[test]
fn an_account_made_anew_inherits_no_device() {
    let mut home = Home::with_users();
    log_in(&home, ada(), 1, at(0));
    let anew = UserKey { uid: 2000, ..ada() };
    let rebind = UserChange { old_record: OldRecord::Goes, ..change(anew.clone()) };
    assert!(matches!(wait(home.store.change_user(rebind)).unwrap(), Changed::Rebound { .. }));
    home.reopen();
    assert_eq!(all(&home), []);
    assert_eq!(found(&home, anew, 1), None);
    // And the other way round: the old uid comes back under the name, with a record made anew.
    let back = UserChange { old_record: OldRecord::Goes, ..change(ada()) };
    assert!(matches!(wait(home.store.change_user(back)).unwrap(), Changed::Rebound { .. }));
    assert_eq!(found(&home, ada(), 1), None);
}

#[test]
fn devices_are_revoked_all_or_none_and_in_one_commit() {
    let mut home = Home::with_users();
    for number in 1..=3 {
        log_in(&home, ada(), number, at(u64::from(number)));
    }
    log_in(&home, bob(), 4, at(0));
    let ids =
        |numbers: &[u8]| Revoke::Ids(numbers.iter().map(|number| DeviceId(format!("DEVICE{number:02X}"))).collect());
    let revoke = |home: &Home, what| wait(home.store.revoke_devices(what, at(0))).unwrap();
    assert_eq!(revoke(&home, ids(&[1, 9])), Revoked::NotThere(DeviceId(String::from("DEVICE09"))));
    assert_eq!(all(&home).len(), 4);
    let Revoked::Done(gone) = revoke(&home, ids(&[1, 4, 1])) else { panic!() };
    assert_eq!(gone.len(), 2);
    home.reopen();
    assert_eq!(all(&home), [named("ada", 2, None), named("ada", 3, None)]);
    let Revoked::Done(gone) = revoke(&home, Revoke::User(String::from("ada"))) else { panic!() };
    assert_eq!(gone.len(), 2);
    assert_eq!(revoke(&home, Revoke::User(String::from("ada"))), Revoked::Done(vec![]));
}

#[test]
fn a_hundred_devices_of_a_user_are_kept_and_the_one_just_remembered_is_among_them() {
    let home = Home::with_users();
    for number in 0..120_u8 {
        log_in(&home, ada(), number, at(u64::from(number) * 1_000));
    }
    let kept = all(&home);
    assert_eq!(kept.len(), 100);
    assert!((20..120).all(|number| kept.contains(&named("ada", number, None))));
    // By a clock that was set back it is the oldest.
    log_in(&home, ada(), 200, Moment { wall_s: 1_000, ..at(200_000) });
    assert!(found(&home, ada(), 200).is_some());
    assert_eq!(all(&home).len(), 101, "one more until the next");
}

#[test]
fn elevations_of_sessions_that_are_over_do_not_pile_up() {
    let home = Home::with_users();
    let elevation = |number: u8, now: Moment| {
        let key = DeviceKey { class: String::from("elevate"), identity: [number; 32] };
        let with = Remember { key, lifetime_s: 900, ..remember(number) };
        home.consume(Consume { remember: Some(with), now, ..consume_of(ada(), id(u128::from(number))) }).unwrap();
    };
    elevation(1, at(0));
    elevation(2, at(600_000));
    assert_eq!(all(&home).len(), 2);
    elevation(3, at(1_000_000));
    assert_eq!(all(&home), [named("ada", 3, None), named("ada", 2, None)], "the first one's time is up");
    elevation(4, Moment { boot: boot("b"), ..at(0) });
    assert_eq!(all(&home), [named("ada", 4, None)], "another boot");
}

#[test]
fn the_last_login_has_its_device_and_one_that_is_known_by_nothing_takes_it_away() {
    let mut home = Home::with_users();
    let with = Consume { login: Some(login("login", Some("console seat0"))), ..consume_of(ada(), id(1)) };
    home.consume(with).unwrap();
    home.reopen();
    let last = |home: &Home| match wait(home.store.user(ada())).unwrap() {
        Known::Record(record) => record.last_login.unwrap(),
        Known::Nobody | Known::NameOfAnother { .. } | Known::UidOfOthers { .. } => panic!(),
    };
    assert_eq!(last(&home), login("login", Some("console seat0")));
    assert_eq!(wait(home.store.users(None)).unwrap()[0].last_login, Some(last(&home)));
    home.change(UserChange { language: Some(Some(String::from("en"))), ..change(ada()) }).unwrap();
    assert_eq!(last(&home), login("login", Some("console seat0")));
    home.consume(Consume { login: Some(login("sshd", None)), ..consume_of(ada(), id(2)) }).unwrap();
    assert_eq!(last(&home), login("sshd", None));
}

#[test]
fn the_list_is_read_in_short_pieces_by_user_and_nothing_is_left_out_or_told_twice() {
    let home = Home::new();
    for number in 0..35_u32 {
        // The name's order is not the uid's.
        let user = UserKey { uid: 2000 + number, name: format!("user{}", 99 - number) };
        let email = Some(Some(address_of(&user, Authenticator::Email)));
        home.change(UserChange { email, trusted: true, ..change(user.clone()) }).unwrap();
        for device in 0..=(number % 3) {
            let with = Remember {
                id: DeviceId(format!("D{number:03}{device:04}")),
                ..remember(u8::try_from(device).unwrap())
            };
            let now = at(u64::from(device) * 1_000);
            let code = id(u128::from(number) << 8 | u128::from(device));
            home.consume(Consume { remember: Some(with), now, ..consume_of(user.clone(), code) }).unwrap();
        }
    }
    let first = wait(home.store.devices_of_next(None)).unwrap();
    assert!((10..=30).contains(&first.len()), "{}", first.len());
    let all = listed(&home);
    assert_eq!(all.len(), (0..35).map(|number| number % 3 + 1).sum::<usize>());
    let order: Vec<_> = all.iter().map(|device| (&device.user.name, -device.last_s)).collect();
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(wait(home.store.devices(String::from("user97"))).unwrap().len(), 3);
}

#[test]
fn a_device_is_remembered_after_the_question_only_where_the_codes_address_is_the_users_still() {
    let home = Home::with_users();
    let yes = |address: &str| {
        let (of, address, bucket) = (Authenticator::Email, String::from(address), Bucket::Stranger);
        let proof = Proof::Message { of, address };
        let device = RememberDevice { user: ada(), remember: remember(1), proof, bucket, limits: TRIES, now: at(0) };
        wait(home.store.remember_device(device)).unwrap()
    };
    assert!(!yes("other@example.com"));
    assert_eq!(all(&home), []);
    assert!(yes(&address_of(&ada(), Authenticator::Email)));
    assert_eq!(all(&home), [named("ada", 1, None)]);
    home.change(UserChange { email: Some(Some(String::from("new@example.com"))), ..change(ada()) }).unwrap();
    assert!(!yes("new@example.com"), "not verified");
    assert!(!yes(&address_of(&ada(), Authenticator::Email)));
    assert_eq!(all(&home), [named("ada", 1, Some(Ended::Record))]);
    // Nor where wrong codes have disabled it while the question stood.
    let home = Home::with_users();
    for number in 0..80_u64 {
        home.charge(Charge { now: at(number * 4_000_000), ..charge_of(ada()) });
    }
    let proof = proof_of(&ada(), Authenticator::Email);
    let (bucket, now) = (Bucket::Stranger, at(0));
    let device = RememberDevice { user: ada(), remember: remember(1), proof, bucket, limits: TRIES, now };
    assert!(!wait(home.store.remember_device(device)).unwrap());
    assert_eq!(all(&home), []);
    // Nor where an administrator has shut the user out meanwhile.
    let home = Home::with_users();
    assert!(wait(home.store.disable(ada(), true, at(0))).unwrap());
    let (bucket, proof) = (Bucket::Stranger, proof_of(&ada(), Authenticator::Email));
    let device = RememberDevice { user: ada(), remember: remember(1), proof, bucket, limits: TRIES, now: at(0) };
    assert!(!wait(home.store.remember_device(device)).unwrap());
    assert_eq!(all(&home), []);
}
