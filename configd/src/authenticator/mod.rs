//! What a person proves a login with, besides a code that is sent: how each is made, written for people, and recognised.
//!
//! | file | |
//! |---|---|
//! | [`totp`] | an authenticator app: its key, the `otpauth` link, and the codes of RFC 6238 |
//! | [`qr`] | that link as a square to scan, drawn with letters |
//! | [`long`] | long codes, typed once: recovery codes, invitations, grants |
//!
//! All of it is pure: time and randomness are handed in, nothing is kept, nobody is let in here.

pub mod long;
pub mod qr;
pub mod totp;

pub use long::{LongCode, LongCodeMac, LongUse};
pub use qr::{Letters, draw};
pub use totp::{AppKey, AppKeyError, Back};
