//! What does not prove to be the server gets nothing: fault 11 of the list of promises. In none of these cases does a
//! password, a sender or a word of the message leave.

mod common;

use common::{Fixed, LONG, Noon, assert_class, carrier_with, carry, folder, mail, mail_with_auth, send};
use e2e::smtp::Server;
use e2e::smtp::authority::Proof;
use e2e::smtp::script::{At, Play, Port, Script};
use pam_2fa_protocol::courier::{Class, Mail, Reason, Tls};
use std::net::SocketAddr;

#[track_caller]
fn assert_nothing_told(server: &Server) {
    let seen = server.seen();
    let told: Vec<_> =
        seen.lines.iter().filter(|line| !["EHLO host.example.com", "STARTTLS"].contains(&line.text.as_str())).collect();
    assert!(told.is_empty(), "{told:?}");
    assert!(seen.mails.is_empty());
}

const BAD: [Proof; 5] =
    [Proof::Expired, Proof::NotYetValid, Proof::WrongName, Proof::SelfSigned, Proof::UnknownAuthority];

#[tokio::test]
async fn a_bad_certificate_is_refused_and_there_is_no_other_way_in() {
    for (port, tls) in [(Port::Implicit, Tls::Implicit), (Port::StartTls, Tls::Starttls)] {
        for proof in BAD {
            let server = Server::with_proof(port, proof, Script::accepting());
            let outcome = carry(mail_with_auth(&server, tls)).await;
            assert_eq!(
                (outcome.class, outcome.reason),
                (Class::Temporary, Some(Reason::Certificate)),
                "{proof:?} {tls:?}: {outcome:?}"
            );
            assert_nothing_told(&server);
            assert_eq!(server.seen().connections, 1, "and it is not tried in another way");
        }
    }
}

#[tokio::test]
async fn a_certificate_of_an_authority_that_was_not_named_is_refused() {
    let server = Server::start(Port::Implicit, Script::accepting());
    let other = Server::start(Port::Implicit, Script::accepting());
    let ca_file = Some(other.ca_file(folder()).to_str().unwrap().to_owned());
    let outcome = carry(Mail { ca_file, ..mail_with_auth(&server, Tls::Implicit) }).await;
    assert_class(&outcome, Class::Temporary, Some(Reason::Certificate));
    assert_nothing_told(&server);
}

#[tokio::test]
async fn the_name_in_the_settings_is_the_one_that_is_verified() {
    let server = Server::start(Port::Implicit, Script::accepting());
    let carrier = carrier_with(Box::new(Noon), Box::new(Fixed(vec![server.address])));
    let elsewhere = Mail { server: "mail.example.org".into(), ..mail_with_auth(&server, Tls::Implicit) };
    assert_class(&carrier.carry(&send(elsewhere, LONG), None).await, Class::Temporary, Some(Reason::Certificate));
    let by_address = Mail { server: "127.0.0.1".into(), ..mail_with_auth(&server, Tls::Implicit) };
    assert_class(&carrier.carry(&send(by_address, LONG), None).await, Class::Accepted, None);
}

#[tokio::test]
async fn plain_text_where_tls_is_due_is_refused() {
    let server = Server::start(Port::Plain, Script::accepting());
    let outcome = carry(mail_with_auth(&server, Tls::Implicit)).await;
    assert_class(&outcome, Class::Temporary, Some(Reason::Config));
    assert!(server.seen().lines.iter().all(|line| !line.text.contains("EHLO")), "{:?}", server.seen());
}

#[tokio::test]
async fn a_server_that_knows_only_tls_1_0_or_anonymous_ciphers_is_refused() {
    // ServerHello of TLS 1.0 with TLS_RSA_WITH_AES_128_CBC_SHA; RFC 2246 §7.4.1.3.
    let mut hello = vec![22, 3, 1, 0, 42, 2, 0, 0, 38, 3, 1];
    hello.extend([7; 32]);
    hello.extend([0, 0x00, 0x2f, 0]);
    // What a server says that finds no common cipher: fatal handshake_failure.
    let no_common_cipher = vec![21, 3, 3, 0, 2, 2, 40];
    for bytes in [hello, no_common_cipher] {
        let server = Server::start(Port::Implicit, Script::accepting().once(At::Connect, Play::SayAndClose(bytes)));
        let outcome = carry(mail_with_auth(&server, Tls::Implicit)).await;
        assert_eq!(outcome.class, Class::Temporary, "{outcome:?}");
        assert_nothing_told(&server);
    }
}

#[tokio::test]
async fn starttls_that_was_taken_out_is_an_end_and_not_a_fall_back() {
    let stripped = Play::line("250-mail.test\r\n250-XXXXXXXX\r\n250 AUTH PLAIN LOGIN");
    let server = Server::start(Port::StartTls, Script::accepting().once(At::Ehlo, stripped));
    let outcome = carry(mail_with_auth(&server, Tls::Starttls)).await;
    assert_class(&outcome, Class::Temporary, Some(Reason::Config));
    assert!(outcome.said.contains("does not offer STARTTLS"), "{outcome:?}");
    assert_nothing_told(&server);
}

