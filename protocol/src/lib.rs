//! What crosses the sockets of pam-2fa: NUL-framed Varlink, its limits, and the typed messages of each interface.
//!
//! Everything here is data. The crate does no I/O beyond `Read` and `Write`, resolves nothing, decides nothing, and logs
//! nothing: it is linked into the module, which lives in other people's processes.
//!
//! Each socket speaks one interface, described by a file in `varlink/`, and answers `org.varlink.service` beside it.

#![forbid(unsafe_code)]

pub mod admin;
pub mod break_glass;
pub mod courier;
pub mod frame;
pub mod generation;
pub mod login;
pub mod own;
pub mod sandbox;
pub mod secret;
pub mod service;
pub mod status;
pub mod wire;

pub use frame::{FrameBuffer, FrameError, MAX_FRAME};
pub use secret::Secret;
pub use wire::{Continues, IncomingCall, IncomingReply, More, WireError};
