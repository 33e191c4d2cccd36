//! The examples of `etc/pam.d` and the profiles of `packaging`, each under the real libpam: for every verdict, with every first factor right and
//! wrong, the code that comes out, and what the daemon heard. A file without a row in the table fails.
//!
//! Nothing of a file is changed but what stands for somebody (`examples/stage.rs`): the modules that check a first factor, those that tell one
//! user from another, and those that are not installed here.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a failed step is a failed test")]

#[path = "examples/authselect.rs"]
mod authselect;
#[path = "examples/debian.rs"]
mod debian;
#[path = "examples/stage.rs"]
mod stage;

use ctl::enable::stack::{Answer, Dialect, Host, Stack};
use stage::{Example, Family, Files, Key, User, tried};
use std::collections::BTreeSet;
use std::fs::{create_dir_all, read_dir, read_to_string, write};
use std::path::{Path, PathBuf};

/// A file, the service whose file it is, whose distribution's it is, what checks a first factor in it, and what lets somebody in with none.
type Row = (&'static str, &'static str, Family, &'static [&'static str], &'static [&'static str]);

const UNIX: &[&str] = &["pam_unix"];
const BOTH: &[&str] = &["pam_unix", "pam_sss"];

const TABLE: [Row; 22] = [
    ("cockpit", "cockpit", Family::Debian, UNIX, &[]),
    ("debian-common", "sshd", Family::Debian, UNIX, &[]),
    ("gdm-password", "gdm-password", Family::Debian, UNIX, &[]),
    ("lightdm", "lightdm", Family::Debian, UNIX, &[]),
    ("login", "login", Family::Debian, UNIX, &[]),
    ("login-break-glass", "login", Family::Debian, UNIX, &[]),
    ("polkit-1", "polkit-1", Family::Debian, UNIX, &[]),
    ("rhel/cockpit", "cockpit", Family::Rhel, &["pam_cockpit_cert", "pam_unix", "pam_sss"], &[]),
    ("rhel/gdm-password", "gdm-password", Family::Rhel, BOTH, &["pam_selinux_permit"]),
    ("rhel/login", "login", Family::Rhel, BOTH, &[]),
    ("rhel/polkit-1", "polkit-1", Family::Rhel, BOTH, &[]),
    ("rhel/sshd", "sshd", Family::Rhel, BOTH, &[]),
    ("rhel/su", "su", Family::Rhel, BOTH, &["pam_rootok"]),
    ("rhel/sudo", "sudo", Family::Rhel, BOTH, &[]),
    ("sddm", "sddm", Family::Debian, UNIX, &[]),
    ("sshd", "sshd", Family::Debian, UNIX, &[]),
    ("sshd-decoy", "sshd", Family::Debian, UNIX, &[]),
    ("sshd-key-proven", "sshd", Family::Debian, UNIX, &[]),
    ("sshd-password", "sshd", Family::Debian, UNIX, &[]),
    ("su", "su", Family::Debian, UNIX, &["pam_rootok"]),
    ("sudo", "sudo", Family::Debian, UNIX, &[]),
    ("vlock", "vlock", Family::Debian, UNIX, &[]),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn text(below: &str) -> String {
    let path = root().join(below);
    read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What services take in: Debian 12's as they were found there, RHEL 9's as known.
fn taken_in(family: Family) -> Vec<(String, String)> {
    let (system, names): (_, &[&str]) = match family {
        Family::Debian => (
            "debian-12",
            &["common-auth", "common-account", "common-password", "common-session", "common-session-noninteractive"],
        ),
        Family::Rhel => ("rhel-9", &["system-auth", "password-auth", "postlogin"]),
    };
    let file = |name: &&str| text(&format!("ctl/tests/fixtures/systems/{system}/etc/pam.d/{name}"));
    names.iter().map(|name| ((*name).to_owned(), file(name))).collect()
}

fn example(row: &Row) -> Example {
    let (file, service, family, proofs, doors) = *row;
    let mut files = taken_in(family);
    files.push((service.to_owned(), text(&format!("etc/pam.d/{file}"))));
    Example { name: file.to_owned(), service: service.to_owned(), files: Files(files), proofs, doors }
}

/// Every file below the folder, but for what only describes it.
fn names(folder: &Path, before: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in read_dir(folder).unwrap().map(Result::unwrap) {
        let name = format!("{before}{}", entry.file_name().to_str().unwrap());
        if entry.path().is_dir() {
            names.extend(self::names(&entry.path(), &format!("{name}/")));
        } else if name != "README" {
            names.insert(name);
        }
    }
    names
}

#[test]
fn every_example_is_in_the_table_and_in_the_readme() {
    let tried: BTreeSet<String> = TABLE.iter().map(|row| row.0.to_owned()).collect();
    let there = names(&root().join("etc/pam.d"), "");
    assert_eq!(there, tried);
    let readme = text("etc/pam.d/README");
    let unsaid: Vec<&String> = there
        .iter()
        .filter(|name| !readme.lines().any(|line| line.split_whitespace().next() == Some(name.as_str())))
        .collect();
    assert!(unsaid.is_empty(), "{unsaid:?}");
}

#[test]
fn every_example_asks_once_behind_a_right_first_factor_and_never_otherwise() {
    for row in &TABLE {
        let example = example(row);
        let tries = tried(&example);
        // A table that tries nothing would find nothing.
        assert!(tries.let_in >= row.3.len() * 2 && tries.denied > tries.let_in, "{}: {tries:?}", row.0);
    }
}

/// The two ways that sshd's files know: with the key it is proven, without it is not.
#[test]
fn a_key_stands_for_the_password_in_one_example_alone() {
    let proves: Vec<&str> = TABLE
        .iter()
        .filter(|row| row.1 == "sshd")
        .filter(|row| example(row).asks(None, User::Local, Key::Checked))
        .map(|row| row.0)
        .collect();
    assert_eq!(proves, ["sshd-key-proven"]);
}

/// The command's own walk, through every answer that a module can give.
#[test]
fn the_command_finds_every_example_sound() {
    for row in &TABLE {
        let (folder, example) = (Folder::new(row.0), example(row));
        let dialect = if row.2 == Family::Debian { Dialect::Debian } else { Dialect::Upstream };
        is_sound(&folder, &example, dialect);
    }
}

/// A host's pam.d below a folder of its own; gone on drop.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = name.replace('/', "-");
        let folder = PathBuf::from(format!("/tmp/pam-2fa-examples-{}-{name}", std::process::id()));
        create_dir_all(folder.join("etc/pam.d")).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(std::fs::remove_dir_all(&self.0));
    }
}

fn is_sound(folder: &Folder, example: &Example, dialect: Dialect) {
    for (name, text) in &example.files.0 {
        write(folder.0.join("etc/pam.d").join(name), text).unwrap();
    }
    let stack = Stack::read(&Host::new(&folder.0, dialect), &example.service).unwrap();
    let answer = Answer::of(&stack);
    assert!(answer.ours > 0 && !answer.is_cut, "{}: {answer:#?}", example.name);
    assert!(answer.refusals().is_empty(), "{}: {:?}", example.name, answer.refusals());
    let doors: Vec<bool> =
        example.doors.iter().map(|module| answer.doors.iter().any(|door| door.contains(module))).collect();
    assert!(
        doors.iter().all(|said| *said) && doors.len() == answer.doors.len(),
        "{}: {:?}",
        example.name,
        answer.doors
    );
    let shows_decoy = example.files.0.iter().any(|(_, text)| stage::has_line(text, "decoy"));
    assert_eq!(answer.shows_decoy, shows_decoy, "{}", example.name);
}
