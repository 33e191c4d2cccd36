//! Each operation, as the trait documents it.

use crate::common::*;
use configd::clock::Moment;
use configd::limits::Standing;
use configd::store::{
    Authenticator, Bucket, Changed, Charge, Charged, Consume, Consumed, Known, MetaKey, Proof, Store,
};
use configd::store::{KeptChallenge, StoreError, UserChange, UserKey};
use pam_2fa_protocol::admin::Verify;

fn some(text: &str) -> Option<Option<String>> {
    Some(Some(String::from(text)))
}

#[test]
fn a_new_record_is_asked_on_new_devices_and_its_addresses_are_unverified() {
    let home = Home::new();
    let record =
        home.change(UserChange { email: some("Ada@Example.com"), phone: some("+15550100"), ..change(ada()) }).unwrap();
    assert_eq!(record.verify, Verify::NewDevice);
    assert_eq!(record.email.as_deref(), Some("Ada@Example.com"));
    assert!(!record.email_verified && !record.phone_verified);
    assert_eq!(record.last_login, None);
    assert_eq!(wait(home.store.user(ada())).unwrap(), Known::Record(Box::new(record)));
    assert_eq!(wait(home.store.count_users()).unwrap(), 1);
}

#[test]
fn a_changed_address_is_unverified_and_an_unchanged_one_stays_as_it_is() {
    let home = Home::with_users();
    let same = home.change(UserChange { email: some("ada@example.com"), ..change(ada()) }).unwrap();
    assert!(same.email_verified);
    let spelled = home.change(UserChange { email: some("Ada@example.com"), ..change(ada()) }).unwrap();
    assert!(!spelled.email_verified, "another spelling may be another mailbox");
    let gone = home.change(UserChange { email: Some(None), trusted: true, ..change(ada()) }).unwrap();
    assert_eq!((gone.email, gone.email_verified), (None, false));
}

#[test]
fn trusted_vouches_for_the_addresses_in_the_change_or_for_all_where_it_has_none() {
    let home = Home::new();
    home.change(UserChange { email: some("a@example.com"), phone: some("+15550100"), ..change(ada()) }).unwrap();
    let one = home.change(UserChange { phone: some("+15550100"), trusted: true, ..change(ada()) }).unwrap();
    assert!(one.phone_verified && !one.email_verified);
    let all = home.change(UserChange { trusted: true, ..change(ada()) }).unwrap();
    assert!(all.phone_verified && all.email_verified);
}

#[test]
fn absent_fields_stay_and_a_field_can_be_taken_away() {
    let home = Home::with_users();
    let set = UserChange { language: some("de"), verify: Some(Verify::Always), ..change(ada()) };
    home.change(set).unwrap();
    let same = home.change(change(ada())).unwrap();
    assert_eq!((same.language.as_deref(), same.verify), (Some("de"), Verify::Always));
    assert_eq!(same.email.as_deref(), Some("ada@example.com"));
    let without = home.change(UserChange { language: Some(None), ..change(ada()) }).unwrap();
    assert_eq!(without.language, None);
}

#[test]
fn an_email_in_use_by_another_is_refused_in_any_spelling_and_nothing_changes() {
    let home = Home::with_users();
    for spelling in ["ada@example.com", "ADA@Example.COM"] {
        let refused = home.change(UserChange { email: some(spelling), phone: some("+1"), ..change(bob()) });
        assert_eq!(refused.unwrap_err(), Changed::EmailInUse(ada()));
    }
    let Known::Record(bob) = wait(home.store.user(bob())).unwrap() else { panic!() };
    assert_eq!((bob.email.as_deref(), bob.phone), (Some("bob@example.com"), None));
    // Letters beyond ASCII too, and one's own in another spelling.
    home.change(UserChange { email: some("ÄDA@example.com"), ..change(ada()) }).unwrap();
    let other = UserChange { email: some("äda@example.com"), ..change(crate::common::bob()) };
    assert_eq!(home.change(other).unwrap_err(), Changed::EmailInUse(ada()));
    home.change(UserChange { email: some("äda@example.com"), ..change(ada()) }).unwrap();
}

