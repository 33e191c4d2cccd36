//! `io.pam2fa.Courier`: one rendered message, where to send it, with what credentials. From configd to the courier, which keeps
//! nothing of it and never says "yes" to a login.
//!
//! `varlink/io.pam2fa.Courier.varlink` is the reference; the types here are the same things for Rust.

use crate::secret::Secret;
use crate::service::Service;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The socket's interface.
pub const SERVICE: Service =
    Service { interface: "io.pam2fa.Courier", description: include_str!("../varlink/io.pam2fa.Courier.varlink") };

/// [`Send`] → [`Sent`] each.
pub const SEND: &str = "io.pam2fa.Courier.Send";
/// [`Reach`] → [`Sent`].
pub const REACH: &str = "io.pam2fa.Courier.Reach";
/// `()` → [`crate::sandbox::SandboxReply`].
pub const SANDBOX: &str = "io.pam2fa.Courier.Sandbox";
/// The error of a caller that is not configd.
pub const NOT_PERMITTED: &str = "io.pam2fa.Courier.NotPermitted";

/// How the connection to the mail server is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tls {
    /// TLS from the first byte (RFC 8314 §3.3).
    Implicit,
    /// STARTTLS, and nothing without it (RFC 3207).
    Starttls,
    /// None: to loopback addresses only.
    None,
}

/// An email, whole.
#[derive(Debug, Serialize, Deserialize)]
pub struct Mail {
    /// Host name or address of the submission server.
    pub server: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// A PEM file of certificates that count beside the system's roots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// The name said in EHLO; absent: this host's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helo: Option<String>,
    /// The user of AUTH; absent: no AUTH.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The password of AUTH.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "Secret::on_the_wire_if_any")]
    pub password: Option<Secret>,
    /// `Name <address>` or an address.
    pub from: String,
    /// An address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text; lines end in `\n`. It holds the code.
    #[serde(serialize_with = "Secret::on_the_wire")]
    pub text: Secret,
}

/// A text message, whole.
#[derive(Debug, Serialize, Deserialize)]
pub struct Text {
    /// The id of a file in `providers/`.
    pub provider: String,
    /// The fields that file names, or one of the name [`ALL_IN_ORDER`].
    pub account: BTreeMap<String, AccountField>,
    /// Who it is from, where the provider takes that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<String>,
    /// An HTTP proxy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    /// A PEM file of certificates that count beside the system's roots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<String>,
    /// E.164.
    pub to: String,
    /// The message. It holds the code.
    #[serde(serialize_with = "Secret::on_the_wire")]
    pub text: Secret,
    /// The code alone, for providers that take no free text.
    #[serde(serialize_with = "Secret::on_the_wire")]
    pub code: Secret,
    /// The tag alone.
    pub tag: String,
}

/// The key of an account that is one text, `a;b;c`: its fields in the order of the provider's file.
pub const ALL_IN_ORDER: &str = "";

/// A field of a provider account, a [`Secret`] like any other (`serialize_with` does not reach into a map).
#[derive(Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountField(#[serde(serialize_with = "Secret::on_the_wire")] pub Secret);

/// The parameters of [`SEND`]: exactly one of `mail` and `sms`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Send {
    /// The same for every try of one message; printable ASCII.
    pub id: String,
    /// From 1; a second wording from 2.
    pub attempt: i64,
    /// What is left of the code's life, or 20,000: the courier answers within it.
    pub deadline_ms: i64,
    /// RFC 3339, UTC: when the code is worth nothing any more.
    pub expires_at: String,
    /// An email.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<Mail>,
    /// A text message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms: Option<Text>,
}

/// The parameters of [`REACH`]: a mail server, up to AUTH and no further.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reach {
    /// The courier answers within it.
    pub deadline_ms: i64,
    /// The way; recipient, subject and text are empty.
    pub mail: Mail,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The next hop has said, verifiably, that it took it over.
    Accepted,
    /// It will never take this message.
    Rejected,
    /// It does not take our credentials: no retry, an administrator is needed.
    AuthError,
    /// Too many messages: try again after `retry_after_s`.
    RateLimited,
    /// Try again, or another way. Also everything that was not proven, and classes of releases that we do not know.
    #[serde(other)]
    Temporary,
}

/// Why it was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The number cannot be reached, now or ever.
    BadNumber,
    /// The recipient refuses messages.
    OptedOut,
    /// The mail address is refused.
    BadAddress,
    /// The request itself is wrong.
    Request,
    /// The credentials are wrong.
    Credentials,
    /// No money left.
    Funds,
    /// The sender or the country is not allowed.
    SenderOrCountry,
    /// The settings cannot work.
    Config,
    /// The certificate was not accepted.
    Certificate,
    /// Nobody answers, or not in time.
    Unreachable,
    /// An answer that proves nothing.
    #[serde(other)]
    Unrecognised,
}

/// How a try ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The class.
    pub class: Class,
    /// Why, where it was not accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Seconds to wait before another try, where the other side said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_s: Option<i64>,
    /// The other side's own id of the message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<String>,
    /// The other side's own words, or what we say where there are none; printable, one line, secrets masked.
    pub said: String,
}

/// The parameters of a reply to [`SEND`]: a step (only with `more`), or the outcome, which is last.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sent {
    /// A step of the conversation, as a person reads it: `connected to 192.0.2.1:465`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// The end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}
