//! configd: the thin main. Everything is in the library.

use configd::args::{self, Asked};
use configd::run::run;
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    let mut out = std::io::stdout();
    let said = match args::parse(std::env::args_os().skip(1)) {
        Ok(Asked::Run(args)) => match run(&args) {
            Ok(()) => return ExitCode::SUCCESS,
            Err(error) => writeln!(std::io::stderr(), "configd: {error}").map(|()| ExitCode::FAILURE),
        },
        Ok(Asked::Help) => out.write_all(args::HELP.as_bytes()).map(|()| ExitCode::SUCCESS),
        Ok(Asked::Version) => writeln!(out, "configd {}", env!("CARGO_PKG_VERSION")).map(|()| ExitCode::SUCCESS),
        Err(error) => writeln!(std::io::stderr(), "{error}").map(|()| ExitCode::from(2)),
    };
    said.unwrap_or(ExitCode::FAILURE)
}
