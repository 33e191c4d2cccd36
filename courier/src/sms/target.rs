//! Where a request may go. A provider's address is public, and only a file that says `allow_http` (`allow_cleartext`) may name a
//! gateway of one's own; what is not encrypted goes nowhere else. So neither a name that resolves to this network nor a mistyped URL turns the courier into a way
//! in (server-side request forgery), and no code crosses a public network readable.

use super::failure::Failure;
use pam_2fa_settings::provider::Cleartext;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Who can be behind an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// This host, or a network that is not routed in public (RFC 1918, RFC 4193).
    Own,
    /// The Internet.
    Public,
    /// No provider: unspecified, link-local (cloud metadata among it), multicast, shared with the neighbours of a carrier, for tests
    /// or reserved.
    Neither,
}

/// Who can be behind `address`.
#[must_use]
pub fn reach(address: IpAddr) -> Reach {
    match address.to_canonical() {
        IpAddr::V4(v4) => reach_v4(v4),
        IpAddr::V6(v6) => reach_v6(v6),
    }
}

fn reach_v4(address: Ipv4Addr) -> Reach {
    if address.is_loopback() || address.is_private() {
        return Reach::Own;
    }
    let is_nobodys = address.is_link_local()
        || address.is_multicast()
        || match address.octets() {
            // RFC 791; RFC 6890; RFC 7526; RFC 6598; RFC 2544; RFC 1112.
            [0, ..] | [192, 0, 0, _] | [192, 88, 99, _] | [240..=255, ..] => true,
            [100, second, ..] => (64..128).contains(&second),
            [198, second, ..] => matches!(second, 18 | 19),
            _ => false,
        };
    if is_nobodys { Reach::Neither } else { Reach::Public }
}

fn reach_v6(address: Ipv6Addr) -> Reach {
    if address.is_loopback() {
        return Reach::Own;
    }
    let bits = address.to_bits();
    match address.segments() {
        // What goes there arrives at the IPv4 address within: IPv4-compatible (RFC 4291 §2.5.5.1), NAT64 (RFC 6052), 6to4 (RFC 3056).
        [0, 0, 0, 0, 0, 0, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => reach_v4(low_32(bits)),
        [0x64, 0xff9b, 1, ..] => reach_nat64(bits),
        [0x2002, ..] => reach_v4(low_32(bits >> 80)),
        [0xfc00..=0xfdff, ..] => Reach::Own,
        // Else reserved (RFC 4291), to be thrown away (RFC 6666), Teredo (RFC 4380), link-local, once site-local (RFC 3879), multicast.
        [0..=0xff, ..] | [0x100, 0, 0, 0, ..] | [0x2001, 0, ..] | [0xfe80..=0xfeff, ..] | [0xff00..=0xffff, ..] => {
            Reach::Neither
        }
        _ => Reach::Public,
    }
}

/// NAT64 with a network's own prefix (RFC 8215), whose length nobody else knows: what all lengths agree on (RFC 6052 §2.2).
fn reach_nat64(bits: u128) -> Reach {
    let of_length = [
        (0, bits),
        (24, bits >> 24),
        (32, (bits >> 64 & 0xff) << 24 | bits >> 32 & 0x00ff_ffff),
        (40, (bits >> 64 & 0xffff) << 16 | bits >> 40 & 0xffff),
    ];
    // Behind the address come zeros, and none begins with one.
    let fits = |(behind, within): (u32, u128)| {
        let within = low_32(within);
        (bits.trailing_zeros() >= behind && within.octets()[0] != 0).then(|| reach_v4(within))
    };
    let mut all = of_length.into_iter().filter_map(fits);
    let first = all.next().unwrap_or(Reach::Neither);
    if all.all(|other| other == first) { first } else { Reach::Neither }
}

fn low_32(bits: u128) -> Ipv4Addr {
    let [.., a, b, c, d] = bits.to_be_bytes();
    Ipv4Addr::new(a, b, c, d)
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
            ("192.0.0.8", Reach::Neither),
            ("192.0.1.1", Reach::Public),
            ("192.88.99.1", Reach::Neither),
            ("192.88.98.1", Reach::Public),
            ("198.18.0.1", Reach::Neither),
            ("198.19.255.255", Reach::Neither),
            ("198.17.255.255", Reach::Public),
            ("198.20.0.1", Reach::Public),
            ("240.0.0.1", Reach::Neither),
            ("::", Reach::Neither),
            ("fec0::1", Reach::Neither),
            ("feff::1", Reach::Neither),
            ("100::1", Reach::Neither),
            ("100:0:0:1::1", Reach::Public),
            ("2001:0:4136:e378:8000:63bf:3fff:fdd2", Reach::Neither),
            ("1::1", Reach::Neither),
            ("fe80::1", Reach::Neither),
            ("ff02::1", Reach::Neither),
        ] {
            assert_eq!(reach(address.parse().unwrap()), expected, "{address}");
        }
    }

    #[test]
    fn an_address_within_another_is_judged_as_itself() {
        for (within, expected) in [
            ("127.0.0.1", Reach::Own),
            ("10.1.2.3", Reach::Own),
            ("192.168.1.1", Reach::Own),
            ("198.51.100.7", Reach::Public),
            ("169.254.169.254", Reach::Neither),
            ("100.64.0.1", Reach::Neither),
            ("198.18.0.1", Reach::Neither),
            ("0.0.0.0", Reach::Neither),
        ] {
            let [a, b, c, d] = within.parse::<Ipv4Addr>().unwrap().octets();
            for wrapped in [
                format!("::{within}"),
                format!("::ffff:{within}"),
                format!("64:ff9b::{within}"),
                format!("64:ff9b:1::{within}"),
                format!("64:ff9b:1:fffe:0:ab:{within}"),
                format!("2002:{a:02x}{b:02x}:{c:02x}{d:02x}::1"),
            ] {
                assert_eq!(reach(wrapped.parse().unwrap()), expected, "{wrapped}");
            }
        }
        assert_eq!(reach("64:ff9b:1:c633:64:700::".parse().unwrap()), Reach::Public, "behind 48 bits");
        // RFC 6052 §2.2: the prefix has 48, 56, 64 bits, and the address may be any of these.
        for at in ["64:ff9b:1:a01:2:300::", "64:ff9b:1:aa0a:1:203::", "64:ff9b:1:aabb:a:102:300:0"] {
            assert_eq!(reach(at.parse().unwrap()), Reach::Neither, "{at}");
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
