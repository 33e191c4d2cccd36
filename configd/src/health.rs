//! How the ways out are doing: the last success and the last error of each, for `status`. They are kept in the store, written once a
//! minute at most and never by a login, so that a restart forgets none of it; what is counted begins anew.

use crate::clock::Moment;
use crate::delivery::breaker::{Breakers, Closed};
use crate::rules::Rules;
use crate::store::{MetaKey, Store};
use pam_2fa_protocol::admin::ChannelHealth;
use pam_2fa_protocol::courier::{Class, Outcome, Reason};
use pam_2fa_protocol::wire::{Continues, decode_reply, encode_reply};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Ways that are kept, those that the settings do not name any more among them: they fit a frame.
const MOST: usize = 24;
/// Characters of an error that are kept.
const MOST_SAID: usize = 100;

/// As they are kept: JSON, as what crosses the sockets.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Kept {
    ways: BTreeMap<String, Last>,
}

#[derive(Debug, Default, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Last {
    success: Option<String>,
    error: Option<Failure>,
    /// The first error after the last success.
    failing_since: Option<String>,
    #[serde(skip)]
    accepted: i64,
    #[serde(skip)]
    failed: i64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Failure {
    said: String,
    at: String,
    class: Class,
    reason: Option<Reason>,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Health {
    ways: Mutex<BTreeMap<String, Last>>,
    /// Something was noted that is not kept.
    is_new: AtomicBool,
    /// Which providers of text messages are not asked for a while.
    pub(crate) breakers: Breakers,
}

impl Health {
    /// As it was kept. What cannot be read is begun anew: nothing rests on it.
    pub async fn kept(store: &dyn Store) -> Self {
        let kept = match store.meta(MetaKey::Ways).await {
            Ok(kept) => kept.unwrap_or_default(),
            Err(error) => {
                tracing::warn!(%error, "how the ways out were doing is not known");
                Vec::new()
            }
        };
        let kept = decode_reply(&kept).and_then(|kept| kept.parameters::<Kept>()).unwrap_or_default();
        Self { ways: Mutex::new(kept.ways), ..Self::default() }
    }

    /// Keeps what is new. What cannot be kept is tried again.
    pub async fn keep(&self, store: &dyn Store) {
        // On a full disk what room there is is for logins.
        if store.log_state().fault.is_some() || !self.is_new.swap(false, Ordering::Relaxed) {
            return;
        }
        let Some(bytes) = self.to_keep() else { return };
        if let Err(error) = store.put_meta(vec![(MetaKey::Ways, bytes)]).await {
            tracing::debug!(%error, "how the ways out are doing was not kept");
            self.is_new.store(true, Ordering::Relaxed);
        }
    }

    fn to_keep(&self) -> Option<Vec<u8>> {
        let ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        let mut newest: Vec<(String, Last)> = ways.iter().map(|(name, last)| (name.clone(), last.clone())).collect();
        drop(ways);
        newest.sort_by_key(|(_, last)| {
            let at = [last.success.as_ref(), last.error.as_ref().map(|error| &error.at)].into_iter().flatten().max();
            std::cmp::Reverse(at.cloned())
        });
        newest.truncate(MOST);
        for error in newest.iter_mut().filter_map(|(_, last)| last.error.as_mut()) {
            error.said = error.said.chars().take(MOST_SAID).collect();
        }
        let kept = Kept { ways: newest.into_iter().collect() };
        encode_reply(&kept, Continues::No).ok().map(|frame| frame.to_vec())
    }

    /// A try has ended.
    pub fn note(&self, name: &str, outcome: &Outcome, now: &Moment) {
        let mut ways = self.ways.lock().unwrap_or_else(PoisonError::into_inner);
        let last = ways.entry(String::from(name)).or_default();
        match outcome.class {
            Class::Accepted => {
                last.success = Some(now.rfc3339());
                last.failing_since = None;
                last.accepted = last.accepted.saturating_add(1);
                self.is_new.store(true, Ordering::Relaxed);
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
                self.is_new.store(true, Ordering::Relaxed);
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::house::House;
    use crate::login::world::rules;

    fn outcome(class: Class, said: &str) -> Outcome {
        Outcome { class, reason: None, retry_after_s: None, provider_id: None, said: String::from(said) }
    }

    #[tokio::test]
    async fn how_the_ways_out_were_doing_is_known_after_a_restart_and_what_is_counted_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let house = House::for_tests(folder.path(), rules()).await;
        let (health, store, now) = (&house.post.health, house.store.as_ref(), house.now());
        health.note("email", &outcome(Class::Accepted, ""), &now);
        health.note("email", &outcome(Class::Temporary, &"x".repeat(1000)), &now);
        for number in 0..200 {
            health.note(&format!("sms.backup.{number}"), &outcome(Class::AuthError, &"\u{1b}\"".repeat(500)), &now);
        }
        health.note("email", &outcome(Class::Temporary, &"x".repeat(1000)), &now);
        health.keep(store).await;
        let again = Health::kept(store).await;
        let (was, is) = (health.channels(&rules(), &now), again.channels(&rules(), &now));
        assert_eq!(is[0].name, "email");
        assert_eq!((&is[0].last_success, &is[0].failing_since), (&was[0].last_success, &was[0].failing_since));
        assert!(is[0].failing_since.is_some() && is[0].last_success.is_some());
        assert_eq!(is[0].last_error_class, Some(Class::Temporary));
        assert_eq!((was[0].failed, is[0].failed, is[0].accepted), (2, 0, 0));
        assert_eq!(again.ways.lock().unwrap().len(), MOST, "no more than fits");

        // Nothing new is not written; what nobody can read is begun anew.
        store.put_meta(vec![(MetaKey::Ways, b"{\"ways\":[]".to_vec())]).await.unwrap();
        health.keep(store).await;
        let none = Health::kept(store).await;
        assert_eq!(none.channels(&rules(), &now)[0].last_success, None);
    }
}
