//! Sealing (rule 10): what is kept of secrets is unreadable without the master key, and good only under its own name.
//!
//! | file | |
//! |---|---|
//! | [`opening`] | from a state folder to a [`Vault`], or the reason why the daemon starts sealed |
//! | [`master`] | the one key in a file |
//! | [`keys`] | a key for each purpose, derived from it: sealing, opening, MACs of codes |
//! | `locked` | keys in memory that is not written to swap |
//! | [`rotation`] | another key in the place of the one before |
//! | [`restore`] | a store from a backup in the place of the one there |
//! | [`import`] | the key of a store, put back where it was lost |
//!
//! Never makes a key where there are data, never prints what it holds, and wipes it when it is dropped.

pub mod import;
pub mod keys;
pub(crate) mod locked;
pub mod master;
pub mod opening;
pub mod restore;
pub mod rotation;

pub use import::{ImportError, Imported, import_key, put_key};
pub use keys::{BeforeLost, Keys, SealError};
pub use master::{KeyError, KeyId, MasterKey};
pub use opening::{Found, SealedReason, Start, Vault, key_there, open_vault};
pub use restore::{RestoreError, Was, Wish, clear_pieces, foresee, put, restore};
pub use rotation::{RotateError, Rotated, forget_before, rotate};
