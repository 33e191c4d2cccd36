//! What a user can prove with besides the addresses of the record, as it is kept; and the one commit that enrols. Compares nothing
//! but MACs that were made elsewhere.

use super::failed::Failed;
use super::values::{of_method, text, text_if_any, to_method};
use super::{challenges, changes, devices, meta, passes, sources, sums, tries, users};
use crate::clock::Moment;
use crate::store::{
    Again, Authenticator, By, Ended, Enrol, Enrolled, First, Had, KeptApp, Known, Methods, NewApp, UserKey, UserRecord,
};
use pam_2fa_protocol::admin::{Channel, Method};
use rusqlite::types::Value;
use rusqlite::{Connection, params};

/// [`crate::store::Store::methods`].
pub(super) fn of(connection: &Connection, user: &UserKey, now: &Moment) -> Result<Methods, Failed> {
    let (prefers, disabled_s) = choice(connection, user)?;
    Ok(Methods {
        app: app(connection, user)?,
        recovery: recovery(connection, user)?,
        passes: passes::open_of(connection, user, now)?,
        prefers,
        disabled_s,
    })
}

fn app(connection: &Connection, user: &UserKey) -> Result<Option<KeptApp>, Failed> {
    let mut statement = connection.prepare_cached(
        "SELECT uid, name, id, sealed, last_step, made_s, sum FROM apps WHERE uid = ?1 AND name = ?2",
    )?;
    let mut rows = statement.query(params![user.uid, user.name])?;
    match rows.next()? {
        None => Ok(None),
        Some(row) => {
            sums::check("apps", row)?;
            Ok(Some(KeptApp { id: row.get(2)?, sealed: row.get(3)?, last_step: row.get(4)?, made_s: row.get(5)? }))
        }
    }
}

fn save_app(connection: &Connection, user: &UserKey, app: &KeptApp) -> Result<(), Failed> {
    let row = sums::with_sum(
        "apps",
        vec![
            Value::from(user.uid),
            text(&user.name),
            text(&app.id),
            text(&app.sealed),
            Value::from(app.last_step),
            Value::from(app.made_s),
        ],
    );
    connection
        .prepare_cached(
            "INSERT INTO apps (uid, name, id, sealed, last_step, made_s, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
             ON CONFLICT (uid, name) DO UPDATE SET id = excluded.id, sealed = excluded.sealed,
             last_step = excluded.last_step, made_s = excluded.made_s, sum = excluded.sum",
        )?
        .execute(rusqlite::params_from_iter(row))?;
    Ok(())
}

/// The app that is enrolled now.
pub(super) fn app_of(connection: &Connection, user: &UserKey) -> Result<Option<KeptApp>, Failed> {
    app(connection, user)
}

/// Uses a time step up: it must be of the app that is enrolled now, and later than any that was used (RFC 6238 §5.2).
pub(super) fn use_step(connection: &Connection, user: &UserKey, id: &str, step: i64) -> Result<bool, Failed> {
    match app(connection, user)? {
        Some(app) if app.id == id && step > app.last_step => {
            save_app(connection, user, &KeptApp { last_step: step, ..app })?;
            Ok(true)
        }
        Some(_) | None => Ok(false),
    }
}

/// Uses up every step of everybody's apps to that one; gives how many apps there are whose steps were not.
pub(super) fn raise_steps(connection: &Connection, step: i64) -> Result<u64, Failed> {
    set_steps(connection, "SELECT uid, name FROM apps WHERE last_step < ?1", step)
}

/// Lets every app whose last used step lies ahead of that one go on from it; gives how many there are.
pub(super) fn lower_steps(connection: &Connection, step: i64) -> Result<u64, Failed> {
    set_steps(connection, "SELECT uid, name FROM apps WHERE last_step > ?1", step)
}

