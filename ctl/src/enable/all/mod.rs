//! `enable --all` and `disable --all`: every service that takes the host's common lines in, by the tool that keeps those lines. What
//! came out is read back and walked for each service; where one is not sound, all is undone. It writes no line into a file of that
//! tool's: it has the tool do it.
//!
//! | file | |
//! |---|---|
//! | `profiles` | Debian's pam-auth-update: two profiles, and what it makes of them |
//! | `authselect` | RHEL's and Fedora's authselect: a profile in the place of the one that is selected |
//! | `services` | every service of the host, before and after |
//! | `ignored` | services that policy asks nobody in |
//! | `kept` | the files that change, as they were, and back again |

mod authselect;
pub(super) mod kept;
mod profiles;
mod services;

use super::confirm::{self, stands_now};
use super::receipt::{Receipts, Unconfirmed};
use super::sshd::DropIn;
use super::stack::Host;
use super::waits::of_all;
use super::whole::Modes;
use super::{STATE, log, main_file, ready};
use crate::args::{DisableArgs, EnableArgs};
use crate::diff;
use crate::error::Error;
use crate::exempt::HOST_CONFIG;
use crate::screen::Screen;
use authselect::Authselect;
use kept::{Change, Receipt, Undone};
use pam_2fa_settings::Services;
use profiles::PamAuthUpdate;
use serde::Serialize;
use services::{Seen, asks};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Who keeps the common lines of a host.
enum Tool {
    PamAuthUpdate(PamAuthUpdate),
    Authselect(Authselect),
}

impl Tool {
    fn of(root: &Path) -> Result<Self, Error> {
        match Authselect::of(root)? {
            Some(tool) => Ok(Self::Authselect(tool)),
            None => PamAuthUpdate::of(root).map(Self::PamAuthUpdate),
        }
    }

    fn plan(&self, modes: Modes) -> Result<Vec<Change>, Error> {
        match self {
            Self::PamAuthUpdate(tool) => tool.plan(modes),
            Self::Authselect(tool) => tool.plan(modes),
        }
    }

    fn enable(&self, modes: Modes, receipts: &Receipts, changes: &[Change]) -> Result<(), Error> {
        match self {
            Self::PamAuthUpdate(tool) => tool.enable(modes, Some(receipts), changes),
            Self::Authselect(tool) => tool.enable(receipts, changes),
        }
    }

    /// Whether a file is what it was to make of it.
    fn is_made(&self, change: &Change) -> Result<bool, Error> {
        match self {
            Self::PamAuthUpdate(_) => Ok(kept::text(&change.path)? == change.after),
            Self::Authselect(_) => Authselect::is_made(change),
        }
    }
}

/// What is planned for all services.
struct Plan {
    changes: Vec<Change>,
    seen: Seen,
}

/// A file in the answer.
#[derive(Debug, Serialize)]
struct Changed {
    file: PathBuf,
    diff: Vec<String>,
}

/// What `enable --all` answers in JSON.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    changed: bool,
    files: Vec<Changed>,
    /// Services that ask for a code then.
    asks: &'a [String],
    /// Services that take the lines in, and ask nobody: their class is `ignore`.
    ignored: &'a [String],
    /// Lines that let somebody in with neither a password nor a code, each behind its service.
    doors: &'a [String],
    /// Services that have lines of their own and let in by a first factor alone.
    apart: &'a [String],
    /// What pam_faillock makes of it, by services.
    faillock: &'a BTreeMap<String, Vec<String>>,
    /// The drop-in of sshd's.
    #[serde(skip_serializing_if = "Option::is_none")]
    sshd: Option<PathBuf>,
    /// Until when `confirm` has to come: RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    confirm_until: Option<String>,
}

