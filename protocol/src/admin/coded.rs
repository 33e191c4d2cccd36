//! `CodedLogin`: what `pam-2fa confirm` waits for.

use serde::{Deserialize, Serialize};

/// The parameters of [`super::CODED_LOGIN`].
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodedLogin {
    /// The PAM service.
    pub service: String,
}

/// The reply to [`super::CODED_LOGIN`].
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodedLoginReply {
    /// The one that began last; absent where there was none since the daemon was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login: Option<Coded>,
}

/// A login of one of root's programs that was let in by a code that was typed: by email, by text message or of an app.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coded {
    /// The user's name as it was asked for.
    pub user: String,
    /// `email`, `sms` or `app`.
    pub factor: String,
    /// When it began: RFC 3339, UTC.
    pub began: String,
    /// The same in milliseconds of this boot's `CLOCK_BOOTTIME`, which nobody can set.
    pub began_boot_ms: i64,
}
