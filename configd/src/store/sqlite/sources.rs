//! Sources that a user has logged in from with a code: each draws from its own bucket (rule 6).

use super::failed::Failed;
use super::sums;
use super::values::text;
use crate::clock::Moment;
use crate::store::{Bucket, SourceText, UserKey};
use rusqlite::types::Value;
use rusqlite::{Connection, params};

/// Sources kept a user, the last used ones. One that drops out is a stranger again and is asked as any other.
const KEPT: u32 = 100;

/// Which bucket `source` draws from.
pub(super) fn bucket(connection: &Connection, user: &UserKey, source: &SourceText) -> Result<Bucket, Failed> {
    let mut statement = connection.prepare_cached(
        "SELECT uid, name, source, last_s, sum FROM known_sources WHERE uid = ?1 AND name = ?2 AND source = ?3",
    )?;
    let mut rows = statement.query(params![user.uid, user.name, source.0])?;
    match rows.next()? {
        None => Ok(Bucket::Stranger),
        Some(row) => sums::check("known_sources", row).map(|()| Bucket::Known(source.clone())),
    }
}

/// Makes `source` known. [`SourceText::UNKNOWN`] stays unknown: it names no place, so strangers would share it.
pub(super) fn remember(
    connection: &Connection,
    user: &UserKey,
    source: &SourceText,
    now: &Moment,
) -> Result<(), Failed> {
    if source.0 == SourceText::UNKNOWN {
        return Ok(());
    }
    let row = sums::with_sum(
        "known_sources",
        vec![Value::from(user.uid), text(&user.name), text(&source.0), Value::from(now.wall_s)],
    );
    connection
        .prepare_cached(
            "INSERT INTO known_sources (uid, name, source, last_s, sum) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (uid, name, source) DO UPDATE SET last_s = excluded.last_s, sum = excluded.sum",
        )?
        .execute(rusqlite::params_from_iter(row))?;
    connection
        .prepare_cached(
            "DELETE FROM known_sources WHERE uid = ?1 AND name = ?2 AND source <> ?3 AND source NOT IN
             (SELECT source FROM known_sources WHERE uid = ?1 AND name = ?2 ORDER BY last_s DESC LIMIT ?4)",
        )?
        .execute(params![user.uid, user.name, source.0, KEPT])?;
    Ok(())
}
