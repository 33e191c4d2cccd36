//! Someone at a terminal: a program on a pty of its own, what it wrote, and what is typed.

#![expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a stage that cannot be set, or a prompt that does not come, fails the test"
)]

use crate::wait::{self, PATIENCE, now};
use nix::fcntl::OFlag;
use nix::pty::{grantpt, posix_openpt, ptsname_r, unlockpt};
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// Both sides of a pty, and what it is called below /dev.
pub(crate) struct Pty {
    pub(crate) master: OwnedFd,
    pub(crate) slave: OwnedFd,
    pub(crate) name: String,
}

/// A pty of one's own.
pub(crate) fn pty() -> Pty {
    // CLOEXEC from the first moment: other tests start programs at the same time, and one that inherits this pty would
    // keep it open after its user is gone.
    let master = posix_openpt(OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC).expect("open a pty");
    grantpt(&master).expect("grant the pty");
    unlockpt(&master).expect("unlock the pty");
    let path = ptsname_r(&master).expect("name the pty");
    let name = path.strip_prefix("/dev/").expect("a pty is a device").to_owned();
    let slave: OwnedFd = {
        use std::os::unix::fs::OpenOptionsExt;
        File::options().read(true).write(true).custom_flags(OFlag::O_NOCTTY.bits()).open(path).expect("open the slave")
    }
    .into();
    Pty { master: OwnedFd::from(master), slave, name }
}

/// What the program has written so far.
#[derive(Default)]
struct Screen {
    text: String,
    ended: bool,
}

/// A program on a pty. Killed when dropped.
pub struct Terminal {
    child: Child,
    keyboard: File,
    name: String,
    screen: Arc<(Mutex<Screen>, Condvar)>,
    /// How far [`Terminal::wait_for`] has read.
    read: usize,
}

