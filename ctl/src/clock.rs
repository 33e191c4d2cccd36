//! The one reader of a clock in the command: how long an answer may take. Nothing here knows what time it is.

use std::time::{Duration, Instant};

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
