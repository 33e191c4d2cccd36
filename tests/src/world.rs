//! A host with pam-2fa on it: both daemons under their own users, in folders of the test's own, and a sshd in front.

#![expect(clippy::expect_used, clippy::panic, reason = "a stage that cannot be set fails the test")]

use crate::daemon::{Daemon, Folders};
use crate::host::{self, HostUser, Sshd, Stack};
use crate::ns;
use crate::sms_gateway::{Gateway, Message, TOKEN};
use crate::ssh::Ssh;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

/// The authority of the private Postfix.
const AUTHORITY: &str = "/run/pam-2fa-ns/mail/ca/ca.pem";

/// What a test wants of its world.
#[derive(Debug, Clone)]
pub struct Plan {
    stack: Stack,
    sshd: String,
    policy: String,
    mail_server: String,
    ca_file: String,
    texts: Texts,
    more: String,
    /// Options of our line in the service's stack beside the socket.
    options: &'static str,
}

/// Whether a world has text messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Texts {
    None,
    /// By a [`Gateway`] of its own.
    Gateway,
}

impl Default for Plan {
    /// Password then code, for everyone with a record; mail over implicit TLS.
    fn default() -> Self {
        Self {
            stack: Stack::Password,
            sshd: String::new(),
            policy: "required = \"optional\"".to_owned(),
            mail_server: "server = \"localhost\"\nport = 2465\ntls = \"implicit\"".to_owned(),
            ca_file: AUTHORITY.to_owned(),
            texts: Texts::None,
            more: String::new(),
            options: "",
        }
    }
}

impl Plan {
    /// The service's PAM stack.
    #[must_use]
    pub fn stack(mut self, stack: Stack) -> Self {
        self.stack = stack;
        self
    }

    /// One more line of sshd_config, before the others: it wins.
    #[must_use]
    pub fn sshd(mut self, line: &str) -> Self {
        self.sshd.push_str(line);
        self.sshd.push('\n');
        self
    }

    /// The lines of `[policy]` beside `application`.
    #[must_use]
    pub fn policy(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.policy);
        self
    }

    /// The lines of `[email]` that say where the server is.
    #[must_use]
    pub fn mail_server(mut self, lines: &str) -> Self {
        lines.clone_into(&mut self.mail_server);
        self
    }

    /// Who signed the mail server's certificate, where it is not the private Postfix.
    #[must_use]
    pub fn ca_file(mut self, path: &Path) -> Self {
        self.ca_file = path.display().to_string();
        self
    }

    /// Text messages too, by a gateway that stands in for one of an administrator's own ([`World::gateway`], [`World::texts`]).
    #[must_use]
    pub fn with_texts(mut self) -> Self {
        self.texts = Texts::Gateway;
        self
    }

    /// Our line in sshd's stack, which is one line alone then, has `break-glass`.
    #[must_use]
    pub fn break_glass(mut self) -> Self {
        self.options = " break-glass";
        self
    }

    /// Further sections of config.toml.
    #[must_use]
    pub fn settings(mut self, text: &str) -> Self {
        self.more.push_str(text);
        self.more.push('\n');
        self
    }

    /// Starts everything.
    ///
    /// # Panics
    /// When something does not start.
    #[must_use]
    pub fn start(self) -> World {
        World::start(&self)
    }

    fn config(&self, gateway: Option<&Gateway>) -> String {
        let sms = gateway.map(|gateway| {
            let account = format!("{{ url = \"{}\", token = \"{TOKEN}\" }}", gateway.url());
            format!("[sms]\nprovider = \"http\"\nsender = \"+15550199\"\naccount = {account}\n\n")
        });
        format!(
            "[policy]\n{policy}\napplication = \"Example Corp\"\n\n\
             [email]\n{server}\nfrom = \"Example Corp Security <security@example.test>\"\n\
             user = \"security@example.test\"\npassword = \"pw123\"\nca_file = \"{ca_file}\"\n\n{sms}{more}",
            policy = self.policy,
            server = self.mail_server,
            ca_file = self.ca_file,
            sms = sms.unwrap_or_default(),
            more = self.more,
        )
    }
}

/// Someone who logs in: a user of the host, and the address their codes go to, which nobody else has.
#[derive(Debug, Clone)]
pub struct Person {
    /// The user of the host.
    pub host: HostUser,
    /// The address, of the private Postfix.
    pub email: String,
}

