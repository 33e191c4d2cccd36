//! Debian's pam-auth-update: two profiles of ours, and what it makes of them. It is tried on copies in a mount namespace of its own
//! before it is let at the host's files, and never told to overwrite what somebody has edited.
//!
//! The full mode stands in the block behind `pam_permit`, which a wrong password never comes to; the decoy in the block before
//! `pam_deny`, whose jumps pam-auth-update counts itself (`success=end`). Its lists are at `var/lib/pam`. A package brings the profiles, too:
//! those are used as they are, and stay.

use super::super::file::Found;
use super::super::receipt::Receipts;
use super::super::stack::line;
use super::super::whole::Modes;
use super::kept::{Change, create, has_ours, remove, settle_all, text};
use crate::error::Error;
use crate::program::group_output_within;
use nix::unistd::mkdtemp;
use std::fs::{DirBuilder, read_dir};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

const TOOL: &str = "/usr/sbin/pam-auth-update";
/// On a loaded host it takes seconds.
const TIME: Duration = Duration::from_secs(120);
/// What it keeps, in its order.
const TYPES: [&str; 5] = ["auth", "account", "password", "session", "session-noninteractive"];
const CONFIGS: &str = "usr/share/pam-configs";
const LISTS: &str = "var/lib/pam";
const PAM_D: &str = "etc/pam.d";

struct Profile {
    file: &'static str,
    text: &'static str,
}

/// Before what else is there, as an encrypted home that a right password would open. Names are without commas: debconf splits at them.
const FULL: Profile = Profile { file: "pam-2fa", text: include_str!("../../../../packaging/pam-configs/pam-2fa") };
/// Behind what else is there.
const DECOY: Profile =
    Profile { file: "pam-2fa-decoy", text: include_str!("../../../../packaging/pam-configs/pam-2fa-decoy") };

/// The tool, for the host below a folder.
pub(super) struct PamAuthUpdate {
    root: PathBuf,
}

impl PamAuthUpdate {
    pub(super) fn of(root: &Path) -> Result<Self, Error> {
        if Path::new(TOOL).exists() && root.join(CONFIGS).is_dir() {
            return Ok(Self { root: root.to_owned() });
        }
        Err(Error::NotFound(String::from(
            "there is no pam-auth-update here to change the lines of all services; name the services",
        )))
    }

    /// What it would make of its files, with our profiles among them.
    pub(super) fn plan(&self, modes: Modes) -> Result<Vec<Change>, Error> {
        self.has_nothing_else_to_do()?;
        let copy = Copy::of(&self.root)?;
        let profiles = profiles(modes);
        for profile in &profiles {
            let path = self.configs(profile);
            if path.symlink_metadata().is_ok() && text(&path)?.as_deref() != Some(profile.text.as_bytes()) {
                let why = String::from("is there already, and is no profile of this release; take it away");
                return Err(Error::Unfit { path, why });
            }
            let path = copy.folder.join("configs").join(profile.file);
            std::fs::write(&path, profile.text).map_err(|why| Error::File { what: "cannot write", path, why })?;
        }
        let out = copy.run(&words("--enable", modes))?;
        let mut changes = Vec::new();
        for (host, name) in TYPES.iter().map(|name| (PAM_D, format!("common-{name}"))).chain(lists()) {
            let copied = copy.folder.join(if host == PAM_D { "pam.d" } else { "lib" }).join(&name);
            let path = self.root.join(host).join(name);
            changes.push(Change { before: Found::read(&path)?, path, after: text(&copied)? });
        }
        if !changes.first().is_some_and(|auth| auth.after.as_deref().is_some_and(has_ours)) {
            return Err(Error::Refused(vec![why_not(&out, &self.root)]));
        }
        // Not those that are there: a package has brought them.
        let absent = profiles.iter().filter(|profile| !self.configs(profile).exists());
        changes.extend(absent.map(|profile| Change {
            path: self.configs(profile),
            before: None,
            after: Some(profile.text.into()),
        }));
        Ok(changes)
    }

    /// Refuses where it would change something without ours: what comes with the change of another would be nobody's plan.
    fn has_nothing_else_to_do(&self) -> Result<(), Error> {
        let copy = Copy::of(&self.root)?;
        let out = copy.run(&[String::from("--package")])?;
        if has_local_modifications(&out) {
            return Err(Error::Refused(vec![why_not(&out, &self.root)]));
        }
        let words = |path: PathBuf| {
            let text = text(&path)?.unwrap_or_default();
            Ok::<_, Error>(line::lines(&text).0.iter().map(line::Whole::words).collect::<Vec<_>>())
        };
        for name in TYPES.map(|name| format!("common-{name}")) {
            let path = self.root.join(PAM_D).join(&name);
            if words(path.clone())? != words(copy.folder.join("pam.d").join(&name))? {
                let why = "would be changed by pam-auth-update without us, too (a profile that is new, or gone); run `pam-auth-update \
                           --package` and look at it first";
                return Err(Error::Unfit { path, why: why.to_owned() });
            }
        }
        Ok(())
    }

