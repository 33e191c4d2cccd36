//! What lettre does as it ships, reproduced, and the same server against ours. If a newer lettre no longer does one of these,
//! its test fails, and the part of ours that stands in for it may go.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{CODE, LONG, assert_class, carrier, carry, mail, mail_with_auth, send};
use e2e::smtp::Server;
use e2e::smtp::script::{At, Play, Port, Script};
use lettre::transport::smtp::PoolConfig;
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use pam_2fa_protocol::courier::{Class, Reason, Tls};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

fn lettres_mail() -> Message {
    let builder = Message::builder().from("a@example.com".parse().unwrap()).to("b@example.com".parse().unwrap());
    builder.subject("s").body(String::from(CODE)).unwrap()
}

fn lettres_transport(server: &Server) -> AsyncSmtpTransport<Tokio1Executor> {
    AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous("127.0.0.1")
        .port(server.address.port())
        .timeout(Some(Duration::from_secs(20)))
        .pool_config(PoolConfig::new().max_size(1))
        .build()
}

/// The first mail's final dot is answered late, the second mail is refused.
fn late_then_refusing(port: Port) -> (Server, Arc<Semaphore>) {
    let gate = Arc::new(Semaphore::new(0));
    let late = Play::Held(Arc::clone(&gate), b"250 2.0.0 the first\r\n".to_vec());
    let script = Script::accepting().once(At::Dot, late).once(At::Dot, Play::line("554 5.7.1 the second is refused"));
    (Server::start(port, script), gate)
}

#[tokio::test]
async fn lettres_pool_calls_a_refused_mail_sent_after_a_cancelled_one() {
    let (server, gate) = late_then_refusing(Port::Plain);
    let transport = lettres_transport(&server);
    tokio::select! {
        _ = transport.send(lettres_mail()) => panic!("the first mail was answered"),
        () = server.until(|seen| seen.mails.len() == 1) => {}
    }
    // The pool takes the connection back in a task of its own.
    tokio::task::yield_now().await;
    gate.add_permits(1);
    let second = transport.send(lettres_mail()).await;
    server.until(|seen| seen.mails.len() == 2).await;
    assert_eq!(server.seen().connections, 1, "it went over the connection of the cancelled one");
    assert!(second.is_ok(), "lettre no longer reports it as sent: {second:?}");
}

#[tokio::test]
async fn ours_never_uses_the_connection_of_a_cancelled_mail_again() {
    let (server, gate) = late_then_refusing(Port::Implicit);
    let carrier = carrier();
    let first = send(mail(&server, Tls::Implicit), LONG);
    tokio::select! {
        outcome = carrier.carry(&first, None) => panic!("{outcome:?}"),
        () = server.until(|seen| seen.mails.len() == 1) => {}
    }
    gate.add_permits(1);
    let second = carrier.carry(&send(mail(&server, Tls::Implicit), LONG), None).await;
    assert_class(&second, Class::Rejected, Some(Reason::Request));
    assert_eq!(second.said, "554 5.7.1 the second is refused (to the message)");
    assert_eq!(server.seen().connections, 2);
}

fn injecting() -> Server {
    let injected = Play::line("220 go\r\n250-injected.example\r\n250 AUTH PLAIN");
    Server::start(Port::StartTls, Script::accepting().once(At::StartTls, injected))
}

#[tokio::test]
async fn lettres_starttls_believes_what_was_said_before_the_handshake() {
    let server = injecting();
    let hello = ClientId::Domain("host.example.com".into());
    let mut connection = AsyncSmtpConnection::connect_tokio1(server.address, None, &hello, None, None).await.unwrap();
    let root = Certificate::from_pem(server.authority.pem().as_bytes()).unwrap();
    let tls = TlsParameters::builder("localhost".into()).add_root_certificate(root).build_rustls().unwrap();
    connection.starttls(tls, &hello).await.unwrap();
    assert!(connection.is_encrypted());
    assert_eq!(connection.server_info().name(), "injected.example", "lettre no longer keeps it");
}

#[tokio::test]
async fn ours_refuses_whatever_comes_behind_the_220() {
    let server = injecting();
    let outcome = carry(mail_with_auth(&server, Tls::Starttls)).await;
    assert_class(&outcome, Class::Temporary, Some(Reason::Unreachable));
    assert_eq!(outcome.said, "the connection failed at STARTTLS: the server spoke out of turn");
    assert_eq!(server.seen().count("AUTH"), 0);
}

#[tokio::test]
async fn lettre_takes_a_354_to_the_final_dot_for_success_and_ours_does_not() {
    let strange = || Script::accepting().always(At::Dot, Play::line("354 go on"));
    let server = Server::start(Port::Plain, strange());
    let sent = lettres_transport(&server).send(lettres_mail()).await;
    assert!(sent.is_ok(), "lettre no longer takes it: {sent:?}");

    let server = Server::start(Port::Implicit, strange());
    assert_class(&carry(mail(&server, Tls::Implicit)).await, Class::Temporary, Some(Reason::Unrecognised));
}
