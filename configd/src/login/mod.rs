//! The way of a login. Read this first.
//!
//! A login is a state machine without I/O (rule 11): [`Login::step`] takes an event, changes what it is given in [`Effects`],
//! and says what is to be done. It passes, in this order:
//!
//! 1. [`class`] and [`source`]: what kind of service asks, from where;
//! 2. [`policy`]: not subject, trusted ([`device`]), ask, or refuse;
//! 3. [`ways`]: in which ways the user can be asked, and which is first; [`challenge`]: an open one is adopted, or a new one minted; the prompt is already the answer to the module;
//! 4. [`deliver`]: the message is rendered, and leaves once the prompt has stood for [`STAND_MS`];
//! 5. [`answer`]: the try is charged on disk, then (`verify`) compared; one commit marks a right code used and remembers the device;
//! 6. [`ending`]: what it is told at last, and the line that it leaves in the log.
//!
//! [`explain`] is the same way up to the decision, told instead of taken.
//!
//! A message out of turn ends the connection. The verdict has no default, and `allow` is written in one place
//! ([`ending`]'s `allow`, after a commit), `not_subject` in another ([`begin`]'s `not_subject`).

pub mod answer;
pub mod begin;
mod believed;
pub mod challenge;
pub mod class;
mod conclude;
pub mod deliver;
pub mod device;
mod ending;
mod enrol;
pub mod explain;
mod noticed;
mod own;
pub mod place;
pub mod policy;
pub mod source;
mod ssh_key;
mod tongue;
mod verify;
pub mod ways;

use crate::authenticator::{AppKey, AppKeyError, LongCode, LongCodeMac};
use crate::clock::Moment;
use crate::random::Random;
use crate::rules::Rules;
use crate::seal::SealError;
use crate::store::{
    Authenticator, Bucket, Charge, Charged, Consume, Consumed, DeviceId, EndDevices, Enrol, Enrolled, Facts, FactsFor,
    KeptApp, Proof, RememberDevice, Revoke, Revoked, StoreError, UseDevice, UserKey,
};
use crate::texts::Texts;
use challenge::{Caller, Challenges, CodeMac, Owner};
use class::Class;
use device::Identity;
pub use ending::{DECOY, Decided, Factor};
use enrol::{Enrolling, Stage};
pub use own::Change;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::login::{Begin, Question, Step, Verdict};
use pam_2fa_settings::Language;
use place::Place;
use policy::{Listed, Must, Network};
use source::Source;
use std::net::IpAddr;
use tongue::Spoken;
use ways::{At, Held, Way};

use crate::store::ChallengeId;

/// How long a prompt must have stood before its message leaves: a host that cannot ask has failed by then.
pub const STAND_MS: u64 = 300;

/// How often a call is asked at most, whatever the answers are (rule 4).
pub const MAX_PROMPTS: u32 = 12;

/// What the module hands to `pam_fail_delay` on every denial (rule 2).
pub const FAIL_DELAY_MS: i64 = 2_000;

/// What became of a user look-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// The uid, and the name as the user database spells it.
    Found(UserKey),
    /// There is no such user.
    Unknown,
    /// Late, or an error. Denies.
    Failed(String),
}

/// What policy wants to know of the host about a user; only what a setting asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookUp {
    /// Whom.
    pub user: UserKey,
    /// Does `/etc/group` list the user in one of these?
    pub exempt_groups: Vec<String>,
    /// Is the user in one of these, as NSS has it?
    pub required_groups: Vec<String>,
    /// Does the user sit at this machine? Only for a user's own change.
    pub console: bool,
    /// Is this address the host's own?
    pub from: Option<IpAddr>,
}

/// What the host says. What was not asked is not so, and not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LookedUp {
    /// Of [`LookUp::exempt_groups`].
    pub listed: bool,
    /// Of [`LookUp::required_groups`].
    pub member: bool,
    /// Of [`LookUp::console`].
    pub console: bool,
    /// Of [`LookUp::from`]; `None`: it cannot be seen.
    pub here: Option<bool>,
}

/// What happens to a login.
#[derive(Debug)]
pub enum Event {
    /// The module's first message.
    Begin(Box<Begin>),
    /// Answer to [`Effect::Resolve`].
    Resolved(Resolution),
    /// Answer to [`Effect::LookUp`]. An error denies.
    LookedUp(Result<LookedUp, String>),
    /// Answer to [`Effect::StillThere`]: whether one of the names still means this uid. `None`: late, or an error.
    StillThere(Option<bool>),
    /// Answer to [`Effect::Facts`].
    Facts(Result<Box<Facts>, StoreError>),
    /// The prompt of this number has stood for [`STAND_MS`].
    Stood(u32),
    /// The module's next message.
    Answer(Secret),
    /// Answer to [`Effect::Charge`].
    Charged(Result<Charged, StoreError>),
    /// Answer to [`Effect::Consume`].
    Consumed(Result<Consumed, StoreError>),
    /// Answer to [`Effect::Remember`]. `false`: it may not be any more.
    Remembered(Result<bool, StoreError>),
    /// Answer to [`Effect::Enrol`].
    Enrolled(Result<Enrolled, StoreError>),
    /// Answer to [`Effect::Revoke`].
    Revoked(Result<Revoked, StoreError>),
    /// Answer to [`Effect::UseDevice`]. `false`: it is not trusted any more.
    Used(Result<bool, StoreError>),
    /// The connection has ended.
    Closed,
}

