//! Services' files and sshd's drop-in, which stand or fall together: what fails takes back all that was done before it. It says
//! nothing, so that nobody who has stopped to listen leaves it half done.

use super::change;
use super::file::Found;
use super::plan::Plan;
use super::receipt::{Receipts, Unconfirmed};
use super::sshd::DropIn;
use super::stack::{Answer, Host, Stack};
use super::whole::Modes;
use crate::error::Error;
use std::path::Path;

/// What there is to say of sshd.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// What stays otherwise for some.
    pub(super) notes: Vec<String>,
    /// How sshd was told.
    pub(super) told: Option<String>,
}

/// All of it, or nothing. sshd first, and told: a stack that asks behind a sshd that cannot ask would deny everyone, while one that asks
/// for nothing yet behind a sshd that can lets in whom it did.
pub(super) fn carry_out(
    root: &Path,
    receipts: &Receipts,
    (plans, unconfirmed): (&[Plan], Option<&Unconfirmed>),
    sshd: Option<(&DropIn, Modes)>,
) -> Result<Said, Error> {
    let done = all(root, receipts, (plans, unconfirmed), sshd);
    if done.is_err() && unconfirmed.is_some() {
        // Their receipts were there before; those of what could not be taken back stay, sshd's as long as its drop-in does.
        for plan in plans.iter().filter(|plan| !is_left(plan, sshd.map(|(drop_in, _)| drop_in))) {
            change::forget(receipts, plan);
        }
    }
    done
}

fn all(
    root: &Path,
    receipts: &Receipts,
    (plans, unconfirmed): (&[Plan], Option<&Unconfirmed>),
    sshd: Option<(&DropIn, Modes)>,
) -> Result<Said, Error> {
    let drop_in = sshd.map(|(drop_in, _)| drop_in);
    let mut said = Said::default();
    if let Some((drop_in, modes)) = sshd {
        said.notes = drop_in.put_in(modes)?;
        let told = drop_in.tell().map_err(|why| taken_back(root, receipts, &[], Some(drop_in), &why))?;
        said.told = Some(told);
    }
    for (number, plan) in plans.iter().enumerate() {
        change::apply(receipts, plan, unconfirmed.cloned()).map_err(|why| {
            let is_as_it_was = |now: &Found| now.text == plan.found.text;
            let has_changed = !Found::read(&plan.found.path).is_ok_and(|now| now.as_ref().is_some_and(is_as_it_was));
            let done = plans.get(..number.saturating_add(usize::from(has_changed))).unwrap_or(plans);
            taken_back(root, receipts, done, drop_in, &why)
        })?;
    }
    // Files that they take in may have changed while this was at work (pam-auth-update, an upgrade).
    let host = Host::at(root);
    if let Some(why) = plans.iter().find_map(|plan| no_longer_sound(&host, plan)) {
        return Err(taken_back(root, receipts, plans, drop_in, &why));
    }
    Ok(said)
}

fn no_longer_sound(host: &Host, plan: &Plan) -> Option<Error> {
    let why = match Stack::read(host, &plan.service) {
        Ok(stack) => Answer::of(&stack).refusals().into_iter().next()?,
        Err(why) => why.to_string(),
    };
    let service = &plan.service;
    Some(Error::Refused(vec![format!(
        "{service} takes in a file that was changed just now, and there {why}; run it again"
    )]))
}

/// Undoes it from its end, the stacks before sshd, and says what has failed, and what of this has.
pub(super) fn taken_back(
    root: &Path,
    receipts: &Receipts,
    done: &[Plan],
    drop_in: Option<&DropIn>,
    why: &Error,
) -> Error {
    let (mut undone, mut failed) = (Vec::new(), Vec::new());
    for plan in done.iter().rev() {
        match change::undo(root, &Host::at(root), Some(receipts), &plan.service) {
            Ok(_) => undone.push(plan),
            // Somebody else has changed the one that failed.
            Err(Error::NotFound(_)) => {}
            Err(error) => failed.push(error),
        }
    }
    if let Some(drop_in) = drop_in {
        failed.extend(drop_in.take_out().and_then(|_| drop_in.tell()).err());
    }
    let done_with = undone.into_iter().filter(|plan| !is_left(plan, drop_in));
    failed.extend(done_with.filter_map(|plan| change::let_go(Some(receipts), &plan.service).err()));
    if failed.is_empty() {
        return Error::Refused(vec![format!("{why}; nothing was changed")]);
    }
    let failed = failed.iter().map(|error| format!("and it could not be taken back: {error}"));
    Error::Refused(std::iter::once(why.to_string()).chain(failed).collect())
}

/// Whether it is sshd's, and something of its drop-in is left to be done: its receipt has the next run come back for it.
fn is_left(plan: &Plan, drop_in: Option<&DropIn>) -> bool {
    plan.service == "sshd" && drop_in.is_some_and(DropIn::is_left)
}
