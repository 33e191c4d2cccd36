//! `pam-2fa enable` and `disable`: our line in the stacks of services, so that nobody is locked out and nobody gets by.
//!
//! | file | |
//! |---|---|
//! | `stack` | what libpam makes of a service's files, and where our lines stand in it |
//! | `plan` | which line goes where, or why not |
//! | `whole` | the lines of an included file, with those of ours that count on them |
//! | `ready` | whether anybody could get in then |
//! | `receipt` | what was changed, kept until it is undone |
//! | `change` | doing it, and undoing it |
//! | `file` | a service's file, one for another |
//! | `diff` | a plan as it is shown |

mod change;
mod diff;
mod file;
mod plan;
mod ready;
mod receipt;
pub mod stack;
mod whole;

use crate::args::EnableArgs;
use crate::error::Error;
use crate::invoker::invoker;
use crate::screen::Screen;
use change::Undone;
use nix::syslog::{Facility, Priority, Severity, syslog};
use pam_2fa_settings::text::printable;
use plan::Plan;
use receipt::Receipts;
use serde::Serialize;
use stack::Host;
use std::path::{Path, PathBuf};
use whole::Modes;

/// Where receipts are kept.
const STATE: &str = "var/lib/pam-2fa";

/// A service in the answer of `enable`.
#[derive(Debug, Serialize)]
struct Enabled {
    service: String,
    file: PathBuf,
    lines: Vec<String>,
    diff: Vec<String>,
    /// Services that ask, too, since they take the file in.
    also: Vec<String>,
    /// Lines that let somebody in with neither a password nor a code.
    doors: Vec<String>,
    /// What runs behind ours.
    follows: Vec<String>,
}

/// What `enable` answers in JSON.
#[derive(Debug, Serialize)]
struct Answer {
    changed: bool,
    services: Vec<Enabled>,
}

/// `pam-2fa enable`; where configd and the settings are.
pub(crate) fn enable(where_is: (&Path, &Path), asked: &EnableArgs, screen: &mut Screen<'_>) -> Result<(), Error> {
    let (services, root) = (&asked.services, asked.root.as_path());
    let modes = Modes { decoy: asked.decoy, key_proven: asked.key_proven };
    let plans = plans(root, services, modes)?;
    show(&plans, screen)?;
    let refusals = ready::refusals(where_is, asked)?;
    if !refusals.is_empty() {
        return Err(Error::Refused(refusals));
    }
    if !asked.dry_run {
        let receipts = Receipts::hold(&root.join(STATE))?;
        // Another command may have been at it since.
        for plan in self::plans(root, services, modes)? {
            change::apply(&receipts, &plan)?;
            log(&format!("{} asks for a code from now on, by {}", plan.service, invoker()));
            screen.line(&format!(
                "{0} asks for a code from its next login on; `pam-2fa disable {0}` undoes it",
                plan.service
            ))?;
        }
        screen.line("keep this session until a login in another one has worked")?;
    }
    let services = plans.iter().map(enabled).collect();
    screen.json(&Answer { changed: !asked.dry_run, services })
}

/// All of them, each with what is planned before it; or every reason why not.
fn plans(root: &Path, services: &[String], modes: Modes) -> Result<Vec<Plan>, Error> {
    let mut host = Host::at(root);
    let (mut plans, mut errors) = (Vec::new(), Vec::new());
    for service in services {
        match Plan::make(root, &host, service, modes) {
            Ok(plan) => {
                host = host.with(&plan.found.path, &plan.text);
                plans.push(plan);
            }
            Err(error) => errors.push(error),
        }
    }
    match errors.len() {
        0 => Ok(plans),
        1 => Err(errors.remove(0)),
        _ => Err(Error::Refused(errors.iter().map(ToString::to_string).collect())),
    }
}

fn enabled(plan: &Plan) -> Enabled {
    Enabled {
        service: plan.service.clone(),
        file: plan.found.path.clone(),
        lines: plan.put_in.clone(),
        diff: diff::unified(&plan.found.path.display().to_string(), &plan.found.text, &plan.text),
        also: plan.also.clone(),
        doors: plan.doors.clone(),
        follows: plan.follows.clone(),
    }
}

fn show(plans: &[Plan], screen: &mut Screen<'_>) -> Result<(), Error> {
    for plan in plans.iter().map(enabled) {
        for line in &plan.diff {
            // A tab would become one space.
            screen.line(&line.replace('\t', "    "))?;
        }
        for also in &plan.also {
            screen.line(&format!("{also} takes this file in, and asks for a code, too"))?;
        }
        for door in &plan.doors {
            screen.note(&format!("{}: {door} lets in with neither a password nor a code, as before", plan.service))?;
        }
    }
    Ok(())
}

/// A service in the answer of `disable`.
#[derive(Debug, Serialize)]
struct Disabled {
    service: String,
    undone: String,
}

/// `pam-2fa disable`: every service that can be, whatever becomes of the others.
pub(crate) fn disable(root: &Path, services: &[String], screen: &mut Screen<'_>) -> Result<(), Error> {
    // Where the state is gone, a line that is left denies everyone: it has to come out all the same.
    let state = root.join(STATE);
    let receipts = state.exists().then(|| Receipts::hold(&state)).transpose()?;
    let (mut all, mut errors) = (Vec::new(), Vec::new());
    for service in services {
        if !file::is_name(service) {
            errors.push(Error::Usage(format!("`{service}` is no name of a service; `ls /etc/pam.d` shows them")));
            continue;
        }
        match change::undo(root, &Host::at(root), receipts.as_ref(), service) {
            Ok(undone) => {
                log(&format!("{service} asks for no code from now on, by {}", invoker()));
                let undone = words(service, &undone);
                screen.line(&undone)?;
                all.push(Disabled { service: service.clone(), undone });
            }
            Err(error) => errors.push(error),
        }
    }
    screen.json(&all)?;
    match errors.len() {
        0 => Ok(()),
        1 => Err(errors.remove(0)),
        _ => Err(Error::Refused(errors.iter().map(ToString::to_string).collect())),
    }
}

fn words(service: &str, undone: &Undone) -> String {
    match undone {
        Undone::Restored => format!("{service} asks for no code any more; its file is as it was before"),
        Undone::NeverChanged => format!("{service} asks for no code; its file is as it was before"),
        Undone::TakenOut(Some(since)) => {
            format!(
                "{service} asks for no code any more; its file was edited since {since}, so our lines alone were taken out"
            )
        }
        Undone::TakenOut(None) => {
            format!("{service} asks for no code any more; our lines were taken out (`enable` has not put them there)")
        }
        Undone::NotInIt => {
            format!("{service} asks for no code; its file was edited, and our lines were not in it any more")
        }
        Undone::Gone => format!("{service} asks for no code; its file is gone"),
    }
}

fn log(line: &str) {
    // Where there is no log of the system's, there is none.
    let _ = syslog(Priority::new(Severity::LOG_NOTICE, Facility::LOG_AUTH), &printable(line).into_owned());
}
