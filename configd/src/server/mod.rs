//! The sockets served: who may connect how often, and a task for each connection.

pub mod admin;
pub mod coded;
pub mod log_line;
pub mod login;
pub mod own;
pub mod repeats;
pub mod slots;
pub mod standing;

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
}

/// Serves all sockets until `stop` is ready; connections under way end with the runtime.
pub async fn run(daemon: Arc<Daemon>, sockets: Sockets, stop: impl Future<Output = ()>) {
    let Sockets { login, admin, own } = sockets;
    let logins = {
        let daemon = Arc::clone(&daemon);
        accept(login, Arc::new(Slots::for_logins()), move |stream, uid, entry| {
            login::serve(stream, uid, Arc::clone(&daemon), Some(entry))
        })
    };
    let for_own = Arc::clone(&daemon);
    let admins = accept(admin, Arc::new(Slots::for_admins()), move |stream, uid, entry| {
        let daemon = Arc::clone(&daemon);
        async move {
            admin::serve(stream, uid, daemon).await;
            drop(entry);
        }
    });
    let owns = async {
        match own {
            Some(own) => {
                accept(own, Arc::new(Slots::for_owns()), move |stream, uid, entry| {
                    let daemon = Arc::clone(&for_own);
                    async move {
                        own::serve(stream, uid, daemon).await;
                        drop(entry);
                    }
                })
                .await;
            }
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        () = logins => {}
        () = admins => {}
        () = owns => {}
        () = stop => {}
    }
}
