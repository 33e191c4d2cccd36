//! Where a login stands, and what it carries from one step to the next. Decides nothing.

use super::challenge::{Caller, Owner};
use super::class::Class;
use super::device::Identity;
use super::ending::{self, Factor};
use super::enrol::{Enrolling, Tried};
use super::place::Place;
use super::policy::{Listed, Must, Network};
use super::source::Source;
use super::ways::{At, Held, Waits, Way};
use crate::authenticator::LongCode;
use crate::store::{Authenticator, Bucket, ChallengeId, DeviceId, Facts, Proof, UserKey};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::login::{Step, Verdict};
use std::net::IpAddr;

/// What was asked, as far as it is believed.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) user: String,
    pub(crate) service: String,
    pub(crate) class: Class,
    pub(crate) source: Source,
    pub(crate) caller: Caller,
    /// `ssh from 192.0.2.7`, for the message.
    pub(crate) place: Place,
    /// The whole address that it comes from, where one is stated.
    pub(crate) remote: Option<IpAddr>,
    /// The address of an ssh login that `policy.exempt_networks` has in it.
    pub(crate) from_network: Option<IpAddr>,
    /// What the host says of it.
    pub(crate) network: Network,
    /// Whether `policy.exempt_users` has the user.
    pub(crate) listed: Option<Listed>,
    /// What makes it one that must verify under optional.
    pub(crate) must: Option<Must>,
    /// What its device is known by.
    pub(crate) device: Option<Identity>,
    /// The stamp of the user's password, where it can be seen.
    pub(crate) stamp: Option<String>,
    /// The uid that the user must have: where a program's caller is asked, whom the kernel says that is.
    pub(crate) caller_uid: Option<u32>,
    /// Where a program's caller is asked: whom it named, which is whom one becomes.
    pub(crate) becomes: Option<String>,
    /// Somebody sits at this machine.
    pub(crate) at_console: bool,
    /// The device turned out not to be trusted any more.
    pub(crate) distrust: bool,
    /// No password has shown that sshd hands on what is typed.
    pub(crate) junk_may_come: bool,
}

impl Asked {
    /// Whether sshd may be about to throw away whatever is typed, as it does for root by key under `PermitRootLogin
    /// prohibit-password`: it runs the stack all the same. A password that counted has shown that it does not. What it puts in the place
    /// of an answer is as long as that, and of nothing it is nothing: so nothing is no answer then.
    pub(super) fn nothing_may_be_junk(&self, uid: u32) -> bool {
        self.junk_may_come && uid == 0
    }
}

/// A login that stands at a prompt, or works on its answer.
#[derive(Debug)]
pub(crate) struct Standing {
    pub(crate) asked: Asked,
    pub(crate) owner: Owner,
    pub(crate) bucket: Bucket,
    /// The ways that may be tried, the preferred first.
    pub(crate) ways: Vec<Way>,
    /// What the prompt asks for.
    pub(crate) at: At,
    /// Ways whose message could not be delivered in this login.
    pub(crate) undelivered: Vec<Authenticator>,
    /// What else an answer is compared with.
    pub(crate) held: Held,
    /// What was right.
    pub(crate) proof: Option<Proof>,
    pub(crate) challenge: ChallengeId,
    /// For how long limits withheld messages when the login began.
    pub(crate) waits: Waits,
    /// A letter was asked for before anything is sent, since sshd may let nobody in.
    pub(crate) asked_first: bool,
    /// Prompts shown so far.
    pub(crate) prompts: u32,
    /// The present prompt, or one before it, has stood for [`STAND_MS`]: somebody is there.
    pub(crate) stood: bool,
    /// What is remembered with a right code, unless the user says no.
    pub(crate) remember: Option<Identity>,
    /// The same as it was remembered before.
    pub(crate) had: Option<DeviceId>,
}

/// An answer that is of a code's form.
#[derive(Debug)]
pub(crate) enum Typed {
    /// Digits, of the way that the login stands at.
    Digits(Secret),
    /// A recovery code, or an administrator's.
    Long(LongCode),
}

#[derive(Debug)]
pub(crate) enum State {
    New,
    Resolving(Asked),
    LookingUp(Asked, UserKey),
    Reading(Asked, UserKey),
    Renamed(Asked, UserKey, Box<Facts>),
    AtPrompt(Box<Standing>),
    Charging(Box<Standing>, Typed),
    /// The code is used; whether the device is to be remembered is the question.
    Trusting(Box<Standing>),
    Remembering(Box<Standing>, DeviceId),
    Consuming(Box<Standing>, Option<DeviceId>),
    Using(Asked, UserKey, DeviceId),
    Enrolling(Box<Enrolling>),
    /// A denial is on the screen as a prompt, and in the log.
    Refused(Asked, Verdict),
    /// Denied, and in the log; but a decoy would go on asking (`veil`).
    Veiled(Box<Step>),
    /// A try of an enrolment is being charged.
    EnrolCharging(Box<Enrolling>, Tried),
    /// A user's own device is being forgotten.
    Revoking(Asked, UserKey),
    Over,
}

/// Whose login, of one that is for `asked`, stands at a prompt, and which bucket it is counted in there: this host, whose strangers
/// are not those of the network, has one of its own. Of a login that is denied and only looks like it nothing more is known than whom
/// it asked for.
pub(crate) fn stands(state: &State, asked: &str) -> Option<(String, Bucket)> {
    let at = |source: Source, bucket: &Bucket| match bucket {
        Bucket::Stranger if source == Source::Local => Bucket::Known(source.text()),
        Bucket::Stranger | Bucket::Known(_) | Bucket::Own => bucket.clone(),
    };
    match state {
        State::AtPrompt(standing)
        | State::Charging(standing, _)
        | State::Consuming(standing, _)
        | State::Trusting(standing)
        | State::Remembering(standing, _) => {
            Some((standing.owner.user.name.clone(), at(standing.asked.source, &standing.bucket)))
        }
        State::Enrolling(enrolling) | State::EnrolCharging(enrolling, _) => {
            Some((enrolling.user.name.clone(), at(enrolling.asked.source, &enrolling.bucket)))
        }
        State::New
        | State::Resolving(_)
        | State::LookingUp(..)
        | State::Reading(..)
        | State::Renamed(..)
        | State::Using(..)
        | State::Revoking(..)
        | State::Over => None,
        State::Refused(..) | State::Veiled(_) => Some((String::from(asked), Bucket::Stranger)),
    }
}

/// What the login has come to be about.
pub(super) fn factor(state: &State) -> Option<Factor> {
    match state {
        State::AtPrompt(standing)
        | State::Charging(standing, _)
        | State::Consuming(standing, _)
        | State::Trusting(standing)
        | State::Remembering(standing, _) => ending::factor_of(standing),
        State::Using(..) => Some(Factor::TrustedDevice),
        State::Enrolling(enrolling) => enrolling.factor(),
        State::New
        | State::Resolving(_)
        | State::LookingUp(..)
        | State::Reading(..)
        | State::Renamed(..)
        | State::EnrolCharging(..)
        | State::Revoking(..)
        | State::Refused(..)
        | State::Veiled(_)
        | State::Over => None,
    }
}
