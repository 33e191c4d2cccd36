//! What is handed over: from the `[smpp]` section of a provider's file and the values of a message to the fields of a bind and of a
//! submit. What does not fit its field is a failure that names the setting, before anybody is connected to.

use super::address::{Address, international, source};
use super::coding::{Coded, coded};
use crate::sms::failure::Failure;
use crate::sms::values::Values;
use pam_2fa_settings::provider::{Part, Smpp, Source, Template};
use rusmpp_core::pdus::borrowed::{BindTransmitter, Pdu, SubmitSm};
use rusmpp_core::tlvs::borrowed::MessageSubmissionRequestTlvValue;
use rusmpp_core::types::borrowed::{AnyOctetString, COctetString, EmptyOrFullCOctetString, OctetString};
use rusmpp_core::values::borrowed::MessagePayload;
use rusmpp_core::values::{EsmClass, InterfaceVersion, Npi, Ton};
use std::time::Duration;
use zeroize::Zeroizing;

/// A text with the NUL that ends it, wiped with its owner.
type Ended = Zeroizing<Vec<u8>>;

/// Where a centre is.
#[derive(Debug, PartialEq, Eq)]
pub struct Place {
    /// A name, or an address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Whether it is spoken to by TLS.
    pub is_tls: bool,
}

/// Who we are.
pub struct Login {
    system_id: Ended,
    password: Ended,
    system_type: Ended,
}

/// A message.
pub struct Message {
    from: (Ton, Npi, Ended),
    to: (Ton, Npi, Ended),
    validity: Ended,
    text: Coded,
}

/// Where the centre is, by the file.
///
/// # Errors
/// [`Failure`] that names the field of the account.
pub fn place(smpp: &Smpp, values: &Values<'_>) -> Result<Place, Failure> {
    let host = filled(&smpp.host, values)?;
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(&host).to_owned();
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b':');
    if host.is_empty() || !host.bytes().all(fits) {
        return Err(unfit(&smpp.host, "is no host's name or address, such as smsc.example.com"));
    }
    let port = filled(&smpp.port, values)?.parse().ok().filter(|port| *port != 0);
    let port = port.ok_or_else(|| unfit(&smpp.port, "is no port: 1 to 65535"))?;
    let is_tls = match filled(&smpp.tls, values)?.as_str() {
        "true" => true,
        "false" => false,
        _ => return Err(unfit(&smpp.tls, "is neither true nor false")),
    };
    Ok(Place { host, port, is_tls })
}

impl Login {
    /// Who we are, by the file.
    ///
    /// # Errors
    /// [`Failure`] that names the field of the account.
    pub fn new(smpp: &Smpp, values: &Values<'_>) -> Result<Self, Failure> {
        let field = |template: &Template, most: usize| {
            let value = filled(template, values)?;
            if value.len() > most || !value.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
                return Err(unfit(template, &format!("is more than {most} characters, or has one that is not ASCII")));
            }
            Ok(ended(&value))
        };
        Ok(Self {
            system_id: field(&smpp.system_id, 15)?,
            password: field(&smpp.password, 8)?,
            system_type: field(&smpp.system_type, 12)?,
        })
    }

    /// As bind_transmitter (SMPP 3.4 §4.1.1).
    ///
    /// # Errors
    /// None that [`Login::new`] lets through.
    pub fn pdu(&self) -> Result<Pdu<'_, 0>, Failure> {
        let bind = BindTransmitter::builder()
            .system_id(c_octets(&self.system_id)?)
            .password(c_octets(&self.password)?)
            .system_type(c_octets(&self.system_type)?)
            .interface_version(InterfaceVersion::Smpp3_4);
        Ok(bind.build().into())
    }
}

