//! Another master key in the place of the one before (`key rotate`), killed at any moment.
//!
//! | step, each durable before the next | killed after it |
//! |---|---|
//! | the new key is made as `key.next` | the store is of `key`: `key.next` is thrown away at the start |
//! | the old key gets a second name, `key.before` | the same, and `key.before` is what `key` is: its name goes |
//! | one commit: the store is sealed by the new key and says so | the store is of `key.next`, which becomes `key` at the start |
//! | `key.next` is renamed to `key` | a rotation that is not finished: settings that the old key sealed are read by `key.before` |
//! | the command seals those anew, and `key.before` is taken away | finished |
//!
//! Never takes away a key that something in the store or in `config.toml` may be sealed by, as far as configd can see. Backups and
//! exports that were made before are opened by the old key alone.

use super::keys::{BeforeLost, Keys, SealError};
use super::master::{KeyError, KeyId, MasterKey};
use super::opening::{Found, Vault};
use crate::authenticator::totp::AppKey;
use crate::clock::Moment;
use crate::random::Random;
use crate::store::sqlite::files;
use crate::store::{ChangeKey, ChangedKey, MetaKey};
use pam_2fa_protocol::admin::KeyPlace;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why the key was not changed.
#[derive(Debug, thiserror::Error)]
pub enum RotateError {
    /// It is not ours to write.
    #[error(
        "{path}: the key comes from a systemd credential, which configd cannot write. Let it become a file of the state folder first: \
         `pam-2fa key to-file`, `pam-2fa key rotate`; then `pam-2fa key to-credential --with LOCK --export FILE`"
    )]
    Credential {
        /// Where the credential's key is.
        path: PathBuf,
    },
    /// The one before has not ended.
    #[error("key {before} is not forgotten yet: the rotation before has not ended; `pam-2fa key rotate` finishes it")]
    NotFinished {
        /// The key before.
        before: KeyId,
    },
    /// The one before has not ended, and is lost.
    #[error(transparent)]
    BeforeLost(#[from] BeforeLost),
    /// A file.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A value.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// What the store keeps is no text.
    #[error("the store holds a damaged record (its settings are no text); restore it from a backup")]
    Settings,
    /// The store's own words. Which key it is of is seen when it is opened again.
    #[error("{0}")]
    Store(String),
}

/// What came of it.
#[derive(Debug)]
pub struct Rotated {
    /// The key before.
    pub before: KeyId,
    /// The key that the store is sealed by now.
    pub id: KeyId,
    /// What was sealed anew, and what ended.
    pub store: ChangedKey,
}

