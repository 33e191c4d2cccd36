//! A store from a backup in the place of the one that is there, or is not (`restore FILE`).
//!
//! | step, each durable before the next | killed after it |
//! |---|---|
//! | the store is put as `state.db.restore`, checked, and what may have been used since it was copied ends in it | nothing has changed |
//! | where it is of another key that came with it: that key is made, as `key`, or as `key.next` beside the one there | the same |
//! | one rename: `state.db.next` | what follows is done at the start |
//! | the old store and its log of waiting commits get names of their own, `state.db.aside` | the same |
//! | `state.db.next` becomes `state.db`, `key.next` becomes `key` | done |
//!
//! Takes nothing away: what stood there keeps another name, but for a log of waiting commits whose store is gone. Never puts a store in place that was not found whole.

use super::import::free_name;
use super::master::{KeyError, MasterKey};
use super::opening::{SealedReason, State, key_there, of_store};
use super::rotation::next_of;
use crate::store::sqlite::copy;
use crate::store::sqlite::files::{self, Stands};
use crate::store::sqlite::opening::{Checked, beside};
use crate::store::sqlite::{OpenError, SqliteStore};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use nix::libc;

/// Why it was not put in place.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The folder, or what was put.
    #[error(transparent)]
    Sealed(#[from] SealedReason),
    /// What was put cannot be used.
    #[error("what came is no store that can be used: {0}")]
    Backup(OpenError),
    /// Something is missing of it, or too much.
    #[error("{found} bytes came of {wanted}; give the backup again")]
    Length {
        /// What there is.
        found: u64,
        /// What was to come.
        wanted: u64,
    },
    /// A store is there.
    #[error("{path}: here is a store already ({what}); `--accept` puts it aside and this one in its place")]
    StoreHere {
        /// Where.
        path: PathBuf,
        /// What it has.
        what: String,
    },
    /// The key that came is another store's.
    #[error("the key in the backup is not that of its store")]
    OtherKey,
    /// Nobody could open it.
    #[error(
        "the backup's store is of key {wanted}, which is neither here nor in the backup, and the store here works; nothing was changed. Make \
         the backup with --with-key, or stop configd and take key and store here away before"
    )]
    KeyNotHere {
        /// Its key.
        wanted: String,
    },
    /// The credential's is taken before it.
    #[error(
        "{path}: here is another key, from a systemd credential, which configd cannot replace; take that away before: \
         `mv /etc/credstore.encrypted/pam-2fa-key /root`, `systemctl stop pam-2fa-key`"
    )]
    Credential {
        /// Where.
        path: PathBuf,
    },
    /// The store's own words.
    #[error("{0}")]
    Store(String),
    /// A key's file.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// What is asked for.
#[derive(Debug)]
pub struct Wish {
    /// How many bytes were put.
    pub length: u64,
    /// Also over a store that has users in it.
    pub accept: bool,
    /// The store's key, where it came with it.
    pub key: Option<MasterKey>,
}

/// Of the store that was here, as far as it can be read: how far it was, and the latest time that it had seen, seconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Was {
    /// Its generation.
    pub generation: i64,
    /// Its high-water mark.
    pub high_water_s: i64,
}

/// What is put piece by piece.
fn draft_of(store: &Path) -> PathBuf {
    beside(store, ".restore")
}

fn whole_of(store: &Path) -> PathBuf {
    beside(store, ".next")
}

fn io(path: &Path, what: &'static str) -> impl Fn(io::Error) -> SealedReason + use<> {
    let path = path.to_owned();
    move |error| SealedReason::Io { path: path.clone(), what, why: error.to_string() }
}

/// Takes a piece; one at 0 begins anew. Gives where the next belongs. Blocks.
///
/// # Errors
/// In words.
pub fn put(state_dir: &Path, at: u64, bytes: &[u8]) -> Result<u64, String> {
    let draft = draft_of(&state_dir.join("state.db"));
    let fail = |error: io::Error| format!("{}: cannot keep what came: {error}", draft.display());
    let mut file = if at == 0 {
        clear(&draft).map_err(fail)?;
        files::make_new(&draft).map_err(fail)?
    } else {
        OpenOptions::new().append(true).custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC).open(&draft).map_err(fail)?
    };
    let length = file.metadata().map_err(fail)?.len();
    if length != at {
        return Err(format!(
            "another `pam-2fa restore` is at work ({length} bytes are there, not {at}); wait for its end"
        ));
    }
    file.write_all(bytes).map_err(fail)?;
    Ok(at.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX)))
}

/// A draft, and what SQLite puts beside it.
fn clear(draft: &Path) -> io::Result<()> {
    for path in [draft.to_owned(), beside(draft, "-wal"), beside(draft, "-shm"), beside(draft, "-journal")] {
        files::discard(&path)?;
    }
    Ok(())
}

