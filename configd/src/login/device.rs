//! What a device is known by (rule 9), and whether a kept one is trusted now. Pure.
//!
//! | class | known by |
//! | --- | --- |
//! | ssh | all public keys that sshd accepted (of a certificate the key inside) and the address prefix; or the prefix alone |
//! | desktop | the seat that the program states, a virtual terminal (seat0), or a serial line |
//! | web | the address prefix, only where configured |
//! | elevate | the audit session of this boot, the real uid, who called, and who is named |
//!
//! Each belongs to one user. An address that is none (empty, a name, with a zone, IPv4 in IPv6, loopback, `0.0.0.0`) is known by
//! nothing, and so is a session that is unset. What a user's own process claims is never an identity (rule 7).

use super::class::Class;
use super::ssh_key;
use crate::clock::{BootId, Moment};
use crate::store::{DeviceKey, Ended, KeptDevice};
use data_encoding::BASE64_NOPAD;
use pam_2fa_protocol::login::Begin;
use pam_2fa_settings::text::printable;
use pam_2fa_settings::{SshIdentity, Trust, WebIdentity};
use sha2::{Digest, Sha256};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A wall that stands further behind the time that was seen before tells nothing about days (fault 7).
const BEHIND_S: i64 = 300;

/// A name inside a label is shown up to so many characters.
const LONGEST_NAME: usize = 32;

/// What the device of a login is known by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// For the store.
    pub key: DeviceKey,
    /// For a person.
    pub label: String,
}

/// How a login stands with trust.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// `[trust]` remembers nothing of this class.
    Off,
    /// The device is known by nothing.
    Nameless,
    /// It was never remembered.
    New,
    /// It was, and that has ended.
    Over(Ended),
    /// It is, but a change of password could not be seen for too long.
    Unseen,
    /// The clock stands behind a time that was seen before.
    Clock,
    /// It is trusted for so many seconds more.
    Trusted {
        /// Seconds.
        left_s: u64,
    },
}

/// What the device of a login is known by. `begin` is a message of root's caller.
#[must_use]
pub fn identity(begin: &Begin, class: Class, trust: &Trust, boot: &BootId) -> Option<Identity> {
    match class {
        Class::Ssh => ssh(begin, trust),
        Class::Desktop => console(begin),
        Class::Web => match trust.web_identity {
            WebIdentity::None => None,
            WebIdentity::Address => {
                let prefix = prefix(begin.remote_host.as_deref()?, trust)?;
                Some(known_by(class, &[prefix.as_bytes()], format!("browser at {prefix}")))
            }
        },
        Class::Elevate => elevation(begin, boot),
        Class::Other | Class::Ignored => None,
    }
}

/// The class in the settings' words; none: nothing of it is ever trusted.
fn settings_class(class: Class) -> Option<pam_2fa_settings::Class> {
    Some(match class {
        Class::Ssh => pam_2fa_settings::Class::Ssh,
        Class::Desktop => pam_2fa_settings::Class::Desktop,
        Class::Web => pam_2fa_settings::Class::Web,
        Class::Elevate => pam_2fa_settings::Class::Elevate,
        Class::Other | Class::Ignored => return None,
    })
}

/// For how long a device of this class is remembered, seconds.
#[must_use]
pub fn lifetime_s(class: Class, trust: &Trust) -> u64 {
    settings_class(class).map_or(0, |class| trust.lifetime(class).seconds())
}

/// For how long one is trusted whose password has this stamp, seconds: shorter where a change of it could not be seen.
#[must_use]
pub fn trusted_s(lifetime_s: u64, stamp: Option<&str>, trust: &Trust) -> u64 {
    if stamp.is_some() { lifetime_s } else { lifetime_s.min(trust.without_stamp.seconds()) }
}

/// What a login and the rules say, for [`standing`].
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The class of the service.
    pub class: Class,
    /// What the device is known by.
    pub identity: Option<&'a Identity>,
    /// The stamp of the password; none where it cannot be seen.
    pub stamp: Option<&'a str>,
    /// `[trust]`.
    pub trust: &'a Trust,
    /// Since which generation policy is what it is.
    pub policy: i64,
    /// Now.
    pub now: &'a Moment,
    /// How far the wall stands behind a time that was seen before, seconds.
    pub behind_s: i64,
}