/// What is to be done.
#[derive(Debug)]
pub enum Effect {
    /// Send a step with a question.
    Reply(Step),
    /// Send a step with a verdict, and end the connection.
    End(Step),
    /// Send an error, and end the connection.
    Fail(Failure),
    /// End the connection without a word: a message out of turn.
    HangUp,
    /// Look up a name.
    Resolve(String),
    /// Look up groups and addresses.
    LookUp(LookUp),
    /// Look up whether one of these names still means this uid.
    StillThere(Vec<String>, u32),
    /// Read what the store knows.
    Facts(FactsFor),
    /// Charge a try.
    Charge(Charge),
    /// Mark a code used.
    Consume(Box<Consume>),
    /// Remember a device whose code is used.
    Remember(Box<RememberDevice>),
    /// Keep methods that were proven.
    Enrol(Box<Enrol>),
    /// Forget a user's own device.
    Revoke(Revoke),
    /// Tell that what a user wanted to change is changed, and end the connection. Only of [`Login::own`].
    Done(String),
    /// Keep the use of a trusted device.
    UseDevice(Box<UseDevice>),
    /// End trust. Nobody waits for it: the login that saw the reason does not trust.
    EndDevices(EndDevices),
    /// Say [`Event::Stood`] with this number in [`STAND_MS`].
    Stand(u32),
    /// Send the message of this challenge.
    Send(deliver::Errand),
    /// Tell the owner, whom nobody waits for.
    Notice(Box<crate::notice::About>),
    /// Write the line of this login.
    Log(Box<Decided>),
    /// The decision, told; nothing comes after it. Only of [`Login::explaining`].
    Explained(Box<explain::Explained>),
}

/// An error of `io.pam2fa.Login`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// The caller may not ask for this user.
    NotPermitted,
    /// The module speaks a version that we do not.
    VersionNotSupported,
}

/// What a step is given: the parts of the daemon that are pure, and a list for what is to be done.
pub struct Effects<'a> {
    /// Now.
    pub now: Moment,
    /// The settings in force.
    pub rules: &'a Rules,
    /// What a person reads, on the screen of this login; [`Login::step`] says in which language.
    pub texts: &'a Texts,
    /// In which language messages are; [`Login::step`] says it.
    pub letters: Language,
    /// Randomness.
    pub random: &'a dyn Random,
    /// MACs of codes.
    pub keys: &'a dyn Keyring,
    /// The open challenges.
    pub challenges: &'a mut Challenges,
    /// How far the wall stands behind a time that was seen before, seconds.
    pub behind_s: i64,
    /// What is to be done, in this order.
    pub out: Vec<Effect>,
}

/// What is done with keys, and never shows one.
pub trait Keyring: CodeMac + LongCodeMac {
    /// Seals the key of a new app.
    ///
    /// # Errors
    /// [`SealError::NoRandomness`].
    fn seal_app(&self, key: &AppKey, random: &dyn Random, user: &UserKey, id: &str) -> Result<String, SealError>;

    /// Opens the key of an app.
    ///
    /// # Errors
    /// [`AppKeyError`].
    fn open_app(&self, user: &UserKey, app: &KeptApp) -> Result<AppKey, AppKeyError>;
}

impl Keyring for crate::seal::Keys {
    fn seal_app(&self, key: &AppKey, random: &dyn Random, user: &UserKey, id: &str) -> Result<String, SealError> {
        key.seal(self, random, user, id)
    }

    fn open_app(&self, user: &UserKey, app: &KeptApp) -> Result<AppKey, AppKeyError> {
        AppKey::open(self, user, &app.id, &app.sealed)
    }
}

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
    /// Seconds for which a limit withheld messages when the login began.
    pub(crate) send_wait_s: u64,
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
    /// An invitation is being charged.
    Inviting(Box<Enrolling>, LongCode),
    /// A user's own device is being forgotten.
    Revoking(Asked, UserKey),
    Over,
}

/// One login.
#[derive(Debug)]
pub struct Login {
    pub(crate) reference: String,
    pub(crate) peer_uid: u32,
    pub(crate) purpose: Purpose,
    /// What it has been asked for so far.
    pub(crate) factor: Option<Factor>,
    pub(crate) spoken: Spoken,
    pub(crate) state: State,
}

/// What a login is stepped for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Somebody logs in.
    LogIn,
    /// An administrator wants to know what would be decided.
    Explain,
    /// A user changes something of oneself.
    Own(Change),
}

impl Login {
    /// A login that a process of `peer_uid` (from the kernel) is about to ask for.
    #[must_use]
    pub fn new(peer_uid: u32, reference: String) -> Self {
        Self {
            reference,
            peer_uid,
            purpose: Purpose::LogIn,
            factor: None,
            spoken: Spoken::default(),
            state: State::New,
        }
    }

