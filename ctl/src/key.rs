//! `pam-2fa key …`: which key everything is sealed by, another in its place, a copy of it for a bad day, and the credential that it can come
//! from.
//!
//! The key leaves the daemon in `export`, `to-credential` and `to-file` alone, and this host only under a passphrase.

mod copy;
pub(crate) mod credential;
mod creds;
mod migrate;
pub(crate) mod unit;
mod wipe;

pub(crate) use migrate::{to_credential, to_file};

use crate::client::Client;
use crate::config;
use crate::envelope::{Envelope, EnvelopeError, Lock, Piece, TAG};
use crate::error::{Error, counted};
use crate::outfile::OutFile;
use crate::passphrase::{self, Source};
use crate::screen::Screen;
use credential::{PLACE, Stands, With};
use data_encoding::{BASE64, HEXLOWER};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{
    KEY_EXPORT, KEY_FORGET, KEY_IMPORT, KEY_ROTATE, KEY_STATUS, KeyExportReply, KeyImport, KeyImportReply, KeyPlace,
    KeyReply,
};
use pam_2fa_protocol::wire::Nothing;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// The first line of an export.
const KIND: &str = "pam-2fa-key-export:v1";

/// How a key's own file begins.
const PLAIN: &str = "pam-2fa-key:v1:";

/// More bytes than an export has.
const LONGEST: u64 = 8 * 1024;

/// What `key rotate` answers in JSON.
#[derive(Serialize)]
struct Rotated<'a> {
    #[serde(flatten)]
    key: &'a KeyReply,
    forgotten: Option<String>,
    settings: usize,
}

/// What `key export` answers in JSON.
#[derive(Serialize)]
struct Exported<'a> {
    id: &'a str,
    file: &'a Path,
}

/// What `key status` answers in JSON.
#[derive(Serialize)]
struct Shown<'a> {
    #[serde(flatten)]
    key: &'a KeyReply,
    /// That of our unit, where it stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    credential: Option<Credential>,
}

#[derive(Serialize)]
struct Credential {
    file: &'static str,
    /// None: by another way than systemd's usual ones, or it is damaged.
    with: Option<With>,
    measured: bool,
}

/// `pam-2fa key status`.
pub(crate) fn status(runtime_dir: &Path, screen: &mut Screen<'_>) -> Result<(), Error> {
    let reply: KeyReply = Client::connect(runtime_dir)?.call(KEY_STATUS, &Nothing {})?;
    let credential = credential_of(runtime_dir);
    let place = match (reply.place, &credential) {
        (KeyPlace::State, None) => reply.path.clone(),
        (KeyPlace::State, Some(_)) => {
            format!("{}; there is {PLACE}, too, which the next start takes first", reply.path)
        }
        (KeyPlace::Credential, None) => format!("{}, from a systemd credential", reply.path),
        (KeyPlace::Credential, Some(Credential { with, measured, .. })) => {
            let by = with.map_or_else(|| String::from("in a way that is not known here"), |with| format!("by {with}"));
            let measured = if *measured { ", and by what is measured when the host starts" } else { "" };
            format!("{}, from the systemd credential {PLACE}, locked {by}{measured}", reply.path)
        }
    };
    screen.json(&Shown { key: &reply, credential })?;
    let next = match &reply.before {
        None => String::from("nothing to be done"),
        Some(before) => format!(
            "a rotation is not finished: settings may be sealed by key {before} still, so it is kept; `pam-2fa key rotate` goes on with it"
        ),
    };
    let rows = [("key", reply.id.clone()), ("file", place), ("next", next)];
    screen.table(&rows.map(|(name, value)| vec![String::from(name), value]))
}

/// Of the configd of this host alone: a second one has none.
fn credential_of(runtime_dir: &Path) -> Option<Credential> {
    let there = || credential::there(Path::new(PLACE)).ok().flatten();
    let Stands { lock, .. } = unit::is_of_this_host(runtime_dir).then(there).flatten()?;
    Some(Credential { file: PLACE, with: lock.with, measured: lock.is_measured })
}

