//! The settings as they are being changed: a text of `config.toml` in which every key is set in its place, so that comments and order stay.
//! Secrets that were typed stand beside it and never in it. It touches no file and asks nobody.

mod asked;

use pam_2fa_protocol::Secret;
use pam_2fa_settings::{Said, Shown, parse, plain_secrets, set, shown_anyway, unset, without_section};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Changes that can be undone.
const MOST_UNDONE: usize = 500;

/// At one time.
#[derive(Clone, Default)]
struct State {
    text: String,
    /// Typed, by dotted names.
    secrets: BTreeMap<String, Arc<Secret>>,
    /// What was typed since it was opened, by dotted names: of a text with an error nobody says what counts.
    typed: BTreeMap<String, String>,
}

impl fmt::Debug for State {
    /// Not the text: a secret of the file may stand there in plain text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

impl State {
    fn is(&self, other: &Self) -> bool {
        let is_same = |(key, secret): (&String, &Arc<Secret>)| {
            other.secrets.get(key).is_some_and(|other| other.expose() == secret.expose())
        };
        self.text == other.text && self.secrets.len() == other.secrets.len() && self.secrets.iter().all(is_same)
    }
}

/// The settings on the screen.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    saved: State,
    now: State,
    /// Each with the key that was changed then.
    before: Vec<(String, State)>,
    after: Vec<(String, State)>,
    /// The key that is being edited: what is typed on is one change.
    open: Option<String>,
    /// What the text says; of a text with an error what the last one said.
    values: BTreeMap<String, Shown>,
    /// The same of what is saved.
    saved_values: BTreeMap<String, Shown>,
    /// What may be secret and stands in plain text.
    plain: BTreeMap<String, Secret>,
    /// By key; those without one under the empty name.
    wrong: BTreeMap<String, String>,
}

impl Draft {
    /// Of the text of a file.
    pub(crate) fn of(text: &str) -> Self {
        let state = State { text: text.to_owned(), ..State::default() };
        let mut draft = Self { saved: state.clone(), now: state, ..Self::default() };
        draft.look();
        draft.saved_values.clone_from(&draft.values);
        draft
    }

    /// As it is now.
    pub(crate) fn text(&self) -> &str {
        &self.now.text
    }

    /// As it was opened or saved.
    pub(crate) fn saved_text(&self) -> &str {
        &self.saved.text
    }

    /// Secrets that were typed, by dotted names.
    pub(crate) fn secrets(&self) -> &BTreeMap<String, Arc<Secret>> {
        &self.now.secrets
    }

    /// The text with the secrets that were typed in it: for configd alone.
    ///
    /// # Errors
    /// The text is written in a way that only a person can change.
    pub(crate) fn whole(&self) -> Result<Secret, String> {
        let mut whole = Secret::new(self.now.text.clone());
        for (key, secret) in &self.now.secrets {
            whole = Secret::new(set(whole.expose(), key, secret.expose()).map_err(|error| error.to_string())?);
        }
        Ok(whole)
    }

    /// What counts, a secret aside; nothing where there is no such key.
    pub(crate) fn said(&self, key: &str) -> &Said {
        self.values.get(key).map_or(&Said::Nothing, |shown| &shown.value)
    }

    /// Whether the text does not say it.
    pub(crate) fn is_default(&self, key: &str) -> bool {
        !self.now.typed.contains_key(key) && self.values.get(key).is_none_or(|shown| shown.is_default)
    }

    /// As a person would type it; nothing of a secret.
    pub(crate) fn typed(&self, key: &str) -> String {
        if let Some(typed) = self.now.typed.get(key) {
            return typed.clone();
        }
        // A field of an account that stands in plain text; which of them are secrets the provider's file says.
        self.plain.get(key).map_or_else(|| said_as_typed(self.said(key)), |plain| plain.expose().clone())
    }

    /// Onto the file as others have left it. What could be undone is not any more: it was of another file.
    pub(crate) fn onto(&mut self, file: &str, ours: &str) {
        let secrets = std::mem::take(&mut self.now.secrets);
        *self = Self::of(file);
        self.now = State { text: ours.to_owned(), secrets, typed: BTreeMap::new() };
        self.look();
    }

    /// Back to what it was before the field was gone to, where it is being edited.
    pub(crate) fn restore(&mut self, key: &str) {
        if let Some((_, before)) = self.before.last()
            && self.open.as_deref() == Some(key)
        {
            self.now = before.clone();
            self.look();
        }
    }

    /// What is wrong with it, in one line.
    pub(crate) fn wrong(&self, key: &str) -> Option<&str> {
        self.wrong.get(key).map(String::as_str)
    }

    /// All that is wrong, by key.
    pub(crate) fn all_wrong(&self) -> &BTreeMap<String, String> {
        &self.wrong
    }

    /// Puts a value in as it is typed; nothing typed takes the key out, so that its default counts.
    ///
    /// # Errors
    /// Why it is none, in one line; nothing is changed.
    pub(crate) fn set(&mut self, key: &str, typed: &str) -> Result<(), String> {
        let typed = typed.trim();
        if typed == self.typed(key) && !typed.is_empty() {
            return Ok(());
        }
        // On top of what was there before the field was gone to: a line that is cleared and typed anew keeps its comment and its place.
        let base = match self.before.last() {
            Some((_, before)) if self.open.as_deref() == Some(key) => before.clone(),
            _ => self.now.clone(),
        };
        let changed = if typed.is_empty() { unset(&base.text, key) } else { set(&base.text, key, typed) };
        let text = changed.map_err(|error| reason(key, &error.to_string()))?;
        if text == self.now.text && (typed.is_empty() || self.now.typed.contains_key(key)) {
            return Ok(());
        }
        self.begin(key);
        self.now = base;
        if key == "email.tls" {
            self.look();
        }
        let was = self.typed("email.tls");
        self.now.text = text;
        if typed.is_empty() {
            self.now.typed.remove(key);
        } else {
            self.now.typed.insert(key.to_owned(), typed.to_owned());
        }
        if key == "email.tls" {
            self.follow_port(&was, typed);
        }
        self.look();
        Ok(())
    }

