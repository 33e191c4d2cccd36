//! What the SMTP server is told to do, and what it has seen.

use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// How the server's port is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// Not at all.
    Plain,
    /// TLS from the first byte.
    Implicit,
    /// STARTTLS is offered.
    StartTls,
}

/// A point in the conversation at which the script may have a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum At {
    /// A connection came, before TLS and greeting.
    Connect,
    /// The greeting is due.
    Greeting,
    /// EHLO, before and after STARTTLS.
    Ehlo,
    /// EHLO over TLS that STARTTLS brought.
    EhloAgain,
    /// STARTTLS.
    StartTls,
    /// TLS is about to begin after STARTTLS; what is said here is in the clear.
    Handshake,
    /// AUTH.
    Auth,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA.
    Data,
    /// The final dot.
    Dot,
    /// QUIT.
    Quit,
}

/// What to do there.
#[derive(Debug, Clone)]
pub enum Play {
    /// Says this, to the byte, and goes on as if it were right.
    Say(Vec<u8>),
    /// Says this and closes.
    SayAndClose(Vec<u8>),
    /// Says this a byte a second.
    Drip(Vec<u8>),
    /// Says this over and over until nobody listens.
    Endless(Vec<u8>),
    /// Says this once the test has opened the gate.
    Held(Arc<Semaphore>, Vec<u8>),
    /// Does one after the other.
    Sequence(Vec<Play>),
    /// Says nothing until the client has gone.
    Hang,
    /// Closes.
    Close,
}

impl Play {
    /// A line, with its end.
    #[must_use]
    pub fn line(text: &str) -> Self {
        Self::Say(format!("{text}\r\n").into_bytes())
    }

    /// What is said first, where the conversation goes on after it.
    pub(super) fn first_words(&self) -> Vec<u8> {
        match self {
            Self::Say(bytes) | Self::Held(_, bytes) | Self::Drip(bytes) => bytes.clone(),
            Self::Sequence(plays) => plays.first().map(Self::first_words).unwrap_or_default(),
            Self::SayAndClose(_) | Self::Endless(_) | Self::Hang | Self::Close => Vec::new(),
        }
    }
}

/// What a server does.
#[derive(Default)]
pub struct Script {
    plays: HashMap<At, Vec<Play>>,
    always: HashMap<At, Play>,
    pub(super) wants_auth: bool,
}

impl Script {
    /// One that accepts everything.
    #[must_use]
    pub fn accepting() -> Self {
        Self::default()
    }

    /// Plays this the next time that this point is reached.
    #[must_use]
    pub fn once(mut self, at: At, play: Play) -> Self {
        self.plays.entry(at).or_default().push(play);
        self
    }

    /// Plays this whenever this point is reached.
    #[must_use]
    pub fn always(mut self, at: At, play: Play) -> Self {
        self.always.insert(at, play);
        self
    }

    /// Wants AUTH before MAIL; whatever the credentials are, it takes them: tests read them from the lines.
    #[must_use]
    pub fn wanting_auth(mut self) -> Self {
        self.wants_auth = true;
        self
    }

    pub(super) fn next(&mut self, at: At) -> Option<Play> {
        match self.plays.get_mut(&at) {
            Some(plays) if !plays.is_empty() => Some(plays.remove(0)),
            _ => self.always.get(&at).cloned(),
        }
    }
}

/// A line that the client said outside of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// On which connection, counted from 1.
    pub connection: usize,
    /// Whether it came over TLS.
    pub encrypted: bool,
    /// Its text.
    pub text: String,
}

/// A message, whether it was accepted or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// On which connection.
    pub connection: usize,
    /// The bytes from DATA to the final dot, dots still stuffed.
    pub bytes: Vec<u8>,
    /// Whether the final dot was answered with 250.
    pub accepted: bool,
}

/// What the server has seen.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Connections opened.
    pub connections: usize,
    /// Connections that are over.
    pub ended: usize,
    /// TLS handshakes that took up an earlier session, and so verified no certificate.
    pub resumed: usize,
    /// Lines.
    pub lines: Vec<Line>,
    /// Messages.
    pub mails: Vec<Arrived>,
}

impl Seen {
    /// How many lines begin with this command.
    #[must_use]
    pub fn count(&self, command: &str) -> usize {
        self.lines.iter().filter(|line| line.text.to_ascii_uppercase().starts_with(command)).count()
    }
}
