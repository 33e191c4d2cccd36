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

    /// Something was typed. `None`: the clock cannot be read.
    pub(crate) fn restart(&self) -> Option<()> {
        self.since.set((self.now)());
        self.since.get().map(drop)
    }

    /// What is left of `pace_ms`. `None`: the clock cannot be read, or could not.
    pub(crate) fn left(&self, pace_ms: Option<i64>) -> Option<Duration> {
        let since = self.since.get()?;
        let Some(pace_ms) = pace_ms else { return Some(Duration::ZERO) };
        let pace = Duration::from_millis(u64::try_from(pace_ms.min(MOST_MS)).unwrap_or(0));
        Some(since.saturating_add(pace).saturating_sub((self.now)()?))
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
        let left = |pace_ms| pace.left(pace_ms).unwrap().as_millis();
        assert_eq!((left(None), left(Some(80)), left(Some(-1)), left(Some(i64::MIN))), (0, 80, 0, 0));
        assert_eq!(left(Some(i64::MAX)), 150);
        MS.fetch_add(30, Ordering::Relaxed);
        assert_eq!(left(Some(80)), 50);
        MS.fetch_add(60, Ordering::Relaxed);
        assert_eq!(left(Some(80)), 0);
        pace.restart().unwrap();
        assert_eq!(left(Some(80)), 80);
    }

    #[test]
    fn without_a_clock_there_is_no_pace() {
        let pace = Pace::new(|| None);
        assert_eq!((pace.left(Some(80)), pace.left(None), pace.restart()), (None, None, None));
    }
}
