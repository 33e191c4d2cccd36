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
    error: Option<(String, String)>,
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
                last.error = None;
            }
            // The recipient's fault, or a number that is not for this way; not the way's.
            Class::Rejected
                if matches!(
                    outcome.reason,
                    Some(Reason::BadAddress | Reason::BadNumber | Reason::OptedOut | Reason::SenderOrCountry)
                ) => {}
            Class::Rejected | Class::AuthError | Class::RateLimited | Class::Temporary => {
                last.error = Some((outcome.said.clone(), now.rfc3339()));
            }
        }
    }

    /// For `status`.
    #[must_use]
    pub fn channels(&self, rules: &Rules, now: &Moment) -> Vec<ChannelHealth> {
        let ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |name: &str, server: Option<String>| {
            let last = ways.get(name).cloned().unwrap_or_default();
            let (last_error, last_error_at) = last.error.unzip();
            let closed = self.breakers.closed(name, rules.generation, now);
            let last_error = last_error.map(|error| match closed {
                Some(Closed::Until(until)) => format!("{error}; NOT ASKED before {until}"),
                Some(Closed::LastUntil(until)) => format!("{error}; asked after the others until {until}"),
                None => error,
            });
            ChannelHealth {
                name: String::from(name),
                configured: server.is_some(),
                server,
                last_success: last.success,
                last_error,
                last_error_at,
            }
        };
        let mail = rules.email.iter().map(|way| of(&way.name, Some(format!("{}:{}", way.server, way.port))));
        let texts = rules.sms.iter().map(|way| of(&way.name, Some(way.provider.clone())));
        let channels: Vec<ChannelHealth> = mail.chain(texts).collect();
        if channels.is_empty() { vec![of("email", None)] } else { channels }
    }
}
