//! The courier of pam-2fa: it carries one rendered message to a mail server or an SMS provider and says, verifiably, what became of it.
//!
//! It is the only part with a network. It must never keep a message, read the settings, or say "yes" to a login: all it
//! knows arrives in one `Send` and is forgotten with the answer, but for an idle connection that is kept for a minute.
//!
//! In the order in which a message passes them: [`serve`] takes the call from configd, [`carry`] looks at what it asks for,
//! [`email`] or [`sms`] delivers it, [`said`] cleans what the other side said. [`start`] is the way from `main` to [`serve`].
//!
//! A second program, courier-local, is a courier without a network: it serves the same interface to the courier alone and sends text
//! messages by what the host has, which is [`local`]. [`role`] says what else is different between the two.

#![forbid(unsafe_code)]

pub mod args;
pub mod carry;
pub mod clock;
pub mod email;
pub mod journal;
pub mod local;
pub mod privileges;
pub mod role;
pub mod said;
pub mod sandbox;
pub mod serve;
pub mod sms;
pub mod socket;
pub mod start;
