//! Opens a path none of whose parts is a symbolic link, so that nobody who may put a link above a file can have another one read in its
//! place (fault 25).
//!
//! Part by part, each from the folder that was opened before it. Not by `openat2`, which does the same in one call: RestrictSUIDSGID= of
//! the unit takes it away, since its flags are in memory, where no filter sees them.

use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, open, openat};
use nix::sys::stat::{Mode, SFlag, fstatat};
use std::ffi::OsStr;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Component, Path};

/// Opens `path` with `flags`.
///
/// # Errors
/// The kernel's; `ELOOP` where a part is a symbolic link.
pub fn open_straight(path: &Path, flags: OFlag) -> nix::Result<OwnedFd> {
    let through = OFlag::O_PATH | OFlag::O_DIRECTORY;
    let mut parts = path.components().filter(|part| !matches!(part, Component::CurDir)).peekable();
    let mut folder = match parts.next_if_eq(&Component::RootDir) {
        Some(_) => open("/", through | OFlag::O_CLOEXEC, Mode::empty())?,
        None => open(".", through | OFlag::O_CLOEXEC, Mode::empty())?,
    };
    while let Some(part) = parts.next() {
        let last = parts.peek().is_none();
        let opened = step(&folder, part.as_os_str(), if last { flags } else { through })?;
        if last {
            return Ok(opened);
        }
        folder = opened;
    }
    // "/" and ".": the folder itself.
    openat(folder, ".", flags | OFlag::O_CLOEXEC, Mode::empty())
}

fn step(folder: &OwnedFd, part: &OsStr, flags: OFlag) -> nix::Result<OwnedFd> {
    openat(folder, part, flags | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty()).map_err(|error| {
        // Of a link that must be a folder the kernel says that it is none.
        if error == Errno::ENOTDIR && is_link(folder, part) { Errno::ELOOP } else { error }
    })
}

fn is_link(folder: impl AsFd, part: &OsStr) -> bool {
    let about = fstatat(folder, part, AtFlags::AT_SYMLINK_NOFOLLOW);
    about.is_ok_and(|about| SFlag::from_bits_truncate(about.st_mode & SFlag::S_IFMT.bits()) == SFlag::S_IFLNK)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    /// `…/a/b/c/file`, and all of its parts below the folder.
    fn made() -> (tempfile::TempDir, Vec<PathBuf>) {
        let folder = tempfile::tempdir().unwrap();
        let parts = ["a", "a/b", "a/b/c", "a/b/c/file"].map(|part| folder.path().join(part));
        fs::create_dir_all(&parts[2]).unwrap();
        fs::write(&parts[3], "text").unwrap();
        (folder, parts.to_vec())
    }

    fn read(path: &Path) -> nix::Result<String> {
        let mut text = String::new();
        fs::File::from(open_straight(path, OFlag::O_RDONLY)?).read_to_string(&mut text).unwrap();
        Ok(text)
    }

    #[test]
    fn a_path_is_opened_where_none_of_its_parts_is_a_link_and_with_each_of_them_one_it_is_not() {
        let (folder, parts) = made();
        assert_eq!(read(&parts[3]).as_deref(), Ok("text"));
        for part in &parts {
            let aside = folder.path().join("aside");
            fs::rename(part, &aside).unwrap();
            symlink(&aside, part).unwrap();
            assert!(fs::read_to_string(&parts[3]).is_ok(), "whoever follows links finds it");
            assert_eq!(read(&parts[3]), Err(Errno::ELOOP), "{}", part.display());
            fs::remove_file(part).unwrap();
            fs::rename(&aside, part).unwrap();
        }
        assert_eq!(read(&parts[3]).as_deref(), Ok("text"));
    }

    #[test]
    fn a_folder_behind_a_link_is_refused_and_so_is_a_link_to_nowhere_or_to_itself() {
        let (folder, parts) = made();
        let link = folder.path().join("link");
        for to in [&parts[2], &folder.path().join("nowhere"), &link] {
            symlink(to, &link).unwrap();
            assert_eq!(open_straight(&link, OFlag::O_RDONLY | OFlag::O_DIRECTORY).unwrap_err(), Errno::ELOOP);
            assert_eq!(open_straight(&link.join("file"), OFlag::O_RDONLY).unwrap_err(), Errno::ELOOP);
            fs::remove_file(&link).unwrap();
        }
        assert!(open_straight(&parts[2], OFlag::O_RDONLY | OFlag::O_DIRECTORY).is_ok());
    }

    #[test]
    fn the_kernels_own_links_are_links_too() {
        let (folder, parts) = made();
        let file = fs::File::open(&parts[2]).unwrap();
        let magic = format!("/proc/self/fd/{}/file", std::os::fd::AsRawFd::as_raw_fd(&file));
        assert!(fs::read_to_string(&magic).is_ok());
        assert_eq!(read(Path::new(&magic)), Err(Errno::ELOOP));
        drop(folder);
    }

    #[test]
    fn what_is_not_there_or_no_folder_is_called_so() {
        let (folder, parts) = made();
        assert_eq!(read(&folder.path().join("a/none")), Err(Errno::ENOENT));
        assert_eq!(read(&folder.path().join("none/file")), Err(Errno::ENOENT));
        assert_eq!(read(&parts[3].join("below")), Err(Errno::ENOTDIR));
        assert!(open_straight(&parts[3], OFlag::O_RDONLY | OFlag::O_DIRECTORY).is_err());
        for folder in ["/", ".", "./"] {
            assert!(open_straight(Path::new(folder), OFlag::O_RDONLY | OFlag::O_DIRECTORY).is_ok(), "{folder}");
        }
    }

    /// A folder of others that may be passed through and not listed, as `/etc/pam-2fa` is for configd's group.
    #[test]
    fn a_folder_above_need_not_be_readable() {
        let (_folder, parts) = made();
        fs::set_permissions(&parts[1], std::os::unix::fs::PermissionsExt::from_mode(0o711)).unwrap();
        assert_eq!(read(&parts[3]).as_deref(), Ok("text"));
    }
}
