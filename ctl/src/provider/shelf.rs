//! Where provider files are: an administrator's beside config.toml, the shipped ones, and among these the unproven. The first of a name
//! counts, as for the courier.

use crate::error::Error;
use pam_2fa_settings::provider::MAX_FILE;
use serde::Serialize;
use std::fs::{Metadata, read_dir};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The shipped files.
const SHIPPED: &str = "/usr/share/pam-2fa/providers";

/// Whose file it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Origin {
    /// The administrator's.
    Own,
    /// Shipped, and its request and replies were judged by others than us.
    Shipped,
    /// Shipped, and not enough was found to judge it by.
    Unproven,
    /// Shipped; an administrator's file of the same name counts in its place.
    Hidden,
}

impl Origin {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Own => "own",
            Self::Shipped => "shipped",
            Self::Unproven => "unproven",
            Self::Hidden => "shipped, hidden by your own",
        }
    }
}

/// A file.
pub(super) struct Found {
    pub(super) id: String,
    pub(super) from: Origin,
    pub(super) file: PathBuf,
    /// Why the courier would not believe it.
    pub(super) unfit: Option<String>,
    pub(super) text: String,
}

/// All there are, by name; where two have one, the one that counts is first.
pub(super) fn found(config: &Path) -> Vec<Found> {
    let own = config.parent().unwrap_or(Path::new("/etc/pam-2fa")).join("providers");
    let shipped = Path::new(SHIPPED);
    let mut all = Vec::new();
    for (folder, from) in
        [(own, Origin::Own), (shipped.to_owned(), Origin::Shipped), (shipped.join("unproven"), Origin::Unproven)]
    {
        let mut files: Vec<PathBuf> =
            read_dir(&folder).map(|entries| entries.flatten().map(|entry| entry.path()).collect()).unwrap_or_default();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
        files.sort();
        for file in files {
            let id = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
            let from = if all.iter().any(|found: &Found| found.id == id) { Origin::Hidden } else { from };
            let (text, unfit) = match read(&file) {
                Ok((text, about)) => (text, unfit(&about)),
                Err(why) => (String::new(), Some(why.to_string())),
            };
            all.push(Found { id, from, file, unfit, text });
        }
    }
    all.sort_by(|one, other| one.id.cmp(&other.id));
    all
}

/// The one that counts.
pub(super) fn find(config: &Path, id: &str) -> Option<Found> {
    found(config).into_iter().find(|found| found.id == id && found.from != Origin::Hidden)
}

/// A file's text.
pub(super) fn text(file: &Path) -> Result<String, Error> {
    read(file).map(|(text, _)| text).map_err(|why| Error::File { what: "cannot read", path: file.to_owned(), why })
}

fn read(file: &Path) -> std::io::Result<(String, Metadata)> {
    let (open, about) = crate::config::file::open(file)?;
    let mut text = String::new();
    // One byte more than a file may have: the parser says that it is too long.
    open.take(u64::try_from(MAX_FILE).unwrap_or(u64::MAX).saturating_add(1)).read_to_string(&mut text)?;
    Ok((text, about))
}

fn unfit(about: &Metadata) -> Option<String> {
    if about.uid() != 0 {
        return Some(format!("its owner is uid {}, not root; look who wrote it, then chown root", about.uid()));
    }
    (about.mode() & 0o022 != 0)
        .then(|| format!("mode {:04o} lets others write it; look who did, then chmod go-w", about.mode() & 0o7777))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_among_the_providers_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("ours.toml");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::from_bits_truncate(0o644)).unwrap();
        let why = read(&pipe).unwrap_err().to_string();
        assert_eq!(why, "it is a named pipe and no regular file; put a file in its place");
    }
}
