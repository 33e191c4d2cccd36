//! Another program of the host, run to its end: without an environment, and not for ever. Which one, and whether root may run it,
//! is the caller's to know.

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::io;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

/// Runs a program to its end, without an environment, and ends it where it takes longer than `time`.
pub(crate) fn output_within(mut command: Command, time: Duration) -> io::Result<Output> {
    command.env_clear().current_dir("/").stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn()?;
    let pid = i32::try_from(child.id()).map(Pid::from_raw);
    let (sender, ended) = channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    ended.recv_timeout(time).unwrap_or_else(|_| {
        if let Ok(pid) = pid {
            // Not waited for yet, so the id is still its own.
            let _ = kill(pid, Signal::SIGKILL);
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", time.as_secs())))
    })
}
