//! Look-ups in the system's user database (rule 12): on a small pool of threads of their own, since a module of NSS can hang,
//! and for [`PATIENCE`] at most. Late or failed is an answer of its own, and denies.
//!
//! A look-up outlives the connection that asked for it, so the places of a socket do not bound how many are under way. What
//! users' own processes ask has [`OWN_AT_ONCE`] of the threads and no more: names that a directory answers slowly, asked for
//! over and over, must not keep root's callers waiting (rule 7).

use crate::login::Resolution;
use crate::login::challenge::Caller;
use crate::store::UserKey;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};

/// How long a look-up may take.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// How many may be under way: more than a hung directory can hold up at once in a second of logins.
const THREADS: usize = 8;

/// How many may wait for a thread.
const WAITING: usize = 64;

/// How many of users' own processes may wait or be under way, of all users together.
const OWN_AT_ONCE: usize = 2;

/// A source of users.
pub trait Directory: Send + Sync + 'static {
    /// The uid and canonical name of `name`; `None` where there is none.
    ///
    /// # Errors
    /// The database's own words.
    fn find(&self, name: &str) -> Result<Option<UserKey>, String>;
}

/// NSS, by `getpwnam_r(3)`.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemDirectory;

impl Directory for SystemDirectory {
    fn find(&self, name: &str) -> Result<Option<UserKey>, String> {
        match nix::unistd::User::from_name(name) {
            Ok(found) => Ok(found.map(|user| UserKey { uid: user.uid.as_raw(), name: user.name })),
            Err(error) => Err(error.to_string()),
        }
    }
}

type Job = Box<dyn FnOnce(&dyn Directory) + Send>;

/// The pool.
pub struct Users {
    jobs: SyncSender<Job>,
    own: Arc<Semaphore>,
}

impl Users {
    /// Starts the threads. They end when the pool is dropped and their look-ups are over; one that hangs is left behind.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(directory: Arc<dyn Directory>) -> std::io::Result<Self> {
        let (jobs, queue) = sync_channel::<Job>(WAITING);
        let queue = Arc::new(Mutex::new(queue));
        for number in 0..THREADS {
            let (queue, directory) = (Arc::clone(&queue), Arc::clone(&directory));
            std::thread::Builder::new()
                .name(format!("users-{number}"))
                .spawn(move || work(&queue, directory.as_ref()))?;
        }
        Ok(Self { jobs, own: Arc::new(Semaphore::new(OWN_AT_ONCE)) })
    }

    /// Looks `name` up, for a process of `caller`.
    pub async fn resolve(&self, name: String, caller: Caller) -> Resolution {
        match self.ask(caller, move |directory| directory.find(&name)).await {
            Ok(Ok(Some(user))) => Resolution::Found(user),
            Ok(Ok(None)) => Resolution::Unknown,
            Ok(Err(why)) => Resolution::Failed(why),
            Err(why) => Resolution::Failed(String::from(why)),
        }
    }

    /// Whether one of `names` means `uid` now; `None`: late, or an error.
    pub async fn one_means(&self, names: Vec<String>, uid: u32, caller: Caller) -> Option<bool> {
        let found = self
            .ask(caller, move |directory| {
                names.iter().try_fold(false, |found, name| {
                    Ok::<_, String>(found || directory.find(name)?.is_some_and(|user| user.uid == uid))
                })
            })
            .await;
        found.ok()?.ok()
    }

    fn ask<T: Send + 'static>(
        &self,
        caller: Caller,
        look: impl FnOnce(&dyn Directory) -> T + Send + 'static,
    ) -> Pin<Box<dyn Future<Output = Result<T, &'static str>> + Send>> {
        let (reply, answer) = oneshot::channel();
        let place = match caller {
            Caller::Root => None,
            Caller::Own => match Arc::clone(&self.own).try_acquire_owned() {
                Ok(place) => Some(place),
                Err(_) => return Box::pin(async { Err("too many look-ups of users' own processes are under way") }),
            },
        };
        let job: Job = Box::new(move |directory| {
            let found = look(directory);
            // Given back when the directory has answered, whoever still waits.
            drop(place);
            let _late = reply.send(found);
        });
        let queued = self.jobs.try_send(job);
        Box::pin(async move {
            match queued {
                Err(TrySendError::Full(_)) => return Err("too many look-ups are waiting for the user database"),
                Err(TrySendError::Disconnected(_)) => return Err("the look-up threads have stopped"),
                Ok(()) => {}
            }
            match tokio::time::timeout(PATIENCE, answer).await {
                Ok(Ok(found)) => Ok(found),
                Ok(Err(_)) => Err("the look-up threads have stopped"),
                Err(_) => Err("the user database did not answer within 1 s"),
            }
        })
    }
}

