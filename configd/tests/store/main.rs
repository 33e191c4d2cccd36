//! The store and the seal as the daemon uses them: real files, real threads, real crashes.
//!
//! (`cfg(test)` on each room is for the lints: what they allow in tests, they look for it.) `crash` and `space` start this program again as a child that can be killed or starved.

#[cfg(test)]
mod common;
#[cfg(test)]
mod operations;
#[cfg(test)]
mod races;
#[cfg(test)]
mod sending;
