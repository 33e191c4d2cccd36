//! The sockets served: who may connect how often, and a task for each connection.

pub mod admin;
pub mod log_line;
pub mod login;
pub mod own;
pub mod repeats;
pub mod slots;

use crate::daemon::Daemon;
use slots::Slots;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{UnixListener, UnixStream};

/// How long a client may take to its first frame (fault 19).
pub const FIRST_FRAME: Duration = Duration::from_secs(2);

/// Accepts for ever. `serve` gets each connection that has a place.
pub async fn accept<F>(listener: UnixListener, slots: Arc<Slots>, mut serve: impl FnMut(UnixStream, u32) -> F)
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
        let Some(place) = slots.take(uid) else { continue };
        let served = serve(stream, uid);
        tokio::spawn(async move {
            served.await;
            drop(place);
        });
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
        accept(login, Arc::new(Slots::for_logins()), move |stream, uid| login::serve(stream, uid, Arc::clone(&daemon)))
    };
    let for_own = Arc::clone(&daemon);
    let admins =
        accept(admin, Arc::new(Slots::for_admins()), move |stream, uid| admin::serve(stream, uid, Arc::clone(&daemon)));
    let owns = async {
        match own {
            Some(own) => {
                accept(own, Arc::new(Slots::for_owns()), move |stream, uid| {
                    own::serve(stream, uid, Arc::clone(&for_own))
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
