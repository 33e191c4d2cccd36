//! What the tests of text messages share: a courier with provider files, a text to carry, and relays in front of a server.

use super::daemon::{Daemon, Folder, Socket};
use super::{CODE, LONG, assert_class};
use e2e::smtp::authority::{Authority, Proof};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::courier::{AccountField, Class, Outcome, Reason, Send, Text};
use pam_2fa_protocol::wire::More;
use std::fs::Permissions;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, rustls};

/// The number of every text that names no other.
pub const TO: &str = "+15550100";
/// An answer, or none, that proves nothing.
pub const UNCLEAR: (Class, Option<Reason>) = (Class::Temporary, Some(Reason::Unrecognised));
/// Settings that cannot work.
pub const CONFIG: (Class, Option<Reason>) = (Class::Rejected, Some(Reason::Config));

/// A courier with the shipped provider files, and those of an administrator's in `ours`.
pub fn courier(ours: &[(&str, &str)]) -> Daemon {
    let folder = Folder::new();
    let shipped = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../etc/providers"));
    let paths = shipped.read_dir().unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let copies = paths
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(&path).unwrap()));
    let ours = ours.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    put(&folder.0.join("share/providers"), copies);
    put(&folder.0.join("ours"), ours);
    let (share, providers) = (folder.0.join("share"), folder.0.join("ours"));
    let args = ["--peer", "root", "--share-dir", share.to_str().unwrap(), "--providers", providers.to_str().unwrap()];
    Daemon::start_with(folder, &args, Socket::Made)
}

/// Writes files as a courier believes them.
pub fn put(folder: &Path, files: impl Iterator<Item = (String, String)>) {
    std::fs::create_dir_all(folder).unwrap();
    std::fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
    for (name, text) in files {
        std::fs::write(folder.join(&name), text).unwrap();
        std::fs::set_permissions(folder.join(&name), Permissions::from_mode(0o644)).unwrap();
    }
}

/// A text by that provider with that account.
pub fn text(provider: &str, account: &[(&str, &str)]) -> Text {
    let fields = account.iter().map(|(key, value)| ((*key).to_owned(), AccountField(Secret::new((*value).to_owned()))));
    Text {
        provider: provider.into(),
        account: fields.collect(),
        sender: Some("+15550199".into()),
        proxy: None,
        ca_file: None,
        to: TO.into(),
        text: Secret::new(format!("{CODE} is your Example Corp login code (7F) for host.")),
        code: Secret::new(CODE.into()),
        tag: "7F".into(),
    }
}

/// As configd sends it.
pub fn send(text: Text) -> Send {
    let expires_at = "2099-01-01T00:00:00Z".into();
    Send { id: "K7Q2M9XD-1".into(), attempt: 1, deadline_ms: LONG, expires_at, mail: None, sms: Some(text) }
}

/// The steps and the end of it.
pub fn carry(daemon: &Daemon, text: Text) -> (Vec<String>, Outcome) {
    let mut caller = daemon.call();
    caller.send(&send(text), More::Yes);
    caller.outcome()
}

#[track_caller]
pub fn assert_is(outcome: &Outcome, (class, reason): (Class, Option<Reason>)) {
    assert_class(outcome, class, reason);
}

/// Neither the steps, nor the outcome, nor the log repeat what is nobody's business.
#[track_caller]
pub fn assert_discreet(daemon: &Daemon, steps: &[String], outcome: &Outcome, secret_of_account: &str) {
    let told = format!("{steps:?} {outcome:?}");
    for secret in [secret_of_account, CODE, "is your Example Corp"] {
        assert!(!told.contains(secret), "{secret}: {told}");
        assert!(!daemon.log().contains(secret), "{secret}: {}", daemon.log());
    }
    assert!(!daemon.log().contains(&TO[1..]), "{}", daemon.log());
}

/// What a relay does with a connection before it carries it on to the gateway.
pub enum Relay {
    /// The server's side of TLS.
    Tls(Arc<rustls::ServerConfig>),
    /// A proxy's CONNECT.
    Connect,
}

/// A relay on a port of its own; what each client asked a proxy for.
pub fn relay(relay: Relay, to: SocketAddr) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let (address, asked) = (listener.local_addr().unwrap(), Arc::new(Mutex::new(Vec::new())));
    let noted = Arc::clone(&asked);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            loop {
                let mut client = listener.accept().await.unwrap().0;
                let mut server = TcpStream::connect(to).await.unwrap();
                match &relay {
                    Relay::Tls(config) => {
                        // One that does not believe the certificate goes away.
                        let Ok(mut client) = TlsAcceptor::from(Arc::clone(config)).accept(client).await else {
                            continue;
                        };
                        let _ = copy_bidirectional(&mut client, &mut server).await;
                    }
                    Relay::Connect => {
                        let mut head = Vec::new();
                        while !head.ends_with(b"\r\n\r\n") {
                            head.push(client.read_u8().await.unwrap());
                        }
                        let line = String::from_utf8(head).unwrap().lines().next().unwrap().to_owned();
                        noted.lock().unwrap().push(line);
                        client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.unwrap();
                        let _ = copy_bidirectional(&mut client, &mut server).await;
                    }
                }
            }
        });
    });
    (address, asked)
}

/// A server behind TLS with such a certificate: where it is, and the file with the authority that it should be of.
pub fn behind_tls(daemon: &Daemon, server: SocketAddr, proof: Proof) -> (SocketAddr, String) {
    let authority = Authority::new();
    let (address, _) = relay(Relay::Tls(authority.server(proof)), server);
    (address, authority.write(&daemon.folder.0).to_str().unwrap().to_owned())
}
