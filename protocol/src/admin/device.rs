//! `DeviceList`, `DeviceRevoke`: remembered devices.

use serde::{Deserialize, Serialize};

/// A remembered device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// What it is revoked by; another one each time it is remembered anew.
    pub id: String,
    /// Whose.
    pub user: String,
    /// The uid that the record is bound to.
    pub uid: u32,
    /// `ssh`, `desktop`, `web`, `elevate`.
    pub class: String,
    /// What it is known by, as a person reads it: `key SHA256:… from 192.0.2.7/32`, `console seat0`.
    pub name: String,
    /// RFC 3339, UTC: when a code was first given from it.
    pub first_used: String,
    /// RFC 3339, UTC.
    pub last_used: String,
    /// From where it was used last: `local`, or an address.
    pub last_from: String,
    /// RFC 3339, UTC: when it ends by itself.
    pub until: String,
    /// Why it is good for nothing any more, in words; absent while it is. A changed password is seen at the next login only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
}

/// The parameters of [`super::DEVICE_LIST`].
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceList {
    /// Of this user; absent: of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// A reply with a device; none only where a list is empty.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceReply {
    /// The device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<Device>,
}

/// The parameters of [`super::DEVICE_REVOKE`]: either of them. All of `ids` are revoked or, where one is not there, none.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRevoke {
    /// These.
    #[serde(default)]
    pub ids: Vec<String>,
    /// All of this user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

/// The reply to [`super::DEVICE_REVOKE`].
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceRevokeReply {
    /// What was revoked; with `more` the one of this reply.
    pub devices: Vec<Device>,
}
