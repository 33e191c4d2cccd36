//! No space, and a disk that does not write: the first may pass, the second ends the handle.

use crate::common::*;
use crate::log::all;
use configd::limits::{SendLimits, Standing, TryLimits};
use configd::store::sqlite::SqliteStore;
use configd::store::{
    Authenticator, Bucket, Changed, Charge, Charged, Consume, Consumed, KeptChallenge, LogLimits, SendOf, SendVerdict,
    Store, StoreError, UserChange, UserKey,
};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::path::Path;
use std::process::{Command, Stdio};

const ENDLESS: TryLimits =
    TryLimits { attempts: u32::MAX, before_disabled: u32::MAX, first_wait_s: 0, longest_wait_s: 0, lock: None };

fn charge(store: &SqliteStore) -> Result<Charged, StoreError> {
    wait(store.charge_attempt(Charge { limits: ENDLESS, ..charge_of(ada()) }))
}

fn failures(store: &SqliteStore) -> u32 {
    let standing = standing(store, ada(), Authenticator::Email, Bucket::Stranger, ENDLESS, at(0));
    let Standing::Open { failures } = wait(standing).unwrap() else { panic!() };
    failures
}

/// Does `work` until the disk says no; how often it was done.
fn until_refused<T>(what: &str, mut work: impl FnMut(u32) -> Result<T, StoreError>) -> u32 {
    for done in 0..100_000 {
        match work(done) {
            Ok(_) => {}
            Err(StoreError::Engine { what: refused, .. } | StoreError::NoSpace { what: refused }) => {
                assert_eq!(refused, what);
                return done;
            }
            Err(other) => panic!("{other}"),
        }
    }
    panic!("the disk never said no");
}

#[test]
fn the_file_of_waiting_commits_stays_small_however_many_there_are() {
    let home = Home::with_users();
    let mut longest = 0;
    for second in 0..1_500 {
        // A second later each, so that the high-water mark is written too: two pages of 4 KiB a charge.
        home.charge(Charge { limits: ENDLESS, now: at(second * 1_000), ..charge_of(ada()) });
        longest = home.folder().join("state.db-wal").metadata().unwrap().len().max(longest);
    }
    // 500 charges between two checkpoints take 4 MB; all of them without one, 12 MB.
    assert!(longest < 6_000_000, "{longest} bytes");
    assert_eq!(failures(&home.store), 1_500);
}

#[test]
fn a_store_that_grows_keeps_room_ahead_of_what_it_takes() {
    let home = Home::with_users();
    let free_pages = || {
        let other = rusqlite::Connection::open(home.path()).unwrap();
        other.pragma_query_value(None, "freelist_count", |row| row.get::<_, u32>(0)).unwrap()
    };
    let before = home.path().metadata().unwrap().len();
    for number in 0..400 {
        let key = UserKey { uid: 2000 + number, name: format!("user{number}") };
        let email = Some(Some(format!("{number}{}", "x".repeat(900))));
        home.change(UserChange { email, ..change(key) }).unwrap();
        if number % 20 == 0 {
            assert!(free_pages() >= 16, "{number}: {}", free_pages());
        }
    }
    assert!(home.path().metadata().unwrap().len() > before + 600_000, "it has grown, in the file itself");
}

/// Runs a child below in `folder`, after `sh` has done `first` there; its exit status.
fn run(first: &str, program: &str, child: &str, folder: &Path) -> std::process::Output {
    std::fs::write(folder.join(child), "").unwrap();
    let script = format!("{first} && exec \"$0\" --ignored --exact --nocapture space::{child}");
    let mut command = Command::new(program);
    if program == "unshare" {
        command.args(["--mount", "--propagation", "private", "sh"]);
    }
    command.arg("-c").arg(script).arg(std::env::current_exe().unwrap());
    command.current_dir(folder).stdin(Stdio::null()).output().unwrap()
}

fn assert_passed(output: &std::process::Output) {
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "{said}");
    assert!(said.contains("the child was here"), "{said}");
}

