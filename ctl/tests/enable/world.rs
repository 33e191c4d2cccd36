//! A host of its own below a folder, for the tests of `enable`.

#![expect(clippy::unwrap_used, reason = "the tests' own helpers; a test that cannot run must say so")]

use crate::common::Daemon;
use std::fs::{create_dir_all, read, read_dir, read_to_string, set_permissions, write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

pub(crate) const COMMON_AUTH: &str = "auth\t[success=1 default=ignore]\tpam_unix.so nullok
auth\trequisite\t\t\tpam_deny.so
auth\trequired\t\t\tpam_permit.so
auth\toptional\t\t\tpam_cap.so
";
pub(crate) const SSHD: &str = "# PAM configuration for the Secure Shell service

# Standard Un*x authentication.
@include common-auth

# Disallow non-root logins when /etc/nologin exists.
account    required     pam_nologin.so
";
pub(crate) const LOGIN: &str = "auth       optional   pam_faildelay.so  delay=3000000
auth       requisite  pam_nologin.so
@include common-auth
auth       optional   pam_group.so
";
pub(crate) const SU: &str = "auth       sufficient pam_rootok.so
session       required   pam_env.so readenv=1
@include common-auth
";
/// What is meant where a test is about something else.
pub(crate) const MEANT: [&str; 2] = ["--without-users", "--untested"];

/// A host of its own below a folder, with Debian's files, and the module.
pub(crate) struct World {
    pub(crate) root: TempDir,
    pub(crate) daemon: Daemon,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Daemon::absent())
    }

    pub(crate) fn with(daemon: Daemon) -> Self {
        let world = Self { root: TempDir::new().unwrap(), daemon };
        for folder in ["etc/pam.d", "usr/lib/pam.d", "var/lib/pam-2fa", "usr/lib/x86_64-linux-gnu/security"] {
            create_dir_all(world.path(folder)).unwrap();
        }
        write(world.path("etc/debian_version"), "12.11\n").unwrap();
        write(world.path("usr/lib/x86_64-linux-gnu/security/pam_2fa.so"), "").unwrap();
        world.service("other", "auth required pam_deny.so\n");
        world.service("common-auth", COMMON_AUTH);
        world.service("sshd", SSHD);
        world
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.root.path().join(below)
    }

    pub(crate) fn file(&self, service: &str) -> PathBuf {
        self.path("etc/pam.d").join(service)
    }

    pub(crate) fn service(&self, name: &str, text: &str) {
        write(self.file(name), text).unwrap();
        set_permissions(self.file(name), PermissionsExt::from_mode(0o644)).unwrap();
    }

    pub(crate) fn text(&self, service: &str) -> String {
        read_to_string(self.file(service)).unwrap()
    }

    pub(crate) fn run(&self, words: &[&str]) -> String {
        let root = self.root.path().to_str().unwrap();
        let (verb, words) = words.split_first().unwrap();
        self.daemon.run(&[&[verb, "--root", root], words].concat()).replace(root, "")
    }

    pub(crate) fn enable(&self, words: &[&str]) -> String {
        self.run(&[&["enable"], &MEANT[..], words].concat())
    }

    /// Every file below it, but for the lock of the receipts and the folder that it is in.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        fn below(folder: &Path, all: &mut Vec<(PathBuf, Vec<u8>)>) {
            for entry in read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() {
                    below(&entry.path(), all);
                } else if entry.file_name() != "lock" {
                    all.push((entry.path(), read(entry.path()).unwrap()));
                }
            }
        }
        let mut all = Vec::new();
        below(self.root.path(), &mut all);
        all.sort();
        all
    }
}