#[tokio::test]
async fn a_starttls_keyword_in_the_servers_name_is_no_offer() {
    let server =
        Server::start(Port::StartTls, Script::accepting().once(At::Ehlo, Play::line("250-STARTTLS\r\n250 SIZE 1")));
    let outcome = carry(mail_with_auth(&server, Tls::Starttls)).await;
    assert_class(&outcome, Class::Temporary, Some(Reason::Config));
    assert_nothing_told(&server);
}

#[tokio::test]
async fn a_refused_starttls_is_an_end_and_not_a_fall_back() {
    for (said, class) in [("454 4.7.0 TLS not available", Class::Temporary), ("502 5.5.1 what", Class::Rejected)] {
        let server = Server::start(Port::StartTls, Script::accepting().once(At::StartTls, Play::line(said)));
        let outcome = carry(mail_with_auth(&server, Tls::Starttls)).await;
        assert_eq!(outcome.class, class, "{outcome:?}");
        assert_nothing_told(&server);
    }
}

#[tokio::test]
async fn plaintext_injected_before_or_behind_the_handshake_is_never_believed() {
    let fake = "250-injected.example\r\n250 AUTH PLAIN";
    let scripts = [
        // Behind the 220, in one segment.
        Script::accepting().once(At::StartTls, Play::line(&format!("220 go\r\n{fake}"))),
        // Behind the 220, on its own.
        Script::accepting().once(At::Handshake, Play::line(fake)),
        // An answer to STARTTLS before it was said.
        Script::accepting().once(At::Ehlo, Play::line("250-mail.test\r\n250 STARTTLS\r\n220 go")),
        // An answer to EHLO before it was said.
        Script::accepting().once(At::Greeting, Play::line("220 mail.test\r\n250-mail.test\r\n250 STARTTLS")),
    ];
    for (number, script) in scripts.into_iter().enumerate() {
        let server = Server::start(Port::StartTls, script);
        let outcome = carry(mail_with_auth(&server, Tls::Starttls)).await;
        assert_eq!(outcome.class, Class::Temporary, "{number}: {outcome:?}");
        assert_nothing_told(&server);
        assert!(server.seen().lines.iter().all(|line| !line.encrypted), "{number}");
    }
}

#[tokio::test]
async fn what_is_not_loopback_is_never_spoken_to_without_tls() {
    let server = Server::start(Port::Plain, Script::accepting());
    let abroad = SocketAddr::from(([192, 0, 2, 1], 25));
    let carrier = carrier_with(Box::new(Noon), Box::new(Fixed(vec![abroad])));
    // The name says loopback; the address does not.
    let outcome = carrier.carry(&send(mail_with_auth(&server, Tls::None), LONG), None).await;
    assert_class(&outcome, Class::Rejected, Some(Reason::Config));
    assert!(outcome.said.contains("loopback addresses only"), "{outcome:?}");
    // Of several addresses only those that are loopback are tried.
    let mixed = carrier_with(Box::new(Noon), Box::new(Fixed(vec![abroad, server.address])));
    let outcome = mixed.carry(&send(mail_with_auth(&server, Tls::None), LONG), None).await;
    assert_class(&outcome, Class::Accepted, None);
}

#[tokio::test]
async fn a_ca_file_that_cannot_be_used_is_said_and_stops_the_mail() {
    let server = Server::start(Port::Implicit, Script::accepting());
    let path = |name: &str| format!("{}/{name}", folder());
    std::fs::write(path("empty.pem"), "").unwrap();
    std::fs::write(path("garbage.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").unwrap();
    let _ =
        nix::unistd::mkfifo(path("fifo.pem").as_str(), nix::sys::stat::Mode::S_IRUSR | nix::sys::stat::Mode::S_IWUSR);
    for name in ["missing.pem", "empty.pem", "garbage.pem", "fifo.pem", "."] {
        let outcome = carry(Mail { ca_file: Some(path(name)), ..mail_with_auth(&server, Tls::Implicit) }).await;
        assert_class(&outcome, Class::Rejected, Some(Reason::Config));
        assert!(outcome.said.starts_with("email.ca_file: "), "{outcome:?}");
    }
    let relative = Mail { ca_file: Some("authority.pem".into()), ..mail_with_auth(&server, Tls::Implicit) };
    assert!(carry(relative).await.said.ends_with("not an absolute path"));
    assert_nothing_told(&server);
}

#[tokio::test]
async fn a_ca_file_that_was_replaced_counts_at_once() {
    let (old, new) =
        (Server::start(Port::Implicit, Script::accepting()), Server::start(Port::Implicit, Script::accepting()));
    let carrier = common::carrier();
    let path = old.ca_file(folder()).to_str().unwrap().to_owned();
    let with = |server: &Server| Mail { ca_file: Some(path.clone()), ..mail(server, Tls::Implicit) };
    assert_class(&carrier.carry(&send(with(&old), LONG), None).await, Class::Accepted, None);
    assert_class(&carrier.carry(&send(with(&new), LONG), None).await, Class::Temporary, Some(Reason::Certificate));
    std::fs::rename(new.ca_file(folder()), &path).unwrap();
    assert_class(&carrier.carry(&send(with(&new), LONG), None).await, Class::Accepted, None);
}
