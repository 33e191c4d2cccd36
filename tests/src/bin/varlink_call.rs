//! `varlink_call SOCKET METHOD PARAMETERS`: one call on a socket of ours, and the reply as JSON on stdout. For tests that must
//! speak as another user (`setpriv`); exit status 3 when the socket cannot be reached, 4 when it hangs up without a word.

use e2e::varlink::call;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [socket, method, parameters] = arguments.as_slice() else { return ExitCode::from(2) };
    match call(Path::new(socket), method, parameters) {
        Ok(reply) if reply.is_empty() => ExitCode::from(4),
        Ok(reply) => match std::io::stdout().write_all(&reply) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::from(5),
        },
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "{socket}: {error}");
            ExitCode::from(3)
        }
    }
}
