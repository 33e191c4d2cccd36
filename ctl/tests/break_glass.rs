//! `break-glass` as an administrator sees it: what is shown and told, and what becomes of the file.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the tests' own helpers; a test that cannot run must say so"
)]

mod common;

use common::{Daemon, Reply};
use nix::sys::ptrace;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;
use pam_2fa_protocol::admin;
use pam_2fa_protocol::break_glass::{RECORD, Record, State, records, with_state};
use serde_json::{Value, json};
use std::fs::{File, metadata, read, remove_file, set_permissions, write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// In every /etc/passwd.
const USER: &str = "daemon";

fn keeper() -> Daemon {
    Daemon::start(|method, _| {
        assert_eq!(method, admin::BREAK_GLASS_CHANGED);
        vec![Reply::Done(json!({}))]
    })
}

fn file(daemon: &Daemon) -> PathBuf {
    daemon.runtime_dir().join("break-glass")
}

fn create(daemon: &Daemon, words: &[&str]) -> String {
    daemon.run(&[&["break-glass", "create"], words, &["--reason", "cold site"]].concat())
}

/// The ids in the file with their states, in its order.
fn stands(daemon: &Daemon) -> Vec<(String, State)> {
    let bytes = read(file(daemon)).unwrap();
    records(&bytes).unwrap().map(|(_, record)| record.unwrap()).map(|one| (one.id.to_owned(), one.state)).collect()
}

fn ids(daemon: &Daemon) -> Vec<String> {
    stands(daemon).into_iter().map(|(id, _)| id).collect()
}

/// What the module does with a right code.
fn mark_used(daemon: &Daemon, number: usize) {
    let mut bytes = read(file(daemon)).unwrap();
    bytes[(number + 1) * RECORD] = State::Used.byte();
    write(file(daemon), bytes).unwrap();
}

#[test]
fn codes_are_shown_once_and_the_file_is_roots_alone_and_has_their_hashes() {
    needs_root!();
    let daemon = keeper();
    let shown = create(&daemon, &["2", "--user", USER]);
    let codes: Vec<&str> = shown.lines().take(2).map(|line| line.split_whitespace().nth(1).unwrap()).collect();
    assert!(codes.iter().all(|code| code.len() == 34 && code.matches('-').count() == 6), "{shown}");
    assert!(
        shown.contains("not shown again") && shown.contains("at a console, when no code can be checked"),
        "{shown}"
    );
    assert!(shown.ends_with("=== 0"), "{shown}");
    let about = metadata(file(&daemon)).unwrap();
    assert_eq!((about.uid(), about.mode() & 0o7777, about.len()), (0, 0o600, 3 * 512));
    let bytes = read(file(&daemon)).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    for code in codes {
        let plain = code.replace('-', "");
        assert!(!text.contains(&plain) && !text.contains(&plain[..8]), "{text}");
        assert!(daemon.calls().iter().all(|call| !call.contains(code)), "configd hears of no code");
    }
    let record = Record::parse(&bytes[RECORD..2 * RECORD]).unwrap();
    assert_eq!((record.name, record.reason(), record.state), (USER, "cold site", State::Unused));
    assert_eq!(record.until_s - record.made_s().unwrap(), 90 * 86_400);
    let told = daemon.calls();
    assert_eq!(told.len(), 1);
    for part in ["\"change\":\"made\"", &ids(&daemon)[0], &ids(&daemon)[1], "\"reason\":\"cold site\"", "\"by\":"] {
        assert!(told[0].contains(part), "{part}: {told:?}");
    }
}

#[test]
fn by_default_there_are_five_for_root_and_json_has_all_of_it() {
    needs_root!();
    let daemon = keeper();
    let shown = daemon.run(&["break-glass", "create", "--reason", "x", "--for", "1d", "--json"]);
    let answer: Value = serde_json::from_str(shown.split("---").next().unwrap()).unwrap();
    assert_eq!(
        (answer["codes"].as_array().unwrap().len(), &answer["user"], &answer["uid"]),
        (5, &json!("root"), &json!(0))
    );
    let listed = daemon.run(&["break-glass", "list", "--json"]);
    let listed: Value = serde_json::from_str(listed.split("---").next().unwrap()).unwrap();
    assert_eq!(listed["codes"][4]["id"], answer["codes"][4]["id"]);
    assert_eq!((&listed["codes"][0]["state"], &listed["damaged"]), (&json!("good"), &json!(0)));
    assert_eq!(listed["codes"][0].get("code"), None);
}

#[test]
fn without_configd_it_works_all_the_same_and_says_that_no_log_has_it() {
    needs_root!();
    let daemon = Daemon::absent();
    let shown = create(&daemon, &["1"]);
    assert!(shown.contains("not written to configd's log: ") && shown.ends_with("=== 0"), "{shown}");
    assert_eq!(stands(&daemon).len(), 1);
    let shown = daemon.run(&["break-glass", "revoke", "--all"]);
    assert!(shown.contains("1 code of break-glass taken back") && shown.ends_with("=== 0"), "{shown}");
    assert!(!file(&daemon).exists());
    let shown = daemon.run(&["break-glass", "list"]);
    assert!(shown.contains("there are no break-glass codes") && shown.ends_with("=== 0"), "{shown}");
}

#[test]
fn a_use_is_told_to_configd_by_the_next_command_once_or_as_soon_as_it_is_there() {
    needs_root!();
    let away = Daemon::absent();
    create(&away, &["3"]);
    mark_used(&away, 1);
    let used = ids(&away)[1].clone();
    let shown = away.run(&["break-glass", "list"]);
    assert!(shown.contains("a break-glass code was used, and configd could not be told"), "{shown}");
    assert!(shown.lines().any(|line| line.starts_with(&used) && line.contains(" used ")), "{shown}");
    let daemon = Daemon::start(|method, _| match method {
        admin::BREAK_GLASS_CHANGED => vec![Reply::Done(json!({}))],
        _ => vec![Reply::Done(json!({"users": [], "user": null}))],
    });
    std::fs::copy(file(&away), file(&daemon)).unwrap();
    let written_s = metadata(file(&daemon)).unwrap().mtime();
    // Any command of root's.
    let shown = daemon.run(&["user", "list"]);
    assert!(shown.contains(&format!("break-glass code {used} of root, used at ")), "{shown}");
    let told = || daemon.calls().into_iter().filter(|call| call.contains("\"used\"")).collect::<Vec<_>>();
    assert!(told().len() == 1 && told()[0].contains(&used) && told()[0].contains("\"at\":"), "{:?}", daemon.calls());
    assert_eq!(stands(&daemon)[1], (used, State::Noted));
    assert_eq!(metadata(file(&daemon)).unwrap().mtime(), written_s, "the time of the use is not the time of its note");
    daemon.run(&["user", "list"]);
    assert_eq!(told().len(), 1);
    // A sealed daemon has no log: it is told again later.
    let sealed = Daemon::start(|_, _| vec![Reply::Error(admin::SEALED, json!({"reason": "there is no key"}))]);
    std::fs::copy(file(&away), file(&sealed)).unwrap();
    let shown = sealed.run(&["break-glass", "list"]);
    assert!(shown.contains("could not be told") && shown.contains("there is no key"), "{shown}");
    assert_eq!(stands(&sealed)[1].1, State::Used);
}

#[test]
fn a_new_code_keeps_the_old_ones_but_for_what_is_over_and_written_down() {
    needs_root!();
    let daemon = keeper();
    create(&daemon, &["4"]);
    let mut bytes = read(file(&daemon)).unwrap();
    // Over: unused, used and told, used and not told; and one that is good.
    for number in 1..4 {
        bytes[number * RECORD + 34..number * RECORD + 45].copy_from_slice(b"01000000000");
    }
    bytes[2 * RECORD] = State::Noted.byte();
    bytes[3 * RECORD] = State::Used.byte();
    write(file(&daemon), &bytes).unwrap();
    let before = ids(&daemon);
    create(&daemon, &["1"]);
    let after = ids(&daemon);
    assert_eq!((&after[..2], after.len()), (&before[2..], 3));
}

#[test]
fn codes_are_revoked_by_id_by_user_or_all_and_where_one_is_not_there_none_is() {
    needs_root!();
    let daemon = keeper();
    create(&daemon, &["3"]);
    create(&daemon, &["2", "--user", USER]);
    let all = ids(&daemon);
    let shown = daemon.run(&["break-glass", "revoke", &all[0], "K7Q2M9XD"]);
    assert!(shown.contains("there is no break-glass code K7Q2M9XD") && shown.ends_with("=== 1"), "{shown}");
    assert_eq!(ids(&daemon), all);
    let shown = daemon.run(&["break-glass", "revoke", &all[0].to_lowercase(), &all[4]]);
    assert!(shown.contains("2 codes of break-glass taken back") && shown.ends_with("=== 0"), "{shown}");
    assert_eq!(ids(&daemon), all[1..4]);
    let told: Vec<String> = daemon.calls().into_iter().filter(|call| call.contains("revoked")).collect();
    assert_eq!(told.len(), 2, "one for each user: {told:?}");
    daemon.run(&["break-glass", "revoke", "--user", USER]);
    assert_eq!(ids(&daemon), all[1..3]);
    let shown = daemon.run(&["break-glass", "revoke", "--user", USER]);
    assert!(shown.contains("daemon has no break-glass codes") && shown.ends_with("=== 1"), "{shown}");
    daemon.run(&["break-glass", "revoke", "--all"]);
    assert_eq!(daemon.files(), Vec::<String>::new());
}

#[test]
fn of_a_use_that_no_log_has_the_record_stays_though_it_is_revoked() {
    needs_root!();
    let daemon = Daemon::absent();
    create(&daemon, &["2"]);
    mark_used(&daemon, 1);
    let used = ids(&daemon)[1].clone();
    let shown = daemon.run(&["break-glass", "revoke", "--all"]);
    assert!(
        shown.contains("1 code of break-glass taken back") && shown.contains(&format!("{used} was used")),
        "{shown}"
    );
    assert_eq!(stands(&daemon), [(used, State::Used)]);
}

#[test]
fn a_daemon_that_does_not_answer_keeps_no_login_from_the_file() {
    needs_root!();
    let (asked, is_asked) = std::sync::mpsc::channel();
    let (answer, may_answer) = std::sync::mpsc::channel::<()>();
    let daemon = Daemon::start(move |_, _| {
        asked.send(()).unwrap();
        may_answer.recv().unwrap();
        vec![Reply::Done(json!({}))]
    });
    let away = Daemon::absent();
    create(&away, &["1"]);
    mark_used(&away, 0);
    std::fs::copy(file(&away), file(&daemon)).unwrap();
    let listed = std::thread::scope(|scope| {
        let list = scope.spawn(|| daemon.run(&["break-glass", "list"]));
        is_asked.recv().unwrap();
        let module = File::options().read(true).write(true).open(file(&daemon)).unwrap();
        module.try_lock().expect("nobody has it while configd is asked");
        drop(module);
        answer.send(()).unwrap();
        list.join().unwrap()
    });
    assert!(listed.contains("it stands in configd's log now"), "{listed}");
}

#[test]
fn whoever_holds_the_folder_keeps_nobody_from_looking_and_no_command_for_ever() {
    needs_root!();
    let daemon = keeper();
    create(&daemon, &["1"]);
    let held = File::open(daemon.runtime_dir()).unwrap();
    held.lock().unwrap();
    let shown = daemon.run(&["break-glass", "list"]);
    assert!(shown.contains(" good ") && shown.ends_with("=== 0"), "{shown}");
    let shown = create(&daemon, &["1"]);
    assert!(shown.contains("another process has it") && shown.ends_with("=== 1"), "{shown}");
}

#[test]
fn codes_that_could_not_be_shown_are_taken_back() {
    needs_root!();
    let daemon = keeper();
    create(&daemon, &["1"]);
    let before = ids(&daemon);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_pam-2fa"))
        .arg("--runtime-dir")
        .arg(daemon.runtime_dir())
        .arg("--config")
        .arg(daemon.config())
        .args(["break-glass", "create", "3", "--reason", "x"])
        .stdout(full)
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!((status.code(), ids(&daemon)), (Some(1), before));
}

#[test]
fn a_clock_behind_the_files_last_write_gives_no_code_a_longer_life() {
    needs_root!();
    let daemon = keeper();
    create(&daemon, &["2"]);
    let touched = Command::new("touch").args(["-d", "+91 days"]).arg(file(&daemon)).status().unwrap();
    assert!(touched.success());
    let written_s = metadata(file(&daemon)).unwrap().mtime();
    daemon.run(&["break-glass", "revoke", &ids(&daemon)[0]]);
    assert_eq!((ids(&daemon).len(), metadata(file(&daemon)).unwrap().mtime()), (1, written_s));
    let shown = daemon.run(&["break-glass", "list"]);
    assert!(shown.contains(" expired "), "{shown}");
    let shown = create(&daemon, &["1"]);
    assert!(shown.contains("set the clock right") && shown.ends_with("=== 1"), "{shown}");
}

#[test]
fn what_is_wrong_is_one_line_and_changes_nothing() {
    needs_root!();
    let daemon = keeper();
    create(&daemon, &["1"]);
    let before = read(file(&daemon)).unwrap();
    for (words, says, status) in [
        (&["create"][..], "--reason", 2),
        (&["create", "0", "--reason", "x"], "1..=20", 2),
        (&["create", "21", "--reason", "x"], "1..=20", 2),
        (&["create", "--reason", ""], "one line", 2),
        (&["create", "--reason", "two\nlines"], "one line", 2),
        (&["create", "--reason", "x", "--for", "401d"], "1 second to 400 days", 2),
        (&["create", "--reason", "x", "--for", "0d"], "1 second to 400 days", 2),
        (&["create", "--reason", "x", "--for", "soon"], "write 90d", 2),
        (&["create", "--reason", "x", "--user", "nobody-of-this-host"], "no user nobody-of-this-host", 1),
        (&["revoke"], "<ID|--user", 2),
        (&["revoke", "--all", "--user", "root"], "cannot be used with", 2),
    ] {
        let shown = daemon.run(&[&["break-glass"], words].concat());
        let said = shown.strip_prefix("---\n").unwrap_or_else(|| panic!("{words:?}: {shown}"));
        assert!(said.contains(says) && said.ends_with(&format!("=== {status}")), "{words:?}: {shown}");
        assert_eq!(said.lines().count(), 2, "{words:?}: {shown}");
    }
    assert_eq!(read(file(&daemon)).unwrap(), before);
}

#[test]
fn a_file_that_others_could_have_written_or_that_is_none_is_not_touched_and_it_is_said() {
    needs_root!();
    let daemon = keeper();
    create(&daemon, &["1"]);
    set_permissions(file(&daemon), PermissionsExt::from_mode(0o660)).unwrap();
    let before = read(file(&daemon)).unwrap();
    for words in [&["create", "--reason", "x"][..], &["list"], &["revoke", "--all"]] {
        let shown = daemon.run(&[&["break-glass"], words].concat());
        assert!(shown.contains("can be read or written by others than root") && shown.ends_with("=== 1"), "{shown}");
    }
    assert_eq!(read(file(&daemon)).unwrap(), before);
    write(file(&daemon), "somebody's notes").unwrap();
    set_permissions(file(&daemon), PermissionsExt::from_mode(0o600)).unwrap();
    let shown = create(&daemon, &["1"]);
    assert!(shown.contains("is no file of break-glass codes of this release") && shown.ends_with("=== 1"), "{shown}");
    assert_eq!(read(file(&daemon)).unwrap(), b"somebody's notes");
    remove_file(file(&daemon)).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", file(&daemon)).unwrap();
    let shown = create(&daemon, &["1"]);
    assert!(shown.contains("cannot open") && shown.ends_with("=== 1"), "{shown}");
}

#[test]
fn a_damaged_record_is_said_and_the_others_stay() {
    needs_root!();
    let daemon = keeper();
    create(&daemon, &["3"]);
    let all = ids(&daemon);
    let mut bytes = read(file(&daemon)).unwrap();
    bytes[2 * RECORD + 1] = b'x';
    write(file(&daemon), bytes).unwrap();
    let shown = daemon.run(&["break-glass", "list"]);
    assert!(shown.contains("1 record is damaged") && shown.contains(&all[0]) && shown.contains(&all[2]), "{shown}");
    create(&daemon, &["1"]);
    assert_eq!(ids(&daemon)[..2], [all[0].clone(), all[2].clone()]);
}

#[test]
fn eight_at_once_lose_nothing_and_sixty_four_are_the_most() {
    needs_root!();
    let daemon = keeper();
    let run = |count: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pam-2fa"));
        command.arg("--runtime-dir").arg(daemon.runtime_dir()).arg("--config").arg(daemon.config());
        command.args(["break-glass", "create", count, "--reason", "x"]).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let all: Vec<_> = (0..8).map(|_| run("8")).collect();
    for mut one in all {
        assert!(one.wait().unwrap().success());
    }
    let mut all = ids(&daemon);
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 64);
    let shown = create(&daemon, &["1"]);
    assert!(shown.contains("has 64 of 64 codes") && shown.ends_with("=== 1"), "{shown}");
}

