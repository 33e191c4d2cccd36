//! What a person reads: the messages of `etc/messages/*.ftl`, with values put in.
//!
//! Every text is checked to be there when the daemon starts; a value can never be read as markup. What comes from outside has
//! been stripped of control and bidi characters before it gets here.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::fmt;
use unic_langid::langid;

/// The English texts, which every other language falls back to.
const ENGLISH: &str = include_str!("../../etc/messages/en.ftl");

/// The texts of one language are not whole.
#[derive(Debug, thiserror::Error)]
#[error("the messages of language {language} are damaged ({why}); install the package again")]
pub struct TextsDamaged {
    /// The language.
    pub language: &'static str,
    /// What is wrong.
    pub why: String,
}

macro_rules! messages {
    ($($name:ident = $id:literal),* $(,)?) => {
        /// A message of `etc/messages/*.ftl`; the variants are its ids.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the variants are the ids, and the texts are in the file")]
        pub enum Message { $($name),* }

        impl Message {
            const ALL: &'static [Self] = &[$(Self::$name),*];

            fn id(self) -> &'static str {
                match self { $(Self::$name => $id),* }
            }
        }
    };
}

messages! {
    TimeSeconds = "time-seconds", TimeMinutes = "time-minutes", TimeHours = "time-hours",
    PromptSent = "prompt-sent", PromptAdopted = "prompt-adopted", PromptResent = "prompt-resent",
    PromptNotSent = "prompt-not-sent", PromptWithheld = "prompt-withheld", PromptResendLater = "prompt-resend-later",
    PromptForm = "prompt-form", PromptWrong = "prompt-wrong", PromptConstant = "prompt-constant",
    AskCode = "ask-code", KeyBefore = "key-before", KeyResend = "key-resend", KeyAgain = "key-again", KeyEmail = "key-email",
    KeySms = "key-sms", KeyApp = "key-app", KeyRecovery = "key-recovery",
    ChoiceEmail = "choice-email", ChoiceSms = "choice-sms", ChoiceApp = "choice-app", PromptChoose = "prompt-choose",
    PromptApp = "prompt-app", PromptAppForm = "prompt-app-form", PromptSaved = "prompt-saved",
    NoteNotSent = "note-not-sent", NoteWithheld = "note-withheld", RecoveryLeft = "recovery-left",
    PromptTrust = "prompt-trust", AnswerYes = "answer-yes",
    DeniedTries = "denied-tries", DeniedDisabled = "denied-disabled", DeniedExpired = "denied-expired",
    DeniedUsed = "denied-used", DeniedPrompts = "denied-prompts", DeniedNoMethod = "denied-no-method",
    DeniedAnother = "denied-another", DeniedShutOut = "denied-shut-out", DeniedNoChannel = "denied-no-channel", DeniedUnavailable = "denied-unavailable",
    GraceUntil = "grace-until", Reference = "reference",
    PlaceRemote = "place-remote", PlaceTty = "place-tty", PlaceHere = "place-here", PlaceAs = "place-as",
    PlaceOwn = "place-own",
    SmsText = "sms-text", SmsTextAgain = "sms-text-again",
    MailSubject = "mail-subject", MailText = "mail-text", MailTextAgain = "mail-text-again",
    MailSubjectVerify = "mail-subject-verify", MailTextVerify = "mail-text-verify",
    MailSubjectTest = "mail-subject-test", MailTextTest = "mail-text-test",
    SpanMinutes = "span-minutes", SpanSeconds = "span-seconds", SpanHours = "span-hours", SpanDays = "span-days",
}

/// A value put into a message.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// Text as it is; codes too, so that no digit grouping touches them.
    Text(&'a str),
    /// A number, for plural forms.
    Number(u64),
}

/// The texts of one language.
pub struct Texts {
    bundle: FluentBundle<FluentResource>,
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Texts")
    }
}

impl Texts {
    /// English.
    ///
    /// # Errors
    /// [`TextsDamaged`] where a message is missing or does not parse.
    pub fn english() -> Result<Self, TextsDamaged> {
        Self::parse("en", ENGLISH)
    }

    fn parse(language: &'static str, source: &str) -> Result<Self, TextsDamaged> {
        let damaged = |why: String| TextsDamaged { language, why };
        let resource = FluentResource::try_new(String::from(source))
            .map_err(|(_, errors)| damaged(errors.first().map(ToString::to_string).unwrap_or_default()))?;
        let mut bundle = FluentBundle::new_concurrent(vec![langid!("en")]);
        // Isolating marks are bidi control characters: terminals show them as rubbish, and we strip them everywhere else.
        bundle.set_use_isolating(false);
        bundle.add_resource(resource).map_err(|_| damaged(String::from("a message is there twice")))?;
        let texts = Self { bundle };
        for message in Message::ALL {
            let there = texts.bundle.get_message(message.id()).and_then(|found| found.value().map(|_| ()));
            there.ok_or_else(|| damaged(format!("no message {}", message.id())))?;
        }
        Ok(texts)
    }

