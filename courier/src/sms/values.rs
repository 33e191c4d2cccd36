//! The values of one message: what stands for each placeholder of a provider file.

use super::account::Account;
use super::failure::Failure;
use super::gsm::is_gsm;
use jiff::Timestamp;
use pam_2fa_protocol::courier::{Send, Text};
use pam_2fa_settings::E164;
use pam_2fa_settings::provider::{Empty, Part, Provider, Source, Template};
use sha2::{Digest, Sha256};
use std::time::{Duration, SystemTime};
use zeroize::Zeroizing;

/// The longest life that a provider is told; Kannel 1.4.5 takes a message of a century for one that is over.
const LONGEST_LIFE: Duration = Duration::from_secs(86_400);

/// The longest that a login code lives.
const LONGEST_CODE: Duration = Duration::from_secs(600);

/// A filled template.
pub type Filled = Zeroizing<String>;

/// The values of one message.
pub struct Values<'a> {
    provider: &'a Provider,
    text: &'a Text,
    account: Account,
    expires_at: &'a str,
    /// The same, since 1970.
    expires: Duration,
    /// What the code lives yet.
    life: Duration,
    /// Of the message's id: the same for every try.
    digest: [u8; 32],
}

impl<'a> Values<'a> {
    /// The values of `text`, which is `send`'s, for `provider`.
    ///
    /// # Errors
    /// [`Failure`] for a message that cannot be right, and for an account that the provider's file does not describe.
    pub fn new(
        provider: &'a Provider,
        send: &'a Send,
        text: &'a Text,
        account: Account,
        now: SystemTime,
    ) -> Result<Self, Failure> {
        let number = E164::parse(&text.to).map_err(|error| Failure::Message(error.to_string()))?;
        if !provider.country_codes.is_empty() && provider.country_codes.iter().all(|code| code != number.country_code())
        {
            let codes = provider.country_codes.join(", +");
            return Err(Failure::NotForIt(format!("{} sends to numbers of +{codes} alone", provider.name)));
        }
        let length = text.text.expose().chars().count();
        if let Some(most) = provider.max_text.filter(|most| length > *most) {
            return Err(Failure::Message(format!(
                "the text has {length} characters, and {} takes {most}",
                provider.name
            )));
        }
        let expires = since_1970(&send.expires_at)
            .ok_or_else(|| Failure::Message(String::from("expires_at is not a time of RFC 3339 in UTC")))?;
        let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let life = expires.saturating_sub(now).clamp(Duration::from_secs(1), LONGEST_LIFE);
        let digest = Sha256::digest(format!("pam-2fa text message\0{}", send.id)).into();
        Ok(Self { provider, text, account, expires_at: &send.expires_at, expires, life, digest })
    }

    /// What the code lives yet: a second to a day.
    #[must_use]
    pub fn life(&self) -> Duration {
        self.life
    }

    /// A template with its values; `None`: its key is left out.
    ///
    /// # Errors
    /// [`Failure::Setting`] for a sender that is needed and not set.
    pub fn fill(&self, template: &Template) -> Result<Option<Filled>, Failure> {
        let mut filled = Zeroizing::new(String::new());
        for part in template.parts() {
            match part {
                Part::Literal(text) => filled.push_str(text),
                Part::Value(source) => {
                    let value = self.of(source);
                    let is_sender = matches!(source, Source::Sender | Source::SenderDigits);
                    if value.is_empty() && is_sender && template.empty() == Empty::Stays {
                        let why = format!("is missing, and {} wants one", self.provider.name);
                        return Err(Failure::setting("sender", why));
                    }
                    filled.push_str(&value);
                }
            }
        }
        Ok((!filled.is_empty() || template.empty() == Empty::Stays).then_some(filled))
    }

