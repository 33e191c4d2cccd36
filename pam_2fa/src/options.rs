//! The options of the PAM line: `[decoy | key-proven] [break-glass] [socket=PATH] [timeout=SECONDS] [quiet]`.
//!
//! Parsed once at the door, into types that cannot hold nonsense. Nothing is guessed and nothing ignored: a line that is not
//! wholly understood denies.

use std::ffi::{CStr, CString};
use std::fmt;
use std::time::Duration;

/// What this line of the stack is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The second factor.
    Full,
    /// Behind a failed first factor: the same prompts, and always a denial.
    Decoy,
    /// In place of the password, where sshd has checked a public key.
    KeyProven,
}

/// Whether the daemon's texts (not its prompts) are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tells {
    /// As they come.
    Shown,
    /// `quiet`, or `PAM_SILENT`.
    Hidden,
}

/// Whether break-glass codes count on this line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BreakGlass {
    /// `break-glass`. The other modes ask for none.
    Allowed,
    /// They are never asked for.
    Never,
}

/// The options of one PAM line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    /// What the line is for.
    pub(crate) mode: Mode,
    /// The daemon's socket: an absolute path that fits a socket address.
    pub(crate) socket: CString,
    /// All time outside the conversation.
    pub(crate) timeout: Duration,
    /// Whether texts are shown.
    pub(crate) tells: Tells,
    /// Whether break-glass codes count.
    pub(crate) break_glass: BreakGlass,
}

/// What is wrong with the line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OptionError {
    /// No such option.
    Unknown(String),
    /// Given twice.
    Twice(&'static str),
    /// `decoy` and `key-proven` on one line.
    Contradiction,
    /// `socket=` without a usable path.
    Socket(String),
    /// `timeout=` without a usable number.
    Timeout(String),
}

/// Where the daemon listens if the line does not say.
const DEFAULT_SOCKET: &CStr = c"/run/pam-2fa/login.sock";
/// Seconds outside the conversation if the line does not say.
const DEFAULT_TIMEOUT_S: u64 = 5;
/// Nobody waits longer at a login that asks nothing; sshd's own LoginGraceTime is 120 s.
const LONGEST_TIMEOUT_S: u64 = 60;
/// The longest path in a `sockaddr_un` in bytes, its NUL not counted (unix(7)).
pub(crate) const LONGEST_SOCKET_PATH: usize = 107;

impl Options {
    /// Parses the arguments of the line.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(crate) fn parse(arguments: &[&CStr]) -> Result<Self, OptionError> {
        let (mut decoy, mut key_proven, mut quiet, mut break_glass) = (None, None, None, None);
        let (mut socket, mut timeout) = (None, None);
        for argument in arguments {
            let bytes = argument.to_bytes();
            if bytes == b"decoy" {
                once("decoy", &mut decoy, ())?;
            } else if bytes == b"key-proven" {
                once("key-proven", &mut key_proven, ())?;
            } else if bytes == b"quiet" {
                once("quiet", &mut quiet, ())?;
            } else if bytes == b"break-glass" {
                once("break-glass", &mut break_glass, ())?;
            } else if let Some(path) = bytes.strip_prefix(b"socket=") {
                once("socket", &mut socket, socket_path(path)?)?;
            } else if let Some(seconds) = bytes.strip_prefix(b"timeout=") {
                once("timeout", &mut timeout, whole_seconds(seconds)?)?;
            } else {
                return Err(OptionError::Unknown(shown(bytes)));
            }
        }
        let mode = match (decoy, key_proven) {
            (None, None) => Mode::Full,
            (Some(()), None) => Mode::Decoy,
            (None, Some(())) => Mode::KeyProven,
            (Some(()), Some(())) => return Err(OptionError::Contradiction),
        };
        Ok(Self {
            mode,
            socket: socket.unwrap_or_else(|| DEFAULT_SOCKET.to_owned()),
            timeout: timeout.unwrap_or(Duration::from_secs(DEFAULT_TIMEOUT_S)),
            tells: quiet.map_or(Tells::Shown, |()| Tells::Hidden),
            break_glass: break_glass.map_or(BreakGlass::Never, |()| BreakGlass::Allowed),
        })
    }
}

fn once<T>(name: &'static str, slot: &mut Option<T>, value: T) -> Result<(), OptionError> {
    match slot.replace(value) {
        None => Ok(()),
        Some(_) => Err(OptionError::Twice(name)),
    }
}

