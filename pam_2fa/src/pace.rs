//! When a prompt is shown, and when a denial is: under the constant prompt not before its time, so that how long it took tells nothing of
//! what was decided (S11). It only ever puts them off, and by little.

use std::cell::Cell;
use std::time::Duration;

use crate::clock::Now;

/// The most that anything is put off, whatever the daemon says.
const MOST_MS: i64 = 150;

/// Since when the person waits.
#[derive(Debug)]
pub(crate) struct Pace {
    now: Now,
    since: Cell<Option<Duration>>,
    /// Of the last prompt.
    pace_ms: Cell<Option<i64>>,
}

impl Pace {
    /// From now on.
    pub(crate) fn new(now: Now) -> Self {
        Self { now, since: Cell::new(now()), pace_ms: Cell::new(None) }
    }

    /// Something was typed. `None`: the clock cannot be read.
    pub(crate) fn restart(&self) -> Option<()> {
        self.since.set((self.now)());
        self.since.get().map(drop)
    }

    /// From here on it is this.
    pub(crate) fn set(&self, pace_ms: Option<i64>) {
        self.pace_ms.set(pace_ms);
    }

    /// Waits for the time of the next prompt, or of the end: a decoy decides nothing there, and would be known by that. `None`: the clock
    /// cannot be read, or could not.
    pub(crate) fn wait(&self) -> Option<()> {
        self.left().map(std::thread::sleep)
    }

    fn left(&self) -> Option<Duration> {
        let since = self.since.get()?;
        let Some(pace_ms) = self.pace_ms.get() else { return Some(Duration::ZERO) };
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
        let left = |pace_ms| {
            pace.set(pace_ms);
            pace.left().unwrap().as_millis()
        };
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
    fn the_end_is_put_off_as_the_last_prompt_was() {
        static MS: AtomicU64 = AtomicU64::new(5_000);
        let pace = Pace::new(|| Some(Duration::from_millis(MS.load(Ordering::Relaxed))));
        let left = || pace.left().unwrap().as_millis();
        assert_eq!(left(), 0, "nothing was asked");
        pace.set(Some(80));
        MS.fetch_add(5_000, Ordering::Relaxed);
        pace.restart().unwrap();
        assert_eq!(left(), 80);
        MS.fetch_add(30, Ordering::Relaxed);
        assert_eq!(left(), 50);
        pace.set(None);
        assert_eq!(left(), 0);
    }

    #[test]
    fn without_a_clock_there_is_no_pace() {
        let pace = Pace::new(|| None);
        assert_eq!((pace.wait(), pace.restart()), (None, None));
        pace.set(Some(80));
        assert_eq!(pace.wait(), None);
    }
}
