//! From a path to a connection that may be trusted: what the file is, whether it is whole, and then, only then, writing.
//!
//! Opening never makes a file, making never replaces one, and a damaged store is an error, never an empty store (rule 10).

use super::failed::Failed;
use super::room::Room;
use super::{files, meta, schema, sums, upkeep, users};
use crate::store::MetaKey;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::{File, Permissions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long another process (an administrator's `sqlite3`, a backup) may hold the file before we give up. A login waits 5 s.
const BUSY: Duration = Duration::from_secs(1);

/// Statements that stay prepared on a connection; we have fewer.
const STATEMENTS: usize = 64;

/// Why a store cannot be opened or made.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Nothing is there.
    #[error("{path}: there is no store; restore it from a backup")]
    Missing {
        /// Where.
        path: PathBuf,
    },
    /// Something is there already.
    #[error("{path}: something is there already, and a store is never replaced; move it away if it is not needed")]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// It is a store, or was, and is not whole.
    #[error("{path}: the store is damaged ({why}); restore it from a backup")]
    Corrupt {
        /// Where.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// It is something else.
    #[error("{path}: this is not a store of pam-2fa ({why}); move it away and restore the store from a backup")]
    NotOurs {
        /// Where.
        path: PathBuf,
        /// What was found.
        why: String,
    },
    /// A later release wrote it.
    #[error(
        "{path}: the store has version {found}, this release reads up to {ours}; install the newer release again, or restore \
         the backup from before it"
    )]
    TooNew {
        /// Where.
        path: PathBuf,
        /// Its version.
        found: i32,
        /// Ours.
        ours: i32,
    },
    /// Others may write it, or it is somebody else's.
    #[error("{path}: {why}; look at who changed it, then chown it to the daemon's user and chmod 600")]
    Unsafe {
        /// Where.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// The system said no.
    #[error("{path}: cannot {what}: {why}; look at the disk and the permissions of the folder")]
    Io {
        /// Where.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// The system's own words.
        why: String,
    },
}

impl OpenError {
    pub(super) fn io(path: &Path, what: &'static str, why: &dyn std::fmt::Display) -> Self {
        Self::Io { path: path.to_owned(), what, why: why.to_string() }
    }

    fn corrupt(path: &Path, why: &str) -> Self {
        Self::Corrupt { path: path.to_owned(), why: why.to_owned() }
    }

    /// Damage is told from a disk that does not answer.
    pub(super) fn failed(path: &Path, what: &'static str, failed: Failed) -> Self {
        match failed {
            Failed::Damaged(why) => Self::corrupt(path, &why),
            Failed::Engine(error) => match error.sqlite_error_code() {
                Some(
                    ErrorCode::SystemIoFailure
                    | ErrorCode::DiskFull
                    | ErrorCode::CannotOpen
                    | ErrorCode::PermissionDenied
                    | ErrorCode::ReadOnly
                    | ErrorCode::DatabaseBusy
                    | ErrorCode::DatabaseLocked
                    | ErrorCode::OutOfMemory
                    | ErrorCode::FileLockingProtocolFailed,
                ) => Self::io(path, what, &error),
                // SQLITE_CORRUPT and SQLITE_NOTADB, and whatever else a file that we wrote would never give.
                _ => Self::corrupt(path, &error.to_string()),
            },
        }
    }
}

/// A store that was found whole. Nothing was written to it yet.
pub(crate) struct Checked {
    path: PathBuf,
    connection: Connection,
}

impl Checked {
    /// Reads all of it: the header, the schema letter by letter, SQLite's own integrity check, and each row's checksum.
    ///
    /// What no check can see: commits that were only in the `-wal` file, if that was taken away or its frames were damaged.
    /// SQLite takes a bad frame for the torn end of the last write, as it must after a crash. So the file is checkpointed at
    /// each start and stop, which leaves at most the last [`super::writer::CHECKPOINT_AFTER`] operations exposed to that.
    pub(crate) fn open(path: &Path) -> Result<Self, OpenError> {
        let file = open_own(path)?;
        check_header(path, file)?;
        let failed = |error: Failed| OpenError::failed(path, "read the store", error);
        let connection = connect(path).map_err(|error| failed(error.into()))?;
        let found = schema::version(&connection).map_err(|error| failed(error.into()))?;
        if found > schema::VERSION {
            return Err(OpenError::TooNew { path: path.to_owned(), found, ours: schema::VERSION });
        }
        if found < 1 {
            return Err(OpenError::corrupt(path, "it has no version"));
        }
        schema::check(&connection).map_err(failed)?;
        integrity(&connection).map_err(failed)?;
        sums::check_all(&connection).map_err(failed)?;
        Ok(Self { path: path.to_owned(), connection })
    }

    /// A value of [`MetaKey`].
    pub(crate) fn meta(&self, key: MetaKey) -> Result<Option<Vec<u8>>, OpenError> {
        meta::get(&self.connection, key).map_err(|error| OpenError::failed(&self.path, "read the store", error))
    }

    /// How far it is.
    pub(crate) fn generation(&self) -> Result<i64, OpenError> {
        upkeep::generation(&self.connection).map_err(|error| OpenError::failed(&self.path, "read the store", error))
    }

    /// How many users it has.
    pub(crate) fn users(&self) -> Result<u64, OpenError> {
        users::count(&self.connection).map_err(|error| OpenError::failed(&self.path, "read the store", error))
    }

    /// The wall clock's high-water mark, seconds; 0: none yet.
    pub(crate) fn high_water_s(&self) -> Result<i64, OpenError> {
        meta::high_water_s(&self.connection).map_err(|error| OpenError::failed(&self.path, "read the store", error))
    }

    /// Leads the file to this release's schema and into WAL, and makes room ahead ([`super::room`]); gives the writer's and the
    /// reader's connection.
    pub(super) fn for_use(self, room: &Room) -> Result<(Connection, Connection), OpenError> {
        let path = self.path.clone();
        let reader_of = path.clone();
        let ready = move || -> Result<(Connection, Connection), Failed> {
            wal(&self.connection)?;
            schema::migrate(&self.connection, schema::VERSION)?;
            // A fresh WAL: nothing that an earlier process could not sync stays in it. An empty one keeps its blocks.
            match empty_log(&self.connection) {
                // They stay in the WAL, synced before SQLite began to write them to the file. Sealed, configd would stay so when
                // there is space again.
                Err(failed) if failed.is_for_want_of_space() => {
                    tracing::error!("the disk is full: the store can be read, and writing denies until there is space");
                }
                emptied => emptied?,
            }
            room.make(&self.connection)?;
            let reader = connect(&reader_of)?;
            reader.pragma_update(None, "query_only", true)?;
            // Now, so that its first read does not find the writer holding the file.
            schema::version(&reader)?;
            Ok((self.connection, reader))
        };
        ready().map_err(|error| OpenError::failed(&path, "write the store", error))
    }
}

/// Makes a store at `path` with `values` in it, whole and durable or not at all: it gets its name when it is complete.
pub(super) fn make(path: &Path, values: &[(MetaKey, Vec<u8>)]) -> Result<(), OpenError> {
    let io = |what: &'static str| move |error: std::io::Error| OpenError::io(path, what, &error);
    for name in [path.to_owned(), beside(path, "-wal"), beside(path, "-journal")] {
        if files::stands(&name).map_err(io("look at the store"))? != files::Stands::Nothing {
            return Err(OpenError::Exists { path: name });
        }
    }
    let draft = files::draft_of(path);
    files::discard(&draft).map_err(io("take away a half-made store"))?;
    let file = files::make_new(&draft).map_err(io("make the store"))?;
    fill(&draft, values).map_err(|error| OpenError::failed(path, "make the store", error))?;
    file.sync_all().map_err(io("make the store durable"))?;
    files::put_in_place(&draft, path).map_err(io("make the store durable"))
}

fn fill(draft: &Path, values: &[(MetaKey, Vec<u8>)]) -> Result<(), Failed> {
    let connection = connect(draft)?;
    // No journal: a draft is thrown away after a crash, and so is never rolled back.
    let _mode: String = connection.pragma_update_and_check(None, "journal_mode", "OFF", |row| row.get(0))?;
    schema::migrate(&connection, schema::VERSION)?;
    meta::put(&connection, values)?;
    connection.close().map_err(|(_, error)| error)?;
    Ok(())
}

/// The name of a file that SQLite puts beside `path`.
pub(crate) fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// A regular file of our own that nobody else may write; from here on nobody else may read it either.
fn open_own(path: &Path) -> Result<File, OpenError> {
    let io = |error: std::io::Error| OpenError::io(path, "open the store", &error);
    let not_ours = |why: &str| OpenError::NotOurs { path: path.to_owned(), why: why.to_owned() };
    match files::stands(path).map_err(io)? {
        files::Stands::Nothing => return Err(OpenError::Missing { path: path.to_owned() }),
        files::Stands::SomethingElse => return Err(not_ours("it is no regular file")),
        files::Stands::File => {}
    }
    let file = files::open_existing(path).map_err(io)?;
    if !file.metadata().map_err(io)?.is_file() {
        return Err(not_ours("it is no regular file"));
    }
    let (owner, mode) = files::owner_and_mode(&file).map_err(io)?;
    let unsafe_since = |why: String| Err(OpenError::Unsafe { path: path.to_owned(), why });
    if owner != files::own_uid() {
        return unsafe_since(format!("it belongs to uid {owner}, the daemon is uid {}", files::own_uid()));
    }
    if mode & 0o022 != 0 {
        return unsafe_since(format!("others may write it (mode {mode:o})"));
    }
    if mode != 0o600 {
        file.set_permissions(Permissions::from_mode(0o600)).map_err(io)?;
    }
    Ok(file)
}

/// What SQLite's file header says (its "Database File Format", 1.3), before SQLite may touch the file.
fn check_header(path: &Path, mut file: File) -> Result<(), OpenError> {
    let mut header = [0_u8; 100];
    match file.read_exact(&mut header) {
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            return Err(OpenError::corrupt(path, "it is cut off"));
        }
        Err(error) => return Err(OpenError::io(path, "read the store", &error)),
        Ok(()) => {}
    }
    if header.iter().all(|byte| *byte == 0) {
        return Err(OpenError::corrupt(path, "it is zeroed"));
    }
    if !header.starts_with(b"SQLite format 3\0") {
        return Err(OpenError::NotOurs { path: path.to_owned(), why: String::from("it is no SQLite file") });
    }
    // Pages are 512 to 65536 bytes, as 2 bytes big-endian at offset 16 (1: 65536). SQLite would fill a cut-off one with zeros.
    let page = match header.get(16..18) {
        Some([0, 1]) => 65_536,
        Some([high, low]) => u64::from(u16::from_be_bytes([*high, *low])),
        _ => 0,
    };
    let length = file.metadata().map_err(|error| OpenError::io(path, "read the store", &error))?.len();
    if !length.is_multiple_of(page) && !has_wal(path) {
        return Err(OpenError::corrupt(path, "it is cut off"));
    }
    // application_id, 4 bytes big-endian at offset 68.
    if header.get(68..72) != Some(&schema::APPLICATION_ID.to_be_bytes()) {
        return Err(OpenError::NotOurs { path: path.to_owned(), why: String::from("it belongs to another program") });
    }
    Ok(())
}

