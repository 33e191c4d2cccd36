//! The languages that there are texts in: one list for `[codes] language`, a user's own, and the names of message files. It knows
//! no text.

use std::fmt;

/// A language of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// `en`.
    #[default]
    English,
    /// `de`.
    German,
    /// `fr`.
    French,
    /// `es`.
    Spanish,
    /// `ja`.
    Japanese,
}

/// There are no texts in that language.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} is no language of messages; write one of {}", crate::text::quoted(.0, 40), Language::listed())]
pub struct UnknownLanguage(pub String);

impl Language {
    /// All of them; English is first, and what is read where nothing else fits.
    pub const ALL: [Self; 5] = [Self::English, Self::German, Self::French, Self::Spanish, Self::Japanese];

    /// What [`Language::as_str`] gives for each of [`Language::ALL`].
    pub(crate) const WORDS: &'static [&'static str] = &["en", "de", "fr", "es", "ja"];

    /// As it stands in settings, records and the names of files (ISO 639-1).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Japanese => "ja",
        }
    }

    /// The language of a word; the inverse of [`Language::as_str`].
    ///
    /// # Errors
    /// [`UnknownLanguage`], which names all.
    pub fn parse(word: &str) -> Result<Self, UnknownLanguage> {
        let found = Self::ALL.into_iter().find(|language| language.as_str() == word);
        found.ok_or_else(|| UnknownLanguage(word.to_owned()))
    }

    /// `en, de, fr, es, ja`.
    fn listed() -> String {
        Self::WORDS.join(", ")
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_language_is_told_which_there_are() {
        assert_eq!(Language::ALL.map(Language::as_str), Language::WORDS);
        for language in Language::ALL {
            assert_eq!(Language::parse(language.as_str()), Ok(language));
        }
        let error = Language::parse("kl\u{1b}").unwrap_err().to_string();
        assert_eq!(error, "\"kl\" is no language of messages; write one of en, de, fr, es, ja");
        for word in ["", "EN", "de_DE", "en-GB", "german"] {
            assert!(Language::parse(word).is_err(), "{word}");
        }
    }
}
