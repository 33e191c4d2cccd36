//! From the end of a conversation to a class, a reason and, where the server named one, a time to wait.
//!
//! Whatever was not proven is temporary: another try, another server, or a person, may know better. Final are only the words
//! of the server (5xx) and settings that cannot work.

use super::failure::{Failure, Stage};
use super::wire::Reply;
use pam_2fa_protocol::courier::{Class, Outcome, Reason};

/// The longest wait in seconds that is passed on; a code lives ten minutes.
const LONGEST_WAIT: i64 = 3600;

/// The outcome of a mail that the server took over, in its own words (still to be cleaned).
#[must_use]
pub fn accepted(reply: &Reply) -> Outcome {
    Outcome {
        class: Class::Accepted,
        reason: None,
        retry_after_s: None,
        provider_id: queue_id(&reply.text()),
        said: reply.to_string(),
    }
}

/// The outcome of a mail that it did not.
#[must_use]
pub fn failed(failure: &Failure) -> Outcome {
    let (class, reason) = class(failure);
    let retry_after_s =
        if let (Failure::Refused { reply, .. }, Class::Temporary | Class::RateLimited) = (failure, class) {
            wait(&reply.text())
        } else {
            None
        };
    let mut said = failure.to_string();
    if failure.stage() == Some(Stage::Content) && !matches!(failure, Failure::Refused { .. }) {
        said.push_str("; the message may have been taken all the same");
    }
    Outcome { class, reason, retry_after_s, provider_id: None, said }
}

fn class(failure: &Failure) -> (Class, Option<Reason>) {
    match failure {
        Failure::Setting { .. } => (Class::Rejected, Some(Reason::Config)),
        Failure::Recipient(_) => (Class::Rejected, Some(Reason::BadAddress)),
        Failure::Message(_) => (Class::Rejected, Some(Reason::Request)),
        Failure::NoAddress { .. } | Failure::NoConnection { .. } => (Class::Temporary, Some(Reason::Unreachable)),
        // A bad certificate and a missing STARTTLS may be an attack that ends, and another server may do; each needs a person.
        Failure::Certificate { .. } => (Class::Temporary, Some(Reason::Certificate)),
        Failure::Handshake { .. } | Failure::NoStartTls { .. } => (Class::Temporary, Some(Reason::Config)),
        Failure::NoAuth { .. } => (Class::AuthError, Some(Reason::Config)),
        Failure::Refused { stage, reply } => refused(*stage, reply),
        Failure::Unexpected { .. } => (Class::Temporary, Some(Reason::Unrecognised)),
        Failure::Broken { stage: Stage::Content, .. } | Failure::TimedOut { stage: Stage::Content } => {
            (Class::Temporary, Some(Reason::Unrecognised))
        }
        Failure::Broken { .. } | Failure::TimedOut { .. } => (Class::Temporary, Some(Reason::Unreachable)),
    }
}

fn refused(stage: Stage, reply: &Reply) -> (Class, Option<Reason>) {
    if reply.code < 500 {
        return if is_rate_limit(reply) { (Class::RateLimited, None) } else { (Class::Temporary, None) };
    }
    match (reply.code, stage) {
        // RFC 4954 §6: authentication required, mechanism too weak, credentials invalid, encryption required.
        (530 | 534 | 535 | 538, _) => (Class::AuthError, Some(Reason::Credentials)),
        // A server that does not take our AUTH will not take it a second later: no hammering.
        (502..=504, Stage::Auth) => (Class::AuthError, Some(Reason::Config)),
        (_, Stage::Auth) => (Class::AuthError, Some(Reason::Credentials)),
        (code, Stage::Rcpt) => match (code, reply.enhanced()) {
            (_, Some((5, 1, _))) => (Class::Rejected, Some(Reason::BadAddress)),
            // X.7: policy, as "relay denied" is; the address may be good (RFC 3463 §3.8).
            (_, Some((5, 7, _))) => (Class::Rejected, Some(Reason::Request)),
            (550 | 551 | 553, _) => (Class::Rejected, Some(Reason::BadAddress)),
            _ => (Class::Rejected, Some(Reason::Request)),
        },
        _ => (Class::Rejected, Some(Reason::Request)),
    }
}

/// Whether a 4xx means "too many". SMTP has no code for that but X.7.28 (used so by large providers); the words are a hint,
/// and all that hangs on it is who is told.
fn is_rate_limit(reply: &Reply) -> bool {
    let text = reply.text().to_ascii_lowercase();
    reply.enhanced() == Some((4, 7, 28))
        || ["rate limit", "throttl", "too many messages"].iter().any(|hint| text.contains(hint))
}

