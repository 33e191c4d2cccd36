//! From what was typed to a try, another prompt, or the end: by its form alone. What is right or wrong is [`super::verify`]'s.

use super::begin::choose;
use super::challenge::Delivery;
use super::deliver::{self, Offer};
use super::ending::Ending;
use super::ways::{self, At, Way};
use super::{Effect, Effects, Login, MAX_PROMPTS, Standing, State, Typed, ask_at};
use crate::authenticator::LongCode;
use crate::random::NoRandomness;
use crate::rules::PromptStyle;
use crate::store::{Authenticator, Charge};
use crate::texts::{Message, Value};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::Method;
use pam_2fa_protocol::login::Verdict;

/// What an answer is, by its form alone.
#[derive(Debug)]
enum Form {
    /// Of a code's form.
    Code(Typed),
    /// A request for another message.
    Resend,
    /// Another way.
    Another(Method),
    /// The number of a way, from 1.
    Number(usize),
    /// Nothing.
    Empty,
    /// Something else a person may type.
    Other,
    /// What no person types: control characters (sshd answers for forbidden users with `\b\n\r\x7fINCORRECT`).
    Junk,
}

/// `digits` as many as the code has; spaces and hyphens that people put between them are gone.
fn form(text: &str, digits: u32) -> Form {
    if text.chars().any(char::is_control) {
        return Form::Junk;
    }
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Form::Empty;
    }
    if trimmed.eq_ignore_ascii_case("r") {
        return Form::Resend;
    }
    if let Some(method) = ways::of_letter(trimmed) {
        return Form::Another(method);
    }
    if let Some(code) = LongCode::parse(trimmed) {
        return Form::Code(Typed::Long(code));
    }
    let mut code = Secret::new(String::with_capacity(16));
    for character in trimmed.chars() {
        match character {
            '0'..='9' if code.expose().len() < 16 => code.expose_mut().push(character),
            ' ' | '-' => {}
            _ => return Form::Other,
        }
    }
    if u32::try_from(code.expose().len()) == Ok(digits) {
        return Form::Code(Typed::Digits(code));
    }
    match code.expose().parse() {
        Ok(number) if code.expose().len() == 1 => Form::Number(number),
        _ => Form::Other,
    }
}

impl Login {
    /// The module's answer.
    pub(super) fn answered(&self, mut standing: Box<Standing>, text: &Secret, fx: &mut Effects<'_>) -> State {
        let nobody_there = !standing.stood;
        match form(text.expose(), standing.at.digits(fx.rules)) {
            Form::Junk => self.over(&standing, Verdict::Deny, "junk-answer", None, fx),
            // A host that cannot ask has answered for the user: at once, and with nothing.
            Form::Empty | Form::Other if nobody_there => self.over(&standing, Verdict::Deny, "nobody-there", None, fx),
            // It chooses nothing and sends nothing.
            Form::Empty if standing.asked.nothing_may_be_junk(standing.owner.user.uid) => self.no_code(standing, fx),
            Form::Code(typed) => self.try_code(standing, typed, fx),
            Form::Another(method) => match chosen(&standing, |way| way.method() == method) {
                Some(way) => self.turn_to(standing, way, None, fx),
                None => self.no_code(standing, fx),
            },
            Form::Number(number) if standing.at == At::Choice => {
                match number.checked_sub(1).and_then(|index| standing.ways.get(index).cloned()) {
                    Some(way) => self.turn_to(standing, way, None, fx),
                    None => self.no_code(standing, fx),
                }
            }
            Form::Empty if standing.at == At::Choice => match standing.ways.first().cloned() {
                Some(way) => self.turn_to(standing, way, None, fx),
                None => self.no_code(standing, fx),
            },
            // Typed ahead, or by a program: the next prompt has to stand before anything leaves.
            Form::Resend if nobody_there => {
                let text = deliver::prompt(&standing.challenge, Message::PromptSent, Offer::of(&standing), fx);
                self.again(standing, Some(text), fx)
            }
            Form::Resend if standing.is_at_message() => match fall_over(&mut standing, fx) {
                Some((way, note)) => self.turn_to(standing, way, Some(note), fx),
                None => self.resend(standing, fx),
            },
            Form::Empty | Form::Other | Form::Number(_) | Form::Resend => match fall_over(&mut standing, fx) {
                Some((way, note)) => self.turn_to(standing, way, Some(note), fx),
                None => self.no_code(standing, fx),
            },
        }
    }

