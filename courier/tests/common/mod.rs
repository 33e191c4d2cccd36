//! What the courier's tests share: a mail to the fault-playing server, and a courier in this process that carries it.

#![allow(dead_code, unreachable_pub, reason = "each test binary uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test that cannot go on fails"
)]

pub mod daemon;
pub mod texts;

use courier::carry::Carrier;
use courier::clock::{Clock, SystemClock};
use courier::email::Email;
use courier::email::resolve::{LookUp, Resolve, System};
use courier::email::tls::Trust;
use courier::sms::Sms;
use courier::sms::shelf::{Owners, Shelf};
use e2e::smtp::Server;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::courier::{Class, Mail, Outcome, Reason, Send, Tls};
use std::io::Write;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

/// The code in every mail of these tests.
pub const CODE: &str = "491823";
/// The password of every mail that has one.
pub const PASSWORD: &str = "correct horse";
/// Long enough for anything that is to succeed on a busy machine.
pub const LONG: i64 = 20_000;
/// Long enough to reach a server on loopback, short enough to wait for.
pub const SHORT: i64 = 2_500;

pub fn folder() -> &'static str {
    env!("CARGO_TARGET_TMPDIR")
}

/// A mail to `server`, as configd sends it, without AUTH.
pub fn mail(server: &Server, tls: Tls) -> Mail {
    Mail {
        server: "localhost".into(),
        port: server.address.port(),
        tls,
        ca_file: Some(server.ca_file(folder()).to_str().unwrap().to_owned()),
        helo: Some("host.example.com".into()),
        user: None,
        password: None,
        from: "Example Corp Security <security@example.com>".into(),
        to: "ada@example.com".into(),
        subject: "Example Corp: login code for host".into(),
        text: Secret::new(format!(
            "{CODE} is your Example Corp login code (7F) for host.\nIt expires in 10 minutes.\n"
        )),
    }
}

/// The same with AUTH.
pub fn mail_with_auth(server: &Server, tls: Tls) -> Mail {
    let (user, password) = (Some("robot".into()), Some(Secret::new(PASSWORD.into())));
    Mail { user, password, ..mail(server, tls) }
}

pub fn send(mail: Mail, deadline_ms: i64) -> Send {
    let expires_at = "2026-11-24T12:10:00Z".into();
    Send { id: "K7Q2M9XD".into(), attempt: 1, deadline_ms, expires_at, mail: Some(mail), sms: None }
}

pub fn carrier() -> Carrier {
    carrier_with(Box::new(SystemClock), Box::new(System))
}

/// The system's roots are left out: nothing but `ca_file` is to make a certificate good.
pub fn carrier_with(clock: Box<dyn Clock>, resolver: Box<dyn Resolve>) -> Carrier {
    let email = Email::new(clock, resolver, Trust::with_bundle(None));
    let none =
        Sms::new(Shelf::new(Vec::new(), Owners::root()), Box::new(Noon), Box::new(System), Trust::with_bundle(None));
    Carrier::new(email, none)
}

pub async fn carry(mail: Mail) -> Outcome {
    carrier().carry(&send(mail, LONG), None).await
}

/// Carries and collects the steps.
pub async fn carry_with_steps(carrier: &Carrier, send: &Send) -> (Outcome, Vec<String>) {
    let (to, mut from) = tokio::sync::mpsc::unbounded_channel();
    let outcome = carrier.carry(send, Some(to)).await;
    let mut steps = Vec::new();
    while let Ok(step) = from.try_recv() {
        steps.push(step);
    }
    (outcome, steps)
}

#[track_caller]
pub fn assert_class(outcome: &Outcome, class: Class, reason: Option<Reason>) {
    assert_eq!((outcome.class, outcome.reason), (class, reason), "{outcome:?}");
}

/// Always the same moment: 2026-11-24 12:00:00 UTC.
pub struct Noon;

impl Clock for Noon {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_795_521_600)
    }
}

/// Every name has these addresses, whatever port is asked for.
pub struct Fixed(pub Vec<SocketAddr>);

impl Resolve for Fixed {
    fn look_up<'a>(&'a self, _: &'a str, _: u16) -> LookUp<'a> {
        Box::pin(async { Ok(self.0.clone()) })
    }
}

/// A message as it stood before DATA: without the final dot, dots not stuffed.
pub fn unstuffed(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8(bytes.to_vec()).unwrap();
    text.strip_suffix(".\r\n").unwrap().replace("\r\n..", "\r\n.").into_bytes()
}

/// A listener that takes no further connection, as a black hole does: the kernel drops the SYNs to a full backlog.
pub fn socket_with_full_backlog() -> (std::net::TcpListener, Vec<std::net::TcpStream>) {
    use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, listen, socket};
    use std::os::fd::AsRawFd;
    let fd = socket(AddressFamily::Inet, SockType::Stream, SockFlag::empty(), None).unwrap();
    bind(fd.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0)).unwrap();
    listen(&fd, Backlog::new(0).unwrap()).unwrap();
    let listener = std::net::TcpListener::from(fd);
    let address = listener.local_addr().unwrap();
    let mut held = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        held.push(stream);
        assert!(held.len() < 64, "the backlog does not fill");
    }
    (listener, held)
}

/// Says, past the test harness, which of its promises a test did not look at.
pub fn skipped(why: &str) {
    // Not `eprintln!`: the harness would swallow it where the test passes.
    std::io::stderr().write_all(format!("SKIPPED: {why}\n").as_bytes()).unwrap();
}
