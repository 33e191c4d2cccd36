//! The start: a first one, an ordinary one, or a sealed one. All the ways in which key, store and marker can stand together.

use crate::common::*;
use configd::random::KernelRandom;
use configd::seal::{KeyError, SealedReason, Start, Vault, open_vault};
use configd::store::sqlite::OpenError;
use configd::store::{MetaKey, Store};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// What a finished first start left, with one user enrolled.
struct Made {
    key: Vec<u8>,
    store: Vec<u8>,
    marker: Vec<u8>,
    id: String,
}

impl Made {
    pub(crate) fn new() -> Self {
        let place = Place::new();
        let vault = place.open().unwrap();
        assert_eq!(vault.start, Start::First);
        wait(vault.store.change_user(change(ada()))).unwrap();
        vault.store.close().unwrap();
        Self {
            key: fs::read(place.state().join("key")).unwrap(),
            store: fs::read(place.state().join("state.db")).unwrap(),
            marker: fs::read(place.state().join("created")).unwrap(),
            id: vault.keys.id().to_string(),
        }
    }
}

/// A state and a runtime folder.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::create_dir(place.state()).unwrap();
        fs::set_permissions(place.state(), fs::Permissions::from_mode(0o700)).unwrap();
        fs::create_dir(place.runtime()).unwrap();
        place
    }

    pub(crate) fn state(&self) -> PathBuf {
        self.0.path().join("state")
    }

    pub(crate) fn runtime(&self) -> PathBuf {
        self.0.path().join("run")
    }

    pub(crate) fn open(&self) -> Result<Vault, SealedReason> {
        open_vault(&self.state(), &self.runtime(), &KernelRandom)
    }

    /// What matters of what is there.
    fn snapshot(&self) -> Vec<(PathBuf, Option<Vec<u8>>)> {
        let files = ["key", "state.db", "created", "key.new", "state.db.new", "created.new"];
        let state = files.map(|name| self.state().join(name));
        state.into_iter().chain([self.runtime().join("key")]).map(|path| (path.clone(), fs::read(path).ok())).collect()
    }
}

