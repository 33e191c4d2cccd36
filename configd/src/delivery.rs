//! Sending: the store counts a message and keeps its challenge, then the courier carries it; what can be tried again is, inside
//! the code's life, with the same code.

use crate::carrier::Carrier;
use crate::clock::Clock;
use crate::health::Health;
use crate::login::challenge::{Aim, Challenge, Challenges, Delivery};
use crate::login::deliver::{Errand, Letter, mail};
use crate::login::ways::Way;
use crate::notice::Desk;
use crate::rules::{MailWay, Rules};
use crate::seal::{Keys, SealError};
use crate::store::{Known, Store};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::Reached;
use pam_2fa_protocol::courier::{Class, Mail, Outcome, Reach, Reason, Send};
use pam_2fa_settings::PasswordSetting;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// The waits between tries of one message (fault 10: greylisting). What the other side asks for counts where it is longer.
pub const WAITS_S: [u64; 3] = [5, 15, 45];

/// So many of these waits a text message has: one more try, of one id. Each may be a message of its own, and is paid for.
const TEXT_WAITS: usize = 1;

/// One try takes so long at most; less where the code has less left.
const TRY_MS: u64 = 20_000;
/// To come to a server and leave, while somebody waits: three and a backup are within what the command waits.
const REACH_MS: u64 = 8_000;

/// What sending needs of the daemon.
#[derive(Clone)]
pub struct Post {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The open challenges.
    pub challenges: Arc<Mutex<Challenges>>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The courier.
    pub carrier: Carrier,
    /// How the ways out are doing.
    pub health: Arc<Health>,
    /// This host's name.
    pub host: Arc<str>,
    /// Opens the passwords of mail servers.
    pub keys: Arc<Keys>,
    /// Held by each errand under way, so that a stop can wait for them.
    pub under_way: Arc<()>,
    /// [`WAITS_S`].
    pub waits_s: [u64; 3],
    /// What notices to the owners of accounts share.
    pub notices: Desk,
}

/// A message to one address, by whichever mail server accepts it.
#[derive(Debug, Clone, Copy)]
pub struct Letterhead<'a> {
    /// The same for every try of one message.
    pub id: &'a str,
    /// From 1.
    pub attempt: u32,
    /// The address.
    pub to: &'a str,
    /// One line.
    pub subject: &'a str,
    /// The text.
    pub text: &'a Secret,
    /// For how long it is worth sending.
    pub life_ms: u64,
}

/// What became of a message that was asked for here and now.
#[derive(Debug)]
pub struct Carried {
    /// How it ended.
    pub outcome: Outcome,
    /// The server or provider that has accepted it, by its name in the settings.
    pub by: Option<String>,
}

impl Post {
    /// Runs an errand to its end. What became of it stands in the challenge, the log and the health.
    pub async fn run(self, errand: Errand, rules: Arc<Rules>, reference: String) {
        let Some(mut tried) = self.count(&errand, &rules, &reference).await else { return };
        if self.is_still_the_address(&errand, &reference).await {
            self.carry(&errand, &rules, &reference, &mut tried).await;
        }
        self.settle(tried).await;
    }

    /// Tries until a server has taken the message, or no try can help.
    async fn carry(&self, errand: &Errand, rules: &Rules, reference: &str, tried: &mut Tried) {
        let mut waits = self.waits(matches!(errand.way, Way::Sms(_)));
        loop {
            let Some(outcome) = self.once(errand, rules, tried).await else { return };
            let said = outcome.said.as_str();
            if tried.is_stopped() {
                return self.note_stop(errand, tried, said, reference);
            }
            let to = errand.way.masked();
            if outcome.class == Class::Accepted {
                self.note(errand, Delivery::Sent);
                let by = errand.way.word();
                tracing::info!(reference, user = errand.user.name, by, to, said, "the code was sent");
                return;
            }
            let wait_s = waits.next().map(|wait| wait.max(retry_after(&outcome)));
            let left_ms = self.with(errand, |challenge, now| challenge.left_ms(&now)).unwrap_or(0);
            match wait_s.filter(|wait| may_retry(&outcome) && wait.saturating_mul(1000) < left_ms) {
                Some(wait_s) => {
                    self.note(errand, Delivery::Late);
                    tracing::warn!(
                        reference,
                        user = errand.user.name,
                        to,
                        said,
                        wait_s,
                        "the code was not taken; again in {wait_s} s"
                    );
                    tokio::time::sleep(Duration::from_secs(wait_s)).await;
                }
                None => {
                    self.note(errand, Delivery::Failed);
                    let by = errand.way.word();
                    tracing::error!(reference, user = errand.user.name, by, to, said, "the code could not be sent");
                    return;
                }
            }
        }
    }

