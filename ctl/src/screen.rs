//! What an administrator sees: the one way to a terminal. Every text passes [`printable`] here, whoever wrote it, so that no
//! name, address or server's reply can act on the terminal.

use crate::error::Error;
use pam_2fa_protocol::Secret;
use pam_2fa_settings::text::{is_plain, printable};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{BufRead, ErrorKind, Read, Write};

/// The handles of the process, or of a test.
pub struct Terminal<'a> {
    /// Where answers are typed.
    pub input: &'a mut dyn BufRead,
    /// Where what was asked for goes.
    pub out: &'a mut dyn Write,
    /// Where prompts and errors go.
    pub err: &'a mut dyn Write,
    /// Somebody looks at `err`: long work shows there how far it is.
    pub is_watched: bool,
    /// Somebody types at `input`.
    pub is_typed: bool,
    /// `out` is a terminal: what goes there is seen, and kept by nobody.
    pub is_seen: bool,
}

/// How a word is painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    Plain,
    Red,
    Yellow,
}

/// How to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Json,
}

/// A line that is longer is no code, and is not read to its end.
const LONGEST_ANSWER: u64 = 256;

pub(crate) struct Screen<'a> {
    terminal: Terminal<'a>,
    form: Form,
}

impl<'a> Screen<'a> {
    pub(crate) fn new(terminal: Terminal<'a>) -> Self {
        Self { terminal, form: Form::Text }
    }

    pub(crate) fn set_form(&mut self, form: Form) {
        self.form = form;
    }

    pub(crate) fn form(&self) -> Form {
        self.form
    }

    /// One line of text, at once (steps are shown as they happen). Nothing where JSON was asked for.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), Error> {
        if self.form == Form::Text {
            writeln!(self.terminal.out, "{}", printable(text).trim_end())?;
            self.terminal.out.flush()?;
        }
        Ok(())
    }

    /// The same, with a word before it that is painted where somebody sees it and wants it so (no-color.org).
    pub(crate) fn painted(&mut self, paint: Paint, word: &str, text: &str) -> Result<(), Error> {
        // ECMA-48: select graphic rendition. Ours, and so not through `printable`.
        let (on, off) = match paint {
            Paint::Red if self.wants_paint() => ("\u{1b}[31m", "\u{1b}[0m"),
            Paint::Yellow if self.wants_paint() => ("\u{1b}[33m", "\u{1b}[0m"),
            Paint::Plain | Paint::Red | Paint::Yellow => ("", ""),
        };
        if self.form == Form::Text {
            writeln!(self.terminal.out, "{on}{}{off}{}", printable(word), printable(text).trim_end())?;
        }
        Ok(())
    }

    #[expect(clippy::disallowed_methods, reason = "a person's wish for a plain screen; it decides nothing")]
    fn wants_paint(&self) -> bool {
        self.terminal.is_seen && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
    }

    /// An answer that is JSON whatever was asked for.
    pub(crate) fn shown_as_json(&mut self, answer: &impl Serialize) -> Result<(), Error> {
        self.form = Form::Json;
        self.json(answer)
    }

    /// What the administrator should know beside the answer, whatever its form: one line, where errors go.
    pub(crate) fn note(&mut self, text: &str) -> Result<(), Error> {
        writeln!(self.terminal.err, "pam-2fa: {}", printable(text).trim_end())?;
        Ok(())
    }

    /// A line of a conversation, where prompts go: it is shown also where the answer is JSON.
    pub(crate) fn said(&mut self, text: &str) -> Result<(), Error> {
        writeln!(self.terminal.err, "{}", printable(text).trim_end())?;
        Ok(())
    }

    /// Rows in columns as wide as they need, two spaces between them.
    pub(crate) fn table(&mut self, rows: &[Vec<String>]) -> Result<(), Error> {
        for line in aligned(rows) {
            self.line(&line)?;
        }
        Ok(())
    }

    /// The answer, where JSON was asked for.
    pub(crate) fn json(&mut self, answer: &impl Serialize) -> Result<(), Error> {
        if self.form == Form::Json {
            let text = serde_json::to_string_pretty(answer).map_err(std::io::Error::from)?;
            writeln!(self.terminal.out, "{}", escaped(&text))?;
            self.terminal.out.flush()?;
        }
        Ok(())
    }

    /// One answer of many, on a line of its own, at once.
    pub(crate) fn json_line(&mut self, answer: &impl Serialize) -> Result<(), Error> {
        let text = serde_json::to_string(answer).map_err(std::io::Error::from)?;
        writeln!(self.terminal.out, "{}", escaped(&text))?;
        self.terminal.out.flush()?;
        Ok(())
    }

    /// A question, and the line that was typed, trimmed; none where there is nothing in it. Prompts go where errors go, so that the answer can be piped.
    pub(crate) fn ask(&mut self, question: &str) -> Result<Option<Secret>, Error> {
        write!(self.terminal.err, "{} ", printable(question))?;
        self.terminal.err.flush()?;
        let mut line = Secret::new(Vec::with_capacity(256));
        (&mut *self.terminal.input).take(LONGEST_ANSWER).read_until(b'\n', line.expose_mut())?;
        if line.expose().last() != Some(&b'\n') {
            // The end of the input, or a line too long: what follows begins on a line of its own.
            writeln!(self.terminal.err)?;
        }
        let text = std::str::from_utf8(line.expose()).unwrap_or_default().trim();
        Ok((!text.is_empty()).then(|| Secret::new(text.to_owned())))
    }

    /// A question, and the line that was typed, trimmed; none at the end of the input.
    pub(crate) fn choice(&mut self, question: &str) -> Result<Option<String>, Error> {
        write!(self.terminal.err, "{} ", printable(question))?;
        self.terminal.err.flush()?;
        let mut line = Vec::new();
        (&mut *self.terminal.input).take(LONGEST_ANSWER).read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            writeln!(self.terminal.err)?;
        }
        Ok((!line.is_empty()).then(|| String::from_utf8_lossy(&line).trim().to_owned()))
    }

    /// How far long work is, in the place of what was said of it before; only where somebody looks.
    pub(crate) fn progress(&mut self, what: &str, done: usize, of: usize) -> Result<(), Error> {
        const WIDTH: usize = 30;
        if !self.terminal.is_watched {
            return Ok(());
        }
        let full = done.saturating_mul(WIDTH).checked_div(of).unwrap_or(WIDTH).min(WIDTH);
        let bar = format!("{}{}", "#".repeat(full), ".".repeat(WIDTH.saturating_sub(full)));
        write!(self.terminal.err, "\r{what} [{bar}] {done} of {of}")?;
        if done >= of {
            // ECMA-48: erase to the end of the line. Ours, and so not through `printable`.
            write!(self.terminal.err, "\r\u{1b}[K")?;
        }
        Ok(self.terminal.err.flush()?)
    }

    /// Whether somebody types the answers.
    pub(crate) fn is_typed(&self) -> bool {
        self.terminal.is_typed
    }

    /// Whether what was asked for goes to a terminal.
    pub(crate) fn is_seen(&self) -> bool {
        self.terminal.is_seen
    }

    /// Where answers are typed.
    pub(crate) fn input(&mut self) -> &mut dyn BufRead {
        self.terminal.input
    }

    /// What stands where answers are typed, to its end.
    pub(crate) fn piped_in(&mut self) -> Result<Vec<u8>, Error> {
        let mut all = Vec::new();
        self.terminal.input.read_to_end(&mut all)?;
        Ok(all)
    }

    /// An error: one line each, on the error handle.
    pub(crate) fn fail(&mut self, error: &Error) -> Result<(), Error> {
        if let Error::Help(text) = error {
            write!(self.terminal.out, "{text}")?;
        } else if let Error::NoVerb(text) = error {
            write!(self.terminal.err, "{text}")?;
        } else if !is_closed_pipe(error) {
            for line in error.to_string().lines() {
                writeln!(self.terminal.err, "pam-2fa: {}", printable(line))?;
            }
        }
        Ok(())
    }
}

