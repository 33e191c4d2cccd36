//! Notices to the owner of an account: what has changed, or was used, that an owner would want to know who did not do it (SP 800-63B-4
//! §4.6). Sent after the fact, and nobody waits for it: no login and no administrator's word depends on whether one arrives.
//!
//! It must never carry a code, a key, or an address of another channel in full, and never go to an address that is not verified but for
//! one that was, until the change that it tells of. It takes nothing from what the user may be sent in codes, nor codes from it: whoever
//! causes many of the one must not use up the other. What is beyond its own bounds is a line in the journal ([`desk`]).

mod desk;
mod recipients;
mod words;

use crate::delivery::{Letterhead, Post, TextHead, Tried, Uncounted, config_fault, may_retry, retry_after};
use crate::limits::Share;
use crate::login::challenge::Caller;
use crate::login::place::Place;
use crate::login::ways::Way;
use crate::rules::Rules;
use crate::store::{Authenticator, Known, UserKey, UserRecord};
pub use desk::Desk;
use desk::Does;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::Channel;
use pam_2fa_protocol::courier::{Class, Outcome};
use pam_2fa_settings::E164;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use words::{Event, Words};

/// For how long a notice is tried. What is longer on its way is of no help to an owner who has to act.
const LIFE_MS: u64 = 600_000;

/// What there is to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A device is remembered that was not before. A session in which one may elevate is none.
    NewDevice {
        /// What it is known by.
        label: String,
    },
    /// The address for codes is another one.
    EmailChanged {
        /// The new one, masked.
        to: String,
    },
    /// The number for codes is another one.
    PhoneChanged {
        /// The new one, masked.
        to: String,
    },
    /// There is no address for codes any more.
    EmailRemoved,
    /// There is no number for codes any more.
    PhoneRemoved,
    /// A recovery code let somebody in.
    RecoveryUsed {
        /// How many are left.
        left: u64,
    },
    /// There are new recovery codes.
    RecoveryRenewed,
    /// A first app.
    AppEnrolled,
    /// Another app in the place of the one before.
    AppReplaced,
    /// An invitation to enrol was made.
    Invited,
    /// A one-time code to log in was made.
    GrantMade {
        /// Until when it is good, seconds since 1970.
        until_s: i64,
    },
    /// It let somebody in.
    GrantUsed,
    /// Wrong codes have disabled an authenticator, or locked all of them for a time.
    Locked,
    /// An administrator shut the user out.
    ShutOut,
    /// And lets the user in again.
    LetInAgain,
    /// All of the user's methods and devices are gone.
    Reset,
    /// It is asked more or less often.
    VerifyChanged,
    /// Remembered devices were taken away.
    DevicesRevoked {
        /// How many.
        count: u64,
    },
}

/// A notice, and what of its circumstances says whom to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Whose account.
    pub user: UserKey,
    /// What.
    pub notice: Notice,
    /// With what whoever did it has proven to be the owner: another channel is told rather than this one.
    pub proved_by: Option<Authenticator>,
    /// Verified addresses that the change took away: they are told too.
    pub old: Vec<(Channel, String)>,
    /// Where it was done from. `None`: by an administrator.
    pub place: Option<Place>,
    /// Who asked. What a user's own processes cause costs no money (rule 7).
    pub caller: Caller,
}

impl About {
    /// Something that an administrator did.
    #[must_use]
    pub fn by_administrator(user: UserKey, notice: Notice) -> Self {
        Self { user, notice, proved_by: None, old: Vec::new(), place: None, caller: Caller::Root }
    }
}

/// One message to one address.
struct Letter {
    id: String,
    user: String,
    channel: Channel,
    to: String,
    subject: String,
    text: Secret,
}

impl Post {
    /// Tells the owner, at leisure. A stop waits for it as for a code, and it ends with the house.
    pub fn notify(&self, about: About, rules: Arc<Rules>) {
        let now = self.clock.now();
        let does = if about.place.is_none() { Does::Administrator } else { Does::Anybody };
        let Some(number) = self.notices.take(&about.user, does, &now) else {
            tracing::warn!(
                user = about.user.name,
                uid = about.user.uid,
                notice = ?about.notice,
                "the owner is not told: there were too many notices within the hour"
            );
            return;
        };
        let id = format!("notice-{}-{number}", now.wall_s);
        let (post, closed) = (self.clone(), self.notices.closed());
        tokio::spawn(async move {
            tokio::select! {
                () = post.tell(about, rules, id, now.wall_s) => {}
                () = closed => {}
            }
        });
    }

