//! A stack as the lines of one file: what it takes in stands in it, a `substack` is left by jumps, and ours stand among them. It judges
//! nothing: whether what comes out is sound and does what the old one did, `answer` and `same` say.
//!
//! A first factor's `sufficient` becomes a jump to ours. A jump leaves no impression, so `pam_permit` follows ours (docs/enable.md).

use super::control::{Action, Code, Control};
use super::module::{Kind, kind};
use super::read::{Line, What};

/// How much of the controls may become otherwise. The first that is sound is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Strictness {
    /// What fails goes on, as it did.
    AsItIs,
    /// `pam_deny` ends the stack.
    DenyEnds,
    /// A first factor that fails does, too.
    ProofEnds,
}

/// What is put in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ours<'a> {
    pub(crate) full: &'a str,
    pub(crate) decoy: bool,
    pub(crate) key_proven: bool,
}

/// What is done upon an answer, by where it leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Do {
    Stay(Action),
    /// To the line of that number.
    Go(usize),
}

/// A module's line; substacks are gone.
struct Item<'a> {
    line: &'a Line,
    kind: Kind,
    upon: Vec<(Code, Do)>,
}

/// The lines that do the same, with ours before the line of each number that may be it (from 0, of those that call a module).
pub(crate) fn lines(all: &[Line], place: usize, ours: Ours<'_>, strictness: Strictness) -> Result<Vec<String>, String> {
    let items = items(all, place, strictness)?;
    let deny = items.iter().take(place).rposition(|item| is_named(item.line, "pam_deny"));
    if ours.decoy && deny.is_none() {
        return Err(String::from("it has no `pam_deny.so` to stand before"));
    }
    let decoy = deny.filter(|_| ours.decoy);
    let key = ours.key_proven.then(|| before_proof(&items)).transpose()?;
    // Before the line of that number, so many.
    let put_in: Vec<(usize, usize)> =
        [(place, 2)].into_iter().chain(decoy.map(|at| (at, 1))).chain(key.map(|at| (at, 1))).collect();
    let lands =
        |target: usize| target + put_in.iter().filter(|(at, _)| *at < target).map(|(_, count)| count).sum::<usize>();
    let stands = |own: usize| own + put_in.iter().filter(|(at, _)| *at <= own).map(|(_, count)| count).sum::<usize>();
    let mut out = Vec::new();
    for (own, item) in items.iter().map(Some).chain([None]).enumerate() {
        if key == Some(own) {
            let over = lands(place).saturating_sub(out.len()).saturating_sub(1);
            out.push(format!("auth\t[success={over} default=ignore]\tpam_2fa.so key-proven"));
        }
        if decoy == Some(own) {
            out.push(String::from("auth\toptional\tpam_2fa.so decoy"));
        }
        if place == own {
            out.push(ours.full.to_owned());
            out.push(String::from("auth\trequired\tpam_permit.so"));
        }
        let Some(item) = item else { break };
        let action = |step: Do| match step {
            Do::Stay(action) => Ok(action),
            Do::Go(target) => match lands(target).checked_sub(stands(own).saturating_add(1)) {
                Some(0) => Ok(Action::Ignore),
                Some(over) => Ok(Action::Jump(over)),
                None => Err(String::from("a jump would lead backwards")),
            },
        };
        let upon: Vec<(Code, Action)> =
            item.upon.iter().map(|(code, step)| Ok((*code, action(*step)?))).collect::<Result<_, String>>()?;
        out.push(format!("auth\t{}\t{}", said(&upon), module(item.line)?));
    }
    Ok(out)
}

fn items(all: &[Line], place: usize, strictness: Strictness) -> Result<Vec<Item<'_>>, String> {
    // The number among modules of the line, or of the next one that calls one.
    let number = |at: usize| all.iter().take(at).filter(|line| !matches!(line.what, What::Substack(_))).count();
    let mut items = Vec::new();
    for (at, line) in all.iter().enumerate() {
        match &line.what {
            What::Substack(_) => continue,
            What::Fails(why) => return Err(format!("{}: {why}", line.place)),
            What::Module { .. } => {}
        }
        let kind = kind(line);
        let is_before = number(at) < place;
        let mut upon = Vec::new();
        for code in Code::all() {
            upon.push((code, step(all, at, code, (kind, place), &number)?));
        }
        let ends = is_before
            && (is_preauth(line)
                || (strictness >= Strictness::DenyEnds && is_named(line, "pam_deny"))
                || (strictness >= Strictness::ProofEnds && kind == Kind::Proof));
        if ends {
            for (_, step) in &mut upon {
                if *step == Do::Stay(Action::Bad) {
                    *step = Do::Stay(Action::Die);
                }
            }
        }
        items.push(Item { line, kind, upon });
    }
    Ok(items)
}

