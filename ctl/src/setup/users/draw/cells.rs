//! Texts that fit: everything that reaches the screen passes here, so nothing of the daemon's acts on the terminal, and what is cut
//! says so.

use pam_2fa_settings::text::printable;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

#[cfg(test)]
thread_local! {
    /// How many texts were made to fit in this thread.
    pub(in crate::setup::users) static FITTED: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// Where something was left out.
const CUT: char = '…';

/// A text within so many places.
pub(super) fn cut(text: &str, most: usize) -> String {
    #[cfg(test)]
    FITTED.with(|fitted| fitted.set(fitted.get() + 1));
    let text = printable(text);
    if text.width() <= most {
        return text.into_owned();
    }
    let mut short = String::new();
    let mut left = most.saturating_sub(1);
    for character in text.chars() {
        let Some(rest) = left.checked_sub(character.width().unwrap_or(0)) else { break };
        left = rest;
        short.push(character);
    }
    if most > 0 {
        short.push(CUT);
    }
    short
}

/// The same, filled up with spaces.
pub(super) fn cell(text: &str, width: usize) -> String {
    let mut cell = cut(text, width);
    cell.push_str(&" ".repeat(width.saturating_sub(cell.width())));
    cell
}

/// Lines of so many places, broken between words; a word that is longer is broken where it must be.
pub(super) fn wrapped(text: &str, most: usize) -> Vec<String> {
    let most = most.max(1);
    let mut lines = vec![String::new()];
    for word in printable(text).split(' ') {
        let Some(line) = lines.last_mut() else { break };
        if line.is_empty() || line.width().saturating_add(1).saturating_add(word.width()) <= most {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
        break_last(&mut lines, most);
    }
    lines
}

fn break_last(lines: &mut Vec<String>, most: usize) {
    while let Some(line) = lines.last_mut().filter(|line| line.width() > most) {
        let mut places = 0_usize;
        let fits = |character: char| {
            places = places.saturating_add(character.width().unwrap_or(0));
            places > most
        };
        let Some(at) = line.find(fits).filter(|at| *at > 0) else { break };
        let rest = line.split_off(at);
        lines.push(rest);
    }
}

/// The first lines of a text, the last of them cut where more would follow.
pub(super) fn wrapped_within(text: &str, most: usize, lines: usize) -> Vec<String> {
    let mut all = wrapped(text, most);
    if all.len() > lines {
        all.truncate(lines);
        if let Some(last) = all.last_mut() {
            *last = cut(&format!("{last}{CUT}"), most);
            if !last.ends_with(CUT) {
                last.push(CUT);
            }
        }
    }
    all
}

/// Lines from the top of an area down; those that do not fit are left out.
pub(super) fn lines<'line>(buffer: &mut Buffer, area: Rect, lines: impl IntoIterator<Item = Line<'line>>) {
    for (row, line) in area.rows().zip(lines) {
        line.render(row.intersection(buffer.area), buffer);
    }
}

/// An area without its first rows.
pub(super) fn below(area: Rect, rows: usize) -> Rect {
    let rows = u16::try_from(rows).unwrap_or(u16::MAX).min(area.height);
    Rect { y: area.y.saturating_add(rows), height: area.height.saturating_sub(rows), ..area }
}

/// The first rows of an area.
pub(super) fn first(area: Rect, rows: usize) -> Rect {
    Rect { height: u16::try_from(rows).unwrap_or(u16::MAX).min(area.height), ..area }
}
