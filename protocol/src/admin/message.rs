//! Messages that are sent while an administrator looks: to verify an address, and to see whether they leave at all.

use super::Channel;
use crate::courier::Outcome;
use crate::secret::Secret;
use serde::{Deserialize, Serialize};

/// The parameters of [`super::USER_VERIFY_BEGIN`].
#[derive(Debug, Serialize, Deserialize)]
pub struct UserVerifyBegin {
    /// The user's name.
    pub name: String,
    /// Which address.
    pub channel: Channel,
}

/// The replies to [`super::USER_VERIFY_BEGIN`]: steps (only with `more`), then the outcome with the tag.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct VerifySent {
    /// A step of the conversation, as a person reads it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
    /// The tag that stands in the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

/// The parameters of [`super::USER_VERIFY_FINISH`].
#[derive(Debug, Serialize, Deserialize)]
pub struct UserVerifyFinish {
    /// The user's name.
    pub name: String,
    /// Which address.
    pub channel: Channel,
    /// The code that its owner read there.
    #[serde(serialize_with = "Secret::on_the_wire")]
    pub code: Secret,
}

/// The parameters of [`super::TEST_SMS`].
#[derive(Debug, Serialize, Deserialize)]
pub struct TestSms {
    /// A number, E.164.
    pub to: String,
    /// The one provider to ask: `sms`, or the name of a backup; absent: all in their order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// As in [`TestEmail`].
    #[serde(default, serialize_with = "Secret::on_the_wire_if_any", skip_serializing_if = "Option::is_none")]
    pub settings: Option<Secret>,
    /// As in [`TestEmail`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<String>,
}

/// The parameters of [`super::TEST_EMAIL`].
#[derive(Debug, Serialize, Deserialize)]
pub struct TestEmail {
    /// An address.
    pub to: String,
    /// Settings to send by in the place of those in force, as a text of `config.toml` has them (`pam_2fa_settings::sending`); secrets sealed.
    #[serde(default, serialize_with = "Secret::on_the_wire_if_any", skip_serializing_if = "Option::is_none")]
    pub settings: Option<Secret>,
    /// Who asks, as the command says it: for the log, where a kept secret goes to another server than it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_by: Option<String>,
}

/// The parameters of [`super::TESTED`].
#[derive(Debug, Serialize, Deserialize)]
pub struct Tested {
    /// As in [`TestEmail`].
    #[serde(serialize_with = "Secret::on_the_wire")]
    pub settings: Secret,
}

/// The reply to [`super::TESTED`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestedReply {
    /// The last test by email that the first server has accepted went by these very settings.
    pub email: bool,
    /// The last one by text message.
    pub sms: bool,
    /// `[email]` is another than in force.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub email_new: bool,
    /// `[sms]` is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sms_new: bool,
    /// Somebody must give a code whom nobody asks now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks_more: bool,
}

/// The parameters of [`super::MANDATORY_UNTESTED`].
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MandatoryUntested {
    /// Who saves it so, as the command says it.
    pub by: String,
}

/// How far the courier comes with one mail server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// `email`, `email.backup.NAME`.
    pub name: String,
    /// `smtp.example.com:465`.
    pub server: String,
    /// `accepted`: TLS stands, and the server takes our credentials.
    pub outcome: Outcome,
}

/// The reply to [`super::EMAIL_REACH`].
#[derive(Debug, Serialize, Deserialize)]
pub struct EmailReachReply {
    /// In their order.
    #[serde(default)]
    pub servers: Vec<Reached>,
}
