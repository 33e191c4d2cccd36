//! What this host is called, its addresses, and the domains that its Postfix delivers. What cannot be read is left out: this is
//! for a warning. Other mail servers are not asked.

use super::Host;
use crate::program;
use nix::ifaddrs::getifaddrs;
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Where every distribution has it; in a folder that is root's.
const POSTCONF: &str = "/usr/sbin/postconf";
/// It reads one file.
const ANSWER: Duration = Duration::from_secs(3);
/// Domains that end here, as Postfix is told. Where they stand in a table or a file of their own, that is not read.
const DESTINATIONS: [&str; 2] = ["mydestination", "virtual_mailbox_domains"];

pub(super) fn this() -> Host {
    let name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
    Host { names: name.into_iter().collect(), addresses: addresses(), destinations: destinations() }
}

fn addresses() -> Vec<IpAddr> {
    let Ok(interfaces) = getifaddrs() else { return Vec::new() };
    let address = |storage: nix::sys::socket::SockaddrStorage| {
        let v4 = storage.as_sockaddr_in().map(|v4| IpAddr::V4(v4.ip()));
        v4.or_else(|| storage.as_sockaddr_in6().map(|v6| IpAddr::V6(v6.ip())))
    };
    interfaces.filter_map(|interface| address(interface.address?)).collect()
}

fn destinations() -> Vec<String> {
    if !Path::new(POSTCONF).exists() {
        return Vec::new();
    }
    let mut command = Command::new(POSTCONF);
    // -x: with `$myhostname` and its like filled in.
    command.arg("-xh").args(DESTINATIONS);
    match program::output_within(command, ANSWER) {
        Ok(out) if out.status.success() => listed(&String::from_utf8_lossy(&out.stdout)),
        _ => Vec::new(),
    }
}

/// The domains in lists of postconf(5); not `/file`, `type:table` and `!pattern`.
fn listed(text: &str) -> Vec<String> {
    text.split(|character: char| character.is_whitespace() || character == ',')
        .filter(|word| !word.is_empty() && !word.contains(['/', ':', '!', '$', '[']))
        .map(str::to_ascii_lowercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_domains_of_postfix_are_listed_without_its_tables() {
        let text = "Mail.example.com, localhost.example.com,localhost\nexample.net hash:/etc/postfix/domains, /etc/postfix/more\n\n";
        assert_eq!(listed(text), ["mail.example.com", "localhost.example.com", "localhost", "example.net"]);
        assert!(listed("\n").is_empty());
    }

    #[test]
    fn this_host_has_a_name_and_the_address_of_its_loopback() {
        let host = this();
        assert_eq!(host.names.len(), 1);
        assert!(host.addresses.iter().any(IpAddr::is_loopback), "{:?}", host.addresses);
    }
}
