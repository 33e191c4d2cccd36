//! One question of DNS (RFC 1035): the MX of a domain. Over UDP, and over TCP where the answer was cut.
//!
//! Our own, since it is one question: the resolver libraries are larger than this command, and a small parser that was looked at
//! followed a name that points to itself for ever. Here a pointer leads backwards only, so that every name ends. Never trusts an
//! answer: it is for a warning, and whoever can forge one can withhold that.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::time::Duration;
use thiserror::Error;

/// How many servers of resolv.conf(5) count.
const SERVERS: usize = 3;
/// Datagrams that are none of ours, from one server, before the next is asked.
const STRAYS: usize = 8;
/// Type MX and class IN (RFC 1035 §3.2.2, §3.2.4).
const MX: u16 = 15;
const IN: u16 = 1;
/// Bytes of a name, its lengths included (RFC 1035 §2.3.4).
const LONGEST_NAME: usize = 255;
const LONGEST_LABEL: usize = 63;

/// What DNS says of the mail of a domain.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mx {
    /// No MX, or no such domain: its own address counts.
    None,
    /// It takes no mail (RFC 7505).
    Null,
    /// Names, as they came.
    Servers(Vec<String>),
}

/// Why there is no answer. Part of a line that says what was looked up.
#[derive(Debug, Error)]
pub(super) enum DnsError {
    #[error("{server}: {why}")]
    Io { server: SocketAddr, why: io::Error },
    #[error("{server}: no answer")]
    Silent { server: SocketAddr },
    #[error("{server}: it answers with the error {rcode}")]
    Refused { server: SocketAddr, rcode: u16 },
    #[error("{server}: its answer cannot be read")]
    Damaged { server: SocketAddr },
    #[error("no random bytes: {0}")]
    NoRandomness(getrandom::Error),
    #[error("no name for DNS")]
    Name,
}

/// The name servers of a resolv.conf(5), or the one on this host where it names none.
pub(super) fn servers(text: &str) -> Vec<SocketAddr> {
    let address = |line: &str| {
        let mut words = line.split_whitespace();
        let is_server = words.next() == Some("nameserver");
        is_server.then(|| words.next()?.parse::<IpAddr>().ok()).flatten()
    };
    let mut found: Vec<SocketAddr> =
        text.lines().filter_map(address).take(SERVERS).map(|address| SocketAddr::new(address, 53)).collect();
    if found.is_empty() {
        found.push(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 53));
    }
    found
}

/// Asks one server after another, each for so long.
pub(super) fn mx(domain: &str, servers: &[SocketAddr], wait: Duration) -> Result<Mx, DnsError> {
    let mut last = DnsError::Name;
    for server in servers {
        let mut id = [0; 2];
        getrandom::fill(&mut id).map_err(DnsError::NoRandomness)?;
        let question = Question::of(domain, u16::from_be_bytes(id)).ok_or(DnsError::Name)?;
        match question.ask(*server, wait) {
            Ok(mx) => return Ok(mx),
            Err(error) => last = error,
        }
    }
    Err(last)
}

struct Question {
    id: u16,
    domain: String,
    bytes: Vec<u8>,
}