/// Logins: 60 charges, 12 messages with their challenges, 12 codes used, of ada and bob, from sources that are new. All must go.
fn log_in(store: &SqliteStore, round: u8) {
    let limits = SendLimits { per_user_hour: 100, per_user_day: 100, per_source_hour: 100, ..SENDS };
    for number in 0..12_u8 {
        let user = if number % 2 == 0 { ada() } else { bob() };
        let challenge = id(u128::from(round) * 100 + u128::from(number));
        let source = from(&format!("198.51.{round}.{number}/32"));
        // A second later each, so that the high-water mark is written too.
        let now = at(u64::from(round) * 100_000 + u64::from(number) * 1_000);
        let kept = KeptChallenge { source: source.clone(), made: now.clone(), ..kept(user.clone(), challenge.clone()) };
        let send = SendOf { source: source.clone(), limits, now: now.clone(), ..send_of(user.clone(), Some(kept)) };
        assert!(matches!(wait(store.record_send(send)).unwrap(), SendVerdict::Go { .. }));
        for _ in 0..5 {
            let challenge = challenge.clone();
            let charge = Charge { limits: ENDLESS, challenge, now: now.clone(), ..charge_of(user.clone()) };
            assert!(matches!(wait(store.charge_attempt(charge)).unwrap(), Charged::Done(_)));
        }
        let consume = Consume { source, now, ..consume_of(user, challenge) };
        // As the daemon does: the log goes with whatever is written next.
        store.log_decision(decision(u32::from(number)));
        assert_eq!(wait(store.consume_code(consume)).unwrap(), Consumed::Done);
    }
}

fn fill(disk: &Path) {
    assert!(std::fs::write(disk.join("filler"), vec![1; 16 << 20]).is_err(), "the disk is small");
}

fn assert_full(disk: &Path) {
    assert!(std::fs::write(disk.join("one page"), vec![1; 4096]).is_err(), "the disk is full");
}

/// A store on a small disk, with ada and bob.
fn on_small_disk(disk: &Path) -> SqliteStore {
    let store = SqliteStore::create(&disk.join("state.db"), &[]).unwrap();
    for user in [ada(), bob()] {
        let email = Some(Some(address_of(&user, Authenticator::Email)));
        wait(store.change_user(UserChange { email, trusted: true, ..change(user) })).unwrap();
    }
    store
}

/// Runs a child with a disk of so many MiB at `disk`.
fn run_on_small_disk(mib: u32, child: &str) {
    if !nix::unistd::geteuid().is_root() {
        skipped("a small disk can be mounted by root only");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("disk")).unwrap();
    let mount = format!("mount -t tmpfs -o size={mib}m,mode=0700 tmpfs disk");
    assert_passed(&run(&mount, "unshare", child, folder.path()));
}

#[test]
fn on_a_full_disk_people_log_in_and_after_a_restart_too() {
    run_on_small_disk(1, "child_that_logs_in_on_a_full_disk");
}

#[test]
#[ignore = "a child of the tests here, not a test"]
fn child_that_logs_in_on_a_full_disk() {
    let folder = std::env::current_dir().unwrap();
    if !folder.join("child_that_logs_in_on_a_full_disk").exists() {
        return;
    }
    let disk = folder.join("disk");
    let store = on_small_disk(&disk);
    fill(&disk);
    log_in(&store, 0);
    assert_full(&disk);
    store.close().unwrap();
    assert_full(&disk);
    let store = SqliteStore::open(&disk.join("state.db")).unwrap();
    log_in(&store, 1);
    // Killed, and not stopped: what the log holds is written to the file by the next start.
    for _ in 0..3 {
        charge(&store).unwrap();
    }
    let killed = std::mem::ManuallyDrop::new(store);
    assert_full(&disk);
    let store = SqliteStore::open(&disk.join("state.db")).unwrap();
    log_in(&store, 2);
    assert_eq!(killed.fault(), None);
    say("the child was here");
}

#[test]
fn on_a_full_disk_the_log_waits_and_says_so_and_takes_nobodys_room() {
    run_on_small_disk(2, "child_that_logs_on_a_full_disk");
}

