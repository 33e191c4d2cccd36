//! `[reply]`: what counts as accepted, and which refusal is which.

use super::model::{Every, Predicate, Reply, Rule, Test, Verdict};
use super::path::Path;
use super::pattern::Pattern;
use super::tree::{Findings, Reader};
use pam_2fa_protocol::courier::{Class, Reason};
use toml_edit::TableLike;

/// What the reply may have.
pub(super) const REPLY: &[&str] = &["accept_http", "accept", "id", "id_text", "error"];

/// What a condition may have.
pub(super) const PREDICATE: [&str; 8] = ["path", "is", "not", "match", "exists", "text", "http", "every"];

/// What a verdict has.
pub(super) const VERDICT: [&str; 2] = ["class", "reason"];

/// The classes of a refusal, as a file has them.
pub(super) const CLASSES: [(&str, Class); 4] = [
    ("rejected-permanent", Class::Rejected),
    ("auth-error", Class::AuthError),
    ("rate-limited", Class::RateLimited),
    ("temporary", Class::Temporary),
];

pub(super) fn reply(table: &dyn TableLike, at: usize, findings: &mut Findings) -> Option<Reply> {
    let before = findings.len();
    let reader = Reader::new(table, ("reply", at), REPLY, &[], findings);
    let accept_http = reader.statuses("accept_http", findings);
    if !accept_http.iter().all(|status| (200..300).contains(status)) {
        reader.say("accept_http", "no message is accepted with another status than 2xx", findings);
    }
    reader.required("accept_http", Some(()), "[200]", findings);
    reader.required("accept", Some(()), "[ { path = \"id\", exists = true } ]", findings);
    let mut accept = Vec::new();
    for table in reader.tables("accept", findings) {
        let reader = Reader::new(table, ("reply.accept", reader.at("accept")), &PREDICATE, &[], findings);
        let predicate = predicate(&reader, findings);
        for key in predicate.iter().flat_map(takes_nothing) {
            reader.say(key, "matches a text in which there is nothing, so it proves nothing", findings);
        }
        accept.extend(predicate);
    }
    if reader.has("accept") && findings.len() == before && !accept.iter().any(proves) {
        let text = "asks for nothing that must be in the reply; a message is not accepted because a server said 200";
        reader.say("accept", text, findings);
    }
    let mut rules = Vec::new();
    for table in reader.tables("error", findings) {
        rules.extend(rule(table, reader.at("error"), findings));
    }
    let id = reader.parsed("id", Path::parse, findings);
    if id.as_ref().is_some_and(Path::is_of_many) {
        reader.say("id", "must be of one value: write [0] for [*]", findings);
    }
    let id_text = reader.parsed("id_text", Pattern::parse, findings);
    (findings.len() == before).then_some(Reply { accept_http, accept, id, id_text, rules })
}

/// Whether it wants something to be there.
fn proves(predicate: &Predicate) -> bool {
    predicate.text.is_some() || matches!(&predicate.json, Some((_, test, _)) if !matches!(test, Test::Exists(false)))
}

/// Which of its patterns match the empty text.
fn takes_nothing(predicate: &Predicate) -> impl Iterator<Item = &'static str> {
    let in_json = if let Some((_, Test::Match(pattern), _)) = &predicate.json { Some(pattern) } else { None };
    let patterns = [("text", predicate.text.as_ref()), ("match", in_json)];
    patterns.into_iter().filter(|(_, pattern)| pattern.is_some_and(|pattern| pattern.is_match(""))).map(|(key, _)| key)
}

fn predicate(reader: &Reader<'_>, findings: &mut Findings) -> Option<Predicate> {
    let before = findings.len();
    let path = reader.parsed("path", Path::parse, findings);
    let mut tests = Vec::new();
    tests.extend(reader.scalars("is", findings).map(Test::Is));
    tests.extend(reader.scalars("not", findings).map(Test::Not));
    tests.extend(reader.parsed("match", Pattern::parse, findings).map(Test::Match));
    if reader.has("exists") {
        tests.push(Test::Exists(reader.switch("exists", true, findings)));
    }
    let every = if reader.switch("every", true, findings) { Every::All } else { Every::Any };
    if reader.has("every") && !reader.has("path") {
        reader.say("every", "is for a path", findings);
    }
    let text = reader.parsed("text", Pattern::parse, findings);
    let http = reader.statuses("http", findings);
    if findings.len() != before {
        return None;
    }
    let test = tests.pop();
    let json = match (path, test) {
        (Some(path), Some(test)) if tests.is_empty() => Some((path, test, every)),
        (None, None) => None,
        (Some(_), _) => {
            reader.say("path", "needs one of is = […], not = […], match = \"…\", exists = true beside it", findings);
            return None;
        }
        (None, Some(_)) => {
            reader.say("path", "is missing: of what?", findings);
            return None;
        }
    };
    if json.is_none() && text.is_none() && http.is_empty() {
        reader.say("path", "there is no condition; add path, text or http", findings);
        return None;
    }
    Some(Predicate { http, json, text })
}

fn rule(table: &dyn TableLike, at: usize, findings: &mut Findings) -> Option<Rule> {
    let keys: Vec<&str> = VERDICT.into_iter().chain(PREDICATE).collect();
    let reader = Reader::new(table, ("reply.error", at), &keys, &[], findings);
    let when = predicate(&reader, findings);
    let verdict = verdict(&reader, findings)?;
    Some(Rule { when: when?, verdict })
}

/// `class` and `reason`.
pub(super) fn verdict(reader: &Reader<'_>, findings: &mut Findings) -> Option<Verdict> {
    let class = reader.word("class", &CLASSES, findings);
    let class = reader.required("class", class, "\"temporary\"", findings);
    let class = class?;
    let reason = reader.word("reason", reasons(class), findings);
    match class {
        Class::Rejected | Class::AuthError => {
            reader.required("reason", Some(()), "\"…\"", findings);
        }
        // Nobody claims by leaving something out that a message was certainly not sent.
        Class::Temporary => {
            reader.required(
                "reason",
                Some(()),
                "\"unrecognised\", or \"server\" where it was certainly not sent",
                findings,
            );
        }
        Class::RateLimited | Class::Accepted => {}
    }
    Some(Verdict { class, reason: reason.flatten() })
}

/// The reasons of a class. Of a temporary refusal only "unrecognised" says that the message may be on its way all the same.
pub(super) fn reasons(class: Class) -> &'static [(&'static str, Option<Reason>)] {
    match class {
        Class::Rejected => &[
            ("bad-number", Some(Reason::BadNumber)),
            ("opted-out", Some(Reason::OptedOut)),
            ("request", Some(Reason::Request)),
        ],
        Class::AuthError => &[
            ("credentials", Some(Reason::Credentials)),
            ("forbidden", Some(Reason::Credentials)),
            ("funds", Some(Reason::Funds)),
            ("sender-or-country", Some(Reason::SenderOrCountry)),
            ("config", Some(Reason::Config)),
        ],
        Class::RateLimited => &[("throttled", None)],
        Class::Temporary | Class::Accepted => {
            &[("server", None), ("gateway", None), ("network", None), ("unrecognised", Some(Reason::Unrecognised))]
        }
    }
}
