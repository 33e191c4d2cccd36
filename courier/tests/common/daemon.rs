//! The courier, and courier-local, as processes of their own, started as whoever runs the tests: root, and then they drop to `nobody`
//! (courier-local, where it serves that one, to `daemon`), or somebody.

use super::mail_with_auth;
use e2e::smtp::Server;
use e2e::smtp::script::{At, Play, Port, Script, Seen};
use pam_2fa_protocol::courier::{Mail, Outcome, SEND, Send, Sent, Tls};
use pam_2fa_protocol::frame::{FrameBuffer, write_frame};
use pam_2fa_protocol::wire::{More, decode_reply, encode_call};
use serde_json::Value;
use std::fs::Permissions;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

const PATIENCE: Duration = Duration::from_secs(30);

pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// A folder that everybody may look into, however deep and closed the one is that the tests are built in; its path is short
/// enough for a socket.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let path = nix::unistd::mkdtemp("/tmp/pam-2fa-courier-XXXXXX").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Whether the daemon makes its socket or is given one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Socket {
    Made,
    HandedOver,
}

/// Which of the two programs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Courier,
    /// courier-local, as this user where root starts it.
    Local(&'static str),
}

impl Which {
    fn program(self) -> &'static str {
        match self {
            Self::Courier => env!("CARGO_BIN_EXE_courier"),
            Self::Local(_) => env!("CARGO_BIN_EXE_courier-local"),
        }
    }

    fn user(self) -> &'static str {
        match self {
            Self::Courier => "nobody",
            Self::Local(user) => user,
        }
    }

    fn socket(self) -> &'static str {
        match self {
            Self::Courier => "courier.sock",
            Self::Local(_) => "courier-local.sock",
        }
    }

    fn log(self) -> &'static str {
        match self {
            Self::Courier => "log",
            Self::Local(_) => "log-local",
        }
    }
}

pub struct Daemon {
    pub folder: Arc<Folder>,
    which: Which,
    child: Child,
    notified: UnixDatagram,
}

impl Daemon {
    /// Started and ready, and whoever runs the tests may call.
    pub fn start() -> Self {
        Self::start_with(Folder::new(), &["--peer", "root"], Socket::Made)
    }

    pub fn start_with(folder: Folder, args: &[&str], socket: Socket) -> Self {
        let (command, notified) = command(&folder.0, args, socket);
        Self::adopt(folder, command, notified)
    }

    /// Another one in a folder that others are in, too.
    pub fn start_in(folder: Arc<Folder>, which: Which, args: &[&str], socket: Socket) -> Self {
        Self::start_with_more(folder, which, args, socket, |_| {})
    }

    /// The same, with what else is to be said of the command.
    pub fn start_with_more(
        folder: Arc<Folder>,
        which: Which,
        args: &[&str],
        socket: Socket,
        more: impl FnOnce(&mut Command),
    ) -> Self {
        let (mut command, notified) = command_of(which, &folder.0, args, socket);
        more(&mut command);
        let daemon = Self { folder, which, child: command.spawn().unwrap(), notified };
        daemon.expect_notice("READY=1");
        daemon
    }

    /// What [`command`] has made, started and ready.
    pub fn adopt(folder: Folder, mut command: Command, notified: UnixDatagram) -> Self {
        let daemon =
            Self { folder: Arc::new(folder), which: Which::Courier, child: command.spawn().unwrap(), notified };
        daemon.expect_notice("READY=1");
        daemon
    }

    /// Waits for what the daemon tells the service manager.
    pub fn expect_notice(&self, notice: &str) {
        let mut buffer = [0; 256];
        loop {
            let length = match self.notified.recv(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                received => received.unwrap_or_else(|error| panic!("{notice}: {error}\n{}", self.log())),
            };
            let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
            if text.lines().any(|line| line == notice) {
                return;
            }
        }
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.0.join(self.which.socket())
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.0.join(self.which.log())).unwrap()
    }

    pub fn call(&self) -> Caller {
        Caller::connect(&self.socket())
    }

    pub fn terminate(&self) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
    }

    pub fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command that starts a courier in `folder`, and where it says that it is ready.
pub fn command(folder: &Path, args: &[&str], socket: Socket) -> (Command, UnixDatagram) {
    command_of(Which::Courier, folder, args, socket)
}

