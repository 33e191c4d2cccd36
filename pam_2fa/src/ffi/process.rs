//! What the kernel says of this process: its user, its parent, the time.

use libc::{CLOCK_MONOTONIC, CLOCK_REALTIME, clock_gettime, clockid_t, timespec};
use std::time::Duration;

/// The effective uid.
pub(crate) fn effective_uid() -> u32 {
    // SAFETY: takes nothing and cannot fail (getuid(2)).
    unsafe { libc::geteuid() }
}

/// The real uid: who called a setuid program.
pub(crate) fn real_uid() -> u32 {
    // SAFETY: takes nothing and cannot fail (getuid(2)).
    unsafe { libc::getuid() }
}

/// The parent's pid.
pub(crate) fn parent() -> i32 {
    // SAFETY: takes nothing and cannot fail (getppid(2)).
    unsafe { libc::getppid() }
}

/// `CLOCK_MONOTONIC`; `None` when it cannot be read. Not std's, which panics then.
pub(crate) fn monotonic() -> Option<Duration> {
    read(CLOCK_MONOTONIC)
}

/// `CLOCK_REALTIME`, since 1970; `None` when it cannot be read.
pub(crate) fn wall() -> Option<Duration> {
    read(CLOCK_REALTIME)
}

fn read(clock: clockid_t) -> Option<Duration> {
    let mut time = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a timespec of ours to write to.
    if unsafe { clock_gettime(clock, &raw mut time) } != 0 {
        return None;
    }
    let seconds = u64::try_from(time.tv_sec).ok()?;
    Some(Duration::new(seconds, u32::try_from(time.tv_nsec).ok()?))
}
