//! What stands over the page: a choice, a line that is edited, a code that is read out, a question, an invitation. Keys in, what is to
//! come of them out; nothing is drawn or asked of the daemon here.

use super::super::line::{character, insert, request};
use super::act::Act;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{Channel, User, Verify};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::Input;

/// The longest code that is typed: it never moves in memory, so that nothing of it stays there.
const LONGEST_CODE: usize = 32;

/// Over the page, about one user.
#[derive(Debug)]
pub(super) struct Popup {
    /// Whom it is about; empty where that is what is asked for.
    pub(super) name: String,
    /// Of the record that was seen when it was opened.
    pub(super) uid: Option<u32>,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    Choice(Choice),
    Edit(Edit),
    Code(CodeBox),
    Question(Act),
    /// Shown once.
    Invitation(Secret),
}

/// One of few.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) picks: Vec<Pick>,
    pub(super) cursor: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Pick {
    Verify(Verify),
    /// A code to this address.
    Send(Channel, String),
    /// The one that was sent is there.
    Type(Sent),
}

/// A code that is on its way to an address of a user.
#[derive(Debug, Clone)]
pub(super) struct Sent {
    pub(super) name: String,
    pub(super) channel: Channel,
    pub(super) tag: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    Name,
    Email,
    Phone,
    Language,
}

/// A line that is edited.
#[derive(Debug)]
pub(super) struct Edit {
    pub(super) field: Field,
    pub(super) input: Input,
    was: String,
    /// Why it was not taken.
    pub(super) problem: Option<String>,
    /// Asked of the daemon, not answered.
    pub(super) is_busy: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Sending,
    NotSent,
    Waiting,
    Checking,
}

/// A code goes to an address, and its owner reads it out.
#[derive(Debug)]
pub(super) struct CodeBox {
    pub(super) channel: Channel,
    pub(super) stage: Stage,
    pub(super) tag: String,
    pub(super) typed: Secret,
    pub(super) problem: Option<String>,
}

/// What comes of a key.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Not a key of a popup.
    NotMine,
    Stay,
    Close,
    /// Asked of the daemon; the popup stays until it is answered.
    Begin(Act),
    /// Asked of the daemon; the popup goes.
    Do(Act),
    /// Asked first.
    Ask(Act),
    /// A code was typed.
    Give(Channel, Secret),
    /// Another popup about the same user.
    Turn(Kind),
}

impl Popup {
    pub(super) fn new(name: &str, uid: Option<u32>, kind: Kind) -> Self {
        Self { name: name.to_owned(), uid, kind }
    }

    /// Text that goes into the line that is edited, where there is one.
    pub(super) fn paste(&mut self, text: &str) {
        match &mut self.kind {
            Kind::Edit(edit) if !edit.is_busy => insert(&mut edit.input, text),
            Kind::Code(code) if code.stage == Stage::Waiting => {
                for character in text.chars().filter(char::is_ascii_alphanumeric) {
                    let _ = code.key(KeyEvent::new(KeyCode::Char(character), KeyModifiers::NONE));
                }
            }
            Kind::Edit(_) | Kind::Code(_) | Kind::Choice(_) | Kind::Question(_) | Kind::Invitation(_) => {}
        }
    }

    /// A key; `yes` is the letter of consent that is on the screen.
    pub(super) fn key(&mut self, key: KeyEvent, yes: char) -> Outcome {
        if let KeyCode::F(number) = key.code {
            // F5 is of the page under it, which reads nothing meanwhile.
            return if number == 5 { Outcome::Stay } else { Outcome::NotMine };
        }
        if key.code == KeyCode::Esc {
            return Outcome::Close;
        }
        match &mut self.kind {
            Kind::Choice(choice) => choice.key(key),
            Kind::Edit(edit) => edit.key(key),
            Kind::Code(code) => code.key(key),
            Kind::Question(act) => match character(key).map(|letter| letter.to_ascii_lowercase()) {
                Some(letter) if letter == 'y' || letter == yes => Outcome::Do(act.clone()),
                Some('n') => Outcome::Close,
                _ => unused(key),
            },
            // What cannot be had again does not go by a stray key.
            Kind::Invitation(_) => unused(key),
        }
    }

    /// It was asked for something, and is told why that was not done. False where that is not its business.
    pub(super) fn failed(&mut self, why: &str) -> bool {
        match &mut self.kind {
            Kind::Edit(edit) if edit.is_busy => {
                edit.is_busy = false;
                edit.problem = Some(why.to_owned());
                true
            }
            Kind::Code(code) if code.stage == Stage::Sending || code.stage == Stage::Checking => {
                code.stage = if code.stage == Stage::Sending { Stage::NotSent } else { Stage::Waiting };
                code.problem = Some(why.to_owned());
                true
            }
            Kind::Edit(_) | Kind::Code(_) | Kind::Choice(_) | Kind::Question(_) | Kind::Invitation(_) => false,
        }
    }

    /// Whether it waits for an answer.
    pub(super) fn is_busy(&self) -> bool {
        match &self.kind {
            Kind::Edit(edit) => edit.is_busy,
            Kind::Code(code) => code.stage == Stage::Sending || code.stage == Stage::Checking,
            Kind::Choice(_) | Kind::Question(_) | Kind::Invitation(_) => false,
        }
    }
}

