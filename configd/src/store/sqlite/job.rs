//! A piece of work on a connection and the reply that waits for it. It is done in one place and answered in another, since a
//! reply may leave only after the commit of the whole group.

use super::failed::Failed;
use crate::store::{Pending, StoreError};
use rusqlite::Connection;
use std::sync::Arc;
use tokio::sync::oneshot;

/// What the threads see of it.
pub(super) trait Job: Send {
    /// What it is, for errors: `charge an attempt`.
    fn what(&self) -> &'static str;
    /// Does it, inside the caller's transaction. Again only after that was rolled back.
    fn run(&mut self, connection: &Connection) -> Result<(), Failed>;
    /// Answers: what [`Job::run`] gave, or the error.
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

pub(super) type Queue = super::queue::Queue<Box<dyn Job>>;

struct Typed<T, F> {
    what: &'static str,
    work: F,
    done: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: Fn(&Connection) -> Result<T, Failed> + Send> Job for Typed<T, F> {
    fn what(&self) -> &'static str {
        self.what
    }

    fn run(&mut self, connection: &Connection) -> Result<(), Failed> {
        self.done = Some((self.work)(connection)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let answer = match (outcome, self.done) {
            (Ok(()), Some(done)) => Ok(done),
            (Ok(()), None) => Err(StoreError::Closed),
            (Err(error), _) => Err(error),
        };
        // Who asked may have gone away; the work stays done.
        let _gone = self.reply.send(answer);
    }
}

/// Hands `work` to the thread behind `queue`. Nothing happens before the future is polled; once it was, dropping the future
/// does not undo the work.
pub(super) fn submit<T, F>(queue: &Arc<Queue>, what: &'static str, work: F) -> Pending<T>
where
    T: Send + 'static,
    F: Fn(&Connection) -> Result<T, Failed> + Send + 'static,
{
    let queue = Arc::clone(queue);
    Box::pin(async move {
        let (reply, answer) = oneshot::channel();
        let job = Typed { what, work, done: None, reply };
        queue.put(Box::new(job)).await.map_err(|_| StoreError::Closed)?;
        answer.await.unwrap_or(Err(StoreError::Closed))
    })
}
