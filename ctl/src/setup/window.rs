//! The window: what is shown, which key does what, what comes back from the daemon. It draws nothing, and has others write and ask.

#![expect(clippy::wildcard_enum_match_arm, reason = "a key that is not named means nothing here")]

use super::draft::Draft;
use super::draw::{Hit, hit};
use super::fields::{Kind, Page, Press};
use super::form::{Choosable, Form, Wants, request};
use super::jobs::{Job, Told};
use super::users::Users;
use super::words::Words;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::Channel;
use pam_2fa_settings::text::printable;
use pam_2fa_settings::{E164, EmailAddress, sealed_secrets, sending};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use tui_input::Input;

/// What stands at the bottom until the next key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Note {
    Well(String),
    Wrong(String),
}

/// What stands over the page.
#[derive(Debug)]
pub(crate) enum Popup {
    Help,
    /// Not saved, and asked to exit.
    Unsaved,
    /// Where a test goes to.
    To {
        channel: Channel,
        input: Input,
        why: Option<String>,
    },
    /// A test as it happens.
    Talk {
        channel: Channel,
        to: String,
        steps: Vec<String>,
        ended: Option<Result<String, String>>,
        above: usize,
    },
    /// Mandatory without a test: the words that say so are typed.
    Untested {
        input: Input,
        has_way: bool,
    },
    /// The same settings were changed by somebody else: by key, ours and theirs.
    Conflict {
        keys: Vec<(String, String, String)>,
    },
    /// What was saved.
    Diff {
        lines: Vec<String>,
        above: usize,
    },
}

/// What the loop is to do.
#[derive(Debug)]
pub(crate) enum Act {
    Start(Job),
    Save(Save),
    Exit,
}

/// How it is saved.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Save {
    /// Mandatory also without a test that has passed.
    pub(crate) untested: bool,
    /// Where somebody else has changed the same.
    pub(crate) over_theirs: Option<bool>,
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
    /// How this is to be saved, after a question.
    save: Save,
}

