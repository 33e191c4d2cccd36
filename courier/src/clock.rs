//! The one reader of the wall clock. The courier needs it for the `Date` of a mail, and to tell an SMS provider for how
//! long a message is worth sending: deadlines run on the monotonic clock of the runtime, and whether a code has expired is not
//! for the courier to say.

use std::time::SystemTime;

/// Where the wall clock's time comes from; handed in, so that a test can say what time it is.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> SystemTime;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one reader of the wall clock")]
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
}
