//! kill -9 of the Setup window, before anything is saved and at each change that a save makes of files: the settings are the old ones or
//! the new ones, whole, and the next window opens.

use e2e::setup::{F2, F10, open, to, type_over};
use e2e::wait;
use e2e::window::Window;
use e2e::world::{Plan, World, text_of};
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;

/// flock(2): a save begins with it.
const LOCK: &str = if cfg!(target_arch = "x86_64") { "73" } else { "32" };

/// System calls by which files and processes come to know of something: open, write, sendto, fchown, fchmod, fsync, rename, unlink and
/// their kin.
const CHANGES: [&str; 12] = if cfg!(target_arch = "x86_64") {
    ["257", "1", "44", "93", "91", "74", "75", "82", "264", "316", "87", "263"]
} else {
    ["56", "64", "206", "55", "52", "82", "83", "38", "276", "35", "35", "38"]
};

fn text(world: &World) -> String {
    fs::read_to_string(world.config_file()).unwrap()
}

fn owner(world: &World) -> [u32; 3] {
    let metadata = fs::metadata(world.config_file()).unwrap();
    [metadata.mode(), metadata.uid(), metadata.gid()]
}

/// Whatever lies beside the settings is root's alone to write, and nobody's but the daemon's group to read.
fn nothing_beside_is_open_to_others(world: &World, when: &str) -> usize {
    // What `pam-2fa` keeps there of the store is no part of the settings.
    let is_other = |name: &str| name != "config.toml" && name != "generation";
    let all = fs::read_dir(world.path("etc")).unwrap().map(Result::unwrap);
    let others: Vec<_> = all.filter(|entry| is_other(&entry.file_name().to_string_lossy())).collect();
    for entry in &others {
        let metadata = entry.metadata().unwrap();
        assert_eq!((metadata.mode() & 0o037, metadata.uid()), (0, 0), "{when}: {}", entry.path().display());
        let is_daemons = metadata.gid() == 0 || metadata.gid() == fs::metadata(world.config_file()).unwrap().gid();
        assert!(is_daemons, "{when}: {}", entry.path().display());
    }
    others.len()
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn killed_with_everything_typed_and_nothing_saved_nothing_is_another_and_no_secret_lies_anywhere() {
    let world = Plan::default().start();
    let (before, was) = (text(&world), owner(&world));
    let mut window = open(&world, (80, 24), "C.UTF-8");
    type_over(&mut window, "Application name", "Killed Corp");
    to(&mut window, "Password");
    window.press(b"hunter2-of-nobody");
    let _ = window.wait_for("•••••");
    kill(pid(&window), Signal::SIGKILL).unwrap();
    assert_eq!(window.wait_for_end().code(), None);
    assert_eq!((text(&world), owner(&world)), (before, was));
    assert_eq!(nothing_beside_is_open_to_others(&world, "before saving"), 0);
    let mut window = open(&world, (80, 24), "C.UTF-8");
    assert!(window.screen().contains("Example Corp"), "{}", window.screen());
    window.press(F10);
    assert!(window.wait_for_end().success());
}

fn pid(window: &Window) -> Pid {
    // setsid(1) has become it.
    Pid::from_raw(window.pid().try_into().unwrap())
}

/// The threads of a window from the moment of F2 on that may be the one that saves: its first, and those that are started then.
struct Traced {
    pid: Pid,
    /// Of each whether it is inside of a system call.
    threads: BTreeMap<Pid, bool>,
    /// Which of them has the lock.
    saves: Option<Pid>,
}

impl Traced {
    fn attach(pid: Pid) -> Self {
        ptrace::attach(pid).unwrap();
        waitpid(pid, None).unwrap();
        ptrace::setoptions(pid, Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_TRACECLONE).unwrap();
        ptrace::syscall(pid, None).unwrap();
        Self { pid, threads: BTreeMap::from([(pid, false)]), saves: None }
    }

    /// Lets each thread that has stopped go on; whether the one that saves has stopped before a change. There it stays.
    fn comes_to_a_change(&mut self) -> bool {
        for (thread, is_inside) in self.threads.clone() {
            let how = WaitPidFlag::WNOHANG | WaitPidFlag::__WALL;
            match waitpid(thread, Some(how)).unwrap() {
                WaitStatus::StillAlive => continue,
                WaitStatus::PtraceSyscall(_) => {
                    self.threads.insert(thread, !is_inside);
                    let call =
                        fs::read_to_string(format!("/proc/{}/task/{thread}/syscall", self.pid)).unwrap_or_default();
                    let number = call.split(' ').next().unwrap_or_default();
                    if number == LOCK {
                        self.saves = Some(thread);
                    }
                    if !is_inside && self.saves == Some(thread) && CHANGES.contains(&number) {
                        return true;
                    }
                }
                WaitStatus::PtraceEvent(..) => {
                    let new = Pid::from_raw(ptrace::getevent(thread).unwrap().try_into().unwrap());
                    self.threads.insert(new, false);
                }
                WaitStatus::Exited(..) | WaitStatus::Signaled(..) => {
                    self.threads.remove(&thread);
                    continue;
                }
                // It has just been started.
                WaitStatus::Stopped(..) | WaitStatus::Continued(_) => {}
            }
            ptrace::syscall(thread, None).unwrap();
        }
        false
    }

    fn go_on(&self) {
        if let Some(thread) = self.saves {
            ptrace::syscall(thread, None).unwrap();
        }
    }
}

/// Presses save, and kills the window before that change, counted from 1 at the lock; whether it came so far.
fn killed_before(change: usize, window: &mut Window) -> bool {
    let mut traced = Traced::attach(pid(window));
    window.press(F2);
    let mut seen = 0;
    let came = wait::until("the save to come to its end", || {
        while traced.comes_to_a_change() {
            seen += 1;
            if seen == change {
                return Some(true);
            }
            traced.go_on();
        }
        window.screen().contains("+application = ").then_some(false)
    });
    // Ended by us, or by what ends the window now: no thread of it stays stopped.
    kill(traced.pid, Signal::SIGKILL).unwrap();
    let _ = window.wait_for_end();
    came
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn killed_before_any_change_of_a_save_the_settings_are_the_old_or_the_new_ones_whole() {
    let world = Plan::default().start();
    assert!(world.command(&["config", "seal"]).status.success());
    let was = owner(&world);
    let (mut olds, mut news, mut name) = (0, 0, String::from("Example Corp"));
    for change in 1.. {
        let old = text(&world);
        let next = format!("Name {change}");
        let new = old.replace(&format!("\"{name}\""), &format!("\"{next}\""));
        assert_ne!(old, new);
        let mut window = open(&world, (80, 24), "C.UTF-8");
        type_over(&mut window, "Application name", &next);
        if !killed_before(change, &mut window) {
            assert_eq!((text(&world), owner(&world)), (new, was));
            break;
        }
        let (now, when) = (text(&world), format!("before change {change}"));
        assert!(now == old || now == new, "{when}: {now}");
        assert_eq!(owner(&world), was, "{when}");
        let _left = nothing_beside_is_open_to_others(&world, &when);
        olds += usize::from(now == old);
        if now == new {
            news += 1;
            name = next;
        }
    }
    // Before and behind the rename there are some; and what was left beside is gone with the save that came to its end.
    assert!(olds >= 5 && news >= 2, "{olds} {news}");
    assert_eq!(nothing_beside_is_open_to_others(&world, "at the end"), 0);
    // The last one came to its end, and is in force.
    let shown = text_of(&world.command(&["config", "show", "policy.application"]));
    let last = shown.split_whitespace().skip(1).collect::<Vec<_>>().join(" ");
    let last = last.trim_matches('"');
    assert!(last.starts_with("Name ") && text(&world).contains(&format!("\"{last}\"")), "{shown}");
}
