//! The log of decisions: it costs a login nothing, is read in pieces, stays within its bounds, and denies nobody.

use crate::common::*;
use configd::clock::Moment;
use configd::store::sqlite::SqliteStore;
use configd::store::{Decision, Decoys, LogAsk, LogLimits, LogPage, Store};
use std::path::Path;

const ENDLESS: LogLimits = LogLimits { keep_s: i64::MAX / 2, size_bytes: i64::MAX / 2 };

fn ask() -> LogAsk {
    LogAsk { after: 0, user: None, since_s: i64::MIN }
}

/// The whole log, piece by piece.
pub(crate) fn all(store: &SqliteStore) -> Vec<Decision> {
    read(store, ask()).0
}

/// What is asked for, and how many lines are damaged.
fn read(store: &SqliteStore, mut ask: LogAsk) -> (Vec<Decision>, u32) {
    let (mut all, mut all_damaged) = (Vec::new(), 0);
    loop {
        let LogPage { decisions, damaged, after, is_end } = wait(store.decisions(ask.clone())).unwrap();
        assert!(decisions.len() <= 500, "a read is short");
        all.extend(decisions);
        all_damaged += damaged;
        ask.after = after;
        if is_end {
            return (all, all_damaged);
        }
    }
}

/// Hands these over and writes them.
fn write(store: &SqliteStore, decisions: impl IntoIterator<Item = Decision>, limits: LogLimits) {
    for (number, decision) in decisions.into_iter().enumerate() {
        store.log_decision(decision);
        if number % 2_000 == 1_999 {
            wait(store.keep_log(limits)).unwrap();
        }
    }
    wait(store.keep_log(limits)).unwrap();
}

/// Raises the high-water mark, as any login does.
fn raise_mark(home: &Home, now: Moment) {
    wait(home.store.end_challenge(id(0), now)).unwrap();
}

/// How many commits the `-wal` file holds: its frames that tell the size of the database ("WAL File Format", 4.1).
fn commits(folder: &Path) -> usize {
    let log = std::fs::read(folder.join("state.db-wal")).unwrap();
    let salt = log[16..24].to_vec();
    log[32..].chunks(24 + 4096).take_while(|frame| frame[8..16] == salt).filter(|frame| frame[4..8] != [0; 4]).count()
}

#[test]
fn a_login_makes_two_durable_writes_and_its_line_goes_with_a_later_one() {
    let home = Home::with_users();
    let before = commits(home.folder());
    home.charge(charge_of(ada()));
    home.consume(consume_of(ada(), id(1))).unwrap();
    home.store.log_decision(decision(1));
    assert!(home.store.log_state().waits);
    // A read is answered after what was written before it: nothing is on its way to the disk.
    assert_eq!((commits(home.folder()) - before, all(&home.store)), (2, vec![]));
    // Another's charge takes it along.
    home.charge(charge_of(bob()));
    assert_eq!((commits(home.folder()) - before, all(&home.store)), (3, vec![decision(1)]));
    assert!(!home.store.log_state().waits);
}

#[test]
fn a_line_that_nobodys_write_takes_along_is_written_by_itself_and_by_a_stop() {
    let mut home = Home::new();
    home.store.log_decision(decision(1));
    wait(home.store.keep_log(ENDLESS)).unwrap();
    assert_eq!(all(&home.store), [decision(1)]);
    for number in 2..1_000 {
        home.store.log_decision(decision(number));
    }
    home.reopen();
    assert_eq!(all(&home.store), (1..1_000).map(decision).collect::<Vec<_>>());
}

#[test]
fn who_follows_is_woken_by_a_line_and_by_nothing_else() {
    let home = Home::with_users();
    let mut written = home.store.log_written();
    home.charge(charge_of(ada()));
    assert!(!written.has_changed().unwrap());
    home.store.log_decision(decision(1));
    home.charge(charge_of(ada()));
    let changed = async move { written.changed().await.is_ok() };
    assert!(wait(changed));
}

#[test]
fn the_log_is_read_by_user_by_time_and_from_where_one_stopped() {
    let home = Home::new();
    let line = |number: u32| Decision {
        at_s: WALL_S + i64::from(number),
        user: String::from(if number.is_multiple_of(3) { "bob" } else { "ada" }),
        ..decision(number)
    };
    write(&home.store, (1..=1_200).map(line), ENDLESS);
    assert_eq!(all(&home.store), (1..=1_200).map(line).collect::<Vec<_>>());
    let of_bob = read(&home.store, LogAsk { user: Some(String::from("bob")), ..ask() }).0;
    assert_eq!(of_bob, (1..=400).map(|number| line(3 * number)).collect::<Vec<_>>());
    let late = read(&home.store, LogAsk { since_s: WALL_S + 1_199, ..ask() }).0;
    assert_eq!(late, [line(1_199), line(1_200)]);
    let after = wait(home.store.newest_decision()).unwrap();
    assert_eq!(read(&home.store, LogAsk { after, ..ask() }).0, []);
    write(&home.store, [line(1_201)], ENDLESS);
    assert_eq!(read(&home.store, LogAsk { after, ..ask() }).0, [line(1_201)]);
}

