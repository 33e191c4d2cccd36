//! When a prompt is shown: under the constant prompt not before its time, so that how long it took tells nothing of what was decided
//! (S11). It only ever puts a prompt off, and by little.

use std::cell::Cell;
use std::time::Duration;

use crate::clock::Now;

/// The most that a prompt is put off, whatever the daemon says.
const MOST_MS: i64 = 150;

/// Since when the person waits.
#[derive(Debug)]
pub(crate) struct Pace {
    now: Now,
    since: Cell<Option<Duration>>,
}

impl Pace {
    /// From now on.
    pub(crate) fn new(now: Now) -> Self {
        Self { now, since: Cell::new(now()) }
    }

    /// Something was typed.
    pub(crate) fn restart(&self) {
        self.since.set((self.now)());
    }

    /// What is left of `pace_ms`. Nothing where the clock cannot be read: the budget of the call sees to that.
    pub(crate) fn left(&self, pace_ms: Option<i64>) -> Duration {
        let (Some(pace_ms), Some(since), Some(now)) = (pace_ms, self.since.get(), (self.now)()) else {
            return Duration::ZERO;
        };
        let pace = Duration::from_millis(u64::try_from(pace_ms.min(MOST_MS)).unwrap_or(0));
        since.saturating_add(pace).saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU64, Ordering};

    #[test]
    fn a_prompt_is_put_off_to_its_time_and_by_little_whatever_the_daemon_says() {
        static MS: AtomicU64 = AtomicU64::new(5_000);
        let pace = Pace::new(|| Some(Duration::from_millis(MS.load(Ordering::Relaxed))));
        let left = |pace_ms| pace.left(pace_ms).as_millis();
        assert_eq!((left(None), left(Some(80)), left(Some(-1)), left(Some(i64::MIN))), (0, 80, 0, 0));
        assert_eq!(left(Some(i64::MAX)), 150);
        MS.fetch_add(30, Ordering::Relaxed);
        assert_eq!(left(Some(80)), 50);
        MS.fetch_add(60, Ordering::Relaxed);
        assert_eq!(left(Some(80)), 0);
        pace.restart();
        assert_eq!(left(Some(80)), 80);
    }

    #[test]
    fn without_a_clock_nothing_is_put_off() {
        assert_eq!(Pace::new(|| None).left(Some(80)), Duration::ZERO);
    }
}
