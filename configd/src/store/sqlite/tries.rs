//! Tries: charged before the answer is compared, cleared by a right one (rule 6). The arithmetic is `crate::limits`.

use super::failed::Failed;
use super::values::{number, of_authenticator, of_bucket, text, text_if_any, unsigned};
use super::{challenges, meta, sources, sums, users};
use crate::clock::{BootId, Moment};
use crate::limits::{self, Count, Counts, Standing, TryLimits, Wait};
use crate::store::{Authenticator, Bucket, Charge, Charged, Consume, Consumed, UserKey};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};

fn load(connection: &Connection, user: &UserKey, of: Authenticator, bucket: Bucket) -> Result<Count, Failed> {
    let mut statement = connection.prepare_cached(
        "SELECT uid, name, authenticator, bucket, failures, wait_boot, wait_until_ms, wait_length_ms, sum
         FROM tries WHERE uid = ?1 AND name = ?2 AND authenticator = ?3 AND bucket = ?4",
    )?;
    let mut rows = statement.query(params![user.uid, user.name, of_authenticator(of), of_bucket(bucket)])?;
    rows.next()?.map_or(Ok(Count::default()), count)
}

fn count(row: &Row<'_>) -> Result<Count, Failed> {
    sums::check("tries", row)?;
    let wait = match row.get::<_, Option<String>>(5)? {
        None => None,
        Some(boot) => Some(Wait { boot: BootId(boot), until_ms: unsigned(row, 6)?, length_ms: unsigned(row, 7)? }),
    };
    Ok(Count { failures: row.get(4)?, wait })
}

fn save(
    connection: &Connection,
    user: &UserKey,
    of: Authenticator,
    bucket: Bucket,
    count: &Count,
) -> Result<(), Failed> {
    let wait = count.wait.as_ref();
    let row = sums::with_sum(
        "tries",
        vec![
            Value::from(user.uid),
            text(&user.name),
            text(of_authenticator(of)),
            text(of_bucket(bucket)),
            Value::from(count.failures),
            text_if_any(wait.map(|wait| wait.boot.0.as_str())),
            wait.map_or(Value::Null, |wait| number(wait.until_ms)),
            wait.map_or(Value::Null, |wait| number(wait.length_ms)),
        ],
    );
    connection
        .prepare_cached(
            "INSERT INTO tries
             (uid, name, authenticator, bucket, failures, wait_boot, wait_until_ms, wait_length_ms, sum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (uid, name, authenticator, bucket) DO UPDATE SET
             failures = excluded.failures, wait_boot = excluded.wait_boot, wait_until_ms = excluded.wait_until_ms,
             wait_length_ms = excluded.wait_length_ms, sum = excluded.sum",
        )?
        .execute(rusqlite::params_from_iter(row))?;
    Ok(())
}

fn clear(connection: &Connection, user: &UserKey, of: Authenticator, bucket: Bucket) -> Result<(), Failed> {
    connection
        .prepare_cached("DELETE FROM tries WHERE uid = ?1 AND name = ?2 AND authenticator = ?3 AND bucket = ?4")?
        .execute(params![user.uid, user.name, of_authenticator(of), of_bucket(bucket)])?;
    Ok(())
}

/// How tries stand.
pub(super) fn standing(
    connection: &Connection,
    user: &UserKey,
    of: Authenticator,
    bucket: Bucket,
    limits: TryLimits,
    now: &Moment,
) -> Result<Standing, Failed> {
    Ok(limits::standing(bucket, &counts(connection, user, of)?, limits, now))
}

fn counts(connection: &Connection, user: &UserKey, of: Authenticator) -> Result<Counts, Failed> {
    Ok(Counts {
        stranger: load(connection, user, of, Bucket::Stranger)?,
        known: load(connection, user, of, Bucket::Known)?,
        own: load(connection, user, of, Bucket::Own)?,
    })
}

/// [`crate::store::Store::charge_attempt`].
pub(super) fn charge(connection: &Connection, charge: &Charge) -> Result<Charged, Failed> {
    let Charge { user, authenticator, bucket, challenge, limits, now } = charge;
    let mut counts = counts(connection, user, *authenticator)?;
    let before = limits::standing(*bucket, &counts, *limits, now);
    if !matches!(before, Standing::Open { .. }) {
        return Ok(Charged::Refused(before));
    }
    let own = match bucket {
        Bucket::Stranger => &mut counts.stranger,
        Bucket::Known => &mut counts.known,
        Bucket::Own => &mut counts.own,
    };
    *own = limits::after_charge(own, *limits, now);
    save(connection, user, *authenticator, *bucket, own)?;
    challenges::charge(connection, challenge)?;
    meta::raise_high_water(connection, now)?;
    Ok(Charged::Done(limits::standing(*bucket, &counts, *limits, now)))
}

/// [`crate::store::Store::consume_code`].
pub(super) fn consume(connection: &Connection, consume: &Consume) -> Result<Consumed, Failed> {
    let Consume { user, authenticator, source, bucket, challenge, address, login, now } = consume;
    challenges::must_be_of(connection, challenge, user, *authenticator)?;
    let Some(mut record) = users::exact(connection, user)? else {
        return Ok(Consumed::AlreadyUsed);
    };
    if !users::is_at(&record, *authenticator, address) || !challenges::end(connection, challenge, now)? {
        return Ok(Consumed::AlreadyUsed);
    }
    clear(connection, user, *authenticator, *bucket)?;
    record.last_login = Some(login.clone());
    users::save(connection, &record)?;
    if *bucket != Bucket::Own {
        // What a user's own processes proved says nothing of where root's callers come from.
        sources::remember(connection, user, source, now)?;
    }
    meta::raise_high_water(connection, now)?;
    Ok(Consumed::Done)
}
