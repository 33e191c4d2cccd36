//! What comes of an answer at each stage of an enrolment.

use super::*;
use crate::login::challenge::Delivery;
use crate::login::conclude::held_up;
use crate::login::verify::back;

/// What a person may have typed, whatever is asked for.
enum Typed {
    /// What no person types.
    Junk,
    /// Nothing.
    Empty,
    /// Something.
    Text(Secret),
}

fn typed(text: &Secret) -> Typed {
    if text.expose().chars().any(char::is_control) {
        return Typed::Junk;
    }
    match text.expose().trim() {
        "" => Typed::Empty,
        trimmed => Typed::Text(Secret::new(String::from(trimmed))),
    }
}

/// A try, on disk before it is compared.
fn charge(enrolling: &Enrolling, authenticator: Authenticator, challenge: ChallengeId, fx: &mut Effects<'_>) {
    fx.out.push(Effect::Charge(Charge {
        user: enrolling.user.clone(),
        authenticator,
        bucket: enrolling.bucket.clone(),
        challenge,
        limits: fx.rules.tries,
        now: fx.now.clone(),
    }));
}

/// As many digits as asked for; spaces and hyphens aside.
fn digits(text: &str, count: u32) -> Option<Secret> {
    let mut code = Secret::new(String::with_capacity(16));
    for character in text.chars() {
        match character {
            '0'..='9' if code.expose().len() < 16 => code.expose_mut().push(character),
            ' ' | '-' => {}
            _ => return None,
        }
    }
    (u32::try_from(code.expose().len()) == Ok(count)).then_some(code)
}

impl Login {
    /// The module's answer.
    pub(in crate::login) fn enrol_answered(
        &self,
        mut enrolling: Box<Enrolling>,
        text: &Secret,
        fx: &mut Effects<'_>,
    ) -> State {
        let typed = typed(text);
        if matches!(typed, Typed::Junk) {
            return self.enrol_over(&enrolling, Verdict::Deny, "junk-answer", None, fx);
        }
        // A host that cannot ask has answered for the user: at once, and with nothing.
        if matches!(typed, Typed::Empty) && !enrolling.stood {
            return self.enrol_over(&enrolling, Verdict::Deny, "nobody-there", None, fx);
        }
        let stage = std::mem::replace(&mut enrolling.stage, Stage::Committing);
        match (stage, typed) {
            (Stage::Invitation, Typed::Text(text)) => self.invitation_typed(enrolling, &text, fx),
            (Stage::Invitation, _) => {
                let text = fx.texts.prompt(Message::EnrolInvitation, &[]);
                self.ask_next(enrolling, Stage::Invitation, Vec::new(), text, fx)
            }
            (Stage::Address, Typed::Text(text)) => self.address_typed(enrolling, text.expose(), fx),
            (Stage::Address, _) => {
                match enrolling.known.clone().filter(|way| can_send(way, fx) && is_reached(way, &enrolling, fx)) {
                    Some(way) => self.send_to(enrolling, way, Vec::new(), fx),
                    None => self.ask_address(enrolling, Vec::new(), Some(Message::EnrolAddressWrong), fx),
                }
            }
            (Stage::Code { way, challenge }, typed) => self.code_typed(enrolling, way, challenge, typed, fx),
            (Stage::OfferApp, typed) => {
                let yes = fx.texts.say(Message::AnswerYes, &[]);
                let said = match typed {
                    Typed::Text(text) => text.expose().to_lowercase(),
                    Typed::Empty | Typed::Junk => String::new(),
                };
                if yes.split_whitespace().any(|word| word == said) {
                    self.show_app(enrolling, Vec::new(), fx)
                } else {
                    self.after_methods(enrolling, fx)
                }
            }
            (Stage::App(fresh), typed) => self.app_typed(enrolling, fresh, typed, fx),
            (Stage::Codes, _) => self.commit(enrolling, fx),
            // An answer while it is written is out of turn, and is looked at before.
            (Stage::Committing, _) => self.enrol_over(&enrolling, Verdict::Deny, "junk-answer", None, fx),
        }
    }

