//! A lock on a file (flock(2)), waited for and not for ever: whoever may read the file may lock it.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::time::Duration;

/// How often a lock is tried, and how long apart.
const TRIES: usize = 100;
const APART: Duration = Duration::from_millis(50);

/// How long to wait for another command.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    None,
    Some,
}

/// Takes it, until the file is closed.
pub(crate) fn lock(file: &File, patience: Patience) -> io::Result<()> {
    let tries = if patience == Patience::Some { TRIES } else { 1 };
    for number in 1..=tries {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if number < tries => std::thread::sleep(APART),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => return Err(error),
        }
    }
    Err(io::Error::new(ErrorKind::WouldBlock, "another process has it; look which (lsof), and try again"))
}
