//! The arithmetic of tries and waits (rule 6), pure. The store applies it inside its transactions.
//!
//! Tries are counted per user and authenticator, in a bucket for each source that has succeeded before, one for strangers, and
//! one for the user's own processes. Each run of [`TryLimits::attempts`] wrong codes begins a wait that doubles, in that bucket
//! alone; at the limit the authenticator is disabled (SP 800-63B §3.2.2: at most 100 consecutive failures in all buckets, so
//! strangers and the user's own processes together are stopped early enough to leave known sources [`KEPT_FOR_KNOWN`]).
//!
//! A profile may add a [`Lock`]: at each run of so many failures in all buckets together nobody may try for a while, known sources
//! neither. PCI DSS 8.3.4 asks for that ("locking out the user ID after not more than 10 attempts"), so whoever has the password
//! can lock the owner out, and for no longer than that standard says: nothing is charged meanwhile, so nothing prolongs it, and
//! the waits of the other buckets are not the owner's.

mod texts;

use crate::clock::{BootId, Moment};
use crate::store::{Bucket, SourceText};
use std::collections::BTreeMap;
pub use texts::{Share, TextLimits, cost_wait_ms};

/// How many of the tries before an authenticator is disabled are left to known sources alone.
pub const KEPT_FOR_KNOWN: u32 = 20;

/// How many a user's own processes may use up.
pub const MOST_OF_OWN: u32 = 10;

/// `[codes] attempts` and the tries of `[limits]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TryLimits {
    /// Wrong codes in a row before a wait.
    pub attempts: u32,
    /// Failures in all before the authenticator is disabled.
    pub before_disabled: u32,
    /// The first wait, seconds.
    pub first_wait_s: u64,
    /// The longest wait, seconds.
    pub longest_wait_s: u64,
    /// What the profile adds.
    pub lock: Option<Lock>,
}

/// All buckets of an authenticator wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    /// After each run of so many failures in all buckets together.
    pub after: u32,
    /// For so long, seconds.
    pub length_s: u64,
}

impl Lock {
    fn length_ms(self) -> u64 {
        self.length_s.saturating_mul(1000)
    }

    /// A lock is kept as a wait of the bucket that began it, and known by its length: no other wait is as long
    /// ([`TryLimits::wait_ms`]).
    fn is(self, wait: &Wait) -> bool {
        wait.length_ms == self.length_ms()
    }
}

impl TryLimits {
    /// The wait that the `run`-th run of wrong codes (from 0) begins, milliseconds. Shorter than a lock, where there is one.
    fn wait_ms(self, run: u32) -> u64 {
        let wait_s = self.first_wait_s.saturating_mul(1_u64 << run.min(32)).min(self.longest_wait_s);
        let most_ms = self.lock.map_or(u64::MAX, |lock| lock.length_ms().saturating_sub(1));
        wait_s.saturating_mul(1000).min(most_ms)
    }
}

/// The sends of `[limits]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendLimits {
    /// Messages to one user in any 3,600 s.
    pub per_user_hour: u32,
    /// Messages to one user in any 86,400 s.
    pub per_user_day: u32,
    /// Messages asked for from one source in any 3,600 s, whoever they go to. Not for `local` and known sources.
    pub per_source_hour: u32,
    /// Text messages, beside all that.
    pub texts: TextLimits,
}

/// A wait on `CLOCK_BOOTTIME`, so that a clock that is set moves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// The boot that `until_ms` belongs to.
    pub boot: BootId,
    /// When it ends.
    pub until_ms: u64,
    /// How long it was, milliseconds: after a reboot it runs whole, from the boot on, unless it was seen to be over before
    /// ([`Counts::let_go`]).
    pub length_ms: u64,
}

impl Wait {
    /// Milliseconds left.
    #[must_use]
    pub fn left_ms(&self, now: &Moment) -> u64 {
        if self.boot == now.boot {
            self.until_ms.saturating_sub(now.boot_ms)
        } else {
            self.length_ms.saturating_sub(now.boot_ms)
        }
    }
}

/// One bucket's row: failures since the last success, and the wait that they began.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Count {
    /// Failures.
    pub failures: u32,
    /// The last wait, over or not.
    pub wait: Option<Wait>,
}

