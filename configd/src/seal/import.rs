//! The key that a store is of, put in its place (`key import`): while configd is sealed without it, or open still, where its file is gone.
//!
//! Never puts a key where one is that works, never one that the store is not of, and takes nothing away: what stood there gets another
//! name. Killed anywhere, what stands at `key` is the old file or the new one.

use super::master::{KeyError, KeyId, MasterKey};
use super::opening::{SealedReason, State, of_store};
use crate::store::sqlite::files::{self, Stands};
use std::path::{Path, PathBuf};

/// Why the key was not put in its place.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It is no key.
    #[error("this is no key ({0}); it must be as `pam-2fa key export` gave it")]
    NoKey(&'static str),
    /// The folder or the store cannot be looked at.
    #[error(transparent)]
    Sealed(#[from] SealedReason),
    /// The credential's would be taken before it.
    #[error(
        "{path}: here stands a key from a systemd credential, which is taken first and which configd cannot replace; mend the credential, \
         or take it away: `mv /etc/credstore.encrypted/pam-2fa-key /root`, `systemctl stop pam-2fa-key`, then import again"
    )]
    Credential {
        /// Where.
        path: PathBuf,
    },
    /// It belongs to another store.
    #[error(
        "this is key {id}, but {store} was made with key {wanted}; nothing was changed: import that one, or restore the store of {id}"
    )]
    OtherKey {
        /// The key's id.
        id: KeyId,
        /// The store.
        store: PathBuf,
        /// What it wants.
        wanted: String,
    },
    /// A file.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// What came of it.
#[derive(Debug)]
pub struct Imported {
    /// The key's id.
    pub id: KeyId,
    /// It was in its place already.
    pub was_there: bool,
    /// Where what stood there was put.
    pub aside: Option<PathBuf>,
}

/// Puts the key whose file's text is `text` into `state_dir`, if the store there is of it. Blocks; nobody else may use the folder.
///
/// # Errors
/// [`ImportError`]: nothing was changed.
pub fn import_key(state_dir: &Path, runtime_dir: &Path, text: &str) -> Result<Imported, ImportError> {
    let key = MasterKey::parse(text).map_err(ImportError::NoKey)?;
    let state = State::lock(state_dir, runtime_dir)?;
    let store = state.store();
    if let Err(wanted) = of_store(&store, &key)? {
        return Err(ImportError::OtherKey { id: key.id().clone(), store, wanted });
    }
    put_key(state_dir, runtime_dir, &key)
}

/// Puts `key` in its place. For whoever has the folder, and knows that the store there is of it. Blocks.
///
/// # Errors
/// [`ImportError`]: nothing was changed.
pub fn put_key(state_dir: &Path, runtime_dir: &Path, key: &MasterKey) -> Result<Imported, ImportError> {
    let io = |path: &Path, what: &'static str| {
        let path = path.to_owned();
        move |error: std::io::Error| KeyError::Io { path: path.clone(), what, why: error.to_string() }
    };
    let (credential, place) = (runtime_dir.join("key"), state_dir.join("key"));
    if files::stands(&credential).map_err(io(&credential, "look for the credential's key"))? != Stands::Nothing {
        return match MasterKey::read(&credential) {
            Ok(there) if there.id() == key.id() => Ok(Imported { id: key.id().clone(), was_there: true, aside: None }),
            _ => Err(ImportError::Credential { path: credential }),
        };
    }
    if MasterKey::read(&place).is_ok_and(|there| there.id() == key.id()) {
        return Ok(Imported { id: key.id().clone(), was_there: true, aside: None });
    }
    let aside = match files::stands(&place).map_err(io(&place, "look for a key"))? {
        Stands::Nothing => None,
        Stands::File | Stands::SomethingElse => Some(free_name(&place).map_err(io(&place, "look for a free name"))?),
    };
    let draft = files::draft_of(&place);
    files::discard(&draft).map_err(io(&draft, "take away a half-made key"))?;
    key.create_at(&draft)?;
    let put = || {
        if let Some(aside) = &aside {
            // A second name, so that something stands at the first until the new file does. A folder or the like has only one.
            std::fs::hard_link(&place, aside).or_else(|_| std::fs::rename(&place, aside))?;
        }
        std::fs::rename(&draft, &place)?;
        files::sync_parent(&place)
    };
    put().map_err(io(&place, "put the key in its place"))?;
    Ok(Imported { id: key.id().clone(), was_there: false, aside })
}

/// A name for what stands at `key`: `key.aside`, `key.aside.2`, …
pub(super) fn free_name(key: &Path) -> std::io::Result<PathBuf> {
    let mut name = key.as_os_str().to_owned();
    name.push(".aside");
    let first = PathBuf::from(&name);
    if files::stands(&first)? == Stands::Nothing {
        return Ok(first);
    }
    for number in 2_u32..=1000 {
        let mut numbered = name.clone();
        numbered.push(format!(".{number}"));
        let numbered = PathBuf::from(numbered);
        if files::stands(&numbered)? == Stands::Nothing {
            return Ok(numbered);
        }
    }
    Err(std::io::Error::other("a thousand of them are taken; take some away"))
}
