//! Reads `config.toml` and turns it into the rules in force. Never writes it: configd cannot write /etc.
//!
//! The file must be root's, and nobody but root may be able to write it or, since secrets stand in it, others to read it: root's
//! command seals them, but an administrator may have typed one a minute ago.

use crate::limits::{Lock, SendLimits, TextLimits, TryLimits};
use crate::rules::{Codes, MailWay, PromptStyle, Rules, TextWay, Who};
use crate::seal::Keys;
use crate::store::LogLimits;
use crate::straight::open_straight;
use crate::texts::Languages;
use nix::fcntl::OFlag;
use pam_2fa_protocol::Secret;
use pam_2fa_settings::{Accepted, Email, Exemption, Finding, Limits, PasswordSetting, Policy, Prompt, Settings, Sms};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;

/// The file is not there, or not to be believed. Sealed at a cold start; a reload is refused.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is not there.
    #[error("{path}: there is no such file; write one (every key stands in the example that comes with pam-2fa)")]
    Missing {
        /// The file.
        path: String,
    },
    /// It cannot be opened or read.
    #[error("{path}: {why}; it must be a plain file of root:pam-2fa with mode 0640, on a path without symbolic links")]
    Unreadable {
        /// The file.
        path: String,
        /// The kernel's words.
        why: String,
    },
    /// Somebody else owns it.
    #[error("{path}: its owner is uid {uid}, not root; look who wrote it, then chown root:pam-2fa {path}")]
    Owner {
        /// The file.
        path: String,
        /// Its owner.
        uid: u32,
    },
    /// Others can write or read it.
    #[error("{path}: mode {mode:04o} lets others write or read it; look who did, then chmod 0640 {path}")]
    Mode {
        /// The file.
        path: String,
        /// Its mode.
        mode: u32,
    },
    /// Not text of a sensible length.
    #[error("{path}: not UTF-8 text of up to 256 KiB")]
    NotText {
        /// The file.
        path: String,
    },
}

/// The text of the file.
///
/// # Errors
/// [`FileError`].
pub fn read(path: &Path) -> Result<Secret, FileError> {
    let name = || path.display().to_string();
    let mut file = match open_straight(path, OFlag::O_RDONLY | OFlag::O_NONBLOCK) {
        Ok(descriptor) => File::from(descriptor),
        Err(nix::errno::Errno::ENOENT) => return Err(FileError::Missing { path: name() }),
        Err(error) => return Err(FileError::Unreadable { path: name(), why: String::from(error.desc()) }),
    };
    let unreadable = |error: std::io::Error| FileError::Unreadable { path: name(), why: error.to_string() };
    let about = file.metadata().map_err(unreadable)?;
    if !about.is_file() {
        return Err(FileError::Unreadable { path: name(), why: String::from("not a plain file") });
    }
    if about.uid() != 0 {
        return Err(FileError::Owner { path: name(), uid: about.uid() });
    }
    // Write for group and others, and anything for others.
    if about.mode() & 0o027 != 0 {
        return Err(FileError::Mode { path: name(), mode: about.mode() & 0o7777 });
    }
    let most = u64::try_from(pam_2fa_settings::MAX_TEXT).unwrap_or(u64::MAX);
    let mut text = Secret::new(String::new());
    let taken = file.by_ref().take(most.saturating_add(1)).read_to_string(text.expose_mut());
    match taken {
        Ok(count) if u64::try_from(count).unwrap_or(u64::MAX) <= most => Ok(text),
        Ok(_) => Err(FileError::NotText { path: name() }),
        Err(error) if error.kind() == std::io::ErrorKind::InvalidData => Err(FileError::NotText { path: name() }),
        Err(error) => Err(unreadable(error)),
    }
}

/// One line for each finding.
#[must_use]
pub fn lines(path: &Path, findings: &[Finding]) -> Vec<String> {
    findings.iter().map(|finding| format!("{}:{finding}", path.display())).collect()
}

/// The rules that a text says, and the texts of `messages/` beside the file; with notes for the administrator.
///
/// # Errors
/// One line for each thing that is wrong, secrets that cannot be opened among them.
pub fn rules(path: &Path, text: &str, keys: &Keys, generation: i64) -> Result<(Rules, Vec<String>), Vec<String>> {
    let Accepted { settings, notes } = pam_2fa_settings::parse(text).map_err(|findings| lines(path, &findings))?;
    let mut wrong = Vec::new();
    let policy_hash = policy_hash(&settings);
    let email = settings.email.map(|email| mail_ways(email, keys, &mut wrong)).unwrap_or_default();
    let price = settings.sms.as_ref().map_or(0, dearest);
    let sms = settings.sms.map(|sms| text_ways(sms, keys, &mut wrong)).unwrap_or_default();
    if !wrong.is_empty() {
        return Err(wrong.into_iter().map(|line| format!("{}: {line}", path.display())).collect());
    }
    let (languages, problems) =
        Languages::with_folder(&path.with_file_name("messages")).map_err(|damaged| vec![damaged.to_string()])?;
    let codes = settings.codes;
    let limits = settings.limits;
    let rules = Rules {
        profile: settings.policy.profile,
        generation,
        required: settings.policy.required,
        unique_email: settings.policy.unique_email,
        application: String::from(settings.policy.application.as_str()),
        who: who(settings.policy),
        codes: Codes {
            digits: u32::from(codes.digits),
            lifetime_ms: codes.lifetime.seconds().saturating_mul(1000),
            attempts: u32::from(codes.attempts),
            resend_after_s: codes.resend_after.seconds(),
            prompt: match codes.prompt {
                Prompt::Detailed => PromptStyle::Detailed,
                Prompt::Constant => PromptStyle::Constant,
            },
            echo: codes.echo,
            language: codes.language,
        },
        languages: Arc::new(languages),
        tries: TryLimits {
            attempts: u32::from(codes.attempts),
            before_disabled: limits.tries_before_disabled,
            first_wait_s: limits.first_wait.seconds(),
            longest_wait_s: limits.longest_wait.seconds(),
            lock: limits.lock.map(|lock| Lock { after: lock.after, length_s: lock.length.seconds() }),
        },
        sends: send_limits(&limits, price),
        countries: limits.sms_countries,
        services: settings.services,
        trust: settings.trust,
        // The store knows; the house puts it in.
        policy: generation,
        policy_hash,
        email,
        sms,
        level: settings.log.level,
        log: LogLimits {
            keep_s: i64::try_from(settings.log.keep.seconds()).unwrap_or(i64::MAX),
            size_bytes: i64::try_from(settings.log.size_bytes).unwrap_or(i64::MAX),
        },
    };
    let notes = lines(path, &notes).into_iter().chain(problems).collect();
    Ok((rules, notes))
}

