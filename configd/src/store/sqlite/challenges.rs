//! Challenges from the moment their message leaves until they end (rule 5), and the marks of those that ended: a code is used
//! once, whether or not its challenge was ever kept, and an ended challenge is never kept again.

use super::failed::Failed;
use super::sums;
use super::values::{number, of_authenticator, signed, text, to_authenticator, unsigned};
use crate::clock::{BootId, Moment};
use crate::store::{Authenticator, ChallengeId, KeptChallenge, SourceText, UserKey};
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};

/// How long the mark of an ended challenge is kept, of `CLOCK_BOOTTIME`: longer than any lifetime that settings allow. No
/// challenge outlives its boot, so no mark needs to.
const MARK_MS: u64 = 86_400_000;

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, uid, name, class, source, authenticator, code_mac, tag, tries, made_wall_s, made_boot, ",
            "made_boot_ms, lifetime_ms, sum FROM challenges ",
            $rest
        )
    };
}

fn challenge(row: &Row<'_>) -> Result<KeptChallenge, Failed> {
    sums::check("challenges", row)?;
    Ok(KeptChallenge {
        id: ChallengeId(row.get(0)?),
        user: UserKey { uid: row.get(1)?, name: row.get(2)? },
        class: row.get(3)?,
        source: SourceText(row.get(4)?),
        authenticator: to_authenticator(&row.get::<_, String>(5)?)?,
        code_mac: row.get(6)?,
        tag: row.get(7)?,
        tries: row.get(8)?,
        made: Moment { wall_s: row.get(9)?, boot: BootId(row.get(10)?), boot_ms: unsigned(row, 11)? },
        lifetime_ms: unsigned(row, 12)?,
    })
}

fn load(connection: &Connection, id: &ChallengeId) -> Result<Option<KeptChallenge>, Failed> {
    let mut statement = connection.prepare_cached(select!("WHERE id = ?1"))?;
    let mut rows = statement.query([&id.0])?;
    rows.next()?.map(challenge).transpose()
}

