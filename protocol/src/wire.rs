//! Varlink's envelope: calls `{"method", "parameters", "more"?}` and replies `{"parameters", "continues"?, "error"?}`
//! (varlink.org, "Protocol"). Unknown fields are ignored everywhere, so that neighbouring releases understand each other.

use crate::frame::{Frame, MAX_FRAME};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use zeroize::Zeroizing;

/// Whether the caller wants several replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum More {
    /// One reply ends the call.
    No,
    /// Replies with `continues` come before the last.
    Yes,
}

/// Whether further replies to the same call follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Continues {
    /// This is the last reply.
    No,
    /// Another follows.
    Yes,
}

/// Why a frame is not the message that was expected.
#[derive(Debug)]
pub struct WireError(serde_json::Error);

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // serde_json's own text can quote the input, and the input can be a password: category and place only.
        write!(f, "not a message of this interface ({:?}, column {})", self.0.classify(), self.0.column())
    }
}

impl std::error::Error for WireError {}

impl From<serde_json::Error> for WireError {
    fn from(error: serde_json::Error) -> Self {
        Self(error)
    }
}

#[derive(Serialize)]
struct OutgoingCall<'a, P> {
    method: &'a str,
    parameters: &'a P,
    #[serde(skip_serializing_if = "is_false")]
    more: bool,
}

#[derive(Serialize)]
struct OutgoingReply<'a, P> {
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    parameters: &'a P,
    #[serde(skip_serializing_if = "is_false")]
    continues: bool,
}

fn is_false(value: &bool) -> bool {
    !*value
}

/// A call as it arrived; its parameters are not parsed yet.
#[derive(Debug, Deserialize)]
pub struct IncomingCall<'a> {
    /// The qualified name: `io.pam2fa.Login.Begin`.
    #[serde(borrow)]
    pub method: Cow<'a, str>,
    #[serde(borrow, default)]
    parameters: Option<&'a RawValue>,
    /// The caller takes several replies.
    #[serde(default)]
    pub more: bool,
    /// The caller takes no reply at all. Refused everywhere here: an answer is what our calls are for.
    #[serde(default)]
    pub oneway: bool,
}

impl<'a> IncomingCall<'a> {
    /// Parses the parameters; absent ones count as `{}`.
    ///
    /// # Errors
    /// When they do not fit `P`.
    pub fn parameters<P: Deserialize<'a>>(&self) -> Result<P, WireError> {
        // From bytes, as the envelope is: a second kind of reader would put 8 KiB of parser more into the module.
        Ok(serde_json::from_slice(self.parameters.map_or("{}", RawValue::get).as_bytes())?)
    }
}

/// A reply as it arrived; its parameters are not parsed yet.
#[derive(Debug, Deserialize)]
pub struct IncomingReply<'a> {
    #[serde(borrow, default)]
    parameters: Option<&'a RawValue>,
    /// Another reply to the same call follows.
    #[serde(default)]
    pub continues: bool,
    /// The qualified name of an error; `parameters` are then the error's.
    #[serde(borrow, default)]
    pub error: Option<Cow<'a, str>>,
}

impl<'a> IncomingReply<'a> {
    /// Parses the parameters; absent ones count as `{}`.
    ///
    /// # Errors
    /// When they do not fit `P`.
    pub fn parameters<P: Deserialize<'a>>(&self) -> Result<P, WireError> {
        // From bytes, as the envelope is: a second kind of reader would put 8 KiB of parser more into the module.
        Ok(serde_json::from_slice(self.parameters.map_or("{}", RawValue::get).as_bytes())?)
    }
}

/// Parses a frame as a call.
///
/// # Errors
/// When it is not one.
pub fn decode_call(frame: &[u8]) -> Result<IncomingCall<'_>, WireError> {
    Ok(serde_json::from_slice(frame)?)
}

/// Parses a frame as a reply.
///
/// # Errors
/// When it is not one.
pub fn decode_reply(frame: &[u8]) -> Result<IncomingReply<'_>, WireError> {
    Ok(serde_json::from_slice(frame)?)
}

/// A call's frame, without the NUL.
///
/// # Errors
/// When the parameters cannot be written as JSON.
pub fn encode_call<P: Serialize>(method: &str, parameters: &P, more: More) -> Result<Frame, WireError> {
    written(&OutgoingCall { method, parameters, more: more == More::Yes })
}

/// A reply's frame, without the NUL.
///
/// # Errors
/// When the parameters cannot be written as JSON.
pub fn encode_reply<P: Serialize>(parameters: &P, continues: Continues) -> Result<Frame, WireError> {
    let reply = OutgoingReply { error: None, parameters, continues: continues == Continues::Yes };
    written(&reply)
}

/// An error reply's frame, without the NUL. `error` is a qualified name: `io.pam2fa.Login.Sealed`.
///
/// # Errors
/// When the parameters cannot be written as JSON.
pub fn encode_error<P: Serialize>(error: &str, parameters: &P) -> Result<Frame, WireError> {
    written(&OutgoingReply { error: Some(error), parameters, continues: false })
}

/// The JSON of a message. Room for the longest frame is taken at once: a buffer that grows would leave copies of what it held
/// behind, and what it holds may be a code.
fn written(message: &impl Serialize) -> Result<Frame, WireError> {
    let mut frame = Zeroizing::new(Vec::with_capacity(MAX_FRAME));
    serde_json::to_writer(&mut *frame, message)?;
    Ok(frame)
}

/// Parameters of a method or error that has none: `{}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Nothing {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_text_never_quotes_the_input() {
        let frame = br#"{"method":"io.pam2fa.Login.Answer","parameters":{"text":123456}}"#;
        let call = decode_call(frame).unwrap();
        let error = call.parameters::<crate::login::Answer>().unwrap_err();
        assert!(!error.to_string().contains("123456"), "{error}");
        assert!(error.to_string().contains("Data"), "{error}");
    }
}
