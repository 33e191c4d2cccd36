//! What became of break-glass codes, written down. They are made, read and marked without configd: they are for when it is gone.

use super::{Answer, house};
use crate::daemon::Daemon;
use crate::store::{By, Change, UserKey};
use pam_2fa_protocol::admin::{BreakGlassChange, BreakGlassChanged};
use pam_2fa_protocol::wire::Nothing;
use pam_2fa_settings::text::printable;

/// The most ids that a line of the log names.
const MOST: usize = 64;

/// The journal has it in any case; the log where there is one, else it is said that it has not.
pub(super) async fn changed(daemon: &Daemon, told: BreakGlassChanged) -> Result<Nothing, Answer> {
    // Whoever sent it is root, but what stood in the file may be anybody's.
    let shown = |text: &Option<String>| text.as_deref().map(|text| printable(text).into_owned());
    let ids = told.ids.iter().take(MOST).map(|id| printable(id).into_owned()).collect::<Vec<_>>().join(" ");
    let (user, uid) = (printable(&told.user).into_owned(), told.uid);
    let (until, reason, at, by) = (shown(&told.until), shown(&told.reason), shown(&told.at), shown(&told.by));
    let said = match told.change {
        BreakGlassChange::Used => "a break-glass code let somebody in while no code could be checked",
        BreakGlassChange::Made => "break-glass codes were made",
        BreakGlassChange::Revoked => "break-glass codes were revoked",
    };
    let log = || tracing::warn!(codes = ids, user, uid, until, at, reason, by, "{said}");
    let house = match (house(daemon), told.change) {
        // It is told again until there is a log, and the system's has had it since it happened.
        (Err(sealed), BreakGlassChange::Used) => return Err(sealed),
        (house, _) => {
            log();
            house?
        }
    };
    let parts = [
        until.as_ref().map(|until| format!("until {until}")),
        at.as_ref().map(|at| format!("at {at} or before")),
        reason.clone(),
        by.as_ref().map(|by| format!("by {by}")),
    ];
    let detail = parts.into_iter().flatten().fold(ids, |all, part| format!("{all}; {part}"));
    let by = match told.change {
        BreakGlassChange::Used => By::Login,
        BreakGlassChange::Made | BreakGlassChange::Revoked => By::Administrator,
    };
    let what = String::from(told.change.word());
    house
        .store
        .note_change(Change { at_s: house.now().wall_s, by, user: UserKey { uid, name: user }, what, detail })
        .await?;
    Ok(Nothing {})
}
