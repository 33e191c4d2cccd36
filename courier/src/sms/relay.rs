//! The way to courier-local, for messages whose provider's file wants more of this host than the courier may have: the same `Send`
//! over its socket, its steps, and its outcome.
//!
//! The socket must have been made by root (or by our own user): what goes over it is codes. What comes back is the other side's, and
//! is cleaned and masked as any provider's.

use super::deliver::Accepted;
use super::failure::Failure;
use crate::carry::Steps;
use crate::email::deadline::Deadline;
use crate::role::LOCAL;
use pam_2fa_protocol::courier::{Class, NOT_PERMITTED, SEND, Send, Sent, Text};
use pam_2fa_protocol::frame::{Frame, FrameBuffer, terminated};
use pam_2fa_protocol::wire::{More, decode_reply, encode_call};
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout_at};
use zeroize::Zeroizing;

/// Steps of one message: what a real one has is a handful.
const MOST_STEPS: usize = 500;

/// The socket of courier-local.
#[derive(Debug)]
pub struct Relay {
    socket: PathBuf,
}

/// A `Send`, handed on with what is left of its time.
#[derive(Serialize)]
struct HandedOn<'a> {
    id: &'a str,
    attempt: i64,
    deadline_ms: i64,
    expires_at: &'a str,
    sms: &'a Text,
}

impl Relay {
    /// The one below `runtime_dir`.
    #[must_use]
    pub fn new(runtime_dir: &Path) -> Self {
        Self { socket: runtime_dir.join(LOCAL.socket()) }
    }

    /// Has `text`, which is `send`'s, sent until `deadline`. Dropping the future hangs up, and that cancels it.
    ///
    /// # Errors
    /// [`Failure`]: nobody is there, or it was not, provably, taken.
    pub async fn send(&self, send: &Send, text: &Text, deadline: Deadline, steps: &Steps) -> Result<Accepted, Failure> {
        let connecting = timeout_at(deadline.at(), self.connect()).await;
        let mut stream = connecting.unwrap_or_else(|_| Err(unreachable("it takes no connection in time")))?;
        let left = deadline.at().saturating_duration_since(Instant::now());
        let handed_on = HandedOn {
            id: &send.id,
            attempt: send.attempt,
            deadline_ms: i64::try_from(left.as_millis()).unwrap_or(i64::MAX).max(1),
            expires_at: &send.expires_at,
            sms: text,
        };
        let frame = encode_call(SEND, &handed_on, More::Yes).map_err(|error| Failure::Message(error.to_string()))?;
        let answered = timeout_at(deadline.at(), converse(&mut stream, &frame, steps)).await;
        answered.unwrap_or_else(|_| Err(lost("no answer in time")))
    }

    async fn connect(&self) -> Result<UnixStream, Failure> {
        let stream = UnixStream::connect(&self.socket).await.map_err(|error| not_connected(&error))?;
        let uid = stream.peer_cred().map_err(|error| unreachable(&error.to_string()))?.uid();
        if uid != 0 && uid != nix::unistd::geteuid().as_raw() {
            let socket = self.socket.display();
            return Err(Failure::setting(
                "provider",
                format!("{socket} was made by uid {uid}, not root; it is not used"),
            ));
        }
        Ok(stream)
    }
}

/// From the call to the outcome. Once something of it may have been read, what is not an outcome is no proof of anything.
async fn converse(stream: &mut UnixStream, frame: &Frame, steps: &Steps) -> Result<Accepted, Failure> {
    let broken = |error: io::Error| lost(&error.to_string());
    // Who is not permitted is told so and left, perhaps before this is written: what was said is worth reading all the same.
    let written = stream.write_all(&terminated(frame).map_err(broken)?).await;
    let mut buffer = FrameBuffer::new();
    for _ in 0..MOST_STEPS {
        let Some(frame) = next_frame(stream, &mut buffer).await? else {
            return Err(written.map_err(broken).err().unwrap_or_else(|| lost("it ended before it said how it went")));
        };
        let reply = decode_reply(&frame).map_err(|error| lost(&error.to_string()))?;
        match reply.error.as_deref() {
            None => {}
            Some(NOT_PERMITTED) => return Err(not_ours()),
            Some(error) => return Err(Failure::Message(format!("{} refused the message ({error})", LOCAL.name))),
        }
        let sent: Sent = reply.parameters().map_err(|error| lost(&error.to_string()))?;
        if let Some(step) = sent.step {
            steps.tell(|| step);
        }
        match sent.outcome {
            Some(outcome) if outcome.class == Class::Accepted => {
                return Ok(Accepted { provider_id: outcome.provider_id, said: outcome.said });
            }
            Some(outcome) => return Err(Failure::Told(outcome)),
            None if reply.continues => {}
            None => return Err(lost("it ended before it said how it went")),
        }
    }
    Err(lost("more steps than any message has, and no end"))
}

async fn next_frame(stream: &mut UnixStream, buffer: &mut FrameBuffer) -> Result<Option<Frame>, Failure> {
    let mut chunk = Zeroizing::new([0_u8; 4096]);
    loop {
        if let Some(frame) = buffer.next_frame() {
            return Ok(Some(frame));
        }
        match stream.read(chunk.as_mut_slice()).await {
            Ok(0) => return Ok(None),
            Ok(read) => {
                let read = chunk.get(..read).unwrap_or_default();
                buffer.push(read).map_err(|error| lost(&error.to_string()))?;
            }
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
            Err(error) => return Err(lost(&error.to_string())),
        }
    }
}

fn not_connected(error: &io::Error) -> Failure {
    if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused) {
        let unit = LOCAL.identifier;
        let why = format!("{unit} is not running: systemctl enable --now {unit}.socket (see docs/sms.md)");
        return Failure::setting("provider", why);
    }
    if error.kind() == io::ErrorKind::PermissionDenied { not_ours() } else { unreachable(&error.to_string()) }
}

fn not_ours() -> Failure {
    let why = format!("{} does not take the courier's calls; look at its --peer and its socket", LOCAL.identifier);
    Failure::setting("provider", why)
}

fn unreachable(why: &str) -> Failure {
    Failure::NoConnection { host: LOCAL.name.to_owned(), why: why.to_owned() }
}

fn lost(why: &str) -> Failure {
    Failure::Lost { host: LOCAL.name.to_owned(), why: why.to_owned() }
}
