//! What was changed for a service, kept until it is undone: written durably before the change, gone after the undo. A receipt that
//! somebody but root could have written is none.

use super::file::gone;
use super::plan::Plan;
use super::stack::line;
use crate::clock;
use crate::error::Error;
use crate::exempt::rfc3339;
use crate::lock::{Patience, lock};
use data_encoding::{BASE64, HEXLOWER};
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Of this form.
const VERSION: u32 = 1;
/// A pam.d file in base64, and what stands beside it.
const LONGEST: u64 = 2 << 20;
const NOT_OURS: &str = "is no folder of root's alone (0700), so no receipt in it counts; take it away";

/// A point in time by which nothing is decided that a clock that was set could change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    /// `/proc/sys/kernel/random/boot_id` without dashes.
    pub(super) boot: String,
    /// Milliseconds of its `CLOCK_BOOTTIME`.
    pub(super) boot_ms: u64,
}

/// `--confirm-within`: what was changed goes again unless `confirm` comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Unconfirmed {
    /// Seconds.
    pub(super) within_s: u64,
    /// Until when, by the wall: for who reads it, and after a reboot. RFC 3339, UTC.
    pub(super) until: String,
    /// When the change began.
    pub(super) begun: Mark,
    /// When all of it was done: a login that began before proves nothing. None where it was cut off.
    pub(super) stands: Option<Mark>,
    /// sshd's main file, where its drop-in was written, too.
    pub(super) sshd_config: Option<PathBuf>,
}

/// One service's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Receipt {
    version: u32,
    /// The service.
    pub(super) service: String,
    /// The file that was changed.
    pub(super) file: PathBuf,
    owner: u32,
    group: u32,
    /// The permission bits.
    mode: u32,
    /// The file as it was, base64.
    before: String,
    /// SHA-256 of it, in hexadecimal digits.
    before_sha256: String,
    /// SHA-256 of what was put in its place.
    after_sha256: String,
    /// The lines that were put in.
    pub(super) put_in: Vec<String>,
    /// The lines that stood in their place.
    #[serde(default)]
    pub(super) replaced: Vec<String>,
    /// RFC 3339, UTC.
    pub(super) made: String,
    /// Where `confirm` has to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) unconfirmed: Option<Unconfirmed>,
}

/// How a file stands to a receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// As it was before.
    Before,
    /// As it was made.
    After,
    /// Somebody has edited it since.
    Edited,
}

impl Receipt {
    pub(super) fn of(plan: &Plan, unconfirmed: Option<Unconfirmed>) -> Self {
        let Plan { service, found, text: after, put_in, replaced, .. } = plan;
        Self {
            version: VERSION,
            service: service.clone(),
            file: found.path.clone(),
            owner: found.owner,
            group: found.group,
            mode: found.mode,
            before: BASE64.encode(&found.text),
            before_sha256: sum(&found.text),
            after_sha256: sum(after),
            put_in: put_in.clone(),
            replaced: replaced.clone(),
            made: rfc3339(clock::wall_s()),
            unconfirmed,
        }
    }

    pub(super) fn standing(&self, text: &[u8]) -> Standing {
        let sum = sum(text);
        if sum == self.before_sha256 {
            Standing::Before
        } else if sum == self.after_sha256 {
            Standing::After
        } else {
            Standing::Edited
        }
    }

    /// Whether something of ours is in the file yet.
    pub(super) fn is_in_place(&self) -> bool {
        let is_there = |text: &[u8]| self.standing(text) != Standing::Before && !line::of_ours(text).is_empty();
        std::fs::read(&self.file).is_ok_and(|text| is_there(&text))
    }

    /// The file's text before.
    pub(super) fn before(&self) -> Option<Vec<u8>> {
        BASE64.decode(self.before.as_bytes()).ok().filter(|text| sum(text) == self.before_sha256)
    }
}

/// Where receipts are kept, held against other commands until this is dropped.
pub(super) struct Receipts {
    /// As it is called.
    folder: PathBuf,
    /// The same folder whatever is put under its name meanwhile: it lies in one of configd's, who may rename it.
    held: File,
    lock: File,
}

