//! One `Send`: what it asks for, how long it may take, and how its end is told. This is the only place where an outcome is
//! made, so that nothing leaves here that was not cleaned and masked.

use crate::email::Email;
use crate::email::deadline::Deadline;
use crate::email::outcome::{accepted, failed};
use crate::role::{COURIER, LOCAL};
use crate::said::{Mask, clean, without_addresses, without_number};
use crate::sms::{Accepted, Failure, Sms};
use pam_2fa_protocol::courier::{Class, Mail, Outcome, Reach, Reason, Send, Text};
use std::future::Future;
use std::marker;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;
use zeroize::Zeroizing;

/// The longest time for one message, whatever is left of its code's life.
const LONGEST: Duration = Duration::from_secs(20);
/// So much of the time is kept for the answer to reach configd.
const FOR_THE_ANSWER: Duration = Duration::from_millis(200);
/// The longest id.
const MAX_ID: usize = 128;

/// Where the steps of a conversation go, as a person reads them: to a caller with `more`, or nowhere.
#[derive(Default)]
pub struct Steps {
    to: Option<UnboundedSender<String>>,
    mask: Mask,
}

impl Steps {
    /// To `to`, if anybody wants them, without what `mask` strikes out.
    #[must_use]
    pub fn new(to: Option<UnboundedSender<String>>, mask: Mask) -> Self {
        Self { to, mask }
    }

    /// From here on without what `mask` strikes out.
    pub fn mask(&mut self, mask: Mask) {
        self.mask = mask;
    }

    /// From here on without these either.
    pub fn mask_also(&mut self, secrets: Vec<Zeroizing<String>>) {
        self.mask.add(secrets);
    }

    /// Tells a step, cleaned and masked.
    pub fn tell(&self, step: impl FnOnce() -> String) {
        if let Some(to) = &self.to {
            // Whoever does not listen any more has hung up, and the send is being cancelled.
            let _ = to.send(self.mask.apply(&step()));
        }
    }
}

/// A `Send` that makes no sense. Its word is the parameter's name, as the error of varlink names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Senseless(pub &'static str);

/// Looks at what cannot be right whatever the other side says.
///
/// # Errors
/// [`Senseless`] with the parameter.
pub fn check(send: &Send) -> Result<(), Senseless> {
    let printable = send.id.bytes().all(|byte| byte.is_ascii_graphic());
    if send.id.is_empty() || send.id.len() > MAX_ID || !printable {
        return Err(Senseless("id"));
    }
    if send.attempt < 1 {
        return Err(Senseless("attempt"));
    }
    if send.deadline_ms < 1 {
        return Err(Senseless("deadline_ms"));
    }
    match (&send.mail, &send.sms) {
        (Some(_), None) | (None, Some(_)) => Ok(()),
        (None, None) | (Some(_), Some(_)) => Err(Senseless("mail")),
    }
}

/// Whoever delivers text messages.
pub trait Texts: marker::Send + Sync + 'static {
    /// Delivers `text`, which is `send`'s, until `deadline`. What may not be repeated is added to the mask of `steps`. Dropping the
    /// future cancels it.
    ///
    /// # Errors
    /// [`Failure`]: it was not, provably, taken.
    fn deliver(
        &self,
        send: &Send,
        text: &Text,
        deadline: Deadline,
        steps: &mut Steps,
    ) -> impl Future<Output = Result<Accepted, Failure>> + marker::Send;
}

impl Texts for Sms {
    fn deliver(
        &self,
        send: &Send,
        text: &Text,
        deadline: Deadline,
        steps: &mut Steps,
    ) -> impl Future<Output = Result<Accepted, Failure>> + marker::Send {
        Self::deliver(self, send, text, deadline, steps)
    }
}

/// Whoever carries messages: mails, where it has to do with any, and text messages.
pub struct Carrier<T = Sms> {
    email: Option<Email>,
    texts: T,
}

impl Carrier {
    /// Over `email` and `sms`.
    #[must_use]
    pub fn new(email: Email, sms: Sms) -> Self {
        Self { email: Some(email), texts: sms }
    }
}

impl<T: Texts> Carrier<T> {
    /// For text messages alone.
    #[must_use]
    pub fn without_mail(texts: T) -> Self {
        Self { email: None, texts }
    }

