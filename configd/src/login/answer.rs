//! From what was typed to the verdict: its form, the charge, the comparison, the commit.

use super::challenge::Delivery;
use super::conclude::held_up;
use super::ending::{Ending, last_from, last_login};
use super::{Effect, Effects, Login, MAX_PROMPTS, Standing, State, ask, deliver, device};
use crate::limits;
use crate::random;
use crate::rules::PromptStyle;
use crate::store::{
    Charge, Charged, Consume, Consumed, DeviceId, EndDevices, Ended, Remember, RememberDevice, StoreError,
};
use crate::texts::{Message, Value};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::login::{Question, Step, Verdict};

/// What an answer is, by its form alone.
#[derive(Debug)]
enum Form {
    /// As many digits as a code has; spaces and hyphens that people put between them are gone.
    Code(Secret),
    /// A request for another message.
    Resend,
    /// Something else a person may type.
    Other,
    /// What no person types: control characters (sshd answers for forbidden users with `\b\n\r\x7fINCORRECT`).
    Junk,
}

fn form(text: &str, digits: u32) -> Form {
    if text.chars().any(char::is_control) {
        return Form::Junk;
    }
    let trimmed = text.trim();
    if trimmed.eq_ignore_ascii_case("r") {
        return Form::Resend;
    }
    let mut code = Secret::new(String::with_capacity(16));
    for character in trimmed.chars() {
        match character {
            '0'..='9' if code.expose().len() < 16 => code.expose_mut().push(character),
            ' ' | '-' => {}
            _ => return Form::Other,
        }
    }
    if u32::try_from(code.expose().len()) == Ok(digits) { Form::Code(code) } else { Form::Other }
}

impl Login {
    /// The module's answer.
    pub(super) fn answered(&self, mut standing: Box<Standing>, text: &Secret, fx: &mut Effects<'_>) -> State {
        let nobody_there = !standing.stood;
        match form(text.expose(), fx.rules.codes.digits) {
            Form::Junk => self.over(&standing, Verdict::Deny, "junk-answer", None, fx),
            // A host that cannot ask has answered for the user: at once, and with nothing.
            Form::Other if nobody_there => self.over(&standing, Verdict::Deny, "nobody-there", None, fx),
            Form::Other if fx.rules.codes.prompt == PromptStyle::Constant => self.again(standing, None, fx),
            Form::Other => {
                let text = status(&standing, fx);
                self.again(standing, Some(text), fx)
            }
            // Typed ahead, or by a program: the next prompt has to stand before anything leaves.
            Form::Resend if nobody_there => {
                let text = deliver::prompt(&standing.challenge, Message::PromptSent, &standing.email, fx);
                self.again(standing, Some(text), fx)
            }
            Form::Resend => self.resend(standing, fx),
            Form::Code(code) => {
                standing.stood = true;
                let Some(challenge) = fx.challenges.get(&standing.challenge) else {
                    let text = fx.texts.say(Message::DeniedUsed, &[]);
                    return self.over(&standing, Verdict::Deny, "used-elsewhere", Some(text), fx);
                };
                if challenge.left_ms(&fx.now) == 0 {
                    fx.challenges.end(&standing.challenge);
                    let text = fx.texts.say(Message::DeniedExpired, &[]);
                    return self.over(&standing, Verdict::Deny, "expired", Some(text), fx);
                }
                fx.out.push(Effect::Charge(Charge {
                    user: standing.owner.user.clone(),
                    authenticator: challenge.authenticator,
                    bucket: standing.bucket.clone(),
                    challenge: standing.challenge.clone(),
                    limits: fx.rules.tries,
                    now: fx.now.clone(),
                }));
                State::Charging(standing, code)
            }
        }
    }

