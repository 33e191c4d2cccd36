//! The list on the screen: as many columns as there is room for, and only the rows that are seen.

use super::cells::{below, first, lines};
use crate::setup::draw::text::{cell, columns as places, seen, wrapped};
use crate::setup::theme::Theme;
use crate::setup::users::Users;
use crate::setup::users::say;
use crate::setup::words::Words;
use pam_2fa_protocol::admin::User;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use tui_input::Input;

/// Between two columns.
const GAP: usize = 2;
/// The cursor's sign, or nothing.
pub(super) const CURSOR: &str = "> ";
pub(super) const NO_CURSOR: &str = "  ";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Name,
    Verify,
    Methods,
    Email,
    Phone,
    /// When.
    Last,
    /// When, by which service, from where.
    LastWhole,
    State,
}

impl Column {
    fn head(self) -> &'static str {
        match self {
            Self::Name => "users-name",
            Self::Verify => "users-verify",
            Self::Methods => "users-methods",
            Self::Email => "users-email",
            Self::Phone => "users-phone",
            Self::Last | Self::LastWhole => "users-last",
            Self::State => "users-state",
        }
    }

    fn text(self, user: &User, words: &Words) -> String {
        let or_nothing = |text: &Option<String>| text.clone().unwrap_or_else(|| say::NOTHING.to_owned());
        let last = user.last_login.as_ref();
        match self {
            Self::Name => user.name.clone(),
            Self::Verify => say::verify(user.verify, words),
            Self::Methods => say::methods(user, words),
            Self::Email => or_nothing(&user.email),
            Self::Phone => or_nothing(&user.phone),
            Self::Last => last.map_or_else(|| say::NOTHING.to_owned(), |last| say::minute(&last.at)),
            Self::LastWhole => last.map_or_else(|| say::NOTHING.to_owned(), |last| say::last_login(last, words)),
            Self::State => say::state(user, words),
        }
    }

    fn style(self, user: &User, theme: Theme) -> Style {
        match self {
            Self::Name => theme.value(),
            Self::State if user.disabled_since.is_some() => theme.wrong(),
            Self::State => theme.mind(),
            Self::Verify | Self::Methods | Self::Email | Self::Phone | Self::Last | Self::LastWhole => theme.label(),
        }
    }
}

/// What there is room for, and how wide. Widths go by the window and not by what stands in the columns: nothing jumps.
fn columns(width: usize) -> Vec<(Column, usize)> {
    use Column::{Email, Last, LastWhole, Methods, Name, Phone, State, Verify};
    let mut columns = match width {
        // Why somebody does not get in is seen in any window.
        0..54 => vec![(Name, 0), (State, 9)],
        54..76 => vec![(Name, 0), (Verify, 11), (Methods, 16), (State, 9)],
        76..104 => vec![(Name, 0), (Verify, 11), (Methods, 16), (Last, 16), (State, 9)],
        104..144 => vec![(Name, 18), (Verify, 11), (Methods, 16), (Email, 0), (Last, 16), (State, 9)],
        _ => {
            vec![(Name, 28), (Verify, 11), (Methods, 16), (Email, 0), (Phone, 16), (LastWhole, 44), (State, 9)]
        }
    };
    let gaps = GAP.saturating_mul(columns.len().saturating_sub(1)).saturating_add(CURSOR.len());
    let taken = columns.iter().map(|(_, width)| *width).sum::<usize>().saturating_add(gaps);
    for (_, wide) in columns.iter_mut().filter(|(_, wide)| *wide == 0) {
        *wide = width.saturating_sub(taken).max(1);
    }
    columns
}

pub(super) fn draw(users: &mut Users, frame: &mut Frame<'_>, area: Rect, theme: Theme, words: &Words) {
    let has_cursor = users.popup.is_none();
    filter(users, frame, first(area, 1), theme, words, has_cursor);
    let is_tall = area.height > 12;
    let table = below(area, if is_tall { 2 } else { 1 });
    let columns = columns(usize::from(area.width));
    let head = columns.iter().map(|(column, width)| cell(&words.say(column.head()), *width)).collect::<Vec<_>>();
    let head = format!("{NO_CURSOR}{}", head.join(&" ".repeat(GAP)));
    lines(frame.buffer_mut(), first(table, 1), [Line::styled(head, theme.heading())]);
    let rows = below(table, 1);
    let fit = usize::from(rows.height);
    users.list.scroll(fit);
    users.seen.list = (rows, users.list.seen(fit).map(|user| (user.uid, user.name.clone())).collect());
    let shown = users.list.seen(fit).map(|user| row(user, users.list.is_under(user), &columns, theme, words));
    lines(frame.buffer_mut(), rows, shown);
    if users.list.counts().0 == 0 {
        let id = match (users.list.is_read(), users.list.counts().1) {
            (false, _) if users.is_asked => "users-reading",
            (false, _) => "users-not-read",
            (true, 0) => "users-none",
            (true, _) => "users-no-match",
        };
        let text = wrapped(&words.say(id), usize::from(area.width).saturating_sub(CURSOR.len()));
        lines(frame.buffer_mut(), below(rows, 1), text.into_iter().map(|line| Line::raw(format!("{NO_CURSOR}{line}"))));
    }
}

fn row(user: &User, is_under: bool, columns: &[(Column, usize)], theme: Theme, words: &Words) -> Line<'static> {
    let mut line = Line::raw(if is_under { CURSOR } else { NO_CURSOR });
    for (nth, (column, width)) in columns.iter().enumerate() {
        if nth > 0 {
            line.push_span(" ".repeat(GAP));
        }
        // Under the cursor it is one bar: a colour turned round would be a hole in it.
        let style = if is_under { Style::new() } else { column.style(user, theme) };
        line.push_span(Span::styled(cell(&column.text(user, words), *width), style));
    }
    if is_under { line.style(theme.focus()) } else { line }
}

/// `Filter: [ada      ]                 3 of 12`
fn filter(users: &Users, frame: &mut Frame<'_>, area: Rect, theme: Theme, words: &Words, has_cursor: bool) {
    let label = format!("{}: ", words.say("users-filter"));
    let (shown, all) = users.list.counts();
    let counted = words.with("users-counted", &[("shown", &shown.to_string()), ("all", &all.to_string())]);
    let width = usize::from(area.width);
    let room = width.saturating_sub(places(&label)).saturating_sub(places(&counted)).saturating_sub(GAP).min(48);
    let (mut spans, place) = field(users.list.filter(), room, theme);
    spans.insert(0, Span::styled(label.clone(), theme.label()));
    let used: usize = spans.iter().map(Span::width).sum();
    let gap = width.saturating_sub(used).saturating_sub(places(&counted));
    spans.push(Span::raw(" ".repeat(gap)));
    spans.push(Span::styled(counted, theme.faint()));
    lines(frame.buffer_mut(), area, [Line::from(spans)]);
    if has_cursor {
        let x = u16::try_from(places(&label).saturating_add(place)).unwrap_or(u16::MAX);
        frame.set_cursor_position(Position::new(area.x.saturating_add(x), area.y));
    }
}

/// `[text    ]` of so many places, and where the cursor stands in it.
pub(super) fn field(input: &Input, width: usize, theme: Theme) -> (Vec<Span<'static>>, usize) {
    let inside = width.saturating_sub(2).max(1);
    let (text, place) = seen(input, inside);
    let text = cell(&text, inside);
    (vec![Span::raw("["), Span::styled(text, theme.value()), Span::raw("]")], place.saturating_add(1))
}
