//! Text messages: one message to one provider, as the provider's file says, and what became of it.
//!
//! Must never call a message accepted whose reply does not hold what the file asks for, never send in the clear but to an
//! address that no public network routes, never follow a redirect, never take a proxy or anything else from the environment, and
//! never show or log a field of the account, the text or the code.
//!
//! [`shelf`] finds the provider's file; [`account`] and [`values`] are what can stand in it. Over HTTP [`fill`] makes the request of both
//! and [`sign`] signs it; [`target`] says where it may go, [`exchange`] sends it and reads the reply, [`verdict`] says what that means.
//! [`smpp`] is the way to a message centre. What wants more of this host than the courier may have goes by [`relay`]. [`failure`] puts the
//! end into a class.

pub mod account;
pub mod deliver;
pub mod exchange;
pub mod failure;
pub mod fill;
pub mod gsm;
pub mod relay;
pub mod shelf;
pub mod sign;
pub mod smpp;
pub mod target;
pub mod values;
pub mod verdict;

pub use deliver::{Accepted, Sms};
pub use failure::Failure;
