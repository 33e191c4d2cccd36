//! The host's own programs that log in (login, sudo, su, …), over Debian's stacks with one line of ours behind common-auth.
//!
//! Each runs in a mount namespace of its own, so that tests beside it have their stacks; it never changes a file of pam.d.

#![expect(clippy::expect_used, reason = "a stage that cannot be set fails the test")]

use crate::host::{HostUser, example};
use crate::terminal::Terminal;
use crate::wait;
use crate::world::World;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Binds FILE over PLACE for each pair before `--`, then becomes the program behind it.
const BIND: &str = "while [ \"$1\" != -- ]; do mount --bind \"$1\" \"$2\" || exit; shift 2; done; shift; exec \"$@\"";

/// Debian's common-auth, then our line with `socket`: what `etc/pam.d/debian-common` says, for all services at once.
///
/// # Panics
/// Where there is no common-auth.
#[must_use]
pub fn common_auth(socket: &Path, module: &str) -> String {
    let debians = fs::read_to_string("/etc/pam.d/common-auth").expect("read common-auth: is this a Debian?");
    format!("{debians}\nauth requisite {module} socket={}\n", socket.display())
}

/// The programs of a host where `common-auth` asks the daemon of one [`World`].
pub struct Programs {
    /// Files and where each is bound.
    binds: Vec<(PathBuf, String)>,
    dir: PathBuf,
}

impl Programs {
    /// Writes the stack, and a sudoers where everyone may do anything by password.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn of(world: &World) -> Self {
        let mut programs = Self::without_ours(world);
        let text = common_auth(&world.path("run/login.sock"), "pam_2fa.so");
        programs.bind("/etc/pam.d/common-auth", &text);
        programs
    }

    /// Debian's own common-auth, and for each of those services the example of that name.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn by_examples(world: &World, services: &[&str]) -> Self {
        let socket = format!("socket={}", world.path("run/login.sock").display());
        let with = |programs: Self, service: &&str| programs.service(service, &example(service, &socket));
        services.iter().fold(Self::without_ours(world), with)
    }

    fn without_ours(world: &World) -> Self {
        let mut programs = Self { binds: Vec::new(), dir: world.path("") };
        let sudoers = programs.bind("/etc/sudoers", "Defaults env_reset, lecture=never\nALL ALL=(ALL) ALL\n");
        crate::world::own(&sudoers, 0o440, "root:root");
        programs
    }

    /// The same with `break-glass` on our line, and the folder of the settings of `world` in the place of `/etc/pam-2fa`, where the
    /// module looks for codes.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn breaking_glass(world: &World) -> Self {
        let mut programs = Self::of(world);
        let line = format!("pam_2fa.so break-glass socket={}", world.path("run/login.sock").display());
        let text = common_auth(&world.path("run/login.sock"), "pam_2fa.so");
        let (debians, _) = text.rsplit_once("auth requisite").expect("our line");
        programs.bind("/etc/pam.d/common-auth", &format!("{debians}auth requisite {line}\n"));
        programs.binds.push((world.path("etc"), crate::break_glass::folder().to_owned()));
        programs
    }

    /// Gives `service` a file of its own in pam.d, with this text.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn service(mut self, service: &str, text: &str) -> Self {
        let place = format!("/etc/pam.d/{service}");
        // There must be something to bind over. Until then it is as the service `other`, which is what a service without a file has.
        if let Ok(mut file) = File::create_new(&place) {
            file.write_all(b"@include other\n").expect("write a file of pam.d");
        }
        self.bind(&place, text);
        self
    }

    /// Puts a file of this text over `place`, for programs started from now on.
    fn bind(&mut self, place: &str, text: &str) -> PathBuf {
        let file = self.dir.join(place.trim_start_matches('/').replace('/', "-"));
        fs::write(&file, text).expect("write a file to bind");
        self.binds.push((file.clone(), place.to_owned()));
        file
    }

    /// The words after `unshare` that end in `words` being run there.
    fn arguments(&self, words: &[&str]) -> Vec<String> {
        let mut all: Vec<String> =
            ["--mount", "--propagation", "private", "sh", "-c", BIND, "bind"].map(str::to_owned).into();
        for (file, place) in &self.binds {
            all.extend([file.display().to_string(), place.clone()]);
        }
        all.push("--".to_owned());
        all.extend(words.iter().map(|word| (*word).to_owned()));
        all
    }

    /// Runs `words` as root at a terminal of its own.
    #[must_use]
    pub fn open(&self, words: &[&str]) -> Terminal {
        Terminal::open("unshare", &self.arguments(words))
    }

    /// Runs `words` at a terminal of its own, as somebody who is logged in as `user`.
    #[must_use]
    pub fn open_as(&self, user: &HostUser, words: &[&str]) -> Terminal {
        let (uid, gid) = (format!("--reuid={}", user.uid), format!("--regid={}", user.uid));
        let mut all = vec!["setpriv", &uid, &gid, "--clear-groups", "--reset-env"];
        all.extend(words);
        self.open(&all)
    }

    /// Starts a server as root. `ready` looks whether it accepts.
    ///
    /// # Panics
    /// When it cannot be started or ends, with what it wrote.
    #[must_use]
    pub fn serve(&self, words: &[&str], ready: impl Fn() -> bool) -> Server {
        let path = self.dir.join("server.log");
        let log = File::create(&path).expect("make the server's log");
        let errors = log.try_clone().expect("copy the server's log");
        let mut command = Command::new("unshare");
        command.args(self.arguments(words)).stdin(Stdio::null()).stdout(log).stderr(errors);
        let child = command.spawn().expect("start the server");
        let mut server = Server { child };
        wait::until("the server to accept", || {
            let ended = server.child.try_wait().expect("look at the server");
            assert!(ended.is_none(), "{words:?} ended: {}", fs::read_to_string(&path).unwrap_or_default());
            ready().then_some(())
        });
        server
    }
}

/// A server of the host. Killed when dropped.
pub struct Server {
    child: Child,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
