//! A program, from its start to the end of everything that it started: fixed arguments, a text on its standard input, what it said,
//! and how it ended.
//!
//! No shell, no environment of ours, no descriptor of ours. It is the head of a process group of its own, and nothing of that group
//! outlives it, the time it has, or whoever waits for it.

use super::trusted::require;
use crate::email::deadline::Deadline;
use crate::sms::failure::Failure;
use crate::sms::shelf::Owners;
use crate::sms::values::Filled;
use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use pam_2fa_protocol::courier::Class;
use pam_2fa_settings::provider::Verdict;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::runtime::Handle;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, sleep_until, timeout};

/// What a program finds in its environment.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// So much of what a program says is kept; the rest is read and forgotten.
const MAX_SAID: usize = 64 * 1024;
/// What a program has between SIGTERM and SIGKILL.
const GRACE: Duration = Duration::from_millis(500);
/// With less time than this nothing is begun.
const LEAST: Duration = Duration::from_secs(1);
/// What is waited for the end of its output when it has ended: somebody may have it who left its process group.
const REST: Duration = Duration::from_millis(200);

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// By itself, with this status.
    Exited(i32),
    /// By a signal that was not ours.
    Signalled(i32),
    /// Its time was over, and it was stopped.
    Stopped,
}

/// What a program said, and how it ended.
#[derive(Debug)]
pub struct Ran {
    /// How it ended.
    pub end: End,
    /// Its standard output, at most [`MAX_SAID`] bytes; what is not UTF-8 in it is replaced.
    pub out: String,
    /// Its standard error, alike.
    pub err: String,
    /// Whether that is all of it: the program has ended, and nobody else has its output.
    pub is_all: bool,
}

impl Ran {
    /// All that it said, still to be cleaned.
    #[must_use]
    pub fn said(&self) -> String {
        [self.out.trim(), self.err.trim()].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
    }
}

/// What is run, and with what.
pub struct Job {
    /// The program, an absolute path, and its arguments.
    pub argv: Vec<Filled>,
    /// What it reads.
    pub stdin: Filled,
    /// Held until nothing of the program is left.
    pub turn: Option<OwnedMutexGuard<()>>,
}

/// Runs a program until `deadline`, by when it has been stopped if it had to be. Dropping the future stops it.
///
/// # Errors
/// [`Failure`]: it was not started.
pub async fn run(job: Job, deadline: Deadline, owners: &Owners) -> Result<Ran, Failure> {
    let Job { argv, stdin, turn } = job;
    let (program, arguments) = argv.split_first().ok_or_else(|| Failure::setting("provider", "there is no program"))?;
    let path = PathBuf::from(program.as_str());
    require(&path, owners, deadline).await?;
    if deadline.at().saturating_duration_since(Instant::now()) < LEAST {
        let verdict = Verdict { class: Class::Temporary, reason: None };
        return Err(Failure::told(verdict, format!("{} was not run: too little time was left", path.display())));
    }
    let mut command = Command::new(&path);
    command
        .args(arguments.iter().map(|argument| argument.as_str()))
        .env_clear()
        .env("PATH", PATH)
        .env("LANG", "C.UTF-8");
    command.current_dir("/").process_group(0).kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().map_err(|error| not_run(&path, &error))?;
    Ok(Running::new(child, turn).until(deadline, &stdin).await)
}

fn not_run(path: &Path, error: &io::Error) -> Failure {
    let is_its_own = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::PermissionDenied)
        || error.raw_os_error() == Some(Errno::ENOEXEC as i32);
    if is_its_own {
        let why = format!("cannot be run ({error}); look at its mode, at its first line, and at who may read it");
        return Failure::File { path: path.to_owned(), why };
    }
    // Too many processes, no memory, a program that is just being written.
    let verdict = Verdict { class: Class::Temporary, reason: None };
    Failure::told(verdict, format!("{} was not run: {error}", path.display()))
}

/// A process group. What is left of it ends with this. A number is not given to another group while one of this is there; and after
/// the last, it is not within the moment that passes here.
struct Group(Pid);

impl Group {
    fn signal(&self, signal: Signal) {
        // There may be nobody left.
        let _ = killpg(self.0, signal);
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.signal(Signal::SIGKILL);
    }
}

/// A program that runs. Dropped before its end, it is stopped: SIGTERM at once, SIGKILL after [`GRACE`].
struct Running {
    parts: Option<(Child, Group, Option<OwnedMutexGuard<()>>)>,
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some((mut child, group, turn)) = self.parts.take() else { return };
        group.signal(Signal::SIGTERM);
        // Without a runtime the group is killed here and now, by being dropped.
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            let _ = timeout(GRACE, child.wait()).await;
            drop(group);
            let _ = child.wait().await;
            drop(turn);
        });
    }
}

