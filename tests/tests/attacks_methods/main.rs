//! What attackers tried on methods, enrolment and `pam-2fa me`, and must go on failing at: the user's own malware at self.sock,
//! somebody who knows the password, another user of the host, somebody who had a code a moment before it was taken away. Each of
//! these was tried by hand first.

#![expect(clippy::unwrap_used, reason = "a stage that cannot be set fails the test")]

mod common;
mod enrolment;
mod files;
mod kills;
mod messages;
mod noise;
mod own;
mod stale;
