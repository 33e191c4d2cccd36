//! The namespaces of `tests/ns/enter`: where things are in there, and proof that we are in there.

#![expect(clippy::expect_used, reason = "a stage that cannot be set fails the test")]

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::sync::Once;

/// What `tests/ns/inside` made.
pub const DIR: &str = "/run/pam-2fa-ns";
/// Every line that anything in here sent to syslog, the module's among them.
pub const SYSLOG: &str = "/var/log/syslog";

/// # Panics
/// Outside `tests/ns/enter`: what follows would change this machine.
pub fn require() {
    assert!(
        Path::new(DIR).join("ready").exists(),
        "this test changes users and pam.d: run it as `tests/ns/enter --mail --product cargo test -p e2e -- --ignored`"
    );
    static LOG: Once = Once::new();
    LOG.call_once(start_syslog);
}

/// Receives what libc's `syslog` sends, into [`SYSLOG`]. Ends with the process.
fn start_syslog() {
    let path = Path::new(DIR).join("log.sock");
    let _ = fs::remove_file(&path);
    let socket = UnixDatagram::bind(&path).expect("bind log.sock");
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o666)).expect("chmod log.sock");
    let mut log = File::options().create(true).append(true).open(SYSLOG).expect("open the syslog file");
    std::thread::spawn(move || {
        let mut line = vec![0; 64 * 1024];
        while let Ok(length) = socket.recv(&mut line) {
            let text = String::from_utf8_lossy(line.get(..length).unwrap_or_default()).into_owned();
            let _ = writeln!(log, "{}", text.trim_end_matches(['\n', '\0']));
        }
    });
}

/// The lines of [`SYSLOG`] that hold `text`.
#[must_use]
pub fn syslog_lines(text: &str) -> Vec<String> {
    let all = fs::read(SYSLOG).unwrap_or_default();
    String::from_utf8_lossy(&all).lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
}

/// A place in [`SYSLOG`], so that what other tests brought there before is not taken for one's own.
#[derive(Debug, Clone, Copy)]
pub struct LogMark(usize);

impl LogMark {
    /// Its end as it is now.
    #[must_use]
    pub fn now() -> Self {
        Self(syslog_lines("").len())
    }

    /// The lines behind it that hold `text`.
    #[must_use]
    pub fn lines(self, text: &str) -> Vec<String> {
        syslog_lines("").into_iter().skip(self.0).filter(|line| line.contains(text)).collect()
    }

    /// Waits for such a line.
    ///
    /// # Panics
    /// When none comes.
    pub fn wait_for(self, text: &str) {
        crate::wait::until(&format!("{text:?} in the log"), || (!self.lines(text).is_empty()).then_some(()));
    }
}

/// A number that nobody else in these namespaces has, other test processes included.
///
/// # Panics
/// When the file that counts cannot be kept.
#[must_use]
pub fn next_number() -> u16 {
    let path = PathBuf::from(DIR).join("next");
    let mut file = File::options().create(true).read(true).append(true).open(path).expect("open the counter");
    file.lock().expect("lock the counter");
    file.write_all(b".").expect("count");
    let length = file.metadata().expect("read the counter").len();
    u16::try_from(length).expect("fewer than 65,536 worlds")
}

/// A new folder, gone with the namespaces.
///
/// # Panics
/// When it cannot be made.
#[must_use]
pub fn folder(name: &str) -> PathBuf {
    require();
    let dir = PathBuf::from(format!("/run/{name}-{}", next_number()));
    fs::create_dir(&dir).expect("make a folder");
    dir
}
