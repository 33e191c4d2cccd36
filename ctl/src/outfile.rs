//! A new file that only root can read, for what must not be lost and not be seen: never over another, gone again where it was not
//! finished, and durable before anybody is told that it is there.

use crate::error::Error;
use nix::fcntl::OFlag;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

pub(crate) struct OutFile {
    file: File,
    path: PathBuf,
    done: bool,
}

impl OutFile {
    /// Makes it, empty.
    pub(crate) fn new(path: &Path) -> Result<Self, Error> {
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(path)
            .map_err(|why| {
                if why.kind() == io::ErrorKind::AlreadyExists {
                    let why =
                        String::from("is there already, and is not written over; give another name, or move it away");
                    return Error::Unfit { path: path.to_owned(), why };
                }
                Error::File { what: "cannot make", path: path.to_owned(), why }
            })?;
        Ok(Self { file, path: path.to_owned(), done: false })
    }

    /// Writes more.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(|why| Error::File { what: "cannot write", path: self.path.clone(), why })
    }

    /// Writes the rest, and keeps it.
    pub(crate) fn finish(mut self, bytes: &[u8]) -> Result<(), Error> {
        self.write(bytes)?;
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let kept = self.file.sync_all().and_then(|()| File::open(parent)?.sync_all());
        kept.map_err(|why| Error::File { what: "cannot keep", path: self.path.clone(), why })?;
        self.done = true;
        Ok(())
    }
}

impl Drop for OutFile {
    fn drop(&mut self) {
        if !self.done {
            // Half of it is good for nothing.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
