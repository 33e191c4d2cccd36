//! The settings after a rotation: each sealed value goes to the daemon with its name and comes back sealed by the key in use.

use super::file::{self, Folder, Original};
use super::list;
use super::seal::take_over;
use crate::client::Client;
use crate::error::Error;
use crate::screen::Screen;
use pam_2fa_protocol::admin::{KEY_RESEAL, KeyReseal, RELOAD, ReloadReply, SealReply};
use pam_2fa_protocol::wire::Nothing;
use pam_2fa_settings::{parse, sealed_secrets, with_value};
use std::path::Path;

/// Whether the settings can be sealed anew: the file is fit, its text is right, and each value opens.
pub(crate) fn to_reseal(path: &Path, runtime_dir: &Path, screen: &mut Screen<'_>) -> Result<(), Error> {
    let read = fit(path, screen)?;
    let secrets = sealed_secrets(&read.text).map_err(|error| unfit(path, error.to_string()))?;
    if secrets.is_empty() {
        return Ok(());
    }
    let mut client = Client::connect(runtime_dir)?;
    for (key, sealed) in secrets {
        let _opens = again(&mut client, path, key, sealed)?;
    }
    Ok(())
}

fn unfit(path: &Path, why: String) -> Error {
    Error::Unfit { path: path.to_owned(), why }
}

/// A value, sealed by the key in use.
fn again(client: &mut Client, path: &Path, key: String, sealed: String) -> Result<String, Error> {
    let asked = KeyReseal { key, sealed };
    let reply: Result<SealReply, Error> = client.call(KEY_RESEAL, &asked);
    match reply {
        Ok(reply) => Ok(reply.sealed),
        Err(error) if error.is_silence() => Err(error),
        Err(error) => Err(unfit(path, format!("{}: {error}", asked.key))),
    }
}

fn fit(path: &Path, screen: &mut Screen<'_>) -> Result<Original, Error> {
    let read = file::read(path)?;
    if let Some(why) = file::unfit(path, &read.metadata).into_iter().next() {
        return Err(Error::Unfit { path: path.to_owned(), why });
    }
    match parse(&read.text) {
        Ok(_) => Ok(read),
        Err(findings) => list(path, findings, screen).map(|()| read),
    }
}

/// Has every value that is not sealed by key `id` sealed by it, and the settings taken over. Gives how many there were.
pub(crate) fn reseal(path: &Path, runtime_dir: &Path, id: &str, screen: &mut Screen<'_>) -> Result<usize, Error> {
    let folder = Folder::lock(path)?;
    let old = fit(path, screen)?;
    let by_it = format!("sealed:v1:{id}:");
    let mut text = old.text.clone();
    let mut count = 0_usize;
    let mut client = Client::connect(runtime_dir)?;
    for (key, sealed) in sealed_secrets(&old.text).map_err(|error| unfit(path, error.to_string()))? {
        if sealed.starts_with(&by_it) {
            continue;
        }
        let sealed = again(&mut client, path, key.clone(), sealed)?;
        if !sealed.starts_with(&by_it) {
            let why = format!("{key}: what configd answered is not sealed by key {id}; nothing was changed");
            return Err(unfit(path, why));
        }
        text = with_value(&text, &key, &sealed).map_err(|error| unfit(path, error.to_string()))?;
        count = count.saturating_add(1);
    }
    // What follows has a connection of its own.
    drop(client);
    if count == 0 {
        // A run before may have been cut off just here: the settings in force must be those of the file.
        let _taken_over: ReloadReply = Client::connect(runtime_dir)?.call(RELOAD, &Nothing {})?;
        return Ok(0);
    }
    take_over(&folder, path, &old, &text, runtime_dir)?;
    Ok(count)
}
