//! Which providers of text messages are not asked for a while: one that refused our credentials locks the account if it is asked on and
//! on, one that is down holds up each login by its eight seconds, and one that is asked too much wants a rest.
//!
//! What is said of one number or one message must never bar others: whoever owns such a number would keep everybody's messages back.
//! Kept in memory, per provider and generation of the settings; a reload and a restart forget it.

use super::retry_after;
use crate::clock::Moment;
use pam_2fa_protocol::courier::{Class, Outcome, Reason};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// So many tries in a row that ended without an answer to rely on open it.
const FAILURES: u32 = 3;
/// The first time for which it is open, and the longest, in seconds; each time in a row is twice the one before. After refused
/// credentials:
const REFUSED_S: (u64, u64) = (60, 900);
/// After [`FAILURES`].
const FAILED_S: (u64, u64) = (30, 600);
/// After "too many" without a time. One that is named counts, up to the longest: it may have been said of one number.
const RATE_S: (u64, u64) = (5, 60);

/// Whether to ask a provider.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asks {
    /// As usual.
    Now,
    /// It has failed again and again: only where there is no other.
    IfNoOther,
    /// Not before that time; this is what became of the message.
    Not(Outcome),
}

/// What is kept back, for `status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Closed {
    /// It is not asked until then.
    Until(String),
    /// It is asked after all others until then.
    LastUntil(String),
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
    class: Class,
    reason: Option<Reason>,
}

/// One for each provider.
#[derive(Debug, Default)]
pub(crate) struct Breakers(Mutex<BTreeMap<String, Breaker>>);

impl Breaker {
    fn open(&self, now: &Moment) -> Option<&Open> {
        self.open.as_ref().filter(|open| now.boot_ms < open.until_ms)
    }
}

impl Breakers {
    /// Whether to ask the provider of that name under the settings of that generation.
    pub(super) fn asks(&self, name: &str, generation: i64, now: &Moment) -> Asks {
        let breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let breaker = breakers.get(name).filter(|breaker| breaker.generation == generation);
        let Some(open) = breaker.and_then(|breaker| breaker.open(now)) else { return Asks::Now };
        if open.class == Class::Temporary {
            return Asks::IfNoOther;
        }
        let left_s = open.until_ms.saturating_sub(now.boot_ms).div_ceil(1000);
        // What it said was said of another's message, and is not repeated here.
        Asks::Not(Outcome {
            class: open.class,
            reason: open.reason,
            retry_after_s: i64::try_from(left_s).ok(),
            provider_id: None,
            said: format!("{name} is not asked before {}: see pam-2fa status", open.until),
        })
    }

    /// How a try ended. Seconds for which the provider is kept back from now on; none: nothing changes.
    pub(super) fn note(&self, name: &str, generation: i64, outcome: &Outcome, now: &Moment) -> Option<u64> {
        let mut breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let breaker = breakers.entry(String::from(name)).or_default();
        if generation < breaker.generation {
            return None;
        }
        if generation > breaker.generation {
            *breaker = Breaker { generation, ..Breaker::default() };
        }
        let times = match (outcome.class, outcome.reason) {
            // An answer about this message alone says that the provider works; one that nobody asked it says nothing.
            (Class::Rejected, Some(Reason::Config | Reason::SenderOrCountry)) => return None,
            (Class::Accepted | Class::Rejected, _) => {
                *breaker = Breaker { generation, ..Breaker::default() };
                return None;
            }
            // Of this number and its country, or of the sender: others may do.
            (Class::AuthError, Some(Reason::SenderOrCountry)) => {
                breaker.failures = 0;
                return None;
            }
            (Class::AuthError, _) => REFUSED_S,
            (Class::RateLimited, _) => RATE_S,
            (Class::Temporary, _) => {
                breaker.failures = breaker.failures.saturating_add(1);
                if breaker.failures < FAILURES {
                    return None;
                }
                FAILED_S
            }
        };
        // What was under way when it was opened is of the same fault.
        if breaker.open(now).is_some_and(|open| open.class == outcome.class || open.class != Class::Temporary) {
            return None;
        }
        let named = if outcome.class == Class::RateLimited { retry_after(outcome) } else { 0 };
        let open_s = if named == 0 { longer(times, breaker.opened) } else { named.min(times.1) };
        breaker.opened = breaker.opened.saturating_add(1);
        let until = i64::try_from(open_s).map_or(now.wall_s, |open_s| now.wall_s.saturating_add(open_s));
        breaker.open = Some(Open {
            until_ms: now.boot_ms.saturating_add(open_s.saturating_mul(1000)),
            until: crate::clock::rfc3339(until),
            class: outcome.class,
            reason: outcome.reason,
        });
        Some(open_s)
    }

    /// Whether the provider is kept back.
    pub(crate) fn closed(&self, name: &str, generation: i64, now: &Moment) -> Option<Closed> {
        let breakers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let breaker = breakers.get(name).filter(|breaker| breaker.generation == generation)?;
        let open = breaker.open(now)?;
        let until = open.until.clone();
        Some(if open.class == Class::Temporary { Closed::LastUntil(until) } else { Closed::Until(until) })
    }

    /// All are asked again: an administrator has read the settings anew, and may have mended what was wrong elsewhere.
    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
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

    fn outcome(class: Class, reason: Option<Reason>) -> Outcome {
        Outcome { class, reason, retry_after_s: None, provider_id: None, said: String::from("HTTP 401: no, ada") }
    }

    fn refused() -> Outcome {
        outcome(Class::AuthError, Some(Reason::Credentials))
    }

