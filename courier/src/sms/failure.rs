//! Why a text message was not accepted: what, where, and what to do about it. The texts are read by administrators and never hold
//! a field of the account; what the other side said is cleaned and masked by whoever shows it.

use super::exchange::Answer;
use super::smpp;
use pam_2fa_protocol::courier::{Class, Outcome, Reason};
use pam_2fa_settings::provider::Verdict;
use std::path::PathBuf;
use thiserror::Error;

/// Why a text message was not accepted.
#[derive(Debug, Error)]
pub enum Failure {
    /// A setting cannot work, with any message.
    #[error("sms.{key}: {why}")]
    Setting {
        /// The key below `[sms]`.
        key: String,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// There is no such file.
    #[error("sms.provider: there is no {id}.toml in {folders}")]
    NoFile {
        /// The provider's id.
        id: String,
        /// Where it was looked for.
        folders: String,
    },
    /// The provider's file, or its folder, is not to be believed or cannot be read.
    #[error("{}: {why}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// This message cannot be sent; another can.
    #[error("{0}")]
    Message(String),
    /// This number is not for this provider, which was not asked.
    #[error("{0}")]
    NotForIt(String),
    /// The name has no address.
    #[error("{host} has no address ({why}); look at the name and at this host's resolver")]
    NoAddress {
        /// The host.
        host: String,
        /// The resolver's word.
        why: String,
    },
    /// Nobody takes the connection.
    #[error("{host} cannot be reached ({why}); look at the address and at what filters the way there")]
    NoConnection {
        /// The host.
        host: String,
        /// The system's word.
        why: String,
    },
    /// The certificate does not prove the host.
    #[error(
        "the certificate of {host} was not accepted ({why}); set sms.ca_file where the provider has an authority of its own"
    )]
    Certificate {
        /// The host.
        host: String,
        /// What is wrong with it.
        why: String,
    },
    /// The connection ended, or the time did, with the request on its way.
    #[error("{host}: {why}; the message may have been taken all the same")]
    Lost {
        /// The host.
        host: String,
        /// What happened.
        why: String,
    },
    /// The connection ended, or the time did, before anything of the message was on its way.
    #[error("{host}: {why}; nothing was handed over")]
    NotSent {
        /// The host.
        host: String,
        /// What happened.
        why: String,
    },
    /// A message centre said no, or no yes.
    #[error("{answer}{}", doubt(verdict))]
    Centre {
        /// What it means.
        verdict: Verdict,
        /// The answer.
        answer: smpp::Answer,
    },
    /// The provider's file, or HTTP itself, says what this answer means.
    #[error("{answer}")]
    Refused {
        /// What it means.
        verdict: Verdict,
        /// The answer.
        answer: Answer,
    },
    /// An answer that may be a yes and proves nothing.
    #[error("{answer}; this is no proof that the message was taken")]
    NotProven {
        /// The answer.
        answer: Answer,
    },
    /// How it ended, as a way that has its own words for it says. Never accepted.
    #[error("{}", .0.said)]
    Told(Outcome),
}

fn doubt(verdict: &Verdict) -> &'static str {
    match verdict.reason {
        Some(Reason::Unrecognised) => "; this is no proof that the message was taken",
        _ => "",
    }
}

impl Failure {
    /// A setting below `[sms]`.
    pub(crate) fn setting(key: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Setting { key: key.into(), why: why.into() }
    }

    /// An end in words of its own.
    pub(crate) fn told(verdict: Verdict, said: impl Into<String>) -> Self {
        let Verdict { class, reason } = verdict;
        Self::Told(Outcome { class, reason, retry_after_s: None, provider_id: None, said: said.into() })
    }

    fn class(&self) -> (Class, Option<Reason>) {
        match self {
            Self::Setting { .. } | Self::NoFile { .. } | Self::File { .. } => (Class::Rejected, Some(Reason::Config)),
            Self::Message(_) => (Class::Rejected, Some(Reason::Request)),
            Self::NotForIt(_) => (Class::Rejected, Some(Reason::SenderOrCountry)),
            Self::NoAddress { .. } | Self::NoConnection { .. } | Self::NotSent { .. } => {
                (Class::Temporary, Some(Reason::Unreachable))
            }
            // It may be an attack that ends, and another provider may do.
            Self::Certificate { .. } => (Class::Temporary, Some(Reason::Certificate)),
            Self::Lost { .. } | Self::NotProven { .. } => (Class::Temporary, Some(Reason::Unrecognised)),
            Self::Refused { verdict, .. } | Self::Centre { verdict, .. } => (verdict.class, verdict.reason),
            Self::Told(outcome) => (outcome.class, outcome.reason),
        }
    }

    /// How the send ended, in words that are still to be cleaned and masked.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let (class, reason) = self.class();
        let may_come_again = matches!(class, Class::Temporary | Class::RateLimited);
        let retry_after_s = if let Self::Refused { answer, .. } | Self::NotProven { answer } = self {
            answer.retry_after_s.filter(|_| may_come_again)
        } else if let Self::Told(outcome) = self {
            outcome.retry_after_s.filter(|_| may_come_again)
        } else {
            None
        };
        Outcome { class, reason, retry_after_s, provider_id: None, said: self.to_string() }
    }
}
