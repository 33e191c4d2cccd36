//! A program of the administrator's: how it is called, and what its exit status means (`<sysexits.h>`).

use super::Sending;
use super::program::{End, Job, Ran, run};
use crate::sms::values::{Filled, Values};
use crate::sms::{Accepted, Failure};
use pam_2fa_protocol::courier::{Class, Reason};
use pam_2fa_settings::provider::{Exec, Part, Template, Verdict};
use std::time::Duration;

/// The longest time for one message: what takes longer is worth another provider.
const LONGEST: Duration = Duration::from_secs(8);
/// The longest id of a message that is passed on, in characters.
const MAX_ID: usize = 64;

/// Runs the program for one message.
///
/// # Errors
/// [`Failure`]: it was not run, or did not end with status 0.
pub async fn send(exec: &Exec, sending: Sending<'_>) -> Result<Accepted, Failure> {
    let Sending { provider, values, owners, deadline, steps, .. } = sending;
    let mut argv = Vec::new();
    for template in &exec.argv {
        argv.extend(argument(template, values)?);
    }
    let program = argv.first().map(|program| program.as_str().to_owned()).unwrap_or_default();
    let stdin = values.fill(&exec.stdin)?.unwrap_or_default();
    steps.tell(|| format!("runs {program}, as {}.toml says", provider.id));
    let ran = run(Job { argv, stdin, turn: None }, deadline.or_after(LONGEST), owners).await?;
    steps.tell(|| format!("it {}", in_words(&ran)));
    judge(&program, &ran)
}

/// One argument; none where its value is left out.
fn argument(template: &Template, values: &Values<'_>) -> Result<Option<Filled>, Failure> {
    let Some(filled) = values.fill(template)? else { return Ok(None) };
    if filled.contains('\0') {
        return Err(Failure::Message(String::from("a value among the arguments holds a NUL")));
    }
    if filled.starts_with('-') && !matches!(template.parts().first(), Some(Part::Literal(_))) {
        let why = "a value begins with - and would be taken for an option; write a word before it, such as \"--from={sender}\"";
        return Err(Failure::setting("provider", why));
    }
    Ok(Some(filled))
}

/// `ended with status 75: the line is busy`.
fn in_words(ran: &Ran) -> String {
    let how = match ran.end {
        End::Exited(status) => format!("ended with status {status}"),
        End::Signalled(signal) => format!("was ended by signal {signal}"),
        End::Stopped => String::from("did not end in time and was stopped"),
    };
    let said = ran.said();
    if said.is_empty() { how } else { format!("{how}: {said}") }
}

/// What the end means. The program says, by these few statuses, that the message was taken or certainly was not; after any other it
/// may have been.
fn judge(program: &str, ran: &Ran) -> Result<Accepted, Failure> {
    let (class, reason) = match ran.end {
        End::Exited(0) => return Ok(Accepted { provider_id: id(&ran.out), said: in_words(ran) }),
        End::Exited(64) => (Class::Rejected, Some(Reason::Request)),
        End::Exited(67) => (Class::Rejected, Some(Reason::BadNumber)),
        End::Exited(69) => (Class::Temporary, Some(Reason::Unreachable)),
        End::Exited(75) => (Class::Temporary, None),
        End::Exited(77) => (Class::AuthError, Some(Reason::Credentials)),
        End::Exited(78) => (Class::Rejected, Some(Reason::Config)),
        End::Exited(_) | End::Signalled(_) | End::Stopped => {
            return Err(Failure::Lost { host: program.to_owned(), why: in_words(ran) });
        }
    };
    Err(Failure::told(Verdict { class, reason }, format!("{program} {}", in_words(ran))))
}

/// What stands behind `id=` in the first line that begins so.
fn id(out: &str) -> Option<String> {
    let id: String = out.lines().find_map(|line| line.strip_prefix("id="))?.trim().chars().take(MAX_ID).collect();
    (!id.is_empty()).then_some(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_status_0_is_a_yes_and_only_known_ones_are_a_certain_no() {
        let ended = |end| Ran { end, out: String::from("hello\nid= 7-x \nid=8\n"), err: String::new(), is_all: true };
        let accepted = judge("/p", &ended(End::Exited(0))).unwrap();
        assert_eq!(accepted.provider_id.as_deref(), Some("7-x"));
        for status in 1..=255 {
            let outcome = judge("/p", &ended(End::Exited(status))).expect_err("accepted").outcome();
            let is_certain = matches!(status, 64 | 67 | 69 | 75 | 77 | 78);
            assert_eq!(outcome.reason != Some(Reason::Unrecognised), is_certain, "{status}: {outcome:?}");
            assert_eq!(outcome.said.contains("may have been taken"), !is_certain, "{status}: {outcome:?}");
        }
        for end in [End::Signalled(9), End::Stopped] {
            let outcome = judge("/p", &ended(end)).expect_err("accepted").outcome();
            assert_eq!((outcome.class, outcome.reason), (Class::Temporary, Some(Reason::Unrecognised)));
        }
    }

    #[test]
    fn an_id_is_one_only_where_there_is_a_line_of_it() {
        assert_eq!(id(""), None);
        assert_eq!(id("id=\nid=1"), None);
        assert_eq!(id("the id=1"), None);
        assert_eq!(id(&format!("id={}", "x".repeat(1000))).unwrap().len(), MAX_ID);
    }
}
