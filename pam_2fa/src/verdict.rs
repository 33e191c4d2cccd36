//! Every end of a call of the module, and the one match that gives it a PAM code.
//!
//! `PAM_SUCCESS` and `PAM_IGNORE` are written here and nowhere else in this crate (a test counts them). There is no default
//! and no `_` arm: a new outcome must say which code it is.

use pam::constants::PamResultCode;
use pam_2fa_protocol::login::Verdict;
use std::time::Duration;

use crate::stop::Stop;

/// How a call of the module ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The daemon said allow.
    Allowed,
    /// The daemon said that policy leaves this login alone. Never an error.
    NotSubject,
    /// `key-proven`: sshd has checked a public key.
    KeyProven,
    /// No code can be checked, and a break-glass code was right and is used up.
    GlassBroken,
    /// `pam_sm_setcred`: this module has no credentials to set, and an ignored setcred fails a stack of its own.
    NothingToSet,
    /// Wrong, forbidden, or something in the login itself that nobody honest does.
    Denied,
    /// The daemon cannot be asked, or cannot decide.
    Unavailable,
    /// Too many wrong codes: the host should not ask again.
    TooManyTries,
}

/// The PAM code of an outcome.
pub(crate) fn pam_code(outcome: Outcome) -> PamResultCode {
    match outcome {
        Outcome::Allowed | Outcome::KeyProven | Outcome::GlassBroken | Outcome::NothingToSet => {
            PamResultCode::PAM_SUCCESS
        }
        Outcome::NotSubject => PamResultCode::PAM_IGNORE,
        Outcome::Denied => PamResultCode::PAM_AUTH_ERR,
        Outcome::Unavailable => PamResultCode::PAM_AUTHINFO_UNAVAIL,
        Outcome::TooManyTries => PamResultCode::PAM_MAXTRIES,
    }
}

impl Outcome {
    /// Whether a login that ends so is kept out.
    pub(crate) fn keeps_out(self) -> bool {
        match self {
            Self::Allowed | Self::NotSubject | Self::KeyProven | Self::GlassBroken | Self::NothingToSet => false,
            Self::Denied | Self::Unavailable | Self::TooManyTries => true,
        }
    }
}

/// The outcome of a verdict in the full mode.
///
/// # Errors
/// [`Stop::UnknownVerdict`] for a verdict of a later release.
pub(crate) fn outcome(verdict: Verdict) -> Result<Outcome, Stop> {
    match verdict {
        Verdict::Allow => Ok(Outcome::Allowed),
        Verdict::NotSubject => Ok(Outcome::NotSubject),
        Verdict::Deny => Ok(Outcome::Denied),
        Verdict::Unavailable => Ok(Outcome::Unavailable),
        Verdict::MaxTries => Ok(Outcome::TooManyTries),
        Verdict::Unknown => Err(Stop::UnknownVerdict),
    }
}

/// How long a denied login is held back at least (DESIGN rule 2), where the daemon does not say.
const FAIL_DELAY: Duration = Duration::from_secs(2);
/// The bounds of what the daemon may say. Not less than a second: a delay of nothing would show which denial it was.
const SHORTEST_FAIL_DELAY: Duration = Duration::from_secs(1);
const LONGEST_FAIL_DELAY: Duration = Duration::from_secs(10);

/// An outcome with what the host is told beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ending {
    /// How it ends.
    pub(crate) outcome: Outcome,
    /// What goes to `pam_fail_delay` if it keeps the login out.
    pub(crate) fail_delay: Duration,
    /// What the daemon's log calls this login.
    pub(crate) reference: Option<String>,
}

impl Ending {
    /// An end that the daemon had no say in.
    pub(crate) const fn of(outcome: Outcome) -> Self {
        Self { outcome, fail_delay: FAIL_DELAY, reference: None }
    }

    /// An end with the daemon's own delay, in milliseconds, and reference.
    pub(crate) fn with(outcome: Outcome, fail_delay_ms: Option<i64>, reference: Option<String>) -> Self {
        let fail_delay = fail_delay_ms.map_or(FAIL_DELAY, |ms| {
            Duration::from_millis(u64::try_from(ms).unwrap_or(0)).clamp(SHORTEST_FAIL_DELAY, LONGEST_FAIL_DELAY)
        });
        Self { outcome, fail_delay, reference }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_keeps_out_has_a_code_that_denies() {
        let denials = [
            (Outcome::Denied, PamResultCode::PAM_AUTH_ERR),
            (Outcome::Unavailable, PamResultCode::PAM_AUTHINFO_UNAVAIL),
            (Outcome::TooManyTries, PamResultCode::PAM_MAXTRIES),
        ];
        for (outcome, code) in denials {
            assert!(outcome.keeps_out());
            assert_eq!(pam_code(outcome), code);
        }
    }

    #[test]
    fn an_unknown_verdict_is_a_denial() {
        assert_eq!(outcome(Verdict::Unknown).unwrap_err().outcome(), Outcome::Denied);
    }

    #[test]
    fn the_daemon_cannot_shorten_the_delay_to_nothing_or_stretch_it_for_ever() {
        let delay = |ms| Ending::with(Outcome::Denied, ms, None).fail_delay.as_millis();
        assert_eq!(delay(None), 2_000);
        assert_eq!(delay(Some(0)), 1_000);
        assert_eq!(delay(Some(-5)), 1_000);
        assert_eq!(delay(Some(3_000)), 3_000);
        assert_eq!(delay(Some(i64::MAX)), 10_000);
    }
}