fn socket_path(bytes: &[u8]) -> Result<CString, OptionError> {
    if bytes.first() != Some(&b'/') || bytes.len() > LONGEST_SOCKET_PATH {
        return Err(OptionError::Socket(shown(bytes)));
    }
    CString::new(bytes).map_err(|_| OptionError::Socket(shown(bytes)))
}

fn whole_seconds(bytes: &[u8]) -> Result<Duration, OptionError> {
    let digits = !bytes.is_empty() && bytes.len() <= 3 && bytes.iter().all(u8::is_ascii_digit);
    let seconds = str::from_utf8(bytes).ok().filter(|_| digits).and_then(|text| text.parse::<u64>().ok());
    match seconds {
        Some(seconds @ 1..=LONGEST_TIMEOUT_S) => Ok(Duration::from_secs(seconds)),
        Some(_) | None => Err(OptionError::Timeout(shown(bytes))),
    }
}

/// As much of an option as an error should repeat.
fn shown(bytes: &[u8]) -> String {
    let head = bytes.get(..64).unwrap_or(bytes);
    String::from_utf8_lossy(head).into_owned()
}

impl fmt::Display for OptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(option) => write!(
                f,
                "unknown option \"{option}\" in the PAM line; known: decoy, key-proven, break-glass, socket=PATH, timeout=SECONDS, quiet"
            ),
            Self::Twice(name) => write!(f, "option \"{name}\" is given twice in the PAM line"),
            Self::Contradiction => f.write_str("\"decoy\" and \"key-proven\" cannot be on one PAM line"),
            Self::Socket(path) => {
                write!(f, "\"socket={path}\" must be an absolute path of at most {LONGEST_SOCKET_PATH} bytes")
            }
            Self::Timeout(text) => write!(f, "\"timeout={text}\" must be whole seconds from 1 to {LONGEST_TIMEOUT_S}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_options_is_the_full_mode_with_the_documented_defaults() {
        let options = Options::parse(&[]).unwrap();
        assert_eq!(options.mode, Mode::Full);
        assert_eq!(options.socket.as_c_str(), c"/run/pam-2fa/login.sock");
        assert_eq!(options.timeout, Duration::from_secs(5));
        assert_eq!(options.tells, Tells::Shown);
        assert_eq!(options.break_glass, BreakGlass::Never);
    }

    #[test]
    fn every_documented_option_is_understood() {
        let options = Options::parse(&[c"timeout=60", c"decoy", c"quiet", c"socket=/a"]).unwrap();
        assert_eq!(options.mode, Mode::Decoy);
        assert_eq!(options.socket.as_c_str(), c"/a");
        assert_eq!(options.timeout, Duration::from_secs(60));
        assert_eq!(options.tells, Tells::Hidden);
        assert_eq!(Options::parse(&[c"key-proven"]).unwrap().mode, Mode::KeyProven);
        let options = Options::parse(&[c"break-glass", c"quiet"]).unwrap();
        assert_eq!((options.mode, options.break_glass), (Mode::Full, BreakGlass::Allowed));
        // Where nobody is asked, or nobody let in, it changes nothing.
        assert_eq!(Options::parse(&[c"decoy", c"break-glass"]).unwrap().mode, Mode::Decoy);
        assert_eq!(Options::parse(&[c"break-glass", c"key-proven"]).unwrap().mode, Mode::KeyProven);
    }

    #[test]
    fn whatever_is_not_understood_is_an_error() {
        let long = CString::new(format!("socket=/{}", "x".repeat(LONGEST_SOCKET_PATH))).unwrap();
        let lines: [&[&CStr]; 22] = [
            &[c""],
            &[c"Decoy"],
            &[c"decoy "],
            &[c"nullok"],
            &[c"debug"],
            &[c"decoy=yes"],
            &[c"\xff"],
            &[c"decoy", c"decoy"],
            &[c"quiet", c"quiet"],
            &[c"socket=/a", c"socket=/a"],
            &[c"timeout=1", c"timeout=1"],
            &[c"decoy", c"key-proven"],
            &[c"break-glass", c"break-glass"],
            &[c"break-glass=yes"],
            &[c"socket="],
            &[c"socket=relative"],
            &[&long],
            &[c"timeout="],
            &[c"timeout=0"],
            &[c"timeout=61"],
            &[c"timeout=+5"],
            &[c"timeout=5s"],
        ];
        for line in lines {
            assert!(Options::parse(line).is_err(), "{line:?}");
        }
    }
}
