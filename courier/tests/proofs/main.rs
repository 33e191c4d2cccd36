//! What others say of the shipped provider files: `tests/proofs/ID.toml` holds requests and replies that we did not write, each with
//! its source. A file in `etc/providers` has been judged; one in `etc/providers/unproven` has not, or not enough.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the tests' own helpers")]

mod files;
mod prism;

use courier::sms::exchange::Answer;
use courier::sms::verdict::judge;
use files::{Judge, Outcome, Proof, Reply, all, http, ours};
use pam_2fa_protocol::courier::{Class, Reason};
use serde_json::Value;

/// Files whose format is our own (`courier/tests/sms.rs`), or whose way is not HTTP (`courier/tests/smpp`, `courier/tests/local`).
const NOT_HTTP: [&str; 5] = ["exec", "gammu", "http", "modemmanager", "smpp"];
/// How many replies of others are needed that are no "yes".
const REFUSALS: usize = 3;

/// What is missing of a proof; nothing: the file is proven.
fn missing(proof: &Proof) -> Vec<&'static str> {
    let of_others = || proof.reply.iter().filter(|reply| !reply.assembled);
    let mut missing = Vec::new();
    if proof.request.is_empty() {
        missing.push("a judge of the request");
    }
    if !of_others().any(|reply| reply.class == Class::Accepted) {
        missing.push("an accepted reply of others");
    }
    // What proves nothing is no refusal.
    let is_refusal = |reply: &&Reply| reply.class != Class::Accepted && reply.reason != Some(Reason::Unrecognised);
    if of_others().filter(is_refusal).count() < REFUSALS {
        missing.push("three refused replies of others");
    }
    missing
}

#[test]
fn a_file_is_shipped_as_proven_only_if_others_have_judged_it() {
    let files = all();
    assert!(files.len() >= 5, "{}", files.len());
    for file in files.iter().filter(|file| !NOT_HTTP.contains(&file.id.as_str())) {
        let proof = file.proof.as_ref().unwrap_or_else(|| panic!("{}: there is no proof", file.id));
        let missing = missing(proof);
        assert!(file.is_unproven || missing.is_empty(), "{}: {missing:?}", file.id);
        for request in proof.request.iter().filter(|request| request.judge != Judge::Openapi) {
            assert!(request.source.trim().len() > 8, "{}: where is it from? {:?}", file.id, request.source);
            let is_ours = request.judge == Judge::Server;
            assert!(is_ours || request.licence.is_some(), "{}: {}: its licence?", file.id, request.source);
        }
        for reply in &proof.reply {
            assert!(reply.source.trim().len() > 8, "{}: where is it from? {:?}", file.id, reply.source);
            assert!(reply.assembled || reply.licence.is_some(), "{}: {}: its licence?", file.id, reply.source);
        }
    }
}

