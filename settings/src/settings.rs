//! What `config.toml` says, typed: a field for each key of the schema, and nothing that only looks like a setting.

use crate::country::Countries;
use crate::finding::Finding;
use crate::language::Language;
use crate::lifetime::Lifetime;
use crate::mailbox::Mailbox;
use crate::money::Money;
use crate::service::Services;
use crate::text::is_plain;
use crate::trust::Trust;
use crate::who::{Enrolment, Exemption, Mode, Network, Patterns, Profile};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::Required;
use pam_2fa_protocol::courier::Tls;
use std::collections::BTreeMap;
use std::fmt;

/// Settings without an error.
#[derive(Debug)]
pub struct Accepted {
    /// What they say.
    pub settings: Settings,
    /// What an administrator should change nevertheless, in the order of the text.
    pub notes: Vec<Finding>,
}

/// All of `config.toml`. `default()` is what an empty file says.
#[derive(Debug, Default)]
pub struct Settings {
    /// `[policy]`.
    pub policy: Policy,
    /// `[email]`, where there is one.
    pub email: Option<Email>,
    /// `[sms]`, where there is one.
    pub sms: Option<Sms>,
    /// `[trust]`.
    pub trust: Trust,
    /// `[services]`.
    pub services: Services,
    /// `[codes]`.
    pub codes: Codes,
    /// `[limits]`.
    pub limits: Limits,
    /// `[log]`.
    pub log: Log,
}

/// `[policy]`: who is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Whether anybody is.
    pub required: Required,
    /// The name in every message.
    pub application: Application,
    /// Whether what is decided is done.
    pub mode: Mode,
    /// The standard that was asked for; what it forbids has been refused.
    pub profile: Profile,
    /// How a user without a method gets the first.
    pub enrolment: Enrolment,
    /// Under mandatory: for so long after it was switched on, a user without a method is let in.
    pub grace: Lifetime,
    /// Under optional: members of these groups are asked.
    pub required_groups: Vec<String>,
    /// Under optional: logins through these services are asked.
    pub required_services: Patterns,
    /// Never asked.
    pub exempt_users: Vec<Exemption>,
    /// Never asked over ssh from there.
    pub exempt_networks: Vec<Network>,
    /// One address is one user's.
    pub unique_email: bool,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            required: Required::Disabled,
            application: Application::default(),
            mode: Mode::default(),
            profile: Profile::default(),
            enrolment: Enrolment::default(),
            grace: Lifetime::ZERO,
            required_groups: Vec::new(),
            required_services: Patterns::default(),
            exempt_users: Vec::new(),
            exempt_networks: Vec::new(),
            unique_email: true,
        }
    }
}

/// `policy.application`: 1 to 40 printable characters, so that a text message stays one segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application(String);

