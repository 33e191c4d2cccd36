//! What an administrator's words do to a record and to what hangs on it.

use super::*;
use crate::house::Places;
use crate::limits::{Count, Wait};
use crate::log::LevelHandle;
use crate::login::world::rules;
use crate::server::admin::account::unlock;
use crate::store::{ChallengeId, Charge, Charged, Known, SourceText};
use crate::users::Directory;
use pam_2fa_protocol::admin::UserUnlock;
use std::path::Path;
use std::sync::Arc;

/// Everybody is uid 2000.
struct Anew;

impl Directory for Anew {
    fn find(&self, name: &str) -> Result<Option<UserKey>, String> {
        Ok(Some(UserKey { uid: 2000, name: String::from(name) }))
    }
}

fn daemon(folder: &Path) -> Daemon {
    let places =
        Places { config: folder.join("config.toml"), state_dir: folder.to_owned(), runtime_dir: folder.to_owned() };
    let (host, since) = (String::from("host"), String::new());
    Daemon::new(places, Arc::new(Anew), host, since, LevelHandle::none()).unwrap()
}

fn set_of(email: Option<&str>, trusted: bool) -> UserSet {
    UserSet {
        name: String::from("ada"),
        verify: None,
        email: email.map(String::from),
        phone: None,
        language: None,
        prefers: None,
        trusted,
    }
}

async fn change(daemon: &Daemon, house: &House, asked: UserSet) -> UserSetReply {
    match set(daemon, house, asked).await {
        Ok(reply) => reply,
        Err(Answer::Refused(why)) => panic!("{why:?}"),
        Err(_) => panic!(),
    }
}

fn ada(uid: u32) -> UserKey {
    UserKey { uid, name: String::from("ada") }
}

#[tokio::test]
async fn a_name_whose_account_was_made_anew_is_bound_again_and_nothing_of_before_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, house) = (daemon(folder.path()), House::for_tests(folder.path(), rules()).await);
    assert!(matches!(house.store.user(ada(2000)).await.unwrap(), Known::NameOfAnother { uid: 1000 }));
    let reply = change(&daemon, &house, UserSet { verify: None, ..set_of(None, false) }).await;
    assert_eq!((reply.user.uid, reply.user.email, reply.user.email_verified), (2000, None, false));
    assert_eq!(reply.notes[0], "re-bound: this name had a record of uid 1000");
    assert_eq!(house.store.count_users().await.unwrap(), 1);
    assert!(matches!(house.store.user(ada(2000)).await.unwrap(), Known::Record(_)));
    // Bound: the next change is a change as any other.
    let reply = change(&daemon, &house, set_of(Some("ada@example.com"), true)).await;
    assert!(reply.user.email_verified && reply.notes.is_empty(), "{:?}", reply.notes);
}

#[tokio::test]
async fn an_address_given_with_the_re_binding_is_verified_only_if_it_is_trusted() {
    for trusted in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let (daemon, house) = (daemon(folder.path()), House::for_tests(folder.path(), rules()).await);
        // The old record's own address: it is nobody's any more.
        let reply = change(&daemon, &house, set_of(Some("ada@example.com"), trusted)).await;
        assert_eq!((reply.user.email.as_deref(), reply.user.email_verified), (Some("ada@example.com"), trusted));
    }
}

#[tokio::test]
async fn a_user_who_waits_is_shown_as_locked_until_unlocked() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, house) = (daemon(folder.path()), House::for_tests(folder.path(), rules()).await);
    let charge = |bucket| Charge {
        user: ada(1000),
        authenticator: Authenticator::Email,
        bucket,
        challenge: ChallengeId(String::from("1")),
        limits: house.rules().tries,
        now: house.now(),
    };
    let local = Bucket::Known(SourceText(String::from("local")));
    for bucket in [local.clone(), Bucket::Stranger] {
        for _ in 0..3 {
            assert!(matches!(house.store.charge_attempt(charge(bucket.clone())).await.unwrap(), Charged::Done(_)));
        }
    }
    let name = || String::from("ada");
    let Ok(shown) = show(&house, &UserShow { name: name() }).await else { panic!() };
    let said = shown.user.unwrap().locked.unwrap();
    assert!(said.starts_with("codes by email: from new sources for "), "{said}");
    assert!(said.contains(" s, from local for "), "{said}");
    let Ok(unlocked) = unlock(&daemon, &house, &UserUnlock { name: name() }).await else { panic!() };
    assert_eq!((unlocked.user.locked, unlocked.forgotten, unlocked.was_disabled), (None, 6, false));
    assert!(matches!(house.store.charge_attempt(charge(local)).await.unwrap(), Charged::Done(_)));
    let nobody = unlock(&daemon, &house, &UserUnlock { name: String::from("eve") }).await;
    assert!(matches!(nobody, Err(Answer::NotFound(_))));
}

