//! `status.sock`: how it is, for members of `pam-2fa-status`. Who may connect is the socket's mode: root and the group, which the
//! kernel holds to. There is nothing to be changed here, and nothing to be told of anybody.

use super::FIRST_FRAME;
use crate::daemon::Daemon;
use crate::wire_io::{Connection, ConnectionError};
use pam_2fa_protocol::admin::StatusReply;
use pam_2fa_protocol::status::{SERVICE, SOCKET, STATUS};
use pam_2fa_protocol::wire::{Continues, decode_call, encode_reply};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixStream;

/// For how long a reply waits for a client that does not read.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// One connection.
pub async fn serve(stream: UnixStream, uid: u32, daemon: Arc<Daemon>) {
    if let Err(error) = converse(Connection::new(stream), uid, &daemon).await {
        tracing::debug!(uid, %error, "a connection about the status ended early");
    }
}

async fn converse(mut connection: Connection, uid: u32, daemon: &Daemon) -> Result<(), ConnectionError> {
    loop {
        let Ok(read) = tokio::time::timeout(FIRST_FRAME, connection.read()).await else { return Ok(()) };
        let Some(frame) = read? else { return Ok(()) };
        let call = decode_call(&frame)?;
        let answer = match call.method.as_ref() {
            // Told once it has asked: who is hung up on while he speaks does not hear it.
            STATUS if uid != 0 && is_for_everybody(daemon) => SERVICE.error("NotPermitted")?,
            STATUS => encode_reply(&StatusReply { status: daemon.told.status(daemon).await }, Continues::No)?,
            _ => SERVICE.answer(&call)?,
        };
        match tokio::time::timeout(READ_WITHIN, connection.write(&answer)).await {
            Ok(written) => written?,
            Err(_) => return Err(ConnectionError::Io(ErrorKind::TimedOut.into())),
        }
    }
}

/// Somebody has given the socket another mode than its unit does. Then it does not say who may connect.
fn is_for_everybody(daemon: &Daemon) -> bool {
    let about = daemon.places.runtime_dir.join(SOCKET).symlink_metadata();
    about.map_or(true, |about| about.permissions().mode() & 0o007 != 0)
}
