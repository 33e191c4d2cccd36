//! What stands in the frames of a login, and in those of a user's own change, which is led by the same machine.

use crate::login::{Event, Failure};
use crate::wire_io::ConnectionError;
use pam_2fa_protocol::frame::Frame;
use pam_2fa_protocol::login::{
    ANSWER, Answer, BEGIN, Begin, SERVICE, Step, StepReply, VERSION, VERSION_NOT_SUPPORTED, VersionRange,
};
use pam_2fa_protocol::own;
use pam_2fa_protocol::wire::{Continues, decode_call, encode_error, encode_reply};

/// What a frame is.
pub(super) enum Incoming {
    Event(Event),
    /// Answered without the machine.
    Reply(Frame),
    /// The connection ends.
    Nonsense,
}

/// Whose words a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) enum Wire {
    /// `io.pam2fa.Login`.
    Login,
    /// `io.pam2fa.Self`, after its `Change`.
    Own,
}

impl Wire {
    /// What a frame of the other side is.
    pub(super) fn incoming(self, frame: &[u8]) -> Result<Incoming, ConnectionError> {
        let call = decode_call(frame)?;
        if call.oneway || call.more {
            return Ok(Incoming::Nonsense);
        }
        let answer = || match call.parameters::<Answer>() {
            Ok(answer) => Incoming::Event(Event::Answer(answer.text)),
            Err(_) => Incoming::Nonsense,
        };
        Ok(match (self, call.method.as_ref()) {
            (Self::Login, BEGIN) => match call.parameters::<Begin>() {
                Ok(begin) => Incoming::Event(Event::Begin(Box::new(begin))),
                Err(_) => Incoming::Reply(SERVICE.invalid_parameter("parameters")?),
            },
            (Self::Login, ANSWER) | (Self::Own, own::ANSWER) => answer(),
            (Self::Login, _) => Incoming::Reply(SERVICE.answer(&call)?),
            (Self::Own, _) => Incoming::Nonsense,
        })
    }

    pub(super) fn step(self, step: Step) -> Result<Frame, ConnectionError> {
        Ok(match self {
            Self::Login => encode_reply(&StepReply { step }, Continues::No)?,
            Self::Own => {
                let done = step.ask.is_none().then_some(false);
                let step = own::Step { tell: step.tell, ask: step.ask, done };
                encode_reply(&own::StepReply { step }, Continues::No)?
            }
        })
    }

    /// A change that was made; to a login nothing is said like that.
    pub(super) fn done(self, text: String) -> Result<Frame, ConnectionError> {
        Ok(match self {
            Self::Login => SERVICE.error("NotPermitted")?,
            Self::Own => {
                let step = own::Step { tell: vec![text], ask: None, done: Some(true) };
                encode_reply(&own::StepReply { step }, Continues::No)?
            }
        })
    }

    pub(super) fn failure(self, failure: Failure) -> Result<Frame, ConnectionError> {
        Ok(match (self, failure) {
            (Self::Login, Failure::NotPermitted) => SERVICE.error("NotPermitted")?,
            (Self::Login, Failure::VersionNotSupported) => {
                encode_error(VERSION_NOT_SUPPORTED, &VersionRange { min: VERSION, max: VERSION })?
            }
            (Self::Own, Failure::NotPermitted | Failure::VersionNotSupported) => own::SERVICE.error("NotPermitted")?,
        })
    }
}
