//! An SMTP server on loopback that plays faults: it follows a script, says what the script says at each point of the
//! conversation, and remembers what it was told. It runs in a thread of its own, so that tests of any kind can use it, and
//! must never deliver anything.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test's server: what it cannot do ends the test")]

pub mod authority;
pub mod script;

use authority::{Authority, Proof};
use script::{Arrived, At, Line, Play, Port, Script, Seen};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::HandshakeKind;
use tokio_rustls::server::TlsStream;

/// The longest wait for something that a test expects to happen.
const PATIENCE: Duration = Duration::from_secs(30);

struct Shared {
    script: Mutex<Script>,
    seen: Mutex<Seen>,
    changed: watch::Sender<()>,
    acceptor: TlsAcceptor,
    port: Port,
}

impl Shared {
    fn note(&self, change: impl FnOnce(&mut Seen)) {
        change(&mut self.seen.lock().unwrap());
        self.changed.send_replace(());
    }

    async fn encrypt(&self, tcp: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        let tls = self.acceptor.accept(tcp).await?;
        if tls.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed) {
            self.note(|seen| seen.resumed = seen.resumed.saturating_add(1));
        }
        Ok(tls)
    }
}

/// A running server; it ends when it is dropped.
pub struct Server {
    /// Where it listens.
    pub address: SocketAddr,
    /// Who signed its certificate, if it is a good one.
    pub authority: Authority,
    shared: Arc<Shared>,
    _stop: oneshot::Sender<()>,
}

impl Server {
    /// Starts one with a good certificate.
    #[must_use]
    pub fn start(port: Port, script: Script) -> Self {
        Self::with_proof(port, Proof::Good, script)
    }

    /// Starts one with such a certificate.
    #[must_use]
    pub fn with_proof(port: Port, proof: Proof, script: Script) -> Self {
        let authority = Authority::new();
        let shared = Arc::new(Shared {
            script: Mutex::new(script),
            seen: Mutex::default(),
            changed: watch::Sender::new(()),
            acceptor: TlsAcceptor::from(authority.server(proof)),
            port,
        });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    () = accept(TcpListener::from_std(listener).unwrap(), serving) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, authority, shared, _stop: stop }
    }

    /// Writes the authority's certificate into `folder`.
    #[must_use]
    pub fn ca_file(&self, folder: &str) -> PathBuf {
        self.authority.write(folder.as_ref())
    }

    /// What was seen so far.
    #[must_use]
    pub fn seen(&self) -> Seen {
        self.shared.seen.lock().unwrap().clone()
    }

    /// Waits until what was seen is so.
    ///
    /// # Panics
    /// When it is not within [`PATIENCE`].
    pub async fn until(&self, wanted: impl Fn(&Seen) -> bool) {
        let mut changed = self.shared.changed.subscribe();
        let wait = async {
            while !wanted(&self.seen()) {
                changed.changed().await.unwrap();
            }
        };
        if tokio::time::timeout(PATIENCE, wait).await.is_err() {
            panic!("this did not come about: {:#?}", self.seen());
        }
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let (tcp, _) = listener.accept().await.unwrap();
        tcp.set_nodelay(true).unwrap();
        let shared = Arc::clone(&shared);
        let mut number = 0;
        shared.note(|seen| {
            seen.connections = seen.connections.saturating_add(1);
            number = seen.connections;
        });
        tokio::spawn(async move {
            // A connection that ends early is what many scripts want.
            let _ = connection(tcp, number, &shared).await;
            shared.note(|seen| seen.ended = seen.ended.saturating_add(1));
        });
    }
}

async fn connection(mut tcp: TcpStream, number: usize, shared: &Shared) -> std::io::Result<()> {
    let play = shared.script.lock().unwrap().next(At::Connect);
    if let Some(play) = play {
        perform(&mut tcp, play).await?;
    }
    if shared.port == Port::Implicit {
        let tls = shared.encrypt(tcp).await?;
        return Conversation::new(tls, number, shared).hold(Greet::Yes).await.map(drop);
    }
    let plain = Conversation::new(tcp, number, shared).hold(Greet::Yes).await?;
    let Some(mut tcp) = plain else { return Ok(()) };
    let play = shared.script.lock().unwrap().next(At::Handshake);
    if let Some(play) = play {
        perform(&mut tcp, play).await?;
    }
    let tls = shared.encrypt(tcp).await?;
    let mut over_tls = Conversation::new(tls, number, shared);
    over_tls.after_starttls = true;
    over_tls.hold(Greet::No).await.map(drop)
}

/// Whether a greeting is due.
#[derive(PartialEq, Eq)]
enum Greet {
    Yes,
    No,
}

