//! Every way through a stack: each answer of each module, as far as they make a difference. It judges nothing.
//!
//! Answers are taken as free of each other, so some ways cannot happen (a user who is local at one line and not at the next).
//! What is found is therefore at least what can happen: a stack that is sound here is sound.

use super::control::Code;
use super::dispatch::Run;
use super::module::{Answered, Kind, Ours, answers, kind};
use super::read::Line;
use std::collections::HashSet;

/// Ways that are looked at; real stacks have a few hundred.
const MOST: usize = 20_000;

/// What the full mode said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Said {
    /// The code was right, or the device is trusted.
    Yes,
    /// This login is not subject to it.
    NotSubject,
    /// Anything else, a missing module too.
    No,
}

/// Whether a first factor is proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(super) enum Proven {
    #[default]
    No,
    /// By a password that is right and to be changed: few stacks have a way for it.
    ToBeChanged,
    Yes,
}

/// What happened so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct Facts {
    pub(super) proven: Proven,
    /// What the full mode said last.
    pub(super) full: Option<Said>,
    /// A mode of ours ran that can only deny.
    pub(super) decoy: bool,
}

/// A step of a way: the line, by its number, and what it answered.
pub(super) type Step = (usize, Code);

/// A point on a way.
pub(super) struct Point {
    run: Run,
    pub(super) facts: Facts,
    from: Option<(usize, Step)>,
}

impl Point {
    pub(super) fn lets_in(&self) -> bool {
        self.run.lets_in()
    }

    pub(super) fn is_lost(&self) -> bool {
        self.run.is_lost()
    }

    /// The line that is run next; none at the end.
    pub(super) fn next(&self, lines: &[Line]) -> Option<usize> {
        self.run.next(lines)
    }
}

/// All points, the shortest ways first.
pub(super) struct Walk {
    pub(super) points: Vec<Point>,
    /// Whether there were more than are looked at.
    pub(super) is_cut: bool,
}

impl Walk {
    pub(super) fn through(lines: &[Line]) -> Self {
        let choice = |line: &Line| (kind(line), answers(line, kind(line)));
        let choices: Vec<(Kind, Vec<Answered>)> = lines.iter().map(choice).collect();
        let start = Point { run: Run::start(lines), facts: Facts::default(), from: None };
        let mut seen = HashSet::from([(start.run.clone(), start.facts)]);
        let mut points = vec![start];
        let mut at = 0;
        while let Some(point) = points.get(at) {
            let (run, facts) = (point.run.clone(), point.facts);
            let line = run.next(lines);
            if let Some((number, (kind, answers))) = line.and_then(|number| Some((number, choices.get(number)?))) {
                for answered in answers {
                    let mut run = run.clone();
                    run.answered(lines, answered.code);
                    let facts = after(facts, *kind, *answered);
                    if seen.insert((run.clone(), facts)) {
                        points.push(Point { run, facts, from: Some((at, (number, answered.code))) });
                    }
                }
            }
            if points.len() > MOST {
                return Self { points, is_cut: true };
            }
            at = at.saturating_add(1);
        }
        Self { points, is_cut: false }
    }

    /// How one gets to a point.
    pub(super) fn way(&self, point: &Point) -> Vec<Step> {
        let mut way = Vec::new();
        let mut from = point.from;
        while let Some((before, step)) = from {
            way.push(step);
            from = self.points.get(before).and_then(|point| point.from);
        }
        way.reverse();
        way
    }
}

fn after(mut facts: Facts, kind: Kind, answered: Answered) -> Facts {
    if answered.proves {
        facts.proven = facts.proven.max(if answered.code == Code::SUCCESS { Proven::Yes } else { Proven::ToBeChanged });
    }
    match kind {
        Kind::Ours(Ours::Full | Ours::Wrong) => {
            facts.full = Some(match answered.code {
                Code::SUCCESS => Said::Yes,
                Code::IGNORE => Said::NotSubject,
                _ => Said::No,
            });
        }
        Kind::Ours(Ours::Decoy) => facts.decoy = true,
        Kind::Ours(Ours::KeyProven) | Kind::Proof | Kind::Unclear | Kind::Gate | Kind::Always(_) => {}
    }
    facts
}
