//! The settings in force, as the daemon uses them: parsed, ranged, secrets still sealed. Made anew at each accepted reload.

use crate::clock::Moment;
use crate::limits::{SendLimits, TryLimits};
use crate::store::LogLimits;
use crate::texts::{Languages, Texts};
use pam_2fa_protocol::admin::Required;
use pam_2fa_protocol::courier::Tls;
use pam_2fa_settings::{
    Countries, Enrolment, Language, Level, Mode, Network, PasswordSetting, Patterns, Profile, Services, Trust,
};
use std::collections::BTreeMap;
use std::sync::Arc;

/// All of them.
#[derive(Debug)]
pub struct Rules {
    /// Counts accepted settings; logged beside each decision.
    pub generation: i64,
    /// `policy.required`.
    pub required: Required,
    /// The rest of `[policy]`: who, from where, since when.
    pub who: Who,
    /// `policy.application`.
    pub application: String,
    /// `policy.unique_email`: one address is one user's.
    pub unique_email: bool,
    /// `[codes]`.
    pub codes: Codes,
    /// What a person reads: the texts of all languages, with the administrator's own.
    pub languages: Arc<Languages>,
    /// Tries of `[limits]`.
    pub tries: TryLimits,
    /// Sends of `[limits]`.
    pub sends: SendLimits,
    /// `limits.sms_countries`.
    pub countries: Countries,
    /// `[services]`.
    pub services: Services,
    /// `[trust]`.
    pub trust: Trust,
    /// The generation since which policy is what it is: trust that was given before has ended. The store knows; the house puts it in.
    pub policy: i64,
    /// A hash over what policy is: `[policy]` but the name in messages, the mode and the grace, `[trust]` and `[services]`.
    pub policy_hash: [u8; 32],
    /// `[email]` and its backups, in order; empty: no mail server.
    pub email: Vec<MailWay>,
    /// `[sms]` and its backups, in order; empty: no provider of text messages.
    pub sms: Vec<TextWay>,
    /// `policy.profile`.
    pub profile: Profile,
    /// `log.level`.
    pub level: Level,
    /// `log.keep` and `log.size`.
    pub log: LogLimits,
}

impl Rules {
    /// The texts of messages to somebody whose record says this language; without one, `codes.language`.
    #[must_use]
    pub fn letters(&self, language: Option<&str>) -> &Texts {
        let own = language.and_then(|word| Language::parse(word).ok());
        self.languages.letters(own.unwrap_or(self.codes.language))
    }
}

/// Who is asked beyond `policy.required`, and who is not. `default()` says nothing about anybody.
#[derive(Debug, Clone, Default)]
pub struct Who {
    /// `policy.mode`.
    pub mode: Mode,
    /// `policy.required_groups`, by NSS.
    pub required_groups: Vec<String>,
    /// `policy.required_services`.
    pub required_services: Patterns,
    /// Names of `policy.exempt_users`.
    pub exempt_users: Vec<String>,
    /// Groups of `policy.exempt_users`, of `/etc/group` alone.
    pub exempt_groups: Vec<String>,
    /// `policy.exempt_networks`.
    pub exempt_networks: Vec<Network>,
    /// `policy.enrolment`.
    pub enrolment: Enrolment,
    /// `policy.grace`, seconds.
    pub grace_s: u64,
    /// When mandatory was switched on, seconds since 1970; none where it is not.
    pub mandatory_since_s: Option<i64>,
}

impl Who {
    /// Whether what is decided is only written down at `now`. The clock never goes back, so what is enforced once stays so.
    #[must_use]
    pub fn only_reports(&self, now: &Moment) -> bool {
        match self.mode {
            Mode::Enforce => false,
            Mode::ReportUntil(date) => now.wall_s < date.end_s(),
        }
    }

    /// When the grace ends that runs at `now`, seconds since 1970; `None`: none runs.
    #[must_use]
    pub fn grace_until_s(&self, now: &Moment) -> Option<i64> {
        let length_s = i64::try_from(self.grace_s).unwrap_or(i64::MAX);
        let until_s = self.mandatory_since_s?.saturating_add(length_s);
        (now.wall_s < until_s).then_some(until_s)
    }
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
    /// The language of users who have none of their own.
    pub language: Language,
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

/// A provider of text messages.
#[derive(Debug)]
pub struct TextWay {
    /// `sms`, or `sms.backup.NAME`.
    pub name: String,
    /// The id of a provider's file, which the courier reads.
    pub provider: String,
    /// The number or name that messages come from.
    pub sender: Option<String>,
    /// The fields of the account as the settings have them: sealed ones are opened for each call of the courier, and not kept open.
    pub account: BTreeMap<String, PasswordSetting>,
    /// An HTTP proxy.
    pub proxy: Option<String>,
    /// A private CA.
    pub ca_file: Option<String>,
}
