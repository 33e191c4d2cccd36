//! sshd's side of it: a drop-in by which sshd asks what the stack asks, and nothing lets in without it. What is written is tried on
//! sshd before it stands and again in its place; what does not do what it says is taken away again.
//!
//! The file is wholly ours, and what stands in it is known, so it needs no receipt: `disable` takes out the lines that we write.

use super::file::gone;
use super::whole::Modes;
use crate::error::Error;
use crate::exempt::{Effective, Probe, Sshd, Told, includes, tell};
use nix::unistd::Group;
use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// It sorts before distributions' `50-…`: sshd takes the first value. Only exemptions come before it.
const NAME: &str = "00-pam-2fa.conf";
/// Exemptions' own blocks are meant to be otherwise.
pub(crate) const EXEMPT: &str = "00-pam-2fa-exempt.conf";
const HEAD: &str =
    "# pam-2fa enable --sshd; `pam-2fa disable sshd` takes these lines out. sshd takes the first value: sort it first.";
/// Somewhere else (RFC 5737).
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

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

    /// The one to be taken out; none where there is none of that name, whatever sshd there is.
    pub(super) fn standing(config: &Path) -> Result<Option<Self>, Error> {
        let mut path = config.as_os_str().to_owned();
        path.push(format!(".d/{NAME}"));
        if Path::new(&path).symlink_metadata().is_ok() { Self::of(config).map(Some) } else { Ok(None) }
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
        if !self.folder.is_dir() {
            let (config, folder) = (self.sshd.config.display(), self.folder.display());
            all.push(format!("there is no {folder}; make it, and let {config} begin with `Include {folder}/*.conf`"));
        }
        if self.path().symlink_metadata().is_ok() {
            all.push(format!("{} is there already; look what stands in it, and take it away", self.path().display()));
        }
        let root = self.ask(&Probe { user: String::from("root"), from: ELSEWHERE })?;
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
        let draft = self.write("new", &Self::text(modes))?;
        let question = self.write(
            "check",
            &format!("Include \"{}\"\nInclude \"{}\"\n", draft.display(), self.sshd.config.display()),
        )?;
        let tried = self.sshd.test(&question);
        let _ = std::fs::remove_file(&question);
        let placed = tried.and_then(|()| {
            std::fs::rename(&draft, self.path())
                .and_then(|()| self.settle())
                .map_err(|why| self.failed("cannot write", why))
        });
        if placed.is_err() {
            let _ = std::fs::remove_file(&draft);
        }
        placed?;
        self.does_what_it_says(modes).map_err(|why| match self.take_out() {
            Ok(_) => Error::Refused(vec![format!("{why}; nothing was changed")]),
            Err(error) => Error::Refused(vec![format!("{why}; and it could not be taken away again: {error}")]),
        })
    }

    /// Takes our lines out, and the file where nothing else stands in it; whether there were any.
    pub(super) fn take_out(&self) -> Result<bool, Error> {
        for left in ["new", "check"] {
            gone(std::fs::remove_file(self.hidden(left))).map_err(|why| self.failed("cannot write beside", why))?;
        }
        let text = match std::fs::read_to_string(self.path()) {
            Err(why) if why.kind() == ErrorKind::NotFound => return Ok(false),
            other => other.map_err(|why| self.failed("cannot read", why))?,
        };
        let ours: Vec<String> = [true, false].map(|key_proven| lines(Modes { decoy: false, key_proven })).concat();
        let kept: Vec<&str> = text.lines().filter(|line| !ours.iter().any(|ours| ours == line)).collect();
        if kept.len() == text.lines().count() {
            return Ok(false);
        }
        let done = if kept.iter().all(|line| line.trim().is_empty()) {
            std::fs::remove_file(self.path())
        } else {
            let draft = self.write("new", &(kept.join("\n") + "\n"))?;
            std::fs::rename(draft, self.path())
        };
        done.and_then(|()| self.settle()).map_err(|why| self.failed("cannot write", why))?;
        Ok(true)
    }

    /// Tells the running sshd; what there is to say.
    pub(super) fn tell(&self) -> Result<String, Error> {
        Ok(match tell(&self.sshd, "reload it by hand")? {
            Told::Yes(how) => format!("sshd was reloaded ({how})"),
            Told::No(why) => format!("no sshd was told: {why}"),
        })
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
        for (criteria, probe) in self.matches() {
            let now = self.ask(&probe)?;
            notes.extend(
                otherwise(&now, modes)
                    .map(|what| format!("`Match {criteria}` of sshd's stays as it is: it has `{what}`")),
            );
        }
        Ok(notes)
    }

    /// A login for each `Match` that others have written, as far as one can be thought of.
    fn matches(&self) -> Vec<(String, Probe)> {
        let beside = std::fs::read_dir(&self.folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let is_others = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.ends_with(".conf") && !name.starts_with('.') && name != NAME && name != EXEMPT
        };
        let mut files: Vec<PathBuf> = beside.filter(is_others).collect();
        files.sort();
        files.insert(0, self.sshd.config.clone());
        let texts = files.iter().filter_map(|file| std::fs::read_to_string(file).ok());
        texts.flat_map(|text| text.lines().filter_map(probe_of).collect::<Vec<_>>()).collect()
    }

    fn ask(&self, probe: &Probe) -> Result<Effective, Error> {
        self.sshd.effective(probe, &self.sshd.settings()?)
    }

    fn hidden(&self, what: &str) -> PathBuf {
        // Not as `*.conf` would take it in.
        self.folder.join(format!(".pam-2fa.{what}"))
    }

    fn write(&self, what: &str, text: &str) -> Result<PathBuf, Error> {
        let path = self.hidden(what);
        let written = (|| {
            gone(std::fs::remove_file(&path))?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })();
        written.map(|()| path.clone()).map_err(|why| Error::File { what: "cannot write", path, why })
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
    wrong.map(|(name, key, _)| format!("{name} {}", now.get(key).unwrap_or_default()))
}

