//! An authenticator app (RFC 6238): its key, the link that carries the key to the app, and which step a typed code is of.
//!
//! Never says that a step was used or not: that is the store's, in one commit with the login. The time is handed in.

use crate::random::{NoRandomness, Random};
use crate::seal::{Keys, SealError};
use crate::store::UserKey;
use data_encoding::BASE32_NOPAD;
use pam_2fa_protocol::Secret;
use totp_rs::{Algorithm, Builder, Totp};

/// Bytes of a key that we make, and the least that we take: 160 bits, as RFC 4226 §4 R6 recommends (it requires 128).
const KEY: usize = 20;

/// The longest key that we take, in bytes: the block of SHA-512. HMAC would hash a longer one.
const LONGEST_KEY: usize = 128;

/// How much of the link the issuer may take up, in bytes, each time that it stands there. With [`ACCOUNT`] and a key of ours the
/// link has 376 bytes at most, which fits an 80-column terminal as a square (version 13: 425 bytes).
const ISSUER: usize = 96;

/// How much of it the account may.
const ACCOUNT: usize = 120;

/// Why a key is not taken.
#[derive(Debug, thiserror::Error)]
pub enum AppKeyError {
    /// RFC 4226 §4 recommends 160 bits, and we take no less; the longest hash's block is 1,024.
    #[error("an authenticator app's key must have 160 to 1,024 bits, this one has {bits}; enrol the app again")]
    Length {
        /// What it has.
        bits: usize,
    },
    /// The number of digits, the step or the hash is not one of ours: only a damaged record has that.
    #[error("an authenticator app's record is not of a form we know; enrol the app again")]
    Form,
    /// It was not sealed, or does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// The hash of the codes. SHA-1 is the only one that every app knows; what breaks it does not break its HMAC (RFC 6194 §3.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hash {
    /// The default of RFC 6238 and of every app.
    #[default]
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How many digits a code has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Digits {
    /// Six.
    #[default]
    Six,
    /// Eight.
    Eight,
}

/// What an app needs to know beside the key. The default is SHA-1, six digits, 30 seconds: all that some apps can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// The hash.
    pub hash: Hash,
    /// The digits.
    pub digits: Digits,
    /// Seconds of a step: 1 to 255.
    pub step_s: u8,
}

impl Default for Shape {
    fn default() -> Self {
        Self { hash: Hash::default(), digits: Digits::default(), step_s: 30 }
    }
}

impl Shape {
    /// The three bytes that a sealed key begins with.
    fn bytes(self) -> [u8; 3] {
        let hash = match self.hash {
            Hash::Sha1 => 1,
            Hash::Sha256 => 2,
            Hash::Sha512 => 3,
        };
        [hash, u8::try_from(self.digits.count()).unwrap_or(6), self.step_s]
    }

    fn of_bytes([hash, digits, step_s]: [u8; 3]) -> Option<Self> {
        let hash = match hash {
            1 => Hash::Sha1,
            2 => Hash::Sha256,
            3 => Hash::Sha512,
            _ => return None,
        };
        let digits = match digits {
            6 => Digits::Six,
            8 => Digits::Eight,
            _ => return None,
        };
        (step_s > 0).then_some(Self { hash, digits, step_s })
    }
}

impl Digits {
    /// As a number.
    #[must_use]
    pub fn count(self) -> usize {
        match self {
            Self::Six => 6,
            Self::Eight => 8,
        }
    }
}

/// How late a code may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// Of the present step only.
    None,
    /// Of the one before too: clocks differ and people type slowly (RFC 6238 §5.2).
    One,
}

/// The key that the app and we share.
#[derive(Debug)]
pub struct AppKey {
    key: Secret<Vec<u8>>,
    shape: Shape,
}

