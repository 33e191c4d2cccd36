//! What hangs on a file beside its owner and mode, and has to hang on the one that comes in its place: SELinux's and Smack's labels, the
//! access list, what users have put there. It copies no seal of the old text (IMA).

use data_encoding::BASE64;
use rustix::fs::{XattrFlags, fgetxattr, fgetxattr_query, flistxattr, flistxattr_query, fremovexattr, fsetxattr};
use rustix::io::Errno;
use std::collections::BTreeMap;
use std::fs::File;
use std::io;

const ACCESS_LIST: &str = "system.posix_acl_access";
/// By their names, or the beginning of them.
const KEPT: [&str; 4] = ["security.selinux", "security.SMACK64", ACCESS_LIST, "user."];

/// By name. They are the file's own: a folder may give a new one others.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Attributes(BTreeMap<String, Vec<u8>>);

impl Attributes {
    /// Those of a file; none where its filesystem has none.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        let mut list = vec![0; or_none(flistxattr_query(file))?.unwrap_or(0)];
        let length = if list.is_empty() { 0 } else { flistxattr(file, list.as_mut_slice())? };
        list.truncate(length);
        let names = list.split(|byte| *byte == 0).filter_map(|name| std::str::from_utf8(name).ok());
        let mut all = BTreeMap::new();
        for name in names.filter(|name| KEPT.iter().any(|kept| name.starts_with(kept))) {
            let mut value = vec![0; fgetxattr_query(file, name)?];
            let length = if value.is_empty() { 0 } else { fgetxattr(file, name, value.as_mut_slice())? };
            value.truncate(length);
            all.insert(name.to_owned(), value);
        }
        Ok(Self(all))
    }

    /// By name, base64, for a receipt.
    pub(super) fn encoded(&self) -> BTreeMap<String, String> {
        self.0.iter().map(|(name, value)| (name.clone(), BASE64.encode(value))).collect()
    }

    /// From a receipt; what is not whole is left out.
    pub(super) fn decoded(all: &BTreeMap<String, String>) -> Self {
        let decode = |(name, value): (&String, &String)| Some((name.clone(), BASE64.decode(value.as_bytes()).ok()?));
        Self(all.iter().filter_map(decode).collect())
    }

    /// Puts them on a new file, and takes from it what its folder has given it.
    pub(super) fn put_on(&self, file: &File) -> io::Result<()> {
        let given = Self::of(file)?;
        if given.0.contains_key(ACCESS_LIST) && !self.0.contains_key(ACCESS_LIST) {
            fremovexattr(file, ACCESS_LIST)?;
        }
        for (name, value) in self.0.iter().filter(|(name, value)| given.0.get(*name) != Some(*value)) {
            fsetxattr(file, name.as_str(), value, XattrFlags::empty())?;
        }
        Ok(())
    }
}

fn or_none(size: rustix::io::Result<usize>) -> io::Result<Option<usize>> {
    match size {
        Err(Errno::OPNOTSUPP) => Ok(None),
        other => Ok(Some(other?)),
    }
}