/// Runs the command and kills it at that stop of its system calls; whether it came that far. It waits at first for the folder's lock.
fn killed_at(stop: usize, daemon: &Daemon, words: &[&str]) -> bool {
    let gate = File::open(daemon.runtime_dir()).unwrap();
    gate.lock().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_pam-2fa"))
        .arg("--runtime-dir")
        .arg("/nonexistent")
        .arg("--config")
        .arg(daemon.config())
        .args(words)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let pid = Pid::from_raw(i32::try_from(command.id()).unwrap());
    let waits = format!("/proc/{pid}/syscall");
    // clock_nanosleep(2) is 230 on x86-64 and 115 on arm64.
    let number = if cfg!(target_arch = "x86_64") { "230 " } else { "115 " };
    while !std::fs::read_to_string(&waits).unwrap().starts_with(number) {
        std::thread::yield_now();
    }
    ptrace::attach(pid).expect("this test needs ptrace(2): kernel.yama.ptrace_scope below 3, no seccomp filter on it");
    waitpid(pid, None).unwrap();
    drop(gate);
    let came_so_far = (0..stop).all(|_| {
        ptrace::syscall(pid, None).unwrap();
        !matches!(waitpid(pid, None).unwrap(), WaitStatus::Exited(..))
    });
    if came_so_far {
        command.kill().unwrap();
    }
    let _ = command.wait();
    came_so_far
}