impl Question {
    fn of(domain: &str, id: u16) -> Option<Self> {
        let domain = domain.trim_end_matches('.').to_ascii_lowercase();
        // Recursion is wanted; one question.
        let mut bytes = [id.to_be_bytes(), [1, 0], [0, 1], [0, 0], [0, 0], [0, 0]].concat();
        for label in domain.split('.') {
            let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length))?;
            bytes.push(length);
            bytes.extend_from_slice(label.as_bytes());
        }
        bytes.push(0);
        bytes.extend_from_slice(&[MX.to_be_bytes(), IN.to_be_bytes()].concat());
        (domain.len() < LONGEST_NAME - 1).then_some(Self { id, domain, bytes })
    }

    fn ask(&self, server: SocketAddr, wait: Duration) -> Result<Mx, DnsError> {
        let fail = |why: io::Error| {
            // A read that ran out of time is the one or the other, by system (socket(7): SO_RCVTIMEO).
            let is_late = matches!(why.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut);
            if is_late { DnsError::Silent { server } } else { DnsError::Io { server, why } }
        };
        let mut reply = self.by_udp(server, wait).map_err(fail)?;
        if matches!(reply, Reply::Cut) {
            reply = self.by_tcp(server, wait).map_err(fail)?;
        }
        match reply {
            Reply::Mx(mx) => Ok(mx),
            Reply::Refused(rcode) => Err(DnsError::Refused { server, rcode }),
            Reply::NotOurs | Reply::Cut | Reply::Damaged => Err(DnsError::Damaged { server }),
        }
    }

    fn by_udp(&self, server: SocketAddr, wait: Duration) -> io::Result<Reply> {
        let any = match server {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        // The kernel chooses the port at random, and takes answers from this server only.
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect(server)?;
        socket.set_read_timeout(Some(wait))?;
        socket.send(&self.bytes)?;
        let mut buffer = [0; 4096];
        for _ in 0..STRAYS {
            let length = match socket.recv(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                received => received?,
            };
            let reply = self.read(buffer.get(..length).unwrap_or_default());
            if !matches!(reply, Reply::NotOurs) {
                return Ok(reply);
            }
        }
        Ok(Reply::NotOurs)
    }

    fn by_tcp(&self, server: SocketAddr, wait: Duration) -> io::Result<Reply> {
        let mut stream = TcpStream::connect_timeout(&server, wait)?;
        stream.set_read_timeout(Some(wait))?;
        stream.set_write_timeout(Some(wait))?;
        let length = u16::try_from(self.bytes.len()).unwrap_or_default();
        stream.write_all(&[&length.to_be_bytes()[..], &self.bytes].concat())?;
        let mut length = [0; 2];
        stream.read_exact(&mut length)?;
        let mut reply = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut reply)?;
        Ok(self.read(&reply))
    }

    fn read(&self, bytes: &[u8]) -> Reply {
        let mut reader = Reader { bytes, at: 0 };
        if reader.u16() != Some(self.id) {
            return Reply::NotOurs;
        }
        self.read_rest(&mut reader).unwrap_or(Reply::Damaged)
    }

    fn read_rest(&self, reader: &mut Reader<'_>) -> Option<Reply> {
        let flags = reader.u16()?;
        let (questions, answers) = (reader.u16()?, reader.u16()?);
        reader.skip(4)?;
        // It is an answer (QR), to a query (opcode 0), to this one.
        let is_ours = flags & 0xF800 == 0x8000
            && questions == 1
            && reader.name()?.eq_ignore_ascii_case(&self.domain)
            && (reader.u16()?, reader.u16()?) == (MX, IN);
        if !is_ours {
            return Some(Reply::NotOurs);
        }
        match flags & 0xF {
            _ if flags & 0x0200 != 0 => return Some(Reply::Cut),
            0 => {}
            // NXDOMAIN: an address may stand in /etc/hosts.
            3 => return Some(Reply::Mx(Mx::None)),
            rcode => return Some(Reply::Refused(rcode)),
        }
        let mut names = Vec::new();
        for _ in 0..answers {
            reader.skip_name()?;
            let (kind, class) = (reader.u16()?, reader.u16()?);
            reader.skip(4)?;
            let length = usize::from(reader.u16()?);
            let end = reader.at.checked_add(length)?;
            if (kind, class) == (MX, IN) {
                reader.skip(2)?;
                names.push(reader.name()?);
            }
            reader.at = end;
        }
        Some(Reply::Mx(match names.as_slice() {
            [] => Mx::None,
            [one] if one.is_empty() => Mx::Null,
            _ => Mx::Servers(names.into_iter().filter(|name| !name.is_empty()).collect()),
        }))
    }
}

enum Reply {
    Mx(Mx),
    /// It did not fit into a datagram.
    Cut,
    Refused(u16),
    /// Of another question: late, or forged.
    NotOurs,
    Damaged,
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn u8(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at = self.at.checked_add(1)?;
        Some(byte)
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes([self.u8()?, self.u8()?]))
    }

    fn skip(&mut self, count: usize) -> Option<()> {
        self.at = self.at.checked_add(count)?;
        Some(())
    }

    /// Past a name, wherever it leads.
    fn skip_name(&mut self) -> Option<()> {
        loop {
            match usize::from(self.u8()?) {
                0 => return Some(()),
                length if length <= LONGEST_LABEL => self.skip(length)?,
                pointer if pointer & 0xC0 == 0xC0 => return self.skip(1),
                _ => return None,
            }
        }
    }

    /// A name, with dots, the root's empty. Only of characters that a host's name may have.
    fn name(&mut self) -> Option<String> {
        let mut name = String::new();
        let mut reader = Reader { bytes: self.bytes, at: self.at };
        self.skip_name()?;
        // Each pointer leads before all that was read of the name so far (RFC 1035 §4.1.4: to a prior occurrence).
        let mut begin = reader.at;
        loop {
            match usize::from(reader.u8()?) {
                0 => return Some(name),
                length if length <= LONGEST_LABEL => {
                    let label = reader.bytes.get(reader.at..reader.at.checked_add(length)?)?;
                    reader.skip(length)?;
                    if !label.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(byte)) {
                        return None;
                    }
                    if !name.is_empty() {
                        name.push('.');
                    }
                    name.push_str(std::str::from_utf8(label).ok()?);
                    if name.len() >= LONGEST_NAME {
                        return None;
                    }
                }
                pointer if pointer & 0xC0 == 0xC0 => {
                    let target = ((pointer & 0x3F) << 8) | usize::from(reader.u8()?);
                    if target >= begin {
                        return None;
                    }
                    (begin, reader.at) = (target, target);
                }
                _ => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests;
