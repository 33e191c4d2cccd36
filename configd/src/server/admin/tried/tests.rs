//! Tests of settings against a courier that follows a script: what is kept of them, and what stands in the log.

use super::super::system::{test_email, tested};
use super::super::test_sms::test_sms;
use super::*;
use crate::server::admin::stage::done as answered;
use crate::store::ChangeAsk;
use pam_2fa_protocol::admin::{TestEmail, TestSms, Tested, TestedReply};
use pam_2fa_protocol::courier::{Outcome, Send};
use pam_2fa_protocol::wire::{decode_call, decode_reply};
use std::collections::VecDeque;
use std::path::Path;
use tokio::net::{UnixListener, UnixStream};

/// Two mail servers, two providers.
const BOTH: &str = "[email]\nserver = \"a.example.com\"\nfrom = \"a@example.com\"\n[[email.backup]]\nname = \"b\"\n\
                    server = \"b.example.com\"\nfrom = \"a@example.com\"\n[limits]\nsms_countries = [\"US\"]\n[sms]\nprovider = \"http\"\n\
                    account = { url = \"https://a.example.com\" }\n[[sms.backup]]\nname = \"b\"\nprovider = \"http\"\n\
                    account = { url = \"https://b.example.com\" }\n";
const NONE: TestedReply = TestedReply { email: false, sms: false, email_new: false, sms_new: false, asks_more: false };

fn outcome(class: Class) -> Outcome {
    Outcome { class, reason: None, retry_after_s: None, provider_id: None, said: String::from("said") }
}

/// Answers each message with the next of the script.
fn courier(folder: &Path, script: &[Class]) {
    let listener = UnixListener::bind(folder.join("courier.sock")).unwrap();
    let mut script: VecDeque<Outcome> = script.iter().copied().map(outcome).collect();
    tokio::spawn(async move {
        loop {
            let mut connection = Connection::new(listener.accept().await.unwrap().0);
            let frame = connection.read().await.unwrap().unwrap();
            let _: Send = decode_call(&frame).unwrap().parameters().unwrap();
            let sent = Sent { step: None, outcome: Some(script.pop_front().unwrap()) };
            connection.write(&encode_reply(&sent, Continues::No).unwrap()).await.unwrap();
        }
    });
}

async fn house(folder: &Path) -> House {
    House::for_tests(folder, crate::login::world::rules()).await
}

/// How a test ended, and the last step before.
async fn by_email(house: &House, settings: &str) -> (Class, Option<String>) {
    let asked = TestEmail {
        to: String::from("ada@example.com"),
        settings: Some(Secret::new(String::from(settings))),
        asked_by: Some(String::from("ada\u{1b}[2J")),
    };
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut connection = Connection::new(ours);
    let frame = answered(test_email(house, &asked, true, &mut connection).await);
    drop(connection);
    ended(&frame, theirs).await
}

async fn by_text(house: &House, settings: &str, by: Option<&str>) -> (Class, Option<String>) {
    let asked = TestSms {
        to: String::from("+12125550100"),
        by: by.map(String::from),
        settings: Some(Secret::new(String::from(settings))),
        asked_by: None,
    };
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut connection = Connection::new(ours);
    let frame = answered(test_sms(house, &asked, true, &mut connection).await);
    drop(connection);
    ended(&frame, theirs).await
}

async fn ended(frame: &Frame, steps: UnixStream) -> (Class, Option<String>) {
    let mut connection = Connection::new(steps);
    let mut last = None;
    while let Ok(Some(frame)) = connection.read().await {
        let sent: Sent = decode_reply(&frame).unwrap().parameters().unwrap();
        last = sent.step;
    }
    let sent: Sent = decode_reply(frame).unwrap().parameters().unwrap();
    (sent.outcome.unwrap().class, last)
}

async fn passed(house: &House, settings: &str) -> TestedReply {
    let TestedReply { email, sms, .. } =
        answered(tested(house, &Tested { settings: Secret::new(String::from(settings)) }).await);
    TestedReply { email, sms, ..NONE }
}

async fn changes(house: &House) -> Vec<String> {
    let page = house.store.changes(ChangeAsk { after: 0, user: None, since_s: i64::MIN }).await.unwrap();
    let tried = page.changes.into_iter().filter(|change| change.what == "secret-tried");
    tried.map(|change| change.detail).collect()
}

