//! kill -9, at any moment: what was acknowledged is there, and a first start is carried on.

use crate::common::*;
use configd::limits::{Standing, TryLimits};
use configd::random::{KernelRandom, bytes};
use configd::seal::{MasterKey, Start, open_vault};
use configd::store::sqlite::SqliteStore;
use configd::store::{Authenticator, Bucket, Charge, Charged, Consume, Consumed, Enrol, Proof, Remember, Store};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Never a wait, so that every charge is done.
const ENDLESS: TryLimits =
    TryLimits { attempts: u32::MAX, before_disabled: u32::MAX, first_wait_s: 0, longest_wait_s: 0, lock: None };

/// Threads of the child, each with one charge under way.
const AT_ONCE: u32 = 4;

/// Starts one of the "children" below in `folder`.
fn start(child: &str, folder: &Path) -> Child {
    std::fs::write(folder.join(child), "").unwrap();
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "--test-threads=1"])
        .arg(format!("crash::{child}"))
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Whether this process was started by [`start`]; someone who runs all ignored tests by hand did not.
fn is_child(name: &str) -> bool {
    Path::new(name).exists()
}

fn up_to(most: u32) -> u32 {
    u32::from_le_bytes(bytes(&KernelRandom).unwrap()) % most
}

#[test]
#[ignore = "a child of the tests here, not a test"]
fn child_that_charges() {
    if !is_child("child_that_charges") {
        return;
    }
    let store = SqliteStore::open(&std::env::current_dir().unwrap().join("state.db")).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let charge = Charge { limits: ENDLESS, ..charge_of(ada()) };
                    assert!(matches!(wait(store.charge_attempt(charge)).unwrap(), Charged::Done(_)));
                    say("charged");
                }
            });
        }
    });
}

#[test]
fn after_a_kill_at_any_moment_no_acknowledged_charge_is_missing() {
    const ROUNDS: u32 = 30;
    let mut home = Home::with_users();
    let mut acknowledged = 0_u32;
    for round in 1..=ROUNDS {
        home.store.close().unwrap();
        let mut child = start("child_that_charges", home.folder());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut heard = 0;
        let until = 1 + up_to(60);
        while heard < until {
            heard += u32::from(lines.next().unwrap() == "charged");
        }
        // Anywhere in the next commits: no event of the child's would be as good as none.
        std::thread::sleep(Duration::from_micros(u64::from(up_to(2_000))));
        child.kill().unwrap();
        child.wait().unwrap();
        heard += u32::try_from(lines.filter(|line| line == "charged").count()).unwrap();
        acknowledged += heard;

        home.store = SqliteStore::open(&home.path()).unwrap();
        let standing = standing(&home.store, ada(), Authenticator::Email, Bucket::Stranger, ENDLESS, at(0));
        let Standing::Open { failures } = wait(standing).unwrap() else { panic!() };
        assert!(failures >= acknowledged, "round {round}: {failures} on disk, {acknowledged} acknowledged");
        // And no more than were asked for: one a thread may have been cut off before it was acknowledged.
        assert!(failures <= acknowledged + round * AT_ONCE, "round {round}: {failures}, {acknowledged}");
    }
}

#[test]
#[ignore = "a child of the tests here, not a test"]
fn child_that_uses_codes() {
    if !is_child("child_that_uses_codes") {
        return;
    }
    let store = SqliteStore::open(&std::env::current_dir().unwrap().join("state.db")).unwrap();
    // Far more than one round uses: if none is ever good, the end of this child is what its parent sees.
    for number in 0_u128..100_000 {
        match wait(store.consume_code(use_with_device(number))).unwrap() {
            Consumed::Done => say(&format!("used {number}")),
            Consumed::AlreadyUsed | Consumed::Disabled => {}
        }
    }
}

/// A code that is used with its number's device remembered: the number stands in its label.
fn use_with_device(number: u128) -> Consume {
    let label = format!("device {number}");
    let id_of = configd::store::DeviceId(format!("{number:08X}"));
    let remember = Some(Remember { id: id_of, label, ..crate::devices::remember(1) });
    Consume { remember, ..consume_of(ada(), id(number)) }
}

