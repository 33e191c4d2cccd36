//! The window: what is shown, which key does what, what comes back from the daemon. It draws nothing, and has others write and ask.

#![expect(clippy::wildcard_enum_match_arm, reason = "a key that is not named means nothing here")]

use super::asked::{Popup, Trial, Ways};
use super::draft::Draft;
use super::draw::{Hit, hit};
use super::fields::{Field, Kind, Page, Press, Text};
use super::form::{Choosable, Form, Wants};
use super::jobs::{Job, Told};
use super::line::{character, insert, pasted};
use super::merge::{Conflict, Side};
use super::save::{Onto, Untested};
use super::users::Users;
use super::words::Words;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::Channel;
use pam_2fa_settings::text::printable;
use pam_2fa_settings::{plain_secrets, sealed_secrets, sending};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use tui_input::Input;

/// What stands at the bottom until the next key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Note {
    Well(String),
    Wrong(String),
}

/// What the loop is to do.
#[derive(Debug)]
pub(crate) enum Act {
    Start(Job),
    Save(Save),
    Exit,
}

/// How it is saved: what was answered on the way. It goes from one question to the next, and ends with the last: whoever leaves a question
/// has answered none.
#[derive(Debug, Default)]
pub(crate) struct Save {
    /// Without a test that has passed: the settings that this was said of.
    pub(crate) untested: Option<String>,
    /// Where somebody else has changed the same.
    pub(crate) decided: Vec<(Conflict, Side)>,
    /// Whoever has seen what was saved leaves.
    pub(crate) exits: bool,
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) draft: Draft,
    pub(crate) form: Form,
    pub(crate) users: Users,
    pub(crate) popup: Option<Popup>,
    pub(crate) note: Option<Note>,
    /// What configd said last: what is unhealthy, or why it says nothing. None before it was asked.
    pub(crate) health: Option<Result<Vec<String>, String>>,
    pub(crate) words: Words,
    /// The last test of each channel that was started here.
    pub(super) trials: Vec<Trial>,
    /// For how many ticks more Enter counts as held down, since it closed one.
    pub(super) held: u8,
    /// How many lines of what stands over the page are scrolled past.
    pub(crate) above: usize,
}

impl Window {
    pub(crate) fn new(text: &str, providers: Vec<Choosable>, words: Words) -> Self {
        let draft = Draft::of(text);
        let form = Form::new(providers, &draft);
        let mut window = Self {
            draft,
            form,
            users: Users::new(),
            popup: None,
            note: None,
            health: None,
            words,
            trials: Vec::new(),
            held: 0,
            above: 0,
        };
        // Of a file that is wrong it is said at once, and the place gone to.
        if !window.draft.all_wrong().is_empty() {
            let _ = window.is_wrong();
        }
        window.form.is_due = false;
        window
    }

