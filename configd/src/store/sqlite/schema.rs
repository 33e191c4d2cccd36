//! The schema: ordered migrations, counted by `PRAGMA user_version`, and the check that a file has exactly what they make.

use super::failed::Failed;
use rusqlite::Connection;

/// Marks a file as ours (`p2fa`), in SQLite's own header.
pub(super) const APPLICATION_ID: i32 = 0x7032_6661;

/// Migration `n` leads from `user_version` n to n + 1.
const MIGRATIONS: [&str; 5] = [
    include_str!("../migrations/0001_first.sql"),
    include_str!("../migrations/0002_log.sql"),
    include_str!("../migrations/0003_devices.sql"),
    include_str!("../migrations/0004_methods.sql"),
    include_str!("../migrations/0005_limits.sql"),
];

/// The `user_version` of this release.
pub(super) const VERSION: i32 = 5;

const _: () = assert!(MIGRATIONS.len() == 5 && VERSION == 5, "one version a migration");

/// The file's `user_version`.
pub(super) fn version(connection: &Connection) -> rusqlite::Result<i32> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// Leads the file from its version to `to`, all in one transaction: after a crash it is the old one or the new one.
pub(super) fn migrate(connection: &Connection, to: i32) -> rusqlite::Result<()> {
    let from = version(connection)?;
    if from >= to {
        return Ok(());
    }
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let done = apply(connection, from, to).and_then(|()| connection.execute_batch("COMMIT"));
    if done.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    done
}

fn apply(connection: &Connection, from: i32, to: i32) -> rusqlite::Result<()> {
    let first = usize::try_from(from).unwrap_or(0);
    let count = usize::try_from(to).unwrap_or(0).saturating_sub(first);
    for sql in MIGRATIONS.iter().skip(first).take(count) {
        connection.execute_batch(sql)?;
    }
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", to)
}

/// What the schema says, in SQLite's words.
fn described(connection: &Connection) -> rusqlite::Result<Vec<(String, String, Option<String>)>> {
    let mut statement = connection.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}

/// Whether the file has the tables, indexes and checks of its version, letter by letter, and nothing else (no trigger, no
/// view): compared with a schema made in memory.
pub(super) fn check(connection: &Connection) -> Result<(), Failed> {
    let fresh = Connection::open_in_memory()?;
    migrate(&fresh, version(connection)?)?;
    if described(connection)? == described(&fresh)? {
        Ok(())
    } else {
        Err(Failed::Damaged(String::from("its tables are not those of its version")))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{sends, sums, tries};
    use super::*;
    use crate::clock::{BootId, Moment};
    use crate::limits::{SendLimits, Share, TextLimits};
    use crate::store::{Authenticator, Bucket, Limit, SourceText, UserKey, Withheld};
    use rusqlite::types::Value;

    #[test]
    fn a_file_of_each_earlier_version_becomes_one_of_this_release_with_its_rows() {
        for from in 1..VERSION {
            let connection = Connection::open_in_memory().unwrap();
            migrate(&connection, from).unwrap();
            check(&connection).unwrap();
            connection.execute("INSERT INTO meta (key, value, sum) VALUES ('x', x'07', x'')", []).unwrap();
            migrate(&connection, VERSION).unwrap();
            assert_eq!(version(&connection), Ok(VERSION));
            check(&connection).unwrap();
            let kept: Vec<u8> = connection.query_row("SELECT value FROM meta", [], |row| row.get(0)).unwrap();
            assert_eq!(kept, [7]);
        }
    }

    #[test]
    fn wrong_codes_that_were_counted_before_the_table_of_tries_was_made_anew_are_counted_still() {
        for from in 1..4 {
            let connection = Connection::open_in_memory().unwrap();
            migrate(&connection, from).unwrap();
            let text = |text: &str| Value::from(String::from(text));
            for (bucket, source, failures, wait_ms) in
                [("stranger", "", 79, Some(500)), ("known", "192.0.2.7/32", 2, None), ("own", "", 1, None)]
            {
                let row = vec![
                    Value::from(1000),
                    text("ada"),
                    text("email"),
                    text(bucket),
                    text(source),
                    Value::from(failures),
                    wait_ms.map_or(Value::Null, |_| text("boot")),
                    wait_ms.map_or(Value::Null, Value::from),
                    wait_ms.map_or(Value::Null, Value::from),
                ];
                let row = sums::with_sum("tries", row);
                connection
                    .execute("INSERT INTO tries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rusqlite::params_from_iter(row))
                    .unwrap();
            }
            migrate(&connection, VERSION).unwrap();
            let ada = UserKey { uid: 1000, name: String::from("ada") };
            let counts = tries::counts(&connection, &ada, Authenticator::Email).unwrap();
            assert_eq!((counts.all(), counts.stranger.failures, counts.own.failures), (82, 79, 1));
            let wait = counts.stranger.wait.unwrap();
            assert_eq!((wait.boot.0.as_str(), wait.until_ms, wait.length_ms), ("boot", 500, 500));
            let app = tries::counts(&connection, &ada, Authenticator::App).unwrap();
            assert_eq!(app.all(), 0);
        }
    }

    #[test]
    fn messages_that_were_counted_before_there_were_limits_on_text_messages_are_counted_still() {
        for from in 1..5 {
            let connection = Connection::open_in_memory().unwrap();
            migrate(&connection, from).unwrap();
            let text = |text: &str| Value::from(String::from(text));
            for id in 1..=3 {
                let head =
                    vec![Value::from(id), Value::from(1000), text("ada"), text("stranger"), text("192.0.2.7/32")];
                let row = sums::with_sum("sends", [head, vec![Value::from(5), text("boot"), Value::from(7)]].concat());
                connection
                    .execute("INSERT INTO sends VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", rusqlite::params_from_iter(row))
                    .unwrap();
            }
            migrate(&connection, VERSION).unwrap();
            sums::check_all(&connection).unwrap();
            let ada = UserKey { uid: 1000, name: String::from("ada") };
            let now = Moment { wall_s: 5, boot: BootId(String::from("boot")), boot_ms: 7 };
            let texts = TextLimits { per_range_hour: 1, per_day: 1, cost_per_day: None, price: 0 };
            let limits = SendLimits { per_user_hour: 3, per_user_day: 40, per_source_hour: 20, texts };
            let source = SourceText(String::from("192.0.2.7/32"));
            let withheld = sends::withheld(&connection, &ada, &source, &Bucket::Stranger, limits, &now).unwrap();
            assert_eq!(withheld, Some(Withheld { wait_s: 3600, by: Limit::User }));
            assert_eq!(super::super::texts::withheld(&connection, "+1555", Share::Rest, texts, &now).unwrap(), None);
        }
    }
}
