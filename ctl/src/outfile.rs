//! A new file that only root can read, for what must not be lost and not be seen: never over another, under its name only when it is whole
//! and durable. Until then it is `.NAME.part` beside it, which a run that was killed leaves and the next one takes away.

use crate::error::Error;
use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, RenameFlags, renameat2};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

pub(crate) struct OutFile {
    /// Locked, for as long as it is written.
    file: File,
    path: PathBuf,
    part: PathBuf,
}

impl OutFile {
    /// Makes it, empty.
    pub(crate) fn new(path: &Path) -> Result<Self, Error> {
        let fail = |why| Error::File { what: "cannot make", path: path.to_owned(), why };
        match path.symlink_metadata() {
            Ok(_) => return Err(there_already(path)),
            Err(why) if why.kind() == ErrorKind::NotFound => {}
            Err(why) => return Err(fail(why)),
        }
        let name = path.file_name().ok_or_else(|| fail(io::Error::from(ErrorKind::InvalidFilename)))?;
        let part = folder(path).join(format!(".{}.part", name.to_string_lossy()));
        clear(&part).map_err(fail)?;
        let file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&part)
            .map_err(fail)?;
        file.try_lock().map_err(|why| fail(why.into()))?;
        Ok(Self { file, path: path.to_owned(), part })
    }

    /// Writes more.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.file.write_all(bytes).map_err(|why| Error::File { what: "cannot write", path: self.path.clone(), why })
    }

    /// Writes the rest, and gives it its name.
    pub(crate) fn finish(mut self, bytes: &[u8]) -> Result<(), Error> {
        self.write(bytes)?;
        let kept = self.file.sync_all().and_then(|()| name(&self.part, &self.path));
        kept.and_then(|()| File::open(folder(&self.path))?.sync_all()).map_err(|why| {
            if why.kind() == ErrorKind::AlreadyExists {
                return there_already(&self.path);
            }
            Error::File { what: "cannot keep", path: self.path.clone(), why }
        })
    }
}

impl Drop for OutFile {
    fn drop(&mut self) {
        // It has its name by now, or half of it is good for nothing. Where this fails, the next run begins with it.
        let _ = std::fs::remove_file(&self.part);
    }
}

/// What it is in.
pub(crate) fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn there_already(path: &Path) -> Error {
    let why = String::from("is there already, and is not written over; give another name, or move it away");
    Error::Unfit { path: path.to_owned(), why }
}

/// Takes away what a run that was killed has left; not what another is writing.
fn clear(part: &Path) -> io::Result<()> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    match OpenOptions::new().read(true).custom_flags(flags.bits()).open(part) {
        Err(why) if why.kind() == ErrorKind::NotFound => Ok(()),
        Err(why) => Err(why),
        Ok(left) => {
            left.try_lock()
                .map_err(|_| io::Error::other("another `pam-2fa` is writing it just now; wait for its end"))?;
            std::fs::remove_file(part)
        }
    }
}

/// Gives it its name, over nothing. A file system without second names (FAT) renames.
pub(crate) fn name(part: &Path, path: &Path) -> io::Result<()> {
    match std::fs::hard_link(part, path) {
        Err(why) if [Some(Errno::EPERM as i32), Some(Errno::EOPNOTSUPP as i32)].contains(&why.raw_os_error()) => {
            Ok(renameat2(AT_FDCWD, part, AT_FDCWD, path, RenameFlags::RENAME_NOREPLACE)?)
        }
        named => named,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{read, read_dir, write};
    use std::os::unix::fs::PermissionsExt;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_has_its_name_only_when_it_is_whole_and_one_that_was_not_finished_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy");
        let mut out = OutFile::new(&path).unwrap();
        out.write(b"half").unwrap();
        assert_eq!(names(folder.path()), [".copy.part"], "killed here, the name stands for nothing");
        drop(out);
        assert!(names(folder.path()).is_empty());
        let mut out = OutFile::new(&path).unwrap();
        out.write(b"all of ").unwrap();
        out.finish(b"it").unwrap();
        assert_eq!(names(folder.path()), ["copy"]);
        assert_eq!(read(&path).unwrap(), b"all of it");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
    }

    #[test]
    fn what_a_killed_run_left_is_taken_away_and_what_another_writes_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy");
        write(folder.path().join(".copy.part"), "of a run that was killed, and longer than what comes").unwrap();
        let out = OutFile::new(&path).unwrap();
        let busy = OutFile::new(&path).err().unwrap().to_string();
        assert!(busy.contains("another `pam-2fa` is writing it"), "{busy}");
        out.finish(b"whole").unwrap();
        assert_eq!((names(folder.path()), read(&path).unwrap()), (vec![String::from("copy")], b"whole".to_vec()));
        std::os::unix::fs::symlink("elsewhere", folder.path().join(".other.part")).unwrap();
        assert!(OutFile::new(&folder.path().join("other")).is_err(), "a link is nobody's");
    }

    #[test]
    fn nothing_is_written_over_also_not_what_came_meanwhile() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy");
        let out = OutFile::new(&path).unwrap();
        write(&path, "somebody else's").unwrap();
        let refused = out.finish(b"ours").unwrap_err().to_string();
        assert!(refused.contains("is there already"), "{refused}");
        assert_eq!(
            (names(folder.path()), read(&path).unwrap()),
            (vec![String::from("copy")], b"somebody else's".to_vec())
        );
        assert!(OutFile::new(&path).is_err());
    }
}
