//! What a message says and when it leaves, as far as that is pure: the sending itself is in [`crate::delivery`].

use super::challenge::Delivery;
use super::place::Place;
use super::{Effect, Effects, Standing};
use crate::rules::PromptStyle;
use crate::store::{Bucket, ChallengeId, UserKey};
use crate::texts::{self, Message, Texts, Value};
use pam_2fa_protocol::Secret;
use pam_2fa_settings::{EmailAddress, Language};

/// A message to be sent: which challenge's, to whom, asked for from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// The challenge; it holds the code.
    pub challenge: ChallengeId,
    /// To whom.
    pub user: UserKey,
    /// The address.
    pub email: String,
    /// From which bucket.
    pub bucket: Bucket,
    /// `ssh from 192.0.2.7`.
    pub place: Place,
    /// The language of the message.
    pub language: Language,
    /// From 1; a second wording from 2.
    pub attempt: u32,
}

/// The message of a prompt that has stood leaves, if none has.
pub(super) fn send_if_due(standing: &Standing, fx: &mut Effects<'_>) {
    let Some(challenge) = fx.challenges.get(&standing.challenge) else { return };
    if challenge.delivery != Delivery::Unsent {
        return;
    }
    let codes = &fx.rules.codes;
    if challenge.code.is_none() && fx.challenges.renew_code(&standing.challenge, codes, fx.random, fx.keys).is_err() {
        // Without random bytes there is no new code. It stays unsent, and who asks for it hears why.
        return;
    }
    send(standing, fx);
}

/// The message leaves.
pub(super) fn send(standing: &Standing, fx: &mut Effects<'_>) {
    if let Some(challenge) = fx.challenges.get_mut(&standing.challenge) {
        challenge.delivery = Delivery::Sending;
        challenge.sends = challenge.sends.saturating_add(1);
        challenge.last_send_ms = fx.now.boot_ms;
        fx.out.push(Effect::Send(Errand {
            challenge: challenge.id.clone(),
            user: standing.owner.user.clone(),
            email: standing.email.clone(),
            bucket: standing.bucket.clone(),
            place: standing.asked.place.clone(),
            language: fx.letters,
            attempt: challenge.sends,
        }));
    }
}

/// The prompt of a challenge. Under the constant style there is one text for everything.
pub(super) fn prompt(id: &ChallengeId, message: Message, email: &str, fx: &Effects<'_>) -> String {
    let Some(challenge) = fx.challenges.get(id) else {
        return fx.texts.prompt(Message::PromptForm, &[("digits", Value::Number(u64::from(fx.rules.codes.digits)))]);
    };
    let message = if fx.rules.codes.prompt == PromptStyle::Constant { Message::PromptConstant } else { message };
    let wait_ms = match challenge.delivery {
        Delivery::Withheld { until_ms } => until_ms.saturating_sub(fx.now.boot_ms),
        Delivery::Unsent | Delivery::Sending | Delivery::Sent | Delivery::Failed => 0,
    };
    let ago_ms = fx.now.boot_ms.saturating_sub(challenge.last_send_ms);
    fx.texts.prompt(
        message,
        &[
            ("to", Value::Text(&masked(email))),
            ("tag", Value::Text(&challenge.tag)),
            ("left", Value::Text(&fx.texts.left(challenge.left_ms(&fx.now)))),
            ("ago", Value::Text(&fx.texts.span(ago_ms / 1000))),
            ("wait", Value::Text(&fx.texts.span(wait_ms.div_ceil(1000)))),
        ],
    )
}

/// An address as it may be shown to somebody who knows the password.
#[must_use]
pub fn masked(email: &str) -> String {
    EmailAddress::parse(email).map_or_else(|_| String::from("***"), |address| address.masked())
}

/// What goes into a message that carries a code.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// The code.
    pub code: &'a Secret,
    /// Its tag.
    pub tag: &'a str,
    /// `policy.application`.
    pub application: &'a str,
    /// This host's name.
    pub host: &'a str,
    /// `ssh from 192.0.2.7`; what no text message has room for.
    pub place: &'a Place,
    /// What is left of the code's life.
    pub left_ms: u64,
    /// From 1; a second wording from 2.
    pub attempt: u32,
}

/// A login code as a text message of one segment.
#[must_use]
pub fn sms(letter: Letter<'_>, texts: &Texts) -> Secret {
    let Letter { code, tag, application, host, place: _, left_ms, attempt } = letter;
    texts::sms::sms(texts::sms::Short { code, tag, application, host, left_ms, attempt }, texts)
}

/// The subject and the text of a login code by email.
#[must_use]
pub fn mail(letter: Letter<'_>, texts: &Texts) -> (String, Secret) {
    let (left, place) = (texts.span_in_words(letter.left_ms), letter.place.say(texts));
    let values = [
        ("code", Value::Text(letter.code.expose())),
        ("tag", Value::Text(letter.tag)),
        ("application", Value::Text(letter.application)),
        ("host", Value::Text(letter.host)),
        ("place", Value::Text(&place)),
        ("left", Value::Text(&left)),
    ];
    let message = if letter.attempt > 1 { Message::MailTextAgain } else { Message::MailText };
    (texts.say(Message::MailSubject, &values), Secret::new(texts.say(message, &values)))
}
