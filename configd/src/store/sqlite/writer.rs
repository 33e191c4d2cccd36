//! The one thread that writes. It takes what has come in as one group, does each job in a savepoint of one transaction, and
//! answers when the commit is durable: a hundred logins at once cost one fsync, and one job's failure does not undo another's.

use super::failed::Failed;
use super::job::{Job, Queue};
use super::ledger::Ledger;
use super::opening::{Checkpoint, checkpoint};
use super::queue::Abandon;
use super::room::{self, Room};
use crate::store::StoreError;
use rusqlite::Connection;
use std::sync::{Arc, Mutex, PoisonError};

/// Jobs in one transaction at most, so that the first of them does not wait for too many others.
const GROUP: usize = 64;

/// Jobs between two checkpoints: at some five pages each, a WAL of about 10 MB at most. It is not shortened in between
/// ([`super::room`]).
pub(super) const CHECKPOINT_AFTER: usize = 500;

/// Why nothing more may be taken from the handle, if it may not: a write failed, or what was read is not what stood there.
#[derive(Debug, Default)]
pub(super) struct Fault(Mutex<Option<String>>);

impl Fault {
    pub(super) fn why(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The first reason stays.
    pub(super) fn note(&self, what: &'static str, failed: &Failed) {
        if failed.is_fatal() {
            let why = failed.told(what).to_string();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
        }
    }
}

/// Until the queue is closed and empty. Gives how the last checkpoint went.
pub(super) fn run(
    connection: &Connection,
    queue: &Queue,
    fault: &Fault,
    ledger: &Arc<Ledger>,
    room: &Room,
) -> Result<(), StoreError> {
    let _abandon = Abandon(queue);
    let mut jobs = 0_usize;
    let mut may_make_room = true;
    while let Some(mut group) = queue.take(GROUP) {
        if fault.why().is_none() {
            // First, so that it is settled before anybody who asked for it is answered.
            group.splice(0..0, ledger.take());
        }
        jobs = jobs.saturating_add(group.len());
        write(connection, group, fault);
        let is_due = jobs >= CHECKPOINT_AFTER || (may_make_room && room::is_low(connection));
        if is_due && fault.why().is_none() {
            jobs = 0;
            // Nobody waits for this one. Where it fails in passing (no space), the WAL keeps what it holds.
            if let Err(failed) = checkpoint(connection, Checkpoint::Passive).and_then(|()| room.make(connection)) {
                fault.note("write", &failed);
            }
            // Where there is no space, not again after every group.
            may_make_room = !room::is_low(connection);
        }
    }
    // What nobody has written anything after. Where it fails, it is held and the loop ends.
    while fault.why().is_none() && ledger.would_write() {
        write(connection, ledger.take().into_iter().collect(), fault);
    }
    if let Some(why) = fault.why() {
        return Err(StoreError::Engine { what: "write its last changes to the file", why });
    }
    checkpoint(connection, Checkpoint::Truncate).map_err(|failed| failed.told("write its last changes to the file"))?;
    // For the next start, which may find the disk full.
    room.make_in_log();
    Ok(())
}

fn refuse(group: Vec<Box<dyn Job>>, why: &str) {
    for job in group {
        let what = job.what();
        let why = format!("it has failed before, and the store must be opened again ({why})");
        job.answer(Err(StoreError::Engine { what, why }));
    }
}

/// One transaction; several, where the disk is full and the room kept ahead does not hold one. Every job is answered after its
/// own, whichever way it ended. None, once the handle has failed, be it with the part before.
fn write(connection: &Connection, mut group: Vec<Box<dyn Job>>, fault: &Fault) {
    if let Some(why) = fault.why() {
        return refuse(group, &why);
    }
    let mut outcomes = Vec::with_capacity(group.len());
    let mut whole = transact(connection, &mut group, &mut outcomes, fault);
    if whole.as_ref().is_err_and(Failed::is_for_want_of_space) && fault.why().is_none() {
        // The log's own blocks are free again once it is written to the file.
        if let Err(failed) = checkpoint(connection, Checkpoint::Restart) {
            fault.note("write", &failed);
        } else {
            outcomes.clear();
            whole = transact(connection, &mut group, &mut outcomes, fault);
        }
    }
    if group.len() > 1 && whole.as_ref().is_err_and(Failed::is_for_want_of_space) && fault.why().is_none() {
        let rest = group.split_off(group.len() / 2);
        write(connection, group, fault);
        return write(connection, rest, fault);
    }
    for (job, outcome) in group.into_iter().zip(outcomes.into_iter().map(Some).chain(std::iter::repeat_with(|| None))) {
        let what = job.what();
        let answer = match (&whole, outcome) {
            // A job that failed by itself says why, even where the group failed too.
            (_, Some(Err(failed))) => Err(failed.told(what)),
            (Err(failed), _) => Err(failed.told(what)),
            (Ok(()), Some(Ok(()))) => Ok(()),
            (Ok(()), None) => Err(StoreError::Closed),
        };
        job.answer(answer);
    }
}

/// An error: nothing of the group is kept.
fn transact(
    connection: &Connection,
    group: &mut [Box<dyn Job>],
    outcomes: &mut Vec<Result<(), Failed>>,
    fault: &Fault,
) -> Result<(), Failed> {
    let whole = attempt(connection, group, outcomes);
    if let Err(failed) = &whole {
        fault.note("write", failed);
        if !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("ROLLBACK")
        {
            fault.note("write", &Failed::from(error));
        }
    }
    whole
}

fn attempt(
    connection: &Connection,
    group: &mut [Box<dyn Job>],
    outcomes: &mut Vec<Result<(), Failed>>,
) -> Result<(), Failed> {
    statement(connection, "BEGIN IMMEDIATE")?;
    for job in group {
        statement(connection, "SAVEPOINT job")?;
        let outcome = job.run(connection);
        if let Err(failed) = &outcome {
            // SQLite rolls back everything by itself after some errors (no space, no memory, I/O): then the others are lost.
            if connection.is_autocommit() || failed.is_fatal() || failed.is_for_want_of_space() {
                return outcome;
            }
            statement(connection, "ROLLBACK TO job")?;
        }
        statement(connection, "RELEASE job")?;
        outcomes.push(outcome);
    }
    statement(connection, "COMMIT")
}

fn statement(connection: &Connection, sql: &str) -> Result<(), Failed> {
    connection.prepare_cached(sql)?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sqlite::job::submit;
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc::Sender;

    /// A writer on a store in memory, with one table.
    fn start() -> (Arc<Queue>, std::thread::JoinHandle<Result<(), StoreError>>) {
        let queue = Queue::new();
        let its = Arc::clone(&queue);
        let thread = std::thread::spawn(move || {
            let connection = Connection::open_in_memory().unwrap();
            connection.execute_batch("CREATE TABLE t (x)").unwrap();
            run(&connection, &its, &Fault::default(), &Ledger::new(), &Room::beside(Path::new("/nowhere/state.db")))
        });
        (queue, thread)
    }

    fn insert(connection: &Connection) -> Result<(), Failed> {
        connection.execute("INSERT INTO t VALUES (1)", [])?;
        Ok(())
    }

    #[tokio::test]
    async fn one_job_that_fails_undoes_itself_and_nothing_else_of_its_group() {
        let (queue, thread) = start();
        let jobs: Vec<_> = (0..100_u32)
            .map(|number| {
                submit(&queue, "try", move |connection| {
                    insert(connection)?;
                    if number % 3 == 0 { Err(Failed::Damaged(String::from("no"))) } else { Ok(()) }
                })
            })
            .collect();
        let tasks: Vec<_> = jobs.into_iter().map(tokio::spawn).collect();
        for (number, task) in tasks.into_iter().enumerate() {
            assert_eq!(task.await.unwrap().is_err(), number % 3 == 0, "{number}");
        }
        let count = submit(&queue, "count", |connection| {
            Ok(connection.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, u32>(0))?)
        });
        assert_eq!(count.await.unwrap(), 66);
        queue.close();
        thread.join().unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_thread_that_ends_leaves_nobody_waiting() {
        let (queue, thread) = start();
        let ends = submit(&queue, "end", |_| -> Result<(), Failed> { panic!("as a mistake of ours would") });
        let behind = submit(&queue, "insert", insert);
        let (ends, behind) = tokio::join!(ends, behind);
        assert!(matches!(ends, Err(StoreError::Closed)));
        assert!(matches!(behind, Err(StoreError::Closed) | Ok(())));
        assert!(thread.join().is_err());
        assert!(matches!(submit(&queue, "insert", insert).await, Err(StoreError::Closed)));
    }

    /// A job whose runs end as its script says, from the last to the first; then well.
    struct Scripted {
        script: Vec<Failed>,
        runs: Arc<AtomicU32>,
        told: Sender<Result<(), StoreError>>,
    }

    impl Job for Scripted {
        fn what(&self) -> &'static str {
            "try"
        }

        fn run(&mut self, connection: &Connection) -> Result<(), Failed> {
            self.runs.fetch_add(1, Ordering::Relaxed);
            insert(connection)?;
            self.script.pop().map_or(Ok(()), Err)
        }

        fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
            self.told.send(outcome).unwrap();
        }
    }

    #[test]
    fn a_group_done_in_parts_for_want_of_space_ends_at_the_first_part_that_fails_fatally() {
        let connection = Connection::open_in_memory().unwrap();
        connection.execute_batch("CREATE TABLE t (x)").unwrap();
        let error = |code| Failed::Engine(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
        let (full, no_sync) = (rusqlite::ffi::SQLITE_FULL, rusqlite::ffi::SQLITE_IOERR_FSYNC);
        let (told, answers) = std::sync::mpsc::channel();
        let runs = [Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0))];
        let job = |script, runs: &Arc<AtomicU32>| -> Box<dyn Job> {
            Box::new(Scripted { script, runs: Arc::clone(runs), told: told.clone() })
        };
        // As a whole, and once more after the checkpoint, there is no space; in its own part the first then fails for good.
        let group = vec![job(vec![error(no_sync), error(full), error(full)], &runs[0]), job(Vec::new(), &runs[1])];
        let fault = Fault::default();
        write(&connection, group, &fault);
        assert!(fault.why().is_some());
        assert_eq!(runs.map(|runs| runs.load(Ordering::Relaxed)), [3, 0], "the handle is not written any more");
        let answers: Vec<_> = answers.try_iter().collect();
        assert!(answers.len() == 2 && answers.iter().all(Result::is_err), "{answers:?}");
        let rows: u32 = connection.query_row("SELECT count(*) FROM t", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, 0);
    }

    #[tokio::test]
    async fn after_a_fatal_error_every_job_is_refused_and_the_last_checkpoint_is_not_tried() {
        let (queue, thread) = start();
        let io_error = || {
            Failed::Engine(rusqlite::Error::SqliteFailure(
                rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_IOERR_FSYNC),
                None,
            ))
        };
        let fails =
            submit(&queue, "fail", move |connection| insert(connection).and_then(|()| Err::<(), _>(io_error())));
        assert!(matches!(fails.await, Err(StoreError::Engine { what: "fail", .. })));
        for _ in 0..3 {
            let Err(StoreError::Engine { what, why }) = submit(&queue, "insert", insert).await else { panic!() };
            assert!(what == "insert" && why.contains("opened again"), "{what}: {why}");
        }
        queue.close();
        assert!(thread.join().unwrap().is_err());
    }
}
