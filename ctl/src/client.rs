//! One connection to `admin.sock`, or to `self.sock`. It speaks to root's socket only, waits for nothing without end, and turns what the daemon
//! refuses into errors that an administrator can act on.

use crate::clock::Deadline;
use crate::error::Error;
use nix::errno::Errno;
use nix::sys::socket::sockopt::{PeerCredentials, SendTimeout};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, UnixAddr, connect, getsockopt, setsockopt, socket};
use nix::sys::time::TimeVal;
use pam_2fa_protocol::admin::{NOT_FOUND, NOT_PERMITTED, NotFound, REFUSED, Refused, SEALED, Sealed};
use pam_2fa_protocol::frame::{Frame, write_frame};
use pam_2fa_protocol::own;
use pam_2fa_protocol::status;
use pam_2fa_protocol::wire::{IncomingReply, decode_reply, encode_call};
use pam_2fa_protocol::{FrameBuffer, More, WireError};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::io::{self, ErrorKind, Read};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// Until the daemon has taken the connection, and a frame.
const CONNECT_S: i64 = 2;
/// Until a call is answered that only looks and writes.
const ANSWER: Duration = Duration::from_secs(10);
/// Until a call is answered that sends: 20 s for each server that is tried, and three backups.
const SEND: Duration = Duration::from_secs(90);

pub(crate) struct Client {
    stream: UnixStream,
    buffer: FrameBuffer,
    socket: PathBuf,
}

impl Client {
    /// Connects to the daemon, and to nobody else: a socket that another uid made gets no byte.
    pub(crate) fn connect(runtime_dir: &Path) -> Result<Self, Error> {
        Self::connect_to(runtime_dir, "admin.sock")
    }

    /// The same, to another of its sockets.
    pub(crate) fn connect_to(runtime_dir: &Path, socket: &str) -> Result<Self, Error> {
        let path = runtime_dir.join(socket);
        let unreachable = |errno: Errno| Error::Unreachable { socket: path.clone(), why: errno.into() };
        let stream = open(&path).map_err(|errno| {
            // Its queue has been full all the time.
            let late = || Error::Late { socket: path.clone(), seconds: CONNECT_S.unsigned_abs() };
            if errno == Errno::EAGAIN { late() } else { unreachable(errno) }
        })?;
        let peer = getsockopt(&stream, PeerCredentials).map_err(unreachable)?;
        if peer.uid() != 0 {
            return Err(Error::Impostor { socket: path, uid: peer.uid() });
        }
        Ok(Self { stream, buffer: FrameBuffer::new(), socket: path })
    }

    /// One that somebody in a test answers.
    #[cfg(test)]
    pub(crate) fn over(stream: UnixStream) -> Self {
        Self { stream, buffer: FrameBuffer::new(), socket: PathBuf::from("/x/admin.sock") }
    }

    /// A call with one reply.
    pub(crate) fn call<R: DeserializeOwned>(&mut self, method: &str, parameters: &impl Serialize) -> Result<R, Error> {
        self.call_within(ANSWER, method, parameters)
    }

    /// The same, where the daemon leaves its store for it and opens it again.
    pub(crate) fn call_slow<R: DeserializeOwned>(
        &mut self,
        method: &str,
        parameters: &impl Serialize,
    ) -> Result<R, Error> {
        self.call_within(SEND, method, parameters)
    }

    fn call_within<R: DeserializeOwned>(
        &mut self,
        within: Duration,
        method: &str,
        parameters: &impl Serialize,
    ) -> Result<R, Error> {
        let deadline = Deadline::after(within);
        self.send(method, parameters, More::No)?;
        let frame = self.receive(Some(deadline))?;
        let reply = decode_reply(&frame).map_err(|error| self.skew(&error))?;
        self.parameters(&reply)
    }

    /// A call with several replies; each is handed on as it comes, the last one too.
    pub(crate) fn call_more<R: DeserializeOwned>(
        &mut self,
        method: &str,
        parameters: &impl Serialize,
        each: impl FnMut(R) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let deadline = Deadline::after(SEND);
        self.replies(method, parameters, || Some(deadline), each)
    }

    /// The same, where each reply has its own time: there may be very many, and whoever reads them may be slow.
    pub(crate) fn call_long<R: DeserializeOwned>(
        &mut self,
        method: &str,
        parameters: &impl Serialize,
        each: impl FnMut(R) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.replies(method, parameters, || Some(Deadline::after(ANSWER)), each)
    }

    /// The same, where the first one takes longer: something is copied before.
    pub(crate) fn call_copy<R: DeserializeOwned>(
        &mut self,
        method: &str,
        parameters: &impl Serialize,
        each: impl FnMut(R) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.replies(method, parameters, || Some(Deadline::after(SEND)), each)
    }

    /// The same, where nobody knows when a reply comes: it ends with the daemon, with this process, or where `each` fails.
    pub(crate) fn follow<R: DeserializeOwned>(
        &mut self,
        method: &str,
        parameters: &impl Serialize,
        each: impl FnMut(R) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.replies(method, parameters, || None, each)
    }

    fn replies<R: DeserializeOwned>(
        &mut self,
        method: &str,
        parameters: &impl Serialize,
        mut deadline: impl FnMut() -> Option<Deadline>,
        mut each: impl FnMut(R) -> Result<(), Error>,
    ) -> Result<(), Error> {
        self.send(method, parameters, More::Yes)?;
        loop {
            let frame = self.receive(deadline())?;
            let reply = decode_reply(&frame).map_err(|error| self.skew(&error))?;
            each(self.parameters(&reply)?)?;
            if !reply.continues {
                return Ok(());
            }
        }
    }

