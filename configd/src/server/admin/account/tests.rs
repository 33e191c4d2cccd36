//! What is taken away is gone everywhere, on disk and at every prompt.

use super::*;
use crate::login::world::{rules, ssh};
use crate::server::admin::stage::{Stage, ada, done, refused, uninvited};
use crate::store::PassId;
use pam_2fa_protocol::login::Verdict;

fn name() -> String {
    String::from("ada")
}

async fn disabled(stage: &Stage) {
    let reply = done(disable(&stage.house, &UserDisable { name: name() }).await);
    assert!(reply.user.unwrap().disabled_since.is_some());
}

#[tokio::test]
async fn whoever_is_shut_out_is_denied_at_the_prompt_too_and_let_in_again_by_unlock() {
    let stage = Stage::new(rules()).await;
    let mut standing = stage.begin(&ssh("ada", "192.0.2.7")).await;
    assert_eq!(standing.step().await.0, None);
    let code = stage.house.challenges.lock().unwrap().codes().pop().unwrap();
    disabled(&stage).await;
    assert!(stage.house.challenges.lock().unwrap().is_empty());
    let (verdict, said) = standing.answer(&code).await;
    assert_eq!(verdict, Some(Verdict::Deny), "{said}");
    let (verdict, said) = stage.begin(&ssh("ada", "192.0.2.7")).await.step().await;
    assert_eq!(verdict, Some(Verdict::Deny));
    assert!(said.starts_with("Your account is shut out here."), "{said}");

    let reply = done(unlock(&stage.daemon, &stage.house, &UserUnlock { name: name() }).await);
    assert_eq!((reply.was_disabled, reply.user.disabled_since), (true, None));
    let mut again = stage.begin(&ssh("ada", "192.0.2.7")).await;
    assert_eq!(again.step().await.0, None);
    let code = stage.house.challenges.lock().unwrap().codes().pop().unwrap();
    assert_eq!(again.answer(&code).await.0, Some(Verdict::Allow));
    let reply = done(unlock(&stage.daemon, &stage.house, &UserUnlock { name: name() }).await);
    assert!(!reply.was_disabled);
    let changes = stage.changes().await;
    assert_eq!(changes[1..], ["disabled: ", "enabled: "], "{changes:?}");
}

#[tokio::test]
async fn a_reset_says_what_went_and_ends_what_stands_at_a_prompt() {
    let stage = Stage::new(uninvited()).await;
    let mut standing = stage.begin(&ssh("ada", "192.0.2.7")).await;
    standing.step().await;
    stage.enrol_app().await;
    let reply = done(reset(&stage.house, &UserReset { name: name() }).await);
    assert_eq!(reply.gone, ["email ada@example.com", "the authenticator app", "10 recovery codes"]);
    assert_eq!((reply.user.email, reply.user.app_since, reply.user.recovery_codes), (None, None, 0));
    assert_eq!(standing.answer("123456").await.0, Some(Verdict::Deny));
    let mut login = stage.begin(&ssh("ada", "192.0.2.7")).await;
    // Whom to ask is read before an Enter, and then it is over.
    login.step().await;
    assert_eq!(login.answer("").await.0, Some(Verdict::Deny), "nothing is left to prove with");
    let reply = done(reset(&stage.house, &UserReset { name: name() }).await);
    assert!(reply.gone.is_empty(), "{:?}", reply.gone);
}

#[tokio::test]
async fn whoever_is_shut_out_stays_so_over_a_reset() {
    let stage = Stage::new(rules()).await;
    disabled(&stage).await;
    let reply = done(reset(&stage.house, &UserReset { name: name() }).await);
    assert!(reply.user.disabled_since.is_some());
}

#[tokio::test]
async fn a_code_that_would_prove_an_address_ends_with_a_reset_and_when_shut_out() {
    for ends in [true, false] {
        let stage = Stage::new(rules()).await;
        let (rules, now) = (stage.house.rules(), stage.house.now());
        let (random, keys) = (stage.house.random.as_ref(), stage.house.keys.as_ref());
        let open = |of: Authenticator| {
            let mut all = stage.house.verifications.lock().unwrap();
            all.begin(&ada(), (of, "ada@example.com"), &rules.codes, &now, random, keys).unwrap().code
        };
        let code = open(Authenticator::Email);
        // Nor does the code of one kind prove the other.
        let finish = |of, code: &pam_2fa_protocol::Secret| {
            stage.house.verifications.lock().unwrap().finish(&ada(), of, code, &rules.codes, &now, keys)
        };
        assert!(finish(Authenticator::Sms, &code).is_err());
        if ends {
            disabled(&stage).await;
        } else {
            done(reset(&stage.house, &UserReset { name: name() }).await);
        }
        assert_eq!(finish(Authenticator::Email, &code), Err(crate::verification::NotVerified::None));
    }
}