    async fn tell(self, about: About, rules: Arc<Rules>, id: String, at_s: i64) {
        let record = match self.store.user(about.user.clone()).await {
            Ok(Known::Record(record)) => Some(*record),
            Ok(Known::Nobody | Known::NameOfAnother { .. } | Known::UidOfOthers { .. }) => None,
            Err(error) => {
                tracing::error!(user = about.user.name, notice = ?about.notice, %error, "the owner is not told");
                return;
            }
        };
        let to = recipients::recipients(record.as_ref(), &about, &rules);
        if to.is_empty() {
            tracing::info!(user = about.user.name, notice = ?about.notice, "the owner cannot be told: no verified address");
        }
        // Side by side: a mail server that is slow holds up no text message. With this future they end too.
        let mut letters = JoinSet::new();
        for (number, (channel, to)) in (1_u32..).zip(to) {
            let id = format!("{id}-{number}");
            let letter = self.notice_letter(&about, record.as_ref(), &rules, Addressed { id, channel, to, at_s });
            letters.spawn(self.clone().carry_notice(letter, Arc::clone(&rules)));
        }
        while letters.join_next().await.is_some() {}
    }

    fn notice_letter(&self, about: &About, record: Option<&UserRecord>, rules: &Rules, addressed: Addressed) -> Letter {
        let Addressed { id, channel, to, at_s } = addressed;
        let words = Words {
            texts: rules.letters(record.and_then(|record| record.language.as_deref())),
            application: &rules.application,
            host: &self.host,
        };
        let event = Event { notice: &about.notice, user: &about.user.name, place: about.place.as_ref(), at_s };
        let (subject, text) = match channel {
            Channel::Email => words.mail(event),
            Channel::Sms => (String::new(), words.sms(event)),
        };
        Letter { id, user: about.user.name.clone(), channel, to, subject, text }
    }

    /// One message on its way; a text message is counted as any other, but never from what is kept for known sources: whoever can
    /// cause notices must not use that up.
    async fn carry_notice(self, letter: Letter, rules: Arc<Rules>) {
        if letter.channel == Channel::Email {
            return self.try_notice(&letter, &rules, &mut Tried::default()).await;
        }
        let counted = match E164::parse(&letter.to) {
            Ok(number) => self.count_text(&number, Share::Rest, &rules).await,
            Err(error) => Err(Uncounted::Failed(error.to_string())),
        };
        match counted {
            Ok(mut tried) => {
                self.try_notice(&letter, &rules, &mut tried).await;
                self.settle(tried).await;
            }
            Err(why) => {
                let (user, to) = (&letter.user, masked(letter.channel, &letter.to));
                tracing::warn!(user, to, id = letter.id, %why, "the owner is not told by text message");
            }
        }
    }

    /// Tries until somebody has taken it, or no try can help.
    async fn try_notice(&self, letter: &Letter, rules: &Rules, tried: &mut Tried) {
        let began_ms = self.clock.now().boot_ms;
        let mut attempt = 1_u32;
        let mut waits = self.waits(matches!(letter.channel, Channel::Sms));
        let (user, to) = (&letter.user, masked(letter.channel, &letter.to));
        loop {
            let left_ms = LIFE_MS.saturating_sub(self.clock.now().boot_ms.saturating_sub(began_ms));
            let outcome = self.once_notice(letter, attempt, left_ms, rules, tried).await;
            let said = outcome.said.as_str();
            if outcome.class == Class::Accepted {
                tracing::info!(user, to, said, id = letter.id, "the owner was told");
                return;
            }
            let wait_s = waits.next().map(|wait| wait.max(retry_after(&outcome)));
            let again = !tried.is_stopped() && may_retry(&outcome);
            let Some(wait_s) = wait_s.filter(|wait| again && wait.saturating_mul(1000) < left_ms) else {
                tracing::error!(user, to, said, id = letter.id, "the owner could not be told");
                return;
            };
            tracing::warn!(user, to, said, id = letter.id, wait_s, "a notice was not taken; again in {wait_s} s");
            tokio::time::sleep(Duration::from_secs(wait_s)).await;
            attempt = attempt.saturating_add(1);
        }
    }

    async fn once_notice(
        &self,
        letter: &Letter,
        attempt: u32,
        life_ms: u64,
        rules: &Rules,
        tried: &mut Tried,
    ) -> Outcome {
        let Letter { id, channel, to, subject, text, .. } = letter;
        match channel {
            Channel::Email => {
                let head = Letterhead { id, attempt, to, subject, text, life_ms };
                self.round(head, rules, None, tried).await
            }
            Channel::Sms => match E164::parse(to) {
                Ok(to) => {
                    // It carries no code: a provider that takes nothing else has no notice to send.
                    let code = Secret::new(String::new());
                    let head = TextHead { id, attempt, to: &to, text, code: &code, tag: "", life_ms };
                    self.text_round(head, rules, None, tried).await
                }
                Err(error) => config_fault(error.to_string()),
            },
        }
    }
}

/// To whom, under which id, and when it was.
struct Addressed {
    id: String,
    channel: Channel,
    to: String,
    at_s: i64,
}

/// An address as the journal and other channels may have it.
#[must_use]
pub fn masked(channel: Channel, address: &str) -> String {
    match channel {
        Channel::Email => Way::Email(String::from(address)).masked(),
        Channel::Sms => Way::Sms(String::from(address)).masked(),
    }
}

#[cfg(test)]
mod tests;
