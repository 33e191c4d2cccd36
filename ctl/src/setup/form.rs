//! The fields of a page as they are edited: which one has the focus, what is typed there, what of it is no value yet. It draws nothing.

#![expect(clippy::wildcard_enum_match_arm, reason = "a key that is not named means nothing here")]

use super::draft::Draft;
use super::fields::{Field, Kind, Page, Press, UNITS, fields};
use super::line::{character, insert, request};
use pam_2fa_protocol::Secret;
use pam_2fa_settings::Said;
use pam_2fa_settings::provider::Provider;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::collections::BTreeMap;
use tui_input::{Input, InputRequest};

/// A provider of text messages that can be chosen.
#[derive(Debug)]
pub(crate) struct Choosable {
    pub(crate) provider: Provider,
    /// `own`, `shipped`, `unproven`.
    pub(crate) from: &'static str,
}

/// What was typed and is no value, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unfit {
    pub(crate) typed: String,
    pub(crate) why: String,
}

/// A list that filters as one types.
#[derive(Debug, Default)]
pub(crate) struct Pick {
    pub(crate) filter: Input,
    pub(crate) at: usize,
}

/// What a key has the window do.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    /// The key means nothing here.
    Other,
    Nothing,
    Press(Press),
    /// A secret of the file is to be shown.
    Look {
        key: String,
    },
}

/// The pages with fields.
#[derive(Debug)]
pub(crate) struct Form {
    pub(crate) page: Page,
    pub(crate) fields: Vec<Field>,
    pub(crate) at: usize,
    /// What is typed in the field that has the focus.
    pub(crate) input: Input,
    pub(crate) unfit: BTreeMap<String, Unfit>,
    /// Secrets that are shown.
    pub(crate) seen: BTreeMap<String, Secret>,
    /// The secret that was asked for and is not told yet; nothing once anything else is done.
    pub(crate) looking: Option<String>,
    pub(crate) pick: Option<Pick>,
    pub(crate) providers: Vec<Choosable>,
    /// Where the focus was on the other pages.
    places: BTreeMap<&'static str, usize>,
}

impl Form {
    pub(crate) fn new(providers: Vec<Choosable>, draft: &Draft) -> Self {
        let mut form = Self {
            page: Page::Main,
            fields: Vec::new(),
            at: 0,
            input: Input::default(),
            unfit: BTreeMap::new(),
            seen: BTreeMap::new(),
            looking: None,
            pick: None,
            providers,
            places: BTreeMap::new(),
        };
        form.refresh(draft);
        form.load(draft);
        form
    }

    /// The provider that is chosen, where there is its file.
    pub(crate) fn provider(&self, draft: &Draft) -> Option<&Provider> {
        let id = draft.typed("sms.provider");
        self.providers.iter().map(|choosable| &choosable.provider).find(|provider| provider.id == id)
    }

    /// The fields anew, as another provider has them.
    pub(crate) fn refresh(&mut self, draft: &Draft) {
        let new = fields(self.page, self.provider(draft));
        let key = self.fields.get(self.at).map(|field| field.key.clone());
        self.at = new.iter().position(|field| Some(&field.key) == key.as_ref()).unwrap_or(self.at);
        self.at = self.at.min(new.len().saturating_sub(1));
        self.fields = new;
    }

    pub(crate) fn turn_to(&mut self, page: Page, draft: &mut Draft) {
        draft.leave();
        self.hide();
        self.places.insert(self.page.name(), self.at);
        self.page = page;
        self.fields = fields(page, self.provider(draft));
        self.at = self.places.get(page.name()).copied().unwrap_or_default().min(self.fields.len().saturating_sub(1));
        self.load(draft);
    }

    pub(crate) fn focused(&self) -> Option<&Field> {
        self.fields.get(self.at)
    }

    /// To a field, where the page has it.
    pub(crate) fn focus(&mut self, at: usize, draft: &mut Draft) {
        if at < self.fields.len() {
            draft.leave();
            // What was shown is not left on the screen.
            self.hide();
            self.at = at;
            self.load(draft);
        }
    }