#[tokio::test]
async fn a_test_that_only_a_backup_took_is_none_of_the_first_and_says_so_unless_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path()).await;
    let (yes, no) = (Class::Accepted, Class::AuthError);
    courier(folder.path(), &[no, yes, yes, no, yes, yes, yes]);
    let none_of = |first: &str| (yes, Some(format!("accepted by {first}.backup.b: that is no test of {first}")));
    assert_eq!(by_email(&house, BOTH).await, none_of("email"));
    assert_eq!(passed(&house, BOTH).await, NONE);
    assert_eq!(by_email(&house, BOTH).await.0, yes);
    assert_eq!(
        passed(&house, BOTH).await,
        TestedReply { email: true, sms: false, email_new: false, sms_new: false, asks_more: false }
    );
    assert_eq!(by_text(&house, BOTH, None).await, none_of("sms"));
    assert_eq!(by_text(&house, BOTH, Some("b")).await, (yes, Some(String::from("sms.backup.b: http"))), "as was asked");
    assert_eq!(
        passed(&house, BOTH).await,
        TestedReply { email: true, sms: false, email_new: false, sms_new: false, asks_more: false }
    );
    assert_eq!(by_text(&house, BOTH, Some("sms")).await.0, yes);
    assert_eq!(
        passed(&house, BOTH).await,
        TestedReply { email: true, sms: true, email_new: false, sms_new: false, asks_more: false }
    );
}

#[tokio::test]
async fn a_message_that_has_gone_is_accepted_also_where_that_cannot_be_kept() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path()).await;
    courier(folder.path(), &[Class::Accepted; 2]);
    // One record more of the name is refused.
    let store = rusqlite::Connection::open(folder.path().join("state.db")).unwrap();
    let full = "INSERT INTO meta (key, value, sum) VALUES ('tested_', x'00', x'00');
                CREATE UNIQUE INDEX full ON meta (substr(key, 1, 6)) WHERE substr(key, 1, 6) = 'tested'";
    store.execute_batch(full).unwrap();
    let rules = to_send_by(&house, Some(&Secret::new(String::from(BOTH)))).unwrap_or_else(|_| panic!());
    assert!(trial::passed(&house, Way::Email, &rules).await.is_err(), "the store does fail");
    assert_eq!(by_email(&house, BOTH).await.0, Class::Accepted);
    assert_eq!(by_text(&house, BOTH, None).await.0, Class::Accepted);
    assert_eq!(passed(&house, BOTH).await, NONE);
}

#[tokio::test]
async fn a_kept_secret_that_is_tried_elsewhere_stands_in_the_log_with_who_asked_before_it_goes_there() {
    let folder = tempfile::tempdir().unwrap();
    let house = house(folder.path()).await;
    let seal = |key: &str| house.keys.seal(house.random.as_ref(), key, b"hunter2").unwrap();
    let text = format!(
        "[email]\nserver = \"smtp.example.com\"\nfrom = \"a@example.com\"\npassword = \"{}\"\n[limits]\nsms_countries = [\"US\"]\n\
         [sms]\nprovider = \"http\"\naccount = {{ url = \"https://sms.example.com\", token = \"{}\" }}\n",
        seal("email.password"),
        seal("sms.account.token")
    );
    house.put_rules(to_send_by(&house, Some(&Secret::new(text.clone()))).unwrap_or_else(|_| panic!()));
    // No courier is there: what stands in the log does so though nothing was sent.
    for same in [text.clone(), text.replace("a@example.com", "b@example.com")] {
        assert_eq!(by_email(&house, &same).await.0, Class::Temporary);
    }
    assert_eq!(by_text(&house, &text, None).await.0, Class::Temporary);
    assert_eq!(changes(&house).await, [""; 0]);
    let elsewhere = text.replace("example.com\"\nfrom", "example.org\"\nfrom").replace("https://sms", "https://evil");
    assert_eq!(by_email(&house, &elsewhere).await.0, Class::Temporary);
    let email = "email.password, to smtp.example.org:465, by ada[2J";
    assert_eq!(changes(&house).await, [email]);
    assert_eq!(by_text(&house, &elsewhere, None).await.0, Class::Temporary);
    let sms = "sms.account (token), to http as it was changed, by somebody who did not say";
    assert_eq!(changes(&house).await, [email, sms]);
}
