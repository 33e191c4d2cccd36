//! The sockets: handed over by systemd, or bound by hand; and what is given up before anything is read (rule 7).
//!
//! A client learns who made a listener from the kernel, so listeners are made as root and never `listen()`ed again.

use crate::args::Args;
use listenfd::ListenFd;
use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Group, Uid, User, chown, geteuid, initgroups, setgid, setuid};
use pam_2fa_protocol::status::{GROUP, SOCKET};
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::Path;

/// Connections that wait to be accepted. Few: whoever floods the socket fills this queue, everyone else stands at its end,
/// and so its length is what root's callers wait; where it is full they wait in `connect`, in turn (measured with 12 flooding
/// processes on 2 cores: 95 of 100 logins within 764 ms with 4096, 366 with 256, 168 with 32).
const BACKLOG: i32 = 32;

/// Why configd cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum ListenError {
    /// A socket cannot be made.
    #[error("cannot make {path} ({why})")]
    Bind {
        /// The socket.
        path: String,
        /// Why.
        why: String,
    },
    /// Somebody listens there.
    #[error("{0}: another daemon is listening there; stop it, or give another --runtime-dir")]
    InUse(String),
    /// systemd's sockets are not ours.
    #[error(
        "systemd handed over other sockets than login.sock, admin.sock, self.sock and status.sock; look at the .socket units"
    )]
    HandedOver,
    /// The user to become.
    #[error("there is no user {0}: systemd-sysusers makes it when the package is installed; or give another --user")]
    NoUser(String),
    /// It cannot be become.
    #[error("cannot become {user} ({why})")]
    Become {
        /// The user.
        user: String,
        /// Why.
        why: String,
    },
    /// Others could put something else where the sockets are made.
    #[error(
        "{0}: not a folder that its owner alone (root, where root starts this) can write; give another --runtime-dir"
    )]
    Unsafe(String),
    /// A folder cannot be made.
    #[error("cannot make the folder {path} ({why})")]
    Folder {
        /// The folder.
        path: String,
        /// Why.
        why: String,
    },
}

/// Our sockets.
#[derive(Debug)]
pub struct Listeners {
    /// `login.sock`, for everyone.
    pub login: UnixListener,
    /// `admin.sock`, for root.
    pub admin: UnixListener,
    /// `self.sock`, for everyone about oneself; none where systemd's units are of a release before it.
    pub own: Option<UnixListener>,
    /// `status.sock`, for root and the group `pam-2fa-status`; none where systemd's units are of a release before it.
    pub readers: Option<UnixListener>,
    /// systemd handed them over.
    pub by_systemd: bool,
}

/// Takes systemd's sockets, or binds them; then, as root, becomes `--user`.
///
/// # Errors
/// [`ListenError`].
pub fn listen(args: &Args) -> Result<Listeners, ListenError> {
    umask(Mode::from_bits_truncate(0o077));
    let user = if geteuid().is_root() { Some(find(&args.user)?) } else { None };
    let mut handed = ListenFd::from_env();
    let listeners = if handed.len() > 0 { from_systemd(&mut handed)? } else { by_hand(args, user.as_ref())? };
    // Whoever made the sockets: nothing is read as root.
    if let Some(user) = user {
        become_user(&user)?;
    }
    Ok(listeners)
}

fn by_hand(args: &Args, user: Option<&User>) -> Result<Listeners, ListenError> {
    make_folder(&args.runtime_dir, 0o755)?;
    require_own(&args.runtime_dir)?;
    make_state_dir(&args.state_dir, user)?;
    let login = bind(&args.runtime_dir.join("login.sock"), 0o666)?;
    let admin = bind(&args.runtime_dir.join("admin.sock"), 0o600)?;
    let own = Some(bind(&args.runtime_dir.join("self.sock"), 0o666)?);
    let readers = Some(bind_for_readers(&args.runtime_dir.join(SOCKET), user.is_some())?);
    Ok(Listeners { login, admin, own, readers, by_systemd: false })
}

/// Root and the group, where there is one and it can be given; else whoever starts this.
fn bind_for_readers(path: &Path, is_root: bool) -> Result<UnixListener, ListenError> {
    let failed = |why: String| ListenError::Bind { path: path.display().to_string(), why };
    let group = if is_root { Group::from_name(GROUP).map_err(|error| failed(error.to_string()))? } else { None };
    let Some(group) = group else { return bind(path, 0o600) };
    let listener = bind(path, 0o600)?;
    // The folder is root's own: nobody else can have put a link there.
    chown(path, None, Some(group.gid)).map_err(|error| failed(error.to_string()))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))
        .map_err(|error| failed(error.to_string()))?;
    Ok(listener)
}

