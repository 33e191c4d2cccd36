//! From root to the daemon's own user, for good.

use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::stat::{Mode, umask};
use nix::unistd::{Gid, Uid, User, getgroups, initgroups, setresgid, setresuid, setuid};
use std::ffi::CString;
use thiserror::Error;

/// Why the process could not become what it has to be.
#[derive(Debug, Error)]
pub enum PrivilegeError {
    /// There is no such user.
    #[error("no user {name}; make it with systemd-sysusers, or name another with {option}")]
    NoUser {
        /// The name.
        name: String,
        /// The option that named it.
        option: &'static str,
    },
    /// The user is root.
    #[error("--user {0} is root; name an unprivileged user")]
    StillRoot(String),
    /// The system refused.
    #[error("cannot {action}: {source}")]
    System {
        /// What was tried.
        action: &'static str,
        /// The system's word.
        source: Errno,
    },
    /// Root could be had again.
    #[error("root was given up but could be had again; this system cannot run the courier safely")]
    NotGone,
}

/// The user of that name.
///
/// # Errors
/// [`PrivilegeError::NoUser`], naming `option`.
pub fn find(name: &str, option: &'static str) -> Result<User, PrivilegeError> {
    match User::from_name(name) {
        Ok(Some(user)) => Ok(user),
        Ok(None) => Err(PrivilegeError::NoUser { name: name.to_owned(), option }),
        Err(source) => Err(PrivilegeError::System { action: "look up users", source }),
    }
}

/// Becomes `user`, with its groups, and makes sure that there is no way back.
///
/// # Errors
/// [`PrivilegeError`]; the process must then end.
pub fn become_user(user: &User) -> Result<(), PrivilegeError> {
    if user.uid.is_root() {
        return Err(PrivilegeError::StillRoot(user.name.clone()));
    }
    let system = |action| move |source| PrivilegeError::System { action, source };
    let name = CString::new(user.name.as_str()).map_err(|_| PrivilegeError::StillRoot(user.name.clone()))?;
    initgroups(&name, user.gid).map_err(system("take on the groups of --user"))?;
    setresgid(user.gid, user.gid, user.gid).map_err(system("take on the group of --user"))?;
    setresuid(user.uid, user.uid, user.uid).map_err(system("become --user"))?;
    let root = Gid::from_raw(0);
    let in_roots_group = user.gid != root && getgroups().map_err(system("read the groups"))?.contains(&root);
    if setuid(Uid::from_raw(0)).is_ok() || Uid::current().is_root() || Uid::effective().is_root() || in_roots_group {
        return Err(PrivilegeError::NotGone);
    }
    Ok(())
}

/// What holds for the process whoever it is: no rights by running programs, no core and no debugger (codes and passwords are
/// in its memory), no file for others. The programs that courier-local runs inherit the first and the last of it; they may be looked
/// into by whoever runs as their user, which is nobody else.
///
/// # Errors
/// [`PrivilegeError::System`].
pub fn confine() -> Result<(), PrivilegeError> {
    let system = |action| move |source| PrivilegeError::System { action, source };
    umask(Mode::from_bits_truncate(0o077));
    prctl::set_no_new_privs().map_err(system("give up new privileges"))?;
    // Set anew after each change of uid, which resets it.
    prctl::set_dumpable(false).map_err(system("forbid core dumps"))
}
