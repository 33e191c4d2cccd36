//! Randomness, handed in (rule 8), from getrandom(2) and nothing else. A failure is an error: no code without it.

use pam_2fa_protocol::Secret;

/// The kernel gave no random bytes. No code, no key, no nonce is made then.
#[derive(Debug, thiserror::Error)]
#[error("the kernel gives no random bytes ({0}): nothing can be sent; see random(7)")]
pub struct NoRandomness(pub String);

/// Where random bytes come from.
pub trait Random: Send + Sync {
    /// Fills `bytes`.
    ///
    /// # Errors
    /// [`NoRandomness`]; `bytes` are then worth nothing.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
}

/// getrandom(2).
#[derive(Debug, Clone, Copy, Default)]
pub struct KernelRandom;

impl Random for KernelRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        getrandom::fill(bytes).map_err(|error| NoRandomness(error.to_string()))
    }
}

/// `N` random bytes.
///
/// # Errors
/// [`NoRandomness`].
pub fn bytes<const N: usize>(random: &dyn Random) -> Result<[u8; N], NoRandomness> {
    let mut bytes = [0; N];
    random.fill(&mut bytes)?;
    Ok(bytes)
}

/// A code of `digits` decimal digits, each of the 10^digits as likely as any other: values of a `u32` past the last whole
/// multiple are drawn again (SP 800-63B §3.1.3.2, ASVS 6.5.3).
///
/// # Errors
/// [`NoRandomness`]. `digits` beyond 9 count as 9.
pub fn code(random: &dyn Random, digits: u32) -> Result<Secret, NoRandomness> {
    let digits = digits.min(9);
    let range = 10_u32.pow(digits);
    let past_last_multiple = u32::MAX - (u32::MAX % range);
    loop {
        let drawn = u32::from_le_bytes(bytes(random)?);
        if drawn < past_last_multiple {
            let width = usize::try_from(digits).unwrap_or(9);
            return Ok(Secret::new(format!("{:0width$}", drawn % range)));
        }
    }
}

/// Eight characters that a person can read out over the telephone (no I, L, O, U, 0, 1): a reference in a denial and the log.
///
/// # Errors
/// [`NoRandomness`].
pub fn reference(random: &dyn Random) -> Result<String, NoRandomness> {
    const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKMNPQRSTVWXYZ*#";
    let mut text = String::with_capacity(8);
    while text.len() < 8 {
        for byte in bytes::<8>(random)? {
            // 30 of 32: the two marks at the end are drawn again.
            let letter = LETTERS.get(usize::from(byte % 32)).copied().map_or('*', char::from);
            if letter.is_ascii_alphanumeric() && text.len() < 8 {
                text.push(letter);
            }
        }
    }
    Ok(text)
}

/// Two hexadecimal digits that tell two messages apart for a person.
///
/// # Errors
/// [`NoRandomness`].
pub fn tag(random: &dyn Random) -> Result<String, NoRandomness> {
    let [byte] = bytes::<1>(random)?;
    Ok(tag_of(byte))
}

/// A tag of this byte.
#[must_use]
pub fn tag_of(byte: u8) -> String {
    format!("{byte:02X}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// Hands out what it was given, then fails.
    struct Scripted(Mutex<Vec<u8>>);

    impl Random for Scripted {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
            let mut left = self.0.lock().unwrap();
            if left.len() < bytes.len() {
                return Err(NoRandomness(String::from("dry")));
            }
            for byte in bytes {
                *byte = left.remove(0);
            }
            Ok(())
        }
    }

    #[test]
    fn values_that_would_bias_a_code_are_drawn_again() {
        let past = (u32::MAX - (u32::MAX % 1_000_000)).to_le_bytes();
        let good = 7_u32.to_le_bytes();
        let random = Scripted(Mutex::new([past, good].concat()));
        assert_eq!(code(&random, 6).unwrap().expose(), "000007");
    }

    #[test]
    fn without_randomness_there_is_no_code() {
        let random = Scripted(Mutex::new(Vec::new()));
        assert!(code(&random, 6).is_err());
        assert!(reference(&random).is_err());
        assert!(tag(&random).is_err());
    }

    #[test]
    fn codes_are_uniform_in_each_digit_and_over_all_cells() {
        // Chi-square over each digit (9 degrees of freedom) and over 1,000 cells (999): limits at p = 1e-6.
        const DRAWS: u32 = 1_000_000;
        let mut digits = [[0_u32; 10]; 6];
        let mut cells = vec![0_u32; 1_000];
        for _ in 0..DRAWS {
            let code = code(&KernelRandom, 6).unwrap();
            for (place, digit) in code.expose().bytes().enumerate() {
                digits[place][usize::from(digit - b'0')] += 1;
            }
            cells[code.expose().parse::<usize>().unwrap() / 1_000] += 1;
        }
        let chi = |counts: &[u32]| {
            let expected = f64::from(DRAWS) / f64::from(u32::try_from(counts.len()).unwrap());
            counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum::<f64>()
        };
        for place in &digits {
            assert!(chi(place) < 46.0, "digit not uniform: {place:?}");
        }
        assert!(chi(&cells) < 1_230.0, "cells not uniform");
    }

    #[test]
    fn references_have_no_letters_that_are_misread() {
        for _ in 0..1_000 {
            let text = reference(&KernelRandom).unwrap();
            assert_eq!(text.len(), 8);
            assert!(!text.contains(['I', 'L', 'O', 'U', '0', '1', '*', '#']), "{text}");
        }
    }
}
