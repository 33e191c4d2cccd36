//! The mouse: what is where on the screen, as it was drawn last. Nothing needs it that a key does not do.

use super::Users;
use super::popup::{Kind, Outcome, Popup};
use crate::setup::jobs::Job;
use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

/// Rows that a notch of the wheel goes by.
const NOTCH: isize = 3;

/// What is where.
#[derive(Debug)]
pub(super) struct Seen {
    /// Rows of the list, and the first of them.
    pub(super) list: (Rect, usize),
    /// Rows of the devices, and the first of them.
    pub(super) devices: (Rect, usize),
    /// Of a popup.
    pub(super) hits: Vec<(Rect, Hit)>,
    /// The letter of consent in the language of the screen.
    pub(super) yes: char,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Hit {
    Yes,
    No,
    Pick(usize),
}

impl Default for Seen {
    fn default() -> Self {
        Self { list: Default::default(), devices: Default::default(), hits: Vec::new(), yes: 'y' }
    }
}

impl Seen {
    /// Rows that a page of the list goes by.
    pub(super) fn page(&self) -> usize {
        usize::from(self.list.0.height).saturating_sub(1).max(1)
    }
}

/// The row of a table that is at a position.
fn row_at((rows, first): (Rect, usize), at: Position) -> Option<usize> {
    rows.contains(at).then(|| first.saturating_add(usize::from(at.y.saturating_sub(rows.y))))
}

impl Users {
    pub(super) fn pointed(&mut self, event: MouseEvent) -> Vec<Job> {
        let at = Position::new(event.column, event.row);
        if event.kind == MouseEventKind::Down(MouseButton::Left) {
            return if self.popup.is_some() { self.click_in_popup(at) } else { self.click(at) };
        }
        let rows = match (event.kind == MouseEventKind::ScrollUp, event.kind == MouseEventKind::ScrollDown) {
            (true, _) => -NOTCH,
            (_, true) => NOTCH,
            (false, false) => return Vec::new(),
        };
        match (&mut self.popup, &mut self.one) {
            (Some(Popup { kind: Kind::Choice(choice), .. }), _) => {
                choice.go_to(choice.cursor.saturating_add_signed(rows.signum()));
            }
            (Some(_), _) => (),
            (None, Some(one)) => one.go_by(rows),
            (None, None) => self.list.go_by(rows),
        }
        Vec::new()
    }

    /// On a row: the cursor goes there; on the one that it is on: it is opened.
    fn click(&mut self, at: Position) -> Vec<Job> {
        if let Some(one) = &mut self.one {
            if let Some(row) = row_at(self.seen.devices, at) {
                one.go_to(row);
            }
            return Vec::new();
        }
        match row_at(self.seen.list, at) {
            Some(row) if row == self.list.cursor() => self.open(),
            Some(row) if row < self.list.counts().0 => {
                self.list.go_to(row);
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn click_in_popup(&mut self, at: Position) -> Vec<Job> {
        let Some((_, hit)) = self.seen.hits.iter().find(|(place, _)| place.contains(at)).copied() else {
            return Vec::new();
        };
        let outcome = match (hit, self.popup.as_mut().map(|popup| &mut popup.kind)) {
            (Hit::Yes, Some(Kind::Question(act))) => Outcome::Do(act.clone()),
            (Hit::No, Some(Kind::Question(_))) => Outcome::Close,
            (Hit::Pick(place), Some(Kind::Choice(choice))) => {
                choice.go_to(place);
                choice.picked()
            }
            _ => Outcome::Stay,
        };
        self.come_of(outcome).unwrap_or_default()
    }
}
