//! How the fields are edited: lines, durations, choices, secrets. What is typed and is no value stays typed, and is said beside the field.

#![expect(clippy::wildcard_enum_match_arm, reason = "a key that is not named means nothing here")]

use super::{Form, Unfit, Wants};
use crate::setup::draft::Draft;
use crate::setup::fields::{Field, Kind, UNITS};
use crate::setup::line::{character, insert, request};
use pam_2fa_protocol::Secret;
use pam_2fa_settings::Said;
use ratatui::crossterm::event::{KeyCode, KeyEvent};

/// Of hours in [`UNITS`].
const HOURS: usize = 2;

impl Form {
    /// A key in a line.
    pub(super) fn key_in_line(&mut self, key: KeyEvent, field: &Field, draft: &mut Draft) -> Wants {
        if key.code == KeyCode::Enter {
            return self.step(1, draft);
        }
        let is_secret = field.kind == Kind::Secret || self.was_sealed;
        // There is nothing to delete in the line, so it is what is kept that goes.
        if is_secret && key.code == KeyCode::Delete && self.input.value().is_empty() {
            return self.without_secret(&field.key, draft);
        }
        let Some(request) = request(key) else { return Wants::Other };
        let before = self.input.value().to_owned();
        let _ = self.input.handle(request);
        if self.input.value() != before {
            self.take(field, draft);
        }
        Wants::Nothing
    }

    fn without_secret(&mut self, key: &str, draft: &mut Draft) -> Wants {
        self.hide();
        if let Err(why) = draft.without_secret(key) {
            self.unfit.insert(key.to_owned(), Unfit { typed: String::new(), why });
        }
        Wants::Nothing
    }

    /// What was pasted, all at once: of a choice by its word.
    pub(crate) fn paste(&mut self, text: &str, draft: &mut Draft) {
        if let Some(pick) = &mut self.pick {
            insert(&mut pick.filter, text);
            pick.at = 0;
            return;
        }
        let Some(field) = self.fields.get(self.at).cloned() else { return };
        match &field.kind {
            Kind::Text | Kind::Secret | Kind::Number => {
                insert(&mut self.input, text);
                self.take(&field, draft);
            }
            // A number and its unit, as settings have them.
            Kind::Duration => {
                self.apply(&field.key, text.to_owned(), draft);
                self.load(draft);
            }
            Kind::Choice(words) if words.iter().any(|word| word == text) => {
                self.apply(&field.key, text.to_owned(), draft);
            }
            Kind::Choice(_) | Kind::Switch | Kind::Provider | Kind::Press(_) => {}
        }
    }

    /// What is in the line now is what the field has.
    fn take(&mut self, field: &Field, draft: &mut Draft) {
        let typed = self.input.value().to_owned();
        if field.kind == Kind::Secret {
            self.hide();
            self.unfit.remove(&field.key);
            draft.set_secret(&field.key, Secret::new(typed));
        } else if typed.is_empty() && self.was_sealed {
            // Nothing typed leaves the one that is there, as with a secret.
            self.hide();
            self.unfit.remove(&field.key);
            draft.restore(&field.key);
        } else {
            self.apply(&field.key, typed, draft);
        }
    }

    /// What is no value stays typed.
    pub(crate) fn apply(&mut self, key: &str, typed: String, draft: &mut Draft) {
        self.hide();
        match draft.set(key, &typed) {
            Ok(()) => {
                self.unfit.remove(key);
            }
            Err(why) => {
                self.unfit.insert(key.to_owned(), Unfit { typed, why });
            }
        }
    }

    /// Space and the arrows go from word to word; Delete has the default count again.
    pub(super) fn key_in_choice(&mut self, key: KeyEvent, name: &str, words: &[String], draft: &mut Draft) -> Wants {
        let count = words.len().max(1);
        let now = words.iter().position(|word| *word == draft.typed(name));
        let next = match (key.code, now) {
            (KeyCode::Enter, _) => return self.step(1, draft),
            (KeyCode::Delete | KeyCode::Backspace, _) => {
                self.apply(name, String::new(), draft);
                return Wants::Nothing;
            }
            (KeyCode::Right | KeyCode::Char(' '), Some(now)) => now.saturating_add(1),
            (KeyCode::Right | KeyCode::Char(' '), None) => 0,
            (KeyCode::Left, now) => now.unwrap_or_default().checked_sub(1).unwrap_or(count.saturating_sub(1)),
            _ => return Wants::Other,
        };
        if let Some(word) = words.get(next.checked_rem(count).unwrap_or_default()) {
            self.apply(name, word.clone(), draft);
        }
        Wants::Nothing
    }

