//! Break-glass as root meets it at a console on a bad day: the host's own login, with configd dead, hung or sealed, and what refuses it.
//! What the module does in each case is in `module_break_glass.rs`.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed step is a failed test")]

use e2e::break_glass::{Code, Glass, codes};
use e2e::host::change_users;
use e2e::ns::LogMark;
use e2e::programs::Programs;
use e2e::ssh::PASSWORD;
use e2e::terminal::Terminal;
use e2e::world::{Plan, World, text_of};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::process::Command;
use std::sync::Once;

const PROMPT: &str = "No code can be checked now. Break-glass code: ";

/// Gives root the password that all have, once.
fn root_has_a_password() {
    static DONE: Once = Once::new();
    DONE.call_once(|| {
        let out = Command::new("openssl").args(["passwd", "-6", PASSWORD]).output().unwrap();
        change_users(&["usermod", "-p", text_of(&out).trim(), "root"]);
    });
}

fn done(world: &World, words: &[&str]) -> String {
    let out = world.command(words);
    assert!(out.status.success(), "pam-2fa {words:?}: {}", text_of(&out));
    text_of(&out)
}

/// Codes of a user, made while all is well.
fn made(world: &World, user: &str, count: &str) -> Vec<Code> {
    root_has_a_password();
    let out = world.command(&["break-glass", "create", count, "--user", user, "--reason", "a bad day", "--json"]);
    assert!(out.status.success(), "{}", text_of(&out));
    assert!(!text_of(&out).contains("not written"), "configd was told: {}", text_of(&out));
    codes(&String::from_utf8_lossy(&out.stdout))
}

/// `login` at a virtual terminal, with the right password.
fn console(programs: &Programs, user: &str) -> Terminal {
    at(programs, "tty9", &["login", user])
}

fn at(programs: &Programs, tty: &str, words: &[&str]) -> Terminal {
    let place = format!(
        "[ -e /dev/{tty} ] || : > /dev/{tty}; mount --bind \"$(tty)\" /dev/{tty} && exec \"$@\" <> /dev/{tty} >&0 2>&0"
    );
    let all = [&["sh", "-c", &place, "console"], words].concat();
    let mut login = programs.open(&all);
    login.wait_for("Password: ");
    login.type_line(PASSWORD);
    login
}

fn gets_in(mut login: Terminal, code: &Code) {
    login.wait_for(PROMPT);
    login.type_line(&code.code.to_lowercase());
    login.wait_for(&format!("Break-glass code {} is used up.", code.id));
    login.wait_for("# ");
    login.type_line("echo uid-$(id -u)");
    login.wait_for("uid-0");
}

