//! Messages of the last day, and whether another may leave (`[limits]`). A limit withholds a message and never denies (rule 6).
//!
//! How old a message is, is asked of the clock that knows. Within a boot that is `CLOCK_BOOTTIME`, which nobody can set: a wall
//! that leaps ahead lets nothing through, one that is set back (and then stands still at its high-water mark) holds nothing up.
//! A message of an earlier boot is as old as the wall says, and at least as old as this boot. So only a wall that leapt ahead
//! across a reboot makes messages look older than they are.

use super::failed::Failed;
use super::values::{number, of_bucket, signed, text, unsigned};
use super::{challenges, meta, sums, texts};
use crate::clock::{BootId, Moment};
use crate::limits::{SendLimits, Share};
use crate::store::{Bucket, Limit, SendOf, SendTicket, SendVerdict, SourceText, TextTicket, UserKey, Withheld};
use rusqlite::types::Value;
use rusqlite::{Connection, Rows, params};

pub(super) const HOUR_MS: u64 = 3_600_000;
pub(super) const DAY_MS: u64 = 86_400_000;

/// Milliseconds until a message made at `made` leaves the window; 0: it has.
pub(super) fn left_ms(made: &Moment, now: &Moment, window_ms: u64) -> u64 {
    let age_ms = if made.boot == now.boot {
        now.boot_ms.saturating_sub(made.boot_ms)
    } else {
        let by_wall_ms = u64::try_from(now.wall_s.saturating_sub(made.wall_s)).unwrap_or(0).saturating_mul(1000);
        by_wall_ms.max(now.boot_ms)
    };
    window_ms.saturating_sub(age_ms)
}

/// Seconds until fewer than `limit` of `sent` are in the window.
pub(super) fn wait_s(sent: &[Moment], now: &Moment, limit: u32, window_ms: u64) -> u64 {
    let mut left: Vec<u64> =
        sent.iter().map(|made| left_ms(made, now, window_ms)).filter(|left_ms| *left_ms > 0).collect();
    left.sort_unstable();
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    if limit == 0 {
        return window_ms.div_ceil(1000);
    }
    // The one after whose leaving limit - 1 are left.
    match left.len().checked_sub(limit) {
        None => 0,
        Some(last_to_leave) => left.get(last_to_leave).map_or(0, |left_ms| left_ms.div_ceil(1000)),
    }
}

fn moments(mut rows: Rows<'_>) -> Result<Vec<Moment>, Failed> {
    let mut moments = Vec::new();
    while let Some(row) = rows.next()? {
        sums::check("sends", row)?;
        moments.push(Moment { wall_s: row.get(5)?, boot: BootId(row.get(6)?), boot_ms: unsigned(row, 7)? });
    }
    Ok(moments)
}

/// Whether another message of whatever kind is withheld. Each bucket of a user, so each known source, has the user's whole
/// allowance for itself, and messages from known sources do not count against the source.
pub(super) fn withheld(
    connection: &Connection,
    user: &UserKey,
    source: &SourceText,
    bucket: &Bucket,
    limits: SendLimits,
    now: &Moment,
) -> Result<Option<Withheld>, Failed> {
    let (word, own_source) = of_bucket(bucket);
    let mut by_user = connection.prepare_cached(
        "SELECT id, uid, name, bucket, source, wall_s, boot, boot_ms, sum FROM sends
         WHERE uid = ?1 AND name = ?2 AND bucket = ?3 AND (bucket <> 'known' OR source = ?4)",
    )?;
    let to_user = moments(by_user.query(params![user.uid, user.name, word, own_source])?)?;
    let of_user_s =
        wait_s(&to_user, now, limits.per_user_hour, HOUR_MS).max(wait_s(&to_user, now, limits.per_user_day, DAY_MS));
    let mut longest = Withheld { wait_s: of_user_s, by: Limit::User };
    if *bucket == Bucket::Stranger && source.0 != SourceText::LOCAL {
        let mut by_source = connection.prepare_cached(
            "SELECT id, uid, name, bucket, source, wall_s, boot, boot_ms, sum FROM sends
             WHERE source = ?1 AND bucket = ?2",
        )?;
        let from_source = moments(by_source.query(params![source.0, word])?)?;
        let of_source_s = wait_s(&from_source, now, limits.per_source_hour, HOUR_MS);
        if of_source_s > longest.wait_s {
            longest = Withheld { wait_s: of_source_s, by: Limit::Source };
        }
    }
    Ok(Some(longest).filter(|longest| longest.wait_s > 0))
}

