//! The stream under lettre: it sees every byte that the server sends and refuses what is not exactly one reply a turn.
//!
//! A turn begins when something is written. In a turn the server may say one reply of at most [`MAX_REPLY`] bytes (RFC 5321
//! §4.2); whatever follows it is an error, and the connection is at its end. That is what makes plaintext injected behind
//! the 220 of STARTTLS harmless (RFC 3207 §6, CVE-2011-0411), and what keeps a server from answering a question before it
//! was asked. The reply itself is kept for whoever asks with [`Turns::reply`], word for word and with its exact code.

use lettre::transport::smtp::client::AsyncTokioStream;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// The longest reply in bytes. A long EHLO has 1 KiB; lettre parses a reply anew with each of its lines, so that the time for
/// one grows with the square of this.
pub const MAX_REPLY: usize = 16 * 1024;

/// What lettre reads first: the real greeting was read before lettre came.
const MADE_UP_GREETING: &[u8] = b"220 \r\n";

/// One reply of the server, exactly as it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The three digits.
    pub code: u16,
    /// The text of each line, without code and line end.
    pub lines: Vec<String>,
}

impl Reply {
    /// Parses a whole reply; `None` where its lines do not agree or are not lines of a reply.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(bytes);
        let mut code = None;
        let mut lines = Vec::new();
        for line in text.lines() {
            let digits = line.get(..3)?;
            if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return None;
            }
            let this: u16 = digits.parse().ok()?;
            if *code.get_or_insert(this) != this {
                return None;
            }
            lines.push(line.get(4..).unwrap_or_default().to_owned());
        }
        Some(Self { code: code?, lines })
    }

    /// The enhanced status code (RFC 3463) that the text begins with, where there is one: `5.1.1`.
    #[must_use]
    pub fn enhanced(&self) -> Option<(u16, u16, u16)> {
        let word = self.lines.first()?.split_whitespace().next()?;
        let mut parts = word.split('.').map(|part| part.parse::<u16>().ok());
        let found = (parts.next()??, parts.next()??, parts.next()??);
        parts.next().is_none().then_some(found)
    }

    /// The text of all lines as one.
    #[must_use]
    pub fn text(&self) -> String {
        self.lines.join(" ")
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.text())
    }
}

/// What the server has said in this turn.
#[derive(Debug, Default)]
struct Turn {
    said: Vec<u8>,
    /// Where the line begins that is not ended yet.
    line: usize,
    ended: bool,
    /// More was said than one reply: nothing of this turn counts.
    fault: bool,
    /// The session is at its end by our own will.
    leaving: bool,
}

impl Turn {
    fn hear(&mut self, bytes: &[u8]) -> io::Result<()> {
        for byte in bytes {
            if self.ended {
                self.fault = true;
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the server spoke out of turn"));
            }
            if self.said.len() >= MAX_REPLY {
                self.fault = true;
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the server's reply has no end"));
            }
            self.said.push(*byte);
            if *byte == b'\n' {
                // A line goes on after `250-` and is the last after `250 ` or a bare `250`; what is no line at all ends the
                // reply too, and its parser says so.
                self.ended = self.said.get(self.line.saturating_add(3)) != Some(&b'-');
                self.line = self.said.len();
            }
        }
        Ok(())
    }
}

/// The turns of one connection, shared between the stream, which lettre owns, and whoever wants to know what was said.
#[derive(Debug, Clone, Default)]
pub struct Turns(Arc<Mutex<Turn>>);

impl Turns {
    fn lock(&self) -> MutexGuard<'_, Turn> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The reply of this turn, once it is whole.
    #[must_use]
    pub fn reply(&self) -> Option<Reply> {
        let turn = self.lock();
        if turn.ended && !turn.fault { Reply::parse(&turn.said) } else { None }
    }

    /// Lets QUIT through from now on. lettre says it of its own accord when EHLO or AUTH is refused, waits for the answer,
    /// and the words of the refusal are gone: until this is called it meets an error instead.
    pub fn leave(&self) {
        self.lock().leaving = true;
    }
}

/// The bytes below SMTP.
#[derive(Debug)]
pub enum Transport {
    /// TCP, as it is: to a loopback address, or before STARTTLS.
    Plain(TcpStream),
    /// TLS, its certificate verified.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Transport {
    fn tcp(&self) -> &TcpStream {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls.get_ref().0,
        }
    }
}

/// A stream that keeps account of turns.
#[derive(Debug)]
pub struct Wire {
    transport: Transport,
    turns: Turns,
    made_up: &'static [u8],
}

impl Wire {
    /// Over `transport`; the server speaks first.
    #[must_use]
    pub fn new(transport: Transport) -> Self {
        Self { transport, turns: Turns::default(), made_up: b"" }
    }

