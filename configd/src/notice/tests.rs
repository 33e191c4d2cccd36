//! Notices against a courier that follows a script: what arrives where, how often it is tried, what it takes from codes, and when it
//! ends.

use super::*;
use crate::clock::Moment;
use crate::house::House;
use crate::login::world::rules;
use crate::store::{Bucket, By, Changed, OldRecord, SendOf, SendVerdict, SourceText, UserChange};
use crate::wire_io::Connection;
use pam_2fa_protocol::courier::{Send, Sent};
use pam_2fa_protocol::wire::{Continues, decode_call, encode_reply};
use std::path::Path;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

fn outcome(class: Class) -> Outcome {
    Outcome { class, reason: None, retry_after_s: None, provider_id: None, said: String::from("said") }
}

/// Answers each message with the next of the script, and with "accepted" behind its end; what it was handed.
fn courier(folder: &Path, script: Vec<Outcome>) -> UnboundedReceiver<Send> {
    let listener = tokio::net::UnixListener::bind(folder.join("courier.sock")).unwrap();
    let (handed, received) = unbounded_channel();
    let mut script = script.into_iter();
    tokio::spawn(async move {
        loop {
            let mut connection = Connection::new(listener.accept().await.unwrap().0);
            let frame = connection.read().await.unwrap().unwrap();
            let send: Send = decode_call(&frame).unwrap().parameters().unwrap();
            let next = script.next().unwrap_or_else(|| outcome(Class::Accepted));
            let _gone = handed.send(send);
            let sent = Sent { step: None, outcome: Some(next) };
            connection.write(&encode_reply(&sent, Continues::No).unwrap()).await.unwrap();
        }
    });
    received
}

fn ada() -> UserKey {
    UserKey { uid: 1000, name: String::from("ada") }
}

fn new_device() -> About {
    About {
        proved_by: Some(Authenticator::Email),
        place: Some(Place::Remote { service: String::from("ssh"), from: String::from("192.0.2.7") }),
        ..About::by_administrator(ada(), Notice::NewDevice { label: String::from("address 192.0.2.7/32") })
    }
}

async fn speaks(house: &House, language: &str) {
    let change = UserChange {
        key: ada(),
        verify: None,
        email: None,
        phone: None,
        language: Some(Some(String::from(language))),
        trusted: false,
        prefers: None,
        unique: true,
        by: By::Administrator,
        old_record: OldRecord::Refuses,
        now: house.now(),
    };
    assert!(matches!(house.store.change_user(change).await, Ok(Changed::Done(_))));
}

#[tokio::test]
async fn the_owner_is_told_by_mail_in_the_owners_language_what_when_and_from_where() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let mut handed = courier(folder.path(), Vec::new());
    speaks(&house, "de").await;
    house.post.notify(new_device(), Arc::new(rules()));
    let send = handed.recv().await.unwrap();
    let mail = send.mail.unwrap();
    assert_eq!((mail.to.as_str(), send.attempt), ("ada@example.com", 1));
    assert_eq!(mail.subject, "Example Corp: Sicherheitshinweis für host.example.com");
    let text = mail.text.expose();
    assert!(
        text.starts_with("Einem neuen Gerät wird vertraut: address 192.0.2.7/32.\n\nKonto ada auf host."),
        "{text}"
    );
    assert!(text.contains(" UTC: ssh von 192.0.2.7.\n"), "{text}");
    house.errands_done().await;
    assert!(handed.try_recv().is_err(), "one mail");
}

#[tokio::test]
async fn the_address_before_is_told_of_a_change_though_the_record_has_it_no_more() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let mut handed = courier(folder.path(), Vec::new());
    let notice = Notice::EmailChanged { to: masked(Channel::Email, "ada@example.com") };
    let old = vec![(Channel::Email, String::from("before@example.com"))];
    house.post.notify(About { old, ..About::by_administrator(ada(), notice) }, Arc::new(rules()));
    house.errands_done().await;
    let mut to = Vec::new();
    let mut ids = Vec::new();
    while let Ok(send) = handed.try_recv() {
        let mail = send.mail.unwrap();
        assert!(mail.text.expose().starts_with("The email address for your codes is now a***@example.com."));
        assert!(mail.text.expose().contains("by an administrator"), "{}", mail.text.expose());
        to.push(mail.to);
        ids.push(send.id);
    }
    to.sort();
    assert_eq!(to, ["ada@example.com", "before@example.com"]);
    assert!(ids.len() == 2 && ids[0] != ids[1], "{ids:?}");
}

#[tokio::test]
async fn what_was_not_taken_is_tried_again_with_the_same_id_and_no_longer_than_the_waits() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let mut handed = courier(folder.path(), vec![outcome(Class::Temporary); 9]);
    house.post.notify(new_device(), Arc::new(rules()));
    house.errands_done().await;
    let mut tries = Vec::new();
    while let Ok(send) = handed.try_recv() {
        tries.push((send.id, send.attempt));
    }
    let id = tries[0].0.clone();
    assert_eq!(tries, [1, 2, 3, 4].map(|attempt| (id.clone(), attempt)));
}

