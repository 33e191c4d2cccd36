//! What an administrator sees: the one way to a terminal. Every text passes [`printable`] here, whoever wrote it, so that no
//! name, address or server's reply can act on the terminal.

use crate::error::Error;
use pam_2fa_protocol::Secret;
use pam_2fa_settings::text::{is_plain, printable};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{BufRead, ErrorKind, Read, Write};

pub(crate) mod layout;

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
    /// How many places a line of `out` has, where it is a terminal.
    pub columns: Option<usize>,
    /// `out` is a terminal that shows colours to somebody who wants them.
    pub colours: bool,
    /// The language of whoever sits there, as `LC_MESSAGES` has it: `de_DE.UTF-8`.
    pub locale: String,
    /// Whether its characters are UTF-8, by the locale.
    pub is_utf8: bool,
    /// `TERM=dumb`, or none: nothing can be drawn on it.
    pub is_dumb: bool,
}

/// How a line looks, where there are colours. What it says it says without them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// As the terminal's own.
    Plain,
    /// The heads of columns.
    Head,
    /// All is well.
    Good,
    /// Something must be seen to.
    Warning,
    /// It is bad.
    Bad,
}

impl Tone {
    /// ECMA-48, "Select Graphic Rendition".
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Head => Some("1"),
            Self::Good => Some("32"),
            Self::Warning => Some("33"),
            Self::Bad => Some("31"),
        }
    }
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

    pub(crate) fn colours(&self) -> bool {
        self.terminal.colours
    }

    pub(crate) fn locale(&self) -> &str {
        &self.terminal.locale
    }

    /// Whether it shows more than ASCII.
    pub(crate) fn is_utf8(&self) -> bool {
        self.terminal.is_utf8
    }

    /// Whether it can only scroll.
    pub(crate) fn is_dumb(&self) -> bool {
        self.terminal.is_dumb
    }

    pub(crate) fn set_form(&mut self, form: Form) {
        self.form = form;
    }

    pub(crate) fn form(&self) -> Form {
        self.form
    }

    /// One line of text, at once (steps are shown as they happen). Nothing where JSON was asked for.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), Error> {
        self.toned_line(Tone::Plain, text)
    }

    fn toned_line(&mut self, tone: Tone, text: &str) -> Result<(), Error> {
        if self.form == Form::Text {
            let shown = self.toned(tone, printable(text).trim_end());
            writeln!(self.terminal.out, "{shown}")?;
            self.terminal.out.flush()?;
        }
        Ok(())
    }

    /// In its colour, where there are colours. The codes are ours, and so not through `printable`.
    fn toned(&self, tone: Tone, shown: &str) -> String {
        match tone.code().filter(|_| self.terminal.colours) {
            Some(code) => format!("\u{1b}[{code}m{shown}\u{1b}[0m"),
            None => shown.to_owned(),
        }
    }

    /// The same, with a word before it that is painted.
    pub(crate) fn painted(&mut self, tone: Tone, word: &str, text: &str) -> Result<(), Error> {
        if self.form == Form::Text {
            let (word, text) = (self.toned(tone, &printable(word)), printable(text));
            writeln!(self.terminal.out, "{word}{}", text.trim_end())?;
        }
        Ok(())
    }

    /// An answer that is JSON whatever was asked for.
    pub(crate) fn shown_as_json(&mut self, answer: &impl Serialize) -> Result<(), Error> {
        self.form = Form::Json;
        self.json(answer)
    }

    /// A sentence to whoever reads the answer, which may be longer than a line.
    pub(crate) fn hint(&mut self, text: &str) -> Result<(), Error> {
        self.paragraph(Tone::Plain, text, 0)
    }

    /// A text that may be longer than a line: on a terminal it goes on below, put in by `indent`; elsewhere it is one line.
    pub(crate) fn paragraph(&mut self, tone: Tone, text: &str, indent: usize) -> Result<(), Error> {
        let Some(columns) = self.terminal.columns else { return self.toned_line(tone, text) };
        for line in layout::wrapped(printable(text).trim_end(), columns, indent) {
            self.toned_line(tone, &line)?;
        }
        Ok(())
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

    /// Rows in columns as wide as they need, two spaces between them. On a terminal they keep within its width.
    pub(crate) fn table(&mut self, rows: &[Vec<String>]) -> Result<(), Error> {
        self.toned_table(rows, |_| Tone::Plain)
    }

    /// The same, where the first row has the heads of the columns.
    pub(crate) fn list(&mut self, rows: &[Vec<String>]) -> Result<(), Error> {
        self.toned_table(rows, |row| if row == 0 { Tone::Head } else { Tone::Plain })
    }

    /// The same, with a tone for each row.
    pub(crate) fn toned_table(&mut self, rows: &[Vec<String>], tone: impl Fn(usize) -> Tone) -> Result<(), Error> {
        for (index, lines) in self.laid_out(rows).into_iter().enumerate() {
            for line in lines {
                self.toned_line(tone(index), &line)?;
            }
        }
        Ok(())
    }

    /// The lines of each row, as [`Screen::table`] would show them.
    pub(crate) fn laid_out(&self, rows: &[Vec<String>]) -> Vec<Vec<String>> {
        match self.terminal.columns {
            Some(columns) => layout::fitted(rows, columns),
            None => layout::aligned(rows).into_iter().map(|line| vec![line]).collect(),
        }
    }

    /// The heads of columns.
    pub(crate) fn heads(&mut self, text: &str) -> Result<(), Error> {
        self.toned_line(Tone::Head, text)
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

    /// Text as it is made for other programs: nothing of it is somebody else's.
    pub(crate) fn verbatim(&mut self, text: &str) -> Result<(), Error> {
        write!(self.terminal.out, "{text}")?;
        Ok(self.terminal.out.flush()?)
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
}
