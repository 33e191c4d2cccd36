//! What confines a daemon, by what it sees of itself: read from the kernel's texts about the process, so that it is what is in
//! force, whatever a unit's file says. Pure: the daemons read the files.

use serde::{Deserialize, Serialize};

/// The kernel's texts, each empty where it cannot be read.
#[derive(Debug, Clone, Copy, Default)]
pub struct Seen<'a> {
    /// `/proc/self/status`.
    pub status: &'a str,
    /// `/proc/self/mountinfo`.
    pub mountinfo: &'a str,
    /// `/proc/self/limits`.
    pub limits: &'a str,
    /// For a daemon that is to have no network: whether the kernel refuses it a socket of the internet.
    pub no_network: Option<bool>,
}

/// One thing that confines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// In one word that stays the same.
    pub name: String,
    /// In force.
    pub on: bool,
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
        let Seen { status, mountinfo, limits, no_network } = seen;
        let mut measures = vec![
            ("not_root", is_not_root(status)),
            ("no_new_privileges", field(status, "NoNewPrivs") == Some("1")),
            ("no_capabilities", has_no_capabilities(status)),
            // 2: SECCOMP_MODE_FILTER.
            ("system_calls_filtered", field(status, "Seccomp") == Some("2")),
            ("files_read_only", is_read_only(mountinfo)),
            ("homes_hidden", is_covered(mountinfo, "/home") && is_covered(mountinfo, "/root")),
            ("devices_hidden", is_covered(mountinfo, "/dev")),
            ("no_core_files", has_no_core_files(limits)),
        ];
        measures.extend(no_network.map(|is_refused| ("no_network", is_refused)));
        let measure = |(name, on): (&str, bool)| Measure { name: name.to_owned(), on };
        Self { process: process.to_owned(), measures: measures.into_iter().map(measure).collect() }
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
