//! From a server's name to a connection over which AUTH and a message may go: TCP, TLS, the greeting, STARTTLS.
//!
//! An [`Established`] is made here only, and only with a verified certificate or, for `tls = "none"`, with a peer whose
//! address is loopback. STARTTLS is spoken here and not by lettre: what is not offered is an end, never a fall-back, and no
//! byte that came in plain text is believed once TLS stands.

use super::deadline::Deadline;
use super::failure::{Failure, Stage};
use super::resolve::Names;
use super::tls::Trust;
use super::wire::{Reply, Transport, Wire};
use crate::carry::Steps;
use pam_2fa_protocol::courier::{Mail, Tls};
use std::io;
use std::net::{SocketAddr, TcpStream as Probe};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ProtocolVersion};

/// The longest wait for TCP, all addresses together.
const CONNECT: Duration = Duration::from_secs(3);
/// An address has so long before the next is tried beside it (RFC 8305 §5).
const HEAD_START: Duration = Duration::from_millis(250);

/// What protects a connection over which a password may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    /// TLS, and the certificate proves the server's name.
    Verified,
    /// Nothing; the peer's address is loopback.
    Loopback,
}

/// A greeted and protected connection, before EHLO.
#[derive(Debug)]
pub struct Established {
    /// The stream.
    pub wire: Wire,
    /// The same socket once more, to see whether something came while nobody asked.
    pub probe: Probe,
    /// What protects it.
    pub security: Security,
}

/// Whoever makes connections.
pub struct Connector {
    /// Names to addresses.
    pub names: Names,
    /// Whom to believe.
    pub trust: Arc<Trust>,
}

impl Connector {
    /// Connects as `mail` says.
    ///
    /// # Errors
    /// [`Failure`], with where it came to its end.
    pub async fn establish(
        &self,
        mail: &Mail,
        helo: &str,
        deadline: Deadline,
        steps: &Steps,
    ) -> Result<Established, Failure> {
        let name = ServerName::try_from(mail.server.clone())
            .map_err(|_| Failure::Setting { key: "server", why: String::from("neither a host name nor an address") })?;
        let tcp = self.tcp(mail, deadline, steps).await?;
        let broken = |error: io::Error| Failure::Broken { stage: Stage::Connect, why: error.to_string() };
        let probe = tcp.as_fd().try_clone_to_owned().map_err(broken)?.into();
        let (wire, security) = match mail.tls {
            Tls::Implicit => {
                let tls = self.encrypt(tcp, name, mail, deadline, steps).await?;
                (greeted(Wire::new(tls), deadline, steps).await?, Security::Verified)
            }
            Tls::Starttls => {
                let wire = greeted(Wire::new(Transport::Plain(tcp)), deadline, steps).await?;
                let tcp = deadline.bound(Stage::StartTls, ask_for_tls(wire, mail, helo)).await?;
                (Wire::new(self.encrypt(tcp, name, mail, deadline, steps).await?), Security::Verified)
            }
            Tls::None => (greeted(Wire::new(Transport::Plain(tcp)), deadline, steps).await?, Security::Loopback),
        };
        Ok(Established { wire, probe, security })
    }

    async fn tcp(&self, mail: &Mail, deadline: Deadline, steps: &Steps) -> Result<TcpStream, Failure> {
        let mut addresses = self.names.addresses(&mail.server, mail.port, deadline).await?;
        if mail.tls == Tls::None {
            addresses.retain(is_loopback);
        }
        let not_loopback = || Failure::Setting {
            key: "tls",
            why: format!("\"none\" is for loopback addresses only, and {} has none; use \"implicit\"", mail.server),
        };
        if addresses.is_empty() {
            return Err(not_loopback());
        }
        let no_connection = |why: String| Failure::NoConnection { server: mail.server.clone(), port: mail.port, why };
        let tried = deadline
            .or_after(CONNECT)
            .bound(Stage::Connect, async { first_to_connect(addresses).await.map_err(no_connection) });
        let tcp = match tried.await {
            Err(Failure::TimedOut { .. }) => return Err(no_connection(String::from("no answer in 3 s"))),
            other => other?,
        };
        let peer = tcp.peer_addr().map_err(|error| no_connection(error.to_string()))?;
        if mail.tls == Tls::None && !is_loopback(&peer) {
            return Err(not_loopback());
        }
        // A mail's text and its final dot are two writes: Nagle would hold the second for the peer's delayed ACK, 40 ms.
        tcp.set_nodelay(true).map_err(|error| no_connection(error.to_string()))?;
        steps.tell(|| format!("connected to {peer}"));
        Ok(tcp)
    }