#[test]
fn after_a_kill_at_any_moment_a_device_is_remembered_exactly_where_its_code_is_used() {
    let mut home = Home::with_users();
    for _ in 0..15 {
        home.store.close().unwrap();
        let mut child = start("child_that_uses_codes", home.folder());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        for _ in 0..3 + up_to(60) {
            lines.next().unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        home.store = SqliteStore::open(&home.path()).unwrap();
        // The last that was used, acknowledged or not, is the one that is remembered.
        let devices = wait(home.store.devices(String::from("ada"))).unwrap();
        let number: u128 = devices[0].label.strip_prefix("device ").unwrap().parse().unwrap();
        assert_eq!(home.consume(consume_of(ada(), id(number))).unwrap(), Consumed::AlreadyUsed);
        assert_eq!(home.consume(use_with_device(number + 1)).unwrap(), Consumed::Done, "{number} was not the last");
    }
}

#[test]
fn after_a_kill_at_any_moment_no_used_code_is_good_again() {
    let mut home = Home::with_users();
    let mut next = 0_u128;
    for _ in 0..15 {
        home.store.close().unwrap();
        let mut child = start("child_that_uses_codes", home.folder());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut used: Vec<u128> = Vec::new();
        let mut hear =
            |line: String| used.extend(line.strip_prefix("used ").map(|number| number.parse::<u128>().unwrap()));
        for _ in 0..3 + up_to(60) {
            hear(lines.next().unwrap());
        }
        child.kill().unwrap();
        child.wait().unwrap();
        lines.for_each(&mut hear);

        home.store = SqliteStore::open(&home.path()).unwrap();
        // At most one was used and not acknowledged.
        assert!(used.first().is_none_or(|first| *first <= next + 1), "{used:?} after {next}");
        next = used.last().map_or(next, |last| last + 1);
        for number in used {
            assert_eq!(home.consume(consume_of(ada(), id(number))).unwrap(), Consumed::AlreadyUsed, "{number}");
        }
    }
    assert!(next > 0);
}

/// More than the rounds below use up.
const MOST: u16 = 2_000;

/// What the child below uses up: its number tells which kind, and which of it.
fn use_once(number: u16) -> Consume {
    let proof = match number % 2 {
        0 => Proof::App { id: String::from("app1"), step: 101 + i64::from(number) },
        _ => Proof::Recovery { mac: recovery(number) },
    };
    Consume { proof, ..consume_of(ada(), id(u128::from(number))) }
}

fn recovery(number: u16) -> [u8; 32] {
    let mut mac = [0; 32];
    mac[..2].copy_from_slice(&number.to_be_bytes());
    mac
}

#[test]
#[ignore = "a child of the tests here, not a test"]
fn child_that_uses_apps_and_recovery_codes() {
    if !is_child("child_that_uses_apps_and_recovery_codes") {
        return;
    }
    let store = SqliteStore::open(&std::env::current_dir().unwrap().join("state.db")).unwrap();
    for number in 0..MOST {
        if wait(store.consume_code(use_once(number))).unwrap() == Consumed::Done {
            say(&format!("used {number}"));
        }
    }
}

#[test]
fn after_a_kill_at_any_moment_no_step_and_no_recovery_code_is_good_again() {
    let mut home = Home::with_users();
    let codes = (0..MOST).filter(|number| number % 2 == 1).map(recovery).collect();
    crate::methods::enrol(&home, Enrol { recovery: Some(codes), ..crate::methods::enrol_of(ada()) });
    let mut all = 0;
    for _ in 0..8 {
        home.store.close().unwrap();
        let mut child = start("child_that_uses_apps_and_recovery_codes", home.folder());
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut used: Vec<u16> = Vec::new();
        let mut hear =
            |line: String| used.extend(line.strip_prefix("used ").map(|number| number.parse::<u16>().unwrap()));
        for _ in 0..3 + up_to(60) {
            hear(lines.next().unwrap());
        }
        child.kill().unwrap();
        child.wait().unwrap();
        lines.for_each(&mut hear);
        home.store = SqliteStore::open(&home.path()).unwrap();
        all += used.len();
        for number in used {
            // In another login, so that it is not the challenge that is used.
            let again = Consume { challenge: id(10_000 + u128::from(number)), ..use_once(number) };
            assert_eq!(home.consume(again).unwrap(), Consumed::AlreadyUsed, "{number}");
        }
    }
    assert!(all > 20, "{all}");
}

#[test]
#[ignore = "a child of the tests here, not a test"]
fn child_that_starts_first() {
    if !is_child("child_that_starts_first") {
        return;
    }
    let folder = std::env::current_dir().unwrap();
    say("starting");
    drop(open_vault(&folder, &folder.join("none"), &KernelRandom).unwrap());
    say("started");
}

#[test]
fn a_first_start_killed_at_any_moment_is_carried_on_with_the_same_key() {
    let (mut cut_off, mut finished) = (0, 0);
    for _ in 0..60 {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path();
        let mut child = start("child_that_starts_first", folder);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        assert!(lines.any(|line| line == "starting"));
        // Anywhere in a first start, which takes some milliseconds.
        std::thread::sleep(Duration::from_micros(u64::from(up_to(15_000))));
        child.kill().unwrap();
        child.wait().unwrap();
        let was_finished = lines.any(|line| line == "started");
        let before = MasterKey::read(&folder.join("key"));

        let vault = open_vault(folder, &folder.join("none"), &KernelRandom).unwrap();
        assert!(vault.start == Start::First || folder.join("created").exists());
        if let Ok(before) = &before {
            assert_eq!(vault.keys.id(), before.id());
        }
        assert!(before.is_ok() || !was_finished);
        drop(vault);
        assert_eq!(open_vault(folder, &folder.join("none"), &KernelRandom).unwrap().start, Start::Again);
        if was_finished { finished += 1 } else { cut_off += 1 }
    }
    // Else the moments above are no longer those of a first start, and this shows nothing.
    assert!(cut_off >= 3, "{cut_off} cut off, {finished} finished");
}