#[test]
fn killed_at_any_system_call_the_file_is_the_old_one_or_the_new_one_and_no_used_code_comes_back() {
    needs_root!();
    let daemon = Daemon::absent();
    create(&daemon, &["3"]);
    mark_used(&daemon, 0);
    let old = read(file(&daemon)).unwrap();
    let (mut olds, mut news) = (0, 0);
    for stop in 1.. {
        write(file(&daemon), &old).unwrap();
        set_permissions(file(&daemon), PermissionsExt::from_mode(0o600)).unwrap();
        if !killed_at(stop, &daemon, &["break-glass", "create", "2", "--reason", "x"]) {
            break;
        }
        let now = read(file(&daemon)).unwrap();
        if now == old {
            olds += 1;
        } else {
            assert_eq!((&now[..old.len()], now.len()), (&old[..], old.len() + 2 * RECORD), "killed at stop {stop}");
            news += 1;
        }
        // The next run is none the worse for what was left.
        let shown = daemon.run(&["break-glass", "list"]);
        assert!(shown.ends_with("=== 0"), "killed at stop {stop}: {shown}");
    }
    assert_eq!(daemon.files(), ["break-glass"], "the run that came to its end took away what those before it had left");
    assert!(olds > 5 && news > 2, "{olds} {news}");
}

