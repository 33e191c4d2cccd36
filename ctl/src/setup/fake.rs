//! A configd for the tests here: on a socket of its own, root's, and it says what a test tells it to.

use pam_2fa_protocol::frame::{FrameBuffer, terminated};
use pam_2fa_protocol::wire::{Continues, decode_call, encode_error, encode_reply};
use serde_json::Value;
use std::fs::{Permissions, read_dir, read_to_string, remove_file, set_permissions, write};
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use tempfile::TempDir;

pub(super) enum Reply {
    Done(Value),
    More(Value),
    Error(&'static str, Value),
    /// The end of the connection.
    Close,
}

/// A folder with settings and, perhaps, a daemon.
pub(super) struct Fake {
    folder: TempDir,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    pub(super) fn absent() -> Self {
        Self { folder: TempDir::new().unwrap(), calls: Arc::default() }
    }

    /// Answers each call with what `script` says to (method, parameters).
    pub(super) fn start(script: impl Fn(&str, &Value) -> Vec<Reply> + Send + Sync + 'static) -> Self {
        let fake = Self::absent();
        fake.listen(script);
        fake
    }

    pub(super) fn listen(&self, script: impl Fn(&str, &Value) -> Vec<Reply> + Send + Sync + 'static) {
        let listener = UnixListener::bind(self.socket()).unwrap();
        let (script, calls) = (Arc::new(script), Arc::clone(&self.calls));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (script, calls) = (Arc::clone(&script), Arc::clone(&calls));
                std::thread::spawn(move || serve(stream.unwrap(), &*script, &calls));
            }
        });
    }

    /// From now on nobody reaches it.
    pub(super) fn vanish(&self) {
        remove_file(self.socket()).unwrap();
    }

    fn socket(&self) -> PathBuf {
        self.dir().join("admin.sock")
    }

    pub(super) fn dir(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn config(&self) -> PathBuf {
        self.dir().join("config.toml")
    }

    /// Writes the settings, mode 0640.
    pub(super) fn write(&self, text: &str) {
        write(self.config(), text).unwrap();
        set_permissions(self.config(), Permissions::from_mode(0o640)).unwrap();
    }

    pub(super) fn read(&self) -> String {
        read_to_string(self.config()).unwrap()
    }

    /// The files in the folder but the socket.
    pub(super) fn files(&self) -> Vec<String> {
        let entries = read_dir(self.dir()).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "admin.sock")
            .collect()
    }

    /// The calls so far: method and parameters.
    pub(super) fn calls(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

fn serve(mut stream: UnixStream, script: &impl Fn(&str, &Value) -> Vec<Reply>, calls: &Mutex<Vec<String>>) {
    let mut buffer = FrameBuffer::new();
    let mut chunk = [0; 4096];
    loop {
        let Some(frame) = buffer.next_frame() else {
            match stream.read(&mut chunk) {
                Ok(length) if length > 0 => buffer.push(&chunk[..length]).unwrap(),
                _ => return,
            }
            continue;
        };
        let call = decode_call(&frame).unwrap();
        let parameters: Value = call.parameters().unwrap();
        calls.lock().unwrap().push(format!("{} {parameters}", call.method.rsplit('.').next().unwrap()));
        for reply in script(&call.method, &parameters) {
            let frame = match reply {
                Reply::Done(value) => encode_reply(&value, Continues::No).unwrap(),
                Reply::More(value) => encode_reply(&value, Continues::Yes).unwrap(),
                Reply::Error(name, value) => encode_error(name, &value).unwrap(),
                Reply::Close => return,
            };
            // Whoever asked may be gone.
            if stream.write_all(&terminated(&frame).unwrap()).is_err() {
                return;
            }
        }
    }
}

/// Whether this process is root's: the command speaks to root's socket only. Says so where it is not.
pub(super) fn is_root(test: &str) -> bool {
    let is_root = nix::unistd::geteuid().is_root();
    if !is_root {
        // Past the test runner, which shows what a test prints only when it fails.
        std::io::stderr().write_all(format!("SKIPPED {test}: run as root\n").as_bytes()).unwrap();
    }
    is_root
}
