//! `pam-2fa restore FILE`: read to its end and checked before anything is asked or written; then the files, then the store.
//!
//! In this order, since configd opens what was restored at once: by the settings that belong to it, and by no others for a moment. Where the store
//! is refused, the files are as they were.

use super::etc::{self, Kept, Placed};
use super::make::About;
use super::pieces::{Kind, Opened};
use crate::client::Client;
use crate::envelope::Envelope;
use crate::error::Error;
use crate::passphrase::{self, Source};
use crate::screen::Screen;
use crate::upkeep;
use data_encoding::BASE64;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{
    PIECE, RELOAD, RESTORE, RESTORE_PUT, ReloadReply, Restore, RestorePut, RestorePutReply, RestoreReply,
};
use pam_2fa_protocol::wire::Nothing;
use pam_2fa_settings::parse;
use std::path::{Path, PathBuf};

/// How it is to be done.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// What is there may be replaced; it keeps another name.
    pub(crate) accept: bool,
    /// Recovery codes stay good.
    pub(crate) keep_recovery: bool,
}

/// All of a backup but the store.
#[derive(Default)]
struct Read {
    about: Option<About>,
    key: Option<Secret>,
    files: Vec<Kept>,
    has_store: bool,
}

/// `pam-2fa restore FILE [--accept]`.
pub(crate) fn restore(
    (runtime_dir, config): (&Path, &Path),
    file: &Path,
    source: &Source,
    wanted: Wanted,
    screen: &mut Screen<'_>,
) -> Result<(), Error> {
    let opened = Opened::new(file)?;
    let passphrase = passphrase::known(source, "the backup", screen)?;
    let mut envelope = opened.key(&passphrase)?;
    drop(passphrase);
    let mut read = Read::default();
    opened.read(&mut envelope, |kind, bytes| read.take(file, kind, bytes))?;
    let generation = read.checked(file)?;
    let other = read.others(config)?;
    if !wanted.accept
        && let Some(path) = other.iter().map(|kept| etc::place_of(config, &kept.name)).find(|path| path.exists())
    {
        let why = "is another one than in the backup; nothing was changed: `--accept` puts that in its place, and in those of what else is \
                   another one, and what stands there keeps another name";
        return Err(unfit(&path, why));
    }

    let mut client = Client::connect(runtime_dir)?;
    let length = send_store(&mut client, &opened, &mut envelope)?;
    let Wanted { accept, keep_recovery } = wanted;
    let asked = Restore { length, accept, keep_recovery, key: read.key.take() };
    let placed = Placed::put(config, &other)?;
    let reply: RestoreReply = match client.call_slow(RESTORE, &asked) {
        Ok(reply) => reply,
        Err(error) if error.is_silence() => {
            screen.note(
                "nobody knows whether the store was put in its place; the files of the settings are those of the backup: run it again",
            )?;
            return Err(error);
        }
        Err(error) => return Err(placed.taken_back(error)),
    };
    drop(client);
    let aside = reply.aside.iter().map(PathBuf::from).chain(placed.aside().cloned());
    // What it was sealed for want of may be there now.
    let taken = Client::connect(runtime_dir).and_then(|mut client| client.call::<ReloadReply>(RELOAD, &Nothing {}));
    screen.json(&reply)?;
    screen.line(&format!("the store of generation {generation} is in its place"))?;
    upkeep::say_ended(&reply.ended, wanted.keep_recovery, screen)?;
    for kept in &other {
        screen.line(&format!("{} is as it was in the backup", etc::place_of(config, &kept.name).display()))?;
    }
    for path in aside {
        screen.line(&format!("what stood there is {} now; take it away when it is not needed", path.display()))?;
    }
    if let Ok(mut client) = Client::connect(runtime_dir) {
        upkeep::say_clock(&mut client, screen)?;
    }
    match taken {
        Ok(_) => screen.line("configd is open: logins are decided"),
        Err(error) => Err(error),
    }
}

/// Has the store put beside the one in use; gives its length.
fn send_store(client: &mut Client, opened: &Opened, envelope: &mut Envelope) -> Result<i64, Error> {
    let mut at = 0_i64;
    let mut is_store = false;
    opened.read(envelope, |kind, bytes| {
        match kind {
            Kind::Store => is_store = true,
            Kind::Data if is_store => {
                for piece in bytes.chunks(PIECE) {
                    let put = RestorePut { at, data: BASE64.encode(piece) };
                    at = client.call::<RestorePutReply>(RESTORE_PUT, &put)?.next;
                }
            }
            Kind::About | Kind::Key | Kind::File | Kind::Data | Kind::End => is_store = false,
        }
        Ok(())
    })?;
    Ok(at)
}

fn unfit(path: &Path, why: &str) -> Error {
    Error::Unfit { path: path.to_owned(), why: String::from(why) }
}

impl Read {
    fn take(&mut self, path: &Path, kind: Kind, bytes: &[u8]) -> Result<(), Error> {
        let damaged = || unfit(path, "has something in it that no release writes");
        match kind {
            Kind::About => self.about = Some(serde_json::from_slice(bytes).map_err(|_| damaged())?),
            Kind::Key => {
                let text = std::str::from_utf8(bytes).map_err(|_| damaged())?;
                self.key = Some(Secret::new(text.to_owned()));
            }
            Kind::File => {
                let name =
                    String::from_utf8(bytes.to_vec()).ok().filter(|name| etc::may_be(name)).ok_or_else(damaged)?;
                self.files.push(Kept { name, bytes: Secret::new(Vec::new()) });
            }
            Kind::Store => self.has_store = true,
            Kind::Data if self.has_store => {}
            Kind::Data => {
                let kept = self.files.last_mut().ok_or_else(damaged)?;
                kept.bytes.expose_mut().extend_from_slice(bytes);
            }
            Kind::End => {}
        }
        Ok(())
    }

    /// Whether it is whole, and its settings are right for this release. Gives the generation of its store.
    fn checked(&self, path: &Path) -> Result<i64, Error> {
        let about = self.about.as_ref().filter(|_| self.has_store).ok_or_else(|| unfit(path, "has no store in it"))?;
        if let Some(settings) = self.files.iter().find(|kept| etc::is_settings(&kept.name)) {
            let text = std::str::from_utf8(settings.bytes.expose())
                .map_err(|_| unfit(path, "has settings that are no text"))?;
            if let Err(findings) = parse(text) {
                let first = findings.first().map(ToString::to_string).unwrap_or_default();
                return Err(unfit(
                    path,
                    &format!("has settings that are wrong for this release (config.toml:{first})"),
                ));
            }
        }
        Ok(about.generation)
    }

    /// The files that are not there as they are in the backup.
    fn others(&mut self, config: &Path) -> Result<Vec<Kept>, Error> {
        let mut others = Vec::new();
        for kept in self.files.drain(..) {
            let here = etc::read(&etc::place_of(config, &kept.name))?;
            if here.is_none_or(|here| here.expose() != kept.bytes.expose()) {
                others.push(kept);
            }
        }
        Ok(others)
    }
}