    /// The value of one placeholder; empty where there is none.
    #[must_use]
    pub fn of(&self, source: &Source) -> Filled {
        let sender = self.text.sender.as_deref().or(self.account.sender.as_ref().map(|sender| sender.as_str()));
        let sender = sender.unwrap_or_default();
        let digits = |number: &str| number.trim_start_matches('+').to_owned();
        Zeroizing::new(match source {
            Source::To => self.text.to.clone(),
            Source::ToDigits => digits(&self.text.to),
            Source::ToNational => self.national(),
            Source::Sender => sender.to_owned(),
            Source::SenderDigits => digits(sender),
            Source::Text => self.text.text.expose().clone(),
            Source::Code => self.text.code.expose().clone(),
            Source::Ttl => self.life.as_secs().to_string(),
            Source::TtlMs => self.life.as_millis().to_string(),
            Source::TtlMin => self.life.as_secs().div_ceil(60).to_string(),
            Source::Expiry => self.expires_at.to_owned(),
            Source::ExpiryUnix => self.expires.as_secs().to_string(),
            Source::Begun => self.begun(),
            Source::Uuid => self.uuid(),
            Source::U31 => self.u31().to_string(),
            Source::Account(key) => return self.account(key),
            Source::Encoding(gsm, ucs2) => if is_gsm(self.text.text.expose()) { gsm } else { ucs2 }.clone(),
            Source::SenderKind(..) if sender.is_empty() => String::new(),
            Source::SenderKind(name, number) => if is_number(sender) { number } else { name }.clone(),
        })
    }

    fn account(&self, key: &str) -> Filled {
        let given = self.account.get(key);
        let default = || self.provider.account.iter().find(|field| field.key == key)?.default.as_deref();
        Zeroizing::new(given.or_else(default).unwrap_or_default().to_owned())
    }

    fn national(&self) -> String {
        let behind = E164::parse(&self.text.to).ok();
        let behind = behind.as_ref().and_then(|to| to.as_str().get(to.country_code().len().saturating_add(1)..));
        behind.unwrap_or_default().to_owned()
    }

    /// By when the code ends, which is the same at every try; no code lives longer than that.
    fn begun(&self) -> String {
        let begun = self.expires.saturating_sub(LONGEST_CODE).as_secs();
        let begun = Timestamp::from_second(i64::try_from(begun).unwrap_or_default()).unwrap_or(Timestamp::UNIX_EPOCH);
        begun.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    /// RFC 9562 §5.8: version 8, whose bits are ours; here, those of the id's digest.
    fn uuid(&self) -> String {
        let mut bytes = [0_u8; 16];
        for (to, from) in bytes.iter_mut().zip(self.digest) {
            *to = from;
        }
        let number = u128::from_be_bytes(bytes) & !(0xf << 76) & !(0x3 << 62) | 0x8 << 76 | 0x2 << 62;
        let hex = format!("{number:032x}");
        let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
        format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
    }

    fn u31(&self) -> u32 {
        let mut bytes = [0_u8; 4];
        for (to, from) in bytes.iter_mut().zip(self.digest.into_iter().skip(16)) {
            *to = from;
        }
        u32::from_be_bytes(bytes) & 0x7fff_ffff
    }
}

fn is_number(sender: &str) -> bool {
    let digits = sender.trim_start_matches('+');
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// `2026-11-24T12:10:00Z`, as configd writes it and in no other spelling, since 1970.
fn since_1970(text: &str) -> Option<Duration> {
    let time: Timestamp = text.parse().ok()?;
    let is_configds = time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string() == text;
    u64::try_from(time.as_second()).ok().filter(|_| is_configds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_rfc_3339_is_the_seconds_since_1970() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2026-11-24T12:10:00Z", 1_795_522_200),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
        ] {
            assert_eq!(since_1970(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for text in [
            "",
            "2026-11-24 12:10:00Z",
            "2026-11-24T12:10:00+01:00",
            "2026-11-24T12:10:00.5Z",
            "2026-13-01T00:00:00Z",
            "+026-11-24T12:10:00Z",
            "1969-12-31T23:59:59Z",
        ] {
            assert_eq!(since_1970(text), None, "{text}");
        }
    }
}
