//! Challenges (rule 5): a code that was asked for, and what became of it. They belong to (user, class, source), not to a
//! connection: the end of a connection leaves its challenge open, and the next login adopts it.
//!
//! This is the daemon's memory of them. The store keeps those whose message has left, so that a restart does not make a code
//! in the mail worthless; it is the store that says whether a code was used.

use super::class::Class;
use super::source::Source;
use crate::clock::Moment;
use crate::random::{self, NoRandomness, Random};
use crate::rules::Codes;
use crate::store::{Authenticator, ChallengeId, KeptChallenge, UserKey};
use data_encoding::HEXLOWER;
use pam_2fa_protocol::Secret;
use std::collections::HashMap;
use subtle::ConstantTimeEq;

/// The word that stands in the store for the class of what a user's own process asked.
const KEPT_AS_OWN: &str = "own";

/// Makes the MAC of a code that is kept instead of the code.
pub trait CodeMac: Send + Sync {
    /// HMAC-SHA-256 under a derived key, bound to the challenge's id.
    fn code_mac(&self, id: &ChallengeId, code: &str) -> [u8; 32];
}

/// Who asked: challenges of root's callers are not shared with what a user's own processes ask (rule 7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Caller {
    /// A host program as root.
    Root,
    /// A process of the user itself.
    Own,
}

/// What a code is for. One of one aim is nothing to another (ASVS 6.6.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Aim {
    /// To log in.
    Login,
    /// To change one's own methods (`pam-2fa me`).
    Change,
    /// To prove an address or a number that is not the user's yet.
    Address(String),
}

/// What a challenge belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    /// Who.
    pub user: UserKey,
    /// For which class of service.
    pub class: Class,
    /// From where.
    pub source: Source,
    /// Who asked.
    pub caller: Caller,
    /// What for.
    pub aim: Aim,
}

/// Where its message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// Nothing has left. The prompt has not stood long enough.
    Unsent,
    /// On its way to the courier.
    Sending,
    /// It was not taken, and is being tried again.
    Late,
    /// The next hop took it over.
    Sent,
    /// A limit withheld it, until this time of `CLOCK_BOOTTIME`.
    Withheld {
        /// Milliseconds.
        until_ms: u64,
    },
    /// It could not be sent.
    Failed,
}

impl Delivery {
    /// A code has left, or is about to.
    #[must_use]
    pub fn has_left(&self) -> bool {
        match self {
            Self::Sending | Self::Late | Self::Sent => true,
            Self::Unsent | Self::Withheld { .. } | Self::Failed => false,
        }
    }
}

/// One challenge. Of an app and of recovery codes it holds the tries alone: there is no code to it.
#[derive(Debug)]
pub struct Challenge {
    /// Its id.
    pub id: ChallengeId,
    /// What it belongs to.
    pub owner: Owner,
    /// What it proves.
    pub authenticator: Authenticator,
    /// The code, to be sent (again). Unknown after a restart.
    pub code: Option<Secret>,
    /// The code's MAC; none where no code is sent.
    pub mac: Option<[u8; 32]>,
    /// The MAC of the code that this one took the place of, until the new one may leave: it stands in a mailbox.
    before_renewal: Option<[u8; 32]>,
    /// How many digits its code has; not known after a restart.
    digits: Option<u32>,
    /// Two characters that stand in the prompt and in the message.
    pub tag: String,
    /// Tries charged so far.
    pub tries: u32,
    /// When it was made.
    pub made: Moment,
    /// How long it lives from then on.
    pub lifetime_ms: u64,
    /// Where its message is.
    pub delivery: Delivery,
    /// How many messages have been asked for.
    pub sends: u32,
    /// When the last one was, on `CLOCK_BOOTTIME`.
    pub last_send_ms: u64,
    /// How many connections stand at its prompt.
    pub held: u32,
    /// In which order it was made.
    serial: u64,
}

