//! What all connections share: the house where it is open, or the reason why it is sealed.

use crate::house::{House, Places};
use crate::log::LevelHandle;
use crate::server::repeats::Repeats;
use crate::texts::Texts;
use crate::users::Users;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often the store is looked at.
const LOOK_AT_STORE: Duration = Duration::from_secs(1);

/// How often a store that has failed is tried again.
const OPEN_AGAIN: Duration = Duration::from_secs(5);

/// Open, or not.
#[derive(Clone)]
pub enum State {
    /// It denies everyone; why, where, and what to do.
    Sealed(Arc<str>),
    /// It works.
    Open(Arc<House>),
}

/// The daemon.
pub struct Daemon {
    /// Where things are.
    pub places: Places,
    /// User look-ups.
    pub users: Users,
    /// What a person reads.
    pub texts: Arc<Texts>,
    /// This host's name.
    pub host: Arc<str>,
    /// RFC 3339, UTC.
    pub since: String,
    /// Lines of the log that users' own processes have written.
    pub repeats: Repeats,
    level: LevelHandle,
    state: Mutex<State>,
}

impl Daemon {
    /// Sealed, until [`Daemon::open`] has succeeded.
    #[must_use]
    pub fn new(places: Places, users: Users, texts: Texts, host: String, since: String, level: LevelHandle) -> Self {
        Self {
            places,
            users,
            texts: Arc::new(texts),
            host: Arc::from(host),
            since,
            repeats: Repeats::default(),
            level,
            state: Mutex::new(State::Sealed(Arc::from("configd is starting"))),
        }
    }

    /// Opens the house, or stays sealed with a reason that stands in the log and in `status`.
    ///
    /// # Errors
    /// The reason.
    pub async fn open(&self) -> Result<(), String> {
        let opened = House::open(&self.places, Arc::clone(&self.texts), Arc::clone(&self.host)).await;
        match opened {
            Ok(house) => {
                self.level.set(house.rules().level);
                tracing::info!(generation = house.rules().generation, "open: logins are decided");
                self.put(State::Open(Arc::new(house)));
                Ok(())
            }
            Err(reason) => {
                tracing::error!(reason, "sealed: every login is denied");
                self.put(State::Sealed(Arc::from(reason.as_str())));
                Err(reason)
            }
        }
    }

    /// Reads the settings again; a sealed daemon tries to open.
    ///
    /// # Errors
    /// One line for each reason; what was in force stays so.
    pub async fn reload(&self) -> Result<(i64, Vec<String>), Vec<String>> {
        match self.state() {
            State::Sealed(_) => {
                self.open().await.map_err(|reason| vec![reason])?;
                match self.state() {
                    State::Open(house) => Ok((house.rules().generation, house.problems())),
                    State::Sealed(reason) => Err(vec![reason.to_string()]),
                }
            }
            State::Open(house) => match house.reload().await {
                Ok((generation, notes)) => {
                    self.level.set(house.rules().level);
                    tracing::info!(generation, "settings read");
                    Ok((generation, notes))
                }
                Err(reasons) => {
                    for reason in &reasons {
                        tracing::error!(reason, "settings refused, the old ones stay");
                    }
                    Err(reasons)
                }
            },
        }
    }

    /// Open, or not.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Watches the store: after an I/O error its handle is dead (fsync errors must not be tried again on it), and configd is
    /// sealed until the store opens anew. Never ends.
    pub async fn watch_store(&self) {
        loop {
            tokio::time::sleep(LOOK_AT_STORE).await;
            let fault = match self.state() {
                State::Open(house) => house.store.fault(),
                State::Sealed(_) => None,
            };
            let Some(why) = fault else { continue };
            let reason = format!("the store has failed ({why}); look at the disk under the state folder");
            tracing::error!(reason, "sealed: every login is denied");
            self.put(State::Sealed(Arc::from(reason)));
            while self.open().await.is_err() {
                tokio::time::sleep(OPEN_AGAIN).await;
            }
        }
    }

    /// Logins under way may end within `grace`; then the store is closed by dropping it.
    pub async fn close(&self, grace: Duration) {
        if let State::Open(house) = self.state() {
            // What the store was asked before is done when this is.
            let _synced = tokio::time::timeout(grace, house.store.put_meta(Vec::new())).await;
        }
        self.put(State::Sealed(Arc::from("configd is stopping")));
    }

    fn put(&self, state: State) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}