/// `pam-2fa enable --all`; where configd and the settings are.
pub(super) fn enable(where_is: (&Path, &Path), asked: &EnableArgs, screen: &mut Screen<'_>) -> Result<(), Error> {
    let modes = Modes { decoy: asked.decoy, key_proven: false };
    let drop_in = asked.sshd.then(|| super::drop_in(asked)).transpose()?;
    let tool = Tool::of(&asked.root)?;
    let classes = classes(where_is.1);
    services::ask_already(&Host::at(&asked.root))?;
    let state = asked.root.join(STATE);
    if state.join("enable").exists() {
        // What a run that was killed has left is no news of pam-auth-update's.
        is_undone(&Receipts::hold(&state)?)?;
    }
    let plan = plan(&tool, asked, modes, &classes)?;
    show(&asked.root, &plan, screen)?;
    let each = EnableArgs { services: plan.seen.asks.clone(), ..asked.clone() };
    let mut refusals = ready::refusals(where_is, &each)?;
    if let Some(drop_in) = &drop_in {
        for line in diff::unified(&drop_in.path().display().to_string(), b"", DropIn::text(modes).as_bytes()) {
            screen.line(&line)?;
        }
        refusals.extend(drop_in.refusals(modes, asked.without_root_key)?);
    }
    if !refusals.is_empty() {
        return Err(Error::Refused(refusals));
    }
    let unconfirmed = Unconfirmed::asked(asked)?;
    if !asked.dry_run {
        change(&tool, asked, (modes, &classes), (drop_in.as_ref(), unconfirmed.clone()), screen)?;
    }
    let Seen { asks, ignored, doors, apart, faillock } = &plan.seen;
    let files = plan.changes.iter().filter_map(|change| changed(&asked.root, change)).collect();
    let sshd = drop_in.map(|drop_in| drop_in.path());
    let confirm_until = unconfirmed.map(|unconfirmed| unconfirmed.until);
    screen.json(&Answer { changed: !asked.dry_run, files, asks, ignored, doors, apart, faillock, sshd, confirm_until })
}

/// The administrator's table of services. Settings that cannot be read are for configd to refuse: the built-in table counts then.
fn classes(config: &Path) -> Services {
    let text = std::fs::read_to_string(config).unwrap_or_default();
    pam_2fa_settings::parse(&text).map(|accepted| accepted.settings.services).unwrap_or_default()
}

fn plan(tool: &Tool, asked: &EnableArgs, modes: Modes, classes: &Services) -> Result<Plan, Error> {
    let was = Host::at(&asked.root);
    services::ask_already(&was)?;
    let changes = tool.plan(modes)?;
    let then = changes.iter().fold(was.clone(), |host, change| match &change.after {
        Some(text) => stands(host, &asked.root, &change.path, text),
        None => host,
    });
    let seen = services::look(&was, &then, classes, modes)?;
    Ok(Plan { changes, seen })
}

/// The host with that text in a file, and in the link to it that services take in.
fn stands(host: Host, root: &Path, path: &Path, text: &[u8]) -> Host {
    let name = path.file_name().unwrap_or_default();
    let is_linked = path.parent() == Some(&root.join("etc/authselect"));
    let host = host.with(path, text);
    if is_linked { host.with(&root.join("etc/pam.d").join(name), text) } else { host }
}

/// Refuses where a receipt is left.
fn is_undone(receipts: &Receipts) -> Result<(), Error> {
    if kept::read(receipts)?.is_none() {
        return Ok(());
    }
    let why = "an earlier `enable --all` is not undone; `pam-2fa disable --all` first";
    Err(Error::Refused(vec![why.to_owned()]))
}

/// The receipt first; then sshd's drop-in, and sshd is told, as for a single service.
fn change(
    tool: &Tool,
    asked: &EnableArgs,
    (modes, classes): (Modes, &Services),
    (drop_in, unconfirmed): (Option<&DropIn>, Option<Unconfirmed>),
    screen: &mut Screen<'_>,
) -> Result<(), Error> {
    let receipts = Receipts::hold(&asked.root.join(STATE))?;
    is_undone(&receipts)?;
    // Another command may have been at it since.
    let Plan { changes, seen } = plan(tool, asked, modes, classes)?;
    if unconfirmed.is_some() {
        confirm::watch(asked)?;
    }
    let mut receipt = Receipt::of(&changes, &seen.asks, unconfirmed);
    kept::keep(&receipts, &receipt)?;
    let notes = match drop_in.map(|drop_in| drop_in.put_in(modes)).transpose() {
        Ok(notes) => notes.unwrap_or_default(),
        // It has taken away what it had done; where it could not, the receipt has the next run come back for it, the timer's too.
        Err(why) if drop_in.is_some_and(DropIn::is_left) => return Err(why),
        Err(why) => return kept::forget(&receipts).and(Err(why)),
    };
    let done = drop_in.map(DropIn::tell).transpose().and_then(|told| {
        tool.enable(modes, &receipts, &changes)?;
        read_back(tool, asked, modes, classes, &changes)?;
        // Nothing is said before: who has stopped to listen leaves it unproven otherwise.
        receipt.unconfirmed = stands_now(receipt.unconfirmed.take())?;
        kept::keep(&receipts, &receipt)?;
        Ok((told, receipt.unconfirmed))
    });
    let (told, unconfirmed) = done.map_err(|why| taken_back(tool, &receipts, drop_in, &why))?;
    // Who is slow to read what is said keeps nobody from the receipts.
    drop(receipts);
    log(&asked.root, &format!("{} ask for a code from now on", seen.asks.join(", ")));
    screen.line("they ask for a code from their next login on; `pam-2fa disable --all` undoes it")?;
    notes.iter().try_for_each(|note| screen.note(note))?;
    told.iter().try_for_each(|told| screen.line(told))?;
    screen.line("keep this session until a login in another one has worked")?;
    unconfirmed.map_or(Ok(()), |unconfirmed| screen.line(&unconfirmed.words()))
}

