//! Text messages through the courier as it serves: what a gateway gets, and what is made of everything that it can answer.

mod common;

use common::CODE;
use common::daemon::{Daemon, Folder, Socket};
use common::texts::{self, CONFIG, Relay, TO, UNCLEAR, assert_is, behind_tls, carry, courier, put, relay, send, text};
use e2e::sms_gateway::{Gateway, Play, TOKEN};
use e2e::smtp::authority::Proof;
use pam_2fa_protocol::courier::{Class, Outcome, Reason, Send, Text};
use pam_2fa_protocol::wire::More;
use std::fs::Permissions;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;
use tokio::time::Instant;

fn to(gateway: &Gateway) -> Text {
    text("http", &[("url", &gateway.url()), ("token", TOKEN)])
}

/// Neither the steps, nor the outcome, nor the log repeat what is nobody's business.
#[track_caller]
fn assert_discreet(daemon: &Daemon, steps: &[String], outcome: &Outcome) {
    texts::assert_discreet(daemon, steps, outcome, TOKEN);
}

#[test]
fn a_gateway_of_ones_own_gets_the_message_and_its_yes_is_believed() {
    let (daemon, gateway) = (courier(&[]), Gateway::start());
    let (steps, outcome) = carry(&daemon, to(&gateway));
    assert_is(&outcome, (Class::Accepted, None));
    let arrived = &gateway.arrived()[0];
    assert_eq!(arrived.line, "POST /send HTTP/1.1");
    assert_eq!(arrived.header("content-type"), Some("application/json"));
    assert_eq!(arrived.header("accept-encoding"), None);
    let taken = gateway.taken().remove(0);
    assert_eq!((taken.to.as_str(), taken.from.as_deref()), (TO, Some("+15550199")));
    assert_eq!(taken.text, format!("{CODE} is your Example Corp login code (7F) for host."));
    assert_eq!(outcome.provider_id, Some(format!("gw-{}", arrived.member("id"))));
    assert_eq!(steps[0], format!("POST to http://{}, as http.toml says", gateway.address));
    assert!(steps[1].starts_with(&format!("{} answered: HTTP 200: {{\"id\":", gateway.address)), "{steps:?}");
    assert_discreet(&daemon, &steps, &outcome);
}

