//! Where the mail of a domain goes (RFC 5321 §5.1): to its MX, or without one to its own address. Names become addresses as
//! everything on the host looks them up (getaddrinfo(3), so /etc/hosts counts too).
//!
//! Never holds the command up for more than three seconds, however silent the DNS is.

use super::dns::{self, Mx};
use super::{Route, Server};
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::mpsc::channel;
use std::time::Duration;

/// For all of it.
const PATIENCE: Duration = Duration::from_secs(3);
/// For one server to answer one question; three are asked at most.
const ANSWER: Duration = Duration::from_secs(1);

pub(super) fn of(domain: &str) -> Route {
    let domain = domain.to_owned();
    within(PATIENCE, move || {
        let servers = dns::servers(&std::fs::read_to_string("/etc/resolv.conf").unwrap_or_default());
        follow(&domain, dns::mx(&domain, &servers, ANSWER).map_err(|error| error.to_string()), addresses)
    })
}

/// What `work` finds in time. What comes later is dropped: nothing waits for its thread.
fn within(time: Duration, work: impl FnOnce() -> Route + Send + 'static) -> Route {
    let unknown = |why| Route { servers: Vec::new(), unknown: Some(why) };
    let (sender, found) = channel();
    let spawned = std::thread::Builder::new().spawn(move || sender.send(work()));
    if let Err(error) = spawned {
        return unknown(error.to_string());
    }
    found.recv_timeout(time).unwrap_or_else(|_| unknown(format!("no answer within {} s", time.as_secs())))
}

/// From what DNS says of the domain to the addresses of its servers.
fn follow(domain: &str, mx: Result<Mx, String>, look: impl Fn(&str) -> Result<Vec<IpAddr>, String>) -> Route {
    let (names, mut unknown) = match mx {
        Ok(Mx::Null) => return Route::default(),
        Ok(Mx::Servers(names)) => (names, None),
        Ok(Mx::None) => (vec![domain.to_owned()], None),
        // The domain's own address may stand in /etc/hosts.
        Err(why) => (vec![domain.to_owned()], Some(why)),
    };
    let mut servers = Vec::new();
    let mut failed = None;
    for name in names {
        match look(&name) {
            Ok(addresses) => servers.push(Server { name, addresses }),
            Err(why) => failed = Some(why),
        }
    }
    // A server of several that has no address takes no mail.
    if servers.is_empty() {
        unknown = unknown.or(failed);
    }
    Route { servers, unknown }
}

fn addresses(name: &str) -> Result<Vec<IpAddr>, String> {
    let found = (name, 25_u16).to_socket_addrs().map_err(|error| error.to_string())?;
    Ok(found.map(|address| address.ip()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::Receiver;

    fn look(name: &str) -> Result<Vec<IpAddr>, String> {
        match name {
            "example.com" => Ok(vec![[192, 0, 2, 1].into()]),
            "mx.example.com" => Ok(vec![[192, 0, 2, 25].into()]),
            _ => Err(String::from("no such name")),
        }
    }

    fn followed(mx: Result<Mx, &str>) -> (Vec<String>, Option<String>) {
        let route = follow("example.com", mx.map_err(String::from), look);
        (route.servers.iter().map(|server| format!("{} {:?}", server.name, server.addresses)).collect(), route.unknown)
    }

    #[test]
    fn mail_goes_to_the_mx_and_without_one_to_the_domain_itself() {
        let of = |names: &[&str]| Ok(Mx::Servers(names.iter().map(|name| String::from(*name)).collect()));
        assert_eq!(followed(Ok(Mx::None)), (vec![String::from("example.com [192.0.2.1]")], None));
        assert_eq!(followed(of(&["mx.example.com"])), (vec![String::from("mx.example.com [192.0.2.25]")], None));
        assert_eq!(followed(of(&["gone.example.com", "mx.example.com"])).1, None);
        assert_eq!(followed(of(&["gone.example.com"])), (vec![], Some(String::from("no such name"))));
        assert_eq!(followed(Ok(Mx::Null)), (vec![], None));
    }

    #[test]
    fn without_an_answer_the_domains_own_address_is_known_and_the_rest_said_to_be_unknown() {
        let expected = (vec![String::from("example.com [192.0.2.1]")], Some(String::from("silent")));
        assert_eq!(followed(Err("silent")), expected);
    }

    #[test]
    fn a_look_up_that_does_not_end_holds_nobody_up() {
        let (keep, never): (_, Receiver<()>) = channel();
        let route = within(Duration::from_millis(20), move || {
            let _ = never.recv();
            Route::default()
        });
        assert_eq!(route.unknown.as_deref(), Some("no answer within 0 s"));
        drop(keep);
        assert_eq!(within(Duration::from_secs(600), Route::default).unknown, None);
    }
}
