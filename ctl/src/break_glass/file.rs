//! The file of break-glass codes, held against other commands and against the module: at every moment its name stands for the old one or
//! the new one, whole, and no mark that the module made is lost.

use crate::error::Error;
use crate::lock::{Patience, lock};
use nix::fcntl::OFlag;
use pam_2fa_protocol::break_glass::{FILE, MOST, RECORD, Record, State, heading, records};
use std::fs::{File, FileTimes, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// More bytes than a file has.
const LONGEST: u64 = ((MOST + 1) * RECORD) as u64;

/// The file as it was found.
pub(crate) struct Seen {
    pub(super) path: PathBuf,
    bytes: Vec<u8>,
    /// When it was written last, seconds since 1970; long ago where it is not there.
    pub(super) written_s: i64,
}

impl Seen {
    /// What stands in it; damaged records are counted and left out.
    pub(super) fn records(&self) -> (Vec<Record<'_>>, usize) {
        let all: Vec<_> = records(&self.bytes).into_iter().flatten().collect();
        let whole: Vec<_> = all.iter().filter_map(|(_, record)| record.as_ref().ok().copied()).collect();
        let damaged = all.len().saturating_sub(whole.len());
        (whole, damaged)
    }
}

/// Looks at it: nothing is written, locked or waited for, so that this works on the worst of days.
pub(super) fn look(config: &Path) -> Result<Seen, Error> {
    let path = folder_of(config).join(FILE);
    let file = open(&path, OpenOptions::new().read(true))?;
    seen(path, file.as_ref())
}

/// The folder, held against other commands. The module never holds it, and holds the file for moments.
pub(super) struct Folder {
    file: File,
    path: PathBuf,
}

impl Folder {
    /// Locks it. Not for ever: whoever may read a folder may lock it (flock(2)), and here that is configd's group, too.
    pub(super) fn lock(config: &Path, patience: Patience) -> Result<Self, Error> {
        let path = folder_of(config).to_owned();
        let fail = |why| Error::File { what: "cannot lock", path: path.clone(), why };
        let file = File::open(&path).map_err(fail)?;
        lock(&file, patience).map_err(fail)?;
        Ok(Self { file, path: path.join(FILE) })
    }

    /// Takes the file, to put another in its place.
    pub(super) fn take(self) -> Result<Held, Error> {
        let fail = |why| Error::File { what: "cannot lock", path: self.path.clone(), why };
        let file = open(&self.path, OpenOptions::new().read(true).write(true))?;
        if let Some(file) = &file {
            lock(file, Patience::Some).map_err(fail)?;
        }
        let seen = seen(self.path.clone(), file.as_ref())?;
        Ok(Held { seen, folder: self, _file: file })
    }

    /// Marks a use as written down, in its place and durably. The time of the last write stays: it says when a code was used.
    pub(super) fn mark_noted(&self, id: &str) -> Result<(), Error> {
        let fail = |why| Error::File { what: "cannot mark a use in", path: self.path.clone(), why };
        let Some(file) = open(&self.path, OpenOptions::new().read(true).write(true))? else { return Ok(()) };
        lock(&file, Patience::Some).map_err(fail)?;
        let seen = seen(self.path.clone(), Some(&file))?;
        let is_it = |record: &Record<'_>| record.id == id && record.state == State::Used;
        let place = records(&seen.bytes).into_iter().flatten().find(|(_, record)| record.as_ref().is_ok_and(is_it));
        let Some((at, _)) = place else { return Ok(()) };
        let marked = (|| {
            let times = file.metadata()?;
            file.write_all_at(&[State::Noted.byte()], u64::try_from(at).unwrap_or(u64::MAX))?;
            file.set_times(FileTimes::new().set_accessed(times.accessed()?).set_modified(times.modified()?))?;
            file.sync_data()
        })();
        marked.map_err(fail)
    }
}

/// The file, which nobody else changes until this is dropped.
pub(super) struct Held {
    pub(super) seen: Seen,
    folder: Folder,
    _file: Option<File>,
}

impl Held {
    /// Puts these lines in the place of all that stand in it, durably; it is gone where there is none.
    pub(super) fn replace(self, lines: &[Vec<u8>]) -> Result<(), Error> {
        let path = &self.seen.path;
        let fail = |why| Error::File { what: "cannot write", path: path.clone(), why };
        if lines.is_empty() {
            gone(std::fs::remove_file(path)).map_err(fail)?;
            return self.folder.file.sync_all().map_err(fail);
        }
        let draft = draft(path);
        let written = (|| {
            // Of a run that was killed. Under the lock it is nobody's.
            gone(std::fs::remove_file(&draft))?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
            file.write_all(&heading())?;
            lines.iter().try_for_each(|line| file.write_all(line))?;
            self.keep_time(&file)?;
            file.sync_all()?;
            std::fs::rename(&draft, path)
        })();
        if written.is_err() {
            // Half of it is good for nothing. Where this fails too, the next run begins with it.
            let _ = std::fs::remove_file(&draft);
        }
        written.and_then(|()| self.folder.file.sync_all()).map_err(fail)
    }

    /// No code lives longer because the clock stands behind the time at which the file was written before.
    fn keep_time(&self, new: &File) -> io::Result<()> {
        if new.metadata()?.mtime() >= self.seen.written_s {
            return Ok(());
        }
        let before = Duration::from_secs(u64::try_from(self.seen.written_s).unwrap_or(0));
        new.set_times(FileTimes::new().set_modified(UNIX_EPOCH + before))
    }
}

fn folder_of(config: &Path) -> &Path {
    config.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// None: it is not there.
fn open(path: &Path, options: &mut OpenOptions) -> Result<Option<File>, Error> {
    let fail = |what| move |why| Error::File { what, path: path.to_owned(), why };
    let file = match options.custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits()).open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        other => other.map_err(fail("cannot open"))?,
    };
    let about = file.metadata().map_err(fail("cannot read"))?;
    match unfit(&about) {
        None => Ok(Some(file)),
        Some(why) => Err(Error::Unfit {
            path: path.to_owned(),
            why: format!("{why}, so no code in it counts; look who wrote it, and take it away"),
        }),
    }
}

fn seen(path: PathBuf, file: Option<&File>) -> Result<Seen, Error> {
    let Some(file) = file else { return Ok(Seen { path, bytes: heading(), written_s: i64::MIN }) };
    let fail = |why| Error::File { what: "cannot read", path: path.clone(), why };
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(fail)?;
    let written_s = file.metadata().map_err(fail)?.mtime();
    if records(&bytes).is_none() {
        let why = String::from("is no file of break-glass codes of this release; look what it is, and take it away");
        return Err(Error::Unfit { path, why });
    }
    Ok(Seen { path, bytes, written_s })
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

fn draft(path: &Path) -> PathBuf {
    path.with_file_name(format!(".{FILE}.pam-2fa"))
}

fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
