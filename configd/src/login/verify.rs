//! From the charge to the verdict: the comparison, the commit, the question about the device.

use super::conclude::held_up;
use super::ending::{last_from, last_login};
use super::ways::{At, Way};
use super::{Effect, Effects, Login, MAX_PROMPTS, Purpose, Standing, State, Typed, device, noticed};
use crate::authenticator::{Back, LongUse, long};
use crate::limits;
use crate::random;
use crate::store::{
    Authenticator, Charged, Consume, Consumed, DeviceId, EndDevices, Ended, Proof, Remember, RememberDevice, StoreError,
};
use crate::texts::{Message, Value};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::login::{Question, Step, Verdict};
use pam_2fa_settings::Profile;

impl Login {
    /// The try is on disk: now, and only now, it is compared.
    pub(super) fn charged(
        &self,
        mut standing: Box<Standing>,
        typed: &Typed,
        charged: Result<Charged, StoreError>,
        fx: &mut Effects<'_>,
    ) -> State {
        let after = match charged {
            Err(error) => return self.unavailable_at(&standing, "store", error.to_string(), fx),
            Ok(Charged::Refused(held)) => {
                let (text, reason) = held_up(held, fx).unwrap_or((String::new(), "refused"));
                return self.over(&standing, Verdict::MaxTries, reason, Some(text), fx);
            }
            Ok(Charged::Done(after)) => after,
        };
        let attempts = fx.rules.codes.attempts;
        let Some(challenge) = fx.challenges.get_mut(&standing.challenge) else {
            noticed::charged(&standing, after, fx);
            let text = fx.texts.say(Message::DeniedUsed, &[]);
            return self.over(&standing, Verdict::Deny, "used-elsewhere", Some(text), fx);
        };
        if challenge.tries >= attempts {
            // Shared with another connection that has used up its tries meanwhile.
            return self.wrong_for_good(&standing, after, fx);
        }
        challenge.tries = challenge.tries.saturating_add(1);
        let tries_left = attempts.saturating_sub(challenge.tries);
        if let Some(proof) = proven(&standing, typed, fx) {
            standing.proof = Some(proof.clone());
            return self.consume(standing, proof, fx);
        }
        match after {
            limits::Standing::Open { .. } if tries_left > 0 => {
                let values = [("left", Value::Number(u64::from(tries_left)))];
                let text = fx.texts.prompt(Message::PromptWrong, &values);
                self.again(standing, Some(text), fx)
            }
            limits::Standing::Open { .. } | limits::Standing::Waiting { .. } | limits::Standing::Disabled => {
                self.wrong_for_good(&standing, after, fx)
            }
        }
    }

    fn wrong_for_good(&self, standing: &Standing, after: limits::Standing, fx: &mut Effects<'_>) -> State {
        noticed::charged(standing, after, fx);
        let spent = fx.challenges.get(&standing.challenge).is_none_or(|open| open.tries >= fx.rules.codes.attempts);
        if spent {
            fx.challenges.end(&standing.challenge);
        }
        let text = held_up(after, fx).map(|(text, _)| text);
        self.over(standing, Verdict::MaxTries, "wrong-code", text, fx)
    }

    /// Marks the right code used, and remembers the device with it, where nobody is asked about that.
    fn consume(&self, mut standing: Box<Standing>, proof: Proof, fx: &mut Effects<'_>) -> State {
        // What is used once and was kept for a bad day, or comes from somebody else, says little of the device.
        if matches!(proof, Proof::Recovery { .. } | Proof::Grant { .. }) {
            standing.remember = None;
        }
        let remember = if fx.rules.trust.ask { None } else { to_remember(&standing, fx) };
        let device = remember.as_ref().map(|remember| remember.id.clone());
        fx.out.push(Effect::Consume(Box::new(Consume {
            user: standing.owner.user.clone(),
            proof,
            source: standing.owner.source.text(),
            bucket: standing.bucket.clone(),
            challenge: standing.challenge.clone(),
            login: self.is_login().then(|| last_login(&standing.asked, fx)),
            remember,
            stamp: standing.asked.stamp.clone(),
            limits: fx.rules.tries,
            now: fx.now.clone(),
        })));
        State::Consuming(standing, device)
    }

