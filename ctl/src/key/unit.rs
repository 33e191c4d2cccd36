//! The units that the key's way goes through: `pam-2fa-key.service` opens the credential into the folder of sockets, configd reads it there.

use super::credential::PLACE;
use crate::error::Error;
use crate::exempt::{has_systemd, systemctl, systemctl_within};
use std::path::Path;
use std::time::Duration;

/// Opens the credential.
pub(crate) const OPENER: &str = "pam-2fa-key.service";
/// Longer than its TimeoutStartSec=: a TPM2 takes its time.
const START: Duration = Duration::from_secs(130);
/// Decides, and needs the key.
const CONFIGD: &str = "pam-2fa-configd.service";
/// Where the opener puts it: for the configd of this host, and for no second one.
const RUNTIME: &str = "/run/pam-2fa";

/// Whether configd, whose sockets are there, is the one that systemd starts with the credential's unit.
pub(super) fn is_of_this_host(runtime_dir: &Path) -> bool {
    runtime_dir == Path::new(RUNTIME)
}

/// What is wanted of systemd is there. Changes nothing.
pub(super) fn is_there(runtime_dir: &Path) -> Result<(), Error> {
    if !is_of_this_host(runtime_dir) {
        return Err(refused(format!(
            "{OPENER} opens a credential for the configd of {RUNTIME} alone, not for that of {}",
            runtime_dir.display()
        )));
    }
    if !has_systemd() {
        return Err(refused(String::from(
            "there is no systemd here, and credentials are systemd's; the key stays in its file",
        )));
    }
    let out = systemctl(&["show", "--property=LoadState", "--value", OPENER])?;
    if String::from_utf8_lossy(&out.stdout).trim() != "loaded" {
        return Err(refused(format!(
            "there is no {OPENER}, which comes with the package and opens {PLACE}; install it, `systemctl daemon-reload`, and run this again"
        )));
    }
    Ok(())
}

/// Opens the credential anew.
pub(super) fn open() -> Result<(), Error> {
    told("restart", OPENER)
}

/// What it has opened is taken away from the folder of sockets.
pub(super) fn close() -> Result<(), Error> {
    told("stop", OPENER)
}

/// A failure of its is over, where there is nothing that it could fail at.
pub(super) fn forget_failure() {
    // It may not have failed.
    let _ = systemctl(&["reset-failed", OPENER]);
}

/// configd starts anew: with the key that a start of the host would give it.
pub(super) fn restart_configd() -> Result<(), Error> {
    told("restart", CONFIGD)
}

fn told(verb: &str, unit: &str) -> Result<(), Error> {
    let out = systemctl_within(&[verb, unit], START)?;
    if out.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&out.stderr);
    let why = said.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or("it failed");
    Err(refused(format!("systemctl {verb} {unit}: {}; see `journalctl -u {unit}`", why.trim_end_matches('.'))))
}

fn refused(why: String) -> Error {
    Error::Refused(vec![why])
}
