//! What was used while configd was gone, told to it by the next command of root's.

use super::file::{Folder, look};
use super::{Place, revoked, tell};
use crate::error::Error;
use crate::exempt::rfc3339;
use crate::lock::Patience;
use crate::screen::Screen;
use pam_2fa_protocol::admin::{BreakGlassChange, BreakGlassChanged};
use pam_2fa_protocol::break_glass::{FILE, State};

/// What was used since configd was told last.
pub(crate) struct Written {
    /// `K7Q2M9XD of root`.
    told: Vec<String>,
    failed: Option<Error>,
}

/// Has what was used stand in configd's log. What it could not be told stays to be told.
pub(crate) fn write_down(place: &Place<'_>) -> Written {
    let mut written = Written { told: Vec::new(), failed: None };
    // Where there is no such file, and that is the rule, nothing is locked.
    if place.config.with_file_name(FILE).symlink_metadata().is_err() {
        return written;
    }
    // Another command that has it does the same. The module is held up by none of this: the file itself is locked for a write of a byte.
    let Ok(folder) = Folder::lock(place.config, Patience::None) else { return written };
    let Ok(seen) = look(place.config) else { return written };
    let at = rfc3339(seen.written_s);
    for record in seen.records().0.iter().filter(|record| record.state == State::Used) {
        let used =
            BreakGlassChanged { change: BreakGlassChange::Used, at: Some(at.clone()), by: None, ..revoked(record) };
        match tell(place, &used).and_then(|()| folder.mark_noted(record.id)) {
            Ok(()) => written.told.push(format!("{} of {}, used at {at} or before", record.id, record.name)),
            Err(error) => {
                written.failed = Some(error);
                break;
            }
        }
    }
    written
}

/// Says what was used, where errors go: whoever gives an order on such a host wants to know it.
pub(crate) fn say(written: Written, screen: &mut Screen<'_>) -> Result<(), Error> {
    for told in &written.told {
        screen.note(&format!("break-glass code {told}; it stands in configd's log now, and the journal has when"))?;
    }
    match &written.failed {
        Some(error) => screen.note(&format!("a break-glass code was used, and configd could not be told: {error}")),
        None => Ok(()),
    }
}