    /// The same challenge sends its code again, if enough time has passed.
    fn resend(&self, standing: Box<Standing>, fx: &mut Effects<'_>) -> State {
        let codes = fx.rules.codes;
        let Some(challenge) = fx.challenges.get_mut(&standing.challenge) else {
            let text = fx.texts.say(Message::DeniedUsed, &[]);
            return self.over(&standing, Verdict::Deny, "used-elsewhere", Some(text), fx);
        };
        let wait_ms = match challenge.delivery {
            Delivery::Unsent => 0,
            Delivery::Withheld { until_ms } => until_ms.saturating_sub(fx.now.boot_ms),
            Delivery::Failed => 0,
            Delivery::Sending | Delivery::Sent => challenge.resend_wait_ms(&codes, &fx.now),
        };
        if wait_ms > 0 {
            let wait = fx.texts.span(wait_ms.div_ceil(1000));
            let values = [("wait", Value::Text(&wait)), ("tag", Value::Text(&challenge.tag))];
            let text = fx.texts.prompt(Message::PromptResendLater, &values);
            return self.again(standing, Some(text), fx);
        }
        let again = challenge.sends > 0;
        if challenge.code.is_none()
            && fx.challenges.renew_code(&standing.challenge, &codes, fx.random, fx.keys).is_err()
        {
            return self.unavailable_at(&standing, "random", String::from("no random bytes"), fx);
        }
        deliver::send(&standing, fx);
        let message = if again { Message::PromptResent } else { Message::PromptSent };
        let text = deliver::prompt(&standing.challenge, message, &standing.email, fx);
        self.again(standing, Some(text), fx)
    }

    /// Asks once more, uncharged; `None` is the constant prompt, which is shown as often as a code may be wrong.
    fn again(&self, mut standing: Box<Standing>, text: Option<String>, fx: &mut Effects<'_>) -> State {
        let constant = fx.rules.codes.prompt == PromptStyle::Constant;
        let most = if constant { fx.rules.codes.attempts } else { MAX_PROMPTS };
        if standing.prompts >= most {
            let text = fx.texts.say(Message::DeniedPrompts, &[]);
            return self.over(&standing, Verdict::Deny, "too-many-prompts", Some(text), fx);
        }
        let text = match text {
            Some(text) if !constant => text,
            _ => deliver::prompt(&standing.challenge, Message::PromptConstant, &standing.email, fx),
        };
        standing.prompts = standing.prompts.saturating_add(1);
        fx.out.push(Effect::Reply(ask(text, fx)));
        fx.out.push(Effect::Stand(standing.prompts));
        State::AtPrompt(standing)
    }

    /// The try is on disk: now, and only now, it is compared.
    pub(super) fn charged(
        &self,
        standing: Box<Standing>,
        code: &Secret,
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
            let text = fx.texts.say(Message::DeniedUsed, &[]);
            return self.over(&standing, Verdict::Deny, "used-elsewhere", Some(text), fx);
        };
        if challenge.tries >= attempts {
            // Shared with another connection that has used up its tries meanwhile.
            return self.wrong_for_good(&standing, after, fx);
        }
        challenge.tries = challenge.tries.saturating_add(1);
        let tries_left = attempts.saturating_sub(challenge.tries);
        if challenge.is_answered_by(code.expose(), fx.keys) {
            return self.consume(standing, fx);
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
        let spent = fx.challenges.get(&standing.challenge).is_none_or(|open| open.tries >= fx.rules.codes.attempts);
        if spent {
            fx.challenges.end(&standing.challenge);
        }
        let text = held_up(after, fx).map(|(text, _)| text);
        self.over(standing, Verdict::MaxTries, "wrong-code", text, fx)
    }

