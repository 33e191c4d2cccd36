//! `pam-2fa me`: what a user changes about oneself, over a socket of its own. The machine is a login's up to the right code, and what
//! comes of that is a change instead of an "allow". Nothing that the caller claims is believed but a name that means its uid (rule 7).

use super::challenge::Aim;
use super::conclude::{Act, ask as ways_to_ask};
use super::ending::Ending;
use super::enrol::{Enrolling, Wants, invited};
use super::ways::Way;
use super::{Asked, Effect, Effects, Login, Purpose, Standing, State};
use crate::store::{DeviceId, Facts, First, Known, PassKind, Revoke, Revoked, StoreError, UserKey};
use crate::texts::Message;
use pam_2fa_protocol::login::Verdict;
use pam_2fa_settings::Enrolment;

/// What is to be changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// An address or a number is to be proven, in the place of the one before.
    Address(Way),
    /// An app.
    App,
    /// New recovery codes.
    Codes,
    /// A device is to be forgotten.
    Revoke(DeviceId),
}

impl Login {
    /// A change that a process of `peer_uid` (from the kernel) is about to ask for.
    #[must_use]
    pub fn own(peer_uid: u32, reference: String, change: Change) -> Self {
        Self { purpose: Purpose::Own(change), ..Self::new(peer_uid, reference) }
    }

    /// Whether it lets somebody in.
    pub(super) fn is_login(&self) -> bool {
        self.purpose == Purpose::LogIn
    }

    /// What its codes are for.
    pub(super) fn aim(&self) -> Aim {
        match self.purpose {
            Purpose::LogIn | Purpose::Explain => Aim::Login,
            Purpose::Own(_) => Aim::Change,
        }
    }

    /// Whoever has a method gives a code of it first; who has none needs an invitation, or sits at this machine.
    pub(super) fn decide_own(
        &self,
        asked: Asked,
        user: UserKey,
        facts: &Facts,
        change: &Change,
        fx: &mut Effects<'_>,
    ) -> State {
        let record = match &facts.known {
            Known::Record(record) => Some(record),
            Known::Nobody => None,
            Known::NameOfAnother { .. } | Known::UidOfOthers { .. } => {
                return self.refuse_own(&asked, &user, "re-bind", Message::DeniedAnother, fx);
            }
        };
        if facts.methods.disabled_s.is_some() {
            return self.refuse_own(&asked, &user, "disabled-user", Message::DeniedShutOut, fx);
        }
        let verified = record.is_some_and(|record| record.email_verified || record.phone_verified);
        if verified || facts.methods.app.is_some() || !facts.methods.recovery.is_empty() {
            return match ways_to_ask(&asked, facts, fx) {
                (Act::Ask { ways }, _) => self.challenge(asked, user, facts, ways, fx),
                // Nothing of what there is can be asked for here: a number alone, since a user's own process costs no money (rule 7), or
                // a channel that is not configured.
                (Act::Refuse { text, .. }, _) if text.is_empty() => {
                    self.refuse_own(&asked, &user, "no-channel", Message::DeniedNoChannel, fx)
                }
                (Act::Refuse { verdict, text }, reason) => {
                    let uid = Some(user.uid);
                    self.deny(
                        Ending { asked: &asked, uid, verdict, reason, detail: None, device: None },
                        Some(text),
                        fx,
                    )
                }
                (Act::LetBy { .. } | Act::Trust { .. } | Act::Enrol { .. }, reason) => {
                    self.refuse_own(&asked, &user, reason, Message::DeniedNoChannel, fx)
                }
            };
        }
        let wants = match change {
            Change::Address(way) => Wants::Address(way.clone()),
            Change::App => Wants::App,
            Change::Codes | Change::Revoke(_) => {
                return self.refuse_own(&asked, &user, "no-method", Message::DeniedNothingYours, fx);
            }
        };
        if fx.rules.who.enrolment == Enrolment::Administrator {
            return self.refuse_own(&asked, &user, "no-method", Message::DeniedNoMethod, fx);
        }
        let is_invited = facts.methods.passes.iter().any(|pass| pass.kind == PassKind::Invitation);
        // Who sits there is known, and not which of their programs asks: no reason to send text messages to whatever number it says.
        let is_free = !matches!(wants, Wants::Address(Way::Sms(_)));
        let first = match (asked.at_console && is_free, is_invited) {
            (true, _) => First::Allowed,
            (false, true) => invited(),
            (false, false) => return self.refuse_own(&asked, &user, "not-invited", Message::DeniedNotInvited, fx),
        };
        self.enrol(Enrolling::new(asked, user, facts, wants, first), fx)
    }

    fn refuse_own(
        &self,
        asked: &Asked,
        user: &UserKey,
        reason: &'static str,
        message: Message,
        fx: &mut Effects<'_>,
    ) -> State {
        let text = Some(fx.texts.say(message, &[]));
        let (uid, verdict) = (Some(user.uid), Verdict::Deny);
        self.deny(Ending { asked, uid, verdict, reason, detail: None, device: None }, text, fx)
    }

    /// A fresh code was right and is used: now the change.
    pub(super) fn proven_own(&self, standing: &Standing, change: &Change, fx: &mut Effects<'_>) -> State {
        let (asked, user) = (standing.asked.clone(), standing.owner.user.clone());
        let wants = match change {
            Change::Address(way) => Wants::Address(way.clone()),
            Change::App => Wants::App,
            Change::Codes => Wants::Codes,
            Change::Revoke(id) => {
                let ids = vec![id.clone()];
                fx.out.push(Effect::Revoke(Revoke::Own { user: user.clone(), ids }));
                return State::Revoking(asked, user);
            }
        };
        self.enrol(Enrolling::after(standing, wants), fx)
    }

    /// The device is forgotten, or there is no such device of the user's.
    pub(super) fn revoked(
        &self,
        asked: &Asked,
        user: &UserKey,
        revoked: Result<Revoked, StoreError>,
        fx: &mut Effects<'_>,
    ) -> State {
        match revoked {
            Err(error) => self.unavailable(asked, Some(user.uid), "store", error.to_string(), fx),
            Ok(Revoked::NotThere(_)) => self.refuse_own(asked, user, "no-device", Message::DeniedNoDevice, fx),
            Ok(Revoked::Done(_)) => {
                let text = fx.texts.say(Message::OwnRevoked, &[]);
                self.changed(asked, user.uid, text, fx)
            }
        }
    }
}
