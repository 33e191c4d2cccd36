//! Signed requests through the courier as it serves: what arrives is what was signed, as of a time that is told, and nobody repeats a
//! signature. That a signature is the provider's own is for the vectors in `src/sms/sign/`, and for `moto.rs`.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "the tests' own helpers")]

mod common;

use common::assert_class;
use common::texts::{carry, courier, text};
use courier::clock::{Clock, SystemClock};
use courier::sms::sign::{Signed, Wire, aws_sigv4, azure_hmac, ovh, smsglobal_mac};
use e2e::sms_gateway::{Arrived, Gateway, Play};
use jiff::Timestamp;
use pam_2fa_protocol::courier::{Class, Outcome, Reason};
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use std::time::Duration;
use tokio::time::Instant;
use zeroize::Zeroizing;

/// What is secret of an account, in base64 for Azure.
const SECRET: &str = "c2lnbmVkLW9ubHk=";
/// What comes with a key of hours.
const SESSION: &str = "session-token-77";
const AWS: &str = r#"{ type = "aws-sigv4", service = "sns", region = "eu-west-1", id = "AKID", secret = "{acct.secret}", session_token = "{acct.session?}" }"#;
const AZURE: &str = r#"{ type = "azure-hmac", key = "{acct.secret}" }"#;
const SMSGLOBAL: &str = r#"{ type = "smsglobal-mac", key = "key", secret = "{acct.secret}" }"#;
const OVH: &str = r#"{ type = "ovh", app_key = "ak", app_secret = "{acct.secret}", consumer_key = "{acct.session}" }"#;

/// A provider's file whose requests are signed so.
fn file(id: &str, auth: &str, body: &str) -> String {
    let optional = if auth.contains("{acct.session?}") { "optional = true" } else { "" };
    let session = if auth.contains("acct.session") {
        format!("[[account]]\nkey = \"session\"\nlabel = \"Session\"\nsecret = true\n{optional}\n")
    } else {
        String::new()
    };
    format!(
        r#"schema = 1
id = "{id}"
name = "Signed"
allow_http = "loopback-or-private"
[[account]]
key = "url"
label = "URL"
[[account]]
key = "secret"
label = "Secret"
secret = true
{session}
[request]
method = "POST"
url = "{{acct.url}}/v1/a/{{to}}"
query = {{ "b c" = "x y*~ü+", a = "{{sender?}}" }}
headers = {{ X-Amz-Target = "Service.Send", X-Other = "1" }}
auth = {auth}
{body}
[reply]
accept_http = [200]
accept = [{{ path = "id", exists = true }}]
"#
    )
}

const JSON: &str = "body = \"json\"\njson = { to = \"{to}\", text = \"{text}\" }";
const FORM: &str = "body = \"form\"\nform = { \"to[0]\" = \"{to}\", text = \"{text} ü/*~\" }";

/// The account that goes with such a file.
fn account(auth: &str, gateway: &Gateway) -> Vec<(&'static str, String)> {
    let url = format!("http://{}", gateway.address);
    let session = auth.contains("acct.session").then(|| ("session", SESSION.to_owned()));
    [("url", url), ("secret", SECRET.to_owned())].into_iter().chain(session).collect()
}

/// A message that was sent: what is told of it, and what arrived.
struct Sent {
    steps: Vec<String>,
    outcome: Outcome,
    log: String,
    arrived: Vec<Arrived>,
}

/// One message that is signed so.
fn signed(auth: &str, body: &str, plays: Vec<Play>) -> Sent {
    let (text_of, gateway) = (file("signed", auth, body), Gateway::start());
    let daemon = courier(&[("signed.toml", &text_of)]);
    gateway.play(plays);
    let account = account(auth, &gateway);
    let account: Vec<(&str, &str)> = account.iter().map(|(key, value)| (*key, value.as_str())).collect();
    let (steps, outcome) = carry(&daemon, text("signed", &account));
    Sent { steps, outcome, log: daemon.log(), arrived: gateway.arrived() }
}

fn yes() -> Play {
    Play::say(200, "{\"id\":\"1\"}")
}