/// Puts the last used step of the apps that `which` gives, of those before or behind it, to that one.
fn set_steps(connection: &Connection, which: &str, step: i64) -> Result<u64, Failed> {
    let users = {
        let mut statement = connection.prepare_cached(which)?;
        let rows = statement.query_map([step], |row| Ok(UserKey { uid: row.get(0)?, name: row.get(1)? }))?;
        rows.collect::<Result<Vec<_>, _>>()?
    };
    let mut count = 0_u64;
    for user in users {
        if let Some(kept) = app(connection, &user)? {
            save_app(connection, &user, &KeptApp { last_step: step, ..kept })?;
            count = count.saturating_add(1);
        }
    }
    Ok(count)
}

/// Seals everybody's apps anew; gives how many there are.
pub(super) fn seal_apps_again(connection: &Connection, again: &Again) -> Result<u64, Failed> {
    let users = {
        let mut statement = connection.prepare_cached("SELECT uid, name FROM apps")?;
        let rows = statement.query_map([], |row| Ok(UserKey { uid: row.get(0)?, name: row.get(1)? }))?;
        rows.collect::<Result<Vec<_>, _>>()?
    };
    let mut count = 0_u64;
    for user in users {
        if let Some(kept) = app(connection, &user)? {
            let sealed = again(&user, &kept.id, &kept.sealed).map_err(Failed::Damaged)?;
            save_app(connection, &user, &KeptApp { sealed, ..kept })?;
            count = count.saturating_add(1);
        }
    }
    Ok(count)
}

/// Takes everybody's recovery codes away; gives how many users had some.
pub(super) fn end_all_recovery(connection: &Connection) -> Result<u64, Failed> {
    let users: i64 = connection
        .prepare_cached("SELECT count(*) FROM (SELECT DISTINCT uid, name FROM recovery_codes)")?
        .query_row([], |row| row.get(0))?;
    connection.prepare_cached("DELETE FROM recovery_codes")?.execute([])?;
    Ok(users.unsigned_abs())
}

/// Whether this app is the user's now.
pub(super) fn has_app(connection: &Connection, user: &UserKey, id: &str) -> Result<bool, Failed> {
    Ok(app(connection, user)?.is_some_and(|app| app.id == id))
}

fn recovery(connection: &Connection, user: &UserKey) -> Result<Vec<[u8; 32]>, Failed> {
    let mut statement = connection
        .prepare_cached("SELECT uid, name, mac, made_s, sum FROM recovery_codes WHERE uid = ?1 AND name = ?2")?;
    let mut rows = statement.query(params![user.uid, user.name])?;
    let mut macs = Vec::new();
    while let Some(row) = rows.next()? {
        sums::check("recovery_codes", row)?;
        macs.push(row.get(2)?);
    }
    Ok(macs)
}

/// Uses a recovery code up. `false`: it is none of those that are left.
pub(super) fn use_recovery(connection: &Connection, user: &UserKey, mac: &[u8; 32]) -> Result<bool, Failed> {
    let gone = connection
        .prepare_cached("DELETE FROM recovery_codes WHERE uid = ?1 AND name = ?2 AND mac = ?3")?
        .execute(params![user.uid, user.name, mac])?;
    Ok(gone == 1)
}

