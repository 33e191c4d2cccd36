//! `Status`: what is on, what is unhealthy, since when. Root is told all of it over `admin.sock`, members of `pam-2fa-status` what
//! names nobody over `status.sock`.

use super::KeyPlace;
use crate::courier::{Class, Reason};
use crate::sandbox::Sandbox;
use serde::{Deserialize, Serialize};

/// What configd can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// All is well.
    Running,
    /// It works, with something that an administrator must see to.
    Degraded,
    /// It denies everyone.
    Sealed,
}

/// `policy.required`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Required {
    /// Nobody is asked.
    Disabled,
    /// By user.
    Optional,
    /// Everyone is asked.
    Mandatory,
}

/// The health of one way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelHealth {
    /// `email`, `email.backup.NAME`.
    pub name: String,
    /// It has settings.
    pub configured: bool,
    /// `smtp.example.com:465`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_success: Option<String>,
    /// The other side's own words. They stay after a success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error_at: Option<String>,
    /// What kind of error that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error_class: Option<Class>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error_reason: Option<Reason>,
    /// RFC 3339, UTC: the first error after the last success; absent: the last try was taken, or there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<String>,
    /// RFC 3339, UTC: it is not asked before then (`waits_for_others` absent or false), or only after all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_until: Option<String>,
    /// Until `held_until` it is asked where no other takes the message.
    #[serde(default)]
    pub waits_for_others: bool,
    /// Tries that were taken since configd started.
    #[serde(default)]
    pub accepted: i64,
    /// Tries that failed by the way's own fault since configd started.
    #[serde(default)]
    pub failed: i64,
}

/// One thing that is unhealthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind of thing it is, in one word that stays the same: `channel`, `clock`, `sealed` …
    pub kind: String,
    /// RFC 3339, UTC: since when; of what begins unseen, when it was first seen.
    pub since: String,
    /// One line: what, where, what to do.
    pub text: String,
}

/// The store's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoreHealth {
    /// What they take, bytes.
    pub size: i64,
    /// What is free for them on their disk, bytes.
    pub free: i64,
    /// RFC 3339, UTC: when all of it was found whole (each table with its indexes), which is at each opening.
    pub whole_at: String,
}

/// The key's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyHealth {
    /// Which of the two.
    pub place: KeyPlace,
    /// The file; absent for those whom it does not concern.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// The clock against the latest time that was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClockHealth {
    /// RFC 3339, UTC: the host's clock.
    pub wall: String,
    /// Seconds by which it stands behind.
    #[serde(default)]
    pub behind_s: i64,
    /// Seconds by which it stands so far ahead that it is not believed yet.
    #[serde(default)]
    pub leap_s: i64,
}

/// What is on, what is unhealthy, since when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// configd's version.
    pub version: String,
    /// What it can do.
    pub state: State,
    /// RFC 3339, UTC: when it started.
    pub since: String,
    /// RFC 3339, UTC: since when it denies everyone, while it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed_since: Option<String>,
    /// One line each: what, where, what to do.
    #[serde(default)]
    pub problems: Vec<String>,
    /// The same with its kind, and since when.
    #[serde(default)]
    pub unhealthy: Vec<Problem>,
    /// `policy.required`, absent while sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required: Option<Required>,
    /// `policy.application`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// Counts up with each accepted change of the settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// How far the store is: [`GenerationReply`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store_generation: Option<i64>,
    /// How far it was seen to be, in the file beside the settings; absent where there is no such file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_generation: Option<i64>,
    /// The id of the key in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// How many users have a record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub users: Option<i64>,
    /// The ways out.
    #[serde(default)]
    pub channels: Vec<ChannelHealth>,
    /// Text messages, where they are configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub texts: Option<Texts>,
    /// The store's files, absent while sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<StoreHealth>,
    /// The key's place, absent while sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<KeyHealth>,
    /// The clock, absent while sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockHealth>,
    /// What each daemon sees of its own confinement: configd, and the courier where it answers.
    #[serde(default)]
    pub sandboxes: Vec<Sandbox>,
}

/// The text messages of the last 86,400 s, against `[limits]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    /// How many.
    pub sent: i64,
    /// `limits.sms_per_day`.
    pub limit: i64,
    /// How many of these all may have; the rest is for known sources alone. Absent from releases before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit_for_all: Option<i64>,
    /// RFC 3339, UTC: until when nothing more leaves, or nothing but for known sources (`withheld_but_known`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withheld_until: Option<String>,
    /// Known sources still get theirs.
    #[serde(default)]
    pub withheld_but_known: bool,
    /// What they cost, where there is a cap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<String>,
    /// `limits.sms_cost_per_day`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_limit: Option<String>,
    /// Where they go.
    #[serde(default)]
    pub countries: Vec<String>,
}

/// The reply to [`super::STATUS`] and [`crate::status::STATUS`].
#[derive(Debug, Serialize, Deserialize)]
pub struct StatusReply {
    /// The status.
    pub status: Status,
}
