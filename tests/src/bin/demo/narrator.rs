//! What the reader sees: lines told at a human pace, and a terminal whose every byte is shown as the program wrote it.

use e2e::mailbox::{self, Mail};
use e2e::terminal::Terminal;
use std::error::Error;
use std::io::Write;
use std::process::ExitStatus;
use std::time::Duration;

use crate::stage::ADDRESS;

/// Long enough to read a line.
const PAUSE: Duration = Duration::from_millis(900);
/// Between two keys.
const KEY: Duration = Duration::from_millis(60);

/// Writes to the reader's terminal.
pub(crate) struct Narrator {
    out: std::io::Stdout,
}

impl Narrator {
    pub(crate) fn new() -> Self {
        Self { out: std::io::stdout() }
    }

    fn write(&mut self, text: &str) {
        // A reader who went away (a closed pipe) does not change what is shown to be true.
        let _ = self.out.write_all(text.as_bytes());
        let _ = self.out.flush();
    }

    /// A chapter begins.
    pub(crate) fn title(&mut self, text: &str) {
        self.write(&format!("\n== {text} ==\n\n"));
        std::thread::sleep(PAUSE);
    }

    /// A sentence.
    pub(crate) fn say(&mut self, text: &str) {
        self.write(&format!("{text}\n"));
        std::thread::sleep(PAUSE);
    }

    /// Lines of a file or of a command's output, set apart.
    pub(crate) fn quote(&mut self, text: &str) {
        for line in text.lines() {
            self.write(&format!("    {}\n", line.trim_end()));
        }
        std::thread::sleep(PAUSE);
    }

    /// Says `done`, or fails with `failed`.
    pub(crate) fn expect(&mut self, holds: bool, done: &str, failed: &str) -> Result<(), Box<dyn Error>> {
        if !holds {
            return Err(failed.into());
        }
        self.say(&format!("-> {done}"));
        Ok(())
    }

    /// Waits for the mail after the first `before`, and shows it.
    pub(crate) fn mail(&mut self, before: usize) -> Result<Mail, Box<dyn Error>> {
        let mail = mailbox::wait_for(ADDRESS, before.saturating_add(1));
        self.show_mail(&mail);
        Ok(mail)
    }

    /// Shows a mail as it arrived.
    pub(crate) fn show_mail(&mut self, mail: &Mail) {
        self.write(&format!("\n\n    ---- mail for {ADDRESS}, as it arrived ----\n"));
        self.quote(&mail.raw);
        self.write("    ----\n");
    }

    /// Starts a program in a terminal that the reader sees.
    pub(crate) fn open(&mut self, words: &[&str]) -> Shown {
        self.write(&format!("$ {}\n", words.join(" ")));
        std::thread::sleep(PAUSE);
        let (program, arguments) = words.split_first().map_or(("true", [].as_slice()), |(first, rest)| (*first, rest));
        let arguments: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
        Shown { terminal: Terminal::open(program, &arguments), shown: 0 }
    }
}

/// A terminal that the reader sees.
pub(crate) struct Shown {
    terminal: Terminal,
    shown: usize,
}

impl Shown {
    fn show(&mut self, narrator: &mut Narrator) {
        let text = self.terminal.text();
        narrator.write(&text.get(self.shown..).unwrap_or_default().replace('\r', ""));
        self.shown = text.len();
    }

    /// Waits for `text`.
    pub(crate) fn wait_for(&mut self, narrator: &mut Narrator, text: &str) -> Result<(), Box<dyn Error>> {
        let came = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| self.terminal.wait_for(text)));
        self.show(narrator);
        came.map(drop).map_err(|_| format!("{text:?} did not come").into())
    }

    /// Types a line, key by key.
    pub(crate) fn type_line(&mut self, text: &str) -> Result<(), Box<dyn Error>> {
        std::thread::sleep(PAUSE);
        for key in text.bytes().chain(*b"\n") {
            self.terminal.press(&[key]);
            std::thread::sleep(KEY);
        }
        Ok(())
    }

    /// Types what the terminal does not show.
    pub(crate) fn type_secret(&mut self, narrator: &mut Narrator, text: &str) -> Result<(), Box<dyn Error>> {
        narrator.write("[the password is typed]");
        self.type_line(text)
    }

    /// Waits for the program's end.
    pub(crate) fn wait_for_end(&mut self, narrator: &mut Narrator) -> Result<ExitStatus, Box<dyn Error>> {
        let status = self.terminal.wait_for_end();
        self.show(narrator);
        Ok(status)
    }
}
