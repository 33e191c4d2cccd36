//! Whether two stacks let the same people in: each answer of each module is tried on both, with ours always saying yes. The new one has
//! the modules of the old one in their order, and ours.

use super::control::{Action, Code};
use super::dispatch::Run;
use super::module::{Kind, Ours, answers, kind};
use super::read::{Line, What};
use std::collections::HashSet;

/// Points that are looked at; real stacks have a few hundred.
const MOST: usize = 200_000;

/// A line of either stack, by the modules of the old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    Module(usize),
    Always(Code),
}

/// One of the two.
struct Side<'a> {
    lines: &'a [Line],
    who: Vec<Who>,
}

/// Both, before the module of that number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct At {
    module: usize,
    old: Run,
    new: Run,
    /// A line that counts for pam_faillock was run in one of them alone.
    counts_otherwise: bool,
    /// A line that checks no password has denied already: who counts then is all the same.
    is_denied: bool,
}

struct Point {
    at: At,
    from: Option<(usize, Code)>,
}

/// Why they are not the same; none where they are.
pub(crate) fn difference(old: &[Line], new: &[Line]) -> Option<String> {
    let old = Side { lines: old, who: who(old, false) };
    let modules = old.called();
    let mut new = Side { lines: new, who: who(new, true) };
    if new.called().len() != modules.len() {
        new.who = who(new.lines, false);
    }
    let again = new.called();
    if modules.len() != again.len() || modules.iter().zip(&again).any(|(old, new)| old.what != new.what) {
        return Some(String::from("not every module of it would be called in its place"));
    }
    let choices: Vec<Vec<(Code, bool)>> = modules.iter().zip(&again).map(|(old, new)| choices(old, new)).collect();
    let start = At {
        module: 0,
        old: old.settled(Run::start(old.lines)),
        new: new.settled(Run::start(new.lines)),
        counts_otherwise: false,
        is_denied: false,
    };
    let mut seen = HashSet::from([start.clone()]);
    let mut points = vec![Point { at: start, from: None }];
    let mut number = 0;
    while let Some(at) = points.get(number).map(|point| point.at.clone()) {
        let why = match (at.old.lets_in(), at.new.lets_in(), at.module == modules.len()) {
            (_, _, false) => None,
            (true, false, true) => Some("somebody would be kept out who is let in now"),
            (false, true, true) => Some("somebody would be let in who is kept out now"),
            (_, _, true) => (at.counts_otherwise && !at.is_denied).then_some("pam_faillock would count otherwise"),
        };
        if let Some(why) = why {
            return Some(format!("{why}: {}", shown(&modules, &points, number)));
        }
        for (code, is_bad) in choices.get(at.module).into_iter().flatten() {
            let next = at.after((&old, &new), *code, *is_bad, modules.get(at.module).is_some_and(|line| counts(line)));
            if seen.insert(next.clone()) {
                points.push(Point { at: next, from: Some((number, *code)) });
            }
        }
        if points.len() > MOST {
            return Some(String::from("there are more ways through it than can be looked at"));
        }
        number = number.saturating_add(1);
    }
    None
}

impl At {
    /// Behind the module, which says that where one of them comes to it.
    fn after(&self, (old, new): (&Side<'_>, &Side<'_>), code: Code, is_bad: bool, counts: bool) -> Self {
        let (old_run, is_old) = old.answered(&self.old, self.module, code);
        let (new_run, is_new) = new.answered(&self.new, self.module, code);
        Self {
            module: self.module.saturating_add(1),
            old: old_run,
            new: new_run,
            counts_otherwise: self.counts_otherwise || (counts && is_old != is_new),
            is_denied: self.is_denied || (is_bad && is_old),
        }
    }
}

impl<'a> Side<'a> {
    fn called(&self) -> Vec<&'a Line> {
        let is_called = |(_, who): &(&'a Line, &Who)| matches!(who, Who::Module(_));
        self.lines.iter().zip(&self.who).filter(is_called).map(|(line, _)| line).collect()
    }

    /// Over lines whose answer is known, to the next module or the end.
    fn settled(&self, mut run: Run) -> Run {
        while let Some(Who::Always(code)) = run.next(self.lines).and_then(|number| self.who.get(number)) {
            run.answered(self.lines, *code);
        }
        run
    }

    /// Whether it comes to the module, and where it is then.
    fn answered(&self, run: &Run, module: usize, code: Code) -> (Run, bool) {
        let next = run.next(self.lines).and_then(|number| self.who.get(number));
        if next != Some(&Who::Module(module)) {
            return (run.clone(), false);
        }
        let mut run = run.clone();
        run.answered(self.lines, code);
        (self.settled(run), true)
    }
}

/// What the modules said on the way to a point.
fn shown(modules: &[&Line], points: &[Point], mut number: usize) -> String {
    let mut steps = Vec::new();
    while let Some((before, code)) = points.get(number).and_then(|point| point.from) {
        let module = points.get(before).and_then(|point| modules.get(point.at.module));
        steps.extend(module.map(|line| format!("{} says {}", line.place, code.name())));
        number = before;
    }
    steps.reverse();
    steps.join(", ")
}

/// With a `pam_permit` behind ours that was put in with it, or without.
fn who(lines: &[Line], has_permit: bool) -> Vec<Who> {
    let mut count = 0;
    let mut is_behind_ours = false;
    let mut all = Vec::new();
    for line in lines {
        let was_behind_ours = std::mem::take(&mut is_behind_ours);
        all.push(match kind(line) {
            Kind::Ours(Ours::Full) => {
                is_behind_ours = true;
                Who::Always(Code::SUCCESS)
            }
            Kind::Ours(Ours::Decoy | Ours::Wrong) => Who::Always(Code::AUTH_ERR),
            Kind::Ours(Ours::KeyProven) => Who::Always(Code::IGNORE),
            Kind::Always(Code::SUCCESS) if was_behind_ours && has_permit => Who::Always(Code::SUCCESS),
            Kind::Proof | Kind::Unclear | Kind::Gate | Kind::Always(_) => match line.what {
                What::Module { .. } => {
                    count += 1;
                    Who::Module(count - 1)
                }
                What::Substack(_) | What::Fails(_) => Who::Always(Code::PERM_DENIED),
            },
        });
    }
    all
}

/// One answer for each pair of what the two stacks do upon it.
fn choices(old: &Line, new: &Line) -> Vec<(Code, bool)> {
    let kind = kind(old);
    // Of two answers that count, the one that is not PAM_SUCCESS is what the stack says.
    let mut seen: Vec<(Action, Action, bool)> = Vec::new();
    let mut all = Vec::new();
    for answered in answers(old, kind) {
        let succeeds = answered.code == Code::SUCCESS;
        let done = (old.control.upon(answered.code), new.control.upon(answered.code), succeeds);
        if !seen.contains(&done) {
            seen.push(done);
            let is_bad = kind == Kind::Gate && !counts(old) && matches!(done.0, Action::Bad | Action::Die);
            all.push((answered.code, is_bad));
        }
    }
    all
}

/// Whether the line counts or clears (`authfail`, `authsucc`); `preauth` looks alone.
fn counts(line: &Line) -> bool {
    let What::Module { path, options } = &line.what else { return false };
    let name = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".so");
    name == "pam_faillock" && options.iter().any(|option| option == "authfail" || option == "authsucc")
}
