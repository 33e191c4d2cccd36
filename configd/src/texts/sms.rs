//! A code as a text message of one segment: 160 septets of GSM-7 (3GPP TS 23.038 §6.1.2.1), or 70 units of UCS-2 where the language is
//! not written in it. What makes it too long is the host's name, then the application's: these are cut, never the code or its tag.

use super::ascii::{ascii_of, folded};
use super::{Message, Texts, Value};
use pam_2fa_protocol::Secret;
use pam_2fa_settings::text::printable;

pub mod notice;

/// A name is cut to so many units at least, `..` included: less says nothing.
const SHORTEST_NAME: usize = 8;

/// What goes into it.
#[derive(Debug, Clone, Copy)]
pub struct Short<'a> {
    /// The code.
    pub code: &'a Secret,
    /// Its tag.
    pub tag: &'a str,
    /// `policy.application`.
    pub application: &'a str,
    /// This host's name.
    pub host: &'a str,
    /// What is left of the code's life.
    pub left_ms: u64,
    /// What it says of the code.
    pub says: Says,
}

/// What a text message says of its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// It is to log in with; a second wording from the second attempt on, since some providers swallow repeats.
    Login {
        /// From 1.
        attempt: u32,
    },
    /// It confirms the number, to whoever typed it.
    Confirm,
    /// It confirms the number, to an administrator.
    Verify,
}

impl Says {
    /// One of each wording.
    pub(super) const ALL: [(Message, Self); 4] = [
        (Message::SmsText, Self::Login { attempt: 1 }),
        (Message::SmsTextAgain, Self::Login { attempt: 2 }),
        (Message::SmsTextEnrol, Self::Confirm),
        (Message::SmsTextVerify, Self::Verify),
    ];

    fn message(self) -> Message {
        match self {
            Self::Login { attempt } if attempt > 1 => Message::SmsTextAgain,
            Self::Login { .. } => Message::SmsText,
            Self::Confirm => Message::SmsTextEnrol,
            Self::Verify => Message::SmsTextVerify,
        }
    }
}

/// How a text message is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// GSM-7: 160 septets a segment, of which some signs take two.
    Gsm7,
    /// UCS-2: 70 units of 16 bits a segment.
    Ucs2,
}

impl Coding {
    /// The coding that a provider chooses for `text`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        if text.chars().all(|character| septets(character).is_some()) { Self::Gsm7 } else { Self::Ucs2 }
    }

    /// What one segment holds.
    #[must_use]
    pub fn segment(self) -> usize {
        match self {
            Self::Gsm7 => 160,
            Self::Ucs2 => 70,
        }
    }

    /// What `text` takes of it.
    #[must_use]
    pub fn units(self, text: &str) -> usize {
        text.chars().map(|character| self.units_of(character)).sum()
    }

    fn units_of(self, character: char) -> usize {
        match self {
            // What is not in the alphabet is not in the text either: `written` has seen to that.
            Self::Gsm7 => septets(character).unwrap_or(1),
            Self::Ucs2 => character.len_utf16(),
        }
    }

    /// `text` in characters of the coding.
    fn written(self, text: &str) -> String {
        match self {
            Self::Gsm7 => folded(text, |character| septets(character).is_some()),
            Self::Ucs2 => String::from(text),
        }
    }

    /// `name`, in `most` units at most.
    fn cut(self, name: &str, most: usize) -> String {
        if self.units(name) <= most {
            return String::from(name);
        }
        let mut used = 2_usize;
        let start: String = name
            .chars()
            .take_while(|character| {
                used = used.saturating_add(self.units_of(*character));
                used <= most
            })
            .collect();
        format!("{start}..")
    }
}

/// Septets of a character in the default alphabet and its extension; `None`: it is in neither.
fn septets(character: char) -> Option<usize> {
    const BEYOND_ASCII: &str = "£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà";
    match character {
        '[' | ']' | '{' | '}' | '\\' | '^' | '~' | '|' | '€' => Some(2),
        '`' => None,
        ' '..='~' | '\n' => Some(1),
        _ => BEYOND_ASCII.contains(character).then_some(1),
    }
}

/// The message of a login, in `texts` that show everything.
#[must_use]
pub fn sms(short: Short<'_>, texts: &Texts) -> Secret {
    fitted([short.host, short.application], |[host, application]| say(&short, host, application, texts))
}

/// What is said with `names`, these cut one after the other until it is one segment.
fn fitted<const N: usize>(names: [&str; N], say: impl Fn(&[String; N]) -> Secret) -> Secret {
    // By the text alone: a name does not halve what may be said.
    let bare = say(&names.map(|_| String::new()));
    let writes = |character: char| septets(character).is_some() || ascii_of(character).is_some();
    let coding = if bare.expose().chars().all(writes) { Coding::Gsm7 } else { Coding::Ucs2 };
    // Some providers take what stands in braces for a value of theirs.
    let mut names = names.map(|name| coding.written(&printable(name).replace('{', "(").replace('}', ")")));
    let mut text = written(&say(&names), coding);
    for at in 0..N {
        let over = coding.units(text.expose()).saturating_sub(coding.segment());
        if over == 0 {
            break;
        }
        if let Some(long) = names.get_mut(at) {
            *long = coding.cut(long, coding.units(long).saturating_sub(over).max(SHORTEST_NAME));
        }
        text = written(&say(&names), coding);
    }
    text
}

fn written(text: &Secret, coding: Coding) -> Secret {
    Secret::new(coding.written(text.expose()))
}

