//! A Unix stream socket whose every wait has a deadline. std cannot bound a connect, and a non-blocking one to a full backlog
//! fails at once with EAGAIN and polls ready at once, so it is the blocking one with `SO_SNDTIMEO`.
//!
//! No signal (`MSG_NOSIGNAL`), no descriptor that an exec would inherit, none of 0 to 2.

use libc::{c_int, c_void, socklen_t};
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

use crate::clock::Deadline;
use crate::options::LONGEST_SOCKET_PATH;
use crate::stop::Stop;

/// A connected socket, closed on drop.
#[derive(Debug)]
pub(crate) struct Stream(OwnedFd);

/// What stands to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pending {
    /// Nothing, and the peer is there.
    Nothing,
    /// Bytes.
    Bytes,
    /// The peer has closed.
    End,
}

/// What a wait is for.
#[derive(Debug, Clone, Copy)]
enum Wait {
    ToRead,
    ToWrite,
}

impl Stream {
    /// Connects to the socket at `path`.
    ///
    /// # Errors
    /// [`Stop::System`]; [`Stop::TimedOut`] when the listener's backlog stays full.
    pub(crate) fn connect(path: &CStr, deadline: &Deadline) -> Result<Self, Stop> {
        let fd = new_socket()?;
        let address = address(path)?;
        let length = socklen_t::try_from(size_of_val(&address)).unwrap_or(0);
        loop {
            limit_connect(&fd, deadline.left()?)?;
            // SAFETY: `address` is a sockaddr_un of ours of that length.
            if unsafe { libc::connect(fd.as_raw_fd(), (&raw const address).cast(), length) } == 0 {
                return Ok(Self(fd));
            }
            match io::Error::last_os_error() {
                // A connect of AF_UNIX that was interrupted, or timed out, has not begun (unix(7)): it may be tried again.
                error if is_again(&error) || is_interrupted(&error) => {}
                error => return Err(Stop::System("connect", error)),
            }
        }
    }

    /// The effective uid of who called listen(2), as the kernel noted it then.
    ///
    /// # Errors
    /// [`Stop::System`].
    pub(crate) fn peer_uid(&self) -> Result<u32, Stop> {
        let mut peer = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
        let mut length = socklen_t::try_from(size_of_val(&peer)).unwrap_or(0);
        let wanted = length;
        // SAFETY: `peer` is `length` bytes of ours, and `length` is ours to write to.
        let code = unsafe {
            libc::getsockopt(
                self.0.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERCRED,
                (&raw mut peer).cast(),
                &raw mut length,
            )
        };
        if code != 0 || length != wanted {
            return Err(Stop::System("getsockopt SO_PEERCRED", io::Error::last_os_error()));
        }
        Ok(peer.uid)
    }

    /// Sends it all.
    ///
    /// # Errors
    /// [`Stop::System`], [`Stop::TimedOut`], [`Stop::Clock`].
    pub(crate) fn send_all(&self, bytes: &[u8], deadline: &Deadline) -> Result<(), Stop> {
        let mut rest = bytes;
        while !rest.is_empty() {
            self.wait(Wait::ToWrite, deadline)?;
            // SAFETY: `rest` is that many bytes of ours to read.
            let sent = unsafe {
                libc::send(
                    self.0.as_raw_fd(),
                    rest.as_ptr().cast::<c_void>(),
                    rest.len(),
                    libc::MSG_NOSIGNAL | libc::MSG_DONTWAIT,
                )
            };
            match usize::try_from(sent) {
                Ok(sent) => rest = rest.get(sent..).unwrap_or_default(),
                Err(_) => passing("send")?,
            }
        }
        Ok(())
    }

    /// Receives at least one byte; none when the peer has closed.
    ///
    /// # Errors
    /// [`Stop::System`], [`Stop::TimedOut`], [`Stop::Clock`].
    pub(crate) fn receive(&self, into: &mut [u8], deadline: &Deadline) -> Result<usize, Stop> {
        loop {
            self.wait(Wait::ToRead, deadline)?;
            match usize::try_from(self.receive_now(into, libc::MSG_DONTWAIT)) {
                Ok(received) => return Ok(received),
                Err(_) => passing("recv")?,
            }
        }
    }

    /// What stands to be read now. Nothing is taken, nothing waited for.
    ///
    /// # Errors
    /// [`Stop::System`].
    pub(crate) fn pending(&self) -> Result<Pending, Stop> {
        match self.receive_now(&mut [0], libc::MSG_DONTWAIT | libc::MSG_PEEK) {
            0 => Ok(Pending::End),
            1.. => Ok(Pending::Bytes),
            ..0 => passing("recv").map(|()| Pending::Nothing),
        }
    }