impl Terminal {
    /// Starts `program` with a pty as its controlling terminal.
    ///
    /// # Panics
    /// When that fails.
    #[must_use]
    pub fn open(program: &str, arguments: &[String]) -> Self {
        let Pty { master, slave, name } = pty();
        let stdio = || Stdio::from(slave.try_clone().expect("copy the slave"));
        // setsid(1) makes its stdin the controlling terminal, so that ssh finds it as /dev/tty.
        let child = Command::new("setsid")
            .args(["--ctty", program])
            .args(arguments)
            .env("TERM", "dumb")
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .expect("start the program");
        drop(slave);
        let keyboard = File::from(master);
        let screen = Arc::new((Mutex::new(Screen::default()), Condvar::new()));
        let mut eyes = keyboard.try_clone().expect("copy the pty");
        let shared = Arc::clone(&screen);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            // A character that a read has cut in two.
            let mut cut = Vec::new();
            loop {
                // EIO: every program on the other side is gone.
                let length = eyes.read(&mut bytes).unwrap_or(0);
                let mut screen = shared.0.lock().unwrap_or_else(PoisonError::into_inner);
                cut.extend_from_slice(bytes.get(..length).unwrap_or_default());
                let whole = match std::str::from_utf8(&cut) {
                    Err(error) if error.error_len().is_none() && length > 0 => error.valid_up_to(),
                    Ok(_) | Err(_) => cut.len(),
                };
                let rest = cut.split_off(whole);
                screen.text.push_str(&String::from_utf8_lossy(&cut));
                cut = rest;
                screen.ended = length == 0;
                shared.1.notify_all();
                if length == 0 {
                    return;
                }
            }
        });
        Self { child, keyboard, name, screen, read: 0 }
    }

    /// Waits until the program has written `text`, and returns what came before it since the last wait.
    ///
    /// # Panics
    /// When it does not come, with what stands on the screen.
    pub fn wait_for(&mut self, text: &str) -> String {
        self.wait_for_any(&[text]).1
    }

    /// Waits until one of `texts` is written; the index of that which came first, and what came before it.
    ///
    /// # Panics
    /// When none comes, with what stands on the screen.
    pub fn wait_for_any(&mut self, texts: &[&str]) -> (usize, String) {
        let begun = now();
        let (lock, changed) = &*self.screen;
        let mut screen = lock.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let new = screen.text.get(self.read..).unwrap_or_default();
            let first = texts.iter().enumerate().filter_map(|(i, text)| Some((new.find(text)?, i, text.len()))).min();
            if let Some((at, index, length)) = first {
                let before = new.get(..at).unwrap_or_default().to_owned();
                self.read = self.read.saturating_add(at).saturating_add(length);
                return (index, before);
            }
            if screen.ended || begun.elapsed() > PATIENCE {
                let how = if screen.ended { "the program ended" } else { "nothing came" };
                panic!("waited for {texts:?}; {how}. On the screen:\n{}", screen.text);
            }
            screen = changed.wait_timeout(screen, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Types `text` and Enter.
    ///
    /// # Panics
    /// When the terminal is gone.
    pub fn type_line(&mut self, text: &str) {
        self.press(text.as_bytes());
        self.press(b"\n");
    }

    /// Types `text` and Enter once the program sleeps, that is, waits for it: vlock empties the keyboard's queue after it has
    /// written its prompt, and what is typed before is lost.
    ///
    /// # Panics
    /// When the program does not come to that.
    pub fn type_line_when_read(&mut self, text: &str) {
        let stat = format!("/proc/{}/stat", self.child.id());
        wait::until("the program to wait for the keyboard", || {
            // proc(5): the state comes after the name in parentheses, which may hold any character.
            let stat = std::fs::read_to_string(&stat).expect("look at the program");
            stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('S')).then_some(())
        });
        self.type_line(text);
    }

    /// Presses keys: `b"\x03"` is Ctrl-C.
    ///
    /// # Panics
    /// When the terminal is gone.
    pub fn press(&mut self, keys: &[u8]) {
        self.keyboard.write_all(keys).expect("write to the pty");
    }

    /// Waits for the program to end.
    ///
    /// # Panics
    /// When it does not.
    pub fn wait_for_end(&mut self) -> ExitStatus {
        let begun = now();
        let (lock, changed) = &*self.screen;
        let mut screen = lock.lock().unwrap_or_else(PoisonError::into_inner);
        while !screen.ended {
            assert!(begun.elapsed() <= PATIENCE, "the program does not end. On the screen:\n{}", screen.text);
            screen = changed.wait_timeout(screen, PATIENCE).unwrap_or_else(PoisonError::into_inner).0;
        }
        drop(screen);
        self.child.wait().expect("wait for the program")
    }

    /// Presses Ctrl-C until the program ends. A second time where the first came between its prompt and its reading: ssh then notes
    /// the signal and reads on (its `readpassphrase`).
    ///
    /// # Panics
    /// When it does not end.
    pub fn interrupt(&mut self) -> ExitStatus {
        let begun = now();
        let again = Duration::from_secs(1);
        loop {
            self.press(b"\x03");
            let (lock, changed) = &*self.screen;
            let screen = lock.lock().unwrap_or_else(PoisonError::into_inner);
            let waited = changed.wait_timeout_while(screen, again, |screen| !screen.ended);
            let screen = waited.unwrap_or_else(PoisonError::into_inner).0;
            if screen.ended {
                break;
            }
            assert!(begun.elapsed() <= PATIENCE, "the program does not end. On the screen:\n{}", screen.text);
        }
        self.child.wait().expect("wait for the program")
    }

    /// What the terminal is called, without `/dev/`: `pts/4`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Everything written so far.
    #[must_use]
    pub fn text(&self) -> String {
        self.screen.0.lock().unwrap_or_else(PoisonError::into_inner).text.clone()
    }

    /// How often `text` was written so far.
    #[must_use]
    pub fn count(&self, text: &str) -> usize {
        self.text().matches(text).count()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