impl Window {
    pub(crate) fn new(text: &str, providers: Vec<Choosable>, words: Words) -> Self {
        let draft = Draft::of(text);
        let form = Form::new(providers, &draft);
        Self { draft, form, users: Users::new(), popup: None, note: None, health: None, words, save: Save::default() }
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
                KeyCode::Tab if self.form.page == Page::Users => return self.turn(1),
                KeyCode::BackTab if self.form.page == Page::Users => {
                    return self.turn(Page::ALL.len().saturating_sub(1));
                }
                KeyCode::F(1) => return self.over(Popup::Help),
                KeyCode::F(2) => return self.press(Press::Save),
                KeyCode::F(5) => return self.press_test(),
                KeyCode::F(10) => return self.press(Press::Exit),
                KeyCode::Char('s') if control => return self.press(Press::Save),
                KeyCode::Char('q' | 'c') if control => return self.press(Press::Exit),
                KeyCode::Char('z') if control => return self.turned(Draft::undo, "note-undone", "note-nothing-undone"),
                KeyCode::Char('y') if control => return self.turned(Draft::redo, "note-redone", "note-nothing-undone"),
                KeyCode::Char(digit @ '1'..='3') if alt => return self.turn_to(page_of(digit)),
                KeyCode::PageDown => return self.turn(1),
                KeyCode::PageUp => return self.turn(Page::ALL.len().saturating_sub(1)),
                _ => {}
            }
        }
        match self.form.key(key, &mut self.draft) {
            Wants::Other if key.code == KeyCode::Esc => self.press(Press::Exit),
            Wants::Other | Wants::Nothing => Vec::new(),
            Wants::Press(press) => self.press(press),
            Wants::Look { key } => self.look(key),
        }
    }

    /// The mouse, in a terminal of that size: a click goes to a field, and presses what has the focus.
    pub(crate) fn mouse(&mut self, event: MouseEvent, size: (u16, u16)) -> Vec<Act> {
        let is_of_page = !matches!(hit(self, size, (event.column, event.row)), Some(Hit::Page(_)));
        if self.form.page == Page::Users && self.popup.is_none() && is_of_page {
            return started(self.users.mouse(event));
        }
        let code = match event.kind {
            MouseEventKind::ScrollDown => KeyCode::Down,
            MouseEventKind::ScrollUp => KeyCode::Up,
            MouseEventKind::Down(MouseButton::Left) if self.popup.is_none() && self.form.pick.is_none() => {
                return match hit(self, size, (event.column, event.row)) {
                    Some(Hit::Page(page)) => self.turn_to(page),
                    Some(Hit::Field(at)) => self.click(at),
                    None => Vec::new(),
                };
            }
            _ => return Vec::new(),
        };
        self.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn click(&mut self, at: usize) -> Vec<Act> {
        let was_there = self.form.at == at;
        self.form.focus(at, &mut self.draft);
        let is_button = self.form.focused().is_some_and(|field| matches!(field.kind, Kind::Press(_)));
        let is_line = self
            .form
            .focused()
            .is_some_and(|field| matches!(field.kind, Kind::Text | Kind::Number | Kind::Secret | Kind::Duration));
        if is_button || (was_there && !is_line) {
            return self.key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE));
        }
        Vec::new()
    }

    /// What was pasted.
    pub(crate) fn paste(&mut self, text: &str) {
        match &mut self.popup {
            Some(Popup::To { input, .. } | Popup::Untested { input, .. }) => {
                for character in text.lines().next().unwrap_or_default().chars().filter(|one| !one.is_control()) {
                    let _ = input.handle(tui_input::InputRequest::InsertChar(character));
                }
            }
            Some(_) => {}
            // Its keys come one by one, as if they were typed.
            None if self.form.page == Page::Users => {
                for character in text.lines().next().unwrap_or_default().chars().filter(|one| !one.is_control()) {
                    let _ = self.users.key(KeyEvent::new(KeyCode::Char(character), KeyModifiers::NONE));
                }
            }
            None => self.form.paste(text, &mut self.draft),
        }
    }

    /// An answer of the daemon's; what is to be asked then.
    pub(crate) fn told(&mut self, told: Told) -> Vec<Act> {
        let jobs = self.users.told(&told, &self.words);
        self.is_told(told);
        started(jobs)
    }

    fn is_told(&mut self, told: Told) {
        match told {
            Told::Health(health) => self.health = Some(health),
            Told::Step(step) => {
                if let Some(Popup::Talk { steps, .. }) = &mut self.popup {
                    steps.push(printable(&step).into_owned());
                }
            }
            Told::Tested(by, outcome) => {
                // Not that of one that was not waited for.
                if let Some(Popup::Talk { channel, ended, .. }) = &mut self.popup
                    && *channel == by
                {
                    let said = outcome.map(|outcome| printable(&outcome.said).into_owned());
                    *ended = Some(said.map_err(|why| printable(&why).into_owned()));
                }
            }
            Told::Secret(key, Ok(secret)) => {
                self.form.seen.insert(key, secret);
            }
            Told::Secret(_, Err(why)) => self.note = Some(Note::Wrong(why)),
            // Of the Users page.
            Told::Users(_) | Told::User(_) | Told::Done(..) | Told::Invited(..) | Told::VerifySent(..) => {}
        }
    }

    /// It was saved: the file's text now, and what the change was.
    pub(crate) fn saved(&mut self, text: &str, lines: Vec<String>) {
        self.save = Save::default();
        self.draft.saved(text);
        self.form.reload(&self.draft);
        self.note = Some(Note::Well(self.words.say("note-saved")));
        self.popup = Some(Popup::Diff { lines, above: 0 });
    }

    /// It was not, and nothing was changed.
    pub(crate) fn not_saved(&mut self, why: &str) {
        self.save = Save::default();
        self.note = Some(Note::Wrong(printable(why).into_owned()));
    }

    /// Mandatory, and no test has passed by what stands here.
    pub(crate) fn is_untested(&mut self, has_way: bool) {
        self.popup = Some(Popup::Untested { input: Input::default(), has_way });
    }

    /// Somebody else has changed the same.
    pub(crate) fn is_contested(&mut self, keys: Vec<(String, String, String)>) {
        self.popup = Some(Popup::Conflict { keys });
    }

    fn over(&mut self, popup: Popup) -> Vec<Act> {
        self.popup = Some(popup);
        Vec::new()
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

    fn turned(&mut self, turn: impl FnOnce(&mut Draft) -> bool, done: &str, nothing: &str) -> Vec<Act> {
        let id = if turn(&mut self.draft) { done } else { nothing };
        self.form.reload(&self.draft);
        self.note = Some(Note::Well(self.words.say(id)));
        Vec::new()
    }

    fn press(&mut self, press: Press) -> Vec<Act> {
        match press {
            Press::Save => self.press_save(),
            Press::Exit if self.draft.is_changed() || !self.form.unfit.is_empty() => self.over(Popup::Unsaved),
            Press::Exit => vec![Act::Exit],
            Press::TestEmail => self.ask_to(Channel::Email),
            Press::TestSms => self.ask_to(Channel::Sms),
        }
    }

    /// What is wrong is gone to; nothing is saved or sent by it.
    fn is_wrong(&mut self) -> bool {
        let unfit = self.form.unfit.values().map(|unfit| unfit.why.clone());
        let Some(any) = unfit.chain(self.draft.all_wrong().values().cloned()).next() else { return false };
        // What has no field here is said all the same.
        if !self.form.focus_wrong(&mut self.draft) {
            self.note = Some(Note::Wrong(any));
        }
        true
    }

    fn press_save(&mut self) -> Vec<Act> {
        if self.is_wrong() {
            return Vec::new();
        }
        if !self.draft.is_changed() {
            self.note = Some(Note::Well(self.words.say("note-nothing-to-save")));
            return Vec::new();
        }
        vec![Act::Save(self.save)]
    }

    /// Of the section that has the focus.
    fn press_test(&mut self) -> Vec<Act> {
        let is_sms = self.form.focused().is_some_and(|field| field.section == "section-sms");
        self.press(if is_sms { Press::TestSms } else { Press::TestEmail })
    }

    fn ask_to(&mut self, channel: Channel) -> Vec<Act> {
        if self.is_wrong() {
            return Vec::new();
        }
        let to = match channel {
            // The sender, unless another is typed.
            Channel::Email => address_in(&self.draft.typed("email.from")),
            Channel::Sms => String::new(),
        };
        self.over(Popup::To { channel, input: Input::new(to), why: None })
    }

    fn look(&mut self, key: String) -> Vec<Act> {
        let sealed = sealed_secrets(self.draft.text()).unwrap_or_default();
        let Some((_, sealed)) = sealed.into_iter().find(|(name, _)| *name == key) else {
            self.note = Some(Note::Wrong(self.words.say("note-plain")));
            return Vec::new();
        };
        vec![Act::Start(Job::OpenSecret { key, sealed })]
    }

    fn key_in_popup(&mut self, popup: Popup, key: KeyEvent) -> Vec<Act> {
        match popup {
            Popup::Help => Vec::new(),
            Popup::Unsaved => match key.code {
                KeyCode::Char('s' | 'S' | 'y' | 'Y' | 'j' | 'J') => self.press_save(),
                KeyCode::Char('d' | 'D' | 'v' | 'V') => vec![Act::Exit],
                KeyCode::Esc | KeyCode::Char('c' | 'C' | 'z' | 'Z') => Vec::new(),
                _ => self.over(Popup::Unsaved),
            },
            Popup::To { channel, input, .. } => self.key_in_to(channel, input, key),
            Popup::Talk { channel, to, steps, ended, above } => {
                let is_over = ended.is_some() && matches!(key.code, KeyCode::Enter | KeyCode::Esc | KeyCode::Char(_));
                if is_over || key.code == KeyCode::Esc {
                    return Vec::new();
                }
                let above = scrolled(above, steps.len(), key.code);
                self.over(Popup::Talk { channel, to, steps, ended, above })
            }
            Popup::Untested { mut input, has_way } => match key.code {
                KeyCode::Esc => Vec::new(),
                KeyCode::Enter if input.value().trim() == self.words.say("untested-words") => {
                    self.save.untested = true;
                    vec![Act::Save(self.save)]
                }
                _ => {
                    let _ = request(key).map(|request| input.handle(request));
                    self.over(Popup::Untested { input, has_way })
                }
            },
            Popup::Conflict { keys } => match key.code {
                KeyCode::Esc => Vec::new(),
                KeyCode::Char('m' | 'M') => self.decide(true),
                KeyCode::Char('t' | 'T' | 'a' | 'A') => self.decide(false),
                _ => self.over(Popup::Conflict { keys }),
            },
            Popup::Diff { lines, above } => match key.code {
                KeyCode::Up | KeyCode::Down | KeyCode::PageUp | KeyCode::PageDown => {
                    let above = scrolled(above, lines.len(), key.code);
                    self.over(Popup::Diff { lines, above })
                }
                _ => Vec::new(),
            },
        }
    }

    fn decide(&mut self, over_theirs: bool) -> Vec<Act> {
        self.save.over_theirs = Some(over_theirs);
        vec![Act::Save(self.save)]
    }

    fn key_in_to(&mut self, channel: Channel, mut input: Input, key: KeyEvent) -> Vec<Act> {
        match key.code {
            KeyCode::Esc => Vec::new(),
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
                let talk = Popup::Talk { channel, to: to.clone(), steps: Vec::new(), ended: None, above: 0 };
                self.popup = Some(talk);
                vec![Act::Start(match channel {
                    Channel::Email => Job::TestEmail { to, settings },
                    Channel::Sms => Job::TestSms { to, settings },
                })]
            }
            _ => {
                let _ = request(key).map(|request| input.handle(request));
                self.over(Popup::To { channel, input, why: None })
            }
        }
    }

    /// What the screen says of sending, with the secrets that were typed.
    fn candidate(&self) -> Result<Secret, String> {
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

/// The address of `Name <address>`.
fn address_in(from: &str) -> String {
    let inner = from.rsplit_once('<').map_or(from, |(_, rest)| rest.trim_end_matches('>'));
    inner.trim().to_owned()
}

fn scrolled(above: usize, lines: usize, key: KeyCode) -> usize {
    let to = match key {
        KeyCode::Up => above.saturating_sub(1),
        KeyCode::Down => above.saturating_add(1),
        KeyCode::PageUp => above.saturating_sub(10),
        KeyCode::PageDown => above.saturating_add(10),
        _ => above,
    };
    to.min(lines.saturating_sub(1))
}
