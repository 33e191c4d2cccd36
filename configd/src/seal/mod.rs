//! Being built.
use crate::login::challenge::CodeMac;
use crate::random::Random;
use crate::store::ChallengeId;
use crate::store::sqlite::SqliteStore;
use pam_2fa_protocol::Secret;
use std::path::Path;

/// Stub.
#[derive(Debug)]
pub struct Keys;
/// Stub.
#[derive(Debug, thiserror::Error)]
#[error("stub")]
pub struct SealError;
impl Keys {
    /// Stub.
    pub fn id(&self) -> &str {
        ""
    }
    /// Stub.
    pub fn seal(&self, _: &dyn Random, _: &str, _: &[u8]) -> Result<String, SealError> {
        Err(SealError)
    }
    /// Stub.
    pub fn open(&self, _: &str, _: &str) -> Result<Secret, SealError> {
        Err(SealError)
    }
}
impl CodeMac for Keys {
    fn code_mac(&self, _: &ChallengeId, _: &str) -> [u8; 32] {
        [0; 32]
    }
}
/// Stub.
pub struct Vault {
    /// Stub.
    pub store: SqliteStore,
    /// Stub.
    pub keys: Keys,
}
/// Stub.
pub fn open_vault(_: &Path, _: &Path, _: &dyn Random) -> Result<Vault, SealError> {
    Err(SealError)
}
