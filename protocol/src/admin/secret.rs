//! `OpenSecret`: an administrator looks at a secret of the settings, and the log has it.

use crate::secret::Secret;
use serde::{Deserialize, Serialize};

/// The parameters of [`super::OPEN_SECRET`].
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenSecret {
    /// The dotted name of the setting.
    pub key: String,
    /// `sealed:v1:…`, as it stands in the settings; none where it stands there in plain text, and only the log is to have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<String>,
    /// Who looks, as the command says it: whoever asks is root, and may have become it.
    pub by: String,
}

/// The reply to [`super::OPEN_SECRET`].
#[derive(Debug, Serialize, Deserialize)]
pub struct OpenSecretReply {
    /// The secret; none where none was given.
    #[serde(default, serialize_with = "Secret::on_the_wire_if_any", skip_serializing_if = "Option::is_none")]
    pub value: Option<Secret>,
}
