//! Whatever happens to the file: an error, or the very same data. Never an empty store, never other data (fault 5).

use crate::common::*;
use configd::store::sqlite::{OpenError, SqliteStore};
use configd::store::{Charge, Facts, KeptChallenge, MetaKey, Store, UserChange, UserRecord};
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;

/// A store with something in each table, closed: its bytes, and what it says.
fn filled() -> (Vec<u8>, Said) {
    let home = Home::with_users();
    for number in 0..40_u32 {
        let key = configd::store::UserKey { uid: 2000 + number, name: format!("user{number}") };
        let email = Some(Some(format!("user{number}@example.com")));
        home.change(UserChange { email, phone: Some(Some(format!("+1555{number:04}"))), ..change(key) }).unwrap();
    }
    for number in 0..20 {
        wait(home.store.record_send(send_of(ada(), Some(kept(ada(), id(number)))))).unwrap();
        home.charge(Charge { bucket: known("192.0.2.7/32"), ..charge_of(ada()) });
    }
    home.charge(charge_of(bob()));
    let enrolled = crate::methods::enrol(&home, crate::methods::enrol_of(ada()));
    assert!(matches!(enrolled, configd::store::Enrolled::Done { .. }));
    wait(home.store.prefer(ada(), Some(pam_2fa_protocol::admin::Method::App), at(0))).unwrap();
    for kind in [configd::store::PassKind::Grant, configd::store::PassKind::Invitation] {
        wait(home.store.add_pass(crate::methods::pass(kind, kind.word(), ada()), at(0))).unwrap();
    }
    let remember = Some(crate::devices::remember(1));
    let login = Some(pam_2fa_protocol::admin::LastLogin {
        device: Some(String::from("seat0")),
        ..consume_of(ada(), id(0)).login.unwrap()
    });
    home.consume(configd::store::Consume { remember, login, ..consume_of(ada(), id(0)) }).unwrap();
    wait(home.store.put_meta(vec![(MetaKey::Settings, vec![5; 6000]), (MetaKey::Generation, vec![1])])).unwrap();
    home.store.close().unwrap();
    let said = listen(&home.store_again());
    (fs::read(home.path()).unwrap(), said)
}

impl Home {
    fn store_again(&self) -> SqliteStore {
        SqliteStore::open(&self.path()).unwrap()
    }
}

#[derive(Debug, PartialEq)]
struct Said {
    users: Vec<UserRecord>,
    facts: Vec<Facts>,
    open: Vec<KeptChallenge>,
    devices: Vec<configd::store::KeptDevice>,
    meta: Vec<Option<Vec<u8>>>,
}

fn listen(store: &SqliteStore) -> Said {
    let keys = [MetaKey::Settings, MetaKey::Generation, MetaKey::HighWater];
    Said {
        users: wait(store.users(None)).unwrap(),
        facts: [ada(), bob()].map(|user| wait(store.facts(facts_for(user))).unwrap()).into(),
        open: wait(store.open_challenges(at(0), 3)).unwrap(),
        devices: wait(store.devices_of_next(None)).unwrap(),
        meta: keys.map(|key| wait(store.meta(key)).unwrap()).into(),
    }
}

/// Opens a store of these bytes.
fn open(bytes: &[u8]) -> Result<Said, OpenError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    fs::write(&path, bytes).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    SqliteStore::open(&path).map(|store| listen(&store))
}

#[test]
fn a_flipped_bit_is_an_error_or_changes_nothing() {
    let (good, said) = filled();
    assert_eq!(open(&good).unwrap(), said);
    // Some of the places where something stands, as far as one run may take; bytes that are 0 are mostly free space.
    let places: Vec<usize> = (0..good.len()).filter(|place| good[*place] != 0).collect();
    let (mut refused, mut same) = (0, 0);
    for (number, place) in places.iter().copied().enumerate().filter(|(number, _)| number % 11 == 0) {
        let mut flipped = good.clone();
        flipped[place] ^= 1 << (number % 8);
        match open(&flipped) {
            Err(_) => refused += 1,
            Ok(now) => {
                assert_eq!(now, said, "a bit of byte {place} of {} changed what the store says", good.len());
                same += 1;
            }
        }
    }
    // The lines of the logs are looked at when they are read, and not here.
    assert!(refused > 5 * same, "{refused} refused, {same} without effect");
}

