//! A telephone or modem that gammu speaks to: `gammu sendsms TEXT`, with the text on its standard input.
//!
//! What is relied on was read in gammu's manual and source and seen with 1.42, in front of a modem that answers so: before it hands a
//! part of the message over it says `Sending SMS 1/1`, and only after the modem's own yes `OK, message reference=42`; a no is
//! `error 331, message reference=-1`. Its exit status is 0, or 100 and the number of its own error.

use super::Sending;
use super::cms;
use super::program::{End, Job, Ran, run};
use super::trusted::require;
use crate::email::deadline::Deadline;
use crate::sms::gsm::is_gsm;
use crate::sms::shelf::Owners;
use crate::sms::values::Filled;
use crate::sms::{Accepted, Failure};
use pam_2fa_protocol::courier::{Class, Reason};
use pam_2fa_settings::provider::{Template, Verdict};
use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex as Shared, PoisonError};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout_at;
use zeroize::Zeroizing;

const PROGRAM: &str = "/usr/bin/gammu";
/// gammu reads so many bytes of a text, and sends what it has read.
const MOST_TEXT: usize = 4096;
/// So much of a configuration is looked at.
const MOST_CONFIG: u64 = 64 * 1024;

/// One message at a time for each configuration: a modem is one device.
#[derive(Default)]
pub struct Turns(Shared<HashMap<PathBuf, Arc<Mutex<()>>>>);

impl Turns {
    async fn take(&self, config: &Path, deadline: Deadline) -> Result<OwnedMutexGuard<()>, Failure> {
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(config.to_owned()).or_default())
        };
        let busy = Verdict { class: Class::Temporary, reason: Some(Reason::Unreachable) };
        let waited = timeout_at(deadline.at(), turn.lock_owned()).await;
        waited.map_err(|_| Failure::told(busy, "the modem was busy with other messages all the time"))
    }
}

/// Sends one message by the section of the configuration.
///
/// # Errors
/// [`Failure`]: the modem did not, provably, take it.
pub async fn send(
    (config, section): (&Template, &Template),
    sending: Sending<'_>,
    turns: &Turns,
) -> Result<Accepted, Failure> {
    let Sending { provider, values, text, owners, deadline, steps } = sending;
    let config = PathBuf::from(values.fill(config)?.unwrap_or_default().as_str());
    let section = values.fill(section)?.unwrap_or_default();
    let section: u8 =
        section.parse().map_err(|_| Failure::setting("account", "gammu's section is a number, 0 to 255"))?;
    let message = text.text.expose();
    if message.len() > MOST_TEXT || message.contains('\0') {
        return Err(Failure::Message(format!("the text is longer than {MOST_TEXT} bytes, or holds a NUL")));
    }
    require_section(&config, section, owners, deadline).await?;
    let turn = turns.take(&config, deadline).await?;
    steps.tell(|| format!("runs {PROGRAM} with {}, section {section}, as {}.toml says", config.display(), provider.id));
    let argv = arguments(&config, section, &text.to, message);
    let stdin = Zeroizing::new(message.clone());
    let ran = run(Job { argv, stdin, turn: Some(turn) }, deadline, owners).await?;
    steps.tell(|| ran.said());
    judge(&ran)
}

/// What gammu is called with. It keeps no log, whatever its configuration says: that would hold the text. Without `-len` it would cut
/// a text that is longer than one message, without `-unicode` put question marks for what is not GSM.
fn arguments(config: &Path, section: u8, to: &str, text: &str) -> Vec<Filled> {
    let (config, section) = (config.display().to_string(), section.to_string());
    let length = text.encode_utf16().count().max(1).to_string();
    let fixed = ["-d", "nothing", "-c", &config, "-s", &section, "sendsms", "TEXT", to, "-len", &length];
    // The shortest that it knows; a code is worth nothing after ten minutes.
    let validity = ["-validity", "HOUR"];
    let unicode: &[&str] = if is_gsm(text) { &[] } else { &["-unicode"] };
    let all = std::iter::once(PROGRAM).chain(fixed).chain(validity).chain(unicode.iter().copied());
    all.map(|argument| Zeroizing::new(argument.to_owned())).collect()
}

