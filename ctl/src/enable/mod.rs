//! `pam-2fa enable`: our lines in the stacks of services, so that nobody is locked out and nobody gets by.
//!
//! | file | |
//! |---|---|
//! | `stack` | what libpam makes of a service's files, and where our lines stand in it |

pub mod stack;