fn step(
    all: &[Line],
    at: usize,
    code: Code,
    (kind, place): (Kind, usize),
    number: &impl Fn(usize) -> usize,
) -> Result<Do, String> {
    let Some(line) = all.get(at) else { return Ok(Do::Stay(Action::Bad)) };
    let is_next = |at: usize, level: usize| all.get(at.saturating_add(1)).is_some_and(|next| next.level >= level);
    // Behind the last line of its level.
    let exit = |mut from: usize| {
        while is_next(from, line.level) {
            from = from.saturating_add(1);
        }
        from.saturating_add(1)
    };
    let is_end = |target: usize| target >= all.len();
    Ok(match line.control.upon(code) {
        Action::Done if matches!(kind, Kind::Proof | Kind::Unclear) && number(at) < place => {
            if code == Code::SUCCESS {
                Do::Go(number(exit(at)).min(place))
            } else if code == Code::NEW_AUTHTOK_REQD {
                // It ended in a denial: a password that is to be changed lets nobody in here. pam_unix never says so.
                Do::Stay(if is_named(line, "pam_unix") { Action::Ignore } else { Action::Die })
            } else if is_end(exit(at)) {
                Do::Stay(Action::Done)
            } else {
                return Err(format!("{} ends its substack upon {}", line.place, code.name()));
            }
        }
        Action::Done if line.level > 0 && !is_end(exit(at)) => {
            return Err(format!("{} ends its substack, and proves nothing", line.place));
        }
        Action::Reset if line.level > 0 => return Err(format!("{} resets its substack", line.place)),
        Action::Jump(mut count) => {
            let mut to = at;
            while count > 0 && is_next(to, line.level) {
                to = to.saturating_add(1);
                while is_next(to, line.level.saturating_add(1)) {
                    to = to.saturating_add(1);
                }
                count = count.saturating_sub(1);
            }
            if count > 0 {
                return Err(format!("{} jumps out of its file", line.place));
            }
            let target = number(to.saturating_add(1));
            let proves = matches!(kind, Kind::Proof | Kind::Unclear) && code == Code::SUCCESS && number(at) < place;
            Do::Go(if proves { target.min(place) } else { target })
        }
        // Nothing makes good again what is bad, so a substack that dies may as well end all.
        action @ (Action::Ignore | Action::Ok | Action::Done | Action::Bad | Action::Die | Action::Reset) => {
            Do::Stay(action)
        }
    })
}

/// The last place before the first that checks a password over which nothing jumps.
fn before_proof(items: &[Item<'_>]) -> Result<usize, String> {
    let first =
        items.iter().position(|item| item.kind == Kind::Proof).ok_or("it has no line that checks a password")?;
    let is_jumped_over = |at: usize| {
        let before = items.iter().take(at).flat_map(|item| &item.upon);
        before.into_iter().any(|(_, step)| matches!(step, Do::Go(target) if *target > at))
    };
    (0..=first).rev().find(|at| !is_jumped_over(*at)).ok_or_else(|| String::from("its jumps leave no place for a key"))
}

fn is_named(line: &Line, name: &str) -> bool {
    matches!(&line.what, What::Module { path, .. } if path.rsplit('/').next().is_some_and(|file| file.trim_end_matches(".so") == name))
}

fn is_preauth(line: &Line) -> bool {
    let says = |line: &Line| matches!(&line.what, What::Module { options, .. } if options.iter().any(|option| option == "preauth"));
    is_named(line, "pam_faillock") && says(line)
}

/// The control: a word where there is one for it.
fn said(upon: &[(Code, Action)]) -> String {
    for word in ["required", "requisite", "sufficient", "optional"] {
        let control = Control::parse(word.as_bytes());
        if upon.iter().all(|(code, action)| control.upon(*code) == *action) {
            return word.to_owned();
        }
    }
    let count = |action: Action| upon.iter().filter(|(_, other)| *other == action).count();
    let most = upon.iter().map(|(_, action)| *action).max_by_key(|action| count(*action)).unwrap_or(Action::Bad);
    let mut values: Vec<String> = upon
        .iter()
        .filter(|(_, action)| *action != most)
        .map(|(code, action)| format!("{}={}", code.name(), named(*action)))
        .collect();
    values.push(format!("default={}", named(most)));
    format!("[{}]", values.join(" "))
}

fn named(action: Action) -> String {
    match action {
        Action::Ignore => String::from("ignore"),
        Action::Ok => String::from("ok"),
        Action::Done => String::from("done"),
        Action::Bad => String::from("bad"),
        Action::Die => String::from("die"),
        Action::Reset => String::from("reset"),
        Action::Jump(lines) => lines.to_string(),
    }
}

/// The module and its options, as a file has them.
fn module(line: &Line) -> Result<String, String> {
    let What::Module { path, options } = &line.what else { return Err(format!("{} calls no module", line.place)) };
    let mut words = vec![path.clone()];
    for option in options {
        // libpam knows no other way to write these than one that every release reads otherwise.
        if option.is_empty() || option.contains(['\\', '#']) {
            return Err(format!("{} has an option that cannot be written again: {option}", line.place));
        }
        let is_plain = !option.contains([' ', '\t']) && !option.starts_with('[');
        words.push(if is_plain { option.clone() } else { format!("[{}]", option.replace(']', "\\]")) });
    }
    Ok(words.join(" "))
}
