//! Records: found by uid and by name at once (fault 28), changed as `user set` says.

use super::failed::Failed;
use super::values::{of_method, of_verify, text, text_if_any, to_verify, unsigned};
use super::{challenges, changes, devices, meta, methods, passes, sums, tries};
use crate::clock::Moment;
use crate::store::{
    Authenticator, By, Changed, Ended, Import, Imported, Known, OldRecord, Then, Turned, UserChange, UserKey,
    UserRecord,
};
use pam_2fa_protocol::admin::{LastLogin, Method};
use rusqlite::types::Value;
use rusqlite::{Connection, Params, Row, params};

/// Records that are read at once: some milliseconds.
const PIECE: i64 = 500;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT uid, name, verify, email, email_folded, email_verified, phone, phone_verified, language, login_at, ",
            "login_service, login_from, sum FROM users ",
            $rest
        )
    };
}

fn record(row: &Row<'_>) -> Result<UserRecord, Failed> {
    sums::check("users", row)?;
    let last_login = match (row.get::<_, Option<String>>(9)?, row.get::<_, Option<String>>(10)?) {
        (Some(at), Some(service)) => Some(LastLogin { at, service, from: row.get(11)?, device: None }),
        _ => None,
    };
    Ok(UserRecord {
        key: UserKey { uid: row.get(0)?, name: row.get(1)? },
        verify: to_verify(&row.get::<_, String>(2)?)?,
        email: row.get(3)?,
        email_verified: row.get(5)?,
        phone: row.get(6)?,
        phone_verified: row.get(7)?,
        language: row.get(8)?,
        last_login,
    })
}

fn records(connection: &Connection, sql: &str, params: impl Params) -> Result<Vec<UserRecord>, Failed> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let mut record = record(row)?;
        if let Some(login) = &mut record.last_login {
            login.device = devices::of_last_login(connection, &record.key)?;
        }
        found.push(record);
    }
    Ok(found)
}

/// The two ways in, by uid and by name, are two trees of the file: a key damaged since the start is found by the other one and
/// fails its checksum, instead of being nobody.
fn by_uid_or_name(connection: &Connection, key: &UserKey) -> Result<Vec<UserRecord>, Failed> {
    let mut found = records(connection, select!("WHERE uid = ?1 ORDER BY name"), [key.uid])?;
    found.extend(records(connection, select!("WHERE name = ?1 AND uid <> ?2"), params![key.name, key.uid])?);
    Ok(found)
}

/// [`crate::store::Store::user`].
pub(super) fn known(connection: &Connection, key: &UserKey) -> Result<Known, Failed> {
    let mut found = by_uid_or_name(connection, key)?;
    if let Some(exact) = found.iter().position(|record| record.key == *key) {
        return Ok(Known::Record(Box::new(found.swap_remove(exact))));
    }
    if let Some(other) = found.iter().find(|record| record.key.name == key.name) {
        return Ok(Known::NameOfAnother { uid: other.key.uid });
    }
    if found.is_empty() {
        return Ok(Known::Nobody);
    }
    Ok(Known::UidOfOthers { names: found.into_iter().map(|record| record.key.name).collect() })
}

/// The record of exactly this uid and name.
pub(super) fn exact(connection: &Connection, key: &UserKey) -> Result<Option<UserRecord>, Failed> {
    match known(connection, key)? {
        Known::Record(record) => Ok(Some(*record)),
        Known::Nobody | Known::NameOfAnother { .. } | Known::UidOfOthers { .. } => Ok(None),
    }
}

/// [`crate::store::Store::users`].
pub(super) fn all(connection: &Connection, name: Option<&str>) -> Result<Vec<UserRecord>, Failed> {
    match name {
        None => records(connection, select!("ORDER BY name, uid"), []),
        Some(name) => records(connection, select!("WHERE name = ?1 ORDER BY uid"), [name]),
    }
}

