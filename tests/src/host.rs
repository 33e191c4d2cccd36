//! The host under test: its users, and a real sshd over a PAM stack of the test's own.

#![expect(clippy::expect_used, reason = "a stage that cannot be set fails the test")]

use crate::ns;
use crate::ssh::PASSWORD;
use crate::wait;
use std::fs::{self, File};
use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

/// The stacks of a login service, as the documents give them (`etc/pam.d/` has each with comments).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stack {
    /// pam_unix, then us.
    Password,
    /// A key that sshd has seen stands for the password; else pam_unix. Then us.
    KeyProven,
    /// pam_unix; what a wrong password sees is the decoy; what a right one sees is us.
    Decoy,
    /// pam_unix alone, to show that a test's first factor is what it believes.
    WithoutUs,
    /// The file of that name in `etc/pam.d`, as it stands there.
    Example(&'static str),
}

/// The file of that name in `etc/pam.d`. `arguments` go to every line of ours, and nothing else is changed. What has auth lines alone gets the
/// others.
///
/// # Panics
/// When it cannot be read.
#[must_use]
pub fn example(file: &str, arguments: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../etc/pam.d").join(file);
    let text = fs::read_to_string(path).expect("read an example");
    let line = |line: &str| {
        let ours = !line.starts_with('#') && line.contains("pam_2fa.so");
        if ours { format!("{line} {arguments}\n") } else { format!("{line}\n") }
    };
    let rest = if text.contains("\naccount") || text.contains("common-account") { "" } else { OTHER_LINES };
    text.lines().map(line).collect::<String>() + rest
}

const OTHER_LINES: &str = "account required pam_unix.so\nsession required pam_unix.so\n";

impl Stack {
    /// The service's file. `arguments` go to every line of ours.
    #[must_use]
    pub fn text(self, arguments: &str) -> String {
        let auth = match self {
            Self::Password => format!(
                "auth [success=1 default=ignore] pam_unix.so nodelay\n\
                 auth requisite pam_deny.so\n\
                 auth requisite pam_2fa.so {arguments}\n\
                 auth required pam_permit.so\n"
            ),
            Self::KeyProven => format!(
                "auth [success=2 default=ignore] pam_2fa.so key-proven {arguments}\n\
                 auth [success=1 default=ignore] pam_unix.so nodelay\n\
                 auth requisite pam_deny.so\n\
                 auth requisite pam_2fa.so {arguments}\n\
                 auth required pam_permit.so\n"
            ),
            Self::Decoy => format!(
                "auth [success=2 default=ignore] pam_unix.so nodelay\n\
                 auth optional pam_2fa.so decoy {arguments}\n\
                 auth requisite pam_deny.so\n\
                 auth requisite pam_2fa.so {arguments}\n\
                 auth required pam_permit.so\n"
            ),
            Self::WithoutUs => "auth required pam_unix.so nodelay\n".to_owned(),
            Self::Example(file) => return example(file, arguments),
        };
        auth + OTHER_LINES
    }
}

/// A user of the host.
#[derive(Debug, Clone)]
pub struct HostUser {
    /// The login name.
    pub name: String,
    /// The uid, which is the gid too.
    pub uid: u32,
}

/// Adds a user with [`PASSWORD`] and a home to the private /etc.
///
/// # Panics
/// When /etc cannot be written.
#[must_use]
pub fn add_user(name: &str) -> HostUser {
    ns::require();
    static HASH: OnceLock<String> = OnceLock::new();
    let hash = HASH.get_or_init(|| {
        let out = Command::new("openssl").args(["passwd", "-6", PASSWORD]).output().expect("run openssl passwd");
        String::from_utf8_lossy(&out.stdout).trim().to_owned()
    });
    assert!(hash.starts_with("$6$"), "openssl passwd gave {hash:?}");
    let _alone = alone();
    let uid = 20_000_u32.saturating_add(u32::from(ns::next_number()));
    // Appended in one write each: a reader sees the whole line or none.
    append("/etc/group", &format!("{name}:x:{uid}:\n"));
    append("/etc/shadow", &format!("{name}:{hash}:20000:0:99999:7:::\n"));
    append("/etc/passwd", &format!("{name}:x:{uid}:{uid}:{name}:/home/{name}:/bin/sh\n"));
    let home = Path::new("/home").join(name);
    fs::create_dir(&home).expect("make the home");
    std::os::unix::fs::chown(&home, Some(uid), Some(uid)).expect("chown the home");
    HostUser { name: name.to_owned(), uid }
}

