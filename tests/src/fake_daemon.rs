//! A daemon that follows a script: each connection plays it from its beginning. It records every frame it hears.
//!
//! It knows nothing of policy, and what it says may be wrong on purpose.

#![expect(clippy::unwrap_used, reason = "a stage that cannot be set fails the test that stands on it")]

use pam_2fa_protocol::FrameBuffer;
use std::io::Write;
use std::net::Shutdown;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::libpam::become_uid;
use crate::wait;

/// One move of the script, each after a frame was heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Answers with this frame.
    Say(String),
    /// Answers with these bytes, NUL or none.
    Raw(Vec<u8>),
    /// Answers a byte at a time, ten a second, for as long as anybody listens.
    Trickle(String),
    /// Answers with this frame and hears nothing more, which the peer learns when it writes.
    SayAndGoDeaf(String),
    /// Never answers.
    Hang,
    /// Closes.
    Close,
}

/// A step with a verdict and nothing else.
#[must_use]
pub fn verdict(verdict: &str) -> Act {
    step(&format!(r#""verdict":"{verdict}""#))
}

/// A step with a visible question.
#[must_use]
pub fn ask(text: &str) -> Act {
    step(&format!(r#""ask":{{"text":"{text}","echo":true}}"#))
}

/// A step with these members beside an empty `tell`.
#[must_use]
pub fn step(members: &str) -> Act {
    Act::Say(format!(r#"{{"parameters":{{"step":{{"tell":[],{members}}}}}}}"#))
}

/// An error reply.
#[must_use]
pub fn error(name: &str) -> Act {
    Act::Say(format!(r#"{{"error":"{name}","parameters":{{}}}}"#))
}

#[derive(Debug, Default)]
struct Heard {
    frames: Mutex<Vec<String>>,
    connections: AtomicUsize,
    /// Every connection, kept to the end: a peer that is deaf is not one that is gone.
    streams: Mutex<Vec<UnixStream>>,
    over: AtomicBool,
}

/// The daemon; gone on drop.
#[derive(Debug)]
pub struct FakeDaemon {
    path: PathBuf,
    heard: Arc<Heard>,
    thread: Option<JoinHandle<()>>,
    connections_over: mpsc::Receiver<()>,
}

impl FakeDaemon {
    /// Listens at `path` and plays `script` with whoever connects.
    #[must_use]
    pub fn start(path: &Path, script: &[Act]) -> Self {
        Self::start_as(path, 0, script)
    }

    /// The same under another uid: it is who listens whom a peer sees.
    #[must_use]
    pub fn start_as(path: &Path, uid: u32, script: &[Act]) -> Self {
        let heard = Arc::new(Heard::default());
        let (ready, is_ready) = mpsc::channel();
        let (connection_over, connections_over) = mpsc::channel();
        let thread = std::thread::spawn({
            let (path, script, heard) = (path.to_owned(), script.to_vec(), Arc::clone(&heard));
            move || {
                if uid != 0 {
                    become_uid(uid);
                }
                let listener = UnixListener::bind(&path).unwrap();
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o666)).unwrap();
                ready.send(()).unwrap();
                serve(&listener, &script, &heard, &connection_over);
            }
        });
        is_ready.recv().unwrap();
        Self { path: path.to_owned(), heard, thread: Some(thread), connections_over }
    }

    /// Every frame so far, in the order in which they came, without the NUL.
    #[must_use]
    pub fn frames(&self) -> Vec<String> {
        self.heard.frames.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many have connected.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.heard.connections.load(Ordering::SeqCst)
    }

    /// Says a frame to whoever connected last, without having been asked.
    pub fn say_unasked(&self, text: &str) {
        let mut streams = self.heard.streams.lock().unwrap_or_else(PoisonError::into_inner);
        streams.last_mut().unwrap().write_all(format!("{text}\0").as_bytes()).unwrap();
    }

    /// Whether a connection ends within a minute.
    #[must_use]
    pub fn a_connection_ended(&self) -> bool {
        self.connections_over.recv_timeout(Duration::from_secs(60)).is_ok()
    }
}

impl Drop for FakeDaemon {
    fn drop(&mut self) {
        self.heard.over.store(true, Ordering::SeqCst);
        drop(UnixStream::connect(&self.path)); // wakes it up
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
        drop(std::fs::remove_file(&self.path));
    }
}

fn serve(listener: &UnixListener, script: &[Act], heard: &Heard, over: &mpsc::Sender<()>) {
    std::thread::scope(|scope| {
        for stream in listener.incoming() {
            if heard.over.load(Ordering::SeqCst) {
                return;
            }
            let stream = stream.unwrap();
            heard.connections.fetch_add(1, Ordering::SeqCst);
            heard.streams.lock().unwrap_or_else(PoisonError::into_inner).push(stream.try_clone().unwrap());
            scope.spawn(move || {
                play(stream, script, heard);
                let _ = over.send(()); // nobody may be waiting for it
            });
        }
    });
}

/// Plays the script with one peer, and waits for the peer to go, unless the script itself closes.
fn play(mut stream: UnixStream, script: &[Act], heard: &Heard) {
    let mut inbox = FrameBuffer::new();
    for act in script {
        if !hear(&mut stream, &mut inbox, heard) {
            return;
        }
        let done = match act {
            Act::Say(text) => stream.write_all(format!("{text}\0").as_bytes()).is_ok(),
            Act::Raw(bytes) => stream.write_all(bytes).is_ok(),
            Act::SayAndGoDeaf(text) => {
                stream.shutdown(Shutdown::Read).unwrap();
                drop(stream.write_all(format!("{text}\0").as_bytes()));
                return;
            }
            Act::Trickle(text) => trickle(&mut stream, text),
            Act::Hang => true,
            Act::Close => {
                stream.shutdown(Shutdown::Both).unwrap();
                return;
            }
        };
        if !done {
            return;
        }
    }
    while hear(&mut stream, &mut inbox, heard) {}
}

/// Waits for a frame; `false` when the peer is gone.
fn hear(stream: &mut UnixStream, inbox: &mut FrameBuffer, heard: &Heard) -> bool {
    loop {
        if let Some(frame) = inbox.next_frame() {
            let text = String::from_utf8(frame.to_vec()).unwrap();
            heard.frames.lock().unwrap_or_else(PoisonError::into_inner).push(text);
            return true;
        }
        let mut chunk = [0; 4096];
        match wait::read_again(stream, &mut chunk) {
            Ok(0) | Err(_) => return false,
            Ok(length) => inbox.push(chunk.get(..length).unwrap_or_default()).unwrap(),
        }
    }
}

fn trickle(stream: &mut UnixStream, text: &str) -> bool {
    for byte in text.bytes() {
        if stream.write_all(&[byte]).is_err() {
            return false;
        }
        // Not in the hope that something has happened: to be slow is what it is here for.
        std::thread::sleep(Duration::from_millis(100));
    }
    true
}
