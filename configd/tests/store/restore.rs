//! A backup: a copy that is whole while everybody writes, and its way back, killed at any moment.

use crate::common::*;
use crate::vault::{Place, put as put_file};
use configd::seal::{MasterKey, RestoreError, SealedReason, Wish, restore};
use configd::store::sqlite::SqliteStore;
use configd::store::{AcceptCopy, AcceptedCopy, RecoveryCodes, Store, UserKey};
use std::fs;
use std::path::PathBuf;

fn bob() -> UserKey {
    UserKey { uid: 1001, name: String::from("bob") }
}

/// A place where `who` have records; closed.
fn with(who: &[UserKey]) -> Place {
    let place = Place::new();
    let vault = place.open().unwrap();
    for user in who {
        wait(vault.store.change_user(change(user.clone()))).unwrap();
    }
    vault.store.close().unwrap();
    place
}

fn path(place: &Place, name: &str) -> PathBuf {
    place.state().join(name)
}

fn read(place: &Place, name: &str) -> Vec<u8> {
    fs::read(path(place, name)).unwrap()
}

fn key_of(place: &Place) -> MasterKey {
    MasterKey::read(&path(place, "key")).unwrap()
}

fn users(place: &Place) -> Vec<String> {
    let vault = place.open().unwrap_or_else(|error| panic!("{error}"));
    wait(vault.store.users(None)).unwrap().into_iter().map(|record| record.key.name).collect()
}

/// In pieces, as they come through the socket.
fn give(place: &Place, bytes: &[u8]) -> u64 {
    let mut at = 0;
    for piece in bytes.chunks(5000) {
        at = configd::seal::put(&place.state(), at, piece).unwrap();
    }
    at
}

fn mend(store: &SqliteStore, least: i64) -> Result<AcceptedCopy, String> {
    let accept = AcceptCopy { generation: least, step: 1, recovery: RecoveryCodes::End, now: at(0) };
    wait(store.accept_copy(accept)).map_err(|error| error.to_string())
}

fn put_back(place: &Place, length: u64, accept: bool, key: Option<MasterKey>) -> Result<Vec<PathBuf>, RestoreError> {
    let wish = Wish { length, accept, key };
    let done = restore(&place.state(), &place.runtime(), &wish, |store, was| mend(store, was.generation + 1));
    done.map(|(_, aside)| aside)
}

#[test]
fn a_store_comes_back_over_a_lost_damaged_or_fresh_one_and_over_one_with_users_only_where_that_is_wanted() {
    let mine = with(&[ada()]);
    let backup = read(&mine, "state.db");
    mine.add(&bob());
    let length = give(&mine, &backup);
    let refused = put_back(&mine, length, false, None).unwrap_err();
    assert!(matches!(refused, RestoreError::StoreHere { .. }) && refused.to_string().contains("2 users"), "{refused}");
    assert_eq!(users(&mine).len(), 2, "nothing was changed");
    let aside = put_back(&mine, length, true, None).unwrap();
    assert_eq!(aside, [path(&mine, "state.db.aside")]);
    assert_eq!(users(&mine), ["ada"]);
    assert!(!path(&mine, "state.db.restore").exists() && !path(&mine, "state.db.next").exists());
    // What was put aside is whole.
    fs::rename(path(&mine, "state.db.aside"), path(&mine, "state.db")).unwrap();
    assert_eq!(users(&mine).len(), 2);

    for what in ["gone", "damaged"] {
        if what == "gone" {
            fs::remove_file(path(&mine, "state.db")).unwrap();
        } else {
            put_file(&path(&mine, "state.db"), &backup[..backup.len() / 2]);
        }
        let length = give(&mine, &backup);
        put_back(&mine, length, false, None).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(users(&mine), ["ada"], "{what}");
    }
    let fresh = with(&[]);
    let length = give(&fresh, &backup);
    put_back(&fresh, length, false, Some(key_of(&mine))).unwrap();
    assert_eq!(users(&fresh), ["ada"]);
    assert_eq!(key_of(&fresh).id(), key_of(&mine).id());
}

#[test]
fn what_is_cut_off_changed_or_no_store_is_refused_and_nothing_is_changed() {
    let mine = with(&[ada()]);
    let before = read(&mine, "state.db");
    let mut flipped = before.clone();
    // The head of the second page.
    flipped[4096..4160].iter_mut().for_each(|byte| *byte ^= 0x55);
    for bytes in [&before[..before.len() - 4096], &flipped[..], b"no store"] {
        let length = give(&mine, bytes);
        let refused = put_back(&mine, length, true, None).unwrap_err();
        assert!(matches!(refused, RestoreError::Backup(_)), "{refused}");
        assert_eq!(read(&mine, "state.db"), before);
    }
    let length = give(&mine, &before);
    assert!(matches!(put_back(&mine, length + 1, true, None), Err(RestoreError::Length { .. })));
    assert!(configd::seal::put(&mine.state(), 3, b"x").is_err(), "a piece that does not follow");
    assert_eq!(users(&mine), ["ada"]);
}

