//! The one thread that writes. It takes what has come in as one group, does each job in a savepoint of one transaction, and
//! answers when the commit is durable: a hundred logins at once cost one fsync, and one job's failure does not undo another's.

use super::failed::Failed;
use super::job::{Job, Queue};
use super::opening::{Checkpoint, checkpoint};
use super::queue::Abandon;
use crate::store::StoreError;
use rusqlite::Connection;
use std::sync::{Mutex, PoisonError};

/// Jobs in one transaction at most, so that the first of them does not wait for too many others.
const GROUP: usize = 64;

/// Jobs between two checkpoints: at some five pages each, a WAL of about 10 MB at most. It is not shortened in between, so
/// that a full disk still takes the next commit.
pub(super) const CHECKPOINT_AFTER: usize = 500;

/// Why the handle may not be written any more, if it may not.
#[derive(Debug, Default)]
pub(super) struct Fault(Mutex<Option<String>>);

impl Fault {
    pub(super) fn why(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The first reason stays.
    fn note(&self, failed: &Failed) {
        if failed.is_fatal() {
            let why = failed.told("write").to_string();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
        }
    }
}

/// Until the queue is closed and empty. Gives how the last checkpoint went.
pub(super) fn run(connection: &Connection, queue: &Queue, fault: &Fault) -> Result<(), StoreError> {
    let _abandon = Abandon(queue);
    let mut jobs = 0_usize;
    while let Some(group) = queue.take(GROUP) {
        jobs = jobs.saturating_add(group.len());
        match fault.why() {
            Some(why) => refuse(group, &why),
            None => write(connection, group, fault),
        }
        if jobs >= CHECKPOINT_AFTER && fault.why().is_none() {
            jobs = 0;
            // Nobody waits for this one. Where it fails in passing (no space), the WAL keeps what it holds.
            if let Err(failed) = checkpoint(connection, Checkpoint::Passive) {
                fault.note(&failed);
            }
        }
    }
    if let Some(why) = fault.why() {
        return Err(StoreError::Engine { what: "write its last changes to the file", why });
    }
    checkpoint(connection, Checkpoint::Truncate).map_err(|failed| failed.told("write its last changes to the file"))
}

fn refuse(group: Vec<Box<dyn Job>>, why: &str) {
    for job in group {
        let what = job.what();
        let why = format!("an earlier write failed, and the store must be opened again ({why})");
        job.answer(Err(StoreError::Engine { what, why }));
    }
}

/// One transaction. Every job is answered after it, whichever way it ended.
fn write(connection: &Connection, mut group: Vec<Box<dyn Job>>, fault: &Fault) {
    let mut outcomes = Vec::with_capacity(group.len());
    let whole = transact(connection, &mut group, &mut outcomes);
    if let Err(failed) = &whole {
        fault.note(failed);
        if !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("ROLLBACK")
        {
            fault.note(&Failed::from(error));
        }
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
) -> Result<(), Failed> {
    statement(connection, "BEGIN IMMEDIATE")?;
    for job in group {
        statement(connection, "SAVEPOINT job")?;
        let outcome = job.run(connection);
        if let Err(failed) = &outcome {
            // SQLite rolls back everything by itself after some errors (no space, no memory, I/O): then the others are lost.
            if connection.is_autocommit() || failed.is_fatal() {
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
