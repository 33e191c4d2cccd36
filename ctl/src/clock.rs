//! The one reader of clocks in the command: how long an answer may take, and for `exempt` and `enable`, which work without the daemon,
//! what time it is.

use nix::time::{ClockId, clock_gettime};
use std::io;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point in time by which an answer must be there, however many reads it takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    started: Instant,
    pub(crate) after: Duration,
}

impl Deadline {
    /// So long from now.
    pub(crate) fn after(after: Duration) -> Self {
        Self { started: now(), after }
    }

    /// What is left; none when it has passed.
    pub(crate) fn left(&self) -> Option<Duration> {
        let left = self.after.checked_sub(now().saturating_duration_since(self.started))?;
        (!left.is_zero()).then_some(left)
    }
}

#[expect(clippy::disallowed_methods, reason = "the command's one monotonic clock; it bounds waits and decides nothing")]
fn now() -> Instant {
    Instant::now()
}

/// Seconds since 1970. A clock before that is at its beginning.
#[expect(
    clippy::disallowed_methods,
    reason = "exemptions end by the wall clock; exempt/change.rs says what if it was set back"
)]
pub(crate) fn wall_s() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

/// Milliseconds of `CLOCK_BOOTTIME`, which nobody can set, and the id of the boot that they count from, as configd writes it.
///
/// # Errors
/// When the kernel does not say.
pub(crate) fn boot() -> io::Result<(String, u64)> {
    let id = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().replace('-', "");
    let since = Duration::from(clock_gettime(ClockId::CLOCK_BOOTTIME)?);
    Ok((id, u64::try_from(since.as_millis()).unwrap_or(u64::MAX)))
}
