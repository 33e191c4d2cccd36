//! What the window wants to know of the settings as they are being changed: what is another than saved, what of it is secret.

use super::{Draft, said_as_typed};
use pam_2fa_settings::{Said, Shown};
use std::collections::BTreeSet;

impl Draft {
    /// What the text has of an account, by dotted names.
    pub(crate) fn account(&self) -> Vec<String> {
        let is_of_it = |shown: &&Shown| {
            shown.value != Said::Nothing && (shown.key == "sms.account" || shown.key.starts_with("sms.account."))
        };
        self.values.values().filter(is_of_it).map(|shown| shown.key.clone()).collect()
    }

    /// Whether the account is one text with all its fields, which only a person can take apart.
    pub(crate) fn is_account_one_text(&self) -> bool {
        *self.said("sms.account") != Said::Nothing
    }

    /// Whether a secret that was kept, and not typed anew, would go to another server or provider than it was kept for.
    pub(crate) fn takes_kept_elsewhere(&self, texts: bool) -> bool {
        let is_kept = |key: &String| {
            let is_of_it = if texts { key.starts_with("sms.account.") } else { key == "email.password" };
            is_of_it && *self.said(key) == Said::Sealed && !self.now.secrets.contains_key(key)
        };
        let email = ["email.server", "email.port", "email.tls", "email.ca_file"];
        let is_elsewhere = if texts {
            self.values.keys().any(|key| key.starts_with("sms.") && self.has_changed(key))
        } else {
            email.into_iter().any(|key| self.has_changed(key))
        };
        is_elsewhere && self.values.keys().any(is_kept)
    }

    /// How many stand in for the first of `email` or `sms`.
    pub(crate) fn backups(&self, way: &str) -> usize {
        let prefix = format!("{way}.backup.");
        let names = self.values.keys().filter_map(|key| key.strip_prefix(&prefix)?.split('.').next());
        names.collect::<BTreeSet<_>>().len()
    }

    /// As it was saved.
    pub(crate) fn saved_typed(&self, key: &str) -> String {
        self.saved_values.get(key).map(|shown| said_as_typed(&shown.value)).unwrap_or_default()
    }

    /// A field of an account that stands in plain text.
    pub(crate) fn plain(&self, key: &str) -> Option<String> {
        let typed = self.now.typed.get(key).cloned();
        typed.or_else(|| self.plain.get(key).map(|plain| plain.expose().clone()))
    }

    /// Whether there is a secret, of the file or typed.
    pub(crate) fn has_secret(&self, key: &str) -> bool {
        self.now.secrets.contains_key(key) || matches!(self.said(key), Said::Sealed | Said::Plain)
    }

    /// Whether anything is not saved.
    pub(crate) fn is_changed(&self) -> bool {
        self.now.text != self.saved.text || !self.now.secrets.is_empty()
    }

    /// Whether a key is not as it was saved.
    pub(crate) fn has_changed(&self, key: &str) -> bool {
        let was = self.saved_values.get(key);
        let is = self.values.get(key);
        let is_typed = self
            .now
            .typed
            .get(key)
            .is_some_and(|typed| was.map(|was| said_as_typed(&was.value)).as_ref() != Some(typed));
        // What neither says is a default, whatever it follows.
        let is_default = |shown: Option<&Shown>| shown.is_none_or(|shown| shown.is_default);
        let is_other = was != is && !(is_default(was) && is_default(is));
        self.now.secrets.contains_key(key) || is_typed || is_other
    }
}