    /// A key; what is to be done.
    pub(crate) fn key(&mut self, key: KeyEvent) -> Vec<Act> {
        self.note = None;
        if let Some(popup) = self.popup.take() {
            return self.key_in_popup(popup, key);
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        if self.form.page == Page::Users
            && let Some(jobs) = self.users.key(key)
        {
            return started(jobs);
        }
        if self.form.pick.is_none() {
            match key.code {
                // Where there is no F3.
                KeyCode::Char('r') if control => return self.key(KeyEvent::new(KeyCode::F(3), KeyModifiers::NONE)),
                KeyCode::Tab if self.form.page == Page::Users => return self.turn(1),
                KeyCode::BackTab if self.form.page == Page::Users => {
                    return self.turn(Page::ALL.len().saturating_sub(1));
                }
                KeyCode::F(1) => return self.open(Popup::Help),
                KeyCode::F(2) => return self.press(Press::Save),
                KeyCode::F(4) => return self.open(Popup::Problems),
                KeyCode::F(5) => return self.press_test(),
                KeyCode::F(10) => return self.press(Press::Exit),
                // A serial console has no function keys, and some have no page keys.
                KeyCode::Char('g') if control => return self.open(Popup::Help),
                KeyCode::Char('s') if control => return self.press(Press::Save),
                KeyCode::Char('d') if control => return self.open(Popup::Problems),
                KeyCode::Char('t') if control && self.form.page != Page::Users => return self.press_test(),
                KeyCode::Char('q' | 'c') if control => return self.press(Press::Exit),
                // Only where it is seen what they change.
                KeyCode::Char('z' | 'y') if control && self.form.page == Page::Users => return Vec::new(),
                KeyCode::Char('z') if control => return self.turned(Draft::undo, "note-undone", "note-nothing-undone"),
                KeyCode::Char('y') if control => return self.turned(Draft::redo, "note-redone", "note-nothing-redone"),
                KeyCode::Char(digit @ '1'..='3') if alt => return self.turn_to(page_of(digit)),
                KeyCode::PageDown => return self.turn(1),
                KeyCode::PageUp => return self.turn(Page::ALL.len().saturating_sub(1)),
                KeyCode::Char('n') if control => return self.turn(1),
                KeyCode::Char('p') if control => return self.turn(Page::ALL.len().saturating_sub(1)),
                _ => {}
            }
        }
        match self.form.key(key, &mut self.draft) {
            Wants::Other if key.code == KeyCode::Esc => self.escape(),
            Wants::Other => self.letter(key),
            Wants::Nothing => Vec::new(),
            Wants::Press(press) => self.press(press),
            Wants::Say(id) => {
                self.note = Some(Note::Wrong(self.words.say(id)));
                Vec::new()
            }
            Wants::Look { key } => self.look(key),
        }
    }

    /// Nothing is left to be left but the page: the window itself goes by a key that is meant.
    fn escape(&mut self) -> Vec<Act> {
        if self.form.page == Page::Main {
            self.note = Some(Note::Well(self.words.say("note-how-to-exit")));
            return Vec::new();
        }
        self.turn_to(Page::Main)
    }

    /// A choice by the first letter of a word as it stands on the screen.
    fn letter(&mut self, key: KeyEvent) -> Vec<Act> {
        let Some((letter, field)) = character(key).zip(self.form.focused().cloned()) else { return Vec::new() };
        let words = match &field.kind {
            Kind::Choice(words) => words.clone(),
            Kind::Switch => ["false", "true"].map(String::from).to_vec(),
            Kind::Provider | Kind::Text | Kind::Secret | Kind::Duration | Kind::Number | Kind::Press(_) => {
                return Vec::new();
            }
        };
        let fits = |word: &&String| {
            let first = self.choice(&field, word).chars().next();
            first.is_some_and(|first| first.to_lowercase().eq(letter.to_lowercase()))
        };
        // Where several begin with it, the one after this.
        let now =
            words.iter().position(|word| *word == self.draft.typed(&field.key)).map_or(0, |now| now.saturating_add(1));
        let next = words.iter().skip(now).find(fits).or_else(|| words.iter().find(fits)).cloned();
        if let Some(word) = next {
            self.form.apply(&field.key, word, &mut self.draft);
        }
        Vec::new()
    }

    /// A word of a choice as it stands on the screen.
    pub(crate) fn choice(&self, field: &Field, word: &str) -> String {
        if field.kind == Kind::Switch {
            return self.words.say(if word == "true" { "choice-yes" } else { "choice-no" });
        }
        let id = format!("choice-{}-{word}", field.key.replace(['.', '_'], "-"));
        let said = self.words.say(&id);
        match (said == id, word.is_empty()) {
            (_, true) => self.words.say("choice-default"),
            (true, _) => printable(word).into_owned(),
            (false, _) => said,
        }
    }

    /// What is wrong with a field, in the words of this window: what is typed and no value, what does not fit the rest, what its provider
    /// has against it.
    pub(crate) fn wrong(&self, key: &str) -> Option<String> {
        let unfit = self.form.unfit.get(key).map(|unfit| unfit.why.as_str());
        let wrong = unfit.or_else(|| self.draft.wrong(key)).map(|why| printable(why).into_owned());
        wrong.or_else(|| {
            let (id, names) = self.form.against(key, &self.draft, self.form.is_due)?;
            Some(self.words.with(id, &[("names", &printable(&names))]))
        })
    }

    /// The mouse, in a terminal of that size: a click goes to a field, and presses what has the focus.
    pub(crate) fn mouse(&mut self, event: MouseEvent, size: (u16, u16)) -> Vec<Act> {
        let struck = hit(self, size, (event.column, event.row));
        let is_of_page = !matches!(struck, Some(Hit::Page(_) | Hit::Key(_)));
        if self.form.page == Page::Users && self.popup.is_none() && is_of_page {
            return started(self.users.mouse(event));
        }
        let code = match event.kind {
            MouseEventKind::ScrollDown => KeyCode::Down,
            MouseEventKind::ScrollUp => KeyCode::Up,
            MouseEventKind::Down(MouseButton::Left) => {
                return match struck {
                    Some(Hit::Page(page)) => self.turn_to(page),
                    Some(Hit::Field(at)) => self.click(at),
                    Some(Hit::Eye(at)) => {
                        if self.form.at != at {
                            self.form.focus(at, &mut self.draft);
                        }
                        self.key(KeyEvent::new(KeyCode::F(3), KeyModifiers::NONE))
                    }
                    Some(Hit::Key(key)) => self.key(key),
                    Some(Hit::Provider(row)) => self.click_provider(row),
                    None => Vec::new(),
                };
            }
            _ => return Vec::new(),
        };
        self.key(KeyEvent::new(code, KeyModifiers::NONE))
    }

    fn click_provider(&mut self, row: usize) -> Vec<Act> {
        let Some(pick) = &mut self.form.pick else { return Vec::new() };
        pick.at = row;
        self.key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE))
    }

    fn click(&mut self, at: usize) -> Vec<Act> {
        let was_there = self.form.at == at;
        self.form.focus(at, &mut self.draft);
        let is_button = self.form.focused().is_some_and(|field| matches!(field.kind, Kind::Press(_)));
        let is_line = self
            .form
            .focused()
            .is_some_and(|field| matches!(field.kind, Kind::Text | Kind::Number | Kind::Secret | Kind::Duration));
        if is_button || (was_there && !is_line) {
            // A button is pressed by it, a choice goes on.
            return self.key(KeyEvent::new(KeyCode::Char(' '), KeyModifiers::NONE));
        }
        Vec::new()
    }

    /// What was pasted: into a line that is edited, and nowhere else, since letters are commands elsewhere.
    pub(crate) fn paste(&mut self, text: &str) {
        let text = pasted(text);
        match &mut self.popup {
            Some(Popup::To { input, .. } | Popup::Untested { input, .. }) => insert(input, &text),
            Some(_) => {}
            None if self.form.page == Page::Users => self.users.paste(&text),
            None => self.form.paste(&text, &mut self.draft),
        }
    }

    /// An answer of the daemon's; what is to be asked then.
    pub(crate) fn told(&mut self, told: Told) -> Vec<Act> {
        let jobs = self.users.told(&told, &self.words);
        self.is_told(told);
        started(jobs)
    }

    fn is_told(&mut self, told: Told) {
        match told {
            Told::Health(health) => self.health = Some(health),
            Told::TestStep(channel, step) => {
                if let Some(trial) = self.trial_mut(channel) {
                    trial.steps.push(printable(&step).into_owned());
                }
                self.follow(channel);
            }
            Told::Tested(channel, outcome) => {
                let said = outcome.map(|outcome| printable(&outcome.said).into_owned());
                let ended = said.map_err(|why| printable(&why).into_owned());
                let is_seen = matches!(self.popup, Some(Popup::Talk(seen)) if seen == channel);
                if !is_seen {
                    self.note = Some(self.ended(channel, &ended));
                }
                if let Some(trial) = self.trial_mut(channel) {
                    trial.ended = Some(ended);
                }
                self.follow(channel);
            }
            Told::Secret(key, outcome) => {
                // Whoever has gone on meanwhile, or types another one, does not see it.
                if self.form.looking.take_if(|looking| *looking == key).is_some() {
                    match outcome {
                        Ok(secret) => _ = self.form.seen.insert(key, secret),
                        Err(why) => self.note = Some(Note::Wrong(why)),
                    }
                }
            }
            // Of the Users page.
            Told::Users(_) | Told::User(_) | Told::Done(..) | Told::Invited(..) | Told::VerifySent(..) => {}
        }
    }

    /// The newest line of a test that is being looked at is seen.
    fn follow(&mut self, channel: Channel) {
        if matches!(self.popup, Some(Popup::Talk(seen)) if seen == channel) {
            self.above = usize::MAX;
        }
    }

    /// How a test ended that nobody looks at any more.
    fn ended(&self, channel: Channel, ended: &Result<String, String>) -> Note {
        let (what, to) = match channel {
            Channel::Email => ("field-test-email", self.trial(channel)),
            Channel::Sms => ("field-test-sms", self.trial(channel)),
        };
        let (what, to) = (self.words.say(what), to.map(|trial| trial.to.clone()).unwrap_or_default());
        match ended {
            Ok(said) => {
                Note::Well(format!("{what}: {}", self.words.with("talk-accepted", &[("said", said), ("to", &to)])))
            }
            Err(why) => Note::Wrong(format!("{what}: {}", self.words.with("talk-failed", &[("why", why)]))),
        }
    }

    /// It was saved: the file's text now, and what the change was.
    pub(crate) fn saved(&mut self, text: &str, (said, diff): (Vec<String>, Vec<String>), (note, exits): (Note, bool)) {
        self.draft.saved(text);
        self.form.unfit.clear();
        self.form.reload(&self.draft);
        self.note = Some(note);
        // An empty box says nothing.
        if exits || !said.is_empty() || !diff.is_empty() {
            let _ = self.open(Popup::Diff { said, diff, exits });
        }
    }

    /// It is about to be; configd may take its time.
    pub(crate) fn is_saving(&mut self) {
        self.note = Some(Note::Well(self.words.say("note-saving")));
    }

    /// It was not, for what is wrong with one setting: that is gone to, where it has a field.
    pub(crate) fn is_refused(&mut self, key: &str, why: &str) {
        let is_there = self.form.focus_key(key, &mut self.draft);
        let why = why.strip_prefix(key).and_then(|rest| rest.strip_prefix(": ")).unwrap_or(why);
        self.not_saved(&if is_there || key.is_empty() { why.to_owned() } else { format!("{key}: {why}") });
    }

    /// It was not, and nothing was changed.
    pub(crate) fn not_saved(&mut self, why: &str) {
        self.note = Some(Note::Wrong(printable(why).into_owned()));
    }

    /// Codes are asked for, and none has arrived with what would be saved. Where others have changed the file, that stands on the screen
    /// from here on, so that it can be looked at and tried.
    pub(crate) fn is_untested(&mut self, untested: Untested, save: Save) {
        let Untested { email, sms, email_untested, sms_untested, asked, onto } = untested;
        self.note = None;
        let ways = Ways { email: email && email_untested, sms: sms && sms_untested };
        let mut save = save;
        let mut theirs = String::new();
        if let Some(Onto { file, ours, theirs: keys }) = onto {
            theirs = keys.join(", ");
            self.draft.onto(&file, &ours);
            self.form.reload(&self.draft);
            // What was decided is in it.
            save.decided.clear();
        }
        let _ = self.open(Popup::Untested { input: Input::default(), ways, theirs, asked, save });
    }

    /// Somebody else has changed the same.
    pub(crate) fn is_contested(&mut self, conflicts: Vec<Conflict>, save: Save) {
        self.note = None;
        let _ = self.open(Popup::Conflict { conflicts, save });
    }

    fn turn(&mut self, by: usize) -> Vec<Act> {
        let at = Page::ALL.iter().position(|page| *page == self.form.page).unwrap_or_default();
        let next = at.saturating_add(by).checked_rem(Page::ALL.len()).unwrap_or_default();
        Page::ALL.get(next).map_or_else(Vec::new, |page| self.turn_to(*page))
    }

    fn turn_to(&mut self, page: Page) -> Vec<Act> {
        self.form.turn_to(page, &mut self.draft);
        if page == Page::Users { started(self.users.opened()) } else { Vec::new() }
    }

    /// What was undone or done again is gone to, and said.
    fn turned(&mut self, turn: impl FnOnce(&mut Draft) -> Option<String>, done: &str, nothing: &str) -> Vec<Act> {
        let turned = turn(&mut self.draft);
        // What is typed in other fields and no value stays there, and stands in the way of saving.
        if let Some(key) = &turned {
            self.form.unfit.remove(key);
        }
        self.form.reload(&self.draft);
        self.note = Some(Note::Well(match turned {
            Some(key) => {
                let _ = self.form.focus_key(&key, &mut self.draft);
                let what = self.form.focused().filter(|field| field.key == key).map(|field| self.said(&field.label));
                self.words.with(done, &[("what", &what.unwrap_or(key))])
            }
            None => self.words.say(nothing),
        }));
        Vec::new()
    }

    /// Words of ours, or a provider's own.
    pub(crate) fn said(&self, text: &Text) -> String {
        match text {
            Text::Id(id) => self.words.say(id),
            Text::Own(text) => printable(text).into_owned(),
        }
    }

    fn press(&mut self, press: Press) -> Vec<Act> {
        match press {
            Press::Save => self.save_and(false),
            Press::Exit if self.draft.is_changed() || !self.form.unfit.is_empty() => self.open(Popup::Unsaved),
            Press::Exit => vec![Act::Exit],
            Press::TestEmail => self.ask_to(Channel::Email),
            Press::TestSms => self.ask_to(Channel::Sms),
        }
    }

    /// What is wrong is gone to, what is missing too; nothing is saved or sent by it.
    pub(super) fn is_wrong(&mut self) -> bool {
        self.is_wrong_for(true)
    }

    /// The same; where no text message is sent, whatever the account of it is.
    pub(super) fn is_wrong_for(&mut self, texts: bool) -> bool {
        self.form.is_due |= texts;
        if self.form.focus_wrong(&mut self.draft, texts) {
            return true;
        }
        // What has no field here is said all the same.
        let Some((key, why)) = self.draft.all_wrong().iter().next() else { return false };
        let said = if key.is_empty() { why.clone() } else { format!("{key}: {why}") };
        self.note = Some(Note::Wrong(self.words.with("note-no-field", &[("why", &printable(&said))])));
        true
    }

    /// Of the section that has the focus; elsewhere of the channel that there is.
    pub(super) fn press_test(&mut self) -> Vec<Act> {
        let has_email = !self.draft.typed("email.server").is_empty();
        let is_sms = match self.form.focused().map(|field| field.section) {
            Some("section-sms") => true,
            Some("section-email") => false,
            _ => !has_email && !self.draft.typed("sms.provider").is_empty(),
        };
        self.press(if is_sms { Press::TestSms } else { Press::TestEmail })
    }

    fn look(&mut self, key: String) -> Vec<Act> {
        let text = self.draft.text();
        let sealed = sealed_secrets(text).unwrap_or_default().into_iter().find(|(name, _)| *name == key);
        // One in plain text is as secret: the log has who looked.
        let plain = || plain_secrets(text).unwrap_or_default().into_iter().find(|(name, _)| *name == key);
        let there = sealed.map(|(_, sealed)| sealed).or_else(|| plain().map(|(_, plain)| plain.expose().clone()));
        self.form.looking = there.is_some().then(|| key.clone());
        there.map(|sealed| Act::Start(Job::OpenSecret { key, sealed })).into_iter().collect()
    }

    /// What the screen says of sending, with the secrets that were typed.
    pub(crate) fn candidate(&self) -> Result<Secret, String> {
        self.draft.whole().and_then(|text| sending(text.expose()).map(Secret::new).map_err(|error| error.to_string()))
    }
}

fn started(jobs: Vec<Job>) -> Vec<Act> {
    jobs.into_iter().map(Act::Start).collect()
}

fn page_of(digit: char) -> Page {
    match digit {
        '2' => Page::Limits,
        '3' => Page::Users,
        _ => Page::Main,
    }
}
