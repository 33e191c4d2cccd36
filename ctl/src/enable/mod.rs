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
//! | `others` | what others have told sshd for some |
//! | `receipt` | what was changed, kept until it is undone |
//! | `change` | doing it, and undoing it |
//! | `confirm` | keeping it, or else undoing it in time |
//! | `together` | all of it, or nothing |
//! | `file` | a service's file, one for another |
//! | `attributes` | what hangs on it beside its owner and mode |
//! | `waits` | what waits for it: a service, or what `--all` has changed |
//! | `everything` | all of it out again, before the module goes |
//! | `all` | every service that takes the common lines in, by the tool that keeps them |

mod all;
mod attributes;
mod change;
mod confirm;
mod everything;
mod faillock;
mod file;
mod others;
mod plan;
mod ready;
mod receipt;
mod rewrite;
mod sshd;
pub mod stack;
mod together;
mod waits;
mod whole;

use crate::args::{DisableArgs, EnableArgs};
use crate::diff;
use crate::error::Error;
use crate::exempt::HOST_CONFIG;
use crate::invoker::invoker;
use crate::screen::Screen;
use change::Undone;
pub(crate) use confirm::{confirm, overdue};
pub(crate) use file::services;
use nix::syslog::{Facility, Priority, Severity, syslog};
pub(crate) use others::blocks;
use pam_2fa_settings::text::printable;
use plan::Plan;
use receipt::{Receipt, Receipts, Unconfirmed};
use serde::Serialize;
use sshd::DropIn;
pub(crate) use sshd::EXEMPT;
use stack::Host;
use std::path::{Path, PathBuf};
use waits::Waits;
use whole::Modes;

/// Where receipts are kept.
const STATE: &str = "var/lib/pam-2fa";

/// Of that host.
fn state(root: &Path) -> PathBuf {
    root.join(STATE)
}

/// A service in the answer of `enable`.
#[derive(Debug, Serialize)]
struct Enabled {
    service: String,
    file: PathBuf,
    lines: Vec<String>,
    diff: Vec<String>,
    /// Services that ask, too, since they take the file in.
    also: Vec<String>,
    /// Other doors of the same program, which ask for none.
    beside: Vec<String>,
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
    /// Until when `confirm` has to come: RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm_until: Option<String>,
}