/// How tries stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A try may be made.
    Open {
        /// Failures so far.
        failures: u32,
    },
    /// Not for so many seconds (rounded up).
    Waiting {
        /// Seconds left.
        wait_s: u64,
    },
    /// Until an administrator unlocks it.
    Disabled,
}

/// One authenticator's rows of one user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Of [`Bucket::Stranger`].
    pub stranger: Count,
    /// Of [`Bucket::Known`], by source. What a source failed stays here after it was forgotten, until it succeeds again or an
    /// administrator unlocks the user: it counts in the total.
    pub known: BTreeMap<SourceText, Count>,
    /// Of [`Bucket::Own`].
    pub own: Count,
    /// All rows of the user's other authenticators: a [`Lock`] is the user's, whatever was tried.
    pub elsewhere: Vec<Count>,
}

impl Counts {
    /// The row of `bucket`.
    #[must_use]
    pub fn of(&self, bucket: &Bucket) -> Count {
        match bucket {
            Bucket::Stranger => self.stranger.clone(),
            Bucket::Known(source) => self.known.get(source).cloned().unwrap_or_default(),
            Bucket::Own => self.own.clone(),
        }
    }

    /// Puts the row of `bucket` in.
    pub fn put(&mut self, bucket: Bucket, count: Count) {
        match bucket {
            Bucket::Stranger => self.stranger = count,
            Bucket::Known(source) => {
                self.known.insert(source, count);
            }
            Bucket::Own => self.own = count,
        }
    }

    fn rows(&mut self) -> impl Iterator<Item = (Bucket, &mut Count)> {
        let known = self.known.iter_mut().map(|(source, count)| (Bucket::Known(source.clone()), count));
        [(Bucket::Stranger, &mut self.stranger), (Bucket::Own, &mut self.own)].into_iter().chain(known)
    }

    /// Forgets waits that are over, and gives the rows that changed: what nobody forgot would run again after a reboot.
    pub fn let_go(&mut self, now: &Moment) -> Vec<(Bucket, Count)> {
        let mut changed = Vec::new();
        for (bucket, count) in self.rows() {
            if count.wait.as_ref().is_some_and(|wait| wait.left_ms(now) == 0) {
                count.wait = None;
                changed.push((bucket, count.clone()));
            }
        }
        changed
    }

    /// Milliseconds until the lock ends, if one is on.
    fn locked_ms(&self, limits: TryLimits, now: &Moment) -> u64 {
        let Some(lock) = limits.lock else { return 0 };
        let counts = self.known.values().chain([&self.stranger, &self.own]).chain(&self.elsewhere);
        let locks = counts.filter_map(|count| count.wait.as_ref().filter(|wait| lock.is(wait)));
        locks.map(|wait| wait.left_ms(now)).max().unwrap_or(0)
    }

    /// Failures of those who are not at a known source.
    fn unknown(&self) -> u32 {
        self.stranger.failures.saturating_add(self.own.failures)
    }

    /// Failures of everybody, of all authenticators.
    fn of_the_user(&self) -> u32 {
        self.elsewhere.iter().fold(self.all(), |sum, count| sum.saturating_add(count.failures))
    }

    /// Failures of everybody, of this authenticator.
    #[must_use]
    pub fn all(&self) -> u32 {
        self.known.values().fold(self.unknown(), |sum, count| sum.saturating_add(count.failures))
    }
}

/// How tries stand in `bucket`.
#[must_use]
pub fn standing(bucket: &Bucket, counts: &Counts, limits: TryLimits, now: &Moment) -> Standing {
    let own = counts.of(bucket);
    let kept = if limits.before_disabled > KEPT_FOR_KNOWN { KEPT_FOR_KNOWN } else { 0 };
    let unknown_is_used_up = || counts.unknown() >= limits.before_disabled.saturating_sub(kept);
    let used_up = counts.all() >= limits.before_disabled
        || match bucket {
            Bucket::Known(_) => false,
            Bucket::Stranger => unknown_is_used_up(),
            Bucket::Own => own.failures >= MOST_OF_OWN || unknown_is_used_up(),
        };
    if used_up {
        return Standing::Disabled;
    }
    let waits_ms = own.wait.as_ref().map_or(0, |wait| wait.left_ms(now));
    match waits_ms.max(counts.locked_ms(limits, now)) {
        0 => Standing::Open { failures: own.failures },
        left_ms => Standing::Waiting { wait_s: left_ms.div_ceil(1000) },
    }
}

