//! An administrator's one-time codes: invitations and grants, each used once or over at its time.

use super::failed::Failed;
use super::values::{text, text_if_any, to_pass_kind};
use super::{changes, meta, sums, tries};
use crate::clock::{Moment, rfc3339};
use crate::store::{Authenticator, By, KeptPass, MOST_GRANTS, PassId, PassKind, UserKey};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};

fn pass(row: &Row<'_>) -> Result<KeptPass, Failed> {
    sums::check("passes", row)?;
    Ok(KeptPass {
        id: PassId(row.get(0)?),
        kind: to_pass_kind(&row.get::<_, String>(1)?)?,
        user: UserKey { uid: row.get(2)?, name: row.get(3)? },
        mac: row.get(4)?,
        made_s: row.get(5)?,
        until_s: row.get(6)?,
        origin: row.get(7)?,
        service: row.get(8)?,
        reason: row.get(9)?,
    })
}

/// Those of a user that are not over.
pub(super) fn open_of(connection: &Connection, user: &UserKey, now: &Moment) -> Result<Vec<KeptPass>, Failed> {
    let mut statement = connection.prepare_cached(
        "SELECT id, kind, uid, name, mac, made_s, until_s, origin, service, reason, sum FROM passes
         WHERE uid = ?1 AND name = ?2 ORDER BY made_s, id",
    )?;
    let mut rows = statement.query(params![user.uid, user.name])?;
    let mut open = Vec::new();
    while let Some(row) = rows.next()? {
        let kept = pass(row)?;
        if kept.until_s > now.wall_s {
            open.push(kept);
        }
    }
    Ok(open)
}

/// Whether this one is the user's and not over.
pub(super) fn is_open(connection: &Connection, user: &UserKey, id: &PassId, now: &Moment) -> Result<bool, Failed> {
    Ok(open_of(connection, user, now)?.iter().any(|kept| kept.id == *id))
}

/// Uses it up. `false`: it is gone.
pub(super) fn end(connection: &Connection, id: &PassId) -> Result<bool, Failed> {
    Ok(connection.prepare_cached("DELETE FROM passes WHERE id = ?1")?.execute([&id.0])? == 1)
}

/// All of a user's are over.
pub(super) fn end_all(connection: &Connection, user: &UserKey) -> Result<(), Failed> {
    connection
        .prepare_cached("DELETE FROM passes WHERE uid = ?1 AND name = ?2")?
        .execute(params![user.uid, user.name])?;
    Ok(())
}

/// Ends everybody's that were made after that time; gives how many.
pub(super) fn end_made_after(connection: &Connection, wall_s: i64) -> Result<u64, Failed> {
    let gone = connection.prepare_cached("DELETE FROM passes WHERE made_s > ?1")?.execute([wall_s])?;
    Ok(u64::try_from(gone).unwrap_or(u64::MAX))
}

/// [`crate::store::Store::add_pass`]. What is over goes with it.
pub(super) fn add(connection: &Connection, kept: &KeptPass, now: &Moment) -> Result<(), Failed> {
    connection.prepare_cached("DELETE FROM passes WHERE until_s <= ?1")?.execute([now.wall_s])?;
    let UserKey { uid, name } = &kept.user;
    match kept.kind {
        PassKind::Invitation => {
            // Guesses at the one before are none at this one; and whoever is invited need not have a record that could be unlocked.
            tries::forget(connection, &kept.user, Authenticator::Recovery)?;
            connection
                .prepare_cached("DELETE FROM passes WHERE uid = ?1 AND name = ?2 AND kind = 'invitation'")?
                .execute(params![uid, name])?
        }
        PassKind::Grant => connection
            .prepare_cached(
                "DELETE FROM passes WHERE id IN (SELECT id FROM passes WHERE uid = ?1 AND name = ?2 AND kind = 'grant'
                 ORDER BY made_s DESC, id LIMIT -1 OFFSET ?3)",
            )?
            .execute(params![uid, name, i64::try_from(MOST_GRANTS.saturating_sub(1)).unwrap_or(i64::MAX)])?,
    };
    let row = sums::with_sum(
        "passes",
        vec![
            text(&kept.id.0),
            text(kept.kind.word()),
            Value::from(kept.user.uid),
            text(&kept.user.name),
            Value::from(kept.mac.to_vec()),
            Value::from(kept.made_s),
            Value::from(kept.until_s),
            text_if_any(kept.origin.as_deref()),
            text_if_any(kept.service.as_deref()),
            text(&kept.reason),
        ],
    );
    connection
        .prepare_cached(
            "INSERT INTO passes (id, kind, uid, name, mac, made_s, until_s, origin, service, reason, sum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(rusqlite::params_from_iter(row))?;
    changes::say(connection, By::Administrator, &kept.user, said(kept), now)?;
    meta::raise_high_water(connection, now)
}

/// What was given, for the log: an exception is dated, has a reason, and is written down (PCI DSS 8.5.1b).
fn said(kept: &KeptPass) -> (&'static str, String) {
    let what = match kept.kind {
        PassKind::Invitation => "invited",
        PassKind::Grant => "granted",
    };
    let mut detail = format!("{} until {}", kept.id.0, rfc3339(kept.until_s));
    for (word, value) in [(" from ", &kept.origin), (" for ", &kept.service)] {
        if let Some(value) = value {
            detail.push_str(word);
            detail.push_str(value);
        }
    }
    if !kept.reason.is_empty() {
        detail.push_str(": ");
        detail.push_str(&kept.reason);
    }
    (what, detail)
}
