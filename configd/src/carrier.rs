//! The way to the courier: one message over `courier.sock`, and what became of it.
//!
//! The courier's socket must have been made by root (or by our own user): what goes over it is codes and passwords.

use crate::wire_io::{Connection, ConnectionError};
use pam_2fa_protocol::courier::{Class, Outcome, REACH, Reach, Reason, SANDBOX, SEND, Send, Sent};
use pam_2fa_protocol::sandbox::{Measure, Sandbox, SandboxReply};
use pam_2fa_protocol::wire::{More, Nothing, decode_reply, encode_call};
use pam_2fa_settings::text::printable;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::sync::mpsc::UnboundedSender;

/// What is waited beyond the message's own deadline, for the courier to say how it ended.
const GRACE: Duration = Duration::from_secs(2);

/// Steps of one conversation: what a real one has is a few dozen.
const MOST_STEPS: usize = 500;

/// What is waited for the courier to say how it is.
const LOOK: Duration = Duration::from_secs(2);

/// What confines a daemon is fewer things.
const MOST_MEASURES: usize = 32;

/// The courier's socket.
#[derive(Debug, Clone)]
pub struct Carrier {
    socket: PathBuf,
}

impl Carrier {
    /// The courier below `runtime_dir`.
    #[must_use]
    pub fn new(runtime_dir: &Path) -> Self {
        Self { socket: runtime_dir.join("courier.sock") }
    }

    /// Sends one message. Steps of the conversation go to `steps` as they happen. Everything that is not a clear "accepted" is
    /// an outcome of another class; nothing here is an error that somebody could overlook.
    pub async fn send(&self, message: &Send, steps: Option<&UnboundedSender<String>>) -> Outcome {
        let patience = Duration::from_millis(u64::try_from(message.deadline_ms).unwrap_or(0)).saturating_add(GRACE);
        self.ended(tokio::time::timeout(patience, self.converse(SEND, message, steps)).await)
    }

    /// Has the courier come to a mail server and leave.
    pub async fn reach(&self, asked: &Reach) -> Outcome {
        let patience = Duration::from_millis(u64::try_from(asked.deadline_ms).unwrap_or(0)).saturating_add(GRACE);
        self.ended(tokio::time::timeout(patience, self.converse(REACH, asked, None)).await)
    }

    fn ended(&self, ended: Result<Result<Outcome, ConnectionError>, tokio::time::error::Elapsed>) -> Outcome {
        match ended {
            Ok(Ok(outcome)) => Outcome { said: printable(&outcome.said).into_owned(), ..outcome },
            Ok(Err(error @ ConnectionError::Unreachable { .. })) => failed(Reason::Unreachable, error.to_string()),
            // The courier had the message, or may have had it: what became of it, nobody knows.
            Ok(Err(error)) => failed(Reason::Unrecognised, error.to_string()),
            Err(_) => failed(Reason::Unrecognised, String::from("the courier did not answer in time; look at its log")),
        }
    }

    /// What confines the courier, by its own word; `None` where it is of a release that does not say. It proves, too, that there is
    /// one.
    ///
    /// # Errors
    /// Why there is no answer: what, where, what to do.
    pub async fn sandbox(&self) -> Result<Option<Sandbox>, String> {
        let path = self.socket.display();
        let asked = tokio::time::timeout(LOOK, self.ask_sandbox()).await;
        asked.unwrap_or(Err(ConnectionError::Closed)).map_err(|error| {
            format!("the courier does not answer at {path}, and no message leaves ({error}); see `systemctl status pam-2fa-courier`")
        })
    }

    async fn ask_sandbox(&self) -> Result<Option<Sandbox>, ConnectionError> {
        let mut connection = self.connect().await?;
        connection.write(&encode_call(SANDBOX, &Nothing {}, More::No)?).await?;
        let frame = connection.read().await?.ok_or(ConnectionError::Closed)?;
        let reply = decode_reply(&frame)?;
        if reply.error.is_some() {
            return Ok(None);
        }
        let SandboxReply { sandbox } = reply.parameters()?;
        // Whoever it is, its words are few.
        let measures = sandbox.measures.into_iter().take(MOST_MEASURES).map(|Measure { name, on, note }| Measure {
            name: word(&name),
            on,
            note: note.map(|note| few(&note)),
        });
        Ok(Some(Sandbox { process: String::from("courier"), measures: measures.collect() }))
    }

