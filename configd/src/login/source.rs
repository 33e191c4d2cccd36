//! Where a login comes from, as far as that can be told from `PAM_RHOST`.
//!
//! A source groups challenges and counts tries; it is no identity. Host names come through DNS and are never looked at
//! (CVE-2024-10963): everything but a plain address is [`Source::Unknown`].

use super::class::Class;
use crate::store::SourceText;
use std::net::{IpAddr, Ipv6Addr};

/// The prefix of an IPv6 address that counts: hosts change the rest at will (RFC 8981).
const PREFIX_V6: u32 = 64;

/// Where a login comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// This host: a console, or somebody who is logged in.
    Local,
    /// An address: IPv4 whole, IPv6 by its /64.
    Address(IpAddr),
    /// Remote, and nothing that can be relied on.
    Unknown,
}

impl Source {
    /// The source that a host program states.
    #[must_use]
    pub fn stated(class: Class, remote_host: Option<&str>) -> Self {
        let Some(text) = remote_host.filter(|text| !text.is_empty()) else {
            // Over ssh and the web there is always a remote host; none stated is none known.
            return match class {
                Class::Ssh | Class::Web => Self::Unknown,
                Class::Desktop | Class::Elevate | Class::Other | Class::Ignored => Self::Local,
            };
        };
        match text.parse::<IpAddr>().map(|address| address.to_canonical()) {
            Ok(address) if address.is_unspecified() => Self::Unknown,
            Ok(IpAddr::V4(address)) => Self::Address(IpAddr::V4(address)),
            Ok(IpAddr::V6(address)) => {
                let mask = u128::MAX << (128 - PREFIX_V6);
                Self::Address(IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & mask)))
            }
            Err(_) => Self::Unknown,
        }
    }

    /// As it is kept and logged.
    #[must_use]
    pub fn text(self) -> SourceText {
        SourceText(match self {
            Self::Local => String::from("local"),
            Self::Address(IpAddr::V4(address)) => format!("{address}/32"),
            Self::Address(IpAddr::V6(address)) => format!("{address}/{PREFIX_V6}"),
            Self::Unknown => String::from("unknown"),
        })
    }

    /// The source that was kept; the inverse of [`Source::text`].
    #[must_use]
    pub fn of_text(text: &SourceText) -> Option<Self> {
        match text.0.as_str() {
            "local" => Some(Self::Local),
            "unknown" => Some(Self::Unknown),
            prefix => prefix.split_once('/')?.0.parse().ok().map(Self::Address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_address_is_a_source() {
        for (stated, kept) in [
            ("192.0.2.7", "192.0.2.7/32"),
            ("::ffff:192.0.2.7", "192.0.2.7/32"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
            ("fe80::1%eth0", "unknown"),
            ("0.0.0.0", "unknown"),
            ("::", "unknown"),
            ("UNKNOWN", "unknown"),
            ("host.example.com", "unknown"),
            ("192.0.2.7, 10.0.0.1", "unknown"),
            (" 192.0.2.7", "unknown"),
        ] {
            let source = Source::stated(Class::Ssh, Some(stated));
            assert_eq!(source.text().0, kept, "{stated}");
            assert_eq!(Source::of_text(&source.text()), Some(source), "{stated}");
        }
    }

    #[test]
    fn a_login_without_a_remote_host_is_local_only_where_that_can_be() {
        assert_eq!(Source::stated(Class::Desktop, None), Source::Local);
        assert_eq!(Source::stated(Class::Elevate, Some("")), Source::Local);
        assert_eq!(Source::stated(Class::Ssh, None), Source::Unknown);
        assert_eq!(Source::stated(Class::Web, Some("")), Source::Unknown);
    }
}
