//! Doing a plan, and undoing it. The receipt is there before the file is changed and until it is as it was, so that a run that is
//! killed at any moment leaves what `disable` can undo.

use super::file::{Found, clear, path_of};
use super::plan::{Plan, is_common, new_door, unreadable};
use super::receipt::{Receipt, Receipts, Standing, Unconfirmed};
use super::stack::line::{self, Whole};
use super::stack::{Answer, Host, Stack};
use crate::error::Error;
use std::path::Path;

/// A line of ours has this somewhere.
const OURS: &[u8] = b"pam_2fa.so";

/// Puts the line in.
pub(super) fn apply(receipts: &Receipts, plan: &Plan, unconfirmed: Option<Unconfirmed>) -> Result<(), Error> {
    clear(&plan.found.path)?;
    receipts.keep(&Receipt::of(plan, unconfirmed))?;
    let replaced = plan.found.replace(&plan.text);
    if replaced.is_err() {
        forget(receipts, plan);
    }
    replaced
}

/// Where nothing was done there is nothing to undo. Where this fails, `disable` finds the file as it was.
pub(super) fn forget(receipts: &Receipts, plan: &Plan) {
    if Found::read(&plan.found.path).is_ok_and(|now| now.is_some_and(|now| now.text == plan.found.text)) {
        let _ = receipts.drop(&plan.service);
    }
}

/// What became of a service's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Undone {
    /// It is as it was before, byte for byte.
    Restored,
    /// It was as it was before; a run was cut off before it changed anything.
    NeverChanged,
    /// It was edited after that time, so our lines alone were taken out.
    TakenOut(Option<String>),
    /// It was edited, and had no line of ours any more.
    NotInIt,
    /// It is gone.
    Gone,
}

/// Takes our lines out of a service's file. Without receipts nobody knows how it was before. The receipt stays until [`let_go`]: what belongs
/// to it may not be done yet.
pub(super) fn undo(root: &Path, host: &Host, receipts: Option<&Receipts>, service: &str) -> Result<Undone, Error> {
    let path = path_of(root, service);
    clear(&path)?;
    let receipt = receipts.map(|receipts| receipts.read(service)).transpose()?.flatten();
    let Some(found) = Found::read(&path)? else {
        return match receipt {
            Some(_) => Ok(Undone::Gone),
            None => Err(Error::NotFound(format!("no service {service}: there is no {}", path.display()))),
        };
    };
    let standing = receipt.as_ref().map(|receipt| receipt.standing(&found.text));
    match (standing, receipt.as_ref().and_then(Receipt::before)) {
        (Some(Standing::Before), _) => Ok(Undone::NeverChanged),
        (Some(Standing::After), Some(before)) => found.replace(&before).map(|()| Undone::Restored),
        (Some(Standing::After | Standing::Edited) | None, _) => {
            match take_out(host, service, &found, receipt.as_ref())? {
                true => Ok(Undone::TakenOut(receipt.map(|receipt| receipt.made))),
                false if receipt.is_some() => Ok(Undone::NotInIt),
                false => Err(not_enabled(host, service)),
            }
        }
    }
}

/// All of it is undone: nothing is left that a receipt is needed for.
pub(super) fn let_go(receipts: Option<&Receipts>, service: &str) -> Result<(), Error> {
    receipts.map_or(Ok(()), |receipts| receipts.drop(service))
}

fn not_enabled(host: &Host, service: &str) -> Error {
    let elsewhere =
        Stack::read(host, service).ok().and_then(|stack| stack.lines.into_iter().find(super::stack::is_ours));
    Error::NotFound(match elsewhere {
        Some(line) if is_common(&line) => {
            format!("{service} has our line from {}; `pam-2fa disable --all` takes it out there", line.place)
        }
        Some(line) => format!("{service} has our line from {}; take it out there", line.place),
        None => format!("{service} asks for no code, so there is nothing to take out"),
    })
}

/// Takes our lines out of a file that is not as we left it; whether there were any. Not where that would let somebody in, or nobody.
fn take_out(host: &Host, service: &str, found: &Found, receipt: Option<&Receipt>) -> Result<bool, Error> {
    let Some(text) = without_ours(found, receipt)? else { return Ok(false) };
    let was = Answer::of(&Stack::read(host, service).map_err(|why| unreadable(&why))?);
    let then = Answer::of(&Stack::read(&host.with(&found.path, &text), service).map_err(|why| unreadable(&why))?);
    let refuse = |why: String| Err(by_hand(found, &format!("without our lines {why}")));
    if let Some(door) = new_door(&was, &then) {
        return refuse(format!("somebody would be let in at {door}"));
    }
    if then.passed_by.is_none() {
        return refuse(String::from("nobody would get in with a password"));
    }
    found.replace(&text).map(|()| true)
}

fn by_hand(found: &Found, why: &str) -> Error {
    Error::Refused(vec![format!("{} was edited, and {why}; take them out by hand", found.path.display())])
}

/// The text without our lines, or with those that stood in their place; none where it has no lines of ours.
fn without_ours(found: &Found, receipt: Option<&Receipt>) -> Result<Option<Vec<u8>>, Error> {
    let (lines, broken) = line::lines(&found.text);
    let doomed: Vec<&Whole> = lines.iter().filter(|whole| is_ours(&whole.words())).collect();
    // Behind the place where it ends for us may be more.
    if broken.is_some() && found.text.windows(OURS.len()).any(|part| part == OURS) {
        return Err(by_hand(found, "libpam does not read it to its end"));
    }
    if doomed.is_empty() {
        return Ok(None);
    }
    let physical: Vec<&[u8]> = found.text.split_inclusive(|byte| *byte == b'\n').collect();
    if let Some(receipt) = receipt.filter(|receipt| !receipt.replaced.is_empty()) {
        let block: Vec<Vec<u8>> = receipt.put_in.iter().map(|line| format!("{line}\n").into_bytes()).collect();
        let at =
            physical.windows(block.len()).position(|window| window.iter().zip(&block).all(|(line, ours)| line == ours));
        let at = at.ok_or_else(|| by_hand(found, "the lines that `enable` wrote are not together any more"))?;
        let (before, rest) = physical.split_at(at);
        let restored = receipt.replaced.iter().map(|line| format!("{line}\n").into_bytes());
        let after = rest.get(block.len()..).unwrap_or_default();
        let text =
            before.iter().map(|line| line.to_vec()).chain(restored).chain(after.iter().map(|line| line.to_vec()));
        return Ok(Some(text.flatten().collect()));
    }
    if doomed.iter().any(|whole| whole.words().iter().any(|word| word == "decoy" || word == "key-proven")) {
        return Err(by_hand(found, "jumps count our lines"));
    }
    let is_doomed = |number: usize| doomed.iter().any(|whole| (whole.number..=whole.last).contains(&number));
    let kept = (1..).zip(physical).filter(|(number, _)| !is_doomed(*number));
    Ok(Some(kept.flat_map(|(_, line)| line.iter().copied()).collect()))
}

fn is_ours(words: &[String]) -> bool {
    let is_auth = words.first().is_some_and(|word| word.trim_start_matches('-').eq_ignore_ascii_case("auth"));
    is_auth && words.get(2).is_some_and(|path| path.rsplit('/').next() == Some("pam_2fa.so"))
}
