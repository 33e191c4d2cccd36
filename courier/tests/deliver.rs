//! What arrives, over each kind of connection, and what the caller is told meanwhile.

mod common;

use common::unstuffed;
use common::{
    CODE, LONG, Noon, PASSWORD, assert_class, carrier_with, carry, carry_with_steps, mail, mail_with_auth, send,
};
use courier::email::resolve::System;
use e2e::smtp::Server;
use e2e::smtp::script::{At, Play, Port, Script};
use mail_parser::{HeaderValue, MessageParser, MimeHeaders};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::courier::{Class, Mail, Reason, Tls};

#[tokio::test]
async fn a_mail_over_implicit_tls_arrives_with_every_step_told() {
    let server = Server::start(Port::Implicit, Script::accepting().wanting_auth());
    let carrier = carrier_with(Box::new(Noon), Box::new(System));
    let (outcome, steps) = carry_with_steps(&carrier, &send(mail_with_auth(&server, Tls::Implicit), LONG)).await;
    assert_class(&outcome, Class::Accepted, None);
    assert_eq!(outcome.said, "250 2.0.0 Ok: queued as TEST1");
    assert_eq!(outcome.provider_id.as_deref(), Some("TEST1"));
    assert_eq!(
        steps,
        [
            format!("connected to {}", server.address),
            "encrypted: TLS 1.3, certificate of localhost".into(),
            "greeted: 220 mail.test ESMTP".into(),
            "authenticated as robot".into(),
            "accepted: 250 2.0.0 Ok: queued as TEST1".into(),
        ]
    );
    let seen = server.seen();
    assert!(seen.lines.iter().all(|line| line.encrypted));
    let said: Vec<&str> = seen.lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(
        said,
        [
            "EHLO host.example.com",
            "AUTH PLAIN AHJvYm90AGNvcnJlY3QgaG9yc2U=",
            "MAIL FROM:<security@example.com>",
            "RCPT TO:<ada@example.com>",
            "DATA"
        ]
    );
}

#[tokio::test]
async fn a_mail_over_starttls_shows_nothing_in_the_clear() {
    let server = Server::start(Port::StartTls, Script::accepting().wanting_auth());
    let carrier = carrier_with(Box::new(Noon), Box::new(System));
    let (outcome, steps) = carry_with_steps(&carrier, &send(mail_with_auth(&server, Tls::Starttls), LONG)).await;
    assert_class(&outcome, Class::Accepted, None);
    assert_eq!(
        steps,
        [
            format!("connected to {}", server.address),
            "greeted: 220 mail.test ESMTP".into(),
            "encrypted: TLS 1.3, certificate of localhost".into(),
            "authenticated as robot".into(),
            "accepted: 250 2.0.0 Ok: queued as TEST1".into(),
        ]
    );
    let seen = server.seen();
    let clear: Vec<&str> = seen.lines.iter().filter(|line| !line.encrypted).map(|line| line.text.as_str()).collect();
    assert_eq!(clear, ["EHLO host.example.com", "STARTTLS"]);
    assert_eq!(seen.mails.len(), 1);
}

#[tokio::test]
async fn auth_login_is_spoken_where_plain_is_not_offered() {
    let offer = Play::line("250-mail.test\r\n250 AUTH LOGIN CRAM-MD5");
    let server = Server::start(Port::Implicit, Script::accepting().wanting_auth().once(At::Ehlo, offer));
    let outcome = carry(mail_with_auth(&server, Tls::Implicit)).await;
    assert_class(&outcome, Class::Accepted, None);
    let seen = server.seen();
    let said: Vec<&str> = seen.lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(said.get(1..4), Some(["AUTH LOGIN", "cm9ib3Q=", "Y29ycmVjdCBob3JzZQ=="].as_slice()));
}

#[tokio::test]
async fn a_server_without_our_mechanisms_is_an_auth_error_and_sees_no_password() {
    for offer in ["250-mail.test\r\n250 AUTH XOAUTH2 CRAM-MD5", "250 mail.test"] {
        let server = Server::start(Port::Implicit, Script::accepting().once(At::Ehlo, Play::line(offer)));
        let outcome = carry(mail_with_auth(&server, Tls::Implicit)).await;
        assert_class(&outcome, Class::AuthError, Some(Reason::Config));
        assert_eq!(server.seen().count("AUTH"), 0);
        assert_eq!(server.seen().count("MAIL"), 0);
    }
}

