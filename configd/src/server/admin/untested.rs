//! An administrator is about to save settings by which somebody must give a code (`mandatory`, or the groups and services that are asked),
//! though no test has shown that it would arrive: that is theirs to decide, and it stands in the log before it is done. It saves nothing, and
//! does not know whether they are saved then.

use super::Answer;
use crate::house::House;
use crate::store::Change;
use pam_2fa_protocol::admin::MandatoryUntested;
use pam_2fa_protocol::wire::Nothing;
use pam_2fa_settings::text::printable;

pub(super) async fn mandatory(house: &House, asked: &MandatoryUntested) -> Result<Nothing, Answer> {
    let by = printable(&asked.by);
    house
        .store
        .note_change(Change::of_the_host(
            house.now().wall_s,
            "mandatory-untested",
            format!("about to be saved without a test, by {by}"),
        ))
        .await?;
    tracing::warn!(%by, "settings that ask for codes are about to be saved without a test");
    Ok(Nothing {})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::admin::stage::{Stage, done};

    #[tokio::test]
    async fn mandatory_without_a_test_stands_in_the_log_with_who_saved_it() {
        let stage = Stage::new(crate::login::world::rules()).await;
        let asked = MandatoryUntested { by: String::from("ada\u{1b}[2J") };
        done(mandatory(stage.house.as_ref(), &asked).await);
        let last = stage.changes().await.pop();
        assert_eq!(last.as_deref(), Some("mandatory-untested: about to be saved without a test, by ada[2J"));
    }
}
