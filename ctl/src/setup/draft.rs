//! The settings as they are being changed: a text of `config.toml` in which every key is set in its place, so that comments and order stay.
//! Secrets that were typed stand beside it and never in it. It touches no file and asks nobody.

use pam_2fa_protocol::Secret;
use pam_2fa_settings::{Said, Shown, parse, plain_secrets, set, shown, unset, without_section};
use std::collections::BTreeMap;
use std::sync::Arc;

/// Changes that can be undone.
const MOST_UNDONE: usize = 500;

/// At one time.
#[derive(Debug, Clone, Default)]
struct State {
    text: String,
    /// Typed, by dotted names.
    secrets: BTreeMap<String, Arc<Secret>>,
    /// What was typed since it was opened, by dotted names: of a text with an error nobody says what counts.
    typed: BTreeMap<String, String>,
}

/// The settings on the screen.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    saved: State,
    now: State,
    before: Vec<State>,
    after: Vec<State>,
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

    /// Whether there is a secret, of the file or typed.
    pub(crate) fn has_secret(&self, key: &str) -> bool {
        self.now.secrets.contains_key(key) || matches!(self.said(key), Said::Sealed | Said::Plain)
    }

    /// What is wrong with it, in one line.
    pub(crate) fn wrong(&self, key: &str) -> Option<&str> {
        self.wrong.get(key).map(String::as_str)
    }

    /// All that is wrong, by key.
    pub(crate) fn all_wrong(&self) -> &BTreeMap<String, String> {
        &self.wrong
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
        self.now.secrets.contains_key(key) || is_typed || (self.wrong.is_empty() && was != is)
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
        let changed = if typed.is_empty() { unset(&self.now.text, key) } else { set(&self.now.text, key, typed) };
        let text = changed.map_err(|error| error.to_string())?;
        if text == self.now.text {
            return Ok(());
        }
        self.begin(key);
        let was = self.typed("email.tls");
        self.now.text = text;
        if typed.is_empty() {
            self.now.typed.remove(key);
        } else {
            self.now.typed.insert(key.to_owned(), typed.to_owned());
        }
        if key == "email.tls" {
            self.follow_port(&was);
        }
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
    }

    /// Takes the last change back; whether there was one.
    pub(crate) fn undo(&mut self) -> bool {
        self.open = None;
        let Some(before) = self.before.pop() else { return false };
        self.after.push(std::mem::replace(&mut self.now, before));
        self.look();
        true
    }

    /// Does it again.
    pub(crate) fn redo(&mut self) -> bool {
        self.open = None;
        let Some(after) = self.after.pop() else { return false };
        self.before.push(std::mem::replace(&mut self.now, after));
        self.look();
        true
    }

    /// The file is this now: what was changed is saved.
    pub(crate) fn saved(&mut self, text: &str) {
        *self = Self::of(text);
    }

    /// One that stood where TLS has it goes on with TLS; one of the administrator's own stays.
    fn follow_port(&mut self, was: &str) {
        let usual = if was == "implicit" { "465" } else { "587" };
        if !self.is_default("email.port")
            && self.typed("email.port") == usual
            && let Ok(text) = unset(&self.now.text, "email.port")
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
        self.before.push(self.now.clone());
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
                    wrong.entry(finding.key).or_insert(finding.text);
                }
                wrong
            }
        };
        self.plain = plain_secrets(&self.now.text).unwrap_or_default().into_iter().collect();
        if let Ok(values) = shown(&self.now.text) {
            self.values = values.into_iter().map(|shown| (shown.key.clone(), shown)).collect();
        }
    }
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
mod tests {
    use super::*;

    const TEXT: &str = "# Ours.\n[policy]\nrequired = \"optional\" # not yet\napplication = \"Example\"\n\n[email]\nserver = \"smtp.example.com\"\n\
                        port = 465\ntls = \"implicit\"\nfrom = \"a@example.com\"\npassword = \"sealed:v1:AAAA\"\n";

