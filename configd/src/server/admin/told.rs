//! What of an administrator's change is told to the owner of the record, before and after it (see [`crate::notice`]). Changes nothing, and
//! nothing waits for it.

use crate::clock::Moment;
use crate::house::House;
use crate::login::class::Class;
use crate::login::device::over;
use crate::notice::{About, Notice, masked};
use crate::rules::Rules;
use crate::store::{KeptDevice, UserKey, UserRecord};
use pam_2fa_protocol::admin::Channel;

/// Has them told.
pub(super) fn tell(house: &House, about: Vec<About>) {
    for about in about {
        house.post.notify(about, house.rules());
    }
}

/// What there is to tell of a change. Nothing of a record that is new, or that had no verified address: a first address is nobody else's
/// news, and the code that verifies it tells it.
pub(super) fn changed(before: Option<&UserRecord>, after: &UserRecord) -> Vec<About> {
    let Some(before) = before else { return Vec::new() };
    let mut notices = Vec::new();
    let mut old = Vec::new();
    for channel in [Channel::Email, Channel::Sms] {
        let (was, is) = (Address::of(before, channel), Address::of(after, channel));
        if was.verified != is.verified {
            old.extend(was.verified.map(|address| (channel, String::from(address))));
        }
        if was == is {
            continue;
        }
        notices.push(match (channel, is.any) {
            (Channel::Email, Some(to)) => Notice::EmailChanged { to: masked(channel, to) },
            (Channel::Sms, Some(to)) => Notice::PhoneChanged { to: masked(channel, to) },
            (Channel::Email, None) => Notice::EmailRemoved,
            (Channel::Sms, None) => Notice::PhoneRemoved,
        });
    }
    if before.verify != after.verify {
        notices.push(Notice::VerifyChanged);
    }
    if [Channel::Email, Channel::Sms].into_iter().all(|channel| Address::of(before, channel).verified.is_none()) {
        return Vec::new();
    }
    let about = |notice| About { old: old.clone(), ..About::by_administrator(after.key.clone(), notice) };
    notices.into_iter().map(about).collect()
}

/// Everything of a user's is gone: the addresses that were verified hear of it.
pub(super) fn reset(before: &UserRecord) -> Vec<About> {
    let verified = |channel| Address::of(before, channel).verified.map(|address| (channel, String::from(address)));
    let old: Vec<_> = [Channel::Email, Channel::Sms].into_iter().filter_map(verified).collect();
    vec![About { old, ..About::by_administrator(before.key.clone(), Notice::Reset) }]
}

/// Of devices that were taken away: one notice to each owner. Those that were not trusted any more are no news, and a session in which
/// somebody elevated is no device.
pub(super) fn revoked(gone: &[KeptDevice], rules: &Rules, now: &Moment) -> Vec<About> {
    let mut owners: Vec<(&UserKey, u64)> = Vec::new();
    let is_news =
        |kept: &&KeptDevice| kept.key.class != Class::Elevate.word() && over(kept, rules.policy, now).is_none();
    for kept in gone.iter().filter(is_news) {
        match owners.iter_mut().find(|(owner, _)| **owner == kept.user) {
            Some((_, count)) => *count = count.saturating_add(1),
            None => owners.push((&kept.user, 1)),
        }
    }
    let about =
        |(owner, count): (&UserKey, u64)| About::by_administrator(owner.clone(), Notice::DevicesRevoked { count });
    owners.into_iter().map(about).collect()
}

/// An address of a record: as it is, and where it is verified.
#[derive(Debug, PartialEq, Eq)]
struct Address<'a> {
    any: Option<&'a str>,
    verified: Option<&'a str>,
}

impl<'a> Address<'a> {
    fn of(record: &'a UserRecord, channel: Channel) -> Self {
        let (any, is_verified) = match channel {
            Channel::Email => (record.email.as_deref(), record.email_verified),
            Channel::Sms => (record.phone.as_deref(), record.phone_verified),
        };
        Self { any, verified: any.filter(|_| is_verified) }
    }
}

#[cfg(test)]
mod tests;
