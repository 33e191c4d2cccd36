//! `decoy`: behind a failed first factor, shows what a right one would have led to, and denies.
//!
//! Its own type of end has no success in it, so neither a bug here nor a lie of the daemon can make one. It resolves nobody,
//! asks the daemon one frame, and holds no connection while it prompts. What is typed is forgotten.

use pam_2fa_protocol::login::{Begin, Verdict};

use crate::channel::Daemon;
use crate::conversation::{Conversation, Tone};
use crate::dialogue::{MAX_PROMPTS, Next, begin_frame, next, parse_step, tell, typed};
use crate::stop::Stop;
use crate::verdict::{Ending, Outcome};

/// The only ends there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum DecoyEnd {
    Denied,
    Unavailable,
}

/// Plays the decoy to its end.
///
/// # Errors
/// Whatever ended it early; every one of them denies.
pub(crate) fn play(mut daemon: impl Daemon, person: &impl Conversation, begin: &Begin) -> Result<Ending, Stop> {
    let reply = daemon.exchange(&begin_frame(begin)?);
    drop(daemon); // the connection ends before anybody is asked
    let mut step = parse_step(&reply?)?;
    let end = match next(&mut step)? {
        Next::Ask(question) => {
            tell(person, Tone::Info, &step);
            for _ in 0..shows(question.times) {
                // As the real one: who does not answer is not asked again.
                typed(person, &question)?;
            }
            person.wait();
            DecoyEnd::Denied
        }
        Next::End(Verdict::Unavailable) => {
            tell(person, Tone::Error, &step);
            DecoyEnd::Unavailable
        }
        Next::End(Verdict::Allow | Verdict::NotSubject | Verdict::Deny | Verdict::MaxTries | Verdict::Unknown) => {
            tell(person, Tone::Error, &step);
            DecoyEnd::Denied
        }
    };
    let outcome = match end {
        DecoyEnd::Denied => Outcome::Denied,
        DecoyEnd::Unavailable => Outcome::Unavailable,
    };
    Ok(Ending::with(outcome, step.fail_delay_ms, step.reference))
}

/// How often the question is shown: at least once, at most as often as a real login may ask.
fn shows(times: Option<i64>) -> usize {
    times.map_or(1, |times| usize::try_from(times).unwrap_or(0)).clamp(1, MAX_PROMPTS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialogue::script::{Person, Scripted, ada};

    fn played(reply: &str, person: &Person) -> Outcome {
        let mut daemon = Scripted::new(&[reply, r#"{"parameters":{"step":{"tell":[],"verdict":"allow"}}}"#]);
        let outcome = play(&mut daemon, person, &ada()).map_or_else(|stop| stop.outcome(), |ending| ending.outcome);
        assert_eq!(daemon.calls.len(), 1, "the daemon is asked one frame");
        outcome
    }

    #[test]
    fn a_daemon_that_lies_cannot_make_it_a_success() {
        for verdict in ["allow", "not_subject", "deny", "max_tries", "of_a_later_release"] {
            let reply = format!(r#"{{"parameters":{{"step":{{"tell":[],"verdict":"{verdict}"}}}}}}"#);
            assert_eq!(played(&reply, &Person::default()), Outcome::Denied, "{verdict}");
        }
        let reply = r#"{"parameters":{"step":{"tell":[],"verdict":"unavailable"}}}"#;
        assert_eq!(played(reply, &Person::default()), Outcome::Unavailable);
    }

    #[test]
    fn the_question_is_shown_as_often_as_told_within_the_bounds_of_a_real_login() {
        for (times, shown) in [(None, 1), (Some(-1), 1), (Some(0), 1), (Some(3), 3), (Some(i64::MAX), MAX_PROMPTS)] {
            let times = times.map_or(String::new(), |times| format!(",\"times\":{times}"));
            let reply =
                format!(r#"{{"parameters":{{"step":{{"tell":[],"ask":{{"text":"Code: ","echo":true{times}}}}}}}}}"#);
            let person = Person::typing(&["123456"; 20]);
            assert_eq!(played(&reply, &person), Outcome::Denied);
            assert_eq!((person.seen.borrow().len(), person.waited.get()), (shown, 1), "{reply}");
        }
    }

    #[test]
    fn sshds_junk_and_what_is_too_long_are_asked_again_as_anybodys_answer_is() {
        let reply = r#"{"parameters":{"step":{"tell":[],"ask":{"text":"Code: ","echo":true,"times":3}}}}"#;
        for answer in ["\u{8}\n\r\u{7f}INCORRECT", "\"".repeat(512).leak(), "\"".repeat(513).leak()] {
            let person = Person::typing(&[answer; 4]);
            assert_eq!(played(reply, &person), Outcome::Denied);
            assert_eq!(person.seen.borrow().len(), 3);
        }
    }

    #[test]
    fn who_does_not_answer_is_not_asked_again() {
        let reply = r#"{"parameters":{"step":{"tell":[],"ask":{"text":"Code: ","echo":true,"times":3}}}}"#;
        let person = Person::typing(&["1"]);
        assert_eq!(played(reply, &person), Outcome::Denied);
        assert_eq!(person.seen.borrow().len(), 2);
    }
}
