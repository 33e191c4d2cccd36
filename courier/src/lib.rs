//! The courier of pam-2fa: it carries one rendered message to a mail server or an SMS provider and says, verifiably, what became of it.
//!
//! It is the only part with a network. It must never keep a message, read the settings, or say "yes" to a login: all it
//! knows arrives in one `Send` and is forgotten with the answer, but for an idle connection that is kept for a minute.
//!
//! In the order in which a message passes them: [`serve`] takes the call from configd, [`carry`] looks at what it asks for,
//! [`email`] or [`sms`] delivers it, [`said`] cleans what the other side said. [`start`] is the way from `main` to [`serve`].

#![forbid(unsafe_code)]

pub mod args;
pub mod carry;
pub mod clock;
pub mod email;
pub mod journal;
pub mod privileges;
pub mod said;
pub mod serve;
pub mod sms;
pub mod socket;
pub mod start;