#[test]
fn a_name_with_another_uid_and_a_uid_with_another_name_are_told_apart() {
    let home = Home::with_users();
    let anew = UserKey { uid: 2000, ..ada() };
    assert_eq!(wait(home.store.user(anew.clone())).unwrap(), Known::NameOfAnother { uid: 1000 });
    assert_eq!(home.change(change(anew)).unwrap_err(), Changed::NameOfAnother { uid: 1000 });
    let renamed = UserKey { uid: 1000, name: String::from("lovelace") };
    assert_eq!(wait(home.store.user(renamed)).unwrap(), Known::UidOfOthers { names: vec![String::from("ada")] });
    // Bob's uid, Ada's name: the name decides, since it must never be let in by it.
    let both = UserKey { uid: 1001, ..ada() };
    assert_eq!(wait(home.store.user(both)).unwrap(), Known::NameOfAnother { uid: 1000 });
    let nobody = UserKey { uid: 3000, name: String::from("eve") };
    assert_eq!(wait(home.store.user(nobody)).unwrap(), Known::Nobody);
    // A name is compared byte by byte.
    let shouted = UserKey { uid: 3000, name: String::from("ADA") };
    assert_eq!(wait(home.store.user(shouted)).unwrap(), Known::Nobody);
}

#[test]
fn users_are_listed_by_name() {
    let home = Home::with_users();
    let toor = UserKey { uid: 1000, name: String::from("Toor") };
    home.change(change(toor)).unwrap();
    let names = |records: Vec<configd::store::UserRecord>| records.into_iter().map(|r| r.key.name).collect::<Vec<_>>();
    assert_eq!(names(wait(home.store.users(None)).unwrap()), ["Toor", "ada", "bob"]);
    assert_eq!(names(wait(home.store.users(Some(String::from("bob")))).unwrap()), ["bob"]);
    assert!(wait(home.store.users(Some(String::from("eve")))).unwrap().is_empty());
    assert_eq!(wait(home.store.count_users()).unwrap(), 3);
}

#[test]
fn an_address_is_verified_only_if_it_is_still_the_one_that_was_proven() {
    let home = Home::new();
    home.change(UserChange { email: some("new@example.com"), phone: some("+15550100"), ..change(ada()) }).unwrap();
    let verify = |of, address: &str| wait(home.store.verify_address(ada(), of, String::from(address), at(0))).unwrap();
    assert!(!verify(Authenticator::Email, "old@example.com"));
    assert!(!verify(Authenticator::Sms, "new@example.com"));
    assert!(verify(Authenticator::Email, "new@example.com"));
    let Known::Record(record) = wait(home.store.user(ada())).unwrap() else { panic!() };
    assert!(record.email_verified && !record.phone_verified);
    assert!(!wait(home.store.verify_address(bob(), Authenticator::Email, String::from("b@x"), at(0))).unwrap());
}

#[test]
fn three_wrong_codes_begin_a_wait_that_refuses_without_charging_and_outlives_a_restart() {
    let mut home = Home::with_users();
    assert_eq!(home.charge(charge_of(ada())), Charged::Done(Standing::Open { failures: 1 }));
    assert_eq!(home.charge(charge_of(ada())), Charged::Done(Standing::Open { failures: 2 }));
    assert_eq!(home.charge(charge_of(ada())), Charged::Done(Standing::Waiting { wait_s: 30 }));
    home.reopen();
    for _ in 0..3 {
        let refused = home.charge(Charge { now: at(29_999), ..charge_of(ada()) });
        assert_eq!(refused, Charged::Refused(Standing::Waiting { wait_s: 1 }));
    }
    let after = home.charge(Charge { now: at(30_000), ..charge_of(ada()) });
    assert_eq!(after, Charged::Done(Standing::Open { failures: 4 }));
}

