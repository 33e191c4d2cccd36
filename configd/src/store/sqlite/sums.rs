//! A checksum in each row (fault 5), since SQLite's pages carry none: a bit that flips on the disk is an error, not another
//! address, another count, or a user without a record.
//!
//! It tells damage, not intent: it needs no key, and who can write the file can write a right sum. What must be safe against
//! a writer of the file is sealed (`crate::seal`).

use super::failed::Failed;
use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, Row};
use sha2::{Digest, Sha256};

/// The tables that are checked at each start; each ends in `sum`. Those of the log are not among them: a damaged line of it is left
/// out when it is read, and denies nobody.
const TABLES: [&str; 14] = [
    "meta",
    "users",
    "known_sources",
    "tries",
    "challenges",
    "ended",
    "sends",
    "texts",
    "devices",
    "login_devices",
    "apps",
    "recovery_codes",
    "choices",
    "passes",
];

/// Bytes of SHA-256 that are kept. Damage goes unseen once in 2^64.
const LENGTH: usize = 8;

/// Over the table's name and each value with its type and length, so that nothing can be shifted from one to the next.
fn sum<'a>(table: &str, values: impl Iterator<Item = ValueRef<'a>>) -> Vec<u8> {
    let mut hash = Sha256::new();
    let mut put = |kind: u8, bytes: &[u8]| {
        hash.update([kind]);
        hash.update(u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(bytes);
    };
    put(0, table.as_bytes());
    for value in values {
        match value {
            ValueRef::Null => put(1, &[]),
            ValueRef::Integer(number) => put(2, &number.to_be_bytes()),
            ValueRef::Real(number) => put(3, &number.to_bits().to_be_bytes()),
            ValueRef::Text(text) => put(4, text),
            ValueRef::Blob(bytes) => put(5, bytes),
        }
    }
    hash.finalize().iter().copied().take(LENGTH).collect()
}

/// The values of a row, and their sum after them.
pub(super) fn with_sum(table: &str, mut values: Vec<Value>) -> Vec<Value> {
    let sum = sum(table, values.iter().map(ValueRef::from));
    values.push(Value::Blob(sum));
    values
}

/// Checks a row of which all columns were read, in the table's order.
pub(super) fn check(table: &str, row: &Row<'_>) -> Result<(), Failed> {
    let columns = row.as_ref().column_count();
    let mut values = (0..columns).map(|column| row.get_ref(column)).collect::<Result<Vec<_>, _>>()?;
    let kept = values.pop();
    if kept == Some(ValueRef::Blob(&sum(table, values.into_iter()))) {
        Ok(())
    } else {
        Err(Failed::Damaged(format!("a row of {table} does not match its checksum")))
    }
}

/// Checks every row of every table.
pub(super) fn check_all(connection: &Connection) -> Result<(), Failed> {
    for table in TABLES {
        // An earlier version has fewer of them; that it has all of its own was seen before (schema::check).
        if !connection.table_exists(None, table)? {
            continue;
        }
        let mut statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            check(table, row)?;
        }
    }
    Ok(())
}
