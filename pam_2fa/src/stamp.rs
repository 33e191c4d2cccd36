//! The password's stamp: hex SHA-256 over the user's shadow entry, by which the daemon sees that a password was changed.
//!
//! Only root can read the entry. No stamp is never an error: without one the daemon trusts for a short time only. An entry without a
//! hash (`*`, `!`, `x`) has none, since the password is somewhere else and changes there. The entry
//! itself must never leave this file but as the hash.

use pam_2fa_protocol::break_glass::hex;
use sha2::{Digest, Sha256};
use std::ffi::CStr;

use crate::ffi::shadow::{self, Entry};

/// The stamp of a user, if this process may see the entry and there is one.
pub(crate) fn of(user: &CStr, euid: u32) -> Option<String> {
    if euid != 0 {
        return None;
    }
    shadow::with_entry(user, |entry| has_hash(entry.password).then(|| hex(&digest(entry)))).flatten()
}

/// Whether this is a hash (crypt(5)), locked with `!` or not. The shortest, of DES, has 13 characters.
fn has_hash(password: &[u8]) -> bool {
    let start = password.iter().position(|byte| *byte != b'!').unwrap_or(password.len());
    password.len().saturating_sub(start) >= 13 && password.get(start) != Some(&b'*')
}

/// Texts go in with their length before them, so that no two entries hash alike.
fn digest(entry: &Entry<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"pam-2fa shadow stamp 1");
    for text in [entry.name, entry.password] {
        hash.update(text.len().to_be_bytes());
        hash.update(text);
    }
    for number in entry.numbers {
        hash.update(number.to_be_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: Entry<'_> =
        Entry { name: b"ada", password: b"$y$j9T$salt$hash", numbers: [20_000, 0, 99_999, 7, -1, -1, -1] };

    #[test]
    fn any_change_of_the_entry_changes_the_stamp() {
        let before = hex(&digest(&ADA));
        assert_eq!(before.len(), 64);
        assert_eq!(before, hex(&digest(&ADA)));
        for changed in [
            Entry { password: b"$y$j9T$salt$hasi", ..ADA },
            Entry { password: b"!$y$j9T$salt$hash", ..ADA },
            Entry { name: b"ad", password: b"a$y$j9T$salt$hash", ..ADA },
            Entry { numbers: [20_001, 0, 99_999, 7, -1, -1, -1], ..ADA },
        ] {
            assert_ne!(before, hex(&digest(&changed)));
        }
    }

    #[test]
    fn a_placeholder_is_no_password_whose_change_could_be_seen() {
        for placeholder in ["", "*", "!", "!!", "!*", "x", "*LK*", "*NP*", "!locked", "*************"] {
            assert!(!has_hash(placeholder.as_bytes()), "{placeholder}");
        }
        for hash in ["$y$j9T$salt$hash", "!$6$salt$hashhash", "ab1234567890.", "!!$5$rounds=5000$s$h"] {
            assert!(has_hash(hash.as_bytes()), "{hash}");
        }
    }

    #[test]
    fn without_root_there_is_no_stamp() {
        assert_eq!(of(c"root", 1000), None);
    }
}
