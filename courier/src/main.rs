//! The courier's process; everything it does is in the library.

#![forbid(unsafe_code)]

use courier::start::{StartError, run};
use std::io::Write;
use std::process::ExitCode;

fn main() -> ExitCode {
    match run(std::env::args_os().skip(1)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error @ StartError::Args(_)) => {
            // There is no log yet, and whoever typed the command sees stderr. If that is gone, nobody is told.
            let _ = writeln!(std::io::stderr(), "courier: {error}");
            ExitCode::from(2)
        }
        Err(_) => ExitCode::FAILURE,
    }
}
