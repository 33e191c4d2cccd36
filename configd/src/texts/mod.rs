//! What a person reads: the messages of `etc/messages/*.ftl`, with values put in, in the reader's language and in the characters
//! that the reader's screen has.
//!
//! Every text is checked to be there when the settings are read; a value can never be read as markup, and no control or bidi
//! character comes out of here, wherever it came in. Nothing here can fail for a login: where a text is missing there is another.

mod ascii;
mod languages;
mod overrides;
#[cfg(test)]
mod samples;
pub mod sms;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
pub use languages::{Charset, Languages, TextsDamaged, Tongue};
use overrides::Own;
use pam_2fa_settings::text::{is_plain, printable};
use std::fmt;
use std::sync::Arc;

macro_rules! messages {
    ($($name:ident = $id:literal),* $(,)?) => {
        /// A message of `etc/messages/*.ftl`; the variants are its ids.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[expect(missing_docs, reason = "the variants are the ids, and the texts are in the file")]
        pub enum Message { $($name),* }

        impl Message {
            pub(crate) const ALL: &'static [Self] = &[$(Self::$name),*];

            pub(crate) fn id(self) -> &'static str {
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
    AskCode = "ask-code", KeyResend = "key-resend", KeyAgain = "key-again", KeyEmail = "key-email",
    KeySms = "key-sms", KeyApp = "key-app", KeyRecovery = "key-recovery",
    ChoiceEmail = "choice-email", ChoiceSms = "choice-sms", ChoiceApp = "choice-app", PromptChoose = "prompt-choose",
    PromptLetter = "prompt-letter", PromptName = "prompt-name",
    PromptApp = "prompt-app", PromptAppForm = "prompt-app-form", PromptSaved = "prompt-saved",
    NoteNotSent = "note-not-sent", NoteWithheld = "note-withheld", RecoveryLeft = "recovery-left",
    PromptTrust = "prompt-trust", AnswerYes = "answer-yes",
    DeniedTries = "denied-tries", DeniedDisabled = "denied-disabled", DeniedExpired = "denied-expired",
    DeniedUsed = "denied-used", DeniedPrompts = "denied-prompts", DeniedNoMethod = "denied-no-method",
    DeniedAnother = "denied-another", DeniedShutOut = "denied-shut-out", DeniedNoChannel = "denied-no-channel", DeniedUnavailable = "denied-unavailable",
    GraceUntil = "grace-until", Reference = "reference",
    PlaceRemote = "place-remote", PlaceTty = "place-tty", PlaceHere = "place-here", PlaceAs = "place-as",
    PlaceOwn = "place-own",
    MailSubject = "mail-subject", MailText = "mail-text", MailTextAgain = "mail-text-again",
    EnrolBegin = "enrol-begin", EnrolInvitation = "enrol-invitation", EnrolAddress = "enrol-address",
    EnrolKnown = "enrol-known", EnrolApp = "enrol-app", EnrolAddressWrong = "enrol-address-wrong",
    EnrolNoChannel = "enrol-no-channel", EnrolOfferApp = "enrol-offer-app", EnrolScan = "enrol-scan",
    EnrolType = "enrol-type", EnrolAppCode = "enrol-app-code", EnrolAppCodeOrNot = "enrol-app-code-or-not",
    EnrolWrong = "enrol-wrong", EnrolCodes = "enrol-codes", EnrolKept = "enrol-kept", EnrolDone = "enrol-done",
    OwnDone = "own-done", OwnRevoked = "own-revoked",
    DeniedEnter = "denied-enter", DeniedInUse = "denied-in-use", DeniedNotInvited = "denied-not-invited", DeniedNotAllowed = "denied-not-allowed",
    DeniedNothingYours = "denied-nothing-yours", DeniedNoDevice = "denied-no-device",
    SmsText = "sms-text", SmsTextAgain = "sms-text-again", SmsTextEnrol = "sms-text-enrol", SmsTextVerify = "sms-text-verify",
    MailSubjectChange = "mail-subject-change", MailTextChange = "mail-text-change",
    MailSubjectEnrol = "mail-subject-enrol", MailTextEnrol = "mail-text-enrol",
    MailSubjectVerify = "mail-subject-verify", MailTextVerify = "mail-text-verify",
    MailSubjectTest = "mail-subject-test", MailTextTest = "mail-text-test",
    NoticeNewDevice = "notice-new-device", NoticeEmailChanged = "notice-email-changed",
    NoticePhoneChanged = "notice-phone-changed", NoticeEmailRemoved = "notice-email-removed",
    NoticePhoneRemoved = "notice-phone-removed", NoticeRecoveryUsed = "notice-recovery-used",
    NoticeRecoveryRenewed = "notice-recovery-renewed", NoticeAppEnrolled = "notice-app-enrolled",
    NoticeAppReplaced = "notice-app-replaced", NoticeInvited = "notice-invited",
    NoticeGrantMade = "notice-grant-made", NoticeGrantUsed = "notice-grant-used", NoticeLocked = "notice-locked",
    NoticeShutOut = "notice-shut-out", NoticeLetIn = "notice-let-in", NoticeReset = "notice-reset",
    NoticeVerifyChanged = "notice-verify-changed", NoticeDevicesRevoked = "notice-devices-revoked",
    MailSubjectNotice = "mail-subject-notice", MailTextNotice = "mail-text-notice",
    MailTextNoticeAdmin = "mail-text-notice-admin", SmsNotice = "sms-notice",
    SpanMinutes = "span-minutes", SpanSeconds = "span-seconds", SpanHours = "span-hours", SpanDays = "span-days",
}

/// A value put into a message.
#[derive(Debug, Clone, Copy)]
pub enum Value<'a> {
    /// Text as it is, but for control and bidi characters; codes too, so that no digit grouping touches them.
    Text(&'a str),
    /// A number, for plural forms.
    Number(u64),
}

/// The texts of one language, for one kind of screen.
#[derive(Clone)]
pub struct Texts {
    bundle: Arc<FluentBundle<FluentResource>>,
    /// An administrator's words for some of them.
    own: Option<Arc<Own>>,
    charset: Charset,
}

impl fmt::Debug for Texts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Texts")
    }
}