fn from_systemd(handed: &mut ListenFd) -> Result<Listeners, ListenError> {
    let (mut login, mut admin, mut own, mut readers) = (None, None, None, None);
    for index in 0..handed.len() {
        let Ok(Some(listener)) = handed.take_unix_listener(index) else { return Err(ListenError::HandedOver) };
        let address = listener.local_addr().map_err(|_| ListenError::HandedOver)?;
        match address.as_pathname().and_then(Path::file_name).and_then(|name| name.to_str()) {
            Some("login.sock") => login = Some(listener),
            Some("admin.sock") => admin = Some(listener),
            Some("self.sock") => own = Some(listener),
            Some(SOCKET) => readers = Some(listener),
            Some(_) | None => return Err(ListenError::HandedOver),
        }
    }
    match (login, admin) {
        (Some(login), Some(admin)) => Ok(Listeners { login, admin, own, readers, by_systemd: true }),
        _ => Err(ListenError::HandedOver),
    }
}

fn find(name: &str) -> Result<User, ListenError> {
    match User::from_name(name) {
        Ok(Some(user)) if user.uid.is_root() => {
            Err(ListenError::Become { user: user.name, why: String::from("it is root; give another --user") })
        }
        Ok(Some(user)) => Ok(user),
        Ok(None) => Err(ListenError::NoUser(String::from(name))),
        Err(error) => Err(ListenError::Become { user: String::from(name), why: error.to_string() }),
    }
}

fn make_folder(path: &Path, mode: u32) -> Result<(), ListenError> {
    let failed =
        |error: std::io::Error| ListenError::Folder { path: path.display().to_string(), why: error.to_string() };
    match std::fs::DirBuilder::new().mode(mode).create(path) {
        // The umask took bits away.
        Ok(()) => std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).map_err(failed),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error)),
    }
}

/// Sockets are made by name, and their modes set by name: nobody else may be able to put a link in between.
fn require_own(path: &Path) -> Result<(), ListenError> {
    let about = path
        .symlink_metadata()
        .map_err(|error| ListenError::Folder { path: path.display().to_string(), why: error.to_string() })?;
    if about.is_dir() && about.uid() == geteuid().as_raw() && about.mode() & 0o022 == 0 {
        Ok(())
    } else {
        Err(ListenError::Unsafe(path.display().to_string()))
    }
}

/// The state folder is made where it is missing, and given to `owner` where it is root's and empty: `mkdir` is all that an
/// administrator needs to do. One that holds something is left as it is, and looked at when the store is opened.
fn make_state_dir(path: &Path, owner: Option<&User>) -> Result<(), ListenError> {
    let failed = |why: String| ListenError::Folder { path: path.display().to_string(), why };
    match path.symlink_metadata() {
        Err(_) => make_folder(path, 0o700)?,
        Ok(about) if !about.is_dir() || about.uid() != 0 => return Ok(()),
        Ok(_) => {
            let mut entries = std::fs::read_dir(path).map_err(|error| failed(error.to_string()))?;
            if entries.next().is_some() {
                return Ok(());
            }
        }
    }
    let Some(owner) = owner else { return Ok(()) };
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
        .map_err(|error| failed(error.to_string()))?;
    chown(path, Some(owner.uid), Some(owner.gid)).map_err(|error| failed(error.to_string()))
}

fn bind(path: &Path, mode: u32) -> Result<UnixListener, ListenError> {
    let name = || path.display().to_string();
    let failed = |error: std::io::Error| ListenError::Bind { path: name(), why: error.to_string() };
    match path.symlink_metadata() {
        Ok(about) if about.file_type().is_socket() => {
            if is_served(path) {
                return Err(ListenError::InUse(name()));
            }
            std::fs::remove_file(path).map_err(failed)?;
        }
        Ok(_) => return Err(ListenError::Bind { path: name(), why: String::from("something else is there") }),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(error)),
    }
    // With its mode from the first moment on. A chmod would follow a link that somebody put there meanwhile, where the folder is
    // not root's. Nobody is here yet whose files the umask could touch, and nobody can connect before listen(2).
    let usual = umask(Mode::from_bits_truncate(!mode & 0o777));
    let bound = bind_with_backlog(path);
    umask(usual);
    let listener = bound.map_err(|error| failed(error.into()))?;
    Ok(listener)
}

