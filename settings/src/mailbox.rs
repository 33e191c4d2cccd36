//! `Name <address>`, as it stands in `email.from`: parsed once, written so that no name can become a second header or address.

use crate::address::{AddressError, EmailAddress};
use crate::text::is_plain;
use std::fmt;
use thiserror::Error;

/// A sender: an address, with or without a name to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mailbox {
    name: Option<String>,
    address: EmailAddress,
}

/// Why a text is not a [`Mailbox`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum MailboxError {
    /// The address in it is none.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// The name in it cannot be shown.
    #[error("the name before the address is at most 64 printable characters without < > \" \\")]
    Name,
}

/// Long enough for a company and a department; a header line stays below 78 characters for most.
const LONGEST_NAME: usize = 64;

impl Mailbox {
    /// Parses `Name <address>`, `"Name" <address>`, `<address>` or `address`.
    ///
    /// # Errors
    /// When the address is none, or the name has characters that do not belong in a header.
    pub fn parse(text: &str) -> Result<Self, MailboxError> {
        let Some((name, rest)) = text.split_once('<') else {
            return Ok(Self { name: None, address: EmailAddress::parse(text)? });
        };
        let address = EmailAddress::parse(rest.strip_suffix('>').ok_or(AddressError::Form)?)?;
        let name = name.trim();
        let name = name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name);
        if name.chars().count() > LONGEST_NAME
            || !name.chars().all(|character| is_plain(character) && !matches!(character, '<' | '>' | '"' | '\\'))
        {
            return Err(MailboxError::Name);
        }
        Ok(Self { name: (!name.is_empty()).then(|| name.to_owned()), address })
    }

    /// The name to show.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The address.
    #[must_use]
    pub fn address(&self) -> &EmailAddress {
        &self.address
    }
}

impl fmt::Display for Mailbox {
    /// `"Name" <address>`; quoted where the name has what RFC 5322 §3.2.3 calls specials (a comma would make two senders of it).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.name {
            None => write!(f, "{}", self.address),
            Some(name) if name.contains(['(', ')', '[', ']', ':', ';', '@', ',', '.']) => {
                write!(f, "\"{name}\" <{}>", self.address)
            }
            Some(name) => write!(f, "{name} <{}>", self.address),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mailbox_is_written_as_it_is_read() {
        for (text, name, written) in [
            ("Example Corp <s@example.com>", Some("Example Corp"), "Example Corp <s@example.com>"),
            ("\"Corp, Inc.\" <s@example.com>", Some("Corp, Inc."), "\"Corp, Inc.\" <s@example.com>"),
            ("Corp, Inc. <s@example.com>", Some("Corp, Inc."), "\"Corp, Inc.\" <s@example.com>"),
            ("Größe <s@example.com>", Some("Größe"), "Größe <s@example.com>"),
            ("<s@example.com>", None, "s@example.com"),
            ("s@example.com", None, "s@example.com"),
        ] {
            let mailbox = Mailbox::parse(text).unwrap();
            assert_eq!(mailbox.name(), name, "{text}");
            assert_eq!(mailbox.to_string(), written);
            assert_eq!(Mailbox::parse(&mailbox.to_string()), Ok(mailbox));
        }
    }

    #[test]
    fn a_name_cannot_become_a_second_header_or_address() {
        for text in [
            "A\r\nBcc: e@example.com <s@example.com>",
            "A\u{202e} <s@example.com>",
            "A\" <s@example.com>",
            "A\\ <s@example.com>",
        ] {
            assert_eq!(Mailbox::parse(text), Err(MailboxError::Name), "{text:?}");
        }
        for text in ["A <s@example.com", "A <a@b.c> <s@example.com>", "A <s@example.com> x", "", "A <>", "a@b.c, d@e.f"]
        {
            assert!(matches!(Mailbox::parse(text), Err(MailboxError::Address(_))), "{text:?}");
        }
    }
}
