//! How the ways out are doing: the last success and the last error of each, for `status`.

use crate::clock::Moment;
use crate::delivery::breaker::{Breakers, Closed};
use crate::rules::Rules;
use pam_2fa_protocol::admin::ChannelHealth;
use pam_2fa_protocol::courier::{Class, Outcome, Reason};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

#[derive(Debug, Default, Clone)]
struct Last {
    success: Option<String>,
    error: Option<Failure>,
    /// The first error after the last success.
    failing_since: Option<String>,
    accepted: i64,
    failed: i64,
}

#[derive(Debug, Clone)]
struct Failure {
    said: String,
    at: String,
    class: Class,
    reason: Option<Reason>,
}

/// All of them. Kept in memory: a restart forgets them, and `status` then shows neither.
#[derive(Debug, Default)]
pub struct Health {
    ways: Mutex<BTreeMap<String, Last>>,
    /// Which providers of text messages are not asked for a while.
    pub(crate) breakers: Breakers,
}

impl Health {
    /// A try has ended.
    pub fn note(&self, name: &str, outcome: &Outcome, now: &Moment) {
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        let last = ways.entry(String::from(name)).or_default();
        match outcome.class {
            Class::Accepted => {
                last.success = Some(now.rfc3339());
                last.failing_since = None;
                last.accepted = last.accepted.saturating_add(1);
            }
            // The recipient's fault, or a number that is not for this way; not the way's.
            Class::Rejected
                if matches!(
                    outcome.reason,
                    Some(Reason::BadAddress | Reason::BadNumber | Reason::OptedOut | Reason::SenderOrCountry)
                ) => {}
            Class::Rejected | Class::AuthError | Class::RateLimited | Class::Temporary => {
                let Outcome { class, reason, ref said, .. } = *outcome;
                last.failing_since.get_or_insert_with(|| now.rfc3339());
                last.error = Some(Failure { said: said.clone(), at: now.rfc3339(), class, reason });
                last.failed = last.failed.saturating_add(1);
            }
        }
    }

    /// For `status`.
    #[must_use]
    pub fn channels(&self, rules: &Rules, now: &Moment) -> Vec<ChannelHealth> {
        let ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |name: &str, server: Option<String>| {
            let Last { success, error, failing_since, accepted, failed } = ways.get(name).cloned().unwrap_or_default();
            let (held_until, waits_for_others) = match self.breakers.closed(name, rules.generation, now) {
                Some(Closed::Until(until)) => (Some(until), false),
                Some(Closed::LastUntil(until)) => (Some(until), true),
                None => (None, false),
            };
            ChannelHealth {
                name: String::from(name),
                configured: server.is_some(),
                server,
                last_success: success,
                last_error: error.as_ref().map(|error| error.said.clone()),
                last_error_at: error.as_ref().map(|error| error.at.clone()),
                last_error_class: error.as_ref().map(|error| error.class),
                last_error_reason: error.and_then(|error| error.reason),
                failing_since,
                held_until,
                waits_for_others,
                accepted,
                failed,
            }
        };
        let mail = rules.email.iter().map(|way| of(&way.name, Some(format!("{}:{}", way.server, way.port))));
        let texts = rules.sms.iter().map(|way| of(&way.name, Some(way.provider.clone())));
        let channels: Vec<ChannelHealth> = mail.chain(texts).collect();
        if channels.is_empty() { vec![of("email", None)] } else { channels }
    }
}
