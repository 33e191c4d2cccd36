//! Remembered devices as they are kept (rule 9): what one is known by, since when it is trusted, and what ends that. Decides
//! nothing: whether a kept device is trusted at a login is [`crate::login::device`]'s to say.

use super::{Bucket, Proof, UserKey};
use crate::clock::Moment;
use crate::limits::TryLimits;
use pam_2fa_protocol::admin::LastLogin;

/// What a device is revoked by: eight characters, other ones each time it is remembered anew.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeviceId(pub String);

/// What a device is known by, of a user.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeviceKey {
    /// The class of service: `ssh`, `desktop`, `web`, `elevate`.
    pub class: String,
    /// SHA-256 over all that it is known by.
    pub identity: [u8; 32],
}

/// Why a device is good for nothing any more, until a code is given from it again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Its time is up.
    Expired,
    /// The user's password was changed.
    Password,
    /// An address, the verification of one, or when the user is asked, was changed.
    Record,
    /// `[policy]`, `[trust]` or `[services]` were changed.
    Policy,
    /// It was an elevation in a session of an earlier boot.
    Reboot,
    /// Wrong codes disabled the user's authenticator.
    Lock,
    /// The user was asked whether to remember it, and did not say yes.
    Declined,
    /// An older copy of the store was put in its place.
    Restored,
    /// It was remembered in a time that has not come: the clock had run ahead.
    Clock,
}

impl Ended {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Expired,
        Self::Password,
        Self::Record,
        Self::Policy,
        Self::Reboot,
        Self::Lock,
        Self::Declined,
        Self::Restored,
        Self::Clock,
    ];

    /// The word in the store and in `device list`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Password => "password changed",
            Self::Record => "user changed",
            Self::Policy => "settings changed",
            Self::Reboot => "rebooted",
            Self::Lock => "locked",
            Self::Declined => "declined",
            Self::Restored => "store restored",
            Self::Clock => "clock set back",
        }
    }

    /// The inverse of [`Ended::word`].
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ended| ended.word() == word)
    }
}

/// A device as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptDevice {
    /// Its id.
    pub id: DeviceId,
    /// Whose.
    pub user: UserKey,
    /// What it is known by.
    pub key: DeviceKey,
    /// What it is known by, as a person reads it.
    pub label: String,
    /// When a code was first given from it, seconds since 1970.
    pub first_s: i64,
    /// When it was used last, seconds since 1970.
    pub last_s: i64,
    /// From where: `local`, or an address.
    pub last_from: String,
    /// When the code was given that its trust comes from.
    pub given: Moment,
    /// How long it is trusted from then on, seconds.
    pub lifetime_s: u64,
    /// The stamp of the password at that time; none where it could not be seen.
    pub stamp: Option<String>,
    /// The generation of the settings since which policy had been what it was then.
    pub policy: i64,
    /// Why it has ended.
    pub ended: Option<Ended>,
}

/// A device to be remembered with the code that is used ([`super::Consume`]), from then on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remember {
    /// The id that it gets.
    pub id: DeviceId,
    /// What it is known by.
    pub key: DeviceKey,
    /// The same as a person reads it.
    pub label: String,
    /// From where it is used.
    pub from: String,
    /// How long it is trusted, seconds.
    pub lifetime_s: u64,
    /// The stamp of the password.
    pub stamp: Option<String>,
    /// The generation of the settings since which policy is what it is.
    pub policy: i64,
}

/// A device whose user was asked, and said yes: the code before is used already.
#[derive(Debug, Clone)]
pub struct RememberDevice {
    /// Whose.
    pub user: UserKey,
    /// Which.
    pub remember: Remember,
    /// What the code proved: it must be the user's still.
    pub proof: Proof,
    /// From which bucket the code was tried: it must not have been disabled since.
    pub bucket: Bucket,
    /// The limits in force.
    pub limits: TryLimits,
    /// Now.
    pub now: Moment,
}

/// A login from a device that is trusted.
#[derive(Debug, Clone)]
pub struct UseDevice {
    /// Whose.
    pub user: UserKey,
    /// Which.
    pub id: DeviceId,
    /// From where.
    pub from: String,
    /// The stamp of the password with which this login began: devices that were remembered under another end.
    pub stamp: Option<String>,
    /// Kept as the user's last login.
    pub login: LastLogin,
    /// Now.
    pub now: Moment,
}

/// What a login saw that ends trust.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EndDevices {
    /// This one.
    One {
        /// Which.
        id: DeviceId,
        /// Why.
        why: Ended,
    },
    /// All of a user's that were remembered under another password than the one of this stamp.
    Password {
        /// Whose.
        user: UserKey,
        /// The stamp of today.
        stamp: String,
    },
}

/// What an administrator takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoke {
    /// These, all or none.
    Ids(Vec<DeviceId>),
    /// All of the records of this name.
    User(String),
    /// These, where they are this user's; all or none.
    Own {
        /// Whose.
        user: UserKey,
        /// Which.
        ids: Vec<DeviceId>,
    },
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revoked {
    /// These are gone.
    Done(Vec<KeptDevice>),
    /// There is none with this id, and nothing was done.
    NotThere(DeviceId),
}
