//! Every message in each language, with sample values: what a reader of a change sees, in one file a language. And that the languages
//! are alike: the same messages, the same values, prompts as short as English's.

use super::languages::{built_in, bundle};
use super::sms::{Says, Short, sms};
use super::{Charset, Languages, Message, Tongue, Value};
use fluent_syntax::ast::{Entry, Expression, InlineExpression, Pattern, PatternElement};
use fluent_syntax::parser::parse;
use pam_2fa_protocol::Secret;
use pam_2fa_settings::Language;
use pam_2fa_settings::text::is_plain;
use std::collections::{BTreeMap, BTreeSet};

/// A value for everything that any message puts in. A new message whose values have other names adds them here.
const VALUES: &[(&str, &str)] = &[
    ("to", "a***@example.com"),
    ("tag", "7F"),
    ("reference", "K7Q2M9XD"),
    ("service", "ssh"),
    ("from", "192.0.2.7"),
    ("tty", "tty1"),
    ("application", "Example Corp"),
    ("host", "host.example.com"),
    ("code", "123456"),
    ("user", "ada"),
    ("digits", "6"),
    ("date", "2026-12-31"),
    ("way", "email"),
    ("keys", " …"),
    ("what", "A new device is remembered: …."),
    ("when", "2026-11-24 12:00 UTC"),
    ("until", "2026-12-31 12:00 UTC"),
    ("device", "key SHA256:… from 192.0.2.7/32"),
];

/// The values of a message that are texts of the language themselves, or numbers.
fn values<'a>(message: Message, spans: &'a [(&'static str, String)]) -> Vec<(&'static str, Value<'a>)> {
    let mut values: Vec<_> = VALUES.iter().map(|(name, value)| (*name, Value::Text(value))).collect();
    values.extend(spans.iter().map(|(name, text)| (*name, Value::Text(text))));
    values.push(("n", Value::Number(10)));
    values.push(("count", Value::Number(2)));
    if matches!(message, Message::PromptWrong | Message::RecoveryLeft | Message::NoticeRecoveryUsed) {
        values.push(("left", Value::Number(2)));
    }
    values
}

fn all(tongue: Tongue) -> BTreeMap<&'static str, String> {
    let languages = Languages::for_tests();
    let texts = languages.of(tongue);
    let place = [("service", Value::Text("ssh")), ("from", Value::Text("192.0.2.7"))];
    let spans = |message: Message| {
        let is_letter = message.id().starts_with("mail") || message.id().starts_with("sms");
        let left = if is_letter { texts.span_in_words(600_000) } else { texts.left(600_000) };
        vec![
            ("left", left),
            ("ago", texts.span(120)),
            ("wait", texts.span(45)),
            ("span", texts.span_of_days(2_592_000)),
            ("place", texts.say(Message::PlaceRemote, &place)),
        ]
    };
    let say = |message: &Message| (message.id(), texts.say(*message, &values(*message, &spans(*message))));
    Message::ALL.iter().map(say).collect()
}

#[test]
fn every_message_reads_as_it_should_in_every_language() {
    for language in Language::ALL {
        let said = all(Tongue { language, charset: Charset::Utf8 });
        let lines: Vec<String> =
            Message::ALL.iter().map(|message| format!("{}: {}", message.id(), said[message.id()])).collect();
        insta::assert_snapshot!(format!("messages_{language}"), lines.join("\n"));
    }
}

#[test]
fn every_message_reads_as_it_should_where_the_screen_has_ascii_alone() {
    for language in [Language::German, Language::French, Language::Spanish] {
        let said = all(Tongue { language, charset: Charset::Ascii });
        assert!(said.values().all(|text| text.is_ascii() || text.starts_with("s si")), "{said:?}");
        let on_a_screen =
            |id: &&str| !["mail-", "sms-", "notice-", "place-", "span-"].iter().any(|start| id.starts_with(start));
        let lines: Vec<&str> =
            Message::ALL.iter().map(|message| message.id()).filter(on_a_screen).map(|id| said[id].as_str()).collect();
        insta::assert_snapshot!(format!("ascii_{language}"), lines.join("\n"));
    }
}

