//! Errands against a courier that follows a script: which server is asked how often, and what is noted in the end.

use super::*;
use crate::clock::Moment;
use crate::house::House;
use crate::login::challenge::Aim;
use crate::login::challenge::{Caller, Owner};
use crate::login::class::Class as Service;
use crate::login::place::Place;
use crate::login::source::Source;
use crate::login::ways::Way;
use crate::login::world::rules;
use crate::store::Authenticator;
use crate::store::{Bucket, ChallengeId, SendOf, SendVerdict, UserKey};
use crate::wire_io::Connection;
use pam_2fa_protocol::courier::Sent;
use pam_2fa_protocol::wire::{Continues, decode_call, encode_reply};
use pam_2fa_settings::Language;
use std::collections::VecDeque;
use std::path::Path;

fn outcome(class: Class) -> Outcome {
    Outcome { class, reason: None, retry_after_s: None, provider_id: None, said: String::from("said") }
}

/// Answers each message with the next of the script; the asked servers, in order.
fn courier(folder: &Path, script: &[Class]) -> Arc<Mutex<Vec<String>>> {
    courier_saying(folder, script.iter().copied().map(outcome).collect())
}

fn courier_saying(folder: &Path, script: Vec<Outcome>) -> Arc<Mutex<Vec<String>>> {
    let listener = tokio::net::UnixListener::bind(folder.join("courier.sock")).unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let mut script = VecDeque::from(script);
    let noted = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let mut connection = Connection::new(listener.accept().await.unwrap().0);
            let frame = connection.read().await.unwrap().unwrap();
            let send: Send = decode_call(&frame).unwrap().parameters().unwrap();
            noted.lock().unwrap().push(send.mail.unwrap().server);
            let sent = Sent { step: None, outcome: Some(script.pop_front().unwrap()) };
            connection.write(&encode_reply(&sent, Continues::No).unwrap()).await.unwrap();
        }
    });
    asked
}

fn two_servers() -> Rules {
    let mut rules = rules();
    let mut backup = crate::login::world::rules().email.remove(0);
    backup.name = String::from("email.backup.second");
    backup.server = String::from("smtp.example.net");
    rules.email.push(backup);
    rules
}

/// An errand for a fresh challenge, as the machine leaves it.
pub(super) fn errand(house: &House) -> Errand {
    let user = UserKey { uid: 1000, name: String::from("ada") };
    let owner = Owner {
        user: user.clone(),
        class: Service::Ssh,
        source: Source::Unknown,
        caller: Caller::Root,
        aim: Aim::Login,
    };
    let mut challenges = house.challenges.lock().unwrap();
    let challenge = challenges
        .mint(owner, Authenticator::Email, &rules().codes, &house.now(), house.random.as_ref(), house.keys.as_ref())
        .unwrap();
    challenge.delivery = Delivery::Sending;
    challenge.sends = 1;
    Errand {
        challenge: challenge.id.clone(),
        user,
        way: Way::Email(String::from("ada@example.com")),
        aim: Aim::Login,
        bucket: Bucket::Stranger,
        place: Place::Here { service: String::from("ssh") },
        language: Language::English,
        attempt: 1,
    }
}

pub(crate) fn delivery(house: &House, id: &ChallengeId) -> Delivery {
    house.challenges.lock().unwrap().get(id).unwrap().delivery.clone()
}

#[tokio::test]
async fn a_server_that_refused_our_password_is_asked_once_whatever_the_others_say() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let asked = courier(folder.path(), &[Class::AuthError, Class::Temporary, Class::Temporary, Class::Accepted]);
    let errand = errand(&house);
    house.post.clone().run(errand.clone(), Arc::new(two_servers()), String::new()).await;
    assert_eq!(
        *asked.lock().unwrap(),
        ["smtp.example.com", "smtp.example.net", "smtp.example.net", "smtp.example.net"]
    );
    assert_eq!(delivery(&house, &errand.challenge), Delivery::Sent);
}

#[tokio::test]
async fn a_server_that_said_later_is_asked_again_whatever_its_backup_said() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let asked = courier(folder.path(), &[Class::Temporary, Class::AuthError, Class::Accepted]);
    let errand = errand(&house);
    house.post.clone().run(errand.clone(), Arc::new(two_servers()), String::new()).await;
    assert_eq!(*asked.lock().unwrap(), ["smtp.example.com", "smtp.example.net", "smtp.example.com"]);
    assert_eq!(delivery(&house, &errand.challenge), Delivery::Sent);
}

/// How many more messages ada may be sent this hour, by asking.
async fn left(house: &House) -> u32 {
    let mut left = 0;
    let send = || SendOf {
        challenge: None,
        user: UserKey { uid: 1000, name: String::from("ada") },
        source: Source::Unknown.text(),
        bucket: Bucket::Stranger,
        range: None,
        limits: rules().sends,
        now: house.now(),
    };
    while matches!(house.store.record_send(send()).await.unwrap(), SendVerdict::Go { .. }) {
        left += 1;
    }
    left
}

/// What is left of ten after errands that end as `script` says, a server each.
async fn left_after(errands: u32, script: &[Outcome]) -> u32 {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let _asked = courier_saying(folder.path(), script.to_vec());
    for _ in 0..errands {
        house.post.clone().run(errand(&house), Arc::new(rules()), String::new()).await;
    }
    left(&house).await
}

