//! A connection is kept for a minute and used again only if nothing about it is in doubt; a mail is never sent twice.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{LONG, PASSWORD, SHORT, assert_class, carrier, carry_with_steps, mail, mail_with_auth, send};
use courier::carry::Carrier;
use e2e::smtp::Server;
use e2e::smtp::script::{At, Play, Port, Script};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::courier::{Class, Mail, Outcome, Reason, Tls};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Always with the same `ca_file`, which belongs to what makes a connection another.
struct One {
    server: Server,
    ca_file: Option<String>,
    carrier: Carrier,
}

impl One {
    fn new(script: Script) -> Self {
        let server = Server::start(Port::Implicit, script);
        let ca_file = Some(server.ca_file(common::folder()).to_str().unwrap().to_owned());
        Self { server, ca_file, carrier: carrier() }
    }

    fn mail(&self) -> Mail {
        Mail { ca_file: self.ca_file.clone(), ..mail_with_auth(&self.server, Tls::Implicit) }
    }

    async fn carry(&self) -> Outcome {
        self.carrier.carry(&send(self.mail(), LONG), None).await
    }
}

#[tokio::test]
async fn a_second_mail_goes_over_the_connection_of_the_first() {
    let one = One::new(Script::accepting().wanting_auth());
    assert_class(&one.carry().await, Class::Accepted, None);
    let (outcome, steps) = carry_with_steps(&one.carrier, &send(one.mail(), LONG)).await;
    assert_class(&outcome, Class::Accepted, None);
    assert_eq!(steps, ["connection kept from before", "accepted: 250 2.0.0 Ok: queued as TEST1"]);
    let seen = one.server.seen();
    assert_eq!((seen.connections, seen.count("EHLO"), seen.count("AUTH"), seen.mails.len()), (1, 1, 1, 2));
}

#[tokio::test]
async fn a_connection_serves_only_the_settings_that_it_was_made_with() {
    let one = One::new(Script::accepting());
    assert_class(&one.carry().await, Class::Accepted, None);
    for (number, other) in [
        Mail { password: Some(Secret::new("another".into())), ..one.mail() },
        Mail { user: Some("somebody".into()), ..one.mail() },
        Mail { user: None, password: None, ..one.mail() },
        Mail { helo: Some("other.example.com".into()), ..one.mail() },
        Mail { server: "127.0.0.1".into(), ..one.mail() },
        Mail { ca_file: mail(&one.server, Tls::Implicit).ca_file, ..one.mail() },
    ]
    .into_iter()
    .enumerate()
    {
        assert_class(&one.carrier.carry(&send(other, LONG), None).await, Class::Accepted, None);
        assert_eq!(one.server.seen().connections, number + 2);
    }
    let debug = format!("{:?}", courier::email::pool::Key::of(&one.mail(), "host.example.com"));
    assert!(!debug.contains(PASSWORD), "{debug}");
}

#[tokio::test]
async fn the_connection_of_a_mail_that_was_not_accepted_is_not_kept() {
    for said in ["450 4.2.0 later", "550 5.1.1 no", "354 what", "250 yes\r\n250 yes"] {
        let one = One::new(Script::accepting().once(At::Rcpt, Play::line(said)));
        assert_ne!(one.carry().await.class, Class::Accepted);
        assert!(one.carrier.email().unwrap().pool().is_empty(), "{said}");
        one.server.until(|seen| seen.ended == 1).await;
    }
}

#[tokio::test]
async fn after_a_mail_that_timed_out_the_late_answer_is_nobodys() {
    let gate = Arc::new(Semaphore::new(0));
    let late = Play::Held(Arc::clone(&gate), b"250 2.0.0 the first\r\n".to_vec());
    let script = Script::accepting().once(At::Dot, late).once(At::Dot, Play::line("452 4.3.1 full"));
    let one = One::new(script);
    let first = one.carrier.carry(&send(one.mail(), SHORT), None).await;
    assert_class(&first, Class::Temporary, Some(Reason::Unrecognised));
    gate.add_permits(1);
    assert_eq!(one.carry().await.said, "452 4.3.1 full (to the message)");
    assert_eq!(one.server.seen().connections, 2);
}

