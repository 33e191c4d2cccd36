//! Which providers of text messages are not asked for a while: one that refused our credentials locks the account if it is asked on and
//! on, one that is down holds up each login by its eight seconds, and one that named a time meant it.
//!
//! Kept in memory, per provider and generation of the settings: changed settings are tried at once, and so is all after a restart.

use super::retry_after;
use crate::clock::Moment;
use pam_2fa_protocol::courier::{Class, Outcome, Reason};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// So many tries in a row that ended without an answer to rely on open it.
const FAILURES: u32 = 3;
/// The first time for which it is open, and the longest, in seconds; each time in a row is twice the one before.
const REFUSED_S: (u64, u64) = (60, 900);
/// The same after [`FAILURES`].
const FAILED_S: (u64, u64) = (30, 600);
/// A provider that names a longer wait is asked again after this all the same, in seconds.
const LONGEST_WAIT_S: u64 = 900;

/// Whether to ask a provider.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// As usual.
    Now,
    /// It has failed again and again: only where there is no other.
    IfNoOther,
    /// Not before that time; this is what its last outcome would be again.
    Not(Outcome),
}

#[derive(Debug, Default)]
struct Breaker {
    generation: i64,
    failures: u32,
    /// How often in a row it was opened.
    opened: u32,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    until_ms: u64,
    /// For whoever reads it.
    until: String,
    outcome: Outcome,
}

/// One for each provider.
#[derive(Debug, Default)]
pub(crate) struct Breakers(Mutex<BTreeMap<String, Breaker>>);

impl Breakers {
    /// Whether to ask the provider of that name under the settings of that generation.
    pub(super) fn asks(&self, name: &str, generation: i64, now: &Moment) -> Asks {
        let breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let breaker = breakers.get(name).filter(|breaker| breaker.generation == generation);
        let Some(open) = breaker.and_then(|breaker| breaker.open.as_ref()).filter(|open| now.boot_ms < open.until_ms)
        else {
            return Asks::Now;
        };
        let left_s = open.until_ms.saturating_sub(now.boot_ms).div_ceil(1000);
        match open.outcome.class {
            Class::AuthError | Class::RateLimited => Asks::Not(Outcome {
                retry_after_s: i64::try_from(left_s).ok(),
                said: format!("not asked again before {} ({})", open.until, open.outcome.said),
                ..open.outcome.clone()
            }),
            Class::Accepted | Class::Rejected | Class::Temporary => Asks::IfNoOther,
        }
    }

    /// How a try ended. Seconds for which the provider is not asked now; none: it is.
    pub(super) fn note(&self, name: &str, generation: i64, outcome: &Outcome, now: &Moment) -> Option<u64> {
        let mut breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let breaker = breakers.entry(String::from(name)).or_default();
        if breaker.generation != generation {
            *breaker = Breaker { generation, ..Breaker::default() };
        }
        let open_s = match outcome.class {
            // An answer about this message is one of a provider that works.
            Class::Accepted | Class::Rejected => {
                if outcome.reason != Some(Reason::Config) {
                    *breaker = Breaker { generation, ..Breaker::default() };
                }
                return None;
            }
            Class::AuthError => longer(REFUSED_S, breaker.opened),
            Class::RateLimited => match retry_after(outcome) {
                0 => return None,
                wait_s => wait_s.min(LONGEST_WAIT_S),
            },
            Class::Temporary => {
                breaker.failures = breaker.failures.saturating_add(1);
                if breaker.failures < FAILURES {
                    return None;
                }
                longer(FAILED_S, breaker.opened)
            }
        };
        if outcome.class != Class::RateLimited {
            breaker.opened = breaker.opened.saturating_add(1);
        }
        let until = i64::try_from(open_s).map_or(now.wall_s, |open_s| now.wall_s.saturating_add(open_s));
        breaker.open = Some(Open {
            until_ms: now.boot_ms.saturating_add(open_s.saturating_mul(1000)),
            until: crate::clock::rfc3339(until),
            outcome: outcome.clone(),
        });
        Some(open_s)
    }

