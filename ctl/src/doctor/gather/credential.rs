//! The key's credential: what its file says of itself, and what its unit made of it. It is not opened.

use super::super::facts::{Credential, Places};
use super::host::{SYSTEMD, said};
use crate::key::credential::{PLACE, there};
use crate::key::unit::OPENER;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

pub(super) fn ask(places: &Places) -> Option<Credential> {
    // A second configd has none.
    if !Path::new(SYSTEMD).exists() || places.runtime != Places::default().runtime {
        return None;
    }
    let (place, opened, file) = (Path::new(PLACE), places.runtime.join("key"), places.state.join("key"));
    // What cannot be read opens no better.
    let stands = there(place).transpose().map(|read| read.ok().map(|stands| stands.lock));
    let unit = said("/usr/bin/systemctl", &["is-active", OPENER]).unwrap_or_default().trim().to_owned();
    if stands.is_none() && unit != "active" {
        return None;
    }
    let lock = stands.flatten();
    let changed = |path: &Path| path.symlink_metadata().map(|about| (about.ctime(), about.ctime_nsec())).ok();
    Some(Credential {
        stands: stands.is_some(),
        with: lock.and_then(|lock| lock.with).map(|with| String::from(with.word())),
        is_measured: lock.is_some_and(|lock| lock.is_measured),
        why: (unit == "failed").then(why).flatten(),
        is_newer: unit == "active" && changed(place).zip(changed(&opened)).is_some_and(|(file, opened)| file > opened),
        file: file.symlink_metadata().is_ok().then_some(file),
        unit,
    })
}

/// systemd's own words.
fn why() -> Option<String> {
    let words = ["-b", "-q", "-o", "cat", "--no-pager", "-n", "50", "-u", OPENER];
    let lines = said("/usr/bin/journalctl", &words)?;
    let about = |line: &&str| line.to_ascii_lowercase().contains("credential") && !line.contains("Description");
    lines.lines().rfind(about).map(|line| line.trim().to_owned())
}