#[test]
#[ignore = "a child of the tests here, not a test"]
fn child_that_logs_on_a_full_disk() {
    let folder = std::env::current_dir().unwrap();
    if !folder.join("child_that_logs_on_a_full_disk").exists() {
        return;
    }
    let disk = folder.join("disk");
    let store = on_small_disk(&disk);
    fill(&disk);
    let mut handed = 0;
    while store.log_state().fault.is_none() {
        assert!(handed < 10_000, "the disk never said no");
        for number in handed..handed + 100 {
            store.log_decision(decision(number));
        }
        handed += 100;
        wait(store.keep_log(LogLimits::default())).unwrap();
    }
    // The room that is left is enough for logins, and the log does not fail them.
    log_in(&store, 0);
    log_in(&store, 1);
    assert_full(&disk);
    assert!(store.log_state().fault.is_some_and(|why| why.contains("the disk is full")), "{:?}", store.log_state());
    std::fs::remove_file(disk.join("filler")).unwrap();
    // The writer does not look for space after each write, but after some hundreds.
    let mut tries = 0;
    while store.log_state().fault.is_some() {
        assert!(tries < 600, "{:?}", store.log_state());
        wait(store.keep_log(LogLimits::default())).unwrap();
        tries += 1;
    }
    assert_eq!(u32::try_from(all(&store).len()).unwrap(), handed + 24, "nothing was lost");
    say("the child was here");
}

#[test]
fn when_the_room_on_a_full_disk_is_used_up_nothing_is_charged_and_with_space_again_the_same_handle_goes_on() {
    run_on_small_disk(1, "child_that_uses_the_room_up");
}

#[test]
#[ignore = "a child of the tests here, not a test"]
fn child_that_uses_the_room_up() {
    let folder = std::env::current_dir().unwrap();
    if !folder.join("child_that_uses_the_room_up").exists() {
        return;
    }
    let disk = folder.join("disk");
    let store = on_small_disk(&disk);
    charge(&store).unwrap();
    fill(&disk);
    let made = until_refused("change a user", |number| {
        let user = UserKey { uid: 2000 + number, name: format!("user{number}") };
        wait(store.change_user(change(user)))
    });
    assert!(made > 100, "{made}");
    // A new row needs more pages than another count in an old one.
    let charged = 1 + until_refused("charge an attempt", |_| charge(&store));
    for _ in 0..3 {
        assert!(matches!(charge(&store), Err(StoreError::NoSpace { .. })), "it stays full");
    }
    assert_eq!(failures(&store), charged, "it still reads, and what was refused was not charged");
    assert_eq!(wait(store.count_users()).unwrap(), u64::from(made) + 2);
    assert_eq!(store.fault(), None);

    // What the log holds has no place in the file: a daemon that starts now opens it all the same, and goes on by itself later.
    let next = SqliteStore::open(&disk.join("state.db")).unwrap();
    assert!(charge(&next).is_err());
    assert_eq!((failures(&next), next.fault()), (charged, None));
    assert!(next.close().is_err(), "the log could not be written to the file");

    std::fs::remove_file(disk.join("filler")).unwrap();
    charge(&store).unwrap();
    assert_eq!(failures(&store), charged + 1);
    store.close().unwrap();
    let store = SqliteStore::open(&disk.join("state.db")).unwrap();
    assert_eq!((failures(&store), wait(store.count_users()).unwrap()), (charged + 1, u64::from(made) + 2));
    say("the child was here");
}

#[test]
fn a_crowd_whose_changes_fit_no_room_together_is_served_in_parts() {
    run_on_small_disk(8, "child_with_a_crowd");
}