    /// An invitation is charged as a recovery code is: they are of one form.
    fn invitation_typed(&self, enrolling: Box<Enrolling>, text: &Secret, fx: &mut Effects<'_>) -> State {
        let Some(code) = LongCode::parse(text.expose()) else {
            let text = fx.texts.prompt(Message::EnrolInvitation, &[]);
            return self.ask_next(enrolling, Stage::Invitation, Vec::new(), text, fx);
        };
        // No challenge is kept for it.
        charge(&enrolling, Authenticator::Recovery, ChallengeId(String::new()), fx);
        State::EnrolCharging(enrolling, Tried::Invitation(code))
    }

    /// The try is on disk: now it is compared.
    pub(in crate::login) fn enrol_charged(
        &self,
        enrolling: Box<Enrolling>,
        tried: Tried,
        charged: Result<Charged, StoreError>,
        fx: &mut Effects<'_>,
    ) -> State {
        let held = match charged {
            Ok(Charged::Done(_)) => {
                return match tried {
                    Tried::Invitation(code) => self.invitation_charged(enrolling, &code, fx),
                    Tried::Code { way, challenge, code } => self.code_charged(enrolling, way, challenge, &code, fx),
                };
            }
            Ok(Charged::Refused(held)) => Ok(held),
            Err(error) => Err(error),
        };
        if let Tried::Code { challenge, .. } = tried {
            fx.challenges.release(&challenge);
        }
        match held {
            Err(error) => self.enrol_unavailable(&enrolling, "store", error.to_string(), fx),
            Ok(held) => {
                let (text, reason) = held_up(held, fx).unwrap_or((String::new(), "refused"));
                self.enrol_over(&enrolling, Verdict::MaxTries, reason, Some(text), fx)
            }
        }
    }

    fn invitation_charged(&self, mut enrolling: Box<Enrolling>, code: &LongCode, fx: &mut Effects<'_>) -> State {
        let macs: Vec<[u8; 32]> = enrolling.invitations.iter().map(|(_, mac)| *mac).collect();
        let mac = fx.keys.long_code_mac(LongUse::Invitation, &enrolling.user, code);
        let found = long::position(&macs, &mac).and_then(|at| enrolling.invitations.get(at));
        if let Some((id, _)) = found {
            enrolling.first = First::Invited(id.clone());
            return self.after_permission(enrolling, Vec::new(), fx);
        }
        enrolling.wrong = enrolling.wrong.saturating_add(1);
        let left = fx.rules.codes.attempts.saturating_sub(enrolling.wrong);
        if left == 0 {
            return self.enrol_over(&enrolling, Verdict::MaxTries, "wrong-code", None, fx);
        }
        let text = fx.texts.prompt(Message::PromptWrong, &[("left", Value::Number(u64::from(left)))]);
        self.ask_next(enrolling, Stage::Invitation, Vec::new(), text, fx)
    }

    fn address_typed(&self, enrolling: Box<Enrolling>, text: &str, fx: &mut Effects<'_>) -> State {
        if text.eq_ignore_ascii_case("a") {
            return self.show_app(enrolling, Vec::new(), fx);
        }
        match typed_address(text) {
            None => self.ask_address(enrolling, Vec::new(), Some(Message::EnrolAddressWrong), fx),
            Some(way) if !can_send(&way, fx) => {
                self.ask_address(enrolling, Vec::new(), Some(Message::EnrolNoChannel), fx)
            }
            Some(way) if !is_reached(&way, &enrolling, fx) => {
                self.ask_address(enrolling, Vec::new(), Some(Message::EnrolCountry), fx)
            }
            Some(way) => self.send_to(enrolling, way, Vec::new(), fx),
        }
    }

