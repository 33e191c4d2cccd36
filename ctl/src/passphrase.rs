//! A passphrase, or another secret: typed on the terminal, unseen, or the first line of a file. Never from the command line, which everybody
//! can read, and never from the environment.

use crate::error::Error;
use crate::screen::Screen;
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use pam_2fa_protocol::Secret;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};

/// Bytes that a line has at most.
const LONGEST: u64 = 1024;

/// Characters that a new one has at least: SP 800-63B-4 §3.1.1.2 for a password that stands alone.
const SHORTEST: usize = 15;

/// Where one comes from.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// Whoever sits at the terminal.
    Terminal,
    /// Standard input: `-`.
    Piped,
    /// A file's first line.
    File(PathBuf),
}

impl Source {
    /// As `--passphrase-file` says.
    pub(crate) fn of(file: Option<&Path>) -> Self {
        match file {
            None => Self::Terminal,
            Some(path) if path == Path::new("-") => Self::Piped,
            Some(path) => Self::File(path.to_owned()),
        }
    }
}

/// What is asked for, in words.
#[derive(Debug, Clone, Copy)]
struct Words {
    it: &'static str,
    option: &'static str,
}

const PASSPHRASE: Words = Words { it: "passphrase", option: "--passphrase-file" };
const SECRET: Words = Words { it: "secret", option: "--file" };

/// A secret of the settings.
pub(crate) fn secret(source: &Source, key: &str, screen: &mut Screen<'_>) -> Result<Secret, Error> {
    get(source, &format!("{key}:"), SECRET, screen)
}

/// One that something is locked with from now on; typed, twice.
pub(crate) fn new(source: &Source, what: &str, screen: &mut Screen<'_>) -> Result<Secret, Error> {
    let first = get(source, &format!("Passphrase for {what}:"), PASSPHRASE, screen)?;
    if first.expose().chars().count() < SHORTEST {
        return Err(refused(&format!("a passphrase has at least {SHORTEST} characters, and this one is shorter")));
    }
    if matches!(source, Source::Terminal) {
        let again = get(source, "The same again:", PASSPHRASE, screen)?;
        if again.expose() != first.expose() {
            return Err(refused("the two were not the same; nothing was written"));
        }
    }
    Ok(first)
}

/// The one that something was locked with.
pub(crate) fn known(source: &Source, what: &str, screen: &mut Screen<'_>) -> Result<Secret, Error> {
    get(source, &format!("Passphrase of {what}:"), PASSPHRASE, screen)
}

fn get(source: &Source, question: &str, words: Words, screen: &mut Screen<'_>) -> Result<Secret, Error> {
    let line = match source {
        Source::Terminal => typed(question, words)?,
        Source::Piped => line(screen.input(), words)?,
        Source::File(path) => {
            let fail = |why| Error::File { what: "cannot read the first line of", path: path.clone(), why };
            let file = File::open(path).map_err(fail)?;
            line(&mut BufReader::new(file), words)?
        }
    };
    if line.expose().is_empty() {
        return Err(refused(&format!("no {} was given", words.it)));
    }
    Ok(line)
}

fn refused(why: &str) -> Error {
    Error::Refused(vec![String::from(why)])
}

/// A line without its end. What is not UTF-8 is no passphrase: another terminal would type it in other bytes.
fn line(from: &mut dyn BufRead, words: Words) -> Result<Secret, Error> {
    let it = words.it;
    let mut bytes = Secret::new(Vec::with_capacity(1024));
    from.take(LONGEST).read_until(b'\n', bytes.expose_mut())?;
    if bytes.expose().last() == Some(&b'\n') {
        bytes.expose_mut().pop();
    } else if u64::try_from(bytes.expose().len()).unwrap_or(LONGEST) >= LONGEST {
        return Err(refused(&format!("a {it} has at most 1023 bytes")));
    }
    if bytes.expose().last() == Some(&b'\r') {
        bytes.expose_mut().pop();
    }
    let text = std::str::from_utf8(bytes.expose()).map_err(|_| refused(&format!("the {it} is not UTF-8")))?;
    if text.chars().any(char::is_control) {
        return Err(refused(&format!("given up: a {it} has no control characters")));
    }
    Ok(Secret::new(text.to_owned()))
}

/// The terminal as it was, whatever happens in between.
struct Unseen<'a> {
    terminal: &'a File,
    before: Termios,
}

impl<'a> Unseen<'a> {
    fn on(terminal: &'a File) -> nix::Result<Self> {
        let before = tcgetattr(terminal)?;
        let mut unseen = before.clone();
        // Keys that send signals are characters meanwhile (as in getpass(3)): a process that they ended would leave the terminal mute.
        unseen.local_flags.remove(LocalFlags::ECHO | LocalFlags::ISIG);
        tcsetattr(terminal, SetArg::TCSAFLUSH, &unseen)?;
        Ok(Self { terminal, before })
    }
}

impl Drop for Unseen<'_> {
    fn drop(&mut self) {
        let _ = tcsetattr(self.terminal, SetArg::TCSAFLUSH, &self.before);
    }
}

fn typed(question: &str, words: Words) -> Result<Secret, Error> {
    let none = |_| {
        let Words { it, option } = words;
        refused(&format!(
            "there is no terminal to ask for a {it} at; give it with {option} FILE (- for standard input)"
        ))
    };
    let terminal = File::options().read(true).write(true).open("/dev/tty").map_err(none)?;
    let reader = terminal.try_clone()?;
    let typed = {
        // Before the question: what is typed until then is thrown away.
        let _unseen = Unseen::on(&terminal).map_err(std::io::Error::from)?;
        write!(&terminal, "{question} ")?;
        line(&mut BufReader::with_capacity(1, reader), words)
    };
    writeln!(&terminal)?;
    typed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Option<String> {
        line(&mut &*bytes, PASSPHRASE).ok().map(|secret| secret.expose().clone())
    }

    #[test]
    fn a_line_is_taken_as_it_is_but_for_its_end() {
        for bytes in [&b" two words \n"[..], b" two words ", b" two words \r\n", b" two words \nmore\n"] {
            assert_eq!(read(bytes).as_deref(), Some(" two words "));
        }
        assert_eq!(read(b"").as_deref(), Some(""));
    }

    #[test]
    fn a_control_character_gives_up_and_what_no_keyboard_types_is_refused() {
        for bytes in [&b"half\x03\n"[..], b"\x1b[A\n", b"\xff\n", &[b'x'; 1024]] {
            assert_eq!(read(bytes), None, "{bytes:?}");
        }
        assert!(read(&[&[b'x'; 1022][..], b"\n"].concat()).is_some());
    }
}