#[test]
fn every_try_of_one_message_has_one_id() {
    let (daemon, gateway) = (courier(&[]), Gateway::start());
    gateway.play([Play::say(500, "")]);
    assert_is(&carry(&daemon, to(&gateway)).1, UNCLEAR);
    assert_is(&carry(&daemon, to(&gateway)).1, (Class::Accepted, None));
    let ids: Vec<String> = gateway.arrived().iter().map(|arrived| arrived.member("id")).collect();
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn every_answer_but_the_proof_is_something_else_than_accepted() {
    let (daemon, gateway) = (courier(&[]), Gateway::start());
    let html = "<html><body>Welcome to the hotel\u{1b}[2J</body></html>";
    for (play, expected) in [
        (Play::say(200, html), UNCLEAR),
        (Play::say(200, "{\"id\":null}"), UNCLEAR),
        (Play::say(200, ""), UNCLEAR),
        (Play::say(204, "{\"id\":\"1\"}"), UNCLEAR),
        (Play::say(200, &"[".repeat(60_000)), UNCLEAR),
        (Play::Endless, UNCLEAR),
        (Play::EndlessHeaders, UNCLEAR),
        (Play::Cut, UNCLEAR),
        (Play::Close, UNCLEAR),
        (Play::say(401, "{\"id\":\"1\"}"), (Class::AuthError, Some(Reason::Credentials))),
        (Play::say(403, ""), (Class::AuthError, Some(Reason::Credentials))),
        (Play::say(404, ""), (Class::AuthError, Some(Reason::Config))),
        (Play::say(400, ""), (Class::Rejected, Some(Reason::Request))),
        (Play::say(500, "{\"id\":\"1\"}"), UNCLEAR),
        (Play::say(502, "<h1>Bad Gateway</h1>"), UNCLEAR),
        (Play::say(200, "{\"id\":\"1\",\"error\":\"bad-number\"}"), (Class::Rejected, Some(Reason::BadNumber))),
        (Play::say(400, "{\"error\":\"opted-out\"}"), (Class::Rejected, Some(Reason::OptedOut))),
        (Play::say(200, "{\"error\":\"funds\"}"), (Class::AuthError, Some(Reason::Funds))),
        (Play::say(200, "{\"error\":\"busy\"}"), (Class::RateLimited, None)),
    ] {
        gateway.play([play.clone()]);
        let (steps, outcome) = carry(&daemon, to(&gateway));
        assert_eq!((outcome.class, outcome.reason), expected, "{play:?}: {outcome:?}");
        assert!(!outcome.said.contains(char::is_control), "{outcome:?}");
        assert_discreet(&daemon, &steps, &outcome);
    }
}

#[test]
fn what_a_gateway_repeats_of_ours_is_struck_out() {
    let (daemon, gateway) = (courier(&[]), Gateway::start());
    let echo = format!(
        "{{\"error\":\"no: {CODE} is your Example Corp login code (7F) for host. to {TO} by Bearer {TOKEN}\"}}"
    );
    gateway.play([Play::say(200, &echo)]);
    let (steps, outcome) = carry(&daemon, to(&gateway));
    assert_is(&outcome, UNCLEAR);
    assert!(outcome.said.contains("no: … to"), "{outcome:?}");
    assert_discreet(&daemon, &steps, &outcome);
    gateway.play([Play::say(200, &format!("{{\"id\":\"{TOKEN}\"}}"))]);
    let (steps, outcome) = carry(&daemon, to(&gateway));
    assert_eq!(outcome.provider_id.as_deref(), Some("…"));
    assert_discreet(&daemon, &steps, &outcome);
}

#[test]
fn too_many_is_told_with_the_wait_that_the_gateway_names() {
    let (daemon, gateway) = (courier(&[]), Gateway::start());
    let date = "Wed, 21 Oct 2026 07:28:00 GMT";
    let dated = format!("{date}\r\nDate: Wed, 21 Oct 2026 07:27:00 GMT");
    for (wait, expected) in [("17", Some(17)), ("0", None), ("999999", Some(3600)), (date, None), (&dated, Some(60))] {
        gateway.play([Play::Say(429, vec![format!("Retry-After: {wait}")], String::new())]);
        let outcome = carry(&daemon, to(&gateway)).1;
        assert_is(&outcome, (Class::RateLimited, None));
        assert_eq!(outcome.retry_after_s, expected, "{wait}");
    }
}

#[test]
fn a_redirect_is_not_followed_and_nobody_else_sees_the_token() {
    let (daemon, gateway, other) = (courier(&[]), Gateway::start(), Gateway::start());
    gateway.play([Play::Redirect(other.url())]);
    assert_is(&carry(&daemon, to(&gateway)).1, UNCLEAR);
    assert!(other.arrived().is_empty());
    assert_eq!(gateway.arrived().len(), 1);
}

#[test]
fn a_slow_gateway_has_eight_seconds_in_all_or_what_the_deadline_leaves() {
    let (daemon, gateway) = (courier(&[]), Gateway::start());
    gateway.play([Play::Drip, Play::Silent]);
    let mut drip = daemon.call();
    let begun = Instant::now();
    drip.send(&send(to(&gateway)), More::Yes);
    let _ = gateway.until_arrived(1);
    let mut silent = daemon.call();
    silent.send(&Send { deadline_ms: 1_000, ..send(to(&gateway)) }, More::Yes);
    let outcome = silent.outcome().1;
    assert!(begun.elapsed() < Duration::from_secs(7), "{:?}", begun.elapsed());
    assert_is(&outcome, UNCLEAR);
    assert!(outcome.said.contains("may have been taken"), "{outcome:?}");
    let outcome = drip.outcome().1;
    let took = begun.elapsed();
    assert!((8..12).contains(&took.as_secs()), "{took:?}");
    assert_is(&outcome, UNCLEAR);
}

#[test]
fn nobody_there_is_certainly_not_sent() {
    let daemon = courier(&[]);
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let outcome = carry(&daemon, text("http", &[("url", &format!("http://127.0.0.1:{port}/"))])).1;
    assert_is(&outcome, (Class::Temporary, Some(Reason::Unreachable)));
    let outcome = carry(&daemon, text("http", &[("url", "https://no-such-host.invalid/")])).1;
    assert_is(&outcome, (Class::Temporary, Some(Reason::Unreachable)));
}

#[test]
fn plain_http_goes_to_ones_own_networks_only_and_by_no_proxy() {
    let (daemon, gateway) = (courier(&[]), Gateway::start());
    for url in ["http://198.51.100.7/", "http://169.254.169.254/", "http://0.0.0.0/", "http://[::ffff:198.51.100.7]/"] {
        let outcome = carry(&daemon, text("http", &[("url", url)])).1;
        assert_is(&outcome, CONFIG);
        assert!(outcome.said.contains("plain http goes to no other"), "{outcome:?}");
    }
    let proxied = Text { proxy: Some(format!("http://{}", gateway.address)), ..to(&gateway) };
    assert_is(&carry(&daemon, proxied).1, CONFIG);
    assert!(gateway.arrived().is_empty());
}

/// The shipped file with another of its lines.
fn http_file(id: &str, line: &str, instead: &str) -> String {
    let text = include_str!("../../etc/providers/http.toml").replace("id = \"http\"", &format!("id = \"{id}\""));
    assert!(text.contains(line), "{line}");
    text.replace(line, instead)
}

#[test]
fn a_providers_file_without_allow_http_never_leads_into_ones_own_network() {
    let public = http_file("public", "allow_http = \"loopback-or-private\"\n", "");
    let (daemon, gateway) = (courier(&[("public.toml", &public)]), Gateway::start());
    for (url, expected) in [
        (gateway.url(), "by plain http"),
        (gateway.url().replace("http:", "https:"), "has no public address"),
        (String::from("https://localhost/"), "has no public address"),
        (String::from("http://198.51.100.7/"), "by plain http"),
    ] {
        let outcome = carry(&daemon, text("public", &[("url", &url)])).1;
        assert_is(&outcome, CONFIG);
        assert!(outcome.said.contains(expected), "{outcome:?}");
    }
    assert!(gateway.arrived().is_empty());
}

#[test]
fn an_administrators_file_counts_at_once_and_before_the_shipped_one() {
    let (daemon, gateway) = (courier(&[]), Gateway::start());
    assert_is(&carry(&daemon, text("mine", &[])).1, CONFIG);
    let mine = http_file("http", "to = \"{to}\"", "to = \"{to.digits}\"");
    put(&daemon.folder.0.join("ours"), std::iter::once(("http.toml".to_owned(), mine)));
    assert_is(&carry(&daemon, to(&gateway)).1, (Class::Accepted, None));
    assert_eq!(gateway.taken()[0].to, "15550100");
    let wrong = http_file("http", "url = \"{acct.url}\"", "url = \"{acct.uri}\"\nextra = 1");
    put(&daemon.folder.0.join("ours"), std::iter::once(("http.toml".to_owned(), wrong)));
    let outcome = carry(&daemon, to(&gateway)).1;
    assert_is(&outcome, CONFIG);
    assert!(outcome.said.contains("http.toml: ") && outcome.said.contains("there is no such key"), "{outcome:?}");
    std::fs::set_permissions(daemon.folder.0.join("ours/http.toml"), Permissions::from_mode(0o666)).unwrap();
    assert!(carry(&daemon, to(&gateway)).1.said.contains("lets others write it"));
    assert_eq!(gateway.arrived().len(), 1, "a file that does not count is not passed over");
}

#[test]
fn settings_that_cannot_work_are_told_by_name() {
    let (daemon, gateway) = (courier(&[]), Gateway::start());
    for (text, expected) in [
        (text("../kannel", &[]), "sms.provider: "),
        (text("http", &[]), "sms.account.url: is missing"),
        (text("http", &[("url", &gateway.url()), ("tokn", TOKEN)]), "sms.account.tokn: there is no such field"),
        (text("http", &[("url", "gateway.example.com")]), "sms.account.url: is no URL"),
        (Text { ca_file: Some("/nowhere/ca.pem".into()), ..to(&gateway) }, "sms.ca_file: /nowhere/ca.pem"),
    ] {
        let (steps, outcome) = carry(&daemon, text);
        assert_is(&outcome, CONFIG);
        assert!(outcome.said.contains(expected), "{expected}: {outcome:?}");
        assert_discreet(&daemon, &steps, &outcome);
    }
    let outcome = carry(&daemon, Text { to: "0155 50100".into(), ..to(&gateway) }).1;
    assert_is(&outcome, (Class::Rejected, Some(Reason::Request)));
    assert!(gateway.arrived().is_empty());
}

#[test]
fn kannel_is_asked_as_it_wants_to_be_and_its_answers_are_understood() {
    let (daemon, gateway) = (courier(&[]), Gateway::start());
    let kannel = || text("kannel", &[("base", &gateway.url()), ("username", "login"), ("password", TOKEN)]);
    let refused = "Message to number not allowed: white- and/or black-lists.";
    for (status, answer, expected) in [
        (202, "0: Accepted for delivery", (Class::Accepted, None)),
        (202, "3: Queued for later delivery", (Class::Accepted, None)),
        (202, "Sent.", UNCLEAR),
        (400, refused, (Class::AuthError, Some(Reason::SenderOrCountry))),
        (403, "Authorization failed for sendsms", (Class::AuthError, Some(Reason::Credentials))),
        (403, "Not routable. Do not try again.", (Class::AuthError, Some(Reason::SenderOrCountry))),
        (503, "Temporal failure, try again later.", (Class::Temporary, None)),
    ] {
        gateway.play([Play::say(status, answer)]);
        let (steps, outcome) = carry(&daemon, kannel());
        assert_is(&outcome, expected);
        assert_discreet(&daemon, &steps, &outcome);
    }
    let arrived = &gateway.arrived()[0];
    assert_eq!(arrived.header("content-type"), Some("text/plain; charset=UTF-8"));
    assert_eq!(arrived.header("x-kannel-to"), Some(TO));
    assert_eq!(arrived.header("x-kannel-coding"), Some("0"));
    assert_eq!(arrived.header("x-kannel-password"), Some(TOKEN));
    assert_eq!(arrived.body, format!("{CODE} is your Example Corp login code (7F) for host."));
}

#[test]
fn the_environment_names_no_proxy() {
    // The daemon's environment is cleared by these tests; here it is hostile instead.
    let (gateway, proxy) = (Gateway::start(), Gateway::start());
    let folder = Folder::new();
    put(
        &folder.0.join("share/providers"),
        std::iter::once(("http.toml".to_owned(), http_file("http", "schema", "schema"))),
    );
    let share = folder.0.join("share");
    let (mut command, notified) =
        common::daemon::command(&folder.0, &["--peer", "root", "--share-dir", share.to_str().unwrap()], Socket::Made);
    for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        command.env(name, format!("http://{}", proxy.address));
    }
    let daemon = Daemon::adopt(folder, command, notified);
    assert_is(&carry(&daemon, to(&gateway)).1, (Class::Accepted, None));
    assert!(proxy.arrived().is_empty());
}

