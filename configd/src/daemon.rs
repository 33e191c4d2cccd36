//! What all connections share: the house where it is open, or the reason why it is sealed.

use crate::clock::{SystemClock, rfc3339};
use crate::house::{House, Places};
use crate::log::LevelHandle;
use crate::rules::Rules;
use crate::server::coded::CodedLogins;
use crate::server::repeats::Repeats;
use crate::server::standing::Standing;
use crate::server::status::Told;
use crate::store::Change;
use crate::trouble::Seen;
use crate::users::{Directory, FOR_OTHERS, FOR_ROOT, Users};
use pam_2fa_settings::{Mode, Required};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

mod offline;

pub use offline::Wanted;

/// How often the store is looked at.
const LOOK_AT_STORE: Duration = Duration::from_secs(1);

/// How often the clock's mark is compared with the kept one.
const LOOK_AT_CLOCK: Duration = Duration::from_secs(600);

/// How long lines of the log wait at most for something else that is written.
const WRITE_LOG: Duration = Duration::from_secs(1);

/// How often a daemon that is sealed from the start tries again.
const SEALED_AGAIN: Duration = if cfg!(test) { Duration::from_millis(50) } else { Duration::from_secs(30) };

/// How soon and how often a store that has failed is tried again. Logins and messages under way have let go of it by then.
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
    /// User look-ups for root's callers.
    pub users: Users,
    /// The same for everybody else.
    others: Users,
    /// This host's name.
    pub host: Arc<str>,
    /// RFC 3339, UTC.
    pub since: String,
    /// Lines of the log that users' own processes have written.
    pub repeats: Repeats,
    /// The last login of each service that was let in by a code.
    pub coded: CodedLogins,
    /// The logins that stand at prompts.
    pub standing: Arc<Standing>,
    /// Since when what is unhealthy was seen.
    pub unhealthy: Seen,
    /// What those are told who only read how it is.
    pub told: Told,
    level: LevelHandle,
    state: Mutex<State>,
    /// RFC 3339, UTC: since when it is sealed, whatever the reasons were since.
    sealed_since: Mutex<Option<String>>,
    /// Told when it becomes sealed.
    sealed: tokio::sync::Notify,
    /// SIGHUP and `config reload` can come at once: the one that read the older file must not be the one that wins.
    one_at_a_time: tokio::sync::Mutex<()>,
}

impl Daemon {
    /// Sealed, until [`Daemon::open`] has succeeded.
    ///
    /// # Errors
    /// When no thread can be started for look-ups in `directory`.
    pub fn new(
        places: Places,
        directory: Arc<dyn Directory>,
        host: String,
        since: String,
        level: LevelHandle,
    ) -> std::io::Result<Self> {
        let users = Users::start(Arc::clone(&directory), FOR_ROOT)?;
        let others = Users::start(directory, FOR_OTHERS)?;
        Ok(Self {
            places,
            users,
            others,
            host: Arc::from(host),
            repeats: Repeats::default(),
            coded: CodedLogins::default(),
            standing: Arc::default(),
            unhealthy: Seen::default(),
            told: Told::default(),
            level,
            sealed_since: Mutex::new(Some(since.clone())),
            since,
            state: Mutex::new(State::Sealed(Arc::from("configd is starting"))),
            sealed: tokio::sync::Notify::new(),
            one_at_a_time: tokio::sync::Mutex::new(()),
        })
    }

    /// Where what a process of `uid` asks is looked up.
    #[must_use]
    pub fn users_for(&self, uid: u32) -> &Users {
        if uid == 0 { &self.users } else { &self.others }
    }

    /// Opens the house, or stays sealed with a reason that stands in the log and in `status`.
    ///
    /// # Errors
    /// The reason.
    pub async fn open(&self) -> Result<(), String> {
        let _turn = self.one_at_a_time.lock().await;
        self.open_if_sealed().await
    }

