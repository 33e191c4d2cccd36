//! What leaves this host under a passphrase: key exports and backups. A header of lines says how the key is made of the passphrase, and
//! is bound to what follows it; then come pieces under AES-256-GCM, numbered, the last one marked, so that none can be left out, put
//! elsewhere, or cut off.
//!
//! The key is Argon2id's (RFC 9106 §4, the second recommendation but for one lane: 64 MiB, 3 passes) of the passphrase and 128 random
//! bits, so it is another one for each file, and the nonces can count. Never reads a file, never asks anybody.

use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use argon2::{Algorithm, Argon2, Params, Version};
use data_encoding::BASE64;
use pam_2fa_protocol::Secret;

/// KiB of memory, passes, lanes.
const MEMORY_KIB: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;

/// What a header may ask for at most: another release's, or an attacker's.
const MOST_MEMORY_KIB: u32 = 1024 * 1024;
const MOST_PASSES: u32 = 32;
const MOST_LANES: u32 = 16;

/// Bytes of a tag (128 bits): what a piece is longer by.
pub(crate) const TAG: usize = 16;

/// Why an envelope was not made or opened.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EnvelopeError {
    #[error("no randomness: {0}")]
    NoRandomness(String),
    #[error("its header is not one of this release ({0})")]
    Header(&'static str),
    #[error("the passphrase is another one, or it was changed")]
    Wrong,
    #[error("it is damaged or cut off")]
    Damaged,
    #[error("it is too long")]
    TooLong,
}

/// How the key is made, as it stands in a header.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lock {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
    salt: [u8; 16],
}

impl Lock {
    /// A new one.
    pub(crate) fn new() -> Result<Self, EnvelopeError> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(|error| EnvelopeError::NoRandomness(error.to_string()))?;
        Ok(Self { memory_kib: MEMORY_KIB, passes: PASSES, lanes: LANES, salt })
    }

    /// Its line of a header.
    pub(crate) fn line(&self) -> String {
        let Self { memory_kib, passes, lanes, salt } = self;
        format!("lock: argon2id v=19 m={memory_kib} t={passes} p={lanes} salt={}", BASE64.encode(salt))
    }

    /// From its line.
    pub(crate) fn parse(line: &str) -> Result<Self, EnvelopeError> {
        let no = EnvelopeError::Header;
        let mut words = line.strip_prefix("lock: argon2id v=19 ").ok_or(no("how it is locked"))?.split(' ');
        let mut number = |name: &str, most: u32| {
            let text = words.next()?.strip_prefix(name)?.strip_prefix('=')?;
            text.parse().ok().filter(|number: &u32| (1..=most).contains(number) && number.to_string() == text)
        };
        let numbers = (number("m", MOST_MEMORY_KIB), number("t", MOST_PASSES), number("p", MOST_LANES));
        let (Some(memory_kib), Some(passes), Some(lanes)) = numbers else { return Err(no("how much it takes")) };
        let salt = words.next().and_then(|word| word.strip_prefix("salt=")).ok_or(no("its salt"))?;
        let salt = BASE64.decode(salt.as_bytes()).ok().and_then(|salt| salt.try_into().ok()).ok_or(no("its salt"))?;
        if words.next().is_some() {
            return Err(no("how it is locked"));
        }
        Ok(Self { memory_kib, passes, lanes, salt })
    }

    /// The key, with `header` bound to all that it seals. Takes half a second and 64 MiB.
    pub(crate) fn key(&self, passphrase: &Secret, header: &str) -> Result<Envelope, EnvelopeError> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .map_err(|_| EnvelopeError::Header("how much it takes"))?;
        let mut key = Secret::new([0; 32]);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
            .hash_password_into(passphrase.expose().as_bytes(), &self.salt, key.expose_mut())
            .map_err(|_| EnvelopeError::Header("how it is locked"))?;
        Ok(Envelope { cipher: Aes256Gcm::new(key.expose().into()), header: header.to_owned(), next: 0 })
    }
}

/// Whether a piece is the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    Further,
    Last,
}

/// Seals pieces, or opens them, in their order.
pub(crate) struct Envelope {
    cipher: Aes256Gcm,
    header: String,
    next: u64,
}

impl Envelope {
    /// 3 bytes of zeros, the piece's number, and whether it is the last ("STREAM", Hoang, Reyhanitabar, Rogaway and Vizár 2015).
    fn nonce(&mut self, piece: Piece) -> Result<[u8; 12], EnvelopeError> {
        let number = self.next.to_be_bytes();
        self.next = self.next.checked_add(1).ok_or(EnvelopeError::TooLong)?;
        let mut nonce = [0; 12];
        let bytes = [0; 3].into_iter().chain(number).chain([u8::from(piece == Piece::Last)]);
        for (byte, value) in nonce.iter_mut().zip(bytes) {
            *byte = value;
        }
        Ok(nonce)
    }

