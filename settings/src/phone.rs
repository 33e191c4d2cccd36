//! Telephone numbers as ITU-T E.164 writes them. Strict: what people write otherwise is an administrator's to put right once.

use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// A number such as `+15550100`: a plus sign and 7 to 15 digits, the first not 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct E164(String);

/// Why a text is not an [`E164`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a number: write + and the country code, then digits only, such as +15550100")]
pub struct NumberError;

impl E164 {
    /// Parses a number.
    ///
    /// # Errors
    /// When it is not one: no plus sign, anything but digits, fewer than 7 or more than 15 of them (E.164 §6).
    pub fn parse(text: &str) -> Result<Self, NumberError> {
        let digits = text.strip_prefix('+').ok_or(NumberError)?;
        let is_number = (7..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if is_number { Ok(Self(text.to_owned())) } else { Err(NumberError) }
    }

    /// The whole number, with its plus sign.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The country code's digits (ITU-T list of E.164 assigned country codes: a code of one or two digits never begins one of
    /// three).
    #[must_use]
    pub fn country_code(&self) -> &str {
        let code = |length: usize| self.0.get(1..length.saturating_add(1)).unwrap_or_default();
        match code(2) {
            two if two.starts_with(['1', '7']) => code(1),
            "20" | "27" | "30" | "31" | "32" | "33" | "34" | "36" | "39" | "40" | "41" | "43" | "44" | "45" | "46"
            | "47" | "48" | "49" | "51" | "52" | "53" | "54" | "55" | "56" | "57" | "58" | "60" | "61" | "62"
            | "63" | "64" | "65" | "66" | "81" | "82" | "84" | "86" | "90" | "91" | "92" | "93" | "94" | "95"
            | "98" => code(2),
            _ => code(3),
        }
    }

    /// What it shares with the numbers that differ in their last four digits alone, which are mostly one carrier's.
    #[must_use]
    pub fn range(&self) -> &str {
        self.0.get(..self.0.len().saturating_sub(4)).unwrap_or_default()
    }

    /// `+1•••0100`: enough for its owner to know it, for prompts and logs.
    #[must_use]
    pub fn masked(&self) -> String {
        // 7 digits at least, 3 of them a country code at most: the last four are never the code's.
        let last = self.0.get(self.0.len().saturating_sub(4)..).unwrap_or_default();
        format!("+{}•••{last}", self.country_code())
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for E164 {
    type Err = NumberError;

    fn from_str(text: &str) -> Result<Self, NumberError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_a_plus_sign_and_digits_only() {
        for text in ["+15550100", "+4915112345678", "+123456789012345", "+1555010"] {
            assert_eq!(E164::parse(text).unwrap().as_str(), text);
        }
        for text in [
            "",
            "+",
            "15550100",
            "+05550100",
            "+1 555 0100",
            "+1-5550100",
            "+155501",
            "+1234567890123456",
            "+1555010٣",
            "++15550100",
        ] {
            assert_eq!(E164::parse(text), Err(NumberError), "{text}");
        }
    }

    #[test]
    fn a_masked_number_shows_the_country_and_the_last_four_digits() {
        assert_eq!(E164::parse("+15550100").unwrap().masked(), "+1•••0100");
        assert_eq!(E164::parse("+4915112345678").unwrap().masked(), "+49•••5678");
        assert_eq!(E164::parse("+35361234567").unwrap().masked(), "+353•••4567");
    }
}
