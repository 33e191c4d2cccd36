//! Time, handed in everywhere (rule 8). The one file that may read a clock.
//!
//! Three clocks, each for what it is good at: the wall for what a person reads and for trust and expiry in days, never lower
//! than its high-water mark; `CLOCK_BOOTTIME` for lock-outs and lifetimes in minutes, since nobody can set it; the boot id to
//! know when the latter has begun again.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// A leap ahead of more than this does not raise the high-water mark unasked (rule 8), but for one that has stood for as long by
/// `CLOCK_BOOTTIME`: a host that was switched off for a week must not lose the mark for ever.
pub const LEAP_S: i64 = 86_400;

/// `/proc/sys/kernel/random/boot_id`, without dashes: another one means another boot.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BootId(pub String);

/// One reading of all the clocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moment {
    /// Seconds since 1970-01-01 UTC, never lower than the high-water mark.
    pub wall_s: i64,
    /// Milliseconds of `CLOCK_BOOTTIME`.
    pub boot_ms: u64,
    /// Which boot `boot_ms` counts from.
    pub boot: BootId,
}

impl Moment {
    /// RFC 3339, UTC, whole seconds.
    #[must_use]
    pub fn rfc3339(&self) -> String {
        rfc3339(self.wall_s)
    }
}

/// RFC 3339, UTC, of seconds since 1970. Beyond 1970 to 9999: the nearest end.
#[must_use]
pub fn rfc3339(wall_s: i64) -> String {
    const LAST: i64 = 253_402_207_200; // jiff::Timestamp::MAX
    let time = jiff::Timestamp::from_second(wall_s.clamp(0, LAST)).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Where time comes from.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Moment;

    /// The wall's high-water mark, seconds; 0 where there is none.
    fn mark_s(&self) -> i64 {
        0
    }

    /// Seconds by which the wall stands behind the mark; 0 where it does not.
    fn behind_s(&self) -> i64 {
        0
    }
}

/// The high-water mark of the wall clock: what it hands out never falls.
///
/// A wall that stands more than [`LEAP_S`] ahead of the mark is handed out as it is but raises the mark only once it has stood
/// so for [`LEAP_S`], so that a clock set ten years ahead by mistake can be set back. How far the mark lies ahead of a wall that
/// was set back is [`HighWater::behind_s`].
#[derive(Debug)]
pub struct HighWater {
    mark_s: AtomicI64,
    /// Since when, on `CLOCK_BOOTTIME`, the wall has stood far ahead of the mark; [`NOT_AHEAD`] where it does not.
    ahead_since_ms: AtomicU64,
}

const NOT_AHEAD: u64 = u64::MAX;

impl HighWater {
    /// Begins at the mark that the store kept (0: none yet, the first reading is taken as it is).
    #[must_use]
    pub fn new(kept_s: i64) -> Self {
        Self { mark_s: AtomicI64::new(kept_s), ahead_since_ms: AtomicU64::new(NOT_AHEAD) }
    }

    /// The time to use for a wall that shows `wall_s` at `boot_ms`; raises the mark.
    pub fn pass(&self, wall_s: i64, boot_ms: u64) -> i64 {
        let mark = self.mark_s.load(Ordering::Relaxed);
        let ahead_s = wall_s.saturating_sub(mark);
        if mark != 0 && ahead_s > LEAP_S {
            let since_ms = match self.ahead_since_ms.load(Ordering::Relaxed) {
                NOT_AHEAD => {
                    self.ahead_since_ms.store(boot_ms, Ordering::Relaxed);
                    boot_ms
                }
                since_ms => since_ms,
            };
            if boot_ms.saturating_sub(since_ms) < LEAP_S.unsigned_abs().saturating_mul(1000) {
                return wall_s;
            }
        }
        self.ahead_since_ms.store(NOT_AHEAD, Ordering::Relaxed);
        self.mark_s.fetch_max(wall_s, Ordering::Relaxed);
        wall_s.max(mark)
    }

    /// The mark, to be kept.
    #[must_use]
    pub fn mark_s(&self) -> i64 {
        self.mark_s.load(Ordering::Relaxed)
    }

    /// Seconds by which the wall stands behind the mark; 0 where it does not.
    #[must_use]
    pub fn behind_s(&self, wall_s: i64) -> i64 {
        self.mark_s().saturating_sub(wall_s).max(0)
    }
}

/// The host's clocks.
#[derive(Debug)]
pub struct SystemClock {
    high_water: HighWater,
    boot: BootId,
}

