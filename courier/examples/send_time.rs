//! Prints the time from `Send` on `courier.sock` to "accepted", over a fresh and over a kept connection: the courier as it
//! serves, in this process, against an SMTP server on loopback with implicit TLS and AUTH. `make bench` calls it; with
//! `--release`, or the figures say nothing. It measures and promises nothing.

#![expect(clippy::unwrap_used, reason = "a measurement that cannot be made is none")]

use courier::carry::Carrier;
use courier::clock::SystemClock;
use courier::email::Email;
use courier::email::resolve::System;
use courier::email::tls::Trust;
use courier::serve::{Permitted, serve};
use courier::sms::Sms;
use courier::sms::shelf::{Owners, Shelf};
use e2e::smtp::Server;
use e2e::smtp::script::{Port, Script};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::courier::{Class, Mail, SEND, Send, Sent, Tls};
use pam_2fa_protocol::frame::{FrameBuffer, write_frame};
use pam_2fa_protocol::wire::{More, decode_reply, encode_call};
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const MAILS: u32 = 200;

fn main() {
    let folder = nix::unistd::mkdtemp("/tmp/pam-2fa-send-time-XXXXXX").unwrap();
    let server = Server::start(Port::Implicit, Script::accepting().wanting_auth());
    let ca_file = server.authority.write(&folder);
    let path = folder.join("courier.sock");
    let listener = UnixListener::bind(&path).unwrap();
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || courier(listener));
    let mut stream = UnixStream::connect(&path).unwrap();
    let fresh =
        (0..MAILS).map(|number| time(&mut stream, &mail(&server, &ca_file, &format!("fresh{number}")))).collect();
    time(&mut stream, &mail(&server, &ca_file, "kept"));
    let kept = (0..MAILS).map(|_| time(&mut stream, &mail(&server, &ca_file, "kept"))).collect();
    report("fresh connection", fresh);
    report("kept connection", kept);
    std::fs::remove_dir_all(&folder).unwrap();
}

fn courier(listener: UnixListener) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let email = Email::new(Box::new(SystemClock), Box::new(System), Trust::default());
        let listener = tokio::net::UnixListener::from_std(listener).unwrap();
        let own = Permitted::new([nix::unistd::geteuid().as_raw()]);
        let sms =
            Sms::new(Shelf::new(Vec::new(), Owners::root()), Box::new(SystemClock), Box::new(System), Trust::default());
        serve(listener, own, Arc::new(Carrier::new(email, sms)), std::future::pending()).await;
    });
}

/// Another name in EHLO is another connection.
fn mail(server: &Server, ca_file: &Path, helo: &str) -> Send {
    let mail = Mail {
        server: "localhost".into(),
        port: server.address.port(),
        tls: Tls::Implicit,
        ca_file: Some(ca_file.to_str().unwrap().to_owned()),
        helo: Some(helo.to_owned()),
        user: Some("robot".into()),
        password: Some(Secret::new("password".into())),
        from: "Example Corp <security@example.com>".into(),
        to: "ada@example.com".into(),
        subject: "Example Corp: login code for host".into(),
        text: Secret::new("123456 is your Example Corp login code (7F) for host. It expires in 10 minutes.\n".into()),
    };
    let expires_at = "2026-11-24T12:10:00Z".into();
    Send { id: "BENCH".into(), attempt: 1, deadline_ms: 20_000, expires_at, mail: Some(mail), sms: None }
}

#[expect(clippy::disallowed_methods, reason = "a stopwatch")]
fn time(stream: &mut UnixStream, send: &Send) -> Duration {
    let frame = encode_call(SEND, send, More::No).unwrap();
    let begun = Instant::now();
    write_frame(stream, &frame).unwrap();
    let mut buffer = FrameBuffer::new();
    let mut chunk = [0; 4096];
    let reply = loop {
        if let Some(reply) = buffer.next_frame() {
            break reply;
        }
        let read = stream.read(&mut chunk).unwrap();
        assert_ne!(read, 0, "the courier closed");
        buffer.push(chunk.get(..read).unwrap()).unwrap();
    };
    let taken = begun.elapsed();
    let sent: Sent = decode_reply(&reply).unwrap().parameters().unwrap();
    assert_eq!(sent.outcome.unwrap().class, Class::Accepted);
    taken
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |hundredth: usize| {
        let place = times.len().saturating_sub(1).saturating_mul(hundredth).div_euclid(100);
        times.get(place).map(|time| time.as_micros()).unwrap_or_default()
    };
    let line = format!("Send to accepted, {what}: min {} µs, median {} µs, p99 {} µs\n", at(0), at(50), at(99));
    std::io::stdout().write_all(line.as_bytes()).unwrap();
}
