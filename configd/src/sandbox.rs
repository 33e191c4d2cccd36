//! What configd sees of its own confinement, for `status`. Read from the kernel, and never from what a unit's file promises.

use crate::seal::locked;
use nix::errno::Errno;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
use pam_2fa_protocol::sandbox::{Sandbox, Seen};
use std::sync::OnceLock;

/// This process's.
#[must_use]
pub fn own() -> Sandbox {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let (status, mountinfo, limits) =
        (read("/proc/self/status"), read("/proc/self/mountinfo"), read("/proc/self/limits"));
    let own = pam_2fa_confine::own();
    // Where it confines itself nowhere, as in a test, that is not in force, and not left out.
    let (on, note) = own.landlock.as_ref().map_or((false, "not asked for"), |landlock| (landlock.on, &landlock.note));
    let seen = Seen {
        status: &status,
        mountinfo: &mountinfo,
        limits: &limits,
        absent: &[],
        no_network: Some(has_no_network()),
        own_filters: own.filters,
        landlock: Some((on, note)),
        not_dumpable: pam_2fa_confine::is_closed_to_debuggers(),
        keys: Some(locked::bytes()),
    };
    Sandbox::of("configd", seen)
}

/// Whether the kernel refuses us a socket of the internet. Asked once: a filter that is on does not go off, and a host may write
/// down each refusal. A socket that is given is closed at once, and never used.
fn has_no_network() -> bool {
    static REFUSED: OnceLock<bool> = OnceLock::new();
    *REFUSED.get_or_init(|| {
        let asked = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None);
        // RestrictAddressFamilies= answers the first, a filter of system calls or a security module the others.
        matches!(asked, Err(Errno::EAFNOSUPPORT | Errno::EPERM | Errno::EACCES))
    })
}
