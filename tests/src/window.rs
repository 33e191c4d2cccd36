//! Someone before a full-screen program: a pty of a size, keys, and what stands on the screen, by a model of a terminal.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a stage that cannot be set, or a screen that does not come, fails the test"
)]

use crate::picture::svg;
use crate::terminal::{Pty, pty};
use crate::wait::{PATIENCE, now};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{Read, Write};
use std::num::NonZero;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// What was drawn so far.
struct Drawn {
    parser: vt100::Parser,
    ended: bool,
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
    pub fn open(program: &str, arguments: &[String], (columns, rows): (u16, u16), language: &str) -> Self {
        let Pty { master, slave, .. } = pty();
        tcsetwinsize(&master, size(columns, rows)).expect("set the size");
        let stdio = || Stdio::from(slave.try_clone().expect("copy the slave"));
        let child = Command::new("setsid")
            .args(["--ctty", program])
            .args(arguments)
            .env("TERM", "xterm-256color")
            .env("LC_ALL", language)
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .expect("start the program");
        drop(slave);
        let keyboard = File::from(master);
        let mut eyes = keyboard.try_clone().expect("copy the pty");
        let drawn = Drawn { parser: vt100::Parser::new(places(rows), places(columns), 0), ended: false };
        let drawn = Arc::new((Mutex::new(drawn), Condvar::new()));
        let shared = Arc::clone(&drawn);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            loop {
                // EIO: every program on the other side is gone.
                let length = eyes.read(&mut bytes).unwrap_or(0);
                let mut drawn = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
                drawn.parser.process(bytes.get(..length).unwrap_or_default());
                drawn.ended = length == 0;
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
        self.drawn.0.lock().unwrap_or_else(PoisonError::into_inner).parser.screen().contents()
    }

    /// A picture of it.
    #[must_use]
    pub fn picture(&self, title: &str) -> String {
        svg(self.drawn.0.lock().unwrap_or_else(PoisonError::into_inner).parser.screen(), title)
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
            let screen = drawn.parser.screen().contents();
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
