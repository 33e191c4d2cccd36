//! Hostile values in every place where a value can stand.

use super::*;
use crate::sms::account;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::courier::{AccountField, Send, Text};
use pam_2fa_settings::provider::{Way, parse};
use std::time::{Duration, SystemTime};

const FILE: &str = r#"
schema = 1
id = "x"
name = "X"
secret_in_url = true
[[account]]
key = "base"
label = "URL"
default = "https://api.example.com/v1"
[[account]]
key = "user"
label = "User"
optional = true
[[account]]
key = "part"
label = "Part"
default = "p"
[request]
method = "POST"
url = "{acct.base}/{acct.part}/send"
query = { text = "{text}", u = "{acct.user?}" }
headers = { X-Part = "{acct.part}", X-User = "{acct.user?}", X-From = "{sender?}" }
BODY
[reply]
accept_http = [200]
accept = [ { path = "id", exists = true } ]
"#;

/// When the tests' message expires.
const EXPIRES: &str = "2026-11-24T12:10:00Z";

/// A request with that body, account, text and sender.
fn filled(body: &str, account: &[(&str, &str)], text: &str, sender: Option<&str>) -> Result<Ready, Failure> {
    filled_until(EXPIRES, body, account, text, sender)
}

fn filled_until(
    expires_at: &str,
    body: &str,
    account: &[(&str, &str)],
    text: &str,
    sender: Option<&str>,
) -> Result<Ready, Failure> {
    let provider = parse("x", &FILE.replace("BODY", body)).map_err(|findings| format!("{findings:?}")).unwrap();
    let account =
        account.iter().map(|(key, value)| (String::from(*key), AccountField(Secret::new(String::from(*value)))));
    let text = Text {
        provider: "x".into(),
        account: account.collect(),
        sender: sender.map(str::to_owned),
        proxy: None,
        ca_file: None,
        to: "+15550100".into(),
        text: Secret::new(text.into()),
        code: Secret::new("491823".into()),
        tag: "7F".into(),
    };
    let send = Send {
        id: "K7Q2M9XD".into(),
        attempt: 1,
        deadline_ms: 20_000,
        expires_at: expires_at.into(),
        mail: None,
        sms: None,
    };
    let noon = SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_521_600);
    let Way::Http(http) = &provider.way else { panic!("{provider:?}") };
    let account = account::of(&provider, &text)?;
    fill(&http.request, &Values::new(&provider, &send, &text, account, noon)?)
}

/// The fields of a form, as whoever gets it reads them.
fn form_of(ready: &Ready) -> Vec<(String, String)> {
    assert_eq!(ready.headers["content-type"], "application/x-www-form-urlencoded");
    form_urlencoded::parse(ready.body.as_ref().unwrap()).into_owned().collect()
}

fn json_of(body: &str, text: &str, sender: Option<&str>) -> Value {
    let ready = filled(body, &[], text, sender).unwrap();
    assert_eq!(ready.headers["content-type"], "application/json");
    serde_json::from_slice(&ready.body.unwrap()).unwrap()
}

const JSON: &str = r#"body = "json"
json = { to = ["{to}", "{to.digits}"], from = "{sender?}", text = "{text}", ttl = "{ttl|int}", min = "{ttl_min}", ms = "{ttl_ms|int}", at = "{expiry.rfc3339}", id = "{uuid}", n = "{u31|int}", kind = "{snd:NAME|NUMBER}", enc = "{enc:GSM|UCS2}", code = "{code}", flag = true, one = 1 }"#;

#[test]
fn every_value_stands_where_the_file_puts_it() {
    let value = json_of(JSON, "hello", Some("Example"));
    let expected = serde_json::json!({
        "to": ["+15550100", "15550100"], "from": "Example", "text": "hello", "ttl": 600, "min": "10", "ms": 600_000,
        "at": "2026-11-24T12:10:00Z", "id": value["id"], "n": value["n"], "kind": "NAME", "enc": "GSM", "code": "491823",
        "flag": true, "one": 1,
    });
    assert_eq!(value, expected);
    let id = value["id"].as_str().unwrap();
    let shape: Vec<usize> = id.split('-').map(str::len).collect();
    assert_eq!((shape.as_slice(), &id[14..15]), ([8, 4, 4, 4, 12].as_slice(), "8"), "{id}");
    assert!(value["n"].as_i64().unwrap() < 1 << 31);
    let without = json_of(JSON, "don’t", None);
    assert!(without.get("from").is_none());
    assert_eq!((&without["enc"], &without["id"]), (&Value::from("UCS2"), &value["id"]), "the id is the message's");
}

