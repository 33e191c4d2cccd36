//! What stands over the page, and which key does what there: questions, a test as it happens, what was saved. It draws nothing.

#![expect(clippy::wildcard_enum_match_arm, reason = "a key that is not named means nothing here")]

use super::jobs::Job;
use super::line::{character, request};
use super::merge::{Conflict, Side};
use super::window::{Act, Note, Save, Window};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::Channel;
use pam_2fa_settings::text::printable;
use pam_2fa_settings::{E164, EmailAddress};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::Input;

/// Ticks of the loop without a key, after which Enter is not held down any more.
const RESTS: u8 = 6;

/// What stands over the page. How far it is scrolled is [`Window::above`].
#[derive(Debug)]
pub(crate) enum Popup {
    /// What the field with the focus is for, whole, and the keys.
    Help,
    /// What is unhealthy, or why configd says nothing.
    Problems,
    /// Not saved, and asked to exit.
    Unsaved,
    /// Where a test goes to.
    To { channel: Channel, input: Input, why: Option<String> },
    /// The test of that channel, as it happens.
    Talk(Channel),
    /// Codes are asked for without a test by these ways: the words that say so are typed. Keys that others have changed; and what it is of.
    Untested { input: Input, ways: Ways, theirs: String, asked: Secret, save: Save },
    /// The same settings were changed by somebody else.
    Conflict { conflicts: Vec<Conflict>, save: Save },
    /// What was saved: what there is to say of it, and the change. Whoever wanted to leave does so behind it.
    Diff { said: Vec<String>, diff: Vec<String>, exits: bool },
    /// Fewer are asked for a code than before, or nobody: what it was and what it is.
    Weaker { was: String, is: String, save: Save },
}

/// Ways that were not tried; neither where there is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ways {
    pub(crate) email: bool,
    pub(crate) sms: bool,
}

/// A test that was started here.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) channel: Channel,
    pub(crate) to: String,
    /// What it went by.
    pub(crate) settings: Secret,
    /// Each in one line, the oldest first.
    pub(crate) steps: Vec<String>,
    /// The server's own words, or why not.
    pub(crate) ended: Option<Result<String, String>>,
}

impl Window {
    /// A question is on the screen by which something is risked or lost.
    pub(crate) fn is_asking(&self) -> bool {
        let is_ours = matches!(
            self.popup,
            Some(Popup::Weaker { .. } | Popup::Untested { .. } | Popup::Conflict { .. } | Popup::Unsaved)
        );
        is_ours || self.users.is_asking()
    }

    /// Nothing was typed for a tick of the loop.
    pub(crate) fn rest(&mut self) {
        self.held = self.held.saturating_sub(1);
    }

    /// The last test of a channel.
    pub(crate) fn trial(&self, channel: Channel) -> Option<&Trial> {
        self.trials.iter().find(|trial| trial.channel == channel)
    }

    pub(super) fn trial_mut(&mut self, channel: Channel) -> Option<&mut Trial> {
        self.trials.iter_mut().find(|trial| trial.channel == channel)
    }

    pub(super) fn over(&mut self, popup: Popup) -> Vec<Act> {
        self.popup = Some(popup);
        Vec::new()
    }

    /// One that was not there before: its beginning is seen.
    pub(super) fn open(&mut self, popup: Popup) -> Vec<Act> {
        self.above = 0;
        self.over(popup)
    }

    pub(super) fn key_in_popup(&mut self, popup: Popup, key: KeyEvent) -> Vec<Act> {
        if let Some(above) = scrolled(self.above, key.code) {
            // No further than there is something; whoever draws knows how far that is.
            self.above = above;
            return self.over(popup);
        }
        match popup {
            Popup::Diff { exits, .. } => match key.code {
                KeyCode::Enter | KeyCode::Esc | KeyCode::F(_) if exits => vec![Act::Exit],
                KeyCode::Enter | KeyCode::Esc | KeyCode::F(_) => Vec::new(),
                _ => self.over(popup),
            },
            Popup::Help | Popup::Problems => match key.code {
                KeyCode::Enter | KeyCode::Esc | KeyCode::F(_) | KeyCode::Char(_) => Vec::new(),
                _ => self.over(popup),
            },
            Popup::Talk(channel) => {
                let is_over = self.trial(channel).is_some_and(|trial| trial.ended.is_some());
                let is_enter = key.code == KeyCode::Enter;
                self.held = if is_enter { RESTS } else { 0 };
                if key.code == KeyCode::Esc || (is_over && is_enter) { Vec::new() } else { self.over(popup) }
            }
            Popup::Unsaved => match (key.code, self.chosen("keys-unsaved", key)) {
                (_, Some(0)) => self.save_and(true),
                (_, Some(1)) => vec![Act::Exit],
                (KeyCode::Esc, _) => Vec::new(),
                _ => self.over(Popup::Unsaved),
            },
            Popup::Weaker { was, is, save } => match (key.code, self.chosen("keys-weaker", key)) {
                (_, Some(0)) => vec![Act::Save(save)],
                (KeyCode::Esc, _) => Vec::new(),
                _ => self.over(Popup::Weaker { was, is, save }),
            },
            Popup::To { channel, input, .. } => self.key_in_to(channel, input, key),
            Popup::Untested { mut input, ways, theirs, asked, mut save } => {
                let is_test = key.code == KeyCode::F(5)
                    || (key.code == KeyCode::Char('t') && key.modifiers == KeyModifiers::CONTROL);
                match key.code {
                    KeyCode::Esc => Vec::new(),
                    _ if is_test && ways.email => self.ask_to(Channel::Email),
                    _ if is_test && ways.sms => self.ask_to(Channel::Sms),
                    KeyCode::Enter if input.value().trim() == self.words.say("untested-words") => {
                        save.untested = Some(asked);
                        vec![Act::Save(save)]
                    }
                    _ => {
                        let _ = request(key).map(|request| input.handle(request));
                        self.over(Popup::Untested { input, ways, theirs, asked, save })
                    }
                }
            }
            Popup::Conflict { conflicts, mut save } => {
                let side = match (key.code, self.chosen("keys-conflict", key)) {
                    (KeyCode::Esc, _) => return Vec::new(),
                    (_, Some(0)) => Side::Ours,
                    (_, Some(1)) => Side::Theirs,
                    _ => return self.over(Popup::Conflict { conflicts, save }),
                };
                save.decided.extend(conflicts.into_iter().map(|conflict| (conflict, side)));
                vec![Act::Save(save)]
            }
        }
    }