#[tokio::test]
async fn of_a_user_without_a_record_nothing_is_done() {
    let stage = Stage::new(rules()).await;
    let eve = || String::from("eve");
    let all = [
        refused(disable(&stage.house, &UserDisable { name: eve() }).await),
        refused(reset(&stage.house, &UserReset { name: eve() }).await),
        refused(unlock(&stage.daemon, &stage.house, &UserUnlock { name: eve() }).await),
    ];
    assert!(all.iter().all(|why| why.starts_with("not found: eve has no record; ")), "{all:?}");
}

#[tokio::test]
async fn wrong_one_time_codes_of_a_user_without_a_record_are_said_where_a_grant_is_made_and_forgiven() {
    use crate::server::admin::passes::{grant, invite};
    use crate::store::{Bucket, ChallengeId, Charge, Charged};
    let stage = Stage::new(rules()).await;
    let eve = UserKey { uid: 1002, name: String::from("eve") };
    let charge_three = async || {
        for _ in 0..3 {
            let charge = Charge {
                user: eve.clone(),
                authenticator: Authenticator::Recovery,
                bucket: Bucket::Stranger,
                challenge: ChallengeId(String::new()),
                limits: stage.house.rules().tries,
                now: stage.house.now(),
            };
            assert!(matches!(stage.house.store.charge_attempt(charge).await, Ok(Charged::Done(_))));
        }
    };
    charge_three().await;
    let wanted = || pam_2fa_protocol::admin::UserGrant {
        name: String::from("eve"),
        for_s: None,
        from: None,
        service: None,
        reason: String::from("ticket 4711"),
    };
    let made = done(grant(&stage.daemon, &stage.house, &wanted()).await);
    assert_eq!(made.notes.len(), 1);
    assert!(made.notes[0].ends_with("it is not heard; pam-2fa user unlock eve"), "{:?}", made.notes);
    let unlocked = done(unlock(&stage.daemon, &stage.house, &UserUnlock { name: String::from("eve") }).await);
    assert_eq!((unlocked.forgotten, unlocked.user.uid, unlocked.user.email), (3, 1002, None));
    let made = done(grant(&stage.daemon, &stage.house, &wanted()).await);
    assert_eq!(made.notes, Vec::<String>::new());
    // An invitation begins with none, and a grant is heard with it.
    charge_three().await;
    let invited = pam_2fa_protocol::admin::UserInvite { name: String::from("eve") };
    assert_eq!(done(invite(&stage.daemon, &stage.house, &invited).await).notes, Vec::<String>::new());
    assert_eq!(done(grant(&stage.daemon, &stage.house, &wanted()).await).notes, Vec::<String>::new());
    assert_eq!(stage.house.store.count_users().await.unwrap(), 1, "no record is made by it");
}

#[test]
fn what_went_is_counted_in_words() {
    let record = UserRecord {
        key: ada(),
        verify: pam_2fa_protocol::admin::Verify::Always,
        email: None,
        email_verified: false,
        phone: Some(String::from("+15550100")),
        phone_verified: true,
        language: None,
        last_login: None,
    };
    let pass = |kind| crate::store::KeptPass {
        id: PassId(String::new()),
        kind,
        user: ada(),
        mac: [0; 32],
        made_s: 0,
        until_s: 0,
        origin: None,
        service: None,
        reason: String::new(),
    };
    let passes = vec![pass(PassKind::Grant), pass(PassKind::Grant), pass(PassKind::Invitation)];
    let methods = Methods { recovery: vec![[0; 32]], passes, ..Methods::default() };
    let said = in_words(&record, &methods, 1).join(", ");
    assert_eq!(said, "phone +15550100, 1 recovery code, 1 open invitation, 2 open grants, 1 remembered device");
}