#[test]
fn a_store_of_another_key_comes_with_it_or_is_refused_where_one_works() {
    let (mine, theirs) = (with(&[ada()]), with(&[bob()]));
    let backup = read(&theirs, "state.db");
    let length = give(&mine, &backup);
    let wanted = key_of(&theirs).id().to_string();
    let refused = put_back(&mine, length, true, None).unwrap_err().to_string();
    assert!(refused.contains(&wanted) && refused.contains("nothing was changed"), "{refused}");
    let refused = put_back(&mine, length, true, Some(key_of(&mine)));
    assert!(matches!(refused, Err(RestoreError::OtherKey)), "{refused:?}");
    assert_eq!(users(&mine), ["ada"]);
    let id = key_of(&mine).id().to_string();
    let aside = put_back(&mine, length, true, Some(key_of(&theirs))).unwrap();
    assert_eq!(aside, [path(&mine, "key.aside"), path(&mine, "state.db.aside")]);
    assert_eq!(users(&mine), ["bob"]);
    assert_eq!(MasterKey::read(&path(&mine, "key.aside")).unwrap().id().as_str(), id);
    // Where nothing works the key may follow: an import takes it then.
    let lost = with(&[ada()]);
    fs::remove_file(path(&lost, "state.db")).unwrap();
    let length = give(&lost, &backup);
    put_back(&lost, length, false, None).unwrap();
    assert!(matches!(lost.open(), Err(SealedReason::OtherKey { .. })));
    configd::seal::import_key(&lost.state(), &lost.runtime(), key_of(&theirs).line().expose()).unwrap();
    assert_eq!(users(&lost), ["bob"]);
}

#[test]
fn garbage_in_the_place_of_the_key_is_no_obstacle_to_the_one_that_comes_and_a_credential_is() {
    let (mine, theirs) = (with(&[]), with(&[bob()]));
    let backup = read(&theirs, "state.db");
    put_file(&path(&mine, "key"), b"garbage");
    let length = give(&mine, &backup);
    put_back(&mine, length, true, Some(key_of(&theirs))).unwrap();
    assert_eq!(users(&mine), ["bob"]);
    let mine = with(&[]);
    fs::rename(path(&mine, "key"), mine.runtime().join("key")).unwrap();
    let length = give(&mine, &backup);
    let refused = put_back(&mine, length, true, Some(key_of(&theirs)));
    assert!(matches!(refused, Err(RestoreError::Credential { .. })), "{refused:?}");
    assert_eq!(users(&mine), [""; 0]);
}

/// Files by name, and what is in them.
type Stands<'a> = &'a [(&'a str, &'a str)];

/// What stands there after each step, by the table in `seal/restore.rs`.
#[test]
fn a_restore_killed_after_any_of_its_steps_leaves_the_old_store_or_the_new_one_whole() {
    let theirs = with(&[bob()]);
    let (backup, their_key) = (read(&theirs, "state.db"), read(&theirs, "key"));
    let steps: [(&str, Stands<'_>, &str); 7] = [
        ("half of it came", &[("state.db.restore", "half")], "ada"),
        ("it came", &[("state.db.restore", "new")], "ada"),
        ("its key is made", &[("state.db.restore", "new"), ("key.next", "key")], "ada"),
        ("it is whole", &[("state.db.next", "new"), ("key.next", "key")], "bob"),
        (
            "the old one has two names",
            &[("state.db.next", "new"), ("key.next", "key"), ("state.db.aside", "link")],
            "bob",
        ),
        ("only the new one has a name", &[("state.db.next", "new"), ("key.next", "key"), ("state.db", "none")], "bob"),
        ("it is in its place", &[("state.db", "new"), ("key.next", "key")], "bob"),
    ];
    for (what, files, expected) in steps {
        let mine = with(&[ada()]);
        // A log of waiting commits that is not the new store's.
        put_file(&path(&mine, "state.db-wal"), &[]);
        for (name, content) in files {
            match *content {
                "half" => put_file(&path(&mine, name), &backup[..backup.len() / 2]),
                "new" => put_file(&path(&mine, name), &backup),
                "key" => put_file(&path(&mine, name), &their_key),
                "link" => fs::hard_link(path(&mine, "state.db"), path(&mine, name)).unwrap(),
                _ => fs::remove_file(path(&mine, name)).unwrap(),
            }
        }
        for again in 0..2 {
            assert_eq!(users(&mine), [expected], "{what} {again}");
        }
        assert!(!path(&mine, "state.db.next").exists() && !path(&mine, "key.next").exists(), "{what}");
        assert!(!path(&mine, "state.db.aside.2").exists(), "{what}: one name is enough");
    }
}

/// A log with commits in it that would be taken for the new store's own.
#[test]
fn commits_that_waited_for_the_old_store_never_reach_the_new_one() {
    let mine = with(&[ada()]);
    let backup = read(&mine, "state.db");
    let vault = mine.open().unwrap();
    wait(vault.store.change_user(change(bob()))).unwrap();
    // As a kill leaves it: the commit is in the log alone.
    let (main, log) = (read(&mine, "state.db"), read(&mine, "state.db-wal"));
    drop(vault);
    put_file(&path(&mine, "state.db"), &main);
    put_file(&path(&mine, "state.db-wal"), &log);
    put_file(&path(&mine, "state.db.next"), &backup);
    assert_eq!(users(&mine), ["ada"]);
    for ending in ["", "-wal"] {
        fs::rename(path(&mine, &format!("state.db.aside{ending}")), path(&mine, &format!("state.db{ending}"))).unwrap();
    }
    let mut both = users(&mine);
    both.sort();
    assert_eq!(both, ["ada", "bob"], "what was put aside is whole");
}

impl Place {
    /// With a record of one more.
    fn add(&self, user: &UserKey) {
        let vault = self.open().unwrap();
        wait(vault.store.change_user(change(user.clone()))).unwrap();
        vault.store.close().unwrap();
    }
}
