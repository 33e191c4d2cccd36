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
mod state;
mod tongue;
mod veil;
mod verify;
pub mod ways;

use crate::authenticator::{AppKey, AppKeyError, LongCodeMac};
use crate::clock::Moment;
use crate::random::Random;
use crate::rules::Rules;
use crate::seal::SealError;
use crate::store::{
    Charge, Charged, Consume, Consumed, EndDevices, Enrol, Enrolled, Facts, FactsFor, KeptApp, KeptPass,
    RememberDevice, Revoke, Revoked, StoreError, UseDevice, UserKey,
};
use crate::texts::Texts;
use challenge::{Challenges, CodeMac};
use class::Class;
pub use ending::{DECOY, Decided, Factor};
use enrol::{Stage, Tried};
pub use own::Change;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::login::{Begin, Question, Step};
use pam_2fa_settings::Language;
use source::Source;
use state::factor;
pub(crate) use state::{Asked, Standing, State, Typed, stands};
use std::net::IpAddr;
use tongue::Spoken;

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
    /// Answer to [`Effect::Charge`]; and where the try may be a code that an administrator gave while the prompt stood, which there are.
    Charged(Result<Charged, StoreError>, Option<Vec<KeptPass>>),
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

impl Effects<'_> {
    /// The wall as it stands, for the codes of apps: they are shown by a clock that no mark of ours has raised. That none of them is good
    /// twice is the last used step's, which only ever rises.
    fn shown_s(&self) -> i64 {
        self.now.wall_s.saturating_sub(self.behind_s)
    }
}

/// What is done with keys, and never shows one.
pub trait Keyring: CodeMac + LongCodeMac {
    /// The tag under the constant prompt of whoever gives this name, for such a service, from there.
    fn prompt_tag(&self, name: &str, class: Class, source: Source) -> u8;

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
    fn prompt_tag(&self, name: &str, class: Class, source: Source) -> u8 {
        Self::prompt_tag(self, &[name.as_bytes(), class.word().as_bytes(), source.text().0.as_bytes()])
    }

    fn seal_app(&self, key: &AppKey, random: &dyn Random, user: &UserKey, id: &str) -> Result<String, SealError> {
        key.seal(self, random, user, id)
    }

    fn open_app(&self, user: &UserKey, app: &KeptApp) -> Result<AppKey, AppKeyError> {
        AppKey::open(self, user, &app.id, &app.sealed)
    }
}