    /// The number is typed, the unit chosen: it stays while another number is.
    pub(super) fn key_in_duration(&mut self, key: KeyEvent, name: &str, draft: &mut Draft) -> Wants {
        let count = UNITS.len();
        match key.code {
            KeyCode::Enter => return self.step(1, draft),
            KeyCode::Char(' ') | KeyCode::Right => {
                self.unit = self.unit.saturating_add(1).checked_rem(count).unwrap_or(0)
            }
            KeyCode::Left => self.unit = self.unit.checked_sub(1).unwrap_or(count.saturating_sub(1)),
            _ => match (character(key), request(key)) {
                (Some(letter), _) if letter.is_alphabetic() => {
                    let fits = |unit: &&'static str| unit.starts_with(letter.to_ascii_lowercase());
                    let Some(unit) = UNITS.iter().position(fits) else { return Wants::Nothing };
                    self.unit = unit;
                }
                (Some(other), _) if !other.is_ascii_digit() => return Wants::Nothing,
                (_, Some(request)) => {
                    let _ = self.input.handle(request);
                    if self.input.value().is_empty() {
                        // Nothing typed: the default counts.
                        self.apply(name, String::new(), draft);
                        return Wants::Nothing;
                    }
                }
                (_, None) => return Wants::Other,
            },
        }
        let number = self.input.value();
        let number = if number.is_empty() { number_of(&draft.typed(name)) } else { number.to_owned() };
        // A unit alone is no time; 0 of any is the same.
        if !(self.input.value().is_empty() && number == "0") {
            let unit = UNITS.get(self.unit).copied().unwrap_or_default();
            self.apply(name, format!("{number} {unit}"), draft);
        }
        Wants::Nothing
    }

    /// The number and the unit of what is written or typed, as a field begins with them.
    pub(super) fn load_duration(&mut self, key: &str, draft: &Draft) -> String {
        let unfit = self.unfit.get(key).map(|unfit| unfit.typed.clone());
        let is_empty = unfit.is_none() && draft.is_default(key);
        let whole = unfit.unwrap_or_else(|| draft.typed(key));
        let number = number_of(&whole);
        let unit = UNITS.iter().position(|unit| {
            whole.split(' ').nth(1).is_some_and(|word| *unit == word || unit.strip_suffix('s') == Some(word))
        });
        // Whoever has a device remembered seldom does so for seconds.
        self.unit = if number == "0" && key.starts_with("trust.") {
            HOURS
        } else {
            unit.unwrap_or(if whole.contains(' ') { UNITS.len() } else { 1 })
        };
        if is_empty { String::new() } else { number }
    }

    /// Shows a secret, or hides it again. Of an account everything is encrypted, also what is no secret.
    pub(super) fn eye(&mut self, draft: &Draft) -> Wants {
        let Some(field) = self.fields.get(self.at) else { return Wants::Other };
        let key = field.key.clone();
        let is_kept = matches!(draft.said(&key), Said::Sealed | Said::Plain);
        let has_eye =
            field.kind == Kind::Secret || (key.starts_with("sms.account.") && *draft.said(&key) == Said::Sealed);
        if !has_eye {
            return Wants::Other;
        }
        if self.seen.remove(&key).is_some() || self.looking.take().is_some() {
            return Wants::Nothing;
        }
        match draft.secrets().get(&key) {
            Some(typed) => {
                self.seen.insert(key, Secret::new(typed.expose().clone()));
                Wants::Nothing
            }
            None if is_kept => Wants::Look { key },
            None => Wants::Nothing,
        }
    }
}

fn number_of(whole: &str) -> String {
    whole.split(' ').next().unwrap_or_default().to_owned()
}
