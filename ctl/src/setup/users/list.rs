//! The list: which records the filter lets through, and which is under the cursor. It formats nothing: of 100,000 users only those that
//! are seen are written out, and by whoever draws them.

use crate::setup::draw::text::first_row;
use crate::setup::line::insert;
use pam_2fa_protocol::admin::User;
use tui_input::{Input, InputRequest};

#[derive(Debug)]
struct Row {
    user: User,
    /// What the filter looks in, in small letters.
    sought: String,
}

impl Row {
    fn of(user: User) -> Self {
        let (email, phone) = (user.email.as_deref().unwrap_or_default(), user.phone.as_deref().unwrap_or_default());
        let sought = format!("{}\n{email}\n{phone}", user.name).to_lowercase();
        Self { user, sought }
    }
}

/// Whose record it is. A name that was given to another uid is another user's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Who<'user> {
    pub(super) uid: u32,
    pub(super) name: &'user str,
}

impl<'user> Who<'user> {
    pub(super) fn of(user: &'user User) -> Self {
        Self { uid: user.uid, name: &user.name }
    }
}

/// Why other records are shown than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cause {
    Filter,
    Read,
}

/// All records by name, and those that are shown.
#[derive(Debug, Default)]
pub(super) struct List {
    rows: Vec<Row>,
    /// Places in `rows`, in their order.
    shown: Vec<usize>,
    filter: Input,
    /// What `shown` was filtered by.
    filtered_by: String,
    /// A place in `shown`.
    cursor: usize,
    /// The record under the cursor was not among those that were read last: nobody is under it, until it is moved.
    is_lost: bool,
    /// The first of `shown` on the screen.
    top: usize,
    /// An answer was there: none are none, and not "not yet".
    is_read: bool,
    /// How many records were compared with the filter in all.
    #[cfg(test)]
    pub(super) compared: usize,
}

impl List {
    /// All of them, anew.
    pub(super) fn set(&mut self, mut users: Vec<User>) {
        users.sort_by(|one, other| one.name.cmp(&other.name).then(one.uid.cmp(&other.uid)));
        let under = self.selected().cloned();
        self.rows = users.into_iter().map(Row::of).collect();
        self.is_read = true;
        self.filter_all(under.as_ref(), Cause::Read);
    }

    /// One of them as it is now, or a new one.
    pub(super) fn put(&mut self, user: &User) {
        let under = self.selected().cloned();
        match self.rows.iter_mut().find(|row| Who::of(&row.user) == Who::of(user)) {
            Some(row) => *row = Row::of(user.clone()),
            None => {
                let place = self.rows.partition_point(|row| row.user.name < user.name);
                self.rows.insert(place, Row::of(user.clone()));
            }
        }
        self.filter_all(under.as_ref(), Cause::Read);
    }

    /// A key in the filter.
    pub(super) fn edit(&mut self, request: InputRequest) {
        if self.filter.handle(request).is_some_and(|changed| changed.value) {
            self.filter_on();
        }
    }

    /// Text that goes into the filter.
    pub(super) fn paste(&mut self, text: &str) {
        insert(&mut self.filter, text);
        self.filter_on();
    }

    /// Whether there was anything to clear.
    pub(super) fn clear_filter(&mut self) -> bool {
        let had = !self.filter.value().is_empty();
        self.filter.reset();
        self.filter_on();
        had
    }

    /// After a change of the filter: one that has only grown lets through a part of what it let through before.
    fn filter_on(&mut self) {
        let wanted = self.filter.value().to_lowercase();
        let under = self.selected().cloned();
        if !wanted.starts_with(&self.filtered_by) {
            return self.filter_all(under.as_ref(), Cause::Filter);
        }
        let candidates = std::mem::take(&mut self.shown);
        self.keep(candidates, wanted, under.as_ref(), Cause::Filter);
    }

    fn filter_all(&mut self, under: Option<&User>, cause: Cause) {
        let wanted = self.filter.value().to_lowercase();
        let candidates = (0..self.rows.len()).collect();
        self.keep(candidates, wanted, under, cause);
    }

    /// Every word of the filter must be found somewhere.
    fn keep(&mut self, mut candidates: Vec<usize>, wanted: String, under: Option<&User>, cause: Cause) {
        let words: Vec<&str> = wanted.split_whitespace().collect();
        if !words.is_empty() {
            #[cfg(test)]
            {
                self.compared += candidates.len();
            }
            let fits = |row: &Row| words.iter().all(|word| row.sought.contains(word));
            candidates.retain(|place| self.rows.get(*place).is_some_and(fits));
        }
        let again = under.and_then(|user| self.place_of(&candidates, Who::of(user)));
        self.shown = candidates;
        self.filtered_by = wanted;
        match (again, cause) {
            (Some(again), _) => self.go_to(again),
            // It stays where it was, and is on nobody.
            (None, Cause::Read) => {
                let is_lost = self.is_lost || under.is_some();
                self.go_to(self.cursor);
                self.is_lost = is_lost;
            }
            (None, Cause::Filter) => self.go_to(0),
        }
    }

    fn place_of(&self, among: &[usize], who: Who<'_>) -> Option<usize> {
        among.iter().position(|place| self.rows.get(*place).is_some_and(|row| Who::of(&row.user) == who))
    }

    /// The record under the cursor.
    pub(super) fn selected(&self) -> Option<&User> {
        self.shown
            .get(self.cursor)
            .filter(|_| !self.is_lost)
            .and_then(|place| self.rows.get(*place))
            .map(|row| &row.user)
    }

    /// To a place in what is shown; beyond the last is the last.
    pub(super) fn go_to(&mut self, place: usize) {
        self.cursor = place.min(self.shown.len().saturating_sub(1));
        self.is_lost = false;
    }

    pub(super) fn go_by(&mut self, rows: isize) {
        // One that was on nobody is seen first.
        let rows = if self.is_lost { 0 } else { rows };
        self.go_to(self.cursor.saturating_add_signed(rows));
    }

    /// To a user, where that one is shown.
    pub(super) fn go_to_user(&mut self, who: Who<'_>) {
        if let Some(place) = self.place_of(&self.shown, who) {
            self.go_to(place);
        }
    }

    pub(super) fn has(&self, who: Who<'_>) -> bool {
        self.rows.iter().any(|row| Who::of(&row.user) == who)
    }

    pub(super) fn is_under(&self, user: &User) -> bool {
        self.selected().is_some_and(|under| Who::of(under) == Who::of(user))
    }

    #[cfg(test)]
    pub(super) fn cursor(&self) -> usize {
        self.cursor
    }

    /// The first that is seen, where so many fit.
    pub(super) fn scroll(&mut self, fit: usize) {
        self.top = first_row(self.top, self.cursor, fit, self.shown.len());
    }

    /// What is seen from `top` on.
    pub(super) fn seen(&self, fit: usize) -> impl Iterator<Item = &User> {
        let places = self.shown.iter().skip(self.top).take(fit);
        places.filter_map(|place| self.rows.get(*place).map(|row| &row.user))
    }

    pub(super) fn filter(&self) -> &Input {
        &self.filter
    }

    /// How many are shown, and of how many.
    pub(super) fn counts(&self) -> (usize, usize) {
        (self.shown.len(), self.rows.len())
    }

    pub(super) fn is_read(&self) -> bool {
        self.is_read
    }
}
