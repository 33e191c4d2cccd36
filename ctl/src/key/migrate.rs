//! `key to-credential` and `key to-file`: the key from its file into a systemd credential, and back.
//!
//! | `to-credential`, each step durable before the next | killed after it, the next start has |
//! |---|---|
//! | a copy of the key under a passphrase, off this host | the file |
//! | the credential, which was opened again before it got its name | the credential, opened by the unit; the file is the same key |
//! | the unit opens it, and configd starts by it | the same |
//! | the file is taken away | the credential |
//!
//! | `to-file` | |
//! |---|---|
//! | the unit closes the credential | the credential |
//! | configd puts the key it has in memory into the file | both, the same key |
//! | the credential is taken away | the file |
//!
//! Run again, either carries on. Never takes the one away before configd was seen to work by the other, and never leaves a failed step behind.

use super::credential::{self, PLACE, Stands, With};
use super::creds::Creds;
use super::wipe::wipe;
use super::{copy, unit};
use crate::args::ToCredential;
use crate::client::Client;
use crate::error::Error;
use crate::outfile::folder;
use crate::screen::Screen;
use nix::fcntl::OFlag;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{
    KEY_EXPORT, KEY_IMPORT, KEY_STATUS, KeyExportReply, KeyImport, KeyImportReply, KeyPlace, KeyReply,
};
use pam_2fa_protocol::wire::Nothing;
use serde::Serialize;
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Where the key's file is where configd does not say so: it has the key from elsewhere then.
const STATE_KEY: &str = "/var/lib/pam-2fa/key";
/// More bytes than a key's file has.
const LONGEST: u64 = 1024;

/// What either answers in JSON.
#[derive(Serialize)]
struct Moved<'a> {
    id: &'a str,
    place: KeyPlace,
    file: PathBuf,
    #[serde(skip_serializing_if = "Option::is_none")]
    with: Option<With>,
    #[serde(skip_serializing_if = "Option::is_none")]
    copy: Option<&'a Path>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aside: Option<PathBuf>,
    changed: bool,
}

/// `pam-2fa key to-credential`.
pub(crate) fn to_credential(runtime_dir: &Path, asked: &ToCredential, screen: &mut Screen<'_>) -> Result<(), Error> {
    unit::is_there(runtime_dir)?;
    let (creds, place) = (Creds::of_this_host()?, Path::new(PLACE));
    let status = finished(runtime_dir)?;
    let file = state_key(&status)?;
    let passphrase = asked.export.as_deref().map(|file| copy::asked(file, &asked.source(), screen)).transpose()?;
    let key = in_use(runtime_dir, &status)?;
    if let Some((file, passphrase)) = asked.export.as_deref().zip(passphrase) {
        copy::keep(file, passphrase, &status.id, &key, screen)?;
    }
    let stands = credential::there(place)?;
    let opens = |stands: &Stands| creds.opened(&stands.bytes).is_ok_and(|opened| is_same(opened.expose(), &key));
    let is_same_key = stands.as_ref().is_some_and(opens);
    let is_done = is_same_key
        && stands.as_ref().is_some_and(|stands| stands.lock.with == Some(asked.with) && !stands.lock.is_measured);
    let mut aside = None;
    if is_done {
        screen.line(&format!("{PLACE} is key {} already, locked by {}", status.id, asked.with))?;
    } else {
        let locked = creds.locked(&key, asked.with)?;
        // What is no credential of this key, or does not open today, may be wanted on another.
        aside = credential::put(place, &locked, !is_same_key)?;
        screen.line(&format!("{PLACE} is key {} now, locked by {}, and opens again", status.id, asked.with))?;
    }
    if let Err(why) = taken_over(runtime_dir, &status, &key) {
        let left = if is_done { String::new() } else { taken_back(place, stands.as_ref(), aside.as_deref(), &status) };
        return Err(undone(&why, &left));
    }
    screen.line("configd has the key from there")?;
    let was_there = wipe(&file)?;
    if was_there {
        screen.line(&format!("{} is overwritten and taken away", file.display()))?;
    }
    let moved = Moved {
        id: &status.id,
        place: KeyPlace::Credential,
        file: PathBuf::from(PLACE),
        with: Some(asked.with),
        copy: asked.export.as_deref(),
        changed: !is_done || was_there || status.place == KeyPlace::State,
        aside,
    };
    screen.json(&moved)?;
    say_left(&moved, &file, screen)
}

