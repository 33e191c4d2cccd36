//! A bad day, and the way back from it by the real command (docs/when-it-fails.md): whatever is lost or damaged denies, says what to
//! do, and when that was done the same user logs in again.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

mod common;
mod disk;
mod key;
mod settings;
mod store;
