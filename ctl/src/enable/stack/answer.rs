//! What is found about a stack: whether the full mode runs exactly once after a proven first factor, and never otherwise; and who
//! else gets in. It changes nothing.

use super::module::{Kind, Ours, is_ours, kind};
use super::read::{Line, Place, Stack, What};
use super::walk::{Point, Proven, Said, Step, Walk};
use std::collections::BTreeSet;

/// What was found. A way is the lines of the shortest one that shows it, with what each answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// Lines of ours in the stack.
    pub ours: usize,
    /// Ours that stand there with options that they do not know, or with no good ones together: they deny everyone.
    pub wrong: Vec<Place>,
    /// The full mode runs, and no first factor is proven.
    pub unproven: Option<String>,
    /// A first factor is proven, and the login is let in without the full mode.
    pub passed_by: Option<String>,
    /// The full mode denied or is missing, and the login is let in.
    pub overruled: Option<String>,
    /// The full mode runs a second time.
    pub twice: Option<String>,
    /// A decoy ran, and the login is let in.
    pub decoy_let_in: Option<String>,
    /// A decoy runs although a first factor is proven.
    pub decoy_proven: Option<String>,
    /// A decoy is shown to somebody whose first factor is wrong.
    pub shows_decoy: bool,
    /// Nobody gets in with a right code.
    pub shuts_out_coded: bool,
    /// Nobody gets in who is not subject to a code.
    pub shuts_out_others: bool,
    /// Who is let in with neither a proven first factor nor a code, by the line that decides it. That is the stack's own business.
    pub doors: Vec<String>,
    /// The full mode asks although an earlier line has denied the login already.
    pub asks_in_vain: Option<String>,
    /// What runs behind a full mode that said yes.
    pub follows: Vec<String>,
    /// There are more ways than were looked at.
    pub is_cut: bool,
}

impl Answer {
    /// Looks at a stack.
    #[must_use]
    pub fn of(stack: &Stack) -> Self {
        let lines = &stack.lines;
        let walk = Walk::through(lines);
        let mut answer = Self {
            ours: lines.iter().filter(|line| is_ours(line)).count(),
            wrong: at(lines, Ours::Wrong).map(|line| line.place.clone()).collect(),
            is_cut: walk.is_cut,
            ..Self::default()
        };
        answer.points(lines, &walk);
        answer
    }

    fn points(&mut self, lines: &[Line], walk: &Walk) {
        let (mut lets_coded_in, mut lets_others_in) = (false, false);
        let mut follows = BTreeSet::new();
        let mut doors = BTreeSet::new();
        for point in &walk.points {
            let show = |slot: &mut Option<String>| {
                slot.get_or_insert_with(|| shown(lines, &walk.way(point), point.next(lines)));
            };
            let facts = point.facts;
            if let Some((number, line)) = point.next(lines).and_then(|number| Some((number, lines.get(number)?))) {
                match kind(line) {
                    Kind::Ours(Ours::Full) => {
                        if facts.proven == Proven::No {
                            show(&mut self.unproven);
                        } else if point.is_lost() {
                            show(&mut self.asks_in_vain);
                        }
                        if facts.full.is_some() {
                            show(&mut self.twice);
                        }
                    }
                    Kind::Ours(Ours::Decoy) if facts.proven == Proven::Yes => show(&mut self.decoy_proven),
                    Kind::Ours(Ours::Decoy) if facts.proven == Proven::No => self.shows_decoy = true,
                    Kind::Ours(_) | Kind::Proof | Kind::Unclear | Kind::Gate | Kind::Always(_) => {}
                }
                if facts.full == Some(Said::Yes) && !point.is_lost() {
                    follows.insert(number);
                }
                continue;
            }
            if !point.lets_in() {
                continue;
            }
            match facts.full {
                None if facts.proven != Proven::No => show(&mut self.passed_by),
                None => {
                    doors.extend(door(lines, walk, point));
                }
                Some(Said::Yes) => lets_coded_in = true,
                Some(Said::NotSubject) => lets_others_in = true,
                Some(Said::No) => show(&mut self.overruled),
            }
            if facts.decoy {
                show(&mut self.decoy_let_in);
            }
        }
        let has_full = at(lines, Ours::Full).next().is_some();
        self.shuts_out_coded = has_full && !lets_coded_in;
        self.shuts_out_others = has_full && !lets_others_in;
        let named = |numbers: BTreeSet<usize>| numbers.into_iter().filter_map(|number| Some(named(lines.get(number)?)));
        self.follows = named(follows).collect();
        self.doors = named(doors).collect();
    }

