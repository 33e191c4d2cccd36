//! What a server may do wrong, and what becomes of the mail. Each promise is one of the faults 9, 10, 12 and 17 of the list
//! of promises.

mod common;

use common::{
    Fixed, LONG, Noon, SHORT, assert_class, carrier, carrier_with, carry, mail, mail_with_auth, send,
    socket_with_full_backlog,
};
use e2e::smtp::Server;
use e2e::smtp::script::{At, Play, Port, Script};
use pam_2fa_protocol::courier::{Class, Mail, Outcome, Reason, Tls};
use std::net::SocketAddr;

const PHASES: [At; 6] = [At::Greeting, At::Ehlo, At::Auth, At::Mail, At::Rcpt, At::Data];

async fn at(point: At, play: Play) -> (Outcome, Server) {
    let server = Server::start(Port::Implicit, Script::accepting().always(point, play));
    let outcome = carry(mail_with_auth(&server, Tls::Implicit)).await;
    (outcome, server)
}

#[tokio::test]
async fn a_server_that_hangs_anywhere_is_left_at_the_deadline() {
    let phases: Vec<At> = [At::Connect].into_iter().chain(PHASES).chain([At::Dot]).collect();
    let servers: Vec<Server> = phases
        .iter()
        .map(|point| Server::start(Port::Implicit, Script::accepting().always(*point, Play::Hang)))
        .collect();
    let hanging: Vec<_> = servers
        .iter()
        .map(|server| {
            let send = send(mail_with_auth(server, Tls::Implicit), SHORT);
            tokio::spawn(async move {
                let carrier = carrier();
                let outcome = carrier.carry(&send, None).await;
                (outcome, carrier.email().unwrap().pool().len())
            })
        })
        .collect();
    for (phase, hanging) in phases.iter().zip(hanging) {
        let (outcome, kept) = hanging.await.unwrap();
        let reason = if *phase == At::Dot { Reason::Unrecognised } else { Reason::Unreachable };
        assert_eq!((outcome.class, outcome.reason), (Class::Temporary, Some(reason)), "{phase:?}: {outcome:?}");
        assert!(outcome.said.contains("no answer in time at"), "{phase:?}: {outcome:?}");
        assert_eq!(kept, 0, "{phase:?}");
    }
}

#[tokio::test]
async fn a_server_that_says_a_byte_a_second_is_left_at_the_deadline_too() {
    let slow = Play::Drip(b"250 2.0.0 Ok: queued as a very slow server does\r\n".to_vec());
    let server = Server::start(Port::Implicit, Script::accepting().always(At::Mail, slow));
    let outcome = carrier().carry(&send(mail(&server, Tls::Implicit), SHORT), None).await;
    assert_class(&outcome, Class::Temporary, Some(Reason::Unreachable));
    assert!(outcome.said.contains("MAIL FROM"), "{outcome:?}");
}