    /// To the next field that is wrong, whichever page it is on; whether there is one.
    pub(crate) fn focus_wrong(&mut self, draft: &mut Draft) -> bool {
        for page in [Page::Main, Page::Limits] {
            let all = fields(page, self.provider(draft));
            let is_wrong = |field: &Field| self.unfit.contains_key(&field.key) || draft.wrong(&field.key).is_some();
            if let Some(at) = all.iter().position(is_wrong) {
                self.turn_to(page, draft);
                self.focus(at, draft);
                return true;
            }
        }
        false
    }

    /// What was undone or saved is shown.
    pub(crate) fn reload(&mut self, draft: &Draft) {
        self.unfit.clear();
        self.hide();
        self.refresh(draft);
        self.load(draft);
    }

    fn load(&mut self, draft: &Draft) {
        self.pick = None;
        let Some(field) = self.fields.get(self.at) else { return };
        let typed = match (&field.kind, self.unfit.get(&field.key)) {
            (Kind::Secret, _) => {
                draft.secrets().get(&field.key).map(|secret| secret.expose().clone()).unwrap_or_default()
            }
            (_, Some(unfit)) => unfit.typed.clone(),
            (Kind::Duration, None) => draft.typed(&field.key).split(' ').next().unwrap_or_default().to_owned(),
            // A default is shown and not typed.
            (_, None) if draft.is_default(&field.key) => String::new(),
            (_, None) => draft.typed(&field.key),
        };
        self.input = Input::new(typed);
    }

