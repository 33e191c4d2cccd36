//! `break-glass`: at a console of this machine, when there is nobody who could check a code, a one-time code of the file that an
//! administrator had made for such a day (`pam-2fa break-glass create`).
//!
//! It must never be asked for after an answer of the daemon (a denial is one), over a network, or in a process that is not root's; and
//! it must never let anybody in before the code is marked as used, on disk. Everything it does is in the log, loudly.

mod file;

use libc::{LOG_ALERT, LOG_WARNING};
use pam_2fa_protocol::break_glass::{Code, Mistyped, PATH, RECORD, Record, is_file};
use pam_2fa_protocol::login::{Begin, Question};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io;

use crate::conversation::{Conversation, Tone};
use crate::ffi::pam::Host;
use crate::ffi::process;
use crate::stop::{Stop, Unanswered};
use crate::verdict::{Ending, Outcome};

/// How often it is asked for in one call. The codes need no limit: nobody guesses one of 130 bits.
const PROMPTS: usize = 5;

/// Why there is nothing to break, or it did not break: which call failed and how, or what else is in the way.
#[derive(Debug)]
pub(crate) struct Flaw(pub(crate) &'static str, pub(crate) Option<io::Error>);

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.1 {
            Some(error) => write!(f, "break-glass (/etc/pam-2fa/break-glass): {}: {error}", self.0),
            None => write!(f, "break-glass (/etc/pam-2fa/break-glass): {}", self.0),
        }
    }
}

/// Asks for a code, in the place of what `stop` says cannot be had.
///
/// # Errors
/// `stop`, where nobody may be asked or nothing was typed; else why the code does not count.
pub(crate) fn offer(host: &Host<'_>, person: &impl Conversation, begin: &Begin, stop: Stop) -> Result<Ending, Stop> {
    match ask(host, person, begin) {
        Ok(Some(id)) => {
            let Begin { user, service, tty, .. } = begin;
            let tty = tty.as_deref().unwrap_or_default();
            let said = format!(
                "BREAK-GLASS: code {id} let {user} in at {tty} ({service}), since no code could be checked: {stop}"
            );
            host.log(LOG_ALERT, &said);
            person.tell(Tone::Info, &format!("Break-glass code {id} is used up. Then: pam-2fa status"));
            Ok(Ending::of(Outcome::GlassBroken))
        }
        Ok(None) => Err(stop),
        Err(Refused::Unanswered(why)) => Err(why.into()),
        Err(Refused::Wrong) => Ok(Ending::of(Outcome::Denied)),
        Err(Refused::Flaw(flaw)) => {
            host.log(LOG_WARNING, &flaw.to_string());
            Err(stop)
        }
    }
}

/// Why no code counted.
#[derive(Debug)]
enum Refused {
    /// All that were typed were wrong.
    Wrong,
    Unanswered(Unanswered),
    Flaw(Flaw),
}

impl From<Flaw> for Refused {
    fn from(flaw: Flaw) -> Self {
        Self::Flaw(flaw)
    }
}

/// The id of a right code, which is marked as used by now; none where nothing was typed.
fn ask(host: &Host<'_>, person: &impl Conversation, begin: &Begin) -> Result<Option<String>, Refused> {
    let flaw = |why| Flaw(why, None);
    if process::effective_uid() != 0 || !is_local(begin) {
        return Err(flaw("codes count for processes of root's at a console of this machine alone").into());
    }
    let user = host.user().unwrap_or_default().unwrap_or_default();
    let (uid, name) = host.account(user).ok_or(flaw("this host does not know the user"))?;
    let (bytes, written_s) = file::read(PATH)?;
    // The file was written by a clock that was right then: one that stands before that is behind.
    let now_s = wall_s().ok_or(flaw("the clock cannot be read"))?.max(written_s);
    let good = |code: Option<&Code>| {
        let is_good =
            |record: &Record<'_>| record.is_for(uid, &name, now_s) && code.is_none_or(|code| opens(record, code));
        bytes.chunks(RECORD).position(|line| Record::parse(line).is_ok_and(|record| is_good(&record)))
    };
    if !is_file(&bytes) || good(None).is_none() {
        return Err(flaw("no code is good for this user now; pam-2fa break-glass create").into());
    }
    let mut before = "No code can be checked now.";
    for _ in 0..PROMPTS {
        let question =
            Question { text: format!("{before} Break-glass code: "), echo: true, times: None, pace_ms: None };
        let typed = person.ask(&question).map_err(Refused::Unanswered)?;
        if typed.expose().is_empty() {
            return Ok(None);
        }
        before = match Code::parse(typed.expose()) {
            Err(Mistyped::Form) => "It has 28 letters and digits.",
            Err(Mistyped::Check) => "It is mistyped somewhere.",
            Ok(code) => match good(Some(&code)) {
                Some(number) => return Ok(Some(file::mark_used(PATH, number, &bytes)?)),
                None => {
                    host.log(LOG_WARNING, &format!("break-glass: a wrong code for {}", begin.user));
                    "That one is not good here."
                }
            },
        };
    }
    Err(Refused::Wrong)
}

/// A virtual terminal, a serial line or the console of this machine, and nothing that speaks of a network.
fn is_local(begin: &Begin) -> bool {
    // The lines that configd takes for consoles, too.
    const KINDS: [&[u8]; 8] = [b"tty", b"ttyS", b"ttyAMA", b"ttyUSB", b"ttyACM", b"ttysclp", b"hvc", b"xvc"];
    let tty = begin.tty.as_deref().unwrap_or_default().as_bytes();
    let tty = tty.strip_prefix(b"/dev/").unwrap_or(tty);
    let number = tty.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let kind = tty.get(..tty.len().saturating_sub(number)).unwrap_or_default();
    let is_line = (1..=3).contains(&number) && KINDS.contains(&kind);
    (is_line || tty == b"console") && begin.remote_host.is_none() && begin.auth_info.is_none()
}

fn opens(record: &Record<'_>, code: &Code) -> bool {
    let mut hash = Sha256::new();
    for part in record.hashed(code) {
        hash.update(part);
    }
    record.has_hash(&hash.finalize().into())
}

fn wall_s() -> Option<i64> {
    process::wall().and_then(|wall| i64::try_from(wall.as_secs()).ok())
}
