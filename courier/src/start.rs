//! From the command line to serving: the socket while still root, then the courier's own user, then "ready".

use crate::args::{Args, ArgsError, HELP, Request, parse};
use crate::carry::Carrier;
use crate::clock::SystemClock;
use crate::email::Email;
use crate::email::resolve::System;
use crate::email::tls::Trust;
use crate::privileges::{PrivilegeError, become_user, confine, find};
use crate::serve::{MAX_CONNECTIONS, Permitted, serve};
use crate::sms::Sms;
use crate::sms::shelf::Shelf;
use crate::socket::{SocketError, handed_over, make};
use crate::{journal, socket};
use nix::unistd::{Uid, User};
use sd_notify::NotifyState;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::net::UnixListener;
use std::sync::Arc;
use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Why the courier does not run.
#[derive(Debug, Error)]
pub enum StartError {
    /// The command line.
    #[error("{0}")]
    Args(#[from] ArgsError),
    /// The socket.
    #[error("{0}")]
    Socket(#[from] SocketError),
    /// The user.
    #[error("{0}")]
    Privilege(#[from] PrivilegeError),
    /// The runtime.
    #[error("cannot start: {0}")]
    System(#[from] io::Error),
    /// Another TLS provider was installed before ours, which no code of ours does.
    #[error("the TLS provider is not aws-lc-rs; this build is broken")]
    Provider,
}

/// Runs the courier as `args` say, the program's own name taken off, until SIGTERM or SIGINT.
///
/// # Errors
/// [`StartError`], which is logged already unless it is about the command line.
pub fn run(args: impl IntoIterator<Item = OsString>) -> Result<(), StartError> {
    match parse(args)? {
        Request::Help => Ok(io::stdout().write_all(HELP.as_bytes())?),
        Request::Version => Ok(writeln!(io::stdout(), "courier {}", env!("CARGO_PKG_VERSION"))?),
        Request::Serve(args) => {
            journal::start();
            start(&args).inspect_err(|error| tracing::error!(%error, "not started"))
        }
    }
}

fn start(args: &Args) -> Result<(), StartError> {
    let (listener, permitted, owner) = claim(args)?;
    let shipped = args.share_dir.join("providers");
    let shelf = Shelf::new(vec![args.providers.clone(), shipped.clone(), shipped.join("unproven")], owner);
    confine()?;
    tokio_rustls::rustls::crypto::aws_lc_rs::default_provider().install_default().map_err(|_| StartError::Provider)?;
    listener.set_nonblocking(true)?;
    // A look-up blocks a thread until the resolver gives up, long after its send has: there are more threads than calls.
    let threads = MAX_CONNECTIONS.saturating_mul(2);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(threads).build()?;
    let served = runtime.block_on(attend(listener, permitted, shelf));
    // A look-up that the resolver does not answer must not hold up the end.
    runtime.shutdown_background();
    served
}

/// The socket, whose calls it takes, and whose provider files count beside root's. Root is given up here.
fn claim(args: &Args) -> Result<(UnixListener, Permitted, Option<u32>), StartError> {
    let own = Uid::effective();
    if let Some(listener) = handed_over()? {
        let peer = find(&args.peer, "--peer")?;
        if own.is_root() {
            become_user(&find(&args.user, "--user")?)?;
        }
        return Ok((listener, Permitted::new([peer.uid.as_raw()]), None));
    }
    if own.is_root() {
        let (user, peer) = (find(&args.user, "--user")?, find(&args.peer, "--peer")?);
        let listener = make(&args.runtime_dir, Some(peer.gid))?;
        become_user(&user)?;
        return Ok((listener, Permitted::new([peer.uid.as_raw()]), None));
    }
    // By hand, as somebody: that somebody's own configd may call, and the installed one, if there is one.
    let peer = User::from_name(&args.peer).ok().flatten().map(|peer| peer.uid.as_raw());
    let listener = make(&args.runtime_dir, None)?;
    Ok((listener, Permitted::new(peer.into_iter().chain([own.as_raw()])), Some(own.as_raw())))
}

async fn attend(listener: UnixListener, permitted: Permitted, shelf: Shelf) -> Result<(), StartError> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let email = Email::new(Box::new(SystemClock), Box::new(System), Trust::default());
    let sms = Sms::new(shelf, Box::new(SystemClock), Box::new(System), Trust::default());
    let carrier = Arc::new(Carrier::new(email, sms));
    let listener = tokio::net::UnixListener::from_std(listener)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), socket = socket::NAME, "ready");
    notify(NotifyState::Ready);
    let watchdog = tokio::spawn(feed_watchdog());
    serve(listener, permitted, carrier, asked_to_stop(&mut terminate, &mut interrupt)).await;
    watchdog.abort();
    tracing::info!("stopped");
    Ok(())
}

async fn asked_to_stop(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tracing::info!("stopping");
    notify(NotifyState::Stopping);
}

async fn feed_watchdog() {
    let Some(patience) = sd_notify::watchdog_enabled() else { return };
    let Some(half) = patience.checked_div(2).filter(|half| !half.is_zero()) else { return };
    let mut due = tokio::time::interval(half);
    loop {
        due.tick().await;
        notify(NotifyState::Watchdog);
    }
}

/// Tells the service manager, where there is one.
fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "the service manager cannot be told");
    }
}
