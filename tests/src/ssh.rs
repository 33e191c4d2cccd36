//! `ssh` as someone types it: to whom, from where, with which key, and the terminal it runs in.

use crate::terminal::Terminal;
use std::path::{Path, PathBuf};

/// What every test's user typed as a password at first.
pub const PASSWORD: &str = "correct horse battery";

/// An `ssh` command being put together.
#[derive(Debug, Clone)]
pub struct Ssh {
    user: String,
    port: u16,
    from: Option<String>,
    key: Option<PathBuf>,
    options: Vec<String>,
    command: Option<String>,
}

impl Ssh {
    /// `ssh user@127.0.0.1` at `port`, untouched by this machine's own settings and keys.
    #[must_use]
    pub fn new(user: &str, port: u16) -> Self {
        Self { user: user.to_owned(), port, from: None, key: None, options: Vec::new(), command: None }
    }

    /// Connects from this address, one of `tests/ns/inside`.
    #[must_use]
    pub fn from(mut self, address: &str) -> Self {
        self.from = Some(address.to_owned());
        self
    }

    /// Offers this private key.
    #[must_use]
    pub fn key(mut self, file: &Path) -> Self {
        self.key = Some(file.to_owned());
        self
    }

    /// One more `-o`.
    #[must_use]
    pub fn option(mut self, option: &str) -> Self {
        self.options.push(option.to_owned());
        self
    }

    /// Runs this instead of a shell.
    #[must_use]
    pub fn command(mut self, command: &str) -> Self {
        self.command = Some(command.to_owned());
        self
    }

    /// The words after `ssh`.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let mut words: Vec<String> = ["-F", "none", "-p"].map(str::to_owned).into();
        words.push(self.port.to_string());
        let mut option = |text: &str| words.extend(["-o".to_owned(), text.to_owned()]);
        option("StrictHostKeyChecking=no");
        option("UserKnownHostsFile=/dev/null");
        option("LogLevel=ERROR");
        option("IdentitiesOnly=yes");
        option("IdentityAgent=none");
        if self.key.is_none() {
            option("PubkeyAuthentication=no");
        }
        for text in &self.options {
            option(text);
        }
        if let Some(key) = &self.key {
            words.extend(["-i".to_owned(), key.display().to_string()]);
        }
        if let Some(address) = &self.from {
            words.extend(["-b".to_owned(), address.clone()]);
        }
        words.push(format!("{}@127.0.0.1", self.user));
        words.extend(self.command.clone());
        words
    }

    /// Starts it in a terminal of its own.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn open(&self) -> Terminal {
        Terminal::open("ssh", &self.arguments())
    }
}