    /// Has it done on the host.
    pub(super) fn enable(&self, modes: Modes, receipts: Option<&Receipts>, changes: &[Change]) -> Result<(), Error> {
        for change in changes.iter().filter(|change| change.path.starts_with(self.root.join(CONFIGS))) {
            let text = change.after.clone().unwrap_or_default();
            create(&Found::new(change.path.clone(), text, (0, 0, 0o644)))?;
        }
        self.run(&words("--enable", modes), receipts)?;
        settle_all(changes)
    }

    /// Whether anything of ours is in its hands. A profile that nobody has switched on is not.
    pub(super) fn has_ours(&self) -> Result<bool, Error> {
        let auth = text(&self.common_auth())?.unwrap_or_default();
        let list = text(&self.root.join(LISTS).join("auth"))?.unwrap_or_default();
        let is_on = |profile: &Profile| {
            let named = format!("Module: {}", profile.file);
            list.split(|byte| *byte == b'\n').any(|line| line == named.as_bytes())
        };
        Ok(has_ours(&auth) || is_on(&FULL) || is_on(&DECOY))
    }

    /// Has it take ours out of files that are not as it was left with them; then the profiles that `enable --all` made are gone.
    pub(super) fn take_out(&self, receipts: Option<&Receipts>, made: impl Fn(&Path) -> bool) -> Result<(), Error> {
        self.clear()?;
        let words = words("--remove", Modes { decoy: true, key_proven: false });
        let path = self.common_auth();
        let out = self.run(&words, receipts)?;
        if has_ours(&text(&path)?.unwrap_or_default()) {
            let why = format!(
                "{} was edited, so pam-auth-update leaves it ({}); take the lines with pam_2fa.so out by hand (a decoy line counts in the \
                 jumps before it), then again",
                path.display(),
                said(&out)
            );
            return Err(Error::Refused(vec![why]));
        }
        [FULL, DECOY]
            .iter()
            .map(|profile| self.configs(profile))
            .filter(|path| made(path))
            .try_for_each(|path| remove(&path))
    }

    /// Takes away what it has left where it was killed.
    pub(super) fn clear(&self) -> Result<(), Error> {
        for name in TYPES {
            remove(&self.root.join(PAM_D).join(format!("common-{name}.pam-new")))?;
            remove(&self.root.join(LISTS).join(format!("{name}.new")))?;
        }
        Ok(())
    }

    /// With a debconf of its own: the host's may have been told to write over what somebody has edited (`libpam-runtime/override`), and of
    /// that below a folder it is no business. What is enabled is told from the files, whatever debconf has kept of it.
    fn run(&self, words: &[String], receipts: Option<&Receipts>) -> Result<Output, Error> {
        let run = || {
            if self.root == Path::new("/") {
                let debconf = Copy::empty()?;
                let mut command = Command::new("/usr/bin/env");
                command.args(ENVIRONMENT).arg(debconf.word()).arg(TOOL).args(words);
                output(command)
            } else {
                Copy::empty()?.run_on([PAM_D, LISTS, CONFIGS].map(|below| self.root.join(below)), words)
            }
        };
        // Where this process is killed, the tool goes on, and nobody is to be at its files meanwhile.
        let out = match receipts {
            Some(receipts) => receipts.lent(run)?,
            None => run(),
        }?;
        if out.status.success() { Ok(out) } else { Err(failed(&out)) }
    }

    fn configs(&self, profile: &Profile) -> PathBuf {
        self.root.join(CONFIGS).join(profile.file)
    }

    fn common_auth(&self) -> PathBuf {
        self.root.join(PAM_D).join("common-auth")
    }
}

const ENVIRONMENT: [&str; 3] = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", "DEBIAN_FRONTEND=noninteractive"];

/// Copies of the three folders, and a debconf of their own.
struct Copy {
    folder: PathBuf,
}

/// Over the host's folders go the three, in a mount namespace of its own: every release of the tool looks there.
const MOUNTED: &str = "mount --bind -- \"$1\" /etc/pam.d
mount --bind -- \"$2\" /var/lib/pam
mount --bind -- \"$3\" /usr/share/pam-configs
shift 3
exec \"$@\"";

