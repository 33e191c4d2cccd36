//! Attacks on remembered devices that were tried on the running product, each of which must fail: trust that is stolen, shared, kept
//! alive over what must end it, or used to lock its owner out.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a failed step is a failed test")]
#![allow(clippy::too_many_lines, reason = "a list of attacks is as long as it is")]

mod common;
mod kept_alive;
mod locked_out;
mod odd_input;
mod stolen;
