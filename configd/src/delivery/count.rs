//! What a message is counted with: each is, before it is handed to the courier, and what certainly was not taken is taken back.
//!
//! One count is good for one message. Where a hand-over ended so that the message may have been taken (no answer in time, an answer
//! that proves nothing), the next one, to whomever, may make a second message of it, and has a count of its own or does not happen:
//! else whoever finds a gateway that is slow to answer has sent many times what the limits say.

use super::Post;
use crate::limits::Share;
use crate::login::challenge::{Challenge, Delivery};
use crate::login::deliver::Errand;
use crate::rules::Rules;
use crate::store::{SendOf, SendTicket, SendVerdict, TextOf, TextTicket, TextVerdict, Withheld};
use pam_2fa_protocol::courier::{Class, Outcome, Reason, Send};
use pam_2fa_settings::{E164, Region};
use tokio::sync::mpsc::UnboundedSender;

/// Why a text message was not counted, and so not sent.
#[derive(Debug, thiserror::Error)]
pub enum Uncounted {
    /// None goes to that country.
    #[error("no text message goes to numbers of {0}; name it in limits.sms_countries, then pam-2fa config reload")]
    Country(Region),
    /// None goes to such numbers.
    #[error("{0} is a premium-rate number, or no telephone's: no text message goes there; have the user's own number")]
    Dear(String),
    /// A limit withholds it.
    #[error("{} withholds text messages for {} s", .0.by.setting(), .0.wait_s)]
    Withheld(Withheld),
    /// It could not be counted.
    #[error("{0}")]
    Failed(String),
}

impl Uncounted {
    /// Why a number that `limits.sms_countries` does not reach gets none.
    #[must_use]
    pub fn unreached(number: &E164) -> Self {
        if number.is_dear() { Self::Dear(number.masked()) } else { Self::Country(number.region()) }
    }
}

/// Why a message that may have been taken was not handed over again.
#[derive(Debug, thiserror::Error)]
pub(super) enum Stop {
    /// A limit withholds another.
    #[error("{} withholds another try for {} s", .0.by.setting(), .0.wait_s)]
    Withheld(Withheld),
    /// It could not be counted.
    #[error("another try could not be counted: {0}")]
    Failed(String),
}

/// From what the hand-overs of a message are counted, and the count that the next one has. `None`: it has been used up.
#[derive(Debug, Default)]
enum Purse {
    /// From nothing: mails that are no codes.
    #[default]
    Free,
    Code(Box<SendOf>, Option<SendTicket>),
    Text(Box<TextOf>, Option<TextTicket>),
}

/// What the tries of one message have shown so far.
#[derive(Debug, Default)]
pub(crate) struct Tried {
    /// The names of mail servers that refused our credentials. They are not asked again for the same message, whatever the
    /// others said: servers lock accounts (fault 12).
    barred: Vec<String>,
    /// The count at hand stays: a server took the message, or refused it for good (the recipient, the message, our credentials).
    /// Else whoever knows a password could make us submit the same refused mail for as long as they like, and the provider
    /// would shut us out. Not counted is what never got so far: nobody there, put off, a setting that cannot work.
    counts: bool,
    purse: Purse,
    /// Also of providers that have just failed.
    asks_all: bool,
    /// Of this one alone.
    by: Option<String>,
    /// Which has accepted it.
    taken_by: Option<String>,
    /// When the code ends, as the first try said it: it is the same at every try, though clocks tick in seconds.
    end: Option<String>,
    /// It is over, because of that.
    stop: Option<Stop>,
}

impl Tried {
    fn counted(purse: Purse) -> Self {
        Self { purse, ..Self::default() }
    }

    /// The end of the code, which the first try finds out.
    pub(super) fn one_end(&mut self, find: impl FnOnce() -> String) -> String {
        self.end.get_or_insert_with(find).clone()
    }

    /// Of all providers, or of that one, whatever came of it before.
    pub(super) fn asking_all(self, by: Option<&str>) -> Self {
        Self { asks_all: true, by: by.map(String::from), ..self }
    }

