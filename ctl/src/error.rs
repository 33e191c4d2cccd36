//! Why a command did not do what was asked: each variant is one line (what, where, what to do) and an exit status.

use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Every way to end without having done it.
#[derive(Debug, Error)]
pub(crate) enum Error {
    /// Help was asked for; no error at all, but the end of the command.
    #[error("{0}")]
    Help(String),
    /// Nothing was asked for.
    #[error("{0}")]
    NoVerb(String),
    /// Wrong usage.
    #[error("{0}")]
    Usage(String),
    #[error("this needs root; run it with sudo")]
    NotRoot,
    #[error(
        "this needs root, or a member of the group {group}; run it with sudo, or have root run `usermod -aG {group} NAME` and log in again"
    )]
    NotReader { group: &'static str },
    #[error(
        "configd cannot be reached at {}: {why}; start it with `systemctl start pam-2fa-configd`", .socket.display()
    )]
    Unreachable { socket: PathBuf, why: io::Error },
    #[error(
        "{} was made by uid {uid} and not by root; nothing was sent to it: find out whose it is, then \
         `systemctl restart pam-2fa-configd`", .socket.display()
    )]
    Impostor { socket: PathBuf, uid: u32 },
    #[error("configd did not answer at {} within {seconds} s; see `journalctl -u pam-2fa-configd`", .socket.display())]
    Late { socket: PathBuf, seconds: u64 },
    #[error(
        "configd ended the connection at {} without an answer; see `journalctl -u pam-2fa-configd`", .socket.display()
    )]
    Closed { socket: PathBuf },
    #[error(
        "configd and this command do not understand each other at {} ({why}); they are of two releases: \
         `systemctl restart pam-2fa-configd`", .socket.display()
    )]
    Skew { socket: PathBuf, why: String },
    #[error("configd takes no orders from this process at {}; run it as root of this host", .socket.display())]
    NotPermitted { socket: PathBuf },
    #[error("{0}")]
    NotFound(String),
    /// One line each.
    #[error("{}", .0.join("\n"))]
    Refused(Vec<String>),
    #[error("configd is sealed and denies every login: {0}")]
    Sealed(String),
    /// The message, or its outcome, has been shown already.
    #[error("not sent: {0}")]
    NotSent(String),
    #[error("no code was typed, so nothing has changed; run it again")]
    NoCode,
    #[error("{what} {}: {why}", .path.display())]
    File { what: &'static str, path: PathBuf, why: io::Error },
    #[error("{}: {why}", .path.display())]
    Unfit { path: PathBuf, why: String },
    /// The rows have been shown already.
    #[error("{} wrong in {}; nothing was written", counted_are(*.rows, "row"), .path.display())]
    WrongRows { path: PathBuf, rows: usize },
    #[error(
        "{} wrong in {}, and what stands before line {line} is written; mend the file and give it again",
        counted_are(*.rows, "row"), .path.display()
    )]
    PartlyWritten { path: PathBuf, rows: usize, line: u64 },
    /// The findings have been shown already.
    #[error("{} has {}", .path.display(), counted(*.count, "error"))]
    Findings { path: PathBuf, count: usize },
    /// They have been shown already.
    #[error("unhealthy: {}", counted(*.problems, "problem"))]
    Unhealthy { problems: usize },
    #[error("cannot write the answer: {0}")]
    Output(#[from] io::Error),
}

impl Error {
    /// The exit status.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Help(_) => 0,
            Self::NoVerb(_) | Self::Usage(_) => 2,
            Self::Unreachable { .. } | Self::Impostor { .. } | Self::Late { .. } | Self::Closed { .. } => 3,
            Self::NotRoot
            | Self::NotReader { .. }
            | Self::Unhealthy { .. }
            | Self::Skew { .. }
            | Self::NotPermitted { .. }
            | Self::NotFound(_)
            | Self::Refused(_)
            | Self::Sealed(_)
            | Self::NotSent(_)
            | Self::NoCode
            | Self::File { .. }
            | Self::Unfit { .. }
            | Self::WrongRows { .. }
            | Self::PartlyWritten { .. }
            | Self::Findings { .. }
            | Self::Output(_) => 1,
        }
    }

    /// Whether the daemon gave no answer: then nobody knows whether it did what was asked.
    pub(crate) fn is_silence(&self) -> bool {
        self.status() == 3
    }
}

/// `1 row is`, `2 rows are`.
fn counted_are(count: usize, thing: &str) -> String {
    format!("{} {}", counted(count, thing), if count == 1 { "is" } else { "are" })
}

/// `1 error`, `2 errors`.
pub(crate) fn counted(count: usize, thing: &str) -> String {
    if count == 1 { format!("1 {thing}") } else { format!("{count} {thing}s") }
}
