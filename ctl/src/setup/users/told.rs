//! What becomes of the daemon's answers. Nothing that was typed is lost by an error: a popup that waits for the answer keeps it, and
//! says why.

use super::act::{Act, Answer};
use super::list::Who;
use super::one::One;
use super::popup::{Kind, Popup, Sent, Stage};
use super::{Pending, Said, Users};
use crate::setup::jobs::{Job, Told};
use crate::setup::words::Words;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{Device, PassKind, User};

impl Users {
    pub(super) fn heard(&mut self, told: &Told, words: &Words) -> Vec<Job> {
        match told {
            Told::Users(answer) => {
                self.is_asked = false;
                match answer {
                    Ok(users) => return self.learn_all(users, words),
                    Err(why) => self.said = Some(Said::Failed(why.clone())),
                }
                Vec::new()
            }
            Told::User(answer) => match answer.as_ref() {
                Ok((user, devices)) => self.learn(user, devices, words),
                Err(why) => {
                    self.opens = None;
                    self.said = Some(Said::Failed(why.clone()));
                    Vec::new()
                }
            },
            Told::Done(name, Ok(notes)) => self.done((name, Answer::Done), notes, words),
            Told::Invited(name, Ok(code)) => {
                let code = Secret::new(code.expose().clone());
                // An earlier invitation is over, and how long the new one is good is told with the record.
                if let Some(one) = self.one.as_mut().filter(|one| one.user.name == *name) {
                    one.user.passes.retain(|pass| pass.kind != PassKind::Invitation);
                }
                let jobs = self.done((name, Answer::Invited), &[], words);
                // It is shown this once, whoever is open by now.
                self.popup = Some(Popup::new(name, None, Kind::Invitation(code)));
                jobs
            }
            Told::VerifySent(name, Ok(tag)) => self.sent(name, tag, words),
            Told::Done(name, Err(why)) => self.failed((name, Answer::Done), why),
            Told::Invited(name, Err(why)) => self.failed((name, Answer::Invited), why),
            Told::VerifySent(name, Err(why)) => self.failed((name, Answer::Sent), why),
            Told::Health(Err(why)) => {
                self.lost(why);
                Vec::new()
            }
            Told::Health(Ok(_)) => self.found(),
            Told::TestStep(..) | Told::Tested(..) | Told::Secret(..) => Vec::new(),
        }
    }

    /// All records as they are now.
    fn learn_all(&mut self, users: &[User], words: &Words) -> Vec<Job> {
        let under = self.list.selected().map(|user| user.name.clone());
        self.list.set(users.to_vec());
        self.says_who_is_gone(under, words);
        // Who is open and not among them is asked for alone: the list may be older than that record.
        let open = self.one.as_ref().map(|one| &one.user).filter(|user| !self.list.has(Who::of(user)));
        open.map(|user| Job::User { name: user.name.clone() }).into_iter().collect()
    }

    fn says_who_is_gone(&mut self, under: Option<String>, words: &Words) {
        if let Some(name) = under.filter(|_| self.list.selected().is_none()) {
            self.said = Some(Said::Wrong(words.with("users-gone", &[("user", &name)])));
        }
    }

    /// A record as it is now.
    fn learn(&mut self, user: &User, devices: &[Device], words: &Words) -> Vec<Job> {
        self.list.put(user);
        // Who has gone on to another user meanwhile, stays there.
        if self.opens.take_if(|name| *name == user.name).is_some() && self.one.is_none() && self.popup.is_none() {
            self.list.go_to_user(Who::of(user));
            self.one = Some(One::new(user.clone()));
        }
        let Some(one) = self.one.as_mut().filter(|one| one.user.name == user.name) else { return Vec::new() };
        if one.user.uid == user.uid {
            one.set(user.clone(), devices.to_vec());
            return Vec::new();
        }
        // The name is another user's now: nothing that was begun for the one before is done to this one.
        let (was, is) = (one.user.uid.to_string(), user.uid.to_string());
        self.one = None;
        self.popup.take_if(|popup| !matches!(popup.kind, Kind::Invitation(_)));
        self.said = Some(Said::Wrong(words.with("users-another", &[("user", &user.name), ("was", &was), ("is", &is)])));
        self.opened()
    }

