//! What a `command_status` is called, what it means (SMPP 3.4 §5.1.3; names from 0xC0 on and all from 0x100 on as SMPP 5.0 has
//! them), and what that makes of a message. Must never blame the number, or call a message certainly not taken, for a word that
//! does not say so.

use pam_2fa_protocol::courier::{Class, Reason};
use pam_2fa_settings::provider::{StatusRule, Verdict};

/// `ESME_ROK`.
pub const OK: u32 = 0;
/// "Invalid command_id": our answer to what we do not know.
pub const INVALID_COMMAND: u32 = 0x03;
/// "Receiver temporary application error": whoever sent it may try again, at somebody else's.
pub const RECEIVER_LATER: u32 = 0x64;

/// What was asked when the status came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// To let us in.
    Bind,
    /// To take the message.
    Submit,
}

/// What a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum About {
    /// What we send, whoever it is for: the next centre may like it.
    Request,
    /// The number.
    Number,
    /// `system_id` and password.
    Credentials,
    /// Who the message is from.
    Sender,
    /// What an administrator has to arrange with the centre.
    Account,
    /// Our pace.
    Pace,
    /// The moment; the message was not taken.
    Moment,
    /// Nothing that proves anything: the message may have been taken, or the status belongs to something that we do not ask for.
    Unclear,
}

use About::{Account, Credentials, Moment, Number, Pace, Request, Sender, Unclear};

/// Number, name, meaning, and what it is about.
///
/// Unclear are those that a centre also says when it has handed the message on and then met a fault (a system error, a failed
/// submit, an unknown error), as an HTTP gateway's 5xx is; and those of other operations. A destination TON or NPI is no bad
/// number: it is the same for every number.
const TABLE: [(u32, &str, &str, About); 53] = [
    (OK, "ESME_ROK", "no error", Unclear),
    (0x01, "ESME_RINVMSGLEN", "invalid message length", Request),
    (0x02, "ESME_RINVCMDLEN", "invalid command length", Request),
    (INVALID_COMMAND, "ESME_RINVCMDID", "invalid command_id", Request),
    (0x04, "ESME_RINVBNDSTS", "incorrect bind status for this command", Account),
    (0x05, "ESME_RALYBND", "already bound", Moment),
    (0x06, "ESME_RINVPRTFLG", "invalid priority_flag", Request),
    (0x07, "ESME_RINVREGDLVFLG", "invalid registered_delivery", Request),
    (0x08, "ESME_RSYSERR", "system error", Unclear),
    (0x0a, "ESME_RINVSRCADR", "invalid source address", Sender),
    (0x0b, "ESME_RINVDSTADR", "invalid destination address", Number),
    (0x0c, "ESME_RINVMSGID", "invalid message_id", Unclear),
    (0x0d, "ESME_RBINDFAIL", "bind failed", Credentials),
    (0x0e, "ESME_RINVPASWD", "invalid password", Credentials),
    (0x0f, "ESME_RINVSYSID", "invalid system_id", Credentials),
    (0x11, "ESME_RCANCELFAIL", "cancel_sm failed", Unclear),
    (0x13, "ESME_RREPLACEFAIL", "replace_sm failed", Unclear),
    (0x14, "ESME_RMSGQFUL", "message queue full", Moment),
    (0x15, "ESME_RINVSERTYP", "invalid service_type", Account),
    (0x33, "ESME_RINVNUMDESTS", "invalid number of destinations", Unclear),
    (0x34, "ESME_RINVDLNAME", "invalid distribution list", Unclear),
    (0x40, "ESME_RINVDESTFLAG", "invalid destination flag", Unclear),
    (0x42, "ESME_RINVSUBREP", "invalid submit with replace", Unclear),
    (0x43, "ESME_RINVESMCLASS", "invalid esm_class", Request),
    (0x44, "ESME_RCNTSUBDL", "cannot submit to a distribution list", Unclear),
    (0x45, "ESME_RSUBMITFAIL", "submit_sm failed", Unclear),
    (0x48, "ESME_RINVSRCTON", "invalid source TON", Sender),
    (0x49, "ESME_RINVSRCNPI", "invalid source NPI", Sender),
    (0x50, "ESME_RINVDSTTON", "invalid destination TON", Request),
    (0x51, "ESME_RINVDSTNPI", "invalid destination NPI", Request),
    (0x53, "ESME_RINVSYSTYP", "invalid system_type", Account),
    (0x54, "ESME_RINVREPFLAG", "invalid replace_if_present_flag", Request),
    (0x55, "ESME_RINVNUMMSGS", "invalid number of messages", Unclear),
    (0x58, "ESME_RTHROTTLED", "throttled: too many messages", Pace),
    (0x61, "ESME_RINVSCHED", "invalid schedule_delivery_time", Request),
    (0x62, "ESME_RINVEXPIRY", "invalid validity_period", Request),
    (0x63, "ESME_RINVDFTMSGID", "invalid predefined message", Request),
    (RECEIVER_LATER, "ESME_RX_T_APPN", "receiver temporary error", Unclear),
    (0x65, "ESME_RX_P_APPN", "receiver permanent error", Unclear),
    (0x66, "ESME_RX_R_APPN", "receiver reject", Unclear),
    (0x67, "ESME_RQUERYFAIL", "query_sm failed", Unclear),
    (0xc0, "ESME_RINVTLVSTREAM", "error in the optional part", Request),
    (0xc1, "ESME_RTLVNOTALLWD", "a TLV is not allowed", Request),
    (0xc2, "ESME_RINVTLVLEN", "invalid length of a TLV", Request),
    (0xc3, "ESME_RMISSINGTLV", "an expected TLV is missing", Request),
    (0xc4, "ESME_RINVTLVVAL", "invalid value of a TLV", Request),
    (0xfe, "ESME_RDELIVERYFAILURE", "delivery failure", Unclear),
    (0xff, "ESME_RUNKNOWNERR", "unknown error", Unclear),
    (0x100, "ESME_RSERTYPUNAUTH", "not authorised for the service_type", Account),
    (0x101, "ESME_RPROHIBITED", "prohibited from using this operation", Account),
    (0x102, "ESME_RSERTYPUNAVAIL", "the service_type is unavailable", Moment),
    (0x103, "ESME_RSERTYPDENIED", "the service_type is denied", Account),
    (0x104, "ESME_RINVDCS", "invalid data_coding", Request),
];

