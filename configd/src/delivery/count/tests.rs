//! How much a message counts whose hand-overs end in one way or another, against a courier that follows a script and says "may have
//! been taken" behind its end.

use super::*;
use crate::delivery::tests::{delivery, errand};
use crate::delivery::{TextHead, WAITS_S};
use crate::house::House;
use crate::login::ways::Way;
use crate::login::world::rules;
use crate::notice::{About, Notice};
use crate::rules::TextWay;
use crate::store::{By, Changed, OldRecord, UserChange, UserKey};
use crate::wire_io::Connection;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::Channel;
use pam_2fa_protocol::courier::Sent;
use pam_2fa_protocol::wire::{Continues, encode_reply};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

const ADAS: &str = "+12125550100";

fn ada() -> UserKey {
    UserKey { uid: 1000, name: String::from("ada") }
}

fn ended(class: Class, reason: Option<Reason>) -> Outcome {
    Outcome { class, reason, retry_after_s: None, provider_id: None, said: String::from("said") }
}

/// As after eight seconds without an answer.
fn unclear() -> Outcome {
    ended(Class::Temporary, Some(Reason::Unrecognised))
}

/// How many messages it was handed.
fn courier(folder: &Path, script: Vec<Outcome>) -> Arc<AtomicUsize> {
    let listener = tokio::net::UnixListener::bind(folder.join("courier.sock")).unwrap();
    let handed = Arc::new(AtomicUsize::new(0));
    let (count, mut script) = (Arc::clone(&handed), script.into_iter());
    tokio::spawn(async move {
        loop {
            let mut connection = Connection::new(listener.accept().await.unwrap().0);
            let _call = connection.read().await.unwrap().unwrap();
            count.fetch_add(1, Ordering::Relaxed);
            let sent = Sent { step: None, outcome: Some(script.next().unwrap_or_else(unclear)) };
            connection.write(&encode_reply(&sent, Continues::No).unwrap()).await.unwrap();
        }
    });
    handed
}

/// Two ways out for each kind of message, so eight hand-overs at most.
fn two_of_each() -> Rules {
    let mut rules = rules();
    let mut backup = crate::login::world::rules().email.remove(0);
    backup.name = String::from("email.backup.second");
    rules.email.push(backup);
    rules.sms = ["sms", "sms.backup.second"]
        .map(|name| TextWay {
            name: String::from(name),
            provider: String::from("http"),
            sender: None,
            account: BTreeMap::new(),
            proxy: None,
            ca_file: None,
        })
        .into();
    rules.sends.per_user_hour = 1000;
    rules.sends.per_user_day = 1000;
    rules.sends.per_source_hour = 1000;
    rules.sends.texts.per_range_hour = 1000;
    rules
}

/// Ada, with a number.
async fn house(folder: &Path) -> House {
    let house = House::for_tests(folder, rules()).await;
    let change = UserChange {
        key: ada(),
        verify: None,
        email: None,
        phone: Some(Some(String::from(ADAS))),
        language: None,
        trusted: true,
        prefers: None,
        unique: true,
        by: By::Administrator,
        old_record: OldRecord::Refuses,
        now: house.now(),
    };
    assert!(matches!(house.store.change_user(change).await, Ok(Changed::Done(_))));
    house
}

/// Text messages that the store has counted, and what they cost.
async fn texts(house: &House) -> (u64, u64) {
    let stands = house.store.texts(rules().sends.texts, house.now()).await.unwrap();
    (stands.sent, stands.cost)
}

/// How many codes to ada from where [`errand`] is from the store has counted.
async fn codes(house: &House, errand: &Errand) -> u32 {
    let send = |most| {
        let mut limits = rules().sends;
        (limits.per_user_hour, limits.per_user_day, limits.per_source_hour) = (most, most, 1000);
        let source = house.post.with(errand, |challenge, _| challenge.owner.source.text()).unwrap();
        let (user, bucket, now) = (errand.user.clone(), errand.bucket.clone(), house.now());
        SendOf { challenge: None, user, source, bucket, range: None, limits, now }
    };
    let mut most = 0;
    loop {
        most += 1;
        match house.store.record_send(send(most)).await.unwrap() {
            SendVerdict::Withheld(_) => {}
            SendVerdict::Go { ticket } => {
                house.store.take_back_send(ticket).await.unwrap();
                return most - 1;
            }
        }
    }
}

async fn run(house: &House, errand: &Errand, rules: Rules) {
    house.post.clone().run(errand.clone(), Arc::new(rules), String::new()).await;
}

#[tokio::test]
async fn each_hand_over_of_a_message_that_may_have_been_taken_counts_for_user_day_range_and_cost() {
    for way in [Way::Sms(String::from(ADAS)), Way::Email(String::from("ada@example.com"))] {
        let folder = tempfile::tempdir().unwrap();
        let house = house(folder.path()).await;
        let handed = courier(folder.path(), Vec::new());
        let is_text = way.number().is_some();
        let errand = Errand { way, ..errand(&house) };
        let mut rules = two_of_each();
        rules.sends.texts.price = 80_000;
        run(&house, &errand, rules).await;
        // A text message is tried once more, a mail as often as there are waits.
        let rounds = if is_text { 2 } else { WAITS_S.len() + 1 };
        assert_eq!(handed.load(Ordering::Relaxed), 2 * rounds);
        assert_eq!(codes(&house, &errand).await, 2 * u32::try_from(rounds).unwrap());
        assert_eq!(texts(&house).await, if is_text { (4, 320_000) } else { (0, 0) });
        assert_eq!(delivery(&house, &errand.challenge), Delivery::Failed);
    }
}

