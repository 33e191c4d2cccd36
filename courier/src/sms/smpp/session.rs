//! A session with a message centre: a bind, one message, an unbind, each asked and answered before the next. The centre is a
//! stranger: only the answer to what was asked last, by its name and its sequence number, counts; what it asks in between is
//! answered, so that it goes on, and an inbound message is given back to it.
//!
//! What ends it before the message was begun to be written is certainly not sent; what ends it after that may have been taken.

use super::connect::Connection;
use super::message::{Login, Message};
use super::pdu::{self, Received};
use super::status::{self, Asked};
use crate::email::deadline::Deadline;
use crate::sms::failure::Failure;
use pam_2fa_settings::provider::StatusRule;
use rusmpp_core::CommandId;
use rusmpp_core::pdus::borrowed::{DataSmResp, DeliverSmResp, Pdu};
use std::fmt;
use std::io;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::time::{timeout, timeout_at};

/// So much else may a centre say while it is asked something; one that wants more is not waited for.
const ASIDES: usize = 64;
/// The longest that an unbind may take; nobody waits for it.
const UNBIND: Duration = Duration::from_secs(1);

/// What a centre answered.
#[derive(Debug)]
pub struct Answer {
    what: String,
    /// `command_status`.
    pub status: u32,
    /// `message_id`, where the message has got one.
    pub id: Option<String>,
    /// What it says beside it.
    words: Option<String>,
}

impl From<Received> for Answer {
    fn from(received: Received) -> Self {
        let is_yes = received.id == CommandId::SubmitSmResp && received.status == status::OK;
        Self {
            what: pdu::name(received.id),
            status: received.status,
            id: if is_yes { received.message_id() } else { None },
            words: if received.id == CommandId::SubmitSmResp { received.words() } else { None },
        }
    }
}

impl fmt::Display for Answer {
    /// `submit_sm_resp: 0x0000000b ESME_RINVDSTADR (invalid destination address)`, still to be cleaned.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, status::words(self.status))?;
        if let Some(id) = &self.id {
            write!(f, ", message_id {id}")?;
        }
        if let Some(words) = &self.words {
            write!(f, ": {words}")?;
        }
        Ok(())
    }
}

/// A session that stands.
pub struct Session {
    stream: Connection,
    host: String,
    deadline: Deadline,
    /// The sequence number of what was asked last; they begin at 1 (SMPP 3.4 §3.2).
    sequence: u32,
}

impl Session {
    /// Binds as a transmitter: no inbound message is ours.
    ///
    /// # Errors
    /// [`Failure`]: we were not let in, and nothing was handed over.
    pub async fn bind(
        stream: Connection,
        host: String,
        login: &Login,
        rules: &[StatusRule],
        deadline: Deadline,
    ) -> Result<(Self, Answer), Failure> {
        let mut session = Self { stream, host, deadline, sequence: 0 };
        let bound = match login.pdu() {
            Ok(pdu) => session.ask(pdu, CommandId::BindTransmitterResp).await,
            Err(why) => return Err(why),
        };
        let received = bound.map_err(|why| Failure::NotSent { host: session.host.clone(), why })?;
        let is_yes = received.id == CommandId::BindTransmitterResp && received.status == status::OK;
        let answer = Answer::from(received);
        if is_yes {
            return Ok((session, answer));
        }
        Err(Failure::Centre { verdict: status::verdict(Asked::Bind, answer.status, rules), answer })
    }

    /// Hands the message over. Accepted is one that has got an id.
    ///
    /// # Errors
    /// [`Failure`]: the centre did not, provably, take it.
    pub async fn submit(&mut self, message: &Message, rules: &[StatusRule]) -> Result<Answer, Failure> {
        let asked = self.ask(message.pdu()?, CommandId::SubmitSmResp).await;
        let answer = Answer::from(asked.map_err(|why| Failure::Lost { host: self.host.clone(), why })?);
        if answer.id.is_some() {
            return Ok(answer);
        }
        // A yes without an id is none, and no file's rule speaks of status 0.
        Err(Failure::Centre { verdict: status::verdict(Asked::Submit, answer.status, rules), answer })
    }

