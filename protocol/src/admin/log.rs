//! `Log`: what was decided about logins.

use crate::login::Verdict;
use serde::{Deserialize, Serialize};

/// The parameters of [`super::LOG`].
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// Decisions about this name alone, as it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// From then on: RFC 3339, or a date (its beginning, UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// From so many seconds ago on; not beside `since`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ago_s: Option<i64>,
    /// Does not end: new decisions follow as they are written. Without `since` and `ago_s`: only those.
    #[serde(default)]
    pub follow: bool,
}

/// One decision about a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// RFC 3339, UTC.
    pub at: String,
    /// The reference that a denial shows.
    pub reference: String,
    /// The user's name as it was asked for.
    pub user: String,
    /// The uid, once resolved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The uid of the process that asked: 0, or the user's own.
    pub peer_uid: u32,
    /// From where: `local`, `unknown`, or an address prefix (`192.0.2.7/32`).
    pub source: String,
    /// The PAM service.
    pub service: String,
    /// Its class: `ssh`, `desktop`, `web`, `elevate`, `other`, `ignore`.
    pub class: String,
    /// What was asked for, or stood for it (`email`); absent where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub factor: Option<String>,
    /// What was said.
    pub verdict: Verdict,
    /// Why, in one word.
    pub reason: String,
    /// The remembered device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The generation of the settings that decided.
    pub generation: i64,
}

/// Wrong first factors of an hour, where a stack has a `decoy` line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decoys {
    /// The hour's beginning: RFC 3339, UTC.
    pub hour: String,
    /// The PAM service.
    pub service: String,
    /// How many.
    pub count: i64,
}

/// Who changed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// root, over `admin.sock`.
    Administrator,
    /// The user, over `self.sock`.
    User,
    /// The user, at a login.
    Login,
}

/// What was changed about a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// RFC 3339, UTC.
    pub at: String,
    /// By whom.
    pub by: By,
    /// Whose.
    pub user: String,
    /// The uid that the record is bound to.
    pub uid: u32,
    /// What was done, in one word: `set`, `granted`, `reset` …
    pub what: String,
    /// What exactly, in words; addresses are masked.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// The replies to [`super::LOG`]: one of these each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogReply {
    /// A decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<Decision>,
    /// A count of decoys; where its hour ends, and none where a user is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decoys: Option<Decoys>,
    /// A change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change: Option<Change>,
    /// Lines that do not match their checksum and were left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub damaged: Option<i64>,
}
