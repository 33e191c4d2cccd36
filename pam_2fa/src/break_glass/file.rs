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

/// All of the file, and when it was written last in seconds since 1970. It is opened for writing, too: where a code cannot be marked as
/// used, nobody is asked for one.
pub(super) fn read(path: &CStr) -> Result<(Vec<u8>, i64), Flaw> {
    let (file, about) = opened(path)?;
    let mut bytes = vec![0; LONGEST];
    let length = read_at(&file, &mut bytes, 0).map_err(failed("read"))?;
    bytes.truncate(length);
    Ok((bytes, about.st_mtime))
}

/// Marks a record as used, durably, if it is still as it was read; its id.
pub(super) fn mark_used(path: &CStr, number: usize, bytes: &[u8]) -> Result<String, Flaw> {
    let file = locked(path)?;
    let at = number.saturating_mul(RECORD);
    let mut line = [0; RECORD];
    let place = i64::try_from(at).unwrap_or(i64::MAX);
    read_at(&file, &mut line, place).map_err(failed("read"))?;
    let was = bytes.get(at..).unwrap_or_default();
    let record = Record::parse(&line).ok().filter(|_| was.starts_with(&line));
    let id = record.ok_or(Flaw("it was changed while the code was typed", None))?.id.to_owned();
    write_at(&file, State::Used.byte(), place).map_err(failed("write"))?;
    Ok(id)
    // The lock goes with the descriptor.
}

/// The file that stands at the path, held against commands that put another in its place and against other logins.
fn locked(path: &CStr) -> Result<OwnedFd, Flaw> {
    for _ in 0..TRIES {
        let (file, about) = opened(path)?;
        if lock(&file).is_ok()
            && about_path(path).is_ok_and(|there| (there.st_dev, there.st_ino) == (about.st_dev, about.st_ino))
        {
            return Ok(file);
        }
        std::thread::sleep(APART);
    }
    Err(Flaw("it is held by another process", None))
}

fn opened(path: &CStr) -> Result<(OwnedFd, About), Flaw> {
    let file = open(path, O_RDWR).map_err(failed("open"))?;
    let about = about(&file).map_err(failed("fstat"))?;
    let is_roots =
        about.st_mode & S_IFMT == S_IFREG && about.st_nlink == 1 && about.st_uid == 0 && about.st_mode & 0o077 == 0;
    if is_roots {
        Ok((file, about))
    } else {
        Err(Flaw("it is not root's alone (a plain file of one name, 0600)", None))
    }
}

fn failed(call: &'static str) -> impl Fn(io::Error) -> Flaw {
    move |error| Flaw(call, Some(error))
}
