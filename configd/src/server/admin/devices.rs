//! Remembered devices: show, take away. What ends the trust in one is [`crate::login::device`]'s to say, and no login is decided
//! here.

use super::users::has_record;
use super::{Answer, done, told};
use crate::clock::{Moment, rfc3339};
use crate::house::House;
use crate::login::device::{over, trusted_s};
use crate::rules::Rules;
use crate::store::{By, Change, DeviceId, Ended, KeptDevice, Revoke, Revoked};
use crate::wire_io::Connection;
use pam_2fa_protocol::admin::{Device, DeviceList, DeviceReply, DeviceRevoke, DeviceRevokeReply};
use pam_2fa_protocol::frame::Frame;
use pam_2fa_protocol::wire::{Continues, encode_reply};
use pam_2fa_settings::text::printable;

/// What was typed for an id is repeated up to so many characters.
const LONGEST_SHOWN: usize = 32;

pub(super) async fn list(
    house: &House,
    asked: DeviceList,
    more: bool,
    connection: &mut Connection,
) -> Result<Frame, Answer> {
    let mut kept = match &asked.user {
        Some(name) => {
            has_record(house, name).await?;
            house.store.devices(name.clone()).await?
        }
        None => house.store.devices_of_next(None).await?,
    };
    if !more && kept.len() > 1 {
        return Err(Answer::refused("a list of several devices wants a call with `more`"));
    }
    let (rules, now) = (house.rules(), house.now());
    // One is held back: the last reply ends the call.
    while let Some(last) = kept.pop() {
        for kept in kept {
            let device = Some(shown(kept, &rules, &now));
            connection.write(&encode_reply(&DeviceReply { device }, Continues::Yes)?).await?;
        }
        kept = match &asked.user {
            Some(_) => Vec::new(),
            None => house.store.devices_of_next(Some(last.user.clone())).await?,
        };
        let reply = DeviceReply { device: Some(shown(last, &rules, &now)) };
        if kept.is_empty() {
            return done(&reply);
        }
        connection.write(&encode_reply(&reply, Continues::Yes)?).await?;
    }
    done(&DeviceReply { device: None })
}

pub(super) async fn revoke(
    house: &House,
    asked: DeviceRevoke,
    more: bool,
    connection: &mut Connection,
) -> Result<Frame, Answer> {
    let wanted = wanted(house, asked).await?;
    if !more && is_of_several(house, &wanted).await? {
        return Err(Answer::refused("revoking several devices wants a call with `more`; none was revoked"));
    }
    let gone = match house.store.revoke_devices(wanted, house.now()).await? {
        Revoked::Done(gone) => gone,
        Revoked::NotThere(id) => return Err(nothing_by(&id.0)),
    };
    // All of them before the first is told: whoever asked may be gone by now, and they are revoked.
    for kept in &gone {
        tracing::info!(
            device = kept.id.0,
            user = kept.user.name,
            uid = kept.user.uid,
            class = kept.key.class,
            known_by = kept.label,
            "a remembered device was revoked by an administrator"
        );
        let (at_s, by, user) = (house.now().wall_s, By::Administrator, kept.user.clone());
        let detail = format!("{}: {}, {}", kept.id.0, kept.key.class, kept.label);
        let change = Change { at_s, by, user, what: String::from("device-revoked"), detail };
        // They are revoked, whether that can be written down or not.
        if let Err(error) = house.store.note_change(change).await {
            tracing::error!(device = kept.id.0, %error, "a revocation does not stand in the log of changes");
        }
    }
    let (rules, now) = (house.rules(), house.now());
    told::tell(house, told::revoked(&gone, &rules, &now));
    let mut devices: Vec<Device> = gone.into_iter().map(|kept| shown(kept, &rules, &now)).collect();
    let last = if more { devices.pop().into_iter().collect() } else { std::mem::take(&mut devices) };
    for device in devices {
        let reply = DeviceRevokeReply { devices: vec![device] };
        connection.write(&encode_reply(&reply, Continues::Yes)?).await?;
    }
    done(&DeviceRevokeReply { devices: last })
}

/// Ids or a user, and not both.
async fn wanted(house: &House, asked: DeviceRevoke) -> Result<Revoke, Answer> {
    match (asked.ids.is_empty(), asked.user) {
        (false, None) => Ok(Revoke::Ids(asked.ids.iter().map(|text| id(text)).collect::<Result<_, _>>()?)),
        (true, Some(name)) => {
            has_record(house, &name).await?;
            Ok(Revoke::User(name))
        }
        (false, Some(_)) => Err(Answer::refused("ids and a user do not go together; leave one out")),
        (true, None) => Err(Answer::refused("nothing is named; give ids, or a user")),
    }
}

async fn is_of_several(house: &House, wanted: &Revoke) -> Result<bool, Answer> {
    let count = match wanted {
        Revoke::Ids(ids) | Revoke::Own { ids, .. } => ids.len(),
        Revoke::User(name) => house.store.devices(name.clone()).await?.len(),
    };
    Ok(count > 1)
}

/// An id as a person types it. Its letters are capitals, and it has none that is taken for another ([`crate::random::reference`]),
/// so the case is all that may be meant otherwise.
fn id(text: &str) -> Result<DeviceId, Answer> {
    let id = text.trim().to_ascii_uppercase();
    let is_one = id.len() == 8 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_one { Ok(DeviceId(id)) } else { Err(nothing_by(text)) }
}

fn nothing_by(id: &str) -> Answer {
    let id: String = printable(id).chars().take(LONGEST_SHOWN).collect();
    Answer::NotFound(format!("no device has the id {id}, and none was revoked; see pam-2fa device list"))
}

/// As it is shown.
pub(in crate::server) fn shown(kept: KeptDevice, rules: &Rules, now: &Moment) -> Device {
    // Where a change of the password could not be seen it is trusted for a shorter time, and that is when it ends.
    let lifetime_s = trusted_s(kept.lifetime_s, kept.stamp.as_deref(), &rules.trust);
    let kept = KeptDevice { lifetime_s, ..kept };
    let ended = over(&kept, rules.policy, now).map(Ended::word);
    let until_s = kept.given.wall_s.saturating_add(i64::try_from(kept.lifetime_s).unwrap_or(i64::MAX));
    Device {
        id: kept.id.0,
        user: kept.user.name,
        uid: kept.user.uid,
        class: kept.key.class,
        name: kept.label,
        first_used: rfc3339(kept.first_s),
        last_used: rfc3339(kept.last_s),
        last_from: kept.last_from,
        until: rfc3339(until_s),
        ended: ended.map(String::from),
    }
}

#[cfg(test)]
mod tests;