impl SystemClock {
    /// Begins at the mark that the store kept.
    ///
    /// # Errors
    /// When `/proc/sys/kernel/random/boot_id` cannot be read.
    pub fn new(kept_s: i64) -> std::io::Result<Self> {
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
        Ok(Self { high_water: HighWater::new(kept_s), boot: BootId(boot.trim().replace('-', "")) })
    }

    /// The mark.
    #[must_use]
    pub fn high_water(&self) -> &HighWater {
        &self.high_water
    }

    /// `CLOCK_BOOTTIME`, where there is no clock because there is no store.
    #[must_use]
    pub fn boot_ms() -> u64 {
        let (seconds, millis) = read(nix::time::ClockId::CLOCK_BOOTTIME);
        u64::try_from(seconds).unwrap_or(0).saturating_mul(1000).saturating_add(millis)
    }

    /// The wall as it stands, before the high-water mark: for a word to the administrator, not for decisions.
    #[must_use]
    pub fn wall_s() -> i64 {
        read(nix::time::ClockId::CLOCK_REALTIME).0
    }
}

/// Seconds and milliseconds within them. These clocks cannot fail on Linux (clock_gettime(2)); 0 would expire nothing early
/// and is caught by the high-water mark.
fn read(clock: nix::time::ClockId) -> (i64, u64) {
    match nix::time::clock_gettime(clock) {
        Ok(time) => (time.tv_sec(), u64::try_from(time.tv_nsec()).unwrap_or(0) / 1_000_000),
        Err(_) => (0, 0),
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Moment {
        let boot_ms = Self::boot_ms();
        Moment { wall_s: self.high_water.pass(Self::wall_s(), boot_ms), boot_ms, boot: self.boot.clone() }
    }

    fn mark_s(&self) -> i64 {
        self.high_water.mark_s()
    }

    fn behind_s(&self) -> i64 {
        self.high_water.behind_s(Self::wall_s())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_wall_set_back_is_not_believed() {
        let high = HighWater::new(1_000_000);
        assert_eq!(high.pass(1_000_100, 0), 1_000_100);
        assert_eq!(high.pass(900_000, 0), 1_000_100);
        assert_eq!(high.behind_s(900_000), 100_100);
    }

    #[test]
    fn a_leap_of_years_ahead_does_not_become_the_mark() {
        let high = HighWater::new(1_000_000);
        assert_eq!(high.pass(1_000_000 + 10 * 365 * LEAP_S, 0), 1_000_000 + 10 * 365 * LEAP_S);
        assert_eq!(high.mark_s(), 1_000_000);
        assert_eq!(high.pass(1_000_050, 0), 1_000_050);
    }

    #[test]
    fn a_leap_that_has_stood_for_a_day_becomes_the_mark_and_one_that_was_set_back_does_not() {
        let day_ms = u64::try_from(LEAP_S).unwrap() * 1000;
        let week_later = 1_000_000 + 7 * LEAP_S;
        let high = HighWater::new(1_000_000);
        assert_eq!(high.pass(week_later, 5), week_later);
        assert_eq!(high.pass(week_later + LEAP_S - 1, day_ms), week_later + LEAP_S - 1);
        assert_eq!(high.mark_s(), 1_000_000);
        high.pass(1_000_010, day_ms + 1);
        assert_eq!(high.pass(week_later, day_ms + 6), week_later, "the day begins anew");
        assert_eq!(high.mark_s(), 1_000_010);
        high.pass(week_later + LEAP_S, 2 * day_ms + 6);
        assert_eq!(high.mark_s(), week_later + LEAP_S);
    }

    #[test]
    fn times_are_written_as_rfc_3339() {
        assert_eq!(rfc3339(1_795_492_188), "2026-11-24T03:49:48Z");
        assert_eq!(rfc3339(-5), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(i64::MAX), "9999-12-30T22:00:00Z");
    }

    proptest! {
        #[test]
        fn the_mark_never_falls_however_the_wall_walks(steps in proptest::collection::vec(-200_000_i64..200_000, 1..50)) {
            let high = HighWater::new(10_000_000);
            let mut wall = 10_000_000_i64;
            let mut mark = high.mark_s();
            for step in steps {
                wall += step;
                let passed = high.pass(wall, 0);
                prop_assert!(passed >= mark);
                prop_assert!(high.mark_s() >= mark);
                mark = high.mark_s();
            }
        }
    }
}