    /// At the code of an address: the code, another message, or another address.
    fn code_typed(
        &self,
        enrolling: Box<Enrolling>,
        way: Way,
        challenge: ChallengeId,
        typed: Typed,
        fx: &mut Effects<'_>,
    ) -> State {
        let text = match typed {
            Typed::Text(text) => text,
            Typed::Empty | Typed::Junk => return self.code_again(enrolling, way, challenge, None, fx),
        };
        if let Some(code) = digits(text.expose(), fx.rules.codes.digits) {
            return self.code_given(enrolling, way, challenge, code, fx);
        }
        if text.expose().eq_ignore_ascii_case("r") {
            return self.code_resent(enrolling, way, challenge, fx);
        }
        match typed_address(text.expose()).filter(|other| enrolling.wants == Wants::Any && can_send(other, fx)) {
            Some(other) => {
                fx.challenges.let_go(&challenge);
                if !is_reached(&other, &enrolling, fx) {
                    return self.ask_address(enrolling, Vec::new(), Some(Message::EnrolCountry), fx);
                }
                self.send_to(enrolling, other, Vec::new(), fx)
            }
            None => self.code_again(enrolling, way, challenge, None, fx),
        }
    }

    /// Charged to the channel that is to be proven, as any code of it (rule 6).
    fn code_given(
        &self,
        enrolling: Box<Enrolling>,
        way: Way,
        id: ChallengeId,
        code: Secret,
        fx: &mut Effects<'_>,
    ) -> State {
        charge(&enrolling, way.authenticator(), id.clone(), fx);
        State::EnrolCharging(enrolling, Tried::Code { way, challenge: id, code })
    }

    /// Its three tries are the challenge's, over all connections.
    fn code_charged(
        &self,
        mut enrolling: Box<Enrolling>,
        way: Way,
        id: ChallengeId,
        code: &Secret,
        fx: &mut Effects<'_>,
    ) -> State {
        let attempts = fx.rules.codes.attempts;
        let open = fx.challenges.get_mut(&id).filter(|open| open.left_ms(&fx.now) > 0 && open.tries < attempts);
        let Some(open) = open else {
            fx.challenges.end(&id);
            let text = fx.texts.say(Message::DeniedExpired, &[]);
            return self.enrol_over(&enrolling, Verdict::Deny, "expired", Some(text), fx);
        };
        open.tries = open.tries.saturating_add(1);
        let left = attempts.saturating_sub(open.tries);
        if open.is_answered_by(code.expose(), fx.keys) {
            fx.challenges.end(&id);
            enrolling.address = Some(way);
            return self.after_address(enrolling, fx);
        }
        if left == 0 {
            fx.challenges.end(&id);
            return self.enrol_over(&enrolling, Verdict::MaxTries, "wrong-code", None, fx);
        }
        let text = fx.texts.prompt(Message::PromptWrong, &[("left", Value::Number(u64::from(left)))]);
        self.ask_next(enrolling, Stage::Code { way, challenge: id }, Vec::new(), text, fx)
    }

    fn code_again(
        &self,
        enrolling: Box<Enrolling>,
        way: Way,
        id: ChallengeId,
        text: Option<String>,
        fx: &mut Effects<'_>,
    ) -> State {
        let at = At::Way(way.clone());
        let offer = Offer { at: &at, ways: &[], saved: false, named: false };
        let message = match fx.challenges.get(&id).map(|open| open.delivery.clone()) {
            Some(Delivery::Failed | Delivery::Late) | None => Message::PromptNotSent,
            Some(Delivery::Withheld { .. }) => Message::PromptWithheld,
            Some(Delivery::Unsent) => Message::PromptSent,
            Some(Delivery::Sending | Delivery::Sent) => Message::PromptAdopted,
        };
        let text = text.unwrap_or_else(|| deliver::prompt(&id, message, offer, fx));
        self.ask_next(enrolling, Stage::Code { way, challenge: id }, Vec::new(), text, fx)
    }

