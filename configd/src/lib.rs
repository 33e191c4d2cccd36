//! configd: the daemon that decides. It owns settings, secrets, users and challenges, and has no network.
//!
//! Read `login/mod.rs` first: it is the way of a login, in the order in which a login passes it.

#![forbid(unsafe_code)]

pub mod args;
pub mod authenticator;
pub mod carrier;
pub mod clock;
mod console;
pub mod daemon;
pub mod delivery;
pub mod generation;
pub mod health;
pub mod house;
pub mod limits;
pub mod listen;
pub mod log;
pub mod login;
pub mod membership;
pub mod notice;
pub mod random;
pub mod rules;
pub mod run;
pub mod sandbox;
pub mod seal;
pub mod server;
pub mod settings_file;
pub mod store;
pub mod straight;
pub mod texts;
pub mod trial;
pub mod trouble;
pub mod users;
pub mod verification;
pub mod wire_io;
