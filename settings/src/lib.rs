//! The schema of `config.toml` and of provider files, and the value types that stand in them. For configd, the courier and the command.
//!
//! Text in, typed settings or a list of findings out. The crate does no I/O, reads no clock, knows no user, and never prints a
//! secret. A key is known, checked, and either does what it says or is refused: nothing is accepted and ignored.
//!
//! Read `schema.rs` first: it is the one table of what may stand in `config.toml`. [`provider`] is the other format.

#![forbid(unsafe_code)]

mod address;
mod build;
mod check;
mod country;
mod edit;
mod finding;
mod language;
mod lifetime;
mod mailbox;
#[cfg(test)]
mod man_test;
mod money;
mod nearest;
mod phone;
pub mod provider;
mod schema;
mod sending;
mod service;
mod set;
mod settings;
mod shown;
mod sms;
pub mod text;
mod trust;
mod walk;
mod who;

pub use address::EmailAddress;
pub use country::{Countries, Region};
pub use edit::{EditError, below, check_secret, may_be_secret, plain_secrets, sealed_secrets, with_value};
pub use finding::Finding;
pub use language::{Language, UnknownLanguage};
pub use lifetime::Lifetime;
pub use mailbox::Mailbox;
pub use money::Money;
pub use phone::E164;
pub use sending::{asking, sending};
pub use service::{Class, Factor, Services, ignored};
pub use set::{set, unset, without_section};
pub use settings::{
    Accepted, Application, Backup, Codes, Email, Level, Limits, Lock, Log, PasswordSetting, Policy, Prompt, Settings,
    Sms, SmsBackup,
};
pub use shown::{Said, Shown, shown, shown_anyway};
pub use trust::{SshIdentity, Trust, WebIdentity};
pub use who::{Date, Enrolment, Exemption, Mode, Network, Patterns, Profile};

pub use pam_2fa_protocol::admin::Required;
pub use pam_2fa_protocol::courier::Tls;

/// The longest text of settings in bytes. An administrator's file has a few thousand; what is beyond is a mistake or an attack,
/// and the time to check a text grows with it.
pub const MAX_TEXT: usize = 256 * 1024;

/// Parses and checks the text of `config.toml`.
///
/// # Errors
/// Every error there is, in the order of the text. (A text that is not TOML at all is one finding: what follows it cannot be
/// told.)
pub fn parse(text: &str) -> Result<Accepted, Vec<Finding>> {
    let (found, mut findings) = walk::walk(text)?;
    let (settings, notes) = build::build(found, &mut findings);
    if findings.is_empty() {
        return Ok(Accepted { settings, notes: finding::placed(text, notes) });
    }
    Err(finding::placed(text, findings))
}
