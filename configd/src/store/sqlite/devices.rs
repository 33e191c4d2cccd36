//! Remembered devices: written with the code that is used, ended by what the store itself changes (an address, a lock) and by what a
//! login sees (a password, a policy, a time that is up).

use super::failed::Failed;
use super::values::{number, text, text_if_any, unsigned};
use super::{changes, meta, methods, sums, tries, upkeep, users};
use crate::clock::{BootId, Moment};
use crate::limits::Standing;
use crate::store::{
    By, DeviceId, DeviceKey, EndDevices, Ended, KeptDevice, Remember, RememberDevice, Revoke, Revoked, UseDevice,
    UserKey,
};
use rusqlite::types::Value;
use rusqlite::{Connection, Params, Row, params};

/// Devices kept of one user, the last used ones. One that drops out is asked for a code as any other.
const KEPT: u32 = 100;

/// A list is read by so many users at a time: up to [`KEPT`] rows each.
const USERS_A_PIECE: u32 = 10;

/// Ended elevations are of sessions that nobody has any more; they go at the next code.
const ELEVATE: &str = "elevate";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT uid, name, class, identity, id, label, first_s, last_s, last_from, given_s, given_boot, given_boot_ms, ",
            "lifetime_s, stamp, policy, ended, sum FROM devices ",
            $rest
        )
    };
}

fn device(row: &Row<'_>) -> Result<KeptDevice, Failed> {
    sums::check("devices", row)?;
    let ended = match row.get::<_, Option<String>>(15)? {
        None => None,
        Some(word) => {
            Some(Ended::of_word(&word).ok_or_else(|| Failed::Damaged(format!("no device ends by {word:?}")))?)
        }
    };
    Ok(KeptDevice {
        user: UserKey { uid: row.get(0)?, name: row.get(1)? },
        key: DeviceKey { class: row.get(2)?, identity: row.get(3)? },
        id: DeviceId(row.get(4)?),
        label: row.get(5)?,
        first_s: row.get(6)?,
        last_s: row.get(7)?,
        last_from: row.get(8)?,
        given: Moment { wall_s: row.get(9)?, boot: BootId(row.get(10)?), boot_ms: unsigned(row, 11)? },
        lifetime_s: unsigned(row, 12)?,
        stamp: row.get(13)?,
        policy: row.get(14)?,
        ended,
    })
}

fn devices(connection: &Connection, sql: &str, params: impl Params) -> Result<Vec<KeptDevice>, Failed> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(device(row)?);
    }
    Ok(found)
}

/// The device of that key.
pub(super) fn find(connection: &Connection, user: &UserKey, key: &DeviceKey) -> Result<Option<KeptDevice>, Failed> {
    let mut statement =
        connection.prepare_cached(select!("WHERE uid = ?1 AND name = ?2 AND class = ?3 AND identity = ?4"))?;
    let mut rows = statement.query(params![user.uid, user.name, key.class, key.identity])?;
    rows.next()?.map(device).transpose()
}

fn by_id(connection: &Connection, id: &DeviceId) -> Result<Option<KeptDevice>, Failed> {
    let mut statement = connection.prepare_cached(select!("WHERE id = ?1"))?;
    let mut rows = statement.query([&id.0])?;
    rows.next()?.map(device).transpose()
}

fn of_user(connection: &Connection, user: &UserKey) -> Result<Vec<KeptDevice>, Failed> {
    devices(connection, select!("WHERE uid = ?1 AND name = ?2"), params![user.uid, user.name])
}

/// [`crate::store::Store::devices`].
pub(super) fn named(connection: &Connection, name: &str) -> Result<Vec<KeptDevice>, Failed> {
    devices(connection, select!("WHERE name = ?1 ORDER BY uid, last_s DESC, id"), [name])
}

/// [`crate::store::Store::devices_of_next`].
pub(super) fn of_next(connection: &Connection, after: Option<&UserKey>) -> Result<Vec<KeptDevice>, Failed> {
    let (name, uid) = after.map_or(("", -1), |key| (key.name.as_str(), i64::from(key.uid)));
    devices(
        connection,
        select!(
            "WHERE (name, uid) IN (SELECT DISTINCT name, uid FROM devices WHERE (name, uid) > (?1, ?2) ORDER BY name, uid LIMIT ?3)
             ORDER BY name, uid, last_s DESC, id"
        ),
        params![name, uid, USERS_A_PIECE],
    )
}

