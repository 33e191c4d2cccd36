//! What replies mean, one by one, with the rules of real provider files.

use super::*;
use pam_2fa_settings::provider::{Way, parse};

/// In the shape of Twilio's file (accepted when there is an id and no bad status; numbers for codes).
const ONE: &str = r#"
accept_http = [200, 201]
accept = [ { path = "status", not = ["failed", "undelivered"] }, { path = "sid", exists = true } ]
id = "sid"
[[reply.error]]
class = "rejected-permanent"
reason = "bad-number"
path = "code"
is = [21211, 21614]
[[reply.error]]
class = "rate-limited"
path = "code"
is = [20429]
[[reply.error]]
class = "temporary"
reason = "server"
http = [400]
path = "code"
is = [7]
"#;

/// In the shape of Vonage's (always 200, a status for each part), with rules for one part of many.
const MANY: &str = r#"
accept_http = [200]
accept = [ { path = "messages[*].status", is = ["0"] } ]
id = "messages[0].message-id"
[[reply.error]]
class = "auth-error"
reason = "funds"
path = "messages[*].status"
every = false
is = ["9"]
"#;

/// In the shape of SNS's: XML.
const XML: &str = r#"
accept_http = [200]
accept = [ { text = "<MessageId>[^<]+</MessageId>" } ]
id_text = "<MessageId>([^<]+)</MessageId>"
"#;

/// In the shape of SMSAPI's: 200 with an error in it.
const NO_ERROR: &str = r#"
accept_http = [200]
accept = [ { path = "error", exists = false }, { path = "list[0].id", exists = true } ]
"#;

fn reply(rules: &str) -> Reply {
    let text = format!(
        "schema = 1\nid = \"x\"\nname = \"X\"\n[request]\nmethod = \"POST\"\nurl = \"https://example.com/\"\nbody = \"form\"\n\
         form = {{ to = \"{{to}}\", text = \"{{text}}\" }}\n[reply]\n{rules}"
    );
    match parse("x", &text).map_err(|findings| format!("{findings:?}")).unwrap().way {
        Way::Http(http) => http.reply,
        other @ (Way::Smpp(_) | Way::Local(_)) => panic!("{other:?}"),
    }
}

/// The class, reason and id of a reply of that status and body.
fn of(rules: &str, status: u16, body: &str) -> (Class, Option<Reason>, Option<String>) {
    match judge(&reply(rules), Answer { status, retry_after_s: None, body: body.to_owned() }) {
        Ok((id, _)) => (Class::Accepted, None, id),
        Err(failure) => {
            let outcome = failure.outcome();
            assert_ne!(outcome.class, Class::Accepted);
            (outcome.class, outcome.reason, None)
        }
    }
}

fn is(rules: &str, status: u16, body: &str, class: Class, reason: Option<Reason>) {
    let (found, why, _) = of(rules, status, body);
    assert_eq!((found, why), (class, reason), "{status} {body}");
}

