//! What ends for a user, or may begin again: wrong codes, being shut out, everything that can be proven with. Each verb is one
//! function that gives what it turned.

use super::users::{record, resolve, shown};
use super::{Answer, Turned, told};
use crate::daemon::Daemon;
use crate::house::House;
use crate::notice::{About, Notice};
use crate::store::{Authenticator, Methods, PassKind, UserKey, UserRecord};
use pam_2fa_protocol::admin::{UserDisable, UserReply, UserReset, UserResetReply, UserUnlock, UserUnlockReply};
use std::sync::PoisonError;

pub(super) async fn unlock(daemon: &Daemon, house: &House, asked: &UserUnlock) -> Result<UserUnlockReply, Answer> {
    if let Err(Answer::NotFound(why)) = record(house, &asked.name).await {
        return unlock_without_record(daemon, house, asked, why).await;
    }
    let (turned, forgotten, was_disabled) = let_in_again(house, &asked.name).await?;
    let key = &turned.after.key;
    tracing::info!(
        user = key.name,
        uid = key.uid,
        failures = forgotten,
        was_disabled,
        "a user's wrong codes were forgiven by an administrator"
    );
    if was_disabled {
        told::tell(house, vec![About::by_administrator(key.clone(), Notice::LetInAgain)]);
    }
    let forgotten = i64::try_from(forgotten).unwrap_or(i64::MAX);
    Ok(UserUnlockReply { user: shown(house, turned.after).await?, forgotten, was_disabled })
}

/// Wrong codes may be of a user without a record: invitations and grants are for those too.
async fn unlock_without_record(
    daemon: &Daemon,
    house: &House,
    asked: &UserUnlock,
    why: String,
) -> Result<UserUnlockReply, Answer> {
    let Ok(key) = resolve(daemon, &asked.name).await else { return Err(Answer::NotFound(why)) };
    let failures = house.store.unlock(key.clone(), house.now()).await?;
    if failures == 0 {
        return Err(Answer::NotFound(why));
    }
    let (user, uid) = (&key.name, key.uid);
    tracing::info!(user, uid, failures, "the wrong codes of a user without a record were forgiven by an administrator");
    let user = shown(house, UserRecord::blank(key)).await?;
    Ok(UserUnlockReply { user, forgotten: i64::try_from(failures).unwrap_or(i64::MAX), was_disabled: false })
}

/// Forgets wrong codes and lets in whom an administrator shut out. Wrong codes go first: nobody gets in by the first half alone.
async fn let_in_again(house: &House, name: &str) -> Result<(Turned, u64, bool), Answer> {
    let before = record(house, name).await?;
    let methods = house.store.methods(before.key.clone(), house.now()).await?;
    let forgotten = house.store.unlock(before.key.clone(), house.now()).await?;
    let was_disabled = methods.disabled_s.is_some();
    if was_disabled {
        house.store.disable(before.key.clone(), false, house.now()).await?;
    }
    let after = record(house, name).await?;
    Ok((Turned { before: Some(before), after }, forgotten, was_disabled))
}

pub(super) async fn disable(house: &House, asked: &UserDisable) -> Result<UserReply, Answer> {
    let turned = shut_out(house, &asked.name).await?;
    let key = &turned.after.key;
    tracing::warn!(user = key.name, uid = key.uid, "a user was shut out by an administrator");
    told::tell(house, vec![About::by_administrator(key.clone(), Notice::ShutOut)]);
    Ok(UserReply { user: Some(shown(house, turned.after).await?) })
}

/// Nothing lets the user in from the commit on; what stands at a prompt ends with it.
async fn shut_out(house: &House, name: &str) -> Result<Turned, Answer> {
    let before = record(house, name).await?;
    if !house.store.disable(before.key.clone(), true, house.now()).await? {
        return Err(gone_meanwhile(&before));
    }
    end_all(house, &before.key);
    let after = record(house, name).await?;
    Ok(Turned { before: Some(before), after })
}

pub(super) async fn reset(house: &House, asked: &UserReset) -> Result<UserResetReply, Answer> {
    let (turned, gone) = take_away(house, &asked.name).await?;
    let key = &turned.after.key;
    tracing::warn!(user = key.name, uid = key.uid, "a user's methods and devices were taken away by an administrator");
    told::tell(house, turned.before.iter().flat_map(told::reset).collect());
    Ok(UserResetReply { user: shown(house, turned.after).await?, gone })
}

/// Everything that can be proven with goes, in one commit; and what it was, in words.
async fn take_away(house: &House, name: &str) -> Result<(Turned, Vec<String>), Answer> {
    let before = record(house, name).await?;
    let methods = house.store.methods(before.key.clone(), house.now()).await?;
    let all = house.store.devices(before.key.name.clone()).await?;
    let devices = all.iter().filter(|device| device.user == before.key).count();
    if !house.store.reset(before.key.clone(), house.now()).await? {
        return Err(gone_meanwhile(&before));
    }
    end_all(house, &before.key);
    let after = record(house, name).await?;
    let gone = in_words(&before, &methods, devices);
    Ok((Turned { before: Some(before), after }, gone))
}

fn in_words(record: &UserRecord, methods: &Methods, devices: usize) -> Vec<String> {
    let of = |kind: PassKind| methods.passes.iter().filter(|pass| pass.kind == kind).count();
    let count = |number: usize, one: &str, many: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        number => Some(format!("{number} {many}")),
    };
    let all = [
        record.email.as_ref().map(|address| format!("email {address}")),
        record.phone.as_ref().map(|number| format!("phone {number}")),
        methods.app.as_ref().map(|_| String::from("the authenticator app")),
        count(methods.recovery.len(), "recovery code", "recovery codes"),
        count(of(PassKind::Invitation), "open invitation", "open invitations"),
        count(of(PassKind::Grant), "open grant", "open grants"),
        count(devices, "remembered device", "remembered devices"),
    ];
    all.into_iter().flatten().collect()
}

fn gone_meanwhile(record: &UserRecord) -> Answer {
    Answer::NotFound(format!("the record of {} is gone meanwhile; look with pam-2fa user list", record.key.name))
}

/// What a user could still answer ends: challenges at every prompt, and a code that would prove an address.
pub(super) fn end_all(house: &House, user: &UserKey) {
    let mut challenges = house.challenges.lock().unwrap_or_else(PoisonError::into_inner);
    for authenticator in Authenticator::ALL {
        challenges.end_all_of(user, authenticator);
    }
    drop(challenges);
    house.verifications.lock().unwrap_or_else(PoisonError::into_inner).end(user);
}

#[cfg(test)]
mod tests;
