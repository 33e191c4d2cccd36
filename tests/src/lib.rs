//! Being built.
pub mod fake_daemon;
pub mod libpam;

pub mod smtp;
