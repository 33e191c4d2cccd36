//! The break-glass file of these namespaces, one test at a time: the module looks for it at one place. Programs in a mount namespace of
//! their own may have another one bound there.

#![expect(clippy::expect_used, clippy::panic, reason = "a stage that cannot be set fails the test")]

use crate::ns;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where the module looks.
pub const FILE: &str = "/etc/pam-2fa/break-glass";
const FOLDER: &str = "/etc/pam-2fa";

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// A code as it was shown.
#[derive(Debug, Clone)]
pub struct Code {
    /// Its name in lists.
    pub id: String,
    /// What is typed.
    pub code: String,
}

/// The file at its place, this test's alone; gone on drop.
pub struct Glass {
    _alone: MutexGuard<'static, ()>,
}

impl Glass {
    /// Waits for its turn, and begins without a file.
    ///
    /// # Panics
    /// Outside `tests/ns/enter`.
    #[must_use]
    pub fn take() -> Self {
        ns::require();
        let glass = Self { _alone: ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner) };
        fs::set_permissions(folder(), fs::Permissions::from_mode(0o751)).expect("chmod");
        let _ = fs::remove_file(FILE);
        glass
    }

    /// The real command, without a daemon.
    #[must_use]
    pub fn command(&self, words: &[&str]) -> Output {
        command(Path::new("/etc/pam-2fa/config.toml"), words)
    }

    /// Has the real command make codes.
    #[must_use]
    pub fn make(&self, user: &str, count: u8) -> Vec<Code> {
        make(Path::new("/etc/pam-2fa/config.toml"), user, count)
    }
}

impl Drop for Glass {
    fn drop(&mut self) {
        let _ = fs::remove_file(FILE);
    }
}

/// Its folder, made so that another one can be bound over it.
///
/// # Panics
/// Outside `tests/ns/enter`.
#[must_use]
pub fn folder() -> &'static str {
    ns::require();
    fs::create_dir_all(FOLDER).expect("make /etc/pam-2fa");
    FOLDER
}

/// `pam-2fa break-glass` with these settings.
///
/// # Panics
/// When it cannot be started.
#[must_use]
pub fn command(config: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(program());
    command.args(["--config", &config.display().to_string(), "--runtime-dir", "/nonexistent", "break-glass"]);
    command.args(words).output().expect("run pam-2fa")
}

/// Makes codes of `user` beside these settings.
///
/// # Panics
/// When the command refuses.
#[must_use]
pub fn make(config: &Path, user: &str, count: u8) -> Vec<Code> {
    let out = command(config, &["create", &count.to_string(), "--user", user, "--reason", "a test", "--json"]);
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    codes(&String::from_utf8_lossy(&out.stdout))
}

/// The codes in what `create --json` wrote.
///
/// # Panics
/// When there are none.
#[must_use]
pub fn codes(json: &str) -> Vec<Code> {
    let answer: serde_json::Value = serde_json::from_str(json).expect("JSON");
    let text = |value: &serde_json::Value| value.as_str().map_or_else(|| panic!("no text in {json}"), str::to_owned);
    let codes =
        answer.get("codes").and_then(serde_json::Value::as_array).unwrap_or_else(|| panic!("no codes in {json}"));
    let part = |code: &serde_json::Value, name: &str| text(code.get(name).expect("a part of a code"));
    codes.iter().map(|code| Code { id: part(code, "id"), code: part(code, "code") }).collect()
}

fn program() -> PathBuf {
    crate::libpam::module().with_file_name("pam-2fa")
}
