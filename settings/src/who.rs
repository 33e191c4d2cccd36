//! The values of `[policy]` that say who is asked: users and groups, networks, services, and the day until which nobody is.
//! Pure: it looks no user up and reads no clock.

use crate::service::is_match;
use std::net::IpAddr;

/// `policy.mode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// What is decided is done.
    #[default]
    Enforce,
    /// Until the end of this day (UTC) what is decided is only written down, and everyone is let in.
    ReportUntil(Date),
}

impl Mode {
    /// Parses `enforce` or `report until YYYY-MM-DD`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text == "enforce" {
            return Some(Self::Enforce);
        }
        text.strip_prefix("report until ").and_then(Date::parse).map(Self::ReportUntil)
    }
}

/// A day of the Gregorian calendar, 2000-01-01 to 9999-12-31.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Date {
    /// Days from 1970-01-01.
    day: i64,
}

impl Date {
    /// Parses `YYYY-MM-DD`; a day that no calendar has is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut part = |digits: usize| -> Option<i64> {
            let part = parts.next().filter(|part| part.len() == digits)?;
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?
        };
        let (year, month, day) = (part(4)?, part(2)?, part(2)?);
        if parts.next().is_some() || year < 2000 || !(1..=12).contains(&month) {
            return None;
        }
        (1..=days_in(year, month)).contains(&day).then(|| Self { day: days_before(year, month) + day - 1 })
    }

    /// The second of 1970 at which the day is over, UTC.
    #[must_use]
    pub fn end_s(self) -> i64 {
        (self.day + 1) * 86_400
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to the first of this month.
fn days_before(year: i64, month: i64) -> i64 {
    let past = year - 1;
    let before_year = past * 365 + past / 4 - past / 100 + past / 400 - 719_162;
    before_year + (1..month).map(|earlier| days_in(year, earlier)).sum::<i64>()
}

/// `policy.profile`: the standard whose bans are errors here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Profile {
    /// None.
    #[default]
    Standard,
    /// NIST SP 800-63B-4, AAL2.
    NistAal2,
    /// PCI DSS 4.0.1, 8.3.4.
    PciDss,
}

/// `policy.enrolment`: how a user without a method gets the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Enrolment {
    /// An administrator registers it.
    Administrator,
    /// By a one-time code of an administrator, or at a local console.
    #[default]
    Invited,
    /// Whoever knows the password.
    AtLogin,
}

/// A member of `policy.exempt_users`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exemption {
    /// A user, by canonical name.
    User(String),
    /// The members that `/etc/group` lists for a group.
    Group(String),
}

impl Exemption {
    /// `@group`, or else a user.
    pub(crate) fn of(text: String) -> Self {
        match text.strip_prefix('@') {
            Some(group) => Self::Group(group.to_owned()),
            None => Self::User(text),
        }
    }
}

/// Patterns for service names; the same wildcards as in `[services]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Patterns(pub(crate) Vec<String>);

impl Patterns {
    /// As they are written.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether one of them fits.
    #[must_use]
    pub fn fit(&self, service: &str) -> bool {
        self.0.iter().any(|pattern| is_match(pattern, service))
    }
}

/// A network in CIDR notation. `192.0.2.7` in IPv6's clothes (`::ffff:192.0.2.7`) is compared as what it is by who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u32,
}

impl Network {
    /// Parses `ADDRESS/BITS`, whose other bits are 0.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        if bits.is_empty() || bits.len() > 3 || !bits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let bits = bits.parse::<u32>().ok()?;
        let address: IpAddr = address.parse().ok()?;
        let rest = match address {
            IpAddr::V4(v4) if bits <= 32 => u128::from(v4.to_bits().checked_shl(bits).unwrap_or_default()),
            IpAddr::V6(v6) if bits <= 128 => v6.to_bits().checked_shl(bits).unwrap_or_default(),
            IpAddr::V4(_) | IpAddr::V6(_) => return None,
        };
        (rest == 0).then_some(Self { address, bits })
    }

    /// Whether `other` is in it.
    #[must_use]
    pub fn contains(&self, other: IpAddr) -> bool {
        let differ = match (self.address, other) {
            // The bits that must be alike, moved to the low end; none of them: all are alike.
            (IpAddr::V4(ours), IpAddr::V4(other)) => {
                let differ = ours.to_bits() ^ other.to_bits();
                u128::from(differ.checked_shr(32_u32.saturating_sub(self.bits)).unwrap_or_default())
            }
            (IpAddr::V6(ours), IpAddr::V6(other)) => {
                let differ = ours.to_bits() ^ other.to_bits();
                differ.checked_shr(128_u32.saturating_sub(self.bits)).unwrap_or_default()
            }
            (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
        };
        differ == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_where_the_calendar_says() {
        for (text, end_s) in [
            ("2000-01-01", 946_771_200),
            ("2026-11-24", 1_795_564_800),
            ("2028-02-29", 1_835_481_600),
            ("2026-12-31", 1_798_761_600),
            ("9999-12-31", 253_402_300_800),
        ] {
            assert_eq!(Mode::parse(&format!("report until {text}")), Date::parse(text).map(Mode::ReportUntil));
            assert_eq!(Date::parse(text).map(Date::end_s), Some(end_s), "{text}");
        }
        for text in ["2026-02-29", "2100-02-29", "2026-04-31", "2026-00-01", "2026-13-01", "1999-12-31", "2026-1-01"] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
        for text in ["2026-01-01-01", "+026-01-01", "2026-01", "", "20260101"] {
            assert_eq!(Date::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_network_holds_its_addresses_and_no_others() {
        let holds = |network: &str, address: &str| Network::parse(network).unwrap().contains(address.parse().unwrap());
        assert!(holds("192.0.2.0/24", "192.0.2.255") && !holds("192.0.2.0/24", "192.0.3.0"));
        assert!(holds("192.0.2.7/32", "192.0.2.7") && !holds("192.0.2.7/32", "192.0.2.6"));
        assert!(holds("0.0.0.0/0", "203.0.113.1") && !holds("0.0.0.0/0", "2001:db8::1"));
        assert!(holds("::/0", "2001:db8::1") && !holds("::/0", "203.0.113.1"));
        assert!(holds("2001:db8::/33", "2001:db8:7fff::1") && !holds("2001:db8::/33", "2001:db8:8000::1"));
        assert!(holds("2001:db8::1/128", "2001:db8::1") && !holds("2001:db8::1/128", "2001:db8::2"));
        for text in ["192.0.2.1/24", "192.0.2.0/33", "2001:db8::/129", "::1/64", "192.0.2.0", "192.0.2.0/", "a/8"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
