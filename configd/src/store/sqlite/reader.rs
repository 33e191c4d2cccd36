//! The thread that reads, on a connection of its own that cannot write. Each job sees one state of the store: the last commit
//! that was answered, or a later one. A disk that does not read, or pages that are damaged, end the handle as a failed write does: the store is
//! closed, read whole and opened again, or not.

use super::failed::Failed;
use super::job::{Job, Queue};
use super::queue::Abandon;
use super::writer::Fault;
use rusqlite::Connection;

/// Until the queue is closed and empty.
pub(super) fn run(connection: &Connection, queue: &Queue, fault: &Fault) {
    let _abandon = Abandon(queue);
    while let Some(jobs) = queue.take(1) {
        for mut job in jobs {
            let outcome = read(connection, job.as_mut());
            let what = job.what();
            if let Err(failed) = &outcome {
                fault.note(what, failed);
            }
            job.answer(outcome.map_err(|failed| failed.told(what)));
        }
    }
}

fn read(connection: &Connection, job: &mut dyn Job) -> Result<(), Failed> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    let outcome = job.run(connection);
    if !connection.is_autocommit() {
        // Nothing was written: this only lets go of the state that was read.
        let let_go = connection.prepare_cached("ROLLBACK")?.execute([]);
        outcome?;
        let_go?;
        return Ok(());
    }
    outcome
}
