//! The host below: room for the store, the clock, and what SELinux or AppArmor has denied.

use super::super::finding::Finding;
use super::super::known::{APPARMOR_DENIED, CLOCK_FREE, CLOCK_LOOSE, DISK_FULL, DISK_LOW, LSM_DENIED};
use super::Case;

/// The store's own file is as large with ten thousand users (MiB).
const LITTLE_MIB: u64 = 100;
/// Less is none: the journal of the store is as large (MiB).
const NONE_MIB: u64 = 8;
/// Files that can still be made.
const LITTLE_FILES: u64 = 1000;
const NONE_FILES: u64 = 8;

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let mut all = Vec::new();
    let place = case.facts.places.state.display().to_string();
    if let Some(space) = case.facts.space {
        let seen = format!("{} MiB and {} files free", space.free_mib, space.free_files);
        if space.is_read_only {
            all.push(Finding::of(&DISK_FULL, &place, "it is mounted read-only").mending("FILE", &place));
        } else if space.free_mib < NONE_MIB || space.free_files < NONE_FILES {
            all.push(Finding::of(&DISK_FULL, &place, seen).mending("FILE", &place));
        } else if space.free_mib < LITTLE_MIB || space.free_files < LITTLE_FILES {
            all.push(Finding::of(&DISK_LOW, &place, seen).mending("FILE", &place));
        }
    }
    if case.facts.clock_kept == Some(false) {
        let mut users = case.facts.daemon.iter().flat_map(|daemon| &daemon.users);
        let known = if users.any(|user| user.app_since.is_some()) { &CLOCK_FREE } else { &CLOCK_LOOSE };
        all.push(Finding::of(known, "timedatectl", "NTPSynchronized=no"));
    }
    let of_selinux = |line: &&String| line.contains("avc:");
    let (selinux, apparmor): (Vec<&String>, Vec<&String>) =
        case.facts.denials.iter().partition(|line| of_selinux(line));
    for (known, lines) in [(&LSM_DENIED, selinux), (&APPARMOR_DENIED, apparmor)] {
        if let Some(last) = lines.last() {
            all.push(Finding::of(known, format!("{} in the kernel's log", lines.len()), last));
        }
    }
    all
}
