//! configd as systemd starts it: sockets handed over, readiness told, settings read again on SIGHUP, an orderly stop. The real
//! `systemd-socket-activate` hands the sockets over; the notify socket is ours.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed step is a failed test")]

use e2e::world::own;
use e2e::{ns, varlink, wait};
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// configd under systemd-socket-activate. Killed when dropped.
struct Activated {
    dir: PathBuf,
    child: Child,
    notify: UnixDatagram,
}

impl Activated {
    fn start() -> Self {
        let dir = ns::folder("activated");
        for (folder, mode, owner) in
            [("etc", 0o750, "root:pam-2fa"), ("state", 0o700, "pam-2fa:pam-2fa"), ("run", 0o755, "root:root")]
        {
            fs::create_dir(dir.join(folder)).unwrap();
            own(&dir.join(folder), mode, owner);
        }
        settings(&dir, "First");
        let notify = UnixDatagram::bind(dir.join("notify.sock")).unwrap();
        own(&dir.join("notify.sock"), 0o666, "root:root");
        notify.set_read_timeout(Some(wait::PATIENCE)).unwrap();
        let child = Command::new("systemd-socket-activate")
            .arg(format!("--listen={}", dir.join("run/login.sock").display()))
            .arg(format!("--listen={}", dir.join("run/admin.sock").display()))
            .arg(format!("--listen={}", dir.join("run/self.sock").display()))
            .arg(format!("--listen={}", dir.join("run/status.sock").display()))
            .arg(format!("--setenv=NOTIFY_SOCKET={}", dir.join("notify.sock").display()))
            .args(["setpriv", "--reuid=pam-2fa", "--regid=pam-2fa", "--init-groups", "/usr/libexec/pam-2fa/configd"])
            .arg("--config")
            .arg(dir.join("etc/config.toml"))
            .arg("--state-dir")
            .arg(dir.join("state"))
            .arg("--runtime-dir")
            .arg(dir.join("run"))
            .env("NOTIFY_SOCKET", dir.join("notify.sock"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(dir.join("log")).unwrap())
            .spawn()
            .unwrap();
        Self { dir, child, notify }
    }

    /// Waits for a datagram that holds `word`.
    fn is_told(&self, word: &str) {
        let mut seen = String::new();
        let mut datagram = [0_u8; 4096];
        while !seen.contains(word) {
            match self.notify.recv(&mut datagram) {
                Ok(length) => seen.push_str(&String::from_utf8_lossy(datagram.get(..length).unwrap_or_default())),
                // A child of another test has ended: with a timeout set the kernel does not go on by itself (signal(7)).
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => panic!("{error}: waited for {word}, got {seen:?}\n{}", self.log()),
            }
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    fn ask(&self, socket: &str, method: &str, parameters: &str) -> String {
        let socket = self.dir.join("run").join(socket);
        wait::until("the socket to be there", || socket.exists().then_some(()));
        String::from_utf8(varlink::call(&socket, method, parameters).unwrap()).unwrap()
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }
}

impl Drop for Activated {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

const MAIL: &str = "[email]\nserver = \"localhost\"\nfrom = \"security@example.test\"\n";

fn settings(dir: &Path, application: &str) {
    let file = dir.join("etc/config.toml");
    fs::write(&file, format!("[policy]\nrequired = \"optional\"\napplication = \"{application}\"\n{MAIL}")).unwrap();
    own(&file, 0o640, "root:pam-2fa");
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn with_sockets_of_systemd_the_daemon_answers_tells_reloads_and_stops() {
    let mut daemon = Activated::start();
    // The first client starts it, as the socket unit does; it waits in the queue until the daemon is there.
    let status = daemon.ask("admin.sock", "io.pam2fa.Admin.Status", "{}");
    // No courier runs here, and that is all that is unhealthy.
    assert!(status.contains("\"degraded\"") && status.contains("First"), "{status}\n{}", daemon.log());
    assert_eq!(
        (status.matches("\"kind\":").count(), status.matches("\"kind\":\"courier\"").count()),
        (1, 1),
        "{status}"
    );
    let told = daemon.ask("status.sock", "io.pam2fa.Status.Status", "{}");
    assert!(told.contains("\"degraded\"") && !told.contains("First"), "{told}");
    daemon.is_told("READY=1");
    let begin = r#"{"version":1,"user":"root","service":"sshd","remote_host":"203.0.113.5"}"#;
    let step = daemon.ask("login.sock", "io.pam2fa.Login.Begin", begin);
    assert!(step.contains("not_subject"), "{step}");

    settings(&daemon.dir, "Second");
    daemon.signal("-HUP");
    daemon.is_told("RELOADING=1");
    daemon.is_told("READY=1");
    let status = daemon.ask("admin.sock", "io.pam2fa.Admin.Status", "{}");
    assert!(status.contains("Second"), "{status}");

    fs::write(daemon.dir.join("etc/config.toml"), "[policy]\nrequired = \"sometimes\"\n").unwrap();
    daemon.signal("-HUP");
    daemon.is_told("RELOADING=1");
    daemon.is_told("READY=1");
    let status = daemon.ask("admin.sock", "io.pam2fa.Admin.Status", "{}");
    assert!(status.contains("Second") && status.contains("\"optional\""), "the old settings stay: {status}");
    assert!(daemon.log().contains("sometimes"), "the refusal stands in the log: {}", daemon.log());

    daemon.signal("-TERM");
    daemon.is_told("STOPPING=1");
    let ended = wait::until("configd to stop", || daemon.child.try_wait().unwrap());
    assert!(ended.success(), "{ended}\n{}", daemon.log());
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn a_stop_lets_a_message_of_the_store_reach_the_disk() {
    let daemon = Activated::start();
    let set = r#"{"name":"root","email":"root@example.test","trusted":true}"#;
    let reply = daemon.ask("admin.sock", "io.pam2fa.Admin.UserSet", set);
    assert!(reply.contains("root@example.test"), "{reply}");
    daemon.signal("-TERM");
    daemon.is_told("STOPPING=1");
    let mut daemon = daemon;
    let ended = wait::until("configd to stop", || daemon.child.try_wait().unwrap());
    assert!(ended.success());
    let log = fs::read(daemon.dir.join("state/state.db-wal")).unwrap_or_default();
    let empty = log.iter().all(|byte| *byte == 0);
    assert!(empty, "what was written is in the store itself, and not in the log beside it\n{}", daemon.log());
}
