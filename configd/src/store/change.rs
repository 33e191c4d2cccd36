//! The log of changes: what was done about a user, by whom. Written in the commit of the change itself, so that there is none without
//! the other. Never a code, a key, or an address that codes go to but masked.

use super::{Changed, UserChange, UserKey};
pub use pam_2fa_protocol::admin::By;

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// When, seconds since 1970, as [`crate::clock::Moment`] has it.
    pub at_s: i64,
    /// By whom.
    pub by: By,
    /// Whose.
    pub user: UserKey,
    /// What was done, in one word of ours.
    pub what: String,
    /// What exactly, in words.
    pub detail: String,
}

/// A part of the log that is asked for, as [`super::LogAsk`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeAsk {
    /// Begins behind this row; 0: at the oldest.
    pub after: i64,
    /// Changes of this name alone.
    pub user: Option<String>,
    /// Changes from then on, seconds since 1970.
    pub since_s: i64,
}

/// What a read gave, in the order in which it was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangePage {
    /// The changes that are wanted.
    pub changes: Vec<Change>,
    /// Rows that do not match their checksum, and so are left out.
    pub damaged: u32,
    /// Where the next read begins.
    pub after: i64,
    /// There is nothing behind it yet.
    pub is_end: bool,
}

/// Changes of many records, in one commit: all of them or, where one is refused, none.
#[derive(Debug, Clone)]
pub struct Import {
    /// In their order; a later one sees the ones before.
    pub changes: Vec<UserChange>,
    /// What is done where none is refused.
    pub then: Then,
}

/// See [`Import`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Then {
    /// They are kept.
    Keep,
    /// Nothing is kept: it was a try.
    Undo,
}

/// What became of one of them, or would have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// A record was made, or made anew.
    Made,
    /// A record was changed.
    Changed,
    /// It was so already.
    Same,
    /// It is refused, and so nothing of the import was kept.
    Refused(Changed),
}
