//! A one-time code of an administrator opens what it says, once, and stands nowhere else.

use super::*;
use crate::login::world::{rules, ssh};
use crate::server::admin::stage::{Stage, ada, done, refused, uninvited};
use crate::server::admin::users::{set, shown};
use pam_2fa_protocol::admin::UserSet;
use pam_2fa_protocol::login::Verdict;

fn wanted(name: &str) -> UserGrant {
    UserGrant { name: String::from(name), for_s: None, from: None, service: None, reason: String::from("ticket 4711") }
}

fn invitation(name: &str) -> UserInvite {
    UserInvite { name: String::from(name) }
}

#[tokio::test]
async fn a_grant_lets_in_once_a_user_who_has_lost_everything_and_is_written_down() {
    let stage = Stage::new(rules()).await;
    let made = done(grant(&stage.daemon, &stage.house, &wanted("ada")).await);
    let typed = made.code.expose().to_lowercase();
    let mut login = stage.begin(&ssh("ada", "192.0.2.7")).await;
    assert_eq!(login.step().await.0, None);
    assert_eq!(login.answer(&typed).await.0, Some(Verdict::Allow));
    let mut login = stage.begin(&ssh("ada", "192.0.2.7")).await;
    login.step().await;
    let (verdict, said) = login.answer(&typed).await;
    assert!(verdict.is_none() && said.starts_with("Wrong code"), "{said}");

    let id = &made.pass.id;
    let changes = stage.changes().await;
    let until = &made.pass.until;
    assert_eq!(changes[1..], [format!("granted: {id} until {until}: ticket 4711"), format!("grant-used: {id}")]);
    stage.house.keep_log().await;
    let ask = crate::store::LogAsk { after: 0, user: None, since_s: i64::MIN };
    let decisions = stage.house.store.decisions(ask).await.unwrap().decisions;
    assert_eq!(decisions[0].reason, "grant");
    // The code is nowhere: not in what is shown, not in the logs.
    let Known::Record(record) = stage.house.store.user(ada()).await.unwrap() else { panic!() };
    let user = done(shown(&stage.house, *record).await);
    let all = format!("{user:?} {changes:?} {decisions:?}");
    for form in [typed.replace('-', ""), typed.to_uppercase(), typed.to_uppercase().replace('-', "")] {
        assert!(!all.contains(&form), "{all}");
    }
}

#[tokio::test]
async fn a_grant_says_where_and_for_what_it_is_good_and_is_good_nowhere_else() {
    let stage = Stage::new(uninvited()).await;
    let asked = UserGrant {
        for_s: Some(3_600),
        from: Some(String::from("192.0.2.0/24")),
        service: Some(String::from("sshd")),
        ..wanted("bob")
    };
    let made = done(grant(&stage.daemon, &stage.house, &asked).await);
    assert_eq!((made.user.as_str(), made.uid), ("bob", 1001), "without a record");
    assert_eq!((made.pass.from.as_deref(), made.pass.service.as_deref()), (Some("192.0.2.0/24"), Some("sshd")));
    let mut login = stage.begin(&ssh("bob", "198.51.100.7")).await;
    // Whom to ask is read before an Enter.
    login.step().await;
    assert_eq!(login.answer("").await.0, Some(Verdict::Deny), "bob has nothing else to prove with");
    let mut login = stage.begin(&ssh("bob", "192.0.2.200")).await;
    assert_eq!(login.step().await.0, None);
    assert_eq!(login.answer(made.code.expose()).await.0, Some(Verdict::Allow));
}