fn save(connection: &Connection, kept: &KeptDevice) -> Result<(), Failed> {
    let row = sums::with_sum(
        "devices",
        vec![
            Value::from(kept.user.uid),
            text(&kept.user.name),
            text(&kept.key.class),
            Value::from(kept.key.identity.to_vec()),
            text(&kept.id.0),
            text(&kept.label),
            Value::from(kept.first_s),
            Value::from(kept.last_s),
            text(&kept.last_from),
            Value::from(kept.given.wall_s),
            text(&kept.given.boot.0),
            number(kept.given.boot_ms),
            number(kept.lifetime_s),
            text_if_any(kept.stamp.as_deref()),
            Value::from(kept.policy),
            text_if_any(kept.ended.map(Ended::word)),
        ],
    );
    connection
        .prepare_cached(
            "INSERT INTO devices
             (uid, name, class, identity, id, label, first_s, last_s, last_from, given_s, given_boot, given_boot_ms,
              lifetime_s, stamp, policy, ended, sum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)
             ON CONFLICT (uid, name, class, identity) DO UPDATE SET
             id = excluded.id, label = excluded.label, first_s = excluded.first_s, last_s = excluded.last_s,
             last_from = excluded.last_from, given_s = excluded.given_s, given_boot = excluded.given_boot,
             given_boot_ms = excluded.given_boot_ms, lifetime_s = excluded.lifetime_s, stamp = excluded.stamp,
             policy = excluded.policy, ended = excluded.ended, sum = excluded.sum",
        )?
        .execute(rusqlite::params_from_iter(row))?;
    Ok(())
}

/// Remembers a device, anew where it was there; the user has a record.
pub(super) fn remember(
    connection: &Connection,
    user: &UserKey,
    remember: &Remember,
    now: &Moment,
) -> Result<(), Failed> {
    let before = find(connection, user, &remember.key)?;
    save(
        connection,
        &KeptDevice {
            id: remember.id.clone(),
            user: user.clone(),
            key: remember.key.clone(),
            label: remember.label.clone(),
            first_s: before.map_or(now.wall_s, |before| before.first_s),
            last_s: now.wall_s,
            last_from: remember.from.clone(),
            given: now.clone(),
            lifetime_s: remember.lifetime_s,
            stamp: remember.stamp.clone(),
            policy: remember.policy,
            ended: None,
        },
    )?;
    prune(connection, user, &remember.id, now)
}

/// [`crate::store::Store::remember_device`].
pub(super) fn remember_asked(connection: &Connection, device: &RememberDevice) -> Result<bool, Failed> {
    let RememberDevice { user, remember: what, proof, bucket, limits, now } = device;
    let of = proof.authenticator();
    // Shut out since the code was used.
    let is_theirs = tries::is_theirs(connection, user, proof)? && !methods::is_disabled(connection, user)?;
    if !is_theirs || tries::standing(connection, user, of, bucket, *limits, now)? == Standing::Disabled {
        return Ok(false);
    }
    remember(connection, user, what, now)?;
    meta::raise_high_water(connection, now)?;
    Ok(true)
}

/// Takes away what nobody will use again, and what is beyond [`KEPT`], the one that was just remembered aside.
fn prune(connection: &Connection, user: &UserKey, newest: &DeviceId, now: &Moment) -> Result<(), Failed> {
    connection
        .prepare_cached(
            "DELETE FROM devices WHERE uid = ?1 AND name = ?2 AND id <> ?3 AND class = ?4
             AND (ended IS NOT NULL OR given_boot <> ?5 OR given_s + lifetime_s <= ?6)",
        )?
        .execute(params![user.uid, user.name, newest.0, ELEVATE, now.boot.0, now.wall_s])?;
    connection
        .prepare_cached(
            "DELETE FROM devices WHERE uid = ?1 AND name = ?2 AND id <> ?3 AND id NOT IN
             (SELECT id FROM devices WHERE uid = ?1 AND name = ?2 ORDER BY last_s DESC, id LIMIT ?4)",
        )?
        .execute(params![user.uid, user.name, newest.0, KEPT])?;
    Ok(())
}

/// [`crate::store::Store::use_device`].
pub(super) fn used(connection: &Connection, used: &UseDevice) -> Result<bool, Failed> {
    let UseDevice { user, id, from, stamp, login, now } = used;
    let (Some(mut kept), Some(mut record)) = (by_id(connection, id)?, users::exact(connection, user)?) else {
        return Ok(false);
    };
    if kept.ended.is_some() || kept.user != *user {
        return Ok(false);
    }
    if let Some(stamp) = stamp {
        if kept.stamp.as_ref().is_some_and(|then| then != stamp) {
            return Ok(false);
        }
        if end_of_other_passwords(connection, user, stamp)? > 0
            && by_id(connection, id)?.is_none_or(|kept| kept.ended.is_some())
        {
            return Ok(false);
        }
    }
    kept.last_s = now.wall_s;
    kept.last_from.clone_from(from);
    save(connection, &kept)?;
    record.last_login = Some(login.clone());
    users::save(connection, &record)?;
    meta::raise_high_water(connection, now)?;
    Ok(true)
}