#[tokio::test]
async fn without_tls_a_loopback_server_takes_a_mail() {
    let server = Server::start(Port::Plain, Script::accepting());
    let outcome = carry(Mail { server: "127.0.0.1".into(), ..mail(&server, Tls::None) }).await;
    assert_class(&outcome, Class::Accepted, None);
}

#[tokio::test]
async fn the_message_has_the_headers_that_it_must_have() {
    let server = Server::start(Port::Implicit, Script::accepting());
    let carrier = carrier_with(Box::new(Noon), Box::new(System));
    assert_class(&carrier.carry(&send(mail(&server, Tls::Implicit), LONG), None).await, Class::Accepted, None);
    let bytes = unstuffed(&server.seen().mails[0].bytes);
    let message = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(message.subject(), Some("Example Corp: login code for host"));
    assert_eq!(message.message_id(), Some("K7Q2M9XD@example.com"));
    assert_eq!(message.date().unwrap().to_rfc3339(), "2026-11-24T12:00:00Z");
    assert_eq!(message.from().unwrap().first().unwrap().address(), Some("security@example.com"));
    assert_eq!(message.from().unwrap().first().unwrap().name(), Some("Example Corp Security"));
    assert_eq!(message.to().unwrap().first().unwrap().address(), Some("ada@example.com"));
    assert!(matches!(message.header("Auto-Submitted"), Some(HeaderValue::Text(text)) if text == "auto-generated"));
    let kind = message.content_type().unwrap();
    assert_eq!((kind.ctype(), kind.subtype(), kind.attribute("charset")), ("text", Some("plain"), Some("utf-8")));
    let text = message.body_text(0).unwrap();
    assert_eq!(text, format!("{CODE} is your Example Corp login code (7F) for host.\r\nIt expires in 10 minutes.\r\n"));
}

#[tokio::test]
async fn text_and_subject_beyond_ascii_and_lines_of_dots_arrive_as_they_were() {
    let text = "Ihr Code für Zürich: 491823 \u{1f511}\n.\n..\n.dots first\nlast";
    let subject = "Beispiel Öl GmbH: Anmeldung – code";
    let server = Server::start(Port::Implicit, Script::accepting());
    let from = "\"Öl, GmbH\" <security@example.com>".to_owned();
    let outcome =
        carry(Mail { text: Secret::new(text.into()), subject: subject.into(), from, ..mail(&server, Tls::Implicit) })
            .await;
    assert_class(&outcome, Class::Accepted, None);
    let bytes = unstuffed(&server.seen().mails[0].bytes);
    assert!(bytes.is_ascii(), "no server needs 8BITMIME");
    let message = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(message.subject(), Some(subject));
    assert_eq!(message.from().unwrap().first().unwrap().name(), Some("Öl, GmbH"));
    assert_eq!(message.body_text(0).unwrap().replace("\r\n", "\n").trim_end(), text.trim_end());
}

#[tokio::test]
async fn a_mail_in_japanese_arrives_as_it_was_in_lines_that_every_server_takes() {
    let text = "491823 は Example Corp のログインコード (7F) です。有効期間は10分です。お心当たりがない場合は、パスワードを変更してください。";
    let subject = "Example Corp: a-host-with-quite-a-long-name.example.com のログインコード、再送のご要望による (7F)";
    let server = Server::start(Port::Implicit, Script::accepting());
    let mail = Mail { text: Secret::new(text.into()), subject: subject.into(), ..mail(&server, Tls::Implicit) };
    assert_class(&carry(mail).await, Class::Accepted, None);
    let bytes = unstuffed(&server.seen().mails[0].bytes);
    assert!(bytes.is_ascii(), "no server needs 8BITMIME");
    // RFC 2047 §2: a line with an encoded word has 76 characters at most; RFC 5322 §2.1.1: others should have 78.
    let longest = String::from_utf8(bytes.clone()).unwrap().split("\r\n").map(str::len).max().unwrap();
    assert!(longest <= 78, "{longest}");
    let message = MessageParser::default().parse(&bytes).unwrap();
    assert_eq!(message.subject(), Some(subject));
    assert_eq!(message.body_text(0).unwrap().trim_end(), text);
}

