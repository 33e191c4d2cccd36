//! The terminal under the Setup window: given back as it was, whatever ends the window; used as far as it can be; and refused where
//! it cannot.

use e2e::daemon::COMMAND;
use e2e::setup::{ENTER, F2, F3, F5, F10, USERS, is_open, open, setup, to, type_over};
use e2e::wait;
use e2e::window::Window;
use e2e::world::{Plan, World, text_of};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

const SIZE: (u16, u16) = (80, 24);

fn pid(window: &Window) -> Pid {
    // setsid(1) has become it.
    Pid::from_raw(window.pid().try_into().unwrap())
}

/// How the kernel has a terminal that nobody has changed.
fn fresh() -> [u32; 4] {
    let mut window = Window::open("true", &[], SIZE, "C.UTF-8");
    let _ = window.wait_for_end();
    window.line()
}

/// Alternate screen left, the cursor shown, no mouse, no bracketed paste, and the line as it was.
fn is_given_back(window: &Window, how: &str) {
    assert_eq!(window.modes(), BTreeSet::from([25]), "{how}: {:?}", String::from_utf8_lossy(&window.raw()));
    assert_eq!(window.line(), fresh(), "{how}");
}

/// What stands on the screen, a line each.
fn lines(window: &Window) -> Vec<String> {
    window.screen().lines().filter(|line| !line.trim().is_empty()).map(str::to_owned).collect()
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn the_terminal_is_given_back_after_exit_ctrl_c_and_signals() {
    let world = Plan::default().start();
    for how in ["F10", "Ctrl-C", "Ctrl-Q", "SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT"] {
        let mut window = open(&world, SIZE, "C.UTF-8");
        let taken = window.modes();
        assert!([1049, 2004, 1000, 1006].iter().all(|mode| taken.contains(mode)), "{how}: {taken:?}");
        assert_ne!(window.line(), fresh(), "{how}");
        match how {
            "F10" => window.press(F10),
            "Ctrl-C" => window.press(b"\x03"),
            "Ctrl-Q" => window.press(b"\x11"),
            _ => kill(pid(&window), how.parse::<Signal>().unwrap()).unwrap(),
        }
        let status = window.wait_for_end();
        assert_eq!(status.success(), !how.starts_with("SIG"), "{how}: {status}");
        is_given_back(&window, how);
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_signal_over_a_question_and_with_something_unsaved_gives_the_terminal_back_and_saves_nothing() {
    let world = Plan::default().start();
    let before = fs::read_to_string(world.config_file()).unwrap();
    let mut window = open(&world, SIZE, "C.UTF-8");
    to(&mut window, "Application name");
    window.press(b"Unsaved Corp");
    let _ = window.wait_for("* not saved");
    window.press(F10);
    let _ = window.wait_for("Save them before you leave");
    kill(pid(&window), Signal::SIGHUP).unwrap();
    assert_eq!(window.wait_for_end().code(), Some(1));
    is_given_back(&window, "SIGHUP");
    assert_eq!(lines(&window), ["pam-2fa: the window was told to end; what was not saved is not saved"]);
    assert_eq!(fs::read_to_string(world.config_file()).unwrap(), before);
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn stopped_and_continued_it_gives_the_terminal_back_meanwhile_and_is_as_it_was() {
    let world = Plan::default().start();
    let mut window = open(&world, SIZE, "C.UTF-8");
    type_over(&mut window, "Application name", "Stopped Corp");
    let ends = |screen: &str| screen.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    let before = ends(&window.wait_for("Stopped Corp"));
    kill(pid(&window), Signal::SIGTSTP).unwrap();
    wait::until("the terminal to be given back", || (window.modes() == BTreeSet::from([25])).then_some(()));
    // A shell has the line now, and leaves it as it likes it.
    kill(pid(&window), Signal::SIGCONT).unwrap();
    let _ = window.wait_until("the window anew", |screen| ends(screen) == before);
    window.press(F2);
    let _ = window.wait_for("+application = \"Stopped Corp\"");
    // By what nobody can catch.
    kill(pid(&window), Signal::SIGSTOP).unwrap();
    kill(pid(&window), Signal::SIGCONT).unwrap();
    window.press(ENTER);
    let _ = window.wait_until("the box to go", |screen| !screen.contains("+application"));
    window.press(F10);
    assert!(window.wait_for_end().success());
    is_given_back(&window, "F10");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn told_to_end_in_the_middle_of_a_save_that_configd_keeps_waiting_it_leaves_no_secret_on_the_screen() {
    let world = Plan::default().start();
    let mut window = open(&world, SIZE, "C.UTF-8");
    to(&mut window, "Password");
    window.press(b"hunter2");
    let _ = window.wait_for("•••••••");
    window.press(F3);
    let _ = window.wait_for("hunter2");
    let configd = Pid::from_raw(world.pids()[0].try_into().unwrap());
    kill(configd, Signal::SIGSTOP).unwrap();
    window.press(F2);
    let _ = window.wait_for("Saving");
    kill(pid(&window), Signal::SIGTERM).unwrap();
    assert!(!window.wait_for_end().success());
    kill(configd, Signal::SIGCONT).unwrap();
    assert_eq!(window.modes(), BTreeSet::from([25]));
    assert!(!window.screen().contains("hunter2"), "{}", window.screen());
    assert!(!fs::read_to_string(world.config_file()).unwrap().contains("hunter2"));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn settings_that_cannot_be_opened_are_one_line_and_the_terminal_is_left_alone() {
    let world = Plan::default().start();
    fs::write(world.config_file(), "[policy\nrequired").unwrap();
    let refused = |says: &str| {
        let mut window = Window::open(COMMAND, &setup(&world), SIZE, "C.UTF-8");
        assert_eq!(window.wait_for_end().code(), Some(1), "{}", window.screen());
        let raw = String::from_utf8_lossy(&window.raw()).into_owned();
        assert!(raw.contains(says) && !raw.contains('\x1b') && raw.trim().lines().count() == 1, "{raw:?}");
        is_given_back(&window, says);
    };
    refused("config edit");
    fs::remove_file(world.config_file()).unwrap();
    refused("No such file");
}

/// A window that may have outlived its terminal.
struct Left(Pid);

impl Left {
    /// Whether it is there, and no zombie (proc(5)).
    fn lives(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0)).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        if self.lives() {
            let _ = kill(self.0, Signal::SIGKILL);
        }
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn when_its_terminal_is_gone_the_window_ends_and_the_next_one_can_save() {
    let world = Plan::default().start();
    let inner = format!("exec {COMMAND} {}", setup(&world).join(" "));
    let mut outer = Window::open("script", &["-qc", &inner, "/dev/null"].map(String::from), SIZE, "C.UTF-8");
    is_open(&outer);
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", outer.pid())).unwrap();
    let child = Left(Pid::from_raw(children.split_whitespace().next().unwrap().parse().unwrap()));
    assert!(fs::read_to_string(format!("/proc/{}/cmdline", child.0)).unwrap().contains("setup"), "{}", child.0);
    outer.press(b"x");
    kill(pid(&outer), Signal::SIGKILL).unwrap();
    wait::until("the window to end", || (!child.lives()).then_some(()));
    let mut window = open(&world, SIZE, "C.UTF-8");
    saves(&mut window, &world, "After Corp");
}

/// A name is typed, saved, and the window left.
fn saves(window: &mut Window, world: &World, name: &str) {
    type_over(window, "Application name", name);
    window.press(F2);
    let _ = window.wait_for(&format!("+application = \"{name}\""));
    window.press(ENTER);
    window.press(F10);
    assert!(window.wait_for_end().success());
    assert!(fs::read_to_string(world.config_file()).unwrap().contains(name));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn it_works_on_a_linux_console_a_vt100_and_inside_screen_and_tmux() {
    let world = Plan::default().start();
    for term in ["linux", "vt100", "xterm", "screen", "tmux-256color"] {
        let mut window = Window::open_in(COMMAND, &setup(&world), SIZE, &[("TERM", term), ("LC_ALL", "C.UTF-8")]);
        is_open(&window);
        saves(&mut window, &world, &format!("On {term}"));
        is_given_back(&window, term);
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_terminal_that_can_only_scroll_is_refused_in_one_line_and_gets_no_control_sequence() {
    let world = Plan::default().start();
    let mut window = Window::open_in(COMMAND, &setup(&world), SIZE, &[("TERM", "dumb")]);
    let _ = window.wait_until("an answer", |screen| !screen.trim().is_empty());
    assert!(!window.raw().contains(&0x1b), "{:?}", String::from_utf8_lossy(&window.raw()));
    assert_eq!(window.wait_for_end().code(), Some(1));
    let raw = String::from_utf8_lossy(&window.raw()).into_owned();
    assert!(raw.contains("TERM") && !raw.contains('\x1b') && raw.trim().lines().count() == 1, "{raw:?}");
    is_given_back(&window, "dumb");
}

/// No TERM: a clear refusal, or it works.
#[test]
#[ignore = "needs tests/ns/enter"]
fn where_no_terminal_is_named_it_works_without_colours_or_says_why_not() {
    let world = Plan::default().start();
    let mut window = Window::open_in(COMMAND, &setup(&world), SIZE, &[]);
    let screen = window.wait_until("an answer", |screen| screen.contains("TERM") || screen.contains("configd: "));
    if screen.contains("TERM") {
        assert_eq!(window.wait_for_end().code(), Some(1));
        assert!(!window.raw().contains(&0x1b) && lines(&window).len() == 1, "{}", window.screen());
    } else {
        is_open(&window);
        saves(&mut window, &world, "Nameless Corp");
        assert_eq!(window.colours(), Vec::<String>::new());
    }
    is_given_back(&window, "no TERM");
}

/// Through all that is coloured: headings, marks, what is wrong, what is well, a difference, the users.
fn tour(window: &mut Window, world: &World) {
    to(window, "Port");
    window.press(b"\x15999999");
    let _ = window.wait_for("! ");
    type_over(window, "Port", "2465");
    type_over(window, "Application name", "Tour Corp");
    window.press(F5);
    let _ = window.wait_for("The address that gets the test message");
    window.press(b"\x15nobody-at-all@elsewhere.invalid\r");
    let _ = window.wait_until("its end", |screen| screen.contains("Not sent: ") || screen.contains("Accepted for"));
    // Not Esc: with the key that comes next it would be read as one with Alt.
    window.press(ENTER);
    let _ = window.wait_until("the conversation to go", |screen| !screen.contains("Esc: close"));
    window.press(F2);
    let _ = window.wait_for("+application = \"Tour Corp\"");
    window.press(ENTER);
    window.press(USERS);
    let _ = window.wait_for("1 of 1");
    window.press(ENTER);
    let _ = window.wait_for("(uid ");
    window.press(b"x");
    let _ = window.wait_for("yes, do it");
    window.press(b"n");
    window.press(F10);
    assert!(window.wait_for_end().success());
    let out = world.command(&["config", "set", "policy.application", "Example Corp"]);
    assert!(out.status.success(), "{}", text_of(&out));
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn no_color_sends_none_and_without_it_there_are_sixteen() {
    let world = Plan::default().start();
    let _ada = world.person("ada");
    let mut window = Window::open_in(
        COMMAND,
        &setup(&world),
        SIZE,
        &[("TERM", "xterm-256color"), ("NO_COLOR", "1"), ("LC_ALL", "C.UTF-8")],
    );
    is_open(&window);
    tour(&mut window, &world);
    assert_eq!(window.colours(), Vec::<String>::new());
    let mut window = open(&world, SIZE, "C.UTF-8");
    tour(&mut window, &world);
    let colours: BTreeSet<String> = window.colours().into_iter().collect();
    assert!(!colours.is_empty());
    // The terminal's own, each by its number, and none of 256.
    let is_own = |colour: &String| {
        let numbers: Vec<u16> = colour.split(';').filter_map(|number| number.parse().ok()).collect();
        match numbers.as_slice() {
            [38, 5, own, ..] => *own < 16,
            [own, ..] => (30..=37).contains(own) || (90..=97).contains(own),
            [] => false,
        }
    };
    assert!(colours.iter().all(is_own), "{colours:?}");
}

/// terminfo(5) has no colours for it, and `38;5;N` has a 5 in it, which makes it blink.
#[test]
#[ignore = "needs tests/ns/enter"]
fn a_terminal_that_has_no_colours_by_its_name_gets_none() {
    let world = Plan::default().start();
    let _ada = world.person("ada");
    let mut window = Window::open_in(COMMAND, &setup(&world), SIZE, &[("TERM", "vt100"), ("LC_ALL", "C.UTF-8")]);
    is_open(&window);
    tour(&mut window, &world);
    assert_eq!(window.colours(), Vec::<String>::new());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn without_a_terminal_on_either_end_or_as_another_user_it_says_so_in_one_line() {
    let world = Plan::default().start();
    let command = format!("{COMMAND} {}", setup(&world).join(" "));
    // The terminal is at the other end each time, and gets the line.
    for redirected in ["< /dev/null", "> /dev/null"] {
        let line = format!("exec {command} {redirected}");
        let mut window = Window::open("sh", &["-c", &line].map(String::from), SIZE, "C.UTF-8");
        assert_eq!(window.wait_for_end().code(), Some(1), "{redirected}");
        let raw = String::from_utf8_lossy(&window.raw()).into_owned();
        assert!(raw.starts_with("pam-2fa: setup needs a terminal") && !raw.contains('\x1b'), "{redirected}: {raw:?}");
        assert_eq!(raw.trim().lines().count(), 1, "{redirected}: {raw:?}");
        is_given_back(&window, redirected);
    }
    let out = Command::new("sh").args(["-c", &format!("{command} < /dev/null | cat")]).output().unwrap();
    assert!(text_of(&out).starts_with("pam-2fa: setup needs a terminal"), "{}", text_of(&out));

    let ada = world.person("ada");
    let mut words = vec![format!("--reuid={}", ada.host.uid), "--clear-groups".to_owned(), COMMAND.to_owned()];
    words.extend(setup(&world));
    let mut window = Window::open("setpriv", &words, SIZE, "C.UTF-8");
    assert_eq!(window.wait_for_end().code(), Some(1));
    let raw = String::from_utf8_lossy(&window.raw()).into_owned();
    assert!(raw.contains("root") && !raw.contains('\x1b') && raw.trim().lines().count() == 1, "{raw:?}");
    is_given_back(&window, "not root");
}
