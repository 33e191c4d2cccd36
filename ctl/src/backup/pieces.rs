//! A backup as a file: a header of two lines, then pieces, each its length (4 bytes, big-endian) and so many bytes, sealed in their order. The
//! first byte of a piece says what it is. A file that is cut off, longer than its last piece, or changed anywhere is an error.

use crate::envelope::{Envelope, EnvelopeError, Lock, Piece, TAG};
use crate::error::Error;
use crate::outfile::OutFile;
use pam_2fa_protocol::Secret;
use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The first line.
const KIND: &str = "pam-2fa-backup:v1";

/// Bytes of data that a piece has at most, but for its first.
pub(super) const MOST: usize = 64 * 1024;

/// Longer than a header.
const HEADER: u64 = 512;

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// JSON: what the backup is of.
    About,
    /// The key's file.
    Key,
    /// A file begins, by its name below the folder of the settings.
    File,
    /// The store begins.
    Store,
    /// More of what has begun.
    Data,
    /// That is all.
    End,
}

const KINDS: [(Kind, u8); 6] = [
    (Kind::About, b'A'),
    (Kind::Key, b'K'),
    (Kind::File, b'F'),
    (Kind::Store, b'S'),
    (Kind::Data, b'D'),
    (Kind::End, b'E'),
];

impl Kind {
    fn byte(self) -> u8 {
        KINDS.iter().find(|(kind, _)| *kind == self).map_or(0, |(_, byte)| *byte)
    }

    fn of(byte: u8) -> Option<Self> {
        KINDS.iter().find(|(_, its)| *its == byte).map(|(kind, _)| *kind)
    }
}

fn unfit(path: &Path, why: impl ToString) -> Error {
    Error::Unfit { path: path.to_owned(), why: why.to_string() }
}

/// Writes one.
pub(super) struct Writer {
    out: OutFile,
    envelope: Envelope,
    path: PathBuf,
}

impl Writer {
    /// Into a file that is made, and gone again where it is not ended.
    pub(super) fn new(mut out: OutFile, path: &Path, passphrase: &Secret) -> Result<Self, Error> {
        let lock = Lock::new().map_err(|error| unfit(path, error))?;
        let header = format!("{KIND}\n{}\n", lock.line());
        let envelope = lock.key(passphrase, &header).map_err(|error| unfit(path, error))?;
        out.write(header.as_bytes())?;
        Ok(Self { out, envelope, path: path.to_owned() })
    }

    pub(super) fn piece(&mut self, kind: Kind, bytes: &[u8]) -> Result<(), Error> {
        let sealed = self.sealed(Piece::Further, kind, bytes)?;
        self.out.write(&sealed)
    }

    /// More of what has begun, in as many pieces as it takes.
    pub(super) fn data(&mut self, bytes: &[u8]) -> Result<(), Error> {
        bytes.chunks(MOST).try_for_each(|chunk| self.piece(Kind::Data, chunk))
    }

    /// The last one; the file is kept.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        let last = self.sealed(Piece::Last, Kind::End, &[])?;
        self.out.finish(&last)
    }

    /// With its length before it.
    fn sealed(&mut self, piece: Piece, kind: Kind, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        let length = bytes.len().saturating_add(1).saturating_add(TAG);
        let mut buffer = Secret::new(Vec::with_capacity(length));
        buffer.expose_mut().push(kind.byte());
        buffer.expose_mut().extend_from_slice(bytes);
        self.envelope.seal(piece, buffer.expose_mut()).map_err(|error| unfit(&self.path, error))?;
        let length = u32::try_from(buffer.expose().len()).map_err(|_| unfit(&self.path, EnvelopeError::TooLong))?;
        let mut whole = length.to_be_bytes().to_vec();
        whole.extend_from_slice(buffer.expose());
        Ok(whole)
    }
}

/// A backup that was opened and not read yet.
pub(super) struct Opened {
    path: PathBuf,
    header: String,
    lock: Lock,
}

impl Opened {
    /// Reads the header.
    pub(super) fn new(path: &Path) -> Result<Self, Error> {
        let (_, header) = header_of(path)?;
        let mut lines = header.lines();
        if lines.next() != Some(KIND) {
            return Err(unfit(path, "is no backup of pam-2fa"));
        }
        let lock = Lock::parse(lines.next().unwrap_or_default()).map_err(|error| unfit(path, error))?;
        Ok(Self { path: path.to_owned(), header, lock })
    }

    /// What its pieces are opened with: once, since it takes its time.
    pub(super) fn key(&self, passphrase: &Secret) -> Result<Envelope, Error> {
        self.lock.key(passphrase, &self.header).map_err(|error| unfit(&self.path, error))
    }

    /// Hands each piece on, in their order, up to the end, which must be the file's. The file may be another one than before: each piece
    /// is only handed on where it was sealed so.
    pub(super) fn read(
        &self,
        envelope: &mut Envelope,
        mut each: impl FnMut(Kind, &[u8]) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let (mut file, header) = header_of(&self.path)?;
        if header != self.header {
            return Err(unfit(&self.path, "was changed meanwhile"));
        }
        envelope.begin();
        loop {
            let mut buffer = Secret::new(self.next(&mut file)?);
            let is_last = file_ended(&mut file).map_err(|why| self.fail(why))?;
            let piece = if is_last { Piece::Last } else { Piece::Further };
            envelope.open(piece, buffer.expose_mut()).map_err(|error| unfit(&self.path, error))?;
            let (kind, bytes) = buffer.expose().split_first().ok_or_else(|| self.damaged())?;
            let kind = Kind::of(*kind).ok_or_else(|| unfit(&self.path, "a later release made it; install that one"))?;
            match (kind, is_last) {
                (Kind::End, true) => return Ok(()),
                (Kind::End, false) | (_, true) => return Err(self.damaged()),
                (kind, false) => each(kind, bytes)?,
            }
        }
    }

    fn next(&self, file: &mut BufReader<File>) -> Result<Vec<u8>, Error> {
        let mut length = [0; 4];
        file.read_exact(&mut length).map_err(|why| self.fail(why))?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > MOST.saturating_add(1).saturating_add(TAG) {
            return Err(self.damaged());
        }
        let mut bytes = vec![0; length];
        file.read_exact(&mut bytes).map_err(|why| self.fail(why))?;
        Ok(bytes)
    }

    fn damaged(&self) -> Error {
        unfit(&self.path, EnvelopeError::Damaged)
    }

    fn fail(&self, why: std::io::Error) -> Error {
        if why.kind() == ErrorKind::UnexpectedEof {
            return self.damaged();
        }
        Error::File { what: "cannot read", path: self.path.clone(), why }
    }
}

fn file_ended(file: &mut BufReader<File>) -> std::io::Result<bool> {
    Ok(std::io::BufRead::fill_buf(file)?.is_empty())
}

/// The file behind its header, and the header.
fn header_of(path: &Path) -> Result<(BufReader<File>, String), Error> {
    use std::io::BufRead;
    let fail = |why| Error::File { what: "cannot read", path: path.to_owned(), why };
    let mut file = BufReader::new(File::open(path).map_err(fail)?);
    let mut header = Vec::new();
    for _line in 0..2 {
        (&mut file).take(HEADER).read_until(b'\n', &mut header).map_err(fail)?;
    }
    let header = String::from_utf8(header).map_err(|_| unfit(path, "is no backup of pam-2fa"))?;
    Ok((file, header))
}
