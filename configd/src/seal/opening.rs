//! From a state folder to an open vault, or the reason why the daemon starts sealed (rule 10, faults 5 and 6).
//!
//! | key | store | marker `created` | |
//! |---|---|---|---|
//! | none | none | none | a first start: make the key, the store, the marker, each durable before the next |
//! | good | none | none | a first start that was cut off, or whose key came as a credential: make the store, the marker |
//! | good | of this key | none | the same, cut off later: make the marker |
//! | good | of this key | there | an ordinary start |
//! | none | any | any | sealed, but for the first line |
//! | bad, or of another store | any | any | sealed |
//! | good | none | there | sealed: the store was there once |
//! | good | damaged, too new, not ours | any | sealed |
//!
//! A rotation and a restore that were cut off are carried on here ([`super::rotation`], [`super::restore`]).
//!
//! Never makes a key where there is a store or a marker, never a store where there was one, and never takes the second key
//! where the first one is bad.

use super::keys::Keys;
use super::master::{KeyError, KeyId, MasterKey};
use super::{restore, rotation};
use crate::random::Random;
use crate::store::MetaKey;
use crate::store::sqlite::files::{self, Stands};
use crate::store::sqlite::opening::Checked;
use crate::store::sqlite::{OpenError, SqliteStore};
use crate::straight::open_straight;
use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg, OFlag};
use pam_2fa_protocol::admin::KeyPlace;
use std::fs::File;
use std::path::{Path, PathBuf};
use subtle::ConstantTimeEq;

/// What an unsealed daemon works with.
#[derive(Debug)]
pub struct Vault {
    /// The store, found whole and of these keys.
    pub store: SqliteStore,
    /// The keys.
    pub keys: Keys,
    /// The key that they are of.
    pub key: Found,
    /// Where a key of the state folder is, or would be.
    pub state_key: PathBuf,
    /// Where the clock begins (`SystemClock::new`): the wall's high-water mark, seconds; 0: none yet.
    pub high_water_s: i64,
    /// Whether anything was made, for the log.
    pub start: Start,
    /// Keeps a second daemon away from the folder for as long as it is held.
    pub lock: Flock<File>,
}

/// A key, and where it is.
#[derive(Debug)]
pub struct Found {
    /// Its file.
    pub path: PathBuf,
    /// Whose file that is.
    pub place: KeyPlace,
    /// The key.
    pub key: MasterKey,
}

/// What kind of start it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// There was nothing, or a first start was carried on (which can also mean that somebody took the marker away).
    First,
    /// An ordinary one.
    Again,
}

/// Why the daemon starts sealed and denies: what, where, what to do.
#[derive(Debug, thiserror::Error)]
pub enum SealedReason {
    /// The state folder is not one to keep secrets in.
    #[error("{path}: {why}; it must be a folder of the daemon's user, mode 0700, at no symbolic link")]
    Folder {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// Another daemon has it open.
    #[error("{path}: another configd uses this folder; stop that one, or start this one with its own --state-dir")]
    InUse {
        /// Where.
        path: PathBuf,
    },
    /// There are data, and no key to them.
    #[error(
        "there is no key, neither at {runtime} (from the credential) nor at {state}, but there are data; mend the credential, \
         or put the key back with `pam-2fa key import EXPORT`, or from a backup"
    )]
    KeyMissing {
        /// Where the credential's key would be.
        runtime: PathBuf,
        /// Where the other would be.
        state: PathBuf,
    },
    /// The key cannot be used, or not be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// It was there once.
    #[error("{path}: the store is gone; restore it from a backup ({marker} says that there was one)")]
    StoreMissing {
        /// Where.
        path: PathBuf,
        /// What says so.
        marker: PathBuf,
    },
    /// The store cannot be used, or not be made.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// Each is good, but they do not belong together.
    #[error(
        "{key_path} is key {key}, but {store} was made with key {wanted}; put key {wanted} back (`pam-2fa key import \
         EXPORT`), or restore the store of key {key}"
    )]
    OtherKey {
        /// The key's file.
        key_path: PathBuf,
        /// The id of the key that is there.
        key: KeyId,
        /// The store's file.
        store: PathBuf,
        /// The id of the key that the store was made with.
        wanted: String,
    },
    /// The system said no.
    #[error("{path}: cannot {what}: {why}; look at the disk and the permissions of the folder")]
    Io {
        /// Where.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// The system's own words.
        why: String,
    },
}

/// The files that it is about.
struct Places {
    runtime_key: PathBuf,
    state_key: PathBuf,
    store: PathBuf,
    marker: PathBuf,
}

