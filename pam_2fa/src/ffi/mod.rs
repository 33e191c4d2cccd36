//! The edge to C: libpam, the kernel's sockets, the shadow database, one file. The only `unsafe` of the workspace.
//!
//! Each file gives the rest of the crate a safe surface. Nothing is decided here.

pub(crate) mod entry;
pub(crate) mod file;
mod memory;
pub(crate) mod pam;
pub(crate) mod process;
pub(crate) mod shadow;
pub(crate) mod socket;
mod unwind;
