//! Where provider files are: an administrator's folder, then the shipped one. Read anew for each message, so that a corrected
//! file counts at once, and believed only if nobody but root can have written it.

use super::failure::Failure;
use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;
use pam_2fa_settings::provider::{MAX_FILE, Provider, parse};
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// So many findings of a file are told; the others stand in what checks it.
const SHOWN: usize = 3;

/// Whose files count.
#[derive(Debug, Clone)]
pub struct Owners(Vec<u32>);

impl Owners {
    /// Root's.
    #[must_use]
    pub fn root() -> Self {
        Self(vec![0])
    }

    /// Root's, and those of `owner`: whoever started the daemon by hand.
    #[must_use]
    pub fn root_and(owner: u32) -> Self {
        Self(vec![0, owner])
    }

    /// That nobody else can have written what is at `path`, of which `about` tells.
    ///
    /// # Errors
    /// [`Failure::File`] with what to do.
    pub fn require(&self, path: &Path, about: &Metadata) -> Result<(), Failure> {
        self.require_owner(path, about)?;
        if about.mode() & 0o022 == 0 {
            return Ok(());
        }
        let why = format!("mode {:04o} lets others write it; look who did, then chmod go-w", about.mode() & 0o7777);
        Err(Failure::File { path: path.to_owned(), why })
    }

    /// That nobody else can put another thing in the place of what the folder has. In one such as /tmp nobody can (the sticky bit).
    ///
    /// # Errors
    /// [`Failure::File`] with what to do.
    pub fn require_folder(&self, path: &Path, about: &Metadata) -> Result<(), Failure> {
        if about.mode() & 0o1000 != 0 { self.require_owner(path, about) } else { self.require(path, about) }
    }

    fn require_owner(&self, path: &Path, about: &Metadata) -> Result<(), Failure> {
        if self.0.contains(&about.uid()) {
            return Ok(());
        }
        let why = format!("its owner is uid {}, not root; look who wrote it, then chown root", about.uid());
        Err(Failure::File { path: path.to_owned(), why })
    }
}

/// The folders, and whose files in them count.
#[derive(Debug, Clone)]
pub struct Shelf {
    folders: Vec<PathBuf>,
    owners: Owners,
}

impl Shelf {
    /// The first of `folders` that has a file wins; those of `owners` count.
    #[must_use]
    pub fn new(folders: Vec<PathBuf>, owners: Owners) -> Self {
        Self { folders, owners }
    }

    /// The provider of that id. Reads files: not for the thread that serves.
    ///
    /// # Errors
    /// [`Failure`] for a file that is not there, not to be believed, or wrong. A wrong one is never passed over for the next.
    pub fn provider(&self, id: &str) -> Result<Provider, Failure> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
        if !(1..=32).contains(&id.len()) || !id.bytes().all(is_name) {
            return Err(Failure::setting("provider", "is not 1 to 32 letters, digits, - and _"));
        }
        for folder in &self.folders {
            let Some(text) = self.text(folder, id)? else { continue };
            return parse(id, &text).map_err(|findings| {
                let path = folder.join(format!("{id}.toml"));
                let shown: Vec<String> = findings.iter().take(SHOWN).map(ToString::to_string).collect();
                let more = findings.len().saturating_sub(SHOWN);
                let more = if more == 0 { String::new() } else { format!("; and {more} more") };
                Failure::File { path, why: format!("{}{more}", shown.join("; ")) }
            });
        }
        let folders: Vec<String> = self.folders.iter().map(|folder| folder.display().to_string()).collect();
        Err(Failure::NoFile { id: id.to_owned(), folders: folders.join(" or ") })
    }

    /// The file's text; none where there is no such file or folder.
    fn text(&self, folder: &Path, id: &str) -> Result<Option<String>, Failure> {
        let path = folder.join(format!("{id}.toml"));
        let flags = OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
        let opened = match File::options().read(true).custom_flags(flags.bits()).open(folder) {
            Ok(opened) => opened,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(wrong(folder, &error)),
        };
        self.owners.require(folder, &opened.metadata().map_err(|error| wrong(folder, &error))?)?;
        // One name below an open folder, so that O_NOFOLLOW is enough. Not openat2(): RestrictSUIDSGID= in the unit takes it away.
        let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC | OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
        let mut file = match openat(&opened, format!("{id}.toml").as_str(), flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::ENOENT) => return Ok(None),
            Err(Errno::ELOOP) => {
                let why = String::from("is a symbolic link; put the file itself there");
                return Err(Failure::File { path, why });
            }
            Err(error) => return Err(wrong(&path, &error.into())),
        };
        let about = file.metadata().map_err(|error| wrong(&path, &error))?;
        if !about.is_file() {
            return Err(Failure::File { path, why: String::from("is not a plain file") });
        }
        self.owners.require(&path, &about)?;
        let mut text = String::new();
        // One byte more than a file may have: the parser says that it is too long.
        let most = u64::try_from(MAX_FILE).unwrap_or(u64::MAX).saturating_add(1);
        match file.by_ref().take(most).read_to_string(&mut text) {
            Ok(_) => Ok(Some(text)),
            Err(error) => Err(wrong(&path, &error)),
        }
    }
}

