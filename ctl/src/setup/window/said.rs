//! Things of the window in words: choices, labels, what is wrong.

use super::{Act, Window};
use crate::setup::fields::{Field, Kind, Text};
use crate::setup::line::character;
use pam_2fa_settings::text::printable;
use ratatui::crossterm::event::KeyEvent;

impl Window {
    /// A choice by the first letter of a word as it stands on the screen.
    pub(super) fn letter(&mut self, key: KeyEvent) -> Vec<Act> {
        let Some((letter, field)) = character(key).zip(self.form.focused().cloned()) else { return Vec::new() };
        let words = match &field.kind {
            Kind::Choice(words) => words.clone(),
            Kind::Switch => ["false", "true"].map(String::from).to_vec(),
            Kind::Provider | Kind::Text | Kind::Secret | Kind::Duration | Kind::Number | Kind::Press(_) => {
                return Vec::new();
            }
        };
        let fits = |word: &&String| {
            let first = self.choice(&field, word).chars().next();
            first.is_some_and(|first| first.to_lowercase().eq(letter.to_lowercase()))
        };
        // Where several begin with it, the one after this.
        let now =
            words.iter().position(|word| *word == self.draft.typed(&field.key)).map_or(0, |now| now.saturating_add(1));
        let next = words.iter().skip(now).find(fits).or_else(|| words.iter().find(fits)).cloned();
        if let Some(word) = next {
            self.form.apply(&field.key, word, &mut self.draft);
        }
        Vec::new()
    }

    /// A word of a choice as it stands on the screen.
    pub(crate) fn choice(&self, field: &Field, word: &str) -> String {
        if field.kind == Kind::Switch {
            return self.words.say(if word == "true" { "choice-yes" } else { "choice-no" });
        }
        let id = format!("choice-{}-{word}", field.key.replace(['.', '_'], "-"));
        let said = self.words.say(&id);
        match (said == id, word.is_empty()) {
            (_, true) => self.words.say("choice-default"),
            (true, _) => printable(word).into_owned(),
            (false, _) => said,
        }
    }

    /// What is wrong with a field, in the words of this window: what is typed and no value, what does not fit the rest, what its provider
    /// has against it.
    pub(crate) fn wrong(&self, key: &str) -> Option<String> {
        let unfit = self.form.unfit.get(key).map(|unfit| unfit.why.as_str());
        let wrong = unfit.or_else(|| self.draft.wrong(key)).map(|why| printable(why).into_owned());
        wrong.or_else(|| {
            let (id, names) = self.form.against(key, &self.draft, self.form.is_due)?;
            Some(self.words.with(id, &[("names", &printable(&names))]))
        })
    }

    /// Words of ours, or a provider's own.
    pub(crate) fn said(&self, text: &Text) -> String {
        match text {
            Text::Id(id) => self.words.say(id),
            Text::Own(text) => printable(text).into_owned(),
        }
    }
}
