//! configd: the daemon that decides. It owns settings, secrets, users and challenges, and has no network.
//!
//! Read `login/mod.rs` first: it is the way of a login, in the order in which a login passes it.

#![forbid(unsafe_code)]

pub mod clock;
pub mod limits;
pub mod random;
pub mod seal;
pub mod store;