    /// Why our lines are not to stand there so, one line each; none where the full mode runs exactly once after a proven first
    /// factor and never otherwise, and its word counts.
    #[must_use]
    pub fn refusals(&self) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        let wrong = self
            .wrong
            .iter()
            .map(|place| format!("{place} has options that pam_2fa.so does not know, and denies everyone"));
        all.extend(wrong);
        let ways = [
            (&self.unproven, "a code is asked for without a proven first factor"),
            (&self.passed_by, "a right first factor lets in without a code"),
            (&self.overruled, "who is denied here, or has no pam_2fa.so, is let in all the same"),
            (&self.twice, "a code is asked for twice"),
            (&self.decoy_let_in, "a decoy can end in a login"),
            (&self.decoy_proven, "a decoy is shown after a right first factor"),
        ];
        all.extend(ways.into_iter().filter_map(|(way, what)| Some(format!("{what}: {}", way.as_deref()?))));
        if self.shuts_out_coded {
            all.push(String::from("nobody gets in with a right code"));
        }
        if self.shuts_out_others {
            let why = "nobody gets in who is asked no code (PAM_IGNORE leaves no impression: let pam_permit.so follow)";
            all.push(String::from(why));
        }
        if self.is_cut {
            all.push(String::from("there are more ways through the stack than can be looked at"));
        }
        all
    }
}

fn at(lines: &[Line], mode: Ours) -> impl Iterator<Item = &Line> {
    lines.iter().filter(move |line| kind(line) == Kind::Ours(mode))
}

/// The line that opens a door: the last whose success counted and that does not say yes to everyone, or else the last.
fn door(lines: &[Line], walk: &Walk, point: &Point) -> Option<usize> {
    let way = walk.way(point);
    let opens = |(number, code): &&Step| {
        let is_permit = lines.get(*number).is_none_or(|line| matches!(kind(line), Kind::Always(_)));
        *code == super::control::Code::SUCCESS && !is_permit
    };
    way.iter().rfind(opens).or(way.last()).map(|(number, _)| *number)
}

fn named(line: &Line) -> String {
    let what = match &line.what {
        What::Module { path, options } => {
            std::iter::once(path).chain(options).map(String::as_str).collect::<Vec<_>>().join(" ")
        }
        What::Substack(name) => format!("substack {name}"),
        What::Fails(why) => why.clone(),
    };
    format!("{} {what}", line.place)
}

/// `FILE:LINE MODULE says CODE, …, then FILE:LINE MODULE`.
fn shown(lines: &[Line], way: &[Step], next: Option<usize>) -> String {
    let name = |line: &Line| match &line.what {
        What::Module { path, .. } => path.rsplit('/').next().unwrap_or_default().to_owned(),
        What::Substack(name) => name.clone(),
        What::Fails(_) => String::from("(a line that fails)"),
    };
    let step = |(number, code): &Step| {
        lines.get(*number).map(|line| format!("{} {} says {}", line.place, name(line), code.name()))
    };
    let mut steps: Vec<String> = way.iter().filter_map(step).collect();
    steps.extend(next.and_then(|number| lines.get(number)).map(|line| format!("then {} {}", line.place, name(line))));
    steps.join(", ")
}
