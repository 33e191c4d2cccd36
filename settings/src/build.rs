//! From checked keys to typed settings: the defaults, and what keys mean together. It adds findings and takes none away.

use crate::check::{Checked, is_loopback, size_bytes};
use crate::country::{Countries, Region};
use crate::finding::Raw;
use crate::language::Language;
use crate::lifetime::Lifetime;
use crate::mailbox::Mailbox;
use crate::money::Money;
use crate::service::Services;
use crate::settings::{
    Application, Backup, Codes, Email, Level, Limits, Lock, Log, PasswordSetting, Policy, Prompt, Settings,
};
use crate::sms::{check_prices, sms};
use crate::walk::{Found, Group};
use crate::who::{Enrolment, Exemption, Mode, Network, Patterns, Profile};
use pam_2fa_protocol::admin::Required;
use pam_2fa_protocol::courier::Tls;
use std::collections::BTreeMap;

/// PCI DSS 8.3.4: "a minimum of 30 minutes".
const PCI_LOCK: Lifetime = Lifetime::of_seconds(30 * 60);

/// Which sections that send there are.
#[derive(Debug, Clone, Copy)]
struct Channels {
    email: bool,
    sms: bool,
}

/// Builds the settings; they are worth something only if there is no finding.
pub(crate) fn build(mut found: Found, findings: &mut Vec<Raw>) -> (Settings, Vec<Raw>) {
    let mut notes = Vec::new();
    let mut section = |name: &str| found.sections.remove(name).unwrap_or_else(Group::absent);
    let (mut policy, mut trust, mut codes, mut limits, mut log) =
        (section("policy"), section("trust"), section("codes"), section("limits"), section("log"));
    let email = email(&mut found, findings, &mut notes);
    let sms = sms(&mut found, findings, &mut notes);
    let channels = Channels { email: email.is_some(), sms: sms.is_some() };
    let policy = policy.policy(channels, findings, &mut notes);
    let profile = policy.profile;
    let cost_at = limits.at("sms_cost_per_day");
    let limits = limits.limits(profile, findings);
    check_prices(sms.as_ref(), limits.sms_cost_per_day, cost_at, findings);
    let settings = Settings {
        policy,
        email,
        sms,
        trust: trust.trust(profile, findings, &mut notes),
        services: Services::new(found.rules),
        codes: codes.codes(),
        limits,
        log: log.log(),
    };
    (settings, notes)
}

/// Backups by name. A second one of the same name would share the first one's sealed password.
pub(crate) fn named(groups: Vec<Group>, findings: &mut Vec<Raw>) -> Vec<(String, Group)> {
    let mut named: Vec<(String, Group)> = Vec::new();
    for mut group in groups {
        let at = group.at("name");
        if !group.has("name") {
            findings.push(Raw::new(at, group.name, "has no name; add name = \"…\", by which its password is sealed"));
            continue;
        }
        let Some(name) = group.text("name") else { continue };
        if named.iter().any(|(other, _)| *other == name) {
            findings.push(Raw::new(at, group.name, "is the name of another backup; give each its own"));
            continue;
        }
        named.push((name, group));
    }
    named
}

/// `[email]` with its backups.
fn email(found: &mut Found, findings: &mut Vec<Raw>, notes: &mut Vec<Raw>) -> Option<Email> {
    let backups = named(found.backups.remove("email").unwrap_or_default(), findings);
    let mut email = server(&mut found.sections.remove("email")?, findings, notes);
    for (name, mut group) in backups {
        if let (Some(email), Some(backup)) = (&mut email, server(&mut group, findings, notes)) {
            email.backups.push(Backup { name, email: backup });
        }
    }
    email
}

/// `[email]` or a backup.
fn server(group: &mut Group, findings: &mut Vec<Raw>, notes: &mut Vec<Raw>) -> Option<Email> {
    for (name, example) in [("server", "smtp.example.com"), ("from", "Example Corp <security@example.com>")] {
        if !group.has(name) {
            let text = format!("is missing; add {name} = \"{example}\"");
            findings.push(Raw::new(group.at, format!("{}.{name}", group.name), text));
        }
    }
    let tls = match group.text("tls").as_deref() {
        Some("starttls") => Tls::Starttls,
        Some("none") => Tls::None,
        _ => Tls::Implicit,
    };
    let server = group.text("server");
    if tls == Tls::None
        && let Some(server) = &server
        && !is_loopback(server)
    {
        let text = "\"none\" is for this host only (127.0.0.0/8, ::1, localhost): codes and the password would cross a \
                    network readable; write \"implicit\" or \"starttls\"";
        findings.push(Raw::new(group.at("tls"), format!("{}.tls", group.name), text));
    }
    let (user, password) = credentials(group, findings, notes);
    let from = group.mailbox("from")?;
    Some(Email {
        server: server?,
        port: group.number("port", default_port(tls)),
        tls,
        user: password.is_some().then(|| user.unwrap_or_else(|| from.address().as_str().to_owned())),
        from,
        password,
        ca_file: group.text("ca_file"),
        helo: group.text("helo"),
        backups: Vec::new(),
    })
}

