//! The list of providers, which filters as one types, and what a choice of it changes.

#![expect(clippy::wildcard_enum_match_arm, reason = "a key that is not named means nothing here")]

use super::{Choosable, Form, Pick, Unfit, Wants};
use crate::setup::draft::Draft;
use crate::setup::line::request;
use pam_2fa_settings::Said;
use pam_2fa_settings::provider::Field;
use ratatui::crossterm::event::{KeyCode, KeyEvent};

impl Form {
    pub(super) fn open_list(&mut self, draft: &mut Draft) -> Wants {
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

    pub(super) fn key_in_list(&mut self, key: KeyEvent, draft: &mut Draft) -> Wants {
        let Some(mut pick) = self.pick.take() else { return Wants::Nothing };
        let count = self.choosable(pick.filter.value()).len();
        let last = count.saturating_sub(1);
        match key.code {
            KeyCode::Esc => return Wants::Nothing,
            KeyCode::Enter | KeyCode::Tab => {
                let chosen = self.choosable(pick.filter.value()).get(pick.at).copied();
                let id = chosen.map(|chosen| chosen.map(|it| it.provider.id.clone()));
                return match id {
                    Some(None) if draft.backups("sms") > 0 => Wants::Say("note-has-backups"),
                    Some(id) => {
                        self.choose(id.as_deref(), draft);
                        Wants::Nothing
                    }
                    None => Wants::Nothing,
                };
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
        // Also those that no file names any more.
        let old = draft.account();
        match draft.choose_provider(id, &old) {
            Ok(()) => self.unfit.retain(|key, _| !key.starts_with("sms.")),
            Err(why) => {
                let typed = id.unwrap_or_default().to_owned();
                self.unfit.insert(String::from("sms.provider"), Unfit { typed, why });
            }
        }
        self.refresh(draft);
        self.load(draft);
    }

    /// What the provider's file has against a field of the account: an id of words, and what it names. What is sealed nobody can say
    /// anything of; what is missing is only said where it `is_due`.
    pub(crate) fn against(&self, key: &str, draft: &Draft, is_due: bool) -> Option<(&'static str, String)> {
        let field = self.account_field(key, draft)?;
        if draft.is_account_one_text() {
            return None;
        }
        let typed = match draft.secrets().get(key) {
            Some(secret) => secret.expose().clone(),
            None => draft.plain(key).unwrap_or_default(),
        };
        if !typed.is_empty() {
            return match (field.takes(&typed), field.choices.is_empty()) {
                (true, _) => None,
                (false, false) => Some(("account-choice", field.choices.join(", "))),
                (false, true) => Some(("account-pattern", String::new())),
            };
        }
        let is_there = *draft.said(key) == Said::Sealed || field.optional || field.default.is_some();
        (!is_there && is_due).then(|| ("account-missing", String::new()))
    }

    fn account_field(&self, key: &str, draft: &Draft) -> Option<&Field> {
        let name = key.strip_prefix("sms.account.")?;
        self.provider(draft)?.account.iter().find(|field| field.key == name)
    }
}
