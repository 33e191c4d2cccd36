//! The edge to C: libpam, the kernel's sockets, the shadow database. The only `unsafe` of the workspace.
//!
//! Each file gives the rest of the crate a safe surface. Nothing is decided here.

pub(crate) mod entry;
mod memory;
pub(crate) mod pam;
pub(crate) mod process;
pub(crate) mod shadow;
pub(crate) mod socket;
