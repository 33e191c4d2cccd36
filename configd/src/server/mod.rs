//! The sockets served: who may connect how often, and a task for each connection.

pub mod admin;
pub mod coded;
pub mod log_line;
pub mod login;
pub mod own;
pub mod readers;
pub mod repeats;
pub mod slots;
pub mod standing;
pub mod status;

use crate::clock::SystemClock;
use crate::daemon::Daemon;
use slots::{Entry, Slots};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};

/// How long a client may take to its first frame (fault 19).
pub const FIRST_FRAME: Duration = Duration::from_secs(2);

/// Accepts for ever. `serve` gets each connection that is let in, with what it is let in with.
pub async fn accept<F>(listener: UnixListener, slots: Arc<Slots>, mut serve: impl FnMut(UnixStream, u32, Entry) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Out of descriptors: those that are open end some time.
                tracing::error!(%error, "cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(uid) = stream.peer_cred().map(|peer| peer.uid()) else { continue };
        // Without a place the connection is closed, and the module denies.
        let Some(entry) = slots.admit(uid).await else {
            if slots.is_told(uid, SystemClock::boot_ms()) {
                tracing::warn!(uid, "a connection was closed: all places of this uid, or of all but root, are taken");
            }
            continue;
        };
        tokio::spawn(serve(stream, uid, entry));
    }
}

/// Our sockets.
#[derive(Debug)]
pub struct Sockets {
    /// `login.sock`.
    pub login: UnixListener,
    /// `admin.sock`.
    pub admin: UnixListener,
    /// `self.sock`, where there is one.
    pub own: Option<UnixListener>,
    /// `status.sock`, where there is one.
    pub readers: Option<UnixListener>,
}

/// Serves all sockets until `stop` is ready; connections under way end with the runtime.
pub async fn run(daemon: Arc<Daemon>, sockets: Sockets, stop: impl Future<Output = ()>) {
    let Sockets { login, admin, own, readers } = sockets;
    let logins = {
        let daemon = Arc::clone(&daemon);
        accept(login, Arc::new(Slots::for_logins()), move |stream, uid, entry| {
            login::serve(stream, uid, Arc::clone(&daemon), Some(entry))
        })
    };
    let admins = accept_if_any(Some(admin), Slots::for_admins(), &daemon, admin::serve);
    let owns = accept_if_any(own, Slots::for_owns(), &daemon, own::serve);
    let reads = accept_if_any(readers, Slots::for_readers(), &daemon, readers::serve);
    tokio::select! {
        () = logins => {}
        () = admins => {}
        () = owns => {}
        () = reads => {}
        () = stop => {}
    }
}

/// The same as [`accept`], for a socket that may not be there.
async fn accept_if_any<F>(
    listener: Option<UnixListener>,
    slots: Slots,
    daemon: &Arc<Daemon>,
    serve: fn(UnixStream, u32, Arc<Daemon>) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let Some(listener) = listener else { return std::future::pending().await };
    accept(listener, Arc::new(slots), move |stream, uid, entry| {
        let connection = serve(stream, uid, Arc::clone(daemon));
        async move {
            connection.await;
            drop(entry);
        }
    })
    .await;
}
