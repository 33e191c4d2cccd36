//! sshd's side of it: a drop-in by which sshd asks what the stack asks, and nothing lets in without it. What is written is tried on
//! sshd before it stands and again in its place; what does not do what it says is taken away again.
//!
//! The file is wholly ours, and what stands in it is known, so it needs no receipt: `disable` takes out the lines that we write.

use super::file::gone;
use super::others::{self, Block};
use super::whole::Modes;
use crate::error::Error;
use crate::exempt::{Effective, Probe, Sshd, Told, includes, tell, writable};
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// As its stack is called.
const SERVICE: &str = "sshd";
/// It sorts before distributions' `50-…`: sshd takes the first value. Only exemptions come before it.
const NAME: &str = "00-pam-2fa.conf";
/// Exemptions' own blocks are meant to be otherwise.
pub(crate) const EXEMPT: &str = "00-pam-2fa-exempt.conf";
/// Beside it, while a sshd has still to be told of what was changed.
const OWED: &str = ".pam-2fa.reload";
const HEAD: &str =
    "# pam-2fa enable --sshd; `pam-2fa disable sshd` takes these lines out. sshd takes the first value: sort it first.";
/// Somewhere else (RFC 5737).
pub(super) const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// The settings that are written, by the names of `sshd -T`.
fn settings(modes: Modes) -> [(&'static str, &'static str, &'static str); 4] {
    let methods = if modes.key_proven { "publickey,keyboard-interactive" } else { "keyboard-interactive" };
    [
        ("UsePAM", "usepam", "yes"),
        ("KbdInteractiveAuthentication", "kbdinteractiveauthentication", "yes"),
        ("PasswordAuthentication", "passwordauthentication", "no"),
        ("AuthenticationMethods", "authenticationmethods", methods),
    ]
}

fn lines(modes: Modes) -> Vec<String> {
    let settings = settings(modes).map(|(name, _, value)| format!("{name} {value}"));
    std::iter::once(String::from(HEAD)).chain(settings).collect()
}

/// The drop-in of one sshd.
pub(super) struct DropIn {
    sshd: Sshd,
    folder: PathBuf,
}

impl DropIn {
    pub(super) fn of(config: &Path) -> Result<Self, Error> {
        let sshd = Sshd::find(None, config)?;
        let mut folder = sshd.config.as_os_str().to_owned();
        folder.push(".d");
        Ok(Self { sshd, folder: PathBuf::from(folder) })
    }

    /// The one to be taken out, or of which something is left to be done; none where there is neither, whatever sshd there is.
    pub(super) fn standing(config: &Path) -> Result<Option<Self>, Error> {
        let mut folder = config.as_os_str().to_owned();
        folder.push(".d");
        let is_there = |name: &str| Path::new(&folder).join(name).symlink_metadata().is_ok();
        if [NAME, OWED, ".pam-2fa.new", ".pam-2fa.check"].into_iter().any(is_there) {
            Self::of(config).map(Some)
        } else {
            Ok(None)
        }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(NAME)
    }

    /// What it is to be.
    pub(super) fn text(modes: Modes) -> String {
        lines(modes).join("\n") + "\n"
    }

    /// Why it is not put in, one line each.
    pub(super) fn refusals(&self, modes: Modes, without_root_key: bool) -> Result<Vec<String>, Error> {
        let mut all = Vec::new();
        let (config, folder) = (self.sshd.config.display(), self.folder.display());
        match std::fs::metadata(&self.folder) {
            Ok(about) if about.is_dir() => all.extend(
                writable(&about)
                    .map(|why| format!("{folder} {why}; who writes there decides who logs in: mend that first")),
            ),
            _ => all
                .push(format!("there is no {folder}; make it, and let {config} begin with `Include {folder}/*.conf`")),
        }
        if self.path().symlink_metadata().is_ok() {
            all.push(format!("{} is there already; look what stands in it, and take it away", self.path().display()));
        }
        let root = self.ask(&Probe { user: String::from("root"), from: ELSEWHERE })?;
        all.extend(other_service(&root));
        if !without_root_key && loses_key(&root, modes) {
            let login = root.get("permitrootlogin").unwrap_or_default();
            all.push(format!(
                "root gets in by key now and would not any more (PermitRootLogin {login}, AuthenticationMethods {}); see that root has another way, \
                 then say --without-root-key",
                settings(modes).map(|(_, _, value)| value).last().copied().unwrap_or_default()
            ));
        }
        Ok(all)
    }

    /// Puts it in. What stays otherwise for some, by a `Match` of an administrator's.
    pub(super) fn put_in(&self, modes: Modes) -> Result<Vec<String>, Error> {
        let owed = self.owes();
        self.place(modes).and_then(|()| self.does_what_it_says(modes)).map_err(|why| match self.take_out() {
            Ok(_) => {
                // sshd was not told of it, so there is nothing to tell, unless there was before.
                let _ = if owed { Ok(()) } else { self.owes_nothing() };
                Error::Refused(vec![format!("{why}; nothing was changed")])
            }
            Err(error) => Error::Refused(vec![format!("{why}; and it could not be taken away again: {error}")]),
        })
    }

    fn place(&self, modes: Modes) -> Result<(), Error> {
        let draft = self.write("new", Self::text(modes))?;
        let question = self
            .write("check", format!("Include \"{}\"\nInclude \"{}\"\n", draft.display(), self.sshd.config.display()))?;
        self.sshd.test(&question)?;
        self.owe()?;
        std::fs::rename(&draft, self.path())
            .and_then(|()| self.settle())
            .map_err(|why| self.failed("cannot write", why))
    }

    /// Takes our lines out, and the file where nothing else stands in it; whether there were any.
    pub(super) fn take_out(&self) -> Result<bool, Error> {
        for left in ["new", "check"] {
            gone(std::fs::remove_file(self.hidden(left))).map_err(|why| self.failed("cannot write beside", why))?;
        }
        let text = match std::fs::read(self.path()) {
            Err(why) if why.kind() == ErrorKind::NotFound => return Ok(false),
            other => other.map_err(|why| self.failed("cannot read", why))?,
        };
        let ours: Vec<String> = [true, false].map(|key_proven| lines(Modes { decoy: false, key_proven })).concat();
        let is_ours = |line: &&[u8]| ours.iter().any(|ours| ours.as_bytes() == line.trim_ascii_end());
        let (out, kept): (Vec<&[u8]>, Vec<&[u8]>) = text.split_inclusive(|byte| *byte == b'\n').partition(is_ours);
        if out.is_empty() {
            return Ok(false);
        }
        self.owe()?;
        let done = if kept.iter().all(|line| line.trim_ascii().is_empty()) {
            std::fs::remove_file(self.path())
        } else {
            let draft = self.write("new", kept.concat())?;
            std::fs::rename(draft, self.path())
        };
        done.and_then(|()| self.settle()).map_err(|why| self.failed("cannot write", why))?;
        Ok(true)
    }

    /// Tells the running sshd; what there is to say.
    pub(super) fn tell(&self) -> Result<String, Error> {
        let said = match tell(&self.sshd, "reload it by hand")? {
            Told::Yes(how) => format!("sshd was reloaded ({how})"),
            Told::No(why) => format!("no sshd was told: {why}"),
        };
        self.owes_nothing()?;
        Ok(said)
    }

    /// Whether a run that was cut off, or could not tell sshd, has left that to the next one.
    pub(super) fn owes(&self) -> bool {
        self.folder.join(OWED).symlink_metadata().is_ok()
    }

    /// Whether it stands, or sshd has still to be told that it does not.
    pub(super) fn is_left(&self) -> bool {
        self.path().symlink_metadata().is_ok() || self.owes()
    }

    fn owes_nothing(&self) -> Result<(), Error> {
        gone(std::fs::remove_file(self.folder.join(OWED))).map_err(|why| self.failed("cannot write beside", why))
    }

    /// Notes it durably, before anything changes.
    fn owe(&self) -> Result<(), Error> {
        self.write("reload", "")?;
        self.settle().map_err(|why| self.failed("cannot write beside", why))
    }

    fn does_what_it_says(&self, modes: Modes) -> Result<Vec<String>, Error> {
        for user in ["root", "nobody"] {
            let now = self.ask(&Probe { user: user.to_owned(), from: ELSEWHERE })?;
            if let Some(what) = otherwise(&now, modes) {
                let (config, folder) = (self.sshd.config.display(), self.folder.display());
                let why = if includes(&std::fs::read_to_string(&self.sshd.config).unwrap_or_default(), &self.folder) {
                    format!(
                        "sshd has `{what}` for {user} all the same: another line of {config} or a file sorted before comes first"
                    )
                } else {
                    format!("{config} does not take it in: let it begin with `Include {folder}/*.conf`")
                };
                return Err(Error::Refused(vec![why]));
            }
        }
        let mut notes = Vec::new();
        for Block { criteria, probe, says } in others::blocks(&self.sshd.config, &self.folder, &[NAME, EXEMPT]) {
            let now = self.ask(&probe)?;
            let stays = |what: String| format!("`Match {criteria}` of sshd's stays as it is: it has `{what}`");
            notes.extend(otherwise(&now, modes).or_else(|| says_otherwise(&says, modes)).map(stays));
        }
        Ok(notes)
    }

    fn ask(&self, probe: &Probe) -> Result<Effective, Error> {
        self.sshd.effective(probe, &self.sshd.settings()?)
    }

    fn hidden(&self, what: &str) -> PathBuf {
        // Not as `*.conf` would take it in.
        self.folder.join(format!(".pam-2fa.{what}"))
    }

    fn write(&self, what: &str, text: impl AsRef<[u8]>) -> Result<PathBuf, Error> {
        let path = self.hidden(what);
        let written = (|| {
            gone(std::fs::remove_file(&path))?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(text.as_ref())?;
            file.sync_all()
        })();
        match written {
            Ok(()) => Ok(path),
            Err(why) => {
                // Half of it is good for nothing.
                let _ = std::fs::remove_file(&path);
                Err(Error::File { what: "cannot write", path, why })
            }
        }
    }

    fn settle(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    fn failed(&self, what: &'static str, why: io::Error) -> Error {
        Error::File { what, path: self.path(), why }
    }
}

/// The first setting that is not as it is written.
fn otherwise(now: &Effective, modes: Modes) -> Option<String> {
    let wrong = settings(modes).into_iter().find(|(_, name, value)| now.get(name) != Some(value));
    let wrong = wrong.map(|(name, key, _)| format!("{name} {}", now.get(key).unwrap_or_default()));
    wrong.or_else(|| no_challenge(now).then(|| String::from("ChallengeResponseAuthentication no")))
}

/// sshd before 8.7 has two words for keyboard-interactive, and PAM asks only where both say yes; later ones know one.
pub(super) fn no_challenge(now: &Effective) -> bool {
    now.get("challengeresponseauthentication") == Some("no")
}

/// The service by whose stack sshd goes, where it was told another than its own (`PAMServiceName`, from 9.9 on).
pub(super) fn other_service(now: &Effective) -> Option<String> {
    let name = now.get("pamservicename").filter(|name| *name != SERVICE)?;
    Some(format!(
        "sshd goes by the service {name} (PAMServiceName), so a code in {SERVICE}'s stack is never asked for; enable {name}"
    ))
}

/// The first line of a block that is not as it is written, also where no login could be thought of that comes to it.
fn says_otherwise(says: &[(String, String)], modes: Modes) -> Option<String> {
    let ours = settings(modes);
    says.iter().find_map(|(keyword, said)| {
        let keyword =
            if keyword == "challengeresponseauthentication" { "kbdinteractiveauthentication" } else { keyword };
        let service = ("PAMServiceName", "pamservicename", SERVICE);
        let (name, _, value) = ours.iter().chain([&service]).find(|(_, key, _)| *key == keyword)?;
        (!said.eq_ignore_ascii_case(value)).then(|| format!("{name} {said}"))
    })
}

/// Whether root gets in by key now, and not then: behind a key sshd asks root for nothing else, unless root may have a password.
fn loses_key(root: &Effective, modes: Modes) -> bool {
    let login = root.get("permitrootlogin").unwrap_or_default();
    let methods = root.get("authenticationmethods").unwrap_or("any");
    let by_key = methods == "any" || methods.split_whitespace().any(|list| list.starts_with("publickey"));
    let has_key = root.get("pubkeyauthentication") == Some("yes") && login != "no" && by_key;
    has_key && !(login == "yes" && modes.key_proven)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "usepam yes\nkbdinteractiveauthentication yes\npasswordauthentication no\n\
                        authenticationmethods keyboard-interactive\n";
    const PLAIN: Modes = Modes { decoy: false, key_proven: false };

    #[test]
    fn an_older_sshd_asks_only_where_both_of_its_words_for_it_say_yes() {
        let with = |more: &str| otherwise(&Effective::said(&format!("{OURS}{more}")), PLAIN);
        assert_eq!(with(""), None);
        assert_eq!(with("challengeresponseauthentication yes\n"), None);
        let no = "challengeresponseauthentication no\n";
        assert_eq!(with(no).as_deref(), Some("ChallengeResponseAuthentication no"));
    }

    #[test]
    fn a_newer_sshd_that_goes_by_another_service_is_seen() {
        let of = |more: &str| other_service(&Effective::said(&format!("{OURS}{more}")));
        assert!(of("").is_none() && of("pamservicename sshd\n").is_none());
        assert!(of("pamservicename sshd-inside\n").unwrap().contains("enable sshd-inside"));
    }

    #[test]
    fn what_a_block_says_is_compared_with_what_is_written() {
        for (keyword, value, stays) in [
            ("authenticationmethods", "publickey", Some("AuthenticationMethods publickey")),
            ("authenticationmethods", "keyboard-interactive", None),
            ("challengeresponseauthentication", "no", Some("KbdInteractiveAuthentication no")),
            ("passwordauthentication", "NO", None),
            ("pamservicename", "inside", Some("PAMServiceName inside")),
            ("x11forwarding", "yes", None),
        ] {
            let says = [(keyword.to_owned(), value.to_owned())];
            assert_eq!(says_otherwise(&says, PLAIN).as_deref(), stays, "{keyword} {value}");
        }
    }
}