#[test]
fn a_damaged_log_of_waiting_commits_costs_the_last_of_them_at_worst_and_never_gives_other_data() {
    let home = Home::with_users();
    for number in 0..30_u32 {
        let key = configd::store::UserKey { uid: 2000 + number, name: format!("user{number:02}") };
        home.change(UserChange { language: Some(Some(String::from("de"))), ..change(key) }).unwrap();
    }
    // As a crash would leave them: what was acknowledged is in the log alone.
    let all = wait(home.store.users(None)).unwrap();
    let (main, log) = (fs::read(home.path()).unwrap(), fs::read(home.folder().join("state.db-wal")).unwrap());
    let open = |log: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        fs::write(&path, &main).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(folder.path().join("state.db-wal"), log).unwrap();
        SqliteStore::open(&path).map(|store| wait(store.users(None)).unwrap())
    };
    assert_eq!(open(&log).unwrap(), all);
    let mut shorter = 0;
    for place in (0..log.len()).step_by(4_999) {
        let mut flipped = log.clone();
        flipped[place] ^= 1;
        for log in [&flipped[..], &log[..place]] {
            // An error is right too: a log whose header is wrong may leave a main file that is no store yet.
            if let Ok(users) = open(log) {
                // Ada and bob came first, then the others by number: by name, these are the first ones.
                assert_eq!(users, all[..users.len()], "byte {place} of {}", log.len());
                shorter += usize::from(users.len() < all.len());
            }
        }
    }
    assert!(shorter > 0);
}

#[test]
fn a_store_cut_off_anywhere_is_refused() {
    let (good, _) = filled();
    let pages = (0..good.len()).step_by(4096);
    let odd = [1, 15, 16, 50, 99, 100, 101, 511, 512, 1000, good.len() - 1];
    for length in pages.chain(odd) {
        assert!(matches!(open(&good[..length]), Err(OpenError::Corrupt { .. })), "cut to {length} of {}", good.len());
    }
}

#[test]
fn a_zeroed_store_or_page_is_refused() {
    let (good, _) = filled();
    assert!(matches!(open(&vec![0; good.len()]), Err(OpenError::Corrupt { .. })));
    // Free pages are zeros as it is.
    for page in (0..good.len()).step_by(4096).filter(|page| good[*page..page + 4096].iter().any(|byte| *byte != 0)) {
        let mut zeroed = good.clone();
        zeroed[page..page + 4096].fill(0);
        assert!(matches!(open(&zeroed), Err(OpenError::Corrupt { .. } | OpenError::NotOurs { .. })), "page at {page}");
    }
}

#[test]
fn rows_changed_behind_our_back_are_refused() {
    let (good, _) = filled();
    for sql in [
        "UPDATE users SET verify = 'never' WHERE name = 'ada'",
        "UPDATE users SET email = 'eve@example.com', email_folded = 'eve@example.com' WHERE name = 'ada'",
        "UPDATE users SET uid = 4000, sum = sum WHERE name = 'user1'",
        "UPDATE tries SET failures = 0",
        "UPDATE challenges SET tries = tries + 1",
        "UPDATE ended SET id = 'x'",
        "UPDATE sends SET wall_s = 0",
        "UPDATE known_sources SET source = 'x'",
        "UPDATE apps SET last_step = 0",
        "UPDATE apps SET sealed = 'sealed:v1:y'",
        "UPDATE recovery_codes SET mac = zeroblob(32) WHERE mac = (SELECT min(mac) FROM recovery_codes)",
        "UPDATE choices SET prefers = 'email'",
        "UPDATE choices SET disabled_s = 1",
        "UPDATE passes SET until_s = until_s + 86400",
        "UPDATE passes SET kind = 'grant'",
        "UPDATE passes SET uid = 1001, name = 'bob'",
        "UPDATE passes SET origin = NULL, mac = zeroblob(32)",
        "UPDATE meta SET value = x'00' WHERE key = 'generation'",
        "CREATE TRIGGER t AFTER UPDATE ON tries BEGIN UPDATE tries SET failures = 0; END",
        "DROP INDEX users_by_email",
        "CREATE TABLE more (x)",
        "PRAGMA user_version = 0",
    ] {
        let changed = with_sql(&good, sql);
        assert!(matches!(open(&changed), Err(OpenError::Corrupt { .. })), "{sql}");
    }
}

