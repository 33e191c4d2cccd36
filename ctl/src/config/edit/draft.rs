//! The copy that is edited: beside the settings, root's alone, gone at the end; and the lock that keeps a second editor away.

use crate::error::Error;
use crate::outfile;
use nix::fcntl::OFlag;
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError, remove_file, symlink_metadata};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Texts that were kept, at most; more are a mistake.
const MOST_KEPT: usize = 9;

/// One that edits. It is another lock than that of the folder: whoever edits may take an hour, and other commands go on meanwhile.
pub(super) struct Lock {
    _file: File,
    path: PathBuf,
}

impl Lock {
    pub(super) fn take(config: &Path) -> Result<Self, Error> {
        let path = beside(config, ".", ".pam-2fa-edit.lock");
        let fail = |why| Error::File { what: "cannot lock", path: path.clone(), why };
        let busy = || Error::Unfit {
            path: config.to_owned(),
            why: String::from("another `pam-2fa config edit` is at work; wait for its end"),
        };
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&path)
            .map_err(fail)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => busy(),
            TryLockError::Error(why) => fail(why),
        })?;
        // Its owner may have taken it away since it was opened, and another may have made a new one.
        let (ours, there) = (file.metadata().map_err(fail)?, symlink_metadata(&path).map_err(|_| busy())?);
        if (ours.dev(), ours.ino()) != (there.dev(), there.ino()) {
            return Err(busy());
        }
        Ok(Self { _file: file, path })
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // One that stays is locked by nobody, and the next one takes it.
        let _ = remove_file(&self.path);
    }
}

pub(super) struct Draft {
    path: PathBuf,
    config: PathBuf,
}

impl Draft {
    /// A copy with that text. One that a killed run has left is nobody's under the lock.
    pub(super) fn new(config: &Path, text: &str) -> Result<Self, Error> {
        // The name ends as that of the settings, so that editors know what it is.
        let path = beside(config, ".pam-2fa-edit.", "");
        let fail = |why| Error::File { what: "cannot make", path: path.clone(), why };
        match remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(fail(error)),
            _ => {}
        }
        let draft = Self { path: path.clone(), config: config.to_owned() };
        draft.write(text).map_err(fail)?;
        Ok(draft)
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&self.path)?;
        file.write_all(text.as_bytes())
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it a name that stays, over nothing.
    pub(super) fn keep(&self) -> Result<PathBuf, Error> {
        let fail = |why| Error::File { what: "cannot keep", path: self.path.clone(), why };
        for number in 1..=MOST_KEPT {
            let end = if number == 1 { String::from(".draft") } else { format!(".draft.{number}") };
            let path = beside(&self.config, "", &end);
            match outfile::name(&self.path, &path) {
                Ok(()) => return Ok(path),
                Err(why) if why.kind() == ErrorKind::AlreadyExists => {}
                Err(why) => return Err(fail(why)),
            }
        }
        Err(fail(io::Error::other(format!("there are {MOST_KEPT} kept already; take them away"))))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // There may be secrets in it. Where this fails, the next run begins with it.
        let _ = remove_file(&self.path);
    }
}

/// The file of another name in the same folder.
fn beside(config: &Path, before: &str, after: &str) -> PathBuf {
    let mut name = OsString::from(before);
    name.push(config.file_name().unwrap_or_default());
    name.push(after);
    config.with_file_name(name)
}
