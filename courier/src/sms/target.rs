//! Where a request may go. A provider's address is public, and only a file that says `allow_http` (`allow_cleartext`) may name a
//! gateway of one's own; what is not encrypted goes nowhere else. So neither a name that resolves to this network nor a mistyped URL turns the courier into a way
//! in (server-side request forgery), and no code crosses a public network readable.

use super::failure::Failure;
use pam_2fa_settings::provider::Cleartext;
use std::net::{IpAddr, SocketAddr};

/// Who can be behind an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// This host, or a network that is not routed in public (RFC 1918, RFC 4193).
    Own,
    /// The Internet.
    Public,
    /// No provider: unspecified, link-local (cloud metadata among it), multicast, shared with the neighbours of a carrier.
    Neither,
}

/// Who can be behind `address`.
#[must_use]
pub fn reach(address: IpAddr) -> Reach {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [first, second, ..] = v4.octets();
            let is_shared = first == 100 && (64..128).contains(&second); // RFC 6598
            if v4.is_loopback() || v4.is_private() {
                Reach::Own
            } else if first == 0 || v4.is_link_local() || v4.is_multicast() || is_shared || first >= 240 {
                Reach::Neither
            } else {
                Reach::Public
            }
        }
        IpAddr::V6(v6) => {
            let [first, ..] = v6.segments();
            if v6.is_loopback() || first & 0xfe00 == 0xfc00 {
                Reach::Own
            } else if v6.is_unspecified() || v6.is_multicast() || first & 0xffc0 == 0xfe80 {
                Reach::Neither
            } else {
                Reach::Public
            }
        }
    }
}

/// What is spoken there, in the words of the file.
#[derive(Debug, Clone, Copy)]
pub struct Scheme {
    /// Whether it is encrypted.
    pub is_tls: bool,
    /// It without TLS.
    plain: &'static str,
    /// What to do instead.
    instead: &'static str,
    /// The key of the file that lets it be without.
    key: &'static str,
}

impl Scheme {
    /// `http:` or `https:`.
    #[must_use]
    pub fn http(is_tls: bool) -> Self {
        Self { is_tls, plain: "plain http", instead: "write https", key: "allow_http" }
    }

    /// SMPP, over TLS or not.
    #[must_use]
    pub fn smpp(is_tls: bool) -> Self {
        Self { is_tls, plain: "SMPP without TLS", instead: "let tls be true", key: "allow_cleartext" }
    }
}

/// The addresses of `host` that a request of this scheme may go to.
///
/// # Errors
/// [`Failure::Setting`] where there are addresses and none of them will do.
pub fn permitted(
    host: &str,
    mut addresses: Vec<SocketAddr>,
    scheme: Scheme,
    cleartext: Cleartext,
) -> Result<Vec<SocketAddr>, Failure> {
    let Scheme { is_tls, plain, instead, key } = scheme;
    addresses.retain(|address| match (reach(address.ip()), cleartext) {
        (Reach::Own, Cleartext::LoopbackOrPrivate) => true,
        (Reach::Public, _) => is_tls,
        (Reach::Own, Cleartext::Never) | (Reach::Neither, _) => false,
    });
    if !addresses.is_empty() {
        return Ok(addresses);
    }
    let why = match (cleartext, is_tls) {
        (Cleartext::LoopbackOrPrivate, false) => {
            format!("{host} has no loopback or private address, and {plain} goes to no other; {instead}")
        }
        (Cleartext::LoopbackOrPrivate, true) => format!("{host} has no address that a gateway could have"),
        (Cleartext::Never, false) => format!("its file lets nothing go to {host} by {plain}; {instead}"),
        (Cleartext::Never, true) => format!(
            "{host} has no public address; a gateway of your own needs a provider file with {key} = \"loopback-or-private\""
        ),
    };
    Err(Failure::setting("provider", why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_ours_public_or_nobodys() {
        for (address, expected) in [
            ("127.0.0.1", Reach::Own),
            ("10.1.2.3", Reach::Own),
            ("172.16.0.1", Reach::Own),
            ("192.168.1.1", Reach::Own),
            ("::1", Reach::Own),
            ("fd00::1", Reach::Own),
            ("::ffff:127.0.0.1", Reach::Own),
            ("198.51.100.7", Reach::Public),
            ("172.32.0.1", Reach::Public),
            ("2001:db8::1", Reach::Public),
            ("::ffff:198.51.100.7", Reach::Public),
            ("0.0.0.0", Reach::Neither),
            ("169.254.169.254", Reach::Neither),
            ("::ffff:169.254.169.254", Reach::Neither),
            ("100.64.0.1", Reach::Neither),
            ("224.0.0.1", Reach::Neither),
            ("255.255.255.255", Reach::Neither),
            ("::", Reach::Neither),
            ("fe80::1", Reach::Neither),
            ("ff02::1", Reach::Neither),
        ] {
            assert_eq!(reach(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn plain_http_stays_in_ones_own_networks_and_a_providers_request_leaves_them() {
        let of = |address: &str| vec![SocketAddr::new(address.parse().unwrap(), 80)];
        for (address, is_tls, cleartext, fits) in [
            ("127.0.0.1", false, Cleartext::LoopbackOrPrivate, true),
            ("10.0.0.1", true, Cleartext::LoopbackOrPrivate, true),
            ("198.51.100.7", true, Cleartext::LoopbackOrPrivate, true),
            ("198.51.100.7", false, Cleartext::LoopbackOrPrivate, false),
            ("169.254.169.254", false, Cleartext::LoopbackOrPrivate, false),
            ("198.51.100.7", true, Cleartext::Never, true),
            ("198.51.100.7", false, Cleartext::Never, false),
            ("127.0.0.1", true, Cleartext::Never, false),
            ("10.0.0.1", true, Cleartext::Never, false),
            ("169.254.169.254", true, Cleartext::Never, false),
        ] {
            assert_eq!(
                permitted("host", of(address), Scheme::http(is_tls), cleartext).is_ok(),
                fits,
                "{address} {is_tls} {cleartext:?}"
            );
        }
        let both = [of("127.0.0.1"), of("198.51.100.7")].concat();
        assert_eq!(
            permitted("host", both, Scheme::http(true), Cleartext::Never).unwrap(),
            of("198.51.100.7"),
            "the others are left out"
        );
    }
}
