//! Long codes, typed once: recovery codes, invitations, grants. 80 random bits, so that nobody guesses one however many are
//! open, written as sixteen letters that are not misread, in groups of four.
//!
//! Never kept: the store has the MAC of one, bound to its user and its use. Which of them are used up is the store's.

use crate::random::{self, NoRandomness, Random};
use crate::store::UserKey;
use pam_2fa_protocol::Secret;
use std::fmt;
use subtle::ConstantTimeEq;

/// Bytes of randomness (80 bits; SP 800-63B §3.1.2 asks 64 of look-up secrets that are not limited in rate).
const RANDOM: usize = 10;

/// Letters of a code, five bits each.
const LENGTH: usize = 16;

/// How many recovery codes a user gets at a time.
pub const SET: usize = 10;

/// Crockford's: all digits, and the letters but I, L, O and U.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// What a long code is for. One of one use is nothing to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LongUse {
    /// It stands for a code, once, when nothing else is at hand.
    Recovery,
    /// It lets a user without a method enrol the first.
    Invitation,
    /// An administrator lets a user in with it.
    Grant,
}

impl LongUse {
    /// Its word in the MAC: it must never change.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Recovery => "recovery",
            Self::Invitation => "invitation",
            Self::Grant => "grant",
        }
    }
}

/// Makes the MAC that is kept instead of a long code.
pub trait LongCodeMac: Send + Sync {
    /// HMAC-SHA-256 under a derived key, bound to the use and to the user's uid and name.
    fn long_code_mac(&self, purpose: LongUse, user: &UserKey, code: &LongCode) -> [u8; 32];
}

/// One of them, in the one spelling that is hashed: sixteen capital letters and digits.
pub struct LongCode(Secret);

impl fmt::Debug for LongCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LongCode(…)")
    }
}

impl LongCode {
    /// A new one.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn new(random: &dyn Random) -> Result<Self, NoRandomness> {
        let drawn = Secret::new(random::bytes::<RANDOM>(random)?);
        let mut bits = Secret::new(drawn.expose().iter().fold(0_u128, |bits, byte| (bits << 8) | u128::from(*byte)));
        let mut code = Secret::new(String::with_capacity(LENGTH));
        for _ in 0..LENGTH {
            let place = usize::try_from(*bits.expose() & 31).unwrap_or(0);
            code.expose_mut().push(LETTERS.get(place).copied().map_or('0', char::from));
            *bits.expose_mut() >>= 5;
        }
        Ok(Self(code))
    }

    /// Reads what a person typed: in any case, with spaces and hyphens wherever, O for 0, I and L for 1. `None`: it is no long
    /// code, and nothing is to be charged for it.
    #[must_use]
    pub fn parse(typed: &str) -> Option<Self> {
        let mut code = Secret::new(String::with_capacity(LENGTH));
        for letter in typed.chars().filter(|letter| !matches!(letter, ' ' | '-')) {
            let letter = match letter.to_ascii_uppercase() {
                'O' => '0',
                'I' | 'L' => '1',
                other => other,
            };
            let is_ours = u8::try_from(letter).is_ok_and(|letter| LETTERS.contains(&letter));
            if !is_ours || code.expose().len() == LENGTH {
                return None;
            }
            code.expose_mut().push(letter);
        }
        (code.expose().len() == LENGTH).then_some(Self(code))
    }

    /// As it is shown, once: `7K3M-Q9XD-…`.
    #[must_use]
    pub fn shown(&self) -> Secret {
        let mut shown = Secret::new(String::with_capacity(LENGTH.saturating_mul(2)));
        for (place, letter) in self.0.expose().chars().enumerate() {
            if place > 0 && place.is_multiple_of(4) {
                shown.expose_mut().push('-');
            }
            shown.expose_mut().push(letter);
        }
        shown
    }

    /// The spelling that is hashed. For the MAC only.
    #[must_use]
    pub fn canonical(&self) -> &str {
        self.0.expose()
    }
}

/// Ten recovery codes, all different.
///
/// # Errors
/// [`NoRandomness`]; also where the same 80 bits come twice, which no source of randomness does.
pub fn recovery_set(random: &dyn Random) -> Result<Vec<LongCode>, NoRandomness> {
    let mut set: Vec<LongCode> = Vec::with_capacity(SET);
    for _ in 0..SET {
        let code = LongCode::new(random)?;
        if set.iter().any(|other| other.canonical() == code.canonical()) {
            return Err(NoRandomness(String::from("the same 80 bits came twice")));
        }
        set.push(code);
    }
    Ok(set)
}

/// Which of the MACs that are kept is `mac`. All are looked at, in constant time.
#[must_use]
pub fn position(kept: &[[u8; 32]], mac: &[u8; 32]) -> Option<usize> {
    let mut found = None;
    for (place, one) in kept.iter().enumerate() {
        if bool::from(one.ct_eq(mac)) {
            found = Some(place);
        }
    }
    found
}

#[cfg(test)]
mod tests;