/// Ends those that `ends` says; gives how many had not ended before.
fn end(connection: &Connection, kept: Vec<KeptDevice>, why: Ended) -> Result<u64, Failed> {
    let mut count = 0_u64;
    for mut kept in kept.into_iter().filter(|kept| kept.ended.is_none()) {
        kept.ended = Some(why);
        save(connection, &kept)?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

/// Ends all of a user's.
pub(super) fn end_all(connection: &Connection, user: &UserKey, why: Ended) -> Result<u64, Failed> {
    end(connection, of_user(connection, user)?, why)
}

/// A login has begun with the password of this stamp: devices of another end, and with the first of them those whose password could
/// not be seen, since it may have been that one. Gives how many.
pub(super) fn end_of_other_passwords(connection: &Connection, user: &UserKey, stamp: &str) -> Result<u64, Failed> {
    let mut others = of_user(connection, user)?;
    let is_other = |kept: &KeptDevice| kept.stamp.as_deref().is_some_and(|then| then != stamp);
    if !others.iter().any(is_other) {
        return Ok(0);
    }
    others.retain(|kept| kept.stamp.as_deref() != Some(stamp));
    end(connection, others, Ended::Password)
}

/// Ends those of anybody that `which` picks; gives how many had not ended before.
pub(super) fn end_where(
    connection: &Connection,
    why: Ended,
    which: impl Fn(&KeptDevice) -> bool,
) -> Result<u64, Failed> {
    let mut count = 0_u64;
    let mut after = None;
    loop {
        let piece = of_next(connection, after.as_ref())?;
        let Some(last) = piece.last() else { return Ok(count) };
        after = Some(last.user.clone());
        count = count.saturating_add(end(connection, piece.into_iter().filter(&which).collect(), why)?);
    }
}

/// [`crate::store::Store::end_devices`].
pub(super) fn end_as_seen(connection: &Connection, ends: &EndDevices, now: &Moment) -> Result<u64, Failed> {
    let count = match ends {
        EndDevices::One { id, why } => end(connection, by_id(connection, id)?.into_iter().collect(), *why)?,
        EndDevices::Password { user, stamp } => end_of_other_passwords(connection, user, stamp)?,
    };
    meta::raise_high_water(connection, now)?;
    Ok(count)
}

/// [`crate::store::Store::revoke_devices`].
pub(super) fn revoke(connection: &Connection, revoke: &Revoke, now: &Moment) -> Result<Revoked, Failed> {
    let mut gone = Vec::new();
    match revoke {
        Revoke::User(name) => gone = named(connection, name)?,
        Revoke::Ids(ids) | Revoke::Own { ids, .. } => {
            let is_theirs = |kept: &KeptDevice| match revoke {
                Revoke::Own { user, .. } => kept.user == *user,
                Revoke::Ids(_) | Revoke::User(_) => true,
            };
            for id in ids {
                match by_id(connection, id)?.filter(is_theirs) {
                    None => return Ok(Revoked::NotThere(id.clone())),
                    Some(kept) if gone.contains(&kept) => {}
                    Some(kept) => gone.push(kept),
                }
            }
        }
    }
    if !gone.is_empty() {
        upkeep::raise_generation(connection)?;
    }
    for kept in &gone {
        connection.prepare_cached("DELETE FROM devices WHERE id = ?1")?.execute([&kept.id.0])?;
        // An administrator's are written down by whoever asks, since they are revoked whether that can be done or not.
        if let Revoke::Own { user, .. } = revoke {
            let detail = format!("{}: {}, {}", kept.id.0, kept.key.class, kept.label);
            changes::say(connection, By::User, user, ("device-revoked", detail), now)?;
        }
    }
    meta::raise_high_water(connection, now)?;
    Ok(Revoked::Done(gone))
}

/// The device of a user's last login.
pub(super) fn of_last_login(connection: &Connection, user: &UserKey) -> Result<Option<String>, Failed> {
    let mut statement =
        connection.prepare_cached("SELECT uid, name, device, sum FROM login_devices WHERE uid = ?1 AND name = ?2")?;
    let mut rows = statement.query(params![user.uid, user.name])?;
    match rows.next()? {
        None => Ok(None),
        Some(row) => {
            sums::check("login_devices", row)?;
            Ok(Some(row.get(2)?))
        }
    }
}

/// Keeps the device of a user's last login; none: it was known by nothing.
pub(super) fn keep_of_last_login(connection: &Connection, user: &UserKey, device: Option<&str>) -> Result<(), Failed> {
    let Some(device) = device else {
        connection
            .prepare_cached("DELETE FROM login_devices WHERE uid = ?1 AND name = ?2")?
            .execute(params![user.uid, user.name])?;
        return Ok(());
    };
    let row = sums::with_sum("login_devices", vec![Value::from(user.uid), text(&user.name), text(device)]);
    connection
        .prepare_cached(
            "INSERT INTO login_devices (uid, name, device, sum) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (uid, name) DO UPDATE SET device = excluded.device, sum = excluded.sum",
        )?
        .execute(rusqlite::params_from_iter(row))?;
    Ok(())
}
