//! What can be done to a user: what is asked of the daemon for it, how it is asked before, and how it is said after. Texts are ids of
//! `words`.

use crate::setup::jobs::Job;
use crate::setup::words::Words;
use pam_2fa_protocol::admin::{Channel, Device, UserSet, Verify};

/// Which kind of answer there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    Done,
    Invited,
    Sent,
}

#[derive(Debug, Clone)]
pub(super) enum Act {
    /// A record for a user of this host.
    Make,
    Verify(Verify),
    /// An empty one goes.
    Email(String),
    Phone(String),
    Language(String),
    Invite,
    /// Wrong codes are forgotten.
    Unlock,
    /// The same, and whom an administrator shut out may log in again.
    LetIn,
    Disable,
    Reset,
    Revoke(Box<Device>),
    RevokeAll(Vec<String>),
    SendCode(Channel),
    GiveCode(Channel),
}

impl Act {
    /// What is asked of the daemon. None for a code that is given back: it is its own (`popup`).
    pub(super) fn job(&self, name: &str) -> Option<Job> {
        let name = name.to_owned();
        let unchanged = |name| UserSet {
            name,
            verify: None,
            email: None,
            phone: None,
            language: None,
            prefers: None,
            trusted: false,
        };
        Some(match self {
            Self::Make => Job::UserSet(unchanged(name)),
            Self::Verify(verify) => Job::UserSet(UserSet { verify: Some(*verify), ..unchanged(name) }),
            Self::Email(email) => Job::UserSet(UserSet { email: Some(email.clone()), ..unchanged(name) }),
            Self::Phone(phone) => Job::UserSet(UserSet { phone: Some(phone.clone()), ..unchanged(name) }),
            Self::Language(word) => Job::UserSet(UserSet { language: Some(word.clone()), ..unchanged(name) }),
            Self::Invite => Job::UserInvite { name },
            Self::Unlock | Self::LetIn => Job::UserUnlock { name },
            Self::Disable => Job::UserDisable { name },
            Self::Reset => Job::UserReset { name },
            Self::Revoke(device) => Job::DeviceRevoke { ids: vec![device.id.clone()] },
            Self::RevokeAll(ids) => Job::DeviceRevoke { ids: ids.clone() },
            Self::SendCode(channel) => Job::VerifyBegin { name, channel: *channel },
            Self::GiveCode(_) => return None,
        })
    }

    /// What is asked before it is done: who, and what goes.
    pub(super) fn question(&self, name: &str, words: &Words) -> String {
        let ask = |id| words.with(id, &[("user", name)]);
        match self {
            Self::Email(_) => ask("users-ask-email"),
            Self::Phone(_) => ask("users-ask-phone"),
            Self::Invite => ask("users-ask-invite"),
            Self::LetIn => ask("users-ask-let-in"),
            Self::Disable => ask("users-ask-disable"),
            Self::Reset => ask("users-ask-reset"),
            Self::Revoke(device) => {
                words.with("users-ask-revoke", &[("user", name), ("device", &device.name), ("class", &device.class)])
            }
            Self::RevokeAll(ids) => {
                words.with("users-ask-revoke-all", &[("user", name), ("count", &ids.len().to_string())])
            }
            Self::Make | Self::Verify(_) | Self::Language(_) | Self::Unlock | Self::SendCode(_) | Self::GiveCode(_) => {
                ask("users-ask-any")
            }
        }
    }

    /// What is said once it is done.
    pub(super) fn done(&self, name: &str, words: &Words) -> String {
        let say = |id| words.with(id, &[("user", name)]);
        let set = |id, value: &str| words.with(id, &[("user", name), ("value", value)]);
        match self {
            Self::Make => say("users-done-made"),
            Self::Verify(verify) => set("users-done-verify", &super::say::verify(*verify, words)),
            Self::Email(email) if email.is_empty() => say("users-done-no-email"),
            Self::Email(email) => set("users-done-email", email),
            Self::Phone(phone) if phone.is_empty() => say("users-done-no-phone"),
            Self::Phone(phone) => set("users-done-phone", phone),
            Self::Language(word) if word.is_empty() => say("users-done-no-language"),
            Self::Language(word) => set("users-done-language", word),
            Self::Invite => say("users-done-invited"),
            Self::Unlock => say("users-done-unlocked"),
            Self::LetIn => say("users-done-let-in"),
            Self::Disable => say("users-done-disabled"),
            Self::Reset => say("users-done-reset"),
            Self::Revoke(device) => words.with("users-done-revoked", &[("user", name), ("device", &device.name)]),
            Self::RevokeAll(_) => say("users-done-revoked-all"),
            Self::SendCode(Channel::Email) => say("users-done-sent-email"),
            Self::SendCode(Channel::Sms) => say("users-done-sent-sms"),
            Self::GiveCode(Channel::Email) => say("users-done-email-verified"),
            Self::GiveCode(Channel::Sms) => say("users-done-phone-verified"),
        }
    }

    /// What it is answered by.
    pub(super) fn answer(&self) -> Answer {
        match self {
            Self::Invite => Answer::Invited,
            Self::SendCode(_) => Answer::Sent,
            Self::Make
            | Self::Verify(_)
            | Self::Email(_)
            | Self::Phone(_)
            | Self::Language(_)
            | Self::Unlock
            | Self::LetIn
            | Self::Disable
            | Self::Reset
            | Self::Revoke(_)
            | Self::RevokeAll(_)
            | Self::GiveCode(_) => Answer::Done,
        }
    }

    /// A device may be gone since it was shown: after a refusal they are asked for again.
    pub(super) fn is_of_devices(&self) -> bool {
        matches!(self, Self::Revoke(_) | Self::RevokeAll(_))
    }
}
