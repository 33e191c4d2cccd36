//! What is shown and what is typed. It must never show a text of its own, and never keep or hand on an answer that no person
//! can have typed.

use pam::constants::{PAM_ERROR_MSG, PAM_PROMPT_ECHO_OFF, PAM_PROMPT_ECHO_ON, PAM_TEXT_INFO, PamMessageStyle};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::login::Question;

use crate::ffi::pam::Host;
use crate::options::Tells;
use crate::pace::Pace;
use crate::stop::Unanswered;

/// The longest answer, bytes: longer than any code or address, and however it is escaped it fits a frame.
const LONGEST_ANSWER: usize = 512;

/// How a text is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tone {
    /// By the way.
    Info,
    /// The reason of a denial.
    Error,
}

/// The person in front, through the host.
pub(crate) trait Conversation {
    /// Shows a line, if the host shows lines at all.
    fn tell(&self, tone: Tone, text: &str);

    /// Shows a prompt and takes what is typed.
    ///
    /// # Errors
    /// When nobody answered, or nobody can have answered so.
    fn ask(&self, question: &Question) -> Result<Secret, Unanswered>;

    /// Waits until a denial may be seen.
    fn wait(&self);
}

/// The host's own conversation.
#[derive(Debug)]
pub(crate) struct Terminal<'a, 'h> {
    /// The host.
    pub(crate) host: &'a Host<'h>,
    /// Whether lines are shown.
    pub(crate) tells: Tells,
    /// When prompts are.
    pub(crate) pace: Pace,
}

impl Conversation for Terminal<'_, '_> {
    fn tell(&self, tone: Tone, text: &str) {
        let style = match (self.tells, tone) {
            (Tells::Hidden, _) => return,
            (Tells::Shown, Tone::Info) => PAM_TEXT_INFO,
            (Tells::Shown, Tone::Error) => PAM_ERROR_MSG,
        };
        // Hosts may leave the reply to a text empty, which reads here as a failure, so a failure says nothing. A host whose
        // conversation is really broken fails the prompt.
        drop(self.host.converse(style, text));
    }

    fn ask(&self, question: &Question) -> Result<Secret, Unanswered> {
        let style: PamMessageStyle = if question.echo { PAM_PROMPT_ECHO_ON } else { PAM_PROMPT_ECHO_OFF };
        // Whatever a login needs and cannot have ends it, the clock too.
        self.pace.set(question.pace_ms);
        self.pace.wait().ok_or(Unanswered::CannotAsk)?;
        let reply = self.host.converse(style, &question.text).map_err(|_| Unanswered::CannotAsk)?;
        self.pace.restart().ok_or(Unanswered::CannotAsk)?;
        let reply = reply.ok_or(Unanswered::Nothing)?;
        // sshd's `password` method and Cockpit answer every hidden prompt with the password, some clients every prompt; it may have a
        // code's form, and is none of the daemon's business. Whose code is the password is nobody.
        if !reply.is_empty() && self.host.password_is(reply.as_bytes()) {
            return Err(Unanswered::Password);
        }
        answer(reply.as_bytes())
    }

    fn wait(&self) {
        let _without_a_clock_at_once = self.pace.wait();
    }
}

/// An answer that may be sent. An empty one may: what it means is the daemon's business.
///
/// # Errors
/// [`Unanswered::TooLong`], [`Unanswered::Junk`].
pub(crate) fn answer(bytes: &[u8]) -> Result<Secret, Unanswered> {
    if bytes.len() > LONGEST_ANSWER {
        return Err(Unanswered::TooLong);
    }
    let text = str::from_utf8(bytes).map_err(|_| Unanswered::Junk)?;
    if text.chars().any(char::is_control) {
        return Err(Unanswered::Junk);
    }
    Ok(Secret::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_person_can_have_typed_is_not_an_answer() {
        for junk in
            [&b"\x08\n\r\x7fINCORRECT"[..], b"123456\n", b"\x00", b"12\x1b[2J", b"\xff\xfe", "12\u{85}".as_bytes()]
        {
            assert_eq!(answer(junk).unwrap_err(), Unanswered::Junk, "{junk:?}");
        }
        assert_eq!(answer(&[b'1'; LONGEST_ANSWER + 1]).unwrap_err(), Unanswered::TooLong);
        assert!(answer(&[b'"'; LONGEST_ANSWER]).is_ok());
    }

    #[test]
    fn what_was_typed_is_passed_on_as_it_is() {
        for typed in ["", "123456", " 123 456 ", "é r", "\"\\"] {
            assert_eq!(answer(typed.as_bytes()).unwrap().expose(), typed);
        }
    }
}
