//! Recorded systems, sound and broken, each with what `doctor` finds on it (tests/fixtures/systems/README.md); and that the manual has every
//! finding that there is.
//!
//! After a change: `UPDATE=1 cargo test -p ctl --test systems`, and read the differences.

#![expect(clippy::unwrap_used, clippy::panic, reason = "the tests' own helpers; a test that cannot run must say so")]

use ctl::doctor::{ALL, Finding, Severity, recorded};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::fs::{copy, create_dir_all, read_dir, read_to_string, remove_dir_all, remove_file, write};
use std::path::{Path, PathBuf};
use tempfile::TempDir;

/// Hosts as their distributions make them, with our line put in as `docs/enable.md` says.
const SOUND: [&str; 9] = [
    "arch",
    "debian-12",
    "debian-12-cockpit",
    "debian-12-desktop",
    "debian-13",
    "fedora-42",
    "opensuse-tumbleweed",
    "rhel-9",
    "ubuntu-24.04",
];

fn systems() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/systems")
}

#[expect(clippy::disallowed_methods, reason = "the test's own switch; nothing of the product reads it")]
fn is_update() -> bool {
    std::env::var_os("UPDATE").is_some()
}

/// Those that are hosts; `_…` are parts of such.
fn names() -> Vec<String> {
    let entries = read_dir(systems()).unwrap().map(|entry| entry.unwrap());
    let folders = entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().into_string().unwrap());
    let mut names: Vec<String> = folders.filter(|name| !name.starts_with('_')).collect();
    names.sort();
    names
}

/// A host put together from its parts.
struct System {
    root: TempDir,
    facts: Value,
    service: Option<String>,
}

impl System {
    fn load(name: &str) -> Self {
        let mut system = Self { root: TempDir::new().unwrap(), facts: Value::Object(Map::new()), service: None };
        system.apply(name);
        system
    }

    fn apply(&mut self, name: &str) {
        let folder = systems().join(name);
        let lines = |file: &str| -> Vec<String> {
            let text = read_to_string(folder.join(file)).unwrap_or_default();
            text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
        };
        lines("base").iter().for_each(|base| self.apply(base));
        for path in lines("gone") {
            let path = self.root.path().join(path);
            if path.is_dir() { remove_dir_all(path) } else { remove_file(path) }.unwrap();
        }
        for line in lines("touch") {
            let (below, names) = line.split_once(':').unwrap();
            create_dir_all(self.root.path().join(below)).unwrap();
            names.split_whitespace().for_each(|name| write(self.root.path().join(below).join(name), "").unwrap());
        }
        for entry in read_dir(&folder).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir()) {
            tree(&entry.path(), &self.root.path().join(entry.file_name()));
        }
        self.service = lines("service").pop().or(self.service.take());
        if let Ok(text) = read_to_string(folder.join("facts.json")) {
            let text = text.replace("@VERSION@", env!("CARGO_PKG_VERSION"));
            merge(&mut self.facts, serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")));
        }
    }

    fn findings(&self) -> Vec<Finding> {
        recorded(self.root.path(), &self.facts.to_string(), self.service.as_deref()).unwrap()
    }
}

fn tree(from: &Path, to: &Path) {
    create_dir_all(to).unwrap();
    for entry in read_dir(from).unwrap().map(Result::unwrap) {
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            tree(&entry.path(), &to);
        } else {
            copy(entry.path(), to).unwrap();
        }
    }
}

/// RFC 7396.
fn merge(into: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *into = patch;
        return;
    };
    if !into.is_object() {
        *into = Value::Object(Map::new());
    }
    let Value::Object(into) = into else { return };
    for (key, value) in patch {
        if value.is_null() {
            into.remove(&key);
        } else {
            merge(into.entry(key).or_insert(Value::Null), value);
        }
    }
}

