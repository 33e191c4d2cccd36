//! `UserUnlock`, `UserDisable`, `UserReset`: what ends for a user, or may begin again.

use super::User;
use serde::{Deserialize, Serialize};

/// What is asked for first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preference {
    /// A code by email.
    Email,
    /// A code by text message.
    Sms,
    /// A code of the app.
    App,
    /// No method before the others.
    None,
}

/// The parameters of [`super::USER_UNLOCK`]: all of the user's wrong codes are forgotten, and whom `UserDisable` shut out may log in
/// again. What was sent stays counted.
#[derive(Debug, Serialize, Deserialize)]
pub struct UserUnlock {
    /// The user's name.
    pub name: String,
}

/// The reply to [`super::USER_UNLOCK`].
#[derive(Debug, Serialize, Deserialize)]
pub struct UserUnlockReply {
    /// The record as it is now.
    pub user: User,
    /// How many wrong codes were forgotten.
    #[serde(default)]
    pub forgotten: i64,
    /// The user was shut out until now.
    #[serde(default)]
    pub was_disabled: bool,
}

/// The parameters of [`super::USER_DISABLE`].
#[derive(Debug, Serialize, Deserialize)]
pub struct UserDisable {
    /// The user's name.
    pub name: String,
}

/// The parameters of [`super::USER_RESET`]: addresses, app, recovery codes, one-time codes, devices, known sources and wrong codes go;
/// `verify` and the language stay, and who is shut out stays so.
#[derive(Debug, Serialize, Deserialize)]
pub struct UserReset {
    /// The user's name.
    pub name: String,
}

/// The reply to [`super::USER_RESET`].
#[derive(Debug, Serialize, Deserialize)]
pub struct UserResetReply {
    /// The record as it is now.
    pub user: User,
    /// What went, in words, one each.
    #[serde(default)]
    pub gone: Vec<String>,
}