#[tokio::test]
async fn a_connection_that_the_server_closed_meanwhile_costs_nothing_but_a_new_one() {
    let one = One::new(Script::accepting().once(At::Dot, Play::SayAndClose(b"250 2.0.0 Ok\r\n".to_vec())));
    assert_class(&one.carry().await, Class::Accepted, None);
    one.server.until(|seen| seen.ended == 1).await;
    assert_class(&one.carry().await, Class::Accepted, None);
    assert_eq!((one.server.seen().connections, one.server.seen().mails.len()), (2, 2));
    assert_eq!(one.server.seen().resumed, 0, "each connection verifies the certificate itself");
}

#[tokio::test]
async fn a_connection_on_which_something_was_said_meanwhile_is_not_used() {
    let gate = Arc::new(Semaphore::new(0));
    let goodbye = Play::Held(Arc::clone(&gate), b"421 4.4.2 idle too long\r\n".to_vec());
    let one = One::new(Script::accepting().once(At::Dot, Play::Sequence(vec![Play::line("250 2.0.0 Ok"), goodbye])));
    assert_class(&one.carry().await, Class::Accepted, None);
    gate.add_permits(1);
    one.server.until(|seen| seen.mails.iter().any(|mail| mail.accepted)).await;
    // The 421 was said before the mail was noted as accepted.
    let (outcome, steps) = carry_with_steps(&one.carrier, &send(one.mail(), LONG)).await;
    assert_class(&outcome, Class::Accepted, None);
    assert!(!steps.contains(&"connection kept from before".to_owned()), "{steps:?}");
    assert_eq!(one.server.seen().connections, 2);
}

#[tokio::test]
async fn a_kept_connection_found_dead_at_the_first_command_is_replaced_within_the_same_send() {
    for play in [Play::Close, Play::line("421 4.3.2 shutting down"), Play::Hang] {
        let ok = Play::line("250 2.1.0 ok");
        let one = One::new(Script::accepting().once(At::Mail, ok).once(At::Mail, play));
        assert_class(&one.carry().await, Class::Accepted, None);
        let (outcome, steps) = carry_with_steps(&one.carrier, &send(one.mail(), LONG)).await;
        assert_class(&outcome, Class::Accepted, None);
        assert!(steps.get(1).is_some_and(|step| step.starts_with("it was dead: ")), "{steps:?}");
        assert_eq!((one.server.seen().connections, one.server.seen().mails.len()), (2, 2));
    }
}

#[tokio::test]
async fn once_the_server_has_agreed_to_anything_a_mail_is_not_tried_again_by_itself() {
    for (point, mails) in [(At::Rcpt, 1), (At::Data, 1), (At::Dot, 2)] {
        let ok = |code: &str| Play::line(&format!("{code} ok"));
        let first = if point == At::Data { ok("354") } else { ok("250") };
        let one = One::new(Script::accepting().once(point, first).once(point, Play::Close));
        assert_class(&one.carry().await, Class::Accepted, None);
        let second = one.carry().await;
        assert_eq!(second.class, Class::Temporary, "{point:?}: {second:?}");
        assert_eq!((one.server.seen().connections, one.server.seen().mails.len()), (1, mails), "{point:?}");
    }
}

#[tokio::test]
async fn a_connection_is_given_up_after_a_minute_with_a_quit() {
    let one = One::new(Script::accepting());
    assert_class(&one.carry().await, Class::Accepted, None);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(59)).await;
    assert_eq!(one.carrier.email().unwrap().pool().len(), 1);
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::time::resume();
    one.server.until(|seen| seen.count("QUIT") == 1 && seen.ended == 1).await;
    assert!(one.carrier.email().unwrap().pool().is_empty());
}

#[tokio::test]
async fn at_most_eight_connections_are_kept() {
    let one = One::new(Script::accepting());
    for number in 0..10 {
        let helo = Some(format!("host{number}.example.com"));
        let outcome = one.carrier.carry(&send(Mail { helo, ..one.mail() }, LONG), None).await;
        assert_class(&outcome, Class::Accepted, None);
    }
    assert_eq!(one.carrier.email().unwrap().pool().len(), 8);
    one.server.until(|seen| seen.count("QUIT") == 2).await;
}