fn say(short: &Short<'_>, host: &str, application: &str, texts: &Texts) -> Secret {
    let left = texts.span_in_words(short.left_ms);
    let values = [
        ("code", Value::Text(short.code.expose())),
        ("tag", Value::Text(short.tag)),
        ("application", Value::Text(application)),
        ("host", Value::Text(host)),
        ("left", Value::Text(&left)),
    ];
    Secret::new(texts.say(short.says.message(), &values))
}

/// Whether such a message is one segment whatever the names are: for the words of an administrator.
pub(super) fn is_one_segment(texts: &Texts, says: Says) -> bool {
    let (code, name) = (Secret::new(String::from("0123456789")), "m".repeat(255));
    // The longest life of a code is 10 minutes.
    [59_000, 600_000].into_iter().all(|left_ms| {
        let text = sms(Short { code: &code, tag: "7F", application: &name, host: &name, left_ms, says }, texts);
        let coding = Coding::of(text.expose());
        coding.units(text.expose()) <= coding.segment()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Languages;
    use pam_2fa_settings::Language;
    use proptest::prelude::*;

    fn sent(language: Language, application: &str, host: &str, attempt: u32) -> String {
        let code = Secret::new(String::from("123456"));
        let says = Says::Login { attempt };
        let short = Short { code: &code, tag: "7F", application, host, left_ms: 600_000, says };
        sms(short, Languages::for_tests().letters(language)).expose().clone()
    }

    #[test]
    fn the_message_is_as_it_is_promised() {
        assert_eq!(
            sent(Language::English, "Example Corp", "host", 1),
            "123456 is your Example Corp login code (7F) for host. It expires in 10 minutes. Never share it."
        );
        for language in [Language::English, Language::German, Language::French, Language::Spanish] {
            for attempt in [1, 2] {
                assert_eq!(Coding::of(&sent(language, "Öl GmbH", "host", attempt)), Coding::Gsm7, "{language}");
            }
        }
        assert_eq!(Coding::of(&sent(Language::Japanese, "Example Corp", "host", 1)), Coding::Ucs2);
    }

    #[test]
    fn the_host_is_cut_first_then_the_application() {
        let host = "a-very-long-name-of-a-host.in.a.department.of.example.com";
        let cut = sent(Language::English, "Example Corp", host, 1);
        assert_eq!(
            cut,
            "123456 is your Example Corp login code (7F) for a-very-long-name-of-a-host.in.a.department.of.example.com. It \
             expires in 10 minutes. Never share it."
        );
        let host = host.repeat(2);
        let cut = sent(Language::English, "Example Corp", &host, 1);
        assert_eq!(Coding::Gsm7.units(&cut), 160);
        assert!(cut.contains("Example Corp") && cut.contains("(7F) for a-very-long-name"), "{cut}");
        assert!(cut.ends_with("... It expires in 10 minutes. Never share it."), "{cut}");
        let cut = sent(Language::English, &"Example ".repeat(20), &host, 1);
        assert_eq!(Coding::Gsm7.units(&cut), 160);
        assert!(cut.contains(" for a-very.. It expires") || cut.contains(" for a-very... It expires"), "{cut}");
    }

    #[test]
    fn names_are_written_in_the_alphabet_and_do_not_halve_the_message() {
        let text = sent(Language::French, "Façade à l'œuvre", "hôte", 1);
        assert!(text.starts_with("123456 est votre code de connexion Facade à l'oeuvre (7F) pour hote."), "{text}");
        let text = sent(Language::English, "株式会社", "host", 1);
        assert_eq!(text, "123456 is your ? login code (7F) for host. It expires in 10 minutes. Never share it.");
        let text = sent(Language::English, "${A}", "{b}", 1);
        assert!(text.contains("your $(A) login code (7F) for (b). It"), "{text}");
        let text = sent(Language::Japanese, "株式会社", "host", 1);
        assert!(text.contains("株式会社"), "{text}");
    }

    #[test]
    fn every_sign_takes_what_the_standard_says() {
        assert_eq!(Coding::Gsm7.units("@€[é"), 6);
        assert_eq!(Coding::Ucs2.units("日\u{1f511}"), 3);
        for text in ["ç", "á", "`", "\u{a0}", "日"] {
            assert_eq!(Coding::of(text), Coding::Ucs2, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_message_is_one_segment_whatever_the_names_and_keeps_code_and_tag(
            language in prop::sample::select(Language::ALL.to_vec()),
            host in ".{1,255}",
            application in prop_oneof![".{1,255}", "[\\[\\]{}€^a-z]{1,255}", "[a-zäöüßçé日🔑 ]{1,255}"],
            code in "[0-9]{6,10}",
            tag in "[0-9A-F]{2}",
            left_ms in 1_u64..86_400_000,
            says in prop::sample::select(Says::ALL.map(|(_, says)| says).to_vec()),
        ) {
            let secret = Secret::new(code.clone());
            let short = Short { code: &secret, tag: &tag, application: &application, host: &host, left_ms, says };
            let text = sms(short, Languages::for_tests().letters(language));
            let text = text.expose();
            let coding = Coding::of(text);
            prop_assert!(coding.units(text) <= coding.segment(), "{} of {:?}: {}", coding.units(text), coding, text);
            prop_assert!(text.starts_with(&format!("{code} ")), "{}", text);
            prop_assert!(text.contains(&format!("({tag})")), "{}", text);
            prop_assert!(text.chars().all(pam_2fa_settings::text::is_plain), "{:?}", text);
        }
    }
}
