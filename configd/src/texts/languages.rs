//! All languages that there are, compiled in, and an administrator's own words in their place; and which of them a screen can show.

use super::ascii::{to_ascii, to_latin};
use super::overrides::{self, Own};
use super::{Message, Texts};
use fluent_bundle::FluentResource;
use fluent_bundle::concurrent::FluentBundle;
use pam_2fa_settings::Language;
use std::path::Path;
use std::sync::Arc;
use unic_langid::{LanguageIdentifier, langid};

/// What a screen can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Charset {
    /// Everything.
    #[default]
    Utf8,
    /// ASCII and Latin-1: the console of Linux.
    Latin,
    /// ASCII.
    Ascii,
}

impl Charset {
    const ALL: [Self; 3] = [Self::Utf8, Self::Latin, Self::Ascii];

    /// `text` in these characters.
    pub(super) fn fit(self, text: String) -> String {
        match self {
            Self::Utf8 => text,
            Self::Latin => to_latin(&text),
            Self::Ascii => to_ascii(&text),
        }
    }

    /// Whether a language can be written in them at all.
    fn writes(self, language: Language) -> bool {
        self == Self::Utf8 || language != Language::Japanese
    }
}

/// Who reads, on what. `default()` is English on a screen that shows everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tongue {
    /// The language that is wanted.
    pub language: Language,
    /// What the screen can show.
    pub charset: Charset,
}

/// The texts of one language are not whole.
#[derive(Debug, Clone, thiserror::Error)]
#[error("the messages of language {language} are damaged ({why}); install the package again")]
pub struct TextsDamaged {
    /// The language.
    pub language: Language,
    /// What is wrong.
    pub why: String,
}

/// The texts of all languages.
#[derive(Debug)]
pub struct Languages {
    texts: Vec<(Tongue, Texts)>,
    /// English on a screen that shows everything: what there always is.
    english: Texts,
}

impl Languages {
    /// The texts that come with pam-2fa.
    ///
    /// # Errors
    /// [`TextsDamaged`] where a message is missing or does not parse.
    pub fn built_in() -> Result<Self, TextsDamaged> {
        Self::build(|_, _| None)
    }

    /// The same with the administrator's own in `folder`, and a line for each of those that cannot be used.
    ///
    /// # Errors
    /// [`TextsDamaged`], of ours alone: no file of an administrator is an error.
    pub fn with_folder(folder: &Path) -> Result<(Self, Vec<String>), TextsDamaged> {
        let mut problems = overrides::strangers(folder);
        let languages = Self::build(|language, ours| {
            let (own, mut more) = overrides::read(folder, language, ours);
            problems.append(&mut more);
            own
        })?;
        Ok((languages, problems))
    }

    fn build(
        mut own: impl FnMut(Language, &Arc<FluentBundle<FluentResource>>) -> Option<Arc<Own>>,
    ) -> Result<Self, TextsDamaged> {
        let mut texts = Vec::new();
        for language in Language::ALL {
            let bundle = Arc::new(bundle(language, built_in(language))?);
            let own = own(language, &bundle);
            for charset in Charset::ALL.into_iter().filter(|charset| charset.writes(language)) {
                let (bundle, own) = (Arc::clone(&bundle), own.clone());
                texts.push((Tongue { language, charset }, Texts { bundle, own, charset }));
            }
        }
        let english = texts.iter().find(|(tongue, _)| *tongue == Tongue::default()).map(|(_, texts)| texts.clone());
        let missing = || TextsDamaged { language: Language::English, why: String::from("none") };
        Ok(Self { english: english.ok_or_else(missing)?, texts })
    }

    /// The texts for somebody who reads `tongue`; English where the screen cannot show the language.
    #[must_use]
    pub fn of(&self, tongue: Tongue) -> &Texts {
        let find = |wanted: Tongue| self.texts.iter().find(|(tongue, _)| *tongue == wanted).map(|(_, texts)| texts);
        let english = || find(Tongue { language: Language::English, ..tongue });
        find(tongue).or_else(english).unwrap_or(&self.english)
    }

