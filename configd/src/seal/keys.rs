//! A key for each purpose, derived by HKDF-SHA-256 (RFC 5869) from the master key, and what is done with them.
//!
//! A sealed value is `sealed:v1:<key id>:<base64url of nonce, ciphertext, tag>`: AES-256-GCM with a random 96-bit nonce
//! (SP 800-38D §8.2.2: good for 2^32 values a key), and as associated data the version, the purpose, the value's own name and
//! the key id, each with its length, so that nothing can be shifted from one to the next. A value under another name, of
//! another purpose or with any bit changed does not open.

use super::master::{KeyId, MasterKey};
use crate::random::{self, NoRandomness, Random};
use crate::store::ChallengeId;
use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit, Nonce};
use data_encoding::BASE64URL_NOPAD;
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use pam_2fa_protocol::Secret;
use sha2::Sha256;
use std::fmt;

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
    Settings,
    Records,
}

impl Purpose {
    fn name(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Check => "check",
            Self::CodeMac => "code-mac",
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
    let info: [&[u8]; 2] = [b"pam-2fa:v1:", purpose.name().as_bytes()];
    let _cannot_fail = Hkdf::<Sha256>::new(None, master).expand_multi_info(&info, derived.expose_mut());
    derived
}

/// What tells a key from another and is no secret: 32 bits of it derived one way.
pub(super) fn id_of(master: &[u8; 32]) -> KeyId {
    KeyId::new(*derive(master, Purpose::Id).expose())
}

/// The derived keys. The master key itself need not be kept.
pub struct Keys {
    id: KeyId,
    check: Secret<[u8; 32]>,
    code_mac: Secret<[u8; 32]>,
    settings: Secret<[u8; 32]>,
    records: Secret<[u8; 32]>,
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

impl Keys {
    /// Derives them.
    #[must_use]
    pub fn of(master: &MasterKey) -> Self {
        let key = master.bytes();
        Self {
            id: master.id().clone(),
            check: derive(key, Purpose::Check),
            code_mac: derive(key, Purpose::CodeMac),
            settings: derive(key, Purpose::Settings),
            records: derive(key, Purpose::Records),
        }
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
        // HMAC fills a key up to a block of 64 bytes with zeros (RFC 2104 §2); handed in whole, it cannot fail.
        let mut block = Secret::new([0_u8; 64]);
        for (byte, from) in block.expose_mut().iter_mut().zip(self.code_mac.expose()) {
            *byte = *from;
        }
        let mut mac = Hmac::<Sha256>::new(block.expose().into());
        for part in [id.0.as_bytes(), code.as_bytes()] {
            mac.update(&length(part));
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    fn cipher(&self, purpose: Purpose) -> Aes256Gcm {
        let key = match purpose {
            Purpose::Records => &self.records,
            Purpose::Settings | Purpose::Id | Purpose::Check | Purpose::CodeMac => &self.settings,
        };
        Aes256Gcm::new(key.expose().into())
    }

    fn seal_for(&self, purpose: Purpose, random: &dyn Random, name: &str, plain: &[u8]) -> Result<String, SealError> {
        let no_randomness =
            |error: NoRandomness| SealError::NoRandomness { name: name.to_owned(), why: error.to_string() };
        let nonce = random::bytes::<NONCE>(random).map_err(no_randomness)?;
        // Room for all of it from the start: a buffer that grows leaves plain text behind.
        let mut buffer = Secret::new(Vec::with_capacity(plain.len().saturating_add(TAG)));
        buffer.expose_mut().extend_from_slice(plain);
        let associated = associated(purpose, name, self.id.as_str());
        self.cipher(purpose)
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
        if with != self.id.as_str() {
            let is_id = with.len() == 8 && with.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            return Err(if is_id {
                SealError::OtherKey { name: name.to_owned(), with: with.to_owned(), ours: self.id.clone() }
            } else {
                damaged()
            });
        }
        let bytes = BASE64URL_NOPAD.decode(body.as_bytes()).map_err(|_| damaged())?;
        let (nonce, ciphertext) = bytes.split_first_chunk::<NONCE>().ok_or_else(damaged)?;
        let mut buffer = Secret::new(ciphertext.to_vec());
        self.cipher(purpose)
            .decrypt_in_place(&Nonce::from(*nonce), &associated(purpose, name, with), buffer.expose_mut())
            .map_err(|_| damaged())?;
        Ok(buffer)
    }
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
mod tests {
    use super::*;
    use crate::random::KernelRandom;
    use std::collections::HashSet;

    const NAME: &str = "email.password";
    const PLAIN: &[u8] = "correct horse battery stäple".as_bytes();

    fn keys() -> Keys {
        Keys::of(&MasterKey::generate(&KernelRandom).unwrap())
    }

    fn sealed(keys: &Keys) -> String {
        keys.seal(&KernelRandom, NAME, PLAIN).unwrap()
    }

    #[test]
    fn a_sealed_value_opens_under_its_own_name_and_shows_nothing() {
        let keys = keys();
        let text = sealed(&keys);
        assert!(text.starts_with(&format!("sealed:v1:{}:", keys.id())));
        assert_eq!(keys.open(NAME, &text).unwrap().expose(), PLAIN);
        assert_eq!(keys.open_text(NAME, &text).unwrap().expose().as_bytes(), PLAIN);
        let empty = keys.seal(&KernelRandom, "", b"").unwrap();
        assert_eq!(keys.open("", &empty).unwrap().expose(), b"");
    }

    #[test]
    fn two_values_swapped_do_not_open() {
        let keys = keys();
        let (email, sms) = (sealed(&keys), keys.seal(&KernelRandom, "sms.account.auth_token", PLAIN).unwrap());
        for (name, other) in [(NAME, &sms), ("sms.account.auth_token", &email), ("email.passwor", &email), ("", &email)]
        {
            let error = keys.open(name, other).unwrap_err();
            assert_eq!(error, SealError::WrongNameOrDamaged { name: name.to_owned() });
        }
    }

    #[test]
    fn a_value_of_the_settings_is_no_record_and_the_other_way_round() {
        let keys = keys();
        let record = keys.seal_record(&KernelRandom, NAME, PLAIN).unwrap();
        assert!(keys.open(NAME, &record).is_err());
        assert!(keys.open_record(NAME, &sealed(&keys)).is_err());
        assert_eq!(keys.open_record(NAME, &record).unwrap().expose(), PLAIN);
    }

    #[test]
    fn a_value_with_any_bit_flipped_or_cut_off_anywhere_does_not_open() {
        let keys = keys();
        let good = sealed(&keys).into_bytes();
        for length in 0..good.len() {
            assert!(keys.open(NAME, std::str::from_utf8(&good[..length]).unwrap()).is_err(), "cut to {length}");
        }
        let mut tried = 0;
        for byte in 0..good.len() {
            for bit in 0..8 {
                let mut flipped = good.clone();
                flipped[byte] ^= 1 << bit;
                if let Ok(text) = std::str::from_utf8(&flipped) {
                    assert!(keys.open(NAME, text).is_err(), "bit {bit} of byte {byte}");
                    tried += 1;
                }
            }
        }
        assert_eq!(tried, good.len() * 7);
        for longer in ["x", "AAAA", "=", "\n"] {
            let text = [&good[..], longer.as_bytes()].concat();
            assert!(keys.open(NAME, std::str::from_utf8(&text).unwrap()).is_err());
        }
    }

    #[test]
    fn every_bit_of_nonce_ciphertext_and_tag_counts() {
        let keys = keys();
        let good = sealed(&keys);
        let (head, body) = good.rsplit_once(':').unwrap();
        let bytes = BASE64URL_NOPAD.decode(body.as_bytes()).unwrap();
        for byte in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[byte] ^= 1 << bit;
                let text = format!("{head}:{}", BASE64URL_NOPAD.encode(&flipped));
                assert!(keys.open(NAME, &text).is_err(), "bit {bit} of byte {byte}");
            }
        }
        for length in 0..bytes.len() {
            let text = format!("{head}:{}", BASE64URL_NOPAD.encode(&bytes[..length]));
            assert!(keys.open(NAME, &text).is_err(), "cut to {length}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_apart() {
        let (ours, other) = (keys(), keys());
        let text = sealed(&other);
        let expected =
            SealError::OtherKey { name: NAME.to_owned(), with: other.id().to_string(), ours: ours.id().clone() };
        assert_eq!(ours.open(NAME, &text).unwrap_err(), expected);
        let words = expected.to_string();
        assert!(words.contains(other.id().as_str()) && words.contains(ours.id().as_str()) && words.contains(NAME));
        for plain in ["", "hunter2", "sealed:", "sealed:v2:0:AA", "Sealed:v1:"] {
            assert_eq!(ours.open(NAME, plain).unwrap_err(), SealError::NotSealed { name: NAME.to_owned() }, "{plain}");
        }
        // Our id on another key's value: the tag says no.
        let forged = text.replace(other.id().as_str(), ours.id().as_str());
        assert_eq!(ours.open(NAME, &forged).unwrap_err(), SealError::WrongNameOrDamaged { name: NAME.to_owned() });
    }

    #[test]
    fn the_same_value_sealed_twice_looks_different() {
        let keys = keys();
        let texts: HashSet<String> = (0..1_000).map(|_| sealed(&keys)).collect();
        assert_eq!(texts.len(), 1_000);
    }

    #[test]
    fn without_randomness_nothing_is_sealed() {
        struct Dry;
        impl Random for Dry {
            fn fill(&self, _: &mut [u8]) -> Result<(), NoRandomness> {
                Err(NoRandomness(String::from("dry")))
            }
        }
        assert!(matches!(keys().seal(&Dry, NAME, PLAIN), Err(SealError::NoRandomness { .. })));
        assert!(MasterKey::generate(&Dry).is_err());
    }

    #[test]
    fn a_code_is_bound_to_its_challenge_and_nothing_can_be_shifted_between_them() {
        let keys = keys();
        let id = |text: &str| ChallengeId(String::from(text));
        let mac = keys.code_mac(&id("aa"), "123456");
        assert_eq!(mac, keys.code_mac(&id("aa"), "123456"));
        for (other, code) in [("ab", "123456"), ("aa", "123457"), ("aa1", "23456"), ("a", "a123456"), ("", "aa123456")]
        {
            assert_ne!(mac, keys.code_mac(&id(other), code));
        }
        assert_ne!(mac, tests::keys().code_mac(&id("aa"), "123456"));
    }

    #[test]
    fn the_derivation_is_the_one_that_files_in_use_were_written_with() {
        // Computed apart from this code, by HMAC-SHA-256 as in RFC 5869. If these change, no sealed value opens any more.
        let master: [u8; 32] = std::array::from_fn(|index| u8::try_from(index).unwrap());
        assert_eq!(id_of(&master).as_str(), "64b70c94");
        let settings = derive::<32>(&master, Purpose::Settings);
        assert_eq!(
            data_encoding::HEXLOWER.encode(settings.expose()),
            "be010edf75c32cef83b6c8bdd374f35925730df4621f2a0accca586e6c92a309"
        );
        let code = derive::<32>(&master, Purpose::CodeMac);
        assert_eq!(
            data_encoding::HEXLOWER.encode(code.expose()),
            "9a5df14318041d46eaf21af92e5e0bd027785d63ff7ebbfe9d1d87dc53d24dc5"
        );
    }

    #[test]
    fn keys_are_not_printed() {
        let keys = keys();
        assert_eq!(format!("{keys:?}"), format!("Keys {{ id: {:?}, .. }}", keys.id()));
        assert_eq!(format!("{:?}", keys.open(NAME, &sealed(&keys))), "Ok(…)");
    }
}