/// A hash over all that decides who is asked and what is trusted: what of `[policy]` is no name, mode or delay, `[trust]` and
/// `[services]`. A release that writes them otherwise gives another hash, which ends trust once.
fn policy_hash(settings: &Settings) -> [u8; 32] {
    let Policy {
        required,
        application: _,
        mode: _,
        profile,
        enrolment: _,
        grace: _,
        required_groups,
        required_services,
        exempt_users,
        exempt_networks,
        unique_email: _,
    } = &settings.policy;
    let who = (required, profile, required_groups, required_services, exempt_users, exempt_networks);
    Sha256::digest(format!("{who:?} {:?} {:?}", settings.trust, settings.services)).into()
}

fn send_limits(limits: &Limits, price: u64) -> SendLimits {
    SendLimits {
        per_user_hour: limits.sends_per_user_hour,
        per_user_day: limits.sends_per_user_day,
        per_source_hour: limits.sends_per_source_hour,
        texts: TextLimits {
            per_range_hour: limits.sends_per_number_prefix_hour,
            per_day: limits.sms_per_day,
            cost_per_day: Some(limits.sms_cost_per_day.micros()).filter(|cap| *cap > 0),
            price,
        },
    }
}

/// What a text message costs at most, millionths.
fn dearest(sms: &Sms) -> u64 {
    let backups = sms.backups.iter().map(|backup| &backup.sms);
    let prices = std::iter::once(sms).chain(backups).filter_map(|way| way.price);
    prices.max().map_or(0, |price| price.micros())
}

fn who(policy: Policy) -> Who {
    let (mut exempt_users, mut exempt_groups) = (Vec::new(), Vec::new());
    for exemption in policy.exempt_users {
        match exemption {
            Exemption::User(name) => exempt_users.push(name),
            Exemption::Group(name) => exempt_groups.push(name),
        }
    }
    Who {
        mode: policy.mode,
        enrolment: policy.enrolment,
        required_groups: policy.required_groups,
        required_services: policy.required_services,
        exempt_users,
        exempt_groups,
        exempt_networks: policy.exempt_networks,
        grace_s: policy.grace.seconds(),
        // The store knows; the house puts it in.
        mandatory_since_s: None,
    }
}

fn mail_ways(email: Email, keys: &Keys, wrong: &mut Vec<String>) -> Vec<MailWay> {
    let mut first = email;
    let backups = std::mem::take(&mut first.backups);
    let mut ways = vec![mail_way(String::from("email"), first, keys, wrong)];
    for backup in backups {
        ways.push(mail_way(format!("email.backup.{}", backup.name), backup.email, keys, wrong));
    }
    ways
}

fn mail_way(name: String, email: Email, keys: &Keys, wrong: &mut Vec<String>) -> MailWay {
    let setting = format!("{name}.password");
    if let Some(PasswordSetting::Sealed(sealed)) = &email.password
        && let Err(error) = keys.open_text(&setting, sealed)
    {
        wrong.push(format!("{setting}: {error}"));
    }
    MailWay {
        name,
        server: email.server,
        port: email.port,
        tls: email.tls,
        ca_file: email.ca_file,
        helo: email.helo,
        user: email.user,
        password: email.password,
        from: email.from.to_string(),
    }
}

fn text_ways(sms: Sms, keys: &Keys, wrong: &mut Vec<String>) -> Vec<TextWay> {
    let mut first = sms;
    let backups = std::mem::take(&mut first.backups);
    let mut ways = vec![text_way(String::from("sms"), first, keys, wrong)];
    for backup in backups {
        ways.push(text_way(format!("sms.backup.{}", backup.name), backup.sms, keys, wrong));
    }
    ways
}

fn text_way(name: String, sms: Sms, keys: &Keys, wrong: &mut Vec<String>) -> TextWay {
    for (field, value) in &sms.account {
        let setting = pam_2fa_settings::below(&format!("{name}.account"), field);
        if let PasswordSetting::Sealed(sealed) = value
            && let Err(error) = keys.open_text(&setting, sealed)
        {
            wrong.push(format!("{setting}: {error}"));
        }
    }
    TextWay {
        name,
        provider: sms.provider,
        sender: sms.sender,
        account: sms.account,
        proxy: sms.proxy,
        ca_file: sms.ca_file,
    }
}