#[test]
fn a_hundred_failures_disable_until_an_administrator_acts_and_eighty_of_strangers_leave_the_known_twenty() {
    let mut home = Home::with_users();
    let mut now_ms = 0;
    let mut charged = 0;
    loop {
        now_ms += 3_600_000;
        match home.charge(Charge { now: at(now_ms), ..charge_of(ada()) }) {
            Charged::Done(_) => charged += 1,
            Charged::Refused(standing) => {
                assert_eq!(standing, Standing::Disabled);
                break;
            }
        }
    }
    assert_eq!(charged, 80);
    home.reopen();
    let at_known = |now_ms| Charge { bucket: known("192.0.2.7/32"), now: at(now_ms), ..charge_of(ada()) };
    for _ in 0..20 {
        now_ms += 3_600_000;
        assert!(matches!(home.charge(at_known(now_ms)), Charged::Done(_)));
    }
    now_ms += 3_600_000;
    assert_eq!(home.charge(at_known(now_ms)), Charged::Refused(Standing::Disabled));
}

/// PCI DSS 8.3.4, on disk: the lock is one authenticator's, of one user, for all sources.
#[test]
fn ten_failures_lock_all_sources_for_thirty_minutes_over_restarts_and_reboots_and_ten_more_follow() {
    let mut home = Home::with_users();
    let lock = Some(configd::limits::Lock { after: 10, length_s: 1800 });
    let limits = configd::limits::TryLimits { first_wait_s: 0, longest_wait_s: 0, lock, ..TRIES };
    let of = |bucket: &Bucket, now| Charge { bucket: bucket.clone(), limits, now, ..charge_of(ada()) };
    let buckets = [Bucket::Stranger, known("192.0.2.7/32"), Bucket::Own];
    let ten = |home: &Home, now_ms| {
        for (number, bucket) in (1..=10).zip(buckets.iter().cycle()) {
            let Charged::Done(after) = home.charge(of(bucket, at(now_ms))) else { panic!("{number} refused") };
            assert_eq!(matches!(after, Standing::Waiting { wait_s: 1800 }), number == 10, "{number}: {after:?}");
        }
    };
    ten(&home, 0);
    for bucket in buckets.iter().chain([&known("local")]) {
        home.reopen();
        let refused = home.charge(of(bucket, at(1_799_000)));
        assert_eq!(refused, Charged::Refused(Standing::Waiting { wait_s: 1 }), "{bucket:?}");
    }
    let bobs = home.charge(Charge { limits, ..charge_of(bob()) });
    assert_eq!(bobs, Charged::Done(Standing::Open { failures: 1 }));
    ten(&home, 1_801_000);

    // A reboot: it runs whole, from there on; once it was seen to be over, another reboot does not begin it again.
    home.reopen();
    let booted = |name, boot_ms| Moment { boot: boot(name), ..at(boot_ms) };
    let refused = home.charge(of(&buckets[1], booted("second", 1_799_000)));
    assert_eq!(refused, Charged::Refused(Standing::Waiting { wait_s: 1 }));
    let consume = Consume { bucket: buckets[1].clone(), now: booted("second", 1_801_000), ..consume_of(ada(), id(7)) };
    assert_eq!(home.consume(consume).unwrap(), Consumed::Done);
    home.reopen();
    let stands = |bucket: &Bucket| {
        wait(standing(&home.store, ada(), Authenticator::Email, bucket.clone(), limits, booted("third", 0))).unwrap()
    };
    assert_eq!(stands(&buckets[1]), Standing::Open { failures: 0 });
    assert!(matches!(stands(&Bucket::Stranger), Standing::Open { .. }));
}

