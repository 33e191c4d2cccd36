//! Whether an address is read on this host, where its codes are no second factor: whoever is logged in here reads them.
//!
//! | file | |
//! |---|---|
//! | this one | the decision and its words: pure, what is known is handed in |
//! | `host` | what this host is called, its addresses, and what its Postfix delivers |
//! | `route` | where the mail of a domain goes, in three seconds or not at all |
//! | `dns` | the one question of DNS that getaddrinfo(3) does not ask: MX |
//!
//! It warns and never refuses: an administrator may know better. What it cannot see is said in docs/factors.md.

mod dns;
mod host;
mod route;

use std::fmt;
use std::net::IpAddr;

/// What this host is.
#[derive(Debug, Default)]
pub struct Host {
    /// Its names.
    pub names: Vec<String>,
    /// Its own addresses; loopback need not be among them.
    pub addresses: Vec<IpAddr>,
    /// Domains whose mail its mail server delivers here.
    pub destinations: Vec<String>,
}

/// A server that takes the mail of a domain.
#[derive(Debug)]
pub struct Server {
    /// Its name.
    pub name: String,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// Where the mail of a domain goes.
#[derive(Debug, Default)]
pub struct Route {
    /// All that is known of.
    pub servers: Vec<Server>,
    /// Why not all is known.
    pub unknown: Option<String>,
}

/// Where the command runs: the host and the DNS, or a test's own.
pub trait Surroundings {
    /// What this host is.
    fn host(&self) -> Host;
    /// Where the mail of a domain goes. It takes three seconds at most.
    fn route(&self, domain: &str) -> Route;
}

/// The host that the command runs on, and its DNS.
pub(crate) struct ThisHost;

impl Surroundings for ThisHost {
    fn host(&self) -> Host {
        host::this()
    }

    fn route(&self, domain: &str) -> Route {
        route::of(domain)
    }
}

/// What is known of an address.
#[derive(Debug, PartialEq, Eq)]
enum Found {
    Elsewhere,
    Here(Why),
    /// With the reason.
    Unknown(String),
}

/// The same, in words.
pub(crate) enum Read {
    /// Not on this host.
    Elsewhere,
    /// On this host, and how that is known.
    Here(String),
    /// Why nobody knows.
    Unknown(String),
}

/// Where an address is read.
pub(crate) fn read(address: &str, around: &dyn Surroundings) -> Read {
    let Some((_, domain)) = address.rsplit_once('@') else { return Read::Elsewhere };
    let domain = domain.to_ascii_lowercase();
    match find(&domain, around) {
        Found::Elsewhere => Read::Elsewhere,
        Found::Here(why) => Read::Here(Because { why: &why, domain: &domain }.to_string()),
        Found::Unknown(why) => Read::Unknown(why),
    }
}

fn find(domain: &str, around: &dyn Surroundings) -> Found {
    let host = around.host();
    match by_name(domain, &host) {
        Some(why) => Found::Here(why),
        None => by_route(&around.route(domain), &host),
    }
}

/// How it is known that mail for a domain is read here.
#[derive(Debug, PartialEq, Eq)]
enum Why {
    OwnName,
    Delivered,
    Leads { server: String, address: IpAddr },
}

/// One line for an administrator who gives a user this address, or proves it; none where its mail is read elsewhere.
pub(crate) fn note(address: &str, around: &dyn Surroundings) -> Option<String> {
    let domain = address.rsplit_once('@')?.1.to_ascii_lowercase();
    match find(&domain, around) {
        Found::Elsewhere => None,
        Found::Here(why) => Some(format!(
            "{address} is read on this host ({}), and a mailbox that is read here, or with the same password, is no second \
             factor; take one that is read elsewhere, with another password",
            Because { why: &why, domain: &domain }
        )),
        Found::Unknown(why) => Some(format!(
            "where mail for {domain} goes could not be looked up ({why}); see to it that {address} is not read on this host, \
             nor with the same password: such a mailbox is no second factor"
        )),
    }
}

fn by_name(domain: &str, host: &Host) -> Option<Why> {
    let is = |name: &String| name.trim_end_matches('.').eq_ignore_ascii_case(domain);
    // RFC 6761 §6.3; the other is in many a hosts file.
    let is_localhost = domain == "localhost" || domain.ends_with(".localhost") || domain == "localhost.localdomain";
    if is_localhost || host.names.iter().any(is) {
        Some(Why::OwnName)
    } else if host.destinations.iter().any(is) {
        Some(Why::Delivered)
    } else {
        None
    }
}

fn by_route(route: &Route, host: &Host) -> Found {
    let is_own = |address: &IpAddr| {
        let address = address.to_canonical();
        address.is_loopback()
            || address.is_unspecified()
            || host.addresses.iter().any(|own| own.to_canonical() == address)
    };
    for server in &route.servers {
        if let Some(address) = server.addresses.iter().copied().find(is_own) {
            return Found::Here(Why::Leads { server: server.name.clone(), address });
        }
    }
    route.unknown.clone().map_or(Found::Elsewhere, Found::Unknown)
}

struct Because<'a> {
    why: &'a Why,
    domain: &'a str,
}

