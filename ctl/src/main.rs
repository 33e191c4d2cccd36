//! `pam-2fa`: hands the process's own arguments and terminal to the library, and does nothing else.

use std::io::{IsTerminal, stderr, stdin, stdout};
use std::process::ExitCode;

/// Where a terminal does not say how wide it is.
const USUAL_WIDTH: usize = 80;

fn main() -> ExitCode {
    forbid_dumps();
    let (mut input, mut out, mut err) = (stdin().lock(), stdout().lock(), stderr());
    let (is_watched, is_typed, is_seen) = (err.is_terminal(), input.is_terminal(), out.is_terminal());
    let columns = is_seen.then(|| width(&out));
    let kind = kind();
    let colours = is_seen && shows_colours(&kind);
    let terminal = ctl::Terminal {
        input: &mut input,
        out: &mut out,
        err: &mut err,
        is_watched,
        is_typed,
        is_seen,
        columns,
        colours,
        locale: locale("LC_MESSAGES"),
        is_utf8: is_utf8(&locale("LC_CTYPE")),
        is_dumb: kind.is_empty() || kind == "dumb",
    };
    ExitCode::from(ctl::run(std::env::args_os(), terminal))
}

/// Secrets of the settings pass through here: nothing of it is left in a core dump, and no other process of the user's reads it.
fn forbid_dumps() {
    // Where the system refuses, it is as with any other command.
    let _ = nix::sys::prctl::set_dumpable(false);
    let _ = nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0);
}

/// Of a serial line nobody knows it.
fn width(out: &impl std::os::fd::AsFd) -> usize {
    let size = rustix::termios::tcgetwinsize(out).map_or(0, |size| usize::from(size.ws_col));
    if size == 0 { USUAL_WIDTH } else { size }
}

/// The locale of a category, by the first that is set (locale(7)).
#[expect(clippy::disallowed_methods, reason = "the names by which whoever sits there says it to every program")]
fn locale(category: &str) -> String {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let first = ["LC_ALL", category, "LANG"].into_iter().find_map(set);
    first.map(|value| value.to_string_lossy().into_owned()).unwrap_or_default()
}

fn is_utf8(locale: &str) -> bool {
    let set = locale.split('.').nth(1).unwrap_or_default().split('@').next().unwrap_or_default();
    ["utf-8", "utf8"].contains(&set.to_ascii_lowercase().as_str())
}

/// What the terminal says it is.
#[expect(clippy::disallowed_methods, reason = "the name by which a terminal says so to every program")]
fn kind() -> String {
    std::env::var_os("TERM").map(|kind| kind.to_string_lossy().into_owned()).unwrap_or_default()
}

/// no-color.org, and what terminals say of themselves: those called vt have none. It changes how something looks, and nothing else.
#[expect(clippy::disallowed_methods, reason = "the name by which whoever sits there says it to every program")]
fn shows_colours(kind: &str) -> bool {
    let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !is_refused && !kind.is_empty() && kind != "dumb" && !kind.starts_with("vt")
}