/// [`crate::store::Store::users_next`].
pub(super) fn next(connection: &Connection, after: Option<&UserKey>) -> Result<Vec<UserRecord>, Failed> {
    match after {
        None => records(connection, select!("ORDER BY name, uid LIMIT ?1"), [PIECE]),
        Some(UserKey { uid, name }) => records(
            connection,
            select!("WHERE name >= ?2 AND (name, uid) > (?2, ?3) ORDER BY name, uid LIMIT ?1"),
            params![PIECE, name, uid],
        ),
    }
}

/// [`crate::store::Store::count_users`].
pub(super) fn count(connection: &Connection) -> Result<u64, Failed> {
    let mut statement = connection.prepare_cached("SELECT count(*) FROM users")?;
    statement.query_row([], |row| Ok(unsigned(row, 0)))?
}

/// As addresses are compared for "in use by another".
fn folded(email: &str) -> String {
    email.to_lowercase()
}

/// Writes a record, made or changed.
pub(super) fn save(connection: &Connection, record: &UserRecord) -> Result<(), Failed> {
    let login = record.last_login.as_ref();
    let row = sums::with_sum(
        "users",
        vec![
            Value::from(record.key.uid),
            text(&record.key.name),
            text(of_verify(record.verify)),
            text_if_any(record.email.as_deref()),
            text_if_any(record.email.as_deref().map(folded).as_deref()),
            Value::from(record.email_verified),
            text_if_any(record.phone.as_deref()),
            Value::from(record.phone_verified),
            text_if_any(record.language.as_deref()),
            text_if_any(login.map(|login| login.at.as_str())),
            text_if_any(login.map(|login| login.service.as_str())),
            text_if_any(login.and_then(|login| login.from.as_deref())),
        ],
    );
    connection
        .prepare_cached(
            "INSERT INTO users
             (uid, name, verify, email, email_folded, email_verified, phone, phone_verified, language, login_at,
              login_service, login_from, sum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
             ON CONFLICT (uid, name) DO UPDATE SET
             verify = excluded.verify, email = excluded.email, email_folded = excluded.email_folded,
             email_verified = excluded.email_verified, phone = excluded.phone, phone_verified = excluded.phone_verified,
             language = excluded.language, login_at = excluded.login_at, login_service = excluded.login_service,
             login_from = excluded.login_from, sum = excluded.sum",
        )?
        .execute(rusqlite::params_from_iter(row))?;
    devices::keep_of_last_login(connection, &record.key, login.and_then(|login| login.device.as_deref()))
}

/// By whom but `key`: a name has one record, this one or the one that it takes the place of, and another name of the same uid is
/// the same user (renamed, or `toor`).
pub(super) fn email_in_use(connection: &Connection, key: &UserKey, email: &str) -> Result<Option<UserKey>, Failed> {
    let others = records(
        connection,
        select!("WHERE email_folded = ?1 AND name <> ?2 AND uid <> ?3 ORDER BY name LIMIT 1"),
        params![folded(email), key.name, key.uid],
    )?;
    Ok(others.into_iter().next().map(|record| record.key))
}

/// [`crate::store::Store::change_user`].
pub(super) fn change(connection: &Connection, change: &UserChange) -> Result<Changed, Failed> {
    Ok(apply(connection, change, "set")?.1)
}

/// [`crate::store::Store::import_users`].
pub(super) fn import(connection: &Connection, import: &Import) -> Result<Vec<Imported>, Failed> {
    connection.prepare_cached("SAVEPOINT import")?.execute([])?;
    let mut all = Vec::with_capacity(import.changes.len());
    for change in &import.changes {
        all.push(apply(connection, change, "imported")?.0);
    }
    let is_refused = all.iter().any(|one| matches!(one, Imported::Refused(_)));
    if is_refused || import.then == Then::Undo {
        connection.prepare_cached("ROLLBACK TO import")?.execute([])?;
    }
    connection.prepare_cached("RELEASE import")?.execute([])?;
    Ok(all)
}

/// What became of a change, in short and in whole.
fn apply(connection: &Connection, change: &UserChange, word: &str) -> Result<(Imported, Changed), Failed> {
    let refused = |changed: Changed| Ok((Imported::Refused(changed.clone()), changed));
    let (mut record, old, is_new) = match known(connection, &change.key)? {
        Known::Record(record) => (*record, None, false),
        Known::NameOfAnother { uid } if change.old_record == OldRecord::Refuses => {
            return refused(Changed::NameOfAnother { uid });
        }
        Known::NameOfAnother { uid } => {
            (UserRecord::blank(change.key.clone()), Some(UserKey { uid, name: change.key.name.clone() }), true)
        }
        Known::Nobody | Known::UidOfOthers { .. } => (UserRecord::blank(change.key.clone()), None, true),
    };
    if let (Some(Some(email)), true) = (&change.email, change.unique)
        && let Some(other) = email_in_use(connection, &change.key, email)?
    {
        return refused(Changed::EmailInUse(other));
    }
    if let Some(Some(method)) = change.prefers
        && !will_have(connection, &record, change, method)?
    {
        return refused(Changed::NoSuchMethod(method));
    }
    let before = record.clone();
    if let Some(old) = &old {
        forget(connection, old, &change.now)?;
    }
    let mut said: Vec<String> = old.iter().map(|old| format!("re-bound from uid {}", old.uid)).collect();
    said.extend((is_new && old.is_none()).then(|| String::from("new record")));
    put_addresses(connection, &mut record, change, &mut said)?;
    put_rest(connection, &mut record, change, &mut said)?;
    if said.is_empty() {
        meta::raise_high_water(connection, &change.now)?;
        return Ok((Imported::Same, Changed::Done(Box::new(record))));
    }
    save(connection, &record)?;
    if let Some(prefers) = change.prefers {
        methods::put_preference(connection, &change.key, prefers)?;
    }
    changes::say(connection, change.by, &change.key, (word, said.join(", ")), &change.now)?;
    meta::raise_high_water(connection, &change.now)?;
    let record = Box::new(record);
    let turned = || Box::new(Turned { before, after: UserRecord::clone(&record) });
    let short = if is_new { Imported::Made } else { Imported::Changed(turned()) };
    Ok(match old {
        None => (short, Changed::Done(record)),
        Some(old) => (short, Changed::Rebound { from_uid: old.uid, record }),
    })
}

/// Whether the user has something of that kind once the change is made; an address that is not verified yet will be one.
fn will_have(
    connection: &Connection,
    record: &UserRecord,
    change: &UserChange,
    method: Method,
) -> Result<bool, Failed> {
    let address = |to: &Option<Option<String>>, own: &Option<String>| to.as_ref().unwrap_or(own).is_some();
    Ok(match method {
        Method::Email => address(&change.email, &record.email),
        Method::Sms => address(&change.phone, &record.phone),
        Method::App => methods::app_of(connection, &change.key)?.is_some(),
    })
}

/// The addresses of a change. What is another one now, or counts as verified from now on, ends trust.
fn put_addresses(
    connection: &Connection,
    record: &mut UserRecord,
    change: &UserChange,
    said: &mut Vec<String>,
) -> Result<(), Failed> {
    let before = (record.email_verified, record.phone_verified);
    let mut ends_trust = false;
    for (of, to) in [(Authenticator::Email, change.email.as_ref()), (Authenticator::Sms, change.phone.as_ref())] {
        let (word, address, verified) = match of {
            Authenticator::Sms => ("phone", &mut record.phone, &mut record.phone_verified),
            Authenticator::Email | Authenticator::App | Authenticator::Recovery => {
                ("email", &mut record.email, &mut record.email_verified)
            }
        };
        let is_other = set(address, verified, to);
        if is_other {
            challenges::end_all(connection, &change.key, of, &change.now)?;
            ends_trust = true;
        }
        let is_meant = to.is_some() || (change.email.is_none() && change.phone.is_none());
        let was = *verified;
        *verified |= change.trusted && is_meant && address.is_some();
        match (is_other, address.as_deref()) {
            (true, None) => said.push(format!("no {word}")),
            (true, Some(address)) => said.push(format!("{word} {}", changes::masked(of, address))),
            (false, _) => {}
        }
        said.extend((*verified && !was).then(|| format!("{word} trusted without a code")));
    }
    if ends_trust || before != (record.email_verified, record.phone_verified) {
        devices::end_all(connection, &change.key, Ended::Record)?;
    }
    Ok(())
}

/// The rest of a change.
fn put_rest(
    connection: &Connection,
    record: &mut UserRecord,
    change: &UserChange,
    said: &mut Vec<String>,
) -> Result<(), Failed> {
    if let Some(verify) = change.verify.filter(|verify| *verify != record.verify) {
        record.verify = verify;
        said.push(format!("verify {}", of_verify(verify).replace('_', "-")));
        devices::end_all(connection, &change.key, Ended::Record)?;
    }
    if let Some(language) = change.language.as_ref().filter(|language| **language != record.language) {
        record.language.clone_from(language);
        said.push(format!("language {}", language.as_deref().unwrap_or("of the settings")));
    }
    if let Some(prefers) = change.prefers
        && prefers != methods::preference(connection, &change.key)?
    {
        said.push(format!("prefers {}", prefers.map_or("none", of_method)));
    }
    Ok(())
}

/// Takes a record away, and all that hangs on it but the messages of the last day.
pub(super) fn forget(connection: &Connection, key: &UserKey, now: &Moment) -> Result<(), Failed> {
    for of in [Authenticator::Email, Authenticator::Sms] {
        challenges::end_all(connection, key, of, now)?;
    }
    tries::clear_all(connection, key)?;
    passes::end_all(connection, key)?;
    // The known sources, the devices, the app and the recovery codes go with it, by their reference.
    connection.prepare_cached("DELETE FROM users WHERE uid = ?1 AND name = ?2")?.execute(params![key.uid, key.name])?;
    Ok(())
}

/// Sets an address. `true`: it is another one now, and unverified.
fn set(address: &mut Option<String>, verified: &mut bool, to: Option<&Option<String>>) -> bool {
    match to {
        Some(to) if to != address => {
            address.clone_from(to);
            *verified = false;
            true
        }
        _ => false,
    }
}

/// Whether `address` is the record's, and verified.
pub(super) fn is_at(record: &UserRecord, of: Authenticator, address: &str) -> bool {
    let (own, verified) = match of {
        Authenticator::Email => (&record.email, record.email_verified),
        Authenticator::Sms => (&record.phone, record.phone_verified),
        Authenticator::App | Authenticator::Recovery => return false,
    };
    verified && own.as_deref() == Some(address)
}

/// [`crate::store::Store::verify_address`].
pub(super) fn verify(
    connection: &Connection,
    user: &UserKey,
    of: Authenticator,
    proven: &str,
    now: &Moment,
) -> Result<bool, Failed> {
    let Some(mut record) = exact(connection, user)? else {
        return Ok(false);
    };
    let (address, verified) = match of {
        Authenticator::Email => (&record.email, &mut record.email_verified),
        Authenticator::Sms => (&record.phone, &mut record.phone_verified),
        Authenticator::App | Authenticator::Recovery => return Ok(false),
    };
    if address.as_deref() != Some(proven) {
        return Ok(false);
    }
    if !std::mem::replace(verified, true) {
        devices::end_all(connection, user, Ended::Record)?;
        let said = format!("{} by a code", changes::masked(of, proven));
        changes::say(connection, By::Administrator, user, ("verified", said), now)?;
    }
    save(connection, &record)?;
    meta::raise_high_water(connection, now)?;
    Ok(true)
}
