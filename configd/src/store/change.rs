//! What an administrator changes about users, and the log of changes: what was done, by whom. A line of it is written in the commit of
//! the change itself, so that there is none without the other. Never a code, a key, or an address that codes go to but masked.

use super::{UserKey, UserRecord};
use crate::clock::Moment;
pub use pam_2fa_protocol::admin::By;
use pam_2fa_protocol::admin::{Method, Verify};

/// What a change does where the name has a record under another uid: the account was deleted and made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldRecord {
    /// It stays, and nothing is changed.
    Refuses,
    /// It goes, with its known sources, tries and challenges, and nothing of it is taken over: for an administrator alone.
    Goes,
}

/// A change of a record. Absent fields stay.
#[derive(Debug, Clone)]
pub struct UserChange {
    /// Whose; made where there is none.
    pub key: UserKey,
    /// When the user is asked. A new record: [`Verify::NewDevice`].
    pub verify: Option<Verify>,
    /// `Some(None)` takes it away. A changed address is unverified unless `trusted`, and its open challenges end.
    pub email: Option<Option<String>>,
    /// The same.
    pub phone: Option<Option<String>>,
    /// The same.
    pub language: Option<Option<String>>,
    /// The addresses in this change (or, with none in it, those of the record) count as verified.
    pub trusted: bool,
    /// What is asked for first: a method that the user has once the rest is changed. `Some(None)`: none before the others.
    pub prefers: Option<Option<Method>>,
    /// An address that is another user's is refused.
    pub unique: bool,
    /// Of the same name under another uid.
    pub old_record: OldRecord,
    /// Who changes it, for the log of changes.
    pub by: By,
    /// Now.
    pub now: Moment,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// The record as it is now.
    Done(Box<UserRecord>),
    /// The record as it was made, in the place of one of the same name under another uid ([`OldRecord::Goes`]).
    Rebound {
        /// The uid of the record that went.
        from_uid: u32,
        /// The new one.
        record: Box<UserRecord>,
    },
    /// The email (compared without regard to case) is in use by this other user, of another uid.
    EmailInUse(UserKey),
    /// The user has no such method to prefer.
    NoSuchMethod(Method),
    /// The name has a record under another uid ([`OldRecord::Refuses`]).
    NameOfAnother {
        /// That uid.
        uid: u32,
    },
}

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

impl Change {
    /// What an administrator does to the host, and to no user of it.
    #[must_use]
    pub fn of_the_host(at_s: i64, what: &str, detail: String) -> Self {
        let user = UserKey { uid: 0, name: String::from("*") };
        Self { at_s, by: By::Administrator, user, what: what.to_owned(), detail }
    }
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

/// A record before a change of it and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turned {
    /// As it was.
    pub before: UserRecord,
    /// As it is.
    pub after: UserRecord,
}

/// What became of one of them, or would have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Imported {
    /// A record was made, or made anew.
    Made,
    /// A record was changed.
    Changed(Box<Turned>),
    /// It was so already.
    Same,
    /// It is refused, and so nothing of the import was kept.
    Refused(Changed),
}