    /// The next piece is the first one, of another reading of the same.
    pub(crate) fn begin(&mut self) {
        self.next = 0;
    }

    /// In place; longer by [`TAG`] then. Room for it should be there: a buffer that grows leaves plain text behind.
    pub(crate) fn seal(&mut self, piece: Piece, buffer: &mut Vec<u8>) -> Result<(), EnvelopeError> {
        let nonce = Nonce::from(self.nonce(piece)?);
        self.cipher.encrypt_in_place(&nonce, self.header.as_bytes(), buffer).map_err(|_| EnvelopeError::TooLong)
    }

    /// In place.
    pub(crate) fn open(&mut self, piece: Piece, buffer: &mut Vec<u8>) -> Result<(), EnvelopeError> {
        let first = self.next == 0;
        let nonce = Nonce::from(self.nonce(piece)?);
        let wrong = if first { EnvelopeError::Wrong } else { EnvelopeError::Damaged };
        self.cipher.decrypt_in_place(&nonce, self.header.as_bytes(), buffer).map_err(|_| wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As little as Argon2 takes: what is tested here is not how long a guess takes.
    fn quick() -> Lock {
        Lock { memory_kib: 8, passes: 1, lanes: 1, salt: [7; 16] }
    }

    fn phrase(text: &str) -> Secret {
        Secret::new(String::from(text))
    }

    #[test]
    fn a_lock_is_read_as_it_was_written_and_one_that_would_take_the_host_down_is_not() {
        let lock = Lock::new().unwrap();
        assert_eq!(Lock::parse(&lock.line()).as_ref(), Ok(&lock));
        assert_ne!(Lock::new().unwrap(), lock, "another salt each time");
        assert!(lock.line().starts_with("lock: argon2id v=19 m=65536 t=3 p=1 salt="));
        let line = quick().line();
        for (from, to) in [
            ("m=8", "m=4194304"),
            ("t=1", "t=100"),
            ("p=1", "p=99"),
            ("m=8", "m=08"),
            ("v=19", "v=16"),
            ("salt=", "salt=AA"),
        ] {
            assert!(Lock::parse(&line.replace(from, to)).is_err(), "{to}");
        }
        assert!(Lock::parse(&format!("{line} x")).is_err());
    }

    #[test]
    fn pieces_open_in_their_order_with_their_header_and_passphrase_and_in_no_other_way() {
        let seal = |pieces: &[(&str, Piece)]| {
            let mut envelope = quick().key(&phrase("right"), "header\n").unwrap();
            let sealed = pieces.iter().map(|(text, piece)| {
                let mut buffer = text.as_bytes().to_vec();
                envelope.seal(*piece, &mut buffer).unwrap();
                buffer
            });
            sealed.collect::<Vec<_>>()
        };
        let open = |with: &str, header: &str, pieces: &[(&[u8], Piece)]| {
            let mut envelope = quick().key(&phrase(with), header).unwrap();
            let opened = pieces.iter().map(|(bytes, piece)| {
                let mut buffer = bytes.to_vec();
                envelope.open(*piece, &mut buffer).map(|()| buffer)
            });
            opened.collect::<Result<Vec<_>, _>>()
        };
        let sealed = seal(&[("one", Piece::Further), ("two", Piece::Last)]);
        let (one, two) = (&sealed[0][..], &sealed[1][..]);
        let both = [(one, Piece::Further), (two, Piece::Last)];
        assert_eq!(open("right", "header\n", &both).unwrap(), [b"one", b"two"]);
        assert_eq!(open("wrong", "header\n", &both), Err(EnvelopeError::Wrong));
        assert_eq!(open("right", "Header\n", &both), Err(EnvelopeError::Wrong));
        assert_eq!(open("right", "header\n", &[(one, Piece::Last)]), Err(EnvelopeError::Wrong), "cut off");
        assert_eq!(open("right", "header\n", &[(two, Piece::Last)]), Err(EnvelopeError::Wrong), "one left out");
        let twice = [(one, Piece::Further), (one, Piece::Further)];
        assert_eq!(open("right", "header\n", &twice), Err(EnvelopeError::Damaged), "the same again");
        for byte in 0..one.len() {
            let mut flipped = one.to_vec();
            flipped[byte] ^= 1;
            assert_eq!(open("right", "header\n", &[(&flipped, Piece::Further)]), Err(EnvelopeError::Wrong), "{byte}");
        }
    }
}
