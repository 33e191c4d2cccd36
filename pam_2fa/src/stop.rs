//! Why a login ended without a verdict: what happened, and what to do. Never a reason to let anybody in.

use pam_2fa_protocol::{FrameError, WireError};
use std::fmt;
use std::io;

use crate::options::OptionError;
use crate::verdict::Outcome;

/// An end that no verdict stands behind.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The clock cannot be read, so nothing could be bounded.
    Clock,
    /// A call of the kernel failed: which, and how.
    System(&'static str, io::Error),
    /// Nothing was heard in time.
    TimedOut,
    /// The peer of the socket is neither root nor this process's own user. Nothing was sent.
    ForeignPeer(u32),
    /// The daemon closed the connection.
    Closed,
    /// More than a frame may hold came without an end.
    Frame(FrameError),
    /// What came is not a message of the interface.
    NotAMessage(WireError),
    /// A message could not be written.
    CannotWrite(WireError),
    /// Bytes that nobody asked for.
    OutOfTurn,
    /// A step with both a question and a verdict, or neither.
    NoSingleStep,
    /// The daemon has no key, no store or no settings.
    Sealed,
    /// The daemon does not let this process ask for this user.
    NotPermitted,
    /// Module and daemon are of releases too far apart.
    Version,
    /// Another error of the daemon, by name.
    Daemon(String),
    /// A verdict of a release that this module does not know.
    UnknownVerdict,
    /// More questions than a login may have.
    TooManyPrompts,
    /// An option of the PAM line is wrong.
    Option(OptionError),
    /// `PAM_USER` is not set.
    NoUser,
    /// An item, or all together, does not fit a frame, or is not text.
    Item(&'static str, ItemFlaw),
    /// A prompt was not answered by a person.
    Unanswered(Unanswered),
}

/// What is wrong with an item of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemFlaw {
    /// libpam does not hand it out.
    Unreadable,
    /// Longer than a frame.
    TooLong,
    /// Not UTF-8.
    NotText,
}

/// Why what came back from a prompt is not an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// The host has no conversation, or it failed.
    CannotAsk,
    /// It succeeded and returned nothing.
    Nothing,
    /// A control character: sshd's junk for a user who may not log in.
    Junk,
    /// Longer than any answer.
    TooLong,
    /// It is the password: the host or the client answers by itself.
    Password,
}

impl Stop {
    /// What the login ends as.
    ///
    /// What a caller can bring about by what it sends (names, answers, options) is *denied*; what only the daemon or the system
    /// can bring about is *unavailable*. The difference counts where an administrator lets `authinfo_unavail` pass: an over-long
    /// host name must not become a way through that gate, and neither must a misspelt option.
    pub(crate) fn outcome(&self) -> Outcome {
        match self {
            Self::Clock
            | Self::System(..)
            | Self::TimedOut
            | Self::ForeignPeer(_)
            | Self::Closed
            | Self::Frame(_)
            | Self::NotAMessage(_)
            | Self::CannotWrite(_)
            | Self::OutOfTurn
            | Self::NoSingleStep
            | Self::Sealed
            | Self::NotPermitted
            | Self::Version
            | Self::Daemon(_) => Outcome::Unavailable,
            Self::UnknownVerdict
            | Self::TooManyPrompts
            | Self::Option(_)
            | Self::NoUser
            | Self::Item(..)
            | Self::Unanswered(_) => Outcome::Denied,
        }
    }

