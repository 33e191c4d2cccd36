//! One secret in `config.toml`: whether there is a place for it, what stands there, and another one in it, sealed by the daemon before it
//! touches the file.

use super::check::would_be_wrong;
use super::file::{self, Folder, Original};
use super::seal::{seal_one, take_over};
use super::taken_over;
use crate::client::Client;
use crate::error::Error;
use crate::screen::Screen;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::ReloadReply;
use pam_2fa_settings::{parse, plain_secrets, sealed_secrets, set};
use serde::Serialize;
use std::path::Path;

/// A secret as it stands there.
pub(crate) enum InFile {
    /// Worth something to the daemon only.
    Sealed(String),
    /// For everybody who can read the file.
    Plain(Secret),
}

/// What `secret set` answers in JSON.
#[derive(Serialize)]
struct Answer<'a> {
    sealed: &'a str,
    /// Fields of an account that are one text now.
    replaced: &'a [String],
    #[serde(flatten)]
    reload: Option<&'a ReloadReply>,
}

fn unfit(path: &Path, why: impl ToString) -> Error {
    Error::Unfit { path: path.to_owned(), why: why.to_string() }
}

/// The secret under that name.
pub(crate) fn secret_in(path: &Path, key: &str) -> Result<InFile, Error> {
    let read = file::read(path)?;
    let plain = plain_secrets(&read.text).map_err(|why| unfit(path, why))?;
    let sealed = sealed_secrets(&read.text).map_err(|why| unfit(path, why))?;
    let names: Vec<String> =
        plain.iter().map(|(name, _)| name).chain(sealed.iter().map(|(name, _)| name)).cloned().collect();
    if let Some((_, sealed)) = sealed.into_iter().find(|(name, _)| name == key) {
        return Ok(InFile::Sealed(sealed));
    }
    if let Some((_, secret)) = plain.into_iter().find(|(name, _)| name == key) {
        return Ok(InFile::Plain(secret));
    }
    let below = fields_of(key, &names);
    let more = match below.as_slice() {
        [] if names.is_empty() => String::from("there is no secret"),
        [] => format!("the secrets there are {}", names.join(", ")),
        fields => format!("it has fields: {}", fields.join(", ")),
    };
    Err(Error::NotFound(format!("{}: {key} is not set; {more}", path.display())))
}

/// The names below that of an account.
fn fields_of(key: &str, names: &[String]) -> Vec<String> {
    let below = format!("{key}.");
    names.iter().filter(|name| name.starts_with(&below)).cloned().collect()
}

fn fit(path: &Path) -> Result<Original, Error> {
    let read = file::read(path)?;
    match file::unfit(path, &read.metadata).into_iter().next() {
        Some(why) => Err(unfit(path, why)),
        None => Ok(read),
    }
}

/// Whether the file would be right with such a secret in it; what is wrong is said before anybody is asked for one.
pub(crate) fn could_hold(path: &Path, key: &str, screen: &mut Screen<'_>) -> Result<(), Error> {
    with(path, &fit(path)?, key, "sealed:v1:00000000:x", screen).map(drop)
}

fn with(path: &Path, old: &Original, key: &str, sealed: &str, screen: &mut Screen<'_>) -> Result<String, Error> {
    let text = set(&old.text, key, sealed).map_err(|why| unfit(path, format!("{why}; nothing was changed")))?;
    match parse(&text) {
        Ok(_) => Ok(text),
        Err(findings) => Err(would_be_wrong(path, findings, screen)),
    }
}

/// Seals a secret and puts it in its place.
pub(crate) fn set_secret(
    path: &Path,
    runtime_dir: &Path,
    key: &str,
    value: Secret,
    screen: &mut Screen<'_>,
) -> Result<(), Error> {
    let folder = Folder::lock(path)?;
    let old = fit(path)?;
    let sealed = seal_one(&mut Client::connect(runtime_dir)?, path, key, value)?;
    let text = with(path, &old, key, &sealed, screen)?;
    let names = |all: Vec<(String, String)>| all.into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    let mut before = names(sealed_secrets(&old.text).map_err(|why| unfit(path, why))?);
    before.extend(plain_secrets(&old.text).map_err(|why| unfit(path, why))?.into_iter().map(|(name, _)| name));
    let replaced = fields_of(key, &before);
    let taken = take_over(&folder, path, &old, &text, runtime_dir);
    match &taken {
        Err(error) if !error.is_silence() => {}
        taken => {
            screen.json(&Answer { sealed: key, replaced: &replaced, reload: taken.as_ref().ok() })?;
            let there = before.iter().any(|name| name == key);
            let place =
                if there { "sealed, in the place of the one that was there" } else { "sealed, and in its place" };
            screen.line(&format!("{key}: {place}"))?;
            if !replaced.is_empty() {
                screen.line(&format!("{key}: one text now, in the place of the fields {}", replaced.join(", ")))?;
            }
        }
    }
    match taken {
        Ok(reply) => taken_over(&reply, screen),
        Err(error) if error.is_silence() => {
            screen.line(&format!("{}: not yet taken over: run `pam-2fa config reload`", path.display()))?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}
