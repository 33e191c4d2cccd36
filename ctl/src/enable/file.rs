//! The file of a service in /etc/pam.d: at every moment its name stands for the old one or the new one, whole. It knows nothing of
//! what stands in it.

use super::attributes::Attributes;
use super::stack::Host;
use crate::error::Error;
use crate::exempt::writable;
use nix::fcntl::OFlag;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// A larger file is no pam.d file.
const LONGEST: u64 = 1 << 20;

/// A file as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) text: Vec<u8>,
    pub(super) owner: u32,
    pub(super) group: u32,
    /// The permission bits.
    pub(super) mode: u32,
    /// What else hangs on it.
    attributes: Attributes,
}

/// Where the file of a service is changed.
pub(super) fn path_of(root: &Path, service: &str) -> PathBuf {
    root.join("etc/pam.d").join(service)
}

impl Found {
    /// One that is to be made, with what its folder gives it.
    pub(super) fn new(path: PathBuf, text: Vec<u8>, (owner, group, mode): (u32, u32, u32)) -> Self {
        Self { path, text, owner, group, mode, attributes: Attributes::default() }
    }

    /// The same, with these hanging on it.
    pub(super) fn with(self, attributes: Attributes) -> Self {
        Self { attributes, ..self }
    }

    /// What hangs on it beside its owner and mode.
    pub(super) fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// Reads the file of a service; none where there is none of that name.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Error> {
        let fail = |why| Error::File { what: "cannot read", path: path.to_owned(), why };
        let unfit = |why: String| Err(Error::Unfit { path: path.to_owned(), why });
        let about = match path.symlink_metadata() {
            Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
            other => other.map_err(fail)?,
        };
        if about.is_symlink() {
            let to = std::fs::read_link(path).map_err(fail)?;
            return unfit(format!(
                "is a link to {}, which another program keeps (authselect?), so nothing is changed",
                to.display()
            ));
        }
        if !about.is_file() || about.nlink() != 1 {
            return unfit(String::from("is no plain file with one name, so nothing is changed"));
        }
        if let Some(why) = writable(&about) {
            return unfit(format!("{why}; look who wrote it, and mend that first"));
        }
        let file = OpenOptions::new().read(true).custom_flags(OFlag::O_NOFOLLOW.bits()).open(path).map_err(fail)?;
        let about = file.metadata().map_err(fail)?;
        let attributes = Attributes::of(&file).map_err(fail)?;
        let mut text = Vec::new();
        file.take(LONGEST + 1).read_to_end(&mut text).map_err(fail)?;
        if text.len() as u64 > LONGEST {
            return unfit(String::from("is too long to be a file of pam.d"));
        }
        let (owner, group, mode) = (about.uid(), about.gid(), about.mode() & 0o7777);
        Ok(Some(Self { path: path.to_owned(), text, owner, group, mode, attributes }))
    }

    /// Puts another text in its place, durably, with the same owner, mode, label and access list; not where somebody has changed it
    /// since it was read.
    pub(super) fn replace(&self, text: &[u8]) -> Result<(), Error> {
        self.replace_by(&Self { text: text.to_vec(), ..self.clone() })
    }

    /// The same, and all that hangs on the other with it.
    pub(super) fn replace_by(&self, other: &Self) -> Result<(), Error> {
        let path = &self.path;
        let fail = |why| Error::File { what: "cannot write", path: path.clone(), why };
        let draft = draft(path);
        let written = (|| {
            gone(std::fs::remove_file(&draft))?;
            let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
            file.write_all(&other.text)?;
            fchown(&file, Some(other.owner), Some(other.group))?;
            file.set_permissions(Permissions::from_mode(other.mode))?;
            other.attributes.put_on(&file)?;
            file.sync_all()
        })();
        let named = written.map_err(fail).and_then(|()| {
            if Self::read(path)?.as_ref() != Some(self) {
                let why = String::from("was changed by somebody else just now, so it was left alone; run it again");
                return Err(Error::Unfit { path: path.clone(), why });
            }
            std::fs::rename(&draft, path).map_err(fail)
        });
        if named.is_err() {
            // Half of it is good for nothing. Where this fails too, the next run begins with it.
            let _ = std::fs::remove_file(&draft);
            return named;
        }
        let folder = path.parent().unwrap_or(Path::new("."));
        let late = |why| Error::File { what: "written, but perhaps not durably,", path: path.clone(), why };
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(late)
    }
}

/// Refuses a host in whose folders others than root could put another file in our way, or, below DIR, one whose folders are links:
/// they would lead to files of this host.
pub(super) fn grounds(root: &Path) -> Result<(), Error> {
    let fail = |path: &Path, why| Error::File { what: "cannot look at", path: path.to_owned(), why };
    let whole = root.canonicalize().map_err(|why| fail(root, why))?;
    let below = ["etc", "etc/pam.d"].map(|folder| whole.join(folder));
    for path in whole.ancestors().chain(below.iter().map(PathBuf::as_path)) {
        let about = std::fs::metadata(path).map_err(|why| fail(path, why))?;
        if let Some(why) = writable(&about) {
            let why = format!("{why}, so nothing is changed there; look who wrote in it, and mend that first");
            return Err(Error::Unfit { path: path.to_owned(), why });
        }
    }
    let folders = ["etc", "etc/pam.d", "var", "var/lib", "var/lib/pam-2fa"].map(|folder| root.join(folder));
    let is_link = |path: &&PathBuf| path.is_symlink();
    match folders.iter().find(is_link).filter(|_| root != Path::new("/")) {
        Some(link) => {
            let why = String::from("is a link, which leads out of the folder that was named; name the one it leads to");
            Err(Error::Unfit { path: link.clone(), why })
        }
        None => Ok(()),
    }
}

/// Takes away what a run that was killed has left beside the file. Under the lock it is nobody's.
pub(super) fn clear(path: &Path) -> Result<(), Error> {
    let draft = draft(path);
    gone(std::fs::remove_file(&draft)).map_err(|why| Error::File { what: "cannot remove", path: draft, why })
}

/// The services that have a file on this host.
pub(crate) fn services(host: &Host) -> Vec<String> {
    let entries = host.folders().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten().flatten();
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| is_listed(name)).collect();
    names.sort();
    names.dedup();
    names
}

/// Whether a service may have that name: libpam makes capitals small, and login.dpkg-old or .login is none.
pub(super) fn is_name(name: &str) -> bool {
    let is_fit = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-+@".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(is_fit)
}

/// The same, and names with dots (`smtp.postfix`), but for what packages and editors leave beside a file.
fn is_listed(name: &str) -> bool {
    const LEFT: [&str; 12] = [
        ".bak", ".dpkg-", ".new", ".old", ".orig", ".pam-", ".rpmnew", ".rpmorig", ".rpmsave", ".save", ".swp", ".ucf-",
    ];
    !name.starts_with('.') && is_name(&name.replace('.', "-")) && !LEFT.iter().any(|left| name.contains(left))
}

fn draft(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".pam-2fa.{name}"))
}

pub(super) fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
