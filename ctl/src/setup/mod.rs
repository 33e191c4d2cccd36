//! `pam-2fa setup`: the Setup window, full screen. What is edited is a text of settings (`draft`); nothing is written before it is saved.
//!
//! | file | |
//! |---|---|
//! | `words` | every text on the screen, by id, in the administrator's language |
//! | `theme` | sixteen colours, or none |
//! | `jobs` | what the daemon is asked beside the window, each on a thread of its own |
//! | `save` | the new file in the place of the old one, and taken over; or nothing |
//! | `merge` | what was changed here, on top of what others have changed meanwhile |

#[cfg(test)]
mod fake;
pub(crate) mod jobs;
pub(crate) mod merge;
pub(crate) mod save;
pub(crate) mod theme;
pub(crate) mod words;
