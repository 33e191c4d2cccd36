//! The files beside the settings that belong to a backup: `config.toml`, `providers/*.toml`, `messages/*.ftl`. Read whole, put back one by one: at
//! every moment each name stands for the old file or the new one, and the old one keeps another name.

use crate::error::Error;
use nix::fcntl::OFlag;
use pam_2fa_protocol::Secret;
use std::fs::{File, OpenOptions, Permissions, metadata, read_dir};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

/// More bytes than any of them has: what configd and the courier read at most is 256 KiB.
const LONGEST: u64 = 256 * 1024;

/// The settings' name in a backup, whatever `--config` says.
const SETTINGS: &str = "config.toml";

/// Folders, and how the names in them end.
const FOLDERS: [(&str, &str); 2] = [(PROVIDERS, ".toml"), ("messages", ".ftl")];

/// What the courier reads.
const PROVIDERS: &str = "providers";

/// One of them.
pub(super) struct Kept {
    /// Below the folder of the settings.
    pub(super) name: String,
    /// What is in it.
    pub(super) bytes: Secret<Vec<u8>>,
}

/// Whether it is the settings.
pub(super) fn is_settings(name: &str) -> bool {
    name == SETTINGS
}

/// Whether a backup may name such a file.
pub(super) fn may_be(name: &str) -> bool {
    let plain = |rest: &str| {
        !rest.starts_with('.') && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
    };
    is_settings(name)
        || FOLDERS.iter().any(|(folder, ending)| {
            let rest = name.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
            rest.is_some_and(|rest| rest.ends_with(ending) && plain(rest))
        })
}