/// `pam-2fa key rotate`: begins one, or goes on with one that was cut off.
pub(crate) fn rotate(runtime_dir: &Path, config: &Path, screen: &mut Screen<'_>) -> Result<(), Error> {
    // What cannot be sealed anew is seen before anything is changed.
    config::to_reseal(config, runtime_dir, screen)?;
    let connect = || Client::connect(runtime_dir);
    let before: KeyReply = connect()?.call(KEY_STATUS, &Nothing {})?;
    if before.place == KeyPlace::State && credential_of(runtime_dir).is_some() {
        return Err(Error::Refused(vec![format!(
            "{PLACE} stands there, and configd does not go by it: where it opens at the next start, it would bring the key of before, and \
             deny every login; `pam-2fa key to-file` takes it away, then run this again"
        )]));
    }
    if let Some(kept) = &before.before {
        screen.line(&format!("going on with the rotation of key {kept} to key {}", before.id))?;
    }
    let key: KeyReply = connect()?.call_slow(KEY_ROTATE, &Nothing {})?;
    let Some(old) = key.before.clone() else {
        return Err(Error::Refused(vec![format!("configd has made no new key: {} is in use", key.id)]));
    };
    screen.line(&format!("key {} is in use, and the store is sealed by it", key.id))?;
    let settings = config::reseal(config, runtime_dir, &key.id, screen)
        .map_err(|error| not_finished(&error, "the settings are not sealed by it yet"))?;
    screen.line(&format!("{}: {} sealed by it", config.display(), counted(settings, "setting")))?;
    let key: KeyReply = connect()?
        .call(KEY_FORGET, &Nothing {})
        .map_err(|error| not_finished(&error, &format!("key {old} is not forgotten yet")))?;
    screen.line(&format!("key {old} is forgotten; only exports and backups of before need it"))?;
    screen.line("codes that were on their way are worth nothing: the next login sends another")?;
    screen.line("next: `pam-2fa key export FILE`, so that a copy of the new key is at hand on a bad day")?;
    screen.json(&Rotated { key: &key, forgotten: Some(old), settings })
}

fn not_finished(error: &Error, what: &str) -> Error {
    let mut lines: Vec<String> = error.to_string().lines().map(str::to_owned).collect();
    lines.push(format!(
        "{what}: mend that, and run `pam-2fa key rotate` again; until then both keys are kept and logins work"
    ));
    Error::Refused(lines)
}

/// `pam-2fa key export FILE`.
pub(crate) fn export(runtime_dir: &Path, file: &Path, source: &Source, screen: &mut Screen<'_>) -> Result<(), Error> {
    let out = OutFile::new(file)?;
    let passphrase = passphrase::new(source, "the copy of the key", screen)?;
    let reply: KeyExportReply = Client::connect(runtime_dir)?.call(KEY_EXPORT, &Nothing {})?;
    let text = locked(&reply.id, &reply.key, &passphrase).map_err(|why| unfit(file, &why))?;
    out.finish(text.as_bytes())?;
    screen.json(&Exported { id: &reply.id, file })?;
    screen.line(&format!("key {} is in {}, under the passphrase", reply.id, file.display()))?;
    screen.line("keep it off this host and apart from backups: who has it, the passphrase and a backup has every secret in that")?;
    screen.line("it is needed where the key is lost: `pam-2fa key import FILE`")
}

fn unfit(path: &Path, why: &impl ToString) -> Error {
    Error::Unfit { path: path.to_owned(), why: why.to_string() }
}

fn header(id: &str, lock: &Lock) -> String {
    format!("{KIND}\nkey: {id}\n{}\n", lock.line())
}