impl Message {
    /// The message `text` to `to`, by the file.
    ///
    /// # Errors
    /// [`Failure`] for a sender or a text that no message can have.
    pub fn new(smpp: &Smpp, values: &Values<'_>, to: &str, text: &str) -> Result<Self, Failure> {
        let from = values.fill(&smpp.source)?.unwrap_or_default();
        let from = source(&from).map_err(|why| {
            let is_sender = smpp.source.sources().any(|source| matches!(source, Source::Sender | Source::SenderDigits));
            if is_sender { Failure::setting("sender", why) } else { unfit(&smpp.source, why) }
        })?;
        let text = coded(text, smpp.alphabet);
        if text.octets.len() > usize::from(u16::MAX) {
            return Err(Failure::Message(String::from("the text is longer than a message can be")));
        }
        let parts = |Address { ton, npi, address }| (ton, npi, ended(&address));
        let validity = ended(&relative(values.life()));
        Ok(Self { from: parts(from), to: parts(international(to)), validity, text })
    }

    /// As submit_sm (SMPP 3.4 §4.4.1): no receipt, nothing special. A text of more than one segment is its `message_payload`, which the
    /// centre cuts: one question, one answer, and never half a text.
    ///
    /// # Errors
    /// None that [`Message::new`] lets through.
    pub fn pdu(&self) -> Result<Pdu<'_, 1>, Failure> {
        let unfit = |_| Failure::Message(String::from("a value does not fit the message"));
        let (from, to) = (&self.from, &self.to);
        let submit = SubmitSm::builder()
            .source_addr_ton(from.0)
            .source_addr_npi(from.1)
            .source_addr(c_octets(&from.2)?)
            .dest_addr_ton(to.0)
            .dest_addr_npi(to.1)
            .destination_addr(c_octets(&to.2)?)
            // The codec's default is 0x08, an SME's acknowledgement.
            .esm_class(EsmClass::from(0))
            .validity_period(EmptyOrFullCOctetString::new(&self.validity).map_err(|_| unfit(()))?)
            .data_coding(self.text.data_coding);
        let octets = &self.text.octets;
        let submit = if self.text.is_long {
            let payload = MessagePayload::new(AnyOctetString::new(octets));
            submit.push_tlv(MessageSubmissionRequestTlvValue::MessagePayload(payload)).map_err(|_| unfit(()))?
        } else {
            submit.short_message(OctetString::new(octets).map_err(|_| unfit(()))?)
        };
        Ok(submit.build().into())
    }

    /// What of it may be told.
    #[must_use]
    pub fn told(&self) -> String {
        let (length, coding) = (self.text.octets.len(), u8::from(self.text.data_coding));
        let as_what = if self.text.is_long { ", more than one segment, as message_payload" } else { "" };
        format!("submit_sm of {length} octets, data_coding {coding}{as_what}")
    }
}

/// A time from now on (SMPP 3.4 §7.1.1): years, months, days, hours, minutes, seconds, tenths, `00R`.
fn relative(life: Duration) -> String {
    let seconds = life.as_secs();
    let part =
        |unit: u64, of: u64| seconds.checked_div(unit).and_then(|units| units.checked_rem(of)).unwrap_or_default();
    format!("0000{:02}{:02}{:02}{:02}000R", part(86_400, 32), part(3_600, 24), part(60, 60), part(1, 60))
}

fn filled(template: &Template, values: &Values<'_>) -> Result<Zeroizing<String>, Failure> {
    Ok(values.fill(template)?.unwrap_or_default())
}

fn ended(text: &str) -> Ended {
    let mut octets = Zeroizing::new(Vec::with_capacity(text.len().saturating_add(1)));
    octets.extend_from_slice(text.as_bytes());
    octets.push(0);
    octets
}

fn c_octets<const MOST: usize>(octets: &[u8]) -> Result<COctetString<'_, 1, MOST>, Failure> {
    COctetString::new(octets).map_err(|_| Failure::Message(String::from("a value does not fit the message")))
}

/// The value of a template does not fit where it stands.
fn unfit(template: &Template, why: &str) -> Failure {
    match template.parts() {
        [Part::Value(Source::Account(key))] => Failure::setting(format!("account.{key}"), why),
        _ => Failure::setting("provider", format!("a value in [smpp] {why}")),
    }
}

#[cfg(test)]
mod tests;