#[test]
fn counts_of_two_users_two_authenticators_and_two_buckets_are_independent() {
    let home = Home::with_users();
    for _ in 0..3 {
        home.charge(charge_of(ada()));
    }
    let first = Charged::Done(Standing::Open { failures: 1 });
    assert_eq!(home.charge(charge_of(bob())), first);
    assert_eq!(home.charge(Charge { authenticator: Authenticator::Sms, ..charge_of(ada()) }), first);
    assert_eq!(home.charge(Charge { bucket: known("192.0.2.7/32"), ..charge_of(ada()) }), first);
    // Another name of the same uid is another record (fault 29).
    assert_eq!(home.charge(charge_of(UserKey { name: String::from("toor"), ..ada() })), first);
    let stands = |bucket| wait(standing(&home.store, ada(), Authenticator::Email, bucket, TRIES, at(0))).unwrap();
    assert_eq!(stands(Bucket::Stranger), Standing::Waiting { wait_s: 30 });
    assert_eq!(stands(known("192.0.2.7/32")), Standing::Open { failures: 1 });
}

#[test]
fn one_known_source_does_not_hold_up_another_and_a_forgotten_ones_failures_stay_in_the_total() {
    let mut home = Home::with_users();
    let limits = configd::limits::TryLimits { first_wait_s: 0, longest_wait_s: 0, ..TRIES };
    for _ in 0..3 {
        home.charge(Charge { bucket: known("local"), ..charge_of(ada()) });
    }
    let refused = home.charge(Charge { bucket: known("local"), ..charge_of(ada()) });
    assert_eq!(refused, Charged::Refused(Standing::Waiting { wait_s: 30 }));
    let there = Charge { bucket: known("192.0.2.7/32"), limits, ..charge_of(ada()) };
    assert_eq!(home.charge(there.clone()), Charged::Done(Standing::Open { failures: 1 }));
    // A right code there clears what was wrong there.
    home.consume(Consume { bucket: known("192.0.2.7/32"), ..consume_of(ada(), id(1000)) }).unwrap();
    assert_eq!(home.charge(there.clone()), Charged::Done(Standing::Open { failures: 1 }));
    // A hundred other sources, and both are forgotten; what they failed is not.
    for number in 0..=101_u8 {
        let now = at(1_000 + u64::from(number) * 1_000);
        let source = from(&format!("198.51.100.{number}/32"));
        home.consume(Consume { source, now, ..consume_of(ada(), id(u128::from(number))) }).unwrap();
    }
    assert_eq!(wait(home.store.facts(facts_for(ada()))).unwrap().bucket, Bucket::Stranger);
    home.reopen();
    let elsewhere = || home.charge(Charge { bucket: known("198.51.100.101/32"), limits, ..charge_of(ada()) });
    for _ in 0..96 {
        assert!(matches!(elsewhere(), Charged::Done(_)));
    }
    assert_eq!(elsewhere(), Charged::Refused(Standing::Disabled), "3 + 1 + 96");
}

#[test]
fn a_right_code_clears_its_own_count_makes_its_source_known_and_is_kept_as_the_last_login() {
    let home = Home::with_users();
    for bucket in [Bucket::Stranger, known("192.0.2.7/32")] {
        home.charge(Charge { bucket, ..charge_of(ada()) });
    }
    home.charge(charge_of(bob()));
    assert_eq!(wait(home.store.facts(facts_for(ada()))).unwrap().bucket, Bucket::Stranger);
    let consume = consume_of(ada(), id(1));
    assert_eq!(home.consume(consume.clone()).unwrap(), Consumed::Done);

    let facts = wait(home.store.facts(facts_for(ada()))).unwrap();
    let Known::Record(record) = facts.known else { panic!() };
    assert_eq!(record.last_login, consume.login);
    assert_eq!(facts.bucket, known("192.0.2.7/32"));
    assert_eq!(facts.standings.email, Standing::Open { failures: 1 }, "the other bucket's count stays");
    let stands =
        |user| wait(standing(&home.store, user, Authenticator::Email, Bucket::Stranger, TRIES, at(0))).unwrap();
    assert_eq!(stands(ada()), Standing::Open { failures: 0 });
    assert_eq!(stands(bob()), Standing::Open { failures: 1 });
    // Known to ada, not to bob.
    assert_eq!(wait(home.store.facts(facts_for(bob()))).unwrap().bucket, Bucket::Stranger);
}