/// Whether the device that the store kept is trusted.
#[must_use]
pub fn standing(kept: Option<&KeptDevice>, seen: Seen<'_>) -> Standing {
    if lifetime_s(seen.class, seen.trust) == 0 {
        return Standing::Off;
    }
    let Some(identity) = seen.identity else { return Standing::Nameless };
    let Some(kept) = kept.filter(|kept| kept.key == identity.key) else { return Standing::New };
    if let Some(ended) = over(kept, seen.policy, seen.now) {
        return Standing::Over(ended);
    }
    if seen.behind_s > BEHIND_S {
        return Standing::Clock;
    }
    let stamp = match (kept.stamp.as_deref(), seen.stamp) {
        (Some(then), Some(today)) if then != today => return Standing::Over(Ended::Password),
        (then, today) => then.and(today),
    };
    match trusted_s(kept.lifetime_s, stamp, seen.trust).saturating_sub(elapsed_s(kept, seen.now)) {
        0 => Standing::Unseen,
        left_s => Standing::Trusted { left_s },
    }
}

/// Why a kept device is good for nothing any more, by what can be said of it without a login.
#[must_use]
pub fn over(kept: &KeptDevice, policy: i64, now: &Moment) -> Option<Ended> {
    // Given by a clock that ran ahead and was set back since: it would live for as long as that was.
    let from_ahead = kept.given.wall_s.saturating_sub(now.wall_s) > BEHIND_S;
    if kept.ended.is_some() {
        kept.ended
    } else if kept.policy != policy {
        Some(Ended::Policy)
    } else if kept.key.class == Class::Elevate.word() && kept.given.boot != now.boot {
        Some(Ended::Reboot)
    } else if from_ahead || elapsed_s(kept, now) >= kept.lifetime_s {
        Some(Ended::Expired)
    } else {
        None
    }
}

/// Seconds since the code was given, by the wall and by the clock that nobody can set, whichever says more.
fn elapsed_s(kept: &KeptDevice, now: &Moment) -> u64 {
    let by_wall = u64::try_from(now.wall_s.saturating_sub(kept.given.wall_s)).unwrap_or(0);
    let same_boot = kept.given.boot == now.boot;
    let by_boot = if same_boot { now.boot_ms.saturating_sub(kept.given.boot_ms) / 1000 } else { 0 };
    by_wall.max(by_boot)
}

/// A hash over the class and all parts, each with its length, so that nothing can be shifted from one to the next.
fn known_by(class: Class, parts: &[&[u8]], label: String) -> Identity {
    let mut hash = Sha256::new();
    hash.update(b"pam-2fa device 1");
    for part in [class.word().as_bytes()].iter().chain(parts) {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part);
    }
    Identity { key: DeviceKey { class: String::from(class.word()), identity: hash.finalize().into() }, label }
}

fn ssh(begin: &Begin, trust: &Trust) -> Option<Identity> {
    let prefix = prefix(begin.remote_host.as_deref()?, trust)?;
    match trust.ssh_identity {
        SshIdentity::Address => {
            Some(known_by(Class::Ssh, &[b"address", prefix.as_bytes()], format!("address {prefix}")))
        }
        SshIdentity::Key => {
            let keys = ssh_key::fingerprints(begin.auth_info.as_deref()?)?;
            let first = BASE64_NOPAD.encode(keys.first()?);
            let more = match keys.len() {
                0 | 1 => String::new(),
                count => format!(" and {} more", count.saturating_sub(1)),
            };
            let label = format!("key SHA256:{first}{more} from {prefix}");
            let mut parts: Vec<&[u8]> = vec![b"key", prefix.as_bytes()];
            parts.extend(keys.iter().map(<[u8; 32]>::as_slice));
            Some(known_by(Class::Ssh, &parts, label))
        }
    }
}