#[tokio::test]
async fn what_a_grant_must_not_be_is_refused_and_nothing_is_kept() {
    let stage = Stage::new(rules()).await;
    let reason = |reason: &str| UserGrant { reason: String::from(reason), ..wanted("ada") };
    let from = |from: &str| UserGrant { from: Some(String::from(from)), ..wanted("ada") };
    let service = |service: &str| UserGrant { service: Some(String::from(service)), ..wanted("ada") };
    let long = "x".repeat(LONGEST_REASON + 1);
    for (asked, option) in [
        (reason(""), "--reason"),
        (reason("  "), "--reason"),
        (reason("a\nb"), "--reason"),
        (reason("a\u{202e}b"), "--reason"),
        (reason(&long), "--reason"),
        (from("192.0.2.1/24"), "--from"),
        (from("host.example.com"), "--from"),
        (from(""), "--from"),
        (service(""), "--service"),
        (service("a/b"), "--service"),
        (service("ss\u{7}hd"), "--service"),
        (UserGrant { for_s: Some(59), ..wanted("ada") }, "--for"),
        (UserGrant { for_s: Some(604_801), ..wanted("ada") }, "--for"),
        (UserGrant { for_s: Some(-1), ..wanted("ada") }, "--for"),
        (wanted("nobody"), "not found: there is no user nobody"),
        (wanted("broken"), "broken cannot be looked up"),
    ] {
        let why = refused(grant(&stage.daemon, &stage.house, &asked).await);
        assert!(why.starts_with(option) && why.lines().count() == 1, "{asked:?}: {why}");
    }
    let methods = stage.house.store.methods(ada(), stage.house.now()).await.unwrap();
    assert_eq!((methods.passes.len(), stage.changes().await.len()), (0, 1));
}

#[tokio::test]
async fn an_invitation_is_for_a_user_without_a_method_and_one_at_a_time() {
    let stage = Stage::new(rules()).await;
    let why = refused(invite(&stage.daemon, &stage.house, &invitation("ada")).await);
    assert!(why.starts_with("ada has email (ada@example.com) already"), "{why}");
    let first = done(invite(&stage.daemon, &stage.house, &invitation("eve")).await);
    assert!(first.notes.is_empty());
    let second = done(invite(&stage.daemon, &stage.house, &invitation("eve")).await);
    assert_eq!(second.notes, ["the earlier invitation is over"]);
    assert_ne!(first.code.expose(), second.code.expose());
    let eve = UserKey { uid: 1002, name: String::from("eve") };
    let kept = stage.house.store.methods(eve.clone(), stage.house.now()).await.unwrap().passes;
    assert_eq!((kept.len(), &kept[0].id.0), (1, &second.pass.id));
    assert_eq!(kept[0].until_s - kept[0].made_s, 7 * 86_400);
    let code = LongCode::parse(second.code.expose()).unwrap();
    assert_eq!(kept[0].mac, stage.house.keys.long_code_mac(LongUse::Invitation, &eve, &code));
    // It enrols, and lets in nobody by itself.
    let mut login = stage.begin(&ssh("eve", "192.0.2.7")).await;
    assert_eq!(login.step().await.0, None);
    assert_eq!(login.answer(first.code.expose()).await.0, None, "the earlier one is over");
    assert_eq!(login.answer(second.code.expose()).await.0, None);
    assert_eq!(stage.house.store.methods(eve.clone(), stage.house.now()).await.unwrap().passes.len(), 1);

    // An app alone is a method too.
    stage.enrol_app().await;
    let without = UserSet {
        name: String::from("ada"),
        verify: None,
        email: Some(String::new()),
        phone: None,
        language: None,
        prefers: None,
        trusted: false,
    };
    done(set(&stage.daemon, &stage.house, without).await);
    let why = refused(invite(&stage.daemon, &stage.house, &invitation("ada")).await);
    assert!(why.starts_with("ada has an authenticator app already"), "{why}");

    // And so are recovery codes alone: a login asks for one of them, and for no invitation.
    let bob = UserKey { uid: 1001, name: String::from("bob") };
    let enrol = crate::store::Enrol {
        user: bob,
        address: None,
        app: None,
        recovery: Some(vec![[7; 32]]),
        first: crate::store::First::Allowed,
        login: None,
        unique: true,
        now: stage.house.now(),
    };
    assert!(matches!(stage.house.store.enrol(enrol).await, Ok(crate::store::Enrolled::Done { .. })));
    let why = refused(invite(&stage.daemon, &stage.house, &invitation("bob")).await);
    assert!(why.starts_with("bob has recovery codes already"), "{why}");
}

