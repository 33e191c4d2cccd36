//! `pam-2fa`: hands the process's own arguments and terminal to the library, and does nothing else.

use std::io::{IsTerminal, stderr, stdin, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    let (mut input, mut out, mut err) = (stdin().lock(), stdout().lock(), stderr());
    let (is_watched, is_typed, is_seen) = (err.is_terminal(), input.is_terminal(), out.is_terminal());
    let terminal = ctl::Terminal { input: &mut input, out: &mut out, err: &mut err, is_watched, is_typed, is_seen };
    ExitCode::from(ctl::run(std::env::args_os(), terminal))
}
