//! `pam-2fa backup FILE` and `pam-2fa restore FILE`: the store, the settings and what stands beside them, in one file under a passphrase.
//!
//! | file | |
//! |---|---|
//! | [`pieces`] | what stands in such a file, written and read piece by piece |
//! | [`make`] | a backup |
//! | [`put_back`] | all of it checked, then back in its place |
//! | [`etc`] | the files beside the settings that belong to it |
//!
//! Nothing is written before all that is to be read was read, and what is replaced keeps another name.

mod etc;
mod make;
mod pieces;
mod put_back;

pub(crate) use make::backup;
pub(crate) use put_back::{Wanted, restore};