/// A host with pam-2fa on it. Everything ends when it is dropped.
pub struct World {
    number: u16,
    dir: PathBuf,
    configd: Option<Daemon>,
    courier: Option<Daemon>,
    sshd: Sshd,
    gateway: Option<Gateway>,
}

impl World {
    fn start(plan: &Plan) -> Self {
        ns::require();
        let number = ns::next_number();
        let dir = PathBuf::from(format!("/run/world-{number}"));
        fs::create_dir(&dir).expect("make the world's folder");
        folder(&dir.join("etc"), 0o751, "root:pam-2fa");
        folder(&dir.join("state"), 0o700, "pam-2fa:pam-2fa");
        folder(&dir.join("run"), 0o755, "root:root");
        let gateway = (plan.texts == Texts::Gateway).then(Gateway::start);
        fs::write(dir.join("etc/config.toml"), plan.config(gateway.as_ref())).expect("write config.toml");
        own(&dir.join("etc/config.toml"), 0o640, "root:pam-2fa");
        let socket = format!("socket={}{}", dir.join("run/login.sock").display(), plan.options);
        let sshd = Sshd::start(&dir, &plan.stack.text(&socket), &plan.sshd);
        let mut world = Self { number, dir, configd: None, courier: None, sshd, gateway };
        world.start_courier();
        world.start_configd();
        world
    }

    fn folders(&self) -> Folders {
        Folders { config: self.config_file(), state: self.dir.join("state"), run: self.dir.join("run") }
    }

