//! How many lines of the log a user's own processes may write: anybody may connect and be denied, as often as he likes, and a
//! log that he fills (or a journal that drops lines because he wrote too many) is no record of the others any more.
//!
//! Never asked about root's callers: each of their decisions has its line.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Lines of one uid in a minute.
const LINES: u32 = 10;

/// A minute of `CLOCK_BOOTTIME`.
const MINUTE_MS: u64 = 60_000;

/// Uids that are counted at once; what further ones do in the same minute is left out.
const UIDS: usize = 256;

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Line {
    /// It is written.
    Write,
    /// It is written, and says that this uid's further ones of this minute are not.
    WriteLast,
    /// It is left out.
    LeaveOut,
}

/// The lines of this minute.
#[derive(Debug, Default)]
pub struct Repeats {
    minute: Mutex<Minute>,
}

#[derive(Debug, Default)]
struct Minute {
    number: u64,
    lines: HashMap<u32, u32>,
}

impl Repeats {
    /// Counts a line of `uid` at this time of `CLOCK_BOOTTIME`.
    pub fn line(&self, uid: u32, boot_ms: u64) -> Line {
        let mut minute = self.minute.lock().unwrap_or_else(PoisonError::into_inner);
        let number = boot_ms / MINUTE_MS;
        if minute.number != number {
            *minute = Minute { number, lines: HashMap::new() };
        }
        if minute.lines.len() >= UIDS && !minute.lines.contains_key(&uid) {
            return Line::LeaveOut;
        }
        let count = minute.lines.entry(uid).or_insert(0);
        *count = count.saturating_add(1);
        match *count {
            ..LINES => Line::Write,
            LINES => Line::WriteLast,
            _ => Line::LeaveOut,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_who_is_denied_a_thousand_times_a_minute_writes_ten_lines() {
        let repeats = Repeats::default();
        let said: Vec<Line> = (0..1000).map(|_| repeats.line(1000, 59_999)).collect();
        assert_eq!(said.iter().filter(|line| **line != Line::LeaveOut).count(), 10);
        assert_eq!(said.iter().position(|line| *line == Line::WriteLast), Some(9));
        // Others have their own, and so has the next minute.
        assert_eq!(repeats.line(1001, 59_999), Line::Write);
        assert_eq!(repeats.line(1000, 60_000), Line::Write);
    }

    #[test]
    fn many_users_at_once_take_no_more_memory_than_a_few() {
        let repeats = Repeats::default();
        for uid in 0..100_000 {
            let _said = repeats.line(uid, 0);
        }
        assert_eq!(repeats.minute.lock().unwrap().lines.len(), UIDS);
    }
}