fn row(status: u32) -> Option<&'static (u32, &'static str, &'static str, About)> {
    TABLE.iter().find(|(known, ..)| *known == status)
}

/// The names of all statuses that are known here.
pub fn names() -> impl Iterator<Item = (u32, &'static str)> {
    TABLE.iter().map(|(status, name, ..)| (*status, *name))
}

/// `0x0000000b ESME_RINVDSTADR (invalid destination address)`.
#[must_use]
pub fn words(status: u32) -> String {
    match (row(status), status) {
        (Some((_, name, meaning, _)), _) => format!("{status:#010x} {name} ({meaning})"),
        (None, 0x400..=0x4ff) => format!("{status:#010x} (one of the centre's own)"),
        (None, _) => format!("{status:#010x} (not one of the standard's)"),
    }
}

/// What a status other than [`OK`] makes of a message, by the provider's file and then by the standard.
///
/// Who was not let in has handed nothing over, and was refused for nobody's number.
#[must_use]
pub fn verdict(asked: Asked, status: u32, rules: &[StatusRule]) -> Verdict {
    if let Some(rule) = rules.iter().find(|rule| rule.status.contains(&status)) {
        return match asked {
            Asked::Submit => rule.verdict,
            Asked::Bind => not_let_in(rule.verdict),
        };
    }
    let about = match (asked, row(status).map_or(Unclear, |(.., about)| *about)) {
        (Asked::Submit, about) => about,
        (Asked::Bind, Request | Sender) => Account,
        (Asked::Bind, Number | Unclear) => Moment,
        (Asked::Bind, about @ (Credentials | Account | Pace | Moment)) => about,
    };
    let (class, reason) = match about {
        Request => (Class::Rejected, Some(Reason::Request)),
        Number => (Class::Rejected, Some(Reason::BadNumber)),
        Credentials => (Class::AuthError, Some(Reason::Credentials)),
        Sender => (Class::AuthError, Some(Reason::SenderOrCountry)),
        Account => (Class::AuthError, Some(Reason::Config)),
        Pace => (Class::RateLimited, None),
        Moment => (Class::Temporary, None),
        Unclear => (Class::Temporary, Some(Reason::Unrecognised)),
    };
    Verdict { class, reason }
}