#[test]
#[ignore = "a child of the tests here, not a test"]
fn child_with_a_crowd() {
    let folder = std::env::current_dir().unwrap();
    if !folder.join("child_with_a_crowd").exists() {
        return;
    }
    let disk = folder.join("disk");
    let store = on_small_disk(&disk);
    // Each of them fills a page of the table and one of the index: 60 of them changed are more than the log has room for.
    let crowd = |number: u32, language: &str| {
        let email = Some(Some(format!("{number}{}", "x".repeat(2_500))));
        let key = UserKey { uid: 2000 + number, name: format!("user{number}") };
        UserChange { email, language: Some(Some(String::from(language))), ..change(key) }
    };
    for number in 0..60 {
        wait(store.change_user(crowd(number, "en"))).unwrap();
    }
    store.close().unwrap();
    let store = SqliteStore::open(&disk.join("state.db")).unwrap();
    fill(&disk);
    let changes = (0..60).map(|number| store.change_user(crowd(number, "de"))).collect();
    for changed in wait_for_all(changes) {
        assert!(matches!(changed.unwrap(), Changed::Done(_)));
    }
    let changed = wait(store.users(None)).unwrap().into_iter().filter(|user| user.language.as_deref() == Some("de"));
    assert_eq!(changed.count(), 60);
    assert_full(&disk);
    say("the child was here");
}

#[test]
fn a_store_without_room_is_opened_on_a_full_disk_and_goes_on_when_there_is_space() {
    run_on_small_disk(1, "child_without_room");
}

#[test]
#[ignore = "a child of the tests here, not a test"]
fn child_without_room() {
    let folder = std::env::current_dir().unwrap();
    if !folder.join("child_without_room").exists() {
        return;
    }
    let disk = folder.join("disk");
    on_small_disk(&disk).close().unwrap();
    // As somebody leaves it who copied the database alone.
    std::fs::remove_file(disk.join("state.db-wal")).unwrap();
    std::fs::write(disk.join("state.db-wal"), "").unwrap();
    fill(&disk);
    let store = SqliteStore::open(&disk.join("state.db")).unwrap();
    assert!(charge(&store).is_err());
    assert_eq!((failures(&store), store.fault()), (0, None));
    std::fs::remove_file(disk.join("filler")).unwrap();
    charge(&store).unwrap();
    assert_eq!(failures(&store), 1);
    say("the child was here");
}

#[test]
fn a_charge_that_could_not_be_synced_is_not_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    assert_passed(&run("true", "sh", "child_whose_syncs_fail", folder.path()));
    // It may be there or not; the one before it must.
    let store = SqliteStore::open(&folder.path().join("state.db")).unwrap();
    assert!((1..=2).contains(&failures(&store)));
    charge(&store).unwrap();
}

#[test]
#[ignore = "a child of the tests here, not a test"]
fn child_whose_syncs_fail() {
    let folder = std::env::current_dir().unwrap();
    if !folder.join("child_whose_syncs_fail").exists() {
        return;
    }
    let store = SqliteStore::create(&folder.join("state.db"), &[]).unwrap();
    wait(store.change_user(change(ada()))).unwrap();
    charge(&store).unwrap();
    let_fail([nix::libc::SYS_fsync, nix::libc::SYS_fdatasync]);
    assert!(matches!(charge(&store), Err(StoreError::Engine { .. })));
    assert!(store.fault().is_some_and(|why| why.contains("I/O")), "{:?}", store.fault());
    assert!(matches!(charge(&store), Err(StoreError::Engine { why, .. }) if why.contains("opened again")));
    assert_eq!(failures(&store), 1);
    say("the child was here");
}

#[test]
fn a_disk_that_does_not_read_ends_the_handle_as_one_that_does_not_write() {
    let folder = tempfile::tempdir().unwrap();
    assert_passed(&run("true", "sh", "child_whose_reads_fail", folder.path()));
    let store = SqliteStore::open(&folder.path().join("state.db")).unwrap();
    assert_eq!((store.fault(), failures(&store)), (None, 1));
}

#[test]
#[ignore = "a child of the tests here, not a test"]
fn child_whose_reads_fail() {
    let folder = std::env::current_dir().unwrap();
    if !folder.join("child_whose_reads_fail").exists() {
        return;
    }
    let store = SqliteStore::create(&folder.join("state.db"), &[]).unwrap();
    wait(store.change_user(change(ada()))).unwrap();
    charge(&store).unwrap();
    assert_eq!(store.fault(), None);
    let_fail([nix::libc::SYS_pread64, nix::libc::SYS_read]);
    let read = wait(store.methods(ada(), at(0)));
    assert!(matches!(read, Err(StoreError::Engine { .. })), "{read:?}");
    // SQLite takes EIO of a read for a damaged file system (SQLITE_IOERR_CORRUPTFS).
    assert!(store.fault().is_some_and(|why| why.contains("methods")), "{:?}", store.fault());
    assert!(matches!(charge(&store), Err(StoreError::Engine { why, .. }) if why.contains("opened again")));
    say("the child was here");
}

