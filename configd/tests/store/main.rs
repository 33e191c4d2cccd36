//! The store and the seal as the daemon uses them: real files, real threads, real crashes.
//!
//! `crash` and `space` start this program again as a child that can be killed or starved.

mod common;
mod operations;
mod races;
mod sending;