/// A wait that the text names: "try again in 300 seconds", "greylisted for 5 minutes".
fn wait(text: &str) -> Option<i64> {
    let mut words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).peekable();
    while let Some(word) = words.next() {
        let Ok(number) = word.parse::<i64>() else { continue };
        let unit = match words.peek().map(|unit| unit.to_ascii_lowercase()).as_deref() {
            Some("s" | "sec" | "secs" | "second" | "seconds") => 1,
            Some("min" | "mins" | "minute" | "minutes") => 60,
            _ => continue,
        };
        return number.checked_mul(unit).filter(|wait| (1..=LONGEST_WAIT).contains(wait));
    }
    None
}

/// The server's own id of the message, as Postfix ("queued as X") and Exim ("id=X") say it.
fn queue_id(text: &str) -> Option<String> {
    let from = text.split_once("queued as ").or_else(|| text.split_once("id="))?.1;
    let id: String = from.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '-').take(64).collect();
    (!id.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(stage: Stage, code: u16, text: &str) -> (Class, Option<Reason>) {
        class(&Failure::Refused { stage, reply: Reply { code, lines: vec![text.into()] } })
    }

    #[test]
    fn each_refusal_has_its_class() {
        let bad_address = (Class::Rejected, Some(Reason::BadAddress));
        let request = (Class::Rejected, Some(Reason::Request));
        let credentials = (Class::AuthError, Some(Reason::Credentials));
        let temporary = (Class::Temporary, None);
        for (stage, code, text, expected) in [
            (Stage::Rcpt, 550, "no such user", bad_address),
            (Stage::Rcpt, 551, "not here", bad_address),
            (Stage::Rcpt, 553, "what", bad_address),
            (Stage::Rcpt, 554, "5.1.1 unknown", bad_address),
            (Stage::Rcpt, 554, "5.7.1 relay denied", request),
            (Stage::Rcpt, 550, "5.7.1 relay denied", request),
            (Stage::Rcpt, 552, "5.2.2 full", request),
            (Stage::Mail, 550, "5.1.8 bad sender", request),
            (Stage::Content, 554, "5.7.1 spam", request),
            (Stage::Mail, 530, "5.7.0 authenticate first", credentials),
            (Stage::Auth, 535, "5.7.8 bad", credentials),
            (Stage::Auth, 534, "5.7.9 too weak", credentials),
            (Stage::Auth, 538, "5.7.11 encrypt", credentials),
            (Stage::Auth, 550, "blocked", credentials),
            (Stage::Auth, 504, "unknown mechanism", (Class::AuthError, Some(Reason::Config))),
            (Stage::Auth, 454, "4.7.0 later", temporary),
            (Stage::Rcpt, 450, "4.2.0 greylisted", temporary),
            (Stage::Rcpt, 451, "later", temporary),
            (Stage::Mail, 421, "closing", temporary),
            (Stage::Content, 452, "4.3.1 full", temporary),
            (Stage::Mail, 421, "4.7.28 unusual rate", (Class::RateLimited, None)),
            (Stage::Mail, 454, "Throttling failure: Maximum sending rate exceeded", (Class::RateLimited, None)),
        ] {
            assert_eq!(of(stage, code, text), expected, "{code} {text} to {stage}");
        }
    }

    #[test]
    fn a_wait_is_passed_on_only_where_the_server_named_one() {
        assert_eq!(wait("4.2.0 Greylisted, try again in 300 seconds"), Some(300));
        assert_eq!(wait("4.7.1 greylisted for 5 minutes, see http://example.com/7"), Some(300));
        assert_eq!(wait("4.7.1 try again in 90 s"), Some(90));
        assert_eq!(wait("4.3.2 try again later, 192 of 200 slots in use"), None);
        assert_eq!(wait("in 99999999999999999 minutes"), None);
        assert_eq!(wait("in 86400 seconds"), None);
    }

    #[test]
    fn the_queue_id_is_found_where_there_is_one() {
        assert_eq!(queue_id("2.0.0 Ok: queued as 4XyZ12").as_deref(), Some("4XyZ12"));
        assert_eq!(queue_id("OK id=1sAbCd-000001-2B").as_deref(), Some("1sAbCd-000001-2B"));
        assert_eq!(queue_id("2.0.0 Ok"), None);
    }

    #[test]
    fn after_the_final_dot_nobody_claims_that_the_mail_is_not_on_its_way() {
        let outcome = failed(&Failure::TimedOut { stage: Stage::Content });
        assert_eq!((outcome.class, outcome.reason), (Class::Temporary, Some(Reason::Unrecognised)));
        assert!(outcome.said.contains("may have been taken"), "{}", outcome.said);
    }
}