impl Challenge {
    /// Milliseconds left, by the clock that nobody can set and by the wall, whichever is less (S4).
    #[must_use]
    pub fn left_ms(&self, now: &Moment) -> u64 {
        if self.made.boot != now.boot {
            return 0;
        }
        let by_boot = self.lifetime_ms.saturating_sub(now.boot_ms.saturating_sub(self.made.boot_ms));
        let passed_s = u64::try_from(now.wall_s.saturating_sub(self.made.wall_s)).unwrap_or(0);
        by_boot.min(self.lifetime_ms.saturating_sub(passed_s.saturating_mul(1000)))
    }

    /// Whether `code` is its code; in constant time.
    pub fn is_answered_by(&self, code: &str, keys: &dyn CodeMac) -> bool {
        self.mac.is_some_and(|mac| bool::from(keys.code_mac(&self.id, code).ct_eq(&mac)))
    }

    /// Milliseconds until another message may be asked for: `resend_after`, then twice that, and so on.
    #[must_use]
    pub fn resend_wait_ms(&self, codes: &Codes, now: &Moment) -> u64 {
        if self.sends == 0 {
            return 0;
        }
        let doublings = self.sends.saturating_sub(1).min(16);
        let wait_ms = codes.resend_after_s.saturating_mul(1000).saturating_mul(1_u64 << doublings);
        self.last_send_ms.saturating_add(wait_ms).saturating_sub(now.boot_ms)
    }

    /// A new code is on its way out: the one before is worth nothing any more.
    pub fn settle_renewal(&mut self) {
        self.before_renewal = None;
    }

    /// A new code stays here: the one before, in the mailbox, stays good.
    pub fn undo_renewal(&mut self) {
        if let Some(mac) = self.before_renewal.take() {
            self.mac = Some(mac);
            self.code = None;
        }
    }

    /// What the store keeps of it: of a code to log in with alone. What it keeps comes back as one.
    #[must_use]
    pub fn kept(&self) -> Option<KeptChallenge> {
        if self.owner.aim != Aim::Login {
            return None;
        }
        Some(KeptChallenge {
            id: self.id.clone(),
            user: self.owner.user.clone(),
            class: String::from(match self.owner.caller {
                Caller::Root => self.owner.class.word(),
                Caller::Own => KEPT_AS_OWN,
            }),
            source: self.owner.source.text(),
            authenticator: self.authenticator,
            code_mac: self.mac?,
            tag: self.tag.clone(),
            tries: self.tries,
            made: self.made.clone(),
            lifetime_ms: self.lifetime_ms,
        })
    }

    fn is_open(&self, codes: &Codes, now: &Moment) -> bool {
        // A code of another length than the settings now say would not be taken for one.
        let fits = self.digits.is_none_or(|digits| digits == codes.digits);
        fits && self.tries < codes.attempts && self.left_ms(now) > 0
    }
}

/// All open challenges.
#[derive(Debug, Default)]
pub struct Challenges {
    open: HashMap<ChallengeId, Challenge>,
    serial: u64,
}

#[cfg(test)]
impl Challenges {
    /// The codes of all open ones.
    pub(crate) fn codes(&self) -> Vec<String> {
        self.open.values().filter_map(|open| Some(open.code.as_ref()?.expose().to_owned())).collect()
    }
}

impl Challenges {
    /// Forgets what has run out and is not held. Its store rows are pruned by the store.
    pub fn prune(&mut self, codes: &Codes, now: &Moment) {
        self.open.retain(|_, challenge| challenge.held > 0 || challenge.is_open(codes, now));
    }

    /// The newest open challenge of `owner` that nobody stands at, now held by the caller.
    pub fn adopt(&mut self, owner: &Owner, of: Authenticator, codes: &Codes, now: &Moment) -> Option<&mut Challenge> {
        self.newest(owner, of, codes, now, |challenge| challenge.held == 0)
    }

