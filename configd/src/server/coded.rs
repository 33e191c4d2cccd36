//! The last login of each service that was let in by a code, for `pam-2fa confirm`: kept in memory, since whoever was interrupted by a
//! restart logs in once more.

use crate::clock::Moment;
use crate::login::{Decided, Factor};
use pam_2fa_protocol::admin::Coded;
use pam_2fa_protocol::login::Verdict;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Services that are kept; a host has a few dozen in /etc/pam.d. Only root's programs name them.
const SERVICES: usize = 256;

/// The last one of each service.
#[derive(Debug, Default)]
pub struct CodedLogins {
    last: Mutex<HashMap<String, Coded>>,
}

impl CodedLogins {
    /// Keeps it, where it is one: of root's programs, since any user's process may say that it is sshd, and with a code that proves that
    /// codes arrive. A remembered device, a recovery code and an administrator's one do not.
    pub fn note(&self, decided: &Decided, began: &Moment) {
        let Some(factor @ (Factor::Email | Factor::Sms | Factor::App)) = decided.factor else { return };
        if decided.verdict != Verdict::Allow || decided.peer_uid != 0 {
            return;
        }
        let coded = Coded {
            user: decided.user.clone(),
            factor: String::from(factor.word()),
            began: began.rfc3339(),
            began_boot_ms: i64::try_from(began.boot_ms).unwrap_or(i64::MAX),
        };
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_newer = last.get(&decided.service).is_none_or(|kept| kept.began_boot_ms <= coded.began_boot_ms);
        if !is_newer {
            return;
        }
        // A program that lets its user name the service (an old kcheckpass) takes no place from a login that somebody waits for.
        if last.len() >= SERVICES && !last.contains_key(&decided.service) {
            let first = last.iter().min_by_key(|(_, kept)| kept.began_boot_ms).map(|(service, _)| service.clone());
            first.map(|service| last.remove(&service));
        }
        last.insert(decided.service.clone(), coded);
    }

    /// The one of that service which began last.
    #[must_use]
    pub fn of(&self, service: &str) -> Option<Coded> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).get(service).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::BootId;
    use crate::login::class::Class;
    use crate::login::source::Source;

    fn decided(service: &str, factor: Option<Factor>, verdict: Verdict, peer_uid: u32) -> Decided {
        Decided {
            reference: String::from("K7Q2M9XD"),
            peer_uid,
            user: String::from("ada"),
            uid: Some(1000),
            service: String::from(service),
            class: Class::Ssh,
            source: Source::Local,
            factor,
            verdict,
            reason: "code",
            device: None,
            detail: None,
            generation: 1,
        }
    }

    fn at(boot_ms: u64) -> Moment {
        Moment { wall_s: 1_795_507_200, boot_ms, boot: BootId(String::from("b")) }
    }

    #[test]
    fn a_login_counts_where_a_code_that_was_sent_or_shown_let_a_program_of_roots_in_and_the_one_that_began_last() {
        let logins = CodedLogins::default();
        for (factor, verdict, peer_uid) in [
            (Some(Factor::Email), Verdict::Deny, 0),
            (Some(Factor::Email), Verdict::MaxTries, 0),
            (Some(Factor::Email), Verdict::NotSubject, 0),
            (Some(Factor::Email), Verdict::Allow, 1000),
            (Some(Factor::TrustedDevice), Verdict::Allow, 0),
            (Some(Factor::Recovery), Verdict::Allow, 0),
            (Some(Factor::Grant), Verdict::Allow, 0),
            (None, Verdict::Allow, 0),
        ] {
            logins.note(&decided("sshd", factor, verdict, peer_uid), &at(7));
            assert_eq!(logins.of("sshd"), None, "{factor:?} {verdict:?} {peer_uid}");
        }
        for (factor, began) in [(Factor::Email, 10), (Factor::Sms, 30), (Factor::App, 20)] {
            logins.note(&decided("sshd", Some(factor), Verdict::Allow, 0), &at(began));
        }
        let last = logins.of("sshd").unwrap();
        assert_eq!(
            (last.factor.as_str(), last.began_boot_ms, last.began.as_str()),
            ("sms", 30, "2026-11-24T08:00:00Z")
        );
        assert_eq!(logins.of("login"), None);
        for number in 0..2 * SERVICES {
            logins.note(&decided(&number.to_string(), Some(Factor::App), Verdict::Allow, 0), &at(40));
        }
        assert_eq!(logins.last.lock().unwrap().len(), SERVICES);
        // The one that began first has made room.
        assert_eq!(logins.of("sshd"), None);
        assert!(logins.of(&(2 * SERVICES - 1).to_string()).is_some());
        logins.note(&decided("login", Some(Factor::App), Verdict::Allow, 0), &at(41));
        assert_eq!(logins.of("login").unwrap().began_boot_ms, 41);
        assert_eq!(logins.last.lock().unwrap().len(), SERVICES);
        logins.note(&decided("sshd", Some(Factor::App), Verdict::Allow, 0), &at(50));
        assert_eq!(logins.of("sshd").unwrap().began_boot_ms, 50);
    }
}
