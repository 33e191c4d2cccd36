//! The file `generation` beside `config.toml`: how far the store was seen to be, so that an older copy of it is noticed. configd reads
//! it and cannot write it. It only ever rises, and at every moment it is the old one or the new one, whole.

use crate::client::Client;
use crate::error::Error;
use crate::screen::Screen;
use nix::fcntl::OFlag;
use pam_2fa_protocol::admin::{GENERATION, GenerationReply};
use pam_2fa_protocol::generation::{FILE, parse, written};
use pam_2fa_protocol::wire::Nothing;
use std::fs::{File, OpenOptions, Permissions, metadata};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;

/// More than the file can have.
const LONGEST: u64 = 64;

/// After a command that may have changed something. What it did stays done where this does not work: that is said, and is no error.
pub(crate) fn keep_after(runtime_dir: &Path, config: &Path, screen: &mut Screen<'_>) -> Result<(), Error> {
    let asked = Client::connect(runtime_dir).and_then(|mut client| client.call(GENERATION, &Nothing {}));
    match asked {
        Ok(GenerationReply { generation }) => keep_and_say(config, generation, screen),
        Err(error) => screen.note(&format!("it is done, but how far the store is could not be asked: {error}")),
    }
}

/// Keeps it; says where that does not work.
pub(crate) fn keep_and_say(config: &Path, generation: i64, screen: &mut Screen<'_>) -> Result<(), Error> {
    match keep(config, generation) {
        Ok(()) => Ok(()),
        Err(error) => screen.note(&format!(
            "{}: how far the store is could not be kept ({error}), so an older copy of it might not be noticed; mend that, then run \
             `pam-2fa status`",
            config.with_file_name(FILE).display()
        )),
    }
}

fn keep(config: &Path, generation: i64) -> io::Result<()> {
    // 0: nothing has happened that could come undone.
    if generation <= 0 {
        return Ok(());
    }
    let parent = config.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let path = parent.join(FILE);
    let group = group_of(config, parent)?;
    if read(&path, group).is_some_and(|kept| kept >= generation) {
        return Ok(());
    }
    // Two commands at once: the lower one must not be the last. Nobody but root can hold the lock for long.
    let folder = File::open(parent)?;
    folder.lock()?;
    if read(&path, group).is_some_and(|kept| kept >= generation) {
        return Ok(());
    }
    let draft = parent.join(format!(".{FILE}.pam-2fa"));
    let done = write(&draft, generation, group).and_then(|()| std::fs::rename(&draft, &path));
    if done.is_err() {
        // There is nothing secret in it. Where this fails too, the next run begins with it.
        let _ = std::fs::remove_file(&draft);
    }
    done?;
    folder.sync_all()
}

/// As the settings beside it, so that the daemon can read it.
fn group_of(config: &Path, folder: &Path) -> io::Result<u32> {
    Ok(metadata(config).or_else(|_| metadata(folder))?.gid())
}

fn write(draft: &Path, generation: i64, group: u32) -> io::Result<()> {
    // Of a run that was killed. Under the lock it is nobody's.
    match std::fs::remove_file(draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .custom_flags(OFlag::O_NOFOLLOW.bits())
        .open(draft)?;
    file.write_all(written(generation).as_bytes())?;
    fchown(&file, Some(0), Some(group))?;
    file.set_permissions(Permissions::from_mode(0o640))?;
    file.sync_all()
}

/// What configd, whose group that is, can read and would believe of it; none: it is written anew.
fn read(path: &Path, group: u32) -> Option<i64> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path).ok()?;
    let about = file.metadata().ok()?;
    if !about.is_file() || about.uid() != 0 || about.gid() != group || about.mode() & 0o067 != 0o040 {
        return None;
    }
    let mut text = String::new();
    file.take(LONGEST).read_to_string(&mut text).ok()?;
    parse(&text)
}
