//! How a login ends: what it is told at last, and the line that it leaves. Decides nothing: whoever calls has, and a denial can never
//! become a "yes" here.

use super::challenge::Caller;
use super::class::Class;
use super::source::Source;
use super::ways::At;
use super::{Asked, Effect, Effects, FAIL_DELAY_MS, Login, Standing, State, ask};
use crate::rules::PromptStyle;
use crate::store::{Authenticator, DeviceId, Proof};
use crate::texts::{Message, Value};
use pam_2fa_protocol::admin::LastLogin;
use pam_2fa_protocol::login::{Step, Verdict};

/// The reason of a decoy's denial: these are counted in the log and not listed.
pub const DECOY: &str = "decoy";

/// What was asked for, or stood for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Factor {
    /// A code by email.
    Email,
    /// A code by text message.
    Sms,
    /// A code of an authenticator app.
    App,
    /// A recovery code.
    Recovery,
    /// An administrator's one-time code.
    Grant,
    /// A remembered device: it stands for a factor, and is none (SP 800-63B-4 §5.1).
    TrustedDevice,
}

impl Factor {
    /// The word in the log.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
            Self::App => "app",
            Self::Recovery => "recovery",
            Self::Grant => "grant",
            Self::TrustedDevice => "trusted-device",
        }
    }
}

/// What a login is about: what was right, or what its prompt asks for; nothing where the user has yet to choose.
pub(super) fn factor_of(standing: &Standing) -> Option<Factor> {
    let of = |authenticator| match authenticator {
        Authenticator::Email => Factor::Email,
        Authenticator::Sms => Factor::Sms,
        Authenticator::App => Factor::App,
        Authenticator::Recovery => Factor::Recovery,
    };
    match (&standing.proof, &standing.at) {
        (Some(Proof::Grant { .. }), _) => Some(Factor::Grant),
        (Some(proof), _) => Some(of(proof.authenticator())),
        (None, At::Choice) => None,
        (None, at) => Some(of(at.authenticator())),
    }
}

/// What the log says of a login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The reference in a denial.
    pub reference: String,
    /// The uid of the process that asked.
    pub peer_uid: u32,
    /// The user's name as it was asked for; stripped of control and bidi characters.
    pub user: String,
    /// The uid, once resolved.
    pub uid: Option<u32>,
    /// The service, stripped.
    pub service: String,
    /// Its class.
    pub class: Class,
    /// Where it comes from.
    pub source: Source,
    /// What was asked for, if anything was.
    pub factor: Option<Factor>,
    /// What was decided. A `max_tries` may have been said as `deny` ([`Login::deny`]).
    pub verdict: Verdict,
    /// Why, in one word of ours.
    pub reason: &'static str,
    /// The remembered device that stood for a factor, or was remembered with the code.
    pub device: Option<DeviceId>,
    /// More about it: an error's own text. Never a code, never an answer.
    pub detail: Option<String>,
    /// The generation of the settings that decided.
    pub generation: i64,
}

/// The last word of a login, but for what it says.
pub(crate) struct Ending<'a> {
    pub(crate) asked: &'a Asked,
    pub(crate) uid: Option<u32>,
    pub(crate) verdict: Verdict,
    pub(crate) reason: &'static str,
    pub(crate) detail: Option<String>,
    pub(crate) device: Option<DeviceId>,
}

impl Login {
    /// The one place that says `allow`: after the commit that marks a code used, or that keeps the use of a trusted device.
    pub(super) fn allow(
        &self,
        asked: &Asked,
        uid: u32,
        reason: &'static str,
        device: Option<DeviceId>,
        tell: Option<String>,
        fx: &mut Effects<'_>,
    ) -> State {
        if self.gone {
            self.left(asked, uid, fx);
            return State::Over;
        }
        let verdict = Verdict::Allow;
        self.log(&Ending { asked, uid: Some(uid), verdict, reason, detail: None, device }, verdict, fx);
        let (reference, tell) = (Some(self.reference.clone()), tell.into_iter().collect());
        fx.out.push(Effect::End(Step { verdict: Some(verdict), reference, tell, ..Step::default() }));
        State::Over
    }

    /// A user has changed something of oneself, after a fresh code: nobody is let in by it.
    pub(super) fn changed(&self, asked: &Asked, uid: u32, text: String, fx: &mut Effects<'_>) -> State {
        let verdict = Verdict::NotSubject;
        let reason = "changed";
        self.log(&Ending { asked, uid: Some(uid), verdict, reason, detail: None, device: None }, verdict, fx);
        if !self.gone {
            fx.out.push(Effect::Done(text));
        }
        State::Over
    }

