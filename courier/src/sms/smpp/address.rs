//! Who a message is from and to, as type of number, numbering plan and digits (SMPP 3.4 §5.2.5, §5.2.6).

use rusmpp_core::values::{Npi, Ton};

/// The longest number that can be a short code, without a plus sign, in digits.
const SHORT_CODE: usize = 8;
/// The longest number of E.164, in digits.
const LONGEST_NUMBER: usize = 15;
/// The longest name, in characters: eleven septets fit the address of a message (3GPP TS 23.040 §9.1.2.5).
const LONGEST_NAME: usize = 11;

/// An address.
#[derive(Debug, PartialEq, Eq)]
pub struct Address {
    /// The type of number.
    pub ton: Ton,
    /// The numbering plan.
    pub npi: Npi,
    /// Digits without a plus sign, or a name.
    pub address: String,
}

/// A number of E.164.
#[must_use]
pub fn international(number: &str) -> Address {
    let address = number.trim_start_matches('+').to_owned();
    Address { ton: Ton::International, npi: Npi::Isdn, address }
}

/// Who a message is from: nobody (the centre's own choice), a number (with a plus sign, or longer than any short code), a short code
/// (which is the network's own: network specific, of no plan), or a name.
///
/// # Errors
/// What is wrong with it.
pub fn source(sender: &str) -> Result<Address, &'static str> {
    let digits = sender.strip_prefix('+').unwrap_or(sender);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    match digits.len() {
        _ if sender.is_empty() => Ok(Address { ton: Ton::Unknown, npi: Npi::Unknown, address: String::new() }),
        length if is_number && length > LONGEST_NUMBER => Err("is a number of more than 15 digits"),
        length if is_number && (sender != digits || length > SHORT_CODE) => Ok(international(sender)),
        _ if is_number => Ok(Address { ton: Ton::NetworkSpecific, npi: Npi::Unknown, address: digits.to_owned() }),
        _ if !sender.bytes().all(|byte| (b' '..=b'~').contains(&byte)) => Err("has a character that is not ASCII"),
        _ if sender.len() > LONGEST_NAME => Err("is a name of more than 11 characters"),
        _ => Ok(Address { ton: Ton::Alphanumeric, npi: Npi::Unknown, address: sender.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sender_is_a_number_a_short_code_a_name_or_nobody() {
        for (sender, ton, npi, address) in [
            ("+15550199", Ton::International, Npi::Isdn, "15550199"),
            ("155501990", Ton::International, Npi::Isdn, "155501990"),
            ("12345", Ton::NetworkSpecific, Npi::Unknown, "12345"),
            ("12345678", Ton::NetworkSpecific, Npi::Unknown, "12345678"),
            ("Example Co.", Ton::Alphanumeric, Npi::Unknown, "Example Co."),
            ("+Example", Ton::Alphanumeric, Npi::Unknown, "+Example"),
            ("", Ton::Unknown, Npi::Unknown, ""),
        ] {
            assert_eq!(source(sender), Ok(Address { ton, npi, address: address.into() }), "{sender}");
        }
        for sender in ["Example Corp", "Größe", "a\nb", "+1234567890123456", "1234567890123456"] {
            assert!(source(sender).is_err(), "{sender:?}");
        }
    }
}
