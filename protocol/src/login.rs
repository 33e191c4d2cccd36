//! `io.pam2fa.Login`: a login, asked for by the PAM module. One connection is one call of the module: [`Begin`], then
//! [`Answer`] until a [`Step`] carries a verdict.
//!
//! `varlink/io.pam2fa.Login.varlink` is the reference; the types here are the same things for Rust.

use crate::secret::Secret;
use crate::service::Service;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The version of this interface that this release speaks, and the oldest it understands.
pub const VERSION: i64 = 1;

/// The socket's interface.
pub const SERVICE: Service =
    Service { interface: "io.pam2fa.Login", description: include_str!("../varlink/io.pam2fa.Login.varlink") };

/// The method that begins a login.
pub const BEGIN: &str = "io.pam2fa.Login.Begin";
/// The method that answers a question.
pub const ANSWER: &str = "io.pam2fa.Login.Answer";
/// The error of a caller that may not ask for this user, or may not ask at all.
pub const NOT_PERMITTED: &str = "io.pam2fa.Login.NotPermitted";
/// The error of a daemon that has no key, no store or no settings, or, for this login, no space to write a try down. The only error after which
/// break-glass may be tried.
pub const SEALED: &str = "io.pam2fa.Login.Sealed";
/// The error where all places are taken. Somebody is there: it is no reason to try break-glass.
pub const BUSY: &str = "io.pam2fa.Login.Busy";
/// The error for a version that the daemon does not speak.
pub const VERSION_NOT_SUPPORTED: &str = "io.pam2fa.Login.VersionNotSupported";

/// What the module knows of a login. Of a caller that is not root only `user` counts, and that must be its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Begin {
    /// [`VERSION`] of the module.
    pub version: i64,
    /// `PAM_USER`, as the host has it.
    pub user: String,
    /// `PAM_SERVICE`.
    pub service: String,
    /// `PAM_TTY`, absent where empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<String>,
    /// `PAM_RHOST`, absent where empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_host: Option<String>,
    /// `PAM_RUSER`, absent where empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_user: Option<String>,
    /// `SSH_AUTH_INFO_0` of the PAM environment: lines `method key`; absent where empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_info: Option<String>,
    /// `getppid()` of the host process. A hint among open challenges, never a reason for a verdict.
    #[serde(default)]
    pub anchor: i64,
    /// The audit session, absent where unset (4294967295).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<i64>,
    /// Hex SHA-256 over the shadow entry, from a host that runs as root.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password_stamp: Option<String>,
    /// The same of `PAM_RUSER`, where there is one: who calls su or sudo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caller_stamp: Option<String>,
    /// `getuid()` of the host process: who called a setuid program as su. sudo may have made it 0 by then, and says `PAM_RUSER`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub real_uid: Option<u32>,
    /// `XDG_SEAT` of the PAM environment, which display managers set; absent where empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seat: Option<String>,
    /// A password was typed before this (`PAM_AUTHTOK`), and the stack went on: the host hands on what is typed.
    #[serde(default)]
    pub password: bool,
    /// The first factor failed: the reply ends in a denial, whatever policy says.
    #[serde(default)]
    pub decoy: bool,
}

/// What was typed.
#[derive(Debug, Serialize, Deserialize)]
pub struct Answer {
    /// As typed, without the newline. It may be a code, a choice, or a password typed into the wrong window: never printed.
    #[serde(serialize_with = "Secret::on_the_wire")]
    pub text: Secret,
}

/// A question to show.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The whole prompt, rendered.
    pub text: String,
    /// What is typed may be seen.
    pub echo: bool,
    /// In the reply to a decoy: how often it is shown, and its answers forgotten; absent: once. Where it is said to a login, an answer
    /// that nobody can have typed, longer than any or the password, counts as an empty one and is no end, as at a decoy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<i64>,
    /// Not shown before so many milliseconds after the call began, or after the answer before it: 150 at most. A denial after its answer
    /// comes no sooner either.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pace_ms: Option<i64>,
}

/// How a login ends. There is no default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The second factor was right, or the device is remembered.
    Allow,
    /// Policy says that this login is no business of ours. Never an error.
    NotSubject,
    /// Wrong, or forbidden.
    Deny,
    /// Cannot be decided now.
    Unavailable,
    /// Too many wrong codes: the host should not ask again.
    MaxTries,
    /// A verdict of a release that we do not know: denied, and logged.
    #[serde(other)]
    Unknown,
}

/// What to do next: show `tell`, then exactly one of `ask` and `verdict`.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Step {
    /// Texts to show first, one line each.
    #[serde(default)]
    pub tell: Vec<String>,
    /// A question whose answer goes into [`Answer`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ask: Option<Question>,
    /// The end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Eight characters that stand in the log beside this login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// What the module hands to `pam_fail_delay` on a denial, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_delay_ms: Option<i64>,
}

/// What is told may be the key of an app or recovery codes, so none of it is shown.
impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Step")
            .field("tell", &format_args!("{} lines", self.tell.len()))
            .field("ask", &self.ask)
            .field("verdict", &self.verdict)
            .field("reference", &self.reference)
            .field("fail_delay_ms", &self.fail_delay_ms)
            .finish()
    }
}

/// The parameters of every reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepReply {
    /// The step.
    pub step: Step,
}

/// The parameters of [`VERSION_NOT_SUPPORTED`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRange {
    /// The oldest version that is understood.
    pub min: i64,
    /// The newest.
    pub max: i64,
}
