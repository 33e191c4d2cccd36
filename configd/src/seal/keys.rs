//! A key for each purpose, derived by HKDF-SHA-256 (RFC 5869) from the master key, and what is done with them.
//!
//! A sealed value is `sealed:v1:<key id>:<base64url of nonce, ciphertext, tag>`: AES-256-GCM with a random 96-bit nonce
//! (SP 800-38D §8.2.2: good for 2^32 values a key), and as associated data the version, the purpose, the value's own name and
//! the key id, each with its length, so that nothing can be shifted from one to the next. A value under another name, of
//! another purpose or with any bit changed does not open.
//!
//! While a rotation is under way ([`super::rotation`]) the key before opens values of the settings, and seals nothing any more. The
//! key of MACs of long codes outlives rotations, since the codes are not known: from the first one on it is kept in the store.

use super::locked::LockedKey;
use super::master::{KeyId, MasterKey};
use crate::authenticator::{LongCode, LongCodeMac, LongUse};
use crate::random::{self, NoRandomness, Random};
use crate::store::{ChallengeId, UserKey};
use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use data_encoding::BASE64URL_NOPAD;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use pam_2fa_protocol::Secret;
use sha2::Sha256;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const PREFIX: &str = "sealed:v1:";

/// Bytes of a nonce (96 bits).
const NONCE: usize = 12;
/// Bytes of a tag (128 bits).
const TAG: usize = 16;

/// What a key is for. Each gets its own, so that a value of one is nothing to another.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Id,
    Check,
    CodeMac,
    LongCodeMac,
    PromptTag,
    Settings,
    Records,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Check => "check",
            Self::CodeMac => "code-mac",
            Self::LongCodeMac => "long-code-mac",
            Self::PromptTag => "prompt-tag",
            Self::Settings => "settings",
            Self::Records => "records",
        }
    }
}

/// Why a value was not sealed or opened.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It is plain text, or of a release that we do not know.
    #[error("{name} is not sealed; seal it with `pam-2fa config seal`")]
    NotSealed {
        /// The value's name.
        name: String,
    },
    /// Another master key sealed it.
    #[error("{name} was sealed with key {with}, this is key {ours}; put the key back, or type the value again")]
    OtherKey {
        /// The value's name.
        name: String,
        /// The key id that it names.
        with: String,
        /// Ours.
        ours: KeyId,
    },
    /// The name is not the one it was sealed under, or it was changed since.
    #[error("{name} does not open: it is damaged, or was sealed under another name; type the value again")]
    WrongNameOrDamaged {
        /// The value's name.
        name: String,
    },
    /// No nonce without randomness.
    #[error("{name} cannot be sealed: {why}")]
    NoRandomness {
        /// The value's name.
        name: String,
        /// The kernel's words.
        why: String,
    },
}

fn derive<const N: usize>(master: &[u8; 32], purpose: Purpose) -> Secret<[u8; N]> {
    // HKDF-SHA-256 gives up to 255 × 32 bytes and refuses more: with this it cannot fail.
    const { assert!(N <= 32, "a derived key is 32 bytes at most") };
    let mut derived = Secret::new([0; N]);
    derive_into(master, purpose, derived.expose_mut());
    derived
}

/// The same, in its place.
fn derive_key(master: &[u8; 32], purpose: Purpose) -> LockedKey {
    let mut derived = LockedKey::empty();
    derive_into(master, purpose, derived.expose_mut());
    derived
}

fn derive_into(master: &[u8; 32], purpose: Purpose, derived: &mut [u8]) {
    let info: [&[u8]; 2] = [b"pam-2fa:v1:", purpose.name().as_bytes()];
    let _cannot_fail = Hkdf::<Sha256>::new(None, master).expand_multi_info(&info, derived);
}

/// What tells a key from another and is no secret: 32 bits of it derived one way.
pub(super) fn id_of(master: &[u8; 32]) -> KeyId {
    KeyId::new(*derive(master, Purpose::Id).expose())
}

/// Under what the key of MACs of long codes is sealed in the store.
const LONG_CODE_MAC_NAME: &str = "meta:long-code-mac";

/// The derived keys. The master key itself need not be kept.
pub struct Keys {
    id: KeyId,
    check: Secret<[u8; 32]>,
    code_mac: LockedKey,
    long_code_mac: LockedKey,
    prompt_tag: LockedKey,
    settings: LockedKey,
    records: LockedKey,
    before: Mutex<Option<Arc<Before>>>,
    before_lost: Mutex<Option<BeforeLost>>,
}

/// A key before that cannot be read: what it sealed does not open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{path}: the key before is kept here for settings that it sealed, since a rotation was not finished, and cannot be read ({why}); \
     put it back from a copy of the folder, or type the settings that do not open again, take this file away, then `pam-2fa config seal`"
)]
pub struct BeforeLost {
    /// Where.
    pub path: PathBuf,
    /// What is wrong.
    pub why: String,
}

/// What is left of the key before: it opens values of the settings, and that is all.
struct Before {
    id: KeyId,
    settings: LockedKey,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("id", &self.id).finish_non_exhaustive()
    }
}