fn command_of(which: Which, folder: &Path, args: &[&str], socket: Socket) -> (Command, UnixDatagram) {
    let notify = folder.join(format!("notify-{}", which.log()));
    let notified = UnixDatagram::bind(&notify).unwrap();
    notified.set_read_timeout(Some(PATIENCE)).unwrap();
    std::fs::set_permissions(&notify, Permissions::from_mode(0o777)).unwrap();
    let log = std::fs::File::create(folder.join(which.log())).unwrap();
    let program = which.program();
    let mut command = match socket {
        Socket::Made => Command::new(program),
        Socket::HandedOver => {
            let listener = UnixListener::bind(folder.join(which.socket())).unwrap();
            let mut shell = Command::new("sh");
            let script = "exec 3<&0 0</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\"";
            shell.args(["-c", script, program]).stdin(OwnedFd::from(listener));
            shell
        }
    };
    if socket == Socket::Made {
        command.stdin(Stdio::null());
    }
    if is_root() {
        command.args(["--user", which.user()]);
    }
    command.arg("--runtime-dir").arg(folder).args(["--config", "/nowhere", "--state-dir", "/nowhere"]).args(args);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("NOTIFY_SOCKET", notify).stdout(Stdio::null()).stderr(log);
    (command, notified)
}

/// One connection to a daemon.
pub struct Caller {
    stream: UnixStream,
    buffer: FrameBuffer,
}

impl Caller {
    pub fn connect(path: &Path) -> Self {
        let stream = UnixStream::connect(path).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream, buffer: FrameBuffer::new() }
    }

    pub fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)
    }

    pub fn say(&mut self, json: &str) {
        write_frame(&mut self.stream, json.as_bytes()).unwrap();
    }

    pub fn send(&mut self, send: &Send, more: More) {
        write_frame(&mut self.stream, &encode_call(SEND, send, more).unwrap()).unwrap();
    }

    /// The next frame; `None` when the daemon has closed.
    pub fn hear(&mut self) -> Option<Value> {
        loop {
            if let Some(frame) = self.buffer.next_frame() {
                return Some(serde_json::from_slice(&frame).unwrap());
            }
            let mut chunk = [0; 4096];
            match self.stream.read(&mut chunk) {
                Ok(0) => return None,
                // A child of another test has ended: with a timeout set the kernel does not go on by itself (signal(7)).
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return None,
                Ok(read) => self.buffer.push(&chunk[..read]).unwrap(),
                Err(error) => panic!("{error}"),
            }
        }
    }

    /// A call that is answered at once.
    pub fn ask_for_info(&mut self) {
        self.say(r#"{"method":"org.varlink.service.GetInfo"}"#);
        let reply = self.hear().expect("closed");
        assert_eq!(reply["parameters"]["product"], "pam-2fa", "{reply}");
    }

    /// Whether an answer comes while the daemon has a second and nothing else to do.
    pub fn is_answered(&mut self) -> bool {
        self.stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        let mut byte = [0; 1];
        let answered = self.stream.read_exact(&mut byte);
        self.stream.set_read_timeout(Some(PATIENCE)).unwrap();
        answered.is_ok()
    }

    /// Everything up to the outcome.
    pub fn outcome(&mut self) -> (Vec<String>, Outcome) {
        let mut steps = Vec::new();
        loop {
            let frame = serde_json::to_vec(&self.hear().expect("closed without an outcome")).unwrap();
            let reply = decode_reply(&frame).unwrap();
            assert!(reply.error.is_none(), "{reply:?}");
            let sent: Sent = reply.parameters().unwrap();
            assert_eq!(reply.continues, sent.outcome.is_none());
            steps.extend(sent.step);
            if let Some(outcome) = sent.outcome {
                return (steps, outcome);
            }
        }
    }
}

/// A mail whose `ca_file` the daemon's own user can read.
pub fn readable(daemon: &Daemon, server: &Server, tls: Tls) -> Mail {
    let ca_file = server.authority.write(&daemon.folder.0);
    Mail { ca_file: Some(ca_file.to_str().unwrap().to_owned()), ..mail_with_auth(server, tls) }
}

pub fn error(reply: Option<Value>) -> String {
    reply.unwrap()["error"].as_str().unwrap().to_owned()
}

/// A server whose answers to the final dot are each let through by the gate.
pub fn held() -> (Arc<Semaphore>, Server) {
    let gate = Arc::new(Semaphore::new(0));
    let late = Play::Held(Arc::clone(&gate), b"250 2.0.0 late\r\n".to_vec());
    (gate, Server::start(Port::Implicit, Script::accepting().always(At::Dot, late)))
}

pub fn until(server: &Server, wanted: impl Fn(&Seen) -> bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(server.until(wanted));
}
