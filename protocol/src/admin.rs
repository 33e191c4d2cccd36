//! `io.pam2fa.Admin`: what an administrator (uid 0) asks of configd; the commands of `pam-2fa(8)`, a method a verb.
//!
//! `varlink/io.pam2fa.Admin.varlink` is the reference; the types here are the same things for Rust.

use crate::secret::Secret;
use crate::service::Service;
use serde::{Deserialize, Serialize};

mod account;
mod break_glass;
mod coded;
mod device;
mod exemption;
mod import;
mod log;
mod message;
mod pass;
mod secret;
mod status;
mod upkeep;

pub use account::{Preference, UserDisable, UserReset, UserResetReply, UserUnlock, UserUnlockReply};
pub use break_glass::{BreakGlassChange, BreakGlassChanged};
pub use coded::{Coded, CodedLogin, CodedLoginReply};
pub use device::{Device, DeviceList, DeviceReply, DeviceRevoke, DeviceRevokeReply};
pub use exemption::{ExemptionChange, ExemptionChanged};
pub use import::{ImportRow, MOST_ROWS, UserImport, UserImportReply, WrongRow};
pub use log::{By, Change, Decision, Decoys, Log, LogReply};
pub use message::{
    EmailReachReply, MandatoryUntested, Reached, TestEmail, TestSms, Tested, TestedReply, UserVerifyBegin,
    UserVerifyFinish, VerifySent,
};
pub use pass::{OneTimeCode, Pass, PassKind, UserGrant, UserInvite};
pub use secret::{OpenSecret, OpenSecretReply};
pub use status::{
    ChannelHealth, ClockHealth, KeyHealth, Problem, Required, State, Status, StatusReply, StoreHealth, Texts,
};
pub use upkeep::{
    Backup, BackupAbout, BackupReply, ClockReply, GenerationReply, KeyExportReply, KeyImport, KeyImportReply, KeyPlace,
    KeyReply, KeyReseal, PIECE, Restore, RestoreAccept, RestoreAcceptReply, RestorePut, RestorePutReply, RestoreReply,
};

/// The socket's interface.
pub const SERVICE: Service =
    Service { interface: "io.pam2fa.Admin", description: include_str!("../varlink/io.pam2fa.Admin.varlink") };