    /// Whether there is nobody who could check a code: no daemon, one that gives no frame, or one that is sealed. After any other end
    /// somebody has decided, or could have, or it is this process that cannot ask. `begun`: there was a first step; then a store without
    /// space for what was typed is the only such end.
    pub(crate) fn is_nobody_there(&self, begun: bool) -> bool {
        use io::ErrorKind::{BrokenPipe, ConnectionRefused, ConnectionReset, NotFound};
        match self {
            Self::System(_, error) => {
                !begun && matches!(error.kind(), NotFound | ConnectionRefused | ConnectionReset | BrokenPipe)
            }
            Self::TimedOut | Self::Closed => !begun,
            Self::Sealed => true,
            Self::ForeignPeer(_)
            | Self::Clock
            | Self::Frame(_)
            | Self::NotAMessage(_)
            | Self::CannotWrite(_)
            | Self::OutOfTurn
            | Self::NoSingleStep
            | Self::NotPermitted
            | Self::Version
            | Self::Daemon(_)
            | Self::UnknownVerdict
            | Self::TooManyPrompts
            | Self::Option(_)
            | Self::NoUser
            | Self::Item(..)
            | Self::Unanswered(_) => false,
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Clock => f.write_str("the monotonic clock cannot be read"),
            Self::System(call, error) => write!(f, "{call}: {error}; is pam-2fa-configd running?"),
            Self::TimedOut => f.write_str("the daemon did not answer in time; see its log, or raise timeout="),
            Self::ForeignPeer(uid) => {
                write!(f, "the socket belongs to uid {uid}, which is neither root nor this process's user; nothing was sent")
            }
            Self::Closed => f.write_str("the daemon closed the connection; see its log"),
            Self::Frame(error) => write!(f, "from the daemon: {error}"),
            Self::NotAMessage(error) => write!(f, "from the daemon: {error}; are module and daemon of one release?"),
            Self::CannotWrite(error) => write!(f, "a message cannot be written: {error}"),
            Self::OutOfTurn => f.write_str("the daemon sent what nobody asked for"),
            Self::NoSingleStep => {
                f.write_str("the daemon's step must have a question or a verdict, and not both; are module and daemon of one release?")
            }
            Self::Sealed => f.write_str("the daemon is sealed (no key, store or settings); `pam-2fa status` says why"),
            Self::NotPermitted => f.write_str("the daemon does not let this process ask for this user"),
            Self::Version => write!(
                f,
                "the daemon does not speak version {} of the protocol, which is this module's; restart pam-2fa-configd after an upgrade",
                pam_2fa_protocol::login::VERSION
            ),
            Self::Daemon(name) => write!(f, "the daemon answered with the error {name}"),
            Self::UnknownVerdict => {
                f.write_str("the daemon gave a verdict that this module does not know; are module and daemon of one release?")
            }
            Self::TooManyPrompts => f.write_str("the daemon asked more questions than one login may have"),
            Self::Option(error) => error.fmt(f),
            Self::NoUser => f.write_str("the host did not say who logs in (PAM_USER), and this module never asks"),
            Self::Item(name, ItemFlaw::Unreadable) => write!(f, "{name} cannot be read"),
            Self::Item(name, ItemFlaw::TooLong) => write!(f, "{name} is too long"),
            Self::Item(name, ItemFlaw::NotText) => write!(f, "{name} is not UTF-8"),
            Self::Unanswered(why) => why.fmt(f),
        }
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CannotAsk => {
                "the host could not ask; for sshd set KbdInteractiveAuthentication yes and PasswordAuthentication no"
            }
            Self::Nothing => "the prompt came back without an answer",
            Self::Junk => {
                "the answer holds control characters, as sshd makes it for a user who may not log in; not sent"
            }
            Self::TooLong => "the answer is too long; not sent",
            Self::Password => {
                "the answer is the password, so a program gave it; not sent; for sshd set PasswordAuthentication no"
            }
        })
    }
}

impl std::error::Error for Stop {}

impl From<FrameError> for Stop {
    fn from(error: FrameError) -> Self {
        Self::Frame(error)
    }
}

impl From<OptionError> for Stop {
    fn from(error: OptionError) -> Self {
        Self::Option(error)
    }
}

impl From<Unanswered> for Stop {
    fn from(why: Unanswered) -> Self {
        Self::Unanswered(why)
    }
}
