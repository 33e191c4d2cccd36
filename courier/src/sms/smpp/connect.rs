//! A connection to a message centre: TCP and, but for a centre of one's own, TLS.

use crate::carry::Steps;
use crate::email::connect::first_to_connect;
use crate::email::deadline::Deadline;
use crate::sms::failure::Failure;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{self, ClientConfig};

/// The longest wait for a connection, TLS among it.
const CONNECT: Duration = Duration::from_secs(3);

/// The octets below SMPP: TCP, or TLS over it.
pub trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection.
pub type Connection = Box<dyn Stream>;

/// How to get there.
pub struct Way {
    /// The host, for its certificate and for who reads of it.
    pub host: String,
    /// Where to connect to. There is no other look-up.
    pub addresses: Vec<SocketAddr>,
    /// Whom to believe; none: without TLS.
    pub tls: Option<ClientConfig>,
}

/// Connects.
///
/// # Errors
/// [`Failure`]: nobody there, or nobody who proves to be the host.
pub async fn connect(way: Way, deadline: Deadline, steps: &Steps) -> Result<Connection, Failure> {
    let Way { host, addresses, tls } = way;
    let unreachable = |why: String| Failure::NoConnection { host: host.clone(), why };
    let connecting = async {
        let tcp = first_to_connect(addresses).await.map_err(unreachable)?;
        let peer = tcp.peer_addr().map_err(|error| unreachable(error.to_string()))?;
        // Each PDU is written at once, and waited for.
        tcp.set_nodelay(true).map_err(|error| unreachable(error.to_string()))?;
        let Some(tls) = tls else {
            steps.tell(|| format!("connected to {peer}, without TLS"));
            return Ok(Box::new(tcp) as Connection);
        };
        let encrypted = encrypt(tcp, &host, tls).await?;
        steps.tell(|| format!("connected to {peer}, TLS with the certificate of {host}"));
        Ok(encrypted)
    };
    let until = deadline.or_after(CONNECT).at();
    tokio::time::timeout_at(until, connecting)
        .await
        .unwrap_or_else(|_| Err(unreachable(String::from("no answer in 3 s"))))
}

async fn encrypt(tcp: TcpStream, host: &str, tls: ClientConfig) -> Result<Connection, Failure> {
    let failed = |error: &io::Error| {
        let host = host.to_owned();
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(why)) => Failure::Certificate { host, why: why.to_string() },
            Some(rustls::Error::NoCertificatesPresented) => {
                Failure::Certificate { host, why: String::from("there was none") }
            }
            Some(_) | None => Failure::NoConnection { host, why: format!("no TLS there: {error}") },
        }
    };
    let name = ServerName::try_from(host.to_owned())
        .map_err(|_| Failure::setting("provider", format!("{host} is neither a host name nor an address")))?;
    let encrypted = TlsConnector::from(Arc::new(tls)).connect(name, tcp).await.map_err(|error| failed(&error))?;
    Ok(Box::new(encrypted))
}
