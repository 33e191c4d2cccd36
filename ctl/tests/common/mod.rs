//! A daemon that says what a test tells it to, on a socket in a folder of its own, and the command run against it.
//!
//! The command speaks to root's socket only, so these tests run as root; elsewhere they say that they did not run.

#![allow(dead_code, reason = "each test file uses a part of it")]
#![expect(clippy::unwrap_used, reason = "the tests' own helpers")]

use pam_2fa_protocol::admin::{GENERATION, GenerationReply};
use pam_2fa_protocol::frame::{FrameBuffer, terminated};
use pam_2fa_protocol::wire::{Continues, decode_call, encode_error, encode_reply};
use serde_json::Value;
use std::fs::{set_permissions, write};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

/// What a fake daemon does next.
pub(crate) enum Reply {
    /// The last reply.
    Done(Value),
    /// One of several.
    More(Value),
    /// An error by name.
    Error(&'static str, Value),
    /// Bytes as they are.
    Raw(Vec<u8>),
    /// The end of the connection.
    Close,
}

/// A host and a DNS of the tests' own: mail for host.example.com ends here, of silent.example.com nothing is known, all else is
/// elsewhere.
pub(crate) struct OtherHost;

impl ctl::Surroundings for OtherHost {
    fn host(&self) -> ctl::Host {
        let destinations = vec![String::from("host.example.com")];
        ctl::Host { names: vec![String::from("web1")], addresses: Vec::new(), destinations }
    }

    fn route(&self, domain: &str) -> ctl::Route {
        let unknown = (domain == "silent.example.com").then(|| String::from("no answer within 3 s"));
        ctl::Route { servers: Vec::new(), unknown }
    }
}

/// A fake daemon. Its thread ends with the process.
pub(crate) struct Daemon {
    folder: TempDir,
    calls: Arc<Mutex<Vec<String>>>,
    counts: Arc<AtomicI64>,
    /// What the command answers goes to a terminal.
    is_seen: bool,
    /// So wide it is.
    columns: Option<usize>,
    /// It shows colours.
    colours: bool,
}

impl Daemon {
    /// Answers each call with what `script` says to (method, parameters).
    pub(crate) fn start(script: impl Fn(&str, &Value) -> Vec<Reply> + Send + 'static) -> Self {
        let daemon = Self::absent();
        let listener = UnixListener::bind(daemon.runtime_dir().join("admin.sock")).unwrap();
        let (calls, counts) = (Arc::clone(&daemon.calls), Arc::clone(&daemon.counts));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(stream.unwrap(), &script, &calls, &counts);
            }
        });
        daemon
    }

    /// No daemon at all.
    pub(crate) fn absent() -> Self {
        let folder = TempDir::new().unwrap();
        // Others may pass through, so that a test can run the command as another user.
        set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        let (is_seen, columns, colours) = (false, None, false);
        Self { folder, calls: Arc::default(), counts: Arc::default(), is_seen, columns, colours }
    }

    /// The same daemon, looked at at a terminal.
    pub(crate) fn at_a_terminal(mut self) -> Self {
        self.is_seen = true;
        self
    }

    /// The same daemon, looked at at a terminal of so many columns.
    pub(crate) fn at_a_terminal_of(mut self, columns: usize, colours: bool) -> Self {
        (self.is_seen, self.columns, self.colours) = (true, Some(columns), colours);
        self
    }

    pub(crate) fn runtime_dir(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("config.toml")
    }

    /// Writes the settings, mode 0640.
    pub(crate) fn write_config(&self, text: &str) {
        write(self.config(), text).unwrap();
        set_permissions(self.config(), PermissionsExt::from_mode(0o640)).unwrap();
    }

    pub(crate) fn read_config(&self) -> String {
        std::fs::read_to_string(self.config()).unwrap()
    }

    /// The files in the folder but the socket.
    pub(crate) fn files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|n| n != "admin.sock")
            .collect();
        names.sort();
        names
    }

    /// How far its store is; 0 where a test does not say: nothing to keep.
    pub(crate) fn counts(&self) -> Arc<AtomicI64> {
        Arc::clone(&self.counts)
    }

    /// The calls so far: method and parameters.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }

    /// Runs the command and returns all that an administrator sees, with the folder's name replaced by DIR.
    pub(crate) fn run(&self, args: &[&str]) -> String {
        self.run_typing(args, "")
    }

    /// The same, with something typed.
    pub(crate) fn run_typing(&self, args: &[&str], typed: &str) -> String {
        let folder = self.folder.path().to_str().unwrap();
        let config = self.config();
        let given = ["pam-2fa", "--runtime-dir", folder, "--config", config.to_str().unwrap()];
        let args = given.iter().chain(args).map(std::ffi::OsString::from);
        let (mut input, mut out, mut err) = (typed.as_bytes(), Vec::new(), Vec::new());
        let terminal = ctl::Terminal {
            input: &mut input,
            out: &mut out,
            err: &mut err,
            is_watched: false,
            is_typed: false,
            is_seen: self.is_seen,
            columns: self.columns,
            colours: self.colours,
            locale: String::new(),
            is_utf8: true,
            is_dumb: false,
        };
        let status = ctl::run_in(args, terminal, &OtherHost);
        let text = |bytes| String::from_utf8(bytes).unwrap().replace(folder, "DIR");
        format!("{}---\n{}=== {status}", text(out), text(err))
    }
}

