//! What policy asks the host about a user's groups and about the host's own addresses. Blocking: it runs on the look-up pool
//! ([`crate::users`]) only, and only where a setting asks for it. It decides nothing.
//!
//! A group that *exempts* is read from `/etc/group` itself, and its members are those whom its line lists: who administers a
//! directory must not be able to take the second factor away, neither by a group of the same name nor by a primary group. A group
//! that *requires* is looked up as everything else is (NSS), primary groups too.

use crate::store::UserKey;
use std::ffi::CString;
use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The local groups, and nothing else.
const GROUP_FILE: &str = "/etc/group";

/// A larger file is not read: it would not be read within the time.
const LONGEST: u64 = 16 * 1024 * 1024;

/// Where the addresses of the host's network stand. In its unit configd has a network of its own, and the unit mounts the two lists
/// of process 1's network there: they are the kernel's own, so an address that comes later stands in them too.
const ADDRESSES: [(&str, &str); 2] = [
    ("/run/pam-2fa-host/fib_trie", "/run/pam-2fa-host/if_inet6"),
    ("/proc/self/net/fib_trie", "/proc/self/net/if_inet6"),
];

fn read(path: &str) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("{path}: {error}");
    let mut text = String::new();
    let taken = File::open(path).map_err(failed)?.take(LONGEST).read_to_string(&mut text).map_err(failed)?;
    if u64::try_from(taken).unwrap_or(u64::MAX) >= LONGEST {
        return Err(format!("{path}: longer than 16 MiB"));
    }
    Ok(text)
}

/// Whether `/etc/group` lists `user` as a member of one of `groups`.
///
/// # Errors
/// Why the file cannot be read.
pub fn is_listed(user: &str, groups: &[String]) -> Result<bool, String> {
    let text = read(GROUP_FILE)?;
    Ok(groups.iter().any(|group| lists(&text, group, user)))
}

/// Whether the first line of `group` in a text of the form of group(5) lists `user`.
fn lists(text: &str, group: &str, user: &str) -> bool {
    let fields = text.lines().map(|line| line.split(':').collect::<Vec<_>>());
    let mut lines = fields.filter_map(|fields| match fields.as_slice() {
        [name, _, _, members] if *name == group => Some(members.to_string()),
        _ => None,
    });
    lines.next().is_some_and(|members| members.split(',').any(|member| member == user))
}

/// Whether `user` is in one of `groups` as NSS has it.
///
/// # Errors
/// The user database's words. A group that is not there is one too: a directory that is away and a mistyped name look the same,
/// and neither may mean "nobody must".
pub fn is_member(user: &UserKey, groups: &[String]) -> Result<bool, String> {
    let account = nix::unistd::User::from_name(&user.name).map_err(|error| error.to_string())?;
    let account = account.ok_or_else(|| format!("{} is gone from the user database", user.name))?;
    let name = CString::new(user.name.as_str()).map_err(|_| String::from("a NUL in a name"))?;
    let member_of = nix::unistd::getgrouplist(&name, account.gid).map_err(|error| error.to_string())?;
    let mut missing = None;
    for group in groups {
        match nix::unistd::Group::from_name(group).map_err(|error| error.to_string())? {
            Some(found) if member_of.contains(&found.gid) => return Ok(true),
            Some(_) => {}
            None => missing = Some(group),
        }
    }
    match missing {
        Some(group) => Err(format!("there is no group {group}; correct policy.required_groups")),
        None => Ok(false),
    }
}

/// Whether `address` is this host's own; `None`: its addresses cannot be seen.
#[must_use]
pub fn is_own(address: IpAddr) -> Option<bool> {
    ADDRESSES.iter().find_map(|(v4, v6)| {
        let list = match address {
            IpAddr::V4(_) => v4_of(&read(v4).ok()?),
            IpAddr::V6(_) => v6_of(&read(v6).ok()?),
        };
        seen(&list).then(|| list.contains(&address))
    })
}

