//! `pam-2fa`: hands the process's own arguments and terminal to the library, and does nothing else.

use std::io::{stderr, stdin, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    let (mut input, mut out, mut err) = (stdin().lock(), stdout().lock(), stderr());
    ExitCode::from(ctl::run(std::env::args_os(), ctl::Terminal { input: &mut input, out: &mut out, err: &mut err }))
}
