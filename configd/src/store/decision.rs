//! The log of decisions: what a line of it says, how much is kept, how it is read. Never a code, an answer or an address that
//! codes go to.

use pam_2fa_protocol::login::Verdict;

/// One decision (GUARANTEES S21): who, from where, for what, by what, what was said, why, under which settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// When, seconds since 1970, as [`crate::clock::Moment`] has it.
    pub at_s: i64,
    /// The reference that a denial shows.
    pub reference: String,
    /// The user's name as it was asked for, stripped.
    pub user: String,
    /// The uid, once resolved.
    pub uid: Option<u32>,
    /// The uid of the process that asked, from the kernel.
    pub peer_uid: u32,
    /// From where: `local`, `unknown`, or an address prefix.
    pub source: String,
    /// The PAM service, stripped.
    pub service: String,
    /// Its class.
    pub class: String,
    /// What was asked for, or stood for it; none where nothing was.
    pub factor: Option<String>,
    /// What was said.
    pub verdict: Verdict,
    /// Why, in one word of ours.
    pub reason: String,
    /// The remembered device.
    pub device: Option<String>,
    /// The generation of the settings that decided.
    pub generation: i64,
}

/// How much of the log is kept (`[log]`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLimits {
    /// Seconds.
    pub keep_s: i64,
    /// Bytes, as the rows take them up.
    pub size_bytes: i64,
}

impl Default for LogLimits {
    /// Those of the settings, until they are read.
    fn default() -> Self {
        Self { keep_s: 400 * 86_400, size_bytes: 200_000_000 }
    }
}

/// A part of the log that is asked for. A read looks at so many rows at most, whether they are wanted or not, so that it is
/// short: a login's own read waits for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogAsk {
    /// Begins behind this row; 0: at the oldest.
    pub after: i64,
    /// Decisions about this name alone, as it was asked for.
    pub user: Option<String>,
    /// Decisions from then on, seconds since 1970.
    pub since_s: i64,
}

/// What a read gave, in the order in which it was decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogPage {
    /// The decisions that are wanted.
    pub decisions: Vec<Decision>,
    /// Rows that do not match their checksum, and so are left out.
    pub damaged: u32,
    /// Where the next read begins.
    pub after: i64,
    /// There is nothing behind it yet.
    pub is_end: bool,
}

/// Wrong first factors of an hour, as the decoy lines of a stack tell them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decoys {
    /// The hour's beginning, seconds since 1970.
    pub hour_s: i64,
    /// The PAM service, stripped.
    pub service: String,
    /// How many.
    pub count: u64,
}

/// How the writing of the log goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogState {
    /// Something waits to be written.
    pub waits: bool,
    /// Why it could not be written, in words for an administrator.
    pub fault: Option<String>,
}