impl Receipts {
    /// The folder `enable` in the state folder, root's alone: the state folder is configd's, which writes no receipts.
    pub(super) fn hold(state: &Path) -> Result<Self, Error> {
        let folder = state.join("enable");
        let fail = |what, why| Error::File { what, path: folder.clone(), why };
        match DirBuilder::new().mode(0o700).create(&folder) {
            Err(why) if why.kind() == ErrorKind::AlreadyExists => {}
            Err(why) if why.kind() == ErrorKind::NotFound => {
                let why = String::from("is not there, so pam-2fa is not installed; install it first");
                return Err(Error::Unfit { path: state.to_owned(), why });
            }
            other => other.map_err(|why| fail("cannot make", why))?,
        }
        let flags = (OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW).bits();
        let held = match OpenOptions::new().read(true).custom_flags(flags).open(&folder) {
            Err(why) if [Some(Errno::ENOTDIR as i32), Some(Errno::ELOOP as i32)].contains(&why.raw_os_error()) => {
                return Err(Error::Unfit { path: folder, why: String::from(NOT_OURS) });
            }
            other => other.map_err(|why| fail("cannot open", why))?,
        };
        let about = held.metadata().map_err(|why| fail("cannot look at", why))?;
        if !about.is_dir() || about.uid() != 0 || about.mode() & 0o077 != 0 {
            return Err(Error::Unfit { path: folder, why: String::from(NOT_OURS) });
        }
        let path = within(&held).join("lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&path);
        let locked = file.and_then(|file| lock(&file, Patience::Some).map(|()| file));
        let lock = locked.map_err(|why| Error::File { what: "cannot lock", path: folder.join("lock"), why })?;
        Ok(Self { folder, held, lock })
    }

    /// While that runs, a program that is started holds the lock, too, also where this process is killed.
    pub(super) fn lent<T>(&self, run: impl FnOnce() -> T) -> Result<T, Error> {
        let set = |flags| {
            let path = self.folder.join("lock");
            fcntl(&self.lock, FcntlArg::F_SETFD(flags)).map_err(|why| Error::File {
                what: "cannot lend",
                path,
                why: why.into(),
            })
        };
        set(FdFlag::empty())?;
        let ran = run();
        set(FdFlag::FD_CLOEXEC)?;
        Ok(ran)
    }

    /// What a receipt is called, and the way to it.
    fn path(&self, service: &str) -> (PathBuf, PathBuf) {
        let name = format!("{service}.json");
        (self.folder.join(&name), within(&self.held).join(name))
    }

    /// A service's; none where there is none.
    pub(super) fn read(&self, service: &str) -> Result<Option<Receipt>, Error> {
        let Some((path, bytes)) = self.bytes(service)? else { return Ok(None) };
        match serde_json::from_slice::<Receipt>(&bytes) {
            Ok(receipt) if receipt.version == VERSION && receipt.service == service => Ok(Some(receipt)),
            _ => Err(Error::Unfit {
                path,
                why: String::from(
                    "is no receipt of this release; take it away, and our line out of the service's file by hand",
                ),
            }),
        }
    }

    /// What stands in the receipt of that name, and where it is; none where there is none.
    pub(super) fn bytes(&self, name: &str) -> Result<Option<(PathBuf, Vec<u8>)>, Error> {
        let (path, way) = self.path(name);
        let fail = |why| Error::File { what: "cannot read", path: path.clone(), why };
        let unfit = |why: &str| Err(Error::Unfit { path: path.clone(), why: why.to_owned() });
        let file =
            match OpenOptions::new().read(true).custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits()).open(&way)
            {
                Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
                other => other.map_err(fail)?,
            };
        let about = file.metadata().map_err(fail)?;
        if !about.is_file() || about.nlink() != 1 || about.uid() != 0 || about.mode() & 0o077 != 0 {
            return unfit(
                "can be written by others than root, so it does not count; look who wrote it, and take it away",
            );
        }
        let mut bytes = Vec::new();
        file.take(LONGEST).read_to_end(&mut bytes).map_err(fail)?;
        Ok(Some((path, bytes)))
    }

    /// Of all services, in the order of their names; why not, for those that cannot be read.
    pub(super) fn all(&self) -> Result<Vec<Result<Receipt, Error>>, Error> {
        let fail = |why| Error::File { what: "cannot read", path: self.folder.clone(), why };
        let mut names = Vec::new();
        for entry in std::fs::read_dir(within(&self.held)).map_err(fail)? {
            let name = entry.map_err(fail)?.file_name().to_string_lossy().into_owned();
            names.extend(name.strip_suffix(".json").filter(|name| super::file::is_name(name)).map(str::to_owned));
        }
        names.sort();
        Ok(names.iter().filter_map(|name| self.read(name).transpose()).collect())
    }

