//! Text messages of the last day, over everybody: whether another may leave by number range, day and cost (`[limits]`). How old one
//! is, is asked as of any message ([`super::sends`]).

use super::failed::Failed;
use super::sends::{DAY_MS, HOUR_MS, left_ms, wait_s};
use super::sums;
use super::values::{number, signed, text, unsigned};
use crate::clock::{BootId, Moment};
use crate::limits::{Share, TextLimits, cost_wait_ms};
use crate::store::{Limit, RangeNow, TextOf, TextTicket, TextVerdict, TextsNow, Withheld};
use pam_2fa_settings::{E164, Region};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Params, params};
use std::collections::BTreeSet;

/// When messages were made, and what each cost.
fn made(connection: &Connection, sql: &str, params: impl Params) -> Result<Vec<(Moment, u64)>, Failed> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let mut made = Vec::new();
    while let Some(row) = rows.next()? {
        sums::check("texts", row)?;
        let moment = Moment { wall_s: row.get(3)?, boot: BootId(row.get(4)?), boot_ms: unsigned(row, 5)? };
        made.push((moment, unsigned(row, 2)?));
    }
    Ok(made)
}

fn all(connection: &Connection) -> Result<Vec<(Moment, u64)>, Failed> {
    made(connection, "SELECT id, number_range, cost, wall_s, boot, boot_ms, sum FROM texts", [])
}

fn of_range(connection: &Connection, range: &str) -> Result<Vec<(Moment, u64)>, Failed> {
    let sql = "SELECT id, number_range, cost, wall_s, boot, boot_ms, sum FROM texts WHERE number_range = ?1";
    made(connection, sql, [range])
}

fn moments(made: Vec<(Moment, u64)>) -> Vec<Moment> {
    made.into_iter().map(|(moment, _)| moment).collect()
}

fn open(share: Share, limit: u32) -> u32 {
    u32::try_from(share.of(u64::from(limit))).unwrap_or(limit)
}

/// The longer of two.
fn longer(one: Option<Withheld>, wait_s: u64, by: Limit) -> Option<Withheld> {
    let before_s = one.map_or(0, |withheld| withheld.wait_s);
    if wait_s > before_s { Some(Withheld { wait_s, by }) } else { one }
}

/// Whether the day or its cost withholds whatever text message `share` would send.
fn of_the_day(
    connection: &Connection,
    share: Share,
    limits: TextLimits,
    now: &Moment,
) -> Result<Option<Withheld>, Failed> {
    let most = open(share, limits.per_day);
    // All that are there are no more than those of the day; mostly that is all one needs to know.
    let count: u32 = connection.prepare_cached("SELECT count(*) FROM texts")?.query_row([], |row| row.get(0))?;
    if count < most && limits.cost_per_day.is_none() {
        return Ok(None);
    }
    let made = all(connection)?;
    let mut withheld = None;
    if let Some(cap) = limits.cost_per_day {
        let spent = made.iter().map(|(moment, cost)| (left_ms(moment, now, DAY_MS), *cost)).collect();
        let wait_ms = cost_wait_ms(spent, limits.price, share.of_cost(cap, limits.price), DAY_MS);
        withheld = longer(withheld, wait_ms.div_ceil(1000), Limit::Cost);
    }
    Ok(longer(withheld, wait_s(&moments(made), now, most, DAY_MS), Limit::Day))
}

fn of_the_range(
    connection: &Connection,
    range: &str,
    share: Share,
    limits: TextLimits,
    now: &Moment,
) -> Result<Option<Withheld>, Failed> {
    let sent = moments(of_range(connection, range)?);
    Ok(longer(None, wait_s(&sent, now, open(share, limits.per_range_hour), HOUR_MS), Limit::Range))
}

/// Whether a text message to a number of `range` is withheld.
pub(super) fn withheld(
    connection: &Connection,
    range: &str,
    share: Share,
    limits: TextLimits,
    now: &Moment,
) -> Result<Option<Withheld>, Failed> {
    let of_day = of_the_day(connection, share, limits, now)?;
    let of_range = of_the_range(connection, range, share, limits, now)?;
    Ok(of_range.map_or(of_day, |withheld| longer(of_day, withheld.wait_s, withheld.by)))
}

/// [`crate::store::Store::record_text`].
pub(super) fn record(connection: &Connection, send: &TextOf) -> Result<TextVerdict, Failed> {
    let TextOf { range, share, limits, now } = send;
    if let Some(withheld) = withheld(connection, range, *share, *limits, now)? {
        return Ok(TextVerdict::Withheld(withheld));
    }
    let ticket = count(connection, range, *limits, now)?;
    super::meta::raise_high_water(connection, now)?;
    Ok(TextVerdict::Go { ticket })
}