    /// The right code, marked used on disk.
    pub(super) fn consumed(
        &self,
        standing: Box<Standing>,
        device: Option<DeviceId>,
        consumed: Result<Consumed, StoreError>,
        fx: &mut Effects<'_>,
    ) -> State {
        if matches!(consumed, Ok(Consumed::Done)) && asks_about(&standing, fx) && !self.gone {
            fx.challenges.spend(&standing.challenge);
            fx.out.push(Effect::Reply(Step { ask: Some(about_trust(&standing, fx)), ..Step::default() }));
            return State::Trusting(standing);
        }
        // Used or not to be relied on any more, either way it has ended.
        fx.challenges.end(&standing.challenge);
        match consumed {
            Err(error) => self.unavailable_at(&standing, "store", error.to_string(), fx),
            Ok(Consumed::AlreadyUsed) => {
                let text = fx.texts.say(Message::DeniedUsed, &[]);
                self.over(&standing, Verdict::Deny, "used", Some(text), fx)
            }
            Ok(Consumed::Disabled) => {
                let text = held_up(limits::Standing::Disabled, fx).map(|(text, _)| text);
                self.over(&standing, Verdict::MaxTries, "disabled-authenticator", text, fx)
            }
            Ok(Consumed::Done) => self.allow_code(&standing, device, fx),
        }
    }

    /// Whether the device is to be remembered: only where the answer says so. The code is used by now, whatever it is.
    pub(super) fn trust_answered(&self, standing: Box<Standing>, text: &Secret, fx: &mut Effects<'_>) -> State {
        if fx.challenges.get(&standing.challenge).is_none() {
            return self.taken_away(&standing, fx);
        }
        let yes = fx.texts.say(Message::AnswerYes, &[]);
        let said = text.expose().trim().to_lowercase();
        if yes.split_whitespace().any(|word| word == said) {
            if let (Some(remember), Some(proof)) = (to_remember(&standing, fx), standing.proof.clone()) {
                let device = remember.id.clone();
                fx.out.push(Effect::Remember(Box::new(RememberDevice {
                    user: standing.owner.user.clone(),
                    remember,
                    proof,
                    bucket: standing.bucket.clone(),
                    limits: fx.rules.tries,
                    now: fx.now.clone(),
                })));
                return State::Remembering(standing, device);
            }
        } else if let Some(id) = standing.had.clone() {
            fx.out.push(Effect::EndDevices(EndDevices::One { id, why: Ended::Declined }));
        }
        fx.challenges.end(&standing.challenge);
        self.allow_code(&standing, None, fx)
    }

    /// An administrator shut the user out, or took the address away, while the question stood.
    fn taken_away(&self, standing: &Standing, fx: &mut Effects<'_>) -> State {
        let text = fx.texts.say(Message::DeniedUsed, &[]);
        self.over(standing, Verdict::Deny, "taken-away", Some(text), fx)
    }

    /// The device is remembered, or could not be: the code was right and is used, so that is no reason to keep anybody out.
    pub(super) fn remembered(
        &self,
        standing: &Standing,
        device: DeviceId,
        done: Result<bool, StoreError>,
        fx: &mut Effects<'_>,
    ) -> State {
        if fx.challenges.get(&standing.challenge).is_none() {
            return self.taken_away(standing, fx);
        }
        fx.challenges.end(&standing.challenge);
        self.allow_code(standing, matches!(done, Ok(true)).then_some(device), fx)
    }

    fn allow_code(&self, standing: &Standing, device: Option<DeviceId>, fx: &mut Effects<'_>) -> State {
        if let Purpose::Own(change) = &self.purpose {
            noticed::proven(standing, fx);
            if self.gone {
                self.left(&standing.asked, standing.owner.user.uid, fx);
                return State::Over;
            }
            return self.proven_own(standing, change, fx);
        }
        noticed::let_in(standing, device.as_ref(), fx);
        let (reason, tell) = match &standing.proof {
            Some(Proof::Message { of: Authenticator::Sms, .. }) => ("code-by-sms", None),
            Some(Proof::App { .. }) => ("code-of-app", None),
            Some(Proof::Recovery { .. }) => ("recovery-code", Some(recovery_left(standing, fx))),
            Some(Proof::Grant { .. }) => ("grant", None),
            Some(Proof::Message { .. }) | None => ("code-by-email", None),
        };
        self.allow(&standing.asked, standing.owner.user.uid, reason, device, tell, fx)
    }
}