#[test]
fn status_has_a_line_and_a_problem_where_no_code_is_good() {
    needs_root!();
    let daemon = Daemon::start(|method, _| match method {
        admin::STATUS => vec![Reply::Done(json!({"status": {
            "version": "0.1.0", "state": "running", "since": "2026-11-24T08:00:00Z", "problems": [], "channels": [],
        }}))],
        _ => vec![Reply::Done(json!({}))],
    });
    let shown = daemon.run(&["status"]);
    assert!(!shown.contains("break-glass"), "{shown}");
    create(&daemon, &["2"]);
    let shown = daemon.run(&["status"]);
    assert!(shown.contains("break-glass  2 codes good, the last until ") && !shown.contains("problem"), "{shown}");
    let shown = daemon.run(&["status", "--json"]);
    let answer: Value = serde_json::from_str(shown.split("---").next().unwrap()).unwrap();
    assert_eq!(
        (&answer["status"]["state"], answer["break_glass"]["codes"].as_array().unwrap().len()),
        (&json!("running"), 2)
    );
    let bytes = read(file(&daemon)).unwrap();
    let used: Vec<Vec<u8>> = bytes[RECORD..].chunks(RECORD).map(|line| with_state(line, State::Used)).collect();
    write(file(&daemon), [&bytes[..RECORD], &used.concat()].concat()).unwrap();
    let shown = daemon.run(&["status"]);
    assert!(shown.contains("no code is good, 2 used"), "{shown}");
    assert!(shown.contains("problem: every break-glass code is used, over or damaged"), "{shown}");
    let shown = daemon.run(&["status", "--json"]);
    assert!(shown.contains("every break-glass code is used, over or damaged"), "{shown}");
    set_permissions(file(&daemon), PermissionsExt::from_mode(0o644)).unwrap();
    let shown = daemon.run(&["status"]);
    assert!(shown.contains("problem: DIR/break-glass: can be read or written by others than root"), "{shown}");
    let shown = daemon.run(&["status", "--json"]);
    assert!(shown.contains("\"break_glass_error\"") && shown.contains("others than root"), "{shown}");
    // Without configd it is what somebody wants to know.
    let away = Daemon::absent();
    create(&away, &["2"]);
    let shown = away.run(&["status"]);
    assert!(shown.contains("break-glass  2 codes good") && shown.ends_with("=== 3"), "{shown}");
}
