//! `config.toml` as a file: read it whole, tell whose it is, put another in its place. At every moment the name stands for one
//! whole file, the old one or the new one, whatever becomes of this process or the power.

use crate::error::Error;
use nix::fcntl::OFlag;
use pam_2fa_settings::MAX_TEXT;
use std::fs::{File, Metadata, OpenOptions, Permissions, symlink_metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// A file as it was read.
pub(crate) struct Original {
    pub(crate) text: String,
    pub(crate) metadata: Metadata,
}

/// Reads a file of settings. What is longer than settings can be is not read to its end, and what is no file is not waited for.
pub(crate) fn read(path: &Path) -> Result<Original, Error> {
    let fail = |why| Error::File { what: "cannot read", path: path.to_owned(), why };
    let (file, metadata) = open(path).map_err(fail)?;
    let mut bytes = Vec::new();
    let most = u64::try_from(MAX_TEXT).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most).read_to_end(&mut bytes).map_err(fail)?;
    // A character that the limit cuts through is no error of the text: the parser says that it is too long.
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) if error.as_bytes().len() > MAX_TEXT => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        Err(error) => {
            let valid = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
            let line = valid.iter().filter(|byte| **byte == b'\n').count().saturating_add(1);
            let why = format!("line {line} is not UTF-8; save the file in that encoding");
            return Err(Error::Unfit { path: path.to_owned(), why });
        }
    };
    Ok(Original { text, metadata })
}

/// Opens a file to read, and nothing else: nobody may ever write into a pipe, and the folder is locked meanwhile.
pub(crate) fn open(path: &Path) -> io::Result<(File, Metadata)> {
    let at_once = OFlag::O_NONBLOCK | OFlag::O_NOCTTY;
    let file = OpenOptions::new().read(true).custom_flags(at_once.bits()).open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_file() {
        return Ok((file, metadata));
    }
    Err(io::Error::other(format!("it is {} and no regular file; put a file in its place", kind(&metadata))))
}

fn kind(metadata: &Metadata) -> &'static str {
    let kind = metadata.file_type();
    if kind.is_dir() {
        "a directory"
    } else if kind.is_fifo() {
        "a named pipe"
    } else {
        "a device"
    }
}

/// What is wrong with the file of the settings in use, whatever stands in it.
pub(crate) fn unfit(path: &Path, metadata: &Metadata) -> Vec<String> {
    let mut reasons = Vec::new();
    // A path that cannot be made absolute has no folders to look at but its own.
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let is_link = |part: &&Path| symlink_metadata(part).is_ok_and(|own| own.is_symlink());
    if let Some(link) = whole.ancestors().find(is_link) {
        let link = link.display();
        reasons.push(format!("{link} is a symbolic link, which configd does not follow; put the file itself there"));
    }
    if metadata.uid() != 0 {
        let fix = format!("`chown root {}`", path.display());
        reasons.push(format!("belongs to uid {} and not to root; {fix}", metadata.uid()));
    }
    let mode = metadata.mode() & 0o7777;
    if mode & 0o027 != 0 {
        let fix = format!("`chmod 640 {}`", path.display());
        reasons.push(format!("can be written by its group, or read or written by others (mode {mode:04o}); {fix}"));
    }
    reasons
}

/// The folder of a file, locked against another that changes the settings until this is dropped.
pub(crate) struct Folder {
    file: File,
    target: PathBuf,
    temporary: PathBuf,
}

impl Folder {
    /// Locks the folder that a file is in.
    pub(crate) fn lock(path: &Path) -> Result<Self, Error> {
        let parent = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let fail = |why| Error::File { what: "cannot lock", path: parent.to_owned(), why };
        let file = File::open(parent).map_err(fail)?;
        file.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => Error::Unfit {
                path: parent.to_owned(),
                why: String::from("another `pam-2fa` is changing something here; wait for its end, and run this again"),
            },
            std::fs::TryLockError::Error(why) => fail(why),
        })?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self { file, target: path.to_owned(), temporary: parent.join(format!(".{name}.pam-2fa-seal")) })
    }

    /// Puts a text in the place of the file, with the owner and mode of the one that it replaces: written beside it, made
    /// durable, renamed over it, and the rename made durable. `still` is the file that must be there until then.
    pub(super) fn replace(&self, text: &str, old: &Metadata, still: &Metadata) -> Result<Metadata, Error> {
        let fail = |why| Error::File { what: "cannot replace", path: self.target.clone(), why };
        let result = self.write_beside(text, old).map_err(fail);
        let result = result.and_then(|written| {
            let now = symlink_metadata(&self.target).map_err(fail)?;
            if identity(&now) != identity(still) {
                let why = String::from("was changed by someone else meanwhile and is left as it is; run it again");
                return Err(Error::Unfit { path: self.target.clone(), why });
            }
            std::fs::rename(&self.temporary, &self.target).map_err(fail)?;
            let late = |why| Error::File { what: "replaced, but perhaps not durably,", path: self.target.clone(), why };
            self.file.sync_all().map_err(late)?;
            Ok(written)
        });
        if result.is_err() {
            // What is left beside the file would hold secrets. If this fails too, the next run begins with it.
            let _ = std::fs::remove_file(&self.temporary);
        }
        result
    }

    fn write_beside(&self, text: &str, old: &Metadata) -> io::Result<Metadata> {
        // Of a run that was killed. Under the lock it is nobody's.
        match std::fs::remove_file(&self.temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&self.temporary)?;
        file.write_all(text.as_bytes())?;
        // The owner first: until then the mode lets nobody in, and a change of owner may take bits of a mode away.
        fchown(&file, Some(old.uid()), Some(old.gid()))?;
        file.set_permissions(Permissions::from_mode(old.mode() & 0o7777))?;
        file.sync_all()?;
        file.metadata()
    }
}

/// What changes when a file is written or replaced.
fn identity(metadata: &Metadata) -> (u64, u64, u64, i64, i64) {
    (metadata.dev(), metadata.ino(), metadata.len(), metadata.mtime(), metadata.mtime_nsec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;

    #[test]
    fn what_is_no_file_is_refused_at_once_in_one_line() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("config.toml");
        mkfifo(&pipe, Mode::from_bits_truncate(0o640)).unwrap();
        // Nobody writes into it: whoever waited would wait for ever.
        for (path, kind) in
            [(pipe.as_path(), "a named pipe"), (folder.path(), "a directory"), (Path::new("/dev/zero"), "a device")]
        {
            let why = read(path).err().unwrap().to_string();
            let path = path.display();
            let expected = format!("cannot read {path}: it is {kind} and no regular file; put a file in its place");
            assert_eq!(why, expected);
        }
    }
}
