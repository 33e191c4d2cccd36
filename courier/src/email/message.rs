//! One mail, rendered: headers that nobody can inject into, and a body in an encoding that every server takes.
//!
//! Text is always sent in 7 bits, so no server needs 8BITMIME: ASCII as it is (RFC 5322 §2.1.1 allows 998 characters a line, and
//! a code is easier to find in a mail's source where no line is broken by `=`), all else as lettre chooses. Addresses
//! outside ASCII are refused until SMTPUTF8 is spoken.

use super::failure::Failure;
use lettre::message::header::{ContentTransferEncoding, ContentType, Header, HeaderName, HeaderValue};
use lettre::message::{Body, Mailbox, SinglePart};
use lettre::{Address, Message};
use pam_2fa_protocol::courier::Mail;
use std::error::Error;
use std::time::SystemTime;
use zeroize::Zeroizing;

/// The longest line that a mail may have, without its end (RFC 5322 §2.1.1).
const LONGEST_LINE: usize = 998;

/// A mail ready for DATA, and its envelope.
pub struct Rendered {
    /// The envelope's sender.
    pub from: Address,
    /// The envelope's recipient.
    pub to: Address,
    bytes: Zeroizing<Vec<u8>>,
}

impl Rendered {
    /// Headers and body, lines ended by CRLF but the last, dots not stuffed yet.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// `Auto-Submitted: auto-generated` (RFC 3834 §5): no vacation message answers a code.
#[derive(Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), String::from("auto-generated"))
    }
}

/// Renders `mail`, whose every try has the same `id`, as of `now`.
///
/// # Errors
/// [`Failure::Setting`] for the sender, [`Failure::Recipient`], and [`Failure::Message`] for subject and text.
pub fn render(mail: &Mail, id: &str, now: SystemTime) -> Result<Rendered, Failure> {
    let from = mailbox(&mail.from).map_err(|why| Failure::Setting { key: "from", why })?;
    let to = mailbox(&mail.to).map_err(Failure::Recipient)?;
    if mail.subject.chars().any(char::is_control) {
        return Err(Failure::Message(String::from("a control character in the subject")));
    }
    let text = mail.text.expose();
    if text.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
        return Err(Failure::Message(String::from("a control character in the text")));
    }
    let envelope = (from.email.clone(), to.email.clone());
    let part = SinglePart::builder().header(ContentType::TEXT_PLAIN).body(body(text));
    let message = Message::builder()
        .date(now)
        .from(from)
        .to(to)
        .subject(mail.subject.as_str())
        .message_id(Some(format!("<{}@{}>", local_part(id), envelope.0.domain())))
        .header(AutoSubmitted)
        .singlepart(part)
        .map_err(|error| Failure::Message(error.to_string()))?;
    let mut bytes = Zeroizing::new(message.formatted());
    // lettre ends a message with a line end of its own, before the dot; without this each mail had blank lines at its end.
    while bytes.ends_with(b"\r\n") {
        let shorter = bytes.len().saturating_sub(2);
        bytes.truncate(shorter);
    }
    Ok(Rendered { from: envelope.0, to: envelope.1, bytes })
}

fn body(text: &str) -> Body {
    let lines = text.replace('\n', "\r\n");
    if text.is_ascii() && text.lines().all(|line| line.len() <= LONGEST_LINE) {
        // lettre itself would break lines of more than 76 characters by quoted-printable.
        return Body::dangerous_pre_encoded(lines.into_bytes(), ContentTransferEncoding::SevenBit);
    }
    Body::new(lines)
}

/// `Name <address>` or an address, all of it fit for a header and the address for an envelope.
fn mailbox(text: &str) -> Result<Mailbox, String> {
    if text.chars().any(char::is_control) {
        return Err(String::from("a control character in it"));
    }
    let mailbox: Mailbox = text.trim().parse().map_err(|error| format!("{error}; write name@example.com"))?;
    if AsRef::<str>::as_ref(&mailbox.email).is_ascii() {
        Ok(mailbox)
    } else {
        Err(String::from("letters outside ASCII in an address are not supported; write the domain in its xn-- form"))
    }
}

/// `id` as the left side of a Message-ID (RFC 5322 §3.6.4): as it is where it fits, else in hexadecimal.
fn local_part(id: &str) -> String {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !id.is_empty() && id.bytes().all(fits) {
        return id.to_owned();
    }
    let mut hex = String::from("x");
    for byte in id.bytes() {
        for nibble in [byte >> 4, byte & 15] {
            hex.extend(char::from_digit(u32::from(nibble), 16));
        }
    }
    hex
}