/// Whoever closed the pipe has what was wanted of the answer.
fn is_closed_pipe(error: &Error) -> bool {
    matches!(error, Error::Output(why) if why.kind() == ErrorKind::BrokenPipe)
}

/// Lines of columns as wide as they need, two spaces between them.
pub(crate) fn aligned(rows: &[Vec<String>]) -> Vec<String> {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| printable(cell).into_owned()).collect()).collect();
    let mut widths: Vec<usize> = Vec::new();
    for row in &rows {
        for (column, cell) in row.iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(column) {
                Some(widest) => *widest = width.max(*widest),
                None => widths.push(width),
            }
        }
    }
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}", width = *width));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// JSON whose strings hold what they hold, written so that no character of it acts on a terminal. Outside of strings JSON has
/// only plain characters and line breaks, so an escape can only land inside of one.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for character in json.chars() {
        if character == '\n' || is_plain(character) {
            text.push(character);
            continue;
        }
        for unit in character.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\u{unit:04x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_keeps_what_a_terminal_must_not_see() {
        let text = escaped(&serde_json::to_string_pretty(&["a\u{1b}b\u{9b}c\u{202e}d\u{e0041}e\nf"]).unwrap());
        assert!(text.chars().all(|character| character == '\n' || is_plain(character)));
        let back: Vec<String> = serde_json::from_str(&text).unwrap();
        assert_eq!(back, ["a\u{1b}b\u{9b}c\u{202e}d\u{e0041}e\nf"]);
    }

    #[test]
    fn columns_are_aligned_by_what_is_shown() {
        let rows = [vec!["NAME", "UID"], vec!["a\u{1b}da", "1000"], vec!["größe", ""]];
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(ToString::to_string).collect()).collect();
        assert_eq!(aligned(&rows), ["NAME   UID", "ada    1000", "größe"]);
    }
}
