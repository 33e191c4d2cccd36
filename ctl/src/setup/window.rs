//! The window: what is shown, and which key does what. It draws nothing, and has others write and ask.
//!
//! | file | |
//! |---|---|
//! | `mouse` | which click does what |
//! | `told` | answers of the daemon, what became of a save |
//! | `said` | things of the window in words |

#![expect(clippy::wildcard_enum_match_arm, reason = "a key that is not named means nothing here")]

mod mouse;
mod said;
mod told;

use super::asked::{Popup, Trial};
use super::draft::Draft;
use super::fields::{Page, Press};
use super::form::{Choosable, Form, Wants};
use super::jobs::Job;
use super::line::{insert, pasted};
use super::merge::{Conflict, Side};
use super::users::Users;
use super::words::Words;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::Channel;
use pam_2fa_settings::text::printable;
use pam_2fa_settings::{plain_secrets, sealed_secrets, sending};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What stands at the bottom until the next key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Note {
    Well(String),
    Wrong(String),
}

/// What the loop is to do.
#[derive(Debug)]
pub(crate) enum Act {
    Start(Job),
    Save(Save),
    Exit,
}

/// How it is saved: what was answered on the way. It goes from one question to the next, and ends with the last: whoever leaves a question
/// has answered none.
#[derive(Debug, Default)]
pub(crate) struct Save {
    /// Without a test that has passed: the settings that this was said of.
    pub(crate) untested: Option<Secret>,
    /// Where somebody else has changed the same.
    pub(crate) decided: Vec<(Conflict, Side)>,
    /// Whoever has seen what was saved leaves.
    pub(crate) exits: bool,
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) draft: Draft,
    pub(crate) form: Form,
    pub(crate) users: Users,
    pub(crate) popup: Option<Popup>,
    pub(crate) note: Option<Note>,
    /// What configd said last: what is unhealthy, or why it says nothing. None before it was asked.
    pub(crate) health: Option<Result<Vec<String>, String>>,
    pub(crate) words: Words,
    /// The last test of each channel that was started here.
    pub(super) trials: Vec<Trial>,
    /// For how many ticks more Enter counts as held down, since it closed one.
    pub(super) held: u8,
    /// How many lines of what stands over the page are scrolled past.
    pub(crate) above: usize,
}

impl Window {
    pub(crate) fn new(text: &str, providers: Vec<Choosable>, words: Words) -> Self {
        let draft = Draft::of(text);
        let form = Form::new(providers, &draft);
        let mut window = Self {
            draft,
            form,
            users: Users::new(),
            popup: None,
            note: None,
            health: None,
            words,
            trials: Vec::new(),
            held: 0,
            above: 0,
        };
        // Of a file that is wrong it is said at once, and the place gone to.
        if !window.draft.all_wrong().is_empty() {
            let _ = window.is_wrong();
        }
        window.form.is_due = false;
        window
    }

