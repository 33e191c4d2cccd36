//! The log of decisions in its table: written, cut off at its old end, read in short pieces.
//!
//! Rows are in the order of their ids, and the old end is where the lowest stand. How many bytes there are is the difference of
//! two rows' `upto`, so that nothing has to be counted.

use super::failed::Failed;
use super::values::{signed, text, text_if_any, unsigned};
use super::{changes, meta, sums};
use crate::store::{Decision, Decoys, LogAsk, LogLimits, LogPage};
use pam_2fa_protocol::login::Verdict;
use rusqlite::types::Value;
use rusqlite::{Connection, Row, params};

/// Rows that are looked at in one read: about a millisecond.
const PIECE: i64 = 500;

/// Rows that are taken away in one write at most: some 20 pages, which fit into the log's room.
const CUT: i64 = 500;

/// Bytes of a row beside its texts: its header, its numbers, its checksum.
const BESIDE_TEXTS: usize = 64;

/// Services that are counted apart in an hour; a stack has a few, and who makes names up takes no room.
const SERVICES: i64 = 16;

/// The name under which the others are counted.
const OTHERS: &str = "(others)";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT id, at_s, reference, user, uid, peer_uid, source, service, class, factor, verdict, reason, device, ",
            "generation, upto, sum FROM decisions ",
            $rest
        )
    };
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allow => "allow",
        Verdict::NotSubject => "not_subject",
        Verdict::Deny | Verdict::Unknown => "deny",
        Verdict::Unavailable => "unavailable",
        Verdict::MaxTries => "max_tries",
    }
}

fn verdict(word: &str) -> Result<Verdict, Failed> {
    match word {
        "allow" => Ok(Verdict::Allow),
        "not_subject" => Ok(Verdict::NotSubject),
        "deny" => Ok(Verdict::Deny),
        "unavailable" => Ok(Verdict::Unavailable),
        "max_tries" => Ok(Verdict::MaxTries),
        other => Err(Failed::Damaged(format!("no verdict is called {other:?}"))),
    }
}

fn bytes(decision: &Decision) -> i64 {
    let texts = [&decision.reference, &decision.user, &decision.source, &decision.service, &decision.class];
    let if_any = [&decision.factor, &decision.device].into_iter().flatten();
    let all = texts.into_iter().chain(if_any).chain([&decision.reason]).map(String::len);
    i64::try_from(all.fold(BESIDE_TEXTS, usize::saturating_add)).unwrap_or(i64::MAX)
}

/// The newest row's id, and the `upto` of the newest row that is whole.
pub(super) fn newest(connection: &Connection) -> Result<(i64, i64), Failed> {
    let mut statement = connection.prepare_cached(select!("ORDER BY id DESC LIMIT 16"))?;
    let mut rows = statement.query([])?;
    let mut id = None;
    while let Some(row) = rows.next()? {
        let its: i64 = row.get(0)?;
        let id = *id.get_or_insert(its);
        if sums::check("decisions", row).is_ok() {
            return Ok((id, row.get(14)?));
        }
    }
    Ok((id.unwrap_or(0), 0))
}

/// Writes these and cuts the old end off, as far as one write may. `true`: there is more to cut off.
pub(super) fn write(
    connection: &Connection,
    decisions: &[Decision],
    decoys: &[Decoys],
    limits: LogLimits,
) -> Result<bool, Failed> {
    if !decisions.is_empty() {
        let (mut id, mut upto) = newest(connection)?;
        for decision in decisions {
            id = id.saturating_add(1);
            upto = upto.saturating_add(bytes(decision));
            insert(connection, id, upto, decision)?;
        }
    }
    for counted in decoys {
        count(connection, counted)?;
    }
    cut(connection, limits)
}

fn insert(connection: &Connection, id: i64, upto: i64, decision: &Decision) -> Result<(), Failed> {
    let row = sums::with_sum(
        "decisions",
        vec![
            Value::from(id),
            Value::from(decision.at_s),
            text(&decision.reference),
            text(&decision.user),
            decision.uid.map_or(Value::Null, Value::from),
            Value::from(decision.peer_uid),
            text(&decision.source),
            text(&decision.service),
            text(&decision.class),
            text_if_any(decision.factor.as_deref()),
            text(word(decision.verdict)),
            text(&decision.reason),
            text_if_any(decision.device.as_deref()),
            Value::from(decision.generation),
            Value::from(upto),
        ],
    );
    connection
        .prepare_cached(
            "INSERT INTO decisions (id, at_s, reference, user, uid, peer_uid, source, service, class, factor, verdict, reason,
             device, generation, upto, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        )?
        .execute(rusqlite::params_from_iter(row))?;
    Ok(())
}

