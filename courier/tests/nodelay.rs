//! The option without which each mail waits 40 ms for the peer's delayed ACK. One test in a process of its own, since it
//! looks through the process's descriptors.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{LONG, carrier, mail, send};
use e2e::smtp::Server;
use e2e::smtp::script::{Port, Script};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::extension::ClientId;
use nix::sys::socket::{SockaddrIn, getpeername, getsockopt, sockopt::TcpNoDelay};
use pam_2fa_protocol::courier::{Class, Tls};
use std::net::{SocketAddr, SocketAddrV4};
use std::os::fd::BorrowedFd;

/// Whether the connections of this process to `peer` have TCP_NODELAY.
fn nodelay(peer: SocketAddr) -> Vec<bool> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd").unwrap().flatten() {
        let number: i32 = entry.file_name().to_str().unwrap().parse().unwrap();
        if getpeername::<SockaddrIn>(number).is_ok_and(|theirs| SocketAddr::from(SocketAddrV4::from(theirs)) == peer) {
            #[expect(unsafe_code, reason = "a descriptor that another owner keeps open has only a number here")]
            // SAFETY: it is connected, so it is open, and whoever owns it is kept by the one test of this process.
            let fd = unsafe { BorrowedFd::borrow_raw(number) };
            found.push(getsockopt(&fd, TcpNoDelay).unwrap());
        }
    }
    found
}

#[tokio::test]
async fn lettre_never_sets_tcp_nodelay_and_ours_always_does() {
    let server = Server::start(Port::Plain, Script::accepting());
    let hello = ClientId::Domain("host.example.com".into());
    let lettres = AsyncSmtpConnection::connect_tokio1(server.address, None, &hello, None, None).await.unwrap();
    assert_eq!(nodelay(server.address), [false], "lettre sets it now");
    drop(lettres);

    for (port, tls) in [(Port::Implicit, Tls::Implicit), (Port::StartTls, Tls::Starttls), (Port::Plain, Tls::None)] {
        let server = Server::start(port, Script::accepting());
        let carrier = carrier();
        assert_eq!(carrier.carry(&send(mail(&server, tls), LONG), None).await.class, Class::Accepted);
        // The connection is kept; it has two descriptors, one of them to look for what comes unasked.
        assert_eq!(nodelay(server.address), [true, true], "{tls:?}");
    }
}
