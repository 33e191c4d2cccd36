//! The numbers by which modems refuse a message (3GPP TS 27.005 §3.2.5, `+CMS ERROR`), as far as they leave no doubt. gammu tells
//! the number, ModemManager its name.
//!
//! Those below 300 are left out: they are the network's, and gammu gives the modem's own (`+CME ERROR`, which means other things by
//! the same numbers) in the same words. So are those that may be said of a message which is on its way (332, 500).

use pam_2fa_protocol::courier::{Class, Reason};
use pam_2fa_settings::provider::Verdict;

/// The names that ModemManager 1.20 has for them (its `MMMessageError`); those of its `MMMobileEquipmentError` that are of the same
/// name mean the same.
const NAMES: [(&str, u32); 13] = [
    ("InvalidPduParameter", 304),
    ("InvalidTextParameter", 305),
    ("SimNotInserted", 310),
    ("SimPin", 311),
    ("PhSimPin", 312),
    ("SimFailure", 313),
    ("SimBusy", 314),
    ("SimWrong", 315),
    ("SimPuk", 316),
    ("SimPin2", 317),
    ("SimPuk2", 318),
    ("SmscAddressUnknown", 330),
    ("NoNetwork", 331),
];

/// What a number means, if it leaves no doubt that the message did not leave.
#[must_use]
pub fn verdict(number: u32) -> Option<Verdict> {
    let (class, reason) = match number {
        304 | 305 => (Class::Rejected, Reason::Request),
        // No SIM, a locked or a wrong one, or nobody has told it where messages go.
        310..=313 | 315..=318 | 330 => (Class::AuthError, Reason::Config),
        // The SIM is busy; there is no network.
        314 | 331 => (Class::Temporary, Reason::Unreachable),
        _ => return None,
    };
    Some(Verdict { class, reason: Some(reason) })
}

/// The same by the last part of an error's name on the bus.
#[must_use]
pub fn named(name: &str) -> Option<Verdict> {
    NAMES.iter().find(|(known, _)| *known == name).and_then(|(_, number)| verdict(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_leaves_no_doubt_is_more_than_unclear() {
        for number in [0, 1, 10, 21, 38, 299, 300, 302, 320, 332, 340, 500, 512, u32::MAX] {
            assert_eq!(verdict(number), None, "{number}");
        }
        assert_eq!(verdict(311).unwrap().reason, Some(Reason::Config));
        assert_eq!(verdict(331).unwrap().reason, Some(Reason::Unreachable));
        for (name, _) in NAMES {
            assert!(named(name).is_some(), "{name}");
        }
        assert_eq!(named("NetworkTimeout"), None);
    }
}
