//! The drop-in as a file: at every moment its name stands for one whole file or for none, whatever becomes of this process.
//! It knows nothing of what stands in it.
//!
//! Beside it, under names that sshd's `Include …/*.conf` does not take, are for moments what comes next, what sshd is asked
//! about, and the note that a sshd has still to be told.

use super::sshd::writable;
use crate::error::Error;
use nix::fcntl::OFlag;
use std::fs::{File, OpenOptions, metadata};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// It sorts before `00-pam-2fa.conf` and before distributions' `50-…`: of two `Match` blocks that fit sshd takes the first.
pub(super) const NAME: &str = "00-pam-2fa-exempt.conf";
/// As much as sshd_config(5) can hold of exemptions; what is longer was not written here.
const LONGEST: u64 = 4 << 20;

/// Whether there is such a file beside a main file.
pub(super) fn is_written(config: &Path) -> bool {
    let mut folder = config.as_os_str().to_owned();
    folder.push(".d");
    Path::new(&folder).join(NAME).symlink_metadata().is_ok()
}

/// The folder that the main file includes, locked against other runs until this is dropped.
pub(super) struct Folder {
    file: File,
    path: PathBuf,
    _lock: File,
}

/// The drop-in as it was found; none where it is not there.
pub(super) struct Found {
    pub(super) text: Option<String>,
    /// Seconds since 1970 at which it was written last.
    pub(super) written_s: i64,
    /// Who but root could have written it. Nothing is added to such a file, and what is over ends in it all the same.
    pub(super) unfit: Option<String>,
}

impl Folder {
    /// Locks the folder beside the main file, `FILE.d`; waits for whoever has it.
    pub(super) fn lock(config: &Path) -> Result<Self, Error> {
        let mut path = config.as_os_str().to_owned();
        path.push(".d");
        let path = PathBuf::from(path);
        let fail = |why| Error::File { what: "cannot lock", path: path.clone(), why };
        let file = match File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let why = format!(
                    "is not there; make it, and let {} begin with `Include {}/*.conf`",
                    config.display(),
                    path.display()
                );
                return Err(Error::Unfit { path, why });
            }
            other => other.map_err(fail)?,
        };
        let own = file.metadata().map_err(fail)?;
        if let Some(why) = writable(&own).filter(|_| own.is_dir()) {
            return Err(Error::Unfit { path, why: format!("{why}; who writes there decides who logs in") });
        }
        // Not the folder itself: anybody who may read a folder may lock it too, and for ever (flock(2)).
        let lock = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(path.join(".pam-2fa-exempt.lock"))
            .map_err(fail)?;
        lock.lock().map_err(fail)?;
        let folder = Self { file, path, _lock: lock };
        // Of a run that was killed. Under the lock they are nobody's. What is owed stays.
        for left in ["new", "check"] {
            let path = folder.hidden(left);
            gone(std::fs::remove_file(&path)).map_err(|why| Error::File { what: "cannot remove", path, why })?;
        }
        Ok(folder)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The drop-in.
    pub(super) fn target(&self) -> PathBuf {
        self.path.join(NAME)
    }

    fn hidden(&self, what: &str) -> PathBuf {
        self.path.join(format!(".pam-2fa-exempt.{what}"))
    }

    /// Reads the drop-in; a link is none of ours.
    pub(super) fn read(&self) -> Result<Found, Error> {
        let path = self.target();
        let fail = |why| Error::File { what: "cannot read", path: path.clone(), why };
        let file = match OpenOptions::new().read(true).custom_flags(OFlag::O_NOFOLLOW.bits()).open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Found { text: None, written_s: i64::MIN, unfit: None });
            }
            other => other.map_err(fail)?,
        };
        let own = file.metadata().map_err(fail)?;
        let mut bytes = Vec::new();
        file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(fail)?;
        if bytes.len() as u64 > LONGEST {
            return Err(Error::Unfit { path, why: String::from("is too long to be ours; remove it") });
        }
        // Ours is UTF-8. What is not was written by somebody else, and must not keep what is over from ending.
        let text = Some(String::from_utf8_lossy(&bytes).into_owned());
        Ok(Found { text, written_s: own.mtime(), unfit: writable(&own) })
    }

    /// Writes what is to come next beside the drop-in, durably. Its path, for [`Folder::install`].
    pub(super) fn prepare(&self, text: &str) -> Result<PathBuf, Error> {
        self.write("new", text)
    }

    /// Writes a file that sshd is asked about and nobody reads otherwise. Gone with what is returned.
    pub(super) fn question(&self, text: &str) -> Result<Question, Error> {
        self.write("check", text).map(Question)
    }

    /// Puts what was prepared, or nothing, into the drop-in's place, durably.
    pub(super) fn install(&self, prepared: Option<&Path>) -> Result<(), Error> {
        let target = self.target();
        let done = match prepared {
            Some(prepared) => std::fs::rename(prepared, &target),
            None => gone(std::fs::remove_file(&target)),
        };
        done.map_err(|why| Error::File { what: "cannot replace", path: target.clone(), why })?;
        self.settle(&target)
    }

    /// Notes, durably, that a sshd has to be told; said before something changes, so that a run that is killed in between leaves
    /// the next one with the work and not with a sshd that knows an old file.
    pub(super) fn owe(&self) -> Result<(), Error> {
        let path = self.write("reload", "")?;
        self.settle(&path)
    }

    /// Whether a sshd is still to be told.
    pub(super) fn owes(&self) -> bool {
        self.hidden("reload").symlink_metadata().is_ok()
    }

    /// It has been told.
    pub(super) fn told(&self) -> Result<(), Error> {
        let path = self.hidden("reload");
        gone(std::fs::remove_file(&path)).map_err(|why| Error::File { what: "cannot remove", path, why })
    }

    fn settle(&self, path: &Path) -> Result<(), Error> {
        let late = |why| Error::File { what: "written, but perhaps not durably,", path: path.to_owned(), why };
        self.file.sync_all().map_err(late)
    }

    fn write(&self, what: &str, text: &str) -> Result<PathBuf, Error> {
        let path = self.hidden(what);
        let written = (|| {
            // What is owed may be owed already.
            gone(std::fs::remove_file(&path))?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })();
        match written {
            Ok(()) => Ok(path),
            Err(why) => {
                let _ = std::fs::remove_file(&path);
                Err(Error::File { what: "cannot write", path, why })
            }
        }
    }
}

/// A file for sshd to judge; removed when dropped.
pub(super) struct Question(PathBuf);

impl Question {
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Question {
    fn drop(&mut self) {
        // If this fails, the next run begins with removing it.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// The main file's text; where it cannot be read, sshd says so itself.
pub(super) fn main_text(config: &Path) -> String {
    std::fs::read(config).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// Whether a file is there at all.
pub(super) fn is_there(path: &Path) -> bool {
    metadata(path).is_ok()
}