impl Application {
    /// Parses a name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=40).contains(&text.chars().count());
        (fits && text.chars().all(is_plain) && text.trim() == text).then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Application {
    fn default() -> Self {
        Self(String::from("Example Corp"))
    }
}

impl fmt::Display for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `[email]`, or one `[[email.backup]]`: a server that takes messages.
#[derive(Debug)]
pub struct Email {
    /// Host name or address.
    pub server: String,
    /// Its port; by `tls` where the file says none.
    pub port: u16,
    /// How the connection is protected; [`Tls::None`] to loopback only.
    pub tls: Tls,
    /// The sender.
    pub from: Mailbox,
    /// The user of AUTH: some exactly where there is a password.
    pub user: Option<String>,
    /// The password of AUTH.
    pub password: Option<PasswordSetting>,
    /// A PEM file of certificates that count beside the system's roots; absolute.
    pub ca_file: Option<String>,
    /// The name said in EHLO; none: this host's.
    pub helo: Option<String>,
    /// Tried in this order when this one does not accept; a backup has none itself.
    pub backups: Vec<Backup>,
}

/// `[[email.backup]]`: a further server, by name.
#[derive(Debug)]
pub struct Backup {
    /// 1 to 32 letters, digits, `-` and `_`; no two have the same.
    pub name: String,
    /// The server.
    pub email: Email,
}

/// `[sms]`, or one `[[sms.backup]]`: a provider that takes text messages.
#[derive(Debug)]
pub struct Sms {
    /// The id of a file in `providers/`.
    pub provider: String,
    /// The number or name that messages come from, where the provider takes one.
    pub sender: Option<String>,
    /// The fields of the account, as the provider's file names them.
    pub account: BTreeMap<String, PasswordSetting>,
    /// What a message costs, in whatever currency `limits.sms_cost_per_day` is.
    pub price: Option<Money>,
    /// An HTTP proxy, `http://HOST:PORT`.
    pub proxy: Option<String>,
    /// A PEM file of certificates that count beside the system's roots; absolute.
    pub ca_file: Option<String>,
    /// Tried in this order when this one does not accept; a backup has none itself.
    pub backups: Vec<SmsBackup>,
}

/// `[[sms.backup]]`: a further provider or account, by name.
#[derive(Debug)]
pub struct SmsBackup {
    /// 1 to 32 letters, digits, `-` and `_`; no two have the same.
    pub name: String,
    /// The provider.
    pub sms: Sms,
}

/// A secret as it stands in the file: a password, a field of an account.
#[derive(Debug)]
pub enum PasswordSetting {
    /// Typed there by an administrator; works, and a note says to seal it.
    Plain(Secret),
    /// `sealed:v1:…`, worth something to configd only, under the setting's own name.
    Sealed(String),
}

/// `[codes]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codes {
    /// 6 to 8.
    pub digits: u8,
    /// How long a code is good: more than nothing, 10 minutes at most.
    pub lifetime: Lifetime,
    /// Tries of a code, 1 to 10.
    pub attempts: u8,
    /// How long until another message may be asked for; doubles.
    pub resend_after: Lifetime,
    /// What a prompt tells.
    pub prompt: Prompt,
    /// Whether the terminal shows the code as it is typed.
    pub echo: bool,
    /// The language of messages to users without one of their own.
    pub language: Language,
}

impl Default for Codes {
    fn default() -> Self {
        Self {
            digits: 6,
            lifetime: Lifetime::of_seconds(600),
            attempts: 3,
            resend_after: Lifetime::of_seconds(30),
            prompt: Prompt::Detailed,
            echo: true,
            language: Language::English,
        }
    }
}

/// `codes.prompt`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Prompt {
    /// Where the code went.
    Detailed,
    /// One text for everyone.
    Constant,
}

/// `[limits]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Messages to one user in an hour.
    pub sends_per_user_hour: u32,
    /// Messages to one user in a day.
    pub sends_per_user_day: u32,
    /// Messages that logins from one source cause in an hour.
    pub sends_per_source_hour: u32,
    /// Text messages to numbers that differ in their last four digits alone, in an hour.
    pub sends_per_number_prefix_hour: u32,
    /// Text messages of this host in a day.
    pub sms_per_day: u32,
    /// What they may cost in a day; nothing: any amount.
    pub sms_cost_per_day: Money,
    /// Where they may go.
    pub sms_countries: Countries,
    /// Wrong tries of one authenticator before it is disabled.
    pub tries_before_disabled: u32,
    /// The wait after too many wrong codes; doubles.
    pub first_wait: Lifetime,
    /// Where the doubling ends.
    pub longest_wait: Lifetime,
    /// What `policy.profile` adds.
    pub lock: Option<Lock>,
}

/// Nobody may try an authenticator of a user for a while, wherever they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    /// After each run of so many wrong tries.
    pub after: u32,
    /// How long.
    pub length: Lifetime,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sends_per_user_hour: 10,
            sends_per_user_day: 40,
            sends_per_source_hour: 20,
            sends_per_number_prefix_hour: 20,
            sms_per_day: 500,
            sms_cost_per_day: Money::ZERO,
            sms_countries: Countries::default(),
            tries_before_disabled: 100,
            first_wait: Lifetime::of_seconds(30),
            longest_wait: Lifetime::of_seconds(3_600),
            lock: None,
        }
    }
}

/// `[log]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// What is written.
    pub level: Level,
    /// How long a decision stays in the log.
    pub keep: Lifetime,
    /// Bytes that the log takes up at most; the oldest decisions go first.
    pub size_bytes: u64,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: Level::Info, keep: Lifetime::of_seconds(400 * 86_400), size_bytes: 200_000_000 }
    }
}

/// `log.level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// What does not work.
    Error,
    /// And what an administrator should see to.
    Warn,
    /// And every login.
    Info,
    /// And why it was decided so.
    Debug,
    /// And each step.
    Trace,
}
