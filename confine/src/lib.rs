//! What a daemon takes from itself once it has its sockets and is its own user, before it reads anything that others wrote: so it holds
//! however it was started, and behind what its unit takes from it already.
//!
//! | file | |
//! |---|---|
//! | [`files`] | landlock: which files, and what of TCP, abstract sockets and signals |
//! | [`calls`] | seccomp: which system calls |
//!
//! Must never stop a daemon from starting: what this kernel lacks is logged and stands in `pam-2fa status`. Nothing here opens anything up,
//! and nothing of it can be taken back.

pub mod calls;
pub mod files;

use nix::sys::prctl;
use std::path::Path;
use std::sync::OnceLock;

/// The daemons.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Daemon {
    /// Decides: no network, and writes its state folder alone.
    Configd,
    /// Carries: a network, and writes nothing.
    Courier,
    /// Runs programs that an administrator names: they inherit whatever is taken here, so it is what none of them needs.
    CourierLocal,
}

/// What came of it, as far as the process knows it from the kernel's answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Own {
    /// How many filters of system calls of our own are on.
    pub filters: u32,
    /// What landlock was asked for; `None`: nothing, since the daemon runs other people's programs.
    pub landlock: Option<Landlock>,
}

/// How far landlock is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Landlock {
    /// The kernel took the rules, and refuses what they do not allow.
    pub on: bool,
    /// The version of its rules, and what this kernel has none for.
    pub note: String,
}

static OWN: OnceLock<Own> = OnceLock::new();

/// Confines this process: to be called once, by its only thread, as its own user. `read` and `write` are the folders of the command line.
/// Gives what could not be put in force, for the log.
#[must_use = "an administrator wants to know what is not in force"]
pub fn confine(daemon: Daemon, read: &[&Path], write: &[&Path]) -> Vec<String> {
    let mut missing = Vec::new();
    let landlock = match daemon {
        Daemon::CourierLocal => None,
        Daemon::Configd | Daemon::Courier => Some(match files::restrict(daemon, read, write) {
            Ok(landlock) => {
                if !landlock.on {
                    missing.push(format!("landlock is not in force: {}", landlock.note));
                }
                landlock
            }
            Err(error) => {
                missing.push(format!("landlock is not in force: {error}"));
                Landlock { on: false, note: String::from("refused by this kernel") }
            }
        }),
    };
    // After landlock, whose calls it could not make otherwise: its own are the last that it needs.
    let filters = calls::install(daemon).unwrap_or_else(|error| {
        missing.push(format!("no filter of system calls of its own: {error}"));
        0
    });
    let _only_once = OWN.set(Own { filters, landlock });
    missing
}

/// What came of [`confine`]; nothing before it.
#[must_use]
pub fn own() -> Own {
    OWN.get().cloned().unwrap_or_default()
}

/// Whether the kernel keeps debuggers of the same user, and core files, away from this process.
#[must_use]
pub fn is_closed_to_debuggers() -> bool {
    prctl::get_dumpable() == Ok(false)
}