#[test]
fn a_source_that_names_no_place_never_becomes_known() {
    let home = Home::with_users();
    let unknown = from("unknown");
    home.consume(Consume { source: unknown.clone(), ..consume_of(ada(), id(1)) }).unwrap();
    let asked = configd::store::FactsFor { source: unknown, ..facts_for(ada()) };
    assert_eq!(wait(home.store.facts(asked)).unwrap().bucket, Bucket::Stranger);
}

#[test]
fn the_last_hundred_sources_are_known_and_older_ones_are_strangers_again() {
    let home = Home::with_users();
    for number in 0..=100_u8 {
        let source = from(&format!("198.51.100.{number}/32"));
        let now = at(u64::from(number) * 1000);
        home.consume(Consume { source, now, ..consume_of(ada(), id(u128::from(number))) }).unwrap();
    }
    let bucket = |number: u8| {
        let source = from(&format!("198.51.100.{number}/32"));
        wait(home.store.facts(configd::store::FactsFor { source, ..facts_for(ada()) })).unwrap().bucket
    };
    assert_eq!(bucket(0), Bucket::Stranger);
    assert_eq!(bucket(1), known("198.51.100.1/32"));
    assert_eq!(bucket(100), known("198.51.100.100/32"));
}

#[test]
fn a_used_code_is_refused_after_a_restart_kept_or_not() {
    let mut home = Home::with_users();
    wait(home.store.record_send(send_of(ada(), Some(kept(ada(), id(1)))))).unwrap();
    for challenge in [id(1), id(2)] {
        assert_eq!(home.consume(consume_of(ada(), challenge)).unwrap(), Consumed::Done);
    }
    home.reopen();
    for challenge in [id(1), id(2)] {
        assert_eq!(home.consume(consume_of(ada(), challenge)).unwrap(), Consumed::AlreadyUsed);
    }
    assert!(wait(home.store.open_challenges(at(0), 3)).unwrap().is_empty());
    // Sent again by mistake, it does not come back.
    wait(home.store.record_send(send_of(ada(), Some(kept(ada(), id(1)))))).unwrap();
    assert!(wait(home.store.open_challenges(at(0), 3)).unwrap().is_empty());
}

#[test]
fn a_code_is_good_only_for_the_user_and_the_authenticator_that_it_was_sent_to() {
    let home = Home::with_users();
    wait(home.store.record_send(send_of(ada(), Some(kept(ada(), id(1)))))).unwrap();
    assert!(matches!(home.consume(consume_of(bob(), id(1))), Err(StoreError::Damaged(_))));
    let sms = Consume { proof: proof_of(&ada(), Authenticator::Sms), ..consume_of(ada(), id(1)) };
    assert!(matches!(home.consume(sms), Err(StoreError::Damaged(_))));
    // Neither attempt used it up.
    assert_eq!(home.consume(consume_of(ada(), id(1))).unwrap(), Consumed::Done);
}

#[test]
fn a_code_that_went_to_an_address_of_before_lets_nobody_in() {
    let home = Home::with_users();
    // Minted while the record was read with the old address, and sent after it was changed.
    home.change(UserChange { email: Some(Some(String::from("new@example.com"))), ..change(ada()) }).unwrap();
    wait(home.store.record_send(send_of(ada(), Some(kept(ada(), id(1)))))).unwrap();
    assert_eq!(home.consume(consume_of(ada(), id(1))).unwrap(), Consumed::AlreadyUsed);
    // The new one, not verified yet, is no better.
    let proof = Proof::Message { of: Authenticator::Email, address: String::from("new@example.com") };
    let new = Consume { proof, ..consume_of(ada(), id(2)) };
    assert_eq!(home.consume(new).unwrap(), Consumed::AlreadyUsed);
}

