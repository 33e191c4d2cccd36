//! What keeps the daemon's own things right: how far its store is, its clock, its key, and the way back from an older copy.

use crate::secret::Secret;
use serde::{Deserialize, Serialize};

/// The reply to [`super::GENERATION`].
#[derive(Debug, Serialize, Deserialize)]
pub struct GenerationReply {
    /// Rises with each change of a user, each enrolment, and each use of what is good once.
    pub generation: i64,
}

/// The parameters of [`super::RESTORE_ACCEPT`]: the store is older than it was, and is taken as it is.
#[derive(Debug, Serialize, Deserialize)]
pub struct RestoreAccept {
    /// Recovery codes stay good. They may have been used since the copy was made.
    #[serde(default)]
    pub keep_recovery: bool,
}

/// The reply to [`super::RESTORE_ACCEPT`]: what ended.
#[derive(Debug, Serialize, Deserialize)]
pub struct RestoreAcceptReply {
    /// The store's generation now.
    pub generation: i64,
    /// Remembered devices that a code is asked from again.
    #[serde(default)]
    pub devices: i64,
    /// Codes under way.
    #[serde(default)]
    pub challenges: i64,
    /// One-time codes of an administrator.
    #[serde(default)]
    pub passes: i64,
    /// Apps whose codes count from now on only.
    #[serde(default)]
    pub apps: i64,
    /// Users whose recovery codes are gone.
    #[serde(default)]
    pub recovery_users: i64,
    /// Why configd is sealed all the same, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub still_sealed: Option<String>,
}

/// The reply to [`super::CLOCK_STATUS`] and [`super::CLOCK_RESET`].
#[derive(Debug, Serialize, Deserialize)]
pub struct ClockReply {
    /// The host's clock, RFC 3339, UTC.
    pub wall: String,
    /// The latest time that was seen before: no decision goes back behind it. RFC 3339, UTC.
    pub mark: String,
    /// Seconds by which the clock stands behind the mark.
    #[serde(default)]
    pub behind_s: i64,
    /// Seconds by which it stands so far ahead that the mark does not follow yet.
    #[serde(default)]
    pub leap_s: i64,
    /// Seconds since the boot, suspend among them.
    #[serde(default)]
    pub boot_s: i64,
    /// Remembered devices that ended with the reset.
    #[serde(default)]
    pub devices: i64,
    /// One-time codes of an administrator that ended with it.
    #[serde(default)]
    pub passes: i64,
}

/// Where the key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyPlace {
    /// A file of the state folder, which configd can replace.
    State,
    /// A file that a systemd credential was opened into, which it cannot.
    Credential,
}

/// The reply to [`super::KEY_STATUS`], [`super::KEY_ROTATE`] and [`super::KEY_FORGET`].
#[derive(Debug, Serialize, Deserialize)]
pub struct KeyReply {
    /// The id of the key in use.
    pub id: String,
    /// Where it is.
    pub place: KeyPlace,
    /// Its file.
    pub path: String,
    /// The id of the key before, by which settings may still be sealed: the rotation is not finished.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
}

/// The parameters of [`super::KEY_RESEAL`].
#[derive(Debug, Serialize, Deserialize)]
pub struct KeyReseal {
    /// The dotted name of the setting.
    pub key: String,
    /// `sealed:v1:…`, by the key in use or the one before.
    pub sealed: String,
}

/// The reply to [`super::KEY_EXPORT`].
#[derive(Debug, Serialize, Deserialize)]
pub struct KeyExportReply {
    /// The id of the key.
    pub id: String,
    /// The key's file, whole. Whoever has it opens everything that is sealed.
    #[serde(serialize_with = "Secret::on_the_wire")]
    pub key: Secret,
}

/// The parameters of [`super::KEY_IMPORT`].
#[derive(Debug, Serialize, Deserialize)]
pub struct KeyImport {
    /// The key's file, whole, as [`super::KEY_EXPORT`] gave it.
    #[serde(serialize_with = "Secret::on_the_wire")]
    pub key: Secret,
}

/// The reply to [`super::KEY_IMPORT`].
#[derive(Debug, Serialize, Deserialize)]
pub struct KeyImportReply {
    /// The id of the key that is in place now.
    pub id: String,
    /// It was in place before, and nothing was changed.
    #[serde(default)]
    pub was_there: bool,
    /// Where what stood in its place was put.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aside: Option<String>,
    /// Why configd is sealed all the same, if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub still_sealed: Option<String>,
}

/// Bytes of a store that one frame carries at most, as base64.
pub const PIECE: usize = 8 * 1024;

/// The parameters of [`super::BACKUP`].
#[derive(Debug, Serialize, Deserialize)]
pub struct Backup {
    /// The key goes with it.
    #[serde(default)]
    pub with_key: bool,
}

/// A reply to [`super::BACKUP`].
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct BackupReply {
    /// What it is: in the first reply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<BackupAbout>,
    /// Base64: more of the store, up to [`PIECE`] bytes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
}

/// What a backup is of.
#[derive(Debug, Serialize, Deserialize)]
pub struct BackupAbout {
    /// The id of the key that the store is sealed by.
    pub key_id: String,
    /// How far the store is.
    pub generation: i64,
    /// How many users it has.
    #[serde(default)]
    pub users: i64,
    /// The key's file, whole, where it was asked for.
    #[serde(default, serialize_with = "Secret::on_the_wire_if_any", skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
}

/// The parameters of [`super::RESTORE_PUT`]: a piece of a store, put beside the one in use.
#[derive(Debug, Serialize, Deserialize)]
pub struct RestorePut {
    /// Where it belongs; 0 begins anew.
    pub at: i64,
    /// Base64: up to [`PIECE`] bytes.
    pub data: String,
}

/// The reply to [`super::RESTORE_PUT`].
#[derive(Debug, Serialize, Deserialize)]
pub struct RestorePutReply {
    /// Where the next piece belongs.
    pub next: i64,
}

/// The parameters of [`super::RESTORE`]: what was put beside the store takes its place.
#[derive(Debug, Serialize, Deserialize)]
pub struct Restore {
    /// How many bytes were put.
    pub length: i64,
    /// Also where a store is that has users in it; it is put aside.
    #[serde(default)]
    pub accept: bool,
    /// Recovery codes stay good, also those that were used since.
    #[serde(default)]
    pub keep_recovery: bool,
    /// The key of the store, where it came with it.
    #[serde(default, serialize_with = "Secret::on_the_wire_if_any", skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
}

/// The reply to [`super::RESTORE`].
#[derive(Debug, Serialize, Deserialize)]
pub struct RestoreReply {
    /// What ended, and why it is sealed all the same, if it is.
    pub ended: RestoreAcceptReply,
    /// Where what stood in the place of store and key was put.
    #[serde(default)]
    pub aside: Vec<String>,
}
