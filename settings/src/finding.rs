//! What is to be said about a place in the text. A finding never quotes a secret, and holds no control character.

use crate::text::printable;
use std::fmt;

/// Something an administrator must (an error) or should (a note) change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    /// The dotted name of the setting; empty where there is none (a text that is not TOML).
    pub key: String,
    /// What is wrong, and what to do: one line.
    pub text: String,
}

impl fmt::Display for Finding {
    /// `LINE:COLUMN: KEY: TEXT`, as compilers do, so that editors find the place.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.line, self.column)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.text)
    }
}

/// A finding with a byte offset instead of a line.
#[derive(Debug)]
pub(crate) struct Raw {
    pub(crate) at: usize,
    pub(crate) key: String,
    pub(crate) text: String,
}

impl Raw {
    pub(crate) fn new(at: usize, key: impl Into<String>, text: impl Into<String>) -> Self {
        Self { at, key: key.into(), text: text.into() }
    }
}

/// Findings in the order of the text, each with its line and column. One pass over the text, however many there are.
pub(crate) fn placed(text: &str, mut raw: Vec<Raw>) -> Vec<Finding> {
    raw.sort_by_key(|finding| finding.at);
    let mut characters = text.char_indices().peekable();
    let (mut line, mut column) = (1_usize, 1_usize);
    let mut findings = Vec::with_capacity(raw.len());
    for Raw { at, key, text } in raw {
        while let Some((_, character)) = characters.next_if(|(offset, _)| *offset < at) {
            if character == '\n' {
                line = line.saturating_add(1);
                column = 1;
            } else {
                column = column.saturating_add(1);
            }
        }
        findings.push(Finding { line, column, key: printable(&key).into_owned(), text: printable(&text).into_owned() });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_lines_count_from_one() {
        let text = "ä = 1\nb = \"é\" # x\n";
        let at = text.find('#').unwrap();
        let findings = placed(text, vec![Raw::new(at, "b", "x"), Raw::new(0, "a", "y"), Raw::new(9_999, "", "end")]);
        let shown: Vec<_> = findings.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["1:1: a: y", "2:9: b: x", "3:1: end"]);
    }
}