    /// Whether the provider of that name is one to ask.
    pub(super) fn asks(&self, name: &str) -> bool {
        self.by.as_deref().is_none_or(|by| by == name)
    }

    pub(super) fn asks_all(&self) -> bool {
        self.asks_all
    }

    /// Whether that server or provider is not to be asked again.
    pub(super) fn bars(&self, way: &str) -> bool {
        self.barred.iter().any(|barred| barred == way)
    }

    /// What a server or provider, by its name in the settings, made of a message.
    pub(super) fn note(&mut self, way: &str, outcome: &Outcome) {
        if outcome.class == Class::AuthError {
            self.barred.push(String::from(way));
        }
        if outcome.class == Class::Accepted {
            self.taken_by = Some(String::from(way));
        }
        match outcome.class {
            Class::Accepted | Class::AuthError => self.counts = true,
            // A setting that cannot work, or a number that is not for this provider: it was not asked.
            Class::Rejected => {
                self.counts |= !matches!(outcome.reason, Some(Reason::Config | Reason::SenderOrCountry));
            }
            Class::RateLimited | Class::Temporary if outcome.reason == Some(Reason::Unrecognised) => self.spend(),
            Class::RateLimited | Class::Temporary => {}
        }
    }

    /// The name of the server or provider that has accepted it.
    pub(super) fn by_whom(&self) -> Option<String> {
        self.taken_by.clone()
    }

    /// The count at hand is that of a message that may have been taken.
    fn spend(&mut self) {
        self.counts = false;
        match &mut self.purse {
            Purse::Free => {}
            Purse::Code(_, ticket) => *ticket = None,
            Purse::Text(_, ticket) => *ticket = None,
        }
    }

    /// Whether no other try is to follow: it could not be counted.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stop.is_some()
    }

    /// What a round came to that was stopped; `last` is what the last one said who was asked in it.
    pub(super) fn stopped(&self, last: Option<Outcome>) -> Outcome {
        let why = self.stop.as_ref().map_or_else(String::new, Stop::to_string);
        let said = last.map_or_else(|| why.clone(), |last| format!("{}; {why}", last.said));
        let reason = Some(Reason::Unrecognised);
        Outcome { class: Class::Temporary, reason, retry_after_s: None, provider_id: None, said }
    }
}

impl Post {
    /// Counts the message and keeps its challenge, or notes why it stays here.
    pub(super) async fn count(&self, errand: &Errand, rules: &Rules, reference: &str) -> Option<Tried> {
        if let Some(number) = errand.way.number().filter(|number| !rules.countries.reach(number)) {
            self.note(errand, Delivery::Failed);
            self.change(errand, Challenge::undo_renewal);
            let why = Uncounted::unreached(&number);
            tracing::warn!(reference, user = errand.user.name, %why, "the message was not sent");
            return None;
        }
        // Ended meanwhile: nobody needs it.
        let send = self.with(errand, |challenge, now| SendOf {
            challenge: challenge.kept(),
            user: errand.user.clone(),
            source: challenge.owner.source.text(),
            bucket: errand.bucket.clone(),
            range: errand.way.number().map(|number| String::from(number.range())),
            limits: rules.sends,
            now,
        })?;
        let again = SendOf { challenge: None, ..send.clone() };
        match self.store.record_send(send).await {
            Ok(SendVerdict::Go { ticket }) => {
                self.change(errand, Challenge::settle_renewal);
                return Some(Tried::counted(Purse::Code(Box::new(again), Some(ticket))));
            }
            Ok(SendVerdict::Withheld(withheld)) => {
                self.withheld(errand, withheld);
                let (wait_s, limit) = (withheld.wait_s, withheld.by.setting());
                tracing::warn!(reference, user = errand.user.name, wait_s, limit, "a limit withholds the message");
            }
            Err(error) => {
                self.note(errand, Delivery::Failed);
                tracing::error!(reference, user = errand.user.name, %error, "the message was not sent");
            }
        }
        self.change(errand, Challenge::undo_renewal);
        None
    }

