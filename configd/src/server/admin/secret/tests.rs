//! A secret that is looked at opens under its own name only, and the log has it first.

use super::*;
use crate::random::KernelRandom;
use crate::server::admin::stage::{Stage, done, refused};

fn asked(key: &str, sealed: Option<&str>) -> OpenSecret {
    OpenSecret { key: String::from(key), sealed: sealed.map(String::from), by: String::from("ada\u{1b}[2J") }
}

async fn looks(stage: &Stage) -> Vec<String> {
    let changes = stage.changes().await.into_iter();
    changes.filter(|line| line.starts_with("secret-shown")).collect()
}

#[tokio::test]
async fn a_secret_that_an_administrator_looks_at_opens_under_its_own_name_and_the_log_has_who_looked() {
    let stage = Stage::new(crate::login::world::rules()).await;
    let house = stage.house.as_ref();
    let sealed = house.keys.seal(&KernelRandom, "email.password", b"hunter2").unwrap();
    let opened = done(open(house, &asked("email.password", Some(&sealed))).await);
    assert_eq!(opened.value.unwrap().expose(), "hunter2");
    assert_eq!(looks(&stage).await, ["secret-shown: email.password, to ada[2J"]);
    assert!(done(open(house, &asked("sms.account", None)).await).value.is_none());
    assert_eq!(looks(&stage).await.len(), 2, "what stands in plain text is looked at, too");
    for (key, sealed) in
        [("email.backup.b.password", sealed.as_str()), ("email.password", "sealed:v1:x"), ("codes.digits", &sealed)]
    {
        let why = refused(open(house, &asked(key, Some(sealed))).await);
        assert!(!why.contains("hunter2"), "{why}");
    }
    assert_eq!(looks(&stage).await.len(), 2, "nothing was shown");
}