/// The export as text: header, the key's file sealed, and a sum that tells damage from a wrong passphrase.
fn locked(id: &str, key: &Secret, passphrase: &Secret) -> Result<String, EnvelopeError> {
    let lock = Lock::new()?;
    let header = header(id, &lock);
    let mut envelope: Envelope = lock.key(passphrase, &header)?;
    let plain = key.expose().as_bytes();
    let mut buffer = Secret::new(Vec::with_capacity(plain.len().saturating_add(TAG)));
    buffer.expose_mut().extend_from_slice(plain);
    envelope.seal(Piece::Last, buffer.expose_mut())?;
    let text = format!("{header}sealed: {}\n", BASE64.encode(buffer.expose()));
    let sum = sum(&text);
    Ok(format!("{text}sum: {sum}\n"))
}

fn sum(text: &str) -> String {
    HEXLOWER.encode(&Sha256::digest(text.as_bytes()))
}

/// What stands in an export: the lock, the header, the sealed key.
fn parts(text: &str) -> Result<(Lock, String, Vec<u8>), EnvelopeError> {
    let (kind, _) = text.split_once('\n').ok_or(EnvelopeError::Damaged)?;
    if kind != KIND {
        return Err(EnvelopeError::Header("it is no export of a key"));
    }
    let (body, its_sum) = text.rsplit_once("sum: ").ok_or(EnvelopeError::Damaged)?;
    if its_sum.trim_end_matches('\n') != sum(body) {
        return Err(EnvelopeError::Damaged);
    }
    let (header, sealed) = body.rsplit_once("sealed: ").ok_or(EnvelopeError::Damaged)?;
    let lock = header.lines().nth(2).ok_or(EnvelopeError::Damaged)?;
    let sealed = BASE64.decode(sealed.trim_end_matches('\n').as_bytes()).map_err(|_| EnvelopeError::Damaged)?;
    Ok((Lock::parse(lock)?, header.to_owned(), sealed))
}

/// `pam-2fa key import FILE`.
pub(crate) fn import(runtime_dir: &Path, file: &Path, source: &Source, screen: &mut Screen<'_>) -> Result<(), Error> {
    let text = read(file)?;
    let key = if text.expose().starts_with(PLAIN) {
        text
    } else {
        let (lock, header, sealed) = parts(text.expose()).map_err(|why| unfit(file, &why))?;
        let passphrase = passphrase::known(source, "the copy of the key", screen)?;
        unlocked(&lock, &header, sealed, &passphrase).map_err(|why| unfit(file, &why))?
    };
    let reply: KeyImportReply = Client::connect(runtime_dir)?.call_slow(KEY_IMPORT, &KeyImport { key })?;
    screen.json(&reply)?;
    let KeyImportReply { id, was_there, aside, still_sealed } = &reply;
    if *was_there {
        screen.line(&format!("key {id} was in its place already; nothing was changed"))?;
    } else {
        screen.line(&format!("key {id} is in its place"))?;
    }
    if let Some(aside) = aside {
        screen.line(&format!("what stood there is {aside} now; look whose it was, and take it away"))?;
    }
    if !*was_there && credential_of(runtime_dir).is_some() {
        screen.line(&format!(
            "{PLACE} is there still, and is taken first at a start where it opens; next: `pam-2fa key to-credential --with LOCK --exported` \
             makes it anew, or `pam-2fa key to-file` takes it away"
        ))?;
    }
    match still_sealed {
        None => screen.line("configd is open: logins are decided"),
        Some(reason) => Err(Error::Sealed(reason.clone())),
    }
}

fn unlocked(lock: &Lock, header: &str, sealed: Vec<u8>, passphrase: &Secret) -> Result<Secret, EnvelopeError> {
    let mut buffer = Secret::new(sealed);
    lock.key(passphrase, header)?.open(Piece::Last, buffer.expose_mut())?;
    let text = std::str::from_utf8(buffer.expose()).map_err(|_| EnvelopeError::Damaged)?;
    Ok(Secret::new(text.to_owned()))
}

fn read(path: &Path) -> Result<Secret, Error> {
    let fail = |why| Error::File { what: "cannot read", path: path.to_owned(), why };
    let mut text = Secret::new(String::with_capacity(1024));
    File::open(path).map_err(fail)?.take(LONGEST).read_to_string(text.expose_mut()).map_err(fail)?;
    Ok(text)
}
