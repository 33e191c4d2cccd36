//! What a test of settings that are not saved yet leaves behind: a line in the log where a kept secret goes elsewhere, and which settings
//! have passed.

use super::{Answer, done};
use crate::delivery::Carried;
use crate::house::House;
use crate::rules::Rules;
use crate::store::Change;
use crate::trial::{self, Way};
use crate::wire_io::Connection;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::courier::{Class, Sent};
use pam_2fa_protocol::frame::Frame;
use pam_2fa_protocol::wire::{Continues, encode_reply};
use pam_2fa_settings::text::printable;
use std::sync::Arc;

/// The rules in force, or those of the settings that are to be tried.
pub(super) fn to_send_by(house: &House, settings: Option<&Secret>) -> Result<Arc<Rules>, Answer> {
    trial::rules(house, settings.map(|text| text.expose().as_str())).map_err(Answer::Refused)
}

/// A kept secret that is tried at another server than it is for stands in the log before it goes there.
pub(super) async fn say_elsewhere(house: &House, way: Way, rules: &Rules, by: Option<&str>) -> Result<(), Answer> {
    let by = printable(by.unwrap_or("somebody who did not say")).into_owned();
    for what in trial::elsewhere(house, way, rules).map_err(Answer::refused)? {
        house
            .store
            .note_change(Change::of_the_host(
                house.now().wall_s,
                "secret-tried",
                format!("{}, by {by}", printable(&what)),
            ))
            .await?;
        tracing::warn!(what, %by, "a kept secret is tried elsewhere");
    }
    Ok(())
}

/// The answer to a test. One that the first way has accepted is kept, for who saves the settings that it went by; one that only a backup
/// took says nothing of the first, and that is said. The message has gone: what fails after that is not its outcome.
pub(super) async fn has_ended(
    house: &House,
    (way, rules): (Way, &Rules),
    carried: Carried,
    more: bool,
    connection: &mut Connection,
) -> Result<Frame, Answer> {
    let Carried { outcome, by } = carried;
    if outcome.class == Class::Accepted {
        let (first, by) = (way.first(rules).unwrap_or_default(), by.unwrap_or_default());
        if by == first {
            if let Err(why) = trial::passed(house, way, rules).await {
                tracing::warn!(why, "a test has passed, and that could not be kept");
            }
        } else if more {
            let step = format!("accepted by {by}: that is no test of {first}");
            connection.write(&encode_reply(&Sent { step: Some(step), outcome: None }, Continues::Yes)?).await?;
        }
    }
    done(&Sent { step: None, outcome: Some(outcome) })
}

#[cfg(test)]
mod tests;