impl crate::login::challenge::CodeMac for Keys {
    fn code_mac(&self, id: &ChallengeId, code: &str) -> [u8; 32] {
        Self::code_mac(self, id, code)
    }
}

impl LongCodeMac for Keys {
    fn long_code_mac(&self, purpose: LongUse, user: &UserKey, code: &LongCode) -> [u8; 32] {
        let uid = user.uid.to_be_bytes();
        let parts: [&[u8]; 4] = [purpose.word().as_bytes(), &uid, user.name.as_bytes(), code.canonical().as_bytes()];
        hmac(&self.long_code_mac, &parts)
    }
}

impl Keys {
    /// Derives them.
    #[must_use]
    pub fn of(master: &MasterKey) -> Self {
        let key = master.bytes();
        Self {
            id: master.id().clone(),
            check: derive(key, Purpose::Check),
            code_mac: derive_key(key, Purpose::CodeMac),
            long_code_mac: derive_key(key, Purpose::LongCodeMac),
            prompt_tag: derive_key(key, Purpose::PromptTag),
            settings: derive_key(key, Purpose::Settings),
            records: derive_key(key, Purpose::Records),
            before: Mutex::new(None),
            before_lost: Mutex::new(None),
        }
    }

    /// The same keys once more, of `master`, which they must be of.
    pub(super) fn again(&self, master: &MasterKey) -> Self {
        Self { long_code_mac: LockedKey::of(self.long_code_mac.expose()), ..Self::of(master) }
    }