fn shown(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|finding| format!("{} {} {}", finding.severity.word(), finding.id, finding.place));
    lines.collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn on_each_recorded_system_doctor_finds_what_is_there_and_nothing_else() {
    let mut wrong = Vec::new();
    for name in names() {
        let found = shown(&System::load(&name).findings());
        let path = systems().join(&name).join("expected");
        if is_update() {
            write(&path, &found).unwrap();
        }
        let expected = read_to_string(&path).unwrap_or_default();
        if found != expected {
            wrong.push(format!("{name}: found\n{found}expected\n{expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(names().len() >= 20);
}

#[test]
fn a_sound_host_of_every_distribution_has_nothing_to_mend() {
    for name in SOUND {
        let findings = System::load(name).findings();
        let above: Vec<&Finding> = findings.iter().filter(|finding| finding.severity != Severity::Note).collect();
        assert!(above.is_empty(), "{name}: {above:#?}");
    }
}

#[test]
fn every_finding_is_seen_on_a_recorded_system() {
    let seen: BTreeSet<&str> =
        names().iter().flat_map(|name| System::load(name).findings()).map(|finding| finding.id).collect();
    let unseen: Vec<&str> = ALL.iter().map(|known| known.id).filter(|id| !seen.contains(id)).collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}

#[test]
fn every_command_that_mends_names_what_was_found() {
    // What the administrator alone knows.
    const LEFT: [&str; 7] = ["ADDRESS", "NUMBER", "CIDR", "DATE", "TEXT", "EDITOR", "EXPORT"];
    for name in names() {
        for finding in System::load(&name).findings() {
            let words = finding.mend.split(|c: char| !c.is_ascii_uppercase() && c != '_').filter(|word| word.len() > 3);
            let open: Vec<&str> = words.filter(|word| !LEFT.contains(word) && *word != "USER").collect();
            assert!(open.is_empty() && !finding.mend.trim().is_empty(), "{name}: {finding:?}: {open:?}");
            assert!(finding.mend.lines().count() == 1 && !finding.mend.contains("$$"), "{name}: {finding:?}");
        }
    }
}

/// Commands that edit a file, run on a copy of the host; what they tell a daemon of it is left out.
#[test]
fn a_command_that_edits_a_file_takes_away_what_was_found_there() {
    let mut ran = BTreeSet::new();
    for name in names() {
        let system = System::load(&name);
        let below = format!(" {}/etc/", system.root.path().display());
        let own = format!("cp {}/usr/", system.root.path().display());
        let is_edit = |finding: &&Finding| {
            ["sed -i", "cp ", "install -d /etc"].iter().any(|start| finding.mend.starts_with(start))
                && !finding.mend.contains("pam-2fa")
                // What sshd does stands in what it said, and not in its file.
                && !finding.id.starts_with("sshd-")
        };
        let found: Vec<Finding> = system.findings().iter().filter(is_edit).cloned().collect();
        for finding in &found {
            let edit = finding.mend.split(" && systemctl ").next().unwrap();
            let edit = edit.replace(" /etc/", &below).replace("cp /usr/", &own);
            let done = std::process::Command::new("sh").args(["-ec", &edit]).output().unwrap();
            assert!(done.status.success(), "{name}: {edit}: {}", String::from_utf8_lossy(&done.stderr));
        }
        let left = system.findings();
        for finding in &found {
            let is_left = left.iter().any(|other| (other.id, &other.seen) == (finding.id, &finding.seen));
            assert!(!is_left, "{name}: {finding:?}");
            ran.insert(finding.id);
        }
    }
    let expected = ["cockpit-passed-by", "cockpit-timeout", "door-desktop", "stack-other-phase"];
    assert_eq!(ran.into_iter().collect::<Vec<_>>(), expected);
}

/// The table of docs/doctor.md is what the code knows.
#[test]
fn the_manual_has_every_finding_with_its_reason_and_what_mends_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/doctor.md");
    let text = read_to_string(&path).unwrap();
    let cell = |text: &str| text.replace('|', "\\|");
    let row = |known: &&ctl::doctor::Known| {
        format!("| `{}` | {} | {} | `{}` |\n", known.id, known.severity.word(), cell(known.reason), cell(known.mend))
    };
    let table: String = ALL.iter().map(row).collect();
    let head = "| finding | weight | why | mend |\n| --- | --- | --- | --- |\n";
    let start = text.find(head).unwrap() + head.len();
    let end = start + text[start..].find("\n\n").map_or(text.len() - start, |end| end + 1);
    if is_update() {
        write(&path, format!("{}{table}{}", &text[..start], &text[end..])).unwrap();
    } else {
        assert_eq!(&text[start..end], table);
    }
}