    async fn connect(&self) -> Result<Connection, ConnectionError> {
        let stream = UnixStream::connect(&self.socket).await.map_err(|error| ConnectionError::Unreachable {
            path: self.socket.display().to_string(),
            why: error.to_string(),
        })?;
        let connection = Connection::new(stream);
        connection.require_peer(&[0, nix::unistd::geteuid().as_raw()])?;
        Ok(connection)
    }

    async fn converse(
        &self,
        method: &str,
        message: &impl Serialize,
        steps: Option<&UnboundedSender<String>>,
    ) -> Result<Outcome, ConnectionError> {
        let mut connection = self.connect().await?;
        connection.write(&encode_call(method, message, More::Yes)?).await?;
        // A courier in other hands could tell steps faster than an administrator's terminal takes them, and fill our memory.
        for _ in 0..MOST_STEPS {
            let frame = connection.read().await?.ok_or(ConnectionError::Closed)?;
            let reply = decode_reply(&frame)?;
            if let Some(error) = &reply.error {
                return Err(ConnectionError::Refused(printable(error).into_owned()));
            }
            let sent: Sent = reply.parameters()?;
            if let (Some(step), Some(steps)) = (sent.step, steps) {
                // The administrator may have gone away; the message goes on.
                let _gone = steps.send(printable(&step).into_owned());
            }
            match sent.outcome {
                Some(outcome) => return Ok(outcome),
                None if reply.continues => {}
                None => return Err(ConnectionError::Closed),
            }
        }
        Err(ConnectionError::Refused(format!("more than {MOST_STEPS} steps and no end")))
    }
}

/// A word of a courier that may be in other hands: letters, digits and `_`, and not many.
fn word(text: &str) -> String {
    text.chars().filter(|letter| letter.is_ascii_alphanumeric() || *letter == '_').take(32).collect()
}

/// A note of the same: one line of what can be printed, and short.
fn few(text: &str) -> String {
    printable(text).chars().take(80).collect()
}

fn failed(reason: Reason, said: String) -> Outcome {
    Outcome { class: Class::Temporary, reason: Some(reason), retry_after_s: None, provider_id: None, said }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::UnixListener;

    #[tokio::test]
    async fn a_courier_that_tells_steps_without_end_fills_no_memory() {
        let folder = tempfile::tempdir().unwrap();
        let courier = UnixListener::bind(folder.path().join("courier.sock")).unwrap();
        let talks = tokio::spawn(async move {
            let (mut stream, _) = courier.accept().await.unwrap();
            let _call = stream.read(&mut [0; 4096]).await.unwrap();
            let step = format!("{{\"parameters\":{{\"step\":\"{}\"}},\"continues\":true}}\0", "x".repeat(1000));
            while stream.write_all(step.as_bytes()).await.is_ok() {}
        });
        let message = Send {
            id: String::from("1"),
            attempt: 1,
            deadline_ms: 20_000,
            expires_at: String::from("2026-11-24T00:10:00Z"),
            mail: None,
            sms: None,
        };
        let (steps, mut told) = tokio::sync::mpsc::unbounded_channel();
        let outcome = Carrier::new(folder.path()).send(&message, Some(&steps)).await;
        talks.await.unwrap();
        assert_eq!((outcome.class, outcome.reason), (Class::Temporary, Some(Reason::Unrecognised)));
        assert!(outcome.said.contains("500 steps"), "{}", outcome.said);
        drop(steps);
        let mut count = 0_usize;
        while told.recv().await.is_some() {
            count += 1;
        }
        assert_eq!(count, MOST_STEPS);
    }
}
