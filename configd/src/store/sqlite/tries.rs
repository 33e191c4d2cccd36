//! Tries: charged before the answer is compared, cleared by a right one (rule 6). The arithmetic is `crate::limits`.

use super::failed::Failed;
use super::values::{number, of_authenticator, of_bucket, text, text_if_any, to_authenticator, to_bucket, unsigned};
use super::{challenges, changes, devices, meta, methods, passes, sources, sums, upkeep, users};
use crate::clock::{BootId, Moment};
use crate::limits::{self, Count, Counts, Standing, TryLimits, Wait};
use crate::store::{Authenticator, Bucket, Charge, Charged, Consume, Consumed, Ended, Proof, Standings, UserKey};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};

/// A row: whose count it is, and the count.
type Tried = (Authenticator, Bucket, Count);

/// All rows of a user. Each is a failure at least, so there are no more of them than failures allowed.
fn rows_of(connection: &Connection, user: &UserKey) -> Result<Vec<Tried>, Failed> {
    let mut statement = connection.prepare_cached(
        "SELECT uid, name, authenticator, bucket, source, failures, wait_boot, wait_until_ms, wait_length_ms, sum
         FROM tries WHERE uid = ?1 AND name = ?2",
    )?;
    let mut rows = statement.query(params![user.uid, user.name])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let count = count(row)?;
        let bucket = to_bucket(&row.get::<_, String>(3)?, row.get(4)?)?;
        found.push((to_authenticator(&row.get::<_, String>(2)?)?, bucket, count));
    }
    Ok(found)
}

/// The counts of one authenticator, and those of the others beside them.
fn counts_of(rows: &[Tried], of: Authenticator) -> Counts {
    let mut counts = Counts::default();
    for (authenticator, bucket, count) in rows {
        if *authenticator == of {
            counts.put(bucket.clone(), count.clone());
        } else {
            counts.elsewhere.push(count.clone());
        }
    }
    counts
}

/// All counts of one authenticator of a user, and those of the others beside them.
pub(super) fn counts(connection: &Connection, user: &UserKey, of: Authenticator) -> Result<Counts, Failed> {
    Ok(counts_of(&rows_of(connection, user)?, of))
}

/// How tries stand for each authenticator, in one read.
pub(super) fn standings(
    connection: &Connection,
    user: &UserKey,
    bucket: &Bucket,
    limits: TryLimits,
    now: &Moment,
) -> Result<Standings, Failed> {
    let rows = rows_of(connection, user)?;
    let of = |authenticator| limits::standing(bucket, &counts_of(&rows, authenticator), limits, now);
    Ok(Standings {
        email: of(Authenticator::Email),
        sms: of(Authenticator::Sms),
        app: of(Authenticator::App),
        recovery: of(Authenticator::Recovery),
    })
}

fn count(row: &Row<'_>) -> Result<Count, Failed> {
    sums::check("tries", row)?;
    let wait = match row.get::<_, Option<String>>(6)? {
        None => None,
        Some(boot) => Some(Wait { boot: BootId(boot), until_ms: unsigned(row, 7)?, length_ms: unsigned(row, 8)? }),
    };
    Ok(Count { failures: row.get(5)?, wait })
}

