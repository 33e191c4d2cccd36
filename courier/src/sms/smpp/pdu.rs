//! One PDU from and to the octets of a connection. The frame is read here and not by the codec: its length is looked at before
//! memory is taken, and what is wrong within one PDU stays within it.

use rusmpp_core::command::borrowed::Command;
use rusmpp_core::decode::borrowed::{Decode, DecodeWithLength};
use rusmpp_core::encode::{Encode, Length};
use rusmpp_core::pdus::borrowed::{Pdu, SubmitSmResp};
use rusmpp_core::tlvs::borrowed::TlvValue;
use rusmpp_core::types::borrowed::COctetString;
use rusmpp_core::{CommandId, CommandStatus};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};
use zeroize::Zeroizing;

/// The four numbers that every PDU begins with, in octets (SMPP 3.4 §3.2).
const HEADER: u32 = 16;
/// The longest PDU that is read, in octets; an answer to us has 80 and what a telephone sends has a few hundred.
const LONGEST: u32 = 64 * 1024;
/// So many TLVs of an answer are read; the standard has none there, SMPP 5.0 five.
const TLVS: usize = 16;
/// The bit that makes a response of a request's number.
const RESPONSE: u32 = 0x8000_0000;

/// A PDU as it arrived.
#[derive(Debug)]
pub struct Received {
    /// What it is.
    pub id: CommandId,
    /// `command_status`.
    pub status: u32,
    /// `sequence_number`.
    pub sequence: u32,
    /// What comes after the header, still unread.
    body: Vec<u8>,
}

impl Received {
    /// Whether it answers something.
    #[must_use]
    pub fn is_response(&self) -> bool {
        u32::from(self.id) & RESPONSE != 0
    }

    /// The `message_id` of a submit_sm_resp; none where there is none, or where it is not one.
    #[must_use]
    pub fn message_id(&self) -> Option<String> {
        let (id, _) = <COctetString<'_, 1, 65> as Decode<'_>>::decode(&self.body).ok()?;
        (!id.as_str().trim().is_empty()).then(|| id.as_str().to_owned())
    }

    /// What the centre says beside the status, in its own words (`additional_status_info_text`).
    #[must_use]
    pub fn words(&self) -> Option<String> {
        let (response, _) =
            <SubmitSmResp<'_, TLVS> as DecodeWithLength<'_>>::decode(&self.body, self.body.len()).ok()?;
        response.tlvs().iter().find_map(|tlv| match tlv.value() {
            Some(TlvValue::AdditionalStatusInfoText(text)) if !text.is_empty() => Some(text.as_str().to_owned()),
            _ => None,
        })
    }
}

/// The octets of a PDU; they are wiped with what they hold.
#[must_use]
pub fn octets<const N: usize>(status: u32, sequence: u32, pdu: Pdu<'_, N>) -> Zeroizing<Vec<u8>> {
    let command = Command::<'_, N>::new(CommandStatus::from(status), sequence, pdu);
    let length = command.length().saturating_add(size_of::<u32>());
    let mut octets = Zeroizing::new(vec![0; length]);
    if let Some((head, rest)) = octets.split_first_chunk_mut() {
        *head = u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes();
        command.encode(rest);
    }
    octets
}

/// The next PDU.
///
/// # Errors
/// The end of the connection, and a length that no PDU has.
pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Received> {
    let length = stream.read_u32().await?;
    if !(HEADER..=LONGEST).contains(&length) {
        let why = format!("what came is no SMPP: a PDU of {length} octets, and there are none but of 16 to {LONGEST}");
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    let (id, status, sequence) = (stream.read_u32().await?, stream.read_u32().await?, stream.read_u32().await?);
    let mut body = vec![0; usize::try_from(length.saturating_sub(HEADER)).unwrap_or_default()];
    stream.read_exact(&mut body).await?;
    Ok(Received { id: CommandId::from(id), status, sequence, body })
}

/// Responses that may come our way.
const NAMES: [(CommandId, &str); 8] = [
    (CommandId::GenericNack, "generic_nack"),
    (CommandId::BindTransmitterResp, "bind_transmitter_resp"),
    (CommandId::BindReceiverResp, "bind_receiver_resp"),
    (CommandId::BindTransceiverResp, "bind_transceiver_resp"),
    (CommandId::SubmitSmResp, "submit_sm_resp"),
    (CommandId::DataSmResp, "data_sm_resp"),
    (CommandId::UnbindResp, "unbind_resp"),
    (CommandId::EnquireLinkResp, "enquire_link_resp"),
];

/// What a response is called.
#[must_use]
pub fn name(id: CommandId) -> String {
    let known = NAMES.iter().find(|(known, _)| *known == id);
    known.map_or_else(|| format!("a PDU {:#010x}", u32::from(id)), |(_, name)| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_all(octets: &[u8]) -> io::Result<Received> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let mut rest = octets;
        runtime.block_on(read(&mut rest))
    }

    /// A submit_sm_resp with this status and body.
    fn response(status: u32, body: &[u8]) -> Received {
        let length = u32::try_from(16 + body.len()).unwrap();
        let head = [length, 0x8000_0004, status, 2].map(u32::to_be_bytes).concat();
        read_all(&[head, body.to_vec()].concat()).unwrap()
    }

    #[test]
    fn a_length_that_no_pdu_has_is_an_error_before_memory_is_taken() {
        for length in [0, 3, 15, 64 * 1024 + 1, 0xffff_ffff_u32] {
            let error = read_all(&[length.to_be_bytes().to_vec(), vec![0; 32]].concat()).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{length}");
        }
        assert_eq!(read_all(&[0, 0, 0, 16, 0, 0]).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn an_id_is_one_only_if_it_is_there_ended_and_not_empty() {
        assert_eq!(response(0, b"17-a\0").message_id().as_deref(), Some("17-a"));
        assert_eq!(
            response(0, b"17-a\0\x04\x27").message_id().as_deref(),
            Some("17-a"),
            "what comes after it is no matter"
        );
        for body in [&b""[..], b"\0", b" \0", b"17-a", b"\xff\xfe\0", &[b'x'; 66]] {
            assert_eq!(response(0, body).message_id(), None, "{body:?}");
        }
    }

    #[test]
    fn the_centres_own_words_are_read_where_they_are_whole() {
        let words = b"\0\x00\x1d\x00\x0cno such MSC\0";
        assert_eq!(response(0x0b, words).words().as_deref(), Some("no such MSC"));
        for body in [&b""[..], b"\0", b"\0\x00\x1d\x00\x0cno", b"\0\x00\x1d\x00\x0cno such MSC"] {
            assert_eq!(response(0x0b, body).words(), None, "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_that_a_centre_says_brings_the_reader_down(
            body in proptest::collection::vec(any::<u8>(), 0..200),
            tag in prop_oneof![Just(0x001d_u16), any::<u16>()],
            length in any::<u16>(),
        ) {
            let tlv = [b"id\0".to_vec(), tag.to_be_bytes().to_vec(), length.to_be_bytes().to_vec(), body.clone()].concat();
            for body in [body, tlv] {
                let received = response(8, &body);
                let _ = (received.message_id(), received.words());
                let _ = read_all(&body);
            }
        }
    }
}
