//! What confines a daemon, by what it sees of itself: read from the kernel's texts about the process, so that it is what is in
//! force, whatever a unit's file says. Pure: the daemons read the files.

use serde::{Deserialize, Serialize};

/// The kernel's texts, each empty where it cannot be read, and its answers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen<'a> {
    /// `/proc/self/status`.
    pub status: &'a str,
    /// `/proc/self/mountinfo`.
    pub mountinfo: &'a str,
    /// `/proc/self/limits`.
    pub limits: &'a str,
    /// Places that are not there at all for it, in a root of its own.
    pub absent: &'a [&'a str],
    /// For a daemon that is to have no network: whether the kernel refuses it a socket of the internet.
    pub no_network: Option<bool>,
    /// How many filters of system calls the daemon has put on itself, as the kernel took them.
    pub own_filters: u32,
    /// For a daemon that is to have it: whether landlock refuses what its rules do not allow, and what it is of.
    pub landlock: Option<(bool, &'a str)>,
    /// No debugger of the same user, and no core file.
    pub not_dumpable: bool,
    /// For a daemon that has keys: how many bytes of them must not leave memory; none, where that could not be had for one of them.
    pub keys: Option<Option<u64>>,
}

/// Where people's own files are.
pub const HOMES: [&str; 2] = ["/home", "/root"];

/// One thing that confines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// In one word that stays the same.
    pub name: String,
    /// In force.
    pub on: bool,
    /// Of which kind, or what is missing of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A daemon's confinement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sandbox {
    /// `configd`, `courier`.
    pub process: String,
    /// What is looked for, in this order.
    #[serde(default)]
    pub measures: Vec<Measure>,
}

/// The reply to [`crate::courier::SANDBOX`].
#[derive(Debug, Serialize, Deserialize)]
pub struct SandboxReply {
    /// The courier's.
    pub sandbox: Sandbox,
}

impl Sandbox {
    /// What the texts say of `process`. What cannot be read is not in force.
    #[must_use]
    pub fn of(process: &str, seen: Seen<'_>) -> Self {
        let Seen { status, mountinfo, limits, absent, no_network, own_filters, landlock, not_dumpable, keys } = seen;
        let is_hidden = |place| absent.contains(&place) || is_covered(mountinfo, place);
        // 2: SECCOMP_MODE_FILTER. How many there are is told since Linux 5.9.
        let is_filtered = field(status, "Seccomp") == Some("2");
        let filters = field(status, "Seccomp_filters").and_then(|count| count.parse::<u32>().ok());
        let mut measures = vec![
            ("not_root", is_not_root(status)),
            ("no_new_privileges", field(status, "NoNewPrivs") == Some("1")),
            ("no_capabilities", has_no_capabilities(status)),
            // Its unit's, then.
            ("system_calls_filtered", is_filtered && filters.is_none_or(|count| count > own_filters)),
            ("own_filter", is_filtered && own_filters > 0 && filters.is_none_or(|count| count >= own_filters)),
            ("files_read_only", is_read_only(mountinfo)),
            ("homes_hidden", HOMES.into_iter().all(is_hidden)),
            ("devices_hidden", is_covered(mountinfo, "/dev")),
            ("no_core_files", has_no_core_files(limits)),
            ("not_dumpable", not_dumpable),
        ];
        measures.extend(keys.map(|bytes| ("key_locked", bytes.is_some_and(|bytes| has_locked(status, bytes)))));
        measures.extend(no_network.map(|is_refused| ("no_network", is_refused)));
        let measure = |(name, on): (&str, bool)| Measure { name: name.to_owned(), on, note: None };
        let mut measures: Vec<Measure> = measures.into_iter().map(measure).collect();
        measures
            .extend(landlock.map(|(on, note)| Measure { note: Some(note.to_owned()), ..measure(("landlock", on)) }));
        Self { process: process.to_owned(), measures }
    }
}

/// The value of `Name:\tvalue` (proc_pid_status(5)).
fn field<'a>(status: &'a str, name: &str) -> Option<&'a str> {
    status.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim()))
}

/// Real, effective, saved and file-system uid.
fn is_not_root(status: &str) -> bool {
    field(status, "Uid").is_some_and(|uids| {
        let mut uids = uids.split_whitespace().peekable();
        uids.peek().is_some() && uids.all(|uid| uid.parse::<u32>().is_ok_and(|uid| uid != 0))
    })
}

/// None that it has, and none that a program could get.
fn has_no_capabilities(status: &str) -> bool {
    ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]
        .iter()
        .all(|set| field(status, set).is_some_and(|bits| u64::from_str_radix(bits, 16) == Ok(0)))
}

/// At least so many bytes do not leave memory. `VmLck:\t      16 kB`, in units of 1,024.
fn has_locked(status: &str, bytes: u64) -> bool {
    let locked = field(status, "VmLck").and_then(|size| size.strip_suffix(" kB")?.trim().parse::<u64>().ok());
    locked.is_some_and(|kib| kib.saturating_mul(1024) >= bytes)
}

/// Mount points and their own options (proc_pid_mountinfo(5): the fifth and sixth field). Of two at one place the later one counts.
fn mounts(mountinfo: &str) -> impl Iterator<Item = (&str, &str)> {
    mountinfo.lines().filter_map(|line| {
        let mut fields = line.split(' ').skip(4);
        Some((fields.next()?, fields.next()?))
    })
}

/// Nothing can be written where programs and settings are (`ProtectSystem=strict`).
fn is_read_only(mountinfo: &str) -> bool {
    let options = |place: &str| mounts(mountinfo).filter(|(at, _)| *at == place).map(|(_, options)| options).last();
    let is_read_only = |options: &str| options.split(',').any(|option| option == "ro");
    options("/").is_some_and(is_read_only) && ["/etc", "/usr"].into_iter().filter_map(options).all(is_read_only)
}

/// Something else is mounted there for this process: what systemd puts in the place of what it hides is on a tmpfs.
fn is_covered(mountinfo: &str, place: &str) -> bool {
    let is_tmpfs = |line: &str| line.split_once(" - ").is_some_and(|(_, of)| of.starts_with("tmpfs "));
    let at = |line: &str| line.split(' ').nth(4) == Some(place);
    mountinfo.lines().rfind(|line| at(line)).is_some_and(is_tmpfs)
}

fn has_no_core_files(limits: &str) -> bool {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max core file size"));
    line.is_some_and(|line| line.split_whitespace().take(2).all(|limit| limit == "0"))
}

#[cfg(test)]
mod tests;
