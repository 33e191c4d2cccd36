//! `UserImport`: many records at once. A call holds as many rows as a frame does; its rows are written together or not at all.

use super::Verify;
use serde::{Deserialize, Serialize};

/// Rows of one call at most, so that a login that waits for the store waits for some hundredths of a second.
pub const MOST_ROWS: usize = 300;

/// A row: absent fields stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRow {
    /// Where it stands in the file; errors name it.
    pub line: u64,
    /// The user's name.
    pub name: String,
    /// When the user is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify: Option<Verify>,
    /// The address for codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The number for codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The language of messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// The parameters of [`super::USER_IMPORT`].
#[derive(Debug, Serialize, Deserialize)]
pub struct UserImport {
    /// At most [`MOST_ROWS`].
    pub rows: Vec<ImportRow>,
    /// The addresses count as verified without a code; the log says so.
    #[serde(default)]
    pub trusted: bool,
    /// Rows of users whom this host does not know are left out, instead of being wrong.
    #[serde(default)]
    pub skip_unknown: bool,
    /// Nothing is written: what would be wrong is said.
    #[serde(default)]
    pub dry_run: bool,
}

/// A row that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrongRow {
    /// Where it stands in the file.
    pub line: u64,
    /// What is wrong, and what to do.
    pub why: String,
}

/// The reply to [`super::USER_IMPORT`].
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserImportReply {
    /// Rows that are wrong; where there is one, nothing of the call was written.
    #[serde(default)]
    pub wrong: Vec<WrongRow>,
    /// Records that were made.
    #[serde(default)]
    pub made: u64,
    /// Records that were changed.
    #[serde(default)]
    pub changed: u64,
    /// Records that were so already.
    #[serde(default)]
    pub same: u64,
    /// Rows that were left out.
    #[serde(default)]
    pub unknown: u64,
    /// One address is one user's (`policy.unique_email`).
    #[serde(default)]
    pub unique_email: bool,
}
