//! The file of break-glass codes, held against other commands and against the module: at every moment its name stands for the old one or
//! the new one, whole, and no mark that the module made is lost.

use crate::error::Error;
use nix::fcntl::OFlag;
use pam_2fa_protocol::break_glass::{FILE, MOST, RECORD, Record, State, heading, records};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// More bytes than a file has.
const LONGEST: u64 = ((MOST + 1) * RECORD) as u64;

/// How often the module's lock is tried, and how long apart: it holds it for a write of one byte.
const TRIES: usize = 100;
const APART: Duration = Duration::from_millis(50);

/// The file as it was found, and nobody else changes it until this is dropped.
pub(crate) struct Held {
    path: PathBuf,
    folder: File,
    /// None: it is not there.
    file: Option<File>,
    bytes: Vec<u8>,
    /// When it was written last, seconds since 1970.
    pub(super) written_s: i64,
}

impl Held {
    /// Takes it.
    pub(super) fn take(config: &Path) -> Result<Self, Error> {
        let parent = config.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let path = parent.join(FILE);
        let fail = |what: &'static str| {
            let path = path.clone();
            move |why| Error::File { what, path, why }
        };
        // Commands wait for each other here. The module never holds the folder.
        let folder = File::open(parent)
            .and_then(|folder| folder.lock().map(|()| folder))
            .map_err(fail("cannot lock the folder of"))?;
        // Of a run that was killed. Under the lock it is nobody's.
        gone(std::fs::remove_file(draft(&path))).map_err(fail("cannot begin with"))?;
        let file = match OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
            .open(&path)
        {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Self { path, folder, file: None, bytes: heading(), written_s: i64::MIN });
            }
            other => other.map_err(fail("cannot open"))?,
        };
        let about = file.metadata().map_err(fail("cannot read"))?;
        if let Some(why) = unfit(&about) {
            return Err(Error::Unfit {
                path,
                why: format!("{why}, so no code in it counts; look who wrote it, and take it away"),
            });
        }
        lock(&file).map_err(fail("cannot lock"))?;
        let mut bytes = Vec::new();
        (&file).take(LONGEST + 1).read_to_end(&mut bytes).map_err(fail("cannot read"))?;
        let written_s = file.metadata().map_err(fail("cannot read"))?.mtime();
        if records(&bytes).is_none() {
            let why =
                String::from("is no file of break-glass codes of this release; look what it is, and take it away");
            return Err(Error::Unfit { path, why });
        }
        Ok(Self { path, folder, file: Some(file), bytes, written_s })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What stands in it, with the place of each record in bytes; damaged ones are counted and left out.
    pub(super) fn records(&self) -> (Vec<(usize, Record<'_>)>, usize) {
        let all: Vec<_> = records(&self.bytes).into_iter().flatten().collect();
        let whole: Vec<_> = all.iter().filter_map(|(at, record)| Some((*at, record.as_ref().ok().copied()?))).collect();
        let damaged = all.len().saturating_sub(whole.len());
        (whole, damaged)
    }

    /// Puts these lines in the place of all that stand in it, durably; it is gone where there is none.
    pub(super) fn replace(self, lines: &[Vec<u8>]) -> Result<(), Error> {
        let fail = |why| Error::File { what: "cannot write", path: self.path.clone(), why };
        if lines.is_empty() {
            gone(std::fs::remove_file(&self.path)).map_err(fail)?;
            return self.folder.sync_all().map_err(fail);
        }
        let draft = draft(&self.path);
        let written = (|| {
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
            file.write_all(&heading())?;
            lines.iter().try_for_each(|line| file.write_all(line))?;
            file.sync_all()?;
            std::fs::rename(&draft, &self.path)
        })();
        if written.is_err() {
            // Half of it is good for nothing. Where this fails too, the next run begins with it.
            let _ = std::fs::remove_file(&draft);
        }
        written.and_then(|()| self.folder.sync_all()).map_err(fail)
    }

    /// Marks a record, in its place and durably.
    pub(super) fn mark(&self, at: usize, state: State) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        // The time of the last write says when a code was used; a mark is no use.
        let times = file.metadata()?;
        file.write_all_at(&[state.byte()], u64::try_from(at).unwrap_or(u64::MAX))?;
        let kept = std::fs::FileTimes::new().set_accessed(times.accessed()?).set_modified(times.modified()?);
        file.set_times(kept)?;
        file.sync_data()
    }
}

/// Why the module would not believe it.
fn unfit(about: &std::fs::Metadata) -> Option<&'static str> {
    if !about.is_file() || about.nlink() != 1 {
        Some("is no plain file with one name")
    } else if about.uid() != 0 {
        Some("has another owner than root")
    } else if about.mode() & 0o077 != 0 {
        Some("can be read or written by others than root")
    } else if about.len() > LONGEST {
        Some("is too long")
    } else {
        None
    }
}

fn lock(file: &File) -> io::Result<()> {
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(APART),
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(ErrorKind::WouldBlock.into())
}

fn draft(path: &Path) -> PathBuf {
    path.with_file_name(format!(".{FILE}.pam-2fa"))
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
