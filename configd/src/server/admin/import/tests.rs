//! Many records at once, by the real store and a host that knows some users.

use super::*;
use crate::login::world::{rules, ssh};
use crate::rules::Rules;
use crate::server::admin::stage::{Stage, ada, done, refused};
use crate::store::Known;
use pam_2fa_protocol::admin::Verify;
use pam_2fa_protocol::login::Verdict;

fn row(line: u64, name: &str, email: &str) -> ImportRow {
    let email = (!email.is_empty()).then(|| String::from(email));
    ImportRow { line, name: String::from(name), verify: None, email, phone: None, language: None }
}

fn asked(rows: Vec<ImportRow>) -> UserImport {
    UserImport { rows, trusted: false, skip_unknown: false, dry_run: false }
}

async fn run(stage: &Stage, asked: UserImport) -> UserImportReply {
    done(import(&stage.daemon, &stage.house, asked).await)
}

fn counts(reply: &UserImportReply) -> (u64, u64, u64, u64) {
    assert_eq!(reply.wrong, []);
    (reply.made, reply.changed, reply.same, reply.unknown)
}

#[tokio::test]
async fn rows_are_written_together_and_the_same_file_again_changes_nothing() {
    let stage = Stage::new(rules()).await;
    let rows = || {
        vec![
            ImportRow { verify: Some(Verify::Always), language: Some(String::from("ja")), ..row(2, "ada", "") },
            ImportRow { phone: Some(String::from("+15550100")), ..row(3, "bob", "b@example.com") },
            row(4, "user7", ""),
        ]
    };
    assert_eq!(counts(&run(&stage, UserImport { dry_run: true, ..asked(rows()) }).await), (2, 1, 0, 0));
    assert_eq!(stage.house.store.count_users().await.unwrap(), 1, "a try keeps nothing");
    assert_eq!(counts(&run(&stage, asked(rows())).await), (2, 1, 0, 0));
    assert_eq!(counts(&run(&stage, asked(rows())).await), (0, 0, 3, 0));
    let Known::Record(ada) = stage.house.store.user(ada()).await.unwrap() else { panic!() };
    // What is empty stays.
    assert_eq!((ada.email.as_deref(), ada.email_verified, ada.verify), (Some("ada@example.com"), true, Verify::Always));
    let key = UserKey { uid: 1001, name: String::from("bob") };
    let bob = || async {
        let Known::Record(record) = stage.house.store.user(key.clone()).await.unwrap() else { panic!() };
        (record.email_verified, record.phone_verified)
    };
    assert_eq!(bob().await, (false, false));
    assert_eq!(counts(&run(&stage, UserImport { trusted: true, ..asked(rows()) }).await), (0, 1, 2, 0));
    assert_eq!(bob().await, (true, true));
}

#[tokio::test]
async fn whose_verified_address_a_file_changes_is_told_once_it_is_written_and_nobody_else() {
    let stage = Stage::new(rules()).await;
    let rows = || vec![row(2, "ada", "new@example.com"), row(3, "bob", "b@example.com")];
    run(&stage, UserImport { dry_run: true, ..asked(rows()) }).await;
    assert_eq!(stage.house.post.notices.count(), 0, "a try");
    run(&stage, asked(rows())).await;
    assert_eq!(stage.house.post.notices.count(), 1, "a first address is nobody's news");
    run(&stage, asked(rows())).await;
    assert_eq!(stage.house.post.notices.count(), 1, "it was so already");
}

#[tokio::test]
async fn every_row_that_is_wrong_is_named_and_none_is_written() {
    let stage = Stage::new(rules()).await;
    let rows = vec![
        row(2, "user1", "1@example.com"),
        row(3, "nobody", ""),
        row(4, "bob", "ADA@example.com"),
        row(5, "eve", "no address"),
        ImportRow { phone: Some(String::from("0155")), ..row(6, "user2", "") },
        ImportRow { language: Some(String::from("kl")), ..row(7, "user3", "") },
    ];
    let reply = run(&stage, asked(rows)).await;
    let said: Vec<String> = reply.wrong.iter().map(|wrong| format!("{} {}", wrong.line, wrong.why)).collect();
    let starts = [
        "3 there is no such user on this host",
        "4 email: ada has this address; one address is one user's",
        "5 email: ",
        "6 phone: ",
        "7 language: ",
    ];
    assert_eq!(said.len(), starts.len(), "{said:#?}");
    assert!(said.iter().zip(starts).all(|(said, start)| said.starts_with(start)), "{said:#?}");
    assert_eq!(stage.house.store.count_users().await.unwrap(), 1);
    assert_eq!(stage.changes().await.len(), 1);
}

#[tokio::test]
async fn users_of_other_hosts_are_left_out_where_that_is_wanted_and_a_look_up_that_fails_is_never_taken_for_that() {
    let stage = Stage::new(rules()).await;
    let skipping = |rows| UserImport { skip_unknown: true, ..asked(rows) };
    let reply = run(&stage, skipping(vec![row(2, "nobody", ""), row(3, "bob", "")])).await;
    assert_eq!(counts(&reply), (1, 0, 0, 1));
    let rows = vec![row(2, "user1", ""), row(3, "broken", ""), row(4, "user2", "")];
    let why = refused(import(&stage.daemon, &stage.house, skipping(rows)).await);
    assert_eq!(why, "line 3: the user cannot be looked up: EIO; try again");
    assert_eq!(stage.house.store.count_users().await.unwrap(), 2);
    let many = (0..=MOST_ROWS).map(|number| row(2, &format!("user{number}"), "")).collect();
    assert!(refused(import(&stage.daemon, &stage.house, asked(many)).await).contains("are the most"));
}

#[tokio::test]
async fn a_name_that_means_another_uid_now_is_not_bound_anew_by_a_file() {
    let stage = Stage::new(rules()).await;
    let old = change(&stage.house, row(2, "bob", "b@example.com"), UserKey { uid: 7, name: String::from("bob") }, true);
    stage.house.store.change_user(old.unwrap()).await.unwrap();
    let reply = run(&stage, asked(vec![row(2, "bob", "eve@example.com")])).await;
    assert!(reply.wrong[0].why.contains("is of uid 7"), "{:?}", reply.wrong);
}

#[tokio::test]
async fn a_shared_address_is_imported_where_the_settings_allow_it() {
    let stage = Stage::new(Rules { unique_email: false, ..rules() }).await;
    let reply = run(&stage, asked(vec![row(2, "bob", "ada@example.com")])).await;
    assert_eq!((counts(&reply), reply.unique_email), ((1, 0, 0, 0), false));
}

#[tokio::test]
async fn an_address_that_is_another_one_ends_what_stands_at_a_prompt_and_one_that_stays_does_not() {
    let stage = Stage::new(rules()).await;
    let mut login = stage.begin(&ssh("ada", "192.0.2.7")).await;
    login.step().await;
    run(&stage, asked(vec![row(2, "ada", "ada@example.com")])).await;
    assert_eq!(stage.house.challenges.lock().unwrap().len(), 1);
    run(&stage, UserImport { trusted: true, ..asked(vec![row(2, "ada", "new@example.com")]) }).await;
    assert!(stage.house.challenges.lock().unwrap().is_empty());
    assert_eq!(login.answer("123456").await.0, Some(Verdict::Deny));
}