#[tokio::test]
async fn no_limit_lets_more_be_handed_over_than_it_says_however_unclear_the_answers_are() {
    let limits: [fn(&mut Rules); 6] = [
        |rules| rules.sends.per_user_hour = 3,
        |rules| rules.sends.per_user_day = 3,
        |rules| rules.sends.per_source_hour = 3,
        |rules| rules.sends.texts.per_range_hour = 3,
        |rules| rules.sends.texts.per_day = 3,
        |rules| (rules.sends.texts.price, rules.sends.texts.cost_per_day) = (80_000, Some(300_000)),
    ];
    for (number, limit) in limits.into_iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let house = house(folder.path()).await;
        let handed = courier(folder.path(), Vec::new());
        let errand = Errand { way: Way::Sms(String::from(ADAS)), ..errand(&house) };
        let mut rules = two_of_each();
        limit(&mut rules);
        run(&house, &errand, rules).await;
        assert_eq!(handed.load(Ordering::Relaxed), 3, "the {number}th");
        assert_eq!(codes(&house, &errand).await, 3, "the {number}th");
        assert!(matches!(delivery(&house, &errand.challenge), Delivery::Withheld { .. }), "the {number}th");
        let challenges = house.challenges.lock().unwrap();
        assert!(challenges.get(&errand.challenge).unwrap().code.is_some(), "whoever got it can type it");
    }
}

#[tokio::test]
async fn of_hand_overs_those_that_certainly_failed_take_nothing_more() {
    let away = || ended(Class::Temporary, Some(Reason::Unreachable));
    let refused = || ended(Class::AuthError, Some(Reason::Credentials));
    let taken = || ended(Class::Accepted, None);
    for (script, count) in [
        (vec![unclear(), taken()], 2),
        (vec![away(), away(), unclear(), taken()], 2),
        (vec![unclear(), away(), away(), away()], 1),
        (vec![refused(), taken()], 1),
        (vec![refused(), unclear(), taken()], 2),
        (vec![refused(), away(), away()], 1),
        (vec![away(), taken()], 1),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let house = house(folder.path()).await;
        let handed = courier(folder.path(), script.clone());
        let errand = Errand { way: Way::Sms(String::from(ADAS)), ..errand(&house) };
        run(&house, &errand, two_of_each()).await;
        assert_eq!(handed.load(Ordering::Relaxed), script.len(), "{script:?}");
        assert_eq!((codes(&house, &errand).await, texts(&house).await.0), (count, u64::from(count)), "{script:?}");
    }
}

#[tokio::test]
async fn what_an_administrator_sends_counts_at_each_provider_that_may_have_it_and_ends_at_the_limit() {
    let (to, words) = (E164::parse(ADAS).unwrap(), Secret::new(String::from("x")));
    let head = TextHead { id: "id-1", attempt: 1, to: &to, text: &words, code: &words, tag: "7F", life_ms: 1_000 };
    for (per_day, count) in [(500, 2), (1, 1)] {
        let folder = tempfile::tempdir().unwrap();
        let house = house(folder.path()).await;
        let handed = courier(folder.path(), Vec::new());
        let mut rules = two_of_each();
        rules.sends.texts.per_day = per_day;
        let outcome = house.post.text(head, &rules, None).await.unwrap();
        assert_eq!(handed.load(Ordering::Relaxed), count);
        assert_eq!((texts(&house).await.0, outcome.class), (u64::try_from(count).unwrap(), Class::Temporary));
        let is_told = outcome.said.starts_with("said; limits.sms_per_day withholds another try for 86");
        assert_eq!(is_told, per_day == 1, "{}", outcome.said);
    }
}

#[tokio::test]
async fn a_notice_counts_at_each_hand_over_and_never_takes_what_is_kept_for_known_sources() {
    for (per_day, count) in [(500, 4), (5, 2)] {
        let folder = tempfile::tempdir().unwrap();
        let house = house(folder.path()).await;
        let handed = courier(folder.path(), Vec::new());
        let mut rules = two_of_each();
        rules.sends.texts.per_day = per_day;
        // Two of others.
        for _ in 0..2 {
            house.post.count_text(&E164::parse(ADAS).unwrap(), Share::Whole, &rules).await.unwrap();
        }
        let nobody = UserKey { uid: 4000, name: String::from("nobody-here") };
        let old = vec![(Channel::Sms, String::from(ADAS))];
        let about = About { old, ..About::by_administrator(nobody, Notice::PhoneRemoved) };
        house.post.notify(about, Arc::new(rules));
        house.errands_done().await;
        assert_eq!((handed.load(Ordering::Relaxed), texts(&house).await.0), (count, 2 + u64::try_from(count).unwrap()));
    }
}