#[test]
fn mails_and_text_messages_read_as_they_should_in_every_language() {
    let languages = Languages::for_tests();
    let code = Secret::new(String::from("123456"));
    let mut letters = Vec::new();
    for language in Language::ALL {
        let said = all(Tongue { language, charset: Charset::Utf8 });
        for (subject, text) in [
            ("mail-subject", "mail-text"),
            ("mail-subject", "mail-text-again"),
            ("mail-subject-change", "mail-text-change"),
            ("mail-subject-enrol", "mail-text-enrol"),
            ("mail-subject-verify", "mail-text-verify"),
            ("mail-subject-test", "mail-text-test"),
        ] {
            letters.push(format!("== {language}, mail\n{}\n\n{}", said[subject], said[text]));
        }
        for (_, says) in Says::ALL {
            let short =
                Short { code: &code, tag: "7F", application: "Example Corp", host: "host", left_ms: 600_000, says };
            letters.push(format!("== {language}, text message\n{}", sms(short, languages.letters(language)).expose()));
        }
    }
    insta::assert_snapshot!(letters.join("\n"));
}

/// The messages of a file with the values of each.
fn shape(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let resource = parse(source).unwrap();
    let messages = resource.body.iter().filter_map(|entry| match entry {
        Entry::Message(message) => Some(message),
        Entry::Comment(_) | Entry::GroupComment(_) | Entry::ResourceComment(_) => None,
        Entry::Term(term) => panic!("{term:?}"),
        Entry::Junk { content } => panic!("{content}"),
    });
    let mut shape = BTreeMap::new();
    for message in messages {
        let mut values = BTreeSet::new();
        collect(message.value.as_ref().unwrap(), &mut values);
        assert!(shape.insert(message.id.name.to_owned(), values).is_none(), "{} twice", message.id.name);
    }
    shape
}

fn collect(pattern: &Pattern<&str>, values: &mut BTreeSet<String>) {
    for element in &pattern.elements {
        let PatternElement::Placeable { expression } = element else { continue };
        let (inline, variants) = match expression {
            Expression::Inline(inline) => (inline, [].as_slice()),
            Expression::Select { selector, variants } => (selector, variants.as_slice()),
        };
        let InlineExpression::VariableReference { id } = inline else { panic!("{inline:?}") };
        values.insert(id.name.to_owned());
        variants.iter().for_each(|variant| collect(&variant.value, values));
    }
}

#[test]
fn every_language_has_exactly_englishs_messages_and_values() {
    let english = shape(built_in(Language::English));
    let known: BTreeSet<&str> = Message::ALL.iter().map(|message| message.id()).collect();
    assert_eq!(english.keys().map(String::as_str).collect::<BTreeSet<_>>(), known);
    for language in Language::ALL {
        assert_eq!(shape(built_in(language)), english, "{language}");
        assert!(bundle(language, built_in(language)).is_ok());
        assert!(built_in(language).chars().all(|c| c == '\n' || is_plain(c)), "{language}");
        for (id, text) in all(Tongue { language, charset: Charset::Utf8 }) {
            assert!(!text.contains(['{', '}', '$']), "a sample for a value of {id} is missing in VALUES: {text}");
        }
    }
}

/// Columns of a terminal: what Japanese is written in takes two.
fn columns(text: &str) -> usize {
    text.chars().map(|character| if u32::from(character) >= 0x2e80 { 2 } else { 1 }).sum()
}

#[test]
fn a_prompt_that_fits_a_terminal_in_english_fits_in_every_language() {
    let english = all(Tongue::default());
    for language in Language::ALL {
        for (id, text) in all(Tongue { language, charset: Charset::Utf8 }) {
            if id.starts_with("prompt-") {
                let most =
                    columns(&english[id]).max(80).saturating_add(if columns(&english[id]) > 80 { 20 } else { 0 });
                assert!(columns(&text) <= most, "{language} {id}: {} columns: {text}", columns(&text));
            }
        }
    }
}

#[test]
fn yes_is_a_word_of_the_language_or_of_english_and_the_question_shows_one() {
    for language in Language::ALL {
        let said = all(Tongue { language, charset: Charset::Utf8 });
        let words: Vec<&str> = said["answer-yes"].split_whitespace().collect();
        for word in ["y", "yes"] {
            assert!(words.contains(&word), "{language}");
        }
        assert!(words.iter().all(|word| *word == word.to_lowercase()), "{language}");
        let shown = said["prompt-trust"].rsplit_once('[').unwrap().1.split_once('/').unwrap().0;
        assert!(words.contains(&shown), "{language}: {shown}");
        assert!(!words.contains(&"n"), "{language}");
    }
}

/// What is typed is the same in all languages.
#[test]
fn the_letters_to_type_stand_in_every_language() {
    let english = all(Tongue::default());
    for language in Language::ALL {
        let said = all(Tongue { language, charset: Charset::Utf8 });
        for (id, text) in &english {
            for letter in ["'r'", "'e'", "'s'", "'a'"].iter().filter(|letter| text.contains(**letter)) {
                assert!(said[id].contains(letter), "{language} {id}: {}", said[id]);
            }
        }
    }
}