fn beside(key: &Path, ending: &str) -> PathBuf {
    let mut name = key.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

pub(super) fn next_of(key: &Path) -> PathBuf {
    beside(key, ".next")
}

pub(super) fn before_of(key: &Path) -> PathBuf {
    beside(key, ".before")
}

fn io(path: &Path, what: &'static str) -> impl Fn(io::Error) -> KeyError + use<> {
    let path = path.to_owned();
    move |error| KeyError::Io { path: path.clone(), what, why: error.to_string() }
}

/// Makes a new key and seals the store by it. `settings`: the last accepted text as the store keeps it, by its name. `commit` does it
/// in the store. Blocks; nobody else may use the folder.
///
/// # Errors
/// [`RotateError`]. Whatever it is: the next start has a key that the store is of.
pub fn rotate(
    vault: &Vault,
    settings: Option<(&'static str, Vec<u8>)>,
    random: &Arc<dyn Random>,
    now: Moment,
    commit: impl FnOnce(ChangeKey) -> Result<ChangedKey, String>,
) -> Result<Rotated, RotateError> {
    let Found { path, place, key } = &vault.key;
    if *place == KeyPlace::Credential {
        return Err(RotateError::Credential { path: path.clone() });
    }
    if let Some(before) = vault.keys.before() {
        return Err(RotateError::NotFinished { before });
    }
    if let Some(lost) = vault.keys.before_lost() {
        return Err(lost.into());
    }
    let old = Arc::new(vault.keys.again(key));
    let new_key = MasterKey::generate(random.as_ref()).map_err(KeyError::from)?;
    let new = Arc::new(Keys::of(&new_key));
    let change = change(&old, &new, settings, random, now)?;
    let (next, before) = (next_of(path), before_of(path));
    files::discard(&next).map_err(io(&next, "take away a key that was never used"))?;
    new_key.create(&next)?;
    // Whatever stands there already may be needed: it was not used up by the start.
    std::fs::hard_link(path, &before)
        .and_then(|()| files::sync_parent(path))
        .map_err(io(&before, "keep the key before"))?;
    let store = commit(change).map_err(RotateError::Store)?;
    take_next(path)?;
    Ok(Rotated { before: old.id().clone(), id: new.id().clone(), store })
}

fn change(
    old: &Arc<Keys>,
    new: &Arc<Keys>,
    settings: Option<(&'static str, Vec<u8>)>,
    random: &Arc<dyn Random>,
    now: Moment,
) -> Result<ChangeKey, RotateError> {
    let mut values = vec![
        (MetaKey::KeyId, new.id().as_str().as_bytes().to_vec()),
        (MetaKey::KeyCheck, new.check().to_vec()),
        (MetaKey::LongCodeMac, new.seal_long_code_mac(random.as_ref(), old)?.into_bytes()),
    ];
    if let Some((name, sealed)) = settings {
        let sealed = String::from_utf8(sealed).map_err(|_| RotateError::Settings)?;
        let plain = old.open(name, &sealed)?;
        values.push((MetaKey::Settings, new.seal(random.as_ref(), name, plain.expose())?.into_bytes()));
    }
    let said = format!("{} in the place of {}", new.id(), old.id());
    let (old, new, random) = (Arc::clone(old), Arc::clone(new), Arc::clone(random));
    let again = Box::new(move |user: &crate::store::UserKey, id: &str, sealed: &str| {
        let name = &user.name;
        let key = AppKey::open(&old, user, id, sealed).map_err(|error| {
            format!(
                "the app of {name}: {error}; `pam-2fa user reset {name}` takes it away, and the key can be changed then"
            )
        })?;
        key.seal(&new, random.as_ref(), user, id).map_err(|error| error.to_string())
    });
    Ok(ChangeKey { values, again, said, now })
}

fn take_next(key: &Path) -> Result<(), KeyError> {
    let next = next_of(key);
    std::fs::rename(&next, key).and_then(|()| files::sync_parent(key)).map_err(io(key, "put the new key in its place"))
}

/// The key that the store is of: the one that was found, or, where a rotation was cut off behind the store's commit, the new one, which
/// gets its place now. Any other is left for the caller to refuse.
pub(super) fn of_store(found: Found, wanted: &[u8]) -> Result<Found, KeyError> {
    if found.place == KeyPlace::Credential || found.key.id().as_str().as_bytes() == wanted {
        return Ok(found);
    }
    match MasterKey::read(&next_of(&found.path)) {
        Ok(key) if key.id().as_str().as_bytes() == wanted => {
            take_next(&found.path)?;
            Ok(Found { key, ..found })
        }
        Ok(_) | Err(_) => Ok(found),
    }
}

/// Once the store was found to be of `keys`: what a rotation, or an import, has left beside the key. A key before that cannot be used is a
/// reason to deny only where the settings need it, which is seen when they are read.
pub(super) fn tidy(state_key: &Path, keys: &Keys) {
    let (next, before) = (next_of(state_key), before_of(state_key));
    match MasterKey::read(&before) {
        Err(KeyError::Missing { .. }) => {}
        Ok(key) if key.id() == keys.id() => said(files::discard(&before), &before),
        Ok(key) => keys.know_before(&key),
        Err(error) => {
            tracing::error!(%error, "settings that the key before sealed cannot be read");
            keys.lose_before(&before, error.bare());
        }
    }
    for left in [&next, &files::draft_of(&next), &files::draft_of(state_key)] {
        said(files::discard(left), left);
    }
}

fn said(done: io::Result<()>, path: &Path) {
    if let Err(error) = done {
        tracing::warn!(path = %path.display(), %error, "what a rotation left was not taken away");
    }
}

/// Forgets the key before, on disk first.
///
/// # Errors
/// [`KeyError::Io`]: it is not forgotten.
pub fn forget_before(state_key: &Path, keys: &Keys) -> Result<(), KeyError> {
    let before = before_of(state_key);
    files::discard(&before)
        .and_then(|()| files::sync_parent(state_key))
        .map_err(io(&before, "take the key before away"))?;
    keys.forget_before();
    Ok(())
}
