//! `pam-2fa config seal`: each secret that stands readable in the settings goes to the daemon with its name and comes back
//! sealed. The daemon cannot write the file, and this command has no key: neither can do it alone.
//!
//! If the daemon refuses the result, the old file is put back. If it does not answer, the new one stays: its values are the
//! daemon's own, and the old one has secrets in it.

use super::check::list;
use super::file::{self, Folder, Original};
use super::taken_over;
use crate::client::Client;
use crate::error::{Error, counted};
use crate::screen::Screen;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{RELOAD, ReloadReply, SEAL, Seal, SealReply};
use pam_2fa_protocol::wire::Nothing;
use pam_2fa_settings::{parse, plain_secrets, with_value};
use serde::Serialize;
use std::path::Path;

/// What `config seal` answers in JSON.
#[derive(Serialize)]
pub(super) struct Sealed<'a> {
    pub(super) sealed: &'a [String],
    #[serde(flatten)]
    pub(super) reload: Option<&'a ReloadReply>,
}

/// `pam-2fa config seal`.
pub(super) fn seal(path: &Path, runtime_dir: &Path, screen: &mut Screen<'_>) -> Result<(), Error> {
    let unfit = |why: String| Error::Unfit { path: path.to_owned(), why };
    let folder = Folder::lock(path)?;
    let old = file::read(path)?;
    if let Some(why) = file::unfit(path, &old.metadata).into_iter().next() {
        return Err(unfit(why));
    }
    if let Err(findings) = parse(&old.text) {
        return list(path, findings, screen);
    }
    let secrets = plain_secrets(&old.text).map_err(|error| unfit(error.to_string()))?;
    if secrets.is_empty() {
        screen.json(&Sealed { sealed: &[], reload: None })?;
        return screen.line(&format!("{}: no secret stands in plain text; nothing was changed", path.display()));
    }

    let (text, names) = sealed(&mut Client::connect(runtime_dir)?, path, &old.text, secrets)?;
    if let Err(findings) = parse(&text) {
        return list(path, findings, screen);
    }

    match take_over(&folder, path, &old, &text, runtime_dir) {
        Ok(reply) => {
            screen.json(&Sealed { sealed: &names, reload: Some(&reply) })?;
            screen.line(&format!("{}: sealed {}", path.display(), names.join(", ")))?;
            taken_over(&reply, screen)
        }
        Err(error) if error.is_silence() => {
            screen.json(&Sealed { sealed: &names, reload: None })?;
            let what = counted(names.len(), "secret");
            screen
                .line(&format!("{}: {what} sealed, not yet taken over: run `pam-2fa config reload`", path.display()))?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

/// Puts a text whose values are the daemon's own in the place of the file, and has it taken over. Refused, the old one is put back.
pub(crate) fn take_over(
    folder: &Folder,
    path: &Path,
    old: &Original,
    text: &str,
    runtime_dir: &Path,
) -> Result<ReloadReply, Error> {
    let new = folder.replace(text, &old.metadata, &old.metadata)?;
    // Another connection: a slow disk may have taken longer than the daemon keeps one open.
    let taken = Client::connect(runtime_dir).and_then(|mut client| client.call::<ReloadReply>(RELOAD, &Nothing {}));
    taken.map_err(|error| {
        if error.is_silence() {
            return error;
        }
        let back = match folder.replace(&old.text, &old.metadata, &new) {
            Ok(_) => String::from("the old file is back"),
            Err(why) => format!("the old file could not be put back: {why}"),
        };
        let mut lines = vec![format!("{}: configd refused the new settings; {back}", path.display())];
        lines.extend(error.to_string().lines().map(str::to_owned));
        Error::Refused(lines)
    })
}

/// The text with each secret sealed, and their names.
pub(crate) fn sealed(
    client: &mut Client,
    path: &Path,
    text: &str,
    secrets: Vec<(String, Secret)>,
) -> Result<(String, Vec<String>), Error> {
    let mut text = text.to_owned();
    let mut names = Vec::new();
    for (key, value) in secrets {
        let sealed = seal_one(client, path, &key, value)?;
        text = with_value(&text, &key, &sealed)
            .map_err(|error| Error::Unfit { path: path.to_owned(), why: error.to_string() })?;
        names.push(key);
    }
    Ok((text, names))
}

/// A secret, sealed under its name.
pub(crate) fn seal_one(client: &mut Client, path: &Path, key: &str, value: Secret) -> Result<String, Error> {
    let reply: SealReply = client.call(SEAL, &Seal { key: key.to_owned(), value })?;
    if !reply.sealed.starts_with("sealed:") {
        let why = format!("{key}: what configd answered is not sealed; nothing was changed");
        return Err(Error::Unfit { path: path.to_owned(), why });
    }
    Ok(reply.sealed)
}