    async fn open_if_sealed(&self) -> Result<(), String> {
        if let State::Open(_) = self.state() {
            // Somebody else's turn was before ours.
            return Ok(());
        }
        let opened = House::open(&self.places, Arc::clone(&self.host)).await;
        match opened {
            Ok(house) => {
                self.level.set(house.rules().level);
                tracing::info!(generation = house.rules().generation, "open: logins are decided");
                self.put(State::Open(Arc::new(house)));
                Ok(())
            }
            Err(reason) => {
                // Said once, and not at every try.
                if !matches!(self.state(), State::Sealed(before) if *before == *reason) {
                    tracing::error!(reason, "sealed: every login is denied: {reason}");
                    self.put(State::Sealed(Arc::from(reason.as_str())));
                }
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
                self.open_if_sealed().await.map_err(|reason| vec![reason])?;
                match self.state() {
                    State::Open(house) => {
                        let notes = house.problems().into_iter().map(|problem| problem.text);
                        Ok((house.rules().generation, notes.collect()))
                    }
                    State::Sealed(reason) => Err(vec![reason.to_string()]),
                }
            }
            State::Open(house) => {
                let before = house.rules();
                match house.reload().await {
                    Ok((generation, notes)) => {
                        say_required(&house, &before).await;
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
                }
            }
        }
    }

    /// Open, or not.
    #[must_use]
    pub fn state(&self) -> State {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Watches the store: after an I/O error its handle is dead (fsync errors must not be tried again on it), and configd is
    /// sealed until the store opens anew. One that is sealed from the start tries again too, less often: what was in its way (a
    /// disk that came late, a file that an administrator has put right) may be gone. Never ends.
    pub async fn watch_store(&self) {
        let mut again = SEALED_AGAIN;
        loop {
            let State::Open(house) = self.state() else {
                tokio::time::sleep(again).await;
                if self.open().await.is_ok() {
                    again = SEALED_AGAIN;
                }
                continue;
            };
            let fault = house.store.fault();
            drop(house);
            if let Some(why) = fault {
                let reason = format!("the store has failed ({why}); look at the disk under the state folder");
                tracing::error!(reason, "sealed: every login is denied: {reason}");
                self.put(State::Sealed(Arc::from(reason)));
                again = OPEN_AGAIN;
            } else {
                tokio::time::sleep(LOOK_AT_STORE).await;
            }
        }
    }

    /// Writes the lines of the log that no other write has taken along. Never ends.
    pub async fn watch_log(&self) {
        loop {
            tokio::time::sleep(WRITE_LOG).await;
            if let State::Open(house) = self.state()
                && house.store.log_state().waits
            {
                house.keep_log().await;
            }
        }
    }

    /// Keeps the clock's mark where it has leapt, and the log within its bounds on a host where nobody logs in. Never ends.
    pub async fn watch_clock(&self) {
        loop {
            tokio::time::sleep(LOOK_AT_CLOCK).await;
            if let State::Open(house) = self.state() {
                house.keep_mark().await;
                house.keep_log().await;
            }
        }
    }

    /// Messages on their way arrive and what the store was asked to do is done, within `grace`; the store itself is closed when
    /// the last of its users is dropped. Logins at a prompt are cut off: the module denies them, and the next one adopts their
    /// challenges.
    pub async fn close(&self, grace: Duration) {
        if let State::Open(house) = self.state() {
            let done = async {
                house.errands_done().await;
                house.post.health.keep(house.store.as_ref()).await;
                // What the store was asked before is done when this is.
                house.store.put_meta(Vec::new()).await
            };
            let _in_time = tokio::time::timeout(grace, done).await;
        }
        self.put(State::Sealed(Arc::from("configd is stopping")));
    }

    /// Ready when it becomes sealed from now on: logins under way end then. They would keep the house, and with it the folder
    /// that a new one needs.
    pub fn until_sealed(&self) -> impl Future<Output = ()> {
        self.sealed.notified()
    }

    /// Since when it is sealed, if it is: RFC 3339, UTC.
    #[must_use]
    pub fn sealed_since(&self) -> Option<String> {
        self.sealed_since.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn put(&self, state: State) {
        let is_sealed = matches!(state, State::Sealed(_));
        {
            let mut since = self.sealed_since.lock().unwrap_or_else(PoisonError::into_inner);
            *since =
                if is_sealed { Some(since.take().unwrap_or_else(|| rfc3339(SystemClock::wall_s()))) } else { None };
        }
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
        if is_sealed {
            self.sealed.notify_waiters();
        }
    }
}

/// That others are asked than before stands in the log of changes, whoever has written it into the file.
async fn say_required(house: &House, before: &Rules) {
    let now = house.rules();
    if (now.required, now.who.mode) == (before.required, before.who.mode) {
        return;
    }
    let word = |rules: &Rules| {
        let required = match rules.required {
            Required::Disabled => "disabled",
            Required::Optional => "optional",
            Required::Mandatory => "mandatory",
        };
        if rules.who.mode == Mode::Enforce { String::from(required) } else { format!("{required} (only reported)") }
    };
    let detail = format!("policy.required: {} before, {} now", word(before), word(&now));
    tracing::warn!(detail, "policy.required was changed");
    let change = Change::of_the_host(house.now().wall_s, "required", detail);
    if let Err(error) = house.store.note_change(change).await {
        tracing::error!(%error, "the change of policy.required is in no log but this one");
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
        let users = Arc::new(SystemDirectory::default());
        let (host, since) = (String::from("host"), String::new());
        let daemon = Daemon::new(places, users, host, since, LevelHandle::none()).unwrap();
        let (first, second) = tokio::join!(daemon.reload(), daemon.reload());
        assert_eq!(first, second);
        assert_eq!(first.is_ok(), nix::unistd::geteuid().is_root(), "{first:?}");
        assert_eq!(matches!(daemon.state(), State::Open(_)), first.is_ok());
    }

    /// As root, whose file the settings must be; for anybody else it stays sealed.
    #[tokio::test]
    async fn a_sealed_daemon_opens_by_itself_once_what_was_in_its_way_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let config = folder.path().join("config.toml");
        let places = Places {
            config: config.clone(),
            state_dir: folder.path().to_owned(),
            runtime_dir: folder.path().to_owned(),
        };
        let users = Arc::new(SystemDirectory::default());
        let (host, since) = (String::from("host"), String::new());
        let daemon = Daemon::new(places, users, host, since, LevelHandle::none()).unwrap();
        assert!(daemon.open().await.unwrap_err().contains("there is no such file"));
        std::fs::write(&config, "").unwrap();
        std::fs::set_permissions(&config, std::os::unix::fs::PermissionsExt::from_mode(0o640)).unwrap();
        let root = nix::unistd::geteuid().is_root();
        let is_open = async {
            while matches!(daemon.state(), State::Sealed(_)) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let in_time = tokio::select! {
            () = daemon.watch_store() => false,
            done = tokio::time::timeout(if root { Duration::from_secs(30) } else { SEALED_AGAIN * 4 }, is_open) => done.is_ok(),
        };
        assert_eq!(in_time, root);
    }

    #[tokio::test]
    async fn a_login_that_stands_at_its_prompt_is_told_when_the_daemon_is_sealed() {
        let folder = tempfile::tempdir().unwrap();
        let places = Places {
            config: folder.path().join("none"),
            state_dir: folder.path().to_owned(),
            runtime_dir: folder.path().to_owned(),
        };
        let users = Arc::new(SystemDirectory::default());
        let (host, since) = (String::from("host"), String::new());
        let daemon = Daemon::new(places, users, host, since, LevelHandle::none()).unwrap();
        let house = House::for_tests(folder.path(), crate::login::world::rules()).await;
        daemon.put(State::Open(Arc::new(house)));
        // Somebody else has opened it meanwhile: it is not opened over that, and stays open.
        assert_eq!(daemon.open().await, Ok(()));
        assert!(matches!(daemon.state(), State::Open(_)));
        let standing = daemon.until_sealed();
        assert_eq!(daemon.sealed_since(), None);
        daemon.put(State::Sealed(Arc::from("the store has failed")));
        standing.await;
        let since = daemon.sealed_since();
        assert!(since.is_some());
        daemon.put(State::Sealed(Arc::from("another reason")));
        assert_eq!(daemon.sealed_since(), since, "it denies since then, whatever the reason is now");
    }
}