/// `pam-2fa enable`; where configd and the settings are.
pub(crate) fn enable(where_is: (&Path, &Path), asked: &EnableArgs, screen: &mut Screen<'_>) -> Result<(), Error> {
    if asked.confirm_within.is_some() && !confirm::is_host(&asked.root) {
        let why = "--confirm-within is for the host that runs: nobody logs in to an image; see `pam-2fa --help`";
        return Err(Error::Usage(String::from(why)));
    }
    confirm::tried(asked)?;
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
    let unconfirmed = Unconfirmed::asked(asked)?;
    if !asked.dry_run {
        change(asked, modes, (drop_in.as_ref(), unconfirmed.clone()), screen)?;
    }
    let services = plans.iter().map(enabled).collect();
    let sshd = drop_in.map(|drop_in| drop_in.path());
    let confirm_until = unconfirmed.map(|unconfirmed| unconfirmed.until);
    screen.json(&Answer { changed: !asked.dry_run, services, sshd, confirm_until })
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

/// All of it, or nothing. What is to be confirmed has its receipts and its timer before anything is changed: whatever a run that is killed
/// has come to, goes again.
fn change(
    asked: &EnableArgs,
    modes: Modes,
    (drop_in, unconfirmed): (Option<&DropIn>, Option<Unconfirmed>),
    screen: &mut Screen<'_>,
) -> Result<(), Error> {
    let receipts = Receipts::hold(&state(&asked.root))?;
    // Another command may have been at it since.
    let plans = plans(&asked.root, &asked.services, modes)?;
    if unconfirmed.is_some() {
        confirm::watch(asked)?;
        plans.iter().try_for_each(|plan| receipts.keep(&Receipt::of(plan, unconfirmed.clone())))?;
    }
    let sshd = drop_in.map(|drop_in| (drop_in, modes));
    let said = together::carry_out(&asked.root, &receipts, (&plans, unconfirmed.as_ref()), sshd)?;
    // Nothing is said before: who has stopped to listen leaves it unproven otherwise.
    let stands = confirm::stands_now(unconfirmed).and_then(|unconfirmed| {
        let asked = plans.iter().filter(|_| unconfirmed.is_some());
        asked.map(|plan| Receipt::of(plan, unconfirmed.clone())).try_for_each(|receipt| receipts.keep(&receipt))?;
        Ok(unconfirmed)
    });
    let unconfirmed = stands.map_err(|why| together::taken_back(&asked.root, &receipts, &plans, drop_in, &why))?;
    // A terminal that is held (Ctrl-S), a pipe that nobody reads: whoever waits to say something must not keep the timer from its work.
    drop(receipts);
    for Plan { service, .. } in &plans {
        log(&asked.root, &format!("{service} asks for a code from now on"));
    }
    for Plan { service, .. } in &plans {
        screen.line(&format!(
            "{service} asks for a code from its next login on; `pam-2fa disable {service}` undoes it"
        ))?;
    }
    said.notes.iter().try_for_each(|note| screen.note(note))?;
    said.told.iter().try_for_each(|told| screen.line(told))?;
    screen.line("keep this session until a login in another one has worked")?;
    unconfirmed.map_or(Ok(()), |unconfirmed| screen.line(&unconfirmed.words()))
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
    for plan in &mut plans {
        plan.beside = plan::beside(&host, &plan.service);
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
        beside: plan.beside.clone(),
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
        for beside in &plan.beside {
            screen.note(&format!("{beside}, another door of {}'s, asks for no code: enable it, too", plan.service))?;
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

/// `pam-2fa disable`: every service that can be, whatever becomes of the others; where configd is.
pub(crate) fn disable(runtime_dir: &Path, asked: &DisableArgs, screen: &mut Screen<'_>) -> Result<(), Error> {
    if asked.everything {
        return everything::disable(runtime_dir, asked, screen);
    }
    if asked.unconfirmed {
        return disable_unconfirmed(asked, screen);
    }
    if asked.all {
        return all::disable(asked, screen);
    }
    if !confirm::is_host(&asked.root) {
        file::grounds(&asked.root)?;
    }
    // Where the state is gone, a line that is left denies everyone: it has to come out all the same.
    let state = state(&asked.root);
    let receipts = state.exists().then(|| Receipts::hold(&state)).transpose()?;
    let (mut all, mut errors) = (Vec::new(), Vec::new());
    for service in &asked.services {
        let waits = receipts.as_ref().and_then(|receipts| waits::of_service(receipts, service).ok().flatten());
        match disable_one((&asked.root, main_file(asked, waits.as_ref())), receipts.as_ref(), service) {
            Ok(undone) => all.push(Disabled { service: service.clone(), undone }),
            Err(error) => errors.push(error),
        }
    }
    drop(receipts);
    all.iter().flat_map(|disabled| &disabled.undone).try_for_each(|undone| screen.line(undone))?;
    screen.json(&all)?;
    all_of(errors)
}

/// sshd's main file: that of what waits to be confirmed, where no other is named.
fn main_file<'a>(asked: &'a DisableArgs, waits: Option<&'a (Waits, Unconfirmed)>) -> &'a Path {
    let written = waits.and_then(|(_, unconfirmed)| unconfirmed.sshd_config.as_deref());
    written.filter(|_| asked.sshd_config == Path::new(HOST_CONFIG)).unwrap_or(&asked.sshd_config)
}

/// One error for all; none where there is none.
fn all_of(mut errors: Vec<Error>) -> Result<(), Error> {
    match errors.len() {
        0 => Ok(()),
        1 => Err(errors.remove(0)),
        _ => Err(Error::Refused(errors.iter().map(ToString::to_string).collect())),
    }
}

/// What was to be confirmed by now: what the timer runs.
fn disable_unconfirmed(asked: &DisableArgs, screen: &mut Screen<'_>) -> Result<(), Error> {
    let state = state(&asked.root);
    if !state.join("enable").exists() {
        return screen.json(&Vec::<Disabled>::new());
    }
    let receipts = Receipts::hold(&state)?;
    let mut over = confirm::over(&receipts)?;
    let (mut all, mut errors) = (Vec::new(), Vec::new());
    for (waits, unconfirmed) in &over.those {
        let sshd_config = unconfirmed.sshd_config.as_ref().unwrap_or(&asked.sshd_config);
        let place = (asked.root.as_path(), sshd_config.as_path());
        let name = waits.name();
        let undone = match waits {
            Waits::One(receipt) => disable_one(place, Some(&receipts), &receipt.service),
            Waits::All(_) => all::take_out(place, Some(&receipts)).map(|out| out.said),
        };
        match undone {
            Ok(undone) => {
                let within = confirm::span(unconfirmed.within_s);
                let why = format!("{}: nobody has confirmed it within {within}", waits.gone());
                log(&asked.root, &why);
                let undone = std::iter::once(why).chain(undone).collect();
                all.push(Disabled { service: name.to_owned(), undone });
            }
            Err(error) => {
                log(&asked.root, &format!("{name} was not confirmed, and cannot be taken back: {error}"));
                errors.push(error);
            }
        }
    }
    over.end(errors.is_empty());
    drop(receipts);
    errors.append(&mut over.errors);
    all.iter().flat_map(|disabled| &disabled.undone).try_for_each(|undone| screen.line(undone))?;
    screen.json(&all)?;
    all_of(errors)
}

/// The receipt last: until all is taken out, the next run begins with it, the timer's too.
fn disable_one(
    (root, sshd_config): (&Path, &Path),
    receipts: Option<&Receipts>,
    service: &str,
) -> Result<Vec<String>, Error> {
    let said = take_out((root, sshd_config), receipts, service)?;
    change::let_go(receipts, service)?;
    Ok(said)
}

/// The stack first: it must not ask where sshd cannot.
fn take_out(
    (root, sshd_config): (&Path, &Path),
    receipts: Option<&Receipts>,
    service: &str,
) -> Result<Vec<String>, Error> {
    if !file::is_name(service) {
        return Err(Error::Usage(format!("`{service}` is no name of a service; `ls /etc/pam.d` shows them")));
    }
    let undone = change::undo(root, &Host::at(root), receipts, service);
    if undone.is_ok() {
        log(root, &format!("{service} asks for no code from now on"));
    }
    let is_of_this_root = confirm::is_host(root) || sshd_config != Path::new(HOST_CONFIG);
    if service != "sshd" || !is_of_this_root {
        return undone.map(|undone| vec![words(service, &undone)]);
    }
    let Some(drop_in) = DropIn::standing(sshd_config)? else {
        return undone.map(|undone| vec![words(service, &undone)]);
    };
    let said = match undone {
        Ok(undone) => vec![words(service, &undone)],
        // A run that was cut off had come no further than the drop-in.
        Err(Error::NotFound(_)) => Vec::new(),
        Err(other) => return Err(other),
    };
    let was_in = drop_in.take_out()?;
    if !was_in && !drop_in.owes() {
        return if said.is_empty() {
            Err(Error::NotFound(String::from("sshd asks for no code, so there is nothing to take out")))
        } else {
            Ok(said)
        };
    }
    let told = drop_in.tell()?;
    let out = was_in.then(|| format!("our lines are out of {}", drop_in.path().display()));
    Ok(said.into_iter().chain(out).chain([told]).collect())
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

fn log(root: &Path, line: &str) {
    let place = if confirm::is_host(root) { String::new() } else { format!(" in the image at {}", root.display()) };
    let line = format!("{line}{place}, by {}", invoker());
    // Where there is no log of the system's, there is none.
    let _ = syslog(Priority::new(Severity::LOG_NOTICE, Facility::LOG_AUTH), &printable(&line).into_owned());
}