    /// A login of root's caller that ends with [`Effect::Explained`] where it would be decided. Where it ends before that, its
    /// [`Effect::Log`] says how.
    #[must_use]
    pub fn explaining() -> Self {
        Self { purpose: Purpose::Explain, ..Self::new(0, String::new()) }
    }

    /// Whether it has ended.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Its reference.
    #[must_use]
    pub fn reference(&self) -> &str {
        &self.reference
    }

    /// One event. Any that is out of turn ends the login; a late answer of our own to a login that has ended is nothing.
    #[must_use]
    pub fn step(mut self, event: Event, fx: &mut Effects<'_>) -> Self {
        self.hear(&event, fx);
        let state = std::mem::replace(&mut self.state, State::Over);
        if let Some(factor) = factor(&state) {
            self.factor = Some(factor);
        }
        self.state = match (state, event) {
            (State::Over, _) => State::Over,
            (state, Event::Closed) => self.closed(state, fx),
            (State::New, Event::Begin(begin)) => self.begin(*begin, fx),
            (State::Resolving(asked), Event::Resolved(resolution)) => self.resolved(asked, resolution, fx),
            (State::LookingUp(asked, user), Event::LookedUp(answer)) => self.looked_up(asked, user, answer, fx),
            (State::Reading(asked, user), Event::Facts(facts)) => self.facts(asked, user, facts, fx),
            (State::Renamed(asked, user, facts), Event::StillThere(there)) => {
                self.still_there(asked, user, *facts, there, fx)
            }
            (State::AtPrompt(standing), Event::Stood(prompt)) => stood(standing, prompt, fx),
            (State::AtPrompt(standing), Event::Answer(text)) => self.answered(standing, &text, fx),
            (State::Charging(standing, typed), Event::Charged(charged)) => self.charged(standing, &typed, charged, fx),
            (State::Trusting(standing), Event::Answer(text)) => self.trust_answered(standing, &text, fx),
            (State::Consuming(standing, device), Event::Consumed(consumed)) => {
                self.consumed(standing, device, consumed, fx)
            }
            (State::Remembering(standing, device), Event::Remembered(done)) => {
                self.remembered(&standing, device, done, fx)
            }
            (State::Refused(asked, verdict), Event::Answer(_)) => self.end_denied(&asked, verdict, None, fx),
            (State::Enrolling(enrolling), Event::Stood(prompt)) => enrol::stood(enrolling, prompt, fx),
            (State::Enrolling(enrolling), Event::Answer(text)) if !matches!(enrolling.stage, Stage::Committing) => {
                self.enrol_answered(enrolling, &text, fx)
            }
            (State::Enrolling(enrolling), Event::Enrolled(done)) => self.enrolled(&enrolling, done, fx),
            (State::Inviting(enrolling, code), Event::Charged(charged)) => {
                self.invitation_charged(enrolling, &code, charged, fx)
            }
            (State::Revoking(asked, user), Event::Revoked(revoked)) => self.revoked(&asked, &user, revoked, fx),
            (State::Using(asked, user, device), Event::Used(used)) => self.used(asked, user, device, used, fx),
            // A timer of a prompt that has been answered since.
            (state, Event::Stood(_)) => state,
            (state, _) => {
                fx.out.push(Effect::HangUp);
                self.closed(state, fx)
            }
        };
        self
    }

    /// The connection is gone; its challenge stays open, with nobody at it.
    fn closed(&self, state: State, fx: &mut Effects<'_>) -> State {
        match state {
            State::AtPrompt(standing) | State::Charging(standing, _) | State::Consuming(standing, _) => {
                fx.challenges.release(&standing.challenge);
            }
            State::Trusting(standing) | State::Remembering(standing, _) => self.left(&standing, fx),
            State::Enrolling(enrolling) | State::Inviting(enrolling, _) => enrol::release(&enrolling, fx),
            State::New
            | State::Resolving(_)
            | State::LookingUp(..)
            | State::Reading(..)
            | State::Renamed(..)
            | State::Using(..)
            | State::Revoking(..)
            | State::Refused(..)
            | State::Over => {}
        }
        State::Over
    }
}

/// What the login has come to be about.
fn factor(state: &State) -> Option<Factor> {
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
        | State::Inviting(..)
        | State::Revoking(..)
        | State::Refused(..)
        | State::Over => None,
    }
}

/// The prompt has stood: somebody is there, and a message that has not left leaves now.
fn stood(mut standing: Box<Standing>, prompt: u32, fx: &mut Effects<'_>) -> State {
    if prompt == standing.prompts {
        standing.stood = true;
        deliver::send_if_due(&standing, fx);
    }
    State::AtPrompt(standing)
}

/// A step that asks.
pub(crate) fn ask(text: String, fx: &Effects<'_>) -> Step {
    Step { ask: Some(Question { text, echo: fx.rules.codes.echo, times: None }), ..Step::default() }
}

#[cfg(test)]
mod enrol_test;
#[cfg(test)]
mod methods_test;
#[cfg(test)]
mod model_test;
#[cfg(test)]
mod policy_test;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod world;
