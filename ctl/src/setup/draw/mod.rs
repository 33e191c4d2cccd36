//! The window as it is drawn, from its state alone. What others wrote has no control characters here.

mod content;
mod field;
mod form;
mod popup;
#[cfg(test)]
mod tests;
pub(crate) mod text;

use super::fields::Page;
use super::theme::Theme;
use super::window::{Note, Window};
use pam_2fa_settings::text::printable;
use popup::Clicked;
use ratatui::Frame;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use text::{cut, places, wrapped};

/// Smaller, nothing can be read.
const LEAST: (u16, u16) = (60, 16);

/// Draws all of it.
pub(crate) fn draw(window: &mut Window, theme: Theme, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        frame.render_widget(Paragraph::new(window.words.say("window-too-small")), area);
        return;
    }
    let [top, tabs, page, help, keys] = parts(area);
    bar(window, theme, frame, top);
    pages(window, theme, frame, tabs);
    if window.form.page == Page::Users {
        // It says at its own foot what was done there; what was done to the settings stands below.
        let height = if window.note.is_some() { page.height } else { page.height.saturating_add(help.height) };
        window.users.draw(frame, Rect { height, ..page }, theme, &window.words);
        if window.note.is_some() {
            bottom(window, theme, frame, help);
        }
    } else {
        form::draw(window, theme, frame, page);
        bottom(window, theme, frame, help);
    }
    hints(window, theme, frame, keys);
    popup::draw(window, theme, frame, area);
    if !theme.is_utf8() {
        in_ascii(frame);
    }
}

/// Where the locale has no UTF-8: signs of ASCII for those that are drawn here, and a mark for any other.
fn in_ascii(frame: &mut Frame<'_>) {
    for cell in &mut frame.buffer_mut().content {
        let sign = match cell.symbol() {
            symbol if symbol.is_ascii() => continue,
            "─" => "-",
            "│" => "|",
            "┌" | "┐" | "└" | "┘" => "+",
            "▼" | "↓" => "v",
            "↑" => "^",
            "←" => "<",
            "→" => ">",
            "•" => "*",
            "…" => "~",
            "×" => "x",
            "“" | "”" | "„" => "\"",
            _ => "?",
        };
        cell.set_symbol(sign);
    }
}

/// The bar, the pages' names, the page, its help, the keys.
fn parts(area: Rect) -> [Rect; 5] {
    let heights =
        [1, 1, 0, 2, 1].map(|height| if height == 0 { Constraint::Min(4) } else { Constraint::Length(height) });
    Layout::vertical(heights).areas(area)
}

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hit {
    Page(Page),
    Field(usize),
    /// The sign of its eye.
    Eye(usize),
    /// The name of a key, which does what the key does.
    Key(KeyEvent),
    /// A row of the list of providers.
    Provider(usize),
}

/// What stands there, with a terminal of that size.
pub(crate) fn hit(window: &Window, size: (u16, u16), at: (u16, u16)) -> Option<Hit> {
    let (area, at) = (Rect::new(0, 0, size.0, size.1), Position { x: at.0, y: at.1 });
    let [top, tabs, page, _, keys] = parts(area);
    match popup::hit(window, Theme::new(false, true), area, at) {
        Some(Clicked::Key(code)) => return Some(Hit::Key(KeyEvent::new(code, KeyModifiers::NONE))),
        Some(Clicked::Provider(row)) => return Some(Hit::Provider(row)),
        Some(Clicked::Nothing) => return None,
        None => {}
    }
    if keys.contains(at) {
        let mut x = keys.x.saturating_add(1);
        return hinted(window).into_iter().find_map(|(key, what)| {
            let width = places(&key).saturating_add(places(&what)).saturating_add(1);
            let is_it = (x..x.saturating_add(width)).contains(&at.x);
            x = x.saturating_add(width).saturating_add(1);
            is_it.then(|| key_named(&key)).flatten().map(Hit::Key)
        });
    }
    if top.contains(at) && at.x >= top.width.saturating_sub(places(&health(window).0)) {
        return Some(Hit::Key(KeyEvent::new(KeyCode::F(4), KeyModifiers::NONE)));
    }
    if page.contains(at) {
        return form::hit(window, page, at);
    }
    let mut x = tabs.x.saturating_add(1);
    let mut named = (1..).zip(Page::ALL);
    tabs.contains(at).then(|| {
        named.find_map(|(number, page)| {
            let width = places(&tab(window, number, page));
            let is_it = (x..x.saturating_add(width)).contains(&at.x);
            x = x.saturating_add(width).saturating_add(1);
            is_it.then_some(Hit::Page(page))
        })
    })?
}

fn tab(window: &Window, number: usize, page: Page) -> String {
    format!(" {number} {} ", window.words.say(page.name()))
}

/// The name, what is not saved, how configd is.
fn bar(window: &Window, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let words = &window.words;
    let changed =
        if window.draft.is_changed() { format!("  * {}", words.say("window-unsaved")) } else { String::new() };
    let (right, is_more) = health(window);
    let width = places(&right).min(area.width);
    let whole = format!(" pam-2fa  {}{changed}", words.say("window-title"));
    // What is not saved is said before what this is.
    let fits = places(&whole).saturating_add(width) < area.width;
    let left = if fits { whole } else { format!(" pam-2fa{changed}") };
    frame.render_widget(Paragraph::new(left).style(theme.bar()), area);
    let place = Rect { x: area.x.saturating_add(area.width.saturating_sub(width)), width, ..area };
    frame.render_widget(Paragraph::new(right).style(if is_more { theme.alarm() } else { theme.bar() }), place);
}

