//! One call on a socket of ours, by hand: what another language's client would send. Not the product's own client, so that the
//! two cannot be wrong together.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// Sends one call, waits 30 s at most for the reply, and returns it without its NUL. Empty: the daemon hung up without a word.
///
/// # Errors
/// When the socket cannot be reached.
pub fn call(socket: &Path, method: &str, parameters: &str) -> std::io::Result<Vec<u8>> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let frame = format!("{{\"method\":\"{method}\",\"parameters\":{parameters}}}\0");
    // A daemon that hangs up on the peer alone breaks this pipe: what it said before that is still the answer.
    let _ = stream.write_all(frame.as_bytes());
    let mut reply = Vec::new();
    let mut byte = [0];
    while stream.read_exact(&mut byte).is_ok() && byte != [0] {
        reply.extend(byte);
    }
    Ok(reply)
}