/// Opens the vault under `state_dir`, with the key at `runtime_dir/key` (put there from a credential) or `state_dir/key`.
/// Blocks: before the runtime starts, or on a thread of its own.
///
/// # Errors
/// [`SealedReason`]: start sealed, and try again at a reload or a restart.
pub fn open_vault(state_dir: &Path, runtime_dir: &Path, random: &dyn Random) -> Result<Vault, SealedReason> {
    let State { places, lock } = State::lock(state_dir, runtime_dir)?;
    let _aside = restore::finish(&places.store)?;
    let was_created = places.was_created()?;
    let has_store = places.has_store()?;
    if !was_created {
        places.clear_drafts()?;
    }
    let found = match places.key()? {
        Some(found) => found,
        None if was_created || has_store => {
            return Err(SealedReason::KeyMissing { runtime: places.runtime_key, state: places.state_key });
        }
        None => places.make_key(random)?,
    };
    if !has_store {
        if was_created {
            return Err(SealedReason::StoreMissing { path: places.store, marker: places.marker });
        }
        make_store(&places.store, &Keys::of(&found.key))?;
    }
    let Opened { store, keys, key, high_water_s } = open_store(&places.store, found)?;
    rotation::tidy(&places.state_key, &keys);
    if !was_created {
        files::make_durable(&places.marker, b"pam-2fa: a store was made here; without it the daemon starts sealed\n")
            .map_err(io(&places.marker, "write the mark that a store was made"))?;
    }
    let start = if was_created { Start::Again } else { Start::First };
    Ok(Vault { store, keys, key, state_key: places.state_key, high_water_s, start, lock })
}

/// The key that a start would find now. Writes nothing.
///
/// # Errors
/// Why a start would have none.
pub fn key_there(state_dir: &Path, runtime_dir: &Path) -> Result<Found, SealedReason> {
    let places = Places::of(state_dir, runtime_dir);
    places.key()?.ok_or(SealedReason::KeyMissing { runtime: places.runtime_key, state: places.state_key })
}

/// The state folder, locked, and nothing in it looked at yet.
pub(super) struct State {
    places: Places,
    lock: Flock<File>,
}

impl State {
    /// Locks it against another daemon for as long as this is held.
    pub(super) fn lock(state_dir: &Path, runtime_dir: &Path) -> Result<Self, SealedReason> {
        let lock = lock(state_dir, folder(state_dir)?)?;
        Ok(Self { places: Places::of(state_dir, runtime_dir), lock })
    }

    pub(super) fn store(&self) -> PathBuf {
        self.places.store.clone()
    }

    pub(super) fn state_key(&self) -> PathBuf {
        self.places.state_key.clone()
    }

    pub(super) fn runtime_key(&self) -> PathBuf {
        self.places.runtime_key.clone()
    }
}

fn io(path: &Path, what: &'static str) -> impl Fn(std::io::Error) -> SealedReason + use<> {
    let path = path.to_owned();
    move |error| SealedReason::Io { path: path.clone(), what, why: error.to_string() }
}

impl Places {
    fn of(state_dir: &Path, runtime_dir: &Path) -> Self {
        Self {
            runtime_key: runtime_dir.join("key"),
            state_key: state_dir.join("key"),
            store: state_dir.join("state.db"),
            marker: state_dir.join("created"),
        }
    }

    fn was_created(&self) -> Result<bool, SealedReason> {
        // Whatever stands there: only the daemon writes here, and a mark that looks odd is no reason to begin anew.
        Ok(files::stands(&self.marker).map_err(io(&self.marker, "look at the state folder"))? != Stands::Nothing)
    }