fn credentials(
    group: &mut Group,
    findings: &mut Vec<Raw>,
    notes: &mut Vec<Raw>,
) -> (Option<String>, Option<PasswordSetting>) {
    let at = group.at("password");
    if group.has("user") && !group.has("password") {
        let text = "would not be used without a password; add the password, or remove the line";
        findings.push(Raw::new(group.at("user"), format!("{}.user", group.name), text));
    }
    let password = group.password();
    if matches!(password, Some(PasswordSetting::Plain(_))) {
        let text = "this is in plain text: run `pam-2fa config seal`";
        notes.push(Raw::new(at, format!("{}.password", group.name), text));
    }
    (group.text("user"), password)
}

/// RFC 8314 §3.3: 465; RFC 6409 §3.1: 587; RFC 5321 §4.5.4.2: 25.
fn default_port(tls: Tls) -> u16 {
    match tls {
        Tls::Implicit => 465,
        Tls::Starttls => 587,
        Tls::None => 25,
    }
}

impl Group {
    fn absent() -> Self {
        Self { name: String::new(), at: 0, values: BTreeMap::new() }
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.values.contains_key(name)
    }

    /// Where a key's value stands, or the section.
    pub(crate) fn at(&self, name: &str) -> usize {
        self.values.get(name).map_or(self.at, |(at, _)| *at)
    }

    fn take(&mut self, name: &str) -> Option<Checked> {
        self.values.get_mut(name).and_then(|(_, checked)| checked.take())
    }

    pub(crate) fn text(&mut self, name: &str) -> Option<String> {
        if let Some(Checked::Text(text)) = self.take(name) { Some(text) } else { None }
    }

    fn mailbox(&mut self, name: &str) -> Option<Mailbox> {
        if let Some(Checked::Mailbox(mailbox)) = self.take(name) { Some(mailbox) } else { None }
    }

    pub(crate) fn account(&mut self) -> BTreeMap<String, PasswordSetting> {
        if let Some(Checked::Account(account)) = self.take("account") { account } else { BTreeMap::new() }
    }

    fn password(&mut self) -> Option<PasswordSetting> {
        if let Some(Checked::Password(password)) = self.take("password") { Some(password) } else { None }
    }

    /// The table's range is within the type, so the default stands only where there is no number.
    pub(crate) fn number<T: TryFrom<i64>>(&mut self, name: &str, default: T) -> T {
        match self.take(name) {
            Some(Checked::Number(number)) => T::try_from(number).unwrap_or(default),
            _ => default,
        }
    }

    pub(crate) fn lifetime(&mut self, name: &str, default: Lifetime) -> Lifetime {
        if let Some(Checked::Duration(lifetime)) = self.take(name) { lifetime } else { default }
    }

    pub(crate) fn switch(&mut self, name: &str, default: bool) -> bool {
        if let Some(Checked::Switch(on)) = self.take(name) { on } else { default }
    }

    fn policy(&mut self, channels: Channels, findings: &mut Vec<Raw>, notes: &mut Vec<Raw>) -> Policy {
        let required = match self.text("required").as_deref() {
            Some("optional") => Required::Optional,
            Some("mandatory") => Required::Mandatory,
            _ => Required::Disabled,
        };
        if required != Required::Disabled && !(channels.email || channels.sms) {
            let text = "there is neither [email] nor [sms], so no code can be sent and whoever is asked is denied; add [email]";
            notes.push(Raw::new(self.at("required"), "policy.required", text));
        }
        let application = self.text("application").as_deref().and_then(Application::parse);
        if required != Required::Disabled && application.is_none() {
            let text = format!("messages say \"{}\" until this is set", Application::default());
            notes.push(Raw::new(self.at, "policy.application", text));
        }
        Policy {
            required,
            application: application.unwrap_or_default(),
            mode: self.text("mode").as_deref().and_then(Mode::parse).unwrap_or_default(),
            profile: self.profile(required, channels, findings),
            enrolment: match self.text("enrolment").as_deref() {
                Some("administrator") => Enrolment::Administrator,
                Some("at-login") => Enrolment::AtLogin,
                _ => Enrolment::default(),
            },
            grace: self.lifetime("grace", Lifetime::ZERO),
            required_groups: self.list("required_groups"),
            required_services: Patterns(self.list("required_services")),
            exempt_users: self.list("exempt_users").into_iter().map(Exemption::of).collect(),
            exempt_networks: self.list("exempt_networks").iter().filter_map(|text| Network::parse(text)).collect(),
            unique_email: self.switch("unique_email", true),
        }
    }

