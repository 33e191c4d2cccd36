//! How long a call may take: all time outside the conversation is one budget, not so much a read.
//!
//! Time is `CLOCK_MONOTONIC` handed in as a function; a clock that cannot be read ends the login. Time at a prompt is the
//! user's and is never counted.

use std::time::Duration;

use crate::stop::Stop;

/// Reads a monotonic clock; `None` when it cannot be read.
pub(crate) type Now = fn() -> Option<Duration>;

/// What is left of the time outside the conversation.
#[derive(Debug)]
pub(crate) struct Budget {
    now: Now,
    left: Duration,
}

/// A point in time that work ends at.
#[derive(Debug)]
pub(crate) struct Deadline {
    now: Now,
    at: Duration,
}

impl Budget {
    /// A full budget.
    pub(crate) fn new(now: Now, total: Duration) -> Self {
        Self { now, left: total }
    }

    /// Does `work` under a deadline no later than `limit` and than what is left, and takes the time it took from what is left.
    ///
    /// # Errors
    /// Those of `work`; [`Stop::Clock`].
    pub(crate) fn spend<T>(
        &mut self,
        limit: Duration,
        work: impl FnOnce(&Deadline) -> Result<T, Stop>,
    ) -> Result<T, Stop> {
        let began = (self.now)().ok_or(Stop::Clock)?;
        let at = began.saturating_add(limit.min(self.left));
        let result = work(&Deadline { now: self.now, at });
        let ended = (self.now)().ok_or(Stop::Clock)?;
        self.left = self.left.saturating_sub(ended.saturating_sub(began));
        result
    }
}

impl Deadline {
    /// The time until then, never zero.
    ///
    /// # Errors
    /// [`Stop::TimedOut`] when it has passed; [`Stop::Clock`].
    pub(crate) fn left(&self) -> Result<Duration, Stop> {
        let now = (self.now)().ok_or(Stop::Clock)?;
        match self.at.saturating_sub(now) {
            Duration::ZERO => Err(Stop::TimedOut),
            left => Ok(left),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn time_spent_in_several_pieces_is_one_budget() {
        static SECONDS: AtomicU64 = AtomicU64::new(100);
        fn now() -> Option<Duration> {
            Some(Duration::from_secs(SECONDS.load(Ordering::Relaxed)))
        }
        let pass = |seconds| SECONDS.fetch_add(seconds, Ordering::Relaxed);

        let mut budget = Budget::new(now, Duration::from_secs(5));
        let left = budget
            .spend(Duration::from_secs(2), |deadline| {
                pass(1);
                deadline.left()
            })
            .unwrap();
        assert_eq!(left, Duration::from_secs(1));

        pass(1_000); // at a prompt
        let left = budget.spend(Duration::MAX, Deadline::left).unwrap();
        assert_eq!(left, Duration::from_secs(4));

        let late = budget.spend(Duration::MAX, |deadline| {
            pass(4);
            deadline.left()
        });
        assert!(matches!(late, Err(Stop::TimedOut)));
        assert!(matches!(budget.spend(Duration::MAX, Deadline::left), Err(Stop::TimedOut)));
    }

    #[test]
    fn a_clock_that_cannot_be_read_ends_the_login() {
        let mut budget = Budget::new(|| None, Duration::from_secs(5));
        assert!(matches!(budget.spend(Duration::MAX, |_| Ok(())), Err(Stop::Clock)));
    }
}