/// How configd is, and whether there is more to say of it.
fn health(window: &Window) -> (String, bool) {
    let words = &window.words;
    let (said, is_more) = match &window.health {
        None => (words.say("health-asking"), false),
        Some(Ok(problems)) if problems.is_empty() => (words.say("health-well"), false),
        Some(Ok(problems)) => (words.with("health-unhealthy", &[("count", &problems.len().to_string())]), true),
        Some(Err(_)) => (words.say("health-lost"), true),
    };
    (if is_more { format!("{said} F4 ") } else { format!("{said} ") }, is_more)
}

fn pages(window: &Window, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let mut spans = vec![Span::raw(" ")];
    for (number, page) in (1..).zip(Page::ALL) {
        let name = tab(window, number, page);
        let is_open = page == window.form.page;
        spans.push(Span::styled(name, if is_open { theme.focus() } else { theme.faint() }));
        spans.push(Span::raw(" "));
    }
    frame.render_widget(Line::from(spans), area);
}

/// What is wrong with the field that has the focus, what was done, or its help.
fn bottom(window: &Window, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let said = match &window.note {
        Some(Note::Well(said)) => Some((said.clone(), theme.well())),
        Some(Note::Wrong(why)) => Some((format!("! {why}"), theme.wrong())),
        None => {
            let focused = window.form.focused();
            let wrong = focused.and_then(|field| window.wrong(&field.key));
            // A secret that is longer than its field is whole here.
            let seen = focused.and_then(|field| window.form.seen.get(&field.key));
            let seen = seen.map(|seen| (printable(seen.expose()).into_owned(), theme.weighty()));
            // What a provider has against it is understood by its help.
            let help =
                focused.filter(|field| field.key.starts_with("sms.account.")).map(|field| window.said(&field.help));
            let wrong = wrong.map(|why| match &help {
                Some(help) => format!("! {why}. {help}"),
                None => format!("! {why}"),
            });
            seen.or_else(|| wrong.map(|why| (why, theme.wrong())))
        }
    };
    let (text, style) = said.unwrap_or_else(|| {
        let help = window.form.focused().map(|field| form::help(window, field)).unwrap_or_default();
        (help, theme.label())
    });
    let width = usize::from(area.width).saturating_sub(2);
    let mut lines = wrapped(&text, width);
    // F1 has the rest of a help, F4 of what configd said.
    let most = usize::from(area.height);
    if lines.len() > most {
        lines.truncate(most);
        if let Some(last) = lines.last_mut() {
            *last = cut(&format!("{last} …"), width);
            if !last.ends_with('…') {
                last.push('…');
            }
        }
    }
    let shown: Vec<Line<'_>> = lines.into_iter().map(|line| Line::styled(format!(" {line}"), style)).collect();
    frame.render_widget(Paragraph::new(shown), area);
}

/// Keys that do something here, and what.
fn hinted(window: &Window) -> Vec<(String, String)> {
    let own = [
        ("Tab", "key-next"),
        ("F2", "key-save"),
        ("F10", "key-exit"),
        ("F1", "key-help"),
        ("PgDn", "key-page"),
        ("F5", "key-test"),
        ("F3", "key-eye"),
        ("^Z", "key-undo"),
    ];
    if window.form.page == Page::Users {
        window.users.keys(&window.words)
    } else {
        own.map(|(key, id)| (key.to_owned(), window.words.say(id))).to_vec()
    }
}

/// The key of a name in the line of keys; none of one that names several.
fn key_named(name: &str) -> Option<KeyEvent> {
    let plain = |code| Some(KeyEvent::new(code, KeyModifiers::NONE));
    let mut letters = name.chars();
    match (name, letters.next(), letters.next(), letters.next()) {
        ("Tab", ..) => plain(KeyCode::Tab),
        ("PgDn" | "Bild", ..) => plain(KeyCode::PageDown),
        ("Enter", ..) => plain(KeyCode::Enter),
        ("Esc", ..) => plain(KeyCode::Esc),
        ("Ins" | "Einfg", ..) => plain(KeyCode::Insert),
        (_, Some('F'), Some(_), _) => name.get(1..)?.parse().ok().and_then(|number| plain(KeyCode::F(number))),
        (_, Some('^'), Some(letter), None) => {
            Some(KeyEvent::new(KeyCode::Char(letter.to_ascii_lowercase()), KeyModifiers::CONTROL))
        }
        (_, Some(letter), None, _) if letter.is_ascii_alphabetic() => plain(KeyCode::Char(letter)),
        _ => None,
    }
}

fn hints(window: &Window, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    let mut spans = vec![Span::raw(" ")];
    for (key, what) in hinted(window) {
        spans.push(Span::styled(key, theme.key()));
        spans.push(Span::raw(format!(" {what} ")));
    }
    frame.render_widget(Line::from(spans), area);
}
