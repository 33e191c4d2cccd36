//! Framing: a message is JSON text ended by one NUL byte, at most [`MAX_FRAME`] bytes with it.
//!
//! The length is checked before memory is taken and before anything is parsed. Buffers are wiped, since codes and passwords
//! pass through them.

use std::fmt;
use std::io::{self, Write};
use zeroize::{Zeroize, Zeroizing};

/// The longest frame in bytes, its closing NUL included.
pub const MAX_FRAME: usize = 16 * 1024;

/// One frame's bytes without the NUL, wiped when dropped.
pub type Frame = Zeroizing<Vec<u8>>;

/// Why bytes are not a frame. The connection ends; nothing is charged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameError {
    /// No NUL within [`MAX_FRAME`] bytes.
    TooLong,
}

impl fmt::Display for FrameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "a frame is longer than {MAX_FRAME} bytes"),
        }
    }
}

impl std::error::Error for FrameError {}

/// Collects bytes as they come and hands out whole frames.
///
/// Never holds more than one unfinished frame beyond what was pushed at once; drain it with [`FrameBuffer::next_frame`] after
/// each push.
#[derive(Default)]
pub struct FrameBuffer {
    bytes: Vec<u8>,
    /// How much of `bytes` is known to hold no NUL, so that a frame that trickles in is not scanned again from its start.
    scanned: usize,
}

impl FrameBuffer {
    /// An empty buffer that takes no memory yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds what was read.
    ///
    /// # Errors
    /// [`FrameError::TooLong`] when the frame that these bytes belong to exceeds the limit; the bytes are not taken.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), FrameError> {
        let tail = self.bytes.iter().rev().take_while(|byte| **byte != 0).count();
        let mut length = tail;
        for piece in chunk.split_inclusive(|byte| *byte == 0) {
            length = length.saturating_add(piece.len());
            let ended = piece.last() == Some(&0);
            if length > MAX_FRAME || (length == MAX_FRAME && !ended) {
                return Err(FrameError::TooLong);
            }
            if ended {
                length = 0;
            }
        }
        let needed = self.bytes.len().saturating_add(chunk.len());
        if needed > self.bytes.capacity() {
            // Grown by hand, so that the old memory is wiped and not left to the allocator.
            let mut grown = Vec::with_capacity(needed.next_power_of_two());
            grown.extend_from_slice(&self.bytes);
            self.bytes.zeroize();
            self.bytes = grown;
        }
        self.bytes.extend_from_slice(chunk);
        Ok(())
    }

    /// The next whole frame, without its NUL.
    pub fn next_frame(&mut self) -> Option<Frame> {
        let unseen = self.bytes.get(self.scanned..)?;
        let Some(offset) = unseen.iter().position(|byte| *byte == 0) else {
            self.scanned = self.bytes.len();
            return None;
        };
        let end = self.scanned.saturating_add(offset);
        let frame = Zeroizing::new(self.bytes.get(..end)?.to_vec());
        let kept = self.bytes.len().saturating_sub(end).saturating_sub(1);
        self.bytes.copy_within(end.saturating_add(1).., 0);
        if let Some(rest) = self.bytes.get_mut(kept..) {
            rest.zeroize();
        }
        self.bytes.truncate(kept);
        self.scanned = 0;
        Some(frame)
    }

    /// Whether a frame has begun and not ended: a peer that closes now has closed in the middle of one.
    #[must_use]
    pub fn is_mid_frame(&self) -> bool {
        !self.bytes.is_empty()
    }
}

impl Drop for FrameBuffer {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for FrameBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FrameBuffer({} bytes)", self.bytes.len())
    }
}

/// Writes one frame and its NUL with a single `write_all`.
///
/// # Errors
/// Those of the writer; [`io::ErrorKind::InvalidInput`] when the frame is too long or holds a NUL.
pub fn write_frame(out: &mut impl Write, frame: &[u8]) -> io::Result<()> {
    let bytes = terminated(frame)?;
    out.write_all(&bytes)
}

/// The bytes to send for a frame: itself and the NUL.
///
/// # Errors
/// [`io::ErrorKind::InvalidInput`] when the frame is too long or holds a NUL.
pub fn terminated(frame: &[u8]) -> io::Result<Zeroizing<Vec<u8>>> {
    if frame.len() >= MAX_FRAME || frame.contains(&0) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, FrameError::TooLong));
    }
    let mut bytes = Zeroizing::new(Vec::with_capacity(frame.len().saturating_add(1)));
    bytes.extend_from_slice(frame);
    bytes.push(0);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_limit_counts_the_nul_and_is_checked_before_memory_is_taken() {
        let mut buffer = FrameBuffer::new();
        let mut longest = vec![b'a'; MAX_FRAME - 1];
        longest.push(0);
        buffer.push(&longest).unwrap();
        assert_eq!(buffer.next_frame().unwrap().len(), MAX_FRAME - 1);

        assert_eq!(buffer.push(&vec![b'a'; MAX_FRAME]), Err(FrameError::TooLong));
        assert_eq!(buffer.push(&vec![b'a'; 1 << 20]), Err(FrameError::TooLong));
        assert!(buffer.bytes.capacity() <= 2 * MAX_FRAME);

        buffer.push(&vec![b'a'; MAX_FRAME - 1]).unwrap();
        assert_eq!(buffer.push(b"a\0"), Err(FrameError::TooLong));
        buffer.push(b"\0").unwrap();
        assert_eq!(buffer.next_frame().unwrap().len(), MAX_FRAME - 1);
    }

    #[test]
    fn a_frame_with_a_nul_inside_is_never_written() {
        assert!(write_frame(&mut Vec::new(), b"a\0b").is_err());
        assert!(write_frame(&mut Vec::new(), &vec![b'a'; MAX_FRAME]).is_err());
    }

    proptest! {
        #[test]
        fn frames_come_out_as_they_went_in_however_they_are_cut(
            frames in proptest::collection::vec("[a-z{}\"]{0,40}", 1..6),
            cut in 1_usize..9,
        ) {
            let mut stream = Vec::new();
            for frame in &frames {
                write_frame(&mut stream, frame.as_bytes()).unwrap();
            }
            let mut buffer = FrameBuffer::new();
            let mut seen = Vec::new();
            for chunk in stream.chunks(cut) {
                buffer.push(chunk).unwrap();
                while let Some(frame) = buffer.next_frame() {
                    seen.push(String::from_utf8(frame.to_vec()).unwrap());
                }
            }
            prop_assert_eq!(seen, frames);
            prop_assert!(!buffer.is_mid_frame());
        }
    }
}