/// All of it goes: the lines before sshd, which could not ask any more, and what was kept at last.
fn taken_back(tool: &Tool, receipts: &Receipts, drop_in: Option<&DropIn>, why: &Error) -> Error {
    let undone = match undo(tool, Some(receipts)) {
        // There was nothing yet.
        Err(Error::NotFound(_)) => Ok(()),
        other => other.map(drop),
    };
    if let Err(error) = undone {
        // The lines may ask, so sshd is to be able to.
        let hint = format!("and it could not be undone: {error}; `pam-2fa disable --all`, then look at the files");
        return Error::Refused(vec![why.to_string(), hint]);
    }
    let told = drop_in.map_or(Ok(()), |drop_in| drop_in.take_out().and_then(|_| drop_in.tell()).map(drop));
    match told.and_then(|()| kept::forget(receipts)) {
        Ok(()) => Error::Refused(vec![format!("{why}; nothing was changed")]),
        Err(error) => Error::Refused(vec![why.to_string(), format!("and it could not be taken back: {error}")]),
    }
}

/// What stands on the disk now, whatever was planned: the files, and every service that takes them in.
fn read_back(
    tool: &Tool,
    asked: &EnableArgs,
    modes: Modes,
    classes: &Services,
    changes: &[Change],
) -> Result<(), Error> {
    for change in changes {
        if !tool.is_made(change)? {
            let why = String::from("is not what was planned");
            return Err(Error::Unfit { path: change.path.clone(), why });
        }
    }
    let was = changes.iter().fold(Host::at(&asked.root), |host, change| match &change.before {
        Some(found) => stands(host, &asked.root, &found.path, &found.text),
        None => host,
    });
    services::look(&was, &Host::at(&asked.root), classes, modes).map(drop)
}

fn changed(root: &Path, change: &Change) -> Option<Changed> {
    // What a tool keeps for itself is nobody's to read, nor are templates.
    if ["var", "etc/authselect/custom"].iter().any(|folder| change.path.starts_with(root.join(folder))) {
        return None;
    }
    let (before, after) = (change.before.as_ref().map(|found| found.text.as_slice()), change.after.as_deref());
    let diff = diff::unified(&change.path.display().to_string(), before.unwrap_or_default(), after.unwrap_or_default());
    (!diff.is_empty()).then(|| Changed { file: change.path.clone(), diff })
}

fn show(root: &Path, plan: &Plan, screen: &mut Screen<'_>) -> Result<(), Error> {
    for changed in plan.changes.iter().filter_map(|change| changed(root, change)) {
        for line in changed.diff {
            screen.line(&line.replace('\t', "    "))?;
        }
    }
    let Seen { asks, ignored, doors, apart, faillock } = &plan.seen;
    for (said, services) in faillock {
        screen.line(&format!("{}: {said}", services.join(", ")))?;
    }
    screen.line(&format!("these ask for a code then: {}", asks.join(", ")))?;
    if asks.iter().any(|service| service == "other") {
        screen.line("other is every service that has no file of its own")?;
    }
    if !ignored.is_empty() {
        let names = ignored.join(", ");
        screen.line(&format!("these take the lines in, too, and ask nobody (their class is ignore): {names}"))?;
    }
    if !apart.is_empty() {
        let names = apart.join(", ");
        screen.note(&format!("these have lines of their own, and ask for no code: {names}"))?;
    }
    doors
        .iter()
        .try_for_each(|door| screen.note(&format!("{door} lets in with neither a password nor a code, as before")))
}

/// What `disable --all` answers in JSON.
#[derive(Debug, Serialize)]
struct Disabled {
    undone: Vec<String>,
    /// What is otherwise than it was before.
    files: Vec<Changed>,
}

