//! `flood SOCKET FRAME`: connects, sends the frame (as text, without its NUL), hangs up without waiting for a reply, and begins
//! again, until it is killed. For tests that must do so as another user (`setpriv`). Says on stdout that it has begun.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [socket, frame] = arguments.as_slice() else { return ExitCode::from(2) };
    let frame = format!("{frame}\0");
    let mut begun = false;
    loop {
        // Turned away or not: the next one.
        if let Ok(mut stream) = UnixStream::connect(socket) {
            let _ = stream.write_all(frame.as_bytes());
        }
        if !begun {
            begun = true;
            if std::io::stdout().write_all(b"begun\n").is_err() {
                return ExitCode::from(5);
            }
        }
    }
}