/// `() -> (user: ?User)`, with `more`: [`UserReply`] each.
pub const USER_LIST: &str = "io.pam2fa.Admin.UserList";
/// [`UserShow`] → [`UserReply`].
pub const USER_SHOW: &str = "io.pam2fa.Admin.UserShow";
/// [`UserSet`] → [`UserSetReply`].
pub const USER_SET: &str = "io.pam2fa.Admin.UserSet";
/// [`UserUnlock`] → [`UserUnlockReply`].
pub const USER_UNLOCK: &str = "io.pam2fa.Admin.UserUnlock";
/// [`UserDisable`] → [`UserReply`].
pub const USER_DISABLE: &str = "io.pam2fa.Admin.UserDisable";
/// [`UserReset`] → [`UserResetReply`].
pub const USER_RESET: &str = "io.pam2fa.Admin.UserReset";
/// [`UserInvite`] → [`OneTimeCode`].
pub const USER_INVITE: &str = "io.pam2fa.Admin.UserInvite";
/// [`UserGrant`] → [`OneTimeCode`].
pub const USER_GRANT: &str = "io.pam2fa.Admin.UserGrant";
/// [`UserImport`] → [`UserImportReply`].
pub const USER_IMPORT: &str = "io.pam2fa.Admin.UserImport";
/// [`UserVerifyBegin`] → [`VerifySent`].
pub const USER_VERIFY_BEGIN: &str = "io.pam2fa.Admin.UserVerifyBegin";
/// [`UserVerifyFinish`] → [`UserReply`].
pub const USER_VERIFY_FINISH: &str = "io.pam2fa.Admin.UserVerifyFinish";
/// [`TestEmail`] → [`crate::courier::Sent`].
pub const TEST_EMAIL: &str = "io.pam2fa.Admin.TestEmail";
/// [`TestSms`] → [`crate::courier::Sent`].
pub const TEST_SMS: &str = "io.pam2fa.Admin.TestSms";
/// [`Tested`] → [`TestedReply`].
pub const TESTED: &str = "io.pam2fa.Admin.Tested";
/// [`MandatoryUntested`] → `()`.
pub const MANDATORY_UNTESTED: &str = "io.pam2fa.Admin.MandatoryUntested";
/// `()` → [`EmailReachReply`].
pub const EMAIL_REACH: &str = "io.pam2fa.Admin.EmailReach";
/// [`Seal`] → [`SealReply`].
pub const SEAL: &str = "io.pam2fa.Admin.Seal";
/// [`OpenSecret`] → [`OpenSecretReply`].
pub const OPEN_SECRET: &str = "io.pam2fa.Admin.OpenSecret";
/// `()` → [`ReloadReply`].
pub const RELOAD: &str = "io.pam2fa.Admin.Reload";
/// [`Explain`] → [`ExplainReply`].
pub const EXPLAIN: &str = "io.pam2fa.Admin.Explain";
/// [`DeviceList`] → [`DeviceReply`], with `more`: one each.
pub const DEVICE_LIST: &str = "io.pam2fa.Admin.DeviceList";
/// [`DeviceRevoke`] → [`DeviceRevokeReply`]; with `more`, which several devices want, one each.
pub const DEVICE_REVOKE: &str = "io.pam2fa.Admin.DeviceRevoke";
/// `()` → [`StatusReply`].
pub const STATUS: &str = "io.pam2fa.Admin.Status";
/// [`Log`] → [`LogReply`] each, only with `more`; the last one has nothing in it but perhaps `damaged`.
pub const LOG: &str = "io.pam2fa.Admin.Log";
/// [`ExemptionChanged`] → `()`.
pub const EXEMPTION_CHANGED: &str = "io.pam2fa.Admin.ExemptionChanged";
/// [`BreakGlassChanged`] → `()`.
pub const BREAK_GLASS_CHANGED: &str = "io.pam2fa.Admin.BreakGlassChanged";
/// [`CodedLogin`] → [`CodedLoginReply`].
pub const CODED_LOGIN: &str = "io.pam2fa.Admin.CodedLogin";
/// `()` → [`GenerationReply`].
pub const GENERATION: &str = "io.pam2fa.Admin.Generation";
/// `()` → [`ClockReply`].
pub const CLOCK_STATUS: &str = "io.pam2fa.Admin.ClockStatus";
/// `()` → [`ClockReply`].
pub const CLOCK_RESET: &str = "io.pam2fa.Admin.ClockReset";
/// `()` → [`KeyReply`].
pub const KEY_STATUS: &str = "io.pam2fa.Admin.KeyStatus";
/// `()` → [`KeyReply`].
pub const KEY_ROTATE: &str = "io.pam2fa.Admin.KeyRotate";
/// [`KeyReseal`] → [`SealReply`].
pub const KEY_RESEAL: &str = "io.pam2fa.Admin.KeyReseal";
/// `()` → [`KeyReply`].
pub const KEY_FORGET: &str = "io.pam2fa.Admin.KeyForget";
/// `()` → [`KeyExportReply`].
pub const KEY_EXPORT: &str = "io.pam2fa.Admin.KeyExport";
/// [`KeyImport`] → [`KeyImportReply`].
pub const KEY_IMPORT: &str = "io.pam2fa.Admin.KeyImport";
/// [`RestoreAccept`] → [`RestoreAcceptReply`].
pub const RESTORE_ACCEPT: &str = "io.pam2fa.Admin.RestoreAccept";
/// [`Backup`] → [`BackupReply`] each, only with `more`: what it is first, then the store piece by piece; the last has nothing in it.
pub const BACKUP: &str = "io.pam2fa.Admin.Backup";
/// [`RestorePut`] → [`RestorePutReply`].
pub const RESTORE_PUT: &str = "io.pam2fa.Admin.RestorePut";
/// [`Restore`] → [`RestoreReply`].
pub const RESTORE: &str = "io.pam2fa.Admin.Restore";

/// The error of a caller that is not root.
pub const NOT_PERMITTED: &str = "io.pam2fa.Admin.NotPermitted";
/// The error for a user or thing that is not there: [`NotFound`].
pub const NOT_FOUND: &str = "io.pam2fa.Admin.NotFound";
/// The error for what was asked and not done: [`Refused`].
pub const REFUSED: &str = "io.pam2fa.Admin.Refused";
/// The error of a daemon that has no key, no store or no settings: [`Sealed`].
pub const SEALED: &str = "io.pam2fa.Admin.Sealed";

/// When a user is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verify {
    /// Not asked (under `mandatory` this counts as [`Verify::NewDevice`]).
    Never,
    /// Asked where the device is not remembered.
    NewDevice,
    /// Asked at every login.
    Always,
}

/// A way to reach a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Email.
    Email,
    /// A text message.
    Sms,
}

/// A way of verifying that a user may prefer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// A code by email.
    Email,
    /// A code by text message.
    Sms,
    /// A code of an authenticator app.
    App,
}

/// A user's last login that was allowed by a second factor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastLogin {
    /// RFC 3339, UTC.
    pub at: String,
    /// The PAM service.
    pub service: String,
    /// The address, absent for a console.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The device as a person reads it: `key SHA256:…`, `console seat0`; absent where it was known by nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
}

