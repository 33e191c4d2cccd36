//! `BreakGlassChanged`: what `pam-2fa break-glass` tells, for the log. The codes themselves are in a file that configd does not read.

use serde::{Deserialize, Serialize};

/// What became of break-glass codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakGlassChange {
    /// They were made.
    Made,
    /// They were taken back.
    Revoked,
    /// One of them let somebody in while no code could be checked.
    Used,
}

impl BreakGlassChange {
    /// Its word in the log.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Made => "break-glass-made",
            Self::Revoked => "break-glass-revoked",
            Self::Used => "break-glass-used",
        }
    }
}

/// The parameters of [`super::BREAK_GLASS_CHANGED`].
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakGlassChanged {
    /// What became of them.
    pub change: BreakGlassChange,
    /// Their names in the list.
    pub ids: Vec<String>,
    /// Whom they let in.
    pub user: String,
    /// The uid.
    pub uid: u32,
    /// Until when they are good: RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Why they were made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Used then, or before: RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// Who gave the order; absent where one was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}
