//! What all connections share: the house where it is open, or the reason why it is sealed.

use crate::house::{House, Places};
use crate::log::LevelHandle;
use crate::texts::Texts;
use crate::users::Users;
use std::sync::{Arc, Mutex, PoisonError};

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
    level: LevelHandle,
    state: Mutex<State>,
    /// SIGHUP and `config reload` can come at once: the one that read the older file must not be the one that wins.
    one_at_a_time: tokio::sync::Mutex<()>,
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
            level,
            state: Mutex::new(State::Sealed(Arc::from("configd is starting"))),
            one_at_a_time: tokio::sync::Mutex::new(()),
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
        let _turn = self.one_at_a_time.lock().await;
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

    /// What the store was asked to do is done, within `grace`; the store itself is closed when the last of its users is dropped.
    /// Logins at a prompt are cut off: the module denies them, and the next one adopts their challenges.
    pub async fn close(&self, grace: std::time::Duration) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::users::SystemDirectory;

    /// As root, whose file the settings must be; for anybody else both are refused alike.
    #[tokio::test]
    async fn two_reloads_of_a_sealed_daemon_at_once_do_not_stand_in_each_others_way() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.toml");
        std::fs::write(&config, "").unwrap();
        std::fs::set_permissions(&config, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
        let places = Places { config, state_dir: folder.path().to_owned(), runtime_dir: folder.path().to_owned() };
        let users = Users::start(Arc::new(SystemDirectory)).unwrap();
        let (texts, host, since) = (Texts::english().unwrap(), String::from("host"), String::new());
        let daemon = Daemon::new(places, users, texts, host, since, LevelHandle::none());
        let (first, second) = tokio::join!(daemon.reload(), daemon.reload());
        assert_eq!(first, second);
        assert_eq!(first.is_ok(), nix::unistd::geteuid().is_root(), "{first:?}");
        assert_eq!(matches!(daemon.state(), State::Open(_)), first.is_ok());
    }
}
