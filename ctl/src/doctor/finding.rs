//! A finding: what is known of its kind, where it was seen, and what mends it there.

use super::known::{Known, Severity};
use serde::Serialize;
use std::ops::Range;

/// What was found at one place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Its name, as the manual has it.
    pub id: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// The service that it is about; none where it is about the host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// A file, a user, a setting.
    #[serde(rename = "where")]
    pub place: String,
    /// Why it matters.
    pub reason: &'static str,
    /// What was seen.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub seen: String,
    /// The command that mends it.
    pub mend: String,
    /// What of the command was found somewhere, and is no word in capitals any more, whatever it looks like.
    #[serde(skip)]
    filled: Vec<Range<usize>>,
}

impl Finding {
    /// One of that kind, there.
    pub(super) fn of(known: &'static Known, place: impl ToString, seen: impl ToString) -> Self {
        Self {
            id: known.id,
            severity: known.severity,
            service: None,
            place: place.to_string(),
            reason: known.reason,
            seen: seen.to_string(),
            mend: known.mend.to_owned(),
            filled: Vec::new(),
        }
    }

    /// It is about that service.
    pub(super) fn about(mut self, service: &str) -> Self {
        self.service = Some(service.to_owned());
        self.mending("SERVICE", service)
    }

    /// What a word in capitals stands for. What was found somewhere is one word to the shell that the command is copied into.
    pub(super) fn mending(mut self, word: &str, is: &str) -> Self {
        let is = if word == CHANNEL { is.to_owned() } else { quoted(is) };
        let places: Vec<usize> = self.mend.match_indices(word).map(|(at, _)| at).collect();
        // From the end on: what comes before keeps its place.
        for at in places.into_iter().rev() {
            let end = at.saturating_add(word.len());
            if self.filled.iter().any(|filled| filled.start < end && at < filled.end) {
                continue;
            }
            self.mend.replace_range(at..end, &is);
            for filled in self.filled.iter_mut().filter(|filled| filled.start >= end) {
                let moved = |place: usize| place.saturating_sub(word.len()).saturating_add(is.len());
                *filled = moved(filled.start)..moved(filled.end);
            }
            self.filled.push(at..at.saturating_add(is.len()));
        }
        self
    }

    /// Another command than the one of its kind; words in capitals stand for what they do there.
    pub(super) fn by(mut self, mend: &str) -> Self {
        (self.mend, self.filled) = (mend.to_owned(), Vec::new());
        self
    }
}

/// Which `test`, in words of ours.
const CHANNEL: &str = "CHANNEL";

/// As sh(1) takes it for one word.
pub(super) fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./@:+,=%-".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::known::DISK_FULL;
    use std::process::Command;

    #[test]
    fn what_was_found_is_one_word_to_the_shell_whatever_it_is() {
        for file in ["/var/lib/pam-2fa", "/a b", "a;id", "$(id)", "`id`", "it's", "\"", "", "*", "~", "a\\"] {
            let finding = Finding::of(&DISK_FULL, file, "").mending("FILE", file);
            let word = finding.mend.strip_prefix("df -h ").unwrap();
            let out = Command::new("sh").args(["-c", &format!("printf '[%s]' {word}")]).output().unwrap();
            assert_eq!(String::from_utf8(out.stdout).unwrap(), format!("[{file}]"));
        }
    }

    #[test]
    fn what_was_found_is_no_word_in_capitals_again() {
        let known = &crate::doctor::known::STATE_MODE;
        let finding = Finding::of(known, "", "")
            .mending("OWNER", "FILE;id MODE")
            .mending("MODE", "0600")
            .mending("FILE", "/x; id; OWNER")
            .mending("FILE", "/y");
        assert_eq!(finding.mend, "chown 'FILE;id MODE' '/x; id; OWNER' && chmod 0600 '/x; id; OWNER'");
        let by = finding.by("cat FILE").mending("FILE", "/z");
        assert_eq!(by.mend, "cat /z");
    }
}
