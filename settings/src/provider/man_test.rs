//! `packaging/man/pam-2fa-providers.5` against the code that reads provider files: the page has every key, and no other.

use super::auth::TYPES;
use super::read::{FIELD, REQUEST, TOP};
use super::reply::{CLASSES, PREDICATE, REPLY, VERDICT, reasons};
use super::template::Template;
use super::way::{EXEC, GAMMU, MODEMMANAGER, SMPP, SMPP_ERROR, TRANSPORTS};
use crate::man_test::{Page, sorted};

fn page() -> Page {
    Page::of(include_str!("../../../packaging/man/pam-2fa-providers.5"))
}

#[test]
fn the_man_page_has_every_key_of_a_provider_file_and_no_other() {
    let page = page();
    // What has a part of its own.
    let parts = ["account", "request", "reply", "smpp", "exec", "gammu", "modemmanager"];
    let of_ways = TRANSPORTS.into_iter().flat_map(|(_, keys)| keys.iter().copied());
    let head = TOP.into_iter().chain(of_ways).filter(|key| !parts.contains(key)).collect();
    let of_auth = TYPES.into_iter().flat_map(|(_, keys)| keys.iter().copied()).collect();
    let known: [(&str, Vec<&str>); 12] = [
        ("At the head", head),
        ("[[account]]", FIELD.to_vec()),
        ("[request]", REQUEST.to_vec()),
        ("request.auth", of_auth),
        ("[reply]", REPLY.to_vec()),
        ("Conditions", PREDICATE.to_vec()),
        ("[[reply.error]]", VERDICT.to_vec()),
        ("[smpp]", SMPP.to_vec()),
        ("[[smpp.error]]", SMPP_ERROR.to_vec()),
        ("[exec]", EXEC.to_vec()),
        ("[gammu]", GAMMU.to_vec()),
        ("[modemmanager]", MODEMMANAGER.to_vec()),
    ];
    assert_eq!(sorted(page.parts()), sorted(known.iter().map(|(part, _)| *part).collect()));
    for (part, keys) in known {
        assert_eq!(sorted(page.keys(part)), sorted(keys), "{part}");
    }
}

#[test]
fn the_man_page_has_every_word_and_value_of_a_provider_file() {
    let page = page();
    let quoted = |word: &str| format!("\"{word}\"");
    let has = |part: &str, key: &str, word: &str| {
        assert!(page.text(part, key).contains(&quoted(word)), "{part} {key}: no {word}");
    };
    TRANSPORTS.iter().for_each(|(word, _)| has("At the head", "transport", word));
    TYPES.iter().for_each(|(word, _)| has("request.auth", "type", word));
    for (word, class) in CLASSES {
        has("[[reply.error]]", "class", word);
        reasons(class).iter().for_each(|(reason, _)| has("[[reply.error]]", "reason", reason));
    }
    // The parser's own list of them.
    let refused = Template::parse("{no-such-value}").unwrap_err();
    let (_, values) = refused.split_once("there are ").unwrap();
    assert!(values.split(", ").count() > 15, "{refused}");
    let shown = page.all().replace(['\\', ' '], "");
    for value in values.split(", ") {
        assert!(shown.contains(&format!("{{{value}}}")), "no {{{value}}}");
    }
}

#[test]
fn the_provider_of_the_man_page_is_accepted() {
    let page = page();
    let (_, example) = page.all().split_once("schema = 1\n").unwrap();
    let (example, _) = example.split_once(".fi").unwrap();
    let text = format!("schema = 1\n{example}");
    assert!(super::parse("mine", &text).is_ok(), "{:?}", super::parse("mine", &text).err());
}
