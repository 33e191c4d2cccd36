//! Email: one message to one submission server, and what became of it.
//!
//! Must never send a password over a connection that is neither verified TLS nor loopback, never fall back to plain text,
//! never call a message accepted for anything but a 250 to its final dot, and never use a connection again whose last send
//! did not end well.
//!
//! [`message`] renders; [`resolve`] and [`connect`] reach the server, with [`tls`] for its certificate and [`wire`] watching
//! every byte; [`session`] speaks SMTP over it; [`pool`] keeps it for a minute; [`outcome`] puts the end into a class.
//!
//! SMTP itself is lettre's, on a stream of ours, because as it ships lettre (0.11.23)
//! - returns a connection to its pool as healthy when a send was cancelled, so that the next mail reads the old reply: a
//!   false "accepted";
//! - keeps plaintext that was read before the handshake of its `starttls()`, so that capabilities can be injected;
//! - takes a 3xx for success where 250 is due, and reads a line without an end into memory without bound;
//! - never sets `TCP_NODELAY`: 44 ms a mail.
//!
//! `tests/lettre.rs` reproduces each and shows that it does not happen here.

pub mod connect;
pub mod deadline;
pub mod deliver;
pub mod failure;
pub mod message;
pub mod outcome;
pub mod pool;
pub mod resolve;
pub mod session;
pub mod tls;
pub mod wire;

pub use deliver::Email;
pub use failure::{Failure, Stage};
