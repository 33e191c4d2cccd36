//! What a message says and when it leaves, as far as that is pure: the sending itself is in [`crate::delivery`].

use super::challenge::{Aim, Delivery};
use super::place::Place;
use super::ways::{At, Way};
use super::{Effect, Effects, Standing};
use crate::rules::PromptStyle;
use crate::store::{Bucket, ChallengeId, UserKey};
use crate::texts::{self, Message, Texts, Value};
use pam_2fa_protocol::Secret;
use pam_2fa_settings::Language;

/// A message to be sent: which challenge's, to whom, asked for from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Errand {
    /// The challenge; it holds the code.
    pub challenge: ChallengeId,
    /// To whom.
    pub user: UserKey,
    /// In which way.
    pub way: Way,
    /// What its code is for.
    pub aim: Aim,
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
    let is_message = matches!(&standing.at, At::Way(Way::Email(_) | Way::Sms(_)));
    if !is_message || challenge.delivery != Delivery::Unsent {
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
    if let At::Way(way @ (Way::Email(_) | Way::Sms(_))) = &standing.at {
        send_by(way, &standing.challenge, (&standing.owner.user, &standing.bucket, &standing.asked.place), fx);
    }
}

/// The message of a challenge leaves, in this way.
pub(super) fn send_by(
    way: &Way,
    id: &ChallengeId,
    (user, bucket, place): (&UserKey, &Bucket, &Place),
    fx: &mut Effects<'_>,
) {
    if let Some(challenge) = fx.challenges.get_mut(id) {
        challenge.delivery = Delivery::Sending;
        challenge.sends = challenge.sends.saturating_add(1);
        challenge.last_send_ms = fx.now.boot_ms;
        fx.out.push(Effect::Send(Errand {
            challenge: challenge.id.clone(),
            user: user.clone(),
            way: way.clone(),
            aim: challenge.owner.aim.clone(),
            bucket: bucket.clone(),
            place: place.clone(),
            language: fx.letters,
            attempt: challenge.sends,
        }));
    }
}

/// What stands around a prompt: what it asks for, and what else may be typed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offer<'a> {
    /// What it asks for.
    pub at: &'a At,
    /// All ways.
    pub ways: &'a [Way],
    /// A recovery code or an administrator's may be typed.
    pub saved: bool,
    /// A way has to be named: Enter alone takes none.
    pub named: bool,
}

impl<'a> Offer<'a> {
    pub(super) fn of(standing: &'a Standing) -> Self {
        Self { at: &standing.at, ways: &standing.ways, saved: standing.held.saved(), named: standing.asked_first }
    }
}

/// A prompt with what is to be said before it. Under the constant style nothing is.
pub(super) fn noted(note: Option<String>, prompt: String, fx: &Effects<'_>) -> String {
    match note {
        Some(note) if fx.rules.codes.prompt == PromptStyle::Detailed => format!("{note} {prompt}"),
        Some(_) | None => prompt,
    }
}

/// The prompt of a challenge whose code is in a message. Under the constant style there is one text for everything.
pub(super) fn prompt(id: &ChallengeId, message: Message, offer: Offer<'_>, fx: &Effects<'_>) -> String {
    let Some(challenge) = fx.challenges.get(id) else {
        return fx.texts.prompt(Message::PromptForm, &[("digits", Value::Number(u64::from(fx.rules.codes.digits)))]);
    };
    // Who enrols or changes something is a user for certain, and reads everything; so does whom sshd has let by with a key alone.
    if fx.rules.codes.prompt == PromptStyle::Constant && challenge.owner.aim == Aim::Login && *offer.at != At::Choice {
        return fx.texts.prompt(Message::PromptConstant, &[("tag", Value::Text(&challenge.tag))]);
    }
    let At::Way(way @ (Way::Email(_) | Way::Sms(_))) = offer.at else { return first(offer, fx) };
    let wait_ms = match challenge.delivery {
        Delivery::Withheld { until_ms } => until_ms.saturating_sub(fx.now.boot_ms),
        Delivery::Unsent | Delivery::Sending | Delivery::Late | Delivery::Sent | Delivery::Failed => 0,
    };
    let ago_ms = fx.now.boot_ms.saturating_sub(challenge.last_send_ms);
    let says = fx.texts.say(
        message,
        &[
            ("way", Value::Text(way.word())),
            ("to", Value::Text(&way.masked())),
            ("tag", Value::Text(&challenge.tag)),
            ("left", Value::Text(&fx.texts.left(challenge.left_ms(&fx.now)))),
            ("ago", Value::Text(&fx.texts.span(ago_ms / 1000))),
            ("wait", Value::Text(&fx.texts.span(wait_ms.div_ceil(1000)))),
        ],
    );
    let resend = if message == Message::PromptWithheld {
        None
    } else if message == Message::PromptNotSent {
        Some(Message::KeyAgain)
    } else {
        Some(Message::KeyResend)
    };
    // Whoever can be reached in no other way should know of the codes that were put aside.
    let saved = offer.saved && matches!(message, Message::PromptNotSent | Message::PromptWithheld);
    format!("{says} {}", asked_for(Message::AskCode, resend, Offer { saved, ..offer }, fx))
}