#[test]
fn what_is_locked_is_said_by_source_and_as_a_whole_when_all_is() {
    let limits = rules().tries;
    let now = Moment { wall_s: 0, boot_ms: 0, boot: crate::clock::BootId(String::from("a")) };
    let mut counts = Counts::default();
    assert_eq!(locked(&counts, limits, &now), None);
    counts.own.failures = 10;
    let said = locked(&counts, limits, &now);
    assert_eq!(said.as_deref(), Some("from the user's own programs until unlocked"));
    let wait = Wait { boot: now.boot.clone(), until_ms: 30_000, length_ms: 30_000 };
    let here = Bucket::Known(SourceText(String::from("192.0.2.7/32")));
    counts.own.failures = 0;
    counts.put(here.clone(), Count { failures: 3, wait: Some(wait) });
    assert_eq!(locked(&counts, limits, &now).as_deref(), Some("from 192.0.2.7/32 for 30 s"));
    counts.put(here, Count { failures: 100, wait: None });
    assert_eq!(locked(&counts, limits, &now).as_deref(), Some("until unlocked"));
    // A profile's lock is everybody's.
    let lock = crate::limits::Lock { after: 10, length_s: 1800 };
    let limits = TryLimits { lock: Some(lock), ..limits };
    let mut counts = Counts { stranger: Count { failures: 9, wait: None }, ..Counts::default() };
    let _rows = crate::limits::charge(&mut counts, &Bucket::Stranger, limits, &now);
    assert_eq!(locked(&counts, limits, &now).as_deref(), Some("from everywhere for 1800 s"));
}

#[tokio::test]
async fn a_language_is_one_of_five_and_an_empty_one_is_the_settings_again() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, house) = (daemon(folder.path()), House::for_tests(folder.path(), rules()).await);
    let with = |word: &str| UserSet { language: Some(String::from(word)), ..set_of(None, false) };
    for word in ["en", "de", "fr", "es", "ja"] {
        assert_eq!(change(&daemon, &house, with(word)).await.user.language.as_deref(), Some(word));
    }
    let Err(Answer::Refused(why)) = set(&daemon, &house, with("kl")).await else { panic!("it was taken") };
    assert_eq!(why, ["--language: \"kl\" is no language of messages; write one of en, de, fr, es, ja"]);
    assert_eq!(change(&daemon, &house, set_of(None, false)).await.user.language.as_deref(), Some("ja"));
    assert_eq!(change(&daemon, &house, with("")).await.user.language, None);
}

async fn refused(daemon: &Daemon, house: &House, asked: UserSet) -> String {
    match set(daemon, house, asked).await {
        Err(Answer::Refused(why)) => why.join("\n"),
        Err(_) => panic!("another error"),
        Ok(_) => panic!("it was taken"),
    }
}

#[tokio::test]
async fn a_number_is_taken_in_international_form_and_verified_only_if_it_is_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, house) = (
        daemon(folder.path()),
        House::for_tests(folder.path(), crate::rules::Rules { sms: Vec::new(), ..rules() }).await,
    );
    let with = |number: &str| UserSet { phone: Some(String::from(number)), ..set_of(None, false) };
    assert!(refused(&daemon, &house, with("0155")).await.starts_with("--phone: "));
    let reply = change(&daemon, &house, with("+15550100")).await;
    assert_eq!((reply.user.phone.as_deref(), reply.user.phone_verified), (Some("+15550100"), false));
    assert!(reply.notes.iter().any(|note| note.starts_with("the number is not verified yet")), "{:?}", reply.notes);
    assert!(reply.notes.iter().any(|note| note.starts_with("no provider of text messages")), "{:?}", reply.notes);
    let reply = change(&daemon, &house, UserSet { trusted: true, ..with("+15550100") }).await;
    assert!(reply.user.phone_verified);
    assert_eq!(change(&daemon, &house, with("")).await.user.phone, None);
}

#[tokio::test]
async fn a_method_is_preferred_only_where_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let (daemon, house) = (daemon(folder.path()), House::for_tests(folder.path(), rules()).await);
    let prefer = |prefers| UserSet { prefers: Some(prefers), ..set_of(Some("ada@example.com"), true) };
    let why = refused(&daemon, &house, prefer(Preference::App)).await;
    assert_eq!(why, "--prefer: ada has no authenticator app; the user enrols one");
    let why = refused(&daemon, &house, prefer(Preference::Sms)).await;
    assert_eq!(why, "--prefer: ada has no number; give one with --phone");
    assert_eq!(change(&daemon, &house, prefer(Preference::Email)).await.user.prefers, Some(Method::Email));
    assert_eq!(change(&daemon, &house, prefer(Preference::None)).await.user.prefers, None);
}

#[tokio::test]
async fn an_address_of_another_user_is_refused_or_taken_as_the_settings_say() {
    for unique_email in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let rules = crate::rules::Rules { unique_email, ..rules() };
        let (daemon, house) = (daemon(folder.path()), House::for_tests(folder.path(), rules).await);
        let asked = UserSet { name: String::from("bob"), ..set_of(Some("ADA@example.com"), false) };
        if unique_email {
            let why = refused(&daemon, &house, asked).await;
            assert_eq!(why, "--email: ada has this address; one address is one user's");
        } else {
            assert_eq!(change(&daemon, &house, asked).await.user.email.as_deref(), Some("ADA@example.com"));
        }
    }
}
