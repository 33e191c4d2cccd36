//! `ExemptionChanged`: what `pam-2fa exempt` tells, for the journal.

use serde::{Deserialize, Serialize};

/// What became of an exemption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExemptionChange {
    /// It was made.
    Added,
    /// It was taken back.
    Removed,
    /// Its time was over.
    Expired,
}

/// The parameters of [`super::EXEMPTION_CHANGED`]. What is absent could not be read: somebody had edited the exemption.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExemptionChanged {
    /// What became of it.
    pub change: ExemptionChange,
    /// Its name in the list.
    pub id: String,
    /// Whom sshd lets in by key alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// From where: CIDR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Until when: RFC 3339, UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who ran the command.
    pub by: String,
}
