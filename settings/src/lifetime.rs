//! Durations as an administrator writes them: a number and one unit. No calendar: a day is 86,400 s, whatever a clock change
//! makes of it.

use std::fmt;
use std::time::Duration;
use thiserror::Error;

/// A duration between 0 and 99,999 days, in whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lifetime(u64);

/// Why a text is not a [`Lifetime`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum LifetimeError {
    /// Not `NUMBER UNIT`.
    #[error("not a duration: write a number, a space and seconds, minutes, hours or days, such as \"10 minutes\"")]
    Form,
    /// More than [`Lifetime::LONGEST`].
    #[error("longer than \"99999 days\"; write less")]
    TooLong,
}

const UNITS: [(&str, &str, u64); 4] =
    [("days", "day", 86_400), ("hours", "hour", 3_600), ("minutes", "minute", 60), ("seconds", "second", 1)];

impl Lifetime {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// 99,999 days.
    pub const LONGEST: Self = Self(99_999 * 86_400);

    /// Parses `"10 minutes"`; the unit may be in the singular.
    ///
    /// # Errors
    /// When it is not a number and one unit, or beyond [`Lifetime::LONGEST`].
    pub fn parse(text: &str) -> Result<Self, LifetimeError> {
        let (number, unit) = text.split_once(' ').ok_or(LifetimeError::Form)?;
        let per_unit = UNITS.iter().find(|(many, one, _)| unit == *many || unit == *one).ok_or(LifetimeError::Form)?.2;
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(LifetimeError::Form);
        }
        // All digits: what does not fit is too long and nothing else.
        let number: u64 = number.parse().map_err(|_| LifetimeError::TooLong)?;
        let seconds = number.checked_mul(per_unit).ok_or(LifetimeError::TooLong)?;
        Self::from_seconds(seconds).ok_or(LifetimeError::TooLong)
    }

    /// So many seconds, where they are not beyond [`Lifetime::LONGEST`].
    #[must_use]
    pub const fn from_seconds(seconds: u64) -> Option<Self> {
        if seconds > Self::LONGEST.0 { None } else { Some(Self(seconds)) }
    }

    /// For constants of this crate, all of which are short.
    pub(crate) const fn of_seconds(seconds: u32) -> Self {
        Self(seconds as u64)
    }

    /// In seconds.
    #[must_use]
    pub const fn seconds(self) -> u64 {
        self.0
    }

    /// As std has it.
    #[must_use]
    pub const fn as_duration(self) -> Duration {
        Duration::from_secs(self.0)
    }
}

impl fmt::Display for Lifetime {
    /// In the longest unit that holds it whole: `10 minutes`, `90 seconds`; [`Lifetime::parse`] reads it back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (many, one, per_unit) in UNITS {
            if self.0 != 0 && self.0.is_multiple_of(per_unit) {
                let number = self.0.checked_div(per_unit).unwrap_or_default();
                return write!(f, "{number} {}", if number == 1 { one } else { many });
            }
        }
        f.write_str("0 seconds")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_duration_is_a_number_and_one_unit() {
        for (text, seconds) in [
            ("0 minutes", 0),
            ("1 minute", 60),
            ("30 seconds", 30),
            ("12 hours", 43_200),
            ("1 day", 86_400),
            ("99999 days", 8_639_913_600),
            ("8639913600 seconds", 8_639_913_600),
        ] {
            assert_eq!(Lifetime::parse(text).map(Lifetime::seconds), Ok(seconds), "{text}");
        }
        for text in
            ["", "10", "10m", "ten minutes", "-1 days", "+1 days", "1.5 hours", "1  day", " 1 day", "1 day ", "1 week"]
        {
            assert_eq!(Lifetime::parse(text), Err(LifetimeError::Form), "{text}");
        }
        for text in ["100000 days", "8639913601 seconds", "99999999999999999999999 days", "18446744073709551615 days"] {
            assert_eq!(Lifetime::parse(text), Err(LifetimeError::TooLong), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(seconds in 0_u64..=8_639_913_600) {
            let lifetime = Lifetime::from_seconds(seconds).unwrap();
            prop_assert_eq!(Lifetime::parse(&lifetime.to_string()), Ok(lifetime));
        }
    }
}
