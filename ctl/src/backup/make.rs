//! `pam-2fa backup FILE`.

use super::etc;
use super::pieces::{Kind, Writer};
use crate::client::Client;
use crate::error::{Error, counted};
use crate::outfile::OutFile;
use crate::passphrase::{self, Source};
use crate::screen::Screen;
use data_encoding::BASE64;
use pam_2fa_protocol::admin::{BACKUP, Backup, BackupAbout, BackupReply};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// What stands in a backup of itself, and what `backup` answers in JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct About {
    /// The id of the key that the store is sealed by.
    pub(super) key_id: String,
    pub(super) generation: i64,
    pub(super) users: i64,
    pub(super) with_key: bool,
}

/// `pam-2fa backup FILE`: all of it, or no file.
pub(crate) fn backup(
    (runtime_dir, config): (&Path, &Path),
    file: &Path,
    source: &Source,
    with_key: bool,
    screen: &mut Screen<'_>,
) -> Result<(), Error> {
    let out = OutFile::new(file)?;
    let passphrase = passphrase::new(source, "the backup", screen)?;
    let mut writer = Writer::new(out, file, &passphrase)?;
    drop(passphrase);
    let files = etc::read_all(config)?;
    let mut client = Client::connect(runtime_dir)?;
    let (mut about, mut whole) = (None, false);
    client.call_copy(BACKUP, &Backup { with_key }, |reply: BackupReply| match reply {
        BackupReply { about: Some(its), .. } => {
            about = Some(begin(&mut writer, its)?);
            for kept in &files {
                writer.piece(Kind::File, kept.name.as_bytes())?;
                writer.data(kept.bytes.expose())?;
            }
            writer.piece(Kind::Store, &[])
        }
        BackupReply { data: Some(data), .. } => {
            let bytes = BASE64.decode(data.as_bytes()).map_err(|error| Error::Refused(vec![error.to_string()]))?;
            writer.data(&bytes)
        }
        BackupReply { about: None, data: None } => {
            whole = true;
            Ok(())
        }
    })?;
    let (Some(about), true) = (about, whole) else {
        return Err(Error::Refused(vec![String::from("configd gave no whole store; nothing was kept")]));
    };
    writer.finish()?;
    screen.json(&about)?;
    let (users, beside) = (usize::try_from(about.users).unwrap_or(0), counted(files.len(), "file"));
    screen.line(&format!(
        "{}: the store ({}, generation {}) and {beside} of the settings, under the passphrase",
        file.display(),
        counted(users, "user"),
        about.generation
    ))?;
    if with_key {
        screen.line("the key is in it: who has the file and the passphrase has every secret")
    } else {
        screen.line(&format!(
            "the key ({}) is not in it: without a copy of that (`pam-2fa key export`) it opens on this host alone",
            about.key_id
        ))
    }
}

fn begin(writer: &mut Writer, its: BackupAbout) -> Result<About, Error> {
    let BackupAbout { key_id, generation, users, key } = its;
    let about = About { key_id, generation, users, with_key: key.is_some() };
    let json = serde_json::to_vec(&about).map_err(|error| Error::Refused(vec![error.to_string()]))?;
    writer.piece(Kind::About, &json)?;
    if let Some(key) = &key {
        writer.piece(Kind::Key, key.expose().as_bytes())?;
    }
    Ok(about)
}