/// What this cannot reach.
fn say_left(moved: &Moved<'_>, file: &Path, screen: &mut Screen<'_>) -> Result<(), Error> {
    if let Some(aside) = &moved.aside {
        screen.line(&format!("what stood there is {} now; look whose it was, and take it away", aside.display()))?;
    }
    for left in ["key.aside", "key.before"].map(|name| folder(file).join(name)) {
        if left.symlink_metadata().is_ok() {
            screen.line(&format!("{} is a readable key still; look whose it was, and take it away", left.display()))?;
        }
    }
    if let Some(copy) = moved.copy {
        screen.line(&format!(
            "keep {} off this host: it is the way back where the credential does not open",
            copy.display()
        ))?;
    }
    screen.line("backups, snapshots and worn parts of the disk may hold the key's file of before")
}

/// `pam-2fa key to-file`.
pub(crate) fn to_file(runtime_dir: &Path, screen: &mut Screen<'_>) -> Result<(), Error> {
    unit::is_there(runtime_dir)?;
    let place = Path::new(PLACE);
    let status = finished(runtime_dir)?;
    let stands = credential::there(place)?;
    let mut file = state_key(&status)?;
    let mut changed = stands.is_some();
    if status.place == KeyPlace::Credential {
        if stands.is_none() && !unit_has_opened() {
            return Err(Error::Refused(vec![format!(
                "{} comes from another unit than {}: take the credential out of that, and the file away; then `pam-2fa key import COPY`",
                status.path,
                unit::OPENER
            )]));
        }
        let key = in_use(runtime_dir, &status)?;
        file = back_in_its_file(runtime_dir, &status, key)?;
        changed = true;
        screen.line(&format!("{} is key {}, and configd has it from there", file.display(), status.id))?;
    } else {
        // One that does not open, or that was not taken yet.
        unit::close()?;
        screen.line(&format!("configd has key {} from {} already", status.id, file.display()))?;
    }
    if stands.is_some() {
        credential::remove(place)?;
        screen.line(&format!("{PLACE} is taken away"))?;
    }
    unit::forget_failure();
    screen.json(&Moved {
        id: &status.id,
        place: KeyPlace::State,
        file,
        with: None,
        copy: None,
        aside: None,
        changed,
    })?;
    screen.line("the key lies beside the store now: a copy of the disk has both")
}

/// Closes the credential, and has configd put the key in its place; where that fails, opens it again.
fn back_in_its_file(runtime_dir: &Path, status: &KeyReply, key: Secret) -> Result<PathBuf, Error> {
    unit::close()?;
    let put = || {
        let reply: KeyImportReply = Client::connect(runtime_dir)?.call_slow(KEY_IMPORT, &KeyImport { key })?;
        if let Some(reason) = reply.still_sealed {
            return Err(Error::Sealed(reason));
        }
        if !reply.was_there {
            return by_file(runtime_dir, status);
        }
        // By an earlier run: configd goes by the credential's until it starts again, and then the unit would open that again.
        let mut file = None;
        credential::without(Path::new(PLACE), || {
            unit::restart_configd()?;
            file = Some(by_file(runtime_dir, status)?);
            Ok(())
        })?;
        Ok(file.unwrap_or_else(|| PathBuf::from(STATE_KEY)))
    };
    put().map_err(|why| {
        let left = unit::open().err().map_or_else(String::new, |why| format!("; {why}"));
        undone(&why, &left)
    })
}

/// The file, where configd goes by it.
fn by_file(runtime_dir: &Path, status: &KeyReply) -> Result<PathBuf, Error> {
    let now: KeyReply = Client::connect(runtime_dir)?.call(KEY_STATUS, &Nothing {})?;
    is_by(&now, &status.id, KeyPlace::State)?;
    Ok(PathBuf::from(now.path))
}

/// Which key it is; refused while another one may still be needed.
fn finished(runtime_dir: &Path) -> Result<KeyReply, Error> {
    let status: KeyReply = Client::connect(runtime_dir)?.call(KEY_STATUS, &Nothing {})?;
    match &status.before {
        None => Ok(status),
        Some(before) => Err(Error::Refused(vec![format!(
            "a rotation is not finished: key {before} is not forgotten; `pam-2fa key rotate` goes on with it, then run this again"
        )])),
    }
}