/// One change of the user database at a time: useradd and its like write whole files anew, and a line appended meanwhile would be lost.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs usermod and its like on the private /etc, as soon as nobody whom it is about is logged in any more.
///
/// # Panics
/// When it goes on refusing.
pub fn change_users(words: &[&str]) {
    let (program, arguments) = words.split_first().expect("a program");
    let mut said = String::new();
    wait::until(&format!("{words:?}"), || {
        let _alone = alone();
        let out = Command::new(program).args(arguments).output().expect("run a program");
        let errors = String::from_utf8_lossy(&out.stderr).into_owned();
        if !out.status.success() && errors != said {
            assert!(errors.contains("currently used by process"), "{words:?}: {errors}");
            said = errors;
        }
        out.status.success().then_some(())
    });
}

fn append(path: &str, line: &str) {
    let mut file = File::options().append(true).open(path).expect("open the user database");
    file.write_all(line.as_bytes()).expect("write the user database");
}

/// Makes a key pair in `dir` and lets it in as `user`; the private half's file.
///
/// # Panics
/// When ssh-keygen fails.
#[must_use]
pub fn add_key(dir: &Path, user: &HostUser) -> PathBuf {
    let key = dir.join(format!("key-{}", user.name));
    let done = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"])
        .arg(&key)
        .status()
        .expect("run ssh-keygen");
    assert!(done.success(), "ssh-keygen: {done}");
    let public = fs::read(key.with_extension("pub")).expect("read the public key");
    fs::write(dir.join("authorized").join(&user.name), public).expect("write the authorized keys");
    key
}

/// A running sshd. Killed when dropped, with everyone who is logged in.
pub struct Sshd {
    child: Child,
    /// Where it listens, on every address.
    pub port: u16,
    log: PathBuf,
}

impl Sshd {
    /// Starts the system's sshd with `stack` as its `/etc/pam.d/sshd`, in a mount namespace of its own so that tests beside
    /// it have theirs. `settings` come first in its configuration: the first value counts. `@DIR@` in them is `dir`.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(dir: &Path, stack: &str, settings: &str) -> Self {
        ns::require();
        let port = 20_000_u16.checked_add(ns::next_number()).expect("a port");
        let (pam, config, log) = (dir.join("pam-sshd"), dir.join("sshd_config"), dir.join("sshd.log"));
        fs::create_dir_all(dir.join("authorized")).expect("make the folder of authorized keys");
        fs::write(&pam, stack).expect("write the PAM stack");
        fs::write(&config, sshd_config(dir, port, settings)).expect("write sshd_config");
        let child = Command::new("unshare")
            .args(["--mount", "--propagation", "private", "sh", "-c"])
            .arg("mount --bind \"$0\" /etc/pam.d/sshd && exec /usr/sbin/sshd -D -e -f \"$@\"")
            .args([&pam, &config])
            .args(no_penalties(&config))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("make sshd's log"))
            .spawn()
            .expect("start sshd");
        let mut sshd = Self { child, port, log };
        wait::until("sshd to accept", || {
            let ended = sshd.child.try_wait().expect("look at sshd");
            assert!(ended.is_none(), "sshd ended: {}", sshd.log());
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        sshd
    }

    /// What it logged.
    #[must_use]
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// sshd of 9.8 and later keeps addresses waiting that failed before; here all tests come from one. Older ones know no such thing.
fn no_penalties(config: &Path) -> &'static [&'static str] {
    const OFF: &[&str] = &["-o", "PerSourcePenalties=no"];
    let mut test = Command::new("/usr/sbin/sshd");
    test.arg("-t").arg("-f").arg(config).args(OFF).stdout(Stdio::null()).stderr(Stdio::null());
    if test.status().is_ok_and(|status| status.success()) { OFF } else { &[] }
}

fn sshd_config(dir: &Path, port: u16, settings: &str) -> String {
    format!(
        "{settings}\n\
         Port {port}\n\
         HostKey {host_key}\n\
         PidFile none\n\
         UsePAM yes\n\
         KbdInteractiveAuthentication yes\n\
         PasswordAuthentication no\n\
         UseDNS no\n\
         LogLevel VERBOSE\n\
         StrictModes no\n\
         AuthorizedKeysFile {keys}/%u\n\
         PrintMotd no\n\
         PrintLastLog no\n\
         MaxStartups 1000\n",
        settings = settings.replace("@DIR@", &dir.display().to_string()),
        host_key = Path::new(ns::DIR).join("host_key").display(),
        keys = dir.join("authorized").display(),
    )
}
