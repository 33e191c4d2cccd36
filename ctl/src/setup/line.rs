//! Keys of a line that is edited, the same on every page. It decides nothing.

use pam_2fa_settings::text::is_plain;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::{Input, InputRequest};

/// The character of a key that is only that. AltGr reads as Ctrl and Alt.
pub(crate) fn character(key: KeyEvent) -> Option<char> {
    let held = key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
    let is_typed = held.is_empty() || held == KeyModifiers::CONTROL | KeyModifiers::ALT;
    match (key.code, is_typed) {
        (KeyCode::Char(character), true) => Some(character),
        _ => None,
    }
}

/// What a key does in a line.
pub(crate) fn request(key: KeyEvent) -> Option<InputRequest> {
    if let Some(character) = character(key) {
        return is_plain(character).then_some(InputRequest::InsertChar(character));
    }
    let has_control = key.modifiers.contains(KeyModifiers::CONTROL);
    match (key.code, has_control) {
        (KeyCode::Backspace, false) | (KeyCode::Char('h'), true) => Some(InputRequest::DeletePrevChar),
        (KeyCode::Backspace, true) | (KeyCode::Char('w'), true) => Some(InputRequest::DeletePrevWord),
        (KeyCode::Delete, false) => Some(InputRequest::DeleteNextChar),
        (KeyCode::Delete, true) => Some(InputRequest::DeleteNextWord),
        (KeyCode::Char('u'), true) => Some(InputRequest::DeleteLine),
        (KeyCode::Char('k'), true) => Some(InputRequest::DeleteTillEnd),
        (KeyCode::Left, false) => Some(InputRequest::GoToPrevChar),
        (KeyCode::Right, false) => Some(InputRequest::GoToNextChar),
        (KeyCode::Left, true) => Some(InputRequest::GoToPrevWord),
        (KeyCode::Right, true) => Some(InputRequest::GoToNextWord),
        (KeyCode::Home, _) | (KeyCode::Char('a'), true) => Some(InputRequest::GoToStart),
        (KeyCode::End, _) | (KeyCode::Char('e'), true) => Some(InputRequest::GoToEnd),
        _ => None,
    }
}

/// The most of a paste that is taken, in characters: no value is longer.
const MOST_PASTED: usize = 4096;

/// What of a paste goes into a line: its first line, without control characters.
pub(crate) fn pasted(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().filter(|one| is_plain(*one)).take(MOST_PASTED).collect()
}

/// At the cursor, all at once.
pub(crate) fn insert(input: &mut Input, text: &str) {
    let (value, cursor) = (input.value(), input.cursor());
    let whole: String = value.chars().take(cursor).chain(text.chars()).chain(value.chars().skip(cursor)).collect();
    let after = cursor.saturating_add(text.chars().count());
    *input = Input::new(whole).with_cursor(after);
}
