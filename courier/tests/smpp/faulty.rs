//! A message centre that does what none should: it plays a script on each connection, octet by octet.

use super::to;
use pam_2fa_protocol::courier::Text;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// The longest wait for something that a test expects to happen.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) const BIND: u32 = 0x02;
pub(super) const SUBMIT: u32 = 0x04;
pub(super) const DELIVER: u32 = 0x05;
pub(super) const UNBIND: u32 = 0x06;
pub(super) const ENQUIRE_LINK: u32 = 0x15;
pub(super) const ALERT: u32 = 0x102;
pub(super) const RESPONSE: u32 = 0x8000_0000;
pub(super) const NACK: u32 = 0x8000_0000;

/// A PDU's id, status and sequence number.
pub(super) type Head = (u32, u32, u32);

/// The octets of a PDU.
pub(super) fn pdu((id, status, sequence): Head, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).unwrap();
    [[length, id, status, sequence].map(u32::to_be_bytes).concat(), body.to_vec()].concat()
}

/// One connection.
pub(super) struct Client(TcpStream);

impl Client {
    /// The next PDU of the client.
    pub(super) fn hear(&mut self) -> io::Result<Head> {
        let mut head = [0; 16];
        self.0.read_exact(&mut head)?;
        let number = |at: usize| u32::from_be_bytes(head[at..at + 4].try_into().unwrap());
        let mut body = vec![0; usize::try_from(number(0) - 16).unwrap()];
        self.0.read_exact(&mut body)?;
        Ok((number(4), number(8), number(12)))
    }

    /// Says these octets.
    pub(super) fn say(&mut self, octets: &[u8]) -> io::Result<()> {
        self.0.write_all(octets)
    }

    /// Lets the client in, and hears its message.
    pub(super) fn bind(&mut self) -> io::Result<Head> {
        let (id, _, sequence) = self.hear()?;
        assert_eq!((id, sequence), (BIND, 1));
        self.say(&pdu((BIND | RESPONSE, 0, sequence), b"centre\0"))?;
        let submit = self.hear()?;
        assert_eq!((submit.0, submit.2), (SUBMIT, 2));
        Ok(submit)
    }

    /// Lets a second pass, or ends where the client goes away in it.
    pub(super) fn pause(&mut self) -> io::Result<()> {
        self.0.set_read_timeout(Some(Duration::from_secs(1)))?;
        match self.0.read(&mut [0; 1]) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Waits until the client has gone.
    pub(super) fn until_gone(&mut self) -> io::Result<()> {
        io::copy(&mut self.0, &mut io::sink()).map(|_| ())
    }
}

/// A running centre.
pub(super) struct Faulty {
    address: SocketAddr,
    heard: Receiver<Head>,
}

impl Faulty {
    /// One that does this on each connection, and says with the second argument what is worth a look.
    pub(super) fn start(play: impl Fn(&mut Client, &dyn Fn(Head)) -> io::Result<()> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (say, heard) = channel();
        // It ends with the process; a client that goes away early is what many scripts want.
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                stream.set_read_timeout(Some(PATIENCE)).unwrap();
                let note = |head: Head| say.send(head).unwrap_or_default();
                let _ = play(&mut Client(stream), &note);
            }
        });
        Self { address, heard }
    }

    /// One that lets the client in, and then says these octets to its message, and nothing more.
    pub(super) fn saying(octets: Vec<u8>) -> Self {
        Self::start(move |client, _| {
            client.bind()?;
            client.say(&octets)?;
            client.until_gone()
        })
    }

    /// A text to it.
    pub(super) fn text(&self) -> Text {
        to(self.address, &[])
    }

    /// What it noted, in order.
    pub(super) fn noted(&self, count: usize) -> Vec<Head> {
        (0..count).map(|_| self.heard.recv_timeout(PATIENCE).expect("nothing more was heard")).collect()
    }
}