    /// Which of the two daemons this is: the one with the network carries mail.
    #[must_use]
    pub fn name(&self) -> &'static str {
        if self.email.is_some() { COURIER.name } else { LOCAL.name }
    }

    /// The part for email.
    #[must_use]
    pub fn email(&self) -> Option<&Email> {
        self.email.as_ref()
    }

    /// Carries a message that [`check`] has let through. Dropping the future is how a send is cancelled.
    pub async fn carry(&self, send: &Send, steps: Option<UnboundedSender<String>>) -> Outcome {
        let outcome = match (&send.mail, &send.sms, &self.email) {
            (Some(mail), None, Some(email)) => mailed(email, send, mail, steps).await,
            (Some(_), None, None) => refused("mails are not carried here"),
            (None, Some(text), _) => self.text(send, text, steps).await,
            (None, None, _) | (Some(_), Some(_), _) => refused("one message, either mail or sms"),
        };
        record(send, &outcome);
        outcome
    }

    /// Comes to a mail server and leaves; "accepted" is that it would take a mail of ours. Dropping the future cancels it.
    pub async fn reach(&self, asked: &Reach, steps: Option<UnboundedSender<String>>) -> Outcome {
        let Some(email) = &self.email else { return refused("mails are not carried here") };
        let steps = Steps::new(steps, Mask::of(&asked.mail));
        let deadline = Deadline::after(time_for(asked.deadline_ms));
        let outcome = match email.reach(&asked.mail, deadline, &steps).await {
            Ok(()) => Outcome {
                class: Class::Accepted,
                reason: None,
                retry_after_s: None,
                provider_id: None,
                said: String::from("reached"),
            },
            Err(failure) => failed(&failure),
        };
        let outcome = masked(outcome, &steps);
        let (server, class, said) = (clean(&asked.mail.server), outcome.class, &outcome.said);
        tracing::info!(server, ?class, said, "a mail server was tried");
        outcome
    }

    async fn text(&self, send: &Send, text: &Text, steps: Option<UnboundedSender<String>>) -> Outcome {
        let mut steps = Steps::new(steps, Mask::default());
        let deadline = Deadline::after(time_for(send.deadline_ms));
        let outcome = match self.texts.deliver(send, text, deadline, &mut steps).await {
            Ok(accepted) => Outcome {
                class: Class::Accepted,
                reason: None,
                retry_after_s: None,
                provider_id: accepted.provider_id,
                said: accepted.said,
            },
            Err(failure) => failure.outcome(),
        };
        masked(outcome, &steps)
    }
}

async fn mailed(email: &Email, send: &Send, mail: &Mail, steps: Option<UnboundedSender<String>>) -> Outcome {
    let steps = Steps::new(steps, Mask::of(mail));
    let deadline = Deadline::after(time_for(send.deadline_ms));
    let outcome = match email.deliver(mail, &send.id, deadline, &steps).await {
        Ok(reply) => accepted(&reply),
        Err(failure) => failed(&failure),
    };
    masked(outcome, &steps)
}

fn refused(why: &str) -> Outcome {
    let reason = Some(Reason::Request);
    Outcome { class: Class::Rejected, reason, retry_after_s: None, provider_id: None, said: why.to_owned() }
}

fn masked(outcome: Outcome, steps: &Steps) -> Outcome {
    Outcome {
        said: steps.mask.apply(&outcome.said),
        provider_id: outcome.provider_id.map(|id| steps.mask.apply(&id)),
        ..outcome
    }
}

/// How long the conversation may take: all that configd gives, at most [`LONGEST`], but a moment; of a very short time, half.
fn time_for(deadline_ms: i64) -> Duration {
    let time = Duration::from_millis(u64::try_from(deadline_ms).unwrap_or_default()).min(LONGEST);
    time.saturating_sub(FOR_THE_ANSWER).max(time.checked_div(2).unwrap_or_default())
}

/// One line in the log for each message. It holds no address, no number and no word of the message.
fn record(send: &Send, outcome: &Outcome) {
    let (server, said) = match (&send.mail, &send.sms) {
        (Some(mail), _) => (clean(&mail.server), without_addresses(&outcome.said)),
        (None, Some(text)) => (clean(&text.provider), without_number(&outcome.said, &text.to)),
        (None, None) => (String::new(), clean(&outcome.said)),
    };
    let (id, attempt, class, reason) = (&send.id, send.attempt, outcome.class, outcome.reason);
    if outcome.class == Class::Accepted {
        tracing::info!(id, attempt, server, ?class, said, "message accepted");
    } else {
        tracing::warn!(id, attempt, server, ?class, ?reason, said, "message not accepted");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_is_there_before_the_deadline_and_within_twenty_seconds() {
        for (deadline_ms, time_ms) in [(100, 50), (300, 150), (1_000, 800), (20_000, 19_800), (600_000, 19_800)] {
            assert_eq!(time_for(deadline_ms), Duration::from_millis(time_ms), "{deadline_ms}");
        }
        assert_eq!(time_for(i64::MAX), Duration::from_millis(19_800));
        assert_eq!(time_for(-1), Duration::ZERO);
    }
}