    /// A right code was used, and whoever gave it went without an answer to the question about the device, or before it was said that
    /// it was right: nobody was let in.
    pub(super) fn left(&self, asked: &Asked, uid: u32, fx: &mut Effects<'_>) {
        let verdict = Verdict::Deny;
        let reason = if self.gone { "left-before-the-end" } else { "left-at-the-question" };
        self.log(&Ending { asked, uid: Some(uid), verdict, reason, detail: None, device: None }, verdict, fx);
    }

    /// Ends with a denial: `text` and the reference are shown. Under the constant prompt nothing is shown, and every denial is
    /// the same one, as a decoy's (S11). The log has what was decided; `max_tries` is said where it is understood alone.
    pub(crate) fn deny(&self, ending: Ending<'_>, text: Option<String>, fx: &mut Effects<'_>) -> State {
        let decided = denied(ending.verdict);
        self.log(&ending, decided, fx);
        self.end_denied(ending.asked, decided, text, fx)
    }

    /// The same for whoever should read why, where the program shows nothing but prompts: the text is one, and any answer ends it.
    pub(super) fn deny_by_prompt(&self, ending: Ending<'_>, text: &str, fx: &mut Effects<'_>) -> State {
        let held_back = matches!(ending.asked.class, Class::Ssh | Class::Web) && ending.asked.caller == Caller::Root;
        if !held_back || fx.rules.codes.prompt == PromptStyle::Constant {
            return self.deny(ending, Some(String::from(text)), fx);
        }
        let decided = denied(ending.verdict);
        self.log(&ending, decided, fx);
        let reference = fx.texts.say(Message::Reference, &[("reference", Value::Text(&self.reference))]);
        let text = format!("{text} ({reference}) {}", fx.texts.prompt(Message::DeniedEnter, &[]));
        fx.out.push(Effect::Reply(ask(text, fx)));
        State::Refused(ending.asked.clone(), decided)
    }

    /// The end of a denial that is in the log.
    pub(super) fn end_denied(
        &self,
        asked: &Asked,
        decided: Verdict,
        text: Option<String>,
        fx: &mut Effects<'_>,
    ) -> State {
        let reference = fx.texts.say(Message::Reference, &[("reference", Value::Text(&self.reference))]);
        let constant = fx.rules.codes.prompt == PromptStyle::Constant;
        let tell = match text {
            _ if constant => Vec::new(),
            Some(text) => vec![format!("{text} ({reference})")],
            None => vec![reference],
        };
        let understood = asked.class.understands_max_tries(&asked.service);
        let said = if decided == Verdict::MaxTries && (constant || !understood) { Verdict::Deny } else { decided };
        fx.out.push(Effect::End(Step {
            tell,
            ask: None,
            verdict: Some(said),
            reference: Some(self.reference.clone()),
            fail_delay_ms: Some(FAIL_DELAY_MS),
        }));
        State::Over
    }

    pub(crate) fn log(&self, ending: &Ending<'_>, verdict: Verdict, fx: &mut Effects<'_>) {
        fx.out.push(Effect::Log(Box::new(Decided {
            reference: self.reference.clone(),
            peer_uid: self.peer_uid,
            user: ending.asked.user.clone(),
            uid: ending.uid,
            service: ending.asked.service.clone(),
            class: ending.asked.class,
            source: ending.asked.source,
            factor: self.factor,
            verdict,
            reason: ending.reason,
            device: ending.device.clone(),
            detail: ending.detail.clone().or_else(|| Some(format!("as {}", ending.asked.becomes.as_ref()?))),
            generation: fx.rules.generation,
        })));
    }
}

/// The verdict of a denial. A slip of the pen may not become a "yes".
fn denied(verdict: Verdict) -> Verdict {
    match verdict {
        Verdict::Allow | Verdict::NotSubject | Verdict::Unknown | Verdict::Deny => Verdict::Deny,
        Verdict::MaxTries => Verdict::MaxTries,
        Verdict::Unavailable => Verdict::Unavailable,
    }
}

/// From where a device is used, for `device list`.
pub(super) fn last_from(asked: &Asked) -> String {
    match asked.source {
        Source::Address(address) => address.to_string(),
        Source::Local => String::from("local"),
        Source::Unknown => String::from("unknown"),
    }
}

/// For `user show`.
pub(super) fn last_login(asked: &Asked, fx: &Effects<'_>) -> LastLogin {
    let from = match asked.source {
        Source::Address(address) => Some(address.to_string()),
        Source::Local | Source::Unknown => None,
    };
    let device = asked.device.as_ref().map(|device| device.label.clone());
    LastLogin { at: fx.now.rfc3339(), service: asked.service.clone(), from, device }
}