fn save(
    connection: &Connection,
    user: &UserKey,
    of: Authenticator,
    bucket: &Bucket,
    count: &Count,
) -> Result<(), Failed> {
    let wait = count.wait.as_ref();
    let (bucket, source) = of_bucket(bucket);
    let row = sums::with_sum(
        "tries",
        vec![
            Value::from(user.uid),
            text(&user.name),
            text(of_authenticator(of)),
            text(bucket),
            text(source),
            Value::from(count.failures),
            text_if_any(wait.map(|wait| wait.boot.0.as_str())),
            wait.map_or(Value::Null, |wait| number(wait.until_ms)),
            wait.map_or(Value::Null, |wait| number(wait.length_ms)),
        ],
    );
    connection
        .prepare_cached(
            "INSERT INTO tries
             (uid, name, authenticator, bucket, source, failures, wait_boot, wait_until_ms, wait_length_ms, sum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
             ON CONFLICT (uid, name, authenticator, bucket, source) DO UPDATE SET
             failures = excluded.failures, wait_boot = excluded.wait_boot, wait_until_ms = excluded.wait_until_ms,
             wait_length_ms = excluded.wait_length_ms, sum = excluded.sum",
        )?
        .execute(rusqlite::params_from_iter(row))?;
    Ok(())
}

fn clear(connection: &Connection, user: &UserKey, of: Authenticator, bucket: &Bucket) -> Result<(), Failed> {
    let (bucket, source) = of_bucket(bucket);
    connection
        .prepare_cached(
            "DELETE FROM tries WHERE uid = ?1 AND name = ?2 AND authenticator = ?3 AND bucket = ?4 AND source = ?5",
        )?
        .execute(params![user.uid, user.name, of_authenticator(of), bucket, source])?;
    Ok(())
}

/// Clears all of a user's. Gives the failures that stood there.
pub(super) fn clear_all(connection: &Connection, user: &UserKey) -> Result<u64, Failed> {
    let failures = connection
        .prepare_cached("SELECT coalesce(sum(failures), 0) FROM tries WHERE uid = ?1 AND name = ?2")?
        .query_row(params![user.uid, user.name], |row| Ok(unsigned(row, 0)))??;
    connection
        .prepare_cached("DELETE FROM tries WHERE uid = ?1 AND name = ?2")?
        .execute(params![user.uid, user.name])?;
    Ok(failures)
}

/// How tries stand.
pub(super) fn standing(
    connection: &Connection,
    user: &UserKey,
    of: Authenticator,
    bucket: &Bucket,
    limits: TryLimits,
    now: &Moment,
) -> Result<Standing, Failed> {
    Ok(limits::standing(bucket, &counts(connection, user, of)?, limits, now))
}

/// [`crate::store::Store::charge_attempt`].
pub(super) fn charge(connection: &Connection, charge: &Charge) -> Result<Charged, Failed> {
    let Charge { user, authenticator, bucket, challenge, limits, now } = charge;
    let mut counts = counts(connection, user, *authenticator)?;
    let before = limits::standing(bucket, &counts, *limits, now);
    if !matches!(before, Standing::Open { .. }) {
        return Ok(Charged::Refused(before));
    }
    for (bucket, count) in limits::charge(&mut counts, bucket, *limits, now) {
        save(connection, user, *authenticator, &bucket, &count)?;
    }
    challenges::charge(connection, challenge)?;
    let after = limits::standing(bucket, &counts, *limits, now);
    // A user's own programs have wrong codes of their own, which say nothing of who logs in: what disables them alone ends no trust.
    let strangers = limits::standing(&Bucket::Stranger, &counts, *limits, now);
    if after == Standing::Disabled && (*bucket != Bucket::Own || strangers == Standing::Disabled) {
        devices::end_all(connection, user, Ended::Lock)?;
    }
    meta::raise_high_water(connection, now)?;
    Ok(Charged::Done(after))
}

/// Whether what was proven is still the user's; of what is used up by the proof itself nothing remains to be looked at.
pub(super) fn is_theirs(connection: &Connection, user: &UserKey, proof: &Proof) -> Result<bool, Failed> {
    Ok(match proof {
        Proof::Message { of, address } => {
            users::exact(connection, user)?.is_some_and(|record| users::is_at(&record, *of, address))
        }
        Proof::App { id, .. } => methods::has_app(connection, user, id)?,
        Proof::Recovery { .. } | Proof::Grant { .. } => true,
    })
}

/// Uses up what was proven. `false`: it is not the user's (any more), or was used.
fn use_up(connection: &Connection, consume: &Consume) -> Result<bool, Failed> {
    let Consume { user, proof, challenge, now, .. } = consume;
    if let Proof::Message { of, .. } = proof {
        challenges::must_be_of(connection, challenge, user, *of)?;
    }
    if !is_theirs(connection, user, proof)? || !challenges::end(connection, challenge, now)? {
        return Ok(false);
    }
    Ok(match proof {
        Proof::Message { .. } => true,
        Proof::App { id, step } => methods::use_step(connection, user, id, *step)?,
        Proof::Recovery { mac } => methods::use_recovery(connection, user, mac)?,
        Proof::Grant { id } => passes::is_open(connection, user, id, now)? && passes::end(connection, id)?,
    })
}

/// [`crate::store::Store::consume_code`].
pub(super) fn consume(connection: &Connection, consume: &Consume) -> Result<Consumed, Failed> {
    let Consume { user, proof, source, bucket, login, remember, stamp, limits, now, .. } = consume;
    let authenticator = proof.authenticator();
    if methods::is_disabled(connection, user)? {
        return Ok(Consumed::AlreadyUsed);
    }
    // A grant may be of a user without a record, who gets none by it.
    let record = users::exact(connection, user)?;
    if record.is_none() && !matches!(proof, Proof::Grant { .. }) {
        return Ok(Consumed::AlreadyUsed);
    }
    // Disabled by others meanwhile: a right code does not enable it (SP 800-63B §3.2.2). The charge of this one is not among them.
    let mut others = counts(connection, user, authenticator)?;
    let own = others.of(bucket);
    others.put(bucket.clone(), Count { failures: own.failures.saturating_sub(1), ..own });
    if limits::standing(bucket, &others, *limits, now) == Standing::Disabled {
        return Ok(Consumed::Disabled);
    }
    if !use_up(connection, consume)? {
        return Ok(Consumed::AlreadyUsed);
    }
    changes::used(connection, user, proof, now)?;
    upkeep::raise_generation(connection)?;
    clear(connection, user, authenticator, bucket)?;
    for (bucket, count) in counts(connection, user, authenticator)?.let_go(now) {
        save(connection, user, authenticator, &bucket, &count)?;
    }
    if let Some(mut record) = record {
        if let Some(login) = login {
            record.last_login = Some(login.clone());
            users::save(connection, &record)?;
        }
        // What a user's own processes proved says nothing of where root's callers come from, and neither does what somebody else
        // was let in by.
        if *bucket != Bucket::Own && !matches!(proof, Proof::Grant { .. }) {
            sources::remember(connection, user, source, now)?;
        }
        if let Some(remember) = remember {
            devices::remember(connection, user, remember, now)?;
        }
    }
    if let Some(stamp) = stamp {
        devices::end_of_other_passwords(connection, user, stamp)?;
    }
    meta::raise_high_water(connection, now)?;
    Ok(Consumed::Done)
}

/// All counts of one authenticator go: it is another one now.
pub(super) fn forget(connection: &Connection, user: &UserKey, of: Authenticator) -> Result<(), Failed> {
    connection
        .prepare_cached("DELETE FROM tries WHERE uid = ?1 AND name = ?2 AND authenticator = ?3")?
        .execute(params![user.uid, user.name, of_authenticator(of)])?;
    Ok(())
}