    /// Unbinds and closes, beside everything else: what became of the message is known.
    pub fn leave(mut self) {
        self.deadline = Deadline::after(UNBIND);
        tokio::spawn(timeout(UNBIND, async move {
            // Its answer changes nothing.
            let _ = self.ask(Pdu::<'_, 0>::Unbind, CommandId::UnbindResp).await;
            let _ = self.stream.shutdown().await;
        }));
    }

    /// Asks, and hears the answer: the one with that id, or generic_nack.
    async fn ask<const N: usize>(&mut self, pdu: Pdu<'_, N>, answer: CommandId) -> Result<Received, String> {
        self.sequence = self.sequence.saturating_add(1);
        let asked = pdu::octets(status::OK, self.sequence, pdu);
        let until = self.deadline.at();
        let conversation = async {
            self.say(&asked).await.map_err(broken)?;
            self.hear(answer).await
        };
        timeout_at(until, conversation).await.unwrap_or_else(|_| Err(String::from("no answer in time")))
    }

    async fn say(&mut self, octets: &[u8]) -> io::Result<()> {
        self.stream.write_all(octets).await?;
        self.stream.flush().await
    }

    async fn hear(&mut self, answer: CommandId) -> Result<Received, String> {
        for _ in 0..ASIDES {
            let received = pdu::read(&mut self.stream).await.map_err(broken)?;
            let Received { id, sequence, .. } = received;
            // generic_nack has the number of what was not understood, or none where that could not be read (§4.3). With another it is
            // about an answer of ours.
            let is_nack = id == CommandId::GenericNack;
            let is_ours = sequence == self.sequence && id == answer;
            if is_ours || is_nack && (sequence == self.sequence || sequence == 0) {
                return Ok(received);
            }
            if received.is_response() && !is_nack {
                let (name, asked) = (pdu::name(id), self.sequence);
                return Err(format!(
                    "{name} with sequence number {sequence} is no answer to what was asked with {asked}"
                ));
            }
            if id == CommandId::Unbind {
                // What becomes of that changes nothing.
                let _ = self.answer(status::OK, sequence, Pdu::UnbindResp).await;
                return Err(String::from("the centre ended the session"));
            }
            if !is_nack {
                self.answer_aside(id, sequence).await?;
            }
        }
        Err(format!("the centre said {ASIDES} other things and no answer"))
    }

    /// Answers what the centre asks of its own accord.
    async fn answer_aside(&mut self, id: CommandId, sequence: u32) -> Result<(), String> {
        // These two have no answer (§4.1.7, §4.12.1).
        if id == CommandId::AlertNotification || id == CommandId::Outbind {
            return Ok(());
        }
        let (status, pdu) = if id == CommandId::EnquireLink {
            (status::OK, Pdu::EnquireLinkResp)
        } else if id == CommandId::DeliverSm {
            // Whoever is bound as a receiver has it; to take it would be to lose it.
            (status::RECEIVER_LATER, Pdu::DeliverSmResp(DeliverSmResp::default()))
        } else if id == CommandId::DataSm {
            (status::RECEIVER_LATER, Pdu::DataSmResp(DataSmResp::default()))
        } else {
            (status::INVALID_COMMAND, Pdu::GenericNack)
        };
        self.answer(status, sequence, pdu).await
    }

    async fn answer(&mut self, status: u32, sequence: u32, pdu: Pdu<'_, 0>) -> Result<(), String> {
        self.say(&pdu::octets(status, sequence, pdu)).await.map_err(broken)
    }
}

fn broken(error: io::Error) -> String {
    if error.kind() == io::ErrorKind::UnexpectedEof {
        return String::from("the connection was closed");
    }
    error.to_string()
}
