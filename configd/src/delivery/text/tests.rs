//! Text messages against a courier that follows a script: which provider is asked, with what, and what is noted of it.

use super::*;
use crate::house::House;
use crate::login::ways::Way;
use crate::login::world::rules;
use crate::wire_io::Connection;
use pam_2fa_protocol::courier::Sent;
use pam_2fa_protocol::wire::{Continues, decode_call, encode_reply};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex};

fn outcome(class: Class, reason: Option<Reason>) -> Outcome {
    Outcome { class, reason, retry_after_s: None, provider_id: None, said: String::from("said") }
}

/// Answers each message with the next of the script; what it was asked, in order.
fn courier(folder: &Path, script: &[(Class, Option<Reason>)]) -> Arc<Mutex<Vec<Send>>> {
    let listener = tokio::net::UnixListener::bind(folder.join("courier.sock")).unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let mut script: VecDeque<Outcome> = script.iter().map(|(class, reason)| outcome(*class, *reason)).collect();
    let noted = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let mut connection = Connection::new(listener.accept().await.unwrap().0);
            let frame = connection.read().await.unwrap().unwrap();
            noted.lock().unwrap().push(decode_call(&frame).unwrap().parameters().unwrap());
            let sent = Sent { step: None, outcome: Some(script.pop_front().unwrap()) };
            connection.write(&encode_reply(&sent, Continues::No).unwrap()).await.unwrap();
        }
    });
    asked
}

fn way(name: &str, provider: &str, account: &[(&str, PasswordSetting)]) -> TextWay {
    let copy = |value: &PasswordSetting| match value {
        PasswordSetting::Plain(secret) => PasswordSetting::Plain(Secret::new(secret.expose().clone())),
        PasswordSetting::Sealed(text) => PasswordSetting::Sealed(text.clone()),
    };
    TextWay {
        name: String::from(name),
        provider: String::from(provider),
        sender: Some(String::from("+15550199")),
        account: account.iter().map(|(field, value)| (String::from(*field), copy(value))).collect(),
        proxy: None,
        ca_file: None,
    }
}

fn two_providers() -> Rules {
    let mut rules = rules();
    rules.sms = vec![way("sms", "kannel", &[]), way("sms.backup.second", "http", &[])];
    rules
}

/// What one message, and what `tried` remembers of it, came to.
async fn sent(house: &House, rules: &Rules, tried: &mut Tried) -> Outcome {
    let (text, code) = (Secret::new(String::from("491823 is your code")), Secret::new(String::from("491823")));
    let to = E164::parse("+15550100").unwrap();
    let head = TextHead { id: "id-1", attempt: 1, to: &to, text: &text, code: &code, tag: "7F", life_ms: 600_000 };
    house.post.text_round(head, rules, None, tried).await
}

fn asked_providers(asked: &Mutex<Vec<Send>>) -> Vec<String> {
    asked.lock().unwrap().iter().map(|send| send.sms.as_ref().unwrap().provider.clone()).collect()
}

#[tokio::test]
async fn the_courier_gets_the_whole_way_with_the_account_opened_under_its_own_name() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let asked = courier(folder.path(), &[(Class::Accepted, None)]);
    let seal = |name: &str| PasswordSetting::Sealed(house.keys.seal(house.random.as_ref(), name, b"hunter2").unwrap());
    let plain = PasswordSetting::Plain(Secret::new(String::from("login")));
    let mut rules = rules();
    rules.sms = vec![way("sms.backup.b", "http", &[("token", seal("sms.backup.b.account.token")), ("user", plain)])];
    assert_eq!(sent(&house, &rules, &mut Tried::default()).await.class, Class::Accepted);
    let handed = asked.lock().unwrap().remove(0);
    let text = handed.sms.unwrap();
    assert_eq!(text.account["token"].0.expose(), "hunter2");
    assert_eq!(text.account["user"].0.expose(), "login");
    assert_eq!((text.to.as_str(), text.code.expose().as_str(), text.tag.as_str()), ("+15550100", "491823", "7F"));
    assert_eq!((handed.deadline_ms, handed.mail.is_none()), (20_000, true));

    rules.sms = vec![way("sms", "http", &[("token", seal("sms.backup.b.account.token"))])];
    let moved = sent(&house, &rules, &mut Tried::default()).await;
    assert_eq!((moved.class, moved.reason), (Class::Rejected, Some(Reason::Config)), "sealed under another name");
    assert!(moved.said.starts_with("sms.account.token: "), "{}", moved.said);
}

