//! The Setup window (`pam-2fa setup`) as an administrator opens and goes through it: keys, fields by their names.

#![expect(clippy::panic, reason = "a field that is not there fails the test")]

use crate::daemon::COMMAND;
use crate::window::Window;
use crate::world::World;

/// Keys as a terminal sends them.
pub const TAB: &[u8] = b"\t";
/// Enter.
pub const ENTER: &[u8] = b"\r";
/// Esc.
pub const ESCAPE: &[u8] = b"\x1b";
/// Backspace.
pub const BACKSPACE: &[u8] = b"\x7f";
/// Ctrl-U: what stands in a line goes.
pub const CLEAR: &[u8] = b"\x15";
/// F2 saves.
pub const F2: &[u8] = b"\x1bOQ";
/// F3 shows a secret.
pub const F3: &[u8] = b"\x1bOR";
/// F5 sends a test.
pub const F5: &[u8] = b"\x1b[15~";
/// F10 leaves.
pub const F10: &[u8] = b"\x1b[21~";
/// Alt-2: limits and enrolment.
pub const LIMITS: &[u8] = b"\x1b2";
/// Alt-3: the users.
pub const USERS: &[u8] = b"\x1b3";

/// The places of a field's name.
const NAMES: usize = 28;

/// The Setup window of `world` at a terminal of that size, in a language, once it knows how the daemon is.
///
/// # Panics
/// When it does not come.
#[must_use]
pub fn open(world: &World, size: (u16, u16), language: &str) -> Window {
    let window = Window::open(COMMAND, &setup(world), size, language);
    is_open(&window);
    window
}

/// Waits until it knows how the daemon is: nothing but a key changes the screen then.
///
/// # Panics
/// When it does not come to that.
pub fn is_open(window: &Window) {
    let is_told = |bar: &str| bar.starts_with(" pam-2fa  ") && bar.contains("configd") && !bar.contains(['…', '~']);
    let _ = window.wait_until("the window", |screen| screen.lines().next().is_some_and(is_told));
}

/// The words after `pam-2fa` that open it.
#[must_use]
pub fn setup(world: &World) -> Vec<String> {
    let (run, config) = (world.path("run"), world.config_file());
    ["--runtime-dir", &run.display().to_string(), "--config", &config.display().to_string(), "setup"]
        .map(String::from)
        .into()
}

/// Presses Tab until the field of that name has the focus.
///
/// # Panics
/// When there is none.
pub fn to(window: &mut Window, label: &str) {
    // The sign of the focus, the mark of a change, the name; of a button the name stands farther on.
    let is_named = |rest: &str| {
        let rest = rest.get(1..).unwrap_or_default();
        rest.starts_with(label) || rest.trim_start().starts_with(&format!("[ {label} ]"))
    };
    let is_at = |screen: &str| screen.lines().any(|line| line.split('>').skip(1).any(is_named));
    for _ in 0..60 {
        let screen = window.screen();
        if is_at(&screen) {
            return;
        }
        window.press(TAB);
        let _ = window.wait_until("the focus to move", |now| focus(now) != focus(&screen));
    }
    panic!("no field {label}:\n{}", window.screen());
}

/// Where the focus is: the places of its sign, which stands at the left of a column, and the names behind it (a page that is scrolled has
/// another one in the same place); of the buttons at the end, which have none, their help.
fn focus(screen: &str) -> (Vec<(usize, usize, String)>, Option<&str>) {
    let is_sign = |line: &str, at: usize| {
        let before = line.get(..at).unwrap_or_default();
        before == " " || before.ends_with("  ")
    };
    let name = |line: &str, at: usize| line.get(at..).unwrap_or_default().chars().skip(2).take(NAMES).collect();
    let of = |(row, line): (usize, &str)| {
        let signs = line.match_indices('>').map(|(at, _)| at).filter(|at| is_sign(line, *at));
        signs.map(|at| (row, at, name(line, at))).collect::<Vec<_>>()
    };
    let signs: Vec<_> = screen.lines().enumerate().flat_map(of).collect();
    let help = screen.lines().rev().skip(1).find(|line| !line.trim().is_empty());
    let help = help.filter(|_| signs.is_empty());
    (signs, help)
}

/// Types over what stands in a field that shows what is typed.
///
/// # Panics
/// When it does not come to stand there.
pub fn type_over(window: &mut Window, label: &str, typed: &str) {
    to(window, label);
    window.press(CLEAR);
    window.press(typed.as_bytes());
    let _ = window.wait_until(typed, |screen| screen.lines().any(|line| line.contains(label) && line.contains(typed)));
}