    /// Charges what is of a code's form. At the choice digits are the app's.
    fn try_code(&self, mut standing: Box<Standing>, typed: Typed, fx: &mut Effects<'_>) -> State {
        standing.stood = true;
        let at_choice = matches!((&standing.at, &typed), (At::Choice | At::Saved, Typed::Digits(_)));
        if at_choice {
            if !standing.ways.contains(&Way::App) {
                return self.no_code(standing, fx);
            }
            if let Err(error) = stand_at(&mut standing, Way::App, self.tagged(), fx) {
                return self.unavailable_at(&standing, "random", error.to_string(), fx);
            }
        }
        let Some(challenge) = fx.challenges.get(&standing.challenge) else {
            let text = fx.texts.say(Message::DeniedUsed, &[]);
            return self.over(&standing, Verdict::Deny, "used-elsewhere", Some(text), fx);
        };
        if challenge.left_ms(&fx.now) == 0 {
            fx.challenges.end(&standing.challenge);
            let text = fx.texts.say(Message::DeniedExpired, &[]);
            return self.over(&standing, Verdict::Deny, "expired", Some(text), fx);
        }
        let authenticator = match typed {
            Typed::Digits(_) => challenge.authenticator,
            Typed::Long(_) => Authenticator::Recovery,
        };
        fx.out.push(Effect::Charge(Charge {
            user: standing.owner.user.clone(),
            authenticator,
            bucket: standing.bucket.clone(),
            challenge: standing.challenge.clone(),
            limits: fx.rules.tries,
            now: fx.now.clone(),
        }));
        State::Charging(standing, typed)
    }