    /// A key; what is to be done.
    pub(crate) fn key(&mut self, key: KeyEvent) -> Vec<Act> {
        self.note = None;
        if let Some(popup) = self.popup.take() {
            return self.key_in_popup(popup, key);
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        if self.form.page == Page::Users
            && let Some(jobs) = self.users.key(key)
        {
            return started(jobs);
        }
        if self.form.pick.is_none() {
            match key.code {
                // Where there is no F3.
                KeyCode::Char('r') if control => return self.key(KeyEvent::new(KeyCode::F(3), KeyModifiers::NONE)),
                KeyCode::Tab if self.form.page == Page::Users => return self.turn(1),
                KeyCode::BackTab if self.form.page == Page::Users => {
                    return self.turn(Page::ALL.len().saturating_sub(1));
                }
                KeyCode::F(1) => return self.open(Popup::Help),
                KeyCode::F(2) => return self.press(Press::Save),
                KeyCode::F(4) => return self.open(Popup::Problems),
                KeyCode::F(5) => return self.press_test(),
                KeyCode::F(10) => return self.press(Press::Exit),
                // A serial console has no function keys, and some have no page keys.
                KeyCode::Char('g') if control => return self.open(Popup::Help),
                KeyCode::Char('s') if control => return self.press(Press::Save),
                KeyCode::Char('d') if control => return self.open(Popup::Problems),
                KeyCode::Char('t') if control && self.form.page != Page::Users => return self.press_test(),
                KeyCode::Char('q' | 'c') if control => return self.press(Press::Exit),
                // Only where it is seen what they change.
                KeyCode::Char('z' | 'y') if control && self.form.page == Page::Users => return Vec::new(),
                KeyCode::Char('z') if control => return self.turned(Draft::undo, "note-undone", "note-nothing-undone"),
                KeyCode::Char('y') if control => return self.turned(Draft::redo, "note-redone", "note-nothing-redone"),
                KeyCode::Char(digit @ '1'..='3') if alt => return self.turn_to(page_of(digit)),
                KeyCode::PageDown => return self.turn(1),
                KeyCode::PageUp => return self.turn(Page::ALL.len().saturating_sub(1)),
                KeyCode::Char('n') if control => return self.turn(1),
                KeyCode::Char('p') if control => return self.turn(Page::ALL.len().saturating_sub(1)),
                _ => {}
            }
        }
        match self.form.key(key, &mut self.draft) {
            Wants::Other if key.code == KeyCode::Esc => self.escape(),
            Wants::Other => self.letter(key),
            Wants::Nothing => Vec::new(),
            Wants::Press(press) => self.press(press),
            Wants::Say(id) => {
                self.note = Some(Note::Wrong(self.words.say(id)));
                Vec::new()
            }
            Wants::Look { key } => self.look(key),
        }
    }

    /// Nothing is left to be left but the page: the window itself goes by a key that is meant.
    fn escape(&mut self) -> Vec<Act> {
        if self.form.page == Page::Main {
            self.note = Some(Note::Well(self.words.say("note-how-to-exit")));
            return Vec::new();
        }
        self.turn_to(Page::Main)
    }

    /// What was pasted: into a line that is edited, and nowhere else, since letters are commands elsewhere.
    pub(crate) fn paste(&mut self, text: &str) {
        let text = pasted(text);
        match &mut self.popup {
            Some(Popup::To { input, .. } | Popup::Untested { input, .. }) => insert(input, &text),
            Some(_) => {}
            None if self.form.page == Page::Users => self.users.paste(&text),
            None => self.form.paste(&text, &mut self.draft),
        }
    }

    fn turn(&mut self, by: usize) -> Vec<Act> {
        let at = Page::ALL.iter().position(|page| *page == self.form.page).unwrap_or_default();
        let next = at.saturating_add(by).checked_rem(Page::ALL.len()).unwrap_or_default();
        Page::ALL.get(next).map_or_else(Vec::new, |page| self.turn_to(*page))
    }

    fn turn_to(&mut self, page: Page) -> Vec<Act> {
        self.form.turn_to(page, &mut self.draft);
        if page == Page::Users { started(self.users.opened()) } else { Vec::new() }
    }

    /// What was undone or done again is gone to, and said.
    fn turned(&mut self, turn: impl FnOnce(&mut Draft) -> Option<String>, done: &str, nothing: &str) -> Vec<Act> {
        let turned = turn(&mut self.draft);
        // What is typed in other fields and no value stays there, and stands in the way of saving.
        if let Some(key) = &turned {
            self.form.unfit.remove(key);
        }
        self.form.reload(&self.draft);
        self.note = Some(Note::Well(match turned {
            Some(key) => {
                let _ = self.form.focus_key(&key, &mut self.draft);
                let what = self.form.focused().filter(|field| field.key == key).map(|field| self.said(&field.label));
                self.words.with(done, &[("what", &what.unwrap_or(key))])
            }
            None => self.words.say(nothing),
        }));
        Vec::new()
    }

    fn press(&mut self, press: Press) -> Vec<Act> {
        match press {
            Press::Save => self.save_and(false),
            Press::Exit if self.draft.is_changed() || !self.form.unfit.is_empty() => self.open(Popup::Unsaved),
            Press::Exit => vec![Act::Exit],
            Press::TestEmail => self.ask_to(Channel::Email),
            Press::TestSms => self.ask_to(Channel::Sms),
        }
    }

    /// What is wrong is gone to, what is missing too; nothing is saved or sent by it.
    pub(super) fn is_wrong(&mut self) -> bool {
        self.is_wrong_for(true)
    }

    /// The same; where no text message is sent, whatever the account of it is.
    pub(super) fn is_wrong_for(&mut self, texts: bool) -> bool {
        self.form.is_due |= texts;
        if self.form.focus_wrong(&mut self.draft, texts) {
            return true;
        }
        // What has no field here is said all the same.
        let Some((key, why)) = self.draft.all_wrong().iter().next() else { return false };
        let said = if key.is_empty() { why.clone() } else { format!("{key}: {why}") };
        self.note = Some(Note::Wrong(self.words.with("note-no-field", &[("why", &printable(&said))])));
        true
    }

    /// Of the section that has the focus; elsewhere of the channel that there is.
    pub(super) fn press_test(&mut self) -> Vec<Act> {
        let has_email = !self.draft.typed("email.server").is_empty();
        let is_sms = match self.form.focused().map(|field| field.section) {
            Some("section-sms") => true,
            Some("section-email") => false,
            _ => !has_email && !self.draft.typed("sms.provider").is_empty(),
        };
        self.press(if is_sms { Press::TestSms } else { Press::TestEmail })
    }

    fn look(&mut self, key: String) -> Vec<Act> {
        let text = self.draft.text();
        let sealed = sealed_secrets(text).unwrap_or_default().into_iter().find(|(name, _)| *name == key);
        // One in plain text is as secret: the log has who looked.
        let plain = || plain_secrets(text).unwrap_or_default().into_iter().find(|(name, _)| *name == key);
        let there = sealed.map(|(_, sealed)| sealed).or_else(|| plain().map(|(_, plain)| plain.expose().clone()));
        self.form.looking = there.is_some().then(|| key.clone());
        there.map(|sealed| Act::Start(Job::OpenSecret { key, sealed })).into_iter().collect()
    }

    /// What the screen says of sending, with the secrets that were typed.
    pub(crate) fn candidate(&self) -> Result<Secret, String> {
        self.draft.whole().and_then(|text| sending(text.expose()).map(Secret::new).map_err(|error| error.to_string()))
    }
}

fn started(jobs: Vec<Job>) -> Vec<Act> {
    jobs.into_iter().map(Act::Start).collect()
}

fn page_of(digit: char) -> Page {
    match digit {
        '2' => Page::Limits,
        '3' => Page::Users,
        _ => Page::Main,
    }
}
