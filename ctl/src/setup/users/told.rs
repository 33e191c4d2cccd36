//! What becomes of the daemon's answers. Nothing that was typed is lost by an error: a popup that waits for the answer keeps it, and
//! says why.

use super::act::Act;
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
                    Ok(users) => self.list.set(users.clone()),
                    Err(why) => self.said = Some(Said::Wrong(why.clone())),
                }
                Vec::new()
            }
            Told::User(answer) => {
                match answer.as_ref() {
                    Ok((user, devices)) => self.learn(user, devices),
                    Err(why) => {
                        self.opens = None;
                        self.said = Some(Said::Wrong(why.clone()));
                    }
                }
                Vec::new()
            }
            Told::Done(name, Ok(notes)) => self.done(name, notes, words),
            Told::Invited(name, Ok(code)) => {
                let code = Secret::new(code.expose().clone());
                // An earlier invitation is over, and how long the new one is good is told with the record.
                if let Some(one) = &mut self.one {
                    one.user.passes.retain(|pass| pass.kind != PassKind::Invitation);
                }
                let jobs = self.done(name, &[], words);
                self.popup = Some(Popup::new(name, Kind::Invitation(code)));
                jobs
            }
            Told::VerifySent(name, Ok(tag)) if self.one.as_ref().is_some_and(|one| one.user.name == *name) => {
                self.sent(tag, words)
            }
            Told::VerifySent(_, Ok(_)) => Vec::new(),
            Told::Done(_, Err(why)) | Told::Invited(_, Err(why)) | Told::VerifySent(_, Err(why)) => self.failed(why),
            Told::Health(_) | Told::TestStep(..) | Told::Tested(..) | Told::Secret(..) => Vec::new(),
        }
    }

    /// A record as it is now.
    fn learn(&mut self, user: &User, devices: &[Device]) {
        self.list.put(user);
        if self.opens.as_ref() == Some(&user.name) {
            self.opens = None;
            self.list.go_to_user(user.uid);
            self.one = Some(One::new(user.clone()));
        }
        if let Some(one) = self.one.as_mut().filter(|one| one.user.uid == user.uid) {
            one.set(user.clone(), devices.to_vec());
        }
    }

    fn done(&mut self, name: &str, notes: &[String], words: &Words) -> Vec<Job> {
        let Some(Pending { name, act }) = self.pending.take() else {
            self.said = Some(Said::Done(notes.join("; ")));
            return vec![Job::User { name: name.to_owned() }];
        };
        if self.popup.as_ref().is_some_and(Popup::is_busy) {
            self.popup = None;
        }
        match act {
            Act::Make => self.opens = Some(name.clone()),
            Act::GiveCode(_) => self.sent = None,
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
        let said = std::iter::once(act.done(&name, words)).chain(notes.iter().cloned());
        self.said = Some(Said::Done(said.collect::<Vec<_>>().join(" ")));
        vec![Job::User { name }]
    }

    /// A code is on its way. Whoever has left the box meanwhile finds it again among the choices of `c`.
    fn sent(&mut self, tag: &str, words: &Words) -> Vec<Job> {
        let is_sending = |pending: &mut Pending| matches!(pending.act, Act::SendCode(_));
        let Some(Pending { name: of, act: Act::SendCode(channel) }) = self.pending.take_if(is_sending) else {
            return Vec::new();
        };
        self.said = Some(Said::Done(Act::SendCode(channel).done(&of, words)));
        self.sent = Some(Sent { name: of, channel, tag: tag.to_owned() });
        if let Some(Popup { kind: Kind::Code(code), .. }) = &mut self.popup
            && code.stage == Stage::Sending
        {
            code.sent(tag);
            self.said = None;
        }
        Vec::new()
    }

    fn failed(&mut self, why: &str) -> Vec<Job> {
        let pending = self.pending.take();
        // Options of the command are no words of this window.
        let why = why.strip_prefix("--").and_then(|rest| rest.split_once(": ")).map_or(why, |(_, why)| why);
        let is_said = self.popup.as_mut().is_some_and(|popup| popup.failed(why));
        self.said = (!is_said).then(|| Said::Wrong(why.to_owned()));
        match pending {
            Some(Pending { name, act }) if act.is_of_devices() => vec![Job::User { name }],
            _ => Vec::new(),
        }
    }
}
