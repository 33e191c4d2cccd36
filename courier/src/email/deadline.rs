//! The one bound over everything that is done for a mail: a moment, not a duration for each read, so that a server that
//! says a byte a second comes to its end like any other.

use super::failure::{Failure, Stage};
use std::future::Future;
use std::time::Duration;
use tokio::time::{Instant, timeout_at};

/// When the answer has to be there.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// So long from now.
    #[must_use]
    pub fn after(time: Duration) -> Self {
        let now = Instant::now();
        Self(now.checked_add(time).unwrap_or(now))
    }

    /// The earlier of this deadline and so long from now.
    #[must_use]
    pub fn or_after(self, time: Duration) -> Self {
        Self(self.0.min(Self::after(time).0))
    }

    /// The moment.
    #[must_use]
    pub fn at(self) -> Instant {
        self.0
    }

    /// Whether it is over.
    #[must_use]
    pub fn has_passed(self) -> bool {
        Instant::now() >= self.0
    }

    /// Runs `work`, and drops it at the deadline.
    ///
    /// # Errors
    /// [`Failure::TimedOut`] with the stage, and those of `work`.
    pub async fn bound<T>(self, stage: Stage, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        timeout_at(self.0, work).await.unwrap_or(Err(Failure::TimedOut { stage }))
    }
}