/// A console of this machine: no remote host, and a seat that is known.
fn console(begin: &Begin) -> Option<Identity> {
    if begin.remote_host.is_some() {
        return None;
    }
    let tty = begin.tty.as_deref().unwrap_or_default();
    let tty = tty.strip_prefix("/dev/").unwrap_or(tty);
    let virtual_terminal = is_numbered(tty, "tty");
    let seat = match begin.seat.as_deref() {
        Some(seat) if is_seat(seat) && (tty.is_empty() || virtual_terminal || is_numbered(tty, ":")) => seat,
        Some(_) => return None,
        // logind has virtual terminals on seat0 alone. An X display by itself says nothing: LightDM states one for a VNC client too.
        None if virtual_terminal => "seat0",
        // A line by itself: whoever sits at its other end is no guest of seat0.
        None if is_serial(tty) => tty,
        None => return None,
    };
    Some(known_by(Class::Desktop, &[seat.as_bytes()], format!("console {seat}")))
}

fn is_numbered(text: &str, prefix: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| (1..=3).contains(&rest.len()) && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_serial(tty: &str) -> bool {
    ["ttyS", "ttyAMA", "ttyUSB", "ttyACM", "hvc", "ttysclp", "xvc"].iter().any(|prefix| is_numbered(tty, prefix))
}

/// A seat's name (sd-login(3)).
fn is_seat(seat: &str) -> bool {
    (5..=64).contains(&seat.len())
        && seat.starts_with("seat")
        && seat.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// sudo and its like: in a session, for who called. sudo names the caller and may have made its real uid 0; su keeps it.
fn elevation(begin: &Begin, boot: &BootId) -> Option<Identity> {
    let (session, real_uid) = (begin.session?, begin.real_uid?);
    let caller = begin.remote_user.as_deref().unwrap_or_default();
    // The kernel counts from 1; who emulates it may give everybody 0.
    if session <= 0 || (real_uid == 0 && caller.is_empty()) {
        return None;
    }
    let (session_text, uid_text) = (session.to_string(), real_uid.to_string());
    let who = if caller.is_empty() { format!("uid {real_uid}") } else { shown(caller) };
    let label = format!("session {session_text}, {who} as {}", shown(&begin.user));
    let parts = [boot.0.as_str(), &session_text, &uid_text, caller, &begin.user].map(str::as_bytes);
    Some(known_by(Class::Elevate, &parts, label))
}

fn shown(text: &str) -> String {
    printable(text).chars().take(LONGEST_NAME).collect()
}

/// `192.0.2.0/24`: the prefix of an address that may be an identity.
fn prefix(remote_host: &str, trust: &Trust) -> Option<String> {
    match remote_host.parse::<IpAddr>().ok()? {
        IpAddr::V4(address) => {
            let nobodys = address.is_unspecified()
                || address.is_loopback()
                || address.is_link_local()
                || address.is_multicast()
                || address.is_broadcast();
            let bits = u32::from(trust.prefix_v4).min(32);
            let mask = u32::MAX.checked_shl(32_u32.saturating_sub(bits)).unwrap_or(0);
            (!nobodys).then(|| format!("{}/{bits}", Ipv4Addr::from_bits(address.to_bits() & mask)))
        }
        IpAddr::V6(address) => {
            let nobodys = address.is_unspecified()
                || address.is_loopback()
                || address.is_unicast_link_local()
                || address.is_multicast()
                || is_shared(address);
            let bits = u32::from(trust.prefix_v6).min(128);
            let mask = u128::MAX.checked_shl(128_u32.saturating_sub(bits)).unwrap_or(0);
            (!nobodys).then(|| format!("{}/{bits}", Ipv6Addr::from_bits(address.to_bits() & mask)))
        }
    }
}

/// Addresses in which others' are wrapped up, so that their prefix is everybody's: IPv4 in IPv6 (RFC 4291 §2.5.5), NAT64 (RFC 6052,
/// RFC 8215), Teredo (RFC 4380).
fn is_shared(address: Ipv6Addr) -> bool {
    matches!(address.segments(), [0, 0, 0, 0, ..] | [0x64, 0xff9b, 0 | 1, ..] | [0x2001, 0, ..])
}

#[cfg(test)]
pub(super) mod tests;
