//! The key's file, taken away once the credential is in use. It writes over nothing that is not its folder's owner's, and follows no link.

use crate::error::Error;
use crate::outfile::folder;
use nix::fcntl::OFlag;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// More bytes than a key's file has.
const LONGEST: u64 = 1024;

/// Takes the key's file away, its bytes first written over where they stand: `key.gone` between the two, which the next run ends. Whether
/// there was one. On a file system that writes in place, and a disk that does, nothing of it is left to be read.
pub(super) fn wipe(key: &Path) -> Result<bool, Error> {
    let gone = key.with_extension("gone");
    let fail = |why| Error::File {
        what: "the credential is in use, and the file that it replaces is not taken away:",
        path: key.to_owned(),
        why,
    };
    let was_there = match std::fs::rename(key, &gone) {
        Err(why) if why.kind() == ErrorKind::NotFound => false,
        renamed => renamed.and_then(|()| File::open(folder(key))?.sync_all()).map(|()| true).map_err(fail)?,
    };
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = match OpenOptions::new().write(true).custom_flags(flags.bits()).open(&gone) {
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(was_there),
        opened => opened.map_err(fail)?,
    };
    let owner = folder(key).metadata().map_err(fail)?.uid();
    overwritten(file, owner).and_then(|()| std::fs::remove_file(&gone)).map_err(fail)?;
    File::open(folder(key)).and_then(|folder| folder.sync_all()).map_err(fail)?;
    Ok(true)
}

/// What is another's is no key of configd's, whatever name it has in its folder.
fn overwritten(mut file: File, owner: u32) -> io::Result<()> {
    let about = file.metadata()?;
    if !about.is_file() || about.uid() != owner {
        return Err(io::Error::other("it is no file of the folder's owner; look who put it there"));
    }
    let length = about.len().min(LONGEST);
    file.write_all(&vec![0; usize::try_from(length).unwrap_or_default()])?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_written_over_where_it_stands_before_it_goes_and_what_a_killed_run_left_goes_too() {
        let base = tempfile::tempdir().unwrap();
        let (key, gone, second) = (base.path().join("key"), base.path().join("key.gone"), base.path().join("second"));
        std::fs::write(&key, "pam-2fa-key:v1:…").unwrap();
        // Somebody else's name for the same bytes on the disk.
        std::fs::hard_link(&key, &second).unwrap();
        assert!(wipe(&key).unwrap());
        assert!(!key.exists() && !gone.exists());
        let left = std::fs::read(&second).unwrap();
        assert!(
            left.iter().all(|byte| *byte == 0) && left.len() as u64 == second.metadata().unwrap().size(),
            "{left:?}"
        );
        assert!(!wipe(&key).unwrap());
        std::fs::write(&gone, "half").unwrap();
        assert!(wipe(&key).unwrap() && !gone.exists());
    }
}