    /// From here on values of the settings that `master` sealed open too.
    pub(super) fn know_before(&self, master: &MasterKey) {
        let before = Before { id: master.id().clone(), settings: derive_key(master.bytes(), Purpose::Settings) };
        *self.before.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(before));
    }

    /// The id of the key before, while a rotation is not finished.
    #[must_use]
    pub fn before(&self) -> Option<KeyId> {
        self.before_key().map(|before| before.id.clone())
    }

    /// It is there, and what it sealed does not open.
    pub(super) fn lose_before(&self, path: &Path, why: String) {
        let lost = BeforeLost { path: path.to_owned(), why };
        *self.before_lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(lost);
    }

    /// A key before that cannot be read, for as long as its file stands there.
    #[must_use]
    pub fn before_lost(&self) -> Option<BeforeLost> {
        let lost = self.before_lost.lock().unwrap_or_else(PoisonError::into_inner).clone();
        lost.filter(|lost| lost.path.symlink_metadata().is_ok())
    }

    /// From here on nothing opens that the key before sealed.
    pub(super) fn forget_before(&self) {
        *self.before.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn before_key(&self) -> Option<Arc<Before>> {
        self.before.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The key of MACs of long codes, sealed by these keys, for the store.
    ///
    /// # Errors
    /// [`SealError::NoRandomness`].
    pub(super) fn seal_long_code_mac(&self, random: &dyn Random, of: &Self) -> Result<String, SealError> {
        self.seal_record(random, LONG_CODE_MAC_NAME, of.long_code_mac.expose())
    }

    /// Takes the one over that the store keeps.
    ///
    /// # Errors
    /// [`SealError`].
    pub(super) fn take_long_code_mac(&mut self, sealed: &str) -> Result<(), SealError> {
        let opened = self.open_record(LONG_CODE_MAC_NAME, sealed)?;
        let damaged = SealError::WrongNameOrDamaged { name: String::from(LONG_CODE_MAC_NAME) };
        if opened.expose().len() != self.long_code_mac.expose().len() {
            return Err(damaged);
        }
        self.long_code_mac.expose_mut().copy_from_slice(opened.expose());
        Ok(())
    }

    /// The master key's id.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// What the store keeps to tell a wrong key from a damaged record: 32 bytes that say nothing about the other keys.
    #[must_use]
    pub fn check(&self) -> &[u8; 32] {
        self.check.expose()
    }

    /// Seals a value of the settings under its name (`email.password`).
    ///
    /// # Errors
    /// [`SealError::NoRandomness`].
    pub fn seal(&self, random: &dyn Random, name: &str, plain: &[u8]) -> Result<String, SealError> {
        self.seal_for(Purpose::Settings, random, name, plain)
    }

    /// Opens a value of the settings that was sealed under `name`.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open(&self, name: &str, sealed: &str) -> Result<Secret<Vec<u8>>, SealError> {
        self.open_for(Purpose::Settings, name, sealed)
    }

    /// Opens a value of the settings that is text.
    ///
    /// # Errors
    /// [`SealError`]; what is not UTF-8 counts as damaged.
    pub fn open_text(&self, name: &str, sealed: &str) -> Result<Secret, SealError> {
        let mut plain = self.open(name, sealed)?;
        String::from_utf8(std::mem::take(plain.expose_mut())).map(Secret::new).map_err(|error| {
            drop(Secret::new(error.into_bytes()));
            SealError::WrongNameOrDamaged { name: name.to_owned() }
        })
    }

    /// Seals what the store keeps under its own name (`meta:settings`), apart from the values of the settings file.
    ///
    /// # Errors
    /// [`SealError::NoRandomness`].
    pub fn seal_record(&self, random: &dyn Random, name: &str, plain: &[u8]) -> Result<String, SealError> {
        self.seal_for(Purpose::Records, random, name, plain)
    }

    /// Opens what [`Keys::seal_record`] sealed under `name`.
    ///
    /// # Errors
    /// [`SealError`].
    pub fn open_record(&self, name: &str, sealed: &str) -> Result<Secret<Vec<u8>>, SealError> {
        self.open_for(Purpose::Records, name, sealed)
    }

    /// HMAC-SHA-256 of a code, bound to its challenge: what is kept instead of the code. Compare it in constant time.
    #[must_use]
    pub fn code_mac(&self, id: &ChallengeId, code: &str) -> [u8; 32] {
        hmac(&self.code_mac, &[id.0.as_bytes(), code.as_bytes()])
    }

    /// A byte that is the same for the same texts, and tells nothing to whoever has not the key: of HMAC-SHA-256.
    #[must_use]
    pub fn prompt_tag(&self, of: &[&[u8]]) -> u8 {
        let [tag, ..] = hmac(&self.prompt_tag, of);
        tag
    }

    fn key(&self, purpose: Purpose) -> &LockedKey {
        match purpose {
            Purpose::Records => &self.records,
            Purpose::Settings
            | Purpose::Id
            | Purpose::Check
            | Purpose::CodeMac
            | Purpose::LongCodeMac
            | Purpose::PromptTag => &self.settings,
        }
    }

    fn seal_for(&self, purpose: Purpose, random: &dyn Random, name: &str, plain: &[u8]) -> Result<String, SealError> {
        let no_randomness =
            |error: NoRandomness| SealError::NoRandomness { name: name.to_owned(), why: error.to_string() };
        let nonce = random::bytes::<NONCE>(random).map_err(no_randomness)?;
        // Room for all of it from the start: a buffer that grows leaves plain text behind.
        let mut buffer = Secret::new(Vec::with_capacity(plain.len().saturating_add(TAG)));
        buffer.expose_mut().extend_from_slice(plain);
        let associated = associated(purpose, name, self.id.as_str());
        Aes256Gcm::new(self.key(purpose).expose().into())
            .encrypt_in_place(&Nonce::from(nonce), &associated, buffer.expose_mut())
            // Only for more than 64 GB.
            .map_err(|_| SealError::WrongNameOrDamaged { name: name.to_owned() })?;
        let mut text = format!("{PREFIX}{}:", self.id);
        BASE64URL_NOPAD.encode_append(&[&nonce[..], buffer.expose()].concat(), &mut text);
        Ok(text)
    }

    fn open_for(&self, purpose: Purpose, name: &str, sealed: &str) -> Result<Secret<Vec<u8>>, SealError> {
        let not_sealed = || SealError::NotSealed { name: name.to_owned() };
        let damaged = || SealError::WrongNameOrDamaged { name: name.to_owned() };
        let rest = sealed.strip_prefix(PREFIX).ok_or_else(not_sealed)?;
        let (with, body) = rest.split_once(':').ok_or_else(damaged)?;
        let before = self.before_key().filter(|before| before.id.as_str() == with);
        let key = match (&before, purpose) {
            _ if with == self.id.as_str() => self.key(purpose),
            (Some(before), Purpose::Settings) => &before.settings,
            _ => {
                let is_id = with.len() == 8 && with.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
                return Err(if is_id {
                    SealError::OtherKey { name: name.to_owned(), with: with.to_owned(), ours: self.id.clone() }
                } else {
                    damaged()
                });
            }
        };
        let bytes = BASE64URL_NOPAD.decode(body.as_bytes()).map_err(|_| damaged())?;
        let (nonce, ciphertext) = bytes.split_first_chunk::<NONCE>().ok_or_else(damaged)?;
        let mut buffer = Secret::new(ciphertext.to_vec());
        Aes256Gcm::new(key.expose().into())
            .decrypt_in_place(&Nonce::from(*nonce), &associated(purpose, name, with), buffer.expose_mut())
            .map_err(|_| damaged())?;
        Ok(buffer)
    }
}

/// HMAC-SHA-256 of `parts`, each with its length, so that nothing can be shifted from one to the next.
fn hmac(key: &LockedKey, parts: &[&[u8]]) -> [u8; 32] {
    // HMAC fills a key up to a block of 64 bytes with zeros (RFC 2104 §2); handed in whole, it cannot fail.
    let mut block = Secret::new([0_u8; 64]);
    for (byte, from) in block.expose_mut().iter_mut().zip(key.expose()) {
        *byte = *from;
    }
    let mut mac = Hmac::<Sha256>::new(block.expose().into());
    for part in parts {
        mac.update(&length(part));
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn length(part: &[u8]) -> [u8; 8] {
    u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes()
}

fn associated(purpose: Purpose, name: &str, id: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for part in ["pam-2fa", "v1", purpose.name(), name, id] {
        bytes.extend_from_slice(&length(part.as_bytes()));
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests;
