//! libpam's loop over the lines of a stack (`_pam_dispatch_aux`), a step at a time. It knows no module: what one answers is handed in.

use super::control::{Action, Code};
use super::read::{Line, What};

/// What libpam holds of the lines so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Impression {
    None,
    Good,
    Bad,
}

/// An impression, and whether what would be returned is PAM_SUCCESS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Standing {
    impression: Impression,
    succeeds: bool,
}

/// A stack that is being run.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Run {
    at: usize,
    level: usize,
    now: Standing,
    /// What stood when each level was entered.
    before: Vec<Standing>,
}

impl Run {
    /// Before the first line.
    pub(super) fn start(lines: &[Line]) -> Self {
        let now = Standing { impression: Impression::None, succeeds: false };
        let mut run = Self { at: 0, level: 0, now, before: vec![now] };
        run.settle(lines);
        run
    }

    /// The line that is to be run, by its number; none at the end.
    pub(super) fn next(&self, lines: &[Line]) -> Option<usize> {
        (self.at < lines.len()).then_some(self.at)
    }

    /// Whether the login is let in, at the end.
    pub(super) fn lets_in(&self) -> bool {
        self.now.impression == Impression::Good && self.now.succeeds
    }

    /// Whether nothing that follows can let the login in any more, but for a `reset`.
    pub(super) fn is_lost(&self) -> bool {
        self.now.impression == Impression::Bad
    }

    /// The line has answered.
    pub(super) fn answered(&mut self, lines: &[Line], code: Code) {
        let Some(line) = lines.get(self.at) else { return };
        let level = line.level;
        match line.control.upon(code) {
            Action::Ignore => {}
            Action::Reset => {
                if let Some(before) = self.before.get(level) {
                    self.now = *before;
                }
            }
            Action::Ok => self.good(code),
            Action::Done => {
                self.good(code);
                if self.now.impression == Impression::Good {
                    self.leave(lines, level);
                }
            }
            Action::Bad => self.bad(),
            Action::Die => {
                self.bad();
                self.leave(lines, level);
            }
            Action::Jump(count) => self.jump(lines, level, count),
        }
        self.at = self.at.saturating_add(1);
        self.settle(lines);
    }

    fn good(&mut self, code: Code) {
        let Standing { impression, succeeds } = self.now;
        if impression == Impression::None || (impression == Impression::Good && succeeds) {
            self.now = Standing { impression: Impression::Good, succeeds: code == Code::SUCCESS };
        }
    }

    fn bad(&mut self) {
        self.now = Standing { impression: Impression::Bad, succeeds: false };
    }

    /// To the last line of the level: "done" and "die" end a substack and not the stack that it stands in.
    fn leave(&mut self, lines: &[Line], level: usize) {
        while self.is_next(lines, |next| next >= level) {
            self.at = self.at.saturating_add(1);
        }
    }

    /// To the last line that is passed over. A substack is one line of the level that it stands in.
    fn jump(&mut self, lines: &[Line], level: usize, mut count: usize) {
        while count > 0 && self.is_next(lines, |next| next >= level) {
            self.at = self.at.saturating_add(1);
            while self.is_next(lines, |next| next > level) {
                self.at = self.at.saturating_add(1);
            }
            count = count.saturating_sub(1);
        }
        if count > 0 {
            // "bad jump in stack"
            self.bad();
        }
    }

    fn is_next(&self, lines: &[Line], is: impl Fn(usize) -> bool) -> bool {
        lines.get(self.at.saturating_add(1)).is_some_and(|line| is(line.level))
    }

    /// Enters the level of the line that is next, and passes over the heads of substacks, which run nothing.
    fn settle(&mut self, lines: &[Line]) {
        while let Some(line) = lines.get(self.at) {
            if line.level > self.level {
                self.before.resize(line.level, self.now);
                self.before.push(self.now);
            } else {
                // What a level that was left began with is never looked at again.
                self.before.truncate(line.level.saturating_add(1));
            }
            self.level = line.level;
            if !matches!(line.what, What::Substack(_)) {
                return;
            }
            self.at = self.at.saturating_add(1);
        }
    }
}

/// Runs a stack: `answer` is asked for each line that is reached, by its number, and the login is let in or not.
pub fn run(lines: &[Line], mut answer: impl FnMut(usize, &Line) -> Code) -> bool {
    let mut run = Run::start(lines);
    while let Some((number, line)) = run.next(lines).and_then(|number| Some((number, lines.get(number)?))) {
        run.answered(lines, answer(number, line));
    }
    run.lets_in()
}
