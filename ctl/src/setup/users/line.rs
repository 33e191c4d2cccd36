//! Keys of a line that is edited. It decides nothing.

use pam_2fa_settings::text::is_plain;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::InputRequest;

/// The character of a key that is only that. AltGr reads as Ctrl and Alt.
pub(super) fn character(key: KeyEvent) -> Option<char> {
    let held = key.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
    let is_typed = held.is_empty() || held == KeyModifiers::CONTROL | KeyModifiers::ALT;
    match (key.code, is_typed) {
        (KeyCode::Char(character), true) => Some(character),
        _ => None,
    }
}

/// What a key does in a line.
pub(super) fn request(key: KeyEvent) -> Option<InputRequest> {
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