    /// The texts of mails and text messages, which show everything.
    #[must_use]
    pub fn letters(&self, language: Language) -> &Texts {
        self.of(Tongue { language, charset: Charset::Utf8 })
    }

    /// The texts that come with pam-2fa, parsed once for all tests.
    #[cfg(test)]
    pub(crate) fn for_tests() -> Arc<Self> {
        static BUILT_IN: std::sync::LazyLock<Arc<Languages>> =
            std::sync::LazyLock::new(|| Arc::new(Languages::built_in().unwrap()));
        Arc::clone(&BUILT_IN)
    }
}

/// The file of a language, as it comes with pam-2fa.
pub(super) fn built_in(language: Language) -> &'static str {
    match language {
        Language::English => include_str!("../../../etc/messages/en.ftl"),
        Language::German => include_str!("../../../etc/messages/de.ftl"),
        Language::French => include_str!("../../../etc/messages/fr.ftl"),
        Language::Spanish => include_str!("../../../etc/messages/es.ftl"),
        Language::Japanese => include_str!("../../../etc/messages/ja.ftl"),
    }
}

/// What plural forms go by.
fn locale(language: Language) -> LanguageIdentifier {
    match language {
        Language::English => langid!("en"),
        Language::German => langid!("de"),
        Language::French => langid!("fr"),
        Language::Spanish => langid!("es"),
        Language::Japanese => langid!("ja"),
    }
}

/// One language's file, whole: every message is there, once.
pub(super) fn bundle(language: Language, source: &str) -> Result<FluentBundle<FluentResource>, TextsDamaged> {
    let damaged = |why: String| TextsDamaged { language, why };
    let resource = FluentResource::try_new(String::from(source))
        .map_err(|(_, errors)| damaged(errors.first().map(ToString::to_string).unwrap_or_default()))?;
    let mut bundle = FluentBundle::new_concurrent(vec![locale(language)]);
    // Isolating marks are bidi control characters: terminals show them as rubbish, and we strip them everywhere else.
    bundle.set_use_isolating(false);
    bundle.add_resource(resource).map_err(|_| damaged(String::from("a message is there twice")))?;
    for message in Message::ALL {
        let there = bundle.get_message(message.id()).and_then(|found| found.value().map(|_| ()));
        there.ok_or_else(|| damaged(format!("no message {}", message.id())))?;
    }
    Ok(bundle)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::texts::Value;

    #[test]
    fn a_missing_message_is_found_before_anybody_misses_it() {
        let error = bundle(Language::German, "prompt-sent = x\n").err().unwrap().to_string();
        assert!(error.contains("language de") && error.contains("no message time-seconds"), "{error}");
    }

    #[test]
    fn a_screen_gets_the_characters_that_it_has_and_english_where_there_are_none() {
        let languages = Languages::for_tests();
        let say = |language, charset| {
            let values =
                [("to", Value::Text("+1•••0100")), ("tag", Value::Text("7F")), ("left", Value::Text("10 min"))];
            languages.of(Tongue { language, charset }).say(Message::PromptSent, &values)
        };
        assert_eq!(say(Language::German, Charset::Utf8), "Code per E-Mail an +1•••0100 gesendet (7F), 10 min gültig.");
        assert_eq!(say(Language::German, Charset::Latin), "Code per E-Mail an +1***0100 gesendet (7F), 10 min gültig.");
        assert_eq!(
            say(Language::German, Charset::Ascii),
            "Code per E-Mail an +1***0100 gesendet (7F), 10 min gueltig."
        );
        for charset in [Charset::Latin, Charset::Ascii] {
            let english = "Code sent by email to +1***0100 (7F), valid 10 min.";
            assert_eq!(say(Language::Japanese, charset), english);
        }
    }
}