/// Signs what arrived, once more.
fn again(arrived: &Arrived, sign: impl FnOnce(&Wire<'_>) -> Signed) -> Vec<(&'static str, Zeroizing<String>)> {
    let (method, target) = arrived.line.strip_suffix(" HTTP/1.1").unwrap().split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap();
    let authority = arrived.header("host").unwrap();
    let (host, port) = authority.split_once(':').unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in &arrived.headers {
        headers.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    assert!(headers.contains_key(CONTENT_TYPE));
    let wire = Wire {
        method,
        url: &format!("http://{authority}{target}"),
        host,
        authority: authority.to_owned(),
        port: port.parse().unwrap(),
        path,
        query: Some(query),
        headers: &headers,
        body: arrived.body.as_bytes(),
    };
    sign(&wire).headers
}

/// Every header of the signature is among those that arrived.
#[track_caller]
fn assert_signed(arrived: &Arrived, sign: impl FnOnce(&Wire<'_>) -> Signed) {
    for (name, value) in again(arrived, sign) {
        assert_eq!(arrived.header(name), Some(value.as_str()), "{name} of {arrived:?}");
    }
}

fn own(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.to_owned())
}

fn at(format: &str, text: &str) -> Timestamp {
    Timestamp::strptime(format!("{format} %z"), format!("{text} +0000")).unwrap()
}

/// The step says that the time which is signed is of this host's clock and of now.
#[track_caller]
fn assert_now(step: &str, since: Timestamp) {
    let (_, time) = step.split_once(", signed as of ").expect(step);
    let time: Timestamp = time.strip_suffix(" by this host's clock").expect(step).parse().unwrap();
    assert!(since.as_second() <= time.as_second() && time <= now(), "{step}");
}

fn now() -> Timestamp {
    SystemClock.now().try_into().unwrap()
}

#[test]
fn what_arrives_is_what_amazons_signature_is_over() {
    for body in [FORM, JSON] {
        let since = now();
        let Sent { steps, outcome, arrived, .. } = signed(AWS, body, vec![yes()]);
        assert_class(&outcome, Class::Accepted, None);
        assert_now(&steps[0], since);
        let arrived = &arrived[0];
        assert_eq!(arrived.line, "POST /v1/a/%2B15550100?a=%2B15550199&b%20c=x%20y%2A~%C3%BC%2B HTTP/1.1");
        let names = "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target,";
        assert!(arrived.header("authorization").unwrap().contains(names), "{arrived:?}");
        let key = aws_sigv4::Key {
            service: own("sns"),
            region: own("eu-west-1"),
            id: own("AKID"),
            secret: own(SECRET),
            session_token: Some(own(SESSION)),
        };
        let at = at("%Y%m%dT%H%M%SZ", arrived.header("x-amz-date").unwrap());
        assert_signed(arrived, |wire| key.sign(wire, at));
    }
}

#[test]
fn what_arrives_is_what_azures_signature_is_over() {
    for body in [FORM, JSON] {
        let since = now();
        let Sent { steps, outcome, arrived, .. } = signed(AZURE, body, vec![yes()]);
        assert_class(&outcome, Class::Accepted, None);
        assert_now(&steps[0], since);
        let at = at("%a, %d %b %Y %H:%M:%S GMT", arrived[0].header("x-ms-date").unwrap());
        let key = azure_hmac::Key::parse(SECRET).unwrap();
        assert_signed(&arrived[0], |wire| key.sign(wire, at));
    }
}

#[test]
fn what_arrives_is_what_smsglobals_mac_is_over_and_each_has_its_own_nonce() {
    let mut nonces = Vec::new();
    for body in [FORM, JSON] {
        let since = now();
        let Sent { steps, outcome, arrived, .. } = signed(SMSGLOBAL, body, vec![yes()]);
        assert_class(&outcome, Class::Accepted, None);
        assert_now(&steps[0], since);
        let authorization = arrived[0].header("authorization").unwrap();
        let quoted = |name: &str| {
            let (_, rest) = authorization.split_once(&format!("{name}=\"")).unwrap();
            rest.split_once('"').unwrap().0.to_owned()
        };
        let (at, nonce) = (Timestamp::from_second(quoted("ts").parse().unwrap()).unwrap(), quoted("nonce"));
        let key = smsglobal_mac::Key::new(own("key"), own(SECRET)).unwrap();
        assert_signed(&arrived[0], |wire| key.sign(wire, at, &nonce));
        nonces.push(nonce);
    }
    assert_ne!(nonces[0], nonces[1]);
}

/// OVHcloud's time for the tests, long ago.
const THEIRS: i64 = 1_457_018_875;

fn ovh_key() -> ovh::Key {
    ovh::Key { app_key: own("ak"), app_secret: own(SECRET), consumer_key: own(SESSION) }
}

#[test]
fn ovhs_signature_is_over_what_arrives_as_of_its_own_clock_which_is_asked_before() {
    for body in [FORM, JSON] {
        let Sent { steps, outcome, arrived, .. } = signed(OVH, body, vec![Play::say(200, "1457018875"), yes()]);
        assert_class(&outcome, Class::Accepted, None);
        assert!(steps[0].ends_with(", signed as of 2016-03-03T15:27:55Z by its own clock"), "{steps:?}");
        assert_eq!(arrived[0].line, "GET /1.0/auth/time HTTP/1.1");
        let mut names: Vec<&str> = arrived[0].headers.iter().map(|(name, _)| name.as_str()).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "host", "user-agent"], "what it is asked with has nothing of ours");
        assert_eq!(arrived[1].header("x-ovh-timestamp"), Some("1457018875"));
        assert_signed(&arrived[1], |wire| ovh_key().sign(wire, Timestamp::from_second(THEIRS).unwrap()));
    }
}