    /// Takes a secret out, of the text too.
    ///
    /// # Errors
    /// Why not, in one line; nothing is changed.
    pub(crate) fn without_secret(&mut self, key: &str) -> Result<(), String> {
        let text = unset(&self.now.text, key).map_err(|error| reason(key, &error.to_string()))?;
        self.leave();
        self.begin(key);
        self.now.text = text;
        self.now.secrets.remove(key);
        self.leave();
        self.look();
        Ok(())
    }

    /// Keeps a secret as it is typed; none typed leaves the one that is there.
    pub(crate) fn set_secret(&mut self, key: &str, typed: Secret) {
        self.begin(key);
        if typed.expose().is_empty() {
            self.now.secrets.remove(key);
        } else {
            self.now.secrets.insert(key.to_owned(), Arc::new(typed));
        }
    }

    /// Another provider, or none: the fields of the account that it had go, since no other has them.
    ///
    /// # Errors
    /// Why not, in one line; nothing is changed.
    pub(crate) fn choose_provider(&mut self, id: Option<&str>, account: &[String]) -> Result<(), String> {
        if id.unwrap_or_default() == self.typed("sms.provider") {
            return Ok(());
        }
        let mut text = self.now.text.clone();
        for key in account {
            text = unset(&text, key).map_err(|error| error.to_string())?;
        }
        text = match id {
            Some(id) => set(&text, "sms.provider", id),
            None => without_section(&text, "sms"),
        }
        .map_err(|error| error.to_string())?;
        self.leave();
        self.begin("sms.provider");
        self.now.text = text;
        self.now.secrets.retain(|key, _| !key.starts_with("sms.account."));
        self.now.typed.retain(|key, _| !key.starts_with("sms."));
        self.leave();
        self.look();
        Ok(())
    }

    /// Another field is edited from here on.
    pub(crate) fn leave(&mut self) {
        self.open = None;
        // What is again as it was is no change that could be taken back.
        if self.before.last().is_some_and(|(_, before)| before.is(&self.now)) {
            self.before.pop();
        }
    }

    /// Takes the last change back; the key that was changed by it, none where there was none.
    pub(crate) fn undo(&mut self) -> Option<String> {
        self.leave();
        let (key, before) = self.before.pop()?;
        self.after.push((key.clone(), std::mem::replace(&mut self.now, before)));
        self.look();
        Some(key)
    }

    /// Does it again.
    pub(crate) fn redo(&mut self) -> Option<String> {
        self.leave();
        let (key, after) = self.after.pop()?;
        self.before.push((key.clone(), std::mem::replace(&mut self.now, after)));
        self.look();
        Some(key)
    }

    /// The file is this now: what was changed is saved.
    pub(crate) fn saved(&mut self, text: &str) {
        *self = Self::of(text);
    }

    /// One that stands where TLS has it goes on with TLS, in its place; one of the administrator's own stays.
    fn follow_port(&mut self, was: &str, is: &str) {
        let usual = |tls: &str| if tls == "implicit" { "465" } else { "587" };
        if !self.is_default("email.port")
            && self.typed("email.port") == usual(was)
            && let Ok(text) = set(&self.now.text, "email.port", usual(is))
        {
            self.now.text = text;
            self.now.typed.remove("email.port");
        }
    }

    fn begin(&mut self, key: &str) {
        self.after.clear();
        if self.open.as_deref() == Some(key) {
            return;
        }
        self.open = Some(key.to_owned());
        self.before.push((key.to_owned(), self.now.clone()));
        if self.before.len() > MOST_UNDONE {
            self.before.remove(0);
        }
    }

    fn look(&mut self) {
        self.wrong = match parse(&self.now.text) {
            Ok(_) => BTreeMap::new(),
            Err(findings) => {
                let mut wrong = BTreeMap::new();
                for finding in findings {
                    let why = reason(&finding.key, &finding.text);
                    wrong.entry(finding.key).or_insert(why);
                }
                wrong
            }
        };
        self.plain = plain_secrets(&self.now.text).unwrap_or_default().into_iter().collect();
        if let Ok(values) = shown_anyway(&self.now.text) {
            self.values = values.into_iter().map(|shown| (shown.key.clone(), shown)).collect();
        }
    }
}

/// What is wrong without the name of the setting, which stands beside it.
fn reason(key: &str, why: &str) -> String {
    why.strip_prefix(key).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(why).to_owned()
}

/// As a person would type it; nothing of a secret.
fn said_as_typed(said: &Said) -> String {
    match said {
        Said::Nothing | Said::Sealed | Said::Plain => String::new(),
        Said::Text(text) => text.clone(),
        Said::Number(number) => number.to_string(),
        Said::Switch(on) => on.to_string(),
        Said::List(list) => list.join(", "),
    }
}

#[cfg(test)]
mod tests;