    /// Reads one whole reply.
    ///
    /// # Errors
    /// Those of the stream; `InvalidData` when the server says more or less than one reply.
    pub async fn hear(&mut self) -> io::Result<Reply> {
        let mut chunk = [0_u8; 1024];
        loop {
            if let Some(reply) = self.turns.reply() {
                return Ok(reply);
            }
            if self.turns.lock().ended {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the server does not speak SMTP"));
            }
            // The read goes through `poll_read` below, which keeps account of the turn.
            if self.read(&mut chunk).await? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed the connection"));
            }
        }
    }

    /// Says one command and reads its reply.
    ///
    /// # Errors
    /// Those of the stream and of [`Wire::hear`].
    pub async fn say(&mut self, line: &str) -> io::Result<Reply> {
        self.write_all(line.as_bytes()).await?;
        self.write_all(b"\r\n").await?;
        self.flush().await?;
        self.hear().await
    }

    /// The transport itself, to be encrypted. Nothing that was read stays behind: what was read is exactly the replies.
    #[must_use]
    pub fn into_transport(self) -> Transport {
        self.transport
    }

    /// The stream as lettre takes it, which reads a greeting first, and the turns to follow it by.
    #[must_use]
    pub fn for_lettre(mut self) -> (Box<dyn AsyncTokioStream>, Turns) {
        self.made_up = MADE_UP_GREETING;
        let turns = self.turns.clone();
        (Box::new(self), turns)
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.transport.tcp().peer_addr()
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.made_up.is_empty() {
            let (now, later) = this.made_up.split_at(this.made_up.len().min(buf.remaining()));
            buf.put_slice(now);
            this.made_up = later;
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        ready!(match &mut this.transport {
            Transport::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Transport::Tls(tls) => Pin::new(tls).poll_read(cx, buf),
        })?;
        let heard = buf.filled().get(before..).unwrap_or_default();
        Poll::Ready(this.turns.lock().hear(heard))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        {
            let mut turn = self.turns.lock();
            if bytes == b"QUIT\r\n" && !turn.leaving {
                return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
            }
            *turn = Turn { leaving: turn.leaving, ..Turn::default() };
        }
        match &mut self.transport {
            Transport::Plain(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            Transport::Tls(tls) => Pin::new(tls).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.transport {
            Transport::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Transport::Tls(tls) => Pin::new(tls).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.transport {
            Transport::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Transport::Tls(tls) => Pin::new(tls).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(pieces: &[&[u8]]) -> io::Result<Option<Reply>> {
        let turns = Turns::default();
        for piece in pieces {
            turns.lock().hear(piece)?;
        }
        Ok(turns.reply())
    }

    #[test]
    fn a_reply_is_whole_with_its_last_line_however_it_is_cut() {
        let whole = b"250-one\r\n250-\r\n250 three\r\n";
        let reply = Reply { code: 250, lines: vec!["one".into(), String::new(), "three".into()] };
        for cut in 1..whole.len() {
            let (first, second) = whole.split_at(cut);
            assert_eq!(heard(&[first]).unwrap(), None, "{cut}");
            assert_eq!(heard(&[first, second]).unwrap(), Some(reply.clone()), "{cut}");
        }
    }

    #[test]
    fn a_byte_behind_the_reply_is_refused() {
        assert!(heard(&[b"220 go\r\n2"]).is_err());
        assert!(heard(&[b"220 go\r\n", b"2"]).is_err());

        let turns = Turns::default();
        turns.lock().hear(b"250 yes\r\n250 yes\r\n").unwrap_err();
        assert_eq!(turns.reply(), None, "nothing of such a turn counts");
    }

    #[test]
    fn a_reply_without_an_end_is_refused() {
        assert!(heard(&[&vec![b'2'; MAX_REPLY]]).is_ok());
        assert!(heard(&[&vec![b'2'; MAX_REPLY + 1]]).is_err());
        let lines = b"250-x\r\n".repeat(MAX_REPLY / 7 + 1);
        assert!(heard(&[&lines]).is_err());
    }

    #[test]
    fn codes_that_differ_and_lines_that_are_none_are_no_reply() {
        assert_eq!(heard(&[b"250-one\r\n251 two\r\n"]).unwrap(), None);
        assert_eq!(heard(&[b"HTTP/1.1 400 Bad Request\r\n"]).unwrap(), None);
        assert_eq!(heard(&["25\u{e9}5 x\r\n".as_bytes()]).unwrap(), None);
        assert_eq!(heard(&[b"250\r\n"]).unwrap(), Some(Reply { code: 250, lines: vec![String::new()] }));
    }

    #[test]
    fn an_enhanced_code_is_read_only_where_it_is_one() {
        let reply = |text: &str| Reply { code: 550, lines: vec![text.into()] };
        assert_eq!(reply("5.1.1 no such user").enhanced(), Some((5, 1, 1)));
        assert_eq!(reply("192.0.2.7 is blocked").enhanced(), None);
        assert_eq!(reply("no").enhanced(), None);
    }
}