/// Whether somebody listens there. Never waits: one who listens and does not accept has a full queue, and is there.
fn is_served(path: &Path) -> bool {
    use nix::sys::socket;
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let connected = socket::socket(AddressFamily::Unix, SockType::Stream, flags, None)
        .and_then(|descriptor| socket::connect(descriptor.as_raw_fd(), &UnixAddr::new(path)?));
    matches!(connected, Ok(()) | Err(nix::Error::EAGAIN))
}

/// std's own `bind` takes the longest backlog that the kernel gives.
fn bind_with_backlog(path: &Path) -> nix::Result<UnixListener> {
    use nix::sys::socket;
    let descriptor = socket::socket(AddressFamily::Unix, SockType::Stream, SockFlag::SOCK_CLOEXEC, None)?;
    socket::bind(descriptor.as_raw_fd(), &UnixAddr::new(path)?)?;
    socket::listen(&descriptor, Backlog::new(BACKLOG)?)?;
    Ok(UnixListener::from(descriptor))
}

fn become_user(user: &User) -> Result<(), ListenError> {
    let failed = |why: String| ListenError::Become { user: user.name.clone(), why };
    let name = std::ffi::CString::new(user.name.as_str()).map_err(|error| failed(error.to_string()))?;
    initgroups(&name, user.gid).map_err(|error| failed(error.to_string()))?;
    setgid(user.gid).map_err(|error| failed(error.to_string()))?;
    setuid(user.uid).map_err(|error| failed(error.to_string()))?;
    if setuid(Uid::from_raw(0)).is_ok() {
        return Err(failed(String::from("root could be taken back")));
    }
    Ok(())
}

/// What no way of starting needs: new privileges, a core file, a debugger of the same user.
///
/// # Errors
/// The kernel's words.
pub fn harden() -> nix::Result<()> {
    nix::sys::prctl::set_no_new_privs()?;
    nix::sys::prctl::set_dumpable(false)?;
    nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Mutex, MutexGuard, PoisonError};

    /// The umask is the whole process's, and `bind` changes it for a moment: these tests take turns, and make their folders in
    /// their turn.
    fn turn() -> MutexGuard<'static, ()> {
        static TURN: Mutex<()> = Mutex::new(());
        TURN.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[test]
    fn nobody_becomes_root_or_a_user_that_is_not_there() {
        assert!(matches!(find("root"), Err(ListenError::Become { .. })));
        assert!(matches!(find("no-such-user-here"), Err(ListenError::NoUser(_))));
        assert!(find("nobody").is_ok());
    }

    /// Connects without waiting, as one who floods does.
    fn connect(path: &Path) -> nix::Result<std::os::fd::OwnedFd> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let descriptor = nix::sys::socket::socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
        nix::sys::socket::connect(descriptor.as_raw_fd(), &UnixAddr::new(path)?)?;
        Ok(descriptor)
    }

    #[test]
    fn who_floods_a_socket_puts_no_more_than_a_short_queue_before_the_others() {
        let _turn = turn();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("login.sock");
        let _listener = bind(&path, 0o666).unwrap();
        let waiting: Vec<_> = (0..200).map_while(|_| connect(&path).ok()).collect();
        // Linux takes one more than it was told.
        assert_eq!(waiting.len(), usize::try_from(BACKLOG).unwrap() + 1);
        assert_eq!(connect(&path).unwrap_err(), nix::Error::EAGAIN);
    }

    #[test]
    fn one_who_listens_and_accepts_nobody_is_not_driven_out_and_not_waited_for() {
        let _turn = turn();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("login.sock");
        let listener = bind(&path, 0o666).unwrap();
        let _waiting: Vec<_> = (0..200).map_while(|_| connect(&path).ok()).collect();
        assert!(matches!(bind(&path, 0o666), Err(ListenError::InUse(_))));
        drop(listener);
        assert!(bind(&path, 0o666).is_ok(), "a stale one is replaced");
    }

    #[test]
    fn sockets_are_not_made_where_others_could_put_a_link() {
        let _turn = turn();
        let folder = tempfile::tempdir().unwrap();
        assert!(require_own(folder.path()).is_ok());
        for mode in [0o777, 0o1777, 0o775] {
            std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(require_own(folder.path()), Err(ListenError::Unsafe(_))), "{mode:o}");
        }
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(folder.path(), &link).unwrap();
        assert!(matches!(require_own(&link), Err(ListenError::Unsafe(_))));
    }
}