    fn send(&mut self, method: &str, parameters: &impl Serialize, more: More) -> Result<(), Error> {
        let frame = encode_call(method, parameters, more).map_err(|error| self.skew(&error))?;
        match write_frame(&mut self.stream, &frame) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                Err(Error::Usage(String::from("that is more than configd takes at once; shorten it")))
            }
            Err(error) => Err(self.broken(&error, Duration::from_secs(CONNECT_S.unsigned_abs()))),
        }
    }

    /// The next frame, by its deadline if it has one.
    fn receive(&mut self, deadline: Option<Deadline>) -> Result<Frame, Error> {
        let mut chunk = Zeroizing::new([0_u8; 4096]);
        loop {
            if let Some(frame) = self.buffer.next_frame() {
                return Ok(frame);
            }
            let after = deadline.map_or(Duration::ZERO, |deadline| deadline.after);
            let late = || Error::Late { socket: self.socket.clone(), seconds: after.as_secs() };
            let left = deadline.map(|deadline| deadline.left().ok_or_else(late)).transpose()?;
            self.stream.set_read_timeout(left).map_err(|error| self.broken(&error, after))?;
            match self.stream.read(chunk.as_mut_slice()) {
                Ok(0) => return Err(Error::Closed { socket: self.socket.clone() }),
                Ok(length) => {
                    let read = chunk.get(..length).unwrap_or_default();
                    self.buffer.push(read).map_err(|error| self.skew(&error))?;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.broken(&error, after)),
            }
        }
    }

    /// The parameters of a good reply; what an error reply means.
    fn parameters<R: DeserializeOwned>(&self, reply: &IncomingReply<'_>) -> Result<R, Error> {
        let skew = |error: WireError| self.skew(&error);
        match reply.error.as_deref() {
            None => reply.parameters().map_err(skew),
            Some(NOT_PERMITTED | own::NOT_PERMITTED | status::NOT_PERMITTED) => {
                Err(Error::NotPermitted { socket: self.socket.clone() })
            }
            Some(NOT_FOUND) => Err(Error::NotFound(reply.parameters::<NotFound>().map_err(skew)?.what)),
            Some(REFUSED | own::REFUSED) => Err(Error::Refused(reply.parameters::<Refused>().map_err(skew)?.reasons)),
            Some(SEALED | own::SEALED) => Err(Error::Sealed(reply.parameters::<Sealed>().map_err(skew)?.reason)),
            Some(other) => Err(self.skew(&other)),
        }
    }

    fn skew(&self, why: &impl ToString) -> Error {
        Error::Skew { socket: self.socket.clone(), why: why.to_string() }
    }

    fn broken(&self, error: &io::Error, after: Duration) -> Error {
        let socket = self.socket.clone();
        if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) {
            return Error::Late { socket, seconds: after.as_secs() };
        }
        Error::Closed { socket }
    }
}

/// A connected socket. std's connect has no bound; with SO_SNDTIMEO set before, the kernel's has one where the listener's queue
/// is full (unix(7), socket(7)).
fn open(path: &Path) -> Result<UnixStream, Errno> {
    let fd = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    setsockopt(&fd, SendTimeout, &TimeVal::new(CONNECT_S, 0))?;
    let address = UnixAddr::new(path)?;
    // A signal that nobody handles (a window that is resized) ends a bounded connect too, and nothing of it is left.
    let mut interrupted = 0_u8;
    loop {
        match connect(fd.as_raw_fd(), &address) {
            Err(Errno::EINTR) if interrupted < 3 => interrupted = interrupted.saturating_add(1),
            ended => break ended?,
        }
    }
    Ok(UnixStream::from(fd))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::sys::socket::{Backlog, bind, listen};
    use std::io::Write;

    fn client(stream: UnixStream) -> Client {
        Client::over(stream)
    }

    #[test]
    fn a_silent_daemon_and_one_that_says_half_a_frame_are_not_waited_for_without_end() {
        for said in [&b""[..], b"{\"parameters\":"] {
            let (ours, mut theirs) = UnixStream::pair().unwrap();
            theirs.write_all(said).unwrap();
            let answer = client(ours).receive(Some(Deadline::after(Duration::from_millis(50))));
            assert!(matches!(answer, Err(Error::Late { .. })), "{answer:?}");
        }
    }

    #[test]
    fn the_time_for_an_answer_is_for_all_of_it_and_not_for_each_byte() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let deadline = Deadline::after(Duration::ZERO);
        // There is always something to read: only a bound on the whole can end this.
        theirs.write_all(b"{").unwrap();
        assert!(matches!(client(ours).receive(Some(deadline)), Err(Error::Late { .. })));
    }

    #[test]
    fn a_daemon_that_takes_no_connection_is_given_up() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("admin.sock");
        let listener = socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None).unwrap();
        bind(listener.as_raw_fd(), &UnixAddr::new(&path).unwrap()).unwrap();
        listen(&listener, Backlog::new(0).unwrap()).unwrap();
        // As many as the queue takes, and the one that it does not.
        let mut waiting = Vec::new();
        let error = loop {
            match open(&path) {
                Ok(stream) => waiting.push(stream),
                Err(errno) => break errno,
            }
            assert!(waiting.len() < 10, "the queue has no end");
        };
        assert_eq!(error, Errno::EAGAIN);
        let refused = Client::connect(folder.path());
        assert!(matches!(refused, Err(Error::Late { seconds: 2, .. })));
    }
}