#[test]
fn the_life_of_a_message_is_more_than_nothing_and_a_day_at_most() {
    for (expires_at, seconds) in [
        ("2026-11-24T12:00:59Z", "59 1"),
        ("2026-11-24T12:01:01Z", "61 2"),
        ("2026-11-24T11:00:00Z", "1 1"),
        ("2099-01-01T00:00:00Z", "86400 1440"),
    ] {
        let body = "body = \"form\"\nform = { to = \"{to}\", life = \"{ttl} {ttl_min}\" }";
        let ready = filled_until(expires_at, body, &[], "x", None).map_err(|failure| failure.to_string());
        assert_eq!(form_of(&ready.unwrap())[1].1, seconds, "{expires_at}");
    }
}

#[test]
fn no_value_breaks_out_of_its_place() {
    let hostile = "a\"}&to=+1666\r\nX-Evil: 1\u{0}{to}#?/..";
    assert_eq!(json_of(JSON, hostile, None)["text"], hostile);
    let form = "body = \"form\"\nform = { to = \"{to}\", text = \"{text}\" }";
    let ready = filled(form, &[("part", "a/../../b?c#d%"), ("user", "u&v=1")], hostile, None).unwrap();
    assert_eq!(ready.url.path(), "/v1/a%2F..%2F..%2Fb%3Fc%23d%25/send");
    assert_eq!(ready.url.fragment(), None);
    let query: Vec<(String, String)> = ready.url.query_pairs().into_owned().collect();
    assert_eq!(query, [("text".into(), hostile.to_owned()), ("u".into(), "u&v=1".to_owned())]);
    assert_eq!(form_of(&ready), [("to".into(), String::from("+15550100")), ("text".into(), hostile.to_owned())]);
    assert!(matches!(filled(form, &[("part", "..")], "x", None), Err(Failure::Setting { .. })), "the path");
}

#[test]
fn a_form_is_the_bytes_that_browsers_send() {
    // WHATWG URL §5.2; it is what reqwest 0.13.5, whose way of making forms this was, made of these two.
    let form = "body = \"form\"\nform = { to = \"{to}\", \"a b[1].c\" = \"{text}\" }";
    let ready = filled(form, &[], "Grüße ~*-._ a+b&c=d%/?\u{1f600}\r\n", None).unwrap();
    let body = String::from_utf8(ready.body.unwrap().to_vec()).unwrap();
    let expected = "to=%2B15550100&a+b%5B1%5D.c=Gr%C3%BC%C3%9Fe+%7E*-._+a%2Bb%26c%3Dd%25%2F%3F%F0%9F%98%80%0D%0A";
    assert_eq!(body, expected);
}

#[test]
fn a_line_break_never_reaches_a_header() {
    let text = "body = \"text\"\ntext = \"{text}{to}\"";
    for sender in ["a\r\nX: 1", "a\nb", "a\0b", "Größe"] {
        assert!(matches!(filled(text, &[], "x", Some(sender)), Err(Failure::Message(_))), "{sender:?}");
    }
    assert!(filled(text, &[("user", "a\r\nX: 1")], "x", None).is_err());
    let ready = filled(text, &[("user", "me")], "line\r\nline", None).unwrap();
    assert_eq!(ready.headers["x-user"], "me");
    assert!(!ready.headers.contains_key("x-from"), "no sender");
    assert!(!format!("{:?}", ready.headers).contains("me\""), "{:?}", ready.headers);
}

#[test]
fn what_an_account_lacks_or_has_too_much_is_said_by_name_and_never_by_value() {
    for (account, expected) in [
        (&[("bsae", "hunter2")][..], "sms.account.bsae: there is no such field"),
        (&[("base", "hunter2")][..], "sms.account.base: is no URL"),
        (&[("base", "ftp://hunter2")][..], "sms.account.base: must begin with https://"),
        (&[("base", "https://u:hunter2@example.com")][..], "sms.account.base: has a user"),
        (&[("base", "https://example.com/?k=hunter2")][..], "sms.account.base: "),
        (&[("user", "hun\nter2")][..], "sms.account.user: is empty, or has control characters"),
    ] {
        let said = filled("body = \"form\"\nform = { to = \"{to}\" }", account, "x", None).err().unwrap().to_string();
        assert!(said.contains(expected), "{said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}
