//! Which line goes where in a service's file: behind the lines that prove a first factor, where the walk through what comes out of
//! it finds that the full mode runs once after them and never otherwise. It writes nothing.

use super::faillock;
use super::file::{self, Found, path_of};
use super::rewrite;
use super::stack::line::{self, Whole};
use super::stack::{Answer, Dialect, Host, Line, Stack, Unreadable, is_ours};
use super::whole::{self, Modes};
use crate::error::Error;
use std::collections::BTreeSet;
use std::path::Path;

/// Services at a console of the host, where a code on paper can be typed (docs/break-glass.md).
pub(super) const CONSOLES: [&str; 1] = ["login"];

/// Files that services take in, by the beginnings of their names. Debian's are pam-auth-update's, which changes nothing more in one that
/// was edited.
pub(super) const SHARED: [&str; 9] = [
    "common-",
    "system-",
    "base-",
    "password-auth",
    "postlogin",
    "smartcard-auth",
    "fingerprint-auth",
    "switchable-auth",
    "other",
];

/// Doors of one program: who is asked at one takes the other.
const BESIDE: [(&str, &str); 7] = [
    ("sudo", "sudo-i"),
    ("sudo-i", "sudo"),
    ("su", "su-l"),
    ("su-l", "su"),
    ("login", "remote"),
    ("gdm-password", "gdm-fingerprint"),
    ("gdm-password", "gdm-smartcard"),
];

/// A change of one file.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) service: String,
    pub(super) found: Found,
    /// What the file is to be.
    pub(super) text: Vec<u8>,
    /// The lines that are new.
    pub(super) put_in: Vec<String>,
    /// The lines in whose place they are.
    pub(super) replaced: Vec<String>,
    /// Other services that take the file in, and so ask for a code, too.
    pub(super) also: Vec<String>,
    /// Other doors of the same program, which ask for none.
    pub(super) beside: Vec<String>,
    /// Lines that let somebody in with neither a password nor a code, as they did before.
    pub(super) doors: Vec<String>,
    /// What runs behind our line.
    pub(super) follows: Vec<String>,
    /// What pam_faillock makes of it.
    pub(super) faillock: Option<String>,
}

/// New lines at a place of a file.
pub(super) struct Draft {
    pub(super) text: Vec<u8>,
    pub(super) put_in: Vec<String>,
    pub(super) replaced: Vec<String>,
}

impl Plan {
    /// Makes it, or says in one line why not. `host` has what is planned before.
    pub(super) fn make(root: &Path, host: &Host, service: &str, modes: Modes) -> Result<Self, Error> {
        let (found, was) = fit(root, host, service)?;
        let (lines, _) = line::lines(&found.text);
        let mut why_not = None;
        let candidates = candidates(&lines, host.dialect());
        let behind = candidates.iter().filter(|_| modes.is_plain()).map(|whole| (*whole, How::Behind));
        let instead = candidates.iter().map(|whole| (*whole, How::Whole));
        let drafts = behind.chain(instead).map(|(whole, how)| draft(host, service, &found.text, whole, (how, modes)));
        let rewritten = std::iter::once_with(|| rewrite::drafts(host, service, &found, modes, full(service))).flatten();
        for draft in drafts.chain(rewritten) {
            let draft = match draft {
                Ok(draft) => draft,
                Err(why) => {
                    why_not.get_or_insert(why);
                    continue;
                }
            };
            let with_us = host.with(&found.path, &draft.text);
            let answer = Answer::of(&Stack::read(&with_us, service).map_err(|why| unreadable(&why))?);
            if let Some(why) = refusal(&was, &answer, modes) {
                why_not.get_or_insert(why);
                continue;
            }
            let also = others(host, &with_us, service)?;
            let Draft { text, put_in, replaced } = draft;
            let faillock = faillock::said(&with_us, service);
            let (service, doors, follows) = (service.to_owned(), answer.doors, answer.follows);
            return Ok(Self {
                service,
                found,
                text,
                put_in,
                replaced,
                also,
                beside: Vec::new(),
                doors,
                follows,
                faillock,
            });
        }
        let why = why_not.unwrap_or_else(|| String::from("it has no auth line to stand behind"));
        Err(Error::Refused(vec![format!(
            "{service} cannot have our line in {}: {why}; write its auth lines whole (docs/enable.md)",
            found.path.display()
        )]))
    }
}

