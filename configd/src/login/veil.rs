//! Under the constant prompt a login that is denied looks as a decoy does (S11): as many prompts, all of one text, each as long after
//! the answer before it. Otherwise whoever guesses passwords would see by a denial that comes early, or by how long it takes, that
//! one was right: while a wait runs, after a code that was the last one, for an answer of no code's form.
//!
//! What was decided is decided, and in the log. What is typed at the prompts that are left is forgotten: nothing is charged or sent
//! for it, and nothing it could be lets in.

use super::believed::asks_caller;
use super::class::classify;
use super::source::Source;
use super::ways::At;
use super::{Effect, Effects, Event, Login, Purpose, State};
use crate::random;
use crate::rules::PromptStyle;
use crate::texts::{Message, Value};
use pam_2fa_protocol::admin::Required;
use pam_2fa_protocol::login::{Question, Step, Verdict};

/// The shortest time from an answer to the next prompt or the denial, milliseconds: longer than what decides and writes needs, and with
/// what is added below the 150 that the module waits at most.
const PACE_MS: i64 = 118;

/// What is added at most, drawn once a login: what is left of a difference is lost in it.
const MORE_MS: u8 = 32;

/// What of a login has been shown.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shown {
    /// What tags its prompts and its message.
    tag: Option<String>,
    /// How many constant prompts.
    prompts: u32,
    /// Their text.
    text: Option<String>,
    /// Another prompt was shown: there is nothing left to hide.
    other: bool,
    pace_ms: Option<i64>,
}

impl Login {
    /// The tag of this login follows from what a decoy knows too: it is the same with a right password and with a wrong one, in one
    /// login as in the next, and whether a challenge is made, adopted, or not there at all.
    pub(super) fn tag(&mut self, event: &Event, fx: &Effects<'_>) {
        let Event::Begin(begin) = event else { return };
        if self.is_constant(fx) {
            let class = classify(&begin.service, begin.tty.as_deref(), &fx.rules.services);
            let source = Source::stated(class, begin.remote_host.as_deref());
            let asked = begin.remote_user.as_ref().filter(|_| asks_caller(begin, class, fx)).unwrap_or(&begin.user);
            // Some user databases take a name in any spelling, and all of them have one challenge.
            let name = asked.to_lowercase();
            self.shown.tag = Some(random::tag_of(fx.keys.prompt_tag(&name, class, source)));
        }
    }

    /// What its challenges are tagged with; `None`: each with what it drew.
    pub(super) fn tagged(&self) -> Option<&str> {
        self.shown.tag.as_deref()
    }

    /// Whether a denial of this step would be seen by somebody who may not have the password.
    pub(super) fn is_veiled(&self, state: &State, event: &Event, fx: &Effects<'_>) -> bool {
        let decoy = matches!(event, Event::Begin(begin) if begin.decoy);
        !decoy && !self.shown.other && self.is_constant(fx) && !matches!(state, State::Over)
    }

    /// Whether a decoy would prompt.
    pub(super) fn is_constant(&self, fx: &Effects<'_>) -> bool {
        self.purpose == Purpose::LogIn
            && self.peer_uid == 0
            && fx.rules.codes.prompt == PromptStyle::Constant
            && fx.rules.required != Required::Disabled
            // Nobody is asked then, and a prompt would tell that the password was wrong.
            && !fx.rules.who.only_reports(&fx.now)
    }

    /// The step that ended in `next`, as it may be seen. `since`: where its effects begin.
    pub(super) fn veil(&mut self, next: State, since: usize, fx: &mut Effects<'_>) -> State {
        let Some(mine) = fx.out.get_mut(since..) else { return next };
        let asked =
            mine.iter_mut().find_map(|effect| if let Effect::Reply(step) = effect { step.ask.as_mut() } else { None });
        match (asked, &next) {
            (None, State::Over) => self.instead_of_denial(since, fx).unwrap_or(next),
            (None, _) => next,
            // A letter is asked for of root by key alone: no password was typed that could have been wrong.
            (Some(_), State::AtPrompt(standing)) if standing.at == At::Choice => next,
            (Some(question), State::AtPrompt(_)) => {
                self.shown.prompts = self.shown.prompts.saturating_add(1);
                let text = self.shown.text.get_or_insert_with(|| question.text.clone());
                question.text.clone_from(text);
                next
            }
            (Some(_), _) => {
                self.shown.other = true;
                next
            }
        }
    }

    /// Another prompt in the place of a denial, where a decoy would show one.
    fn instead_of_denial(&mut self, since: usize, fx: &mut Effects<'_>) -> Option<State> {
        if self.shown.prompts >= fx.rules.codes.attempts {
            return None;
        }
        let text = match &self.shown.text {
            Some(text) => text.clone(),
            None => self.constant_text(fx)?,
        };
        let is_denial = |effect: &Effect| {
            let denies = [Verdict::Deny, Verdict::MaxTries, Verdict::Unavailable];
            matches!(effect, Effect::End(Step { verdict: Some(verdict), .. }) if denies.contains(verdict))
        };
        let at = fx.out.iter().skip(since).position(is_denial)?.saturating_add(since);
        let Effect::End(denial) = fx.out.remove(at) else { return None };
        Some(self.show_again(text, denial, fx))
    }

    fn show_again(&mut self, text: String, denial: Step, fx: &mut Effects<'_>) -> State {
        self.shown.prompts = self.shown.prompts.saturating_add(1);
        self.shown.text = Some(text.clone());
        fx.out.push(Effect::Reply(super::ask(text, fx)));
        State::Veiled(Box::new(denial))
    }

    /// An answer to a prompt that only looks like one.
    pub(super) fn veiled_answer(&mut self, denial: Step, fx: &mut Effects<'_>) -> State {
        match self.shown.text.clone() {
            Some(text) if self.shown.prompts < fx.rules.codes.attempts => self.show_again(text, denial, fx),
            Some(_) | None => {
                fx.out.push(Effect::End(denial));
                State::Over
            }
        }
    }

    /// The constant prompt of nobody's challenge, where there is a constant prompt.
    fn constant_text(&self, fx: &Effects<'_>) -> Option<String> {
        Some(fx.texts.prompt(Message::PromptConstant, &[("tag", Value::Text(self.tagged()?))]))
    }

    /// The decoy's question, where it has one.
    pub(super) fn decoys_question(&self, fx: &Effects<'_>) -> Option<Question> {
        let text = self.constant_text(fx)?;
        Some(Question { text, echo: fx.rules.codes.echo, times: times(fx), pace_ms: None })
    }

    /// Puts the pace of this login into what is asked from `since` on.
    pub(super) fn pace(&mut self, since: usize, fx: &mut Effects<'_>) {
        if !self.is_constant(fx) {
            return;
        }
        let more = |random| random::bytes::<1>(random).map_or(0, |[byte]| byte % MORE_MS);
        let random = fx.random;
        let pace_ms = *self.shown.pace_ms.get_or_insert_with(|| PACE_MS.saturating_add(i64::from(more(random))));
        for effect in fx.out.iter_mut().skip(since) {
            if let Effect::Reply(Step { ask: Some(question), .. }) | Effect::End(Step { ask: Some(question), .. }) =
                effect
            {
                question.pace_ms = Some(pace_ms);
            }
        }
    }
}

/// How often a question is shown, for a module that shows it by itself (a decoy), and that an answer which nobody can have typed is no
/// end of it.
pub(super) fn times(fx: &Effects<'_>) -> Option<i64> {
    (fx.rules.codes.prompt == PromptStyle::Constant).then(|| i64::from(fx.rules.codes.attempts))
}

#[cfg(test)]
mod tests;
