//! The master key: 256 random bits in a file of one line, `pam-2fa-key:v1:<id>:<base64>`.
//!
//! The id is derived from the key (8 hexadecimal digits), so that a damaged file is told from another key, and a person can
//! tell two keys apart without seeing either. Nothing is ever encrypted with the master key itself: see [`super::keys`].

use super::keys;
use super::locked::LockedKey;
use crate::random::{NoRandomness, Random};
use crate::store::sqlite::files;
use data_encoding::BASE64;
use pam_2fa_protocol::Secret;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

const PREFIX: &str = "pam-2fa-key:v1:";

/// More than a key file can have, so that a large file is not read to its end.
const LONGEST: usize = 128;

/// What tells two keys apart, and is no secret: 8 hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyId(String);

impl KeyId {
    pub(super) fn new(bytes: [u8; 4]) -> Self {
        Self(data_encoding::HEXLOWER.encode(&bytes))
    }

    /// As it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Nothing is there.
    #[error("{path}: there is no key")]
    Missing {
        /// Where.
        path: PathBuf,
    },
    /// A link, a folder, a pipe.
    #[error("{path}: the key is no regular file; look at who put it there, and put the key back as a file")]
    NoFile {
        /// Where.
        path: PathBuf,
    },
    /// Others may have read or changed it.
    #[error("{path}: {why}; look at who changed it, then chown it to the daemon's user and chmod 600")]
    Unsafe {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// It is no key.
    #[error("{path}: this is no key ({why}); put the key back with `pam-2fa key import EXPORT`, or from a backup")]
    Garbage {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// The system said no.
    #[error("{path}: cannot {what}: {why}; look at the disk and the permissions of the folder")]
    Io {
        /// Where.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// The system's own words.
        why: String,
    },
    /// No key without randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl KeyError {
    /// What is wrong, without where and what to do.
    pub(super) fn bare(&self) -> String {
        match self {
            Self::Missing { .. } => String::from("there is no key"),
            Self::NoFile { .. } => String::from("it is no regular file"),
            Self::Unsafe { why, .. } => why.clone(),
            Self::Garbage { why, .. } => format!("this is no key: {why}"),
            Self::Io { what, why, .. } => format!("cannot {what}: {why}"),
            Self::NoRandomness(error) => error.to_string(),
        }
    }
}

/// The key.
pub struct MasterKey {
    bytes: LockedKey,
    id: KeyId,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl MasterKey {
    /// A new one. Only where there are no data: see [`super::opening`].
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn generate(random: &dyn Random) -> Result<Self, NoRandomness> {
        let mut bytes = LockedKey::empty();
        random.fill(bytes.expose_mut())?;
        Ok(Self::of(bytes))
    }

    fn of(bytes: LockedKey) -> Self {
        let id = keys::id_of(bytes.expose());
        Self { bytes, id }
    }

    /// What tells it from another.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        self.bytes.expose()
    }

    /// Reads the key from a regular file of root's or our own that nobody else can read. Follows no link.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn read(path: &Path) -> Result<Self, KeyError> {
        let io =
            |error: io::Error| KeyError::Io { path: path.to_owned(), what: "read the key", why: error.to_string() };
        let no_file = || KeyError::NoFile { path: path.to_owned() };
        match files::stands(path).map_err(io)? {
            files::Stands::Nothing => return Err(KeyError::Missing { path: path.to_owned() }),
            files::Stands::SomethingElse => return Err(no_file()),
            files::Stands::File => {}
        }
        let file = files::open_existing(path).map_err(io)?;
        if !file.metadata().map_err(io)?.is_file() {
            return Err(no_file());
        }
        let (owner, mode) = files::owner_and_mode(&file).map_err(io)?;
        if owner != 0 && owner != files::own_uid() {
            let why = format!("it belongs to uid {owner}, neither root nor the daemon (uid {})", files::own_uid());
            return Err(KeyError::Unsafe { path: path.to_owned(), why });
        }
        if mode & 0o077 != 0 {
            return Err(KeyError::Unsafe { path: path.to_owned(), why: format!("others may read it (mode {mode:o})") });
        }
        let mut text = Secret::new([0_u8; LONGEST]);
        let length = fill(&mut { file }, text.expose_mut()).map_err(io)?;
        let text = text.expose().get(..length).unwrap_or_default();
        parse(text).map_err(|why| KeyError::Garbage { path: path.to_owned(), why })
    }

    /// The key that a file's text is.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        parse(text.as_bytes())
    }

    /// The file's text.
    #[must_use]
    pub fn line(&self) -> Secret {
        let mut line = Secret::new(String::with_capacity(LONGEST));
        let text = line.expose_mut();
        text.push_str(PREFIX);
        text.push_str(self.id.as_str());
        text.push(':');
        BASE64.encode_append(self.bytes(), text);
        text.push('\n');
        line
    }

