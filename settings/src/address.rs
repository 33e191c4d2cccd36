//! Email addresses: the ASCII `addr-spec` that every mail server takes, and nothing that could end a header or a command.

use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// An address such as `ada@example.com`. The domain is in lower case, so that two spellings of one address are equal; the part
/// before the `@` stays as it is (RFC 5321 §2.4 leaves its case to the server).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmailAddress {
    text: String,
    /// Where the `@` is.
    at: usize,
}

/// Why a text is not an [`EmailAddress`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Longer than RFC 5321 §4.5.3.1 allows.
    #[error("an address is at most 254 characters, 64 of them before the @")]
    TooLong,
    /// Characters outside ASCII.
    #[error("an address is written in ASCII letters; write the domain in its xn-- form")]
    NotAscii,
    /// Not `name@domain`.
    #[error("not an address: write name@domain, such as ada@example.com")]
    Form,
    /// A sign before the name.
    #[error(
        "an address that begins with =, + or - is a formula to a spreadsheet and an option to a program; use another one"
    )]
    Start,
}

impl EmailAddress {
    /// Parses an address: a dot-atom, an `@`, a domain name (RFC 5321 §4.1.2, without quoted names and address literals, which
    /// few servers take and many programs read wrongly).
    ///
    /// # Errors
    /// When it is not one.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if !text.is_ascii() {
            return Err(AddressError::NotAscii);
        }
        let (name, domain) = text.split_once('@').ok_or(AddressError::Form)?;
        // 254: a path is at most 256 octets (RFC 5321 §4.5.3.1.3), its angle brackets included.
        if text.len() > 254 || name.len() > 64 {
            return Err(AddressError::TooLong);
        }
        let is_atom = |atom: &str| !atom.is_empty() && atom.bytes().all(is_atom_text);
        if !name.split('.').all(is_atom) || !is_domain(domain) {
            return Err(AddressError::Form);
        }
        // Whoever owns a mailbox chooses its name, and an administrator opens what is exported.
        if name.starts_with(['=', '+', '-']) {
            return Err(AddressError::Start);
        }
        Ok(Self { text: format!("{name}@{}", domain.to_ascii_lowercase()), at: name.len() })
    }

    /// The whole address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The domain, in lower case.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.text.get(self.at.saturating_add(1)..).unwrap_or_default()
    }

    /// `a***@example.com`: enough for its owner to know it, for prompts and logs.
    #[must_use]
    pub fn masked(&self) -> String {
        format!("{}***@{}", self.text.get(..1).unwrap_or_default(), self.domain())
    }
}

/// RFC 5322 §3.2.3, `atext`.
fn is_atom_text(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte)
}

/// Whether a text is a host or domain name (RFC 1123 §2.1): labels of letters, digits and inner hyphens.
pub(crate) fn is_domain(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

impl fmt::Display for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for EmailAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ordinary_addresses_are_taken_and_the_domain_is_compared_without_case() {
        for text in ["ada@example.com", "a.b+tag@EXAMPLE.com", "o'neil_x@sub.example.co.uk", "root@localhost", "a@1.de"]
        {
            assert!(EmailAddress::parse(text).is_ok(), "{text}");
        }
        assert_eq!(EmailAddress::parse("Ada@EXAMPLE.com"), EmailAddress::parse("Ada@example.COM"));
        assert_ne!(EmailAddress::parse("Ada@example.com"), EmailAddress::parse("ada@example.com"));
        assert_eq!(EmailAddress::parse("ada@Example.com").unwrap().domain(), "example.com");
    }

    #[test]
    fn what_a_spreadsheet_or_a_program_reads_as_something_else_is_no_address() {
        for text in ["=cmd|'/c'!a1@example.com", "+ada@example.com", "-ada@example.com"] {
            assert_eq!(EmailAddress::parse(text), Err(AddressError::Start), "{text}");
        }
    }

    #[test]
    fn what_could_end_a_header_or_a_command_is_no_address() {
        for text in [
            "",
            "ada",
            "@example.com",
            "ada@",
            "ada@@example.com",
            "ada@example.com\r\nBcc: eve@example.com",
            "a\nb@example.com",
            "ada@exa\0mple.com",
            "ada @example.com",
            "ada@example.com ",
            "<ada@example.com>",
            "ada@example.com>",
            "a,b@example.com",
            ".ada@example.com",
            "ada.@example.com",
            "a..b@example.com",
            "\"a b\"@example.com",
            "ada@[192.0.2.1]",
            "ada@-x.com",
            "ada@x-.com",
            "ada@example..com",
            "ada@example.com.",
            "ada@exa_mple.com",
        ] {
            assert_eq!(EmailAddress::parse(text), Err(AddressError::Form), "{text:?}");
        }
        assert_eq!(EmailAddress::parse("adä@example.com"), Err(AddressError::NotAscii));
        let long = format!("{}@example.com", "a".repeat(65));
        assert_eq!(EmailAddress::parse(&long), Err(AddressError::TooLong));
        let long = format!("ada@{}", "a.".repeat(130));
        assert_eq!(EmailAddress::parse(&long), Err(AddressError::TooLong));
    }

    #[test]
    fn a_masked_address_shows_one_letter_and_the_domain() {
        assert_eq!(EmailAddress::parse("ada.lovelace@example.com").unwrap().masked(), "a***@example.com");
        assert_eq!(EmailAddress::parse("a@example.com").unwrap().masked(), "a***@example.com");
    }

    proptest! {
        #[test]
        fn an_address_is_never_more_than_one_line_of_printable_ascii(text in "\\PC{0,20}@?\\PC{0,20}|[\\x00-\\x7f]{0,40}") {
            if let Ok(address) = EmailAddress::parse(&text) {
                prop_assert!(address.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
                prop_assert_eq!(EmailAddress::parse(address.as_str()), Ok(address));
            }
        }
    }
}