pub(crate) fn put(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Key {
    None,
    Good,
    Other,
    Garbage,
    BadMode,
    Symlink,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stored {
    None,
    Good,
    Corrupt,
    Empty,
    OtherKey,
    Foreign,
    /// The main file is gone, its `-wal` is not.
    OnlyWal,
}

#[derive(Debug, PartialEq)]
enum Outcome {
    First,
    Again,
    KeyMissing,
    BadKey,
    StoreMissing,
    BadStore,
    OtherKey,
}

const KEYS: [Key; 6] = [Key::None, Key::Good, Key::Other, Key::Garbage, Key::BadMode, Key::Symlink];
const STORES: [Stored; 7] =
    [Stored::None, Stored::Good, Stored::Corrupt, Stored::Empty, Stored::OtherKey, Stored::Foreign, Stored::OnlyWal];

fn expected(key: Key, store: Stored, marker: bool) -> Outcome {
    match (key, store, marker) {
        (Key::None, Stored::None, false) => Outcome::First,
        (Key::None, ..) => Outcome::KeyMissing,
        (Key::Garbage | Key::BadMode | Key::Symlink, ..) => Outcome::BadKey,
        (Key::Good | Key::Other, Stored::None, false) => Outcome::First,
        (Key::Good | Key::Other, Stored::None, true) => Outcome::StoreMissing,
        (_, Stored::Corrupt | Stored::Empty | Stored::Foreign | Stored::OnlyWal, _) => Outcome::BadStore,
        (Key::Good, Stored::Good, false) | (Key::Other, Stored::OtherKey, false) => Outcome::First,
        (Key::Good, Stored::Good, true) | (Key::Other, Stored::OtherKey, true) => Outcome::Again,
        (Key::Good, Stored::OtherKey, _) | (Key::Other, Stored::Good, _) => Outcome::OtherKey,
    }
}

fn outcome(opened: &Result<Vault, SealedReason>) -> Outcome {
    match opened {
        Ok(vault) if vault.start == Start::First => Outcome::First,
        Ok(_) => Outcome::Again,
        Err(SealedReason::KeyMissing { .. }) => Outcome::KeyMissing,
        Err(SealedReason::Key(_)) => Outcome::BadKey,
        Err(SealedReason::StoreMissing { .. }) => Outcome::StoreMissing,
        Err(SealedReason::Store(_)) => Outcome::BadStore,
        Err(SealedReason::OtherKey { .. }) => Outcome::OtherKey,
        Err(other) => panic!("{other}"),
    }
}

fn arrange(place: &Place, (mine, other): (&Made, &Made), key: Key, key_at: &Path, store: Stored, marker: bool) {
    match key {
        Key::None => {}
        Key::Good => put(key_at, &mine.key),
        Key::Other => put(key_at, &other.key),
        Key::Garbage => put(key_at, b"pam-2fa-key:v1:\n"),
        Key::BadMode => {
            put(key_at, &mine.key);
            fs::set_permissions(key_at, fs::Permissions::from_mode(0o640)).unwrap();
        }
        Key::Symlink => {
            put(&place.0.path().join("elsewhere"), &mine.key);
            symlink(place.0.path().join("elsewhere"), key_at).unwrap();
        }
    }
    let store_at = place.state().join("state.db");
    match store {
        Stored::None => {}
        Stored::Good => put(&store_at, &mine.store),
        Stored::Corrupt => put(&store_at, &mine.store[..mine.store.len() / 2]),
        Stored::Empty => put(&store_at, b""),
        Stored::OtherKey => put(&store_at, &other.store),
        Stored::Foreign => put(&store_at, &b"not a store at all".repeat(100)),
        Stored::OnlyWal => put(&place.state().join("state.db-wal"), b"x"),
    }
    if marker {
        put(&place.state().join("created"), &mine.marker);
    }
}

#[test]
fn every_way_in_which_key_store_and_marker_can_stand_together() {
    let (mine, other) = (Made::new(), Made::new());
    let mut seen = 0;
    for key in KEYS {
        for store in STORES {
            for marker in [false, true] {
                for at_runtime in [false, true] {
                    let place = Place::new();
                    let key_at = if at_runtime { place.runtime().join("key") } else { place.state().join("key") };
                    arrange(&place, (&mine, &other), key, &key_at, store, marker);
                    let what = format!("{key:?} key at {key_at:?}, {store:?} store, marker: {marker}");
                    check(&place, &expected(key, store, marker), store, &what);
                    seen += 1;
                }
            }
        }
    }
    assert_eq!(seen, 6 * 7 * 2 * 2);
}

fn check(place: &Place, expected: &Outcome, store: Stored, what: &str) {
    let before = place.snapshot();
    let opened = place.open();
    assert_eq!(outcome(&opened), *expected, "{what}");
    match opened {
        Err(reason) => {
            assert_eq!(place.snapshot(), before, "{what}: a sealed start changes nothing");
            let words = reason.to_string();
            assert!(!words.contains('\n') && words.contains(place.0.path().to_str().unwrap()), "{words}");
        }
        Ok(vault) => {
            let enrolled = u64::from(store != Stored::None);
            assert_eq!(wait(vault.store.count_users()).unwrap(), enrolled, "{what}");
            let id = vault.keys.id().clone();
            drop(vault);
            let again = place.open().unwrap();
            assert_eq!((again.start, again.keys.id()), (Start::Again, &id), "{what}");
            assert_eq!(wait(again.store.count_users()).unwrap(), enrolled, "{what}");
        }
    }
}

#[test]
fn a_key_that_does_not_fit_is_named_with_the_one_that_would() {
    let (mine, other) = (Made::new(), Made::new());
    let place = Place::new();
    let key_at = place.state().join("key");
    arrange(&place, (&mine, &other), Key::Other, &key_at, Stored::Good, true);
    let words = place.open().unwrap_err().to_string();
    assert!(words.contains(&mine.id) && words.contains(&other.id), "{words}");
}

#[test]
fn a_bad_key_from_the_credential_is_not_replaced_by_the_other_one() {
    let mine = Made::new();
    let place = Place::new();
    arrange(&place, (&mine, &mine), Key::Good, &place.state().join("key"), Stored::Good, true);
    put(&place.runtime().join("key"), b"garbage");
    assert!(matches!(place.open(), Err(SealedReason::Key(KeyError::Garbage { .. }))));
}

#[test]
fn the_key_from_the_credential_may_be_read_only() {
    let mine = Made::new();
    let place = Place::new();
    let key_at = place.runtime().join("key");
    arrange(&place, (&mine, &mine), Key::Good, &key_at, Stored::Good, true);
    fs::set_permissions(&key_at, fs::Permissions::from_mode(0o400)).unwrap();
    assert_eq!(place.open().unwrap().start, Start::Again);
}

#[test]
fn a_first_start_cut_off_after_any_step_is_carried_on() {
    let mine = Made::new();
    let state_of = |files: &[(&str, &[u8])]| {
        let place = Place::new();
        for (name, bytes) in files {
            put(&place.state().join(name), bytes);
        }
        place
    };
    let Made { key, store, marker, .. } = &mine;
    let half = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();
    let before_the_key: [&[(&str, &[u8])]; 4] =
        [&[], &[("key.new", b"")], &[("key.new", &half(key))], &[("key.new", key)]];
    for files in before_the_key {
        let place = state_of(files);
        assert_eq!(place.open().unwrap().start, Start::First);
        assert_eq!(place.open().unwrap().start, Start::Again);
        assert!(!place.state().join("key.new").exists());
    }
    let with_the_key: [&[(&str, &[u8])]; 9] = [
        &[("key", key), ("key.new", key)],
        &[("key", key)],
        &[("key", key), ("state.db.new", b"")],
        &[("key", key), ("state.db.new", &half(store))],
        &[("key", key), ("state.db.new", store)],
        &[("key", key), ("state.db.new", store), ("state.db", store)],
        &[("key", key), ("state.db", store)],
        &[("key", key), ("state.db", store), ("created.new", b"")],
        &[("key", key), ("state.db", store), ("created.new", marker)],
    ];
    for files in with_the_key {
        let place = state_of(files);
        let vault = place.open().unwrap();
        assert_eq!((vault.start, vault.keys.id().to_string()), (Start::First, mine.id.clone()));
        drop(vault);
        assert_eq!(place.open().unwrap().start, Start::Again);
        let left: Vec<_> = fs::read_dir(place.state()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().ends_with(".new")), "{left:?}");
    }
}

#[test]
fn a_store_that_names_no_key_or_fails_its_check_is_sealed() {
    for (meta, value) in [(MetaKey::KeyCheck, vec![0; 32]), (MetaKey::KeyCheck, Vec::new())] {
        let place = Place::new();
        let vault = place.open().unwrap();
        wait(vault.store.put_meta(vec![(meta, value)])).unwrap();
        drop(vault);
        assert!(matches!(place.open(), Err(SealedReason::Store(OpenError::Corrupt { .. }))));
    }
    let place = Place::new();
    let vault = place.open().unwrap();
    drop(vault);
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        fs::remove_file(place.state().join(name)).unwrap();
    }
    drop(configd::store::sqlite::SqliteStore::create(&place.state().join("state.db"), &[]).unwrap());
    assert!(matches!(place.open(), Err(SealedReason::Store(OpenError::Corrupt { .. }))));
}

