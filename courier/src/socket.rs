//! The daemon's socket: from systemd, or made here. Made here it is bound with no rights for anyone, given to the caller's group,
//! and only then listened on: there is no moment in which somebody else could connect.

use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, UnixAddr, bind, listen, socket};
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Gid, chown, geteuid};
use std::fs::{Permissions, set_permissions, symlink_metadata};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why there is no socket to serve on.
#[derive(Debug, Error)]
pub enum SocketError {
    /// Something that is no socket has its name.
    #[error("{}: not a socket; move it away, or choose another --runtime-dir", .0.display())]
    Occupied(PathBuf),
    /// Another process serves it.
    #[error("{}: another courier serves it; stop that one, or choose another --runtime-dir", .0.display())]
    InUse(PathBuf),
    /// Others could put something else where the socket is made.
    #[error("{}: not a folder that its owner alone can write (root, if root starts this); choose another", .0.display())]
    Unsafe(PathBuf),
    /// The system refused.
    #[error("{}: cannot {action}: {source}", path.display())]
    System {
        /// The socket's path.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// The system's word.
        source: io::Error,
    },
    /// systemd handed over something else than one listening unix stream socket.
    #[error("the service manager handed over {0}; the socket unit needs one ListenStream=")]
    HandedOver(String),
}

/// The socket that systemd handed over, if it did.
///
/// # Errors
/// [`SocketError::HandedOver`].
pub fn handed_over() -> Result<Option<UnixListener>, SocketError> {
    let wrong = |error: io::Error| SocketError::HandedOver(error.to_string());
    // sd-notify looks at LISTEN_PID as systemd means it; listenfd alone would do without.
    match sd_notify::listen_fds().map_err(wrong)?.len() {
        0 => Ok(None),
        1 => match listenfd::ListenFd::from_env().take_unix_listener(0).map_err(wrong)? {
            Some(listener) => Ok(Some(listener)),
            None => Err(SocketError::HandedOver(String::from("no socket"))),
        },
        more => Err(SocketError::HandedOver(format!("{more} sockets"))),
    }
}

/// Makes the socket `name` in `folder`: mode 0660, its group `group`, or the process's own.
///
/// # Errors
/// [`SocketError`]. What is there already is removed only if it is a socket that nobody serves.
pub fn make(folder: &Path, name: &str, group: Option<Gid>) -> Result<UnixListener, SocketError> {
    let path = folder.join(name);
    let system = |action| {
        let path = path.clone();
        move |error: nix::Error| SocketError::System { path, action, source: error.into() }
    };
    require_own(folder)?;
    remove_stale(&path)?;
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let fd = socket(AddressFamily::Unix, SockType::Stream, flags, None).map_err(system("make a socket"))?;
    let address = UnixAddr::new(&path).map_err(system("name it"))?;
    let before = umask(Mode::from_bits_truncate(0o777));
    let bound = bind(fd.as_raw_fd(), &address);
    umask(before);
    bound.map_err(system("bind it"))?;
    if let Some(group) = group {
        chown(&path, None, Some(group)).map_err(system("give it to the caller's group"))?;
    }
    set_permissions(&path, Permissions::from_mode(0o660)).map_err(|source| SocketError::System {
        path: path.clone(),
        action: "set its mode",
        source,
    })?;
    listen(&fd, Backlog::MAXCONN).map_err(system("listen on it"))?;
    Ok(UnixListener::from(fd))
}

/// The socket is made by name, and its group and mode set by name: nobody else may be able to put a link in between.
fn require_own(folder: &Path) -> Result<(), SocketError> {
    let about = symlink_metadata(folder).map_err(|source| SocketError::System {
        path: folder.to_owned(),
        action: "look at it",
        source,
    })?;
    if about.is_dir() && about.uid() == geteuid().as_raw() && about.mode() & 0o022 == 0 {
        Ok(())
    } else {
        Err(SocketError::Unsafe(folder.to_owned()))
    }
}

fn remove_stale(path: &Path) -> Result<(), SocketError> {
    let found = match symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(source) => return Err(SocketError::System { path: path.to_owned(), action: "look at it", source }),
    };
    if !found.file_type().is_socket() {
        return Err(SocketError::Occupied(path.to_owned()));
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path)
            .map_err(|source| SocketError::System { path: path.to_owned(), action: "remove a stale one", source }),
        // Served, or not ours to try: either way not ours to remove.
        Ok(_) | Err(_) => Err(SocketError::InUse(path.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_not_made_where_others_could_put_a_link() {
        let folder = tempfile::tempdir().unwrap();
        assert!(make(folder.path(), "courier.sock", None).is_ok());
        for mode in [0o777, 0o1777, 0o775] {
            set_permissions(folder.path(), Permissions::from_mode(mode)).unwrap();
            assert!(matches!(require_own(folder.path()), Err(SocketError::Unsafe(_))), "{mode:o}");
        }
    }
}
