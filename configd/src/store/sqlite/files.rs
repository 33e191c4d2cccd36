//! Files that only the daemon may read, made so that a crash leaves the whole file or none (used by the store and the seal).
//!
//! Never follows a symbolic link in the last element, never replaces a file that is there.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use nix::libc;

/// What stands at a path, without following a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stands {
    /// Nothing.
    Nothing,
    /// A regular file.
    File,
    /// A link, a folder, a socket: never ours.
    SomethingElse,
}

/// What stands at `path`.
pub(crate) fn stands(path: &Path) -> io::Result<Stands> {
    match path.symlink_metadata() {
        Ok(meta) if meta.is_file() => Ok(Stands::File),
        Ok(_) => Ok(Stands::SomethingElse),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Stands::Nothing),
        Err(error) => Err(error),
    }
}

/// Opens a file that must be there. A link is an error; a FIFO does not block.
pub(crate) fn open_existing(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).custom_flags(libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC).open(path)
}

/// Makes an empty file that must not be there, 0600 whatever the umask is.
pub(crate) fn make_new(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC)
        .open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

/// Makes `path` with `bytes` in it: whole and durable, or not there.
pub(crate) fn make_durable(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let draft = draft_of(path);
    discard(&draft)?;
    let mut file = make_new(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    put_in_place(&draft, path)
}

/// The name of a file that is being made: `state.db.new`.
pub(crate) fn draft_of(path: &Path) -> std::path::PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".new");
    name.into()
}

/// Gives a finished, synced draft its name, durably. An error where the name is taken: link(2) never replaces.
pub(crate) fn put_in_place(draft: &Path, path: &Path) -> io::Result<()> {
    std::fs::hard_link(draft, path)?;
    std::fs::remove_file(draft)?;
    sync_parent(path)
}

/// Takes away a draft that a crash left. It was never given its name, so nothing depends on it.
pub(crate) fn discard(draft: &Path) -> io::Result<()> {
    match std::fs::remove_file(draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes the names in the folder of `path` durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

/// Who owns an open file, and its permission bits.
pub(crate) fn owner_and_mode(file: &File) -> io::Result<(u32, u32)> {
    let meta = file.metadata()?;
    Ok((meta.uid(), meta.mode() & 0o7777))
}

/// The uid that this process acts as.
pub(crate) fn own_uid() -> u32 {
    nix::unistd::geteuid().as_raw()
}
