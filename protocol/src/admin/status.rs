//! `Status`: what is on, what is unhealthy, since when.

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
    /// The other side's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error_at: Option<String>,
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
}

/// The text messages of the last 86,400 s, against `[limits]`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    /// How many.
    pub sent: i64,
    /// `limits.sms_per_day`.
    pub limit: i64,
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

/// The reply to [`STATUS`].
#[derive(Debug, Serialize, Deserialize)]
pub struct StatusReply {
    /// The status.
    pub status: Status,
}
