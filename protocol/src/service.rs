//! `org.varlink.service`: what every socket answers beside its own interface, so that `varlinkctl` can look at it.

use crate::frame::Frame;
use crate::wire::{Continues, IncomingCall, Nothing, WireError, encode_error, encode_reply};
use serde::{Deserialize, Serialize};

/// The interface's name.
pub const INTERFACE: &str = "org.varlink.service";

/// Its description (varlink.org, "Service").
pub const DESCRIPTION: &str = include_str!("../varlink/org.varlink.service.varlink");

/// One socket's own interface.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    /// The interface's name: `io.pam2fa.Login`.
    pub interface: &'static str,
    /// The text of its `.varlink` file.
    pub description: &'static str,
}

#[derive(Serialize)]
struct Info<'a> {
    vendor: &'a str,
    product: &'a str,
    version: &'a str,
    url: &'a str,
    interfaces: [&'a str; 2],
}

#[derive(Deserialize)]
struct Wanted {
    interface: String,
}

#[derive(Serialize)]
struct Description<'a> {
    description: &'a str,
}

#[derive(Serialize)]
struct Method<'a> {
    method: &'a str,
}

#[derive(Serialize)]
struct Interface<'a> {
    interface: &'a str,
}

#[derive(Serialize)]
struct Parameter<'a> {
    parameter: &'a str,
}

impl Service {
    /// The reply to a call that is not one of the socket's own methods: what `org.varlink.service` says, or its error for a
    /// method or interface that is not here.
    ///
    /// # Errors
    /// When the reply cannot be written as JSON.
    pub fn answer(&self, call: &IncomingCall<'_>) -> Result<Frame, WireError> {
        match call.method.as_ref() {
            "org.varlink.service.GetInfo" => encode_reply(
                &Info {
                    vendor: "pam-2fa",
                    product: "pam-2fa",
                    version: env!("CARGO_PKG_VERSION"),
                    url: "https://github.com/pam-2fa/pam-2fa",
                    interfaces: [INTERFACE, self.interface],
                },
                Continues::No,
            ),
            "org.varlink.service.GetInterfaceDescription" => match call.parameters::<Wanted>() {
                Ok(wanted) if wanted.interface == self.interface => {
                    encode_reply(&Description { description: self.description }, Continues::No)
                }
                Ok(wanted) if wanted.interface == INTERFACE => {
                    encode_reply(&Description { description: DESCRIPTION }, Continues::No)
                }
                Ok(wanted) => {
                    encode_error("org.varlink.service.InterfaceNotFound", &Interface { interface: &wanted.interface })
                }
                Err(_) => self.invalid_parameter("interface"),
            },
            method => match method.rsplit_once('.') {
                Some((interface, _)) if interface == self.interface || interface == INTERFACE => {
                    encode_error("org.varlink.service.MethodNotFound", &Method { method })
                }
                Some((interface, _)) => encode_error("org.varlink.service.InterfaceNotFound", &Interface { interface }),
                None => encode_error("org.varlink.service.MethodNotFound", &Method { method }),
            },
        }
    }

    /// The error for parameters that do not fit. `parameter` is the name of one, or `parameters`.
    ///
    /// # Errors
    /// When the reply cannot be written as JSON.
    pub fn invalid_parameter(&self, parameter: &str) -> Result<Frame, WireError> {
        encode_error("org.varlink.service.InvalidParameter", &Parameter { parameter })
    }

    /// The error `name` of this socket's own interface, without parameters.
    ///
    /// # Errors
    /// When the reply cannot be written as JSON.
    pub fn error(&self, name: &str) -> Result<Frame, WireError> {
        encode_error(&format!("{}.{name}", self.interface), &Nothing {})
    }
}
