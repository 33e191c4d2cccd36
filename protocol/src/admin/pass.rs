//! `UserInvite`, `UserGrant`: an administrator's one-time codes, and how they are shown while they are open (without the code).

use crate::secret::Secret;
use serde::{Deserialize, Serialize};

/// What a one-time code of an administrator is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PassKind {
    /// It lets a user without a method enrol the first.
    Invitation,
    /// It stands for a code at one login.
    Grant,
}

/// An open one-time code, as it is shown: never the code itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pass {
    /// Its name in the log.
    pub id: String,
    /// What it is for.
    pub kind: PassKind,
    /// RFC 3339, UTC: when it was made.
    pub made: String,
    /// RFC 3339, UTC: when it is over.
    pub until: String,
    /// A grant: from this address or network alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// A grant: for this PAM service alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Why it was made; empty for an invitation.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// The parameters of [`super::USER_INVITE`].
#[derive(Debug, Serialize, Deserialize)]
pub struct UserInvite {
    /// The user's name; no record is needed.
    pub name: String,
}

/// The parameters of [`super::USER_GRANT`].
#[derive(Debug, Serialize, Deserialize)]
pub struct UserGrant {
    /// The user's name; no record is needed.
    pub name: String,
    /// For how many seconds: 60 to 604,800 (7 days); absent: 7,200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub for_s: Option<i64>,
    /// From this address or network (CIDR) alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// For this PAM service alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// Why: 1 to 200 bytes, printable.
    pub reason: String,
}

/// The reply to [`super::USER_INVITE`] and [`super::USER_GRANT`]. The code is in it and nowhere else.
#[derive(Debug, Serialize, Deserialize)]
pub struct OneTimeCode {
    /// What the user types.
    #[serde(serialize_with = "Secret::on_the_wire")]
    pub code: Secret,
    /// The canonical name.
    pub user: String,
    /// The uid that it is bound to.
    pub uid: u32,
    /// What it opens, from where, until when.
    pub pass: Pass,
    /// What the administrator should know, one line each.
    #[serde(default)]
    pub notes: Vec<String>,
}