    /// The newest open challenge of `owner` whose message has left, even if another connection stands at it: what is offered
    /// where a limit withholds another message.
    pub fn share(&mut self, owner: &Owner, of: Authenticator, codes: &Codes, now: &Moment) -> Option<&mut Challenge> {
        self.newest(owner, of, codes, now, |challenge| challenge.delivery.has_left())
    }

    /// The newest open challenge of `owner`; nobody comes to stand at it by this look.
    #[must_use]
    pub fn newest_of(&self, owner: &Owner, of: Authenticator, codes: &Codes, now: &Moment) -> Option<&Challenge> {
        self.open
            .values()
            .filter(|challenge| challenge.owner == *owner && challenge.authenticator == of)
            .filter(|challenge| challenge.is_open(codes, now))
            .max_by_key(|challenge| challenge.serial)
    }

    /// The challenge that the next login of `owner` would be asked for, if there is one whose message has left; nobody comes to
    /// stand at it by this look. `withheld`: a limit withholds another message.
    #[must_use]
    pub fn would_adopt(
        &self,
        owner: &Owner,
        of: Authenticator,
        codes: &Codes,
        now: &Moment,
        withheld: bool,
    ) -> Option<&Challenge> {
        self.open
            .values()
            .filter(|challenge| challenge.owner == *owner && challenge.authenticator == of)
            .filter(|challenge| challenge.is_open(codes, now) && challenge.delivery.has_left())
            .filter(|challenge| withheld || challenge.held == 0)
            .max_by_key(|challenge| challenge.serial)
    }

    fn newest(
        &mut self,
        owner: &Owner,
        of: Authenticator,
        codes: &Codes,
        now: &Moment,
        suits: impl Fn(&Challenge) -> bool,
    ) -> Option<&mut Challenge> {
        let newest = self
            .open
            .values_mut()
            .filter(|challenge| challenge.owner == *owner && challenge.authenticator == of)
            .filter(|challenge| challenge.is_open(codes, now) && suits(challenge))
            .max_by_key(|challenge| challenge.serial)?;
        newest.held = newest.held.saturating_add(1);
        Some(newest)
    }

