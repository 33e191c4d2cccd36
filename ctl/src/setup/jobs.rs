//! What the daemon is asked beside the window: each on a thread of its own with a connection of its own, so that the window never waits.
//! It draws nothing.

use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{Channel, Device, User, UserSet};
use pam_2fa_protocol::courier::Outcome;

/// What is asked.
#[derive(Debug)]
pub(crate) enum Job {
    /// Whether configd answers, and what it is: asked again and again.
    Health,
    /// A message, by settings that may not be saved yet (`pam_2fa_settings::sending`).
    TestEmail {
        to: String,
        settings: Secret,
    },
    /// The same by text message.
    TestSms {
        to: String,
        settings: Secret,
    },
    /// A secret of the settings is shown; the log has who looked.
    OpenSecret {
        key: String,
        sealed: String,
    },
    /// All records.
    Users,
    /// One, with its devices.
    User {
        name: String,
    },
    /// A record is changed.
    UserSet(UserSet),
    UserInvite {
        name: String,
    },
    UserUnlock {
        name: String,
    },
    UserReset {
        name: String,
    },
    UserDisable {
        name: String,
    },
    DeviceRevoke {
        ids: Vec<String>,
    },
    /// A code to an address of the record, to be read out by its owner.
    VerifyBegin {
        name: String,
        channel: Channel,
    },
    VerifyFinish {
        name: String,
        channel: Channel,
        code: Secret,
    },
}

/// What is answered. An error is a line for a person.
#[derive(Debug)]
pub(crate) enum Told {
    /// configd answers, is that release, and what is unhealthy; or does not.
    Health(Result<Vec<String>, String>),
    /// A step of a test.
    Step(String),
    /// A test has ended: the outcome, in words where it is no success.
    Tested(Channel, Result<Outcome, String>),
    Secret(String, Result<Secret, String>),
    Users(Result<Vec<User>, String>),
    User(Box<Result<(User, Vec<Device>), String>>),
    /// What was done to a user, in words for the line at the bottom; then the record is asked for again.
    Done(String, Result<Vec<String>, String>),
    /// An invitation code, shown once.
    Invited(String, Result<Secret, String>),
    /// A code is on its way, with its tag.
    VerifySent(String, Result<String, String>),
}
