//! Threads for questions that may hang: each is waited for a second at most, one that nobody waits for any more is not begun, and
//! one that hangs has another thread in its place, up to a bound. What hangs ends when the module of NSS lets go of it.

use super::Directory;
use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a question may take.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// How many may wait for a thread.
const WAITING: usize = 64;

type Work = Box<dyn FnOnce(&dyn Directory) + Send>;

/// A question on its way.
struct Job {
    work: Work,
    stage: Arc<Mutex<Stage>>,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Queued,
    Running,
    Done,
    /// Nobody waits for it any more.
    Late,
}

/// What threads and those who ask share.
struct Shared {
    queue: Mutex<Receiver<Job>>,
    directory: Arc<dyn Directory>,
    name: &'static str,
    /// How many threads hang, each with another one in its place.
    hung: Mutex<usize>,
    most_hung: usize,
}

/// The threads.
pub(super) struct Pool {
    jobs: SyncSender<Job>,
    shared: Arc<Shared>,
}

impl Pool {
    /// Starts `threads`; as many as `most_hung` more take the place of such as hang. They end when the pool is dropped and what they do
    /// is over.
    ///
    /// # Errors
    /// When no thread can be started.
    pub(super) fn start(
        name: &'static str,
        directory: Arc<dyn Directory>,
        threads: usize,
        most_hung: usize,
    ) -> std::io::Result<Self> {
        let (jobs, queue) = sync_channel::<Job>(WAITING);
        let shared = Arc::new(Shared { queue: Mutex::new(queue), directory, name, hung: Mutex::new(0), most_hung });
        for _ in 0..threads {
            spawn(&shared)?;
        }
        Ok(Self { jobs, shared })
    }

    /// Asks. Late, or not at all, is an error.
    pub(super) fn ask<T: Send + 'static>(
        &self,
        look: impl FnOnce(&dyn Directory) -> T + Send + 'static,
    ) -> Pin<Box<dyn Future<Output = Result<T, &'static str>> + Send>> {
        let (reply, answer) = oneshot::channel();
        let work: Work = Box::new(move |directory| {
            // Nobody may be waiting any more.
            let _late = reply.send(look(directory));
        });
        let stage = Arc::new(Mutex::new(Stage::Queued));
        let queued = self.jobs.try_send(Job { work, stage: Arc::clone(&stage) });
        let shared = Arc::clone(&self.shared);
        Box::pin(async move {
            match queued {
                Err(TrySendError::Full(_)) => return Err("too many look-ups are waiting for the user database"),
                Err(TrySendError::Disconnected(_)) => return Err("the look-up threads have stopped"),
                Ok(()) => {}
            }
            match tokio::time::timeout(PATIENCE, answer).await {
                Ok(Ok(found)) => Ok(found),
                Ok(Err(_)) => Err("the look-up threads have stopped"),
                Err(_) => {
                    given_up(&shared, &stage);
                    Err("the user database did not answer within 1 s")
                }
            }
        })
    }
}

/// Nobody waits for this one any more: what has not begun does not begin, and what runs has a thread in its place.
fn given_up(shared: &Arc<Shared>, stage: &Mutex<Stage>) {
    let mut stage = stage.lock().unwrap_or_else(PoisonError::into_inner);
    match *stage {
        Stage::Queued => *stage = Stage::Late,
        Stage::Done | Stage::Late => {}
        Stage::Running => {
            let mut hung = shared.hung.lock().unwrap_or_else(PoisonError::into_inner);
            // Without another thread in its place it goes on when it is let go of.
            if *hung < shared.most_hung && spawn(shared).is_ok() {
                *hung = hung.saturating_add(1);
                *stage = Stage::Late;
                tracing::warn!(
                    hung = *hung,
                    "the user database does not answer; another thread asks in the place of one that hangs"
                );
            }
        }
    }
}

fn spawn(shared: &Arc<Shared>) -> std::io::Result<()> {
    let shared = Arc::clone(shared);
    std::thread::Builder::new().name(String::from(shared.name)).spawn(move || work(&shared)).map(drop)
}

fn work(shared: &Shared) {
    loop {
        let next = shared.queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { work, stage }) = next else { return };
        {
            let mut stage = stage.lock().unwrap_or_else(PoisonError::into_inner);
            if *stage == Stage::Late {
                continue;
            }
            *stage = Stage::Running;
        }
        work(shared.directory.as_ref());
        let mut stage = stage.lock().unwrap_or_else(PoisonError::into_inner);
        if *stage == Stage::Late {
            // It hung, and another thread is there in its place.
            let mut hung = shared.hung.lock().unwrap_or_else(PoisonError::into_inner);
            *hung = hung.saturating_sub(1);
            return;
        }
        *stage = Stage::Done;
    }
}
