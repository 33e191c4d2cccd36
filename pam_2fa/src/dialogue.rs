//! The full mode: `Begin`, then a prompt and an `Answer` for each question, until a verdict.
//!
//! It shows what it is told to show and returns what was typed. It must never look into either, and never make up a verdict.

use pam_2fa_protocol::Secret;
use pam_2fa_protocol::frame::{Frame, terminated};
use pam_2fa_protocol::login::{
    ANSWER, Answer, BEGIN, Begin, NOT_PERMITTED, Question, SEALED, Step, StepReply, VERSION_NOT_SUPPORTED, Verdict,
};
use pam_2fa_protocol::wire::{More, decode_reply, encode_call};

use crate::channel::Daemon;
use crate::conversation::{Conversation, Tone};
use crate::stop::{ItemFlaw, Stop, Unanswered};
use crate::verdict::{self, Ending};

/// The most prompts of one call (DESIGN rule 4).
pub(crate) const MAX_PROMPTS: usize = 12;

/// What a step asks for: exactly one of these.
#[derive(Debug)]
pub(crate) enum Next {
    /// A question.
    Ask(Question),
    /// The end.
    End(Verdict),
}

/// Begins a login: the daemon's first step.
///
/// # Errors
/// Whatever keeps it from coming.
pub(crate) fn open(daemon: &mut impl Daemon, begin: &Begin) -> Result<Step, Stop> {
    parse_step(&daemon.exchange(&begin_frame(begin)?)?)
}

/// Leads a login from its first step to its end.
///
/// # Errors
/// Whatever ends it without a verdict.
pub(crate) fn lead(daemon: &mut impl Daemon, person: &impl Conversation, first: Step) -> Result<Ending, Stop> {
    let mut step = first;
    for shown in 0..=MAX_PROMPTS {
        match next(&mut step)? {
            Next::End(verdict) => return end(step, verdict, person),
            Next::Ask(_) if shown == MAX_PROMPTS => break,
            Next::Ask(question) => {
                tell(person, Tone::Info, &step);
                let call = answer_frame(&Answer { text: typed(person, &question)? })?;
                // However it ends, a denial comes no sooner than a decoy's.
                step = daemon.exchange(&call).and_then(|reply| parse_step(&reply)).inspect_err(|_| person.wait())?;
            }
        }
    }
    Err(Stop::TooManyPrompts)
}

/// What is typed. Under the constant prompt what no person types is no end, in a login as at a decoy: it counts as nothing. sshd's
/// junk stands for what somebody typed who is no user, or may not log in, and would be told so by a shorter dialogue.
pub(crate) fn typed(person: &impl Conversation, question: &Question) -> Result<Secret, Unanswered> {
    match person.ask(question) {
        Err(Unanswered::Junk | Unanswered::TooLong | Unanswered::Password) if question.times.is_some() => {
            Ok(Secret::new(String::new()))
        }
        typed => typed,
    }
}

fn end(step: Step, verdict: Verdict, person: &impl Conversation) -> Result<Ending, Stop> {
    let outcome = verdict::outcome(verdict)?;
    if outcome.keeps_out() {
        person.wait();
    }
    tell(person, if outcome.keeps_out() { Tone::Error } else { Tone::Info }, &step);
    Ok(Ending::with(outcome, step.fail_delay_ms, step.reference))
}

/// Shows a step's texts.
pub(crate) fn tell(person: &impl Conversation, tone: Tone, step: &Step) {
    for line in &step.tell {
        person.tell(tone, line);
    }
}

/// The frame that begins a login.
///
/// # Errors
/// When what the host says of itself does not fit a frame.
pub(crate) fn begin_frame(begin: &Begin) -> Result<Frame, Stop> {
    let call = encode_call(BEGIN, begin, More::No).map_err(Stop::CannotWrite)?;
    terminated(&call).map_err(|_| Stop::Item("what the host says of this login", ItemFlaw::TooLong))
}

