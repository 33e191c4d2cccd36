//! Text messages: one message to one provider over HTTP, as the provider's file says, and what became of it.
//!
//! Must never call a message accepted whose reply does not hold what the file asks for, never send over plain HTTP but to an
//! address that no public network routes, never follow a redirect, never take a proxy or anything else from the environment, and
//! never show or log a field of the account, the text or the code.
//!
//! [`shelf`] finds the provider's file; [`account`] and [`values`] are what can stand in it, [`fill`] makes the request of both; [`target`] says
//! where it may go, [`exchange`] sends it and reads the reply, [`verdict`] says what that means; [`failure`] puts the end into a
//! class. What wants more of this host than the courier may have goes by [`relay`].

pub mod account;
pub mod deliver;
pub mod exchange;
pub mod failure;
pub mod fill;
pub mod gsm;
pub mod relay;
pub mod shelf;
pub mod target;
pub mod values;
pub mod verdict;

pub use deliver::{Accepted, Sms};
pub use failure::Failure;
