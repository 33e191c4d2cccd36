//! Doing a plan, and undoing it. The receipt is there before the file is changed and until it is as it was, so that a run that is
//! killed at any moment leaves what `disable` can undo.

use super::file::{Found, clear, path_of};
use super::plan::{Plan, new_door, unreadable};
use super::receipt::{Receipt, Receipts, Standing};
use super::stack::line::{self, Whole};
use super::stack::{Answer, Host, Stack};
use crate::error::Error;
use std::path::Path;

/// Puts the line in.
pub(super) fn apply(receipts: &Receipts, plan: &Plan) -> Result<(), Error> {
    clear(&plan.found.path)?;
    receipts.keep(&Receipt::new(&plan.service, &plan.found, &plan.text, &plan.put_in))?;
    let replaced = plan.found.replace(&plan.text);
    if replaced.is_err()
        && Found::read(&plan.found.path).is_ok_and(|now| now.is_some_and(|now| now.text == plan.found.text))
    {
        // Nothing was done, so there is nothing to undo. Where this fails, `disable` finds the file as it was.
        let _ = receipts.drop(&plan.service);
    }
    replaced
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

/// Takes our lines out of a service's file. Without receipts nobody knows how it was before.
pub(super) fn undo(root: &Path, host: &Host, receipts: Option<&Receipts>, service: &str) -> Result<Undone, Error> {
    let path = path_of(root, service);
    clear(&path)?;
    let receipt = receipts.map(|receipts| receipts.read(service)).transpose()?.flatten();
    let forget = || receipts.map_or(Ok(()), |receipts| receipts.drop(service));
    let Some(found) = Found::read(&path)? else {
        return match receipt {
            Some(_) => forget().map(|()| Undone::Gone),
            None => Err(Error::NotFound(format!("no service {service}: there is no {}", path.display()))),
        };
    };
    let standing = receipt.as_ref().map(|receipt| receipt.standing(&found.text));
    let undone = match (standing, receipt.as_ref().and_then(Receipt::before)) {
        (Some(Standing::Before), _) => Undone::NeverChanged,
        (Some(Standing::After), Some(before)) => {
            found.replace(&before)?;
            Undone::Restored
        }
        (Some(Standing::After | Standing::Edited) | None, _) => {
            match take_out(host, service, &found, receipt.as_ref())? {
                true => Undone::TakenOut(receipt.map(|receipt| receipt.made)),
                false if receipt.is_some() => Undone::NotInIt,
                false => return Err(not_enabled(host, service)),
            }
        }
    };
    forget()?;
    Ok(undone)
}

fn not_enabled(host: &Host, service: &str) -> Error {
    let elsewhere =
        Stack::read(host, service).ok().and_then(|stack| stack.lines.into_iter().find(super::stack::is_ours));
    Error::NotFound(match elsewhere {
        Some(line) => format!("{service} has our line from {}; take it out there", line.place),
        None => format!("{service} asks for no code, so there is nothing to take out"),
    })
}

/// Takes our lines out of a file that is not as we left it; whether there were any. Not where that would let somebody in, or nobody.
fn take_out(host: &Host, service: &str, found: &Found, receipt: Option<&Receipt>) -> Result<bool, Error> {
    let (lines, _) = line::lines(&found.text);
    let put_in = |whole: &&Whole| {
        receipt.is_some_and(|receipt| receipt.put_in.iter().any(|line| *line == text_of(&found.text, whole)))
    };
    // A line that an administrator has changed is ours all the same.
    let doomed: Vec<&Whole> = lines.iter().filter(|whole| put_in(whole) || is_ours(&whole.words())).collect();
    if doomed.is_empty() {
        return Ok(false);
    }
    let is_doomed = |number: usize| doomed.iter().any(|whole| (whole.number..=whole.last).contains(&number));
    let kept = (1..).zip(found.text.split_inclusive(|byte| *byte == b'\n')).filter(|(number, _)| !is_doomed(*number));
    let text: Vec<u8> = kept.flat_map(|(_, line)| line.iter().copied()).collect();
    let was = Answer::of(&Stack::read(host, service).map_err(|why| unreadable(&why))?);
    let then = Answer::of(&Stack::read(&host.with(&found.path, &text), service).map_err(|why| unreadable(&why))?);
    let refuse = |why: String| {
        Err(Error::Refused(vec![format!(
            "{} was edited, and without our lines {why}; take them out by hand",
            found.path.display()
        )]))
    };
    if let Some(door) = new_door(&was, &then) {
        return refuse(format!("somebody would be let in at {door}"));
    }
    if then.passed_by.is_none() {
        return refuse(String::from("nobody would get in with a password"));
    }
    found.replace(&text).map(|()| true)
}

fn is_ours(words: &[String]) -> bool {
    let is_auth = words.first().is_some_and(|word| word.trim_start_matches('-').eq_ignore_ascii_case("auth"));
    is_auth && words.get(2).is_some_and(|path| path.rsplit('/').next() == Some("pam_2fa.so"))
}

/// A line as it stands in the file.
fn text_of(text: &[u8], whole: &Whole) -> String {
    let lines = (1..).zip(text.split(|byte| *byte == b'\n'));
    let own = lines.filter(|(number, _)| (whole.number..=whole.last).contains(number));
    own.map(|(_, line)| String::from_utf8_lossy(line).into_owned()).collect::<Vec<_>>().join("\n")
}