#[tokio::test]
async fn a_line_that_is_a_dot_does_not_end_the_message() {
    let server = Server::start(Port::Implicit, Script::accepting());
    let text = Secret::new("before\n.\nRSET\n.. after\n".into());
    assert_class(&carry(Mail { text, ..mail(&server, Tls::Implicit) }).await, Class::Accepted, None);
    let seen = server.seen();
    let body = String::from_utf8(seen.mails[0].bytes.clone()).unwrap();
    assert!(body.contains("\r\n\r\nbefore\r\n..\r\nRSET\r\n... after\r\n"), "{body}");
    assert_eq!(seen.count("RSET"), 0);
}

#[tokio::test]
async fn nothing_can_be_injected_into_headers_or_envelope() {
    let server = Server::start(Port::Implicit, Script::accepting());
    let base = || mail(&server, Tls::Implicit);
    for (mail, reason) in [
        (Mail { subject: "code\r\nBcc: eve@example.com".into(), ..base() }, Reason::Request),
        (Mail { subject: "code\nX: y".into(), ..base() }, Reason::Request),
        (Mail { subject: "code\0".into(), ..base() }, Reason::Request),
        (Mail { to: "ada@example.com\r\nDATA".into(), ..base() }, Reason::BadAddress),
        (Mail { to: "ada@example.com> NOTIFY=SUCCESS".into(), ..base() }, Reason::BadAddress),
        (Mail { to: "ada@example.com, eve@example.com".into(), ..base() }, Reason::BadAddress),
        (Mail { to: String::new(), ..base() }, Reason::BadAddress),
        (Mail { to: "ädä@example.com".into(), ..base() }, Reason::BadAddress),
        (Mail { to: "ada@exämple.com".into(), ..base() }, Reason::BadAddress),
        (Mail { from: "x\r\nBcc: eve@example.com <a@example.com>".into(), ..base() }, Reason::Config),
        (Mail { from: "nobody".into(), ..base() }, Reason::Config),
        (Mail { helo: Some("host\r\nMAIL FROM:<x@y>".into()), ..base() }, Reason::Config),
        (Mail { text: Secret::new("a\rb".into()), ..base() }, Reason::Request),
        (Mail { user: Some("robot".into()), ..base() }, Reason::Config),
        (Mail { password: Some(Secret::new("x".into())), ..base() }, Reason::Config),
        (Mail { user: Some("a\0b".into()), password: Some(Secret::new("x".into())), ..base() }, Reason::Config),
        (Mail { user: Some("a".into()), password: Some(Secret::new("b\0c".into())), ..base() }, Reason::Config),
    ] {
        let shown = format!("{mail:?}");
        let outcome = carry(mail).await;
        assert_eq!((outcome.class, outcome.reason), (Class::Rejected, Some(reason)), "{shown}: {outcome:?}");
    }
    assert_eq!(server.seen().connections, 0, "refused before anything was sent");
}

#[tokio::test]
async fn neither_code_nor_password_comes_back_however_the_server_repeats_them() {
    let echo = format!("250 2.0.0 took {CODE} from {PASSWORD} by AHJvYm90AGNvcnJlY3QgaG9yc2U=\u{1b}[2J");
    let server = Server::start(
        Port::Implicit,
        Script::accepting()
            .once(At::Greeting, Play::line(&format!("220 {CODE} {PASSWORD}")))
            .once(At::Dot, Play::line(&echo)),
    );
    let carrier = carrier_with(Box::new(Noon), Box::new(System));
    let (outcome, steps) = carry_with_steps(&carrier, &send(mail_with_auth(&server, Tls::Implicit), LONG)).await;
    assert_class(&outcome, Class::Accepted, None);
    assert_eq!(outcome.said, "250 2.0.0 took … from … by … [2J");
    assert!(steps.contains(&"greeted: 220 … …".to_owned()), "{steps:?}");
    let all = format!("{outcome:?}{steps:?}");
    assert!(!all.contains(CODE) && !all.contains(PASSWORD) && !all.contains('\u{1b}'), "{all}");
}
