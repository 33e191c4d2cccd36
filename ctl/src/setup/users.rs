//! The Users page: all records, one of them with its devices, and what is done to it. Keys and the daemon's answers in, what is to be
//! asked of the daemon out. It asks nothing itself, and shows nothing (`draw`).
//!
//! | file | |
//! |---|---|
//! | `list` | all records, and those that the filter lets through |
//! | `one` | one record, and its devices |
//! | `popup` | a choice, a line, a code, a question, an invitation over the page |
//! | `keys` | keys of the list and of one user |
//! | `act` | what can be done to a user: how it is asked, and how it is said |
//! | `told` | what becomes of an answer |
//! | `say`, `line` | things of a record in words; keys of a line |
//! | `draw` | the screen, from state alone |

mod act;
mod draw;
mod keys;
mod list;
#[cfg(test)]
mod lost_test;
mod mouse;
mod one;
mod popup;
mod say;
#[cfg(test)]
mod screens_test;
#[cfg(test)]
pub(super) mod tests;
mod told;

use super::jobs::{Job, Told};
use super::theme::Theme;
use super::words::Words;
use act::Act;
use list::{List, Who};
use one::One;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::Channel;
use popup::{Field, Kind, Outcome, Popup, Sent};
use ratatui::Frame;
use ratatui::crossterm::event::{KeyEvent, KeyEventKind, MouseEvent};
use ratatui::layout::Rect;

/// The page.
#[derive(Debug, Default)]
pub(crate) struct Users {
    list: List,
    is_asked: bool,
    /// The user that is open.
    one: Option<One>,
    popup: Option<Popup>,
    pending: Option<Pending>,
    /// Acts that were given up, and others begun after them: their answers may still come.
    overtaken: usize,
    /// configd does not answer.
    is_lost: bool,
    /// The page was seen, so that its records are worth reading again.
    was_opened: bool,
    said: Option<Said>,
    /// A code that somebody may still read out.
    sent: Option<Sent>,
    /// Opened as soon as its record is told.
    opens: Option<String>,
    seen: mouse::Seen,
}

/// What the daemon was asked and has not answered: one at a time, so that what is said is about what was done.
#[derive(Debug)]
struct Pending {
    name: String,
    act: Act,
    /// The daemon was lost meanwhile: nothing waits for it any more.
    is_given_up: bool,
}

/// The line at the bottom.
#[derive(Debug)]
enum Said {
    /// A text by its id.
    Note(&'static str),
    /// What was done.
    Done(String),
    /// What went wrong.
    Wrong(String),
    /// What the daemon did not do; or it is lost, and nobody knows.
    Failed(String),
}

impl Users {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// What is to be asked when the page is opened.
    pub(crate) fn opened(&mut self) -> Vec<Job> {
        self.was_opened = true;
        let open = self.one.as_ref().map(|one| Job::User { name: one.user.name.clone() });
        let all = (!self.is_asked).then_some(Job::Users);
        self.is_asked = true;
        all.into_iter().chain(open).collect()
    }

    /// A key; what is to be asked of the daemon. `None`: not a key of this page.
    pub(crate) fn key(&mut self, key: KeyEvent) -> Option<Vec<Job>> {
        if key.kind == KeyEventKind::Release {
            return None;
        }
        if let Some(popup) = &mut self.popup {
            let outcome = popup.key(key, self.seen.yes);
            return self.come_of(outcome);
        }
        if self.one.is_some() { self.key_of_one(key) } else { self.key_of_list(key) }
    }

    /// A question is on the screen.
    pub(crate) fn is_asking(&self) -> bool {
        matches!(&self.popup, Some(popup) if matches!(popup.kind, Kind::Question(_)))
    }

    /// What was pasted, into a line that is edited; elsewhere letters are commands.
    pub(crate) fn paste(&mut self, text: &str) {
        match &mut self.popup {
            Some(popup) => popup.paste(text),
            None if self.one.is_none() => {
                self.said = None;
                self.list.paste(text);
            }
            None => {}
        }
    }

    pub(crate) fn mouse(&mut self, event: MouseEvent) -> Vec<Job> {
        self.pointed(event)
    }

    pub(crate) fn told(&mut self, told: &Told, words: &Words) -> Vec<Job> {
        self.heard(told, words)
    }

    pub(crate) fn draw(&mut self, frame: &mut Frame<'_>, area: Rect, theme: Theme, words: &Words) {
        draw::page(self, frame, area, theme, words);
    }

    /// The line of keys at the bottom, by what is shown now.
    pub(crate) fn keys(&self, words: &Words) -> Vec<(String, String)> {
        draw::keys(self, words)
    }

    /// What comes of a key in a popup.
    fn come_of(&mut self, outcome: Outcome) -> Option<Vec<Job>> {
        let Some(popup) = &self.popup else { return Some(Vec::new()) };
        let (name, uid) = (popup.name.clone(), popup.uid);
        let is_open = |uid| self.one.as_ref().is_some_and(|one| Who::of(&one.user) == Who { uid, name: &name });
        if !uid.is_none_or(is_open) {
            // It was about somebody else than is seen now.
            self.popup = None;
            return Some(Vec::new());
        }
        match outcome {
            Outcome::NotMine => return None,
            Outcome::Stay => (),
            Outcome::Close => self.popup = None,
            Outcome::Ask(act) => self.popup = Some(Popup::new(&name, uid, Kind::Question(act))),
            Outcome::Do(act) => {
                self.popup = None;
                return Some(self.begin(&name, act));
            }
            Outcome::Begin(act) => return Some(self.begin_edit(&name, act)),
            Outcome::Give(channel, code) => return Some(self.give(&name, channel, code)),
            Outcome::Turn(kind) => return Some(self.turn(&name, uid, kind)),
        }
        Some(Vec::new())
    }

    fn begin_edit(&mut self, name: &str, act: Act) -> Vec<Job> {
        let Some(Popup { kind: Kind::Edit(edit), .. }) = &mut self.popup else { return Vec::new() };
        edit.begin();
        let typed = edit.value().to_owned();
        let name = if edit.field == Field::Name { typed } else { name.to_owned() };
        self.begin(&name, act)
    }

    fn give(&mut self, name: &str, channel: Channel, code: Secret) -> Vec<Job> {
        self.wait_for(name, Act::GiveCode(channel));
        vec![Job::VerifyFinish { name: name.to_owned(), channel, code }]
    }

    /// Another popup; one that waits for a code to be sent has it sent.
    fn turn(&mut self, name: &str, uid: Option<u32>, kind: Kind) -> Vec<Job> {
        let popup = Popup::new(name, uid, kind);
        let sends = if let Kind::Code(code) = &popup.kind {
            popup.is_busy().then_some(Act::SendCode(code.channel))
        } else {
            None
        };
        self.popup = Some(popup);
        sends.map_or_else(Vec::new, |act| self.begin(name, act))
    }

    fn begin(&mut self, name: &str, act: Act) -> Vec<Job> {
        let job = act.job(name);
        self.wait_for(name, act);
        self.said = Some(Said::Note("users-working"));
        job.into_iter().collect()
    }

    fn wait_for(&mut self, name: &str, act: Act) {
        let before = self.pending.replace(Pending { name: name.to_owned(), act, is_given_up: false });
        if before.is_some() {
            self.overtaken = self.overtaken.saturating_add(1);
        }
    }
}