    /// A new challenge, held by the caller. Nothing of it is on disk until its message leaves. `of` an app or of recovery codes it
    /// has no code.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn mint(
        &mut self,
        owner: Owner,
        of: Authenticator,
        codes: &Codes,
        now: &Moment,
        random: &dyn Random,
        keys: &dyn CodeMac,
    ) -> Result<&mut Challenge, NoRandomness> {
        let id = ChallengeId(HEXLOWER.encode(&random::bytes::<16>(random)?));
        let code = match of {
            Authenticator::Email | Authenticator::Sms => Some(random::code(random, codes.digits)?),
            Authenticator::App | Authenticator::Recovery => None,
        };
        let tag = self.free_tag(&owner, random)?;
        self.serial = self.serial.saturating_add(1);
        let challenge = Challenge {
            mac: code.as_ref().map(|code| keys.code_mac(&id, code.expose())),
            owner,
            authenticator: of,
            before_renewal: None,
            digits: code.is_some().then_some(codes.digits),
            code,
            tag,
            tries: 0,
            made: now.clone(),
            lifetime_ms: codes.lifetime_ms,
            delivery: Delivery::Unsent,
            sends: 0,
            last_send_ms: 0,
            held: 1,
            serial: self.serial,
            id: id.clone(),
        };
        Ok(self.open.entry(id).or_insert(challenge))
    }

    /// A tag that no open challenge of the same user has, where eight draws find one.
    fn free_tag(&self, owner: &Owner, random: &dyn Random) -> Result<String, NoRandomness> {
        let mut tag = random::tag(random)?;
        for _ in 0..8 {
            let taken = self.open.values().any(|other| other.owner.user == owner.user && other.tag == tag);
            if !taken {
                break;
            }
            tag = random::tag(random)?;
        }
        Ok(tag)
    }

    /// A new code for a challenge whose code is not known any more (a resend after a restart). Its tries and its end stay.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn renew_code(
        &mut self,
        id: &ChallengeId,
        codes: &Codes,
        random: &dyn Random,
        keys: &dyn CodeMac,
    ) -> Result<(), NoRandomness> {
        if let Some(challenge) = self.open.get_mut(id).filter(|challenge| challenge.mac.is_some()) {
            let code = random::code(random, codes.digits)?;
            let renewed = keys.code_mac(id, code.expose());
            challenge.before_renewal = challenge.mac.replace(renewed);
            challenge.code = Some(code);
            challenge.digits = Some(codes.digits);
        }
        Ok(())
    }

    /// Takes in what the store kept over a restart. Nobody stands at it; its code is not known.
    pub fn take_in(&mut self, kept: KeptChallenge) {
        let (caller, class) = if kept.class == KEPT_AS_OWN {
            (Caller::Own, Some(Class::Other))
        } else {
            (Caller::Root, Class::of_word(&kept.class))
        };
        let (Some(class), Some(source)) = (class, Source::of_text(&kept.source)) else {
            return;
        };
        self.serial = self.serial.saturating_add(1);
        let challenge = Challenge {
            owner: Owner { user: kept.user, class, source, caller, aim: Aim::Login },
            authenticator: kept.authenticator,
            code: None,
            mac: Some(kept.code_mac),
            before_renewal: None,
            digits: None,
            tag: kept.tag,
            tries: kept.tries,
            last_send_ms: kept.made.boot_ms,
            made: kept.made,
            lifetime_ms: kept.lifetime_ms,
            delivery: Delivery::Sent,
            sends: 1,
            held: 0,
            serial: self.serial,
            id: kept.id.clone(),
        };
        self.open.insert(kept.id, challenge);
    }

    /// One of them.
    #[must_use]
    pub fn get(&self, id: &ChallengeId) -> Option<&Challenge> {
        self.open.get(id)
    }

    /// One of them, to be changed.
    pub fn get_mut(&mut self, id: &ChallengeId) -> Option<&mut Challenge> {
        self.open.get_mut(id)
    }

    /// A connection no longer stands at it.
    pub fn release(&mut self, id: &ChallengeId) {
        if let Some(challenge) = self.open.get_mut(id) {
            challenge.held = challenge.held.saturating_sub(1);
        }
    }

    /// The same of an address that is being proven: one whose code has not left is worth nothing to anybody, and whoever may name
    /// addresses may name a million.
    pub fn let_go(&mut self, id: &ChallengeId) {
        self.release(id);
        if self.open.get(id).is_some_and(|challenge| challenge.held == 0 && !challenge.delivery.has_left()) {
            self.open.remove(id);
        }
    }

    /// Its code is used, and its login asks one thing more: it is answered by nothing any more, and stands there until the login lets
    /// go of it, so that what ends the user's challenges meanwhile ends that login too.
    pub fn spend(&mut self, id: &ChallengeId) {
        if let Some(challenge) = self.open.get_mut(id) {
            challenge.code = None;
            challenge.mac = None;
            challenge.before_renewal = None;
            challenge.tries = u32::MAX;
        }
    }

    /// It ends: used, or out of tries.
    pub fn end(&mut self, id: &ChallengeId) {
        self.open.remove(id);
    }

    /// All of a user's challenges of one kind end: the address has changed.
    pub fn end_all_of(&mut self, user: &UserKey, authenticator: Authenticator) {
        self.open.retain(|_, challenge| challenge.owner.user != *user || challenge.authenticator != authenticator);
    }

    /// All of a user's challenges with this aim end.
    pub fn end_all_aimed_at(&mut self, user: &UserKey, aim: &Aim) {
        self.open.retain(|_, challenge| challenge.owner.user != *user || challenge.owner.aim != *aim);
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }
}