fn replace_recovery(connection: &Connection, user: &UserKey, macs: &[[u8; 32]], now: &Moment) -> Result<(), Failed> {
    connection
        .prepare_cached("DELETE FROM recovery_codes WHERE uid = ?1 AND name = ?2")?
        .execute(params![user.uid, user.name])?;
    for mac in macs {
        let row = sums::with_sum(
            "recovery_codes",
            vec![Value::from(user.uid), text(&user.name), Value::from(mac.to_vec()), Value::from(now.wall_s)],
        );
        connection
            .prepare_cached("INSERT INTO recovery_codes (uid, name, mac, made_s, sum) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(rusqlite::params_from_iter(row))?;
    }
    Ok(())
}

fn choice(connection: &Connection, user: &UserKey) -> Result<(Option<Method>, Option<i64>), Failed> {
    let mut statement = connection
        .prepare_cached("SELECT uid, name, prefers, disabled_s, sum FROM choices WHERE uid = ?1 AND name = ?2")?;
    let mut rows = statement.query(params![user.uid, user.name])?;
    match rows.next()? {
        None => Ok((None, None)),
        Some(row) => {
            sums::check("choices", row)?;
            let prefers = row.get::<_, Option<String>>(2)?.map(|word| to_method(&word)).transpose()?;
            Ok((prefers, row.get(3)?))
        }
    }
}

fn choose(
    connection: &Connection,
    user: &UserKey,
    prefers: Option<Method>,
    disabled_s: Option<i64>,
) -> Result<(), Failed> {
    let row = sums::with_sum(
        "choices",
        vec![
            Value::from(user.uid),
            text(&user.name),
            text_if_any(prefers.map(of_method)),
            disabled_s.map_or(Value::Null, Value::from),
        ],
    );
    connection
        .prepare_cached(
            "INSERT INTO choices (uid, name, prefers, disabled_s, sum) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (uid, name) DO UPDATE SET prefers = excluded.prefers, disabled_s = excluded.disabled_s,
             sum = excluded.sum",
        )?
        .execute(rusqlite::params_from_iter(row))?;
    Ok(())
}

/// [`crate::store::Store::prefer`].
pub(super) fn prefer(
    connection: &Connection,
    user: &UserKey,
    prefers: Option<Method>,
    now: &Moment,
) -> Result<bool, Failed> {
    if users::exact(connection, user)?.is_none() {
        return Ok(false);
    }
    if prefers != preference(connection, user)? {
        put_preference(connection, user, prefers)?;
        let said = format!("prefers {}", prefers.map_or("none", of_method));
        changes::say(connection, By::User, user, ("set", said), now)?;
    }
    meta::raise_high_water(connection, now)?;
    Ok(true)
}

/// What is asked for first.
pub(super) fn preference(connection: &Connection, user: &UserKey) -> Result<Option<Method>, Failed> {
    Ok(choice(connection, user)?.0)
}

/// Keeps it, beside a record that is there.
pub(super) fn put_preference(connection: &Connection, user: &UserKey, prefers: Option<Method>) -> Result<(), Failed> {
    let (_, disabled_s) = choice(connection, user)?;
    choose(connection, user, prefers, disabled_s)
}

/// [`crate::store::Store::disable`]. Who is shut out has nothing left that would let in: devices end too.
pub(super) fn disable(connection: &Connection, user: &UserKey, disabled: bool, now: &Moment) -> Result<bool, Failed> {
    if users::exact(connection, user)?.is_none() {
        return Ok(false);
    }
    let (prefers, before) = choice(connection, user)?;
    let since_s = if disabled { Some(before.unwrap_or(now.wall_s)) } else { None };
    choose(connection, user, prefers, since_s)?;
    if disabled {
        devices::end_all(connection, user, Ended::Record)?;
        for of in [Authenticator::Email, Authenticator::Sms] {
            challenges::end_all(connection, user, of, now)?;
        }
    }
    if disabled != before.is_some() {
        let what = if disabled { "disabled" } else { "enabled" };
        changes::say(connection, By::Administrator, user, (what, String::new()), now)?;
    }
    meta::raise_high_water(connection, now)?;
    Ok(true)
}

pub(super) fn is_disabled(connection: &Connection, user: &UserKey) -> Result<bool, Failed> {
    Ok(choice(connection, user)?.1.is_some())
}

/// [`crate::store::Store::reset`].
pub(super) fn reset(connection: &Connection, user: &UserKey, now: &Moment) -> Result<bool, Failed> {
    let Some(record) = users::exact(connection, user)? else { return Ok(false) };
    // Who is shut out is not let in again by this.
    let (_, disabled_s) = choice(connection, user)?;
    users::forget(connection, user, now)?;
    let fresh = UserRecord { email: None, email_verified: false, phone: None, phone_verified: false, ..record };
    users::save(connection, &fresh)?;
    if disabled_s.is_some() {
        choose(connection, user, None, disabled_s)?;
    }
    changes::say(connection, By::Administrator, user, ("reset", String::new()), now)?;
    meta::raise_high_water(connection, now)?;
    Ok(true)
}

/// [`crate::store::Store::enrol`].
pub(super) fn enrol(connection: &Connection, enrol: &Enrol) -> Result<Enrolled, Failed> {
    let Enrol { user, address, app: new_app, recovery: codes, first, login, unique, now } = enrol;
    let mut record = match users::known(connection, user)? {
        Known::Record(record) => *record,
        Known::Nobody | Known::UidOfOthers { .. } if matches!(first, First::Allowed | First::Invited(_)) => {
            UserRecord::blank(user.clone())
        }
        Known::Nobody | Known::UidOfOthers { .. } | Known::NameOfAnother { .. } => return Ok(Enrolled::NotAllowed),
    };
    let has = Had::of(&record, app(connection, user)?.as_ref(), recovery(connection, user)?.len());
    let may = match first {
        First::Further(had) => *had == has,
        First::Allowed => has == Had::default(),
        First::Invited(pass) => has == Had::default() && passes::is_open(connection, user, pass, now)?,
    };
    if !may || is_disabled(connection, user)? {
        return Ok(Enrolled::NotAllowed);
    }
    let mut before = None;
    if let Some((channel, address)) = address {
        if let (Channel::Email, true) = (channel, *unique)
            && let Some(other) = users::email_in_use(connection, user, address)?
        {
            return Ok(Enrolled::AddressInUse(other));
        }
        before = put_address(connection, &mut record, *channel, address, now)?;
        // Bound anew by a code that was right (SP 800-63B §3.2.2): what was typed wrong before is no news of it.
        let of = match channel {
            Channel::Email => Authenticator::Email,
            Channel::Sms => Authenticator::Sms,
        };
        tries::forget(connection, user, of)?;
    }
    if let Some((login, _)) = login {
        record.last_login = Some(login.clone());
    }
    users::save(connection, &record)?;
    if let Some(NewApp { id, sealed, step }) = new_app {
        let app = KeptApp { id: id.clone(), sealed: sealed.clone(), last_step: *step, made_s: now.wall_s };
        save_app(connection, user, &app)?;
        tries::forget(connection, user, Authenticator::App)?;
    }
    if let Some(macs) = codes {
        replace_recovery(connection, user, macs, now)?;
        tries::forget(connection, user, Authenticator::Recovery)?;
    }
    if let First::Invited(pass) = first {
        passes::end(connection, pass)?;
    }
    if let Some((_, source)) = login {
        sources::remember(connection, user, source, now)?;
    }
    devices::end_all(connection, user, Ended::Record)?;
    let by = if login.is_some() { By::Login } else { By::User };
    changes::say(connection, by, user, ("enrolled", enrolled(enrol)), now)?;
    meta::raise_high_water(connection, now)?;
    Ok(Enrolled::Done { before })
}

/// What was enrolled, in words for the log.
fn enrolled(enrol: &Enrol) -> String {
    let mut said = Vec::new();
    match &enrol.address {
        Some((Channel::Email, address)) => {
            said.push(format!("email {}", changes::masked(Authenticator::Email, address)))
        }
        Some((Channel::Sms, number)) => said.push(format!("phone {}", changes::masked(Authenticator::Sms, number))),
        None => {}
    }
    said.extend(enrol.app.as_ref().map(|_| String::from("app")));
    said.extend(enrol.recovery.as_ref().map(|codes| format!("{} recovery codes", codes.len())));
    if let First::Invited(pass) = &enrol.first {
        said.push(format!("by invitation {}", pass.0));
    }
    said.join(", ")
}

/// Puts a proven address in; gives the verified one whose place it takes.
fn put_address(
    connection: &Connection,
    record: &mut UserRecord,
    channel: Channel,
    address: &str,
    now: &Moment,
) -> Result<Option<String>, Failed> {
    let (slot, verified, of) = match channel {
        Channel::Email => (&mut record.email, &mut record.email_verified, Authenticator::Email),
        Channel::Sms => (&mut record.phone, &mut record.phone_verified, Authenticator::Sms),
    };
    let was_verified = std::mem::replace(verified, true);
    let before = slot.replace(String::from(address)).filter(|before| was_verified && before != address);
    challenges::end_all(connection, &record.key, of, now)?;
    Ok(before)
}
