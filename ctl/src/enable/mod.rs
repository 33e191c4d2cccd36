//! `pam-2fa enable` and `disable`: our line in the stacks of services, so that nobody is locked out and nobody gets by.
//!
//! | file | |
//! |---|---|
//! | `stack` | what libpam makes of a service's files, and where our lines stand in it |
//! | `plan` | which line goes where, or why not |
//! | `whole` | the lines of an included file, with those of ours that count on them |
//! | `rewrite` | all auth lines of a service in its own file, where an included file leaves no place for ours |
//! | `faillock` | what wrong passwords and wrong codes count for pam_faillock |
//! | `ready` | whether anybody could get in then |
//! | `sshd` | what sshd is told, so that it asks |
//! | `receipt` | what was changed, kept until it is undone |
//! | `change` | doing it, and undoing it |
//! | `file` | a service's file, one for another |
//! | `all` | every service that takes the common lines in, by the tool that keeps them |
//! | `diff` | a plan as it is shown |

mod all;
mod change;
mod diff;
mod faillock;
mod file;
mod plan;
mod ready;
mod receipt;
mod rewrite;
mod sshd;
pub mod stack;
mod whole;

use crate::args::{DisableArgs, EnableArgs};
use crate::error::Error;
use crate::exempt::HOST_CONFIG;
use crate::invoker::invoker;
use crate::screen::Screen;
use change::Undone;
use nix::syslog::{Facility, Priority, Severity, syslog};
use pam_2fa_settings::text::printable;
use plan::Plan;
use receipt::Receipts;
use serde::Serialize;
use sshd::DropIn;
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
    /// What pam_faillock makes of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    faillock: Option<String>,
}

/// What `enable` answers in JSON.
#[derive(Debug, Serialize)]
struct Answer {
    changed: bool,
    services: Vec<Enabled>,
    /// The drop-in of sshd's.
    #[serde(skip_serializing_if = "Option::is_none")]
    sshd: Option<PathBuf>,
}

/// `pam-2fa enable`; where configd and the settings are.
pub(crate) fn enable(where_is: (&Path, &Path), asked: &EnableArgs, screen: &mut Screen<'_>) -> Result<(), Error> {
    if asked.all {
        return all::enable(where_is, asked, screen);
    }
    let modes = Modes { decoy: asked.decoy, key_proven: asked.key_proven };
    let drop_in = asked.sshd.then(|| drop_in(asked)).transpose()?;
    let plans = plans(&asked.root, &asked.services, modes)?;
    show(&plans, screen)?;
    let mut refusals = ready::refusals(where_is, asked)?;
    if let Some(drop_in) = &drop_in {
        let text = DropIn::text(modes);
        for line in diff::unified(&drop_in.path().display().to_string(), b"", text.as_bytes()) {
            screen.line(&line)?;
        }
        refusals.extend(drop_in.refusals(modes, asked.without_root_key)?);
    }
    if !refusals.is_empty() {
        return Err(Error::Refused(refusals));
    }
    if !asked.dry_run {
        change(asked, modes, drop_in.as_ref(), screen)?;
    }
    let services = plans.iter().map(enabled).collect();
    let sshd = drop_in.map(|drop_in| drop_in.path());
    screen.json(&Answer { changed: !asked.dry_run, services, sshd })
}

fn drop_in(asked: &EnableArgs) -> Result<DropIn, Error> {
    if !asked.all && !asked.services.iter().any(|service| service == "sshd") {
        return Err(Error::Usage(String::from("--sshd goes with the service sshd; see `pam-2fa --help`")));
    }
    if asked.root != Path::new("/") && asked.sshd_config == Path::new(HOST_CONFIG) {
        return Err(Error::Usage(String::from("--sshd asks this host's sshd, which knows nothing of --root DIR")));
    }
    DropIn::of(&asked.sshd_config)
}

/// sshd's drop-in first: until sshd is told, it changes nothing, and a stack that asks behind a sshd that cannot would deny everyone.
fn change(asked: &EnableArgs, modes: Modes, drop_in: Option<&DropIn>, screen: &mut Screen<'_>) -> Result<(), Error> {
    let receipts = Receipts::hold(&asked.root.join(STATE))?;
    // Another command may have been at it since.
    let plans = plans(&asked.root, &asked.services, modes)?;
    let notes = drop_in.map(|drop_in| drop_in.put_in(modes)).transpose()?;
    for plan in plans {
        if let Err(why) = change::apply(&receipts, &plan) {
            let taken_out = drop_in.filter(|_| plan.service == "sshd").map(DropIn::take_out).transpose();
            return Err(match taken_out {
                Ok(_) => why,
                Err(error) => Error::Refused(vec![why.to_string(), error.to_string()]),
            });
        }
        log(&format!("{} asks for a code from now on, by {}", plan.service, invoker()));
        screen.line(&format!(
            "{0} asks for a code from its next login on; `pam-2fa disable {0}` undoes it",
            plan.service
        ))?;
    }
    notes.iter().flatten().try_for_each(|note| screen.note(note))?;
    if let Some(drop_in) = drop_in {
        screen.line(&drop_in.tell()?)?;
    }
    screen.line("keep this session until a login in another one has worked")
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
        faillock: plan.faillock.clone(),
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
        if let Some(faillock) = &plan.faillock {
            screen.line(&format!("{}: {faillock}", plan.service))?;
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
    undone: Vec<String>,
}

/// `pam-2fa disable`: every service that can be, whatever becomes of the others.
pub(crate) fn disable(asked: &DisableArgs, screen: &mut Screen<'_>) -> Result<(), Error> {
    if asked.all {
        return all::disable(asked, screen);
    }
    // Where the state is gone, a line that is left denies everyone: it has to come out all the same.
    let state = asked.root.join(STATE);
    let receipts = state.exists().then(|| Receipts::hold(&state)).transpose()?;
    let (mut all, mut errors) = (Vec::new(), Vec::new());
    for service in &asked.services {
        match disable_one(asked, receipts.as_ref(), service) {
            Ok(undone) => {
                log(&format!("{service} asks for no code from now on, by {}", invoker()));
                undone.iter().try_for_each(|undone| screen.line(undone))?;
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

/// The stack first: it must not ask where sshd cannot.
fn disable_one(asked: &DisableArgs, receipts: Option<&Receipts>, service: &str) -> Result<Vec<String>, Error> {
    if !file::is_name(service) {
        return Err(Error::Usage(format!("`{service}` is no name of a service; `ls /etc/pam.d` shows them")));
    }
    let undone = change::undo(&asked.root, &Host::at(&asked.root), receipts, service);
    let is_of_this_root = asked.root == Path::new("/") || asked.sshd_config != Path::new(HOST_CONFIG);
    if service != "sshd" || !is_of_this_root {
        return undone.map(|undone| vec![words(service, &undone)]);
    }
    let Some(drop_in) = DropIn::standing(&asked.sshd_config)? else {
        return undone.map(|undone| vec![words(service, &undone)]);
    };
    let said = match undone {
        Ok(undone) => vec![words(service, &undone)],
        // A run that was cut off had come no further than the drop-in.
        Err(Error::NotFound(_)) => Vec::new(),
        Err(other) => return Err(other),
    };
    if !drop_in.take_out()? {
        return if said.is_empty() {
            Err(Error::NotFound(String::from("sshd asks for no code, so there is nothing to take out")))
        } else {
            Ok(said)
        };
    }
    let told = drop_in.tell()?;
    Ok(said.into_iter().chain([format!("our lines are out of {}", drop_in.path().display()), told]).collect())
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