impl Texts {
    /// The text of `message` with `values` put in: one line, or as many as the text itself has.
    #[must_use]
    pub fn say(&self, message: Message, values: &[(&'static str, Value<'_>)]) -> String {
        let mut args = FluentArgs::new();
        for (name, value) in values {
            args.set(
                *name,
                match value {
                    Value::Text(text) => FluentValue::from(printable(text)),
                    Value::Number(number) => FluentValue::from(*number),
                },
            );
        }
        let mut errors = Vec::new();
        let own = self.own.as_ref().filter(|own| own.taken.contains(&message));
        let bundle = own.map_or(self.bundle.as_ref(), |own| &own.bundle);
        let text = match bundle.get_message(message.id()).and_then(|found| found.value()) {
            Some(pattern) => bundle.format_pattern(pattern, Some(&args), &mut errors),
            // Ruled out by `Languages`. The id is at least something to look up.
            None => message.id().into(),
        };
        let shown: String = text.chars().filter(|character| *character == '\n' || is_plain(*character)).collect();
        // What is typed is compared with it, and nobody sees it.
        if message == Message::AnswerYes { shown } else { self.charset.fit(shown) }
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
    use pam_2fa_settings::Language;

    #[test]
    fn spans_read_as_people_say_them() {
        let languages = Languages::for_tests();
        let texts = languages.letters(Language::English);
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

    #[test]
    fn plural_forms_are_those_of_the_language() {
        let languages = Languages::for_tests();
        for (language, one, two) in [
            (Language::English, "Wrong code, 1 try left. Code:", "Wrong code, 2 tries left. Code:"),
            (Language::German, "Falscher Code, noch 1 Versuch. Code:", "Falscher Code, noch 2 Versuche. Code:"),
            (Language::French, "Code incorrect, 1 essai restant. Code :", "Code incorrect, 2 essais restants. Code :"),
            (
                Language::Spanish,
                "Código incorrecto, queda 1 intento. Código:",
                "Código incorrecto, quedan 2 intentos. Código:",
            ),
            (Language::Japanese, "コードが違います。残り1回です。コード:", "コードが違います。残り2回です。コード:"),
        ] {
            let say = |left| languages.letters(language).say(Message::PromptWrong, &[("left", Value::Number(left))]);
            assert_eq!((say(1).as_str(), say(2).as_str()), (one, two));
        }
        let days = |language, days: u64| languages.letters(language).span_of_days(days * 86_400);
        assert_eq!((days(Language::German, 1), days(Language::German, 30)), ("1 Tag".into(), "30 Tage".into()));
        assert_eq!((days(Language::Spanish, 1), days(Language::Spanish, 30)), ("1 día".into(), "30 días".into()));
        assert_eq!(languages.letters(Language::French).say(Message::SpanDays, &[("n", Value::Number(0))]), "0 jour");
    }

    #[test]
    fn no_value_brings_a_control_or_bidi_character_or_markup_into_a_text() {
        let languages = Languages::for_tests();
        let evil = "a\u{1b}[2J\nb\u{202e}c\u{9b}{ $tag }";
        for language in Language::ALL {
            for charset in [Charset::Utf8, Charset::Latin, Charset::Ascii] {
                let texts = languages.of(Tongue { language, charset });
                let said = texts.prompt(Message::PromptSent, &[("to", Value::Text(evil)), ("tag", Value::Text("7F"))]);
                assert!(said.chars().all(is_plain), "{said:?}");
                assert!(said.contains("a[2J bc{ $tag }"), "{said:?}");
            }
        }
    }
}