fn answer_frame(answer: &Answer) -> Result<Frame, Stop> {
    let call = encode_call(ANSWER, answer, More::No).map_err(Stop::CannotWrite)?;
    terminated(&call).map_err(|_| Stop::Unanswered(Unanswered::TooLong))
}

/// The step in a reply.
///
/// # Errors
/// When it is an error, or no reply of this interface.
pub(crate) fn parse_step(frame: &[u8]) -> Result<Step, Stop> {
    let reply = decode_reply(frame).map_err(Stop::NotAMessage)?;
    match reply.error.as_deref() {
        None if reply.continues => Err(Stop::OutOfTurn),
        None => Ok(reply.parameters::<StepReply>().map_err(Stop::NotAMessage)?.step),
        Some(SEALED) => Err(Stop::Sealed),
        Some(NOT_PERMITTED) => Err(Stop::NotPermitted),
        Some(VERSION_NOT_SUPPORTED) => Err(Stop::Version),
        Some(other) => Err(Stop::Daemon(other.to_owned())),
    }
}

/// What the step asks for; its question is taken out of it.
///
/// # Errors
/// [`Stop::NoSingleStep`].
pub(crate) fn next(step: &mut Step) -> Result<Next, Stop> {
    match (step.ask.take(), step.verdict) {
        (Some(question), None) => Ok(Next::Ask(question)),
        (None, Some(verdict)) => Ok(Next::End(verdict)),
        (Some(_), Some(_)) | (None, None) => Err(Stop::NoSingleStep),
    }
}

#[cfg(test)]
pub(crate) mod script {
    //! A daemon and a person who follow a script and remember what they were sent and shown.

    use super::*;
    use crate::conversation::answer;
    use std::cell::{Cell, RefCell};
    use std::collections::VecDeque;

    /// Answers each call with the next frame of its script.
    #[derive(Default)]
    pub(crate) struct Scripted {
        pub(crate) replies: VecDeque<String>,
        pub(crate) calls: Vec<String>,
    }

    impl Scripted {
        pub(crate) fn new(replies: &[&str]) -> Self {
            Self { replies: replies.iter().map(|reply| (*reply).to_owned()).collect(), calls: Vec::new() }
        }
    }

    impl Daemon for &mut Scripted {
        fn exchange(&mut self, frame: &[u8]) -> Result<Frame, Stop> {
            self.calls.push(String::from_utf8(frame.to_vec()).unwrap());
            let reply = self.replies.pop_front().ok_or(Stop::Closed)?;
            Ok(Frame::new(reply.into_bytes()))
        }
    }

    /// Types the answers of its script; nothing more comes back when they are used up.
    #[derive(Default)]
    pub(crate) struct Person {
        pub(crate) answers: RefCell<VecDeque<&'static str>>,
        pub(crate) seen: RefCell<Vec<String>>,
        /// How often it waited for the time of a denial.
        pub(crate) waited: Cell<usize>,
    }

    impl Person {
        pub(crate) fn typing(answers: &[&'static str]) -> Self {
            Self { answers: RefCell::new(answers.iter().copied().collect()), ..Self::default() }
        }
    }

    impl Conversation for Person {
        fn wait(&self) {
            self.waited.set(self.waited.get() + 1);
        }

        fn tell(&self, tone: Tone, text: &str) {
            self.seen.borrow_mut().push(format!("{tone:?}: {text}"));
        }

        fn ask(&self, question: &Question) -> Result<Secret, Unanswered> {
            let echo = if question.echo { "echo" } else { "hidden" };
            self.seen.borrow_mut().push(format!("{echo}: {}", question.text));
            let typed = self.answers.borrow_mut().pop_front().ok_or(Unanswered::Nothing)?;
            answer(typed.as_bytes())
        }
    }