#[test]
fn a_message_is_accepted_only_with_the_proof_that_the_file_asks_for() {
    let sid = r#"{"sid":"SM1","status":"queued"}"#;
    assert_eq!(of(ONE, 201, sid), (Class::Accepted, None, Some("SM1".into())));
    for (rules, status, body) in [
        (ONE, 202, sid),
        (ONE, 200, r#"{"sid":null,"status":"queued"}"#),
        (ONE, 200, r#"{"sid":"SM1"}"#),
        (ONE, 200, r#"{"sid":"SM1","status":"failed"}"#),
        (ONE, 200, r#"[{"sid":"SM1","status":"queued"}]"#),
        (ONE, 200, ""),
        (ONE, 200, "OK"),
        (ONE, 200, "<html><body>Welcome to the hotel</body></html>"),
        (ONE, 200, r#"{"sid":"SM1","status":"queued""#),
        (ONE, 302, sid),
        (MANY, 200, r#"{"messages":[]}"#),
        (MANY, 200, r#"{"messages":{"status":"0"}}"#),
        (MANY, 200, r#"{"messages":[{"status":"0"},{"status":"1"}]}"#),
        (MANY, 200, r#"{"messages":[{"status":"0"},{}]}"#),
        (XML, 200, "<MessageId></MessageId>"),
        (NO_ERROR, 200, r#"{"error":13,"list":[{"id":"1"}]}"#),
        (NO_ERROR, 200, "no JSON"),
    ] {
        is(rules, status, body, Class::Temporary, Some(Reason::Unrecognised));
    }
    assert_eq!(of(NO_ERROR, 200, r#"{"list":[{"id":"1"}],"error":null}"#).0, Class::Accepted);
}

#[test]
fn texts_numbers_and_truth_values_of_one_spelling_are_alike() {
    for status in ["\"0\"", "0"] {
        let body = format!(r#"{{"messages":[{{"status":{status},"message-id":7}}]}}"#);
        assert_eq!(of(MANY, 200, &body), (Class::Accepted, None, Some("7".into())));
    }
    assert_eq!(of(XML, 200, "<R><MessageId>a-b</MessageId></R>"), (Class::Accepted, None, Some("a-b".into())));
}

#[test]
fn refusals_are_told_apart_by_the_file_and_by_http() {
    let bad_number = r#"{"code":21211,"message":"no"}"#;
    is(ONE, 400, bad_number, Class::Rejected, Some(Reason::BadNumber));
    is(ONE, 400, r#"{"code":"21211"}"#, Class::Rejected, Some(Reason::BadNumber));
    is(ONE, 400, r#"{"code":20429}"#, Class::RateLimited, None);
    is(ONE, 400, r#"{"code":7}"#, Class::Temporary, None);
    is(MANY, 200, r#"{"messages":[{"status":"0"},{"status":"9"}]}"#, Class::AuthError, Some(Reason::Funds));
    for (status, class, reason) in [
        (400, Class::Rejected, Some(Reason::Request)),
        (401, Class::AuthError, Some(Reason::Credentials)),
        (402, Class::AuthError, Some(Reason::Funds)),
        (403, Class::AuthError, Some(Reason::Credentials)),
        (404, Class::AuthError, Some(Reason::Config)),
        (408, Class::Temporary, Some(Reason::Unrecognised)),
        (425, Class::Temporary, None),
        (422, Class::Rejected, Some(Reason::Request)),
        (429, Class::RateLimited, None),
        (301, Class::Temporary, Some(Reason::Unrecognised)),
        (307, Class::Temporary, Some(Reason::Unrecognised)),
    ] {
        is(ONE, status, "", class, reason);
    }
}

#[test]
fn wrong_credentials_are_never_taken_for_a_bad_number() {
    let bad_number = r#"{"code":21211}"#;
    is(ONE, 401, bad_number, Class::AuthError, Some(Reason::Credentials));
    is(ONE, 429, bad_number, Class::RateLimited, None);
    is(ONE, 500, bad_number, Class::Temporary, Some(Reason::Unrecognised));
}

#[test]
fn a_server_that_failed_may_have_taken_the_message_unless_the_file_names_that_status() {
    for status in [500, 501, 502, 503, 504, 520, 599] {
        for body in ["", "<h1>Bad Gateway</h1>", r#"{"code":21211}"#, r#"{"sid":"SM1","status":"queued"}"#] {
            is(ONE, status, body, Class::Temporary, Some(Reason::Unrecognised));
        }
    }
    let not_taken = format!(
        "{ONE}[[reply.error]]\nclass = \"temporary\"\nreason = \"server\"\nhttp = [503]\ntext = \"queue full\"\n"
    );
    is(&not_taken, 503, "queue full", Class::Temporary, None);
    is(&not_taken, 503, "later", Class::Temporary, Some(Reason::Unrecognised));
    is(&not_taken, 502, "queue full", Class::Temporary, Some(Reason::Unrecognised));
}

#[test]
fn a_refusal_comes_before_a_yes() {
    is(ONE, 200, r#"{"sid":"SM1","status":"queued","code":21211}"#, Class::Rejected, Some(Reason::BadNumber));
}

#[test]
fn a_reply_nested_without_end_is_no_proof_and_no_crash() {
    let nested = format!("{}1{}", "[".repeat(30_000), "]".repeat(30_000));
    is(ONE, 200, &nested, Class::Temporary, Some(Reason::Unrecognised));
    let many = format!(r#"{{"messages":[{}{{"status":"0"}}]}}"#, r#"{"status":"0"},"#.repeat(3_000));
    assert_eq!(of(MANY, 200, &many).0, Class::Accepted);
    let last = format!(r#"{{"messages":[{}{{"status":"1"}}]}}"#, r#"{"status":"0"},"#.repeat(3_000));
    is(MANY, 200, &last, Class::Temporary, Some(Reason::Unrecognised));
}

#[test]
fn the_providers_id_is_short_and_of_one_value() {
    let long = format!(r#"{{"sid":"{}","status":"queued"}}"#, "x".repeat(1_000));
    assert_eq!(of(ONE, 200, &long).2.unwrap().len(), MAX_ID);
    assert_eq!(of(ONE, 200, r#"{"sid":{"a":1},"status":"queued"}"#), (Class::Accepted, None, None));
}