impl fmt::Display for Because<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            Why::OwnName => write!(f, "{} is its own name", self.domain),
            Why::Delivered => write!(f, "its Postfix delivers mail for {}", self.domain),
            Why::Leads { server, address } => write!(f, "mail for {} goes to {server}, {address}", self.domain),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host() -> Host {
        Host {
            names: vec![String::from("Web1.example.com")],
            addresses: vec![[192, 0, 2, 7].into(), "2001:db8::7".parse().unwrap()],
            destinations: vec![String::from("lists.example.net"), String::from("Example.org.")],
        }
    }

    fn to(servers: &[(&str, &[&str])], unknown: Option<&str>) -> Route {
        let server = |(name, addresses): &(&str, &[&str])| Server {
            name: String::from(*name),
            addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
        };
        Route { servers: servers.iter().map(server).collect(), unknown: unknown.map(String::from) }
    }

    fn leads(server: &str, address: &str) -> Found {
        Found::Here(Why::Leads { server: String::from(server), address: address.parse().unwrap() })
    }

    #[test]
    fn a_domain_that_this_host_is_or_delivers_is_read_here() {
        for (domain, read) in [
            ("localhost", Some(Why::OwnName)),
            ("a.localhost", Some(Why::OwnName)),
            ("localhost.localdomain", Some(Why::OwnName)),
            ("web1.example.com", Some(Why::OwnName)),
            ("lists.example.net", Some(Why::Delivered)),
            ("example.org", Some(Why::Delivered)),
            ("example.com", None),
            ("example.net", None),
            ("xlists.example.net", None),
            ("notlocalhost", None),
        ] {
            assert_eq!(by_name(domain, &host()), read, "{domain}");
        }
    }

    #[test]
    fn a_domain_whose_mail_comes_to_this_host_is_read_here() {
        for (route, read) in [
            (to(&[("mx", &["192.0.2.1"])], None), Found::Elsewhere),
            (to(&[("mx", &["192.0.2.7"])], None), leads("mx", "192.0.2.7")),
            (to(&[("mx", &["2001:db8::8", "2001:db8::7"])], None), leads("mx", "2001:db8::7")),
            (to(&[("mx", &["::ffff:192.0.2.7"])], None), leads("mx", "::ffff:192.0.2.7")),
            // Any of several: the mail may wait here.
            (to(&[("mx1", &["192.0.2.1"]), ("mx2", &["192.0.2.7"])], None), leads("mx2", "192.0.2.7")),
            (to(&[("mx", &["127.0.1.1"])], None), leads("mx", "127.0.1.1")),
            (to(&[("mx", &["::1"])], None), leads("mx", "::1")),
            (to(&[("mx", &["0.0.0.0"])], None), leads("mx", "0.0.0.0")),
            // No mail goes anywhere (RFC 7505).
            (to(&[], None), Found::Elsewhere),
            (to(&[], Some("late")), Found::Unknown(String::from("late"))),
            (to(&[("mx", &["192.0.2.1"])], Some("late")), Found::Unknown(String::from("late"))),
            // What is known suffices.
            (to(&[("mx", &["192.0.2.7"])], Some("late")), leads("mx", "192.0.2.7")),
        ] {
            assert_eq!(by_route(&route, &host()), read, "{route:?}");
        }
    }

    #[test]
    fn what_is_known_by_name_asks_no_dns() {
        struct NoDns;
        impl Surroundings for NoDns {
            fn host(&self) -> Host {
                host()
            }
            fn route(&self, domain: &str) -> Route {
                panic!("asked for {domain}")
            }
        }
        let said = note("ada@Lists.Example.net", &NoDns).unwrap();
        assert!(said.contains("(its Postfix delivers mail for lists.example.net)"), "{said}");
        assert_eq!(note("", &NoDns), None);
    }
}
