//! Someone before a full-screen program: a pty of a size, keys, and what stands on the screen, by a model of a terminal.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a stage that cannot be set, or a screen that does not come, fails the test"
)]

use crate::picture::svg;
use crate::terminal::{Pty, pty};
use crate::wait::{PATIENCE, now};
use rustix::termios::{Winsize, tcgetattr, tcsetwinsize};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// What was drawn so far.
struct Drawn {
    parser: vt100::Parser,
    /// As it was when the last picture was whole: one that is half drawn over another shows what never was.
    shown: vt100::Screen,
    /// All that came, as it came.
    raw: Vec<u8>,
    ended: bool,
}

impl Drawn {
    fn new(columns: u16, rows: u16) -> Self {
        let parser = vt100::Parser::new(places(rows), places(columns), 0);
        Self { shown: parser.screen().clone(), parser, raw: Vec::new(), ended: false }
    }

    fn draw(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
        self.raw.extend_from_slice(bytes);
        self.ended = bytes.is_empty();
        // Whoever has the whole screen draws it, and then hides the cursor, or shows it and puts it somewhere (ratatui, `Terminal::draw`).
        if self.ended || !self.parser.screen().alternate_screen() || is_whole(&self.raw) {
            self.shown = self.parser.screen().clone();
        }
    }
}

/// Whether a picture ends there.
fn is_whole(raw: &[u8]) -> bool {
    let text = String::from_utf8_lossy(raw.get(raw.len().saturating_sub(32)..).unwrap_or_default()).into_owned();
    let is_place = |rest: &str| {
        let inner = rest.strip_prefix("\x1b[").and_then(|rest| rest.strip_suffix('H'));
        inner.is_some_and(|inner| inner.bytes().all(|byte| byte.is_ascii_digit() || byte == b';'))
    };
    text.ends_with("\x1b[?25l") || text.rsplit_once("\x1b[?25h").is_some_and(|(_, rest)| is_place(rest))
}

/// A program that has the whole screen. Killed when dropped.
pub struct Window {
    child: Child,
    keyboard: File,
    drawn: Arc<(Mutex<Drawn>, Condvar)>,
}