    /// Which of the letters at the foot of a question was typed, from 0 on: those that are on the screen, and no others.
    fn chosen(&self, foot: &str, key: KeyEvent) -> Option<usize> {
        let letter = character(key)?.to_lowercase().next()?;
        let foot = self.words.say(foot);
        foot.split("   ").position(|part| part.split(':').next().is_some_and(|name| name == letter.to_string()))
    }

    pub(super) fn save_and(&mut self, exits: bool) -> Vec<Act> {
        if self.is_wrong() {
            return Vec::new();
        }
        if !self.draft.is_changed() {
            self.note = Some(Note::Well(self.words.say("note-nothing-to-save")));
            return if exits { vec![Act::Exit] } else { Vec::new() };
        }
        let save = Save { exits, ..Save::default() };
        // Requiring less is as much of a change as requiring more.
        let rank = |required: &str, mode: &str| {
            let is_report = mode.starts_with("report");
            let rank = ["disabled", "optional", "mandatory"].iter().position(|one| *one == required);
            if is_report { Some(0) } else { rank }
        };
        let (was, is) = (self.draft.saved_typed("policy.required"), self.draft.typed("policy.required"));
        let (was_mode, mode) = (self.draft.saved_typed("policy.mode"), self.draft.typed("policy.mode"));
        if rank(&is, &mode) < rank(&was, &was_mode) {
            let words = |required: &str, mode: &str| {
                let said = self.words.say(&format!("choice-policy-required-{required}"));
                if mode.starts_with("report") { format!("{said}; {}", printable(mode)) } else { said }
            };
            let (was, is) = (words(&was, &was_mode), words(&is, &mode));
            return self.open(Popup::Weaker { was, is, save });
        }
        vec![Act::Save(save)]
    }

    /// Where a test goes to; of one that has not ended, how far it is.
    pub(super) fn ask_to(&mut self, channel: Channel) -> Vec<Act> {
        if self.trial(channel).is_some_and(|trial| trial.ended.is_none()) {
            return self.open(Popup::Talk(channel));
        }
        if self.is_wrong_for(channel == Channel::Sms) {
            self.note = Some(Note::Wrong(self.words.say("note-not-sent")));
            return Vec::new();
        }
        let last = self.trial(channel).map(|trial| trial.to.clone());
        let to = match channel {
            // The sender, unless another is typed.
            Channel::Email => last.unwrap_or_else(|| address_in(&self.draft.typed("email.from"))),
            Channel::Sms => last.unwrap_or_default(),
        };
        self.open(Popup::To { channel, input: Input::new(to), why: None })
    }

    fn key_in_to(&mut self, channel: Channel, mut input: Input, key: KeyEvent) -> Vec<Act> {
        match key.code {
            KeyCode::Esc => Vec::new(),
            // Held down since the last test was closed: it would send one message after the other.
            KeyCode::Enter if self.held > 0 => {
                self.held = RESTS;
                self.over(Popup::To { channel, input, why: None })
            }
            KeyCode::Enter => {
                let to = input.value().trim().to_owned();
                let wrong = match channel {
                    Channel::Email => EmailAddress::parse(&to).err().map(|why| why.to_string()),
                    Channel::Sms => E164::parse(&to).err().map(|why| why.to_string()),
                };
                let settings = match (wrong, self.candidate()) {
                    (None, Ok(settings)) => settings,
                    (Some(why), _) | (None, Err(why)) => {
                        return self.over(Popup::To { channel, input, why: Some(why) });
                    }
                };
                self.test(channel, to, settings)
            }
            _ => {
                self.held = 0;
                let _ = request(key).map(|request| input.handle(request));
                self.over(Popup::To { channel, input, why: None })
            }
        }
    }

    fn test(&mut self, channel: Channel, to: String, settings: Secret) -> Vec<Act> {
        let asked = Secret::new(settings.expose().clone());
        self.trials.retain(|trial| trial.channel != channel);
        self.trials.push(Trial { channel, to: to.clone(), settings, steps: Vec::new(), ended: None });
        let _ = self.open(Popup::Talk(channel));
        vec![Act::Start(match channel {
            Channel::Email => Job::TestEmail { to, settings: asked },
            Channel::Sms => Job::TestSms { to, settings: asked },
        })]
    }
}

/// The address of `Name <address>`.
fn address_in(from: &str) -> String {
    let inner = from.rsplit_once('<').map_or(from, |(_, rest)| rest.trim_end_matches('>'));
    inner.trim().to_owned()
}

/// How many lines are above after a key that scrolls.
fn scrolled(above: usize, key: KeyCode) -> Option<usize> {
    Some(match key {
        KeyCode::Up => above.saturating_sub(1),
        KeyCode::Down => above.saturating_add(1),
        KeyCode::PageUp => above.saturating_sub(10),
        KeyCode::PageDown => above.saturating_add(10),
        _ => return None,
    })
}