    /// Until when the provider is not asked, for `status`.
    pub(crate) fn until(&self, name: &str, generation: i64, now: &Moment) -> Option<String> {
        let breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let breaker = breakers.get(name).filter(|breaker| breaker.generation == generation)?;
        breaker.open.as_ref().filter(|open| now.boot_ms < open.until_ms).map(|open| open.until.clone())
    }
}

fn longer((first, longest): (u64, u64), times: u32) -> u64 {
    first.saturating_mul(1_u64.checked_shl(times).unwrap_or(u64::MAX)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Moment {
        let boot = crate::clock::BootId(String::from("1"));
        Moment { boot_ms: seconds * 1000, wall_s: 1_795_521_600 + seconds.cast_signed(), boot }
    }

    fn outcome(class: Class) -> Outcome {
        Outcome { class, reason: None, retry_after_s: None, provider_id: None, said: String::from("HTTP 401") }
    }

    #[test]
    fn refused_credentials_are_not_shown_again_for_a_minute_then_two_and_a_quarter_of_an_hour_at_most() {
        let breakers = Breakers::default();
        let mut now_s = 0;
        for open_s in [60, 120, 240, 480, 900, 900] {
            assert_eq!(breakers.asks("sms", 1, &at(now_s)), Asks::Now);
            assert_eq!(breakers.note("sms", 1, &outcome(Class::AuthError), &at(now_s)), Some(open_s));
            let Asks::Not(again) = breakers.asks("sms", 1, &at(now_s + open_s - 1)) else { panic!("{open_s}") };
            assert_eq!((again.class, again.retry_after_s), (Class::AuthError, Some(1)));
            assert!(again.said.starts_with("not asked again before 2026-11-24T"), "{}", again.said);
            now_s += open_s;
        }
        assert_eq!(breakers.note("sms", 1, &outcome(Class::Accepted), &at(now_s)), None);
        assert_eq!(breakers.note("sms", 1, &outcome(Class::AuthError), &at(now_s)), Some(60), "from the beginning");
    }

    #[test]
    fn three_failures_in_a_row_leave_it_for_where_there_is_no_other() {
        let breakers = Breakers::default();
        for _ in 0..2 {
            assert_eq!(breakers.note("sms", 1, &outcome(Class::Temporary), &at(0)), None);
        }
        breakers.note("sms", 1, &outcome(Class::Rejected), &at(0));
        for expected in [None, None, Some(30), Some(60)] {
            assert_eq!(breakers.note("sms", 1, &outcome(Class::Temporary), &at(0)), expected);
        }
        assert_eq!(breakers.asks("sms", 1, &at(59)), Asks::IfNoOther);
        assert_eq!(breakers.asks("sms.backup.b", 1, &at(59)), Asks::Now);
        assert_eq!(breakers.asks("sms", 1, &at(60)), Asks::Now);
    }

    #[test]
    fn a_wait_that_is_named_is_kept_and_changed_settings_are_tried_at_once() {
        let breakers = Breakers::default();
        let wait = |wait_s| Outcome { retry_after_s: Some(wait_s), ..outcome(Class::RateLimited) };
        assert_eq!(breakers.note("sms", 1, &outcome(Class::RateLimited), &at(0)), None);
        assert_eq!(breakers.note("sms", 1, &wait(86_400), &at(0)), Some(900));
        assert_eq!(breakers.note("sms", 1, &wait(7), &at(0)), Some(7));
        assert!(matches!(breakers.asks("sms", 1, &at(6)), Asks::Not(_)));
        assert_eq!(breakers.until("sms", 1, &at(6)).as_deref(), Some("2026-11-24T12:00:07Z"));
        assert_eq!((breakers.asks("sms", 1, &at(7)), breakers.until("sms", 1, &at(7))), (Asks::Now, None));
        assert_eq!(breakers.asks("sms", 2, &at(6)), Asks::Now);
    }
}