/// Takes away what a restore that was never finished has put, and the copy of a backup that was cut off. At the daemon's start and in a turn
/// of one's own: nobody is at either then.
pub fn clear_pieces(state_dir: &Path) {
    let store = state_dir.join("state.db");
    for draft in [draft_of(&store), copy::draft_of(&store)] {
        if let Err(error) = clear(&draft) {
            tracing::warn!(path = %draft.display(), %error, "a copy of the store that was left was not taken away");
        }
    }
}

/// What of a restore's refusals can be known while the house is open, whose store has so many users and counts so far: before anybody is
/// cut off. Blocks; the store itself is not looked at.
///
/// # Errors
/// [`RestoreError`]: nothing was changed.
pub fn foresee(
    state_dir: &Path,
    runtime_dir: &Path,
    wish: &Wish,
    (users, generation): (u64, i64),
) -> Result<(), RestoreError> {
    let path = state_dir.join("state.db");
    let draft = draft_of(&path);
    is_all(&draft, wish)?;
    if users > 0 && !wish.accept {
        return Err(RestoreError::StoreHere { path, what: in_words(users, generation) });
    }
    drop(Checked::open(&draft).map_err(RestoreError::Backup)?);
    let key = key_there(state_dir, runtime_dir)?.key;
    let open = Here { was: Was::default(), works: users > 0, key: Some(key) };
    key_to_make(&runtime_dir.join("key"), &draft, wish, &open).map(drop)
}

fn is_all(draft: &Path, wish: &Wish) -> Result<(), RestoreError> {
    let found = draft.metadata().map(|about| about.len()).map_err(io(draft, "read what came"))?;
    if found == wish.length { Ok(()) } else { Err(RestoreError::Length { found, wanted: wish.length }) }
}

fn in_words(users: u64, generation: i64) -> String {
    format!("{users} users, generation {generation}")
}

/// Puts what came in the place of the store. `mend` ends in it what may have been used since it was copied, and gives what that was.
/// Gives where what stood there was put. Blocks; nobody else may use the folder.
///
/// # Errors
/// [`RestoreError`]: the store was not changed. Once what came is whole under a name of its own, it is done: what cannot be put in its place
/// then is put there at the next try to open, or said there.
pub fn restore<T>(
    state_dir: &Path,
    runtime_dir: &Path,
    wish: &Wish,
    mend: impl FnOnce(&SqliteStore, Was) -> Result<T, String>,
) -> Result<(T, Vec<PathBuf>), RestoreError> {
    let state = State::lock(state_dir, runtime_dir)?;
    let store = state.store();
    let draft = draft_of(&store);
    is_all(&draft, wish)?;
    let here = Here::look(&state, wish.accept)?;
    let checked = Checked::open(&draft).map_err(RestoreError::Backup)?;
    let key = key_to_make(&state.runtime_key(), &draft, wish, &here)?;
    let mended = {
        let opened = SqliteStore::start(checked, &draft).map_err(RestoreError::Backup)?;
        let mended = mend(&opened, here.was).map_err(RestoreError::Store)?;
        opened.close().map_err(|error| RestoreError::Store(error.to_string()))?;
        mended
    };
    File::open(&draft).and_then(|file| file.sync_all()).map_err(io(&draft, "keep what came"))?;
    // All of it is in the file itself now.
    for left in [beside(&draft, "-wal"), beside(&draft, "-shm")] {
        files::discard(&left).map_err(io(&left, "take away what is not needed"))?;
    }
    let mut aside = Vec::new();
    if let Some(key) = key {
        aside.extend(make_key(&state.state_key(), key)?);
    }
    let whole = whole_of(&store);
    std::fs::rename(&draft, &whole).map_err(io(&whole, "keep what came"))?;
    match files::sync_parent(&store).map_err(io(&whole, "keep what came")).and_then(|()| finish(&store)) {
        Ok(done) => aside.extend(done),
        Err(reason) => tracing::error!(%reason, "what was restored is not in its place yet"),
    }
    Ok((mended, aside))
}

/// What stands here.
struct Here {
    was: Was,
    /// It can be opened, by the key that is here.
    works: bool,
    /// The key that is here.
    key: Option<MasterKey>,
}