/// A user's record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The canonical name.
    pub name: String,
    /// The uid that the record is bound to.
    pub uid: u32,
    /// When the user is asked.
    pub verify: Verify,
    /// The address for codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// A code sent there was given back, or an administrator vouched for it.
    #[serde(default)]
    pub email_verified: bool,
    /// The number for codes, E.164.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// A code sent there was given back, or an administrator vouched for it.
    #[serde(default)]
    pub phone_verified: bool,
    /// The language of messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The last login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_login: Option<LastLogin>,
    /// Why the user cannot answer now, in words: wrong codes, until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locked: Option<String>,
    /// RFC 3339, UTC: since when there is an authenticator app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_since: Option<String>,
    /// Recovery codes that were not used yet.
    #[serde(default)]
    pub recovery_codes: u32,
    /// What is asked for first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefers: Option<Method>,
    /// One-time codes of an administrator that are open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passes: Vec<Pass>,
    /// RFC 3339, UTC: since when an administrator has shut the user out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_since: Option<String>,
}

/// The parameters of [`USER_SHOW`].
#[derive(Debug, Serialize, Deserialize)]
pub struct UserShow {
    /// The user's name.
    pub name: String,
}

/// A reply with a user; none only where a list is empty.
#[derive(Debug, Serialize, Deserialize)]
pub struct UserReply {
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<User>,
}

/// The parameters of [`USER_SET`]. Absent fields stay as they are; an empty email or phone takes it away.
#[derive(Debug, Serialize, Deserialize)]
pub struct UserSet {
    /// The user's name.
    pub name: String,
    /// When the user is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<Verify>,
    /// The address for codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The number for codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The language of messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What is asked for first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefers: Option<Preference>,
    /// The address counts as verified without a code; the log says so.
    #[serde(default)]
    pub trusted: bool,
}

/// The reply to [`USER_SET`].
#[derive(Debug, Serialize, Deserialize)]
pub struct UserSetReply {
    /// The record as it is now.
    pub user: User,
    /// What the administrator should know, one line each.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// The parameters of [`SEAL`].
#[derive(Debug, Serialize, Deserialize)]
pub struct Seal {
    /// The dotted name of a setting that may be secret: `email.password`, `email.backup.NAME.password`.
    pub key: String,
    /// The secret.
    #[serde(serialize_with = "Secret::on_the_wire")]
    pub value: Secret,
}

/// The reply to [`SEAL`].
#[derive(Debug, Serialize, Deserialize)]
pub struct SealReply {
    /// `sealed:v1:…`, worth something under that name only.
    pub sealed: String,
}

/// The reply to [`RELOAD`].
#[derive(Debug, Serialize, Deserialize)]
pub struct ReloadReply {
    /// Counts up with each accepted change.
    pub generation: i64,
    /// What the administrator should know, one line each.
    #[serde(default)]
    pub notes: Vec<String>,
}

/// The parameters of [`EXPLAIN`]: a login that might come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explain {
    /// The user's name.
    pub user: String,
    /// The PAM service.
    pub service: String,
    /// The remote address, as the host program would state it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The terminal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tty: Option<String>,
    /// The ssh key that would be presented, as `SSH_AUTH_INFO_0` has it: `publickey ssh-ed25519 AAAA…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_info: Option<String>,
}

/// What a login is told at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Foreseen {
    /// No business of ours: let by.
    NotSubject,
    /// A code is asked for.
    Ask,
    /// Let in without a code: the device is remembered.
    Trusted,
    /// Denied.
    Deny,
    /// Denied: it cannot be decided.
    Unavailable,
    /// Denied for now: too many wrong codes.
    MaxTries,
}

/// A rule of policy that was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookedAt {
    /// Its name.
    pub rule: String,
    /// It applied.
    pub decides: bool,
    /// Why it did, or did not, in words.
    pub why: String,
}

/// The reply to [`EXPLAIN`]. Nothing was sent, charged or kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainReply {
    /// What the login would be told.
    pub decision: Foreseen,
    /// Why, in the word that the log would have.
    pub reason: String,
    /// More about it: an error's own text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The uid, once the user was looked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The class of the service.
    pub class: String,
    /// The source that tries and challenges belong to.
    pub source: String,
    /// The rules in their order, up to the one that decided.
    #[serde(default)]
    pub rules: Vec<LookedAt>,
    /// What would be sent, in words; absent where no code is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// How tries stand, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tries: Option<String>,
    /// The generation of the settings that decided.
    pub generation: i64,
}

/// The parameters of [`NOT_FOUND`].
#[derive(Debug, Serialize, Deserialize)]
pub struct NotFound {
    /// What is not there, in words.
    pub what: String,
}

/// The parameters of [`REFUSED`].
#[derive(Debug, Serialize, Deserialize)]
pub struct Refused {
    /// One line each: what, where, what to do.
    pub reasons: Vec<String>,
}

/// The parameters of [`SEALED`].
#[derive(Debug, Serialize, Deserialize)]
pub struct Sealed {
    /// What, where, what to do.
    pub reason: String,
}