fn save(connection: &Connection, kept: &KeptChallenge) -> Result<(), Failed> {
    let row = sums::with_sum(
        "challenges",
        vec![
            text(&kept.id.0),
            Value::from(kept.user.uid),
            text(&kept.user.name),
            text(&kept.class),
            text(&kept.source.0),
            text(of_authenticator(kept.authenticator)),
            Value::from(kept.code_mac.to_vec()),
            text(&kept.tag),
            Value::from(kept.tries),
            Value::from(kept.made.wall_s),
            text(&kept.made.boot.0),
            number(kept.made.boot_ms),
            number(kept.lifetime_ms),
        ],
    );
    connection
        .prepare_cached(
            "INSERT INTO challenges
             (id, uid, name, class, source, authenticator, code_mac, tag, tries, made_wall_s, made_boot, made_boot_ms,
              lifetime_ms, sum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
             ON CONFLICT (id) DO UPDATE SET
             uid = excluded.uid, name = excluded.name, class = excluded.class, source = excluded.source,
             authenticator = excluded.authenticator, code_mac = excluded.code_mac, tag = excluded.tag,
             tries = excluded.tries, made_wall_s = excluded.made_wall_s, made_boot = excluded.made_boot,
             made_boot_ms = excluded.made_boot_ms, lifetime_ms = excluded.lifetime_ms, sum = excluded.sum",
        )?
        .execute(rusqlite::params_from_iter(row))?;
    Ok(())
}

/// Keeps a challenge whose message leaves. Sent again, its tries do not fall; ended, it stays ended.
pub(super) fn keep(connection: &Connection, kept: &KeptChallenge) -> Result<(), Failed> {
    if is_ended(connection, &kept.id)? {
        return Ok(());
    }
    let before = load(connection, &kept.id)?.map_or(0, |before| before.tries);
    save(connection, &KeptChallenge { tries: kept.tries.max(before), ..kept.clone() })
}

/// One more try, where it is kept.
pub(super) fn charge(connection: &Connection, id: &ChallengeId) -> Result<(), Failed> {
    match load(connection, id)? {
        None => Ok(()),
        Some(kept) => save(connection, &KeptChallenge { tries: kept.tries.saturating_add(1), ..kept }),
    }
}

/// A code is good for the user and the authenticator that its challenge was kept for (ASVS 6.6.2).
pub(super) fn must_be_of(
    connection: &Connection,
    id: &ChallengeId,
    user: &UserKey,
    of: Authenticator,
) -> Result<(), Failed> {
    match load(connection, id)? {
        Some(kept) if kept.user != *user || kept.authenticator != of => {
            Err(Failed::Damaged(format!("challenge {} is not one of {}", id.0, user.name)))
        }
        _ => Ok(()),
    }
}

fn is_ended(connection: &Connection, id: &ChallengeId) -> Result<bool, Failed> {
    let mut statement = connection.prepare_cached("SELECT id, boot, boot_ms, sum FROM ended WHERE id = ?1")?;
    let mut rows = statement.query([&id.0])?;
    match rows.next()? {
        None => Ok(false),
        Some(row) => sums::check("ended", row).map(|()| true),
    }
}

/// Ends a challenge, kept or not. `false`: it had ended before.
pub(super) fn end(connection: &Connection, id: &ChallengeId, now: &Moment) -> Result<bool, Failed> {
    let row = sums::with_sum("ended", vec![text(&id.0), text(&now.boot.0), number(now.boot_ms)]);
    let marked = connection
        .prepare_cached(
            "INSERT INTO ended (id, boot, boot_ms, sum) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (id) DO NOTHING",
        )?
        .execute(rusqlite::params_from_iter(row))?;
    connection.prepare_cached("DELETE FROM challenges WHERE id = ?1")?.execute([&id.0])?;
    Ok(marked == 1)
}

/// Ends all of a user's: the address that they went to is the user's no more.
pub(super) fn end_all(connection: &Connection, user: &UserKey, of: Authenticator, now: &Moment) -> Result<(), Failed> {
    let ids = {
        let mut statement = connection
            .prepare_cached("SELECT id FROM challenges WHERE uid = ?1 AND name = ?2 AND authenticator = ?3")?;
        let rows = statement.query_map(params![user.uid, user.name, of_authenticator(of)], |row| row.get(0))?;
        rows.collect::<Result<Vec<String>, _>>()?
    };
    for id in ids {
        end(connection, &ChallengeId(id), now)?;
    }
    Ok(())
}

/// Ends all of everybody's; gives how many.
pub(super) fn end_every(connection: &Connection, now: &Moment) -> Result<u64, Failed> {
    let ids = {
        let mut statement = connection.prepare_cached("SELECT id FROM challenges")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        rows.collect::<Result<Vec<String>, _>>()?
    };
    let mut count = 0_u64;
    for id in ids {
        end(connection, &ChallengeId(id), now)?;
        count = count.saturating_add(1);
    }
    Ok(count)
}

/// Those of this boot with lifetime and tries left.
pub(super) fn open(connection: &Connection, now: &Moment, attempts: u32) -> Result<Vec<KeptChallenge>, Failed> {
    let mut statement =
        connection.prepare_cached(select!("WHERE made_boot = ?1 AND tries < ?2 ORDER BY made_boot_ms, id"))?;
    let mut rows = statement.query(params![now.boot.0, attempts])?;
    let mut open = Vec::new();
    while let Some(row) = rows.next()? {
        let kept = challenge(row)?;
        if now.boot_ms.saturating_sub(kept.made.boot_ms) < kept.lifetime_ms {
            open.push(kept);
        }
    }
    Ok(open)
}

/// Takes away what can matter no more: challenges past their life or their boot, and marks past theirs.
pub(super) fn prune(connection: &Connection, now: &Moment) -> Result<(), Failed> {
    connection
        .prepare_cached("DELETE FROM challenges WHERE made_boot <> ?1 OR ?2 - made_boot_ms >= lifetime_ms")?
        .execute(params![now.boot.0, signed(now.boot_ms)])?;
    let oldest = signed(now.boot_ms).saturating_sub(signed(MARK_MS));
    connection
        .prepare_cached("DELETE FROM ended WHERE boot = ?1 AND boot_ms <= ?2")?
        .execute(params![now.boot.0, oldest])?;
    connection.prepare_cached("DELETE FROM ended WHERE boot < ?1 OR boot > ?1")?.execute([&now.boot.0])?;
    Ok(())
}
