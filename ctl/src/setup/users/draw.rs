//! The Users page on the screen, from state alone. What it changes is what is seen where, for page keys and the mouse.

mod cells;
mod list;
mod one;
mod popup;

use super::popup::{Kind, Stage};
use super::{Said, Users};
use crate::setup::draw::text::wrapped_within;
use crate::setup::theme::Theme;
use crate::setup::words::Words;
use cells::{below, first};
use ratatui::Frame;
use ratatui::layout::{Margin, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// The longest line at the bottom, in lines.
const MOST_SAID: usize = 3;

pub(super) fn page(users: &mut Users, frame: &mut Frame<'_>, area: Rect, theme: Theme, words: &Words) {
    users.seen = super::mouse::Seen { yes: letter(&words.say("users-letter-yes"), 'y'), ..Default::default() };
    let area = area.intersection(frame.area()).inner(Margin::new(1, 0));
    let foot = foot(users, usize::from(area.width), theme, words);
    let height = usize::from(area.height).saturating_sub(foot.len());
    let (page, bottom) = (first(area, height), below(area, height));
    if users.one.is_some() {
        one::draw(users, frame, page, theme, words);
    } else {
        list::draw(users, frame, page, theme, words);
    }
    cells::lines(frame.buffer_mut(), bottom, foot);
    popup::draw(users, frame, area, theme, words);
}

/// The first letter of a text.
fn letter(text: &str, otherwise: char) -> char {
    text.chars().next().unwrap_or(otherwise)
}

/// What was done or went wrong; else, in the list, what its signs say.
fn foot(users: &Users, width: usize, theme: Theme, words: &Words) -> Vec<Line<'static>> {
    let lines = |text: &str, style| {
        wrapped_within(text, width, MOST_SAID).into_iter().map(|line| Line::styled(line, style)).collect::<Vec<_>>()
    };
    let (text, style) = match &users.said {
        Some(Said::Failed(why)) if users.is_lost => {
            // What to do is not cut off by why.
            let mut all = lines(&words.with("users-wrong", &[("why", why)]), theme.wrong());
            all.extend(lines(&words.say("users-lost"), theme.label()));
            return all;
        }
        Some(Said::Note(id)) => (words.say(id), Style::new()),
        Some(Said::Done(text)) => (text.clone(), theme.well()),
        Some(Said::Wrong(why) | Said::Failed(why)) => (words.with("users-wrong", &[("why", why)]), theme.wrong()),
        None if users.one.is_none() && users.list.counts().0 > 0 => (words.say("users-legend"), theme.faint()),
        None => (String::new(), Style::new()),
    };
    lines(&text, style)
}

/// `c send a code`: keys and what they do, in lines of so many places.
fn keys_in_lines(keys: &[(String, String)], width: usize, theme: Theme) -> Vec<Line<'static>> {
    let mut lines = vec![Line::default()];
    for (key, does) in keys {
        let Some(line) = lines.last_mut() else { break };
        let gap = if line.width() == 0 { 0 } else { 3 };
        let spans = [Span::styled(key.clone(), theme.key()), Span::raw(format!(" {does}"))];
        let wide: usize = spans.iter().map(Span::width).sum();
        if line.width().saturating_add(gap).saturating_add(wide) <= width || gap == 0 {
            line.push_span(" ".repeat(gap));
            line.spans.extend(spans);
        } else {
            lines.push(Line::from_iter(spans));
        }
    }
    lines
}

pub(super) fn keys(users: &Users, words: &Words) -> Vec<(String, String)> {
    let (again, make) = (("F5", "users-do-again"), ("users-key-insert", "users-do-make"));
    let is_filtered = !users.list.filter().value().is_empty();
    let is_empty = users.list.is_read() && users.list.counts().0 == 0;
    let mut pairs = match (&users.popup, &users.one) {
        (Some(popup), _) => return popup_keys(&popup.kind, words).into_iter().filter(|(key, _)| is_one(key)).collect(),
        (None, Some(one)) if one.devices().is_some_and(|devices| !devices.is_empty()) => {
            vec![("r", "users-do-revoke"), ("R", "users-do-revoke-all"), again, ("Esc", "users-do-back")]
        }
        (None, Some(_)) => vec![again, ("Esc", "users-do-back")],
        (None, None) => vec![
            ("Enter", if is_empty { "users-do-make" } else { "users-do-open" }),
            make,
            again,
            ("Esc", if is_filtered { "users-do-clear" } else { "users-do-main" }),
        ],
    };
    // Enter makes it already.
    pairs.retain(|pair| *pair != make || !is_empty);
    pairs.extend([("Tab", "users-do-pages"), ("F10", "key-exit")]);
    said(&pairs, words)
}

/// A key that a click can press, and not several: arrows are said where they are meant.
fn is_one(key: &str) -> bool {
    !key.contains('↑')
}

/// Keys that are called by a word have an id of their own.
fn said(pairs: &[(&str, &str)], words: &Words) -> Vec<(String, String)> {
    pairs.iter().map(|(key, does)| (words.say(key), words.say(does))).collect()
}

fn popup_keys(kind: &Kind, words: &Words) -> Vec<(String, String)> {
    let pairs: &[(&str, &str)] = match kind {
        Kind::Choice(_) => {
            &[("users-key-arrows", "users-do-move"), ("Enter", "users-do-choose"), ("Esc", "users-do-leave")]
        }
        Kind::Edit(edit) if edit.is_busy => &[("Esc", "users-do-leave")],
        Kind::Edit(_) => &[("Enter", "users-do-save"), ("Esc", "users-do-leave")],
        Kind::Code(code) => match code.stage {
            Stage::Sending | Stage::Checking => &[("Esc", "users-do-leave")],
            Stage::NotSent => &[("Enter", "users-do-send-again"), ("Esc", "users-do-leave")],
            Stage::Waiting => &[("Enter", "users-do-give"), ("Esc", "users-do-leave")],
        },
        Kind::Question(_) => &[("users-letter-yes", "users-do-yes"), ("users-letter-no", "users-do-no")],
        Kind::Invitation(_) => &[("Esc", "users-do-handed")],
    };
    said(pairs, words)
}
