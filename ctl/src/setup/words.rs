//! Every text of the Setup window, by its id: `words/LANGUAGE/*.ftl`. A language that lacks one does not pass the tests, so none is missing
//! on a screen.

use fluent_bundle::{FluentArgs, FluentBundle, FluentResource};
use std::fmt;
use unic_langid::langid;

/// Languages that the window speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tongue {
    English,
    German,
}

impl Tongue {
    /// By a locale as `LC_ALL`, `LC_MESSAGES` and `LANG` have it: `de_AT.UTF-8`. English for any other.
    pub(crate) fn of(locale: &str) -> Self {
        let language = locale.split(['_', '.', '@', '-']).next().unwrap_or_default();
        if language == "de" { Self::German } else { Self::English }
    }

    fn sources(self) -> &'static [&'static str] {
        match self {
            Self::English => &[
                include_str!("../../words/en/window.ftl"),
                include_str!("../../words/en/users.ftl"),
                include_str!("../../words/en/fields.ftl"),
            ],
            Self::German => &[
                include_str!("../../words/de/window.ftl"),
                include_str!("../../words/de/users.ftl"),
                include_str!("../../words/de/fields.ftl"),
            ],
        }
    }
}

/// The texts of one language.
pub(crate) struct Words {
    bundle: FluentBundle<FluentResource>,
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Words")
    }
}

impl Words {
    pub(crate) fn of(tongue: Tongue) -> Self {
        let locale = match tongue {
            Tongue::English => langid!("en"),
            Tongue::German => langid!("de"),
        };
        let mut bundle = FluentBundle::new(vec![locale]);
        // Isolating marks are bidi control characters: terminals show them as rubbish.
        bundle.set_use_isolating(false);
        for source in tongue.sources() {
            // What is damaged does not pass the tests.
            let resource = match FluentResource::try_new((*source).to_owned()) {
                Ok(resource) | Err((resource, _)) => resource,
            };
            bundle.add_resource_overriding(resource);
        }
        Self { bundle }
    }

    /// A text; the id itself where there is none.
    pub(crate) fn say(&self, id: &str) -> String {
        self.with(id, &[])
    }

    /// A text with what it names.
    pub(crate) fn with(&self, id: &str, values: &[(&str, &str)]) -> String {
        let Some(pattern) = self.bundle.get_message(id).and_then(|message| message.value()) else {
            return id.to_owned();
        };
        let mut arguments = FluentArgs::new();
        for (name, value) in values {
            arguments.set(*name, *value);
        }
        self.bundle.format_pattern(pattern, Some(&arguments), &mut Vec::new()).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fluent_syntax::ast::Entry;
    use std::collections::BTreeSet;

    fn ids(tongue: Tongue) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        for source in tongue.sources() {
            let parsed =
                fluent_syntax::parser::parse(*source).unwrap_or_else(|(_, errors)| panic!("{tongue:?}: {errors:?}"));
            for entry in parsed.body {
                if let Entry::Message(message) = entry {
                    assert!(message.value.is_some(), "{}", message.id.name);
                    assert!(ids.insert(message.id.name.to_owned()), "{} is there twice", message.id.name);
                }
            }
        }
        ids
    }

    #[test]
    fn every_language_has_every_text_once() {
        assert_eq!(ids(Tongue::English), ids(Tongue::German));
        assert!(ids(Tongue::English).len() > 10);
    }

    #[test]
    fn a_locale_names_the_language_and_any_other_is_english() {
        for (locale, tongue) in [
            ("de_AT.UTF-8", Tongue::German),
            ("de", Tongue::German),
            ("den_US", Tongue::English),
            ("en_GB.UTF-8", Tongue::English),
            ("C", Tongue::English),
            ("", Tongue::English),
        ] {
            assert_eq!(Tongue::of(locale), tongue, "{locale}");
        }
    }
}
