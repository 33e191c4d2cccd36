//! What this daemon sees of its own confinement, for `pam-2fa status`. Read from the kernel, and never from what a unit's file
//! promises.

use pam_2fa_protocol::sandbox::{HOMES, Sandbox, Seen};
use std::path::Path;

/// This process's, under the daemon's name.
#[must_use]
pub fn own(process: &str) -> Sandbox {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let (status, mountinfo, limits) =
        (read("/proc/self/status"), read("/proc/self/mountinfo"), read("/proc/self/limits"));
    let own = pam_2fa_confine::own();
    // Its unit gives it a root of its own.
    let absent: Vec<&str> = HOMES.into_iter().filter(|home| !Path::new(home).exists()).collect();
    let seen = Seen {
        absent: &absent,
        status: &status,
        mountinfo: &mountinfo,
        limits: &limits,
        own_filters: own.filters,
        landlock: own.landlock.as_ref().map(|landlock| (landlock.on, landlock.note.as_str())),
        not_dumpable: pam_2fa_confine::is_closed_to_debuggers(),
        ..Seen::default()
    };
    Sandbox::of(process, seen)
}
