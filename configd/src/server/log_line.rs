//! The line of a decision: in the journal at once, in the store's log with what is written next. Decoys are counted in the store,
//! each has its line in the journal. Decides nothing, and makes nobody wait.

use super::repeats::{Line, Repeats};
use crate::clock::Moment;
use crate::login::{DECOY, Decided, Factor};
use crate::store::{Decision, Decoys, Store};
use pam_2fa_protocol::login::Verdict;

/// Writes the line. Of users' own processes so many a minute, but each "allow": there are no more of those than of messages.
pub fn write(decided: &Decided, now: &Moment, store: &dyn Store, repeats: &Repeats) {
    if decided.peer_uid != 0 && decided.verdict != Verdict::Allow {
        match repeats.line(decided.peer_uid, now.boot_ms) {
            Line::Write => {}
            Line::WriteLast => tracing::warn!(
                peer_uid = decided.peer_uid,
                "further logins of this uid are left out here and in pam-2fa log for this minute"
            ),
            Line::LeaveOut => return,
        }
    }
    trace(decided);
    if decided.reason == DECOY {
        let hour_s = now.wall_s.saturating_sub(now.wall_s.rem_euclid(3_600));
        store.log_decoys(Decoys { hour_s, service: decided.service.clone(), count: 1 });
    } else {
        store.log_decision(decision(decided, now.wall_s));
    }
}

/// The row.
fn decision(decided: &Decided, at_s: i64) -> Decision {
    Decision {
        at_s,
        reference: decided.reference.clone(),
        user: decided.user.clone(),
        uid: decided.uid,
        peer_uid: decided.peer_uid,
        source: decided.source.text().0,
        service: decided.service.clone(),
        class: String::from(decided.class.word()),
        factor: decided.factor.map(|factor| String::from(factor.word())),
        verdict: decided.verdict,
        reason: String::from(decided.reason),
        device: decided.device.as_ref().map(|device| device.0.clone()),
        generation: decided.generation,
    }
}

/// With the same fields always; in the journal they are `PAM_2FA_REFERENCE` and so on.
fn trace(decided: &Decided) {
    let verdict = match decided.verdict {
        Verdict::Allow => "allow",
        Verdict::NotSubject => "not_subject",
        Verdict::Deny | Verdict::Unknown => "deny",
        Verdict::Unavailable => "unavailable",
        Verdict::MaxTries => "max_tries",
    };
    let fields = (
        decided.uid.map_or_else(String::new, |uid| uid.to_string()),
        decided.detail.as_deref().unwrap_or_default(),
        decided.source.text().0,
        decided.factor.map_or("", Factor::word),
        decided.device.as_ref().map_or("", |device| device.0.as_str()),
    );
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                reference = decided.reference,
                verdict,
                reason = decided.reason,
                user = decided.user,
                uid = fields.0,
                service = decided.service,
                class = decided.class.word(),
                source = fields.2,
                factor = fields.3,
                device = fields.4,
                peer_uid = decided.peer_uid,
                generation = decided.generation,
                detail = fields.1,
                "login"
            )
        };
    }
    match decided.verdict {
        Verdict::Allow | Verdict::NotSubject => line!(info),
        Verdict::Deny | Verdict::MaxTries | Verdict::Unknown => line!(warn),
        Verdict::Unavailable => line!(error),
    }
}

#[cfg(test)]
mod tests;
