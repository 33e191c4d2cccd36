//! What sshd itself says of a configuration: `sshd -t` and `sshd -T` (sshd(8)). It changes nothing and signals nobody.
//!
//! The program runs as root, so it is one that only root can have put there; it gets no environment, and not for ever.

use crate::error::Error;
use crate::program::output_within;
use std::ffi::OsStr;
use std::fs::{Metadata, metadata};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

/// Where distributions put it; the first that is there.
const PLACES: [&str; 4] = ["/usr/sbin/sshd", "/usr/local/sbin/sshd", "/usr/bin/sshd", "/usr/lib/ssh/sshd"];
/// Until a program has answered: it reads a few files.
pub(super) const ANSWER: Duration = Duration::from_secs(20);

/// What sshd says of a `Match LocalPort` without one.
const WANTS_A_LOGIN: &str = "not in connection test specification";
/// Nobody, from somewhere else (RFC 5737), to a port that no sshd has.
const NO_LOGIN: &str = "user=nobody,host=192.0.2.1,addr=192.0.2.1,laddr=127.0.0.1,lport=1";

/// A sshd and its main file.
pub(crate) struct Sshd {
    /// The program, with no link on the way to it.
    pub(crate) program: PathBuf,
    /// As it was given: `sshd -f` gets it.
    pub(crate) config: PathBuf,
}

/// A login as `sshd -T -C` takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Probe {
    pub(crate) user: String,
    pub(crate) from: IpAddr,
}

/// What `sshd -T` printed: a line for each setting, the name in small letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effective(String);

impl Effective {
    /// The value of the first line of that setting.
    pub(crate) fn get<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.all(name).next()
    }

    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.lines().filter_map(move |line| line.strip_prefix(name)?.strip_prefix(' ')).map(str::trim)
    }

    /// What no sshd at hand says.
    #[cfg(test)]
    pub(crate) fn said(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The first setting that another answer has otherwise, both values.
    pub(super) fn differs(&self, other: &Self) -> Option<String> {
        let mut lines = (self.0.lines(), other.0.lines());
        loop {
            match (lines.0.next(), lines.1.next()) {
                (None, None) => return None,
                (ours, theirs) if ours == theirs => {}
                (ours, theirs) => {
                    return Some(format!("`{}` and not `{}`", theirs.unwrap_or_default(), ours.unwrap_or_default()));
                }
            }
        }
    }
}

impl Sshd {
    /// The one that was named, or the host's.
    pub(crate) fn find(program: Option<&Path>, config: &Path) -> Result<Self, Error> {
        let found = program.or_else(|| PLACES.iter().map(Path::new).find(|place| place.exists()));
        let given =
            found.ok_or_else(|| Error::NotFound(format!("no sshd at {}; name it with --sshd", PLACES.join(", "))))?;
        let fail = |why| Error::File { what: "cannot look at", path: given.to_owned(), why };
        let program = given.canonicalize().map_err(fail)?;
        let own = metadata(&program).map_err(fail)?;
        if !own.is_file() || own.mode() & 0o111 == 0 {
            return Err(Error::Unfit { path: given.to_owned(), why: String::from("is no program") });
        }
        for part in program.ancestors() {
            let why = writable(&metadata(part).map_err(fail)?);
            if let Some(why) = why {
                let why =
                    format!("{why}, so root does not run {}; mend that, or name another with --sshd", given.display());
                return Err(Error::Unfit { path: part.to_owned(), why });
            }
        }
        let config = std::path::absolute(config).map_err(fail)?;
        Ok(Self { program, config })
    }

    /// Whether a configuration is one, by `sshd -t`.
    pub(crate) fn test(&self, config: &Path) -> Result<(), Error> {
        self.ask(config, &["-t"]).map(drop)
    }

    /// What holds without a login. Where a `Match` is by a port or an address of this host, sshd says so of a login alone, and is given
    /// one that is like none.
    pub(crate) fn settings(&self) -> Result<Effective, Error> {
        match self.ask(&self.config, &["-T"]) {
            Err(Error::Refused(why)) if why.iter().any(|line| line.contains(WANTS_A_LOGIN)) => {
                self.ask(&self.config, &["-T", "-C", NO_LOGIN])
            }
            other => other,
        }
    }

    /// What holds for a login, where it comes in by the first port and address that this sshd listens on.
    pub(crate) fn effective(&self, probe: &Probe, settings: &Effective) -> Result<Effective, Error> {
        let listens = || settings.all("listenaddress").filter_map(|address| address.parse::<SocketAddr>().ok());
        let same_family =
            |address: &SocketAddr| address.is_ipv4() == probe.from.is_ipv4() && !address.ip().is_unspecified();
        let here = listens().find(same_family).map_or(
            if probe.from.is_ipv4() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { IpAddr::V6(Ipv6Addr::LOCALHOST) },
            |address| address.ip(),
        );
        let port = settings.get("port").unwrap_or("22");
        let Probe { user, from } = probe;
        // host: sshd has no name of the client where UseDNS is off, and takes the address for it.
        let login = format!("user={user},addr={from},host={from},laddr={here},lport={port}");
        self.ask(&self.config, &["-T", "-C", &login])
    }

