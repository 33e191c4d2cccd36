//! Keys of the list, and of the user who is open. What takes something away opens a question, and does nothing itself.

use super::act::Act;
use super::one::One;
use super::popup::{Choice, Edit, Field, Kind, Popup};
use super::{Said, Users};
use crate::setup::jobs::Job;
use crate::setup::line;
use pam_2fa_protocol::admin::PassKind;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

impl Users {
    pub(super) fn key_of_list(&mut self, key: KeyEvent) -> Option<Vec<Job>> {
        let page = isize::try_from(self.seen.page()).unwrap_or(1);
        match (key.code, key.modifiers == KeyModifiers::ALT) {
            (_, true) => return None,
            (KeyCode::Up, _) => self.list.go_by(-1),
            (KeyCode::Down, _) => self.list.go_by(1),
            (KeyCode::PageUp, _) => self.list.go_by(page.saturating_neg()),
            (KeyCode::PageDown, _) => self.list.go_by(page),
            (KeyCode::Home, _) => self.list.go_to(0),
            (KeyCode::End, _) => self.list.go_to(usize::MAX),
            // Nobody is called that: a record for such a one.
            (KeyCode::Enter, _) if self.list.is_read() && self.list.counts().0 == 0 => return Some(self.make()),
            (KeyCode::Enter, _) => return Some(self.open()),
            (KeyCode::Insert, _) => return Some(self.make()),
            (KeyCode::F(5), _) => return Some(self.opened()),
            (KeyCode::Char('r'), _) if key.modifiers == KeyModifiers::CONTROL => return Some(self.opened()),
            (KeyCode::Esc, _) => {
                let had_said = self.said.take().is_some();
                return (self.list.clear_filter() || had_said).then(Vec::new);
            }
            _ => {
                let request = line::request(key)?;
                self.said = None;
                self.list.edit(request);
            }
        }
        Some(Vec::new())
    }

    /// The record under the cursor.
    pub(super) fn open(&mut self) -> Vec<Job> {
        let Some(user) = self.list.selected() else {
            if self.list.counts().0 > 0 {
                self.said = Some(Said::Note("users-nobody-under"));
            }
            return Vec::new();
        };
        let name = user.name.clone();
        self.one = Some(One::new(user.clone()));
        self.said = None;
        vec![Job::User { name }]
    }

    /// A record for a user without one: what was filtered by and found in none is the name, most likely.
    fn make(&mut self) -> Vec<Job> {
        if self.is_waiting() {
            return Vec::new();
        }
        let (shown, _) = self.list.counts();
        let name = if shown == 0 { self.list.filter().value().trim() } else { "" };
        self.popup = Some(Popup::new("", None, Kind::Edit(Edit::new(Field::Name, name))));
        Vec::new()
    }

    pub(super) fn key_of_one(&mut self, key: KeyEvent) -> Option<Vec<Job>> {
        let one = self.one.as_mut()?;
        let name = one.user.name.clone();
        match (key.code, key.modifiers == KeyModifiers::ALT) {
            (_, true) => return None,
            (KeyCode::Up, _) => one.go_by(-1),
            (KeyCode::Down, _) => one.go_by(1),
            (KeyCode::Home, _) => one.go_to(0),
            (KeyCode::End, _) => one.go_to(usize::MAX),
            (KeyCode::PageUp, _) => one.turn_by(-3),
            (KeyCode::PageDown, _) => one.turn_by(3),
            (KeyCode::F(5), _) => return Some(vec![Job::User { name }]),
            (KeyCode::Char('r'), _) if key.modifiers == KeyModifiers::CONTROL => return Some(vec![Job::User { name }]),
            (KeyCode::Esc, _) => {
                self.one = None;
                self.said = None;
            }
            _ => return self.letter(line::character(key)?),
        }
        Some(Vec::new())
    }

    /// What is done to the user that is open.
    fn letter(&mut self, letter: char) -> Option<Vec<Job>> {
        if !"veplciudrRx".contains(letter) {
            return None;
        }
        if self.is_waiting() {
            return Some(Vec::new());
        }
        let one = self.one.as_ref()?;
        let (user, name) = (&one.user, one.user.name.clone());
        let edit = |field, value: &Option<String>| Kind::Edit(Edit::new(field, value.as_deref().unwrap_or_default()));
        let is_out = user.disabled_since.is_some();
        let kind = match letter {
            'v' => Kind::Choice(Choice::of_verify(user)),
            'e' => edit(Field::Email, &user.email),
            'p' => edit(Field::Phone, &user.phone),
            'l' => edit(Field::Language, &user.language),
            'c' => match Choice::of_addresses(user, self.sent.as_ref()) {
                Some(choice) => Kind::Choice(choice),
                None => return self.note("users-no-address"),
            },
            // The code of the earlier one, which somebody may have in hand, is void then.
            'i' if user.passes.iter().any(|pass| pass.kind == PassKind::Invitation) => Kind::Question(Act::Invite),
            'i' => return Some(self.begin(&name, Act::Invite)),
            // Harmless, so it is not asked.
            'u' if !is_out => return Some(self.begin(&name, Act::Unlock)),
            'u' => Kind::Question(Act::LetIn),
            'd' if is_out => return self.note("users-is-out"),
            'd' => Kind::Question(Act::Disable),
            'x' => Kind::Question(Act::Reset),
            'r' => match one.device() {
                Some(device) => Kind::Question(Act::Revoke(Box::new(device.clone()))),
                None if one.devices().is_some_and(|devices| !devices.is_empty()) => {
                    return self.note("users-no-device-under");
                }
                None => return self.note("users-no-device"),
            },
            _ => match one.devices() {
                Some(devices) if !devices.is_empty() => {
                    Kind::Question(Act::RevokeAll(devices.iter().map(|device| device.id.clone()).collect()))
                }
                _ => return self.note("users-no-device"),
            },
        };
        let uid = user.uid;
        self.said = None;
        self.popup = Some(Popup::new(&name, Some(uid), kind));
        Some(Vec::new())
    }

    fn note(&mut self, id: &'static str) -> Option<Vec<Job>> {
        self.said = Some(Said::Note(id));
        Some(Vec::new())
    }

    /// Whether something was asked and not answered, which is said.
    fn is_waiting(&mut self) -> bool {
        let is_waiting = self.pending.as_ref().is_some_and(|pending| !pending.is_given_up);
        if is_waiting {
            self.said = Some(Said::Note("users-wait"));
        }
        is_waiting
    }
}
