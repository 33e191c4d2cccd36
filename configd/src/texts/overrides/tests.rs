//! Files that an administrator may write, good and bad: what counts of them, and what is said about the rest.

use super::*;
use crate::texts::{Languages, Value};

fn english() -> Ours {
    Arc::new(
        super::super::languages::bundle(Language::English, super::super::languages::built_in(Language::English))
            .unwrap(),
    )
}

/// What `source` comes to as English's file.
fn read_as_english(source: &str) -> (Texts, Vec<String>) {
    let ours = english();
    let (own, problems) = check("en.ftl", source, &ours);
    (Texts { bundle: ours, own, charset: Charset::Utf8 }, problems)
}

fn say(texts: &Texts, message: Message) -> String {
    let values = ["to", "tag", "left", "wait", "code", "application", "host", "place", "user", "span", "reference"];
    texts.say(message, &values.map(|name| (name, Value::Text(name))))
}

#[test]
fn an_administrators_words_take_the_place_of_ours_and_the_rest_stays() {
    let (texts, problems) = read_as_english(
        "# ours\nprompt-constant = Password right? Then a code was sent ({ $tag }). Code:\nmail-text =\n    Dear user,\n\n    { $code } ({ $tag })\n",
    );
    assert_eq!(problems, [""; 0]);
    assert_eq!(say(&texts, Message::PromptConstant), "Password right? Then a code was sent (tag). Code:");
    assert_eq!(say(&texts, Message::MailText), "Dear user,\n\ncode (tag)");
    assert_eq!(say(&texts, Message::Reference), "Ref reference");
}

#[test]
fn what_cannot_be_used_is_named_with_what_to_do_and_our_text_stays() {
    let long = format!("denied-used = {}\n", "x".repeat(401));
    let deep = format!("denied-used = {}\"x\"{}\n", "{ ".repeat(9), " }".repeat(9));
    for (source, message, why) in [
        ("prompt-sentt = x", None, "en.ftl:1: prompt-sentt: there is no such message"),
        ("\nprompt-constant = Code:", Some(Message::PromptConstant), "en.ftl:2: prompt-constant: must say { $tag }"),
        ("mail-text = { $code }", Some(Message::MailText), "must say { $tag }"),
        ("sms-text = ({ $tag })", Some(Message::SmsText), "must say { $code }"),
        (
            "mail-text = { $host ->\n    [a] { $code } { $tag }\n   *[b] { $tag }\n }",
            Some(Message::MailText),
            "must say { $code }, in each of its forms",
        ),
        ("denied-used = { $code } used", Some(Message::DeniedUsed), "has no value $code"),
        ("denied-used = a\u{1b}[2J", Some(Message::DeniedUsed), "a control or direction character"),
        ("denied-used = a\u{202e}b", Some(Message::DeniedUsed), "a control or direction character"),
        ("denied-used = { \"\\u202E\" }", Some(Message::DeniedUsed), "a control or direction character"),
        ("denied-used = { \"\\u001B\" }", Some(Message::DeniedUsed), "a control or direction character"),
        ("denied-used = { denied-expired }", Some(Message::DeniedUsed), "has another message in it"),
        ("denied-used = { NUMBER(1) }", Some(Message::DeniedUsed), "has a function in it"),
        ("denied-used = { -brand }", Some(Message::DeniedUsed), "has a term in it"),
        ("-brand = Example", None, "brand: a term is not for here"),
        ("denied-used =\n    two\n    lines", Some(Message::DeniedUsed), "must be one line"),
        ("mail-subject = { $tag }\n    two", Some(Message::MailSubject), "must be one line"),
        ("denied-used =\n    .a = b", Some(Message::DeniedUsed), "take its attributes out"),
        (&long, Some(Message::DeniedUsed), "is 401 bytes long, and 400 are the most"),
        (&deep, Some(Message::DeniedUsed), "braces in braces more than 8 deep"),
        ("denied-used = { $", Some(Message::DeniedUsed), "en.ftl:1: cannot be read"),
        ("\u{0}\u{0}", None, "cannot be read"),
    ] {
        let (texts, problems) = read_as_english(source);
        assert!(problems.len() == 1 && problems[0].contains(why), "{source}: {problems:?}");
        assert!(problems[0].ends_with("is used") || problems[0].ends_with("are used"), "{problems:?}");
        assert!(problems[0].chars().all(is_plain), "{problems:?}");
        if let Some(message) = message {
            let ours = Languages::for_tests();
            assert_eq!(say(&texts, message), say(ours.letters(Language::English), message), "{source}");
        }
    }
}

#[test]
fn a_file_of_braces_does_not_use_up_the_stack() {
    for piece in ["{", "{ A(", "{\n{", "{ A({\nA({\n", "{ $x ->\n*[a] {", "{ -a(b: {", "{ A(\nA("] {
        let (texts, problems) = read_as_english(&format!("denied-used = {}", piece.repeat(50_000)));
        assert!(!problems.is_empty(), "{piece}");
        assert!(say(&texts, Message::DeniedUsed).starts_with("This code has been used"), "{piece}");
    }
}