/// Seconds until nobody is locked out any more (rounded up); `None`: no lock is on.
#[must_use]
pub fn locked_s(counts: &Counts, limits: TryLimits, now: &Moment) -> Option<u64> {
    Some(counts.locked_ms(limits, now).div_ceil(1000)).filter(|left_s| *left_s > 0)
}

/// Charges `bucket` with one more failure. Gives the rows that changed, all of which are to be kept.
#[must_use]
pub fn charge(counts: &mut Counts, bucket: &Bucket, limits: TryLimits, now: &Moment) -> Vec<(Bucket, Count)> {
    let mut changed = counts.let_go(now);
    let Count { failures, wait } = counts.of(bucket);
    let failures = failures.saturating_add(1);
    let all = counts.of_the_user().saturating_add(1);
    let attempts = limits.attempts.max(1);
    let length_ms = match limits.lock.filter(|lock| all.is_multiple_of(lock.after.max(1))) {
        Some(lock) => Some(lock.length_ms()),
        None if failures.is_multiple_of(attempts) => Some(limits.wait_ms((failures / attempts).saturating_sub(1))),
        None => None,
    };
    let begun = length_ms.map(|length_ms| Wait {
        boot: now.boot.clone(),
        until_ms: now.boot_ms.saturating_add(length_ms),
        length_ms,
    });
    let count = Count { failures, wait: begun.or(wait) };
    counts.put(bucket.clone(), count.clone());
    changed.retain(|(other, _)| other != bucket);
    changed.push((bucket.clone(), count));
    changed
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: TryLimits =
        TryLimits { attempts: 3, before_disabled: 100, first_wait_s: 30, longest_wait_s: 3600, lock: None };

    /// PCI DSS 8.3.4, waits aside.
    const LOCKED: TryLimits =
        TryLimits { first_wait_s: 0, longest_wait_s: 0, lock: Some(Lock { after: 10, length_s: 1800 }), ..LIMITS };

    /// A stranger's row after one more failure at `now`.
    fn after_charge(count: &Count, limits: TryLimits, now: &Moment) -> Count {
        let mut counts = Counts { stranger: count.clone(), ..Counts::default() };
        let _rows = charge(&mut counts, &Bucket::Stranger, limits, now);
        counts.stranger
    }

    /// Charges `bucket` if it may be.
    fn try_once(counts: &mut Counts, bucket: &Bucket, limits: TryLimits, now: &Moment) -> bool {
        let open = matches!(standing(bucket, counts, limits, now), Standing::Open { .. });
        if open {
            let _rows = charge(counts, bucket, limits, now);
        }
        open
    }

    fn counts(stranger: &Count, known: &Count) -> Counts {
        let known = BTreeMap::from([(SourceText(String::from("here")), known.clone())]);
        Counts { stranger: stranger.clone(), known, own: Count::default(), elsewhere: Vec::new() }
    }

    fn known(source: &str) -> Bucket {
        Bucket::Known(SourceText(String::from(source)))
    }

    fn at(boot_ms: u64) -> Moment {
        Moment { wall_s: 1_000_000, boot_ms, boot: BootId(String::from("a")) }
    }

    #[test]
    fn three_wrong_codes_begin_a_wait_that_doubles_up_to_an_hour() {
        let mut count = Count::default();
        let mut waits = Vec::new();
        for failure in 1..=30 {
            count = after_charge(&count, LIMITS, &at(0));
            if failure % 3 == 0 {
                waits.push(count.wait.as_ref().unwrap().length_ms / 1000);
            }
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
    }

    #[test]
    fn strangers_are_stopped_early_enough_to_leave_known_sources_twenty() {
        let stranger = Count { failures: 80, wait: None };
        assert_eq!(
            standing(&Bucket::Stranger, &counts(&stranger, &Count::default()), LIMITS, &at(0)),
            Standing::Disabled
        );
        assert_eq!(
            standing(&known("here"), &counts(&stranger, &Count::default()), LIMITS, &at(0)),
            Standing::Open { failures: 0 }
        );
        let twenty = Count { failures: 20, wait: None };
        assert_eq!(standing(&known("here"), &counts(&stranger, &twenty), LIMITS, &at(0)), Standing::Disabled);
        // One in all more than a hundred is never possible, whichever way the failures came.
        let hundred = Count { failures: 100, wait: None };
        assert_eq!(standing(&known("here"), &counts(&Count::default(), &hundred), LIMITS, &at(0)), Standing::Disabled);
    }

    #[test]
    fn a_wait_of_strangers_does_not_hold_up_a_known_source() {
        let stranger = after_charge(&Count { failures: 2, wait: None }, LIMITS, &at(0));
        assert_eq!(
            standing(&Bucket::Stranger, &counts(&stranger, &Count::default()), LIMITS, &at(1)),
            Standing::Waiting { wait_s: 30 }
        );
        assert_eq!(
            standing(&known("here"), &counts(&stranger, &Count::default()), LIMITS, &at(1)),
            Standing::Open { failures: 0 }
        );
    }

    #[test]
    fn a_reboot_does_not_end_a_wait() {
        let count = after_charge(&Count { failures: 2, wait: None }, LIMITS, &at(500_000));
        let rebooted = Moment { wall_s: 1_000_000, boot_ms: 5_000, boot: BootId(String::from("b")) };
        assert_eq!(
            standing(&Bucket::Stranger, &counts(&count, &Count::default()), LIMITS, &rebooted),
            Standing::Waiting { wait_s: 25 }
        );
    }

    #[test]
    fn a_wait_of_one_known_source_does_not_hold_up_another_and_its_failures_count_in_the_total() {
        let waits = after_charge(&Count { failures: 2, wait: None }, LIMITS, &at(0));
        let mut both = counts(&Count::default(), &waits);
        assert_eq!(standing(&known("here"), &both, LIMITS, &at(1)), Standing::Waiting { wait_s: 30 });
        assert_eq!(standing(&known("there"), &both, LIMITS, &at(1)), Standing::Open { failures: 0 });
        both.put(known("there"), Count { failures: 97, wait: None });
        for bucket in [known("here"), known("there"), known("elsewhere"), Bucket::Stranger, Bucket::Own] {
            assert_eq!(standing(&bucket, &both, LIMITS, &at(1)), Standing::Disabled, "{bucket:?}");
        }
    }

    #[test]
    fn with_a_lock_the_tenth_failure_from_anywhere_locks_everybody_for_thirty_minutes_and_ten_more_tries_follow() {
        let buckets = [Bucket::Stranger, known("here"), Bucket::Own, known("there")];
        let mut counts = Counts::default();
        for round in 0..3 {
            let begin = round * 10_000_000;
            for bucket in buckets.iter().cycle().take(10) {
                assert!(try_once(&mut counts, bucket, LOCKED, &at(begin)), "{round} {counts:?}");
            }
            for (passed_ms, left_s) in [(0, 1800), (1_799_000, 1), (1_799_999, 1)] {
                let now = at(begin + passed_ms);
                for bucket in buckets.iter().chain([&known("elsewhere")]) {
                    assert_eq!(standing(bucket, &counts, LOCKED, &now), Standing::Waiting { wait_s: left_s });
                }
                assert_eq!(locked_s(&counts, LOCKED, &now), Some(left_s));
            }
            let now = at(begin + 1_800_000);
            assert!(
                buckets.iter().all(|bucket| matches!(standing(bucket, &counts, LOCKED, &now), Standing::Open { .. }))
            );
            assert_eq!(locked_s(&counts, LOCKED, &now), None);
        }
    }

    /// Whoever has the password but is elsewhere holds up a known source for the lock alone, however long strangers wait.
    #[test]
    fn with_a_lock_no_other_wait_holds_up_a_known_source_and_none_is_as_long() {
        let limits = TryLimits { first_wait_s: 3600, longest_wait_s: 86_400, ..LOCKED };
        let mut counts = Counts::default();
        let mut now_ms = 0;
        for failure in 1..=79 {
            assert!(try_once(&mut counts, &Bucket::Stranger, limits, &at(now_ms)), "{failure} {counts:?}");
            let here = standing(&known("here"), &counts, limits, &at(now_ms));
            let wanted =
                if failure % 10 == 0 { Standing::Waiting { wait_s: 1800 } } else { Standing::Open { failures: 0 } };
            assert_eq!(here, wanted, "{failure}");
            now_ms += 1_800_000;
        }
    }

    #[test]
    fn a_lock_outlives_a_reboot_and_one_that_was_seen_to_be_over_does_not_come_back() {
        let mut counts = Counts::default();
        for _ in 0..10 {
            assert!(try_once(&mut counts, &Bucket::Stranger, LOCKED, &at(0)));
        }
        let rebooted = |boot_ms| Moment { boot: BootId(String::from("b")), ..at(boot_ms) };
        let here = known("here");
        assert_eq!(standing(&here, &counts, LOCKED, &rebooted(0)), Standing::Waiting { wait_s: 1800 });
        assert_eq!(standing(&here, &counts, LOCKED, &rebooted(1_800_000)), Standing::Open { failures: 0 });
        // A try at a known source after its end, and the stranger's lock is forgotten with it.
        let changed = charge(&mut counts, &here, LOCKED, &at(1_800_000));
        let stranger = Count { failures: 10, wait: None };
        assert_eq!(changed, [(Bucket::Stranger, stranger), (here.clone(), Count { failures: 1, wait: None })]);
        assert_eq!(standing(&here, &counts, LOCKED, &rebooted(0)), Standing::Open { failures: 1 });
    }

    proptest! {
        /// Whichever bucket the failures come from, half an hour stands between one run of ten and the next, and a hundred are the
        /// most in a row (SP 800-63B §3.2.2) all the same.
        #[test]
        fn with_a_lock_there_are_ten_failures_in_thirty_minutes_at_most(
            steps in proptest::collection::vec((0_usize..5, 0_u64..400_000), 400)
        ) {
            let mut counts = Counts::default();
            let buckets = [Bucket::Stranger, Bucket::Own, known("a"), known("b"), known("c")];
            let (mut now_ms, mut failed) = (0, Vec::new());
            for (number, passed_ms) in steps {
                now_ms += if passed_ms < 300_000 { 0 } else { passed_ms };
                if try_once(&mut counts, &buckets[number], LOCKED, &at(now_ms)) {
                    failed.push(now_ms);
                }
            }
            for run in failed.chunks(10).collect::<Vec<_>>().windows(2) {
                prop_assert!(run[1][0] - run[0].last().unwrap() >= 1_800_000);
            }
            prop_assert!(failed.len() <= 100, "{counts:?}");
        }

        /// Whichever bucket the failures come from, in whatever order, there are never more than a hundred.
        #[test]
        fn a_hundred_failures_are_the_most_in_all(order in proptest::collection::vec(0_usize..5, 300)) {
            let mut counts = Counts::default();
            let limits = TryLimits { first_wait_s: 0, longest_wait_s: 0, ..LIMITS };
            let buckets = [Bucket::Stranger, Bucket::Own, known("a"), known("b"), known("c")];
            for bucket in order.into_iter().map(|n| &buckets[n]) {
                let _charged = try_once(&mut counts, bucket, limits, &at(0));
            }
            let unknown = counts.stranger.failures + counts.own.failures;
            prop_assert!(unknown <= 80 && counts.own.failures <= 10, "{counts:?}");
            prop_assert_eq!(counts.all(), unknown + counts.known.values().map(|count| count.failures).sum::<u32>());
            prop_assert!(counts.all() <= 100, "{counts:?}");
        }

        #[test]
        fn the_wall_clock_moves_no_wait(wall in i64::MIN..i64::MAX, boot_ms in 0_u64..29_999) {
            let count = after_charge(&Count { failures: 2, wait: None }, LIMITS, &at(0));
            let now = Moment { wall_s: wall, boot_ms, boot: BootId(String::from("a")) };
            let waiting = matches!(
                standing(&Bucket::Stranger, &counts(&count, &Count::default()), LIMITS, &now),
                Standing::Waiting { .. }
            );
            prop_assert!(waiting);
        }
    }
}