impl Running {
    fn new(child: Child, turn: Option<OwnedMutexGuard<()>>) -> Self {
        let group = child.id().and_then(|id| i32::try_from(id).ok()).map(|id| Group(Pid::from_raw(id)));
        Self { parts: group.map(|group| (child, group, turn)) }
    }

    async fn until(mut self, deadline: Deadline, text: &str) -> Ran {
        let Some((child, group, _)) = self.parts.as_mut() else {
            return Ran { end: End::Stopped, out: String::new(), err: String::new(), is_all: false };
        };
        let mut stdin = child.stdin.take();
        let (mut out, mut err) = (Said::of(child.stdout.take()), Said::of(child.stderr.take()));
        let mut unwritten = text.as_bytes();
        let mut phase = Phase::Running;
        let mut next = deadline.at().checked_sub(GRACE).unwrap_or_else(Instant::now);
        let mut ended: Option<ExitStatus> = None;
        loop {
            if ended.is_some() && !out.is_open() && !err.is_open() {
                break;
            }
            tokio::select! {
                written = write(&mut stdin, unwritten), if stdin.is_some() => {
                    unwritten = unwritten.get(written..).unwrap_or_default();
                    // All of it, or whoever should read it does not: the end of the input either way.
                    if written == 0 || unwritten.is_empty() {
                        stdin = None;
                    }
                }
                () = out.read(), if out.is_open() => {}
                () = err.read(), if err.is_open() => {}
                status = child.wait(), if ended.is_none() => {
                    // Whose end the system does not tell may be there yet: it is stopped.
                    let Ok(status) = status else { break };
                    ended = Some(status);
                    stdin = None;
                    // What it has left behind would go on unseen.
                    group.signal(Signal::SIGKILL);
                    next = Instant::now().checked_add(REST).unwrap_or(next);
                }
                () = sleep_until(next) => {
                    if ended.is_some() {
                        break;
                    }
                    (phase, next) = phase.over(group, deadline);
                    if phase == Phase::Killed && next <= Instant::now() {
                        break;
                    }
                }
            }
        }
        if ended.is_some() {
            self.parts = None;
        }
        let end = match ended {
            Some(status) if phase == Phase::Running => by(status),
            Some(_) | None => End::Stopped,
        };
        let is_all = ended.is_some() && !out.is_open() && !err.is_open();
        Ran { end, out: out.text(), err: err.text(), is_all }
    }
}

/// What has been done to end a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Running,
    Asked,
    Killed,
}

impl Phase {
    /// The time of this phase is over: the next one, and until when.
    fn over(self, group: &Group, deadline: Deadline) -> (Self, Instant) {
        match self {
            Self::Running => {
                group.signal(Signal::SIGTERM);
                let most = deadline.at().checked_sub(REST).unwrap_or_else(|| deadline.at());
                (Self::Asked, most)
            }
            Self::Asked | Self::Killed => {
                group.signal(Signal::SIGKILL);
                (Self::Killed, deadline.at())
            }
        }
    }
}

fn by(status: ExitStatus) -> End {
    match (status.code(), status.signal()) {
        (Some(code), _) => End::Exited(code),
        (None, signal) => End::Signalled(signal.unwrap_or_default()),
    }
}

/// How much of `text` was taken; 0: nobody reads it.
async fn write(stdin: &mut Option<ChildStdin>, text: &[u8]) -> usize {
    match stdin {
        Some(stdin) => stdin.write(text).await.unwrap_or_default(),
        None => 0,
    }
}

/// What comes out of a program.
struct Said<R> {
    from: Option<R>,
    kept: Vec<u8>,
}

impl<R: AsyncRead + Unpin> Said<R> {
    fn of(from: Option<R>) -> Self {
        Self { from, kept: Vec::new() }
    }

    fn is_open(&self) -> bool {
        self.from.is_some()
    }

    /// Some more of it.
    async fn read(&mut self) {
        let Some(from) = &mut self.from else { return };
        let mut chunk = [0_u8; 4096];
        match from.read(&mut chunk).await {
            Ok(0) | Err(_) => self.from = None,
            Ok(read) => {
                let room = MAX_SAID.saturating_sub(self.kept.len());
                self.kept.extend_from_slice(chunk.get(..read.min(room)).unwrap_or_default());
            }
        }
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.kept).into_owned()
    }
}