    async fn encrypt(
        &self,
        tcp: TcpStream,
        name: ServerName<'static>,
        mail: &Mail,
        deadline: Deadline,
        steps: &Steps,
    ) -> Result<Transport, Failure> {
        let trust = Arc::clone(&self.trust);
        let ca_file = mail.ca_file.as_ref().map(PathBuf::from);
        let shake_hands = async {
            let reading = tokio::task::spawn_blocking(move || trust.config(ca_file.as_deref()));
            let config =
                reading.await.map_err(|error| Failure::Setting { key: "ca_file", why: error.to_string() })??;
            TlsConnector::from(config).connect(name, tcp).await.map_err(|error| no_tls(&mail.server, &error))
        };
        let tls = deadline.bound(Stage::Encrypt, shake_hands).await?;
        steps.tell(|| {
            let version = match tls.get_ref().1.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLS 1.3",
                Some(ProtocolVersion::TLSv1_2) => "TLS 1.2",
                _ => "TLS",
            };
            format!("encrypted: {version}, certificate of {}", mail.server)
        });
        Ok(Transport::Tls(Box::new(tls)))
    }
}

fn is_loopback(address: &SocketAddr) -> bool {
    address.ip().to_canonical().is_loopback()
}

/// The first of `addresses` that takes a connection; each next one gets its chance when the one before has failed or has
/// been silent for [`HEAD_START`]. The others' attempts end when this returns.
pub(crate) async fn first_to_connect(addresses: Vec<SocketAddr>) -> Result<TcpStream, String> {
    let mut waiting = addresses.into_iter();
    let mut trying = JoinSet::new();
    let mut last = String::from("no address");
    loop {
        match waiting.next() {
            Some(address) => {
                trying.spawn(async move {
                    TcpStream::connect(address).await.map_err(|error| format!("{address}: {error}"))
                });
            }
            None if trying.is_empty() => return Err(last),
            None => {}
        }
        let next = async {
            if waiting.len() == 0 { std::future::pending().await } else { tokio::time::sleep(HEAD_START).await }
        };
        tokio::select! {
            ended = trying.join_next() => match ended {
                Some(Ok(Ok(tcp))) => return Ok(tcp),
                Some(Ok(Err(why))) => last = why,
                Some(Err(stopped)) => last = stopped.to_string(),
                None => {}
            },
            () = next => {}
        }
    }
}

/// Reads the greeting: exactly 220.
async fn greeted(mut wire: Wire, deadline: Deadline, steps: &Steps) -> Result<Wire, Failure> {
    deadline
        .bound(Stage::Greeting, async {
            let reply = wire.hear().await.map_err(|error| broken(Stage::Greeting, &error))?;
            steps.tell(|| format!("greeted: {reply}"));
            expect(Stage::Greeting, reply, 220)?;
            Ok(wire)
        })
        .await
}

/// EHLO and STARTTLS in plain text. What comes back is bare TCP: the replies were read to their last byte and not beyond.
async fn ask_for_tls(mut wire: Wire, mail: &Mail, helo: &str) -> Result<TcpStream, Failure> {
    let reply = wire.say(&format!("EHLO {helo}")).await.map_err(|error| broken(Stage::Ehlo, &error))?;
    let reply = expect(Stage::Ehlo, reply, 250)?;
    // The first line is the greeting of EHLO, the keywords come after it (RFC 5321 §4.1.1.1).
    if !reply.lines.iter().skip(1).any(|line| line.trim().eq_ignore_ascii_case("STARTTLS")) {
        return Err(Failure::NoStartTls { server: mail.server.clone() });
    }
    let reply = wire.say("STARTTLS").await.map_err(|error| broken(Stage::StartTls, &error))?;
    expect(Stage::StartTls, reply, 220)?;
    match wire.into_transport() {
        Transport::Plain(tcp) => Ok(tcp),
        Transport::Tls(_) => Err(Failure::Broken { stage: Stage::StartTls, why: String::from("TLS stands already") }),
    }
}

fn broken(stage: Stage, error: &io::Error) -> Failure {
    Failure::Broken { stage, why: error.to_string() }
}

/// The reply, if its code is exactly `code`.
pub(super) fn expect(stage: Stage, reply: Reply, code: u16) -> Result<Reply, Failure> {
    match reply.code {
        said if said == code => Ok(reply),
        400..=599 => Err(Failure::Refused { stage, reply }),
        _ => Err(Failure::Unexpected { stage, reply }),
    }
}

fn no_tls(server: &str, error: &io::Error) -> Failure {
    let server = server.to_owned();
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(why)) => Failure::Certificate { server, why: why.to_string() },
        Some(rustls::Error::NoCertificatesPresented) => {
            Failure::Certificate { server, why: String::from("there was none") }
        }
        Some(other) => Failure::Handshake { server, why: other.to_string() },
        None => Failure::Broken { stage: Stage::Encrypt, why: error.to_string() },
    }
}