#[test]
fn a_code_of_somebody_without_a_record_lets_nobody_in() {
    let home = Home::with_users();
    for key in [UserKey { uid: 9, name: String::from("eve") }, UserKey { uid: 9, ..ada() }] {
        assert_eq!(home.consume(consume_of(key, id(1))).unwrap(), Consumed::AlreadyUsed);
    }
}

#[test]
fn a_challenge_is_kept_over_a_restart_with_its_tries_until_they_or_its_lifetime_are_used_up() {
    let mut home = Home::with_users();
    let mine = kept(ada(), id(1));
    wait(home.store.record_send(send_of(ada(), Some(mine.clone())))).unwrap();
    home.charge(charge_of(ada()));
    home.reopen();
    let once = KeptChallenge { tries: 1, ..mine.clone() };
    assert_eq!(wait(home.store.open_challenges(at(599_999), 3)).unwrap(), [once]);
    assert!(wait(home.store.open_challenges(at(600_000), 3)).unwrap().is_empty(), "its lifetime is over");
    let rebooted = Moment { boot: boot("b"), ..at(1) };
    assert!(wait(home.store.open_challenges(rebooted, 3)).unwrap().is_empty(), "no code outlives its boot");
    // Sent again: the tries do not fall.
    wait(home.store.record_send(send_of(ada(), Some(mine)))).unwrap();
    assert_eq!(wait(home.store.open_challenges(at(0), 3)).unwrap()[0].tries, 1);
    home.charge(charge_of(ada()));
    home.charge(charge_of(ada()));
    assert!(wait(home.store.open_challenges(at(0), 3)).unwrap().is_empty(), "its tries are used up");
}

#[test]
fn an_ended_challenge_is_neither_open_nor_good_for_a_login() {
    let home = Home::with_users();
    wait(home.store.record_send(send_of(ada(), Some(kept(ada(), id(1)))))).unwrap();
    for challenge in [id(1), id(2)] {
        wait(home.store.end_challenge(challenge.clone(), at(0))).unwrap();
        assert_eq!(home.consume(consume_of(ada(), challenge)).unwrap(), Consumed::AlreadyUsed);
    }
    assert!(wait(home.store.open_challenges(at(0), 3)).unwrap().is_empty());
}

#[test]
fn a_changed_address_ends_what_was_sent_to_the_old_one_and_keeps_the_count() {
    let home = Home::with_users();
    let sms = KeptChallenge { authenticator: Authenticator::Sms, ..kept(ada(), id(2)) };
    for challenge in [kept(ada(), id(1)), sms, kept(bob(), id(3))] {
        wait(home.store.record_send(send_of(challenge.user.clone(), Some(challenge)))).unwrap();
    }
    home.charge(charge_of(ada()));
    home.change(UserChange { email: some("new@example.com"), trusted: true, ..change(ada()) }).unwrap();
    let open = wait(home.store.open_challenges(at(0), 3)).unwrap();
    assert_eq!(open.into_iter().map(|kept| kept.id).collect::<Vec<_>>(), [id(2), id(3)]);
    assert_eq!(home.consume(consume_of(ada(), id(1))).unwrap(), Consumed::AlreadyUsed);
    let standing = wait(standing(&home.store, ada(), Authenticator::Email, Bucket::Stranger, TRIES, at(0))).unwrap();
    assert_eq!(standing, Standing::Open { failures: 1 });
    // The same address again ends nothing.
    home.change(UserChange { phone: some("+15550100"), ..change(bob()) }).unwrap();
    home.change(UserChange { phone: some("+15550100"), ..change(bob()) }).unwrap();
    assert_eq!(wait(home.store.open_challenges(at(0), 3)).unwrap().len(), 2);
}