#[test]
fn what_others_answered_is_what_the_files_say_it_is() {
    let mut wrong = Vec::new();
    for file in all() {
        let Some(proof) = &file.proof else { continue };
        for (number, reply) in (1..).zip(&proof.reply) {
            let answer = Answer { status: reply.http, retry_after_s: reply.retry_after, body: reply.text(&file.id) };
            let found = match judge(&http(&file.provider).reply, answer) {
                Ok((id, _)) => Outcome { class: Class::Accepted, reason: None, id },
                Err(failure) => {
                    let outcome = failure.outcome();
                    Outcome { class: outcome.class, reason: outcome.reason, id: None }
                }
            };
            let expected = Outcome { class: reply.class, reason: reply.reason, id: reply.id.clone() };
            if found != expected {
                wrong.push(format!("{} {number} ({}): {found:?}, expected {expected:?}", file.id, reply.source));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whatever a provider of ours answers with a status that is no yes, or with something that is not its own, is no yes.
#[test]
fn no_file_takes_what_proves_nothing_for_a_yes() {
    for file in all().iter().filter(|file| !NOT_HTTP.contains(&file.id.as_str())) {
        let reply = &http(&file.provider).reply;
        let yes = file.proof.iter().flat_map(|proof| &proof.reply).filter(|reply| reply.class == Class::Accepted);
        let mut bodies: Vec<String> = yes.map(|reply| reply.text(&file.id)).collect();
        for body in bodies.clone() {
            for status in [301, 302, 400, 401, 403, 404, 429, 500, 502, 503] {
                let answer = Answer { status, retry_after_s: None, body: body.clone() };
                assert!(judge(reply, answer).is_err(), "{}: {status} {body}", file.id);
            }
        }
        bodies = ["", "{}", "[]", "null", "OK", "true", "0", "<html>Welcome to the hotel</html>", "{\"error\":\"no\"}"]
            .map(String::from)
            .to_vec();
        for (status, body) in
            [200, 201, 202, 204].into_iter().flat_map(|status| bodies.iter().map(move |body| (status, body)))
        {
            let answer = Answer { status, retry_after_s: None, body: body.clone() };
            let Err(failure) = judge(reply, answer) else { panic!("{}: {status} {body}", file.id) };
            let outcome = failure.outcome();
            // What may have been a yes must not stop the next try as a refusal of this number would.
            assert_ne!(outcome.reason, Some(Reason::BadNumber), "{}: {status} {body}", file.id);
        }
    }
}

#[test]
fn our_request_is_the_one_that_others_send() {
    let mut wrong = Vec::new();
    for file in all() {
        let Some(proof) = &file.proof else { continue };
        for (number, request) in (1..).zip(&proof.request).filter(|(_, request)| request.judge == Judge::Example) {
            let ready = ours(&file, proof, request);
            let mut say = |what: &str, ours: &dyn std::fmt::Debug, theirs: &dyn std::fmt::Debug| {
                wrong.push(format!(
                    "{} {number} ({}): {what}: ours {ours:?}, theirs {theirs:?}",
                    file.id, request.source
                ));
            };
            let theirs = reqwest::Url::parse(request.url.as_deref().unwrap()).unwrap();
            if Some(ready.method.as_str()) != request.method.as_deref() {
                say("method", &ready.method, &request.method);
            }
            let place = |url: &reqwest::Url| (url.origin().ascii_serialization(), url.path().to_owned());
            if place(&ready.url) != place(&theirs) {
                say("URL", &place(&ready.url), &place(&theirs));
            }
            let query = |url: &reqwest::Url| {
                let pairs = url.query_pairs().map(|(name, value)| (name.into_owned(), Value::from(value.into_owned())));
                Value::Object(pairs.collect())
            };
            let (our_query, their_query) = (query(&ready.url), query(&theirs));
            for (what, our, their) in
                [("query", our_query, their_query), ("body", ready.body.clone(), request.body(&file.id))]
            {
                let (mut our, mut their) = (our, their);
                request.missing.iter().for_each(|path| drop(take(&mut their, path)));
                request.beyond.iter().for_each(|path| drop(take(&mut our, path)));
                if our != their {
                    say(what, &our.to_string(), &their.to_string());
                }
            }
            for (name, value) in &request.headers {
                if ready.headers.get(&name.to_ascii_lowercase()) != Some(value) {
                    say(name, &ready.headers.get(&name.to_ascii_lowercase()), &value);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each key that a proof says stands on one side alone does stand there.
#[test]
fn what_is_said_to_differ_does() {
    for file in all() {
        let Some(proof) = &file.proof else { continue };
        for request in proof.request.iter().filter(|request| request.judge == Judge::Example) {
            let ready = ours(&file, proof, request);
            let theirs = reqwest::Url::parse(request.url.as_deref().unwrap()).unwrap();
            let in_query = |url: &reqwest::Url, key: &str| url.query_pairs().any(|(name, _)| name == key);
            for path in &request.missing {
                let is_there = take(&mut request.body(&file.id), path).is_some() || in_query(&theirs, path);
                assert!(is_there, "{}: {path} is not in theirs ({})", file.id, request.source);
            }
            for path in &request.beyond {
                let is_there = take(&mut ready.body.clone(), path).is_some() || in_query(&ready.url, path);
                assert!(is_there, "{}: {path} is not in ours", file.id);
            }
        }
    }
}

/// Takes what stands at `a.b[0].c`, and what is empty then around it stays.
fn take(value: &mut Value, path: &str) -> Option<Value> {
    let steps: Vec<String> =
        path.replace('[', ".[").split('.').filter(|step| !step.is_empty()).map(String::from).collect();
    let (last, way) = steps.split_last()?;
    // A key of a form may itself hold dots.
    if let Some(object) = value.as_object_mut()
        && object.contains_key(path)
    {
        return object.remove(path);
    }
    let mut at = value;
    for step in way {
        at = match step.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(index) => at.get_mut(index.parse::<usize>().ok()?)?,
            None => at.get_mut(step.as_str())?,
        };
    }
    match last.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        Some(index) => {
            let index = index.parse::<usize>().ok()?;
            let list = at.as_array_mut()?;
            (index < list.len()).then(|| list.remove(index))
        }
        None => at.as_object_mut()?.remove(last.as_str()),
    }
}