#[tokio::test]
async fn what_is_refused_for_good_is_not_tried_again_nor_a_server_that_refused_our_password() {
    for class in [Class::Rejected, Class::AuthError] {
        let folder = tempfile::tempdir().unwrap();
        let house = House::for_tests(folder.path(), rules()).await;
        let mut handed = courier(folder.path(), vec![outcome(class); 9]);
        house.post.notify(new_device(), Arc::new(rules()));
        house.errands_done().await;
        assert!(handed.try_recv().is_ok());
        assert!(handed.try_recv().is_err(), "{class:?}");
    }
}

/// How many more codes ada may be sent this hour, by asking.
async fn codes_left(house: &House) -> u32 {
    let mut left = 0;
    let send = |now: Moment| SendOf {
        challenge: None,
        user: ada(),
        source: SourceText(String::from(SourceText::UNKNOWN)),
        bucket: Bucket::Stranger,
        range: None,
        limits: rules().sends,
        now,
    };
    while matches!(house.store.record_send(send(house.now())).await.unwrap(), SendVerdict::Go { .. }) {
        left += 1;
    }
    left
}

#[tokio::test]
async fn notices_take_nothing_from_codes_nor_codes_from_notices_and_are_ten_an_hour() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let mut handed = courier(folder.path(), Vec::new());
    for _ in 0..13 {
        house.post.notify(new_device(), Arc::new(rules()));
    }
    house.errands_done().await;
    let mut mails = 0;
    while handed.try_recv().is_ok() {
        mails += 1;
    }
    assert_eq!(mails, desk::A_USER);
    assert_eq!(codes_left(&house).await, 10);

    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let mut handed = courier(folder.path(), Vec::new());
    assert_eq!(codes_left(&house).await, 10);
    assert_eq!(codes_left(&house).await, 0);
    house.post.notify(new_device(), Arc::new(rules()));
    house.errands_done().await;
    assert!(handed.try_recv().is_ok());
}

#[tokio::test]
async fn a_notice_holds_nobody_up_and_ends_with_the_house() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    // It accepts and says nothing.
    let silent = tokio::net::UnixListener::bind(folder.path().join("courier.sock")).unwrap();
    house.post.notify(new_device(), Arc::new(rules()));
    let (_held, _) = silent.accept().await.unwrap();
    assert!(Arc::strong_count(&house.post.under_way) > 1, "a stop would wait for it");
    let under_way = Arc::downgrade(&house.post.under_way);
    drop(house);
    while under_way.upgrade().is_some() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_user_without_a_verified_address_is_sent_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let mut handed = courier(folder.path(), Vec::new());
    let nobody = UserKey { uid: 4000, name: String::from("nobody-here") };
    house.post.notify(About::by_administrator(nobody, Notice::Locked), Arc::new(rules()));
    house.errands_done().await;
    assert!(handed.try_recv().is_err());
}

/// A notice to a number that was just taken away, and to nobody else.
fn to_number(number: &str) -> About {
    let nobody = UserKey { uid: 4000, name: String::from("nobody-here") };
    let old = vec![(Channel::Sms, String::from(number))];
    About { old, ..About::by_administrator(nobody, Notice::PhoneRemoved) }
}

#[tokio::test]
async fn a_notice_by_text_message_is_one_of_the_days_and_none_is_sent_beyond_it_or_to_another_country() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let mut handed = courier(folder.path(), Vec::new());
    let mut five_a_day = rules();
    // Of five, one is for known sources, and a notice is for none of them.
    five_a_day.sends.texts.per_day = 5;
    let rules = Arc::new(five_a_day);
    house.post.notify(to_number("+33612345678"), Arc::clone(&rules));
    for _ in 0..6 {
        house.post.notify(to_number("+15550100"), Arc::clone(&rules));
    }
    house.errands_done().await;
    let mut numbers = Vec::new();
    while let Ok(send) = handed.try_recv() {
        numbers.push(send.sms.unwrap().to);
    }
    assert_eq!(numbers, ["+15550100"; 4]);
    let stands = house.store.texts(rules.sends.texts, house.now()).await.unwrap();
    assert_eq!((stands.sent, stands.whole.is_some(), stands.rest.is_some()), (4, false, true));
}

#[tokio::test]
async fn a_notice_that_no_provider_took_counts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let _handed = courier(folder.path(), vec![outcome(Class::Temporary); 9]);
    house.post.notify(to_number("+15550100"), Arc::new(rules()));
    house.errands_done().await;
    assert_eq!(house.store.texts(rules().sends.texts, house.now()).await.unwrap().sent, 0);
}