fn wrong(path: &Path, error: &io::Error) -> Failure {
    let why = format!("cannot be read ({error}); it must be UTF-8, root's, and readable to the courier's user");
    Failure::File { path: path.to_owned(), why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{Permissions, create_dir, set_permissions, write};
    use std::os::unix::fs::{PermissionsExt, symlink};

    const HTTP: &str = include_str!("../../../etc/providers/http.toml");

    fn shelf(folder: &Path) -> Shelf {
        for below in ["ours", "shipped"] {
            create_dir(folder.join(below)).unwrap();
            set_permissions(folder.join(below), Permissions::from_mode(0o755)).unwrap();
        }
        Shelf::new(vec![folder.join("ours"), folder.join("shipped")], Owners::root_and(nix::unistd::geteuid().as_raw()))
    }

    fn put(path: &Path, text: &str) {
        write(path, text).unwrap();
        set_permissions(path, Permissions::from_mode(0o644)).unwrap();
    }

    fn said(shelf: &Shelf, id: &str) -> String {
        shelf.provider(id).expect_err(id).to_string()
    }

    #[test]
    fn an_administrators_file_wins_and_a_wrong_one_is_not_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        assert!(said(&shelf, "http").contains("there is no http.toml"));
        put(&folder.path().join("shipped/http.toml"), HTTP);
        assert_eq!(shelf.provider("http").unwrap().max_text, None);
        put(&folder.path().join("ours/http.toml"), &format!("max_text = 70\n{HTTP}"));
        assert_eq!(shelf.provider("http").unwrap().max_text, Some(70));
        put(&folder.path().join("ours/http.toml"), "id = 1\n");
        let said = said(&shelf, "http");
        assert!(said.contains("ours/http.toml: 1:") && said.contains("and 2 more"), "{said}");
    }

    #[test]
    fn a_file_that_somebody_else_may_have_written_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        let file = folder.path().join("ours/http.toml");
        put(&file, HTTP);
        for mode in [0o664, 0o646, 0o666] {
            set_permissions(&file, Permissions::from_mode(mode)).unwrap();
            assert!(said(&shelf, "http").contains("lets others write it"), "{mode:o}");
        }
        set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        set_permissions(folder.path().join("ours"), Permissions::from_mode(0o777)).unwrap();
        assert!(said(&shelf, "http").contains("lets others write it"), "the folder");
        set_permissions(folder.path().join("ours"), Permissions::from_mode(0o755)).unwrap();
        let nobodys = Shelf { owners: Owners(vec![u32::MAX]), ..shelf.clone() };
        assert!(said(&nobodys, "http").contains("its owner is uid"));
        assert!(shelf.provider("http").is_ok());
    }

    #[test]
    fn neither_links_nor_pipes_nor_paths_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        let shelf = shelf(folder.path());
        put(&folder.path().join("http.toml"), HTTP);
        symlink("../http.toml", folder.path().join("ours/http.toml")).unwrap();
        assert!(said(&shelf, "http").contains("symbolic link"));
        nix::unistd::mkfifo(&folder.path().join("ours/pipe.toml"), Mode::S_IRUSR).unwrap();
        assert!(said(&shelf, "pipe").contains("not a plain file"));
        create_dir(folder.path().join("ours/folder.toml")).unwrap();
        assert!(said(&shelf, "folder").contains("not a plain file"));
        for id in ["../http", "", "a/b", "a.b", "\0", &"x".repeat(33)] {
            assert!(said(&shelf, id).contains("letters, digits"), "{id}");
        }
    }
}