#[tokio::test]
async fn an_invitation_that_the_settings_take_from_nobody_says_so() {
    let stage = Stage::new(uninvited()).await;
    let made = done(invite(&stage.daemon, &stage.house, &invitation("eve")).await);
    assert!(made.notes[0].starts_with("policy.enrolment is \"administrator\""), "{:?}", made.notes);
}

#[tokio::test]
async fn nobody_who_is_shut_out_or_bound_to_another_uid_gets_a_code() {
    let stage = Stage::new(rules()).await;
    assert!(stage.house.store.disable(ada(), true, stage.house.now()).await.unwrap());
    let why = refused(grant(&stage.daemon, &stage.house, &wanted("ada")).await);
    assert!(why.contains("is shut out since") && why.ends_with("pam-2fa user unlock ada"), "{why}");
    let change = crate::store::UserChange {
        key: UserKey { uid: 7, name: String::from("bob") },
        verify: None,
        email: None,
        phone: None,
        language: None,
        trusted: false,
        prefers: None,
        unique: true,
        old_record: crate::store::OldRecord::Refuses,
        by: crate::store::By::Administrator,
        now: stage.house.now(),
    };
    stage.house.store.change_user(change).await.unwrap();
    for why in [
        refused(grant(&stage.daemon, &stage.house, &wanted("bob")).await),
        refused(invite(&stage.daemon, &stage.house, &invitation("bob")).await),
    ] {
        assert!(why.starts_with("bob has a record under uid 7, and is uid 1001 now"), "{why}");
    }
}

#[tokio::test]
async fn sixteen_grants_with_the_longest_reasons_are_shown_in_one_frame() {
    let stage = Stage::new(rules()).await;
    let asked = UserGrant {
        from: Some(String::from("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")),
        service: Some("\"".repeat(LONGEST_SERVICE)),
        reason: "\"".repeat(LONGEST_REASON),
        ..wanted("ada")
    };
    for number in 0..17 {
        let made = done(grant(&stage.daemon, &stage.house, &asked).await);
        assert_eq!(made.notes.is_empty(), number < 16, "{:?}", made.notes);
    }
    let Known::Record(record) = stage.house.store.user(ada()).await.unwrap() else { panic!() };
    let user = Some(done(shown(&stage.house, *record).await));
    assert_eq!(user.as_ref().unwrap().passes.len(), 16);
    let reply = pam_2fa_protocol::admin::UserReply { user };
    let frame = pam_2fa_protocol::wire::encode_reply(&reply, pam_2fa_protocol::wire::Continues::No).unwrap();
    assert!(frame.len() + 2_000 < pam_2fa_protocol::MAX_FRAME, "{} bytes", frame.len());
}

#[tokio::test]
async fn a_grant_that_would_not_be_heard_says_so() {
    let stage = Stage::new(rules()).await;
    for number in 0..3 {
        let charge = crate::store::Charge {
            user: ada(),
            authenticator: Authenticator::Recovery,
            bucket: Bucket::Stranger,
            challenge: crate::store::ChallengeId(format!("{number:032}")),
            limits: stage.house.rules().tries,
            now: stage.house.now(),
        };
        stage.house.store.charge_attempt(charge).await.unwrap();
    }
    let made = done(grant(&stage.daemon, &stage.house, &wanted("ada")).await);
    assert!(made.notes[0].ends_with("pam-2fa user unlock ada"), "{:?}", made.notes);
}

#[tokio::test]
async fn whoever_has_an_address_that_nothing_is_sent_to_is_invited_to_nothing_and_one_line_says_why() {
    let mut rules = uninvited();
    rules.email.clear();
    let stage = Stage::new(rules).await;
    let with = UserSet {
        name: String::from("ada"),
        verify: None,
        email: Some(String::from("ada@example.com")),
        phone: None,
        language: None,
        prefers: None,
        trusted: true,
    };
    done(set(&stage.daemon, &stage.house, with).await);
    let why = refused(invite(&stage.daemon, &stage.house, &invitation("ada")).await);
    assert_eq!(
        why,
        "ada has email (ada@example.com) already, and [email], which it needs, is not configured; pam-2fa user reset ada takes everything away"
    );
}
