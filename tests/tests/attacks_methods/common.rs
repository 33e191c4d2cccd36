//! What the attackers of this test share: a connection to a socket of configd, as any uid. It speaks by hand, so that it can say what
//! no client of ours would.

#![expect(unsafe_code, reason = "one thread takes another uid, which libc's own calls do for the whole process")]

use e2e::world::{Person, World, text_of};
use serde_json::Value;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

/// Does `act` in a thread of that uid: the kernel tells the daemon who connected, and nobody can tell it otherwise.
pub(crate) fn as_uid<T: Send>(uid: u32, act: impl FnOnce() -> T + Send) -> T {
    let become_and_act = move || {
        // SAFETY: setresuid has no memory to get wrong; the bare call changes this thread alone, which ends with this closure.
        let done = unsafe { libc::syscall(libc::SYS_setresuid, uid, uid, uid) };
        assert_eq!(done, 0, "become uid {uid}");
        act()
    };
    thread::scope(|scope| scope.spawn(become_and_act).join().unwrap())
}

/// A connection.
pub(crate) struct Talk {
    stream: UnixStream,
    interface: &'static str,
}

impl Talk {
    /// To login.sock, as root's programs.
    pub(crate) fn login(world: &World) -> Self {
        Self::to(world, "login.sock", "io.pam2fa.Login")
    }

    /// To login.sock, as a process of that user.
    pub(crate) fn login_as(world: &World, uid: u32) -> Self {
        as_uid(uid, || Self::login(world))
    }

    /// To self.sock, as a process of that user.
    pub(crate) fn own(world: &World, uid: u32) -> Self {
        as_uid(uid, || Self::to(world, "self.sock", "io.pam2fa.Self"))
    }

    fn to(world: &World, socket: &str, interface: &'static str) -> Self {
        let stream = UnixStream::connect(world.path("run").join(socket)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Self { stream, interface }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        // Whoever is hung up on cannot write any more; what was said before that is the answer.
        let _ = self.stream.write_all(bytes);
    }

    /// The frame of a call.
    pub(crate) fn frame(&self, method: &str, parameters: &Value) -> Vec<u8> {
        format!("{{\"method\":\"{}.{method}\",\"parameters\":{parameters}}}\0", self.interface).into_bytes()
    }

    /// The next reply; empty where the daemon has hung up.
    pub(crate) fn reply(&mut self) -> Said {
        let (mut text, mut byte) = (Vec::new(), [0]);
        while self.stream.read_exact(&mut byte).is_ok() && byte != [0] {
            text.extend(byte);
        }
        Said(String::from_utf8(text).unwrap())
    }

    pub(crate) fn call(&mut self, method: &str, parameters: &Value) -> Said {
        let frame = self.frame(method, parameters);
        self.send(&frame);
        self.reply()
    }

    pub(crate) fn answer(&mut self, text: &str) -> Said {
        self.call("Answer", &serde_json::json!({ "text": text }))
    }

    /// A login of root's programs that stands at its first prompt, or is over.
    pub(crate) fn begin(world: &World, name: &str, service: &str, from: &str) -> (Self, Said) {
        let mut login = Self::login(world);
        let said = login.call("Begin", &begin(name, service, from));
        (login, said)
    }
}

/// What a module says first.
pub(crate) fn begin(name: &str, service: &str, from: &str) -> Value {
    serde_json::json!({ "version": 1, "user": name, "service": service, "remote_host": from })
}

/// A reply.
#[derive(Debug, Clone)]
pub(crate) struct Said(pub(crate) String);

impl Said {
    /// A part of the step; null where it has none.
    fn part(&self, path: &str) -> Value {
        let whole: Value = serde_json::from_str(&self.0).unwrap_or_default();
        whole.pointer(&format!("/parameters/step/{path}")).cloned().unwrap_or_default()
    }

    /// The question.
    pub(crate) fn asks(&self) -> String {
        self.part("ask/text").as_str().unwrap_or_default().to_owned()
    }

    /// What is told, a line each.
    pub(crate) fn tells(&self) -> String {
        let lines = self.part("tell");
        let lines: Vec<&str> = lines.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        lines.join("\n")
    }

    /// The verdict of a login.
    pub(crate) fn verdict(&self) -> String {
        self.part("verdict").as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn is_allow(&self) -> bool {
        self.verdict() == "allow"
    }

    /// A change was made.
    pub(crate) fn is_done(&self) -> bool {
        self.part("done") == true
    }
}

/// Runs the command as root, and it does what it is told.
pub(crate) fn command(world: &World, words: &[&str]) -> String {
    let out = world.command(words);
    assert!(out.status.success(), "pam-2fa {words:?}: {}\n{}", text_of(&out), world.logs());
    text_of(&out)
}

/// An administrator registers an address and vouches for it.
pub(crate) fn vouch(world: &World, person: &Person, email: &str) {
    let _said = command(world, &["user", "set", &person.host.name, "--email", email, "--trusted"]);
}
