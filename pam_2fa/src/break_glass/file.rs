//! The file of break-glass codes: read whole, and one byte of it written. It must be one that only root can have written, and it is
//! never open while somebody is asked.

use libc::{O_RDWR, S_IFMT, S_IFREG};
use pam_2fa_protocol::break_glass::{MOST, RECORD, Record, State};
use std::ffi::CStr;
use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use super::Flaw;
use crate::ffi::file::{About, about, about_path, lock, open, read_at, write_at};

/// The longest file in bytes.
const LONGEST: usize = (MOST + 1) * RECORD;

/// How often the lock is tried, and how long apart: two seconds in all. Who holds it is a command or another login, for moments.
const TRIES: usize = 40;
const APART: Duration = Duration::from_millis(50);

/// All of the file, and when it was written last in seconds since 1970.
pub(super) struct Read {
    pub(super) bytes: Vec<u8>,
    pub(super) written_s: i64,
}

/// Reads it. It is opened for writing, too: where a code cannot be marked as used, nobody is asked for one.
pub(super) fn read(path: &CStr) -> Result<Read, Flaw> {
    let (file, about) = opened(path)?;
    whole(&file, &about)
}

/// Marks the record that `find` has found in the file as it is now, durably; its id. None where there is none.
pub(super) fn mark_used(
    path: &CStr,
    find: impl FnOnce(&Read) -> Result<Option<usize>, Flaw>,
) -> Result<Option<String>, Flaw> {
    let (file, about) = locked(path)?;
    let read = whole(&file, &about)?;
    let Some(number) = find(&read)? else { return Ok(None) };
    let at = number.saturating_mul(RECORD);
    let line = read.bytes.get(at..at.saturating_add(RECORD)).unwrap_or_default();
    let id = Record::parse(line).map_err(|_| Flaw("it is damaged", None))?.id.to_owned();
    write_at(&file, State::Used.byte(), i64::try_from(at).unwrap_or(i64::MAX)).map_err(failed("write"))?;
    Ok(Some(id))
    // The lock goes with the descriptor.
}

/// The file that stands at the path, held against commands that put another in its place and against other logins.
fn locked(path: &CStr) -> Result<(OwnedFd, About), Flaw> {
    for _ in 0..TRIES {
        let (file, about) = opened(path)?;
        let is_still = |there: About| (there.st_dev, there.st_ino) == (about.st_dev, about.st_ino);
        if lock(&file).is_ok() && about_path(path).is_ok_and(is_still) {
            return Ok((file, about));
        }
        std::thread::sleep(APART);
    }
    Err(Flaw("it is held by another process; the code is good still", None))
}

fn opened(path: &CStr) -> Result<(OwnedFd, About), Flaw> {
    let file = open(path, O_RDWR).map_err(failed("open"))?;
    let about = about(&file).map_err(failed("fstat"))?;
    let is_plain = about.st_mode & S_IFMT == S_IFREG && about.st_nlink == 1;
    let is_short = usize::try_from(about.st_size).is_ok_and(|size| size <= LONGEST);
    if is_plain && is_short && about.st_uid == 0 && about.st_mode & 0o077 == 0 {
        return Ok((file, about));
    }
    Err(Flaw("it is not root's alone (a plain file of one name, 0600)", None))
}

fn whole(file: &OwnedFd, about: &About) -> Result<Read, Flaw> {
    let mut bytes = vec![0; LONGEST];
    let length = read_at(file, &mut bytes, 0).map_err(failed("read"))?;
    bytes.truncate(length);
    Ok(Read { bytes, written_s: about.st_mtime })
}

fn failed(call: &'static str) -> impl Fn(io::Error) -> Flaw {
    move |error| Flaw(call, Some(error))
}
