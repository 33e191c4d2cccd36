//! Debian's profiles with the host's own pam-auth-update: what it makes of common-auth, and that it comes out again to the byte.

use crate::stage::{Example, Files, tried};
use crate::{Folder, is_sound, text};
use ctl::enable::stack::Dialect;
use std::collections::BTreeMap;
use std::fs::{read, read_dir, read_to_string, remove_file, write};
use std::path::{Path, PathBuf};
use std::process::Command;

const CONFIGS: &str = "/usr/share/pam-configs";
const OURS: [&str; 2] = ["pam-2fa", "pam-2fa-decoy"];
/// As libpam-sss has one, without its other types.
const SSS: &str = "Name: SSS authentication\nDefault: yes\nPriority: 128\nAuth-Type: Primary\nAuth:\n\
                   \t[success=end default=ignore]\tpam_sss.so use_first_pass\nAuth-Initial:\n\
                   \t[success=end default=ignore]\tpam_sss.so forward_pass\n";
/// As docs of pam_faillock have it for pam-auth-update.
const FAILLOCK: [(&str, &str); 2] = [
    (
        "faillock-preauth",
        "Name: preauth\nDefault: yes\nPriority: 1000\nAuth-Type: Primary\nAuth:\n\trequisite\tpam_faillock.so preauth\n",
    ),
    (
        "faillock-authfail",
        "Name: authfail\nDefault: yes\nPriority: 0\nAuth-Type: Primary\nAuth:\n\toptional\tpam_faillock.so authfail\n",
    ),
];

/// Runs the tool as packages do.
fn pam_auth_update(words: &[&str]) {
    let out = Command::new("/usr/sbin/pam-auth-update")
        .arg("--package")
        .args(words)
        .env("DEBIAN_FRONTEND", "noninteractive")
        .output()
        .unwrap();
    assert!(out.status.success(), "{words:?}: {}", String::from_utf8_lossy(&out.stderr));
    // A comment in a profile, or a field that it does not know, is a warning of perl's.
    assert_eq!(String::from_utf8_lossy(&out.stderr), "", "{words:?}");
}

/// What it reads and writes.
fn common_files() -> BTreeMap<PathBuf, Vec<u8>> {
    let folders = ["/etc/pam.d", "/var/lib/pam", CONFIGS];
    let files = folders.iter().flat_map(|folder| read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    files.map(|path| (path.clone(), read(&path).unwrap())).collect()
}

fn common_auth() -> String {
    read_to_string("/etc/pam.d/common-auth").unwrap()
}

fn auth_words() -> Vec<String> {
    let text = common_auth();
    let lines = text.lines().filter(|line| line.starts_with("auth"));
    lines.map(|line| line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")).collect()
}

/// Every verdict over the lines as they stand on the host.
fn try_it(name: &str, proofs: &'static [&'static str]) {
    for (service, lines) in [
        ("sshd", "@include common-auth\n"),
        ("login", "auth requisite pam_nologin.so\n@include common-auth\nauth optional pam_group.so\n"),
    ] {
        let files = vec![("common-auth".to_owned(), common_auth()), (service.to_owned(), lines.to_owned())];
        let name = format!("pam-auth-update's {service}, {name}");
        let example = Example { name, service: service.to_owned(), files: Files(files), proofs, doors: &[] };
        is_sound(&Folder::new(service), &example, Dialect::Debian);
        let tries = tried(&example);
        assert!(
            tries.let_in >= proofs.len() * 2 && tries.denied > tries.let_in,
            "{name}: {tries:?}",
            name = example.name
        );
    }
}

/// Whether this host's common lines are pam-auth-update's.
#[expect(clippy::print_stderr, clippy::disallowed_macros, reason = "a test that is skipped says so")]
fn has_tool() -> bool {
    let is_there = Path::new("/usr/sbin/pam-auth-update").exists();
    if !is_there {
        eprintln!("NOT CHECKED: no pam-auth-update on this host");
    }
    is_there
}

/// Packages that bring another first factor, and lines of pam_faillock, while ours are there; then they are gone, and the decoy.
fn beside_others() {
    write(Path::new(CONFIGS).join("sss"), SSS).unwrap();
    FAILLOCK.iter().for_each(|(name, text)| write(Path::new(CONFIGS).join(name), text).unwrap());
    pam_auth_update(&[]);
    assert_eq!(
        auth_words(),
        [
            "requisite pam_faillock.so preauth",
            "[success=4 default=ignore] pam_unix.so nullok try_first_pass",
            "[success=3 default=ignore] pam_sss.so use_first_pass",
            "optional pam_faillock.so authfail",
            "optional pam_2fa.so decoy",
            "requisite pam_deny.so",
            "required pam_permit.so",
            "requisite pam_2fa.so break-glass",
            "optional pam_cap.so",
        ]
    );
    try_it("with decoy, SSSD and pam_faillock", &["pam_unix", "pam_sss"]);
    pam_auth_update(&["--remove", "pam-2fa-decoy"]);
    try_it("with SSSD and pam_faillock", &["pam_unix", "pam_sss"]);
    for name in ["sss", "faillock-preauth", "faillock-authfail"] {
        pam_auth_update(&["--remove", name]);
        remove_file(Path::new(CONFIGS).join(name)).unwrap();
    }
}

#[test]
#[ignore = "needs tests/ns/enter"]
fn pam_auth_update_switches_nothing_on_by_itself_counts_the_jumps_and_takes_all_of_it_back_to_the_byte() {
    if !has_tool() {
        return;
    }
    let before = common_files();
    let was = auth_words();
    for name in OURS {
        write(Path::new(CONFIGS).join(name), text(&format!("packaging/pam-configs/{name}"))).unwrap();
    }
    // A package is unpacked, and its script has the tool look.
    pam_auth_update(&[]);
    assert_eq!(auth_words(), was);

    pam_auth_update(&["--enable", "pam-2fa"]);
    assert_eq!(
        auth_words(),
        [
            "[success=1 default=ignore] pam_unix.so nullok",
            "requisite pam_deny.so",
            "required pam_permit.so",
            "requisite pam_2fa.so break-glass",
            "optional pam_cap.so",
        ]
    );
    try_it("full", &["pam_unix"]);

    pam_auth_update(&["--enable", "pam-2fa-decoy"]);
    assert_eq!(
        auth_words(),
        [
            "[success=2 default=ignore] pam_unix.so nullok",
            "optional pam_2fa.so decoy",
            "requisite pam_deny.so",
            "required pam_permit.so",
            "requisite pam_2fa.so break-glass",
            "optional pam_cap.so",
        ]
    );
    try_it("with decoy", &["pam_unix"]);

    beside_others();

    // A package is removed: before its files are gone, as a module that is gone denies everyone.
    pam_auth_update(&["--remove", "pam-2fa", "pam-2fa-decoy"]);
    for name in OURS {
        remove_file(Path::new(CONFIGS).join(name)).unwrap();
    }
    pam_auth_update(&[]);
    let after = common_files();
    let changed: Vec<_> =
        before.keys().chain(after.keys()).filter(|path| before.get(*path) != after.get(*path)).collect();
    assert!(changed.is_empty(), "{changed:?}");
}
