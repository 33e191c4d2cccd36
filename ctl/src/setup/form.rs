//! The fields of a page as they are edited: which one has the focus, what is typed there, what of it is no value yet. It draws nothing.
//!
//! | file | |
//! |---|---|
//! | `edit` | how each kind of field is edited |
//! | `list` | the list of providers |

#![expect(clippy::wildcard_enum_match_arm, reason = "a key that is not named means nothing here")]

mod edit;
mod list;

use super::draft::Draft;
use super::fields::{Field, Kind, Page, Press, fields};
use super::line::character;
use pam_2fa_protocol::Secret;
use pam_2fa_settings::Said;
use pam_2fa_settings::provider::Provider;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::collections::BTreeMap;
use std::fmt;
use tui_input::Input;

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
    /// Why not, by its id.
    Say(&'static str),
    Press(Press),
    /// A secret of the file is to be shown.
    Look {
        key: String,
    },
}

/// The pages with fields.
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
    /// Which of `UNITS` the duration has that is being edited.
    pub(crate) unit: usize,
    /// What the field that is being edited had when it was gone to is sealed.
    pub(crate) was_sealed: bool,
    /// Somebody wants to save or send: what is missing is said.
    pub(crate) is_due: bool,
    pub(crate) providers: Vec<Choosable>,
    /// Where the focus was on the other pages.
    places: BTreeMap<&'static str, usize>,
}

impl fmt::Debug for Form {
    /// Not what is typed: the line of a secret is one of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Form").field("page", &self.page).field("at", &self.at).finish_non_exhaustive()
    }
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
            unit: 0,
            was_sealed: false,
            is_due: false,
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
    pub(crate) fn focus_wrong(&mut self, draft: &mut Draft, texts: bool) -> bool {
        for page in [Page::Main, Page::Limits] {
            let all = fields(page, self.provider(draft));
            let is_wrong = |field: &Field| {
                let key = &field.key;
                self.unfit.contains_key(key)
                    || draft.wrong(key).is_some()
                    || (texts && self.against(key, draft, self.is_due).is_some())
            };
            if let Some(at) = all.iter().position(is_wrong) {
                self.turn_to(page, draft);
                self.focus(at, draft);
                return true;
            }
        }
        false
    }

    /// To the field of that key, whichever page it is on; whether there is one.
    pub(crate) fn focus_key(&mut self, key: &str, draft: &mut Draft) -> bool {
        for page in [Page::Main, Page::Limits] {
            if let Some(at) = fields(page, self.provider(draft)).iter().position(|field| field.key == key) {
                if self.page != page {
                    self.turn_to(page, draft);
                }
                self.focus(at, draft);
                return true;
            }
        }
        false
    }

    /// What was undone or saved is shown.
    pub(crate) fn reload(&mut self, draft: &Draft) {
        self.hide();
        self.refresh(draft);
        self.load(draft);
    }

    pub(super) fn load(&mut self, draft: &Draft) {
        self.pick = None;
        let Some(field) = self.fields.get(self.at).cloned() else { return };
        let typed = match (&field.kind, self.unfit.get(&field.key)) {
            (Kind::Secret, _) => {
                draft.secrets().get(&field.key).map(|secret| secret.expose().clone()).unwrap_or_default()
            }
            (Kind::Duration, _) => self.load_duration(&field.key, draft),
            (_, Some(unfit)) => unfit.typed.clone(),
            // A default is shown and not typed.
            (_, None) if draft.is_default(&field.key) => String::new(),
            (_, None) => draft.typed(&field.key),
        };
        self.was_sealed = *draft.said(&field.key) == Said::Sealed;
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
            Kind::Text | Kind::Secret | Kind::Number => self.key_in_line(key, &field, draft),
        }
    }

    pub(super) fn step(&mut self, by: isize, draft: &mut Draft) -> Wants {
        let count = self.fields.len().max(1);
        let at = self.at.checked_add_signed(by).unwrap_or(count.saturating_sub(1));
        self.focus(if at >= count { 0 } else { at }, draft);
        Wants::Nothing
    }

    fn to(&mut self, at: usize, draft: &mut Draft) -> Wants {
        self.focus(at.min(self.fields.len().saturating_sub(1)), draft);
        Wants::Nothing
    }

    /// No secret is seen any more, nor one that was asked for.
    pub(super) fn hide(&mut self) {
        self.seen.clear();
        self.looking = None;
    }
}