#[tokio::test]
async fn the_next_provider_is_asked_unless_the_number_itself_is_refused() {
    for (first, providers) in [
        ((Class::Accepted, None), 1),
        ((Class::Rejected, Some(Reason::BadNumber)), 1),
        ((Class::Rejected, Some(Reason::OptedOut)), 2),
        ((Class::Rejected, Some(Reason::Config)), 2),
        ((Class::AuthError, Some(Reason::Funds)), 2),
        ((Class::RateLimited, None), 2),
        ((Class::Temporary, Some(Reason::Unrecognised)), 2),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let house = House::for_tests(folder.path(), rules()).await;
        let asked = courier(folder.path(), &[first, (Class::Accepted, None)]);
        let end = sent(&house, &two_providers(), &mut Tried::default()).await;
        assert_eq!(asked.lock().unwrap().len(), providers, "{first:?}");
        assert_eq!(end.class == Class::Accepted, first.1 != Some(Reason::BadNumber), "{first:?}");
    }
}

#[tokio::test]
async fn a_provider_that_refused_our_credentials_is_asked_once_a_message() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let later = (Class::Temporary, None);
    let asked =
        courier(folder.path(), &[(Class::AuthError, Some(Reason::Credentials)), later, (Class::Accepted, None)]);
    let (rules, mut tried) = (two_providers(), Tried::default());
    assert_eq!(sent(&house, &rules, &mut tried).await.class, Class::Temporary, "the second may take it the next time");
    assert_eq!(sent(&house, &rules, &mut tried).await.class, Class::Accepted);
    assert_eq!(asked_providers(&asked), ["kannel", "http", "http"]);
}

/// One message after the other: while the first provider is not asked, the second has them.
#[tokio::test]
async fn a_provider_that_refused_our_credentials_is_not_shown_them_at_the_next_login_unless_an_administrator_asks() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let yes = (Class::Accepted, None);
    let asked = courier(folder.path(), &[(Class::AuthError, Some(Reason::Credentials)), yes, yes, yes, yes, yes]);
    let rules = two_providers();
    for _ in 0..3 {
        assert_eq!(sent(&house, &rules, &mut Tried::default()).await.class, Class::Accepted);
    }
    assert_eq!(asked_providers(&asked), ["kannel", "http", "http", "http"]);
    // A test asks all the same, and where it is taken the next login is asked there too.
    let (to, words) = (E164::parse("+15550100").unwrap(), Secret::new(String::from("x")));
    assert_eq!(house.post.text(to_ada(&to, &words), &rules, None).await.unwrap().class, Class::Accepted);
    assert_eq!(sent(&house, &rules, &mut Tried::default()).await.class, Class::Accepted);
    assert_eq!(asked_providers(&asked)[4..], ["kannel", "kannel"]);
}

/// A backup that nobody asks while the first works can be tried, and is asked again after that.
#[tokio::test]
async fn a_test_by_one_provider_asks_it_alone_whatever_came_before() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let (no, yes) = ((Class::AuthError, Some(Reason::Credentials)), (Class::Accepted, None));
    let asked = courier(folder.path(), &[no, no, yes, no, yes]);
    let (rules, to, words) = (two_providers(), E164::parse("+15550100").unwrap(), Secret::new(String::from("x")));
    assert_eq!(sent(&house, &rules, &mut Tried::default()).await.class, Class::AuthError);
    let second = house.post.text_by(to_ada(&to, &words), Some("sms.backup.second"), &rules, None).await.unwrap();
    assert_eq!((second.outcome.class, second.by.as_deref()), (Class::Accepted, Some("sms.backup.second")));
    let first = house.post.text_by(to_ada(&to, &words), Some("sms"), &rules, None).await.unwrap();
    assert_eq!((first.outcome.class, first.by), (Class::AuthError, None));
    assert_eq!(sent(&house, &rules, &mut Tried::default()).await.class, Class::Accepted);
    assert_eq!(asked_providers(&asked), ["kannel", "http", "http", "kannel", "http"]);
}

