//! The command line. Every option has a default that fits the installed system, so that the unit file needs none.

use crate::role::Role;
use std::ffi::OsString;
use std::path::PathBuf;
use thiserror::Error;

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// To serve.
    Serve(Args),
    /// To print [`Role::help`].
    Help,
    /// To print the version.
    Version,
}

/// How to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Args {
    /// Where the socket is made, and where the other daemons have theirs.
    pub runtime_dir: PathBuf,
    /// Where the shipped provider files are.
    pub share_dir: PathBuf,
    /// Where an administrator's provider files are; they come before the shipped ones.
    pub providers: PathBuf,
    /// Whom to become when started as root.
    pub user: String,
    /// The user whose uid may call.
    pub peer: String,
    /// Where the system's message bus is; empty where the daemon has nothing to do with one.
    pub bus: String,
}

impl Args {
    /// What holds where the command line says nothing.
    #[must_use]
    pub fn of(role: &Role) -> Self {
        Self {
            runtime_dir: PathBuf::from("/run/pam-2fa"),
            share_dir: PathBuf::from("/usr/share/pam-2fa"),
            providers: PathBuf::from("/etc/pam-2fa/providers"),
            user: role.user.to_owned(),
            peer: role.peer.to_owned(),
            bus: role.bus.unwrap_or_default().to_owned(),
        }
    }
}

/// A command line that makes no sense.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ArgsError {
    /// There is no such option.
    #[error("unknown option {0}; see --help")]
    Unknown(String),
    /// An option without its value.
    #[error("{0} needs a value; see --help")]
    NoValue(&'static str),
    /// A name or address that is not text.
    #[error("{0}: not a text")]
    NotText(&'static str),
}

/// Parses a command line of `role`, the program's own name taken off.
///
/// # Errors
/// [`ArgsError`] at the first thing that makes no sense.
pub fn parse(role: &Role, args: impl IntoIterator<Item = OsString>) -> Result<Request, ArgsError> {
    const OPTIONS: [&str; 7] =
        ["--config", "--state-dir", "--runtime-dir", "--share-dir", "--providers", "--user", "--peer"];
    let bus = role.bus.map(|_| "--bus");
    let mut args = args.into_iter();
    let mut found = Args::of(role);
    while let Some(arg) = args.next() {
        let text = arg.to_string_lossy().into_owned();
        if text == "--help" {
            return Ok(Request::Help);
        }
        if text == "--version" {
            return Ok(Request::Version);
        }
        let (given, inline) = match text.split_once('=') {
            Some((given, value)) => (given.to_owned(), Some(OsString::from(value))),
            None => (text.clone(), None),
        };
        let Some(option) = OPTIONS.into_iter().chain(bus).find(|option| *option == given) else {
            return Err(ArgsError::Unknown(text));
        };
        let value = inline.or_else(|| args.next()).ok_or(ArgsError::NoValue(option))?;
        let name = |value: OsString| value.into_string().map_err(|_| ArgsError::NotText(option));
        match option {
            "--runtime-dir" => found.runtime_dir = value.into(),
            "--share-dir" => found.share_dir = value.into(),
            "--providers" => found.providers = value.into(),
            "--user" => found.user = name(value)?,
            "--peer" => found.peer = name(value)?,
            "--bus" => found.bus = name(value)?,
            _ => {}
        }
    }
    Ok(Request::Serve(found))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::role::{COURIER, LOCAL};

    fn parsed(args: &[&str]) -> Result<Request, ArgsError> {
        parse(&COURIER, args.iter().map(OsString::from))
    }

    #[test]
    fn no_option_means_the_installed_system() {
        assert_eq!(parsed(&[]), Ok(Request::Serve(Args::of(&COURIER))));
    }

    #[test]
    fn every_option_is_taken_in_both_spellings() {
        let expected = Args {
            runtime_dir: "/r".into(),
            share_dir: "/s".into(),
            providers: "/o".into(),
            user: "u".into(),
            peer: "p".into(),
            bus: String::new(),
        };
        let spaced = [
            "--config",
            "c",
            "--state-dir",
            "d",
            "--runtime-dir",
            "/r",
            "--share-dir",
            "/s",
            "--providers",
            "/o",
            "--user",
            "u",
            "--peer",
            "p",
        ];
        assert_eq!(parsed(&spaced), Ok(Request::Serve(expected.clone())));
        let joined = [
            "--config=c",
            "--state-dir=d",
            "--runtime-dir=/r",
            "--share-dir=/s",
            "--providers=/o",
            "--user=u",
            "--peer=p",
        ];
        assert_eq!(parsed(&joined), Ok(Request::Serve(expected)));
    }

    #[test]
    fn a_bus_is_for_the_daemon_that_has_to_do_with_one() {
        assert_eq!(parsed(&["--bus", "unix:path=/b"]), Err(ArgsError::Unknown("--bus".into())));
        let Ok(Request::Serve(args)) = parse(&LOCAL, ["--bus", "unix:path=/b"].map(OsString::from)) else {
            panic!("not taken")
        };
        assert_eq!(args, Args { bus: "unix:path=/b".into(), ..Args::of(&LOCAL) });
        assert_eq!(Args::of(&LOCAL).bus, "unix:path=/run/dbus/system_bus_socket");
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        assert_eq!(parsed(&["--usr", "x"]), Err(ArgsError::Unknown("--usr".into())));
        assert_eq!(parsed(&["stray"]), Err(ArgsError::Unknown("stray".into())));
        assert_eq!(parsed(&["--user"]), Err(ArgsError::NoValue("--user")));
    }
}