fn is_refused_unasked(mut login: Terminal) {
    login.wait_for("Login incorrect");
    assert_eq!(login.count("glass"), 0, "{}", login.text());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn root_gets_in_at_a_console_with_configd_dead_hung_or_sealed_once_a_code_and_everything_says_so() {
    let mut world = Plan::default().policy("required = \"mandatory\"\nenrolment = \"administrator\"").start();
    let log = LogMark::now();
    let root = made(&world, "root", "6");
    let programs = Programs::breaking_glass(&world);

    // All is well: what configd decides is all that counts (root has no method here).
    let mut login = console(&programs, "root");
    login.wait_for("Login incorrect");
    assert_eq!(login.count("glass"), 0, "{}", login.text());

    world.kill_configd();
    gets_in(console(&programs, "root"), &root[0]);

    world.start_configd();
    let configd = Pid::from_raw(world.pids()[0].try_into().unwrap());
    kill(configd, Signal::SIGSTOP).unwrap();
    gets_in(console(&programs, "root"), &root[1]);
    kill(configd, Signal::SIGCONT).unwrap();

    world.stop_configd();
    fs::rename(world.path("state/key"), world.path("key")).unwrap();
    world.start_configd();
    assert!(done(&world, &["status"]).contains("sealed: every login"));
    gets_in(at(&programs, "ttyS3", &["login", "root"]), &root[2]);

    world.stop_configd();
    fs::rename(world.path("key"), world.path("state/key")).unwrap();
    let store = world.path("state/state.db");
    // What its log has of the page would be read in the place of it.
    let log_of_store = world.path("state/state.db-wal");
    let (whole, whole_log) = (fs::read(&store).unwrap(), fs::read(&log_of_store).unwrap());
    let mut damaged = whole.clone();
    damaged[4096..8192].fill(0x55);
    fs::write(&store, damaged).unwrap();
    fs::remove_file(&log_of_store).unwrap();
    world.start_configd();
    assert!(done(&world, &["status"]).contains("sealed: every login"));
    gets_in(console(&programs, "root"), &root[3]);
    // The same code a second time; then nothing.
    let mut login = console(&programs, "root");
    login.wait_for(PROMPT);
    login.type_line(&root[3].code);
    login.wait_for("That one is not good here. Break-glass code: ");
    login.type_line("");
    login.wait_for("Login incorrect");

    // Loud, in the system's log at once, and in pam-2fa's own as soon as there is one again.
    for code in &root[..4] {
        log.wait_for(&format!("BREAK-GLASS: code {} lets root (uid 0) at /dev/tty", code.id));
    }
    assert!(log.lines("BREAK-GLASS: ").iter().all(|line| line.starts_with("<81>")), "authpriv.alert");
    world.stop_configd();
    fs::write(&store, whole).unwrap();
    fs::write(&log_of_store, whole_log).unwrap();
    world.start_configd();
    let told = done(&world, &["status"]);
    assert!(told.contains("2 codes good") && told.contains("4 used"), "{told}");
    assert_eq!(told.matches("it stands in configd's log now").count(), 4, "{told}");
    let log = done(&world, &["log", "--user", "root"]);
    assert_eq!((log.matches("break-glass-made").count(), log.matches("break-glass-used").count()), (1, 4), "{log}");
    assert!(log.contains("a bad day") && root.iter().all(|code| !log.contains(&code.code)), "{log}");
    assert!(!done(&world, &["status"]).contains("now"));
    let journal = world.logs();
    assert!(journal.contains("a break-glass code let somebody in"), "{journal}");
    let listed = done(&world, &["break-glass", "list"]);
    assert_eq!((listed.matches(" used ").count(), listed.matches(" good ").count()), (4, 2), "{listed}");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn other_users_their_own_codes_su_and_what_is_no_console() {
    let mut world = Plan::default().start();
    let (ada, bob) = (world.person("ada"), world.person("bob"));
    let (root, adas) = (made(&world, "root", "2"), made(&world, &ada.host.name, "1"));
    let programs = Programs::breaking_glass(&world);
    world.kill_configd();
    // bob has none; ada is asked, and root's opens nothing of hers.
    is_refused_unasked(console(&programs, &bob.host.name));
    let mut login = console(&programs, &ada.host.name);
    login.wait_for(PROMPT);
    login.type_line(&root[0].code);
    login.wait_for("That one is not good here.");
    login.type_line(&adas[0].code);
    login.wait_for("is used up.");
    login.wait_for("$ ");
    // A pseudo-terminal is none, nor is a remote login at a console.
    let mut login = programs.open(&["login", "root"]);
    login.wait_for("Password: ");
    login.type_line(PASSWORD);
    is_refused_unasked(login);
    is_refused_unasked(at(&programs, "tty9", &["login", "-h", "203.0.113.5", "root"]));
    // Whoever calls su could hold it up and choose its terminal: it asks for none.
    let uid = format!("--reuid={}", ada.host.uid);
    let mut su = at(&programs, "tty9", &["setpriv", &uid, "--clear-groups", "su", "-c", "echo uid-$(id -u)"]);
    su.wait_for("Authentication");
    assert_eq!((su.count("glass"), su.count("uid-0")), (0, 0), "{}", su.text());
    gets_in(console(&programs, "root"), &root[1]);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn over_ssh_nobody_is_asked_for_one() {
    let glass = Glass::take();
    let log = LogMark::now();
    let mut world = Plan::default().break_glass().sshd("PermitRootLogin yes").start();
    root_has_a_password();
    let ada = world.person("ada");
    let adas = glass.make(&ada.host.name, 1);
    let _roots = glass.make("root", 1);
    world.kill_configd();
    let mut ssh = world.ssh(&ada).open_with_password();
    ssh.wait_for_denial();
    assert_eq!(ssh.count("glass"), 0, "{}", ssh.text());
    log.wait_for("sshd: pam_2fa(sshd:auth): break-glass");
    // Not even where the client answers whatever it is asked.
    assert!(!fs::read_to_string(e2e::break_glass::FILE).unwrap().contains("\nu "), "{:?} is unused", adas[0].id);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn on_a_root_that_cannot_be_written_nobody_gets_in_by_a_code_that_would_stay_good() {
    let mut world = Plan::default().start();
    let log = LogMark::now();
    let root = made(&world, "root", "1");
    let programs = Programs::breaking_glass(&world);
    world.kill_configd();
    let read_only = "mount -o remount,bind,ro /etc/pam-2fa && exec \"$@\"";
    is_refused_unasked(at(&programs, "tty9", &["sh", "-c", read_only, "sh", "login", "root"]));
    log.wait_for("Read-only file system");
    gets_in(console(&programs, "root"), &root[0]);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_code_that_was_revoked_lets_nobody_in_and_the_others_do() {
    let mut world = Plan::default().policy("required = \"mandatory\"\nenrolment = \"administrator\"").start();
    let root = made(&world, "root", "2");
    let said = done(&world, &["break-glass", "revoke", &root[0].id]);
    assert!(said.contains("1 code of break-glass taken back"), "{said}");
    let programs = Programs::breaking_glass(&world);
    world.kill_configd();
    let mut login = console(&programs, "root");
    login.wait_for(PROMPT);
    login.type_line(&root[0].code);
    login.wait_for("That one is not good here. Break-glass code: ");
    login.type_line("");
    login.wait_for("Login incorrect");
    gets_in(console(&programs, "root"), &root[1]);
}
