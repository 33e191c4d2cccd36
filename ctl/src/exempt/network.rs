//! The network of an exemption, in the one spelling in which sshd's `Match Address` takes it, and the addresses at its edges,
//! by which the result is tried. It knows nothing of sshd.

use serde::{Serialize, Serializer};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A network that is neither everywhere nor this host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network {
    /// As a number; of IPv4 the low 32 bits.
    first: u128,
    last: u128,
    prefix: u32,
    width: u32,
}

const LOOPBACK_V4: (u128, u128) = (0x7f00_0000, 0x7fff_ffff);
const LOOPBACK_V6: (u128, u128) = (1, 1);
/// `::ffff:0:0/96` (RFC 4291 §2.5.5.2).
const MAPPED: (u128, u128) = (0xffff_0000_0000, 0xffff_ffff_ffff);

impl Network {
    /// Parses `ADDRESS/BITS`. What is refused is refused with the spelling that would be right, where there is one.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let form = || String::from("write a network such as 192.0.2.0/24 or 2001:db8::/48");
        let (address, bits) = text.split_once('/').unwrap_or((text, ""));
        let address: IpAddr = address.parse().map_err(|_| form())?;
        let (value, width) = match address {
            IpAddr::V4(address) => (u128::from(address.to_bits()), Ipv4Addr::BITS),
            IpAddr::V6(address) => (address.to_bits(), Ipv6Addr::BITS),
        };
        if !text.contains('/') {
            return Err(format!("write {address}/{width} for this one address"));
        }
        if bits.is_empty() || bits.len() > 3 || !bits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(form());
        }
        let prefix = bits.parse::<u32>().ok().filter(|prefix| *prefix <= width).ok_or_else(form)?;
        if prefix == 0 {
            return Err(String::from("that is every address; name the network that the automation comes from"));
        }
        let rest = if prefix == width { 0 } else { (u128::MAX >> (u128::BITS - width)) >> prefix };
        let network = Self { first: value & !rest, last: value | rest, prefix, width };
        let mapped = width == Ipv6Addr::BITS && network.has_any_of(MAPPED);
        if mapped && prefix >= 96 {
            let v4 = Ipv4Addr::from_bits(u32::try_from(network.first & 0xffff_ffff).unwrap_or_default());
            return Err(format!("sshd knows these addresses as IPv4; write {v4}/{}", prefix - 96));
        }
        if network.has_any_of(if width == Ipv4Addr::BITS { LOOPBACK_V4 } else { LOOPBACK_V6 }) || mapped {
            return Err(String::from("this host's own loopback is in it, through which anybody here may come"));
        }
        if network.first != value {
            return Err(format!("the address has bits outside of its network; write {network}"));
        }
        if bits != prefix.to_string() {
            return Err(format!("write {network}"));
        }
        Ok(network)
    }

    fn has_any_of(self, (first, last): (u128, u128)) -> bool {
        self.first <= last && first <= self.last
    }

    /// Whether an address is in both.
    pub(crate) fn meets(self, other: Self) -> bool {
        self.width == other.width && self.has_any_of((other.first, other.last))
    }

    fn address(self, value: u128) -> IpAddr {
        match u32::try_from(value) {
            Ok(value) if self.width == Ipv4Addr::BITS => IpAddr::V4(Ipv4Addr::from_bits(value)),
            _ => IpAddr::V6(Ipv6Addr::from_bits(value)),
        }
    }

    /// The first address in it.
    pub(crate) fn first(self) -> IpAddr {
        self.address(self.first)
    }

    /// The last address in it.
    pub(crate) fn last(self) -> IpAddr {
        self.address(self.last)
    }

    /// The addresses beside it, before and after, where there are any.
    pub(crate) fn neighbours(self) -> Vec<IpAddr> {
        let before = self.first.checked_sub(1);
        let after = self.last.checked_add(1).filter(|after| *after <= u128::MAX >> (u128::BITS - self.width));
        before.into_iter().chain(after).map(|value| self.address(value)).collect()
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.first(), self.prefix)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_has_one_spelling_and_the_error_says_which() {
        for (text, right) in [
            ("192.0.2.1/24", "192.0.2.0/24"),
            ("192.0.2.7", "192.0.2.7/32"),
            ("2001:db8::1", "2001:db8::1/128"),
            ("2001:db8::1/64", "2001:db8::/64"),
            ("192.0.2.0/024", "192.0.2.0/24"),
            ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ] {
            let said = Network::parse(text).unwrap_err();
            assert!(said.contains(&format!("write {right}")), "{text}: {said}");
        }
        for text in ["192.0.2.0/24", "192.0.2.7/32", "10.0.0.0/8", "128.0.0.0/1", "2001:db8::/48", "2001:db8::1/128"] {
            assert_eq!(Network::parse(text).map(|network| network.to_string()).as_deref(), Ok(text));
        }
        assert_eq!(Network::parse("2001:DB8:0::/48").map(|n| n.to_string()).as_deref(), Ok("2001:db8::/48"));
    }

    #[test]
    fn everywhere_this_host_and_what_is_no_network_are_refused() {
        for text in ["0.0.0.0/0", "::/0", "0.0.0.0/1", "126.0.0.0/7", "127.0.0.0/8", "127.1.2.3/32", "::1/128", "::/1"]
        {
            assert!(Network::parse(text).is_err(), "{text}");
        }
        for text in ["", "/", "/8", "192.0.2.0/", "192.0.2.0/33", "::/129", "192.0.2.0/-1", "192.0.2.0/+8", "host/8"] {
            assert!(Network::parse(text).is_err(), "{text}");
        }
        for text in ["192.0.2.0/24,10.0.0.0/8", "!192.0.2.0/24", "192.0.2.0/24 ", "fe80::1%eth0/64", "192.0.2.*", "*"] {
            assert!(Network::parse(text).is_err(), "{text}");
        }
        for text in ["::ffff:0:0/96", "::ffff:0:0/80", "::ffff:127.0.0.1/128"] {
            assert!(Network::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_edges_are_inside_and_the_neighbours_are_not() {
        let edges = |text: &str| {
            let network = Network::parse(text).unwrap();
            let neighbours: Vec<String> = network.neighbours().iter().map(ToString::to_string).collect();
            (network.first().to_string(), network.last().to_string(), neighbours.join(" "))
        };
        let of = |first: &str, last: &str, beside: &str| (first.to_owned(), last.to_owned(), beside.to_owned());
        assert_eq!(edges("192.0.2.0/24"), of("192.0.2.0", "192.0.2.255", "192.0.1.255 192.0.3.0"));
        assert_eq!(edges("192.0.2.7/32"), of("192.0.2.7", "192.0.2.7", "192.0.2.6 192.0.2.8"));
        assert_eq!(edges("128.0.0.0/1"), of("128.0.0.0", "255.255.255.255", "127.255.255.255"));
        let last = "2001:db8:0:ffff:ffff:ffff:ffff:ffff";
        assert_eq!(
            edges("2001:db8::/48"),
            of("2001:db8::", last, "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff 2001:db8:1::")
        );
    }
}
