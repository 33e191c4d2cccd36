//! From the command line to serving: the socket while still root, then the daemon's own user, then "ready". What it carries is
//! handed in, so that each of the two programs is linked with its own part alone.

use crate::args::{Args, ArgsError, Request, parse};
use crate::carry::{Carrier, Texts};
use crate::journal;
use crate::privileges::{PrivilegeError, become_user, confine, find};
use crate::role::Role;
use crate::serve::{MAX_CONNECTIONS, Permitted, serve};
use crate::sms::shelf::{Owners, Shelf};
use crate::socket::{SocketError, handed_over, make};
use nix::unistd::{Uid, User};
use pam_2fa_confine::confine as confine_files_and_calls;
use sd_notify::NotifyState;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::net::UnixListener;
use std::process::ExitCode;
use std::sync::Arc;
use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Why a daemon does not run.
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

/// What a daemon is made of, once it is known who it is.
#[derive(Debug)]
pub struct Parts {
    /// The command line.
    pub args: Args,
    /// The provider files.
    pub shelf: Shelf,
    /// Whose files, beside those, count.
    pub owners: Owners,
}

/// The whole of `main`: runs `role` with what `carrier` makes, until SIGTERM or SIGINT.
pub fn main<T: Texts>(role: &Role, carrier: impl FnOnce(Parts) -> Result<Carrier<T>, StartError>) -> ExitCode {
    match run(role, std::env::args_os().skip(1), carrier) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error @ StartError::Args(_)) => {
            // There is no log yet, and whoever typed the command sees stderr. If that is gone, nobody is told.
            let _ = writeln!(io::stderr(), "{}: {error}", role.name);
            ExitCode::from(2)
        }
        Err(_) => ExitCode::FAILURE,
    }
}

/// Every error is logged already, unless it is about the command line.
fn run<T: Texts>(
    role: &Role,
    args: impl IntoIterator<Item = OsString>,
    carrier: impl FnOnce(Parts) -> Result<Carrier<T>, StartError>,
) -> Result<(), StartError> {
    match parse(role, args)? {
        Request::Help => Ok(io::stdout().write_all(role.help().as_bytes())?),
        Request::Version => Ok(writeln!(io::stdout(), "{} {}", role.name, env!("CARGO_PKG_VERSION"))?),
        Request::Serve(args) => {
            journal::start(role.identifier);
            start(role, args, carrier).inspect_err(|error| tracing::error!(%error, "not started"))
        }
    }
}

fn start<T: Texts>(
    role: &Role,
    args: Args,
    carrier: impl FnOnce(Parts) -> Result<Carrier<T>, StartError>,
) -> Result<(), StartError> {
    let (listener, permitted, owners) = claim(role, &args)?;
    let shipped = args.share_dir.join("providers");
    let shelf = Shelf::new(vec![args.providers.clone(), shipped.clone(), shipped.join("unproven")], owners.clone());
    confine()?;
    // Before the first thread is started, which would keep it, and before a byte is read that others have written.
    for why in confine_files_and_calls(role.daemon, &[&args.providers, &args.share_dir, &args.runtime_dir], &[]) {
        tracing::warn!(why, "less confined than it could be");
    }
    listener.set_nonblocking(true)?;
    // A look-up blocks a thread until the resolver gives up, long after its send has: there are more threads than calls.
    let threads = MAX_CONNECTIONS.saturating_mul(2);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(threads).build()?;
    let served = runtime.block_on(async {
        let carrier = carrier(Parts { args, shelf, owners })?;
        attend(role, listener, permitted, carrier).await
    });
    // A look-up that the resolver does not answer must not hold up the end.
    runtime.shutdown_background();
    served
}

/// The socket, whose calls it takes, and whose files count. Root is given up here.
fn claim(role: &Role, args: &Args) -> Result<(UnixListener, Permitted, Owners), StartError> {
    let own = Uid::effective();
    if let Some(listener) = handed_over()? {
        let peer = find(&args.peer, "--peer")?;
        if own.is_root() {
            become_user(&find(&args.user, "--user")?)?;
        }
        return Ok((listener, Permitted::new([peer.uid.as_raw()]), Owners::root()));
    }
    if own.is_root() {
        let (user, peer) = (find(&args.user, "--user")?, find(&args.peer, "--peer")?);
        let listener = make(&args.runtime_dir, &role.socket(), Some(peer.gid))?;
        become_user(&user)?;
        return Ok((listener, Permitted::new([peer.uid.as_raw()]), Owners::root()));
    }
    // By hand, as somebody: that somebody's own daemons may call, and the installed one, if there is one.
    let peer = User::from_name(&args.peer).ok().flatten().map(|peer| peer.uid.as_raw());
    let listener = make(&args.runtime_dir, &role.socket(), None)?;
    Ok((listener, Permitted::new(peer.into_iter().chain([own.as_raw()])), Owners::root_and(own.as_raw())))
}

async fn attend<T: Texts>(
    role: &Role,
    listener: UnixListener,
    permitted: Permitted,
    carrier: Carrier<T>,
) -> Result<(), StartError> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let carrier = Arc::new(carrier);
    let listener = tokio::net::UnixListener::from_std(listener)?;
    tracing::info!(version = env!("CARGO_PKG_VERSION"), socket = role.socket(), "ready");
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
