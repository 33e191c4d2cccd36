//! `Reach`: a mail server is come to as a mail would, and left without one.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{PASSWORD, assert_class, carrier, mail_with_auth};
use e2e::smtp::Server;
use e2e::smtp::script::{At, Play, Port, Script};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::courier::{Class, Mail, Outcome, Reach, Reason, Tls};

const LONG_MS: i64 = 8_000;

fn way(server: &Server) -> Mail {
    let ca_file = Some(server.ca_file(common::folder()).to_str().unwrap().to_owned());
    Mail {
        ca_file,
        to: String::new(),
        subject: String::new(),
        text: Secret::new(String::new()),
        ..mail_with_auth(server, Tls::Implicit)
    }
}

async fn reach(mail: Mail) -> Outcome {
    carrier().reach(&Reach { deadline_ms: LONG_MS, mail }, None).await
}

#[tokio::test]
async fn a_server_is_reached_by_tls_and_auth_and_left_without_a_mail() {
    let server = Server::start(Port::Implicit, Script::accepting().wanting_auth());
    let carrier = carrier();
    let outcome = carrier.reach(&Reach { deadline_ms: LONG_MS, mail: way(&server) }, None).await;
    assert_class(&outcome, Class::Accepted, None);
    server.until(|seen| seen.count("QUIT") == 1 && seen.ended == 1).await;
    let seen = server.seen();
    assert_eq!((seen.connections, seen.count("AUTH"), seen.count("MAIL"), seen.mails.len()), (1, 1, 0, 0));
    assert!(carrier.email().unwrap().pool().is_empty());
}

#[tokio::test]
async fn where_it_ends_is_said_and_the_password_is_not() {
    let refusing = Server::start(
        Port::Implicit,
        Script::accepting().once(At::Auth, Play::line(&format!("535 5.7.8 not {PASSWORD}"))),
    );
    let outcome = reach(way(&refusing)).await;
    assert_class(&outcome, Class::AuthError, Some(Reason::Credentials));
    assert!(!outcome.said.contains(PASSWORD), "{}", outcome.said);

    let server = Server::start(Port::Implicit, Script::accepting().wanting_auth());
    let other = Server::start(Port::Implicit, Script::accepting());
    let unknown = reach(Mail { ca_file: way(&other).ca_file, ..way(&server) }).await;
    assert_eq!(unknown.reason, Some(Reason::Certificate), "{unknown:?}");
    assert_eq!(server.seen().count("AUTH"), 0);

    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let nobody = reach(Mail { port, ..way(&server) }).await;
    assert_eq!((nobody.class, nobody.reason), (Class::Temporary, Some(Reason::Unreachable)), "{nobody:?}");
}
