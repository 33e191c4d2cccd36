//! A finding: what is known of its kind, where it was seen, and what mends it there.

use super::known::{Known, Severity};
use serde::Serialize;

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
        }
    }

    /// It is about that service.
    pub(super) fn about(mut self, service: &str) -> Self {
        self.service = Some(service.to_owned());
        self.mending("SERVICE", service)
    }

    /// What a word in capitals stands for.
    pub(super) fn mending(mut self, word: &str, is: &str) -> Self {
        self.mend = self.mend.replace(word, is);
        self
    }
}
