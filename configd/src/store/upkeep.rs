//! What mends the store as a whole: an older copy of it that is taken as it is, a clock whose mark ran ahead, and another key.

use super::{MetaKey, UserKey};
use crate::clock::Moment;

/// Whether recovery codes outlive what may have happened since a copy was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoveryCodes {
    /// They are gone: one that was used since would be good again.
    End,
    /// They stay: an administrator has said so.
    Stay,
}

/// Seconds of a time step of an app (RFC 6238 §4): all that are enrolled here have it.
pub const STEP_S: i64 = 30;

/// An older copy of the store is taken as it is. What may have been used or ended since ends.
#[derive(Debug, Clone)]
pub struct AcceptCopy {
    /// The store counts on from here.
    pub generation: i64,
    /// The present time step of apps, by the clock as it stands and not by its mark: it and every older one count as used. A mark
    /// that lies years ahead would end every app for years.
    pub step: i64,
    /// What becomes of recovery codes.
    pub recovery: RecoveryCodes,
    /// Now.
    pub now: Moment,
}

/// What ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AcceptedCopy {
    /// Devices that were trusted.
    pub devices: u64,
    /// Challenges that were open.
    pub challenges: u64,
    /// One-time codes of an administrator.
    pub passes: u64,
    /// Apps whose last step was raised.
    pub apps: u64,
    /// Users who had recovery codes, and have none now.
    pub recovery_users: u64,
}

/// The clock's mark goes back to what the clock shows. What was given in a time that has not come ends.
#[derive(Debug, Clone)]
pub struct ResetClock {
    /// The wall as it stands, behind the mark.
    pub wall_s: i64,
    /// The mark until now.
    pub mark_s: i64,
    /// Now, by the new mark.
    pub now: Moment,
}

/// What ended with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClockWasReset {
    /// Devices.
    pub devices: u64,
    /// One-time codes of an administrator.
    pub passes: u64,
    /// Apps whose last used step lay ahead: they have codes again.
    pub apps: u64,
}

/// Seals the key of a user's app anew: whose, the app's id, as it is sealed now. An error: which one does not open, and what to do.
pub type Again = Box<dyn Fn(&UserKey, &str, &str) -> Result<String, String> + Send>;

/// Another key: whatever is sealed in the store is sealed by it, in the commit that says which key the store is of.
pub struct ChangeKey {
    /// What says so, and what else is sealed among the values.
    pub values: Vec<(MetaKey, Vec<u8>)>,
    /// For each app.
    pub again: Again,
    /// In words for the log: which key in the place of which.
    pub said: String,
    /// Now.
    pub now: Moment,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChangedKey {
    /// Apps whose keys were sealed anew.
    pub apps: u64,
    /// Challenges that were open: their codes are kept as MACs of the key before, and are worth nothing any more.
    pub challenges: u64,
}