/// `pam-2fa disable --all`.
pub(super) fn disable(asked: &DisableArgs, screen: &mut Screen<'_>) -> Result<(), Error> {
    // Where the state is gone, a line that is left denies everyone: it has to come out all the same.
    let state = asked.root.join(STATE);
    let receipts = state.exists().then(|| Receipts::hold(&state)).transpose()?;
    let waits = receipts.as_ref().and_then(|receipts| of_all(receipts).ok().flatten());
    let Out { said, files } = take_out((&asked.root, main_file(asked, waits.as_ref())), receipts.as_ref())?;
    drop(receipts);
    said.iter().try_for_each(|line| screen.line(line))?;
    for line in files.iter().flat_map(|changed| &changed.diff) {
        screen.line(&line.replace('\t', "    "))?;
    }
    screen.json(&Disabled { undone: said, files })
}

/// What `disable --all` has to say.
pub(super) struct Out {
    pub(super) said: Vec<String>,
    files: Vec<Changed>,
}

/// The lines first: they must not ask where sshd cannot. The receipt last: until all is taken out, the next run begins with it, the timer's
/// too.
pub(super) fn take_out((root, sshd_config): (&Path, &Path), receipts: Option<&Receipts>) -> Result<Out, Error> {
    let undone = undo(&Tool::of(root)?, receipts);
    let is_of_this_root = confirm::is_host(root) || sshd_config != Path::new(HOST_CONFIG);
    let drop_in = is_of_this_root.then(|| DropIn::standing(sshd_config)).transpose()?.flatten();
    let (mut said, mut files) = (Vec::new(), Vec::new());
    match undone {
        Ok((Undone::Restored, notes)) => said.extend(std::iter::once(words(None)).chain(notes)),
        Ok((Undone::Edited(since, changes), notes)) => {
            said.extend(std::iter::once(words(Some(since))).chain(notes));
            files.extend(changes.iter().filter_map(|change| changed(root, change)));
        }
        // Where the receipts are gone, too, a drop-in may be left; not where sshd's own lines ask, which needs it.
        Err(Error::NotFound(_)) if drop_in.is_some() && !asks(&Host::at(root), "sshd") => {}
        Err(error) => return Err(error),
    }
    log(root, "the common lines ask for no code from now on");
    if let Some(drop_in) = drop_in {
        let was_in = drop_in.take_out()?;
        if was_in {
            said.push(format!("our lines are out of {}", drop_in.path().display()));
        }
        if was_in || drop_in.owes() {
            said.push(drop_in.tell()?);
        }
    }
    receipts.map_or(Ok(()), kept::forget)?;
    Ok(Out { said, files })
}

/// What became of the lines, and since when they were changed by others.
fn words(edited: Option<Option<String>>) -> String {
    let since = match edited {
        None => {
            return String::from(
                "no service asks for a code any more by the common lines; they are as they were before",
            );
        }
        Some(None) => String::from("`enable --all` has left no receipt"),
        Some(Some(since)) => format!("they were changed since {since}"),
    };
    format!("no service asks for a code any more by the common lines; {since}, so ours alone were taken out")
}

/// What became of it, and what else there is to say. The receipt stays: what belongs to it may not be done yet.
fn undo(tool: &Tool, receipts: Option<&Receipts>) -> Result<(Undone, Vec<String>), Error> {
    let mut notes = Vec::new();
    let receipt = receipts.map(kept::read).transpose()?.flatten();
    let undone = match tool {
        Tool::PamAuthUpdate(tool) => match receipt {
            Some(receipt) if receipt.is_untouched()? => {
                tool.clear()?;
                receipt.put_back()?;
                Undone::Restored
            }
            Some(receipt) => {
                tool.take_out(receipts, |path| receipt.has_made(path))?;
                Undone::Edited(Some(receipt.made.clone()), receipt.since()?)
            }
            None if tool.has_ours()? => {
                // Nobody knows any more who made the profiles: switched off they do nothing.
                tool.take_out(receipts, |_| false)?;
                Undone::Edited(None, Vec::new())
            }
            None => return Err(nothing()),
        },
        Tool::Authselect(tool) => {
            if receipt.is_none() && !tool.has_ours()? {
                return Err(nothing());
            }
            let state = receipt.as_ref().map(|receipt| receipt.before("authselect.conf")).transpose()?.flatten();
            let note = tool.undo(state.as_deref())?;
            let since = receipt.as_ref().map_or(Ok(Vec::new()), Receipt::since)?;
            let is_restored = receipt.is_some() && since.iter().all(Authselect::is_as_before);
            notes.extend(note);
            if is_restored { Undone::Restored } else { Undone::Edited(receipt.map(|receipt| receipt.made), since) }
        }
    };
    Ok((undone, notes))
}

fn nothing() -> Error {
    let why = "no common line of this host is ours, so there is nothing to take out; name the services";
    Error::NotFound(why.to_owned())
}
