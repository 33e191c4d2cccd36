//! Owners and modes, units, room on the disk, the clock, and what the kernel's log says of SELinux and AppArmor.

use super::super::facts::{Places, Space};
use crate::program::output_within;
use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::{Gid, Group, Uid, User};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const ANSWER: Duration = Duration::from_secs(10);
/// Where there is a systemd (sd_booted(3)).
pub(super) const SYSTEMD: &str = "/run/systemd/system";
const UNITS: [&str; 4] = [
    "pam-2fa-configd-login.socket",
    "pam-2fa-configd-admin.socket",
    "pam-2fa-configd-self.socket",
    "pam-2fa-courier.socket",
];
const AUDIT: &str = "/var/log/audit/audit.log";
/// Of its end.
const MOST_OF_LOG: u64 = 4 << 20;
/// More say the same.
const MOST_DENIALS: usize = 50;
/// Where our module may lie.
const MODULES: [&str; 4] = ["/usr/lib/security", "/usr/lib64/security", "/lib/security", "/lib64/security"];

pub(super) fn nodes(places: &Places) -> BTreeMap<PathBuf, String> {
    let mut paths = vec![places.runtime.clone(), places.config.clone(), places.state.clone()];
    paths.extend(
        ["login.sock", "self.sock", "admin.sock", "status.sock", "courier.sock"].map(|name| places.runtime.join(name)),
    );
    paths.extend(["key", "state.db"].map(|name| places.state.join(name)));
    let triples = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let triples = triples.filter(|entry| entry.file_name().to_string_lossy().contains("-linux-"));
    let folders = MODULES.iter().map(PathBuf::from).chain(triples.map(|entry| entry.path().join("security")));
    paths.extend(folders.map(|folder| folder.join("pam_2fa.so")).filter(|path| path.exists()));
    paths.into_iter().map(|path| (path.clone(), node(&path))).collect()
}

/// `socket 0666 root:root`, or `none`. A link counts as what it leads to.
fn node(path: &Path) -> String {
    let Ok(about) = path.metadata() else { return String::from("none") };
    let kind = about.file_type();
    let kind = if kind.is_socket() {
        "socket"
    } else if kind.is_dir() {
        "folder"
    } else if kind.is_file() {
        "file"
    } else {
        "other"
    };
    let user = User::from_uid(Uid::from_raw(about.uid())).ok().flatten();
    let group = Group::from_gid(Gid::from_raw(about.gid())).ok().flatten();
    let user = user.map_or_else(|| about.uid().to_string(), |user| user.name);
    let group = group.map_or_else(|| about.gid().to_string(), |group| group.name);
    format!("{kind} {:04o} {user}:{group}", about.mode() & 0o7777)
}

/// What a program of the host says, where it is there and succeeds; or says on the way to failing.
pub(super) fn said(program: &str, words: &[&str]) -> Option<String> {
    if !Path::new(program).exists() {
        return None;
    }
    let mut command = Command::new(program);
    command.args(words);
    let out = output_within(command, ANSWER).ok()?;
    Some(String::from_utf8_lossy(&out.stdout).into_owned())
}

pub(super) fn units() -> BTreeMap<String, String> {
    if !Path::new(SYSTEMD).exists() {
        return BTreeMap::new();
    }
    let state = |unit: &str| said("/usr/bin/systemctl", &["is-enabled", unit]).map(|said| said.trim().to_owned());
    UNITS.iter().filter_map(|unit| Some(((*unit).to_owned(), state(unit)?))).collect()
}

pub(super) fn space(state: &Path) -> Option<Space> {
    let about = statvfs(state).ok()?;
    let bytes = about.blocks_available().saturating_mul(about.fragment_size());
    // Some file systems make files as they need them, and count none.
    let free_files = if about.files() == 0 { u64::MAX } else { about.files_available() };
    Some(Space { free_mib: bytes >> 20, free_files, is_read_only: about.flags().contains(FsFlags::ST_RDONLY) })
}

pub(super) fn clock_kept() -> Option<bool> {
    if !Path::new(SYSTEMD).exists() {
        return None;
    }
    match said("/usr/bin/timedatectl", &["show", "--property=NTPSynchronized", "--value"])?.trim() {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    }
}

/// The uid that this process sees; -1 where there is nobody of that name.
pub(super) fn uid_of(name: &str) -> i64 {
    User::from_name(name).ok().flatten().map_or(-1, |user| i64::from(user.uid.as_raw()))
}

/// What was denied to us since the start of the host.
pub(super) fn denials() -> Vec<String> {
    let mut text = end_of(Path::new(AUDIT)).unwrap_or_default();
    if Path::new(SYSTEMD).exists() {
        text.push_str(
            &said("/usr/bin/journalctl", &["-k", "-b", "-q", "-o", "cat", "--no-pager", "-n", "20000"])
                .unwrap_or_default(),
        );
    }
    let started = std::fs::read_to_string("/proc/stat").unwrap_or_default();
    let started = started.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok()).unwrap_or(0);
    let mut all: Vec<String> = text.lines().filter(|line| is_ours(line, started)).map(str::to_owned).collect();
    all.dedup();
    let more = all.len().saturating_sub(MOST_DENIALS);
    all.split_off(more)
}

fn end_of(path: &Path) -> Option<String> {
    let mut file = File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(MOST_OF_LOG))).ok()?;
    let mut bytes = Vec::new();
    file.take(MOST_OF_LOG).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// A denial that was one, of something of ours, since then (seconds since 1970).
fn is_ours(line: &str, started: u64) -> bool {
    let is_denial = (line.contains("avc:") && line.contains("denied") && !line.contains("permissive=1"))
        || line.contains("apparmor=\"DENIED\"");
    let names = [
        "pam-2fa",
        "pam_2fa",
        "=\"login.sock\"",
        "=\"admin.sock\"",
        "=\"self.sock\"",
        "=\"status.sock\"",
        "=\"courier.sock\"",
    ];
    let at = line.split_once("audit(").and_then(|(_, rest)| rest.split('.').next()?.parse::<u64>().ok());
    is_denial && names.iter().any(|name| line.contains(name)) && at.is_none_or(|at| at >= started)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denial_of_ours_since_the_start_counts_and_no_other() {
        let avc = "type=AVC msg=audit(1700000100.123:456): avc:  denied  { write } for  pid=9 comm=\"sshd\" name=\"login.sock\" dev=\"tmpfs\" \
                   scontext=system_u:system_r:sshd_t:s0 permissive=0";
        assert!(is_ours(avc, 1_700_000_000));
        assert!(!is_ours(avc, 1_700_000_200));
        assert!(!is_ours(&avc.replace("permissive=0", "permissive=1"), 0));
        assert!(!is_ours(&avc.replace("login.sock", "x.sock"), 0));
        let apparmor = "audit: type=1400 audit(1700000100.1:2): apparmor=\"DENIED\" operation=\"open\" profile=\"/usr/libexec/pam-2fa/configd\" name=\"/x\"";
        assert!(is_ours(apparmor, 0) && !is_ours(&apparmor.replace("DENIED", "ALLOWED"), 0));
    }
}
