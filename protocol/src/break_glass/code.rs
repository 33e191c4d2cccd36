//! A break-glass code: 28 letters and digits that a person reads off paper and types.

use crate::Secret;

/// Random letters of a code, five bits each.
pub(super) const RANDOM: usize = 26;

/// Letters of a code: the random ones, and two by which a mistyped one is told from a wrong one.
const LETTERS: usize = RANDOM + 2;

/// Crockford's: all digits, and the letters but I, L, O and U.
pub const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A code in the one spelling that is hashed: 28 capital letters and digits.
#[derive(Debug)]
pub struct Code(Secret<[u8; LETTERS]>);

/// What was typed is no code, whichever record it was meant for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistyped {
    /// It has so many letters and digits, or one that no code has.
    Form,
    /// It was read or typed wrongly somewhere: its last two letters do not fit the others.
    Check,
}

impl Code {
    /// The code of this randomness: of each byte five bits are taken.
    #[must_use]
    pub fn of(random: &Secret<[u8; RANDOM]>) -> Self {
        let mut code = Secret::new([0; LETTERS]);
        for (letter, byte) in code.expose_mut().iter_mut().zip(random.expose()) {
            *letter = letter_of(u32::from(*byte & 31));
        }
        let check = check(code.expose());
        let [.., high, low] = code.expose_mut();
        [*high, *low] = check;
        Self(code)
    }

    /// Reads what a person typed: in any case, with spaces and hyphens wherever, O for 0, I and L for 1.
    ///
    /// # Errors
    /// [`Mistyped`].
    pub fn parse(typed: &str) -> Result<Self, Mistyped> {
        let mut code = Secret::new([0; LETTERS]);
        let mut letters = code.expose_mut().iter_mut();
        for typed in typed.bytes() {
            let typed = match typed.to_ascii_uppercase() {
                b' ' | b'-' => continue,
                b'O' => b'0',
                b'I' | b'L' => b'1',
                other => other,
            };
            let letter = letters.next().filter(|_| ALPHABET.contains(&typed)).ok_or(Mistyped::Form)?;
            *letter = typed;
        }
        if letters.next().is_some() {
            return Err(Mistyped::Form);
        }
        if code.expose().ends_with(&check(code.expose())) { Ok(Self(code)) } else { Err(Mistyped::Check) }
    }

    /// The spelling that is hashed.
    pub(super) fn letters(&self) -> &[u8] {
        self.0.expose()
    }

    /// As it is shown, once: seven groups of four.
    #[must_use]
    pub fn shown(&self) -> Secret {
        let mut shown = Secret::new(String::with_capacity(LETTERS.saturating_mul(2)));
        for (place, letter) in self.0.expose().iter().enumerate() {
            if place > 0 && place.is_multiple_of(4) {
                shown.expose_mut().push('-');
            }
            shown.expose_mut().push(char::from(*letter));
        }
        shown
    }
}

fn letter_of(value: u32) -> u8 {
    usize::try_from(value).ok().and_then(|place| ALPHABET.get(place)).copied().unwrap_or(b'0')
}

/// Two letters, of all random ones by their places: two letters that change places, and one that is another, change it. 1021 is the
/// largest prime that two letters can write.
fn check(letters: &[u8; LETTERS]) -> [u8; 2] {
    let mut sum = 1_u32;
    for letter in letters.iter().take(RANDOM) {
        let value = ALPHABET.iter().zip(0_u32..).find_map(|(one, value)| (one == letter).then_some(value));
        sum = sum.wrapping_mul(33).wrapping_add(value.unwrap_or(0)) % 1021;
    }
    [letter_of(sum / 32), letter_of(sum % 32)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_however_it_is_typed_and_a_slip_is_told_from_a_wrong_one() {
        let random = Secret::new(std::array::from_fn(|place| u8::try_from(place * 37 % 256).unwrap()));
        let code = Code::of(&random);
        let shown = code.shown().expose().clone();
        assert_eq!((shown.len(), shown.matches('-').count()), (34, 6));
        let text = |code: &Code| String::from_utf8(code.0.expose().to_vec()).unwrap();
        let canonical = text(&code);
        for typed in [
            shown.clone(),
            shown.to_lowercase(),
            canonical.clone(),
            canonical.replace('0', "o").replace('1', "l"),
            format!(" {} ", shown.replace('-', " ")),
        ] {
            assert_eq!(text(&Code::parse(&typed).unwrap()), canonical, "{typed}");
        }
        for odd in ["", "7K3M", &canonical[1..], &format!("{canonical}0"), &canonical.replace('0', "U"), "é"] {
            assert_eq!(Code::parse(odd).unwrap_err(), Mistyped::Form, "{odd}");
        }
        let letters: Vec<char> = canonical.chars().collect();
        for place in 0..LETTERS {
            for other in ALPHABET.iter().map(|letter| char::from(*letter)).filter(|other| *other != letters[place]) {
                let mut slip = letters.clone();
                slip[place] = other;
                assert_eq!(Code::parse(&slip.iter().collect::<String>()).unwrap_err(), Mistyped::Check);
            }
            if place > 0 && letters[place] != letters[place - 1] {
                let mut swapped = letters.clone();
                swapped.swap(place, place - 1);
                assert_eq!(Code::parse(&swapped.iter().collect::<String>()).unwrap_err(), Mistyped::Check);
            }
        }
    }

    #[test]
    fn every_bit_that_was_drawn_stands_in_the_code() {
        let none = Code::of(&Secret::new([0; RANDOM]));
        for place in 0..RANDOM {
            for bit in 0..5 {
                let mut random = [0; RANDOM];
                random[place] = 1 << bit;
                let code = Code::of(&Secret::new(random));
                let pairs = code.0.expose().iter().zip(none.0.expose()).take(RANDOM);
                assert_eq!(pairs.filter(|(one, other)| one != other).count(), 1);
            }
        }
    }
}