impl AppKey {
    /// A new one: 160 random bits, for the defaults of every app.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn new(random: &dyn Random) -> Result<Self, NoRandomness> {
        let mut key = Secret::new(vec![0; KEY]);
        random.fill(key.expose_mut())?;
        Ok(Self { key, shape: Shape::default() })
    }

    /// A key that comes from elsewhere.
    ///
    /// # Errors
    /// [`AppKeyError::Length`], [`AppKeyError::Form`] for a step of no seconds.
    pub fn of(key: Secret<Vec<u8>>, shape: Shape) -> Result<Self, AppKeyError> {
        let length = key.expose().len();
        if !(KEY..=LONGEST_KEY).contains(&length) {
            return Err(AppKeyError::Length { bits: length.saturating_mul(8) });
        }
        if shape.step_s == 0 {
            return Err(AppKeyError::Form);
        }
        Ok(Self { key, shape })
    }

    /// What the app was told beside the key.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// The key in letters, in groups of four, for a person who types it into the app: `JBSW Y3DP …`.
    #[must_use]
    pub fn base32(&self) -> Secret {
        let plain = self.base32_plain();
        let length = plain.expose().len();
        let mut grouped = Secret::new(String::with_capacity(length.saturating_mul(2)));
        for (place, letter) in plain.expose().chars().enumerate() {
            if place > 0 && place.is_multiple_of(4) {
                grouped.expose_mut().push(' ');
            }
            grouped.expose_mut().push(letter);
        }
        grouped
    }

    fn base32_plain(&self) -> Secret {
        // Room for all of it from the start: a buffer that grows leaves the key behind.
        let mut letters = Secret::new(String::with_capacity(BASE32_NOPAD.encode_len(self.key.expose().len())));
        BASE32_NOPAD.encode_append(self.key.expose(), letters.expose_mut());
        letters
    }

    /// The link that a scanned square stands for: `otpauth://totp/Issuer:account?secret=…&issuer=…`. What is the default of every
    /// app is left out: some refuse a link that says it. A colon would end the issuer, so neither has one here; and each is cut
    /// where the square would not fit a terminal any more.
    #[must_use]
    pub fn uri(&self, issuer: &str, account: &str) -> Secret {
        let (issuer, account) = (encoded(issuer, ISSUER), encoded(account, ACCOUNT));
        let (plain, default) = (self.base32_plain(), Shape::default());
        let mut uri = Secret::new(String::with_capacity(1024));
        let text = uri.expose_mut();
        let mut push = |parts: &[&str]| parts.iter().for_each(|part| text.push_str(part));
        push(&["otpauth://totp/"]);
        if !issuer.is_empty() {
            push(&[&issuer, ":"]);
        }
        push(&[&account, "?secret=", plain.expose()]);
        if !issuer.is_empty() {
            push(&["&issuer=", &issuer]);
        }
        if self.shape.hash != default.hash {
            push(&["&algorithm=", algorithm(self.shape.hash).as_str()]);
        }
        if self.shape.digits != default.digits {
            push(&["&digits=", &self.shape.digits.count().to_string()]);
        }
        if self.shape.step_s != default.step_s {
            push(&["&period=", &self.shape.step_s.to_string()]);
        }
        uri
    }

    /// The step that `code` is of, as it is to be kept: none that is ahead, none up to `after` (the last one used), and of two
    /// steps with the same code the later, so that it cannot be used again. All candidates are computed and compared, whatever
    /// the first says.
    #[must_use]
    pub fn check(&self, code: &str, now_s: i64, after: Option<i64>, back: Back) -> Option<i64> {
        let step_s = u64::from(self.shape.step_s);
        let present = u64::try_from(now_s).ok()?.checked_div(step_s)?;
        let totp = self.totp();
        let mut found = None;
        let ago = match back {
            Back::None => 0,
            Back::One => 1,
        };
        for ago in (0..=ago).rev() {
            let Some(step) = present.checked_sub(ago) else { continue };
            // Without skew it looks at this one step, and compares in constant time.
            let is_right = totp.check(code, step.saturating_mul(step_s)).is_some();
            let step = i64::try_from(step).ok()?;
            if is_right && after.is_none_or(|used| step > used) {
                found = Some(step);
            }
        }
        found
    }

    /// Seals it for the store, under a name that is the user's and this app's (rule 10).
    ///
    /// # Errors
    /// [`SealError::NoRandomness`].
    pub fn seal(&self, keys: &Keys, random: &dyn Random, user: &UserKey, id: &str) -> Result<String, SealError> {
        let mut plain = Secret::new(Vec::with_capacity(LONGEST_KEY.saturating_add(3)));
        plain.expose_mut().extend_from_slice(&self.shape.bytes());
        plain.expose_mut().extend_from_slice(self.key.expose());
        keys.seal_record(random, &record_name(user, id), plain.expose())
    }

    /// Opens what [`AppKey::seal`] sealed for this user and this id, and nothing else.
    ///
    /// # Errors
    /// [`AppKeyError`].
    pub fn open(keys: &Keys, user: &UserKey, id: &str, sealed: &str) -> Result<Self, AppKeyError> {
        let plain = keys.open_record(&record_name(user, id), sealed)?;
        let (shape, key) = plain.expose().split_first_chunk::<3>().ok_or(AppKeyError::Form)?;
        Self::of(Secret::new(key.to_vec()), Shape::of_bytes(*shape).ok_or(AppKeyError::Form)?)
    }

    /// What the app would show.
    #[cfg(test)]
    pub(crate) fn shows(&self, at_s: i64) -> String {
        self.totp().generate(u64::try_from(at_s).unwrap()).to_string()
    }

    fn totp(&self) -> Totp {
        // It would take 128 bits too; ours has been measured already.
        Builder::new()
            .with_algorithm(algorithm(self.shape.hash))
            .with_digits(u8::try_from(self.shape.digits.count()).unwrap_or(6))
            .with_step_duration(u64::from(self.shape.step_s))
            .with_skew(0)
            .with_secret(self.key.expose().as_slice())
            .build_noncompliant()
    }
}

/// `app:UID:NAME:ID`. Neither a uid nor an id of ours has a colon, so no two users' names can be the same.
fn record_name(user: &UserKey, id: &str) -> String {
    format!("app:{}:{}:{id}", user.uid, user.name)
}

fn algorithm(hash: Hash) -> Algorithm {
    match hash {
        Hash::Sha1 => Algorithm::SHA1,
        Hash::Sha256 => Algorithm::SHA256,
        Hash::Sha512 => Algorithm::SHA512,
    }
}

/// As it may stand in a URI (RFC 3986 §2.3: all but the unreserved is written `%XX`), without colons, whole characters of it,
/// `longest` bytes at most.
fn encoded(text: &str, longest: usize) -> String {
    let mut all = String::new();
    for character in text.chars().filter(|character| *character != ':' && !character.is_control()) {
        let mut one = String::new();
        for byte in character.encode_utf8(&mut [0; 4]).bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                one.push(char::from(byte));
            } else {
                one.push_str(&format!("%{byte:02X}"));
            }
        }
        if all.len().saturating_add(one.len()) > longest {
            break;
        }
        all.push_str(&one);
    }
    all
}

#[cfg(test)]
mod tests;
