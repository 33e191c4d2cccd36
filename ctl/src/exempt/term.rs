//! Until when an exemption holds, and how times stand in the file. It reads no clock: what time it is, is handed in.

use jiff::Timestamp;
use pam_2fa_settings::Date;
use pam_2fa_settings::text::printable;

/// An exemption is looked at anew once a year; the rest is for being late (400 days).
pub(crate) const LONGEST_S: i64 = 400 * 86_400;

/// Parses what follows `--until`: a day, which is to be over first (UTC), or RFC 3339. Seconds since 1970 at which it ends.
pub(crate) fn until(text: &str, now_s: i64) -> Result<i64, String> {
    // The last second of the day and not the first of the next: that is what everybody reads in it.
    let end_s = Date::parse(text).map(|day| day.end_s() - 1).or_else(|| seconds(text));
    let end_s = end_s.ok_or_else(|| {
        format!(
            "{} is no such time; write a day (2027-01-31: to its end, UTC) or 2027-01-31T18:00:00Z",
            if text.is_empty() { "nothing".into() } else { printable(text) }
        )
    })?;
    if end_s <= now_s {
        return Err(format!("{} is over; give a time ahead", rfc3339(end_s)));
    }
    if end_s - now_s > LONGEST_S {
        let last = rfc3339(now_s.saturating_add(LONGEST_S));
        return Err(format!("{} is more than 400 days ahead; give {last} at most", rfc3339(end_s)));
    }
    Ok(end_s)
}

/// RFC 3339 with its offset, in whole seconds since 1970; nothing before that.
fn seconds(text: &str) -> Option<i64> {
    // jiff reads more forms than RFC 3339 has; a date alone or a zone's name in brackets is none of it.
    let is_plain = text.len() >= "2027-01-31T18:00:00Z".len() && !text.contains('[');
    let time = is_plain.then(|| text.parse::<Timestamp>().ok()).flatten()?;
    (time.as_second() >= 0).then(|| time.as_second())
}

/// RFC 3339, UTC, whole seconds.
pub(crate) fn rfc3339(seconds: i64) -> String {
    Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

/// The same read back, in exactly that spelling.
pub(crate) fn parse_rfc3339(text: &str) -> Option<i64> {
    seconds(text).filter(|seconds| rfc3339(*seconds) == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-24T08:00:00Z
    const NOW: i64 = 1_795_507_200;

    #[test]
    fn a_day_is_until_its_end_and_a_time_is_to_the_second() {
        for (text, end) in [
            ("2026-11-24", "2026-11-24T23:59:59Z"),
            ("2027-01-31", "2027-01-31T23:59:59Z"),
            ("2026-11-24T08:00:01Z", "2026-11-24T08:00:01Z"),
            ("2026-11-24T10:00:00+01:00", "2026-11-24T09:00:00Z"),
            ("2027-12-29T08:00:00Z", "2027-12-29T08:00:00Z"),
        ] {
            assert_eq!(until(text, NOW).map(rfc3339).as_deref(), Ok(end), "{text}");
        }
    }

    #[test]
    fn what_is_over_too_far_ahead_or_no_time_is_refused() {
        for text in ["2026-11-23", "2026-11-24T08:00:00Z", "1970-01-01T00:00:00Z", "1969-12-31T00:00:00Z"] {
            assert!(until(text, NOW).is_err(), "{text}");
        }
        for text in ["2027-12-29T08:00:01Z", "2027-12-29", "9999-12-31", "9999-12-31T00:00:00Z"] {
            assert!(until(text, NOW).is_err(), "{text}");
        }
        for text in ["", "never", "2027-02-29", "31.01.2027", "2027-01-31T18:00", "2027-01-31T18:00:00", "30d", "\n"] {
            assert!(until(text, NOW).is_err(), "{text}");
        }
        assert!(until("2027-01-31T18:00:00+01:00[Europe/Berlin]", NOW).is_err());
    }

    #[test]
    fn a_time_in_the_file_has_one_spelling() {
        assert_eq!(parse_rfc3339("2026-11-24T08:00:00Z"), Some(NOW));
        for text in ["2026-11-24T09:00:00+01:00", "2026-11-24 08:00:00Z", "2026-11-24T08:00:00.5Z", "2026-11-24", ""] {
            assert_eq!(parse_rfc3339(text), None, "{text}");
        }
    }
}