    /// Any trace of one: without its main file a store is missing, not new.
    fn has_store(&self) -> Result<bool, SealedReason> {
        let mut wal = self.store.clone().into_os_string();
        wal.push("-wal");
        for path in [&self.store, &PathBuf::from(wal)] {
            if files::stands(path).map_err(io(path, "look at the state folder"))? != Stands::Nothing {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What a first start was making when it was cut off. None of it was in use.
    fn clear_drafts(&self) -> Result<(), SealedReason> {
        for path in [&self.state_key, &self.store, &self.marker] {
            let draft = files::draft_of(path);
            files::discard(&draft).map_err(io(&draft, "take away a half-made file"))?;
        }
        Ok(())
    }

    /// The credential's key where there is one, good or not; else the other.
    fn key(&self) -> Result<Option<Found>, SealedReason> {
        for (path, place) in [(&self.runtime_key, KeyPlace::Credential), (&self.state_key, KeyPlace::State)] {
            match MasterKey::read(path) {
                Ok(key) => return Ok(Some(Found { path: path.clone(), place, key })),
                Err(KeyError::Missing { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(None)
    }

    fn make_key(&self, random: &dyn Random) -> Result<Found, SealedReason> {
        let key = MasterKey::generate(random).map_err(KeyError::from)?;
        key.create(&self.state_key)?;
        Ok(Found { path: self.state_key.clone(), place: KeyPlace::State, key })
    }
}

/// Made with the id and the check of its key from the first moment on.
fn make_store(path: &Path, keys: &Keys) -> Result<(), SealedReason> {
    let of_key = [(MetaKey::KeyId, keys.id().as_str().as_bytes().to_vec()), (MetaKey::KeyCheck, keys.check().to_vec())];
    Ok(SqliteStore::make(path, &of_key)?)
}

fn corrupt(path: &Path, why: String) -> SealedReason {
    OpenError::Corrupt { path: path.to_owned(), why }.into()
}

/// Which key a store says it is of: id and check.
fn wanted(checked: &Checked, path: &Path) -> Result<(Vec<u8>, Vec<u8>), SealedReason> {
    match (checked.meta(MetaKey::KeyId)?, checked.meta(MetaKey::KeyCheck)?) {
        (Some(id), Some(check)) => Ok((id, check)),
        _ => Err(corrupt(path, String::from("it does not say which key it belongs to"))),
    }
}

/// Whether the store at `path`, found whole, is of `key`; where not, the id of the key that it is of. Writes nothing.
pub(super) fn of_store(path: &Path, key: &MasterKey) -> Result<Result<(), String>, SealedReason> {
    let (id, check) = wanted(&Checked::open(path)?, path)?;
    let keys = Keys::of(key);
    let fits = id == keys.id().as_str().as_bytes() && bool::from(check.ct_eq(keys.check().as_slice()));
    Ok(if fits { Ok(()) } else { Err(String::from_utf8_lossy(&id).into_owned()) })
}

struct Opened {
    store: SqliteStore,
    keys: Keys,
    key: Found,
    high_water_s: i64,
}

/// Nothing is written to a store before it was found whole and of this key.
fn open_store(path: &Path, found: Found) -> Result<Opened, SealedReason> {
    let checked = Checked::open(path)?;
    let (id, check) = wanted(&checked, path)?;
    let key = rotation::of_store(found, &id)?;
    let mut keys = Keys::of(&key.key);
    if id != keys.id().as_str().as_bytes() {
        return Err(SealedReason::OtherKey {
            key_path: key.path,
            key: keys.id().clone(),
            store: path.to_owned(),
            wanted: String::from_utf8_lossy(&id).into_owned(),
        });
    }
    if !bool::from(check.ct_eq(keys.check().as_slice())) {
        return Err(corrupt(path, format!("its check of key {} does not match", keys.id())));
    }
    if let Some(kept) = checked.meta(MetaKey::LongCodeMac)? {
        let kept = String::from_utf8_lossy(&kept);
        keys.take_long_code_mac(&kept).map_err(|error| corrupt(path, error.to_string()))?;
    }
    let high_water_s = checked.high_water_s()?;
    Ok(Opened { store: SqliteStore::start(checked, path)?, keys, key, high_water_s })
}

/// The state folder, opened: our own, nobody else's to write, with no symbolic link on the way (fault 25).
fn folder(path: &Path) -> Result<File, SealedReason> {
    let wrong = |why: String| SealedReason::Folder { path: path.to_owned(), why };
    let folder = match open_straight(path, OFlag::O_RDONLY | OFlag::O_DIRECTORY) {
        Ok(folder) => File::from(folder),
        Err(Errno::ELOOP) => return Err(wrong(String::from("a part of it is a symbolic link"))),
        Err(error) => return Err(wrong(format!("it cannot be opened ({error})"))),
    };
    let (owner, mode) = files::owner_and_mode(&folder).map_err(io(path, "look at the state folder"))?;
    if owner != files::own_uid() {
        return Err(wrong(format!("it belongs to uid {owner}, the daemon is uid {}", files::own_uid())));
    }
    if mode & 0o022 != 0 {
        return Err(wrong(format!("others may write it (mode {mode:o})")));
    }
    Ok(folder)
}

fn lock(path: &Path, folder: File) -> Result<Flock<File>, SealedReason> {
    Flock::lock(folder, FlockArg::LockExclusiveNonblock).map_err(|(_, error)| {
        if error == Errno::EWOULDBLOCK {
            SealedReason::InUse { path: path.to_owned() }
        } else {
            SealedReason::Io { path: path.to_owned(), what: "lock the state folder", why: error.to_string() }
        }
    })
}