    #[test]
    fn refused_credentials_are_not_shown_again_for_a_minute_then_two_and_a_quarter_of_an_hour_at_most() {
        let breakers = Breakers::default();
        let mut now_s = 0;
        for open_s in [60, 120, 240, 480, 900, 900] {
            assert_eq!(breakers.asks("sms", 1, &at(now_s)), Asks::Now);
            assert_eq!(breakers.note("sms", 1, &refused(), &at(now_s)), Some(open_s));
            let Asks::Not(again) = breakers.asks("sms", 1, &at(now_s + open_s - 1)) else { panic!("{open_s}") };
            assert_eq!((again.class, again.retry_after_s), (Class::AuthError, Some(1)));
            assert!(again.said.starts_with("sms is not asked before 2026-11-24T"), "{}", again.said);
            assert!(!again.said.contains("ada"), "{}", again.said);
            now_s += open_s;
        }
        assert_eq!(breakers.note("sms", 1, &outcome(Class::Accepted, None), &at(now_s)), None);
        assert_eq!(breakers.note("sms", 1, &refused(), &at(now_s)), Some(60), "from the beginning");
    }

    #[test]
    fn what_was_under_way_when_it_was_opened_keeps_it_open_no_longer() {
        let breakers = Breakers::default();
        assert_eq!(breakers.note("sms", 1, &refused(), &at(0)), Some(60));
        for now_s in [0, 1, 59] {
            assert_eq!(breakers.note("sms", 1, &refused(), &at(now_s)), None);
        }
        assert_eq!(breakers.asks("sms", 1, &at(60)), Asks::Now);
        assert_eq!(breakers.note("sms", 1, &refused(), &at(60)), Some(120));
    }

    #[test]
    fn what_is_said_of_one_number_or_one_message_bars_nobody_else() {
        for (class, reason) in [
            (Class::AuthError, Reason::SenderOrCountry),
            (Class::Rejected, Reason::BadNumber),
            (Class::Rejected, Reason::OptedOut),
            (Class::Rejected, Reason::Request),
            (Class::Rejected, Reason::SenderOrCountry),
        ] {
            let breakers = Breakers::default();
            for _ in 0..100 {
                assert_eq!(
                    breakers.note("sms", 1, &outcome(class, Some(reason)), &at(0)),
                    None,
                    "{class:?} {reason:?}"
                );
            }
            assert_eq!(breakers.asks("sms", 1, &at(0)), Asks::Now, "{class:?} {reason:?}");
        }
    }

    #[test]
    fn three_failures_in_a_row_leave_it_for_where_there_is_no_other() {
        let breakers = Breakers::default();
        let down = || outcome(Class::Temporary, Some(Reason::Unreachable));
        for _ in 0..2 {
            assert_eq!(breakers.note("sms", 1, &down(), &at(0)), None);
        }
        breakers.note("sms", 1, &outcome(Class::Rejected, Some(Reason::BadNumber)), &at(0));
        for expected in [None, None, Some(30), None] {
            assert_eq!(breakers.note("sms", 1, &down(), &at(0)), expected);
        }
        // The courier's own refusal says nothing of it.
        breakers.note("sms", 1, &outcome(Class::Rejected, Some(Reason::SenderOrCountry)), &at(1));
        assert_eq!(breakers.asks("sms", 1, &at(29)), Asks::IfNoOther);
        assert_eq!(breakers.closed("sms", 1, &at(29)), Some(Closed::LastUntil(String::from("2026-11-24T12:00:30Z"))));
        assert_eq!(breakers.asks("sms.backup.b", 1, &at(29)), Asks::Now);
        assert_eq!(breakers.asks("sms", 1, &at(30)), Asks::Now);
        assert_eq!(breakers.note("sms", 1, &down(), &at(30)), Some(60), "it is down yet");
        // One that is down may refuse our credentials when it is back.
        assert_eq!(breakers.note("sms", 1, &refused(), &at(31)), Some(240));
        assert!(matches!(breakers.asks("sms", 1, &at(31)), Asks::Not(_)));
    }

    #[test]
    fn too_many_is_a_rest_of_a_minute_at_most_and_of_what_was_named_where_that_is_less() {
        let breakers = Breakers::default();
        let wait = |wait_s| Outcome { retry_after_s: wait_s, ..outcome(Class::RateLimited, None) };
        let mut now_s = 0;
        for (named, open_s) in [(None, 5), (None, 10), (Some(7), 7), (Some(86_400), 60), (None, 60), (None, 60)] {
            assert_eq!(breakers.note("sms", 1, &wait(named), &at(now_s)), Some(open_s), "{named:?}");
            assert!(matches!(breakers.asks("sms", 1, &at(now_s + open_s - 1)), Asks::Not(_)));
            now_s += open_s;
            assert_eq!((breakers.asks("sms", 1, &at(now_s)), breakers.closed("sms", 1, &at(now_s))), (Asks::Now, None));
        }
    }

    #[test]
    fn changed_settings_and_a_reload_are_tried_at_once_and_what_is_left_of_older_ones_changes_nothing() {
        let breakers = Breakers::default();
        breakers.note("sms", 1, &refused(), &at(0));
        assert_eq!(breakers.asks("sms", 2, &at(1)), Asks::Now);
        breakers.note("sms", 2, &refused(), &at(1));
        breakers.note("sms", 1, &outcome(Class::Accepted, None), &at(2));
        assert!(matches!(breakers.asks("sms", 2, &at(2)), Asks::Not(_)));
        breakers.forget();
        assert_eq!(breakers.asks("sms", 2, &at(2)), Asks::Now);
    }
}