impl Window {
    /// Starts it at a terminal of so many columns and rows, in a language.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn open(program: &str, arguments: &[String], size: (u16, u16), language: &str) -> Self {
        Self::open_in(program, arguments, size, &[("TERM", "xterm-256color"), ("LC_ALL", language)])
    }

    /// The same at a terminal that says of itself what `environment` has, and nothing else.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn open_in(
        program: &str,
        arguments: &[String],
        (columns, rows): (u16, u16),
        environment: &[(&str, &str)],
    ) -> Self {
        let Pty { master, slave, .. } = pty();
        tcsetwinsize(&master, size(columns, rows)).expect("set the size");
        let stdio = || Stdio::from(slave.try_clone().expect("copy the slave"));
        let mut command = Command::new("setsid");
        for name in ["TERM", "COLORTERM", "NO_COLOR", "LC_ALL", "LC_MESSAGES", "LANG"] {
            command.env_remove(name);
        }
        let child = command
            .args(["--ctty", program])
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .expect("start the program");
        drop(slave);
        let keyboard = File::from(master);
        let mut eyes = keyboard.try_clone().expect("copy the pty");
        let drawn = Arc::new((Mutex::new(Drawn::new(columns, rows)), Condvar::new()));
        let shared = Arc::clone(&drawn);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                // EIO: every program on the other side is gone.
                let length = eyes.read(&mut bytes).unwrap_or(0);
                let mut drawn = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
                drawn.draw(bytes.get(..length).unwrap_or_default());
                shared.1.notify_all();
                if length == 0 {
                    return;
                }
            }
        });
        Self { child, keyboard, drawn }
    }

    /// What stands on the screen now.
    #[must_use]
    pub fn screen(&self) -> String {
        self.drawn.0.lock().unwrap_or_else(PoisonError::into_inner).shown.contents()
    }

    /// The same as one line without frames: a text that was broken between words is whole again.
    #[must_use]
    pub fn sentences(&self) -> String {
        sentences(&self.screen())
    }

    /// All that was sent to the terminal, as it was sent.
    #[must_use]
    pub fn raw(&self) -> Vec<u8> {
        self.drawn.0.lock().unwrap_or_else(PoisonError::into_inner).raw.clone()
    }

    /// Modes that are switched on by what was sent (DEC private modes, `CSI ? … h` and `l`). At first that is 25, the cursor.
    #[must_use]
    pub fn modes(&self) -> BTreeSet<u16> {
        let mut on = BTreeSet::from([25]);
        for (numbers, last) in sequences(&self.raw()) {
            let Some(numbers) = numbers.strip_prefix('?') else { continue };
            for mode in numbers.split(';').filter_map(|number| number.parse().ok()) {
                match last {
                    'h' => drop(on.insert(mode)),
                    'l' => drop(on.remove(&mode)),
                    _ => {}
                }
            }
        }
        on
    }

    /// Colours that were sent (ECMA-48, SGR; those that go back to the terminal's own, 39 and 49, are none).
    #[must_use]
    pub fn colours(&self) -> Vec<String> {
        let is_colour = |number: &str| {
            let number = number.split(':').next().and_then(|number| number.parse().ok()).unwrap_or(0);
            matches!(number, 30..=38_u16 | 40..=48 | 90..=97 | 100..=107)
        };
        let all = sequences(&self.raw()).into_iter().filter(|(_, last)| *last == 'm').map(|(numbers, _)| numbers);
        all.filter(|numbers| numbers.split(';').any(is_colour)).collect()
    }

    /// How the kernel has the terminal: whether it echoes, hands over whole lines, makes signals of keys (termios(3)).
    ///
    /// # Panics
    /// When it does not tell.
    #[must_use]
    pub fn line(&self) -> [u32; 4] {
        let line = tcgetattr(&self.keyboard).expect("look at the terminal");
        [line.input_modes.bits(), line.output_modes.bits(), line.control_modes.bits(), line.local_modes.bits()]
    }

    /// A picture of it.
    #[must_use]
    pub fn picture(&self, title: &str) -> String {
        svg(&self.drawn.0.lock().unwrap_or_else(PoisonError::into_inner).shown, title)
    }

    /// Waits until the screen is as `is` wants it, and returns it.
    ///
    /// # Panics
    /// When it does not come to that, with what stands there.
    pub fn wait_until(&self, what: &str, is: impl Fn(&str) -> bool) -> String {
        let begun = now();
        let (lock, changed) = &*self.drawn;
        let mut drawn = lock.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let screen = drawn.shown.contents();
            if is(&screen) {
                return screen;
            }
            let left = PATIENCE.checked_sub(begun.elapsed());
            let Some(left) = left.filter(|_| !drawn.ended) else {
                panic!("waited for {what}; the screen is\n{screen}");
            };
            drawn = changed.wait_timeout(drawn, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Waits until that text stands on the screen.
    ///
    /// # Panics
    /// When it does not come.
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(text, |screen| screen.contains(text))
    }

    /// Whether a program has the whole screen: its own is behind it then.
    #[must_use]
    pub fn is_taken(&self) -> bool {
        self.drawn.0.lock().unwrap_or_else(PoisonError::into_inner).parser.screen().alternate_screen()
    }

    /// The process that was started.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Presses keys, as a terminal sends them: `b"\x1bOQ"` is F2.
    ///
    /// # Panics
    /// When the terminal is gone.
    pub fn press(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).expect("write to the pty");
    }

    /// Makes the terminal another size.
    ///
    /// # Panics
    /// When that fails.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let mut drawn = self.drawn.0.lock().unwrap_or_else(PoisonError::into_inner);
        drawn.parser.screen_mut().set_size(places(rows), places(columns));
        tcsetwinsize(&self.keyboard, size(columns, rows)).expect("set the size");
    }

    /// Waits for the end of the program, and how it ended.
    ///
    /// # Panics
    /// When it does not end.
    pub fn wait_for_end(&mut self) -> ExitStatus {
        let begun = now();
        let (lock, changed) = &*self.drawn;
        let mut drawn = lock.lock().unwrap_or_else(PoisonError::into_inner);
        while !drawn.ended {
            assert!(begun.elapsed() <= PATIENCE, "it does not end:\n{}", drawn.parser.screen().contents());
            drawn = changed.wait_timeout(drawn, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(drawn);
        self.child.wait().expect("wait for the program")
    }
}

/// A screen as one line without frames: a text that was broken between words is whole again.
#[must_use]
pub fn sentences(screen: &str) -> String {
    let is_frame = |one: char| ('\u{2500}'..='\u{257f}').contains(&one);
    screen
        .split(|one: char| one.is_whitespace() || is_frame(one))
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// What stands between CSI and the letter that ends it, and that letter (ECMA-48, 5.4).
fn sequences(raw: &[u8]) -> Vec<(String, char)> {
    let text = String::from_utf8_lossy(raw);
    let of = |rest: &str| {
        let end = rest.find(|one: char| ('\u{40}'..='\u{7e}').contains(&one))?;
        Some((rest.get(..end)?.to_owned(), rest.get(end..)?.chars().next()?))
    };
    text.split("\x1b[").skip(1).filter_map(of).collect()
}

/// A screen has at least one.
fn places(count: u16) -> NonZero<u16> {
    NonZero::new(count).unwrap_or(NonZero::<u16>::MIN)
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_col: columns, ws_row: rows, ws_xpixel: 0, ws_ypixel: 0 }
}

impl Drop for Window {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