    /// What this is the answer to, whoever is open by now.
    fn answered(&mut self, (name, by): (&str, Answer)) -> Option<Pending> {
        let is_alone = self.overtaken == 0;
        let is_it = |pending: &mut Pending| {
            // A host may write the name of a new record otherwise than it was typed.
            let is_any = is_alone || pending.act.is_of_devices() || matches!(pending.act, Act::Make);
            let is_named = is_any || pending.name == name;
            pending.act.answer() == by && is_named
        };
        let answered = self.pending.take_if(is_it);
        if answered.is_none() {
            self.overtaken = self.overtaken.saturating_sub(1);
        }
        answered
    }

    fn done(&mut self, (name, by): (&str, Answer), notes: &[String], words: &Words) -> Vec<Job> {
        let Some(Pending { name: of, act, .. }) = self.answered((name, by)) else {
            if !notes.is_empty() {
                self.said = Some(Said::Done(notes.join("; ")));
            }
            return vec![Job::User { name: name.to_owned() }];
        };
        if self.popup.as_ref().is_some_and(Popup::is_busy) {
            self.popup = None;
        }
        let mut of = of;
        match act {
            Act::Make => {
                // As the host writes it.
                name.clone_into(&mut of);
                self.opens = Some(of.clone());
            }
            Act::GiveCode(_) => _ = self.sent.take_if(|sent| sent.name == of),
            Act::Verify(_)
            | Act::Email(_)
            | Act::Phone(_)
            | Act::Language(_)
            | Act::Invite
            | Act::Unlock
            | Act::LetIn
            | Act::Disable
            | Act::Reset
            | Act::Revoke(_)
            | Act::RevokeAll(_)
            | Act::SendCode(_) => (),
        }
        let said = std::iter::once(act.done(&of, words)).chain(notes.iter().cloned());
        self.said = Some(Said::Done(said.collect::<Vec<_>>().join(" ")));
        vec![Job::User { name: of }]
    }

    /// A code is on its way. Whoever has left the box or the user meanwhile finds it again among the choices of `c`.
    fn sent(&mut self, name: &str, tag: &str, words: &Words) -> Vec<Job> {
        let Some(Pending { name: of, act: Act::SendCode(channel), .. }) = self.answered((name, Answer::Sent)) else {
            return Vec::new();
        };
        self.said = Some(Said::Done(Act::SendCode(channel).done(&of, words)));
        if let Some(Popup { name, kind: Kind::Code(code), .. }) = &mut self.popup
            && code.stage == Stage::Sending
            && *name == of
        {
            code.sent(tag);
            self.said = None;
        }
        self.sent = Some(Sent { name: of, channel, tag: tag.to_owned() });
        Vec::new()
    }

    fn failed(&mut self, (name, by): (&str, Answer), why: &str) -> Vec<Job> {
        let answered = self.answered((name, by));
        // Options of the command are no words of this window.
        let why = why.strip_prefix("--").and_then(|rest| rest.split_once(": ")).map_or(why, |(_, why)| why);
        // A box that waits, waits for what was asked last.
        let is_said = answered.is_some() && self.popup.as_mut().is_some_and(|popup| popup.failed(why));
        if is_said {
            self.said = None;
        } else if answered.is_some() || self.pending.is_none() {
            self.said = Some(Said::Failed(why.to_owned()));
        }
        match answered {
            Some(Pending { name, act, .. }) if act.is_of_devices() => vec![Job::User { name }],
            _ => Vec::new(),
        }
    }

    /// The daemon is lost. What it was asked is waited for no longer; an answer that still comes is taken.
    fn lost(&mut self, why: &str) {
        self.is_lost = true;
        let Some(pending) = &mut self.pending else { return };
        pending.is_given_up = true;
        let is_said = self.popup.as_mut().is_some_and(|popup| popup.failed(why));
        self.said = (!is_said).then(|| Said::Failed(why.to_owned()));
    }

    /// It is there again: what is shown may be old.
    fn found(&mut self) -> Vec<Job> {
        let was_lost = std::mem::take(&mut self.is_lost);
        if !was_lost || !self.was_opened {
            return Vec::new();
        }
        if matches!(self.said, Some(Said::Failed(_))) {
            self.said = Some(Said::Note("users-found"));
        }
        self.opened()
    }
}
