//! `io.pam2fa.Self`: what a user sees and changes about oneself (`pam-2fa me`). One connection is one change: [`Change`], then
//! [`crate::login::Answer`] until a [`Step`] says `done`.
//!
//! `varlink/io.pam2fa.Self.varlink` is the reference; the types here are the same things for Rust.

use crate::admin::{LastLogin, Method};
use crate::login::Question;
use crate::service::Service;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The socket's interface.
pub const SERVICE: Service =
    Service { interface: "io.pam2fa.Self", description: include_str!("../varlink/io.pam2fa.Self.varlink") };

/// [`Who`] → [`MineReply`].
pub const SHOW: &str = "io.pam2fa.Self.Show";
/// [`Who`] → [`crate::admin::DeviceReply`], with `more`: one each.
pub const DEVICES: &str = "io.pam2fa.Self.Devices";
/// [`Change`] → [`StepReply`].
pub const CHANGE: &str = "io.pam2fa.Self.Change";
/// [`crate::login::Answer`] → [`StepReply`].
pub const ANSWER: &str = "io.pam2fa.Self.Answer";

/// The error of a caller whose name is not its own.
pub const NOT_PERMITTED: &str = "io.pam2fa.Self.NotPermitted";
/// The error for what was asked and not done: [`crate::admin::Refused`].
pub const REFUSED: &str = "io.pam2fa.Self.Refused";
/// The error of a daemon that has no key, no store or no settings: [`crate::admin::Sealed`].
pub const SEALED: &str = "io.pam2fa.Self.Sealed";

/// The parameters of [`SHOW`] and [`DEVICES`].
#[derive(Debug, Serialize, Deserialize)]
pub struct Who {
    /// The caller's own name.
    pub user: String,
}

/// What a user has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mine {
    /// The canonical name.
    pub name: String,
    /// The uid.
    pub uid: u32,
    /// The address for codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Codes go there.
    #[serde(default)]
    pub email_verified: bool,
    /// The number for codes, E.164.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// Codes go there.
    #[serde(default)]
    pub phone_verified: bool,
    /// An app, since then; RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_since: Option<String>,
    /// Recovery codes that were not used.
    #[serde(default)]
    pub recovery_left: i64,
    /// What is asked for first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefers: Option<Method>,
    /// The language of messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// An administrator's invitation is open.
    #[serde(default)]
    pub invited: bool,
    /// The last login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_login: Option<LastLogin>,
}

/// The reply to [`SHOW`].
#[derive(Debug, Serialize, Deserialize)]
pub struct MineReply {
    /// It.
    pub mine: Mine,
}

/// What may be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The address, in the place of the one before.
    Email,
    /// The number.
    Sms,
    /// The app.
    App,
    /// The recovery codes: all that were there before are worth nothing then.
    Codes,
    /// A device is forgotten.
    Revoke,
}

/// The parameters of [`CHANGE`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The caller's own name.
    pub user: String,
    /// What.
    pub what: What,
    /// The address, the number, or the id of a device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// One step of a change.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Step {
    /// Shown first, a line each.
    #[serde(default)]
    pub tell: Vec<String>,
    /// Then this is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<Question>,
    /// Or this is the end: true where it was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done: Option<bool>,
}

/// What is told may be the key of an app or recovery codes, so none of it is shown.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step")
            .field("tell", &format_args!("{} lines", self.tell.len()))
            .field("ask", &self.ask)
            .field("done", &self.done)
            .finish()
    }
}

/// A reply with a step.
#[derive(Debug, Serialize, Deserialize)]
pub struct StepReply {
    /// It.
    pub step: Step,
}