    /// The waits between the tries of one message, by text message or by mail.
    pub(crate) fn waits(&self, is_text: bool) -> impl Iterator<Item = u64> + use<> {
        let most = if is_text { TEXT_WAITS } else { self.waits_s.len() };
        self.waits_s.into_iter().take(most)
    }

    /// An administrator may have changed the address since the login began: nothing leaves for the old one.
    async fn is_still_the_address(&self, errand: &Errand, reference: &str) -> bool {
        // One that is being proven is nobody's yet.
        if matches!(errand.aim, Aim::Address(_)) {
            return true;
        }
        let still = match self.store.user(errand.user.clone()).await {
            Ok(Known::Record(record)) => match &errand.way {
                Way::Email(address) => record.email_verified && record.email.as_ref() == Some(address),
                Way::Sms(number) => record.phone_verified && record.phone.as_ref() == Some(number),
                Way::App => false,
            },
            Ok(Known::Nobody | Known::NameOfAnother { .. } | Known::UidOfOthers { .. }) | Err(_) => false,
        };
        if !still {
            self.note(errand, Delivery::Failed);
            tracing::warn!(reference, user = errand.user.name, "the address was changed meanwhile: nothing is sent");
        }
        still
    }

    /// One round over the servers or providers. `None`: the challenge has ended meanwhile, or a later errand has brought its code,
    /// and nothing need be sent.
    async fn once(&self, errand: &Errand, rules: &Rules, tried: &mut Tried) -> Option<Outcome> {
        match &errand.way {
            Way::Email(to) => self.once_by_email(errand, to, rules, tried).await,
            Way::Sms(to) => self.once_by_text(errand, to, rules, tried).await,
            Way::App => None,
        }
    }

    async fn once_by_email(&self, errand: &Errand, to: &str, rules: &Rules, tried: &mut Tried) -> Option<Outcome> {
        let (message, life_ms, id) =
            self.written(errand, rules, |letter| mail(letter, rules.languages.letters(errand.language)))?;
        let (subject, text) = message;
        let head = Letterhead { id: &id, attempt: errand.attempt, to, subject: &subject, text: &text, life_ms };
        Some(self.round(head, rules, None, tried).await)
    }