/// Whether commits wait in the WAL: then a crash may have cut off the writing of them to the file, and SQLite mends it. An empty
/// WAL may have blocks, of zeros; one with commits begins with 0x377f0682 or 0x377f0683 ("WAL File Format", 4.1).
fn has_wal(path: &Path) -> bool {
    let mut magic = [0_u8; 4];
    let read = files::open_existing(&beside(path, "-wal")).and_then(|mut log| log.read_exact(&mut magic));
    read.is_ok() && matches!(magic, [0x37, 0x7f, 0x06, 0x82 | 0x83])
}

/// A connection to a file that is there, guarded against what a crafted or damaged file might do.
pub(super) fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_NOFOLLOW
        | OpenFlags::SQLITE_OPEN_EXRESCODE;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    for (switch, on) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        // Checkpoints are ours, so that their errors are seen, and none is tried on a handle that failed.
        (DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true),
    ] {
        connection.set_db_config(switch, on)?;
    }
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "secure_delete", true)?;
    let _pages: i64 = connection.pragma_update_and_check(None, "wal_autocheckpoint", 0, |row| row.get(0))?;
    Ok(connection)
}

fn wal(connection: &Connection) -> Result<(), Failed> {
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode == "wal" { Ok(()) } else { Err(Failed::Damaged(format!("journal mode {mode} instead of wal"))) }
}