/// What the answer proves, if anything. Looks at what was read when the login began; the commit looks again.
fn proven(standing: &Standing, typed: &Typed, fx: &Effects<'_>) -> Option<Proof> {
    let (user, held) = (&standing.owner.user, &standing.held);
    match (typed, &standing.at) {
        (Typed::Long(code), _) => {
            let macs: Vec<[u8; 32]> = held.grants.iter().map(|(_, mac)| *mac).collect();
            let grant = long::position(&macs, &fx.keys.long_code_mac(LongUse::Grant, user, code));
            let recovery = fx.keys.long_code_mac(LongUse::Recovery, user, code);
            let known = long::position(&held.recovery, &recovery);
            match grant.and_then(|at| held.grants.get(at)) {
                Some((id, _)) => Some(Proof::Grant { id: id.clone() }),
                None => known.map(|_| Proof::Recovery { mac: recovery }),
            }
        }
        (Typed::Digits(code), At::Way(Way::App)) => {
            let app = held.app.as_ref()?;
            let key = match fx.keys.open_app(user, app) {
                Ok(key) => key,
                Err(error) => {
                    tracing::error!(user = user.name, %error, "the key of an app cannot be opened");
                    return None;
                }
            };
            let step = key.check(code.expose(), fx.shown_s(), Some(app.last_step), back(fx))?;
            Some(Proof::App { id: app.id.clone(), step })
        }
        (Typed::Digits(code), At::Way(way @ (Way::Email(address) | Way::Sms(address)))) => {
            let challenge = fx.challenges.get(&standing.challenge)?;
            let is_right = challenge.is_answered_by(code.expose(), fx.keys);
            is_right.then(|| Proof::Message { of: way.authenticator(), address: address.clone() })
        }
        (Typed::Digits(_), At::Choice | At::Saved) => None,
    }
}

/// How late an app's code may be: under a profile, not at all.
pub(super) fn back(fx: &Effects<'_>) -> Back {
    if fx.rules.profile == Profile::Standard { Back::One } else { Back::None }
}

/// How many recovery codes there are after this one.
fn recovery_left(standing: &Standing, fx: &Effects<'_>) -> String {
    fx.texts.say(Message::RecoveryLeft, &[("left", Value::Number(noticed::recovery_left(standing)))])
}

/// The device as it is to be remembered; none where nothing is. Without random bytes the login is what it would be anyway.
fn to_remember(standing: &Standing, fx: &Effects<'_>) -> Option<Remember> {
    let identity = standing.remember.as_ref()?;
    Some(Remember {
        id: DeviceId(random::reference(fx.random).ok()?),
        key: identity.key.clone(),
        label: identity.label.clone(),
        from: last_from(&standing.asked),
        lifetime_s: device::lifetime_s(standing.asked.class, &fx.rules.trust),
        stamp: standing.asked.stamp.clone(),
        policy: fx.rules.policy,
    })
}

/// Whether the user is asked about the device.
fn asks_about(standing: &Standing, fx: &Effects<'_>) -> bool {
    fx.rules.trust.ask && standing.remember.is_some() && standing.prompts < MAX_PROMPTS
}

/// The question. No secret: what is typed may be seen.
fn about_trust(standing: &Standing, fx: &Effects<'_>) -> Question {
    let lifetime_s = device::lifetime_s(standing.asked.class, &fx.rules.trust);
    let trusted_s = device::trusted_s(lifetime_s, standing.asked.stamp.as_deref(), &fx.rules.trust);
    let span = fx.texts.span_of_days(trusted_s);
    let text = fx.texts.prompt(Message::PromptTrust, &[("span", Value::Text(&span))]);
    Question { text, echo: true, times: None, pace_ms: None }
}