fn serve(
    mut stream: UnixStream,
    script: &impl Fn(&str, &Value) -> Vec<Reply>,
    calls: &Mutex<Vec<String>>,
    counts: &AtomicI64,
) {
    let mut buffer = FrameBuffer::new();
    let mut chunk = [0; 4096];
    loop {
        let Some(frame) = buffer.next_frame() else {
            match stream.read(&mut chunk) {
                Ok(length) if length > 0 => buffer.push(chunk.get(..length).unwrap()).unwrap(),
                _ => return,
            }
            continue;
        };
        let call = decode_call(&frame).unwrap();
        let parameters: Value = call.parameters().unwrap();
        // Asked after each change, and nothing that a test of the change is about.
        if call.method == GENERATION {
            let generation = GenerationReply { generation: counts.load(Ordering::Relaxed) };
            let reply = encode_reply(&generation, Continues::No).unwrap();
            if stream.write_all(&terminated(&reply).unwrap()).is_err() {
                return;
            }
            continue;
        }
        let more = if call.more { " more" } else { "" };
        calls.lock().unwrap().push(format!("{}{more} {parameters}", call.method.rsplit('.').next().unwrap()));
        for reply in script(&call.method, &parameters) {
            let bytes = match reply {
                Reply::Done(value) => terminated(&encode_reply(&value, Continues::No).unwrap()).unwrap().to_vec(),
                Reply::More(value) => terminated(&encode_reply(&value, Continues::Yes).unwrap()).unwrap().to_vec(),
                Reply::Error(name, value) => terminated(&encode_error(name, &value).unwrap()).unwrap().to_vec(),
                Reply::Raw(bytes) => bytes,
                Reply::Close => return,
            };
            // The command may be gone: a test kills it.
            if stream.write_all(&bytes).is_err() {
                return;
            }
        }
    }
}

/// Whether this process is root's; says so where it is not.
pub(crate) fn is_root(test: &str) -> bool {
    let root = nix::unistd::geteuid().is_root();
    if !root {
        // Past the test runner, which shows what a test prints only when it fails.
        let text = format!("SKIPPED {test}: the command speaks to root's socket only; run as root\n");
        std::io::stderr().write_all(text.as_bytes()).unwrap();
    }
    root
}

/// Ends a test early, and loudly, where it cannot run.
#[macro_export]
macro_rules! needs_root {
    () => {
        if !common::is_root(concat!(file!(), ":", line!())) {
            return;
        }
    };
}