/// That the configuration is the administrator's, and has that section. Without it gammu would try a port of its own choice.
async fn require_section(config: &Path, section: u8, owners: &Owners, deadline: Deadline) -> Result<(), Failure> {
    require(config, owners, deadline).await?;
    let wanted = if section == 0 { String::from("[gammu]") } else { format!("[gammu{section}]") };
    let (path, file) = (config.to_owned(), config.to_owned());
    let reading = tokio::task::spawn_blocking(move || {
        let mut text = Vec::new();
        std::fs::File::open(file)?.take(MOST_CONFIG).read_to_end(&mut text)?;
        Ok::<_, std::io::Error>(String::from_utf8_lossy(&text).into_owned())
    });
    let wrong = |why: String| Failure::File { path, why };
    let read = match timeout_at(deadline.at(), reading).await {
        Ok(Ok(Ok(text))) => text,
        Ok(Ok(Err(error))) => return Err(wrong(format!("cannot be read ({error}); chgrp pam-2fa-local, chmod 0640"))),
        Ok(Err(error)) => return Err(wrong(error.to_string())),
        Err(_) => return Err(wrong(String::from("could not be read in time"))),
    };
    if read.lines().any(|line| line.trim().eq_ignore_ascii_case(&wanted)) {
        return Ok(());
    }
    Err(wrong(format!("has no section {wanted}; add it, or name another in sms.account")))
}

/// What it said means.
fn judge(ran: &Ran) -> Result<Accepted, Failure> {
    let said = match ran.end {
        End::Exited(status) => format!("gammu ended with status {status}: {}", ran.said()),
        End::Signalled(signal) => format!("gammu was ended by signal {signal}: {}", ran.said()),
        End::Stopped => format!("gammu did not end in time and was stopped: {}", ran.said()),
    };
    let Some(parts) = parts(&ran.out) else {
        let verdict = match ran.end {
            End::Exited(status) => before(status),
            // It was at it when it was stopped, and has said nothing of a message: a modem that does not answer.
            End::Stopped if ran.is_all => Some(Verdict { class: Class::Temporary, reason: Some(Reason::Unreachable) }),
            End::Stopped | End::Signalled(_) => None,
        };
        return Err(verdict.map_or_else(|| lost(said.clone()), |verdict| Failure::told(verdict, said.clone())));
    };
    let references: Vec<&str> = after(&ran.out, "..OK, message reference=").collect();
    if ran.end == End::Exited(0) && references.len() == parts {
        return Ok(Accepted { provider_id: references.last().map(|id| (*id).to_owned()), said });
    }
    let refusal = after(&ran.out, "..error ").next().and_then(|number| number.parse().ok()).and_then(cms::verdict);
    match refusal {
        // Of a message in parts, some may have left.
        Some(verdict) if references.is_empty() => Err(Failure::told(verdict, said)),
        Some(_) | None => Err(lost(said)),
    }
}

fn lost(why: String) -> Failure {
    Failure::Lost { host: String::from("the modem"), why }
}

/// Of how many parts the message is, once the first was handed over.
fn parts(out: &str) -> Option<usize> {
    let (_, after) = out.split_once("Sending SMS 1/")?;
    // Whatever follows there: it was begun.
    Some(number(after).parse().unwrap_or(usize::MAX))
}

/// The digits behind each occurrence of `words`.
fn after<'a>(out: &'a str, words: &'a str) -> impl Iterator<Item = &'a str> {
    out.match_indices(words).map(move |(at, _)| number(out.get(at.saturating_add(words.len())..).unwrap_or_default()))
}

fn number(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default()
}