    fn ask(&self, config: &Path, words: &[&str]) -> Result<Effective, Error> {
        let mut command = Command::new(&self.program);
        command.args(words).arg("-f").arg(config);
        let out = output(command).map_err(|why| Error::File { what: "cannot run", path: self.program.clone(), why })?;
        if out.status.success() {
            return Ok(Effective(String::from_utf8_lossy(&out.stdout).into_owned()));
        }
        let mut said = last_words(&out);
        if said.contains("privilege separation directory") {
            said.push_str("; start sshd once, which makes it");
        }
        Err(Error::Refused(vec![format!("sshd refuses {}: {said}", config.display())]))
    }
}

/// The last line that a program said, or how it ended. sshd counts its errors in a line after them, which helps nobody.
pub(super) fn last_words(out: &Output) -> String {
    let said = String::from_utf8_lossy(&out.stderr);
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty() && !line.contains(": terminating, "));
    last.map_or_else(|| out.status.to_string(), str::to_owned)
}

/// Runs a program to its end, without an environment, and ends it where it takes too long.
pub(super) fn output(command: Command) -> io::Result<Output> {
    output_within(command, ANSWER)
}

/// How somebody but root could change what is here.
pub(crate) fn writable(metadata: &Metadata) -> Option<String> {
    if metadata.uid() != 0 {
        return Some(format!("belongs to uid {} and not to root", metadata.uid()));
    }
    // In a sticky folder nobody but its owner takes an entry away.
    let is_sticky = metadata.is_dir() && metadata.mode() & 0o1000 != 0;
    let mode = metadata.mode() & 0o7777;
    (mode & 0o022 != 0 && !is_sticky).then(|| format!("can be written by others than root (mode {mode:04o})"))
}

/// Whether the main file has an `Include` that takes files of that folder in. It is asked only to say why sshd does not.
pub(crate) fn includes(text: &str, folder: &Path) -> bool {
    let words = |line: &str| -> Vec<String> {
        line.split(|c: char| c.is_whitespace() || "=\"".contains(c))
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    text.lines().map(words).any(|words| {
        let is_include = words.first().is_some_and(|word| word.eq_ignore_ascii_case("include"));
        // A relative one is below /etc/ssh, whatever the main file (sshd_config(5)).
        is_include
            && words
                .iter()
                .skip(1)
                .any(|word| Path::new("/etc/ssh").join(word).parent() == Some(folder) && takes_conf(word))
    })
}

fn takes_conf(pattern: &str) -> bool {
    let name = Path::new(pattern).file_name().and_then(OsStr::to_str).unwrap_or_default();
    name.contains('*') || name == super::file::NAME
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_include_of_the_folder_is_seen_and_one_of_another_is_not() {
        let folder = Path::new("/etc/ssh/sshd_config.d");
        for line in [
            "Include /etc/ssh/sshd_config.d/*.conf",
            "include\t\"/etc/ssh/sshd_config.d/*.conf\"",
            "Port 22\n  Include sshd_config.d/*.conf",
            "Include /etc/a.conf /etc/ssh/sshd_config.d/*",
            "Include=/etc/ssh/sshd_config.d/00-pam-2fa-exempt.conf",
        ] {
            assert!(includes(line, folder), "{line}");
        }
        for line in ["", "#Include /etc/ssh/sshd_config.d/*.conf", "Include /etc/ssh/other.d/*.conf", "Include a.conf"]
        {
            assert!(!includes(line, folder), "{line}");
        }
        assert!(!includes("Include /etc/ssh/sshd_config.d/50-cloud-init.conf", folder));
    }

    #[test]
    fn a_program_says_its_last_words_and_one_that_does_not_end_is_ended() {
        let shell = |script: &str| {
            let mut command = Command::new("/bin/sh");
            command.args(["-c", script]);
            command
        };
        let out = output(shell("echo out; echo first >&2; echo \"err $HOME\" >&2; echo >&2; exit 3")).unwrap();
        assert_eq!((out.status.code(), last_words(&out).as_str()), (Some(3), "err"));
        let late = output_within(shell("exec sleep 600"), Duration::from_millis(50)).unwrap_err();
        assert_eq!(late.kind(), io::ErrorKind::TimedOut);
    }

    #[test]
    fn the_difference_of_two_answers_is_named() {
        let one = Effective(String::from("port 22\nauthenticationmethods any\n"));
        let two = Effective(String::from("port 22\nauthenticationmethods publickey\n"));
        assert_eq!(one.differs(&one.clone()), None);
        assert_eq!(
            one.differs(&two).as_deref(),
            Some("`authenticationmethods publickey` and not `authenticationmethods any`")
        );
        assert_eq!(one.get("authenticationmethods"), Some("any"));
        assert_eq!(one.get("authentication"), None);
    }
}