    /// A key.
    pub(crate) fn key(&mut self, key: KeyEvent, draft: &mut Draft) -> Wants {
        if self.pick.is_some() {
            return self.key_in_list(key, draft);
        }
        match key.code {
            KeyCode::Tab | KeyCode::Down => return self.step(1, draft),
            KeyCode::BackTab | KeyCode::Up => return self.step(-1, draft),
            KeyCode::Home if key.modifiers.contains(KeyModifiers::CONTROL) => return self.to(0, draft),
            KeyCode::End if key.modifiers.contains(KeyModifiers::CONTROL) => return self.to(usize::MAX, draft),
            KeyCode::F(3) => return self.eye(draft),
            _ => {}
        }
        let Some(field) = self.fields.get(self.at).cloned() else { return Wants::Other };
        match &field.kind {
            Kind::Press(press) => match key.code {
                KeyCode::Enter | KeyCode::Char(' ') => Wants::Press(*press),
                KeyCode::Right => self.step(1, draft),
                KeyCode::Left => self.step(-1, draft),
                _ => Wants::Other,
            },
            Kind::Choice(words) => self.key_in_choice(key, &field.key, words, draft),
            Kind::Switch => {
                let words = ["false", "true"].map(String::from);
                self.key_in_choice(key, &field.key, &words, draft)
            }
            Kind::Provider => match key.code {
                KeyCode::Enter | KeyCode::Char(' ') => self.open_list(draft),
                KeyCode::Char(_) if character(key).is_some() => {
                    self.open_list(draft);
                    self.key_in_list(key, draft)
                }
                _ => Wants::Other,
            },
            Kind::Duration => self.key_in_duration(key, &field.key, draft),
            Kind::Text | Kind::Secret | Kind::Number => match key.code {
                KeyCode::Enter => self.step(1, draft),
                _ => match request(key) {
                    Some(request) => self.edit(request, &field, draft),
                    None => Wants::Other,
                },
            },
        }
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
            Kind::Duration => self.apply(&field.key, text.to_owned(), draft),
            Kind::Choice(words) if words.iter().any(|word| word == text) => {
                self.apply(&field.key, text.to_owned(), draft);
            }
            Kind::Choice(_) | Kind::Switch | Kind::Provider | Kind::Press(_) => {}
        }
        if field.kind == Kind::Duration {
            self.load(draft);
        }
    }

    fn step(&mut self, by: isize, draft: &mut Draft) -> Wants {
        let count = self.fields.len().max(1);
        let at = self.at.checked_add_signed(by).unwrap_or(count.saturating_sub(1));
        self.focus(if at >= count { 0 } else { at }, draft);
        Wants::Nothing
    }

    fn to(&mut self, at: usize, draft: &mut Draft) -> Wants {
        self.focus(at.min(self.fields.len().saturating_sub(1)), draft);
        Wants::Nothing
    }

    fn edit(&mut self, request: InputRequest, field: &Field, draft: &mut Draft) -> Wants {
        let before = self.input.value().to_owned();
        let _ = self.input.handle(request);
        if self.input.value() != before {
            self.take(field, draft);
        }
        Wants::Nothing
    }

    /// What is in the line now is what the field has.
    fn take(&mut self, field: &Field, draft: &mut Draft) {
        let typed = self.input.value().to_owned();
        if field.kind == Kind::Secret {
            self.hide();
            draft.set_secret(&field.key, Secret::new(typed));
        } else {
            self.apply(&field.key, typed, draft);
        }
    }

    /// No secret is seen any more, nor one that was asked for.
    fn hide(&mut self) {
        self.seen.clear();
        self.looking = None;
    }

    /// What is no value stays typed, and is said beside the field.
    fn apply(&mut self, key: &str, typed: String, draft: &mut Draft) {
        match draft.set(key, &typed) {
            Ok(()) => {
                self.unfit.remove(key);
            }
            Err(why) => {
                self.unfit.insert(key.to_owned(), Unfit { typed, why });
            }
        }
    }

    fn key_in_choice(&mut self, key: KeyEvent, name: &str, words: &[String], draft: &mut Draft) -> Wants {
        let count = words.len().max(1);
        let now = words.iter().position(|word| *word == draft.typed(name)).unwrap_or_default();
        let next = match key.code {
            KeyCode::Right | KeyCode::Char(' ') | KeyCode::Enter => now.saturating_add(1),
            KeyCode::Left => now.checked_sub(1).unwrap_or(count.saturating_sub(1)),
            // By the first letter of a word.
            KeyCode::Char(letter) if character(key).is_some() => {
                let fits = |word: &&String| word.starts_with(letter.to_ascii_lowercase());
                let Some(word) = words.iter().find(fits) else { return Wants::Nothing };
                self.apply(name, word.clone(), draft);
                return Wants::Nothing;
            }
            _ => return Wants::Other,
        };
        if let Some(word) = words.get(next.checked_rem(count).unwrap_or_default()) {
            self.apply(name, word.clone(), draft);
        }
        Wants::Nothing
    }

    fn key_in_duration(&mut self, key: KeyEvent, name: &str, draft: &mut Draft) -> Wants {
        let now = unit(&self.unfit.get(name).map_or_else(|| draft.typed(name), |unfit| unfit.typed.clone()));
        let unit = match key.code {
            KeyCode::Enter => return self.step(1, draft),
            KeyCode::Char(' ') | KeyCode::Right => now.saturating_add(1),
            KeyCode::Left => now.checked_sub(1).unwrap_or(UNITS.len().saturating_sub(1)),
            KeyCode::Char(letter) if character(key).is_some() && letter.is_ascii_alphabetic() => {
                match UNITS.iter().position(|unit| unit.starts_with(letter.to_ascii_lowercase())) {
                    Some(unit) => unit,
                    None => return Wants::Nothing,
                }
            }
            KeyCode::Char(digit) if !digit.is_ascii_digit() && character(key).is_some() => return Wants::Nothing,
            _ => {
                let Some(request) = request(key) else { return Wants::Other };
                let _ = self.input.handle(request);
                now
            }
        };
        let unit = UNITS.get(unit.checked_rem(UNITS.len()).unwrap_or_default()).copied().unwrap_or_default();
        let number =
            if self.input.value().is_empty() { draft_number(draft, name) } else { self.input.value().to_owned() };
        if self.input.value().is_empty() && matches!(key.code, KeyCode::Backspace | KeyCode::Delete) {
            // The default counts again.
            self.apply(name, String::new(), draft);
        } else {
            self.apply(name, format!("{number} {unit}"), draft);
        }
        Wants::Nothing
    }

    fn open_list(&mut self, draft: &mut Draft) -> Wants {
        draft.leave();
        let mut pick = Pick::default();
        let id = draft.typed("sms.provider");
        pick.at = self
            .choosable("")
            .iter()
            .position(|chosen| chosen.is_some_and(|it| it.provider.id == id))
            .unwrap_or_default();
        self.pick = Some(pick);
        Wants::Nothing
    }

    /// The providers that fit what is typed; first none of them, where nothing is typed.
    pub(crate) fn choosable(&self, filter: &str) -> Vec<Option<&Choosable>> {
        let filter = filter.to_lowercase();
        let fits = |it: &&Choosable| {
            it.provider.name.to_lowercase().contains(&filter) || it.provider.id.to_lowercase().contains(&filter)
        };
        let none = filter.is_empty().then_some(None);
        none.into_iter().chain(self.providers.iter().filter(fits).map(Some)).collect()
    }

    fn key_in_list(&mut self, key: KeyEvent, draft: &mut Draft) -> Wants {
        let Some(mut pick) = self.pick.take() else { return Wants::Nothing };
        let count = self.choosable(pick.filter.value()).len();
        let last = count.saturating_sub(1);
        match key.code {
            KeyCode::Esc => return Wants::Nothing,
            KeyCode::Enter | KeyCode::Tab => {
                let chosen = self.choosable(pick.filter.value()).get(pick.at).copied();
                let id = chosen.map(|chosen| chosen.map(|it| it.provider.id.clone()));
                if let Some(id) = id {
                    self.choose(id.as_deref(), draft);
                }
                return Wants::Nothing;
            }
            KeyCode::Down => pick.at = pick.at.saturating_add(1).min(last),
            KeyCode::Up => pick.at = pick.at.saturating_sub(1),
            KeyCode::PageDown => pick.at = pick.at.saturating_add(10).min(last),
            KeyCode::PageUp => pick.at = pick.at.saturating_sub(10),
            KeyCode::Home => pick.at = 0,
            KeyCode::End => pick.at = last,
            _ => {
                if let Some(request) = request(key) {
                    let _ = pick.filter.handle(request);
                    pick.at = 0;
                }
            }
        }
        self.pick = Some(pick);
        Wants::Nothing
    }

    /// Another provider, with an account of its own: fields that it does not have go.
    fn choose(&mut self, id: Option<&str>, draft: &mut Draft) {
        let old: Vec<String> = self.provider(draft).map(account_keys).unwrap_or_default();
        let chosen = draft.choose_provider(id, &old);
        match chosen {
            Ok(()) => {
                self.unfit.remove("sms.provider");
            }
            Err(why) => {
                let typed = id.unwrap_or_default().to_owned();
                self.unfit.insert(String::from("sms.provider"), Unfit { typed, why });
            }
        }
        self.refresh(draft);
        self.load(draft);
    }

    /// Shows a secret, or hides it again.
    fn eye(&mut self, draft: &mut Draft) -> Wants {
        let Some(field) = self.fields.get(self.at).filter(|field| field.kind == Kind::Secret) else {
            return Wants::Other;
        };
        let key = field.key.clone();
        if self.seen.remove(&key).is_some() || self.looking.take().is_some() {
            return Wants::Nothing;
        }
        if let Some(typed) = draft.secrets().get(&key) {
            self.seen.insert(key, Secret::new(typed.expose().clone()));
            return Wants::Nothing;
        }
        match draft.said(&key) {
            Said::Sealed | Said::Plain => Wants::Look { key },
            _ => Wants::Nothing,
        }
    }
}

/// Which unit a duration has; minutes where it has none.
fn unit(typed: &str) -> usize {
    let word = typed.split(' ').nth(1).unwrap_or("minutes");
    UNITS.iter().position(|unit| word == *unit || unit.strip_suffix('s') == Some(word)).unwrap_or(1)
}

fn draft_number(draft: &Draft, key: &str) -> String {
    draft.typed(key).split(' ').next().unwrap_or("0").to_owned()
}

fn account_keys(provider: &Provider) -> Vec<String> {
    provider.account.iter().map(|field| format!("sms.account.{}", field.key)).collect()
}
