//! Text messages by SMPP through the courier as it serves: to a message centre that others wrote (`others`), and to one that plays
//! faults (`faults`).

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "the tests' own helpers")]

mod centre;
#[path = "../common/mod.rs"]
mod common;
mod faults;
mod faulty;
mod others;

use common::daemon::Daemon;
use common::texts::{self, text};
use pam_2fa_protocol::courier::{Class, Outcome, Reason, Text};
use std::net::SocketAddr;

/// The password that a centre takes.
const PASSWORD: &str = "s3cr3t";
const ACCEPTED: (Class, Option<Reason>) = (Class::Accepted, None);
/// Certainly not sent: nobody was asked to take anything.
const NOT_SENT: (Class, Option<Reason>) = (Class::Temporary, Some(Reason::Unreachable));

/// A text to a centre on loopback, without TLS, with these fields of the account beside what is needed.
fn to(centre: SocketAddr, others: &[(&str, &str)]) -> Text {
    let port = centre.port().to_string();
    let needed = [
        ("host", "127.0.0.1"),
        ("port", port.as_str()),
        ("system_id", "robot"),
        ("password", PASSWORD),
        ("tls", "false"),
    ];
    let fields = needed.into_iter().filter(|(key, _)| !others.iter().any(|(other, _)| other == key));
    text("smpp", &fields.chain(others.iter().copied()).collect::<Vec<_>>())
}

#[track_caller]
fn assert_discreet(daemon: &Daemon, steps: &[String], outcome: &Outcome) {
    texts::assert_discreet(daemon, steps, outcome, PASSWORD);
}
