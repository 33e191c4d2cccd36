//! Why a mail was not accepted: what, where in the conversation, and what to do about it. The texts are read by
//! administrators (`pam-2fa test email`) and never hold a password or a code of ours; what the server said is cleaned and
//! masked by whoever shows it.

use super::wire::Reply;
use std::fmt;
use thiserror::Error;

/// How far the conversation has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The name is looked up.
    LookUp,
    /// TCP.
    Connect,
    /// The TLS handshake.
    Encrypt,
    /// The server's first word.
    Greeting,
    /// EHLO.
    Ehlo,
    /// STARTTLS, before the handshake.
    StartTls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    Mail,
    /// RCPT TO.
    Rcpt,
    /// DATA.
    Data,
    /// The message and its final dot. From here on the server may have taken it, whatever happens.
    Content,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LookUp => "the name look-up",
            Self::Connect => "connecting",
            Self::Encrypt => "the TLS handshake",
            Self::Greeting => "the greeting",
            Self::Ehlo => "EHLO",
            Self::StartTls => "STARTTLS",
            Self::Auth => "AUTH",
            Self::Mail => "MAIL FROM",
            Self::Rcpt => "RCPT TO",
            Self::Data => "DATA",
            Self::Content => "the message",
        })
    }
}

/// Why a mail was not accepted.
#[derive(Debug, Error)]
pub enum Failure {
    /// A setting cannot work, with any message.
    #[error("email.{key}: {why}")]
    Setting {
        /// The key below `[email]`.
        key: &'static str,
        /// What is wrong with it and what to do.
        why: String,
    },
    /// The recipient's address cannot be sent to.
    #[error("the recipient's address: {0}")]
    Recipient(String),
    /// The message itself cannot be sent.
    #[error("the message: {0}")]
    Message(String),
    /// The server's name has no address.
    #[error("no address for {server}: {why}")]
    NoAddress {
        /// The name.
        server: String,
        /// The resolver's words.
        why: String,
    },
    /// No address of the server took a connection.
    #[error("cannot connect to {server} port {port}: {why}")]
    NoConnection {
        /// The name.
        server: String,
        /// The port.
        port: u16,
        /// The last error, with its address.
        why: String,
    },
    /// The server's certificate does not prove that it is the server.
    #[error("the certificate of {server} was not accepted: {why}; nothing was sent")]
    Certificate {
        /// The name that the certificate should prove.
        server: String,
        /// rustls' words.
        why: String,
    },
    /// No TLS came about, for another reason than the certificate.
    #[error("no TLS with {server}: {why}; check email.port and email.tls; nothing was sent")]
    Handshake {
        /// The name.
        server: String,
        /// rustls' words.
        why: String,
    },
    /// The server does not offer STARTTLS, or somebody took the offer out.
    #[error("{server} does not offer STARTTLS; without it nothing is sent; use email.tls = \"implicit\" if it can")]
    NoStartTls {
        /// The name.
        server: String,
    },
    /// The server does not offer AUTH PLAIN or LOGIN.
    #[error(
        "{server} offers no AUTH that we speak (PLAIN, LOGIN); check email.port, or leave out email.user and password"
    )]
    NoAuth {
        /// The name.
        server: String,
    },
    /// The server said 4xx or 5xx.
    #[error("{reply} (to {stage})")]
    Refused {
        /// Where.
        stage: Stage,
        /// Its words.
        reply: Reply,
    },
    /// The server said something else than what may come here: it proves nothing.
    #[error("{reply} (to {stage}, where that answer means nothing)")]
    Unexpected {
        /// Where.
        stage: Stage,
        /// Its words.
        reply: Reply,
    },
    /// The connection broke, or what came over it was not SMTP.
    #[error("the connection failed at {stage}: {why}")]
    Broken {
        /// Where.
        stage: Stage,
        /// The error's words.
        why: String,
    },
    /// No answer in time.
    #[error("no answer in time at {stage}")]
    TimedOut {
        /// Where.
        stage: Stage,
    },
}

impl Failure {
    /// Where it happened, if it happened in the conversation.
    #[must_use]
    pub fn stage(&self) -> Option<Stage> {
        match self {
            Self::Refused { stage, .. }
            | Self::Unexpected { stage, .. }
            | Self::Broken { stage, .. }
            | Self::TimedOut { stage } => Some(*stage),
            Self::Setting { .. }
            | Self::Recipient(_)
            | Self::Message(_)
            | Self::NoAddress { .. }
            | Self::NoConnection { .. }
            | Self::Certificate { .. }
            | Self::Handshake { .. }
            | Self::NoStartTls { .. }
            | Self::NoAuth { .. } => None,
        }
    }

    /// Whether a connection that was kept from before turned out to be dead (or was told 421, "closing") before the server
    /// had agreed to anything of this mail. Then, and only then, the same mail may go over a fresh connection at once: no
    /// server can have taken it. Once the final dot may have been sent that is never so: the server may have the mail and
    /// only its answer be lost, and a second copy is a second code message for one login. configd, which knows the life of
    /// the code, decides about that.
    #[must_use]
    pub fn is_a_dead_connection(&self) -> bool {
        match self {
            Self::Broken { stage, .. } | Self::TimedOut { stage } => *stage == Stage::Mail,
            Self::Refused { stage, reply } => *stage == Stage::Mail && reply.code == 421,
            Self::Setting { .. }
            | Self::Recipient(_)
            | Self::Message(_)
            | Self::NoAddress { .. }
            | Self::NoConnection { .. }
            | Self::Certificate { .. }
            | Self::Handshake { .. }
            | Self::NoStartTls { .. }
            | Self::NoAuth { .. }
            | Self::Unexpected { .. } => false,
        }
    }
}