/// The bytes after some other program ran `sql` on the file.
fn with_sql(bytes: &[u8], sql: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    fs::write(&path, bytes).unwrap();
    let other = rusqlite::Connection::open(&path).unwrap();
    other.pragma_update_and_check(None, "journal_mode", "DELETE", |_| Ok(())).unwrap();
    other.execute_batch(sql).unwrap();
    drop(other);
    fs::read(path).unwrap()
}

#[test]
fn a_newer_store_and_what_is_no_store_of_ours_are_told_apart() {
    let (good, _) = filled();
    let newer = open(&with_sql(&good, "PRAGMA user_version = 99")).unwrap_err();
    assert!(matches!(newer, OpenError::TooNew { found: 99, ours: 5, .. }), "{newer}");
    assert!(newer.to_string().contains("99"));
    let foreign = with_sql(&[], "CREATE TABLE t (x)");
    assert!(matches!(open(&foreign), Err(OpenError::NotOurs { .. })));
    assert!(matches!(open("root:x:0:0:root\n".repeat(1000).as_bytes()), Err(OpenError::NotOurs { .. })));
    assert!(matches!(open(&[]), Err(OpenError::Corrupt { .. })));
}

#[test]
fn opening_never_makes_a_store_and_making_never_replaces_anything() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    assert!(matches!(SqliteStore::open(&path), Err(OpenError::Missing { .. })));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);

    fs::write(&path, "").unwrap();
    assert!(matches!(SqliteStore::create(&path, &[]), Err(OpenError::Exists { .. })));
    assert_eq!(fs::read(&path).unwrap(), b"");
    fs::remove_file(&path).unwrap();
    // Commits of a store that lost its main file are not replayed into a new one.
    fs::write(folder.path().join("state.db-wal"), "x").unwrap();
    assert!(matches!(SqliteStore::create(&path, &[]), Err(OpenError::Exists { .. })));
    assert!(!path.exists());
    assert!(matches!(SqliteStore::create(Path::new("/nowhere/state.db"), &[]), Err(OpenError::Io { .. })));
}

#[test]
fn a_store_behind_a_link_or_that_others_may_write_is_refused() {
    let home = Home::with_users();
    home.store.close().unwrap();
    let link = home.folder().join("link.db");
    symlink(home.path(), &link).unwrap();
    assert!(matches!(SqliteStore::open(&link), Err(OpenError::NotOurs { .. })));
    // A link on the way there, too.
    let way = tempfile::tempdir().unwrap();
    symlink(home.folder(), way.path().join("way")).unwrap();
    assert!(SqliteStore::open(&way.path().join("way/state.db")).is_err());
    assert!(matches!(SqliteStore::open(home.folder()), Err(OpenError::NotOurs { .. })));

    for mode in [0o620, 0o602] {
        fs::set_permissions(home.path(), fs::Permissions::from_mode(mode)).unwrap();
        assert!(matches!(SqliteStore::open(&home.path()), Err(OpenError::Unsafe { .. })), "{mode:o}");
    }
    // As a restored backup may be: nobody can have changed it, and from now on nobody else reads it.
    fs::set_permissions(home.path(), fs::Permissions::from_mode(0o644)).unwrap();
    drop(SqliteStore::open(&home.path()).unwrap());
    assert_eq!(mode(&home.path()), 0o600);
    if nix::unistd::geteuid().is_root() {
        chown(home.path(), Some(12_345), None).unwrap();
        assert!(matches!(SqliteStore::open(&home.path()), Err(OpenError::Unsafe { .. })));
    }
}

#[test]
fn every_file_is_0600_whatever_the_umask_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let before = nix::sys::stat::umask(nix::sys::stat::Mode::empty());
    let store = SqliteStore::create(&path, &[]).unwrap();
    wait(store.change_user(change(ada()))).unwrap();
    nix::sys::stat::umask(before);
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(mode(&entry.path()), 0o600, "{:?}", entry.file_name());
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["state.db", "state.db-shm", "state.db-wal"]);
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o7777
}
