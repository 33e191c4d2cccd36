//! One small file: opened, looked at, locked, one byte of it written. std's own would bring twice the code along.

use libc::c_int;
use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::socket::above_streams;

/// What the kernel says of a file.
pub(crate) type About = libc::stat;

/// Opens it for reading, or for reading and writing (`O_RDONLY`, `O_RDWR`); no link, and nothing that would wait.
pub(crate) fn open(path: &CStr, access: c_int) -> io::Result<OwnedFd> {
    let flags = access | libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC;
    // SAFETY: the path is a string.
    let fd = unsafe { libc::open(path.as_ptr(), flags) };
    done(fd)?;
    // SAFETY: the kernel has just made this descriptor, and nobody else has it.
    let file = unsafe { OwnedFd::from_raw_fd(fd) };
    // In a host that has closed those, whatever another thread prints would go into the file.
    above_streams(file).map_err(|_| io::Error::last_os_error())
}

/// About an open file.
pub(crate) fn about(file: &OwnedFd) -> io::Result<About> {
    let mut about = MaybeUninit::uninit();
    // SAFETY: `about` is a stat of ours to write to.
    done(unsafe { libc::fstat(file.as_raw_fd(), about.as_mut_ptr()) })?;
    // SAFETY: the call has written all of it.
    Ok(unsafe { about.assume_init() })
}

/// About what stands at a path; a link itself.
pub(crate) fn about_path(path: &CStr) -> io::Result<About> {
    let mut about = MaybeUninit::uninit();
    // SAFETY: the path is a string, and `about` is a stat of ours to write to.
    done(unsafe { libc::lstat(path.as_ptr(), about.as_mut_ptr()) })?;
    // SAFETY: the call has written all of it.
    Ok(unsafe { about.assume_init() })
}

/// Reads from a place on; how many bytes.
pub(crate) fn read_at(file: &OwnedFd, into: &mut [u8], at: i64) -> io::Result<usize> {
    // SAFETY: `into` is that many bytes of ours to write to.
    let read = unsafe { libc::pread(file.as_raw_fd(), into.as_mut_ptr().cast(), into.len(), at) };
    usize::try_from(read).map_err(|_| io::Error::last_os_error())
}

/// Writes one byte at a place, durably.
pub(crate) fn write_at(file: &OwnedFd, byte: u8, at: i64) -> io::Result<()> {
    // SAFETY: one byte of ours to read.
    let written = unsafe { libc::pwrite(file.as_raw_fd(), (&raw const byte).cast(), 1, at) };
    if written != 1 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: takes a number.
    done(unsafe { libc::fdatasync(file.as_raw_fd()) })
}

/// Locks it against others, if nobody has it.
pub(crate) fn lock(file: &OwnedFd) -> io::Result<()> {
    // SAFETY: takes numbers.
    done(unsafe { libc::flock(file.as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) })
}

fn done(code: c_int) -> io::Result<()> {
    if code < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