/// What a file says of a status, said of a bind: nothing was handed over, and nothing of a message refused.
fn not_let_in(verdict: Verdict) -> Verdict {
    match (verdict.class, verdict.reason) {
        (Class::Rejected, Some(Reason::Request)) => Verdict { class: Class::AuthError, reason: Some(Reason::Config) },
        (Class::Rejected | Class::Temporary, _) => Verdict { class: Class::Temporary, reason: None },
        (Class::AuthError | Class::RateLimited | Class::Accepted, _) => verdict,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(asked: Asked, status: u32) -> (Class, Option<Reason>) {
        let Verdict { class, reason } = verdict(asked, status, &[]);
        (class, reason)
    }

    #[test]
    fn a_status_says_what_went_wrong() {
        for (status, expected) in [
            (0x0b, (Class::Rejected, Some(Reason::BadNumber))),
            (0x50, (Class::Rejected, Some(Reason::Request))),
            (0x51, (Class::Rejected, Some(Reason::Request))),
            (0x01, (Class::Rejected, Some(Reason::Request))),
            (0x58, (Class::RateLimited, None)),
            (0x0a, (Class::AuthError, Some(Reason::SenderOrCountry))),
            (0x48, (Class::AuthError, Some(Reason::SenderOrCountry))),
            (0x49, (Class::AuthError, Some(Reason::SenderOrCountry))),
            (0x0e, (Class::AuthError, Some(Reason::Credentials))),
            (0x15, (Class::AuthError, Some(Reason::Config))),
            (0x14, (Class::Temporary, None)),
        ] {
            assert_eq!(of(Asked::Submit, status), expected, "{status:#x}");
        }
        assert_eq!(words(0x0b), "0x0000000b ESME_RINVDSTADR (invalid destination address)");
        assert_eq!(words(0x0407), "0x00000407 (one of the centre's own)");
        assert_eq!(words(0x8000_0000), "0x80000000 (not one of the standard's)");
    }

    #[test]
    fn a_centre_that_may_have_handed_the_message_on_proves_nothing() {
        for status in [0x08, 0x45, 0x65, 0xfe, 0xff, 0x400, 0x4ff, 0x9999_9999, OK] {
            assert_eq!(of(Asked::Submit, status), (Class::Temporary, Some(Reason::Unrecognised)), "{status:#x}");
        }
    }

    #[test]
    fn who_is_not_let_in_has_handed_nothing_over_and_blames_no_number() {
        let everything = names().map(|(status, _)| status).chain([0x400, 0xffff_ffff]).filter(|status| *status != OK);
        for status in everything {
            let (class, reason) = of(Asked::Bind, status);
            assert!(
                matches!(class, Class::AuthError | Class::Temporary | Class::RateLimited),
                "{status:#x}: {class:?}"
            );
            let fits = [None, Some(Reason::Credentials), Some(Reason::Config)];
            assert!(fits.contains(&reason), "{status:#x}: {reason:?}");
        }
        for status in [0x0d, 0x0e, 0x0f] {
            assert_eq!(of(Asked::Bind, status), (Class::AuthError, Some(Reason::Credentials)), "{status:#x}");
        }
        for status in [0x05, 0x08] {
            assert_eq!(of(Asked::Bind, status), (Class::Temporary, None), "{status:#x}");
        }
    }

    #[test]
    fn the_providers_file_comes_before_the_standard() {
        let own = Verdict { class: Class::AuthError, reason: Some(Reason::Funds) };
        let rules = [StatusRule { status: vec![0x405, 0x0b], verdict: own }];
        for status in [0x405, 0x0b] {
            assert_eq!(verdict(Asked::Submit, status, &rules), own);
            assert_eq!(verdict(Asked::Bind, status, &rules), own);
        }
        assert_eq!(verdict(Asked::Submit, 0x58, &rules).class, Class::RateLimited);
    }

    #[test]
    fn whatever_a_file_says_of_a_status_who_is_not_let_in_has_sent_nothing_and_blames_no_number() {
        let moment = (Class::Temporary, None);
        for (own, expected) in [
            ((Class::Rejected, Some(Reason::BadNumber)), moment),
            ((Class::Rejected, Some(Reason::OptedOut)), moment),
            ((Class::Rejected, Some(Reason::Request)), (Class::AuthError, Some(Reason::Config))),
            ((Class::Temporary, Some(Reason::Unrecognised)), moment),
            (moment, moment),
            ((Class::RateLimited, None), (Class::RateLimited, None)),
        ] {
            let rules = [StatusRule { status: vec![0x405], verdict: Verdict { class: own.0, reason: own.1 } }];
            let Verdict { class, reason } = verdict(Asked::Bind, 0x405, &rules);
            assert_eq!((class, reason), expected, "{own:?}");
            let Verdict { class, reason } = verdict(Asked::Submit, 0x405, &rules);
            assert_eq!((class, reason), own);
        }
    }
}
