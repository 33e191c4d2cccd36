//! `pam-2fa setup`: the Setup window, full screen. What is edited is a text of settings (`draft`); nothing is written before it is saved.
//!
//! | file | |
//! |---|---|
//! | `words` | every text on the screen, by id, in the administrator's language |
//! | `theme` | sixteen colours, or none |
//! | `jobs` | what the daemon is asked beside the window, each on a thread of its own |
//! | `users` | the Users page |

pub(crate) mod jobs;
pub(crate) mod theme;
pub(crate) mod users;
pub(crate) mod words;