    /// The message of an errand, for how long it is worth sending (milliseconds), and its id.
    fn written<T>(
        &self,
        errand: &Errand,
        rules: &Rules,
        write: impl FnOnce(Letter<'_>) -> T,
    ) -> Option<(T, u64, String)> {
        self.with(errand, |challenge, now| {
            if challenge.sends > errand.attempt && challenge.delivery == Delivery::Sent {
                return None;
            }
            let left_ms = challenge.left_ms(&now);
            let letter = Letter {
                code: challenge.code.as_ref()?,
                tag: &challenge.tag,
                application: &rules.application,
                host: &self.host,
                place: &errand.place,
                left_ms,
                attempt: errand.attempt,
                aim: &errand.aim,
                user: &errand.user.name,
            };
            let message = write(letter);
            (left_ms > 0).then(|| (message, left_ms, format!("{}-{}", challenge.id.0, errand.attempt)))
        })?
    }

    /// One message, by the first mail server that accepts it, or why none did. A refusal of the address itself ends the round:
    /// the next server would only say the same.
    pub async fn post(&self, head: Letterhead<'_>, rules: &Rules, steps: Option<&UnboundedSender<String>>) -> Carried {
        let mut tried = Tried::default();
        let outcome = self.round(head, rules, steps, &mut tried).await;
        Carried { outcome, by: tried.by_whom() }
    }

    /// One try with each mail server, until one accepts it.
    pub(crate) async fn round(
        &self,
        head: Letterhead<'_>,
        rules: &Rules,
        steps: Option<&UnboundedSender<String>>,
        tried: &mut Tried,
    ) -> Outcome {
        let mut last = config_fault(String::from("no mail server is configured: set [email] in config.toml"));
        let began_ms = self.clock.now().boot_ms;
        for way in &rules.email {
            // A slow server takes from the time of the next.
            let life_ms = head.life_ms.saturating_sub(self.clock.now().boot_ms.saturating_sub(began_ms));
            if life_ms == 0 {
                break;
            }
            if tried.bars(&way.name) {
                continue;
            }
            if let (Some(steps), true) = (steps, rules.email.len() > 1) {
                let _gone = steps.send(format!("{}: {}:{}", way.name, way.server, way.port));
            }
            let head = Letterhead { life_ms, ..head };
            let letter =
                self.letter(head, way).map_err(|error| config_fault(format!("{}.password: {error}", way.name)));
            let Some(outcome) = self.hand_over(letter, steps, tried).await else {
                return tried.stopped(Some(last).filter(may_retry));
            };
            self.health.note(&way.name, &outcome, &self.clock.now());
            tried.note(&way.name, &outcome);
            if outcome.class == Class::Accepted || outcome.reason == Some(Reason::BadAddress) {
                return outcome;
            }
            // One that may take it the next time is reason enough for a next time.
            if !may_retry(&last) || may_retry(&outcome) {
                last = outcome;
            }
        }
        last
    }

    /// How far the courier comes with each mail server; nothing is sent, and nobody's health is changed by it.
    pub async fn reach(&self, rules: &Rules) -> Vec<Reached> {
        let nothing = Secret::new(String::new());
        let mut all = Vec::new();
        for way in &rules.email {
            let head = Letterhead { id: "reach", attempt: 1, to: "", subject: "", text: &nothing, life_ms: REACH_MS };
            let outcome = match self.letter(head, way) {
                Err(error) => config_fault(format!("{}.password: {error}", way.name)),
                Ok(Send { deadline_ms, mail: Some(mail), .. }) => {
                    self.carrier.reach(&Reach { deadline_ms, mail }).await
                }
                Ok(Send { mail: None, .. }) => config_fault(String::from("no mail")),
            };
            all.push(Reached { name: way.name.clone(), server: format!("{}:{}", way.server, way.port), outcome });
        }
        all
    }

    /// What the courier is handed: the whole way, with the password opened for this one call.
    fn letter(&self, head: Letterhead<'_>, way: &MailWay) -> Result<Send, SealError> {
        let life_s = i64::try_from(head.life_ms / 1000).unwrap_or(i64::MAX);
        let password = match &way.password {
            None => None,
            Some(PasswordSetting::Plain(secret)) => Some(Secret::new(secret.expose().clone())),
            Some(PasswordSetting::Sealed(sealed)) => {
                Some(self.keys.open_text(&format!("{}.password", way.name), sealed)?)
            }
        };
        Ok(Send {
            id: String::from(head.id),
            attempt: i64::from(head.attempt),
            deadline_ms: i64::try_from(head.life_ms.min(TRY_MS)).unwrap_or(20_000),
            expires_at: crate::clock::rfc3339(self.clock.now().wall_s.saturating_add(life_s)),
            mail: Some(Mail {
                server: way.server.clone(),
                port: way.port,
                tls: way.tls,
                ca_file: way.ca_file.clone(),
                helo: way.helo.clone(),
                user: way.user.clone(),
                password,
                from: way.from.clone(),
                to: String::from(head.to),
                subject: String::from(head.subject),
                text: Secret::new(head.text.expose().clone()),
            }),
            sms: None,
        })
    }

    fn with<T>(&self, errand: &Errand, look: impl FnOnce(&Challenge, crate::clock::Moment) -> T) -> Option<T> {
        let challenges = self.challenges.lock().unwrap_or_else(PoisonError::into_inner);
        challenges.get(&errand.challenge).map(|challenge| look(challenge, self.clock.now()))
    }

    fn change(&self, errand: &Errand, change: impl FnOnce(&mut Challenge)) {
        let mut challenges = self.challenges.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(challenge) = challenges.get_mut(&errand.challenge) {
            change(challenge);
        }
    }

    /// What became of an errand. Two can be under way (a resend during the tries of the first): that one did not arrive is said
    /// by the later alone, and a code that has arrived stays so. Else the next login would send what nobody asked for.
    fn note(&self, errand: &Errand, delivery: Delivery) {
        let mut challenges = self.challenges.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(challenge) = challenges.get_mut(&errand.challenge) else { return };
        let is_latest = challenge.sends == errand.attempt;
        if delivery == Delivery::Sent || (is_latest && matches!(challenge.delivery, Delivery::Sending | Delivery::Late))
        {
            challenge.delivery = delivery;
        }
    }
}

/// Seconds that the other side asks to wait.
pub(crate) fn retry_after(outcome: &Outcome) -> u64 {
    outcome.retry_after_s.and_then(|seconds| u64::try_from(seconds).ok()).unwrap_or(0)
}

/// Whether another try of the same message may help. Wrong credentials are not tried again: servers lock accounts (fault 12).
pub(crate) fn may_retry(outcome: &Outcome) -> bool {
    match outcome.class {
        Class::Temporary | Class::RateLimited => true,
        Class::Accepted | Class::Rejected | Class::AuthError => false,
    }
}

pub(crate) fn config_fault(said: String) -> Outcome {
    Outcome { class: Class::Rejected, reason: Some(Reason::Config), retry_after_s: None, provider_id: None, said }
}

pub(crate) mod breaker;
mod count;
mod text;
pub(crate) use count::Tried;
pub use count::Uncounted;
pub use text::TextHead;

#[cfg(test)]
mod tests;