    fn withheld(&self, errand: &Errand, Withheld { wait_s, .. }: Withheld) {
        let until_ms = self.clock.now().boot_ms.saturating_add(wait_s.saturating_mul(1000));
        self.note(errand, Delivery::Withheld { until_ms });
    }

    /// Notes that the message of an errand, which may have been taken, is not handed over again: who has its code can type it.
    pub(super) fn note_stop(&self, errand: &Errand, tried: &Tried, said: &str, reference: &str) {
        match &tried.stop {
            Some(Stop::Withheld(withheld)) => self.withheld(errand, *withheld),
            Some(Stop::Failed(_)) | None => self.note(errand, Delivery::Failed),
        }
        let (user, to) = (&errand.user.name, errand.way.masked());
        tracing::warn!(reference, user, to, said, "the code may have been taken, and is not sent again");
    }

    /// Counts a text message that is no code of a login.
    pub(crate) async fn count_text(&self, to: &E164, share: Share, rules: &Rules) -> Result<Tried, Uncounted> {
        if !rules.countries.reach(to) {
            return Err(Uncounted::unreached(to));
        }
        let range = String::from(to.range());
        let send = TextOf { range, share, limits: rules.sends.texts, now: self.clock.now() };
        match self.store.record_text(send.clone()).await {
            Ok(TextVerdict::Go { ticket }) => Ok(Tried::counted(Purse::Text(Box::new(send), Some(ticket)))),
            Ok(TextVerdict::Withheld(withheld)) => Err(Uncounted::Withheld(withheld)),
            Err(error) => Err(Uncounted::Failed(error.to_string())),
        }
    }

    /// Hands a message to the courier, unless that would be one more than is counted and a limit withholds it (`None`).
    pub(super) async fn hand_over(
        &self,
        send: Result<Send, Outcome>,
        steps: Option<&UnboundedSender<String>>,
        tried: &mut Tried,
    ) -> Option<Outcome> {
        let send = match send {
            Ok(send) => send,
            Err(fault) => return Some(fault),
        };
        if let Err(stop) = self.count_again(tried).await {
            tried.stop = Some(stop);
            return None;
        }
        Some(self.carrier.send(&send, steps).await)
    }

    /// The count of the next hand-over, where there is none at hand.
    async fn count_again(&self, tried: &mut Tried) -> Result<(), Stop> {
        let now = self.clock.now();
        match &mut tried.purse {
            Purse::Code(of, ticket @ None) => match self.store.record_send(SendOf { now, ..SendOf::clone(of) }).await {
                Ok(SendVerdict::Go { ticket: another }) => *ticket = Some(another),
                Ok(SendVerdict::Withheld(withheld)) => return Err(Stop::Withheld(withheld)),
                Err(error) => return Err(Stop::Failed(error.to_string())),
            },
            Purse::Text(of, ticket @ None) => match self.store.record_text(TextOf { now, ..TextOf::clone(of) }).await {
                Ok(TextVerdict::Go { ticket: another }) => *ticket = Some(another),
                Ok(TextVerdict::Withheld(withheld)) => return Err(Stop::Withheld(withheld)),
                Err(error) => return Err(Stop::Failed(error.to_string())),
            },
            Purse::Free | Purse::Code(_, Some(_)) | Purse::Text(_, Some(_)) => {}
        }
        Ok(())
    }

    /// What certainly was not sent is not counted: an outage of the mail server must not use up what the user may be sent.
    pub(crate) async fn settle(&self, tried: Tried) {
        if tried.counts {
            return;
        }
        let taken_back = match tried.purse {
            Purse::Code(_, Some(ticket)) => self.store.take_back_send(ticket).await,
            Purse::Text(_, Some(ticket)) => self.store.take_back_text(ticket).await,
            Purse::Free | Purse::Code(_, None) | Purse::Text(_, None) => return,
        };
        if let Err(error) = taken_back {
            tracing::warn!(%error, "a message that was not sent stays counted");
        }
    }
}

#[cfg(test)]
mod tests;