fn work(queue: &Mutex<Receiver<Job>>, directory: &dyn Directory) {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        match next {
            Ok(job) => job(directory),
            Err(_) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers for `ada`, hangs on `slow` until it is let go, fails on `broken`.
    struct Scripted(Mutex<Receiver<()>>);

    impl Directory for Scripted {
        fn find(&self, name: &str) -> Result<Option<UserKey>, String> {
            match name {
                "ada" => Ok(Some(UserKey { uid: 1000, name: String::from("ada") })),
                "broken" => Err(String::from("EIO")),
                "slow" => {
                    let _held = self.0.lock().unwrap().recv();
                    Ok(None)
                }
                _ => Ok(None),
            }
        }
    }

    #[tokio::test]
    async fn a_directory_that_hangs_is_late_and_holds_up_nobody_else() {
        let (let_go, held) = sync_channel::<()>(8);
        let users = Users::start(Arc::new(Scripted(Mutex::new(held)))).unwrap();
        let slow = users.resolve(String::from("slow"), Caller::Root);
        assert_eq!(slow.await, Resolution::Failed(String::from("the user database did not answer within 1 s")));
        assert_eq!(
            users.resolve(String::from("ada"), Caller::Root).await,
            Resolution::Found(UserKey { uid: 1000, name: String::from("ada") })
        );
        assert_eq!(users.resolve(String::from("eve"), Caller::Root).await, Resolution::Unknown);
        assert_eq!(users.resolve(String::from("broken"), Caller::Root).await, Resolution::Failed(String::from("EIO")));
        assert_eq!(
            users.one_means(vec![String::from("eve"), String::from("ada")], 1000, Caller::Root).await,
            Some(true)
        );
        assert_eq!(users.one_means(vec![String::from("ada")], 0, Caller::Root).await, Some(false));
        assert_eq!(users.one_means(vec![String::from("broken")], 0, Caller::Root).await, None);
        let_go.send(()).unwrap();
    }

    /// Each of these connections was closed as soon as it had asked; their look-ups go on.
    #[tokio::test]
    async fn what_users_own_processes_ask_holds_up_none_of_roots_callers() {
        let (let_go, held) = sync_channel::<()>(8);
        let users = Users::start(Arc::new(Scripted(Mutex::new(held)))).unwrap();
        for _ in 0..100 {
            let mut asked = Box::pin(users.resolve(String::from("slow"), Caller::Own));
            let _pending = asked.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
        }
        let full = users.resolve(String::from("ada"), Caller::Own).await;
        assert!(matches!(&full, Resolution::Failed(why) if why.contains("own processes")), "{full:?}");
        assert_eq!(
            users.resolve(String::from("ada"), Caller::Root).await,
            Resolution::Found(UserKey { uid: 1000, name: String::from("ada") })
        );
        // Once the directory has answered, their places are free again.
        for _ in 0..OWN_AT_ONCE {
            let_go.send(()).unwrap();
        }
        while users.own.available_permits() < OWN_AT_ONCE {
            tokio::task::yield_now().await;
        }
        assert!(matches!(users.resolve(String::from("ada"), Caller::Own).await, Resolution::Found(_)));
    }

    #[test]
    fn the_real_directory_knows_root() {
        assert_eq!(SystemDirectory.find("root"), Ok(Some(UserKey { uid: 0, name: String::from("root") })));
        assert_eq!(SystemDirectory.find("no-such-user-here"), Ok(None));
    }
}
