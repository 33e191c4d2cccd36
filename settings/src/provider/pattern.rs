//! A regular expression of a provider file. Matching takes time linear in the text, whatever the pattern: the text is a
//! stranger's.

use regex_lite::{Regex, RegexBuilder};

/// The longest pattern in bytes.
const MAX_PATTERN: usize = 1_000;
/// What a compiled pattern may take up, bytes: `a{1000}{1000}` is refused.
const MAX_COMPILED: usize = 256 * 1024;

/// A pattern that compiles.
#[derive(Debug, Clone)]
pub struct Pattern(Regex);

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.len() > MAX_PATTERN {
            return Err(format!("a pattern has 1 to {MAX_PATTERN} bytes"));
        }
        match RegexBuilder::new(text).size_limit(MAX_COMPILED).build() {
            Ok(regex) => Ok(Self(regex)),
            Err(error) => Err(format!("not a regular expression: {error}")),
        }
    }

    /// Whether some part of `text` matches.
    #[must_use]
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    /// The first group of the first match.
    #[must_use]
    pub fn first_group<'a>(&self, text: &'a str) -> Option<&'a str> {
        self.0.captures(text)?.get(1).map(|group| group.as_str())
    }

    /// As it stands in the file.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}