/// `integrity_check`, not `quick_check`: it also compares each index with its table, which is how a damaged key is found. The
/// file is small, a kilobyte a user, but for the log: one of 200 MB makes a start some two seconds longer.
fn integrity(connection: &Connection) -> Result<(), Failed> {
    let said: String = connection.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if said == "ok" { Ok(()) } else { Err(Failed::Damaged(said)) }
}

/// How far a checkpoint goes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Checkpoint {
    /// What can be done without waiting for a reader.
    Passive,
    /// All of it, and the next commit is written from the beginning of the WAL.
    Restart,
    /// The same, and the WAL's file is emptied.
    Truncate,
}

/// Writes what is in the WAL to the file.
pub(super) fn checkpoint(connection: &Connection, how: Checkpoint) -> Result<(), Failed> {
    let sql = match how {
        Checkpoint::Passive => "PRAGMA wal_checkpoint(PASSIVE)",
        Checkpoint::Restart => "PRAGMA wal_checkpoint(RESTART)",
        Checkpoint::Truncate => "PRAGMA wal_checkpoint(TRUNCATE)",
    };
    let _busy: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    Ok(())
}

/// Writes what is in the WAL to the file and empties it; one without pages, waiting or written already, is left alone.
fn empty_log(connection: &Connection) -> Result<(), Failed> {
    let pages: i64 = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(1))?;
    if pages > 0 { checkpoint(connection, Checkpoint::Truncate) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::types::Value;

    #[test]
    fn every_connection_syncs_each_commit_and_is_guarded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        make(&path, &[]).unwrap();
        let (writer, reader) = Checked::open(&path).unwrap().for_use(&Room::beside(&path)).unwrap();
        for connection in [&writer, &reader] {
            let says = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, Value>(0)).unwrap();
            assert_eq!(says("journal_mode"), Value::from(String::from("wal")));
            assert_eq!(says("synchronous"), Value::from(2), "FULL");
            for on in ["foreign_keys", "cell_size_check", "secure_delete"] {
                assert_eq!(says(on), Value::from(1), "{on}");
            }
            assert_eq!(says("trusted_schema"), Value::from(0));
            assert_eq!(says("wal_autocheckpoint"), Value::from(0));
            assert!(connection.db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE).unwrap());
            assert!(connection.db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE).unwrap());
        }
        assert!(writer.execute("DELETE FROM tries", []).is_ok());
        assert!(reader.execute("DELETE FROM tries", []).is_err());
    }

    #[test]
    fn a_store_of_the_first_version_is_opened_and_led_to_this_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        drop(files::make_new(&path).unwrap());
        let old = connect(&path).unwrap();
        schema::migrate(&old, 1).unwrap();
        meta::put(&old, &[(MetaKey::Generation, vec![7])]).unwrap();
        old.close().unwrap();
        let (writer, _reader) = Checked::open(&path).unwrap().for_use(&Room::beside(&path)).unwrap();
        assert_eq!(schema::version(&writer), Ok(schema::VERSION));
        assert_eq!(meta::get(&writer, MetaKey::Generation).unwrap(), Some(vec![7]));
        schema::check(&writer).unwrap();
    }
}
