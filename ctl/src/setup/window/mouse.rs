//! The mouse: a click goes to a field, and presses what has the focus. Nothing needs it that a key does not do.

use super::{Act, Window, started};
use crate::setup::draw::{Hit, hit};
use crate::setup::fields::{Kind, Page};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

impl Window {
    /// The mouse, in a terminal of that size: a click goes to a field, and presses what has the focus.
    pub(crate) fn mouse(&mut self, event: MouseEvent, size: (u16, u16)) -> Vec<Act> {
        let struck = hit(self, size, (event.column, event.row));
        let is_of_page = !matches!(struck, Some(Hit::Page(_) | Hit::Key(_)));
        if self.form.page == Page::Users && self.popup.is_none() && is_of_page {
            return started(self.users.mouse(event));
        }
        let code = match event.kind {
            MouseEventKind::ScrollDown => KeyCode::Down,
            MouseEventKind::ScrollUp => KeyCode::Up,
            MouseEventKind::Down(MouseButton::Left) => {
                return match struck {
                    Some(Hit::Page(page)) => self.turn_to(page),
                    Some(Hit::Field(at)) => self.click(at),
                    Some(Hit::Eye(at)) => {
                        if self.form.at != at {
                            self.form.focus(at, &mut self.draft);
                        }
                        self.key(KeyEvent::new(KeyCode::F(3), KeyModifiers::NONE))
                    }
                    Some(Hit::Key(key)) => self.key(key),
                    Some(Hit::Provider(row)) => self.click_provider(row),
                    None => Vec::new(),
                };
            }
            _ => return Vec::new(),
        };
        self.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn click_provider(&mut self, row: usize) -> Vec<Act> {
        let Some(pick) = &mut self.form.pick else { return Vec::new() };
        pick.at = row;
        self.key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE))
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
            // A button is pressed by it, a choice goes on.
            return self.key(KeyEvent::new(KeyCode::Char(' '), KeyModifiers::NONE));
        }
        Vec::new()
    }
}