    #[test]
    fn what_is_set_stands_in_its_place_and_can_be_undone_and_done_again() {
        let mut draft = Draft::of(TEXT);
        assert!(!draft.is_changed() && !draft.undo() && !draft.redo());
        draft.set("policy.application", "Other Corp").unwrap();
        draft.leave();
        draft.set("trust.ssh", "8 hours").unwrap();
        assert!(draft.is_changed() && draft.has_changed("trust.ssh") && !draft.has_changed("policy.required"));
        assert_eq!(draft.typed("trust.ssh"), "8 hours");
        assert!(
            draft
                .text()
                .starts_with("# Ours.\n[policy]\nrequired = \"optional\" # not yet\napplication = \"Other Corp\"\n")
        );
        assert!(draft.undo());
        assert_eq!(draft.typed("policy.application"), "Other Corp");
        assert!(draft.is_default("trust.ssh"));
        assert!(draft.undo());
        assert_eq!(draft.text(), TEXT);
        assert!(draft.redo() && draft.redo() && !draft.redo());
        assert_eq!(draft.typed("trust.ssh"), "8 hours");
        // Nothing typed: the default counts.
        draft.set("trust.ssh", "").unwrap();
        assert!(draft.is_default("trust.ssh"));
        // What is changed behind an undo ends what could be done again.
        draft.undo();
        draft.set("policy.required", "mandatory").unwrap();
        assert!(!draft.redo());
    }

    #[test]
    fn what_is_typed_on_in_one_field_is_one_change() {
        let mut draft = Draft::of(TEXT);
        for typed in ["E", "Ex", "Exa"] {
            draft.set("policy.application", typed).unwrap();
        }
        draft.leave();
        draft.set("policy.application", "Exam").unwrap();
        assert!(draft.undo());
        assert_eq!(draft.typed("policy.application"), "Exa");
        assert!(draft.undo() && !draft.undo());
        assert_eq!(draft.typed("policy.application"), "Example");
    }

    #[test]
    fn what_is_no_value_is_said_and_changes_nothing_and_what_does_not_fit_together_is_said_by_its_key() {
        let mut draft = Draft::of(TEXT);
        for (key, typed, says) in [
            ("email.port", "99999", "65535"),
            ("trust.ssh", "8 hourz", "duration"),
            ("policy.required", "perhaps", "mandatory"),
            ("email.from", "nobody", "address"),
        ] {
            let why = draft.set(key, typed).unwrap_err();
            assert!(why.contains(says) && !why.contains('\n'), "{key}: {why}");
        }
        assert!(!draft.is_changed());
        draft.set("email.tls", "none").unwrap();
        assert!(draft.wrong("email.tls").unwrap().contains("this host only"), "{:?}", draft.all_wrong());
        draft.set("email.tls", "starttls").unwrap();
        assert!(draft.all_wrong().is_empty());
    }

    #[test]
    fn the_port_follows_tls_unless_it_is_one_of_ones_own_and_the_user_follows_from() {
        let mut draft = Draft::of(TEXT);
        assert_eq!(draft.typed("email.user"), "a@example.com");
        draft.set("email.from", "Example <b@example.com>").unwrap();
        assert_eq!(draft.typed("email.user"), "b@example.com");
        draft.set("email.tls", "starttls").unwrap();
        assert_eq!(draft.typed("email.port"), "587");
        draft.set("email.tls", "implicit").unwrap();
        assert_eq!(draft.typed("email.port"), "465");
        draft.set("email.port", "2465").unwrap();
        draft.set("email.tls", "starttls").unwrap();
        assert_eq!(draft.typed("email.port"), "2465");
        draft.set("email.user", "login").unwrap();
        draft.set("email.from", "c@example.com").unwrap();
        assert_eq!(draft.typed("email.user"), "login");
    }

    #[test]
    fn a_secret_that_is_typed_is_never_in_the_text() {
        let mut draft = Draft::of(TEXT);
        assert!(draft.has_secret("email.password") && !draft.has_secret("sms.account.token"));
        assert_eq!(draft.typed("email.password"), "");
        draft.set_secret("email.password", Secret::new(String::from("hunter2")));
        assert!(draft.is_changed() && draft.has_changed("email.password"));
        assert_eq!((draft.text(), draft.secrets()["email.password"].expose().as_str()), (TEXT, "hunter2"));
        assert!(!format!("{draft:?}").contains("hunter2"));
        draft.set_secret("email.password", Secret::new(String::new()));
        assert!(!draft.is_changed());
        assert!(draft.undo());
        assert!(!draft.is_changed());
    }
}
