//! How a text becomes the octets of a message: in the centre's own alphabet where that has every character, else in UCS-2. No
//! character is ever replaced by another.

use crate::sms::gsm;
use pam_2fa_settings::provider::Alphabet;
use rusmpp_core::values::DataCoding;
use zeroize::Zeroizing;

/// What one segment holds: 160 septets (3GPP TS 23.038 §6.1.2.1) …
const SEPTETS: usize = 160;
/// … or 140 octets (§6.1.2.2, §6.1.2.3).
const OCTETS: usize = 140;

/// A text as octets.
pub struct Coded {
    /// In what alphabet.
    pub data_coding: DataCoding,
    /// The text.
    pub octets: Zeroizing<Vec<u8>>,
    /// Whether it is more than a segment holds.
    pub is_long: bool,
}

/// `text` in `alphabet`, if that has every character of it, else in UCS-2 (as UTF-16, so that an emoji is two units).
#[must_use]
pub fn coded(text: &str, alphabet: Alphabet) -> Coded {
    let own = match alphabet {
        Alphabet::Gsm => in_gsm(text),
        Alphabet::Latin1 => in_latin_1(text),
        Alphabet::Ucs2 => None,
    };
    own.unwrap_or_else(|| {
        let mut octets = Zeroizing::new(Vec::with_capacity(text.len().saturating_mul(2)));
        text.encode_utf16().for_each(|unit| octets.extend(unit.to_be_bytes()));
        Coded { data_coding: DataCoding::Ucs2, is_long: octets.len() > OCTETS, octets }
    })
}

fn in_gsm(text: &str) -> Option<Coded> {
    let octets = gsm::septets(text)?;
    Some(Coded { data_coding: DataCoding::McSpecific, is_long: octets.len() > SEPTETS, octets })
}

/// ISO 8859-1 without its second row of control characters.
fn in_latin_1(text: &str) -> Option<Coded> {
    let octet = |character: char| {
        if ('\u{80}'..='\u{9f}').contains(&character) { None } else { u8::try_from(u32::from(character)).ok() }
    };
    let mut octets = Zeroizing::new(Vec::with_capacity(text.len()));
    for character in text.chars() {
        octets.push(octet(character)?);
    }
    // The centre sends it on in GSM 7-bit where that has every character of it.
    let is_long = gsm::septets(text).map_or(octets.len() > OCTETS, |septets| septets.len() > SEPTETS);
    Some(Coded { data_coding: DataCoding::Latin1, is_long, octets })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str, alphabet: Alphabet) -> (DataCoding, Vec<u8>, bool) {
        let Coded { data_coding, octets, is_long } = coded(text, alphabet);
        (data_coding, octets.to_vec(), is_long)
    }

    #[test]
    fn a_text_is_in_the_centres_alphabet_or_in_ucs_2_and_no_character_is_lost() {
        assert_eq!(of("€1 @", Alphabet::Gsm), (DataCoding::McSpecific, vec![0x1b, 0x65, 0x31, 0x20, 0x00], false));
        assert_eq!(of("á", Alphabet::Gsm), (DataCoding::Ucs2, vec![0x00, 0xe1], false));
        assert_eq!(of("á @", Alphabet::Latin1), (DataCoding::Latin1, vec![0xe1, 0x20, 0x40], false));
        assert_eq!(of("€", Alphabet::Latin1), (DataCoding::Ucs2, vec![0x20, 0xac], false));
        assert_eq!(of("\u{85}", Alphabet::Latin1), (DataCoding::Ucs2, vec![0x00, 0x85], false));
        assert_eq!(of("1", Alphabet::Ucs2), (DataCoding::Ucs2, vec![0x00, 0x31], false));
        assert_eq!(of("👍", Alphabet::Gsm), (DataCoding::Ucs2, vec![0xd8, 0x3d, 0xdc, 0x4d], false));
    }

    #[test]
    fn a_segment_is_160_septets_or_70_units() {
        for (unit, alphabet, most) in [
            ("a", Alphabet::Gsm, 160),
            ("€", Alphabet::Gsm, 80),
            ("Ж", Alphabet::Gsm, 70),
            ("👍", Alphabet::Gsm, 35),
            ("a", Alphabet::Latin1, 160),
            ("{", Alphabet::Latin1, 80),
            ("á", Alphabet::Latin1, 140),
            ("a", Alphabet::Ucs2, 70),
        ] {
            assert!(!coded(&unit.repeat(most), alphabet).is_long, "{unit} {alphabet:?}");
            assert!(coded(&unit.repeat(most + 1), alphabet).is_long, "{unit} {alphabet:?}");
        }
    }
}
