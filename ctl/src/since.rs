//! From when on, as an administrator writes it: so long ago, or a time. What the time is now is the daemon's to know.

use pam_2fa_settings::Lifetime;

/// `--since`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Since {
    /// So long ago: `2h`, `3 days`.
    Ago(Lifetime),
    /// RFC 3339, or a date; the daemon says whether there is such a day.
    At(String),
}

const UNITS: [(char, u64); 5] = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400), ('w', 7 * 86_400)];

impl Since {
    /// Parses what follows `--since`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if is_time(text) {
            return Ok(Self::At(text.to_owned()));
        }
        let wrong = || String::from("write 2h, \"3 days\", 2026-11-24 or 2026-11-24T04:00:00Z");
        ago(text).map(Self::Ago).ok_or_else(wrong)
    }
}

/// `2h`, `90m`, `3 days`; none where it is neither, or longer than 99999 days.
pub(crate) fn ago(text: &str) -> Option<Lifetime> {
    if let Ok(span) = Lifetime::parse(text) {
        return Some(span);
    }
    let last = text.chars().next_back()?;
    let (_, seconds) = UNITS.iter().find(|(unit, _)| *unit == last)?;
    let number = text.strip_suffix(last)?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number.parse::<u64>().ok()?.checked_mul(*seconds).and_then(Lifetime::from_seconds)
}

/// Whether it begins as a date does.
fn is_time(text: &str) -> bool {
    let form = b"dddd-dd-dd";
    let date = text.as_bytes().get(..form.len());
    date.is_some_and(|date| {
        date.iter().zip(form).all(|(byte, form)| if *form == b'd' { byte.is_ascii_digit() } else { byte == form })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_so_long_ago_or_a_date_or_rfc_3339() {
        for (text, seconds) in [
            ("2h", 7_200),
            ("90m", 5_400),
            ("30s", 30),
            ("3d", 259_200),
            ("1w", 604_800),
            ("3 days", 259_200),
            ("0s", 0),
        ] {
            assert_eq!(
                Since::parse(text).map(|since| matches!(since, Since::Ago(ago) if ago.seconds() == seconds)),
                Ok(true),
                "{text}"
            );
        }
        for text in ["2026-11-24", "2026-11-24T04:00:00Z", "2026-11-24T04:00:00+01:00"] {
            assert_eq!(Since::parse(text), Ok(Since::At(String::from(text))));
        }
        for text in ["", "h", "2", "2 h", "-2h", "yesterday", "24.11.2026", "2µ", "99999999999999999999d", "200000d"] {
            assert!(Since::parse(text).is_err(), "{text}");
        }
    }
}