impl Copy {
    fn empty() -> Result<Self, Error> {
        let made = ["/run", "/tmp"].iter().find_map(|place| mkdtemp(&Path::new(place).join("pam-2fa.XXXXXX")).ok());
        let folder = made.ok_or_else(|| Error::File {
            what: "cannot make a folder in",
            path: PathBuf::from("/run"),
            why: io::Error::last_os_error(),
        })?;
        let copy = Self { folder };
        copy.write("debconf.conf", &DEBCONF.replace("FOLDER", &copy.folder.display().to_string()))?;
        Ok(copy)
    }

    fn of(root: &Path) -> Result<Self, Error> {
        let copy = Self::empty()?;
        for (name, from) in [("pam.d", PAM_D), ("lib", LISTS), ("configs", CONFIGS)] {
            copy.copy(&root.join(from), &copy.folder.join(name))?;
        }
        Ok(copy)
    }

    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.folder.join(name);
        std::fs::write(&path, text).map_err(|why| Error::File { what: "cannot write", path, why })
    }

    /// The files of a folder, also those that are links.
    fn copy(&self, from: &Path, to: &Path) -> Result<(), Error> {
        let copied = (|| {
            DirBuilder::new().mode(0o755).create(to)?;
            for entry in read_dir(from)? {
                let entry = entry?;
                if entry.path().is_file() {
                    std::fs::copy(entry.path(), to.join(entry.file_name()))?;
                }
            }
            Ok(())
        })();
        copied.map_err(|why| Error::File { what: "cannot copy", path: from.to_owned(), why })
    }

    fn run(&self, words: &[String]) -> Result<Output, Error> {
        let out = self.run_on(["pam.d", "lib", "configs"].map(|name| self.folder.join(name)), words)?;
        if out.status.success() { Ok(out) } else { Err(failed(&out)) }
    }

    /// By which debconf is told where its own files are.
    fn word(&self) -> String {
        format!("DEBCONF_SYSTEMRC={}", self.folder.join("debconf.conf").display())
    }

    /// In the place of the host's folders, those.
    fn run_on(&self, folders: [PathBuf; 3], words: &[String]) -> Result<Output, Error> {
        let mut command = Command::new("/usr/bin/env");
        command.args(ENVIRONMENT).arg(self.word()).args(["unshare", "--mount", "--propagation", "private", "--"]);
        command.args(["/bin/sh", "-euc", MOUNTED, "sh"]).args(folders).arg(TOOL).args(words);
        output(command)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

const DEBCONF: &str = "Config: config
Templates: templates

Name: config
Driver: File
Mode: 600
Filename: FOLDER/config.dat

Name: templates
Driver: File
Mode: 600
Filename: FOLDER/templates.dat
";

fn output(command: Command) -> Result<Output, Error> {
    group_output_within(command, TIME).map_err(|why| Error::File { what: "cannot run", path: PathBuf::from(TOOL), why })
}

fn profiles(modes: Modes) -> Vec<Profile> {
    if modes.decoy { vec![FULL, DECOY] } else { vec![FULL] }
}

fn words(verb: &str, modes: Modes) -> Vec<String> {
    let words = ["--package", verb].map(String::from).into_iter();
    words.chain(profiles(modes).iter().map(|profile| profile.file.to_owned())).collect()
}

fn lists() -> impl Iterator<Item = (&'static str, String)> {
    TYPES.into_iter().chain(["seen"]).map(|name| (LISTS, name.to_owned()))
}

fn has_local_modifications(out: &Output) -> bool {
    String::from_utf8_lossy(&out.stderr).contains("Local modifications")
}

/// It ends well also where it changed nothing.
fn why_not(out: &Output, root: &Path) -> String {
    if has_local_modifications(out) {
        return format!(
            "{}: lines between its marks in common-* were edited by hand, so pam-auth-update changes nothing there; move them before or \
             behind the marks (or let `pam-auth-update --force` drop them), or name the services",
            root.join(PAM_D).display()
        );
    }
    format!(
        "pam-auth-update did not take our profile ({}); it may be too old for --enable: name the services",
        said(out)
    )
}

fn failed(out: &Output) -> Error {
    Error::Refused(vec![format!("pam-auth-update failed: {}", said(out))])
}

/// The last line that it said, or how it ended.
fn said(out: &Output) -> String {
    let said = String::from_utf8_lossy(&out.stderr);
    let last = said.lines().map(str::trim).rfind(|line| !line.is_empty());
    last.map_or_else(|| out.status.to_string(), str::to_owned)
}