/// How a line of a service's file gets ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    /// One line behind it.
    Behind,
    /// In its place the lines that it takes in, and ours. For modes that count lines, and for a `substack`, behind which one line would be
    /// reached with a wrong password.
    Whole,
}

/// The line of the full mode.
fn full(service: &str) -> &'static str {
    if CONSOLES.contains(&service) { "auth  requisite  pam_2fa.so break-glass" } else { "auth  requisite  pam_2fa.so" }
}

fn draft(host: &Host, service: &str, text: &[u8], whole: &Whole, (how, modes): (How, Modes)) -> Result<Draft, String> {
    let full = full(service);
    if how == How::Behind {
        let put_in = vec![full.to_owned()];
        return Ok(Draft { text: with_lines(text, whole, &put_in, false), put_in, replaced: Vec::new() });
    }
    let words = whole.words();
    let name = match words.as_slice() {
        [at, name, ..] if at.trim_start_matches('-').eq_ignore_ascii_case("@include") => name,
        [_, how, name, ..] if ["include", "substack"].iter().any(|word| how.eq_ignore_ascii_case(word)) => name,
        _ => return Err(String::from("it takes in no file whose lines could be written whole")),
    };
    let taken_in = host.text_of(name).map_err(|why| why.to_string())?.unwrap_or_default();
    let put_in =
        whole::lines(&taken_in, modes, full).map_err(|why| format!("{name} cannot be written whole: {why}"))?;
    let numbered = (1..).zip(text.split(|byte| *byte == b'\n'));
    let own = numbered.filter(|(number, _)| (whole.number..=whole.last).contains(number));
    let replaced = own.map(|(_, line)| String::from_utf8_lossy(line).into_owned()).collect();
    Ok(Draft { text: with_lines(text, whole, &put_in, true), put_in, replaced })
}

/// A service's own file, which may be changed and has no line of ours; and what its stack is.
fn fit(root: &Path, host: &Host, service: &str) -> Result<(Found, Answer), Error> {
    if !file::is_name(service) {
        return Err(Error::Usage(format!("`{service}` is no name of a service; `ls /etc/pam.d` shows them")));
    }
    if SHARED.iter().any(|shared| service.starts_with(shared)) {
        let why = "is a file that services take in, and no service; name those that are to ask for a code";
        return Err(Error::Refused(vec![format!("{service} {why}")]));
    }
    file::grounds(root)?;
    let path = path_of(root, service);
    let stack = Stack::read(host, service).map_err(|why| unreadable(&why))?;
    let Some(found) = Found::read(&path)? else {
        let (path, file) = (path.display(), stack.file.as_ref().map(|file| file.display()));
        return Err(Error::NotFound(match file {
            Some(file) => format!("{service} has its distribution's file alone; copy {file} to {path} first"),
            None => format!("no service {service}: there is no {path}; `ls /etc/pam.d` shows them"),
        }));
    };
    let was = Answer::of(&stack);
    if was.ours > 0 {
        let by = if stack.lines.iter().any(is_common) { "--all" } else { service };
        let why = format!("{service} asks for a code already; `pam-2fa disable {by}` takes that out");
        return Err(Error::Refused(vec![why]));
    }
    if stack.is_other {
        let why = "has no auth lines of its own, so those of `other` count; let it take in common-auth first";
        return Err(Error::Unfit { path, why: String::from(why) });
    }
    Ok((found, was))
}

/// The other doors of a service's program that ask for no code, once all that is planned is done.
pub(super) fn beside(host: &Host, service: &str) -> Vec<String> {
    let asks_not =
        |other: &str| Stack::read(host, other).is_ok_and(|stack| stack.file.is_some() && Answer::of(&stack).ours == 0);
    let others = BESIDE.iter().filter(|(one, _)| *one == service).map(|(_, other)| *other);
    others.filter(|other| asks_not(other)).map(str::to_owned).collect()
}

