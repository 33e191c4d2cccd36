//! `pam-2fa setup`: the Setup window, full screen. What is edited is a text of settings (`draft`); nothing is written before it is saved.
//!
//! | file | |
//! |---|---|
//! | `draft` | the settings as they are being changed |
//! | `fields` | which there are |
//! | `form` | how they are edited |
//! | `draw` | the window as it looks, from its state alone |
//! | `window` | what is shown, and which key does what |
//! | `words` | every text on the screen, by id, in the administrator's language |
//! | `theme` | sixteen colours, or none |
//! | `jobs` | what the daemon is asked beside the window, each on a thread of its own |

pub(crate) mod draft;
pub(crate) mod draw;
pub(crate) mod fields;
pub(crate) mod form;
pub(crate) mod jobs;
pub(crate) mod theme;
pub(crate) mod window;
pub(crate) mod words;
