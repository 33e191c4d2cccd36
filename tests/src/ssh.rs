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
    tries: u8,
    command: Option<String>,
}

impl Ssh {
    /// `ssh user@127.0.0.1` at `port`, untouched by this machine's own settings and keys.
    #[must_use]
    pub fn new(user: &str, port: u16) -> Self {
        Self { user: user.to_owned(), port, from: None, key: None, options: Vec::new(), tries: 1, command: None }
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

    /// How often ssh begins again after a denial (`NumberOfPasswordPrompts`; once unless told).
    #[must_use]
    pub fn tries(mut self, tries: u8) -> Self {
        self.tries = tries;
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
        option(&format!("NumberOfPasswordPrompts={}", self.tries));
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

    /// Starts it and gives the password.
    ///
    /// # Panics
    /// When it does not ask for one.
    #[must_use]
    pub fn open_with_password(&self) -> Terminal {
        let mut terminal = self.open();
        terminal.wait_for("Password:");
        terminal.type_line(PASSWORD);
        terminal
    }
}

/// What someone sees and does in a login of ours.
impl Terminal {
    /// Waits until a code is asked for; the prompt's text.
    ///
    /// # Panics
    /// When it is not.
    pub fn wait_for_code_prompt(&mut self) -> String {
        self.wait_for("ode");
        self.wait_for(": ")
    }

    /// Proves that a shell runs: it must work something out.
    ///
    /// # Panics
    /// When there is none.
    pub fn prove_shell(&mut self) {
        self.wait_for("$ ");
        self.type_line("echo proof-$((40+2))");
        self.wait_for("proof-42");
    }

    /// Waits until ssh gives up, and checks that no shell was had on the way.
    ///
    /// # Panics
    /// When it ended otherwise.
    pub fn wait_for_denial(&mut self) {
        self.wait_for("Permission denied");
        let status = self.wait_for_end();
        assert!(!status.success(), "ssh ended with success:\n{}", self.text());
    }
}

/// A code of the same form that is not this one.
#[must_use]
pub fn wrong(code: &str) -> String {
    let last = if code.ends_with('0') { '1' } else { '0' };
    let mut other = code.to_owned();
    let _ = other.pop();
    other.push(last);
    other
}
