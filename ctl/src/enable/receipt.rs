//! What was changed for a service, kept until it is undone: written durably before the change, gone after the undo. A receipt that
//! somebody but root could have written is none.

use super::file::gone;
use super::plan::Plan;
use crate::clock;
use crate::error::Error;
use crate::exempt::rfc3339;
use crate::lock::{Patience, lock};
use data_encoding::{BASE64, HEXLOWER};
use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Of this form.
const VERSION: u32 = 1;
/// A pam.d file in base64, and what stands beside it.
const LONGEST: u64 = 2 << 20;

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
    pub(super) fn of(plan: &Plan) -> Self {
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

    /// The file's text before.
    pub(super) fn before(&self) -> Option<Vec<u8>> {
        BASE64.decode(self.before.as_bytes()).ok().filter(|text| sum(text) == self.before_sha256)
    }
}

/// Where receipts are kept, held against other commands until this is dropped.
pub(super) struct Receipts {
    folder: PathBuf,
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
        let about = folder.symlink_metadata().map_err(|why| fail("cannot look at", why))?;
        if !about.is_dir() || about.uid() != 0 || about.mode() & 0o077 != 0 {
            let why = String::from("is no folder of root's alone (0700), so no receipt in it counts; take it away");
            return Err(Error::Unfit { path: folder, why });
        }
        let path = folder.join("lock");
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&path);
        let locked = file.and_then(|file| lock(&file, Patience::Some).map(|()| file));
        let lock = locked.map_err(|why| Error::File { what: "cannot lock", path, why })?;
        Ok(Self { folder, lock })
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

    fn path(&self, service: &str) -> PathBuf {
        self.folder.join(format!("{service}.json"))
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
        let path = self.path(name);
        let fail = |why| Error::File { what: "cannot read", path: path.clone(), why };
        let unfit = |why: &str| Err(Error::Unfit { path: path.clone(), why: why.to_owned() });
        let file = match OpenOptions::new()
            .read(true)
            .custom_flags((OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK).bits())
            .open(&path)
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

    /// Keeps it, durably.
    pub(super) fn keep(&self, receipt: &Receipt) -> Result<(), Error> {
        self.write(&receipt.service, receipt)
    }

    /// Keeps one of that name, durably.
    pub(super) fn write(&self, name: &str, receipt: &impl Serialize) -> Result<(), Error> {
        let path = self.path(name);
        let draft = self.folder.join(".draft");
        let written = (|| {
            // Of a run that was killed.
            gone(std::fs::remove_file(&draft))?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
            file.write_all(&serde_json::to_vec_pretty(receipt)?)?;
            file.sync_all()?;
            std::fs::rename(&draft, &path)?;
            File::open(&self.folder)?.sync_all()
        })();
        written.map_err(|why| Error::File { what: "cannot write", path, why })
    }

    /// Lets it go.
    pub(super) fn drop(&self, service: &str) -> Result<(), Error> {
        let path = self.path(service);
        let removed = gone(std::fs::remove_file(&path)).and_then(|()| File::open(&self.folder)?.sync_all());
        removed.map_err(|why| Error::File { what: "cannot remove", path, why })
    }
}

pub(super) fn sum(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}
