//! The settings in force, as the daemon uses them: parsed, ranged, secrets opened. Made anew at each accepted reload.

use crate::limits::{SendLimits, TryLimits};
use crate::store::LogLimits;
use pam_2fa_protocol::admin::Required;
use pam_2fa_protocol::courier::Tls;
use pam_2fa_settings::{Level, PasswordSetting, Services};

/// All of them.
#[derive(Debug)]
pub struct Rules {
    /// Counts accepted settings; logged beside each decision.
    pub generation: i64,
    /// `policy.required`.
    pub required: Required,
    /// `policy.application`.
    pub application: String,
    /// `[codes]`.
    pub codes: Codes,
    /// Tries of `[limits]`.
    pub tries: TryLimits,
    /// Sends of `[limits]`.
    pub sends: SendLimits,
    /// `[services]`.
    pub services: Services,
    /// `[email]` and its backups, in order; empty: no mail server.
    pub email: Vec<MailWay>,
    /// `log.level`.
    pub level: Level,
    /// `log.keep` and `log.size`.
    pub log: LogLimits,
}

/// `[codes]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codes {
    /// How many digits.
    pub digits: u32,
    /// How long a code lives, milliseconds; at most 10 minutes (SP 800-63B §3.1.3.2).
    pub lifetime_ms: u64,
    /// Tries of one challenge.
    pub attempts: u32,
    /// Seconds until a first resend; doubles.
    pub resend_after_s: u64,
    /// What prompts say.
    pub prompt: PromptStyle,
    /// What is typed may be seen.
    pub echo: bool,
}

/// `codes.prompt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptStyle {
    /// Where the code was sent, how long it is valid, what was wrong.
    Detailed,
    /// One text for everyone, as a decoy shows it.
    Constant,
}

/// A mail server.
#[derive(Debug)]
pub struct MailWay {
    /// `email`, or `email.backup.NAME`.
    pub name: String,
    /// Host name or address.
    pub server: String,
    /// Port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// A private CA.
    pub ca_file: Option<String>,
    /// The name said in EHLO.
    pub helo: Option<String>,
    /// The user of AUTH; none where there is no password.
    pub user: Option<String>,
    /// The password of AUTH as the settings have it: a sealed one is opened for each call of the courier, and not kept open.
    pub password: Option<PasswordSetting>,
    /// `Name <address>` or an address.
    pub from: String,
}