#[tokio::test]
async fn a_connection_closed_anywhere_before_the_dot_is_unreachable() {
    for point in PHASES {
        let (outcome, _server) = at(point, Play::Close).await;
        assert_eq!(
            (outcome.class, outcome.reason),
            (Class::Temporary, Some(Reason::Unreachable)),
            "{point:?}: {outcome:?}"
        );
        let (outcome, _server) = at(point, Play::SayAndClose(b"25".to_vec())).await;
        assert_eq!(
            (outcome.class, outcome.reason),
            (Class::Temporary, Some(Reason::Unreachable)),
            "{point:?}: {outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_connection_closed_after_the_dot_proves_nothing() {
    for play in
        [Play::Close, Play::SayAndClose(b"250 2.0.0 O".to_vec()), Play::SayAndClose(b"250-2.0.0 Ok\r\n".to_vec())]
    {
        let (outcome, server) = at(At::Dot, play).await;
        assert_class(&outcome, Class::Temporary, Some(Reason::Unrecognised));
        assert!(outcome.said.contains("may have been taken"), "{outcome:?}");
        assert_eq!(server.seen().mails.len(), 1, "and it is not sent again");
    }
}

#[tokio::test]
async fn a_reply_without_an_end_takes_no_memory_and_ends_the_connection() {
    for endless in [b"250-still talking\r\n".to_vec(), vec![b'2'; 4096]] {
        for point in [At::Greeting, At::Ehlo, At::Rcpt, At::Dot] {
            let (outcome, _server) = at(point, Play::Endless(endless.clone())).await;
            assert_eq!(outcome.class, Class::Temporary, "{point:?}: {outcome:?}");
            assert!(!outcome.said.contains("in time"), "ended by its size, not by the clock: {outcome:?}");
        }
    }
}

#[tokio::test]
async fn greylisting_is_temporary_and_a_second_try_with_the_same_id_is_accepted() {
    let greylisted = Play::line("450 4.2.0 <ada@example.com>: Greylisted, try again in 5 seconds");
    let server = Server::start(Port::Implicit, Script::accepting().once(At::Rcpt, greylisted));
    let carrier = carrier();
    let first = carrier.carry(&send(mail(&server, Tls::Implicit), LONG), None).await;
    assert_class(&first, Class::Temporary, None);
    assert_eq!(first.retry_after_s, Some(5));
    let second = carrier.carry(&send(mail(&server, Tls::Implicit), LONG), None).await;
    assert_class(&second, Class::Accepted, None);
    assert_eq!(server.seen().mails.len(), 1);
}

#[tokio::test]
async fn four_hundreds_are_temporary_at_every_command() {
    for point in PHASES.into_iter().chain([At::Dot]) {
        for code in ["421 4.3.2 closing", "450 4.2.1 busy", "451 4.3.0 error", "452 4.3.1 full"] {
            let (outcome, _server) = at(point, Play::line(code)).await;
            assert_eq!((outcome.class, outcome.reason), (Class::Temporary, None), "{point:?} {code}: {outcome:?}");
            assert!(outcome.said.starts_with(code), "{outcome:?}");
        }
    }
}

#[tokio::test]
async fn five_hundreds_are_final_at_every_command() {
    for (point, reason) in [
        (At::Greeting, Reason::Request),
        (At::Ehlo, Reason::Request),
        (At::Mail, Reason::Request),
        (At::Rcpt, Reason::BadAddress),
        (At::Data, Reason::Request),
        (At::Dot, Reason::Request),
    ] {
        let (outcome, server) = at(point, Play::line("550 no")).await;
        assert_eq!((outcome.class, outcome.reason), (Class::Rejected, Some(reason)), "{point:?}: {outcome:?}");
        assert_eq!(outcome.retry_after_s, None);
        assert_eq!(server.seen().connections, 1, "{point:?}");
        if ![At::Greeting, At::Ehlo].contains(&point) {
            server.until(|seen| seen.count("QUIT") == 1 && seen.ended == 1).await;
        }
    }
}

#[tokio::test]
async fn bad_credentials_are_tried_once_and_are_an_auth_error() {
    for said in ["535 5.7.8 bad credentials", "534 5.7.9 too weak", "538 5.7.11 encrypt", "530 5.7.0 first STARTTLS"] {
        let (outcome, server) = at(At::Auth, Play::line(said)).await;
        assert_class(&outcome, Class::AuthError, Some(Reason::Credentials));
        assert_eq!((server.seen().count("AUTH"), server.seen().count("MAIL")), (1, 0), "{said}");
    }
    // The server wants credentials that the settings do not have.
    let server = Server::start(Port::Implicit, Script::accepting().wanting_auth());
    assert_class(&carry(mail(&server, Tls::Implicit)).await, Class::AuthError, Some(Reason::Credentials));
}

#[tokio::test]
async fn an_answer_that_means_nothing_there_is_no_success() {
    for (point, said) in [
        (At::Greeting, "250 hello"),
        (At::Ehlo, "354 go"),
        (At::Auth, "250 fine"),
        (At::Auth, "334 more"),
        (At::Mail, "354 go"),
        (At::Mail, "251 will do"),
        (At::Rcpt, "354 go"),
        (At::Data, "250 fine"),
        (At::Dot, "354 go"),
        (At::Dot, "251 forwarded"),
        (At::Dot, "200 OK"),
    ] {
        let (outcome, server) = at(point, Play::line(said)).await;
        assert_eq!(outcome.class, Class::Temporary, "{said} at {point:?}: {outcome:?}");
        assert!(!server.seen().mails.iter().any(|mail| mail.accepted));
    }
    let (outcome, _server) = at(At::Rcpt, Play::line("251 2.1.5 not local, will forward")).await;
    assert_class(&outcome, Class::Accepted, None);
}

#[tokio::test]
async fn a_second_reply_behind_the_first_counts_for_nothing() {
    for point in [At::Mail, At::Rcpt, At::Data, At::Dot] {
        let code = if point == At::Data { "354" } else { "250" };
        let (outcome, _server) =
            at(point, Play::line(&format!("{code} yes\r\n250 and yes to what you say next"))).await;
        assert_eq!(outcome.class, Class::Temporary, "{point:?}: {outcome:?}");
        assert!(outcome.said.contains("out of turn"), "{point:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_port_that_nobody_serves_is_unreachable() {
    let server = Server::start(Port::Implicit, Script::accepting());
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let outcome = carry(Mail { port: unused, ..mail(&server, Tls::Implicit) }).await;
    assert_class(&outcome, Class::Temporary, Some(Reason::Unreachable));
    assert!(outcome.said.contains(&unused.to_string()), "{outcome:?}");
}

#[tokio::test]
async fn a_dead_first_address_does_not_keep_the_mail_from_the_second() {
    let server = Server::start(Port::Implicit, Script::accepting());
    let refusing = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mail_there = mail(&server, Tls::Implicit);
    let addresses: Vec<SocketAddr> = vec![refusing, server.address];
    let carrier = carrier_with(Box::new(Noon), Box::new(Fixed(addresses)));
    assert_class(&carrier.carry(&send(mail_there, LONG), None).await, Class::Accepted, None);
}

#[tokio::test]
async fn a_silent_first_address_delays_the_second_by_its_head_start_only() {
    // A listener whose backlog is full: the kernel drops further SYNs, as a black hole does.
    let full = socket_with_full_backlog();
    let server = Server::start(Port::Implicit, Script::accepting());
    let addresses = vec![full.0.local_addr().unwrap(), server.address];
    let carrier = carrier_with(Box::new(Noon), Box::new(Fixed(addresses)));
    assert_class(&carrier.carry(&send(mail(&server, Tls::Implicit), LONG), None).await, Class::Accepted, None);

    let only_silent = carrier_with(Box::new(Noon), Box::new(Fixed(vec![full.0.local_addr().unwrap()])));
    let outcome = only_silent.carry(&send(mail(&server, Tls::Implicit), LONG), None).await;
    assert_class(&outcome, Class::Temporary, Some(Reason::Unreachable));
    assert!(outcome.said.contains("no answer in 3 s"), "{outcome:?}");
}
