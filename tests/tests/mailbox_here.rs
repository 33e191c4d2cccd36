//! An address whose mail is read on this host is taken, and the administrator is told that it is no second factor there. The
//! Postfix of these namespaces is the host's own, so everybody's mailbox in these tests is such a one.

#![expect(clippy::expect_used, reason = "a stage that cannot be set fails the test")]

use e2e::mailbox;
use e2e::terminal::Terminal;
use e2e::world::{Plan, World, text_of};
use std::fs;
use std::net::UdpSocket;
use std::process::Output;
use std::sync::mpsc::channel;
use std::time::Duration;

/// Gives a user an address that an administrator vouches for; all that the command said.
fn set(world: &World, name: &str, address: &str, more: &[&str]) -> Output {
    let words = [&["user", "set", name, "--email", address, "--trusted"], more].concat();
    let out = world.command(&words);
    assert!(out.status.success(), "{words:?}: {}", text_of(&out));
    out
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_mailbox_that_postfix_delivers_here_is_taken_and_said_to_be_no_second_factor() {
    let world = Plan::default().start();
    let ada = world.stranger("ada");
    let warning = format!("{} is read on this host (its Postfix delivers mail for example.test)", ada.email);
    let out = set(&world, &ada.host.name, &ada.email, &[]);
    let said = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(said.starts_with(&format!("pam-2fa: {warning}")) && said.contains("no second factor"), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");

    let path = |path: &std::path::Path| path.to_str().expect("a path in UTF-8").to_owned();
    let places =
        [String::from("--runtime-dir"), path(&world.path("run")), String::from("--config"), path(&world.config_file())];
    let words = ["user", "verify", &ada.host.name, "email"].map(str::to_owned);
    let mut verify = Terminal::open("/usr/sbin/pam-2fa", &[&places[..], &words].concat());
    verify.wait_for("Code from the message");
    verify.type_line(&mailbox::wait_for(&ada.email, 1).code());
    verify.wait_for(&warning);
    assert!(verify.wait_for_end().success(), "{}", verify.text());

    // This host by its name, and by an address that a name leads to.
    let of_host = set(&world, &ada.host.name, "ada@host.example.test", &["--json"]);
    let shown = String::from_utf8_lossy(&of_host.stdout).into_owned();
    assert!(
        shown.contains("(host.example.test is its own name)") && of_host.stderr.is_empty(),
        "{}",
        text_of(&of_host)
    );
    let of_mail = text_of(&set(&world, &ada.host.name, "ada@mail.example.test", &[]));
    let leads =
        |address: &str| of_mail.contains(&format!("(mail for mail.example.test goes to mail.example.test, {address})"));
    assert!(leads("127.0.0.1") || leads("::1"), "{of_mail}");
}

/// A name server on loopback that takes questions and answers with what `script` makes of them. Only addresses outside of
/// example.test are asked of it: what Postfix delivers is known without it.
fn name_server(address: &str, script: impl Fn(&[u8]) -> Option<Vec<u8>> + Send + 'static) {
    let socket = UdpSocket::bind((address, 53)).expect("bind a name server");
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((length, client)) = socket.recv_from(&mut buffer) {
            if let Some(answer) = script(buffer.get(..length).unwrap_or_default()) {
                let _ = socket.send_to(&answer, client);
            }
        }
    });
    fs::write("/etc/resolv.conf", format!("nameserver {address}\n")).expect("write resolv.conf");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_domain_whose_mx_is_this_host_is_seen_and_a_silent_name_server_holds_nobody_up() {
    let world = Plan::default().start();
    let ada = world.stranger("ada");
    // MX 10: host.example.test, which /etc/hosts has as 127.0.0.1. Other tests look up names at the same time.
    name_server("127.0.0.53", |question| {
        let (head, asked) = (question.get(..2)?, question.get(12..)?);
        if !asked.starts_with(b"\x09elsewhere\x07example\x00") {
            return Some([head, b"\x81\x83\x00\x01\x00\x00\x00\x00\x00\x00", asked].concat());
        }
        let record = b"\xc0\x0c\x00\x0f\x00\x01\x00\x00\x00\x3c\x00\x15\x00\x0a\x04host\x07example\x04test\x00";
        Some([head, b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00", asked, record].concat())
    });
    let here = text_of(&set(&world, &ada.host.name, "ada@elsewhere.example", &[]));
    assert!(here.contains("(mail for elsewhere.example goes to host.example.test, 127.0.0.1)"), "{here}");

    name_server("127.0.0.54", |_| None);
    let (done, ended) = channel();
    std::thread::scope(|scope| {
        scope.spawn(|| done.send(text_of(&set(&world, &ada.host.name, "ada@silent.example", &[]))));
        // Three seconds are the promise; the rest is this machine's, with other tests at work.
        let said = ended.recv_timeout(Duration::from_secs(8)).expect("an end of the command in time");
        assert!(said.contains("where mail for silent.example goes could not be looked up"), "{said}");
    });
    fs::write("/etc/resolv.conf", "").expect("write resolv.conf");
}