/// Keys with Ctrl or Alt may be the window's; others are nobody's while a popup is there.
fn unused(key: KeyEvent) -> Outcome {
    let is_windows = matches!(key.code, KeyCode::Char(_)) && character(key).is_none();
    if is_windows { Outcome::NotMine } else { Outcome::Stay }
}

impl Choice {
    pub(super) fn of_verify(user: &User) -> Self {
        let all = [Verify::Never, Verify::NewDevice, Verify::Always];
        let cursor = all.iter().position(|verify| *verify == user.verify).unwrap_or(0);
        Self { picks: all.map(Pick::Verify).to_vec(), cursor }
    }

    /// Addresses that a code may go to; none where there is none.
    pub(super) fn of_addresses(user: &User, sent: Option<&Sent>) -> Option<Self> {
        let typed = sent.filter(|sent| sent.name == user.name).cloned().map(Pick::Type);
        let email = user.email.clone().map(|address| Pick::Send(Channel::Email, address));
        let phone = user.phone.clone().map(|number| Pick::Send(Channel::Sms, number));
        let picks: Vec<Pick> = [typed, email, phone].into_iter().flatten().collect();
        (!picks.is_empty()).then_some(Self { picks, cursor: 0 })
    }

    pub(super) fn go_to(&mut self, place: usize) {
        self.cursor = place.min(self.picks.len().saturating_sub(1));
    }

    fn key(&mut self, key: KeyEvent) -> Outcome {
        match (key.code, key.modifiers.is_empty()) {
            (KeyCode::Up, true) => self.go_to(self.cursor.saturating_sub(1)),
            (KeyCode::Down, true) => self.go_to(self.cursor.saturating_add(1)),
            (KeyCode::Home | KeyCode::PageUp, true) => self.go_to(0),
            (KeyCode::End | KeyCode::PageDown, true) => self.go_to(usize::MAX),
            (KeyCode::Enter, true) => return self.picked(),
            _ => return unused(key),
        }
        Outcome::Stay
    }

    pub(super) fn picked(&self) -> Outcome {
        match self.picks.get(self.cursor) {
            Some(Pick::Verify(verify)) => Outcome::Do(Act::Verify(*verify)),
            Some(Pick::Send(channel, _)) => Outcome::Turn(Kind::Code(CodeBox::new(*channel))),
            Some(Pick::Type(sent)) => {
                let mut code = CodeBox::new(sent.channel);
                code.sent(&sent.tag);
                Outcome::Turn(Kind::Code(code))
            }
            None => Outcome::Close,
        }
    }
}

impl Edit {
    pub(super) fn new(field: Field, value: &str) -> Self {
        let was = if field == Field::Name { String::new() } else { value.to_owned() };
        Self { field, input: Input::new(value.to_owned()), was, problem: None, is_busy: false }
    }

    pub(super) fn value(&self) -> &str {
        self.input.value().trim()
    }

    fn key(&mut self, key: KeyEvent) -> Outcome {
        if self.is_busy {
            return unused(key);
        }
        if key.code == KeyCode::Enter {
            return self.entered();
        }
        match request(key) {
            Some(request) => {
                self.input.handle(request);
                Outcome::Stay
            }
            None => unused(key),
        }
    }

    fn entered(&mut self) -> Outcome {
        let value = self.value().to_owned();
        let is_unchanged = value == self.was;
        let act = match self.field {
            Field::Name if value.is_empty() => return Outcome::Stay,
            Field::Name => Act::Make,
            Field::Email | Field::Phone | Field::Language if is_unchanged => return Outcome::Close,
            Field::Email if value.is_empty() => return Outcome::Ask(Act::Email(value)),
            Field::Phone if value.is_empty() => return Outcome::Ask(Act::Phone(value)),
            Field::Email => Act::Email(value),
            Field::Phone => Act::Phone(value),
            Field::Language => Act::Language(value),
        };
        Outcome::Begin(act)
    }

    /// It is asked for: what was wrong before is no news any more.
    pub(super) fn begin(&mut self) {
        self.is_busy = true;
        self.problem = None;
    }
}

impl CodeBox {
    fn new(channel: Channel) -> Self {
        let typed = Secret::new(String::with_capacity(LONGEST_CODE));
        Self { channel, stage: Stage::Sending, tag: String::new(), typed, problem: None }
    }

    /// It is on its way.
    pub(super) fn sent(&mut self, tag: &str) {
        self.stage = Stage::Waiting;
        tag.clone_into(&mut self.tag);
        self.problem = None;
    }

    fn key(&mut self, key: KeyEvent) -> Outcome {
        match (self.stage, key.code, character(key)) {
            (Stage::NotSent, KeyCode::Enter, _) => Outcome::Turn(Kind::Code(Self::new(self.channel))),
            (Stage::Waiting, KeyCode::Enter, _) if !self.typed.expose().is_empty() => {
                self.stage = Stage::Checking;
                self.problem = None;
                Outcome::Give(self.channel, Secret::new(self.typed.expose().clone()))
            }
            (Stage::Waiting, KeyCode::Backspace, _) => {
                self.typed.expose_mut().pop();
                Outcome::Stay
            }
            (Stage::Waiting, _, Some(character)) if character.is_ascii_alphanumeric() => {
                if self.typed.expose().len() < LONGEST_CODE {
                    self.typed.expose_mut().push(character);
                }
                Outcome::Stay
            }
            _ => unused(key),
        }
    }
}
