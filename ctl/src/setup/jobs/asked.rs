//! What is asked of configd, and what is answered.

use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{Channel, Device, User, UserSet};
use pam_2fa_protocol::courier::Outcome;

/// What is asked.
#[derive(Debug)]
pub(crate) enum Job {
    /// Whether configd answers, and what is unhealthy: asked again and again for as long as [`Jobs`] live.
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
    /// A secret of the settings is shown; the log has who looked. `sealed` is what stands in the text: one that stands there in plain text
    /// comes back as it is, once the log has it.
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
    /// configd answers, and what is unhealthy (another release than this command's is, too); or does not. Told where it is another than before;
    /// of a daemon that does not answer, once.
    Health(Result<Vec<String>, String>),
    /// A step of a test.
    TestStep(Channel, String),
    /// A test has ended: the outcome, in words where it is no success.
    Tested(Channel, Result<Outcome, String>),
    /// The secret of that key.
    Secret(String, Result<Secret, String>),
    Users(Result<Vec<User>, String>),
    User(Box<Result<(User, Vec<Device>), String>>),
    /// Something was done to that user (of devices that could not be revoked, nobody knows whose they are: empty), and what there is to say of
    /// it; then the record is asked for again.
    Done(String, Result<Vec<String>, String>),
    /// An invitation code of that user's, shown once.
    Invited(String, Result<Secret, String>),
    /// A code is on its way to that user, with its tag.
    VerifySent(String, Result<String, String>),
}
impl Job {
    /// The thread's name: at most 15 bytes are seen (prctl(2), PR_SET_NAME).
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Health => "setup-health",
            Self::TestEmail { .. } | Self::TestSms { .. } => "setup-test",
            Self::OpenSecret { .. } => "setup-secret",
            Self::Users | Self::User { .. } => "setup-users",
            Self::UserSet(_)
            | Self::UserInvite { .. }
            | Self::UserUnlock { .. }
            | Self::UserReset { .. }
            | Self::UserDisable { .. } => "setup-user",
            Self::DeviceRevoke { .. } => "setup-device",
            Self::VerifyBegin { .. } | Self::VerifyFinish { .. } => "setup-verify",
        }
    }

    /// What is told where it did not work.
    pub(super) fn failed(&self) -> Box<dyn FnOnce(String) -> Told + Send> {
        match self {
            Self::Health => Box::new(|why| Told::Health(Err(why))),
            Self::TestEmail { .. } => Box::new(|why| Told::Tested(Channel::Email, Err(why))),
            Self::TestSms { .. } => Box::new(|why| Told::Tested(Channel::Sms, Err(why))),
            Self::OpenSecret { key, .. } => {
                let key = key.clone();
                Box::new(|why| Told::Secret(key, Err(why)))
            }
            Self::Users => Box::new(|why| Told::Users(Err(why))),
            Self::User { .. } => Box::new(|why| Told::User(Box::new(Err(why)))),
            Self::UserInvite { name } => {
                let name = name.clone();
                Box::new(|why| Told::Invited(name, Err(why)))
            }
            Self::VerifyBegin { name, .. } => {
                let name = name.clone();
                Box::new(|why| Told::VerifySent(name, Err(why)))
            }
            Self::DeviceRevoke { .. } => Box::new(|why| Told::Done(String::new(), Err(why))),
            Self::UserSet(UserSet { name, .. })
            | Self::UserUnlock { name }
            | Self::UserReset { name }
            | Self::UserDisable { name }
            | Self::VerifyFinish { name, .. } => {
                let name = name.clone();
                Box::new(|why| Told::Done(name, Err(why)))
            }
        }
    }
}