/// Whether a line of ours stands in a file that Debian's pam-auth-update keeps.
pub(super) fn is_common(line: &Line) -> bool {
    let name = line.place.file.file_name().unwrap_or_default().to_string_lossy();
    is_ours(line) && name.starts_with("common-")
}

/// As libpam says it, in the words of a command.
pub(super) fn unreadable(why: &Unreadable) -> Error {
    match why {
        Unreadable::Unknown(_) => Error::NotFound(format!("{why}; `ls /etc/pam.d` shows them")),
        Unreadable::File { .. } | Unreadable::Broken { .. } | Unreadable::Undefined { .. } => {
            Error::Refused(vec![why.to_string()])
        }
    }
}

/// Lines to stand behind: first those that take in another file, then the other auth lines.
fn candidates(lines: &[Whole], dialect: Dialect) -> Vec<&Whole> {
    let takes_in = |whole: &&Whole| {
        let words: Vec<String> = whole.words().iter().take(2).map(|word| word.to_ascii_lowercase()).collect();
        match words.first().map(|word| word.trim_start_matches('-')) {
            Some("@include") => Some(dialect == Dialect::Debian),
            Some("auth") => Some(words.get(1).is_some_and(|control| control == "include" || control == "substack")),
            _ => None,
        }
    };
    let of = |wanted: bool| lines.iter().filter(move |whole| takes_in(whole) == Some(wanted));
    of(true).chain(of(false)).collect()
}

/// The text with lines behind that one, or in its place.
fn with_lines(text: &[u8], whole: &Whole, put_in: &[String], in_its_place: bool) -> Vec<u8> {
    let mut new = Vec::with_capacity(text.len().saturating_add(1024));
    for (number, line) in (1..).zip(text.split_inclusive(|byte| *byte == b'\n')) {
        if !(in_its_place && (whole.number..=whole.last).contains(&number)) {
            new.extend_from_slice(line);
        }
        if number == whole.last {
            if !new.is_empty() && !new.ends_with(b"\n") {
                new.push(b'\n');
            }
            for line in put_in {
                new.extend_from_slice(line.as_bytes());
                new.push(b'\n');
            }
        }
    }
    new
}

/// Why a stack is not to be made of another; none where it is sound and opens nothing.
fn refusal(was: &Answer, then: &Answer, modes: Modes) -> Option<String> {
    if then.ours != modes.count() {
        return Some(String::from("the line would not count"));
    }
    if modes.decoy && !then.shows_decoy {
        return Some(String::from(
            "an earlier line ends a login with a wrong password, so the decoy would never be shown",
        ));
    }
    then.refusals()
        .into_iter()
        .next()
        .or_else(|| new_door(was, then).map(|door| format!("it would let somebody in at {door}")))
}

/// A line that lets somebody in with no first factor in one stack, and let in nobody in the other.
pub(super) fn new_door<'a>(was: &Answer, then: &'a Answer) -> Option<&'a String> {
    // Without the place: lines move.
    let what = |door: &String| door.split_once(' ').map_or_else(|| door.clone(), |(_, what)| what.to_owned());
    let known: BTreeSet<String> = was.doors.iter().map(what).collect();
    then.doors.iter().find(|door| !known.contains(&what(door)))
}

/// The services that get our line with this one, since they take its file in. Where one of them would not be sound, nothing is planned.
fn others(was: &Host, then: &Host, service: &str) -> Result<Vec<String>, Error> {
    let mut also = Vec::new();
    for other in file::services(was).into_iter().filter(|other| other != service) {
        // What cannot be read is broken with and without us.
        let (Ok(before), Ok(after)) = (Stack::read(was, &other), Stack::read(then, &other)) else { continue };
        // Without a file of its own `other` counts; a file that is taken in and is no service has no lines that prove anything.
        if before.lines == after.lines {
            continue;
        }
        let (before, after) = (Answer::of(&before), Answer::of(&after));
        let why = after.refusals().into_iter().next().or_else(|| new_door(&before, &after).cloned());
        if let Some(why) = why {
            return Err(Error::Refused(vec![format!("{other} takes in the file of {service}, and there {why}")]));
        }
        also.push(other);
    }
    Ok(also)
}