    /// Keeps it, durably.
    pub(super) fn keep(&self, receipt: &Receipt) -> Result<(), Error> {
        self.write(&receipt.service, receipt)
    }

    /// Keeps one of that name, durably.
    pub(super) fn write(&self, name: &str, receipt: &impl Serialize) -> Result<(), Error> {
        let (path, way) = self.path(name);
        let draft = within(&self.held).join(".draft");
        let written = (|| {
            // Of a run that was killed.
            gone(std::fs::remove_file(&draft))?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
            file.write_all(&serde_json::to_vec_pretty(receipt)?)?;
            file.sync_all()?;
            std::fs::rename(&draft, &way)?;
            self.held.sync_all()
        })();
        written.map_err(|why| Error::File { what: "cannot write", path, why })
    }

    /// Lets it go.
    pub(super) fn drop(&self, service: &str) -> Result<(), Error> {
        let (path, way) = self.path(service);
        let removed = gone(std::fs::remove_file(way)).and_then(|()| self.held.sync_all());
        removed.map_err(|why| Error::File { what: "cannot remove", path, why })
    }
}

/// The folder by its descriptor, whatever is called as it was.
fn within(held: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", held.as_raw_fd()))
}

pub(super) fn sum(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::unistd::geteuid;
    use std::fs::{create_dir, read_dir, rename};
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_line_of_ours_that_is_a_comment_is_not_in_place() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let receipt: Receipt = serde_json::from_value(serde_json::json!({
            "version": VERSION, "service": "login", "file": file.path(), "owner": 0, "group": 0, "mode": 0o644, "before": "",
            "before_sha256": sum(b"@include common-auth\n"), "after_sha256": "", "put_in": [], "made": "2026-11-24T08:00:00Z",
        }))
        .unwrap();
        for (text, is_there) in [
            ("@include common-auth\nauth requisite pam_2fa.so\n", true),
            ("@include common-auth\nauth requisite /usr/lib/security/pam_2fa.so quiet # ours\n", true),
            ("@include common-auth\n# auth requisite pam_2fa.so\n", false),
            ("@include common-auth\n", false),
        ] {
            std::fs::write(file.path(), text).unwrap();
            assert_eq!(receipt.is_in_place(), is_there, "{text}");
        }
    }

    #[test]
    #[expect(clippy::disallowed_macros, reason = "a test that is skipped says so")]
    fn a_folder_that_is_put_in_its_place_meanwhile_gets_nothing_and_gives_nothing() {
        if !geteuid().is_root() {
            eprintln!("NOT CHECKED: needs root, whose alone the folder has to be");
            return;
        }
        let state = tempfile::tempdir().unwrap();
        let [folder, moved, trap] = ["enable", "moved", "trap"].map(|name| state.path().join(name));
        let receipts = Receipts::hold(state.path()).unwrap();
        let receipt: Receipt = serde_json::from_value(serde_json::json!({
            "version": VERSION, "service": "sshd", "file": "/etc/pam.d/sshd", "owner": 0, "group": 0, "mode": 0o644,
            "before": "", "before_sha256": sum(b""), "after_sha256": "", "put_in": [], "made": "2026-11-24T08:00:00Z",
        }))
        .unwrap();
        create_dir(&trap).unwrap();
        std::fs::set_permissions(&trap, PermissionsExt::from_mode(0o700)).unwrap();
        std::fs::write(trap.join("sshd.json"), "theirs").unwrap();
        rename(&folder, &moved).unwrap();
        symlink(&trap, &folder).unwrap();
        assert_eq!(receipts.read("sshd").unwrap(), None);
        receipts.keep(&receipt).unwrap();
        assert_eq!(receipts.read("sshd").unwrap().as_ref(), Some(&receipt));
        // What `--all` keeps has a name that no service has, and is none of these.
        receipts.write("all.services", &"another form").unwrap();
        let all: Vec<Receipt> = receipts.all().unwrap().into_iter().map(Result::unwrap).collect();
        assert_eq!(all, [receipt]);
        assert!(moved.join("sshd.json").exists());
        receipts.drop("sshd").unwrap();
        assert!(!moved.join("sshd.json").exists());
        assert_eq!(std::fs::read(trap.join("sshd.json")).unwrap(), b"theirs");
        assert_eq!(read_dir(&trap).unwrap().count(), 1);
        drop(receipts);
        // And a link that is there before is none of ours.
        let refused = Receipts::hold(state.path()).err().unwrap().to_string();
        assert!(refused.contains("is no folder of root's alone"), "{refused}");
    }
}
