//! The product as its users meet it: a real sshd, a real Postfix, both daemons, the module, and someone at a terminal.
//!
//! What is here sets the stage and reads what happened; the promises are in `tests/`. Everything that starts a server runs as
//! root inside `tests/ns/enter` and nowhere else ([`ns::require`]).

pub mod app;
pub mod break_glass;
pub mod cockpit;
pub mod daemon;
pub mod fake_daemon;
pub mod greetd;
pub mod host;
pub mod kannel;
pub mod libpam;
pub mod mailbox;
pub mod ns;
pub mod picture;
pub mod programs;
pub mod setup;
pub mod sms_gateway;
#[cfg(feature = "smtp")]
pub mod smtp;
pub mod ssh;
pub mod terminal;
pub mod trust;
pub mod varlink;
pub mod wait;
pub mod window;
pub mod world;
