//! Whether a text can be sent in the GSM 7-bit default alphabet (3GPP TS 23.038 §6.2.1). One other character, a curly quote or a
//! non-breaking space, makes the whole text UCS-2, and a provider that is not told so sends question marks.

/// The alphabet beside ASCII letters and digits, and its extension table (whose characters count two).
const OTHERS: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà^{}\\[~]|€";

/// Whether each character is in the alphabet.
#[must_use]
pub fn is_gsm(text: &str) -> bool {
    text.chars().all(|character| character.is_ascii_alphanumeric() || OTHERS.contains(character))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_character_outside_the_alphabet_makes_the_text_ucs_2() {
        for text in ["", "123456 is your code @web01 #1", "Größe: £5 [€]", "a\nb"] {
            assert!(is_gsm(text), "{text}");
        }
        for text in ["don’t", "a – b", "a\u{a0}b", "`", "ç", "á", "Код", "👍", "a\tb"] {
            assert!(!is_gsm(text), "{text}");
        }
    }
}