/// Whoever has a number that a provider does not serve keeps nobody else's messages back.
#[tokio::test]
async fn what_a_provider_says_of_one_users_number_bars_no_other_user() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let (country, yes) = ((Class::AuthError, Some(Reason::SenderOrCountry)), (Class::Accepted, None));
    let asked = courier(folder.path(), &[country, country, country, country, country, yes]);
    let one = Rules { sms: vec![way("sms", "kannel", &[])], ..two_providers() };
    for _ in 0..5 {
        assert_eq!(sent(&house, &one, &mut Tried::default()).await.class, Class::AuthError);
    }
    assert_eq!(sent(&house, &one, &mut Tried::default()).await.class, Class::Accepted);
    assert_eq!(asked.lock().unwrap().len(), 6);
}

/// Vendors know a message again by all of what it was, the end of its life among it.
#[tokio::test]
async fn every_try_of_one_message_has_one_id_and_one_end() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let unclear = (Class::Temporary, Some(Reason::Unrecognised));
    let asked = courier(folder.path(), &[unclear, unclear, unclear, unclear]);
    let (rules, mut tried) = (two_providers(), Tried::default());
    let (text, code) = (Secret::new(String::from("x")), Secret::new(String::from("491823")));
    let to = E164::parse("+15550100").unwrap();
    for life_ms in [600_000, 593_700] {
        let head = TextHead { id: "id-1", attempt: 1, to: &to, text: &text, code: &code, tag: "7F", life_ms };
        house.post.text_round(head, &rules, None, &mut tried).await;
    }
    let asked = asked.lock().unwrap();
    let seen: Vec<_> = asked.iter().map(|send| (send.id.as_str(), send.expires_at.as_str())).collect();
    assert!(seen.len() == 4 && seen.iter().all(|one| *one == seen[0]), "{seen:?}");
}

#[tokio::test]
async fn a_provider_that_is_down_is_asked_last_and_where_it_is_the_only_one_it_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let (yes, down) = ((Class::Accepted, None), (Class::Temporary, Some(Reason::Unreachable)));
    let asked = courier(folder.path(), &[down, yes, down, yes, down, yes, yes, down, yes, down]);
    let both = two_providers();
    for _ in 0..4 {
        sent(&house, &both, &mut Tried::default()).await;
    }
    assert_eq!(asked_providers(&asked), ["kannel", "http", "kannel", "http", "kannel", "http", "http"]);
    sent(&house, &both, &mut Tried::default()).await;
    assert_eq!(asked_providers(&asked)[7..], ["http", "kannel"], "none of the others has taken it");
    let one = Rules { sms: vec![way("sms", "kannel", &[])], ..two_providers() };
    assert_eq!(sent(&house, &one, &mut Tried::default()).await.class, Class::Temporary);
    assert_eq!(asked_providers(&asked)[9..], ["kannel"]);
}

#[tokio::test]
async fn status_says_how_each_provider_is_doing_and_blames_none_for_a_bad_number() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let script =
        [(Class::AuthError, Some(Reason::Funds)), (Class::Accepted, None), (Class::Rejected, Some(Reason::BadNumber))];
    let _asked = courier(folder.path(), &script);
    let rules = two_providers();
    sent(&house, &rules, &mut Tried::default()).await;
    let shown = |house: &House| {
        let channels = house
            .post
            .health
            .channels(&rules, &house.post.clock.now())
            .into_iter()
            .filter(|channel| channel.name != "email");
        let told = channels.map(|channel| {
            (
                channel.name,
                channel.server,
                channel.last_error,
                channel.held_until.is_some(),
                channel.failing_since.is_some(),
            )
        });
        told.collect::<Vec<_>>()
    };
    let first = (String::from("sms"), Some(String::from("kannel")), Some(String::from("said")), true, true);
    let second = (String::from("sms.backup.second"), Some(String::from("http")), None, false, false);
    assert_eq!(shown(&house), [first.clone(), second.clone()]);
    sent(&house, &rules, &mut Tried::default()).await;
    assert_eq!(shown(&house), [first, second]);
}

#[tokio::test]
async fn without_a_provider_nothing_is_sent_and_it_is_said_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let (to, words) = (E164::parse("+15550100").unwrap(), Secret::new(String::from("x")));
    let rules = Rules { sms: Vec::new(), ..rules() };
    let head = TextHead { id: "id-1", attempt: 1, to: &to, text: &words, code: &words, tag: "7F", life_ms: 1_000 };
    let end = house.post.text(head, &rules, None).await.unwrap();
    assert_eq!((end.class, end.reason), (Class::Rejected, Some(Reason::Config)));
    assert!(end.said.contains("set [sms] in config.toml"));
}