/// Counts one.
pub(super) fn count(
    connection: &Connection,
    range: &str,
    limits: TextLimits,
    now: &Moment,
) -> Result<TextTicket, Failed> {
    prune(connection, now)?;
    // The id is part of the sum, so it is chosen here and not by SQLite.
    let id: i64 =
        connection.prepare_cached("SELECT coalesce(max(id), 0) + 1 FROM texts")?.query_row([], |row| row.get(0))?;
    let row = sums::with_sum(
        "texts",
        vec![
            Value::from(id),
            text(range),
            number(limits.price),
            Value::from(now.wall_s),
            text(&now.boot.0),
            number(now.boot_ms),
        ],
    );
    connection
        .prepare_cached(
            "INSERT INTO texts (id, number_range, cost, wall_s, boot, boot_ms, sum) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(rusqlite::params_from_iter(row))?;
    Ok(TextTicket { number: id, range: String::from(range), counted: now.clone() })
}

/// [`crate::store::Store::take_back_text`]. A row that is gone (it was older than a day) is nothing.
pub(super) fn take_back(connection: &Connection, ticket: &TextTicket) -> Result<(), Failed> {
    let TextTicket { number, range, counted } = ticket;
    connection
        .prepare_cached("DELETE FROM texts WHERE id = ?1 AND number_range = ?2 AND boot = ?3 AND boot_ms = ?4")?
        .execute(params![number, range, counted.boot.0, signed(counted.boot_ms)])?;
    Ok(())
}

/// Takes away what is out of the day, by the rule of [`left_ms`].
fn prune(connection: &Connection, now: &Moment) -> Result<(), Failed> {
    let day_ms = signed(DAY_MS);
    connection
        .prepare_cached("DELETE FROM texts WHERE boot = ?1 AND boot_ms <= ?2")?
        .execute(params![now.boot.0, signed(now.boot_ms).saturating_sub(day_ms)])?;
    connection
        .prepare_cached("DELETE FROM texts WHERE (boot < ?1 OR boot > ?1) AND (?2 >= ?3 OR wall_s <= ?4)")?
        .execute(params![now.boot.0, signed(now.boot_ms), day_ms, now.wall_s.saturating_sub(day_ms / 1000)])?;
    Ok(())
}

/// [`crate::store::Store::texts`].
pub(super) fn standing(connection: &Connection, limits: TextLimits, now: &Moment) -> Result<TextsNow, Failed> {
    let made = all(connection)?;
    let of_day = || made.iter().filter(|(moment, _)| left_ms(moment, now, DAY_MS) > 0);
    let mut statement =
        connection.prepare_cached("SELECT number_range FROM texts GROUP BY number_range HAVING count(*) >= ?1")?;
    let many: Vec<String> =
        statement.query_map([open(Share::Rest, limits.per_range_hour)], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut ranges = Vec::new();
    for range in many {
        if let Some(rest) = of_the_range(connection, &range, Share::Rest, limits, now)? {
            let whole = of_the_range(connection, &range, Share::Whole, limits, now)?;
            ranges.push(RangeNow { range, whole, rest });
        }
    }
    Ok(TextsNow {
        sent: u64::try_from(of_day().count()).unwrap_or(u64::MAX),
        cost: of_day().fold(0_u64, |sum, (_, cost)| sum.saturating_add(*cost)),
        whole: of_the_day(connection, Share::Whole, limits, now)?,
        rest: of_the_day(connection, Share::Rest, limits, now)?,
        ranges,
        regions: regions(connection)?,
    })
}

/// Of which countries there are numbers: a step for each beginning that decides it, however many numbers there are.
pub(super) fn regions(connection: &Connection) -> Result<BTreeSet<Region>, Failed> {
    let mut next = connection.prepare_cached("SELECT phone FROM users WHERE phone > ?1 ORDER BY phone LIMIT 1")?;
    let (mut regions, mut behind) = (BTreeSet::new(), String::new());
    while let Some(phone) = next.query_row([&behind], |row| row.get::<_, String>(0)).optional()? {
        let number = E164::parse(&phone).map_err(|_| Failed::Damaged(String::from("a number on file is not E.164")))?;
        regions.insert(number.region());
        // Behind the last digit in the order of bytes.
        behind = format!("{}:", number.decides_region());
    }
    Ok(regions)
}