#[test]
fn where_ovh_does_not_say_its_time_our_own_is_signed_and_the_steps_say_so() {
    for play in [
        Play::say(500, "1457018875"),
        Play::say(200, "soon"),
        Play::say(200, ""),
        Play::say(200, "-5"),
        Play::say(200, "99999999999999"),
        Play::Redirect(String::from("http://127.0.0.1:1/")),
        Play::Close,
        Play::Endless,
    ] {
        let since = now();
        let Sent { steps, outcome, arrived, .. } = signed(OVH, JSON, vec![play.clone(), yes()]);
        assert_class(&outcome, Class::Accepted, None);
        assert!(
            steps[0].starts_with("its clock could not be asked, so that this host's has to do: "),
            "{play:?} {steps:?}"
        );
        assert_now(&steps[1], since);
        let seconds: i64 = arrived[1].header("x-ovh-timestamp").unwrap().parse().unwrap();
        assert_signed(&arrived[1], |wire| ovh_key().sign(wire, Timestamp::from_second(seconds).unwrap()));
    }
}

#[test]
fn a_clock_that_never_answers_costs_three_seconds_and_not_the_message() {
    let begun = Instant::now();
    let Sent { steps, outcome, .. } = signed(OVH, JSON, vec![Play::Silent, yes()]);
    assert_class(&outcome, Class::Accepted, None);
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
    assert!(steps[0].ends_with("no reply in time"), "{steps:?}");
}

#[test]
fn where_ovh_cannot_be_reached_for_its_time_the_message_is_not_tried_the_same_way() {
    let daemon = courier(&[("signed.toml", &file("signed", OVH, JSON))]);
    // A port that is ours and takes no connection.
    let closed = tokio::net::TcpSocket::new_v4().unwrap();
    closed.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}", closed.local_addr().unwrap());
    let account = [("url", url.as_str()), ("secret", SECRET), ("session", SESSION)];
    let (steps, outcome) = carry(&daemon, text("signed", &account));
    assert_class(&outcome, Class::Temporary, Some(Reason::Unreachable));
    assert!(outcome.said.contains("cannot be reached"), "{outcome:?}");
    assert!(steps.is_empty(), "{steps:?}");
}

#[test]
fn a_signature_that_a_provider_repeats_is_struck_out_and_so_is_a_digest_of_the_text() {
    for (auth, clock, names) in [
        (AWS, None, &["authorization"][..]),
        (AZURE, None, &["authorization", "x-ms-content-sha256"]),
        (SMSGLOBAL, None, &["authorization"]),
        (OVH, Some(yes()), &["x-ovh-signature"]),
    ] {
        let Sent { steps, outcome, log, arrived } = signed(auth, FORM, clock.into_iter().chain([Play::Echo]).collect());
        assert_class(&outcome, Class::Rejected, Some(Reason::Request));
        let told = format!("{steps:?} {outcome:?} {log}");
        let arrived = arrived.last().unwrap();
        for name in names {
            let value = arrived.header(name).unwrap();
            // The MAC stands at the end of each, some of them in quotes.
            let (_, mac) = value.trim_end_matches('"').rsplit_once(['"', ',', '&', '$']).unwrap_or(("", value));
            let mac = mac.trim_start_matches(" Signature=").trim_start_matches("Signature=");
            assert!(mac.len() >= 40 && outcome.said.contains(&format!("{name}: ")), "{mac} {told}");
            assert!(!told.contains(mac), "{name}: {mac}: {told}");
        }
        assert!(!told.contains(SECRET) && !told.contains(SESSION), "{told}");
    }
}