    /// The text of `message` with `values` put in.
    #[must_use]
    pub fn say(&self, message: Message, values: &[(&'static str, Value<'_>)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set(
                *name,
                match value {
                    Value::Text(text) => FluentValue::from(*text),
                    Value::Number(number) => FluentValue::from(*number),
                },
            );
        }
        let mut errors = Vec::new();
        match self.bundle.get_message(message.id()).and_then(|found| found.value()) {
            Some(pattern) => self.bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned(),
            // Ruled out by `parse`. The id is at least something to look up.
            None => String::from(message.id()),
        }
    }

    /// A prompt: the text and the space behind it.
    #[must_use]
    pub fn prompt(&self, message: Message, values: &[(&'static str, Value<'_>)]) -> String {
        let mut text = self.say(message, values);
        text.push(' ');
        text
    }

    /// A span as a prompt shows it: `45 s`, `10 min`, `2 h`; rounded up, since it is mostly something to wait for.
    #[must_use]
    pub fn span(&self, seconds: u64) -> String {
        let (message, n) = match seconds {
            0..=90 => (Message::TimeSeconds, seconds),
            91..=5400 => (Message::TimeMinutes, seconds.div_ceil(60)),
            _ => (Message::TimeHours, seconds.div_ceil(3600)),
        };
        self.say(message, &[("n", Value::Number(n))])
    }

    /// What is left of a lifetime, in whole minutes where there are any, to the nearest: `10 min` also for a message that took
    /// a second to leave.
    #[must_use]
    pub fn left(&self, millis: u64) -> String {
        let (seconds, minutes) = seconds_or_minutes(millis);
        match minutes {
            0 => self.say(Message::TimeSeconds, &[("n", Value::Number(seconds))]),
            _ => self.say(Message::TimeMinutes, &[("n", Value::Number(minutes))]),
        }
    }

    /// A span as a message says it: `10 minutes`.
    #[must_use]
    pub fn span_in_words(&self, millis: u64) -> String {
        let (seconds, minutes) = seconds_or_minutes(millis);
        match minutes {
            0 => self.say(Message::SpanSeconds, &[("n", Value::Number(seconds))]),
            _ => self.say(Message::SpanMinutes, &[("n", Value::Number(minutes))]),
        }
    }

    /// How long something is remembered: `15 minutes`, `8 hours`, `30 days`; in the largest unit that says it exactly, and where none
    /// does, to the nearest minute, hour or day that keeps two figures.
    #[must_use]
    pub fn span_of_days(&self, seconds: u64) -> String {
        let (message, unit) = match seconds {
            0..60 => (Message::SpanSeconds, 1),
            60..7_200 if !seconds.is_multiple_of(3_600) => (Message::SpanMinutes, 60),
            60..172_800 if !seconds.is_multiple_of(86_400) => (Message::SpanHours, 3_600),
            _ => (Message::SpanDays, 86_400),
        };
        self.say(message, &[("n", Value::Number(seconds.saturating_add(unit / 2) / unit))])
    }
}

/// Seconds rounded up, and minutes to the nearest, 0 below one.
fn seconds_or_minutes(millis: u64) -> (u64, u64) {
    let seconds = millis.div_ceil(1000);
    (seconds, if seconds < 60 { 0 } else { seconds.saturating_add(30) / 60 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_english_message_is_there_and_takes_its_values() {
        let texts = Texts::english().unwrap();
        let values = [
            "to",
            "tag",
            "left",
            "ago",
            "wait",
            "reference",
            "service",
            "from",
            "tty",
            "application",
            "host",
            "code",
            "place",
            "user",
            "digits",
            "date",
            "span",
            "n",
        ]
        .map(|name| (name, Value::Text("X")));
        let all: Vec<String> =
            Message::ALL.iter().map(|message| format!("{}: {}", message.id(), texts.say(*message, &values))).collect();
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn a_missing_message_is_found_at_the_start() {
        assert!(Texts::parse("en", "prompt-sent = x\n").unwrap_err().to_string().contains("no message time-seconds"));
    }

    #[test]
    fn spans_read_as_people_say_them() {
        let texts = Texts::english().unwrap();
        assert_eq!(texts.span(30), "30 s");
        assert_eq!(texts.span(120), "2 min");
        assert_eq!(texts.span(3_600), "60 min");
        assert_eq!(texts.span(7_200), "2 h");
        assert_eq!(texts.left(600_000), "10 min");
        assert_eq!(texts.left(599_999), "10 min");
        assert_eq!(texts.left(599_000), "10 min");
        assert_eq!(texts.left(569_000), "9 min");
        assert_eq!(texts.left(60_000), "1 min");
        assert_eq!(texts.left(12_001), "13 s");
        assert_eq!(texts.span_in_words(600_000), "10 minutes");
        assert_eq!(texts.span_in_words(60_000), "1 minute");
        for (seconds, said) in [
            (30, "30 seconds"),
            (60, "1 minute"),
            (900, "15 minutes"),
            (3_600, "1 hour"),
            (5_400, "90 minutes"),
            (28_800, "8 hours"),
            (28_700, "8 hours"),
            (86_400, "1 day"),
            (90_000, "25 hours"),
            (2_592_000, "30 days"),
            (8_639_913_600, "99999 days"),
        ] {
            assert_eq!(texts.span_of_days(seconds), said, "{seconds}");
        }
    }
}