#[test]
fn the_state_folder_must_be_our_own_and_behind_no_link() {
    let place = Place::new();
    let runtime = place.runtime();
    let is_folder = |path: &Path| matches!(open_vault(path, &runtime, &KernelRandom), Err(SealedReason::Folder { .. }));
    for mode in [0o720, 0o702, 0o777] {
        fs::set_permissions(place.state(), fs::Permissions::from_mode(mode)).unwrap();
        assert!(is_folder(&place.state()), "{mode:o}");
    }
    fs::set_permissions(place.state(), fs::Permissions::from_mode(0o700)).unwrap();
    assert!(is_folder(&place.0.path().join("none")));
    let link = place.0.path().join("link");
    symlink(place.state(), &link).unwrap();
    assert!(is_folder(&link));
    fs::create_dir(place.state().join("inner")).unwrap();
    assert!(is_folder(&link.join("inner")), "a link on the way");
    assert_eq!(fs::read_dir(place.state()).unwrap().count(), 1, "nothing was made");
    if nix::unistd::geteuid().is_root() {
        std::os::unix::fs::chown(place.state(), Some(12_345), None).unwrap();
        assert!(is_folder(&place.state()));
    }
}

#[test]
fn a_key_of_somebody_else_is_refused() {
    if !nix::unistd::geteuid().is_root() {
        skipped("only root can give a file away");
        return;
    }
    let mine = Made::new();
    let place = Place::new();
    let key_at = place.state().join("key");
    arrange(&place, (&mine, &mine), Key::Good, &key_at, Stored::Good, true);
    std::os::unix::fs::chown(&key_at, Some(12_345), None).unwrap();
    assert!(matches!(place.open(), Err(SealedReason::Key(KeyError::Unsafe { .. }))));
}

#[test]
fn two_daemons_do_not_share_a_folder() {
    let place = Place::new();
    let first = place.open().unwrap();
    assert!(matches!(place.open(), Err(SealedReason::InUse { .. })));
    drop(first);
    assert!(place.open().is_ok());
}

#[test]
fn the_clock_begins_at_the_mark_that_the_store_kept() {
    let place = Place::new();
    let vault = place.open().unwrap();
    assert_eq!(vault.high_water_s, 0);
    wait(vault.store.change_user(change(ada()))).unwrap();
    drop(vault);
    assert_eq!(place.open().unwrap().high_water_s, WALL_S);
}

#[test]
fn everything_that_a_first_start_makes_is_0600() {
    let place = Place::new();
    let before = nix::sys::stat::umask(nix::sys::stat::Mode::empty());
    let vault = place.open().unwrap();
    nix::sys::stat::umask(before);
    for entry in fs::read_dir(place.state()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o7777, 0o600, "{:?}", entry.file_name());
    }
    drop(vault);
}