    /// What the standard forbids is an error: email is no factor by NIST's count.
    fn profile(&mut self, required: Required, channels: Channels, findings: &mut Vec<Raw>) -> Profile {
        let at = self.at("profile");
        match self.text("profile").as_deref() {
            Some("nist-aal2") => {
                if required != Required::Disabled && channels.email {
                    let text = "\"nist-aal2\" forbids codes by email (SP 800-63B-4 §3.1.3.1: email SHALL NOT be an \
                                out-of-band authenticator); take [email] out, or write \"standard\"";
                    findings.push(Raw::new(at, "policy.profile", text));
                }
                Profile::NistAal2
            }
            Some("pci-dss") => Profile::PciDss,
            _ => Profile::Standard,
        }
    }

    /// How many wrong codes there may be, by profile: before an administrator must help, and before the lock.
    ///
    /// PCI DSS 8.3.4: the user ID is locked after 10 attempts at most, for 30 minutes at least. So under "pci-dss" the key is where
    /// that lock begins, in all and from wherever; a hundred in a row disable all the same.
    fn tries(&mut self, profile: Profile, findings: &mut Vec<Raw>) -> (u32, Option<Lock>) {
        let most = Limits::default().tries_before_disabled;
        let (range, default, why) = match profile {
            Profile::PciDss => (1..=10, 10, "PCI DSS 8.3.4 ends at 10, and policy.profile is \"pci-dss\""),
            Profile::Standard | Profile::NistAal2 => {
                (21..=most, most, "SP 800-63B-4 §3.2.2 ends at 100; 20 of them are kept for sources that are known")
            }
        };
        let at = self.at("tries_before_disabled");
        let tries = self.number("tries_before_disabled", default);
        if !range.contains(&tries) {
            let text = format!("{tries} is not between {} and {} ({why})", range.start(), range.end());
            findings.push(Raw::new(at, "limits.tries_before_disabled", text));
        }
        match profile {
            Profile::PciDss => (most, Some(Lock { after: tries, length: PCI_LOCK })),
            Profile::Standard | Profile::NistAal2 => (tries, None),
        }
    }

    fn list(&mut self, name: &str) -> Vec<String> {
        if let Some(Checked::List(list)) = self.take(name) { list } else { Vec::new() }
    }

    fn codes(&mut self) -> Codes {
        let default = Codes::default();
        Codes {
            digits: self.number("digits", default.digits),
            lifetime: self.lifetime("lifetime", default.lifetime),
            attempts: self.number("attempts", default.attempts),
            resend_after: self.lifetime("resend_after", default.resend_after),
            prompt: match self.text("prompt").as_deref() {
                Some("constant") => Prompt::Constant,
                _ => Prompt::Detailed,
            },
            echo: self.switch("echo", default.echo),
            language: self.text("language").and_then(|word| Language::parse(&word).ok()).unwrap_or_default(),
        }
    }

    fn limits(&mut self, profile: Profile, findings: &mut Vec<Raw>) -> Limits {
        let at = self.at("first_wait");
        let default = Limits::default();
        let (tries_before_disabled, lock) = self.tries(profile, findings);
        let limits = Limits {
            sends_per_user_hour: self.number("sends_per_user_hour", default.sends_per_user_hour),
            sends_per_user_day: self.number("sends_per_user_day", default.sends_per_user_day),
            sends_per_source_hour: self.number("sends_per_source_hour", default.sends_per_source_hour),
            sends_per_number_prefix_hour: self
                .number("sends_per_number_prefix_hour", default.sends_per_number_prefix_hour),
            sms_per_day: self.number("sms_per_day", default.sms_per_day),
            sms_cost_per_day: self.text("sms_cost_per_day").as_deref().and_then(Money::parse).unwrap_or_default(),
            sms_countries: Countries::named(self.list("sms_countries").iter().filter_map(|name| Region::parse(name))),
            tries_before_disabled,
            lock,
            first_wait: self.lifetime("first_wait", default.first_wait),
            longest_wait: self.lifetime("longest_wait", default.longest_wait),
        };
        if limits.first_wait > limits.longest_wait {
            let text =
                format!("\"{}\" is longer than limits.longest_wait (\"{}\")", limits.first_wait, limits.longest_wait);
            findings.push(Raw::new(at, "limits.first_wait", text));
        }
        limits
    }

    fn log(&mut self) -> Log {
        let level = match self.text("level").as_deref() {
            Some("error") => Level::Error,
            Some("warn") => Level::Warn,
            Some("debug") => Level::Debug,
            Some("trace") => Level::Trace,
            _ => Level::Info,
        };
        let default = Log::default();
        Log {
            level,
            keep: self.lifetime("keep", default.keep),
            size_bytes: self.text("size").as_deref().and_then(size_bytes).unwrap_or(default.size_bytes),
        }
    }
}