#[test]
fn lines_go_when_they_are_too_old_by_a_clock_that_no_leap_moves() {
    let home = Home::new();
    let keep = LogLimits { keep_s: 86_400, ..ENDLESS };
    let line = |number: u32| Decision { at_s: WALL_S + i64::from(number) * 3_600, ..decision(number) };
    raise_mark(&home, at(0));
    write(&home.store, (0..48).map(line), keep);
    assert_eq!(all(&home.store).len(), 48);
    // The mark follows small steps only: a clock ten years ahead is a mistake, and empties nothing.
    let leap = Moment { wall_s: WALL_S + 315_360_000, ..at(0) };
    raise_mark(&home, leap);
    wait(home.store.keep_log(keep)).unwrap();
    assert_eq!(all(&home.store).len(), 48);
    for hours in [20, 40] {
        raise_mark(&home, at(hours * 3_600_000));
    }
    wait(home.store.keep_log(keep)).unwrap();
    // At the fortieth hour with a day kept: from the sixteenth on.
    assert_eq!(all(&home.store), (16..48).map(line).collect::<Vec<_>>());
    assert!(!home.store.log_state().waits);
}

#[test]
fn the_log_stays_within_its_size_in_the_file_too_and_shrinks_in_small_steps() {
    let home = Home::new();
    let small = LogLimits { size_bytes: 200_000, ..ENDLESS };
    write(&home.store, (0..2_000).map(decision), small);
    wait(home.store.keep_log(small)).unwrap();
    let before = std::fs::metadata(home.path()).unwrap().len();
    let kept = all(&home.store);
    assert_eq!(kept.last(), Some(&decision(1_999)), "the oldest go first");
    write(&home.store, (2_000..12_000).map(decision), small);
    let now = all(&home.store);
    assert!((1_000..=2_000).contains(&now.len()), "{} lines of 100 bytes and more", now.len());
    assert_eq!(now.last(), Some(&decision(11_999)));
    let grown = std::fs::metadata(home.path()).unwrap().len() - before;
    assert!(grown < 300_000, "six times as many lines, {grown} bytes more");
    // Less is kept from now on: a write takes so much away and no more, and says that there is more to do.
    let less = LogLimits { size_bytes: 20_000, ..ENDLESS };
    wait(home.store.keep_log(less)).unwrap();
    assert_eq!(all(&home.store).len(), now.len() - 500);
    assert!(home.store.log_state().waits);
    while home.store.log_state().waits {
        wait(home.store.keep_log(less)).unwrap();
    }
    let left = all(&home.store).len();
    assert!((100..=200).contains(&left), "{left}");
}

#[test]
fn decoys_are_counted_by_hour_and_service_and_made_up_services_take_no_room() {
    let mut home = Home::new();
    let decoys = |hour: i64, service: &str, count| Decoys {
        hour_s: WALL_S - WALL_S % 3_600 + hour * 3_600,
        service: String::from(service),
        count,
    };
    for _ in 0..412 {
        home.store.log_decoys(decoys(0, "sshd", 1));
    }
    wait(home.store.keep_log(ENDLESS)).unwrap();
    home.store.log_decoys(decoys(0, "sshd", 1));
    home.store.log_decoys(decoys(1, "login", 1));
    home.reopen();
    let counted = |since_s| wait(home.store.decoys(since_s)).unwrap();
    assert_eq!(counted(i64::MIN), [decoys(0, "sshd", 413), decoys(1, "login", 1)]);
    assert_eq!(counted(WALL_S + 3_600), [decoys(1, "login", 1)]);
    assert_eq!(all(&home.store), []);
    for number in 0..100 {
        home.store.log_decoys(decoys(2, &format!("made-up-{number:02}"), 1));
    }
    wait(home.store.keep_log(ENDLESS)).unwrap();
    let made_up = counted(WALL_S + 7_200);
    assert_eq!((made_up.len(), made_up.iter().map(|counted| counted.count).sum::<u64>()), (17, 100));
    // They go when they are too old, as the lines do.
    raise_mark(&home, Moment { wall_s: WALL_S + 200_000, ..at(0) });
    wait(home.store.keep_log(LogLimits { keep_s: 86_400, ..ENDLESS })).unwrap();
    assert_eq!(counted(i64::MIN), []);
}

#[test]
fn a_damaged_line_is_left_out_and_told_and_seals_nothing() {
    let home = Home::new();
    write(&home.store, (0..100).map(decision), ENDLESS);
    home.store.close().unwrap();
    let mut bytes = std::fs::read(home.path()).unwrap();
    let place = bytes.windows(8).position(|window| window == b"R0000042").unwrap();
    bytes[place + 7] = b'3';
    std::fs::write(home.path(), bytes).unwrap();
    let store = SqliteStore::open(&home.path()).unwrap();
    let (lines, damaged) = read(&store, ask());
    assert_eq!((lines.len(), damaged), (99, 1));
    // And the newest one's does not keep further ones away.
    write(&store, [decision(100)], ENDLESS);
    assert_eq!(all(&store).last(), Some(&decision(100)));
}

#[test]
fn a_log_that_cannot_be_written_is_told_and_what_it_holds_is_bounded() {
    let home = Home::new();
    home.store.close().unwrap();
    for number in 0..10_000 {
        home.store.log_decision(decision(number));
    }
    assert!(wait(home.store.keep_log(ENDLESS)).is_err());
    let told = home.store.log_state().fault.unwrap();
    assert!(told.contains("4096 lines wait, 5904 were lost"), "{told}");
}
