//! Being built.

pub mod smtp;
