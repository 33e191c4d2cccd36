//! The host of the demo, as an administrator would set it up: the installed files, config.toml, the PAM stack, sshd's settings,
//! a user, and both daemons, by the product's own commands.

use crate::narrator::Narrator;
use e2e::daemon::{Daemon, Folders};
use e2e::host::{self, Stack};
use e2e::{mailbox, ns, wait, world};
use std::error::Error;
use std::fs;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Who logs in.
pub(crate) const USER: &str = "ada";
/// Where the codes go.
pub(crate) const ADDRESS: &str = "ada@example.test";
/// The host's name in the private network.
pub(crate) const HOST: &str = "host.example.test";

const CONFIG: &str = r#"[policy]
required    = "optional"
application = "Example Corp"

[email]
server   = "localhost"
port     = 2465
tls      = "implicit"
from     = "Example Corp Security <security@example.test>"
password = "pw123"
ca_file  = "/run/pam-2fa-ns/mail/ca/ca.pem"
"#;

const SSHD: &str = "UsePAM yes\nKbdInteractiveAuthentication yes\nPasswordAuthentication no\nUseDNS no\n";

/// The running host. Ends when dropped.
pub(crate) struct Stage {
    _configd: Daemon,
    _courier: Daemon,
    sshd: Child,
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.sshd.kill();
        let _ = self.sshd.wait();
    }
}

impl Stage {
    /// Sets everything up, telling each step.
    pub(crate) fn set(narrator: &mut Narrator) -> Result<Self, Box<dyn Error>> {
        ns::require();
        fresh_user()?;
        let folders = Folders::installed();
        narrator.say("A Postfix with TLS and AUTH runs at localhost:2465. The settings, /etc/pam-2fa/config.toml:");
        fs::write(&folders.config, CONFIG)?;
        world::own(&folders.config, 0o640, "root:pam-2fa");
        narrator.quote(CONFIG);
        run(narrator, &folders, &["config", "check"])?;

        narrator.say("\nThe two daemons, each under a user of its own:");
        let courier = Daemon::courier(&folders, Path::new("/var/log/courier.log"));
        let configd = Daemon::configd(&folders, Path::new("/var/log/configd.log"));
        narrator.quote(&processes(&[&configd, &courier])?);

        narrator.say("\nThe password of the mail account does not stay in the file:");
        run(narrator, &folders, &["config", "seal"])?;
        let sealed = fs::read_to_string(&folders.config)?;
        let line = sealed.lines().find(|line| line.starts_with("password")).unwrap_or_default().to_owned();
        narrator.quote(&line);
        narrator.expect(
            line.contains("sealed:") && !sealed.contains("pw123"),
            "sealed",
            "the password is still readable",
        )?;

        narrator.say(&format!("\nA user of this host, {USER}, and where the codes go:"));
        run(narrator, &folders, &["user", "set", USER, "--email", ADDRESS, "--verify", "always", "--trusted"])?;
        let before = mailbox::all(ADDRESS).len();
        run(narrator, &folders, &["test", "email", ADDRESS])?;
        let test = mailbox::wait_for(ADDRESS, before.saturating_add(1));
        narrator.say(&format!("-> it arrived: {}", test.subject));
        run(narrator, &folders, &["status"])?;

        narrator.say("\nsshd's stack, /etc/pam.d/sshd: the password first, then the code");
        fs::write("/etc/pam.d/sshd", Stack::Password.text(""))?;
        narrator.quote(&Stack::Password.text(""));
        let sshd = start_sshd()?;
        Ok(Self { _configd: configd, _courier: courier, sshd })
    }

    /// What both daemons logged.
    #[expect(clippy::unused_self, reason = "only a running host has logs")]
    pub(crate) fn logs(&self) -> String {
        let log = |name: &str| fs::read_to_string(Path::new("/var/log").join(name)).unwrap_or_default();
        format!("configd:\n{}\ncourier:\n{}", log("configd.log"), log("courier.log"))
    }
}

/// A user of that name may live on this machine: in the demo's own copy of /etc it makes room.
fn fresh_user() -> Result<(), Box<dyn Error>> {
    for file in ["/etc/passwd", "/etc/shadow", "/etc/group"] {
        let text = fs::read_to_string(file)?;
        let prefix = format!("{USER}:");
        let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with(&prefix)).collect();
        fs::write(file, format!("{}\n", kept.join("\n")))?;
    }
    let _ = fs::remove_dir_all(Path::new("/home").join(USER));
    let _ = host::add_user(USER);
    Ok(())
}

/// Runs and shows `pam-2fa WORDS`.
fn run(narrator: &mut Narrator, folders: &Folders, words: &[&str]) -> Result<(), Box<dyn Error>> {
    narrator.say(&format!("# pam-2fa {}", words.join(" ")));
    let out = folders.command(words);
    narrator.quote(&world::text_of(&out));
    if !out.status.success() {
        return Err(format!("pam-2fa {} ended with {}", words.join(" "), out.status).into());
    }
    Ok(())
}

/// The daemons as ps(1) sees them.
fn processes(daemons: &[&Daemon]) -> Result<String, Box<dyn Error>> {
    let pids: Vec<String> = daemons.iter().map(|daemon| daemon.pid().to_string()).collect();
    let out = Command::new("ps").args(["-o", "user:16,pid,args", "-p", &pids.join(",")]).output()?;
    Ok(String::from_utf8_lossy(&out.stdout).into_owned())
}

/// The system's sshd at port 22 of the private network, known to the client.
fn start_sshd() -> Result<Child, Box<dyn Error>> {
    let key = Path::new(ns::DIR).join("host_key");
    fs::create_dir_all("/etc/ssh")?;
    fs::write("/etc/ssh/sshd_config", format!("{SSHD}HostKey {}\nPidFile none\n", key.display()))?;
    let public = fs::read_to_string(key.with_extension("pub"))?;
    fs::write("/etc/ssh/ssh_known_hosts", format!("{HOST} {public}"))?;
    fs::write("/etc/ssh/ssh_config", "Host *\n    GlobalKnownHostsFile /etc/ssh/ssh_known_hosts\n")?;
    let sshd = Command::new("/usr/sbin/sshd")
        .args(["-D", "-E", "/var/log/sshd.log"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    wait::until("sshd to accept", || TcpStream::connect(("127.0.0.1", 22)).ok());
    Ok(sshd)
}
