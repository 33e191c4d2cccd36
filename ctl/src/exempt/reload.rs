//! Tells the running sshd that its configuration has changed. It signals nobody whom it has not seen to be that sshd, and
//! nobody whose configuration would not be taken: a sshd that is sent SIGHUP with one that is wrong ends.

use super::file::is_there;
use super::sshd::{ANSWER, Sshd, last_words};
use crate::error::Error;
use crate::program::output_within;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// The main file of the host's own sshd, the one that its unit starts.
pub(crate) const HOST_CONFIG: &str = "/etc/ssh/sshd_config";
/// sd_booted(3).
const SYSTEMD: &str = "/run/systemd/system";
const SYSTEMCTL: [&str; 2] = ["/usr/bin/systemctl", "/bin/systemctl"];
/// As Debian and as everybody else calls it.
const UNITS: [&str; 2] = ["ssh.service", "sshd.service"];

/// Whether systemd runs this host.
pub(crate) fn has_systemd() -> bool {
    is_there(Path::new(SYSTEMD))
}

/// How it went.
pub(crate) enum Told {
    /// How it was told.
    Yes(String),
    /// Why nobody could be told.
    No(String),
}

/// Tells the sshd that reads that configuration. Where that fails, `then` says what to do.
pub(crate) fn tell(sshd: &Sshd, then: &str) -> Result<Told, Error> {
    let refused = |why: &str| refused(why, then);
    if sshd.config == Path::new(HOST_CONFIG) && has_systemd() {
        for unit in UNITS {
            if systemctl(&["is-active", "--quiet", unit])?.status.success() {
                let out = systemctl(&["reload", unit])?;
                if out.status.success() {
                    return Ok(Told::Yes(format!("systemctl reload {unit}")));
                }
                let said = last_words(&out);
                return Err(refused(&format!("systemctl reload {unit}: {said}; see `journalctl -u {unit}`")));
            }
        }
    }
    by_pid_file(sshd, &refused)
}

/// Runs it; where it has none, the error says so.
pub(crate) fn systemctl(words: &[&str]) -> Result<std::process::Output, Error> {
    systemctl_within(words, ANSWER)
}

/// The same, for a unit that may take longer to start.
pub(crate) fn systemctl_within(words: &[&str], time: Duration) -> Result<std::process::Output, Error> {
    let [first, second] = SYSTEMCTL.map(Path::new);
    let program = if is_there(first) { first } else { second };
    let mut command = Command::new(program);
    command.args(words);
    output_within(command, time).map_err(|why| Error::File { what: "cannot run", path: program.to_owned(), why })
}

/// Why nothing ends an exemption of that sshd when its time is over; none where our timer does.
pub(super) fn no_timer(sshd: &Sshd) -> Option<String> {
    const TIMER: &str = "pam-2fa-exempt.timer";
    if sshd.config != Path::new(HOST_CONFIG) {
        let config = sshd.config.display();
        let verb = format!("`pam-2fa exempt --sshd-config {config} expire`");
        return Some(format!(
            "{TIMER} does not look after {config}; let a timer of its own run {verb} every few minutes"
        ));
    }
    if !has_systemd() {
        return Some(String::from(
            "there is no systemd here to end it; let cron run `pam-2fa exempt expire` every few minutes",
        ));
    }
    let is_active = systemctl(&["is-active", "--quiet", TIMER]).is_ok_and(|out| out.status.success());
    (!is_active).then(|| format!("{TIMER} is off, so nothing ends it in time; run `systemctl enable --now {TIMER}`"))
}

fn by_pid_file(sshd: &Sshd, refused: &dyn Fn(&str) -> Error) -> Result<Told, Error> {
    let settings = sshd.settings().map_err(|error| refused(&error.to_string()))?;
    let path = settings.get("pidfile").filter(|path| *path != "none").map(PathBuf::from);
    let Some(path) = path else {
        return Ok(Told::No(format!("{} names no PidFile", sshd.config.display())));
    };
    let Ok(text) = std::fs::read_to_string(&path) else {
        return Ok(Told::No(format!("no sshd has left its process id in {}", path.display())));
    };
    let pid = text.trim().parse::<i32>().ok().filter(|pid| *pid > 1);
    let Some(pid) = pid else {
        return Err(refused(&format!("{} holds no process id", path.display())));
    };
    match std::fs::read_link(format!("/proc/{pid}/exe")) {
        Ok(program) if program == sshd.program => {}
        Ok(program) => {
            let program = program.display();
            return Err(refused(&format!(
                "process {pid} of {} runs {program} and not {}; where sshd was upgraded, restart it",
                path.display(),
                sshd.program.display()
            )));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Ok(Told::No(format!("process {pid} of {} has ended", path.display())));
        }
        Err(error) => {
            return Err(refused(&format!("cannot see what process {pid} of {} runs: {error}", path.display())));
        }
    }
    kill(Pid::from_raw(pid), Signal::SIGHUP).map_err(|errno| refused(&format!("SIGHUP to process {pid}: {errno}")))?;
    Ok(Told::Yes(format!("SIGHUP to process {pid}")))
}

fn refused(why: &str, then: &str) -> Error {
    Error::Refused(vec![format!("sshd was not reloaded and goes on as before: {why}; then {then}")])
}