    fn code_resent(&self, enrolling: Box<Enrolling>, way: Way, id: ChallengeId, fx: &mut Effects<'_>) -> State {
        let codes = fx.rules.codes;
        let Some(open) = fx.challenges.get(&id) else { return self.code_again(enrolling, way, id, None, fx) };
        let wait_ms = match open.delivery {
            Delivery::Withheld { until_ms } => until_ms.saturating_sub(fx.now.boot_ms),
            // It leaves with the prompt, once that has stood.
            Delivery::Unsent => return self.code_again(enrolling, way, id, None, fx),
            Delivery::Failed => 0,
            // One that is put off is still being tried.
            Delivery::Sending | Delivery::Late | Delivery::Sent => open.resend_wait_ms(&codes, &fx.now),
        };
        if wait_ms > 0 {
            let wait = fx.texts.span(wait_ms.div_ceil(1000));
            let values = [("wait", Value::Text(&wait)), ("tag", Value::Text(&open.tag))];
            let text = fx.texts.prompt(Message::PromptResendLater, &values);
            return self.code_again(enrolling, way, id, Some(text), fx);
        }
        deliver::send_by(&way, &id, (&enrolling.user, &enrolling.bucket, &enrolling.asked.place), fx);
        let at = At::Way(way.clone());
        let text =
            deliver::prompt(&id, Message::PromptResent, Offer { at: &at, ways: &[], saved: false, named: false }, fx);
        self.code_again(enrolling, way, id, Some(text), fx)
    }

    fn after_address(&self, enrolling: Box<Enrolling>, fx: &mut Effects<'_>) -> State {
        if !enrolling.had_app && !may_go_without_app(&enrolling, fx) {
            return self.show_app(enrolling, Vec::new(), fx);
        }
        if enrolling.wants != Wants::Any {
            return self.after_methods(enrolling, fx);
        }
        let text = fx.texts.prompt(Message::EnrolOfferApp, &[]);
        self.ask_next(enrolling, Stage::OfferApp, Vec::new(), text, fx)
    }

    /// The code of a new app: compared with its own key, which nobody has used yet.
    fn app_typed(&self, mut enrolling: Box<Enrolling>, fresh: Box<Fresh>, typed: Typed, fx: &mut Effects<'_>) -> State {
        let text = match typed {
            Typed::Text(text) => text,
            Typed::Empty | Typed::Junk if may_go_without_app(&enrolling, fx) => {
                return self.after_methods(enrolling, fx);
            }
            Typed::Empty | Typed::Junk => Secret::new(String::new()),
        };
        let code = digits(text.expose(), APP_DIGITS);
        let step = code.and_then(|code| fresh.key.check(code.expose(), fx.shown_s(), None, back(fx)));
        let Some(step) = step else {
            let text = format!("{} {}", fx.texts.say(Message::EnrolWrong, &[]), app_prompt(&enrolling, fx));
            return self.ask_next(enrolling, Stage::App(fresh), Vec::new(), text, fx);
        };
        match fx.keys.seal_app(&fresh.key, fx.random, &enrolling.user, &fresh.id) {
            Ok(sealed) => enrolling.app = Some(NewApp { id: fresh.id, sealed, step }),
            Err(error) => return self.enrol_unavailable(&enrolling, "seal", error.to_string(), fx),
        }
        self.after_methods(enrolling, fx)
    }

    /// Recovery codes for whoever has none; else it is written.
    fn after_methods(&self, enrolling: Box<Enrolling>, fx: &mut Effects<'_>) -> State {
        if enrolling.codes_left == 0 { self.show_codes(enrolling, Vec::new(), fx) } else { self.commit(enrolling, fx) }
    }
}

/// The prompt has stood: somebody is there, and the message of an address leaves.
pub(in crate::login) fn stood(mut enrolling: Box<Enrolling>, prompt: u32, fx: &mut Effects<'_>) -> State {
    if prompt == enrolling.prompts {
        enrolling.stood = true;
        if let Stage::Code { way, challenge } = &enrolling.stage
            && fx.challenges.get(challenge).is_some_and(|open| open.delivery == Delivery::Unsent)
        {
            let from = (&enrolling.user, &enrolling.bucket, &enrolling.asked.place);
            deliver::send_by(way, challenge, from, fx);
        }
    }
    State::Enrolling(enrolling)
}
