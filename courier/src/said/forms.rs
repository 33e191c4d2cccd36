//! The forms in which others repeat a secret: as it is, as JSON, a form, a query and a header write it, a code as people and
//! message centres write it. More is struck out rather than less, but nothing so short that it strikes out half a line.

use data_encoding::{BASE64, HEXLOWER, HEXUPPER};
use zeroize::Zeroizing;

/// A secret in one of its forms.
pub(super) type Form = Zeroizing<String>;

/// Digits in a row from here on are taken for a code.
pub(super) const CODE_DIGITS: usize = 4;
/// The shortest in characters of what is derived from a secret, and of what may be one.
pub(super) const SHORTEST: usize = 4;
/// The shortest code that people write in two parts; what is shorter may be a year and a month.
const PARTED: usize = 6;

/// A value of an account.
pub(super) fn of_value(value: &str) -> impl Iterator<Item = Form> {
    let encoded = percent_encoded(value);
    let plain = [own(value), base64(value), own(&encoded.replace("%20", "+")), encoded];
    let with_colon = [format!("{value}:"), format!(":{value}")].map(Zeroizing::new).map(|both| base64(&both));
    plain.into_iter().chain(long(with_colon.into_iter().chain(as_json(value))))
}

/// The text of a message: whole, and every row of digits in it, of which the code is one.
pub(super) fn of_message(text: &str) -> impl Iterator<Item = Form> {
    let rows = text.split(|c: char| !c.is_ascii_digit()).filter(|row| row.len() >= CODE_DIGITS);
    std::iter::once(own(text)).chain(long(as_json(text).into_iter())).chain(rows.flat_map(of_code))
}

/// A code: as it is, in two parts, and as UCS-2 in hexadecimal digits.
pub(super) fn of_code(code: &str) -> impl Iterator<Item = Form> + use<> {
    let length = code.chars().count();
    let halves = [length / 2, length.div_ceil(2)].into_iter().filter(|_| length >= PARTED);
    let at = halves.filter_map(|half| code.char_indices().nth(half)).map(|(at, _)| code.split_at(at));
    let mut forms: Vec<Form> =
        at.flat_map(|(first, second)| [' ', '-'].map(|c| Zeroizing::new(format!("{first}{c}{second}")))).collect();
    let ucs2 = Zeroizing::new(code.encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>());
    forms.extend([HEXLOWER.encode(&ucs2), HEXUPPER.encode(&ucs2)].map(Zeroizing::new));
    std::iter::once(own(code)).chain(long(forms.into_iter()))
}

/// As JSON writes it: as little escaped as can be, all but ASCII escaped, and both as PHP does, with a backslash before each slash.
pub(super) fn as_json(text: &str) -> Vec<Form> {
    let quoted = Zeroizing::new(serde_json::to_string(text).unwrap_or_default());
    let little = quoted.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or_default();
    let mut ascii = Zeroizing::new(String::with_capacity(little.len().saturating_mul(6)));
    for c in little.chars() {
        if c.is_ascii() {
            ascii.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| ascii.push_str(&format!("\\u{unit:04x}")));
        }
    }
    let with_slashes = [own(&little.replace('/', "\\/")), own(&ascii.replace('/', "\\/"))];
    [own(little), ascii].into_iter().chain(with_slashes).filter(|form| form.as_str() != text).collect()
}

pub(super) fn base64(text: &str) -> Form {
    Zeroizing::new(BASE64.encode(text.as_bytes()))
}

fn own(text: &str) -> Form {
    Zeroizing::new(text.to_owned())
}

fn long(forms: impl Iterator<Item = Form>) -> impl Iterator<Item = Form> {
    forms.filter(|form| form.chars().count() >= SHORTEST)
}

/// RFC 3986 §2.1, for recognising what a form or a query has sent.
fn percent_encoded(text: &str) -> Form {
    let mut encoded = Zeroizing::new(String::with_capacity(text.len().saturating_mul(3)));
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