    /// A login of ada over ssh.
    pub(crate) fn ada() -> Begin {
        Begin {
            version: pam_2fa_protocol::login::VERSION,
            user: "ada".into(),
            service: "sshd".into(),
            tty: Some("ssh".into()),
            remote_host: Some("192.0.2.7".into()),
            remote_user: None,
            auth_info: None,
            anchor: 7,
            session: None,
            password_stamp: None,
            caller_stamp: None,
            real_uid: None,
            seat: None,
            password: false,
            decoy: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::script::{Person, Scripted, ada};
    use super::*;
    use crate::verdict::Outcome;

    fn lead(mut daemon: &mut Scripted, person: &Person, begin: &Begin) -> Result<Ending, Stop> {
        let first = open(&mut daemon, begin)?;
        super::lead(&mut daemon, person, first)
    }

    const ASK: &str = r#"{"parameters":{"step":{"tell":[],"ask":{"text":"Code: ","echo":true}}}}"#;

    #[test]
    fn what_was_typed_reaches_the_daemon_and_its_verdict_ends_the_login() {
        let allow = r#"{"parameters":{"step":{"tell":["Welcome"],"verdict":"allow"}}}"#;
        let mut daemon = Scripted::new(&[ASK, allow]);
        let person = Person::typing(&["12\"3"]);
        let ending = lead(&mut daemon, &person, &ada()).unwrap();
        assert_eq!(ending.outcome, Outcome::Allowed);
        assert_eq!(*person.seen.borrow(), ["echo: Code: ", "Info: Welcome"]);
        assert_eq!(person.waited.get(), 0);
        assert_eq!(daemon.calls[1], "{\"method\":\"io.pam2fa.Login.Answer\",\"parameters\":{\"text\":\"12\\\"3\"}}\0");
    }

    #[test]
    fn a_denial_shows_its_texts_as_errors_and_keeps_its_reference() {
        let deny = r#"{"parameters":{"step":{"tell":["No. Ref K7Q2M9XD"],"verdict":"deny","reference":"K7Q2M9XD","fail_delay_ms":4000}}}"#;
        let person = Person::default();
        let ending = lead(&mut Scripted::new(&[deny]), &person, &ada()).unwrap();
        assert_eq!(ending, Ending::with(Outcome::Denied, Some(4000), Some("K7Q2M9XD".into())));
        assert_eq!(*person.seen.borrow(), ["Error: No. Ref K7Q2M9XD"]);
        assert_eq!(person.waited.get(), 1, "it comes no sooner than a decoy's");
    }

    #[test]
    fn replies_that_are_no_single_step_are_unavailable() {
        let broken = [
            r#"{"parameters":{"step":{"tell":[]}}}"#,
            r#"{"parameters":{"step":{"tell":[],"ask":{"text":"x","echo":true},"verdict":"allow"}}}"#,
            r#"{"parameters":{"step":{"tell":[],"verdict":"allow","verdict":"allow"}}}"#,
            r#"{"parameters":{"step":{"tell":[],"verdict":"allow"}},"continues":true}"#,
            r#"{"parameters":{"step":{"tell":[],"verdict":"allow"}},"error":"io.pam2fa.Login.Sealed"}"#,
            r#"{"parameters":{"step":{"tell":[],"verdict":"allow"}},"error":"io.pam2fa.Login.NotPermitted"}"#,
            r#"{"parameters":{"min":2,"max":3},"error":"io.pam2fa.Login.VersionNotSupported"}"#,
            r#"{"error":"org.varlink.service.MethodNotFound"}"#,
            r#"{"parameters":{}}"#,
            "{}",
            "[]",
            "",
            "allow",
        ];
        for reply in broken {
            let stop = lead(&mut Scripted::new(&[reply]), &Person::default(), &ada()).unwrap_err();
            assert_eq!(stop.outcome(), Outcome::Unavailable, "{reply}");
        }
    }

    #[test]
    fn a_verdict_of_a_later_release_is_a_denial() {
        let reply = r#"{"parameters":{"step":{"tell":[],"verdict":"allow_with_notice"}}}"#;
        let stop = lead(&mut Scripted::new(&[reply]), &Person::default(), &ada()).unwrap_err();
        assert!(matches!(stop, Stop::UnknownVerdict));
        assert_eq!(stop.outcome(), Outcome::Denied);
    }

    #[test]
    fn a_daemon_that_never_stops_asking_is_cut_off_after_twelve_prompts() {
        let mut daemon = Scripted::new(&[ASK; 40]);
        let person = Person::typing(&["1"; 40]);
        let stop = lead(&mut daemon, &person, &ada()).unwrap_err();
        assert!(matches!(stop, Stop::TooManyPrompts));
        assert_eq!(person.seen.borrow().len(), MAX_PROMPTS);
    }

    #[test]
    fn what_does_not_fit_a_frame_is_a_denial_and_is_not_sent() {
        let mut daemon = Scripted::new(&[ASK]);
        let begin = Begin { user: "\"".repeat(9_000), ..ada() };
        let stop = lead(&mut daemon, &Person::default(), &begin).unwrap_err();
        assert_eq!(stop.outcome(), Outcome::Denied);
        assert!(daemon.calls.is_empty());
    }

    #[test]
    fn junk_ends_a_login_but_where_it_would_be_no_end_of_a_decoy() {
        let mut daemon = Scripted::new(&[ASK]);
        assert!(lead(&mut daemon, &Person::typing(&["\u{8}INCORRECT"]), &ada()).is_err());
        assert_eq!(daemon.calls.len(), 1);
        let again = r#"{"parameters":{"step":{"tell":[],"ask":{"text":"Code: ","echo":true,"times":3}}}}"#;
        let deny = r#"{"parameters":{"step":{"tell":[],"verdict":"deny"}}}"#;
        let mut daemon = Scripted::new(&[again, deny]);
        let ending = lead(&mut daemon, &Person::typing(&["\u{8}INCORRECT"]), &ada()).unwrap();
        assert_eq!(ending.outcome, Outcome::Denied);
        assert!(daemon.calls[1].contains(r#"{"text":""}"#), "nothing of it leaves: {}", daemon.calls[1]);
    }

    #[test]
    fn a_login_that_breaks_off_after_an_answer_ends_no_sooner_than_a_decoy() {
        let sealed = r#"{"error":"io.pam2fa.Login.Sealed"}"#;
        let person = Person::typing(&["123456"]);
        let stop = lead(&mut Scripted::new(&[ASK, sealed]), &person, &ada()).unwrap_err();
        assert!(matches!(stop, Stop::Sealed) && person.waited.get() == 1, "{stop:?}");
    }

    #[test]
    fn an_answer_that_is_too_long_ends_a_login_but_where_it_would_be_no_end_of_a_decoy() {
        let (fits, too_long) = ("\"".repeat(512).leak(), "\"".repeat(513).leak());
        let again = r#"{"parameters":{"step":{"tell":[],"ask":{"text":"Code: ","echo":true,"times":3}}}}"#;
        let deny = r#"{"parameters":{"step":{"tell":[],"verdict":"deny"}}}"#;
        let mut daemon = Scripted::new(&[again, again, deny]);
        let ending = lead(&mut daemon, &Person::typing(&[fits, too_long]), &ada()).unwrap();
        assert_eq!(ending.outcome, Outcome::Denied);
        assert!(daemon.calls[1].contains(&"\\\"".repeat(512)), "{}", daemon.calls[1]);
        assert!(daemon.calls[2].contains(r#"{"text":""}"#), "{}", daemon.calls[2]);
        let mut daemon = Scripted::new(&[ASK, deny]);
        let stop = lead(&mut daemon, &Person::typing(&[too_long]), &ada()).unwrap_err();
        assert!(matches!(stop, Stop::Unanswered(Unanswered::TooLong)) && daemon.calls.len() == 1, "{stop:?}");
    }

    #[test]
    fn without_an_answer_nothing_is_sent() {
        let mut daemon = Scripted::new(&[ASK]);
        let stop = lead(&mut daemon, &Person::default(), &ada()).unwrap_err();
        assert_eq!(stop.outcome(), Outcome::Denied);
        assert_eq!(daemon.calls.len(), 1);
    }
}