/// Whether root gets in by key now, and not then: behind a key sshd asks root for nothing else, unless root may have a password.
fn loses_key(root: &Effective, modes: Modes) -> bool {
    let login = root.get("permitrootlogin").unwrap_or_default();
    let methods = root.get("authenticationmethods").unwrap_or("any");
    let by_key = methods == "any" || methods.split_whitespace().any(|list| list.starts_with("publickey"));
    let has_key = root.get("pubkeyauthentication") == Some("yes") && login != "no" && by_key;
    has_key && !(login == "yes" && modes.key_proven)
}

/// The criteria of a `Match` line, and a login that they fit: the first user, a member of the first group, the first address.
pub(crate) fn probe_of(line: &str) -> Option<(String, Probe)> {
    let line = line.trim();
    let (word, criteria) = line.split_once(char::is_whitespace)?;
    if !word.eq_ignore_ascii_case("match") {
        return None;
    }
    let mut probe = Probe { user: String::from("nobody"), from: ELSEWHERE };
    let mut words = criteria.split_whitespace();
    while let Some(name) = words.next() {
        if name.eq_ignore_ascii_case("all") {
            continue;
        }
        let value = words.next()?.trim_matches('"');
        let first = value.split(',').find(|pattern| !pattern.starts_with('!') && !pattern.contains(['*', '?']));
        match (name.to_ascii_lowercase().as_str(), first) {
            ("user", Some(user)) => user.clone_into(&mut probe.user),
            ("group", Some(group)) => {
                let member = Group::from_name(group).ok().flatten().and_then(|group| group.mem.into_iter().next());
                probe.user = member.unwrap_or(probe.user);
            }
            ("address", Some(network)) => {
                probe.from = network.split('/').next().and_then(|address| address.parse().ok()).unwrap_or(probe.from);
            }
            _ => {}
        }
    }
    Some((criteria.trim().to_owned(), probe))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_is_asked_about_with_a_login_that_it_fits() {
        for (line, user, from) in [
            ("Match User !root,git,ci", "git", "192.0.2.1"),
            ("\tmatch user \"git\" Address 203.0.113.0/24,2001:db8::/32", "git", "203.0.113.0"),
            ("Match all", "nobody", "192.0.2.1"),
            ("Match User *", "nobody", "192.0.2.1"),
        ] {
            let (_, probe) = probe_of(line).unwrap();
            assert_eq!((probe.user.as_str(), probe.from.to_string().as_str()), (user, from), "{line}");
        }
        assert!(probe_of("#Match all").is_none() && probe_of("MatchX y").is_none() && probe_of("Port 22").is_none());
    }
}
