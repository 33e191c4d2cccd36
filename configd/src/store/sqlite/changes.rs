//! The log of changes in its table: written with the change, cut off at its old end, read in short pieces, as that of decisions.

use super::failed::Failed;
use super::values::text;
use super::{sums, upkeep};
use crate::clock::Moment;
use crate::store::{Authenticator, By, Change, ChangeAsk, ChangePage, Proof, UserKey};
use pam_2fa_settings::{E164, EmailAddress};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};

/// Rows that are looked at in one read: about a millisecond.
const PIECE: i64 = 500;

/// Rows that are kept at most, some 60 MB: several imports of 100,000 users push out nothing that was done by hand before.
const MOST: i64 = 500_000;

fn of_by(by: By) -> &'static str {
    match by {
        By::Administrator => "administrator",
        By::User => "user",
        By::Login => "login",
    }
}

fn to_by(word: &str) -> Result<By, Failed> {
    match word {
        "administrator" => Ok(By::Administrator),
        "user" => Ok(By::User),
        "login" => Ok(By::Login),
        other => Err(Failed::Damaged(format!("nobody who changes something is called {other:?}"))),
    }
}

/// Writes a line, in the caller's transaction. What is worth one must not come undone: the store's generation rises.
pub(super) fn note(connection: &Connection, change: &Change) -> Result<(), Failed> {
    let id = newest(connection)?.saturating_add(1);
    let row = sums::with_sum(
        "changes",
        vec![
            Value::from(id),
            Value::from(change.at_s),
            text(of_by(change.by)),
            Value::from(change.user.uid),
            text(&change.user.name),
            text(&change.what),
            text(&change.detail),
        ],
    );
    connection
        .prepare_cached(
            "INSERT INTO changes (id, at_s, by, uid, name, what, detail, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(rusqlite::params_from_iter(row))?;
    upkeep::raise_generation(connection)?;
    connection.prepare_cached("DELETE FROM changes WHERE id <= ?1")?.execute([id.saturating_sub(MOST)])?;
    Ok(())
}

/// The same, from its parts.
pub(super) fn say(
    connection: &Connection,
    by: By,
    user: &UserKey,
    (what, detail): (&str, String),
    now: &Moment,
) -> Result<(), Failed> {
    note(connection, &Change { at_s: now.wall_s, by, user: user.clone(), what: String::from(what), detail })
}

/// The use of what somebody else gave, or was kept for a bad day.
pub(super) fn used(connection: &Connection, user: &UserKey, proof: &Proof, now: &Moment) -> Result<(), Failed> {
    match proof {
        Proof::Grant { id } => say(connection, By::Login, user, ("grant-used", id.0.clone()), now),
        Proof::Recovery { .. } => say(connection, By::Login, user, ("recovery-code-used", String::new()), now),
        Proof::Message { .. } | Proof::App { .. } => Ok(()),
    }
}

/// An address as it stands in logs.
pub(super) fn masked(of: Authenticator, address: &str) -> String {
    let masked = match of {
        Authenticator::Email => EmailAddress::parse(address).ok().map(|address| address.masked()),
        Authenticator::Sms => E164::parse(address).ok().map(|number| number.masked()),
        Authenticator::App | Authenticator::Recovery => None,
    };
    masked.unwrap_or_else(|| String::from("***"))
}

/// The newest row's id.
pub(super) fn newest(connection: &Connection) -> Result<i64, Failed> {
    let mut statement = connection.prepare_cached("SELECT coalesce(max(id), 0) FROM changes")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Takes rows away that are older, so many at most; gives how many.
pub(super) fn cut(connection: &Connection, oldest_s: i64, most: i64) -> Result<usize, Failed> {
    Ok(connection
        .prepare_cached("DELETE FROM changes WHERE at_s < ?1 AND id IN (SELECT id FROM changes ORDER BY id LIMIT ?2)")?
        .execute(params![oldest_s, most])?)
}

/// [`crate::store::Store::changes`].
pub(super) fn page(connection: &Connection, ask: &ChangeAsk) -> Result<ChangePage, Failed> {
    let (first, last): (i64, i64) = connection
        .prepare_cached(
            "SELECT coalesce((SELECT min(id) FROM changes), 1), coalesce((SELECT max(id) FROM changes), 0)",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    // Behind the last one: the log has been emptied since and has begun anew.
    let from = if ask.after > last { first } else { ask.after.saturating_add(1).max(first) };
    let upto = from.saturating_add(PIECE).saturating_sub(1).min(last);
    let mut statement = connection.prepare_cached(
        "SELECT id, at_s, by, uid, name, what, detail, sum FROM changes
         WHERE id BETWEEN ?1 AND ?2 AND at_s >= ?3 AND (?4 IS NULL OR name = ?4) ORDER BY id",
    )?;
    let mut rows = statement.query(params![from, upto, ask.since_s, ask.user])?;
    let mut page = ChangePage { changes: Vec::new(), damaged: 0, after: upto, is_end: upto >= last };
    while let Some(row) = rows.next()? {
        match change(row) {
            Ok(change) => page.changes.push(change),
            Err(Failed::Damaged(_)) => page.damaged = page.damaged.saturating_add(1),
            Err(failed @ Failed::Engine(_)) => return Err(failed),
        }
    }
    Ok(page)
}

fn change(row: &Row<'_>) -> Result<Change, Failed> {
    sums::check("changes", row)?;
    Ok(Change {
        at_s: row.get(1)?,
        by: to_by(&row.get::<_, String>(2)?)?,
        user: UserKey { uid: row.get(3)?, name: row.get(4)? },
        what: row.get(5)?,
        detail: row.get(6)?,
    })
}
