//! From the command line to the end: sockets, the runtime, the signals, systemd's word.

use crate::args::Args;
use crate::clock::{SystemClock, rfc3339};
use crate::daemon::Daemon;
use crate::house::Places;
use crate::listen::{ListenError, Listeners, harden, listen};
use crate::log;
use crate::seal::clear_pieces;
use crate::server::{self, Sockets};
use crate::users::SystemDirectory;
use pam_2fa_confine::confine;
use sd_notify::NotifyState;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// What the store was asked to do has so long to be done when configd is stopped, and the threads so long to end.
const GRACE: Duration = Duration::from_secs(2);

/// Why configd did not run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The sockets.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The kernel.
    #[error("cannot start ({0})")]
    Io(#[from] std::io::Error),
    /// The kernel.
    #[error("cannot give up privileges ({0})")]
    Harden(nix::Error),
}

/// Runs until a signal says to stop.
///
/// # Errors
/// Why it could not begin. A house that cannot be opened is no such reason: configd then runs sealed, and says why.
pub fn run(args: &Args) -> Result<(), RunError> {
    let listeners = listen(args)?;
    harden().map_err(RunError::Harden)?;
    let level = log::start(listeners.by_systemd);
    confined(args);
    let places = Places {
        config: args.config.clone(),
        state_dir: args.state_dir.clone(),
        runtime_dir: args.runtime_dir.clone(),
    };
    let host = nix::unistd::gethostname()
        .ok()
        .and_then(|name| name.into_string().ok())
        .map_or_else(|| String::from("localhost"), |name| pam_2fa_settings::text::printable(&name).into_owned());
    let daemon = Arc::new(Daemon::new(
        places,
        Arc::new(SystemDirectory::default()),
        host,
        rfc3339(SystemClock::wall_s()),
        level,
    )?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let served = runtime.block_on(serve(daemon, listeners));
    runtime.shutdown_timeout(GRACE);
    served
}

/// Takes from this process what it needs no more, now that it has its sockets: before the first thread is started, which would keep it,
/// and before a file is read that others may have written.
fn confined(args: &Args) {
    let settings = args.config.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let read = [settings, &args.share_dir, &args.runtime_dir];
    for why in confine(pam_2fa_confine::Daemon::Configd, &read, &[&args.state_dir]) {
        tracing::warn!(why, "less confined than it could be");
    }
}

async fn serve(daemon: Arc<Daemon>, listeners: Listeners) -> Result<(), RunError> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // Before the house is opened: until then a SIGHUP would end the process.
    let hangup = signal(SignalKind::hangup())?;
    let sockets = Sockets {
        login: listener(listeners.login)?,
        admin: listener(listeners.admin)?,
        own: listeners.own.map(listener).transpose()?,
        readers: listeners.readers.map(listener).transpose()?,
    };
    clear_pieces(daemon.state_dir());
    // Sealed is said, logged, and no reason to stop: clients get an answer, and an administrator a status.
    let opened = daemon.open().await;
    let status = opened.as_ref().map_or_else(|reason| format!("sealed: {reason}"), |()| String::from("open"));
    tell(&[NotifyState::Ready, NotifyState::Status(&status)]);
    tokio::spawn(reload_on_hangup(Arc::clone(&daemon), hangup));
    tokio::spawn(watchdog());
    {
        let daemon = Arc::clone(&daemon);
        tokio::spawn(async move {
            let health = server::status::watch(&daemon);
            tokio::join!(daemon.watch_store(), daemon.watch_clock(), daemon.watch_log(), health)
        });
    }
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    server::run(Arc::clone(&daemon), sockets, stop).await;
    tell(&[NotifyState::Stopping]);
    tracing::info!("stopping");
    daemon.close(GRACE).await;
    Ok(())
}

fn listener(socket: UnixListener) -> std::io::Result<tokio::net::UnixListener> {
    socket.set_nonblocking(true)?;
    tokio::net::UnixListener::from_std(socket)
}

async fn reload_on_hangup(daemon: Arc<Daemon>, mut hangup: tokio::signal::unix::Signal) {
    while hangup.recv().await.is_some() {
        tell(&[NotifyState::Reloading]);
        // Refused or not, it stands in the log.
        let _said = daemon.reload().await;
        tell(&[NotifyState::Ready]);
    }
}

async fn watchdog() {
    let Some(within) = sd_notify::watchdog_enabled() else { return };
    let mut tick = tokio::time::interval(within / 2);
    loop {
        tick.tick().await;
        tell(&[NotifyState::Watchdog]);
    }
}

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!(%error, "systemd was not told");
    }
}