/// [`crate::store::Store::record_send`].
pub(super) fn record(connection: &Connection, send: &SendOf) -> Result<SendVerdict, Failed> {
    let SendOf { challenge, user, source, bucket, range, limits, now } = send;
    let of_any = withheld(connection, user, source, bucket, *limits, now)?;
    let of_texts = match range {
        Some(range) => texts::withheld(connection, range, share(bucket), limits.texts, now)?,
        None => None,
    };
    if let Some(withheld) = of_any.into_iter().chain(of_texts).max_by_key(|withheld| withheld.wait_s) {
        return Ok(SendVerdict::Withheld(withheld));
    }
    prune(connection, now)?;
    challenges::prune(connection, now)?;
    let text = match range {
        Some(range) => Some(texts::count(connection, range, limits.texts, now)?),
        None => None,
    };
    let ticket = count(connection, send, text)?;
    if let Some(kept) = challenge {
        if kept.user != *user {
            return Err(Failed::Damaged(format!("challenge {} is not one of {}", kept.id.0, user.name)));
        }
        challenges::keep(connection, kept)?;
    }
    meta::raise_high_water(connection, now)?;
    Ok(SendVerdict::Go { ticket })
}

/// How much of what is counted over everybody is open to a bucket.
pub(super) fn share(bucket: &Bucket) -> Share {
    match bucket {
        Bucket::Known(_) => Share::Whole,
        Bucket::Stranger | Bucket::Own => Share::Rest,
    }
}

fn count(connection: &Connection, send: &SendOf, text_ticket: Option<TextTicket>) -> Result<SendTicket, Failed> {
    // The id is part of the sum, so it is chosen here and not by SQLite.
    let id: i64 =
        connection.prepare_cached("SELECT coalesce(max(id), 0) + 1 FROM sends")?.query_row([], |row| row.get(0))?;
    // A known source's own, so that its messages are found by it.
    let (bucket, source) = match &send.bucket {
        Bucket::Known(source) => ("known", source),
        other @ (Bucket::Stranger | Bucket::Own) => (of_bucket(other).0, &send.source),
    };
    let row = sums::with_sum(
        "sends",
        vec![
            Value::from(id),
            Value::from(send.user.uid),
            text(&send.user.name),
            text(bucket),
            text(&source.0),
            Value::from(send.now.wall_s),
            text(&send.now.boot.0),
            number(send.now.boot_ms),
        ],
    );
    connection
        .prepare_cached(
            "INSERT INTO sends (id, uid, name, bucket, source, wall_s, boot, boot_ms, sum)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )?
        .execute(rusqlite::params_from_iter(row))?;
    Ok(SendTicket { number: id, user: send.user.clone(), counted: send.now.clone(), text: text_ticket })
}

/// [`crate::store::Store::take_back_send`]. A row that is gone (it was older than a day) is nothing.
pub(super) fn take_back(connection: &Connection, ticket: &SendTicket) -> Result<(), Failed> {
    let SendTicket { number, user, counted, text } = ticket;
    connection
        .prepare_cached("DELETE FROM sends WHERE id = ?1 AND uid = ?2 AND name = ?3 AND boot = ?4 AND boot_ms = ?5")?
        .execute(params![number, user.uid, user.name, counted.boot.0, signed(counted.boot_ms)])?;
    text.as_ref().map_or(Ok(()), |ticket| texts::take_back(connection, ticket))
}

/// Takes away what is out of the longest window, by the rule of [`left_ms`].
fn prune(connection: &Connection, now: &Moment) -> Result<(), Failed> {
    let day_ms = signed(DAY_MS);
    connection
        .prepare_cached("DELETE FROM sends WHERE boot = ?1 AND boot_ms <= ?2")?
        .execute(params![now.boot.0, signed(now.boot_ms).saturating_sub(day_ms)])?;
    connection
        .prepare_cached("DELETE FROM sends WHERE (boot < ?1 OR boot > ?1) AND (?2 >= ?3 OR wall_s <= ?4)")?
        .execute(params![now.boot.0, signed(now.boot_ms), day_ms, now.wall_s.saturating_sub(day_ms / 1000)])?;
    Ok(())
}
