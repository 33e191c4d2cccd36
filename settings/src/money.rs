//! An amount of money as an administrator writes it. In which currency is the administrator's to know: amounts are only added up
//! and compared.

use std::fmt;

/// An amount of up to a billion, to the millionth: text messages cost fractions of a cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Money(u64);

const MILLION: u64 = 1_000_000;

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `25`, `12.50` or `0.0075`: up to 9 digits, and up to 6 behind a point.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = |part: &str, most: usize| {
            (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        };
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        if !digits(whole, 9) || !digits(part, 6) {
            return None;
        }
        let micros = format!("{part:0<6}").parse::<u64>().ok()?;
        whole.parse::<u64>().ok()?.checked_mul(MILLION)?.checked_add(micros).map(Self)
    }

    /// So many millionths.
    #[must_use]
    pub const fn of_micros(micros: u64) -> Self {
        Self(micros)
    }

    /// In millionths.
    #[must_use]
    pub const fn micros(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Money {
    /// With two digits behind the point, and more where there are more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:06}", self.0 / MILLION, self.0 % MILLION);
        let spare = text.len().saturating_sub(text.trim_end_matches('0').len()).min(4);
        f.write_str(text.get(..text.len().saturating_sub(spare)).unwrap_or(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_digits_and_a_point() {
        for (text, micros) in [
            ("0", 0),
            ("25", 25_000_000),
            ("12.50", 12_500_000),
            ("0.0075", 7_500),
            ("0.000001", 1),
            ("999999999.999999", 999_999_999_999_999),
        ] {
            assert_eq!(Money::parse(text).map(Money::micros), Some(micros), "{text}");
        }
        for text in ["", ".", "1.", ".5", "12,50", "-1", "+1", "1e3", "1.0000001", "1000000000", "1 ", "٣"] {
            assert_eq!(Money::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn it_is_shown_as_it_would_be_written() {
        for (micros, text) in
            [(0, "0.00"), (12_500_000, "12.50"), (7_500, "0.0075"), (100_000_000, "100.00"), (1, "0.000001")]
        {
            assert_eq!(Money::of_micros(micros).to_string(), text);
        }
    }
}
