//! A notice as a text message of one segment. What makes it too long is the host's name, then the application's, then what the notice
//! itself names (an address, where a login came from): these are cut. Our own words always fit then; an administrator's that do not are
//! cut at their end rather than sent as two.

use super::{Coding, fitted};
use crate::texts::{Message, Texts, Value};
use pam_2fa_protocol::Secret;

/// A name that a notice has in its sentence.
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// The value's name in the message.
    pub value: &'static str,
    /// What it is.
    pub text: &'a str,
}

/// What goes into it.
#[derive(Debug, Clone, Copy)]
pub struct Short<'a> {
    /// The sentence.
    pub what: Message,
    /// A name in it, which may be cut.
    pub named: Option<Named<'a>>,
    /// Its other values.
    pub values: &'a [(&'static str, Value<'a>)],
    /// `policy.application`.
    pub application: &'a str,
    /// This host's name.
    pub host: &'a str,
}

/// The notice, in `texts` that show everything.
#[must_use]
pub fn notice(short: Short<'_>, texts: &Texts) -> Secret {
    let text = uncut(short, texts, texts);
    let coding = Coding::of(text.expose());
    if coding.units(text.expose()) <= coding.segment() {
        return text;
    }
    Secret::new(coding.cut(text.expose(), coding.segment()))
}

/// The same, of one segment if the words are as short as they should be.
fn uncut(short: Short<'_>, frame: &Texts, sentence: &Texts) -> Secret {
    let Short { what, named, values, application, host } = short;
    let name = named.map_or("", |named| named.text);
    fitted([host, application, name], |[host, application, name]| {
        let named = named.map(|named| (named.value, Value::Text(name.as_str())));
        let values: Vec<_> = values.iter().copied().chain(named).collect();
        let said = sentence.say(what, &values);
        let values =
            [("what", Value::Text(&said)), ("application", Value::Text(application)), ("host", Value::Text(host))];
        Secret::new(frame.say(Message::SmsNotice, &values))
    })
}

/// All sentences, and what each has in it at its longest.
const SENTENCES: &[(Message, Option<&str>)] = &[
    (Message::NoticeNewDevice, Some("device")),
    (Message::NoticeEmailChanged, Some("to")),
    (Message::NoticePhoneChanged, Some("to")),
    (Message::NoticeEmailRemoved, None),
    (Message::NoticePhoneRemoved, None),
    (Message::NoticeRecoveryUsed, None),
    (Message::NoticeRecoveryRenewed, None),
    (Message::NoticeAppEnrolled, None),
    (Message::NoticeAppReplaced, None),
    (Message::NoticeInvited, None),
    (Message::NoticeGrantMade, None),
    (Message::NoticeGrantUsed, None),
    (Message::NoticeLocked, None),
    (Message::NoticeShutOut, None),
    (Message::NoticeLetIn, None),
    (Message::NoticeReset, None),
    (Message::NoticeVerifyChanged, None),
    (Message::NoticeDevicesRevoked, None),
];

/// Whether the frame is said of `message`.
pub(in crate::texts) fn is_sentence(message: Message) -> bool {
    SENTENCES.iter().any(|(sentence, _)| *sentence == message)
}

/// Whether the notices of `sentence` (all, where it is none) are one segment whatever the names are: for the words of an
/// administrator.
pub(in crate::texts) fn is_one_segment(only: Option<Message>, frame: &Texts, sentence: &Texts) -> bool {
    let name = "m".repeat(255);
    let asked = SENTENCES.iter().filter(|(message, _)| only.is_none_or(|only| only == *message));
    asked.into_iter().all(|(what, value)| {
        let named = value.map(|value| Named { value, text: &name });
        [0, 1, 2, 10].into_iter().all(|count| {
            let values = [
                ("until", Value::Text("2026-12-31 12:00Z")),
                ("left", Value::Number(count)),
                ("count", Value::Number(count)),
            ];
            let short = Short { what: *what, named, values: &values, application: &name, host: &name };
            let text = uncut(short, frame, sentence);
            let coding = Coding::of(text.expose());
            coding.units(text.expose()) <= coding.segment()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Languages;
    use pam_2fa_settings::Language;

    #[test]
    fn every_sentence_fits_into_one_segment_in_every_language_whatever_the_names_are() {
        for language in Language::ALL {
            let texts = Languages::for_tests();
            let texts = texts.letters(language);
            for (message, _) in SENTENCES {
                assert!(is_one_segment(Some(*message), texts, texts), "{language} {}", message.id());
            }
        }
    }

    #[test]
    fn there_is_a_row_for_every_sentence() {
        for message in Message::ALL {
            assert_eq!(is_sentence(*message), message.id().starts_with("notice-"), "{}", message.id());
        }
    }

    #[test]
    fn the_host_is_cut_first_then_the_application_then_what_is_named() {
        let languages = Languages::for_tests();
        let said = |host: &str, application: &str, name: &str| {
            let named = Some(Named { value: "device", text: name });
            let short = Short { what: Message::NoticeNewDevice, named, values: &[], application, host };
            notice(short, languages.letters(Language::English)).expose().clone()
        };
        assert_eq!(
            said("host", "Example Corp", "ssh from 192.0.2.7"),
            "Example Corp, host: A new device is remembered: ssh from 192.0.2.7. If this was not you, tell your \
             administrator."
        );
        let (host, name) = ("host.".repeat(30), "name.".repeat(30));
        let cut = said(&host, "Example Corp", "ssh from 192.0.2.7");
        assert_eq!(Coding::Gsm7.units(&cut), 160);
        assert!(cut.starts_with("Example Corp, host.host.") && cut.contains(": ssh from 192.0.2.7. If"), "{cut}");
        let cut = said(&host, &name, &name);
        assert_eq!(Coding::Gsm7.units(&cut), 160);
        assert!(cut.starts_with("name.n.., host.h..: A new") && cut.ends_with("tell your administrator."), "{cut}");
    }
}
