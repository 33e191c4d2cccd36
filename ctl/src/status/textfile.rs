//! A file that others read all the time: it is the old one or the new one, whole. It says nothing that not everybody may read.

use crate::error::Error;
use nix::fcntl::OFlag;
use std::fs::{OpenOptions, Permissions, remove_file, rename};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Puts `text` in the place of what is there.
pub(super) fn write(path: &Path, text: &str) -> Result<(), Error> {
    let fail = |why| Error::File { what: "cannot write", path: path.to_owned(), why };
    // node_exporter reads files that end in .prom; the draft does not.
    let draft = draft(path).ok_or_else(|| fail(ErrorKind::InvalidFilename.into()))?;
    let done = put(&draft, text).and_then(|()| rename(&draft, path));
    if done.is_err() {
        // Where this fails too, the next run begins with it.
        let _ = remove_file(&draft);
    }
    done.map_err(fail)
}

fn draft(path: &Path) -> Option<PathBuf> {
    Some(path.with_file_name(format!(".{}.part", path.file_name()?.to_str()?)))
}

fn put(draft: &Path, text: &str) -> io::Result<()> {
    // Of a run that was killed.
    match remove_file(draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let flags = OFlag::O_NOFOLLOW.bits();
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).custom_flags(flags).open(draft)?;
    file.write_all(text.as_bytes())?;
    // The umask may have taken bits away.
    file.set_permissions(Permissions::from_mode(0o644))?;
    file.sync_all()
}
