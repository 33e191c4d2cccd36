//! What this daemon sees of its own confinement, for `pam-2fa status`. Read from the kernel, and never from what a unit's file
//! promises.

use pam_2fa_protocol::sandbox::{Sandbox, Seen};

/// This process's, under the daemon's name.
#[must_use]
pub fn own(process: &str) -> Sandbox {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let (status, mountinfo, limits) =
        (read("/proc/self/status"), read("/proc/self/mountinfo"), read("/proc/self/limits"));
    Sandbox::of(process, Seen { status: &status, mountinfo: &mountinfo, limits: &limits, no_network: None })
}
