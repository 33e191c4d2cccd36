//! Another program of the host, run to its end: without an environment, and not for ever. Which one, and whether root may run it,
//! is the caller's to know.

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use pam_2fa_protocol::Secret;
use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// More bytes than a program answers that is fed a secret.
const LONGEST: u64 = 64 * 1024;

/// What a program made of what it was fed.
pub(crate) struct Made {
    pub(crate) status: ExitStatus,
    pub(crate) out: Secret<Vec<u8>>,
    pub(crate) err: Vec<u8>,
}

/// Runs a program to its end, without an environment, and ends it where it takes longer than `time`.
pub(crate) fn output_within(command: Command, time: Duration) -> io::Result<Output> {
    run(command, time, kill)
}

/// The same, and with it ends all that it has started: whoever undoes its work then is not to do so beside it. A signal to the group of
/// this process does not come to it.
pub(crate) fn group_output_within(mut command: Command, time: Duration) -> io::Result<Output> {
    command.process_group(0);
    run(command, time, killpg)
}

/// The same as [`output_within`], with a secret of a few kilobytes at most, which fit into a pipe, on its standard input; what it answers
/// may be one, too.
pub(crate) fn fed_within(mut command: Command, input: &[u8], time: Duration) -> io::Result<Made> {
    let mut child = started(&mut command, Stdio::piped())?;
    if let Some(mut its) = child.stdin.take() {
        // One that ends without having read it says why.
        let _ = its.write_all(input);
    }
    awaited(child, time, kill, made)
}

fn made(mut child: Child) -> io::Result<Made> {
    // With room for all of it: a buffer that grows leaves copies behind.
    let mut out = Secret::new(Vec::with_capacity(usize::try_from(LONGEST).unwrap_or_default()));
    let mut err = Vec::new();
    if let Some(its) = child.stdout.take() {
        its.take(LONGEST).read_to_end(out.expose_mut())?;
    }
    if let Some(its) = child.stderr.take() {
        its.take(LONGEST).read_to_end(&mut err)?;
    }
    Ok(Made { status: child.wait()?, out, err })
}

fn run(mut command: Command, time: Duration, end: fn(Pid, Option<Signal>) -> nix::Result<()>) -> io::Result<Output> {
    awaited(started(&mut command, Stdio::null())?, time, end, Child::wait_with_output)
}

fn started(command: &mut Command, input: Stdio) -> io::Result<Child> {
    command.env_clear().current_dir("/").stdin(input).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()
}

fn awaited<T: Send + 'static>(
    child: Child,
    time: Duration,
    end: fn(Pid, Option<Signal>) -> nix::Result<()>,
    wait: fn(Child) -> io::Result<T>,
) -> io::Result<T> {
    let pid = i32::try_from(child.id()).map(Pid::from_raw);
    let (sender, ended) = channel();
    std::thread::spawn(move || sender.send(wait(child)));
    ended.recv_timeout(time).unwrap_or_else(|_| {
        if let Ok(pid) = pid {
            // Not waited for yet, so the id is still its own.
            let _ = end(pid, Some(Signal::SIGKILL));
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", time.as_secs())))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{read_to_string, write};

    /// As debconf runs pam-auth-update: below itself.
    #[test]
    fn a_program_that_takes_too_long_ends_with_what_it_has_started() {
        let folder = tempfile::TempDir::new().unwrap();
        let (started, goes_on) = (folder.path().join("started"), folder.path().join("goes-on"));
        write(&goes_on, "").unwrap();
        let mut command = Command::new("/bin/sh");
        // It ends by itself with the test's folder.
        command.args([
            "-c",
            "(echo > \"$1\"; while [ -e \"$2\" ]; do /bin/sleep 0.05; done; exit 0) & echo $! > \"$3\"; wait",
            "sh",
        ]);
        let pid_file = folder.path().join("pid");
        command.args([&started, &goes_on, &pid_file]);
        let why = group_output_within(command, Duration::from_millis(500)).unwrap_err();
        assert_eq!(why.kind(), io::ErrorKind::TimedOut);
        assert!(started.exists());
        let pid: u32 = read_to_string(&pid_file).unwrap().trim().parse().unwrap();
        let stat = format!("/proc/{pid}/stat");
        // Gone, or dead and waited for by nobody.
        let is_gone = || read_to_string(&stat).map_or(true, |stat| stat.contains(") Z ") || stat.contains(") X "));
        for _ in 0..200 {
            if is_gone() {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("{pid} goes on");
    }
}
