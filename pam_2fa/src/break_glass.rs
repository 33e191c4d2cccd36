//! `break-glass`: at a console of this machine, when there is nobody who could check a code, a one-time code of the file that an
//! administrator had made for such a day (`pam-2fa break-glass create`).
//!
//! It must never be asked for after an answer of the daemon (a denial is one), over a network, or for somebody whom a user's own program
//! calls; and it must never let anybody in before the code is marked as used, on disk. Everything it does is in the log, loudly.

mod file;

use libc::{LOG_ALERT, LOG_WARNING};
use pam_2fa_protocol::break_glass::{Code, Mistyped, PATH, RECORD, Record, is_file};
use pam_2fa_protocol::login::{Begin, Question};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io;
use std::time::Duration;

use crate::conversation::{Conversation, Tone};
use crate::ffi::pam::Host;
use crate::ffi::process;
use crate::stop::{Stop, Unanswered};
use crate::verdict::{Ending, Outcome};

/// How often it is asked for in one call. The codes need no limit: nobody guesses one of 130 bits.
const PROMPTS: usize = 5;

/// How long a call asks: by then the daemon may be back, and whoever logs in anew is asked by it.
const ASKS: Duration = Duration::from_secs(180);

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
    match ask(host, person, begin, &stop) {
        Ok(Some(id)) => {
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

/// Whom a code has to be for.
struct User {
    uid: u32,
    name: String,
}

/// The id of a right code, which is marked as used by now; none where nothing was typed.
fn ask(host: &Host<'_>, person: &impl Conversation, begin: &Begin, stop: &Stop) -> Result<Option<String>, Refused> {
    let flaw = |why| Flaw(why, None);
    if !is_local(begin) {
        return Err(flaw("codes count where root's own programs log people in at a console of this machine").into());
    }
    let user = host.user().unwrap_or_default().unwrap_or_default();
    let (uid, name) = host.account(user).ok_or(flaw("this host does not know the user"))?;
    let user = User { uid, name };
    if find(&file::read(PATH)?, &user, None)?.is_none() {
        return Err(flaw("no code is good for this user now; pam-2fa break-glass create").into());
    }
    let tty = begin.tty.as_deref().unwrap_or_default();
    let who = format!("{} (uid {}) at {tty} ({})", user.name, user.uid, begin.service);
    host.log(LOG_WARNING, &format!("break-glass: {who} is asked for a code, since no other can be checked: {stop}"));
    let until = process::monotonic().map(|now| now.saturating_add(ASKS));
    let mut before = "No code can be checked now.";
    for _ in 0..PROMPTS {
        let text = format!("{before} Break-glass code: ");
        let question = Question { text, echo: true, times: None, pace_ms: None };
        let typed = person.ask(&question).map_err(Refused::Unanswered)?;
        if typed.expose().is_empty() {
            return Ok(None);
        }
        let is_late = process::monotonic().is_none_or(|now| until.is_none_or(|until| now > until));
        if is_late {
            return Err(flaw("the code came too late; it is good still, for another login").into());
        }
        before = match Code::parse(typed.expose()) {
            Err(Mistyped::Form) => "It has 28 letters and digits.",
            Err(Mistyped::Check) => "It is mistyped somewhere.",
            Ok(code) => match file::mark_used(PATH, |file| find(file, &user, Some(&code)))? {
                Some(id) => {
                    let said = format!("BREAK-GLASS: code {id} lets {who} in, since no other can be checked: {stop}");
                    host.log(LOG_ALERT, &said);
                    return Ok(Some(id));
                }
                None => {
                    host.log(LOG_WARNING, "break-glass: a wrong code");
                    "That one is not good here."
                }
            },
        };
    }
    Err(Refused::Wrong)
}

/// The number of a record that is good for the user now, and that the code opens where there is one.
fn find(file: &file::Read, user: &User, code: Option<&Code>) -> Result<Option<usize>, Flaw> {
    let wall_s = process::wall().and_then(|wall| i64::try_from(wall.as_secs()).ok());
    // The file was written by a clock that was right then: one that stands before that is behind.
    let now_s = wall_s.ok_or(Flaw("the clock cannot be read", None))?.max(file.written_s);
    let is_good = |line| {
        Record::parse(line).is_ok_and(|record| {
            record.is_for(user.uid, &user.name, now_s) && code.is_none_or(|code| opens(&record, code))
        })
    };
    if !is_file(&file.bytes) {
        return Err(Flaw("it is no file of this release", None));
    }
    Ok(file.bytes.chunks(RECORD).position(is_good))
}

/// A login program that root runs (who calls su or sudo could hold it up, and choose its terminal) at a virtual terminal, a serial line
/// or the console of this machine, and nothing that speaks of a network.
fn is_local(begin: &Begin) -> bool {
    let tty = begin.tty.as_deref().unwrap_or_default().as_bytes();
    let tty = tty.strip_prefix(b"/dev/").unwrap_or(tty);
    let number = tty.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let kind = tty.get(..tty.len().saturating_sub(number)).unwrap_or_default();
    // A serial driver's name is of capitals (ttyS, ttyAMA, ttyUSB …), but for these two. ttyp0 and its like are old pseudo-terminals.
    let is_line = match kind.strip_prefix(b"tty") {
        Some(driver) => driver.iter().all(u8::is_ascii_uppercase) || driver == b"mxc" || driver == b"sclp",
        None => kind == b"hvc" || kind == b"xvc",
    };
    let is_console = (is_line && (1..=3).contains(&number)) || tty == b"console";
    let is_roots = process::effective_uid() == 0 && process::real_uid() == 0 && begin.remote_user.is_none();
    is_console && is_roots && begin.remote_host.is_none() && begin.auth_info.is_none()
}

fn opens(record: &Record<'_>, code: &Code) -> bool {
    let mut hash = Sha256::new();
    for part in record.hashed(code) {
        hash.update(part);
    }
    record.has_hash(&hash.finalize().into())
}