    /// Writes the key into a new file, 0600, and its bytes to the disk; its name is the caller's to keep.
    pub(super) fn create_at(&self, draft: &Path) -> Result<(), KeyError> {
        files::make_new(draft)
            .and_then(|mut file| {
                file.write_all(self.line().expose().as_bytes())?;
                file.sync_all()
            })
            .map_err(|error| KeyError::Io { path: draft.to_owned(), what: "make the key", why: error.to_string() })
    }

    /// Keeps the key in a new file, 0600: whole and durable, or not there.
    ///
    /// # Errors
    /// [`KeyError`], also where something is at `path` already.
    pub fn create(&self, path: &Path) -> Result<(), KeyError> {
        files::make_durable(path, self.line().expose().as_bytes()).map_err(|error| KeyError::Io {
            path: path.to_owned(),
            what: "make the key",
            why: error.to_string(),
        })
    }
}

/// Until the end of the file or of `buffer`.
fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0_usize;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(more) => filled = filled.saturating_add(more),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

fn parse(text: &[u8]) -> Result<MasterKey, &'static str> {
    let text = text.strip_suffix(b"\n").unwrap_or(text);
    let rest = text.strip_prefix(PREFIX.as_bytes()).ok_or("it does not begin with pam-2fa-key:v1:")?;
    let (id, key) = rest.split_at_checked(8).ok_or("it is cut off")?;
    let key = key.strip_prefix(b":").ok_or("its id is not 8 digits")?;
    if BASE64.decode_len(key.len()) != Ok(33) || key.len() != 44 {
        return Err("it has not the length of a key");
    }
    let mut decoded = Secret::new([0_u8; 33]);
    match BASE64.decode_mut(key, decoded.expose_mut()) {
        Ok(32) => {}
        Ok(_) => return Err("it has not the length of a key"),
        Err(_) => return Err("it is no base64"),
    }
    let mut bytes = LockedKey::empty();
    for (byte, from) in bytes.expose_mut().iter_mut().zip(decoded.expose()) {
        *byte = *from;
    }
    let key = MasterKey::of(bytes);
    if key.id.as_str().as_bytes() == id { Ok(key) } else { Err("it is damaged: its id is not that of its key") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::KernelRandom;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    fn made() -> (tempfile::TempDir, PathBuf, MasterKey) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let key = MasterKey::generate(&KernelRandom).unwrap();
        key.create(&path).unwrap();
        (folder, path, key)
    }

    #[test]
    fn a_key_file_is_one_line_0600_and_reads_back() {
        let (_folder, path, key) = made();
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with(&format!("pam-2fa-key:v1:{}:", key.id())), "{text}");
        assert_eq!((text.len(), text.matches('\n').count()), (15 + 8 + 1 + 44 + 1, 1));
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
        let read = MasterKey::read(&path).unwrap();
        assert_eq!(read.bytes(), key.bytes());
        assert_eq!(read.id(), key.id());
    }

    #[test]
    fn a_key_is_never_made_over_another() {
        let (_folder, path, key) = made();
        let other = MasterKey::generate(&KernelRandom).unwrap();
        assert!(matches!(other.create(&path), Err(KeyError::Io { .. })));
        assert_eq!(MasterKey::read(&path).unwrap().id(), key.id());
    }

    #[test]
    fn a_key_that_others_can_read_or_that_is_no_file_is_refused() {
        let (folder, path, _) = made();
        for mode in [0o640, 0o604, 0o620, 0o610] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(MasterKey::read(&path), Err(KeyError::Unsafe { .. })), "{mode:o}");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).unwrap();
        assert!(MasterKey::read(&path).is_ok());
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(matches!(MasterKey::read(&link), Err(KeyError::NoFile { .. })));
        assert!(matches!(MasterKey::read(folder.path()), Err(KeyError::NoFile { .. })));
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRUSR).unwrap();
        assert!(matches!(MasterKey::read(&pipe), Err(KeyError::NoFile { .. })));
        assert!(matches!(MasterKey::read(&folder.path().join("none")), Err(KeyError::Missing { .. })));
    }

    #[test]
    fn a_key_file_cut_off_or_with_any_bit_flipped_is_no_key() {
        let (_folder, path, _) = made();
        let good = fs::read(&path).unwrap();
        // Without its newline it still is one: a person's editor may have taken it away.
        for length in 0..good.len() - 1 {
            assert!(parse(&good[..length]).is_err(), "cut to {length}");
        }
        for byte in 0..good.len() - 1 {
            for bit in 0..8 {
                let mut flipped = good.clone();
                flipped[byte] ^= 1 << bit;
                assert!(parse(&flipped).is_err(), "bit {bit} of byte {byte}");
            }
        }
        assert!(parse(&[&good[..], b"x"].concat()).is_err());
        assert!(parse(&[&good[..], b"\n"].concat()).is_err());
    }

    #[test]
    fn a_key_is_not_printed() {
        let (_folder, path, key) = made();
        let printed = format!("{key:?}");
        let text = fs::read_to_string(path).unwrap();
        assert!(!printed.contains(text.trim().rsplit(':').next().unwrap()));
        assert_eq!(printed, format!("MasterKey {{ id: {:?}, .. }}", key.id()));
    }
}