/// One login.
#[derive(Debug)]
pub struct Login {
    pub(crate) reference: String,
    pub(crate) peer_uid: u32,
    pub(crate) purpose: Purpose,
    /// What it has been asked for so far.
    pub(crate) factor: Option<Factor>,
    /// The connection has ended while something was being written: nobody hears how that ends, but its owner and the log.
    pub(crate) gone: bool,
    pub(crate) spoken: Spoken,
    pub(crate) shown: veil::Shown,
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
            gone: false,
            spoken: Spoken::default(),
            shown: veil::Shown::default(),
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
        self.tag(&event, fx);
        let state = std::mem::replace(&mut self.state, State::Over);
        if let Some(factor) = factor(&state) {
            self.factor = Some(factor);
        }
        let (is_veiled, since) = (self.is_veiled(&state, &event, fx), fx.out.len());
        let next = self.next(state, event, fx);
        self.state = if is_veiled { self.veil(next, since, fx) } else { next };
        self.pace(since, fx);
        self
    }

    fn next(&mut self, state: State, event: Event, fx: &mut Effects<'_>) -> State {
        match (state, event) {
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
            (State::Charging(mut standing, typed), Event::Charged(charged, passes)) => {
                standing.held.given(passes, &standing.asked);
                self.charged(standing, &typed, charged, fx)
            }
            (State::Trusting(standing), Event::Answer(text)) => self.trust_answered(standing, &text, fx),
            (State::Consuming(standing, device), Event::Consumed(consumed)) => {
                self.consumed(standing, device, consumed, fx)
            }
            (State::Remembering(standing, device), Event::Remembered(done)) => {
                self.remembered(&standing, device, done, fx)
            }
            (State::Veiled(denial), Event::Answer(_)) => self.veiled_answer(*denial, fx),
            (State::Refused(asked, verdict), Event::Answer(_)) => self.end_denied(&asked, verdict, None, fx),
            (State::Enrolling(enrolling), Event::Stood(prompt)) => enrol::stood(enrolling, prompt, fx),
            (State::Enrolling(enrolling), Event::Answer(text)) if !matches!(enrolling.stage, Stage::Committing) => {
                self.enrol_answered(enrolling, &text, fx)
            }
            (State::Enrolling(enrolling), Event::Enrolled(done)) => self.enrolled(&enrolling, done, fx),
            (State::EnrolCharging(mut enrolling, tried), Event::Charged(charged, passes)) => {
                enrolling.given(passes);
                self.enrol_charged(enrolling, tried, charged, fx)
            }
            (State::Revoking(asked, user), Event::Revoked(revoked)) => self.revoked(&asked, &user, revoked, fx),
            (State::Using(asked, user, device), Event::Used(used)) => self.used(asked, user, device, used, fx),
            // A timer of a prompt that has been answered since.
            (state, Event::Stood(_)) => state,
            (state, _) => {
                fx.out.push(Effect::HangUp);
                self.closed(state, fx)
            }
        }
    }

    /// The connection is gone; its challenge stays open, with nobody at it. What is being written will be written all the same, and is
    /// waited for: whoever goes at that moment must not keep it from its owner.
    fn closed(&mut self, state: State, fx: &mut Effects<'_>) -> State {
        match state {
            State::Consuming(..) | State::Remembering(..) | State::Revoking(..) => {
                self.gone = true;
                return state;
            }
            State::Enrolling(enrolling) if matches!(enrolling.stage, Stage::Committing) => {
                self.gone = true;
                return State::Enrolling(enrolling);
            }
            State::AtPrompt(standing) | State::Charging(standing, _) => fx.challenges.release(&standing.challenge),
            State::Trusting(standing) => {
                fx.challenges.end(&standing.challenge);
                self.left(&standing.asked, standing.owner.user.uid, fx);
            }
            State::Enrolling(enrolling) => enrol::release(&enrolling, fx),
            State::EnrolCharging(_, Tried::Code { challenge, .. }) => fx.challenges.release(&challenge),
            State::EnrolCharging(_, Tried::Invitation(_)) => {}
            State::New
            | State::Resolving(_)
            | State::LookingUp(..)
            | State::Reading(..)
            | State::Renamed(..)
            | State::Using(..)
            | State::Refused(..)
            | State::Veiled(_)
            | State::Over => {}
        }
        State::Over
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
    Step {
        ask: Some(Question { text, echo: fx.rules.codes.echo, times: veil::times(fx), pace_ms: None }),
        ..Step::default()
    }
}

/// The same at a prompt of a login: where it asks which way it shall be, before anything is sent, sshd's junk is an end.
fn ask_at(at: &ways::At, text: String, fx: &Effects<'_>) -> Step {
    let mut step = ask(text, fx);
    if let (ways::At::Choice, Some(question)) = (at, step.ask.as_mut()) {
        question.times = None;
    }
    step
}

// What the tests below speak of.
#[cfg(test)]
use {
    crate::authenticator::LongCode,
    crate::store::{Authenticator, Bucket, ChallengeId, Proof},
    ways::Way,
};

#[cfg(test)]
mod enrol_test;
#[cfg(test)]
mod limits_test;
#[cfg(test)]
mod methods_test;
#[cfg(test)]
mod model_test;
#[cfg(test)]
mod policy_test;
#[cfg(test)]
mod screens_test;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod world;
