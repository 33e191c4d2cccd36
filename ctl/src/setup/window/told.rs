//! What is told to the window: answers of the daemon, what became of a save.

use super::{Act, Note, Save, Window, started};
use crate::setup::asked::{Popup, Ways};
use crate::setup::jobs::Told;
use crate::setup::merge::Conflict;
use crate::setup::save::{Onto, Untested};
use pam_2fa_protocol::admin::Channel;
use pam_2fa_settings::text::printable;
use tui_input::Input;

impl Window {
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
}