#[test]
fn what_is_good_of_a_bad_file_counts() {
    let (texts, problems) = read_as_english(
        "denied-used = Used.\ndenied-expired = { $\n\ndenied-prompts = Enough.\ndenied-used = Again.\n",
    );
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].starts_with("en.ftl:2: cannot be read"), "{problems:?}");
    assert!(problems[1].contains("denied-used: is there twice"), "{problems:?}");
    assert_eq!(
        (say(&texts, Message::DeniedUsed), say(&texts, Message::DeniedPrompts)),
        ("Used.".into(), "Enough.".into())
    );
}

#[test]
fn a_text_message_of_more_than_one_segment_is_not_taken() {
    let text =
        |words: usize| format!("sms-text = {{ $code }} ({{ $tag }}) {} {{ $host }} {{ $left }}\n", "é".repeat(words));
    assert_eq!(read_as_english(&text(100)).1, [""; 0]);
    let (texts, problems) = read_as_english(&text(140));
    assert!(
        problems.len() == 1 && problems[0].contains("sms-text: does not fit into one text message"),
        "{problems:?}"
    );
    assert!(say(&texts, Message::SmsText).contains("is your application login code"));
    // Of two, the good one counts.
    let (texts, problems) = read_as_english(&format!("{}denied-used = Used.\n", text(140)));
    assert_eq!((problems.len(), say(&texts, Message::DeniedUsed).as_str()), (1, "Used."));
}

#[test]
fn a_notice_of_more_than_one_segment_is_not_taken_and_its_frame_and_its_sentence_are_looked_at_each_by_itself() {
    let sentence = |words: usize| format!("notice-locked = {}\n", "é".repeat(words));
    let frame =
        |words: usize| format!("sms-notice = {} {{ $what }} {{ $host }} {{ $application }}\n", "é".repeat(words));
    assert_eq!(read_as_english(&sentence(80)).1, [""; 0]);
    assert_eq!(read_as_english(&frame(40)).1, [""; 0]);
    for (file, id) in [(sentence(120), "notice-locked"), (frame(100), "sms-notice")] {
        let (_, problems) = read_as_english(&file);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].contains(&format!("{id}: does not fit into one text message")), "{problems:?}");
    }
    // A long sentence does not take a good frame with it.
    let (_, problems) = read_as_english(&(sentence(120) + &frame(40)));
    assert!(problems.len() == 1 && problems[0].contains("notice-locked"), "{problems:?}");
    let (_, problems) = read_as_english("notice-locked = One\n    two\nmail-text-notice = One\n    two { $what }\n");
    assert!(problems.len() == 1 && problems[0].contains("notice-locked: must be one line"), "{problems:?}");
}

#[test]
fn no_file_is_no_problem_and_one_that_others_could_have_written_is_not_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let (_, problems) = Languages::with_folder(folder.path()).unwrap();
    assert_eq!(problems, [""; 0]);
    let file = folder.path().join("en.ftl");
    std::fs::write(&file, "denied-used = Used.\n").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o666)).unwrap();
    std::fs::write(folder.path().join("it.ftl"), "").unwrap();
    std::fs::write(folder.path().join("README"), "").unwrap();
    let (languages, problems) = Languages::with_folder(folder.path()).unwrap();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(problems[0].contains("it.ftl: nobody reads this file: \"it\" is no language"), "{problems:?}");
    assert!(
        problems[1].contains("en.ftl: ") && problems[1].ends_with("until then our own texts are used"),
        "{problems:?}"
    );
    assert!(say(languages.letters(Language::English), Message::DeniedUsed).starts_with("This code has been used"));
}

#[test]
fn an_escape_that_is_cut_short_before_a_letter_is_an_error_with_its_line_and_no_crash() {
    for escape in ["\\uò", "\\u12ò", "\\Uò", "\\U0001F€"] {
        let (texts, problems) = read_as_english(&format!("# words\ndenied-used = x {{ \"{escape}\" }} y\n"));
        assert!(problems[0].contains(":2: an escape"), "{escape}: {problems:?}");
        assert!(say(&texts, Message::DeniedUsed).starts_with("This code has been used"), "{escape}");
    }
    let (texts, problems) = read_as_english("denied-used = x { \"\\u00F2\\U01F600ò\" } y\n");
    assert_eq!((say(&texts, Message::DeniedUsed).as_str(), problems.len()), ("x ò😀ò y", 0), "{problems:?}");
}

/// Whatever stands in a file, texts go on being said; and those that carry a code carry it.
#[test]
fn no_file_takes_a_message_away() {
    use proptest::prelude::*;
    let ours = Languages::for_tests();
    let piece = prop_oneof![
        prop::sample::select(vec![
            "{ $code }",
            "{ $tag }",
            "{",
            "}",
            "->",
            "*[x]",
            "[one]",
            "\n",
            "\n    ",
            "\"",
            "\\u",
            "."
        ]),
        prop::sample::select(vec!["prompt-sent = ", "mail-text = ", "sms-text = ", "-x = ", "answer-yes = ", "# "]),
    ];
    let words = prop_oneof![piece.prop_map(String::from), ".{0,6}"];
    proptest!(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() }, |(
        source in prop::collection::vec(words, 0..40).prop_map(|words| words.concat())
    )| {
        let (texts, _) = read_as_english(&source);
        for message in [Message::PromptSent, Message::MailText, Message::SmsText, Message::MailSubject] {
            let said = say(&texts, message);
            let must = say(ours.letters(Language::English), message);
            prop_assert!(said.contains("tag"), "{said}");
            prop_assert!(said.contains("code") || !must.contains("code"), "{said}");
        }
    });
}