    /// Marks the right code used, and remembers the device with it, where nobody is asked about that.
    fn consume(&self, standing: Box<Standing>, fx: &mut Effects<'_>) -> State {
        let Some(challenge) = fx.challenges.get(&standing.challenge) else {
            let text = fx.texts.say(Message::DeniedUsed, &[]);
            return self.over(&standing, Verdict::Deny, "used-elsewhere", Some(text), fx);
        };
        let remember = if fx.rules.trust.ask { None } else { to_remember(&standing, fx) };
        let device = remember.as_ref().map(|remember| remember.id.clone());
        fx.out.push(Effect::Consume(Box::new(Consume {
            user: standing.owner.user.clone(),
            authenticator: challenge.authenticator,
            source: standing.owner.source.text(),
            bucket: standing.bucket.clone(),
            challenge: standing.challenge.clone(),
            address: standing.email.clone(),
            login: last_login(&standing.asked, fx),
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
            Ok(Consumed::Done) if asks_about(&standing, fx) => {
                fx.out.push(Effect::Reply(Step { ask: Some(about_trust(&standing, fx)), ..Step::default() }));
                State::Trusting(standing)
            }
            Ok(Consumed::Done) => self.allow_code(&standing, device, fx),
        }
    }

    /// Whether the device is to be remembered: only where the answer says so. The code is used by now, whatever it is.
    pub(super) fn trust_answered(&self, standing: Box<Standing>, text: &Secret, fx: &mut Effects<'_>) -> State {
        let yes = fx.texts.say(Message::AnswerYes, &[]);
        let said = text.expose().trim().to_lowercase();
        if yes.split_whitespace().any(|word| word == said) {
            if let Some(remember) = to_remember(&standing, fx) {
                let device = remember.id.clone();
                fx.out.push(Effect::Remember(Box::new(RememberDevice {
                    user: standing.owner.user.clone(),
                    remember,
                    address: standing.email.clone(),
                    bucket: standing.bucket.clone(),
                    limits: fx.rules.tries,
                    now: fx.now.clone(),
                })));
                return State::Remembering(standing, device);
            }
        } else if let Some(id) = standing.had.clone() {
            fx.out.push(Effect::EndDevices(EndDevices::One { id, why: Ended::Declined }));
        }
        self.allow_code(&standing, None, fx)
    }

    /// The device is remembered, or could not be: the code was right and is used, so that is no reason to keep anybody out.
    pub(super) fn remembered(
        &self,
        standing: &Standing,
        device: DeviceId,
        done: Result<bool, StoreError>,
        fx: &mut Effects<'_>,
    ) -> State {
        self.allow_code(standing, matches!(done, Ok(true)).then_some(device), fx)
    }

    fn allow_code(&self, standing: &Standing, device: Option<DeviceId>, fx: &mut Effects<'_>) -> State {
        self.allow(&standing.asked, standing.owner.user.uid, "code-by-email", device, fx)
    }

    /// A denial of a login that stood at a prompt.
    fn over(
        &self,
        standing: &Standing,
        verdict: Verdict,
        reason: &'static str,
        text: Option<String>,
        fx: &mut Effects<'_>,
    ) -> State {
        fx.challenges.release(&standing.challenge);
        let uid = Some(standing.owner.user.uid);
        self.deny(Ending { asked: &standing.asked, uid, verdict, reason, detail: None, device: None }, text, fx)
    }

    fn unavailable_at(&self, standing: &Standing, reason: &'static str, detail: String, fx: &mut Effects<'_>) -> State {
        fx.challenges.release(&standing.challenge);
        self.unavailable(&standing.asked, Some(standing.owner.user.uid), reason, detail, fx)
    }
}

/// What is said to somebody who typed no code: where the message is, or what a code looks like.
fn status(standing: &Standing, fx: &Effects<'_>) -> String {
    let delivery = fx.challenges.get(&standing.challenge).map(|challenge| (challenge.delivery.clone(), &challenge.tag));
    match delivery {
        Some((Delivery::Failed, _)) => {
            deliver::prompt(&standing.challenge, Message::PromptNotSent, &standing.email, fx)
        }
        Some((Delivery::Withheld { .. }, _)) => {
            deliver::prompt(&standing.challenge, Message::PromptWithheld, &standing.email, fx)
        }
        Some((Delivery::Unsent | Delivery::Sending | Delivery::Sent, tag)) => {
            let digits = u64::from(fx.rules.codes.digits);
            fx.texts.prompt(Message::PromptForm, &[("digits", Value::Number(digits)), ("tag", Value::Text(tag))])
        }
        None => deliver::prompt(&standing.challenge, Message::PromptNotSent, &standing.email, fx),
    }
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
    Question { text, echo: true, times: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_code(text: &str) -> bool {
        matches!(form(text, 6), Form::Code(_))
    }

    #[test]
    fn a_code_may_be_typed_as_people_type_it() {
        for text in ["123456", " 123456 ", "123 456", "123-456"] {
            assert!(is_code(text), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_of_a_codes_form_is_not_a_try() {
        for text in ["", "12345", "1234567", "abcdef", "12345a", "１２３４５６", "-", "123456789012345678901234567890"]
        {
            assert!(matches!(form(text, 6), Form::Other), "{text:?}");
        }
        for text in ["123456\n", "\u{8}\n\r\u{7f}INCORRECT", "\u{1b}[A", "123\u{0}456"] {
            assert!(matches!(form(text, 6), Form::Junk), "{text:?}");
        }
        assert!(matches!(form("R", 6), Form::Resend));
    }
}
