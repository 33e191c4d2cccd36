//! The GSM 7-bit default alphabet (3GPP TS 23.038 §6.2.1): whether a text can be sent in it, and how. One other character, a curly
//! quote or a non-breaking space, makes the whole text UCS-2, and a provider that is not told so sends question marks.

use zeroize::Zeroizing;

/// The alphabet in the order of its septets. ESC leads to the extension table and is no character of a text.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\u{1b}ÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§\
                     ¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// The septet before one of the extension table.
const ESC: u8 = 0x1b;
/// The extension table (§6.2.1.1), whose characters count two.
const EXTENSION: [(char, u8); 9] = [
    ('^', 0x14),
    ('{', 0x28),
    ('}', 0x29),
    ('\\', 0x2f),
    ('[', 0x3c),
    ('~', 0x3d),
    (']', 0x3e),
    ('|', 0x40),
    ('€', 0x65),
];

/// A character's septet, and whether it is one of the extension table.
fn septet(character: char) -> Option<(u8, bool)> {
    let extended = EXTENSION.iter().find(|(known, _)| *known == character).map(|(_, septet)| (*septet, true));
    let basic = || BASIC.chars().position(|known| known == character).filter(|at| *at != usize::from(ESC));
    extended.or_else(|| Some((u8::try_from(basic()?).ok()?, false)))
}

/// Whether each character is in the alphabet.
#[must_use]
pub fn is_gsm(text: &str) -> bool {
    text.chars().all(|character| septet(character).is_some())
}

/// The text, one septet an octet, not packed; none where a character is not in the alphabet.
#[must_use]
pub fn septets(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    // Never more than two a character: what would be moved would be left behind.
    let mut octets = Zeroizing::new(Vec::with_capacity(text.len().saturating_mul(2)));
    for character in text.chars() {
        let (septet, is_extended) = septet(character)?;
        if is_extended {
            octets.push(ESC);
        }
        octets.push(septet);
    }
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_outside_the_alphabet_makes_the_text_ucs_2() {
        for text in ["", "123456 is your code @web01 #1", "Größe: £5 [€]", "a\nb"] {
            assert!(is_gsm(text), "{text}");
        }
        for text in ["don’t", "a – b", "a\u{a0}b", "`", "ç", "á", "Код", "👍", "a\tb", "\u{1b}"] {
            assert!(!is_gsm(text) && septets(text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_text_is_the_septets_of_the_standards_table() {
        let of = |text: &str| septets(text).unwrap().to_vec();
        assert_eq!(BASIC.chars().count(), 128);
        assert_eq!(of("@\u{a3}\n\rΔ_ΞÆ"), [0x00, 0x01, 0x0a, 0x0d, 0x10, 0x11, 0x1a, 0x1c]);
        assert_eq!(of(" 09?¡AZÄ§¿azà"), [0x20, 0x30, 0x39, 0x3f, 0x40, 0x41, 0x5a, 0x5b, 0x5f, 0x60, 0x61, 0x7a, 0x7f]);
        assert_eq!(of("[€]"), [0x1b, 0x3c, 0x1b, 0x65, 0x1b, 0x3e]);
    }
}
