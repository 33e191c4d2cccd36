//! How far the store was seen to be: the file `generation` beside `config.toml`, which only root's command writes.
//!
//! A store that counts less is an older copy: codes that were used would be good again, and whoever was shut out since would get in. A
//! file that is not there, or not to be believed, seals nothing: whoever can take it away is root, and a first start has none.

use crate::settings_file::{self, FileError};
use pam_2fa_protocol::generation::{FILE, parse};
use std::path::{Path, PathBuf};

/// What the file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept {
    /// It is not there.
    Nothing,
    /// The store has been seen to be so far.
    At(i64),
    /// It is there and says nothing: what, where, what to do.
    Odd(String),
}

impl Kept {
    /// How far, where it says so.
    #[must_use]
    pub fn generation(&self) -> Option<i64> {
        match self {
            Self::At(generation) => Some(*generation),
            Self::Nothing | Self::Odd(_) => None,
        }
    }
}

/// Where it is.
#[must_use]
pub fn path(config: &Path) -> PathBuf {
    config.with_file_name(FILE)
}

/// Reads it. It must be as the settings must be: root's, and nobody else's to write.
#[must_use]
pub fn kept(config: &Path) -> Kept {
    let path = path(config);
    let and_so = "an older copy of the store would not be noticed until `pam-2fa status` has written it anew";
    match settings_file::read(&path) {
        Err(FileError::Missing { .. }) => Kept::Nothing,
        Err(error) => Kept::Odd(format!("{error}; {and_so}")),
        Ok(text) => match parse(text.expose()) {
            Some(generation) => Kept::At(generation),
            None => Kept::Odd(format!("{}: it does not say a generation; {and_so}", path.display())),
        },
    }
}

/// Why a store is not taken that is older than it was.
#[must_use]
pub fn older(config: &Path, store: i64, kept: i64) -> String {
    format!(
        "the store is an older copy, or was lost: it counts {store}, and {} says that it has counted {kept}; put the newer store back, \
         or take this one with `pam-2fa restore --accept`, which ends what may have been used since",
        path(config).display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use pam_2fa_protocol::generation::written;
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;

    /// As root, whose file it must be; for anybody else it is odd.
    #[test]
    fn a_generation_is_believed_of_root_alone_and_a_file_that_is_odd_is_told_from_none() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.toml");
        assert_eq!(kept(&config), Kept::Nothing);
        let put = |text: &str, mode| {
            write(path(&config), text).unwrap();
            set_permissions(path(&config), Permissions::from_mode(mode)).unwrap();
            kept(&config)
        };
        let good = put(&written(7), 0o640);
        assert_eq!(good.generation(), nix::unistd::geteuid().is_root().then_some(7), "{good:?}");
        for (text, mode) in [("seven\n", 0o640), ("", 0o640), (&*written(7), 0o660), (&*written(7), 0o646)] {
            let odd = put(text, mode);
            assert!(matches!(&odd, Kept::Odd(why) if why.contains("generation")), "{text:?} {mode:o}: {odd:?}");
        }
        std::fs::remove_file(path(&config)).unwrap();
        std::os::unix::fs::symlink("elsewhere", path(&config)).unwrap();
        assert!(matches!(kept(&config), Kept::Odd(_)));
    }
}