#[test]
fn pages_that_are_damaged_under_a_store_in_use_end_the_handle_when_they_are_read() {
    let mut home = Home::with_users();
    home.reopen();
    let mut bytes = std::fs::read(home.path()).unwrap();
    bytes.iter_mut().skip(4096).for_each(|byte| *byte = 0xa5);
    std::fs::write(home.path(), bytes).unwrap();
    let read = wait(home.store.methods(ada(), at(0)));
    assert!(matches!(read, Err(StoreError::Engine { .. })), "{read:?}");
    assert!(home.store.fault().is_some());
    let refused = wait(home.store.change_user(change(bob())));
    assert!(matches!(&refused, Err(StoreError::Engine { why, .. }) if why.contains("opened again")), "{refused:?}");
}

/// Two calls give EIO from here on, in all threads of this process, by a seccomp filter.
#[expect(unsafe_code, reason = "there is no safe call for it, and no disk at hand that fails")]
fn let_fail([one, other]: [nix::libc::c_long; 2]) {
    use nix::libc;
    let step = |code: u32, jt: u8, jf: u8, k: u32| libc::sock_filter { code: u16::try_from(code).unwrap(), jt, jf, k };
    let number = |call: libc::c_long| u32::try_from(call).unwrap();
    let fail = libc::SECCOMP_RET_ERRNO | u32::try_from(libc::EIO).unwrap();
    let mut steps = [
        // seccomp_data.nr is its first word.
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 1, 0, number(one)),
        step(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, 0, 1, number(other)),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, fail),
        step(libc::BPF_RET | libc::BPF_K, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog { len: u16::try_from(steps.len()).unwrap(), filter: steps.as_mut_ptr() };
    // SAFETY: prctl(2) with these arguments reads nothing of ours.
    let no_new_privs = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    assert_eq!(no_new_privs, 0);
    let (set, all) = (libc::SECCOMP_SET_MODE_FILTER, libc::SECCOMP_FILTER_FLAG_TSYNC);
    // SAFETY: `program` and the steps that it points to live until the call has copied them.
    let installed = unsafe { libc::syscall(libc::SYS_seccomp, set, all, &raw const program) };
    assert_eq!(installed, 0);
}

#[test]
fn after_a_write_error_the_handle_acknowledges_nothing_more_until_it_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    // A limit of the size of files gives a write error (EFBIG) that can be taken back; its signal would end the process.
    assert_passed(&run("trap '' XFSZ", "sh", "child_whose_writes_fail", folder.path()));
}

#[test]
#[ignore = "a child of the tests here, not a test"]
fn child_whose_writes_fail() {
    let folder = std::env::current_dir().unwrap();
    if !folder.join("child_whose_writes_fail").exists() {
        return;
    }
    let path = folder.join("state.db");
    let store = SqliteStore::create(&path, &[]).unwrap();
    wait(store.change_user(change(ada()))).unwrap();
    let (_, hard) = getrlimit(Resource::RLIMIT_FSIZE).unwrap();
    setrlimit(Resource::RLIMIT_FSIZE, 200_000, hard).unwrap();
    let charged = until_refused("charge an attempt", |_| charge(&store));
    assert!(charged > 0);
    setrlimit(Resource::RLIMIT_FSIZE, hard, hard).unwrap();

    // Now the disk would write again; the handle must not find out by trying.
    for _ in 0..3 {
        let Err(StoreError::Engine { why, .. }) = charge(&store) else { panic!() };
        assert!(why.contains("opened again"), "{why}");
    }
    assert!(store.fault().is_some());
    assert_eq!(failures(&store), charged, "it still reads");
    assert!(store.close().is_err());
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.fault(), None);
    assert_eq!(failures(&store), charged);
    charge(&store).unwrap();
    assert_eq!(failures(&store), charged + 1);
    say("the child was here");
}