/// What a status means that gammu gives before it hands anything over, and without a word of having done so; `None`: it may have, in
/// words that we do not know.
fn before(status: i32) -> Option<Verdict> {
    let (class, reason) = match status {
        // The port: busy, locked, not there, no hardware behind it. It may be plugged in again.
        102..=105 | 108..=110 => (Class::Temporary, Reason::Unreachable),
        // Not permitted, no driver, an unknown connection or model, a PIN, wrong settings, no message centre: nothing that passes.
        106 | 107 | 118 | 119 | 123 | 161..=163 | 169 => (Class::AuthError, Reason::Config),
        _ => return None,
    };
    Some(Verdict { class, reason: Some(reason) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(end: End, out: &str) -> (Class, Option<Reason>) {
        match judge(&Ran { end, out: out.to_owned(), err: String::new(), is_all: true }) {
            Ok(_) => (Class::Accepted, None),
            Err(failure) => {
                let outcome = failure.outcome();
                (outcome.class, outcome.reason)
            }
        }
    }

    #[test]
    fn accepted_is_a_reference_of_the_modems_for_every_part() {
        let (ok, unclear) = ((Class::Accepted, None), (Class::Temporary, Some(Reason::Unrecognised)));
        let part = |of: &str, end: &str| format!("90 / 0\nSending SMS {of}…waiting for network answer{end}\n");
        let (first, second) = (part("1/2", "..OK, message reference=41"), part("2/2", "..OK, message reference=42"));
        let one = part("1/1", "..OK, message reference=255");
        for (end, out, expected) in [
            (End::Exited(0), one.clone(), ok),
            (End::Exited(0), format!("{first}{second}"), ok),
            (End::Exited(0), first.clone(), unclear),
            (End::Exited(0), part("1/1", ""), unclear),
            (End::Exited(0), part("1/", "..OK, message reference=1"), unclear),
            (End::Exited(127), one.clone(), unclear),
            (End::Stopped, one, unclear),
            (End::Exited(114), part("1/1", "No response in specified timeout."), unclear),
            (End::Exited(127), format!("{first}{}", part("2/2", "..error 331, message reference=-1")), unclear),
            (End::Exited(127), part("1/1", "..error -1, message reference=-1"), unclear),
            (End::Exited(127), part("1/1", "..error 38, message reference=-1"), unclear),
            (End::Exited(127), part("1/1", "..error 500, message reference=-1"), unclear),
            (
                End::Exited(127),
                part("1/1", "..error 331, message reference=-1"),
                (Class::Temporary, Some(Reason::Unreachable)),
            ),
            (
                End::Exited(127),
                part("1/1", "..error 311, message reference=-1"),
                (Class::AuthError, Some(Reason::Config)),
            ),
            (End::Exited(0), String::new(), unclear),
            (End::Exited(127), String::from("Unknown error.\n"), unclear),
        ] {
            assert_eq!(judged(end, &out), expected, "{end:?} {out}");
        }
    }

    #[test]
    fn what_ended_before_anything_was_handed_over_was_certainly_not_sent() {
        let error = "Error opening device, it doesn't exist.\n";
        assert_eq!(judged(End::Exited(104), error), (Class::Temporary, Some(Reason::Unreachable)));
        assert_eq!(judged(End::Exited(123), "PIN"), (Class::AuthError, Some(Reason::Config)));
        assert_eq!(judged(End::Signalled(11), ""), (Class::Temporary, Some(Reason::Unrecognised)));
        assert_eq!(judged(End::Stopped, ""), (Class::Temporary, Some(Reason::Unreachable)));
        let cut = Ran { end: End::Stopped, out: String::new(), err: String::new(), is_all: false };
        assert_eq!(judge(&cut).expect_err("accepted").outcome().reason, Some(Reason::Unrecognised));
    }

    #[test]
    fn a_text_beyond_gsm_is_sent_as_unicode_and_none_is_cut() {
        let arguments = |text: &str| {
            let all = arguments(Path::new("/etc/gammurc"), 2, "+15550100", text);
            all.iter().map(|argument| argument.as_str().to_owned()).collect::<Vec<_>>().join(" ")
        };
        let start = "/usr/bin/gammu -d nothing -c /etc/gammurc -s 2 sendsms TEXT +15550100 -len";
        assert_eq!(arguments("1234 €{}"), format!("{start} 8 -validity HOUR"));
        assert_eq!(arguments("Код 👍"), format!("{start} 6 -validity HOUR -unicode"));
    }
}
