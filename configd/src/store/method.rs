//! What a user can prove with besides the addresses of the record: an authenticator app, recovery codes, an administrator's one-time
//! codes. As they are kept: sealed or as MACs. Decides nothing.

use super::{Authenticator, SourceText, UserKey};
use crate::clock::Moment;
use crate::limits::Counts;
use pam_2fa_protocol::admin::{Channel, LastLogin, Method};

/// An authenticator app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptApp {
    /// Another one each time an app is enrolled.
    pub id: String,
    /// The key, sealed under a name that holds the user and the id.
    pub sealed: String,
    /// The last time step that was used; 0: none.
    pub last_step: i64,
    /// When it was enrolled, seconds since 1970.
    pub made_s: i64,
}

/// What an administrator's one-time code is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassKind {
    /// To enrol a first method.
    Invitation,
    /// To log in once.
    Grant,
}

impl PassKind {
    /// The word in the store, in MACs and in the log.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Invitation => "invitation",
            Self::Grant => "grant",
        }
    }
}

/// Grants that are open for one user at once; with one more the oldest is over.
pub const MOST_GRANTS: usize = 16;

/// The id of a one-time code of an administrator, for the log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PassId(pub String);

/// A one-time code of an administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptPass {
    /// Its id.
    pub id: PassId,
    /// What it is for.
    pub kind: PassKind,
    /// Whose.
    pub user: UserKey,
    /// HMAC-SHA-256 of the code under a derived key, bound to user and kind.
    pub mac: [u8; 32],
    /// When it was made, seconds since 1970.
    pub made_s: i64,
    /// Until when it is good for anything, seconds since 1970.
    pub until_s: i64,
    /// A grant: from this address alone.
    pub origin: Option<String>,
    /// A grant: for this PAM service alone.
    pub service: Option<String>,
    /// Why it was given.
    pub reason: String,
}

/// All of a user's.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Methods {
    /// The app.
    pub app: Option<KeptApp>,
    /// MACs of the recovery codes that are left.
    pub recovery: Vec<[u8; 32]>,
    /// Invitations and grants that are not over, oldest first.
    pub passes: Vec<KeptPass>,
    /// What is asked for first.
    pub prefers: Option<Method>,
    /// An administrator shut the user out, at that second since 1970.
    pub disabled_s: Option<i64>,
}

/// What an administrator sees of a user beside the record; one read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// What there is to prove with.
    pub methods: Methods,
    /// Failures and waits of each.
    pub counts: Vec<(Authenticator, Counts)>,
}

/// What a right answer was, so that it can be marked used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The code of a message to this address, which must be the record's still, and verified: a code in a mailbox that was the
    /// user's a moment ago is worth nothing.
    Message {
        /// [`Authenticator::Email`] or [`Authenticator::Sms`].
        of: Authenticator,
        /// The address.
        address: String,
    },
    /// The code of the app for this time step.
    App {
        /// Which app.
        id: String,
        /// Greater than any that was used.
        step: i64,
    },
    /// A recovery code.
    Recovery {
        /// Its MAC.
        mac: [u8; 32],
    },
    /// An administrator's grant.
    Grant {
        /// Which.
        id: PassId,
    },
}

impl Proof {
    /// What is charged and limited for it. An administrator's codes are of the form of recovery codes, and share their limits.
    #[must_use]
    pub fn authenticator(&self) -> Authenticator {
        match self {
            Self::Message { of, .. } => *of,
            Self::App { .. } => Authenticator::App,
            Self::Recovery { .. } | Self::Grant { .. } => Authenticator::Recovery,
        }
    }
}

/// An app about to be enrolled, once it has given one right code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApp {
    /// Its id.
    pub id: String,
    /// Its key, sealed.
    pub sealed: String,
    /// The time step of the code that it gave: used.
    pub step: i64,
}

/// Methods that were proven, kept in one commit with everything that goes with it: all or nothing.
#[derive(Debug, Clone)]
pub struct Enrol {
    /// Whose; a record is made where there is none.
    pub user: UserKey,
    /// An address that gave its code back: verified from now on, in the place of another one of the same channel.
    pub address: Option<(Channel, String)>,
    /// An app, in the place of another one.
    pub app: Option<NewApp>,
    /// The MACs of new recovery codes, in the place of all older ones.
    pub recovery: Option<Vec<[u8; 32]>>,
    /// Whether it is the first method of a user who has none.
    pub first: First,
    /// Kept as the user's last login, where the enrolment is one, and the source as known.
    pub login: Option<(LastLogin, SourceText)>,
    /// One address is one user's.
    pub unique: bool,
    /// Now.
    pub now: Moment,
}

/// What allows an enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum First {
    /// The user has a method, and has just proven it. It must be the user's still in the commit: what an administrator has taken away
    /// meanwhile proves nothing any more.
    Further(Proof),
    /// The user has just used up a recovery code, perhaps the last thing there was. Nothing of the user may have been changed since.
    Recovered,
    /// The user has none (looked at again in the commit), and the settings or a local console allow it.
    Allowed,
    /// The user has none, and this invitation is used up with it.
    Invited(PassId),
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enrolled {
    /// All of it is on disk.
    Done {
        /// The address that it took the place of, if it was verified.
        before: Option<String>,
    },
    /// The address is another user's; nothing was kept.
    AddressInUse(UserKey),
    /// The invitation is used or over, or the user has a method meanwhile, or the record is somebody else's; nothing was kept.
    NotAllowed,
}