/// Where it is.
pub(super) fn place_of(config: &Path, name: &str) -> PathBuf {
    if is_settings(name) { config.to_owned() } else { parent(config).join(name) }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// All that are there, in the order of their names.
pub(super) fn read_all(config: &Path) -> Result<Vec<Kept>, Error> {
    let mut names = vec![String::from(SETTINGS)];
    for (folder, _) in FOLDERS {
        let path = parent(config).join(folder);
        let fail = |why| Error::File { what: "cannot list", path: path.clone(), why };
        let entries = match read_dir(&path) {
            Err(why) if why.kind() == ErrorKind::NotFound => continue,
            entries => entries.map_err(fail)?,
        };
        let mut here = Vec::new();
        for entry in entries {
            let name = format!("{folder}/{}", entry.map_err(fail)?.file_name().to_string_lossy());
            if may_be(&name) {
                here.push(name);
            }
        }
        here.sort();
        names.extend(here);
    }
    let mut kept = Vec::new();
    for name in names {
        if let Some(bytes) = read(&place_of(config, &name))? {
            kept.push(Kept { name, bytes });
        }
    }
    Ok(kept)
}

/// What is in it; none: it is not there.
pub(super) fn read(path: &Path) -> Result<Option<Secret<Vec<u8>>>, Error> {
    let fail = |why| Error::File { what: "cannot read", path: path.to_owned(), why };
    let file = match File::open(path) {
        Err(why) if why.kind() == ErrorKind::NotFound => return Ok(None),
        file => file.map_err(fail)?,
    };
    let mut bytes = Secret::new(Vec::with_capacity(16 * 1024));
    file.take(LONGEST.saturating_add(1)).read_to_end(bytes.expose_mut()).map_err(fail)?;
    if u64::try_from(bytes.expose().len()).unwrap_or(u64::MAX) > LONGEST {
        return Err(Error::Unfit {
            path: path.to_owned(),
            why: String::from("is longer than 256 KiB; look what it is"),
        });
    }
    Ok(Some(bytes))
}

/// What was put in its place, and where what stood there is now.
#[derive(Default)]
pub(super) struct Placed(Vec<(PathBuf, Option<PathBuf>)>);

impl Placed {
    /// Puts them in their places, the settings last: they name the others.
    ///
    /// # Errors
    /// One cannot be put there: nothing is changed.
    pub(super) fn put(config: &Path, files: &[Kept]) -> Result<Self, Error> {
        let mut placed = Self::default();
        let (settings, others): (Vec<_>, Vec<_>) = files.iter().partition(|kept| is_settings(&kept.name));
        for kept in others.into_iter().chain(settings) {
            let path = place_of(config, &kept.name);
            match replace(config, &path, kept) {
                Ok(aside) => placed.0.push((path, aside)),
                Err(why) => return Err(placed.taken_back(Error::File { what: "cannot put back", path, why })),
            }
        }
        Ok(placed)
    }

    /// Where what stood there is now.
    pub(super) fn aside(&self) -> impl Iterator<Item = &PathBuf> {
        self.0.iter().filter_map(|(_, aside)| aside.as_ref())
    }

    /// All of it is as it was before; `error` is why, and has what could not be put back.
    pub(super) fn taken_back(self, error: Error) -> Error {
        let failed: Vec<String> = self.0.into_iter().rev().filter_map(|(path, aside)| undo(&path, aside)).collect();
        if failed.is_empty() {
            return error;
        }
        Error::Refused(error.to_string().lines().map(str::to_owned).chain(failed).collect())
    }
}

/// What could not be undone.
fn undo(path: &Path, aside: Option<PathBuf>) -> Option<String> {
    let undone = match &aside {
        Some(aside) => std::fs::rename(aside, path),
        None => std::fs::remove_file(path),
    };
    let error = undone.and_then(|()| File::open(parent(path))?.sync_all()).err()?;
    let stood =
        aside.map_or(String::from("nothing stood there"), |aside| format!("what stood there is {}", aside.display()));
    Some(format!("{}: it is not as it was before ({error}); {stood}", path.display()))
}

fn replace(config: &Path, path: &Path, kept: &Kept) -> io::Result<Option<PathBuf>> {
    let folder = parent(path);
    if !folder.exists() {
        std::fs::DirBuilder::new().mode(0o755).create(folder)?;
        // Whatever the umask is: the courier looks into it as anybody does.
        std::fs::set_permissions(folder, Permissions::from_mode(0o755))?;
        File::open(parent(folder))?.sync_all()?;
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let draft = folder.join(format!(".{name}.pam-2fa-restore"));
    let (group, mode) = owner_of(config, path, &kept.name)?;
    match std::fs::remove_file(&draft) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(&draft)?;
    file.write_all(kept.bytes.expose())?;
    fchown(&file, Some(0), Some(group))?;
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()?;
    let aside = aside(path)?;
    std::fs::rename(&draft, path)?;
    File::open(folder)?.sync_all()?;
    Ok(aside)
}

/// Group and mode. configd reads its settings and its texts by their group, and refuses both where others can read them; the group is the
/// folder's, but for settings that are there. Provider files hold nothing secret, and the courier reads them as anybody does.
fn owner_of(config: &Path, path: &Path, name: &str) -> io::Result<(u32, u32)> {
    if name.starts_with(PROVIDERS) {
        return Ok((0, 0o644));
    }
    let folder = || metadata(parent(config));
    let like = if is_settings(name) { metadata(path).or_else(|_| folder())? } else { folder()? };
    Ok((like.gid(), 0o640))
}

/// A second name for what stands there: `config.toml.before`, `config.toml.before.2`, …
fn aside(path: &Path) -> io::Result<Option<PathBuf>> {
    for number in 1_u32..=1000 {
        let mut name = path.as_os_str().to_owned();
        name.push(".before");
        if number > 1 {
            name.push(format!(".{number}"));
        }
        let name = PathBuf::from(name);
        match std::fs::hard_link(path, &name) {
            Ok(()) => return Ok(Some(name)),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::other("a thousand names for what stands there are taken; take some away"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backup_names_files_of_the_settings_and_nothing_else_on_the_host() {
        for name in ["config.toml", "providers/own.toml", "messages/de.ftl", "messages/pt-BR.ftl"] {
            assert!(may_be(name), "{name}");
        }
        for name in [
            "",
            "generation",
            "break-glass",
            "/etc/passwd",
            "../config.toml",
            "providers/../config.toml",
            "providers/.x.toml",
            "providers/a/b.toml",
            "providers/x",
            "providersx.toml",
            "messages/x.toml",
        ] {
            assert!(!may_be(name), "{name}");
        }
    }
}