/// Adds to an hour's count. One that is damaged begins anew.
fn count(connection: &Connection, counted: &Decoys) -> Result<(), Failed> {
    let services: i64 = connection
        .prepare_cached("SELECT count(*) FROM decoys WHERE hour_s = ?1 AND service <> ?2")?
        .query_row(params![counted.hour_s, counted.service], |row| row.get(0))?;
    let service = if services < SERVICES { counted.service.as_str() } else { OTHERS };
    let before = {
        let mut statement = connection
            .prepare_cached("SELECT hour_s, service, count, sum FROM decoys WHERE hour_s = ?1 AND service = ?2")?;
        let mut rows = statement.query(params![counted.hour_s, service])?;
        match rows.next()? {
            Some(row) if sums::check("decoys", row).is_ok() => unsigned(row, 2)?,
            Some(_) | None => 0,
        }
    };
    let count = signed(before.saturating_add(counted.count));
    let row = sums::with_sum("decoys", vec![Value::from(counted.hour_s), text(service), Value::from(count)]);
    connection
        .prepare_cached(
            "INSERT INTO decoys (hour_s, service, count, sum) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (hour_s, service) DO UPDATE SET count = excluded.count, sum = excluded.sum",
        )?
        .execute(rusqlite::params_from_iter(row))?;
    Ok(())
}

/// Takes away what is too old or too much, the oldest first. Age is told by the clock's high-water mark, so that a clock that is
/// set ten years ahead by mistake empties no log.
fn cut(connection: &Connection, limits: LogLimits) -> Result<bool, Failed> {
    let mark_s = meta::high_water_s(connection)?;
    // No mark yet: nothing is old.
    let oldest_s = if mark_s == 0 { i64::MIN } else { mark_s.saturating_sub(limits.keep_s) };
    let by_age = connection
        .prepare_cached(
            "DELETE FROM decisions WHERE at_s < ?1 AND id IN (SELECT id FROM decisions ORDER BY id LIMIT ?2)",
        )?
        .execute(params![oldest_s, CUT])?;
    let (_, upto) = newest(connection)?;
    let by_size = connection
        .prepare_cached(
            "DELETE FROM decisions WHERE upto <= ?1 AND id IN (SELECT id FROM decisions ORDER BY id LIMIT ?2)",
        )?
        .execute(params![upto.saturating_sub(limits.size_bytes), CUT])?;
    let hours = connection
        .prepare_cached(
            "DELETE FROM decoys WHERE (hour_s, service) IN
             (SELECT hour_s, service FROM decoys WHERE hour_s < ?1 ORDER BY hour_s LIMIT ?2)",
        )?
        .execute(params![oldest_s.saturating_sub(3_600), CUT])?;
    let changed = changes::cut(connection, oldest_s, CUT)?;
    let all = usize::try_from(CUT).unwrap_or(usize::MAX);
    Ok([by_age, by_size, hours, changed].contains(&all))
}

/// [`crate::store::Store::decisions`].
pub(super) fn page(connection: &Connection, ask: &LogAsk) -> Result<LogPage, Failed> {
    let (first, last): (i64, i64) = connection
        .prepare_cached(
            "SELECT coalesce((SELECT min(id) FROM decisions), 1), coalesce((SELECT max(id) FROM decisions), 0)",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    // Behind the last one: the log has been emptied since and has begun anew.
    let from = if ask.after > last { first } else { ask.after.saturating_add(1).max(first) };
    let upto = from.saturating_add(PIECE).saturating_sub(1).min(last);
    let mut statement = connection.prepare_cached(select!(
        "WHERE id BETWEEN ?1 AND ?2 AND at_s >= ?3 AND (?4 IS NULL OR user = ?4) ORDER BY id"
    ))?;
    let mut rows = statement.query(params![from, upto, ask.since_s, ask.user])?;
    let mut page = LogPage { decisions: Vec::new(), damaged: 0, after: upto, is_end: upto >= last };
    while let Some(row) = rows.next()? {
        match decision(row) {
            Ok(decision) => page.decisions.push(decision),
            Err(Failed::Damaged(_)) => page.damaged = page.damaged.saturating_add(1),
            Err(failed @ Failed::Engine(_)) => return Err(failed),
        }
    }
    Ok(page)
}

fn decision(row: &Row<'_>) -> Result<Decision, Failed> {
    sums::check("decisions", row)?;
    Ok(Decision {
        at_s: row.get(1)?,
        reference: row.get(2)?,
        user: row.get(3)?,
        uid: row.get(4)?,
        peer_uid: row.get(5)?,
        source: row.get(6)?,
        service: row.get(7)?,
        class: row.get(8)?,
        factor: row.get(9)?,
        verdict: verdict(&row.get::<_, String>(10)?)?,
        reason: row.get(11)?,
        device: row.get(12)?,
        generation: row.get(13)?,
    })
}

/// [`crate::store::Store::decoys`].
pub(super) fn decoys(connection: &Connection, since_s: i64) -> Result<Vec<Decoys>, Failed> {
    let mut statement = connection
        .prepare_cached("SELECT hour_s, service, count, sum FROM decoys WHERE hour_s > ?1 ORDER BY hour_s, service")?;
    // The hour that it falls into counts whole.
    let mut rows = statement.query([since_s.saturating_sub(3_600)])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        if sums::check("decoys", row).is_ok() {
            all.push(Decoys { hour_s: row.get(0)?, service: row.get(1)?, count: unsigned(row, 2)? });
        }
    }
    Ok(all)
}
