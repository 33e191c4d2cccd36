//! Work on its way to a thread of the store: bounded, first come first served.
//!
//! Who brings work waits as a future and never blocks a thread, and no runtime is needed; who takes it is a plain thread. Work
//! that is never done is dropped, so that its reply says "closed" and nobody waits for ever.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Work that waits at most. Each login has one piece of work under way, so this many logins at once.
const ROOM: usize = 1024;

/// The queue takes nothing any more.
#[derive(Debug)]
pub(super) struct Closed;

/// See the head of the file.
pub(super) struct Queue<J> {
    waiting: Mutex<Waiting<J>>,
    arrived: Condvar,
    room: Arc<Semaphore>,
}

struct Waiting<J> {
    jobs: VecDeque<(J, OwnedSemaphorePermit)>,
    closed: bool,
}

impl<J> Queue<J> {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            waiting: Mutex::new(Waiting { jobs: VecDeque::new(), closed: false }),
            arrived: Condvar::new(),
            room: Arc::new(Semaphore::new(ROOM)),
        })
    }

    /// Puts work in, after a wait where there is no room.
    pub(super) async fn put(&self, job: J) -> Result<(), Closed> {
        let permit = Arc::clone(&self.room).acquire_owned().await.map_err(|_| Closed)?;
        let mut waiting = self.lock();
        if waiting.closed {
            return Err(Closed);
        }
        waiting.jobs.push_back((job, permit));
        drop(waiting);
        self.arrived.notify_one();
        Ok(())
    }

    /// Takes what there is, at most `most`; waits where there is nothing. `None`: closed, and all work was taken.
    pub(super) fn take(&self, most: usize) -> Option<Vec<J>> {
        let mut waiting = self
            .arrived
            .wait_while(self.lock(), |waiting| waiting.jobs.is_empty() && !waiting.closed)
            .unwrap_or_else(PoisonError::into_inner);
        if waiting.jobs.is_empty() {
            return None;
        }
        let count = most.min(waiting.jobs.len());
        Some(waiting.jobs.drain(..count).map(|(job, _permit)| job).collect())
    }

    /// No more work; what is in is still done.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.room.close();
        self.arrived.notify_all();
    }

    /// No more work, and what is in is dropped: its thread is gone.
    pub(super) fn abandon(&self) {
        self.close();
        let left = std::mem::take(&mut self.lock().jobs);
        drop(left);
    }

    /// A poisoned lock is taken: nothing here leaves the queue half changed.
    fn lock(&self) -> MutexGuard<'_, Waiting<J>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Abandons the queue when its thread ends, however it ends.
pub(super) struct Abandon<'a, J>(pub(super) &'a Queue<J>);

impl<J> Drop for Abandon<'_, J> {
    fn drop(&mut self) {
        self.0.abandon();
    }
}
