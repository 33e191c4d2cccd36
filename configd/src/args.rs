//! The command line: few options, all of the form `--name VALUE`, so that a second copy can run beside the installed one.

use std::ffi::OsString;
use std::path::PathBuf;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Args {
    /// `config.toml`.
    pub config: PathBuf,
    /// The folder of the store and the key.
    pub state_dir: PathBuf,
    /// The folder of the sockets.
    pub runtime_dir: PathBuf,
    /// The folder of what is shipped.
    pub share_dir: PathBuf,
    /// Who to become once there are sockets, where configd was started as root.
    pub user: String,
}

/// What stands on the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// To run.
    Run(Args),
    /// `--help`.
    Help,
    /// `--version`.
    Version,
}

/// The text of `--help`.
pub const HELP: &str = "\
configd - the daemon of pam-2fa that decides

configd [--config FILE] [--state-dir DIR] [--runtime-dir DIR] [--share-dir DIR] [--user NAME]

  --config FILE       settings                    (/etc/pam-2fa/config.toml)
  --state-dir DIR     store and key               (/var/lib/pam-2fa)
  --runtime-dir DIR   sockets                     (/run/pam-2fa)
  --share-dir DIR     what is shipped             (/usr/share/pam-2fa)
  --user NAME         who to become when started as root (pam-2fa)

systemd starts it with its sockets. By hand, as root, it binds them itself, becomes NAME, and logs to stderr.
";

/// A command line that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgsError {
    /// Not one of ours.
    #[error("configd: unknown option {0:?}; see configd --help")]
    Unknown(OsString),
    /// Its value is missing.
    #[error("configd: {0} wants a value; see configd --help")]
    NoValue(&'static str),
    /// A name that is not text.
    #[error("configd: --user wants the name of a user")]
    User,
}

/// Parses a command line without the program's name.
///
/// # Errors
/// [`ArgsError`].
pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Asked, ArgsError> {
    let mut args = Args {
        config: PathBuf::from("/etc/pam-2fa/config.toml"),
        state_dir: PathBuf::from("/var/lib/pam-2fa"),
        runtime_dir: PathBuf::from("/run/pam-2fa"),
        share_dir: PathBuf::from("/usr/share/pam-2fa"),
        user: String::from("pam-2fa"),
    };
    let mut words = words.into_iter();
    while let Some(word) = words.next() {
        let mut value = |name| words.next().ok_or(ArgsError::NoValue(name));
        match word.to_str() {
            Some("--config") => args.config = value("--config")?.into(),
            Some("--state-dir") => args.state_dir = value("--state-dir")?.into(),
            Some("--runtime-dir") => args.runtime_dir = value("--runtime-dir")?.into(),
            Some("--share-dir") => args.share_dir = value("--share-dir")?.into(),
            Some("--user") => args.user = value("--user")?.into_string().map_err(|_| ArgsError::User)?,
            Some("--help" | "-h") => return Ok(Asked::Help),
            Some("--version" | "-V") => return Ok(Asked::Version),
            Some(_) | None => return Err(ArgsError::Unknown(word)),
        }
    }
    Ok(Asked::Run(args))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn options_are_taken_and_wrong_ones_named() {
        let Ok(Asked::Run(args)) = parse(words("--config /a --state-dir /b --user bob")) else { panic!("not taken") };
        assert_eq!((args.config, args.state_dir, args.user.as_str()), ("/a".into(), "/b".into(), "bob"));
        assert_eq!(args.runtime_dir, PathBuf::from("/run/pam-2fa"));
        assert_eq!(parse(words("--confg /a")), Err(ArgsError::Unknown("--confg".into())));
        assert_eq!(parse(words("--config")), Err(ArgsError::NoValue("--config")));
        assert_eq!(parse(words("--help")), Ok(Asked::Help));
    }
}
