//! `pam-2fa`: hands the process's own arguments and terminal to the library, and does nothing else.

use std::io::{IsTerminal, stderr, stdin, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    let (mut input, mut out, mut err) = (stdin().lock(), stdout().lock(), stderr());
    let is_watched = err.is_terminal();
    let terminal = ctl::Terminal { input: &mut input, out: &mut out, err: &mut err, is_watched };
    ExitCode::from(ctl::run(std::env::args_os(), terminal))
}