async fn perform(stream: &mut (impl AsyncWrite + Unpin), play: Play) -> std::io::Result<()> {
    match play {
        Play::Say(bytes) => stream.write_all(&bytes).await?,
        Play::SayAndClose(bytes) => {
            stream.write_all(&bytes).await?;
            stream.shutdown().await?;
            return Err(std::io::ErrorKind::ConnectionAborted.into());
        }
        Play::Drip(bytes) => {
            for byte in bytes {
                stream.write_all(&[byte]).await?;
                stream.flush().await?;
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
        Play::Endless(bytes) => loop {
            stream.write_all(&bytes).await?;
        },
        Play::Held(gate, bytes) => {
            gate.acquire().await.unwrap().forget();
            stream.write_all(&bytes).await?;
        }
        Play::Sequence(plays) => {
            for play in plays {
                Box::pin(perform(stream, play)).await?;
            }
        }
        Play::Hang => std::future::pending().await,
        Play::Close => return Err(std::io::ErrorKind::ConnectionAborted.into()),
    }
    stream.flush().await
}

struct Conversation<'a, S> {
    stream: BufReader<S>,
    number: usize,
    encrypted: bool,
    after_starttls: bool,
    authenticated: bool,
    shared: &'a Shared,
}

impl<'a, S: AsyncRead + AsyncWrite + Unpin + 'static> Conversation<'a, S> {
    fn new(stream: S, number: usize, shared: &'a Shared) -> Self {
        let encrypted = std::any::TypeId::of::<S>() != std::any::TypeId::of::<TcpStream>();
        let authenticated = !shared.script.lock().unwrap().wants_auth;
        Self { stream: BufReader::new(stream), number, encrypted, after_starttls: false, authenticated, shared }
    }

    /// Answers as the script says there, or with `usual`. Returns what was said, where it was said at once.
    async fn answer(&mut self, at: At, usual: &str) -> std::io::Result<Vec<u8>> {
        let play = self.shared.script.lock().unwrap().next(at).unwrap_or_else(|| Play::line(usual));
        let said = play.first_words();
        if matches!(play, Play::Hang) {
            let mut heard = Vec::new();
            while self.stream.read_until(b'\n', &mut heard).await? > 0 {
                heard.clear();
            }
            return Err(std::io::ErrorKind::ConnectionAborted.into());
        }
        perform(self.stream.get_mut(), play).await?;
        Ok(said)
    }

    async fn line(&mut self) -> std::io::Result<Option<String>> {
        let mut line = Vec::new();
        if self.stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        let note = Line { connection: self.number, encrypted: self.encrypted, text: text.clone() };
        self.shared.note(|seen| seen.lines.push(note));
        Ok(Some(text))
    }

    /// Talks until the client is gone; the bare stream comes back where TLS is to begin.
    async fn hold(mut self, greet: Greet) -> std::io::Result<Option<S>> {
        if greet == Greet::Yes {
            self.answer(At::Greeting, "220 mail.test ESMTP").await?;
        }
        while let Some(line) = self.line().await? {
            let command = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
            match command.as_str() {
                "EHLO" => self.ehlo().await?,
                "STARTTLS" => {
                    if self.answer(At::StartTls, "220 2.0.0 go").await?.starts_with(b"220") {
                        return Ok(Some(self.stream.into_inner()));
                    }
                }
                "AUTH" => self.auth(&line).await?,
                "MAIL" if !self.authenticated => {
                    self.answer(At::Mail, "530 5.7.0 authenticate first").await.map(drop)?
                }
                "MAIL" => self.answer(At::Mail, "250 2.1.0 sender ok").await.map(drop)?,
                "RCPT" => self.answer(At::Rcpt, "250 2.1.5 recipient ok").await.map(drop)?,
                "DATA" => self.data().await?,
                "QUIT" => {
                    self.answer(At::Quit, "221 2.0.0 bye").await?;
                    break;
                }
                "NOOP" | "RSET" => perform(self.stream.get_mut(), Play::line("250 2.0.0 ok")).await?,
                _ => perform(self.stream.get_mut(), Play::line("502 5.5.1 unknown")).await?,
            }
        }
        Ok(None)
    }

    async fn ehlo(&mut self) -> std::io::Result<()> {
        let offer = if self.shared.port == Port::StartTls && !self.encrypted { "250-STARTTLS\r\n" } else { "" };
        let usual = format!("250-mail.test\r\n{offer}250-AUTH PLAIN LOGIN\r\n250 ENHANCEDSTATUSCODES");
        let at = if self.after_starttls { At::EhloAgain } else { At::Ehlo };
        self.answer(at, &usual).await.map(drop)
    }

    async fn auth(&mut self, line: &str) -> std::io::Result<()> {
        if line.eq_ignore_ascii_case("AUTH LOGIN") {
            for asked in ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"] {
                perform(self.stream.get_mut(), Play::line(asked)).await?;
                self.line().await?;
            }
        }
        let said = self.answer(At::Auth, "235 2.7.0 welcome").await?;
        self.authenticated |= said.starts_with(b"235");
        Ok(())
    }

    async fn data(&mut self) -> std::io::Result<()> {
        if !self.answer(At::Data, "354 go on").await?.starts_with(b"354") {
            return Ok(());
        }
        let mut bytes = Vec::new();
        loop {
            let begin = bytes.len();
            if self.stream.read_until(b'\n', &mut bytes).await? == 0 {
                return Ok(());
            }
            if bytes.get(begin..) == Some(b".\r\n") {
                break;
            }
        }
        let mut index = 0;
        let arrived = Arrived { connection: self.number, bytes, accepted: false };
        self.shared.note(|seen| {
            index = seen.mails.len();
            seen.mails.push(arrived);
        });
        let said = self.answer(At::Dot, "250 2.0.0 Ok: queued as TEST1").await?;
        self.shared.note(|seen| {
            if let Some(mail) = seen.mails.get_mut(index) {
                mail.accepted = said.starts_with(b"250 ");
            }
        });
        Ok(())
    }
}