    /// Goes on in another way: what is open of it is asked for again.
    fn turn_to(&self, mut standing: Box<Standing>, way: Way, note: Option<String>, fx: &mut Effects<'_>) -> State {
        match stand_at(&mut standing, way, self.tagged(), fx) {
            Ok(text) => self.again(standing, Some(deliver::noted(note, text, fx)), fx),
            Err(error) => self.unavailable_at(&standing, "random", error.to_string(), fx),
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
            Delivery::Sending | Delivery::Late | Delivery::Sent => challenge.resend_wait_ms(&codes, &fx.now),
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
        let text = deliver::prompt(&standing.challenge, message, Offer::of(&standing), fx);
        self.again(standing, Some(text), fx)
    }

    /// What is said to somebody who typed no code.
    fn no_code(&self, standing: Box<Standing>, fx: &mut Effects<'_>) -> State {
        let text = status(&standing, fx);
        self.again(standing, Some(text), fx)
    }

    /// Asks once more, uncharged; under the constant style with the constant prompt, which is shown as often as a code may be wrong.
    pub(super) fn again(&self, mut standing: Box<Standing>, text: Option<String>, fx: &mut Effects<'_>) -> State {
        let constant = fx.rules.codes.prompt == PromptStyle::Constant;
        let first = u32::from(standing.asked_first);
        let most = if constant { fx.rules.codes.attempts.saturating_add(first) } else { MAX_PROMPTS };
        if standing.prompts >= most {
            let text = fx.texts.say(Message::DeniedPrompts, &[]);
            return self.over(&standing, Verdict::Deny, "too-many-prompts", Some(text), fx);
        }
        let text = match text {
            Some(text) if !constant => text,
            _ => deliver::prompt(&standing.challenge, Message::PromptConstant, Offer::of(&standing), fx),
        };
        standing.prompts = standing.prompts.saturating_add(1);
        fx.out.push(Effect::Reply(ask_at(&standing.at, text, fx)));
        fx.out.push(Effect::Stand(standing.prompts));
        State::AtPrompt(standing)
    }

    /// A denial of a login that stood at a prompt.
    pub(super) fn over(
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

    pub(super) fn unavailable_at(
        &self,
        standing: &Standing,
        reason: &'static str,
        detail: String,
        fx: &mut Effects<'_>,
    ) -> State {
        fx.challenges.release(&standing.challenge);
        self.unavailable(&standing.asked, Some(standing.owner.user.uid), reason, detail, fx)
    }
}

/// Stands at the challenge of another way and lets go of the one before; gives the prompt.
fn stand_at(
    standing: &mut Standing,
    way: Way,
    tag: Option<&str>,
    fx: &mut Effects<'_>,
) -> Result<String, NoRandomness> {
    let at = At::Way(way);
    let offer = Offer { at: &at, ways: &standing.ways, saved: standing.held.saved(), named: standing.asked_first };
    let (id, text) = choose(&standing.owner, offer, (tag, standing.waits.of_prompt(&at)), fx)?;
    fx.challenges.release(&standing.challenge);
    standing.challenge = id;
    standing.at = at;
    Ok(text)
}

/// Another way than the one that the login stands at.
fn chosen(standing: &Standing, is: impl Fn(&Way) -> bool) -> Option<Way> {
    standing.ways.iter().find(|way| is(way) && standing.at != At::Way((*way).clone())).cloned()
}

/// Where the message of the way that the login stands at cannot be delivered, or not now: the next one that was not found so, and
/// what is said of it.
fn fall_over(standing: &mut Standing, fx: &Effects<'_>) -> Option<(Way, String)> {
    let At::Way(way) = &standing.at else { return None };
    let challenge = fx.challenges.get(&standing.challenge)?;
    if !matches!(challenge.delivery, Delivery::Failed | Delivery::Late) {
        return None;
    }
    let note = ways::not_sent(way, fx);
    standing.undelivered.push(way.authenticator());
    let next = chosen(standing, |way| !standing.undelivered.contains(&way.authenticator()))?;
    Some((next, note))
}

/// What is said to somebody who typed no code: where the message is, or what a code looks like.
fn status(standing: &Standing, fx: &Effects<'_>) -> String {
    let offer = Offer::of(standing);
    let of_message = |message| deliver::prompt(&standing.challenge, message, offer, fx);
    if standing.at == At::Choice || standing.at == At::Saved {
        return deliver::first(offer, fx);
    }
    let digits = Value::Number(u64::from(standing.at.digits(fx.rules)));
    let Some(challenge) = fx.challenges.get(&standing.challenge) else { return of_message(Message::PromptNotSent) };
    if !standing.is_at_message() {
        return fx.texts.prompt(Message::PromptAppForm, &[("digits", digits)]);
    }
    match challenge.delivery {
        Delivery::Failed => of_message(Message::PromptNotSent),
        Delivery::Withheld { .. } => of_message(Message::PromptWithheld),
        Delivery::Unsent | Delivery::Sending | Delivery::Late | Delivery::Sent => {
            fx.texts.prompt(Message::PromptForm, &[("digits", digits), ("tag", Value::Text(&challenge.tag))])
        }
    }
}

impl Standing {
    /// Whether it waits for the code of a message.
    fn is_at_message(&self) -> bool {
        matches!(&self.at, At::Way(Way::Email(_) | Way::Sms(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_code(text: &str) -> bool {
        matches!(form(text, 6), Form::Code(Typed::Digits(_)))
    }

    #[test]
    fn a_code_may_be_typed_as_people_type_it() {
        for text in ["123456", " 123456 ", "123 456", "123-456"] {
            assert!(is_code(text), "{text:?}");
        }
    }

    #[test]
    fn what_is_not_of_a_codes_form_is_not_a_try() {
        for text in ["12345", "1234567", "abcdef", "12345a", "１２３４５６", "-", "12345678901234567"] {
            assert!(matches!(form(text, 6), Form::Other), "{text:?}");
        }
        for text in ["123456\n", "\u{8}\n\r\u{7f}INCORRECT", "\u{1b}[A", "123\u{0}456"] {
            assert!(matches!(form(text, 6), Form::Junk), "{text:?}");
        }
        assert!(matches!(form("R", 6), Form::Resend));
        assert!(matches!(form(" ", 6), Form::Empty));
        assert!(matches!(form("2", 6), Form::Number(2)));
        assert!(matches!(form("S", 6), Form::Another(Method::Sms)));
        assert!(matches!(form("7k3m-9qxd-0123-4567", 6), Form::Code(Typed::Long(_))));
    }
}
