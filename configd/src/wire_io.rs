//! Frames over a Unix stream, with the peer known from the kernel (rule 7).

use pam_2fa_protocol::frame::{Frame, FrameBuffer, FrameError, terminated};
use pam_2fa_protocol::wire::WireError;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

/// What went wrong with a connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// Nobody listens.
    #[error("cannot connect to {path} ({why}); is the service running?")]
    Unreachable {
        /// The socket.
        path: String,
        /// The kernel's words.
        why: String,
    },
    /// The peer is another user than it must be.
    #[error("the other end of the socket is uid {0}, which it may not be")]
    WrongPeer(u32),
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Io(#[from] std::io::Error),
    /// A frame was too long.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// A frame was not what was expected.
    #[error(transparent)]
    Wire(#[from] WireError),
    /// The peer closed before it had said everything.
    #[error("the other end closed the connection before it had answered")]
    Closed,
    /// The peer answered with an error.
    #[error("refused: {0}")]
    Refused(String),
}

/// One connection.
#[derive(Debug)]
pub struct Connection {
    stream: UnixStream,
    buffer: FrameBuffer,
}

impl Connection {
    /// Over this stream.
    #[must_use]
    pub fn new(stream: UnixStream) -> Self {
        Self { stream, buffer: FrameBuffer::new() }
    }

    /// The peer's uid, from the kernel.
    ///
    /// # Errors
    /// When the kernel does not say.
    pub fn peer_uid(&self) -> std::io::Result<u32> {
        Ok(self.stream.peer_cred()?.uid())
    }

    /// Refuses a peer that is none of `uids`, before a byte is written.
    ///
    /// # Errors
    /// [`ConnectionError::WrongPeer`].
    pub fn require_peer(&self, uids: &[u32]) -> Result<(), ConnectionError> {
        let uid = self.peer_uid()?;
        if uids.contains(&uid) { Ok(()) } else { Err(ConnectionError::WrongPeer(uid)) }
    }

    /// The next frame; `None` where the peer has closed between two. Safe to cancel: what was read is kept.
    ///
    /// # Errors
    /// A frame that is too long, or a broken connection.
    pub async fn read(&mut self) -> Result<Option<Frame>, ConnectionError> {
        loop {
            if let Some(frame) = self.buffer.next_frame() {
                return Ok(Some(frame));
            }
            let mut chunk = zeroize::Zeroizing::new([0_u8; 4096]);
            let count = self.stream.read(chunk.as_mut_slice()).await?;
            if count == 0 {
                return if self.buffer.is_mid_frame() { Err(ConnectionError::Closed) } else { Ok(None) };
            }
            self.buffer.push(chunk.get(..count).unwrap_or_default())?;
        }
    }

    /// Writes one frame.
    ///
    /// # Errors
    /// A broken connection, or a frame of ours that is too long.
    pub async fn write(&mut self, frame: &[u8]) -> Result<(), ConnectionError> {
        Ok(self.stream.write_all(&terminated(frame)?).await?)
    }
}