    fn receive_now(&self, into: &mut [u8], flags: c_int) -> isize {
        // SAFETY: `into` is that many bytes of ours to write to.
        unsafe { libc::recv(self.0.as_raw_fd(), into.as_mut_ptr().cast::<c_void>(), into.len(), flags) }
    }

    /// Waits until a read or write does something, if only fail.
    fn wait(&self, what: Wait, deadline: &Deadline) -> Result<(), Stop> {
        let events = match what {
            Wait::ToRead => libc::POLLIN,
            Wait::ToWrite => libc::POLLOUT,
        };
        loop {
            let mut poll = libc::pollfd { fd: self.0.as_raw_fd(), events, revents: 0 };
            // What has come by the deadline counts, also where this process was stopped until after it.
            let (left, late) = match deadline.left() {
                Ok(left) => (rounded_up(left), None),
                Err(Stop::TimedOut) => (0, Some(Stop::TimedOut)),
                Err(stop) => return Err(stop),
            };
            // SAFETY: `poll` is one pollfd of ours to write to.
            match unsafe { libc::poll(&raw mut poll, 1, left) } {
                0 => late.map_or(Ok(()), Err)?,
                1.. => return Ok(()),
                ..0 => match io::Error::last_os_error() {
                    error if is_interrupted(&error) => {}
                    error => return Err(Stop::System("poll", error)),
                },
            }
        }
    }
}

/// A socket above the standard streams. In a host that has closed those, a socket could be number 1 or 2, and whatever the
/// host prints at a prompt would go to the daemon.
fn new_socket() -> Result<OwnedFd, Stop> {
    let first = {
        // SAFETY: takes numbers only.
        let fd = unsafe { libc::socket(libc::AF_UNIX, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0) };
        owned("socket", fd)?
    };
    above_streams(first)
}

/// The same file under a number that is none of the standard streams'.
pub(super) fn above_streams(first: OwnedFd) -> Result<OwnedFd, Stop> {
    if first.as_raw_fd() > libc::STDERR_FILENO {
        return Ok(first);
    }
    let lowest = libc::STDERR_FILENO.saturating_add(1);
    // SAFETY: `first` is open, the rest is numbers.
    let fd = unsafe { libc::fcntl(first.as_raw_fd(), libc::F_DUPFD_CLOEXEC, lowest) };
    owned("fcntl", fd)
}

fn owned(call: &'static str, fd: c_int) -> Result<OwnedFd, Stop> {
    if fd < 0 {
        return Err(Stop::System(call, io::Error::last_os_error()));
    }
    // SAFETY: the kernel has just made this descriptor, and nobody else has it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn address(path: &CStr) -> Result<libc::sockaddr_un, Stop> {
    let mut address =
        libc::sockaddr_un { sun_family: libc::sa_family_t::try_from(libc::AF_UNIX).unwrap_or(0), sun_path: [0; 108] };
    let bytes = path.to_bytes();
    if bytes.len() > LONGEST_SOCKET_PATH {
        return Err(Stop::System("connect", io::ErrorKind::InvalidInput.into()));
    }
    for (to, from) in address.sun_path.iter_mut().zip(bytes) {
        *to = libc::c_char::from_ne_bytes([*from]); // signed on one architecture, unsigned on another
    }
    Ok(address)
}

/// Bounds a connect by the time that is left.
fn limit_connect(fd: &OwnedFd, left: Duration) -> Result<(), Stop> {
    let limit = libc::timeval {
        tv_sec: libc::time_t::try_from(left.as_secs()).unwrap_or(libc::time_t::MAX),
        // Zero would mean for ever.
        tv_usec: libc::suseconds_t::from(left.subsec_micros().max(1)),
    };
    let length = socklen_t::try_from(size_of_val(&limit)).unwrap_or(0);
    // SAFETY: `limit` is a timeval of ours of that length.
    let code = unsafe {
        libc::setsockopt(fd.as_raw_fd(), libc::SOL_SOCKET, libc::SO_SNDTIMEO, (&raw const limit).cast(), length)
    };
    if code == 0 { Ok(()) } else { Err(Stop::System("setsockopt SO_SNDTIMEO", io::Error::last_os_error())) }
}

/// `Ok` when the call that just failed may be tried again.
fn passing(call: &'static str) -> Result<(), Stop> {
    match io::Error::last_os_error() {
        error if is_again(&error) || is_interrupted(&error) => Ok(()),
        error => Err(Stop::System(call, error)),
    }
}

fn is_again(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

fn is_interrupted(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Interrupted
}

/// Milliseconds for poll(2), rounded up: rounded down, the last one would spin.
fn rounded_up(left: Duration) -> c_int {
    c_int::try_from(left.as_micros().div_ceil(1_000)).unwrap_or(c_int::MAX)
}
