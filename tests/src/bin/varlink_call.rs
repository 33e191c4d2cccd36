//! `varlink_call SOCKET METHOD PARAMETERS`: one call on a socket of ours, and the reply as JSON on stdout. For tests that must
//! speak as another user (`setpriv`); exit status 3 when the socket cannot be reached, 4 when it hangs up without a word.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::time::Duration;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [socket, method, parameters] = arguments.as_slice() else { return ExitCode::from(2) };
    match call(socket, method, parameters) {
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

fn call(socket: &str, method: &str, parameters: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let frame = format!("{{\"method\":\"{method}\",\"parameters\":{parameters}}}\0");
    // A daemon that hangs up on the peer alone breaks this pipe: what it said before that is still the answer.
    let _ = stream.write_all(frame.as_bytes());
    let mut reply = Vec::new();
    let mut byte = [0];
    while stream.read(&mut byte).unwrap_or(0) == 1 && byte != [0] {
        reply.extend(byte);
    }
    Ok(reply)
}
