//! One call of `pam_sm_authenticate`, from its options to its end.
//!
//! Every reason of a denial is logged here, once, and only here. It must never log an answer.

use libc::{LOG_ERR, LOG_NOTICE, c_int};
use std::ffi::CStr;

use crate::channel::Channel;
use crate::clock::Budget;
use crate::conversation::Terminal;
use crate::ffi::pam::Host;
use crate::ffi::process;
use crate::items::{self, Purpose};
use crate::key_proven::{self, Evidence};
use crate::options::{BreakGlass, Mode, Options, Tells};
use crate::pace::Pace;
use crate::stop::Stop;
use crate::verdict::{Ending, Outcome};
use crate::{break_glass, decoy, dialogue};

/// Leads the call to its end. `silence` is what the host asks for (`PAM_SILENT`).
pub(crate) fn authenticate(host: &Host<'_>, arguments: &[&CStr], silence: Tells) -> Ending {
    let ending = match Options::parse(arguments) {
        // A line that is not understood denies with PAM_AUTH_ERR, in every mode. No code can force a stack that says
        // `default=ignore` to stop; but this one is not taken for a daemon that is away, which a stack may have chosen to
        // let pass (`authinfo_unavail=ignore`), and where our line is `requisite` it ends the login.
        Err(error) => refused(host, &error.into(), None),
        Ok(options) => attempt(host, &options, silence).unwrap_or_else(|stop| refused(host, &stop, Some(&options))),
    };
    if let (true, Some(reference)) = (ending.outcome.keeps_out(), &ending.reference) {
        host.log(LOG_NOTICE, &format!("denied by the daemon (Ref {reference})"));
    }
    ending
}

fn attempt(host: &Host<'_>, options: &Options, silence: Tells) -> Result<Ending, Stop> {
    let tells = if silence == Tells::Hidden { Tells::Hidden } else { options.tells };
    let person = Terminal { host, tells, pace: Pace::new(process::monotonic) };
    let budget = Budget::new(process::monotonic, options.timeout);
    let mut channel = Channel::new(&options.socket, process::effective_uid(), budget);
    match options.mode {
        Mode::Decoy => decoy::play(channel, &person, &items::gather(host, Purpose::Decoy)?),
        Mode::KeyProven => key_proven(host),
        Mode::Full => {
            let begin = items::gather(host, Purpose::Login)?;
            let first = dialogue::open(&mut channel, &begin);
            let begun = first.is_ok();
            match first.and_then(|first| dialogue::lead(&mut channel, &person, first)) {
                Err(stop) if options.break_glass == BreakGlass::Allowed && stop.is_nobody_there(begun) => {
                    drop(channel);
                    break_glass::offer(host, &person, &begin, stop)
                }
                ended => ended,
            }
        }
    }
}

fn key_proven(host: &Host<'_>) -> Result<Ending, Stop> {
    let service = items::text("PAM_SERVICE", host.service())?;
    let tty = items::text("PAM_TTY", host.tty())?;
    // However long it is: a certificate may be for hundreds of principals.
    let auth_info = host.variable(items::AUTH_INFO).and_then(|value| value.to_str().ok());
    Ok(Ending::of(key_proven::judge(Evidence {
        euid: process::effective_uid(),
        service: service.as_deref().unwrap_or_default(),
        tty: tty.as_deref(),
        auth_info,
    })))
}

fn refused(host: &Host<'_>, stop: &Stop, options: Option<&Options>) -> Ending {
    let outcome = stop.outcome();
    let text = match (outcome, options) {
        (Outcome::Unavailable, Some(options)) => format!("{stop} (socket {})", options.socket.to_string_lossy()),
        _ => stop.to_string(),
    };
    host.log(priority(stop), &format!("denied: {text}"));
    Ending::of(outcome)
}

/// What a client can bring about at will is a notice; what an administrator must mend is an error.
fn priority(stop: &Stop) -> c_int {
    match stop {
        Stop::Unanswered(_) | Stop::Item(..) | Stop::NoUser => LOG_NOTICE,
        Stop::Clock
        | Stop::System(..)
        | Stop::TimedOut
        | Stop::ForeignPeer(_)
        | Stop::Closed
        | Stop::Frame(_)
        | Stop::NotAMessage(_)
        | Stop::CannotWrite(_)
        | Stop::OutOfTurn
        | Stop::NoSingleStep
        | Stop::Sealed
        | Stop::NotPermitted
        | Stop::Version
        | Stop::Daemon(_)
        | Stop::UnknownVerdict
        | Stop::TooManyPrompts
        | Stop::Option(_) => LOG_ERR,
    }
}