/// The key itself.
fn in_use(runtime_dir: &Path, status: &KeyReply) -> Result<Secret, Error> {
    let reply: KeyExportReply = Client::connect(runtime_dir)?.call(KEY_EXPORT, &Nothing {})?;
    if reply.id != status.id {
        return Err(Error::Refused(vec![format!(
            "the key was changed meanwhile ({} before, {} now); run this again",
            status.id, reply.id
        )]));
    }
    Ok(reply.key)
}

/// The unit has opened the credential, and configd goes by it.
fn taken_over(runtime_dir: &Path, status: &KeyReply, key: &Secret) -> Result<(), Error> {
    unit::open()?;
    let opened = runtime_dir.join("key");
    let text = text_of(&opened).map_err(|why| Error::File { what: "cannot read", path: opened.clone(), why })?;
    if !is_same(text.expose(), key) {
        return Err(Error::Unfit {
            path: opened,
            why: format!("{} has opened another key than {}", unit::OPENER, status.id),
        });
    }
    if status.place == KeyPlace::Credential {
        // It has read it there before, and has it.
        return Ok(());
    }
    unit::restart_configd()?;
    let now: KeyReply = Client::connect(runtime_dir)?.call(KEY_STATUS, &Nothing {})?;
    is_by(&now, &status.id, KeyPlace::Credential)
}

fn is_by(now: &KeyReply, id: &str, place: KeyPlace) -> Result<(), Error> {
    if now.id == id && now.place == place {
        return Ok(());
    }
    Err(Error::Refused(vec![format!(
        "configd goes by key {} of {}, and not by what was just put there",
        now.id, now.path
    )]))
}

/// Everything as it was before; what could not be done of it.
fn taken_back(place: &Path, before: Option<&Stands>, aside: Option<&Path>, status: &KeyReply) -> String {
    let mut failed = Vec::new();
    let mut keep = |done: Result<(), Error>| failed.extend(done.err().map(|why| format!("; {why}")));
    match before {
        None => keep(credential::remove(place)),
        Some(stands) => {
            keep(credential::put(place, &stands.bytes, false).map(drop));
            keep(aside.map_or(Ok(()), credential::remove));
        }
    }
    if status.place == KeyPlace::State {
        keep(unit::close());
        unit::forget_failure();
        keep(unit::restart_configd());
    } else {
        keep(unit::open());
    }
    failed.concat()
}

fn undone(why: &Error, left: &str) -> Error {
    let mut lines: Vec<String> = why.to_string().lines().map(str::to_owned).collect();
    lines.push(if left.is_empty() {
        String::from("the key is where it was, and configd goes by it")
    } else {
        format!(
            "the key is where it was, and not all could be put back{left}; see `pam-2fa status` and `pam-2fa doctor`"
        )
    });
    Error::Refused(lines)
}

/// Whether the file in the folder of sockets is that unit's.
fn unit_has_opened() -> bool {
    let out = crate::exempt::systemctl(&["is-active", "--quiet", unit::OPENER]);
    out.is_ok_and(|out| out.status.success())
}

/// The key's file, which is to be taken away. configd's word alone is not enough for that: one that somebody else has taken over could name any
/// file of the host.
fn state_key(status: &KeyReply) -> Result<PathBuf, Error> {
    if status.place != KeyPlace::State {
        return Ok(PathBuf::from(STATE_KEY));
    }
    let (file, usual) = (PathBuf::from(&status.path), Path::new(STATE_KEY));
    let owner = |path: &Path| folder(path).symlink_metadata().map(|about| (about.is_dir(), about.uid()));
    let is_its_own = || file.file_name() == usual.file_name() && owner(&file).ok() == owner(usual).ok();
    if file == usual || is_its_own() {
        return Ok(file);
    }
    Err(Error::Unfit {
        path: file,
        why: String::from("is the key by configd's word, and lies in no folder of configd's"),
    })
}

fn is_same(bytes: &[u8], key: &Secret) -> bool {
    bytes.trim_ascii_end() == key.expose().as_bytes().trim_ascii_end()
}

fn text_of(path: &Path) -> io::Result<Secret<Vec<u8>>> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    let mut text = Secret::new(Vec::with_capacity(2048));
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    file.take(LONGEST).read_to_end(text.expose_mut())?;
    Ok(text)
}