#[tokio::test]
async fn a_login_code_is_one_text_with_the_code_and_the_tag_apart() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let asked = courier(folder.path(), &[(Class::Temporary, None), (Class::Accepted, None)]);
    let errand = Errand { way: Way::Sms(String::from("+15550100")), ..crate::delivery::tests::errand(&house) };
    let rules = two_providers();
    let end = house.post.once(&errand, &rules, &mut Tried::default()).await.unwrap();
    assert_eq!(end.class, Class::Accepted);
    let mut asked = std::mem::take(&mut *asked.lock().unwrap());
    let (second, first) = (asked.pop().unwrap(), asked.pop().unwrap());
    assert_eq!((first.id.as_str(), first.id == second.id), (format!("{}-1", errand.challenge.0).as_str(), true));
    let text = second.sms.unwrap();
    let (words, code) = (text.text.expose(), text.code.expose());
    assert!(words.starts_with(code.as_str()) && words.contains(&format!("({})", text.tag)), "{words}");
    assert_eq!((text.provider.as_str(), text.to.as_str(), code.len()), ("http", "+15550100", 6));
}

/// How many text messages the store has counted.
async fn counted(house: &House) -> u64 {
    house.store.texts(rules().sends.texts, house.now()).await.unwrap().sent
}

fn to_ada<'a>(to: &'a E164, words: &'a Secret) -> TextHead<'a> {
    TextHead { id: "id-1", attempt: 1, to, text: words, code: words, tag: "7F", life_ms: 1_000 }
}

#[tokio::test]
async fn what_an_administrator_sends_is_counted_if_a_provider_may_have_it_and_only_then() {
    let (to, words) = (E164::parse("+15550100").unwrap(), Secret::new(String::from("x")));
    for (class, reason, counts) in
        [(Class::Accepted, None, 1), (Class::Temporary, Some(Reason::Unrecognised), 1), (Class::Temporary, None, 0)]
    {
        let folder = tempfile::tempdir().unwrap();
        let house = House::for_tests(folder.path(), rules()).await;
        let _asked = courier(folder.path(), &[(class, reason)]);
        let outcome = house.post.text(to_ada(&to, &words), &rules(), None).await.unwrap();
        assert_eq!((outcome.class, counted(&house).await), (class, counts), "{reason:?}");
    }
}

#[tokio::test]
async fn beyond_a_limit_or_to_another_country_nothing_is_handed_to_the_courier_and_it_is_said_why() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let asked = courier(folder.path(), &[(Class::Accepted, None)]);
    let words = Secret::new(String::from("x"));
    let mut one_a_day = rules();
    one_a_day.sends.texts.per_day = 1;
    let (to, dear) = (E164::parse("+15550100").unwrap(), E164::parse("+18762101234").unwrap());
    let said = house.post.text(to_ada(&dear, &words), &one_a_day, None).await.unwrap_err().to_string();
    assert!(said.starts_with("no text message goes to numbers of JM; name it in limits.sms_countries"), "{said}");
    house.post.text(to_ada(&to, &words), &one_a_day, None).await.unwrap();
    let said = house.post.text(to_ada(&to, &words), &one_a_day, None).await.unwrap_err().to_string();
    assert!(said.starts_with("limits.sms_per_day withholds text messages for 86"), "{said}");
    assert_eq!(counted(&house).await, 1);
    assert_eq!(asked.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn a_login_code_for_a_number_of_another_country_is_not_sent_and_counts_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let house = House::for_tests(folder.path(), rules()).await;
    let asked = courier(folder.path(), &[]);
    let errand = Errand { way: Way::Sms(String::from("+18762101234")), ..crate::delivery::tests::errand(&house) };
    house.post.clone().run(errand.clone(), Arc::new(rules()), String::new()).await;
    assert_eq!(crate::delivery::tests::delivery(&house, &errand.challenge), crate::login::challenge::Delivery::Failed);
    assert_eq!(counted(&house).await, 0);
    assert_eq!(asked.lock().unwrap().len(), 0);
}
