//! The mouse: what is where on the screen, as it was drawn last. Nothing needs it that a key does not do.

use super::Users;
use super::list::Who;
use super::popup::{Kind, Outcome, Popup};
use crate::setup::jobs::Job;
use ratatui::crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

/// Rows that a notch of the wheel goes by.
const NOTCH: isize = 3;

/// What is where.
#[derive(Debug)]
pub(super) struct Seen {
    /// Rows of the list, and who stands in them: a click is on whom one sees, whatever was read since.
    pub(super) list: (Rect, Vec<(u32, String)>),
    /// Rows of the devices, and their ids.
    pub(super) devices: (Rect, Vec<String>),
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

/// What stands in the row at a position.
fn row_at<T>((rows, seen): &(Rect, Vec<T>), at: Position) -> Option<&T> {
    seen.get(usize::from(at.y.checked_sub(rows.y)?)).filter(|_| rows.contains(at))
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
            if let Some(id) = row_at(&self.seen.devices, at) {
                one.go_to_device(id);
            }
            return Vec::new();
        }
        let Some((uid, name)) = row_at(&self.seen.list, at).cloned() else { return Vec::new() };
        let who = Who { uid, name: &name };
        if self.list.selected().is_some_and(|under| Who::of(under) == who) {
            return self.open();
        }
        self.list.go_to_user(who);
        Vec::new()
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
