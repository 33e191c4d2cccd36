//! The key of an open house: which it is, what is sealed anew by it, and when the one before can be forgotten.

use super::House;
use super::settings::last_accepted;
use crate::seal::{ImportError, Imported, KeyError, MasterKey, RotateError, forget_before, key_there, put_key};
use crate::settings_file;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{KeyPlace, KeyReply};
use pam_2fa_settings::{may_be_secret, sealed_secrets};

impl House {
    /// Which key it is, where, and whether one before it is still known.
    #[must_use]
    pub fn key_reply(&self) -> KeyReply {
        KeyReply {
            id: String::from(self.keys.id().as_str()),
            place: self.key_place,
            path: self.key_path.display().to_string(),
            before: self.keys.before().map(|id| String::from(id.as_str())),
        }
    }

    /// A sealed setting, sealed anew under its name by the key in use.
    ///
    /// # Errors
    /// Why it is not: no such setting, or it does not open.
    pub fn seal_again(&self, name: &str, sealed: &str) -> Result<String, String> {
        if !may_be_secret(name) {
            return Err(String::from("not a setting that may be secret; see config.toml"));
        }
        let plain = self.keys.open(name, sealed).map_err(|error| error.to_string())?;
        self.keys.seal(self.random.as_ref(), name, plain.expose()).map_err(|error| error.to_string())
    }

    /// Forgets the key before, if nothing that configd can see is sealed by it: neither `config.toml` nor the settings in force.
    ///
    /// # Errors
    /// What is.
    pub async fn forget_key(&self) -> Result<(), String> {
        let Some(before) = self.keys.before() else { return Ok(()) };
        let file = settings_file::read(&self.places.config).map_err(|error| error.to_string())?;
        let accepted = last_accepted(self.store.as_ref(), &self.keys).await?;
        let by_it = format!("sealed:v1:{before}:");
        for (text, whose) in [(Some(&file), "config.toml"), (accepted.as_ref(), "the settings in force")] {
            let Some(text) = text else { continue };
            let sealed = sealed_secrets(text.expose()).map_err(|error| format!("{whose}: {error}"))?;
            if let Some((name, _)) = sealed.iter().find(|(_, value)| value.starts_with(&by_it)) {
                return Err(format!(
                    "{whose}: {name} is sealed by key {before} still, so that is not forgotten; `pam-2fa key rotate` seals it anew"
                ));
            }
        }
        forget_before(&self.state_key, &self.keys).map_err(|error| error.to_string())?;
        tracing::warn!(%before, id = %self.keys.id(), "the key before is forgotten: the rotation is finished");
        Ok(())
    }

    /// Whether a start would find the key in use: before the house is left, and for `status`.
    ///
    /// # Errors
    /// What it would find, and what to do.
    pub fn key_is_there(&self) -> Result<(), String> {
        let here = self.keys.id();
        let there = key_there(&self.places.state_dir, &self.places.runtime_dir)
            .map_err(|why| format!("key {here} is in use, and configd could not open again by it: {why}"))?;
        if there.key.id() == here {
            return Ok(());
        }
        Err(format!(
            "{} is key {} now, and key {here} is in use: configd could not open again; look at who put it there, then put key {here} back \
             with `pam-2fa key import EXPORT`",
            there.path.display(),
            there.key.id()
        ))
    }

    /// Whether configd can put another key in the place of this one.
    ///
    /// # Errors
    /// It comes from a credential; what to do.
    pub(crate) fn key_is_ours_to_write(&self) -> Result<(), RotateError> {
        match self.key_place {
            KeyPlace::State => Ok(()),
            KeyPlace::Credential => Err(RotateError::Credential { path: self.key_path.clone() }),
        }
    }

    /// Puts the key in use back into its place, from what was given. Blocks.
    ///
    /// # Errors
    /// It is another key, or cannot be put there.
    pub(crate) fn put_key_back(&self, key: &MasterKey) -> Result<Imported, String> {
        let id = self.keys.id();
        if key.id() != id {
            return Err(format!(
                "key {id} is in use, and nothing was changed; `pam-2fa key rotate` puts a new one in its place"
            ));
        }
        if self.key_is_there().is_ok() {
            return Ok(Imported { id: id.clone(), was_there: true, aside: None });
        }
        put_key(&self.places.state_dir, &self.places.runtime_dir, key).map_err(|error: ImportError| error.to_string())
    }

    /// The key's file, whole.
    ///
    /// # Errors
    /// What is at its place now is not the key in use.
    pub fn key_line(&self) -> Result<Secret, String> {
        let key = MasterKey::read(&self.key_path).map_err(|error: KeyError| error.to_string())?;
        if key.id() != self.keys.id() {
            let path = self.key_path.display();
            return Err(format!(
                "{path} is key {} now, and key {} is in use; look at who put it there",
                key.id(),
                self.keys.id()
            ));
        }
        Ok(key.line())
    }
}