    /// Starts (again) the daemon that decides, and waits until its sockets accept.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_configd(&mut self) {
        self.configd = Some(Daemon::configd(&self.folders(), &self.dir.join("configd.log")));
    }

    /// Ends the daemon that decides, and starts it with a network of its own and no more of the host's than `mounts`.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart_configd_apart(&mut self, mounts: &[(PathBuf, PathBuf)]) {
        self.configd = None;
        self.configd = Some(Daemon::configd_apart(mounts, &self.folders(), &self.dir.join("configd.log")));
    }

    /// Starts (again) the daemon that carries, and waits until its socket accepts.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_courier(&mut self) {
        self.courier = Some(Daemon::courier(&self.folders(), &self.dir.join("courier.log")));
    }

    /// Kills the daemon that decides, as kill -9 does.
    pub fn kill_configd(&mut self) {
        self.configd = None;
    }

    /// Kills the daemon that carries.
    pub fn kill_courier(&mut self) {
        self.courier = None;
    }

    /// Asks the daemon that decides to stop, and waits until it has.
    ///
    /// # Panics
    /// When it is not running or does not stop.
    pub fn stop_configd(&mut self) -> ExitStatus {
        let Some(daemon) = self.configd.take() else { panic!("configd is not running") };
        daemon.stop()
    }

    /// Where this world's sshd listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.sshd.port
    }

    /// The process ids of configd and courier, of those that run.
    #[must_use]
    pub fn pids(&self) -> Vec<u32> {
        self.configd.iter().chain(&self.courier).map(Daemon::pid).collect()
    }

    /// config.toml of this world.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        self.dir.join("etc/config.toml")
    }

    /// The gateway of a plan [`Plan::with_texts`].
    ///
    /// # Panics
    /// When there is none.
    #[must_use]
    pub fn gateway(&self) -> &Gateway {
        self.gateway.as_ref().expect("Plan::with_texts")
    }

    /// All text messages that were taken so far.
    ///
    /// # Panics
    /// Without [`Plan::with_texts`].
    #[must_use]
    pub fn texts(&self) -> Vec<Message> {
        self.gateway().taken()
    }

    /// A path in this world's folder.
    #[must_use]
    pub fn path(&self, below: &str) -> PathBuf {
        self.dir.join(below)
    }

    /// A user of the host whom pam-2fa knows nothing about. The name is `name` and this world's number.
    #[must_use]
    pub fn stranger(&self, name: &str) -> Person {
        let host = host::add_user(&format!("{name}{}", self.number));
        let email = format!("{}@example.test", host.name);
        Person { host, email }
    }

    /// A user of the host with a verified address, who is always asked for a code.
    ///
    /// # Panics
    /// When the command refuses.
    #[must_use]
    pub fn person(&self, name: &str) -> Person {
        let person = self.stranger(name);
        let words = ["user", "set", &person.host.name, "--email", &person.email, "--verify", "always", "--trusted"];
        let out = self.command(&words);
        assert!(out.status.success(), "pam-2fa {words:?}: {}\n{}", text_of(&out), self.logs());
        person
    }

    /// A key of `person` that this world's sshd takes.
    #[must_use]
    pub fn key(&self, person: &Person) -> PathBuf {
        host::add_key(&self.dir, &person.host)
    }

    /// `ssh` as `person`.
    #[must_use]
    pub fn ssh(&self, person: &Person) -> Ssh {
        Ssh::new(&person.host.name, self.sshd.port)
    }

    /// Runs the command `pam-2fa` as root on this world.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Output {
        self.folders().command(words)
    }

    /// Starts `pam-2fa` on this world's daemons, for a test that kills it.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn command_begun(&self, words: &[&str]) -> Child {
        self.folders().command_begun(words)
    }

    /// The same, for a test that does not listen to it: what it says goes there.
    ///
    /// # Panics
    /// When it cannot be started.
    #[must_use]
    pub fn command_into(&self, words: &[&str], out: impl Into<Stdio>) -> Child {
        self.folders().command_into(words, out)
    }

    /// A program of the tests, copied into this world's folder: the target folder need not be readable to other users.
    ///
    /// By a process of its own: the descriptor that writes a program, open in ours, would be inherited for a moment by whatever
    /// another test starts just then, and the kernel refuses to run a file that somebody may write (ETXTBSY).
    ///
    /// # Panics
    /// When it cannot be copied.
    #[must_use]
    pub fn program(&self, program: &Path) -> PathBuf {
        let copy = self.dir.join(program.file_name().expect("a program has a name"));
        if !copy.exists() {
            let done = Command::new("install").args(["-m", "0755"]).arg(program).arg(&copy).status();
            assert!(done.expect("run install").success(), "install {}", program.display());
        }
        copy
    }

    /// Runs a program of the tests as another user.
    ///
    /// # Panics
    /// When it cannot be copied or started.
    #[must_use]
    pub fn run_as(&self, uid: u32, program: &Path, words: &[String]) -> Output {
        let mut command = Command::new("setpriv");
        command.args([format!("--reuid={uid}"), format!("--regid={uid}"), "--clear-groups".to_owned()]);
        command.arg(self.program(program)).args(words).output().expect("run setpriv")
    }

    /// A message as configd's user hands it to the courier, by the program that calls a socket; the reply.
    ///
    /// # Panics
    /// When there is no such user.
    #[must_use]
    pub fn send_text(&self, caller: &Path, (provider, account): (&str, &str), to: &str, text: &str) -> String {
        let account: serde_json::Value = serde_json::from_str(account).expect("an account");
        let sms = serde_json::json!({
            "provider": provider, "account": account, "sender": "+15550199", "to": to, "text": text,
            "code": "491823", "tag": "7F",
        });
        let send = serde_json::json!({
            "id": "K7Q2M9XD-1", "attempt": 1, "deadline_ms": 20_000, "expires_at": "2099-01-01T00:00:00Z", "sms": sms,
        });
        let socket = self.path("run/courier.sock").display().to_string();
        let id = Command::new("id").args(["-u", "pam-2fa"]).output().expect("run id");
        let uid = text_of(&id).trim().parse().expect("a uid");
        text_of(&self.run_as(uid, caller, &[socket, String::from("io.pam2fa.Courier.Send"), send.to_string()]))
    }

    /// What sshd and both daemons logged, for a failed test.
    #[must_use]
    pub fn logs(&self) -> String {
        let log = |name: &str| fs::read_to_string(self.dir.join(name)).unwrap_or_default();
        format!("configd:\n{}\ncourier:\n{}\nsshd:\n{}", log("configd.log"), log("courier.log"), self.sshd.log())
    }
}

impl Drop for World {
    /// A failed test shows what the servers said.
    #[expect(clippy::print_stderr, clippy::disallowed_macros, reason = "libtest shows it beside the failure")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("{}\nmodule and pam_unix:\n{}", self.logs(), ns::syslog_lines("pam_").join("\n"));
        }
    }
}

/// All a command wrote.
#[must_use]
pub fn text_of(out: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&out.stdout), String::from_utf8_lossy(&out.stderr))
}

fn folder(path: &Path, mode: u32, owner: &str) {
    fs::create_dir(path).expect("make a folder");
    own(path, mode, owner);
}

/// Gives `path` a mode and an owner, `user:group`.
///
/// # Panics
/// When that fails.
pub fn own(path: &Path, mode: u32, owner: &str) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("chmod");
    let done = Command::new("chown").arg(owner).arg(path).status().expect("run chown");
    assert!(done.success(), "chown {owner} {}", path.display());
}
