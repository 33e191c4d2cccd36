//! Space kept ahead (fault 3): on a full disk a try must still be charged, a message counted and a code marked used, or nobody
//! could log in.
//!
//! Two files grow. The `-wal` takes each commit until it is checkpointed; its blocks are allocated here and it is not shortened
//! while the store is open, so that it is written over from its beginning after each checkpoint (the writer makes one as soon
//! as a commit finds no space, and does the commit again). The database grows by a page where a table does; it keeps pages
//! free for that.
//!
//! Both are made when the store is opened, and again where a quarter of the pages is used up. A stop leaves them to the
//! next start; a start after a crash gives the log's blocks back for a moment, and may lose them to who waits for space.
//!
//! So on a full disk the store works until the free pages are used up: some hundreds of new rows, while rows that are taken away
//! (messages of yesterday, ended challenges) give pages back. After that every operation that writes fails, which denies;
//! reading goes on, nothing that was acknowledged is lost, and with space on the disk the same handle works again. There is no
//! room ahead where the disk was full already when the store was opened for the first time, nor on a file system that writes
//! each block to a new place (btrfs, ZFS).
//!
//! Want of space never fails an opening, and what stands in a file is never written over.

use super::failed::Failed;
use super::opening::{Checkpoint, beside, checkpoint};
use rusqlite::Connection;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use nix::libc;

/// Bytes of the `-wal` file that are allocated ahead: some 120 pages. A group of jobs that changes more is done in parts.
const LOG_BYTES: libc::off_t = 512 * 1024;

/// Free pages that the database makes, of 4 KiB each.
const FREE_PAGES: i64 = 80;

/// With fewer than these the writer makes more, and where it cannot they are for logins alone: the log takes none of them.
const FOR_LOGINS: i64 = 60;

/// Pages that making room takes beside those that it leaves.
const ON_TOP: i64 = 4;

/// Where the files are.
#[derive(Debug)]
pub(super) struct Room {
    database: PathBuf,
    log: PathBuf,
}

impl Room {
    /// For the database at `path`.
    pub(super) fn beside(path: &Path) -> Self {
        Self { database: path.to_owned(), log: beside(path, "-wal") }
    }

    /// Makes room, as far as there is any.
    ///
    /// # Errors
    /// What ends the handle. That there is no space is only logged: the store works without it.
    pub(super) fn make(&self, connection: &Connection) -> Result<(), Failed> {
        self.make_in_log();
        match make_in_database(connection, &self.database) {
            Err(failed) if failed.is_fatal() => Err(failed),
            Err(failed) => {
                tracing::warn!(why = ?failed, "the store could not keep free pages ahead; look at the disk");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Allocates the blocks of the `-wal` file. posix_fallocate(3) changes nothing that stands there, and what it adds is zeros,
    /// which SQLite takes for the end of the log.
    pub(super) fn make_in_log(&self) {
        let allocated = OpenOptions::new()
            .write(true)
            .custom_flags(libc::O_NOFOLLOW | libc::O_CLOEXEC)
            .open(&self.log)
            .and_then(|log| Ok(nix::fcntl::posix_fallocate(log, 0, LOG_BYTES)?));
        if let Err(error) = allocated {
            tracing::warn!(path = %self.log.display(), %error, "the store could not keep space ahead; look at the disk");
        }
    }
}

/// Whether free pages are to be made.
pub(super) fn is_low(connection: &Connection) -> bool {
    free_pages(connection).is_ok_and(|free| free < FOR_LOGINS)
}

fn free_pages(connection: &Connection) -> rusqlite::Result<i64> {
    connection.pragma_query_value(None, "freelist_count", |row| row.get(0))
}

/// Grows the database by a row that is gone again before the commit. Its pages are overwritten with zeros (`secure_delete`) and
/// stay in the file, free for any table.
///
/// Not where the disk has no space for them: they would be committed to the log, which has its room, and could never be written
/// to the file from there; so nothing else could, and the log would stay full.
fn make_in_database(connection: &Connection, path: &Path) -> Result<(), Failed> {
    let free = free_pages(connection)?;
    if free >= FREE_PAGES {
        return Ok(());
    }
    if !has_space(path, FREE_PAGES.saturating_sub(free).saturating_add(ON_TOP)) {
        tracing::warn!("the store could not keep free pages ahead, since the disk is full; look at the disk");
        return Ok(());
    }
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let grown = grow(connection).and_then(|()| connection.execute_batch("COMMIT"));
    if let Err(error) = grown {
        if !connection.is_autocommit() {
            connection.execute_batch("ROLLBACK")?;
        }
        return Err(error.into());
    }
    // The pages are in the file from here on, and the log is empty again.
    checkpoint(connection, Checkpoint::Restart)
}

/// Whether the disk has space for so many pages. What it does not tell counts as yes.
fn has_space(path: &Path, pages: i64) -> bool {
    let wanted = pages.unsigned_abs().saturating_mul(4096);
    nix::sys::statvfs::statvfs(path)
        .map_or(true, |disk| disk.blocks_available().saturating_mul(disk.fragment_size()) >= wanted)
}

fn grow(connection: &Connection) -> rusqlite::Result<()> {
    let pages = FREE_PAGES.saturating_add(1);
    connection.execute(
        "INSERT INTO meta (key, value, sum) SELECT 'room', zeroblob(?1 * page_size), x'' FROM pragma_page_size",
        [pages],
    )?;
    connection.execute("DELETE FROM meta WHERE key = 'room'", [])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{opening, schema};
    use super::*;

    #[test]
    fn a_store_opened_for_use_has_room_in_both_files_and_none_that_is_used_up_stays_so() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("state.db");
        opening::make(&path, &[]).unwrap();
        let room = Room::beside(&path);
        let (writer, _reader) = opening::Checked::open(&path).unwrap().for_use(&room).unwrap();
        assert!(free_pages(&writer).unwrap() >= FREE_PAGES);
        let pages: i64 = writer.pragma_query_value(None, "page_count", |row| row.get(0)).unwrap();
        let in_file = path.metadata().unwrap().len();
        assert_eq!(in_file, u64::try_from(pages * 4096).unwrap(), "all of it is in the file, and not in the log");
        let log = || room.log.metadata().unwrap().len();
        assert!(log() >= u64::try_from(LOG_BYTES).unwrap());

        writer.execute("INSERT INTO meta (key, value, sum) VALUES ('x', zeroblob(200000), x'')", []).unwrap();
        assert!(free_pages(&writer).unwrap() < FREE_PAGES);
        room.make(&writer).unwrap();
        assert!(free_pages(&writer).unwrap() >= FREE_PAGES);
        let rooms: i64 =
            writer.query_row("SELECT count(*) FROM meta WHERE key = 'room'", [], |row| row.get(0)).unwrap();
        assert_eq!(rooms, 0);
        schema::check(&writer).unwrap();
    }
}