#[test]
fn values_about_itself_are_kept_together_and_replaced() {
    let mut home = Home::new();
    assert_eq!(wait(home.store.meta(MetaKey::Settings)).unwrap(), None);
    wait(home.store.put_meta(vec![(MetaKey::Settings, b"one".to_vec()), (MetaKey::Generation, vec![1])])).unwrap();
    wait(home.store.put_meta(vec![(MetaKey::Settings, b"two".to_vec())])).unwrap();
    home.reopen();
    assert_eq!(wait(home.store.meta(MetaKey::Settings)).unwrap().as_deref(), Some(&b"two"[..]));
    assert_eq!(wait(home.store.meta(MetaKey::Generation)).unwrap(), Some(vec![1]));
}

#[test]
fn the_high_water_mark_rises_with_writes_never_falls_and_believes_no_leap() {
    let home = Home::with_users();
    let mark = || i64::from_be_bytes(wait(home.store.meta(MetaKey::HighWater)).unwrap().unwrap().try_into().unwrap());
    assert_eq!(mark(), WALL_S);
    let charge_at = |wall_s| home.charge(Charge { now: Moment { wall_s, ..at(0) }, ..charge_of(bob()) });
    charge_at(WALL_S + 100);
    assert_eq!(mark(), WALL_S + 100);
    charge_at(WALL_S - 5_000);
    assert_eq!(mark(), WALL_S + 100);
    charge_at(WALL_S + 10 * 365 * 86_400);
    assert_eq!(mark(), WALL_S + 100);
    let verify = home.store.verify_address(
        ada(),
        Authenticator::Email,
        String::from("ada@example.com"),
        Moment { wall_s: WALL_S + 200, ..at(0) },
    );
    assert!(wait(verify).unwrap());
    assert_eq!(mark(), WALL_S + 200);
    wait(home.store.end_challenge(id(9), Moment { wall_s: WALL_S + 300, ..at(0) })).unwrap();
    assert_eq!(mark(), WALL_S + 300);
}

#[test]
fn a_closed_store_says_so_and_has_done_what_it_was_given() {
    let mut home = Home::with_users();
    assert!(matches!(home.charge(charge_of(ada())), Charged::Done(_)));
    home.store.close().unwrap();
    home.store.close().unwrap();
    assert!(matches!(wait(home.store.charge_attempt(charge_of(ada()))), Err(StoreError::Closed)));
    assert!(matches!(wait(home.store.count_users()), Err(StoreError::Closed)));
    let log = std::fs::read(home.folder().join("state.db-wal")).unwrap();
    assert!(log.iter().all(|byte| *byte == 0), "all is in the file, and the log is empty blocks");
    home.store = configd::store::sqlite::SqliteStore::open(&home.path()).unwrap();
    assert_eq!(home.charge(charge_of(ada())), Charged::Done(Standing::Open { failures: 2 }));
}

#[test]
fn what_the_users_own_processes_use_up_and_prove_is_theirs_alone() {
    let home = Home::with_users();
    let own = Charge { bucket: Bucket::Own, ..charge_of(ada()) };
    for _ in 0..3 {
        home.charge(own.clone());
    }
    assert_eq!(home.charge(own), Charged::Refused(Standing::Waiting { wait_s: 30 }));
    for bucket in [Bucket::Stranger, known("192.0.2.7/32")] {
        let standing = wait(standing(&home.store, ada(), Authenticator::Email, bucket, TRIES, at(0))).unwrap();
        assert_eq!(standing, Standing::Open { failures: 0 });
    }
    home.consume(Consume { bucket: Bucket::Own, ..consume_of(ada(), id(1)) }).unwrap();
    let facts = |own| wait(home.store.facts(configd::store::FactsFor { own, ..facts_for(ada()) })).unwrap();
    assert_eq!(facts(true).standings.email, Standing::Open { failures: 0 });
    assert_eq!((facts(true).bucket, facts(false).bucket), (Bucket::Own, Bucket::Stranger));
}