impl Here {
    fn look(state: &State, accept: bool) -> Result<Self, RestoreError> {
        let path = state.store();
        let key = [state.runtime_key(), state.state_key()].iter().find_map(|place| MasterKey::read(place).ok());
        let in_the_way = |what: String| {
            if accept { Ok(()) } else { Err(RestoreError::StoreHere { path: path.clone(), what }) }
        };
        let nothing = Self { was: Was::default(), works: false, key: None };
        match Checked::open(&path) {
            Ok(checked) => {
                let users = checked.users().map_err(SealedReason::from)?;
                let generation = checked.generation().map_err(SealedReason::from)?;
                let was = Was { generation, high_water_s: checked.high_water_s().map_err(SealedReason::from)? };
                drop(checked);
                if users > 0 {
                    in_the_way(in_words(users, generation))?;
                }
                let works = match &key {
                    Some(key) => users > 0 && of_store(&path, key)?.is_ok(),
                    None => false,
                };
                Ok(Self { was, works, key })
            }
            // Nothing in it can be read by anybody.
            Err(OpenError::Missing { .. } | OpenError::Corrupt { .. }) => Ok(Self { key, ..nothing }),
            Err(other) => in_the_way(other.to_string()).map(|()| Self { key, ..nothing }),
        }
    }
}

/// The key that has to be made for the store that came; none: it is here, or an import follows.
fn key_to_make<'a>(
    credential: &Path,
    draft: &Path,
    wish: &'a Wish,
    here: &Here,
) -> Result<Option<&'a MasterKey>, RestoreError> {
    if let Some(key) = &here.key
        && of_store(draft, key)?.is_ok()
    {
        return Ok(None);
    }
    let Some(key) = &wish.key else {
        // Which one it wants is said by that key that it is not of.
        let wanted = match &here.key {
            Some(key) => of_store(draft, key)?.err().unwrap_or_default(),
            None => return Ok(None),
        };
        return if here.works { Err(RestoreError::KeyNotHere { wanted }) } else { Ok(None) };
    };
    if of_store(draft, key)?.is_err() {
        return Err(RestoreError::OtherKey);
    }
    if files::stands(credential).map_err(io(credential, "look for the credential's key"))? != Stands::Nothing {
        return Err(RestoreError::Credential { path: credential.to_owned() });
    }
    Ok(Some(key))
}

/// As `key` where none is; else as `key.next`, which the start takes, and the one there gets a second name.
fn make_key(place: &Path, key: &MasterKey) -> Result<Option<PathBuf>, RestoreError> {
    let fail = io(place, "keep the key");
    if files::stands(place).map_err(&fail)? == Stands::Nothing {
        key.create(place)?;
        return Ok(None);
    }
    let next = next_of(place);
    files::discard(&next).map_err(&fail)?;
    key.create(&next)?;
    let aside = free_name(place).map_err(&fail)?;
    std::fs::hard_link(place, &aside).and_then(|()| files::sync_parent(place)).map_err(&fail)?;
    if MasterKey::read(place).is_err() {
        // What stands there opens nothing, and the start would not look beside it.
        std::fs::rename(&next, place).and_then(|()| files::sync_parent(place)).map_err(&fail)?;
    }
    Ok(Some(aside))
}

/// Carries a restore on whose store is whole; nothing where there is none. At each start, before anything else is looked at.
pub(super) fn finish(store: &Path) -> Result<Option<PathBuf>, SealedReason> {
    let whole = whole_of(store);
    if files::stands(&whole).map_err(io(&whole, "look for a restored store"))? == Stands::Nothing {
        return Ok(None);
    }
    let put = || {
        let aside = put_aside(store)?;
        // Of the store that was: with another file they would be taken for its own.
        for ending in ["-wal", "-shm", "-journal"] {
            let left = beside(store, ending);
            match &aside {
                Some(aside) if ending == "-wal" && files::stands(&left)? == Stands::File => {
                    std::fs::rename(&left, beside(aside, ending))?;
                }
                _ => files::discard(&left)?,
            }
        }
        files::sync_parent(store)?;
        std::fs::rename(&whole, store)?;
        files::sync_parent(store)?;
        Ok(aside)
    };
    put().map_err(io(store, "put the restored store in its place"))
}

/// A second name for the store that is there; the same one where a restore that was killed has given it already.
fn put_aside(store: &Path) -> io::Result<Option<PathBuf>> {
    if files::stands(store)? == Stands::Nothing {
        return Ok(None);
    }
    let here = store.symlink_metadata()?;
    let folder = store.parent().unwrap_or(Path::new("/"));
    let begins = format!("{}.aside", store.file_name().unwrap_or_default().to_string_lossy());
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        if entry.file_name().to_string_lossy().starts_with(&begins)
            && (about.dev(), about.ino()) == (here.dev(), here.ino())
        {
            return Ok(Some(entry.path()));
        }
    }
    let aside = free_name(store)?;
    std::fs::hard_link(store, &aside).or_else(|_| std::fs::rename(store, &aside))?;
    files::sync_parent(store)?;
    Ok(Some(aside))
}
