//! The command line. Every option has a default that fits the installed system, so that the unit file needs none.

use std::ffi::OsString;
use std::path::PathBuf;
use thiserror::Error;

/// What `--help` prints.
pub const HELP: &str = "\
Usage: courier [OPTION VALUE]...
The daemon of pam-2fa that carries messages. It is started by systemd; by hand only for tests.

  --runtime-dir DIR  where courier.sock is made [/run/pam-2fa]
  --share-dir DIR    where the shipped provider files are [/usr/share/pam-2fa]
  --providers DIR    where an administrator's provider files are [/etc/pam-2fa/providers]
  --user NAME        whom to become when started as root [pam-2fa-courier]
  --peer NAME        who may call: the user that configd runs as [pam-2fa]
  --config FILE      taken and ignored: the courier reads no settings
  --state-dir DIR    taken and ignored: the courier keeps nothing
  --help             print this
  --version          print the version
";

/// What the command line asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// To serve.
    Serve(Args),
    /// To print [`HELP`].
    Help,
    /// To print the version.
    Version,
}

/// How to serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Args {
    /// Where `courier.sock` is made.
    pub runtime_dir: PathBuf,
    /// Where the shipped provider files are.
    pub share_dir: PathBuf,
    /// Where an administrator's provider files are; they come before the shipped ones.
    pub providers: PathBuf,
    /// Whom to become when started as root.
    pub user: String,
    /// The user whose uid may call.
    pub peer: String,
}

impl Default for Args {
    fn default() -> Self {
        Self {
            runtime_dir: PathBuf::from("/run/pam-2fa"),
            share_dir: PathBuf::from("/usr/share/pam-2fa"),
            providers: PathBuf::from("/etc/pam-2fa/providers"),
            user: String::from("pam-2fa-courier"),
            peer: String::from("pam-2fa"),
        }
    }
}

/// A command line that makes no sense.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ArgsError {
    /// There is no such option.
    #[error("unknown option {0}; see courier --help")]
    Unknown(String),
    /// An option without its value.
    #[error("{0} needs a value; see courier --help")]
    NoValue(&'static str),
    /// A name that is not text.
    #[error("{0}: not a user name")]
    NotText(&'static str),
}

/// Parses a command line, the program's own name taken off.
///
/// # Errors
/// [`ArgsError`] at the first thing that makes no sense.
pub fn parse(args: impl IntoIterator<Item = OsString>) -> Result<Request, ArgsError> {
    const OPTIONS: [&str; 7] =
        ["--config", "--state-dir", "--runtime-dir", "--share-dir", "--providers", "--user", "--peer"];
    let mut args = args.into_iter();
    let mut found = Args::default();
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
        let Some(option) = OPTIONS.into_iter().find(|option| *option == given) else {
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
            _ => {}
        }
    }
    Ok(Request::Serve(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(args: &[&str]) -> Result<Request, ArgsError> {
        parse(args.iter().map(OsString::from))
    }

    #[test]
    fn no_option_means_the_installed_system() {
        assert_eq!(parsed(&[]), Ok(Request::Serve(Args::default())));
    }

    #[test]
    fn every_option_is_taken_in_both_spellings() {
        let expected = Args {
            runtime_dir: "/r".into(),
            share_dir: "/s".into(),
            providers: "/o".into(),
            user: "u".into(),
            peer: "p".into(),
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
    fn what_makes_no_sense_is_refused_by_name() {
        assert_eq!(parsed(&["--usr", "x"]), Err(ArgsError::Unknown("--usr".into())));
        assert_eq!(parsed(&["stray"]), Err(ArgsError::Unknown("stray".into())));
        assert_eq!(parsed(&["--user"]), Err(ArgsError::NoValue("--user")));
    }
}
