//! Both daemons and the command, in their installed places, working on folders that the caller gives.

#![expect(clippy::expect_used, clippy::panic, reason = "a stage that cannot be set fails the test")]

use crate::wait;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

/// Where `tests/ns/install` puts things, as a package does.
const CONFIGD: &str = "/usr/libexec/pam-2fa/configd";
const COURIER: &str = "/usr/libexec/pam-2fa/courier";
/// The command.
pub const COMMAND: &str = "/usr/sbin/pam-2fa";
const SHARE: &str = "/usr/share/pam-2fa";

/// Where one copy of the product keeps what is its own.
#[derive(Debug, Clone)]
pub struct Folders {
    /// config.toml, root:pam-2fa 0640.
    pub config: PathBuf,
    /// The store and the key, pam-2fa 0700.
    pub state: PathBuf,
    /// The sockets, root 0755.
    pub run: PathBuf,
}

impl Folders {
    /// Those of a host where pam-2fa is installed.
    #[must_use]
    pub fn installed() -> Self {
        Self {
            config: PathBuf::from("/etc/pam-2fa/config.toml"),
            state: PathBuf::from("/var/lib/pam-2fa"),
            run: PathBuf::from("/run/pam-2fa"),
        }
    }

    /// Runs the command `pam-2fa` as root on this copy.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Output {
        self.to_run(words).output().unwrap_or_else(|error| panic!("run {COMMAND}: {error}"))
    }

    /// Starts the command and does not wait for it; what it says is nobody's.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn command_begun(&self, words: &[&str]) -> Child {
        self.command_into(words, Stdio::null())
    }

    /// The same, and what it says goes there.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn command_into(&self, words: &[&str], out: impl Into<Stdio>) -> Child {
        let mut command = self.to_run(words);
        command.stdout(out).stderr(Stdio::null());
        command.spawn().unwrap_or_else(|error| panic!("run {COMMAND}: {error}"))
    }

    fn to_run(&self, words: &[&str]) -> Command {
        let mut command = Command::new(COMMAND);
        command.arg("--runtime-dir").arg(&self.run).arg("--config").arg(&self.config).args(words);
        command.stdin(Stdio::null());
        command
    }
}

/// A daemon that accepts. Killed when dropped, as kill -9 does.
pub struct Daemon {
    child: Child,
}

impl Daemon {
    /// Starts the daemon that decides, and waits until its sockets accept.
    ///
    /// # Panics
    /// When it does not start, with what it logged.
    #[must_use]
    pub fn configd(folders: &Folders, log: &Path) -> Self {
        Self::configd_by(Command::new(CONFIGD), folders, log)
    }

    /// The same with a network of its own and other people's processes hidden, as its unit has it, and with `mounts` made.
    ///
    /// # Panics
    /// When it does not start, with what it logged.
    #[must_use]
    pub fn configd_apart(mounts: &[(PathBuf, PathBuf)], folders: &Folders, log: &Path) -> Self {
        let mut script = String::from("set -e\n");
        for (source, target) in mounts {
            let (source, target) = (source.display(), target.display());
            writeln!(script, "mkdir -p $(dirname {target})\ntouch {target}\nmount --bind {source} {target}")
                .expect("write");
            writeln!(script, "mount -o remount,bind,ro {target}").expect("write");
        }
        script.push_str("mount -t proc -o hidepid=invisible proc /proc\nexec \"$@\"\n");
        let mut command = Command::new("unshare");
        command.args(["--net", "--mount", "--", "sh", "-c", &script, "configd-apart", CONFIGD]);
        Self::configd_by(command, folders, log)
    }

    fn configd_by(command: Command, folders: &Folders, log: &Path) -> Self {
        let arguments = [
            ("--config", folders.config.clone()),
            ("--state-dir", folders.state.clone()),
            ("--runtime-dir", folders.run.clone()),
            ("--share-dir", PathBuf::from(SHARE)),
            ("--user", PathBuf::from("pam-2fa")),
        ];
        Self::start(command, &arguments, &[folders.run.join("login.sock"), folders.run.join("admin.sock")], log)
    }

    /// Starts the daemon that carries, and waits until its socket accepts (it then hangs up on us: we are not configd).
    ///
    /// # Panics
    /// When it does not start, with what it logged.
    #[must_use]
    pub fn courier(folders: &Folders, log: &Path) -> Self {
        let arguments = [
            ("--runtime-dir", folders.run.clone()),
            ("--share-dir", PathBuf::from(SHARE)),
            ("--providers", folders.config.with_file_name("providers")),
            ("--user", PathBuf::from("pam-2fa-courier")),
            ("--peer", PathBuf::from("pam-2fa")),
        ];
        Self::start(Command::new(COURIER), &arguments, &[folders.run.join("courier.sock")], log)
    }

    fn start(mut command: Command, arguments: &[(&str, PathBuf)], sockets: &[PathBuf], log: &Path) -> Self {
        let program = command.get_program().to_string_lossy().into_owned();
        let log_file = File::options().create(true).append(true).open(log).expect("open the daemon's log");
        for (option, value) in arguments {
            command.arg(option).arg(value);
        }
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log_file).spawn();
        let mut daemon = Self { child: child.unwrap_or_else(|error| panic!("start {program}: {error}")) };
        for socket in sockets {
            wait::until(&format!("{} to accept", socket.display()), || {
                if let Some(status) = daemon.child.try_wait().expect("look at the daemon") {
                    panic!("{program} ended with {status}:\n{}", fs::read_to_string(log).unwrap_or_default());
                }
                UnixStream::connect(socket).ok()
            });
        }
        daemon
    }

    /// Its process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop (SIGTERM), and waits until it has.
    ///
    /// # Panics
    /// When it does not.
    pub fn stop(mut self) -> ExitStatus {
        let pid = i32::try_from(self.child.id()).expect("a pid");
        kill(Pid::from_raw(pid), Signal::SIGTERM).expect("signal the daemon");
        wait::until("the daemon to stop", || self.child.try_wait().expect("look at the daemon"))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
