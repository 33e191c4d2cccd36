//! The copy that `key to-credential` makes first: a new one, or one of the same key that was made before and opens by the passphrase.

use super::{KIND, locked, parts, read, unfit, unlocked};
use crate::error::Error;
use crate::outfile::OutFile;
use crate::passphrase::{self, Source};
use crate::screen::Screen;
use pam_2fa_protocol::Secret;
use std::path::Path;

/// Asked for before anything is done.
pub(super) struct Passphrase {
    phrase: Secret,
    out: Option<OutFile>,
}

/// Asks for the passphrase: twice where there is no copy yet.
pub(super) fn asked(file: &Path, source: &Source, screen: &mut Screen<'_>) -> Result<Passphrase, Error> {
    if file.symlink_metadata().is_ok() {
        // Of a run that was cut off, or of `key export`.
        if !read(file)?.expose().starts_with(KIND) {
            return Err(unfit(file, &"is there already and is no copy of a key; give another name, or move it away"));
        }
        return Ok(Passphrase { phrase: passphrase::known(source, "the copy of the key", screen)?, out: None });
    }
    let out = OutFile::new(file)?;
    Ok(Passphrase { phrase: passphrase::new(source, "the copy of the key", screen)?, out: Some(out) })
}

/// Makes the copy, or sees that the one there is of this key and opens.
pub(super) fn keep(
    file: &Path,
    asked: Passphrase,
    id: &str,
    key: &Secret,
    screen: &mut Screen<'_>,
) -> Result<(), Error> {
    let Passphrase { phrase, out } = asked;
    let said = |why: &dyn ToString| unfit(file, &why.to_string());
    let Some(out) = out else {
        let (lock, header, sealed) = parts(read(file)?.expose()).map_err(|why| said(&why))?;
        let opened = unlocked(&lock, &header, sealed, &phrase).map_err(|why| said(&why))?;
        if opened.expose() != key.expose() {
            return Err(said(&format!("is a copy of another key than {id}; give another name, or move it away")));
        }
        return screen.line(&format!("{} is a copy of key {id} already, and opens by the passphrase", file.display()));
    };
    let text = locked(id, key, &phrase).map_err(|why| said(&why))?;
    out.finish(text.as_bytes())?;
    screen.line(&format!("key {id} is copied to {}, under the passphrase", file.display()))
}
