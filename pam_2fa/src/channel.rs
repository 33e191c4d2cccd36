//! The one connection of a call: a frame out, a frame back, under the call's [`Budget`].
//!
//! It must never wait without a deadline, write to a peer that is neither root nor this process's own user, or take a frame
//! that nobody asked for.

use pam_2fa_protocol::FrameBuffer;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::frame::Frame;
use std::ffi::CStr;
use std::time::Duration;

use crate::clock::{Budget, Deadline};
use crate::ffi::socket::{Pending, Stream};
use crate::stop::Stop;

/// To connect, send `Begin` and have its reply whole (DESIGN rule 1).
const TO_FIRST_FRAME: Duration = Duration::from_secs(2);
/// Bytes read at once.
const CHUNK: usize = 4 * 1024;

/// Who answers calls: the daemon, or a script in tests.
pub(crate) trait Daemon {
    /// Sends a frame (its NUL included) and waits for the one that answers it.
    ///
    /// # Errors
    /// Whatever keeps a whole frame from coming.
    fn exchange(&mut self, frame: &[u8]) -> Result<Frame, Stop>;
}

/// The daemon behind its socket; connected at the first exchange, closed on drop.
#[derive(Debug)]
pub(crate) struct Channel<'a> {
    path: &'a CStr,
    own_uid: u32,
    budget: Budget,
    stream: Option<Stream>,
    inbox: FrameBuffer,
}

impl<'a> Channel<'a> {
    /// A channel to the socket at `path`, for a process whose effective uid is `own_uid`. Nothing is connected yet.
    pub(crate) fn new(path: &'a CStr, own_uid: u32, budget: Budget) -> Self {
        Self { path, own_uid, budget, stream: None, inbox: FrameBuffer::new() }
    }
}

impl Daemon for Channel<'_> {
    fn exchange(&mut self, frame: &[u8]) -> Result<Frame, Stop> {
        let Self { path, own_uid, budget, stream, inbox } = self;
        match stream {
            Some(stream) => budget.spend(Duration::MAX, |deadline| {
                expect_quiet(stream, inbox)?;
                converse(stream, inbox, frame, deadline)
            }),
            None => budget.spend(TO_FIRST_FRAME, |deadline| {
                let stream = stream.insert(Stream::connect(path, deadline)?);
                expect_trusted(stream, *own_uid)?;
                converse(stream, inbox, frame, deadline)
            }),
        }
    }
}

/// The peer is who listened on the socket, as the kernel noted it: a socket squatted by another user gets no byte.
fn expect_trusted(stream: &Stream, own_uid: u32) -> Result<(), Stop> {
    let uid = stream.peer_uid()?;
    if uid == 0 || uid == own_uid { Ok(()) } else { Err(Stop::ForeignPeer(uid)) }
}

/// Nothing may have come while a prompt stood: it would be taken for the reply to what was typed at it.
fn expect_quiet(stream: &Stream, inbox: &FrameBuffer) -> Result<(), Stop> {
    match stream.pending()? {
        Pending::Nothing if !inbox.is_mid_frame() => Ok(()),
        Pending::Nothing | Pending::Bytes => Err(Stop::OutOfTurn),
        Pending::End => Err(Stop::Closed),
    }
}

fn converse(stream: &Stream, inbox: &mut FrameBuffer, frame: &[u8], deadline: &Deadline) -> Result<Frame, Stop> {
    stream.send_all(frame, deadline)?;
    let mut chunk = Secret::new([0_u8; CHUNK]);
    loop {
        let length = stream.receive(chunk.expose_mut(), deadline)?;
        let received = chunk.expose().get(..length).unwrap_or_default();
        if received.is_empty() {
            return Err(Stop::Closed);
        }
        inbox.push(received)?;
        if let Some(frame) = inbox.next_frame() {
            return if inbox.is_mid_frame() { Err(Stop::OutOfTurn) } else { Ok(frame) };
        }
    }
}