#[tokio::test]
async fn a_message_that_certainly_was_not_sent_takes_nothing_from_what_may_be_sent() {
    let cannot_work = Outcome { reason: Some(Reason::Config), ..outcome(Class::Rejected) };
    assert_eq!(left_after(12, &vec![cannot_work; 12]).await, 10);
    // Four tries each, as the waits allow.
    for class in [Class::Temporary, Class::RateLimited] {
        assert_eq!(left_after(12, &vec![outcome(class); 48]).await, 10, "{class:?}");
    }
}

#[tokio::test]
async fn a_message_that_was_sent_or_may_have_been_stays_counted() {
    let unclear = Outcome { reason: Some(Reason::Unrecognised), ..outcome(Class::Temporary) };
    assert_eq!(left_after(1, &[outcome(Class::Accepted)]).await, 9);
    assert_eq!(
        left_after(1, &[unclear.clone(), Outcome { reason: Some(Reason::Config), ..outcome(Class::Rejected) }]).await,
        9,
        "the first may have been taken"
    );
    assert_eq!(
        left_after(
            1,
            &[outcome(Class::Temporary), unclear, Outcome { reason: Some(Reason::Config), ..outcome(Class::Rejected) }]
        )
        .await,
        9
    );
}

#[tokio::test]
async fn a_server_that_refuses_our_password_or_the_message_is_not_asked_at_every_reconnect() {
    assert_eq!(left_after(4, &vec![outcome(Class::AuthError); 4]).await, 6);
    let no_such_mailbox = Outcome { reason: Some(Reason::BadAddress), ..outcome(Class::Rejected) };
    assert_eq!(left_after(4, &vec![no_such_mailbox; 4]).await, 6);
}

#[tokio::test]
async fn a_message_to_an_address_that_was_changed_meanwhile_is_not_counted() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let errand = Errand { way: Way::Email(String::from("old@example.com")), ..errand(&house) };
    house.post.clone().run(errand, Arc::new(rules()), String::new()).await;
    assert_eq!(left(&house).await, 10);
}

#[tokio::test]
async fn without_a_courier_nothing_is_counted() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    house.post.clone().run(errand(&house), Arc::new(rules()), String::new()).await;
    assert_eq!(left(&house).await, 10);
}

#[tokio::test]
async fn an_errand_that_a_resend_has_overtaken_sends_and_says_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let asked = courier(folder.path(), &[]);
    let first = errand(&house);
    let second = Errand { attempt: 2, ..first.clone() };
    house.challenges.lock().unwrap().get_mut(&first.challenge).unwrap().sends = 2;
    house.post.note(&first, Delivery::Failed);
    assert_eq!(delivery(&house, &first.challenge), Delivery::Sending, "the second is still on its way");
    house.post.note(&second, Delivery::Sent);
    house.post.note(&first, Delivery::Failed);
    assert_eq!(delivery(&house, &first.challenge), Delivery::Sent);
    assert!(house.post.once(&first, &two_servers(), &mut Tried::default()).await.is_none());
    assert!(asked.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_limit_that_withholds_a_new_code_leaves_the_one_in_the_mailbox_good() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let errand = errand(&house);
    let mut withholding = rules();
    withholding.sends.per_user_hour = 0;
    // As after a restart: the MAC of the code is known, and the code is not.
    let in_the_mailbox = {
        let mut challenges = house.challenges.lock().unwrap();
        let challenge = challenges.get_mut(&errand.challenge).unwrap();
        let code = challenge.code.take().unwrap();
        challenges
            .renew_code(&errand.challenge, &withholding.codes, house.random.as_ref(), house.keys.as_ref())
            .unwrap();
        code
    };
    house.post.clone().run(errand.clone(), Arc::new(withholding), String::new()).await;
    let challenges = house.challenges.lock().unwrap();
    let challenge = challenges.get(&errand.challenge).unwrap();
    assert!(matches!(challenge.delivery, Delivery::Withheld { .. }));
    assert!(challenge.is_answered_by(in_the_mailbox.expose(), house.keys.as_ref()));
}

/// Ten seconds pass whenever somebody looks.
struct Walking(std::sync::atomic::AtomicU64, Moment);

impl Clock for Walking {
    fn now(&self) -> Moment {
        let passed_ms = self.0.fetch_add(10_000, std::sync::atomic::Ordering::Relaxed);
        Moment { boot_ms: self.1.boot_ms + passed_ms, ..self.1.clone() }
    }
}

#[tokio::test]
async fn no_server_is_asked_when_those_before_it_have_used_up_the_codes_life() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let asked = courier(folder.path(), &[Class::Temporary, Class::Temporary]);
    let post =
        Post { clock: Arc::new(Walking(std::sync::atomic::AtomicU64::new(0), house.now())), ..house.post.clone() };
    let text = Secret::new(String::from("text"));
    let head = Letterhead { id: "id", attempt: 1, to: "ada@example.com", subject: "s", text: &text, life_ms: 25_000 };
    assert_eq!(post.post(head, &two_servers(), None).await.outcome.class, Class::Temporary);
    assert_eq!(*asked.lock().unwrap(), ["smtp.example.com"]);
}
