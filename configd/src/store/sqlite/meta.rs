//! What the daemon keeps about itself, and the wall clock's high-water mark, which rises with every write (rule 8).

use super::failed::Failed;
use super::sums;
use crate::clock::{LEAP_S, Moment};
use crate::store::MetaKey;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension};

fn name(key: MetaKey) -> &'static str {
    match key {
        MetaKey::Settings => "settings",
        MetaKey::Generation => "generation",
        MetaKey::HighWater => "high_water",
        MetaKey::KeyId => "key_id",
        MetaKey::KeyCheck => "key_check",
        MetaKey::Policy => "policy",
        MetaKey::MandatorySince => "mandatory_since",
        MetaKey::StoreGeneration => "store_generation",
        MetaKey::Ways => "ways",
        MetaKey::TestedEmail => "tested_email",
        MetaKey::TestedSms => "tested_sms",
        MetaKey::LongCodeMac => "long_code_mac",
    }
}

pub(super) fn get(connection: &Connection, key: MetaKey) -> Result<Option<Vec<u8>>, Failed> {
    let mut statement = connection.prepare_cached("SELECT key, value, sum FROM meta WHERE key = ?1")?;
    statement
        .query_row([name(key)], |row| Ok((sums::check("meta", row), row.get(1)?)))
        .optional()?
        .map(|(sum, value)| sum.map(|()| value))
        .transpose()
}

pub(super) fn put(connection: &Connection, values: &[(MetaKey, Vec<u8>)]) -> Result<(), Failed> {
    for (key, value) in values {
        let row = sums::with_sum("meta", vec![Value::from(name(*key).to_owned()), Value::from(value.clone())]);
        connection
            .prepare_cached(
                "INSERT INTO meta (key, value, sum) VALUES (?1, ?2, ?3)
                 ON CONFLICT (key) DO UPDATE SET value = excluded.value, sum = excluded.sum",
            )?
            .execute(rusqlite::params_from_iter(row))?;
    }
    Ok(())
}

/// The mark, seconds; 0: none yet.
pub(super) fn high_water_s(connection: &Connection) -> Result<i64, Failed> {
    match get(connection, MetaKey::HighWater)? {
        None => Ok(0),
        Some(bytes) => bytes
            .as_slice()
            .try_into()
            .map(i64::from_be_bytes)
            .map_err(|_| Failed::Damaged(String::from("the high-water mark of the clock is not 8 bytes"))),
    }
}

/// Raises the mark to `now`, unless that is a leap (the rule of [`crate::clock::HighWater`]).
pub(super) fn raise_high_water(connection: &Connection, now: &Moment) -> Result<(), Failed> {
    let mark = high_water_s(connection)?;
    if mark == 0 || (now.wall_s > mark && now.wall_s.saturating_sub(mark) <= LEAP_S) {
        put(connection, &[(MetaKey::HighWater, now.wall_s.to_be_bytes().to_vec())])?;
    }
    Ok(())
}
