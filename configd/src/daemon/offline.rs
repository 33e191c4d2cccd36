//! Work on the state folder that wants it alone: the house is left first, and opened again afterwards.
//!
//! Nothing that was begun before is written after it, and nothing new begins: what stands at a prompt is denied, its code stays good,
//! and the next login adopts it. It takes about as long as a start does.

use super::{Daemon, State};
use crate::house::Places;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Messages on their way and what the store was asked have so long to be done.
const GRACE: Duration = Duration::from_secs(2);

/// Who still works in the house has so long to leave it.
const LEAVE: Duration = Duration::from_secs(5);

/// How often it is looked whether everybody has left.
const LOOK: Duration = Duration::from_millis(5);

/// In which state the work may begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// In any.
    Any,
    /// Only sealed; open, it is refused in these words.
    Sealed(&'static str),
}

impl Daemon {
    /// Does `work`, which blocks, while nobody else uses the state folder; then opens, or stays sealed. `while_at` is why logins are
    /// denied meanwhile.
    ///
    /// # Errors
    /// Why it was not begun, or `work`'s own.
    pub async fn offline<T: Send + 'static>(
        &self,
        wanted: Wanted,
        while_at: &str,
        work: impl FnOnce(&Places) -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let _turn = self.one_at_a_time.lock().await;
        if let (Wanted::Sealed(words), State::Open(_)) = (wanted, self.state()) {
            return Err(String::from(words));
        }
        self.leave_house(while_at).await?;
        let places = self.places.clone();
        let done = tokio::task::spawn_blocking(move || work(&places)).await;
        // Whether it opens stands in the state, and is said there.
        let _opened = self.open_if_sealed().await;
        done.unwrap_or_else(|error| Err(format!("it ended in the middle ({error}); see the journal")))
    }

    /// Does `work` while nobody reads the settings or opens the house.
    pub async fn in_turn<T>(&self, work: impl Future<Output = T>) -> T {
        let _turn = self.one_at_a_time.lock().await;
        work.await
    }

    /// Where configd keeps what it keeps.
    #[must_use]
    pub fn state_dir(&self) -> &Path {
        &self.places.state_dir
    }

    /// Why it is sealed, if it is.
    #[must_use]
    pub fn sealed_because(&self) -> Option<String> {
        match self.state() {
            State::Sealed(reason) => Some(reason.to_string()),
            State::Open(_) => None,
        }
    }

    /// Sealed, with nobody in the house any more; or open as before.
    async fn leave_house(&self, while_at: &str) -> Result<(), String> {
        let State::Open(house) = self.state() else { return Ok(()) };
        let done = async {
            house.errands_done().await;
            house.post.health.keep(house.store.as_ref()).await;
            house.store.put_meta(Vec::new()).await
        };
        let _in_time = tokio::time::timeout(GRACE, done).await;
        let (left, store) = (Arc::downgrade(&house), Arc::downgrade(&house.store));
        self.put(State::Sealed(Arc::from(format!("configd is at work on {while_at}; it opens again by itself"))));
        drop(house);
        let all_gone = async {
            while left.strong_count() > 0 || store.strong_count() > 0 {
                tokio::time::sleep(LOOK).await;
            }
        };
        if tokio::time::timeout(LEAVE, all_gone).await.is_ok() {
            return Ok(());
        }
        match left.upgrade() {
            Some(house) => self.put(State::Open(house)),
            // Its store is held still. The next try to open it is made as after any other fault.
            None => tracing::error!("the store is in use still"),
        }
        Err(format!("nothing was done: the store was in use for {} s; try again", LEAVE.as_secs()))
    }
}