/// Whether the addresses of the host can be seen, of one family at least: a host may have no other.
#[must_use]
pub fn sees_addresses() -> bool {
    is_own(Ipv4Addr::LOCALHOST.into()).is_some() || is_own(Ipv6Addr::LOCALHOST.into()).is_some()
}

/// A list that has nothing but loopback is not the host's: who comes from elsewhere comes to another address than that, of the
/// same family.
fn seen(list: &[IpAddr]) -> bool {
    list.iter().any(|address| !address.is_loopback())
}

/// The local addresses in `/proc/net/fib_trie`.
fn v4_of(fib_trie: &str) -> Vec<IpAddr> {
    let mut own = Vec::new();
    let mut last: Option<Ipv4Addr> = None;
    for line in fib_trie.lines().map(str::trim) {
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.parse().ok();
        } else if line.ends_with("host LOCAL") {
            own.extend(last.map(IpAddr::V4));
        }
    }
    own
}

/// The addresses in `/proc/net/if_inet6`.
fn v6_of(if_inet6: &str) -> Vec<IpAddr> {
    let lines = if_inet6.lines().filter_map(|line| {
        let digits = line.split_whitespace().next().filter(|digits| digits.len() == 32)?;
        Some(IpAddr::V6(Ipv6Addr::from_bits(u128::from_str_radix(digits, 16).ok()?)))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_line_of_the_group_in_the_file_lists_its_members() {
        let text =
            "root:x:0:\nops:x:100:ada,bob\nops:x:101:eve\nadm:x:4:ada2\nbroken:x:ada\nlong:x:1:ada:ada\n+@net:::\n";
        assert!(lists(text, "ops", "ada") && lists(text, "ops", "bob"));
        assert!(!lists(text, "ops", "eve"), "the first line counts, as getgrnam(3) has it");
        assert!(!lists(text, "adm", "ada") && !lists(text, "root", "root") && !lists(text, "ops", ""));
        for group in ["broken", "long", "none", "+@net", ""] {
            assert!(!lists(text, group, "ada"), "{group}");
        }
    }

    #[test]
    fn the_kernels_lists_give_the_hosts_addresses() {
        let fib_trie = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     |-- 192.0.2.0\n        \
                        /24 link UNICAST\n     |-- 192.0.2.7\n        /32 host LOCAL\n     |-- 192.0.2.255\n        \
                        /32 link BROADCAST\nLocal:\n     |-- 127.0.0.1\n        /32 host LOCAL\n";
        let if_inet6 =
            "20010db8000000000000000000000007 02 40 00 80     eth0\n00000000000000000000000000000001 01 80 10 80 lo\n";
        let text = |list: Vec<IpAddr>| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(text(v4_of(fib_trie)), ["192.0.2.7", "127.0.0.1"]);
        assert_eq!(text(v6_of(if_inet6)), ["2001:db8::7", "::1"]);
    }

    /// What configd sees in its unit where nothing is mounted, or where the mount points stand and nothing is on them.
    #[test]
    fn a_list_with_loopback_alone_is_not_the_hosts() {
        let loopback_v4 = "Local:\n     |-- 127.0.0.1\n        /32 host LOCAL\n";
        let loopback_v6 = "00000000000000000000000000000001 01 80 10 80 lo\n";
        for list in [v4_of(loopback_v4), v4_of(""), v6_of(loopback_v6), v6_of("")] {
            assert!(!seen(&list), "{list:?}");
        }
        assert!(seen(&v6_of("fe800000000000000000000000000001 02 40 20 80 eth0\n")));
    }

    #[test]
    fn a_required_group_that_is_not_there_is_an_error_and_no_answer() {
        let root = UserKey { uid: 0, name: String::from("root") };
        assert_eq!(is_member(&root, &[String::from("root")]), Ok(true), "a primary group counts");
        let gone = is_member(&root, &[String::from("no-such-group-here")]);
        assert_eq!(gone.unwrap_err(), "there is no group no-such-group-here; correct policy.required_groups");
        assert_eq!(is_member(&root, &[String::from("no-such-group-here"), String::from("root")]), Ok(true));
    }
}