#[test]
fn https_needs_a_certificate_that_proves_the_host_and_a_bad_one_sees_nothing() {
    let (daemon, gateway) = (courier(&[]), Gateway::start());
    for proof in [Proof::Expired, Proof::NotYetValid, Proof::WrongName, Proof::SelfSigned, Proof::UnknownAuthority] {
        let (address, ca_file) = behind_tls(&daemon, gateway.address, proof);
        let url = format!("https://localhost:{}/send", address.port());
        let outcome =
            carry(&daemon, Text { ca_file: Some(ca_file), ..text("http", &[("url", &url), ("token", TOKEN)]) }).1;
        assert_eq!(
            (outcome.class, outcome.reason),
            (Class::Temporary, Some(Reason::Certificate)),
            "{proof:?}: {outcome:?}"
        );
    }
    let (address, ca_file) = behind_tls(&daemon, gateway.address, Proof::Good);
    let url = format!("https://localhost:{}/send", address.port());
    let without = carry(&daemon, text("http", &[("url", &url), ("token", TOKEN)])).1;
    assert_is(&without, (Class::Temporary, Some(Reason::Certificate)));
    assert!(gateway.arrived().is_empty());
    let with = Text { ca_file: Some(ca_file), ..text("http", &[("url", &url), ("token", TOKEN)]) };
    assert_is(&carry(&daemon, with).1, (Class::Accepted, None));
}

#[test]
fn a_proxy_carries_https_and_sees_the_host_and_nothing_else() {
    let (daemon, gateway) = (courier(&[]), Gateway::start());
    let (address, ca_file) = behind_tls(&daemon, gateway.address, Proof::Good);
    let (proxy, asked) = relay(Relay::Connect, address);
    let text = Text {
        ca_file: Some(ca_file),
        proxy: Some(format!("http://{proxy}")),
        ..text("http", &[("url", "https://localhost:4443/send"), ("token", TOKEN)])
    };
    let (steps, outcome) = carry(&daemon, text);
    assert_is(&outcome, (Class::Accepted, None));
    assert_eq!(*asked.lock().unwrap(), ["CONNECT localhost:4443 HTTP/1.1"]);
    assert!(steps[0].ends_with(&format!("by the proxy http://{proxy}")), "{steps:?}");
    assert_discreet(&daemon, &steps, &outcome);
}
