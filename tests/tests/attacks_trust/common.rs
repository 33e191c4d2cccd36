//! What the attacks share: people, logins, a host program of root's at the socket, a clock that can be set.

use e2e::mailbox;
use e2e::terminal::Terminal;
use e2e::world::{Person, World};
use std::fs;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

pub(crate) use e2e::trust::{
    ALL, ELSEWHERE, HERE, asked, by_key, command, elevate, key_login, not_asked, person, run, shell_in_a_session,
};

pub(crate) const BEGIN: &str = "io.pam2fa.Login.Begin";

/// Whether a code is asked for; the login goes no further.
pub(crate) fn asks(mut terminal: Terminal) -> bool {
    let (which, _) = terminal.wait_for_any(&["Code", "$ "]);
    which == 0
}

pub(crate) fn new_key(world: &World, name: &str) -> PathBuf {
    let key = world.path(name);
    run(&["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", &key.display().to_string()]);
    key
}

pub(crate) fn public(key: &Path) -> String {
    fs::read_to_string(key.with_extension("pub")).unwrap()
}

/// A host program of root's at login.sock.
pub(crate) struct Login(pub(crate) UnixStream);

impl Login {
    pub(crate) fn begin(world: &World, parameters: &str) -> (Self, String) {
        let stream = UnixStream::connect(world.path("run/login.sock")).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut login = Self(stream);
        let reply = login.call(BEGIN, parameters);
        (login, reply)
    }

    pub(crate) fn call(&mut self, method: &str, parameters: &str) -> String {
        let frame = format!("{{\"method\":\"{method}\",\"parameters\":{parameters}}}\0");
        let _ = self.0.write_all(frame.as_bytes());
        let (mut text, mut byte) = (Vec::new(), [0]);
        while self.0.read_exact(&mut byte).is_ok() && byte != [0] {
            text.extend(byte);
        }
        String::from_utf8(text).unwrap()
    }

    pub(crate) fn answer(&mut self, text: &str) -> String {
        self.call("io.pam2fa.Login.Answer", &format!("{{\"text\":\"{text}\"}}"))
    }
}

pub(crate) fn call_as(world: &World, uid: u32, socket: &str, method: &str, parameters: &str) -> Output {
    let words = [&*world.path(socket).to_string_lossy(), method, parameters].map(str::to_owned);
    world.run_as(uid, Path::new(env!("CARGO_BIN_EXE_varlink_call")), &words)
}

/// `Begin` with the fields in `more`, a JSON object's inside.
pub(crate) fn fields(user: &str, service: &str, more: &str) -> String {
    format!(r#"{{"version":1,"user":"{user}","service":"{service}",{more}}}"#)
}

/// A code is given for these fields, and the device is remembered.
pub(crate) fn remembered(world: &World, person: &Person, parameters: &str, number: usize) {
    let (mut login, reply) = Login::begin(world, parameters);
    assert!(reply.contains("\"ask\""), "{reply}");
    // Others may have asked at the same time: it is the code with the tag of this prompt.
    let mail = e2e::wait::until("the mail of this prompt", || {
        let codes = mailbox::codes(&person.email);
        let of_this = |mail: &&mailbox::Mail| reply.contains(&format!("({})", mail.tag()));
        codes.iter().rev().find(of_this).filter(|_| codes.len() >= number).cloned()
    });
    let reply = login.answer(&mail.code());
    assert!(reply.contains("\"allow\""), "{reply}");
    let (_, reply) = Login::begin(world, parameters);
    assert!(reply.contains("\"allow\""), "not remembered: {parameters}: {reply}");
}

/// configd on a wall clock that the file `offset` moves, by so many seconds.
pub(crate) struct MovedClock {
    child: std::process::Child,
    offset: PathBuf,
}

impl MovedClock {
    pub(crate) fn start(world: &mut World) -> Self {
        Self::start_with(world, &[])
    }

    /// With `BOOT` in its environment the clock that nobody can set is moved too: time passes.
    pub(crate) fn start_with(world: &mut World, more: &[(&str, &str)]) -> Self {
        world.kill_configd();
        let (source, library, offset) = (world.path("moved.c"), world.path("moved.so"), world.path("offset"));
        fs::write(
            &source,
            "#define _GNU_SOURCE\n#include <time.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n\
             #include <sys/syscall.h>\n\
             int clock_gettime(clockid_t c, struct timespec *t) { int r = syscall(SYS_clock_gettime, c, t);\n\
             if (c == CLOCK_REALTIME || (c == CLOCK_BOOTTIME && getenv(\"BOOT\"))) { long s = 0; FILE *f = fopen(getenv(\"OFFSET\"), \"r\");\n\
             if (f) { if (fscanf(f, \"%ld\", &s) != 1) s = 0; fclose(f); } t->tv_sec += s; } return r; }\n",
        )
        .unwrap();
        fs::write(&offset, "0").unwrap();
        run(&["cc", "-shared", "-fPIC", "-o", &library.display().to_string(), &source.display().to_string()]);
        let log = fs::File::options().append(true).create(true).open(world.path("configd.log")).unwrap();
        let child = Command::new("/usr/libexec/pam-2fa/configd")
            .arg("--config")
            .arg(world.config_file())
            .arg("--state-dir")
            .arg(world.path("state"))
            .arg("--runtime-dir")
            .arg(world.path("run"))
            .args(["--share-dir", "/usr/share/pam-2fa", "--user", "pam-2fa"])
            .env("LD_PRELOAD", library)
            .env("OFFSET", &offset)
            .envs(more.iter().copied())
            .stderr(log)
            .spawn()
            .unwrap();
        let socket = world.path("run/admin.sock");
        e2e::wait::until("configd to accept", || UnixStream::connect(&socket).ok());
        Self { child, offset }
    }

    pub(crate) fn set(&self, seconds: i64) {
        fs::write(self.offset.with_extension("new"), seconds.to_string()).unwrap();
        fs::rename(self.offset.with_extension("new"), &self.offset).unwrap();
    }
}

impl Drop for MovedClock {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
pub(crate) const DAY: i64 = 86_400;