/// `Code, 'r' to resend, 's' for SMS: `.
fn asked_for(ask: Message, resend: Option<Message>, offer: Offer<'_>, fx: &Effects<'_>) -> String {
    let mut keys = String::new();
    for key in resend.into_iter().chain(others(offer)).chain(offer.saved.then_some(Message::KeyRecovery)) {
        keys.push_str(&fx.texts.say(key, &[]));
    }
    fx.texts.prompt(ask, &[("keys", Value::Text(&keys))])
}

/// The letters of the other ways.
fn others<'a>(offer: Offer<'a>) -> impl Iterator<Item = Message> + 'a {
    offer.ways.iter().filter(move |way| *offer.at != At::Way((*way).clone())).map(|way| match way {
        Way::Email(_) => Message::KeyEmail,
        Way::Sms(_) => Message::KeySms,
        Way::App => Message::KeyApp,
    })
}

/// A prompt for what is in no message: which way it shall be, a code of the app, a recovery code.
pub(super) fn first(offer: Offer<'_>, fx: &Effects<'_>) -> String {
    match offer.at {
        At::Choice => choice(offer, fx),
        At::Saved => fx.texts.prompt(Message::PromptSaved, &[]),
        At::Way(Way::App) => asked_for(Message::PromptApp, None, offer, fx),
        At::Way(Way::Email(_) | Way::Sms(_)) => asked_for(Message::AskCode, Some(Message::KeyResend), offer, fx),
    }
}

/// `1) email a***@example.com  2) app  Choose [1]: `.
fn choice(offer: Offer<'_>, fx: &Effects<'_>) -> String {
    if let [only] = offer.ways {
        let values = [("way", Value::Text(only.word())), ("to", Value::Text(&only.masked()))];
        return fx.texts.prompt(Message::PromptLetter, &values);
    }
    let mut text = String::new();
    for (number, way) in (1_u64..).zip(offer.ways) {
        let message = match way {
            Way::Email(_) => Message::ChoiceEmail,
            Way::Sms(_) => Message::ChoiceSms,
            Way::App => Message::ChoiceApp,
        };
        text.push_str(&fx.texts.say(message, &[("n", Value::Number(number)), ("to", Value::Text(&way.masked()))]));
        text.push_str("  ");
    }
    let ask = if offer.named { Message::PromptName } else { Message::PromptChoose };
    text.push_str(&fx.texts.prompt(ask, &[]));
    text
}

/// An address as it may be shown to somebody who knows the password.
#[must_use]
pub fn masked(email: &str) -> String {
    Way::Email(String::from(email)).masked()
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
    /// What the code is for.
    pub aim: &'a Aim,
    /// The user's name.
    pub user: &'a str,
}

/// A login code as a text message of one segment.
#[must_use]
pub fn sms(letter: Letter<'_>, texts: &Texts) -> Secret {
    let Letter { code, tag, application, host, left_ms, attempt, aim, .. } = letter;
    let says = match aim {
        Aim::Login | Aim::Change => texts::sms::Says::Login { attempt },
        Aim::Address(_) => texts::sms::Says::Confirm,
    };
    texts::sms::sms(texts::sms::Short { code, tag, application, host, left_ms, says }, texts)
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
        ("user", Value::Text(letter.user)),
    ];
    let (subject, message) = match letter.aim {
        Aim::Login if letter.attempt > 1 => (Message::MailSubject, Message::MailTextAgain),
        Aim::Login => (Message::MailSubject, Message::MailText),
        Aim::Change => (Message::MailSubjectChange, Message::MailTextChange),
        Aim::Address(_) => (Message::MailSubjectEnrol, Message::MailTextEnrol),
    };
    (texts.say(subject, &values), Secret::new(texts.say(message, &values)))
}
