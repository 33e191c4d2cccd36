//! The open house: store, keys, settings, challenges, and the ways out. What there is when configd is not sealed.

use crate::carrier::Carrier;
use crate::clock::{Clock, LEAP_S, Moment, SystemClock, rfc3339};
use crate::delivery::{Post, WAITS_S};
use crate::generation::{self, Kept};
use crate::health::Health;
use crate::login::challenge::Challenges;
use crate::membership;
use crate::notice::Desk;
use crate::random::{KernelRandom, Random};
use crate::rules::Rules;
use crate::seal::{Keys, Start, Vault, open_vault};
use crate::store::{MetaKey, Store, StoreError};
use crate::trouble::{Kind, Trouble};
use crate::verification::Verifications;
use nix::fcntl::Flock;
use pam_2fa_protocol::admin::KeyPlace;
use std::fs::File;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

mod key;
mod settings;
mod shape;

use settings::{cold_start, mandatory_since, policy_since};

/// The name under which the accepted settings are sealed in the store.
pub(crate) const SETTINGS_NAME: &str = "settings";

/// Where things are.
#[derive(Debug, Clone)]
pub struct Places {
    /// `config.toml`.
    pub config: PathBuf,
    /// The folder of the store and the key.
    pub state_dir: PathBuf,
    /// The folder of the sockets.
    pub runtime_dir: PathBuf,
}

/// What there is when configd is not sealed.
pub struct House {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The derived keys.
    pub keys: Arc<Keys>,
    /// The clock, on its high-water mark.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// The open challenges.
    pub challenges: Arc<Mutex<Challenges>>,
    /// The way of messages.
    pub post: Post,
    /// Addresses that are being verified.
    pub verifications: Mutex<Verifications>,
    in_force: Mutex<Arc<Rules>>,
    problems: Mutex<Vec<String>>,
    /// Why the settings of the last reload were refused; empty: they were not.
    refused: Mutex<Vec<String>>,
    /// A login could not be decided, since there was no space for what it had to write.
    no_space: AtomicBool,
    places: Places,
    key_place: KeyPlace,
    key_path: PathBuf,
    /// Where a key of the state folder is, or would be.
    state_key: PathBuf,
    /// RFC 3339, UTC: when the store was found whole.
    opened_at: String,
    /// Notices under way are dropped with it: they would keep a sealed house's store.
    _open: tokio::sync::watch::Sender<()>,
    /// Keeps a second daemon away from the folder.
    _lock: Flock<File>,
}

impl House {
    /// Opens the store with the key, reads the settings, takes in the challenges that were open.
    ///
    /// # Errors
    /// Why configd stays sealed: what, where, what to do.
    pub async fn open(places: &Places, host: Arc<str>) -> Result<Self, String> {
        let random: Arc<dyn Random> = Arc::new(KernelRandom);
        let vault =
            open_vault(&places.state_dir, &places.runtime_dir, random.as_ref()).map_err(|why| why.to_string())?;
        let Vault { store, keys, key, state_key, high_water_s, start, lock } = vault;
        if start == Start::First {
            tracing::warn!(folder = %places.state_dir.display(), "a first start: key and store are made, nobody is enrolled");
        }
        let store: Arc<dyn Store> = Arc::new(store);
        not_older(places, store.as_ref()).await?;
        let keys = Arc::new(keys);
        let clock = SystemClock::new(high_water_s).map_err(|error| format!("no clock: {error}"))?;
        let clock: Arc<dyn Clock> = Arc::new(clock);
        let started = cold_start(places, store.as_ref(), &keys, random.as_ref()).await;
        let (mut rules, problems) = started.map_err(|reason| match keys.before_lost() {
            // Which may be why.
            Some(lost) => format!("{reason}; {lost}"),
            None => reason,
        })?;
        let mut challenges = Challenges::default();
        let kept = store.open_challenges(clock.now(), rules.codes.attempts).await.map_err(|error| error.to_string())?;
        for challenge in kept {
            challenges.take_in(challenge);
        }
        let challenges = Arc::new(Mutex::new(challenges));
        rules.who.mandatory_since_s = mandatory_since(store.as_ref(), rules.required, &clock.now()).await?;
        rules.policy = policy_since(store.as_ref(), &rules).await?;
        let (notices, open) = Desk::new();
        let post = Post {
            store: Arc::clone(&store),
            challenges: Arc::clone(&challenges),
            clock: Arc::clone(&clock),
            carrier: Carrier::new(&places.runtime_dir),
            health: Arc::new(Health::kept(store.as_ref()).await),
            host,
            keys: Arc::clone(&keys),
            under_way: Arc::new(()),
            waits_s: WAITS_S,
            notices,
        };
        Ok(Self {
            store,
            keys,
            clock,
            random,
            challenges,
            post,
            verifications: Mutex::new(Verifications::default()),
            in_force: Mutex::new(Arc::new(rules)),
            problems: Mutex::new(problems),
            refused: Mutex::default(),
            no_space: AtomicBool::new(false),
            places: places.clone(),
            key_place: key.place,
            key_path: key.path,
            state_key,
            opened_at: rfc3339(SystemClock::wall_s()),
            _open: open,
            _lock: lock,
        })
    }

    /// The settings in force.
    #[must_use]
    pub fn rules(&self) -> Arc<Rules> {
        Arc::clone(&self.in_force.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What an administrator must see to; empty: nothing.
    #[must_use]
    pub fn problems(&self) -> Vec<Trouble> {
        let notes = self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut problems: Vec<Trouble> =
            notes.into_iter().map(|note| Trouble::known_by_text(Kind::Settings, note)).collect();
        if let Kept::Odd(why) = self.kept_generation() {
            problems.push(Trouble::new(Kind::Generation, why));
        }
        if let Some(before) = self.keys.before() {
            let said = format!(
                "a rotation of the key is not finished: key {before} is still kept for settings that it sealed; run `pam-2fa key rotate` \
                 again"
            );
            problems.push(Trouble::new(Kind::KeyRotation, said));
        }
        problems.extend(self.keys.before_lost().map(|lost| Trouble::new(Kind::KeyBefore, lost)));
        if self.no_space.load(Ordering::Relaxed) {
            problems.push(Trouble::new(
                Kind::DiskFull,
                "the disk is full, and the room that is kept is used up: a login that was asked could not be decided, and was denied; free space \
                 under the state folder (this stands here until one was decided)",
            ));
        }
        let behind_s = self.behind_s();
        if behind_s > 300 {
            let said = format!(
                "the clock stands {behind_s} s behind a time that was seen before; set it right (timedatectl), or, where that \
                 time was wrong, `pam-2fa clock reset`"
            );
            problems.push(Trouble::new(Kind::Clock, said));
        }
        if !self.rules().who.exempt_networks.is_empty() && !membership::sees_addresses() {
            problems.push(Trouble::new(
                Kind::Addresses,
                "policy.exempt_networks exempts nobody: this host's own addresses cannot be seen, and they must not match; \
                 let the unit mount them, as the one that comes with pam-2fa does (BindReadOnlyPaths= of /proc/1/net/fib_trie and \
                 if_inet6 in /run/pam-2fa-host)",
            ));
        }
        problems
    }

    /// How far the store is.
    ///
    /// # Errors
    /// The store's.
    pub async fn store_generation(&self) -> Result<i64, StoreError> {
        store_generation(self.store.as_ref()).await
    }

    /// How far it was seen to be.
    #[must_use]
    pub fn kept_generation(&self) -> Kept {
        generation::kept(&self.places.config)
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Moment {
        self.clock.now()
    }

    /// A login's write found no space, or space.
    pub(crate) fn lacks_space(&self, lacks: bool) {
        self.no_space.store(lacks, Ordering::Relaxed);
    }

    /// How far the wall stands behind a time that was seen before, seconds; 0 where it does not.
    #[must_use]
    pub fn behind_s(&self) -> i64 {
        self.clock.behind_s()
    }

    /// Looks at the clock, and keeps its mark where a leap has been taken over (the store's own writes follow small steps only).
    ///
    /// On a host where nobody logs in nobody else looks: a leap would stay untaken, and one that was set back in between would
    /// seem to have stood.
    pub async fn keep_mark(&self) {
        let _looked_at = self.clock.now();
        let mark_s = self.clock.mark_s();
        let Ok(kept) = self.store.meta(MetaKey::HighWater).await else { return };
        let kept_s = kept.and_then(|bytes| bytes.try_into().ok()).map_or(0, i64::from_be_bytes);
        if mark_s.saturating_sub(kept_s) > LEAP_S {
            tracing::warn!(mark = rfc3339(mark_s), before = rfc3339(kept_s), "the clock's leap ahead is taken over");
            let put = self.store.put_meta(vec![(MetaKey::HighWater, mark_s.to_be_bytes().to_vec())]).await;
            if let Err(error) = put {
                tracing::error!(%error, "the clock's mark was not kept");
            }
        }
    }

    /// Writes what waits for the log, and cuts the log to `[log]`.
    pub async fn keep_log(&self) {
        // A store that has failed says so itself, and how the log goes stands in its state.
        let _said = self.store.keep_log(self.rules().log).await;
    }

    /// Waits for the messages that are on their way.
    pub async fn errands_done(&self) {
        // One is the house's own.
        while Arc::strong_count(&self.post.under_way) > 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A store that counts less than it did is not taken unasked.
async fn not_older(places: &Places, store: &dyn Store) -> Result<(), String> {
    let counts = store_generation(store).await.map_err(|error| error.to_string())?;
    match generation::kept(&places.config) {
        Kept::At(kept) if counts < kept => Err(generation::older(&places.config, counts, kept)),
        Kept::At(_) | Kept::Nothing => Ok(()),
        Kept::Odd(why) => {
            tracing::error!(why, "how far the store was is not known");
            Ok(())
        }
    }
}

/// How far a store is; 0: nothing has happened that counts.
///
/// # Errors
/// The store's.
pub async fn store_generation(store: &dyn Store) -> Result<i64, StoreError> {
    let kept = store.meta(MetaKey::StoreGeneration).await?;
    Ok(kept.and_then(|bytes| bytes.try_into().ok()).map_or(0, i64::from_be_bytes))
}

#[cfg(test)]
impl House {
    /// Other settings are in force.
    pub(crate) fn put_rules(&self, rules: Arc<Rules>) {
        *self.in_force.lock().unwrap() = rules;
    }

    /// An open house in `folder`, with these settings and a record of ada; its sockets would be there too.
    pub(crate) async fn for_tests(folder: &std::path::Path, rules: Rules) -> Self {
        let random: Arc<dyn Random> = Arc::new(KernelRandom);
        let Vault { store, keys, key, state_key, high_water_s, lock, .. } =
            open_vault(folder, &folder.join("run"), random.as_ref()).unwrap();
        let store: Arc<dyn Store> = Arc::new(store);
        let keys = Arc::new(keys);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new(high_water_s).unwrap());
        let challenges = Arc::new(Mutex::new(Challenges::default()));
        let (notices, open) = Desk::new();
        let post = Post {
            store: Arc::clone(&store),
            challenges: Arc::clone(&challenges),
            clock: Arc::clone(&clock),
            carrier: Carrier::new(folder),
            health: Arc::new(Health::default()),
            host: Arc::from("host.example.com"),
            keys: Arc::clone(&keys),
            under_way: Arc::new(()),
            waits_s: [0; 3],
            notices,
        };
        let ada = crate::store::UserChange {
            key: crate::store::UserKey { uid: 1000, name: String::from("ada") },
            verify: None,
            email: Some(Some(String::from("ada@example.com"))),
            phone: None,
            language: None,
            trusted: true,
            prefers: None,
            unique: true,
            by: crate::store::By::Administrator,
            old_record: crate::store::OldRecord::Refuses,
            now: clock.now(),
        };
        assert!(matches!(store.change_user(ada).await, Ok(crate::store::Changed::Done(_))));
        let folder = folder.to_owned();
        Self {
            store,
            keys,
            clock,
            random,
            challenges,
            post,
            verifications: Mutex::new(Verifications::default()),
            in_force: Mutex::new(Arc::new(rules)),
            problems: Mutex::new(Vec::new()),
            refused: Mutex::default(),
            no_space: AtomicBool::new(false),
            places: Places { config: folder.join("config.toml"), runtime_dir: folder.join("run"), state_dir: folder },
            key_place: key.place,
            key_path: key.path,
            state_key,
            opened_at: rfc3339(SystemClock::wall_s()),
            _open: open,
            _lock: lock,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings_file;
    use pam_2fa_protocol::admin::Required;
    use std::sync::atomic::{AtomicI64, Ordering};

    /// A clock whose wall a test moves: its mark follows when it is looked at, as the real one's does.
    struct Marked {
        wall_s: AtomicI64,
        mark_s: AtomicI64,
        now: Moment,
    }

    impl Clock for Marked {
        fn now(&self) -> Moment {
            self.mark_s.fetch_max(self.wall_s.load(Ordering::Relaxed), Ordering::Relaxed);
            self.now.clone()
        }

        fn mark_s(&self) -> i64 {
            self.mark_s.load(Ordering::Relaxed)
        }
    }

    #[tokio::test]
    async fn a_leap_that_the_clock_took_over_is_kept_in_the_store_though_nobody_logs_in() {
        let folder = tempfile::tempdir().unwrap();
        let mut house = House::for_tests(folder.path(), crate::login::world::rules()).await;
        let now = house.now();
        let (wall_s, mark_s) = (AtomicI64::new(now.wall_s), AtomicI64::new(now.wall_s));
        let clock = Arc::new(Marked { wall_s, mark_s, now });
        house.clock = Arc::clone(&clock) as Arc<dyn Clock>;
        let kept = async |house: &House| {
            let bytes = house.store.meta(MetaKey::HighWater).await.unwrap().unwrap();
            i64::from_be_bytes(bytes.try_into().unwrap())
        };
        let before = kept(&house).await;
        house.keep_mark().await;
        assert_eq!(kept(&house).await, before, "small steps are the store's own");
        clock.wall_s.store(before + 7 * LEAP_S, Ordering::Relaxed);
        house.keep_mark().await;
        assert_eq!(kept(&house).await, before + 7 * LEAP_S);
    }

    #[tokio::test]
    async fn the_moment_mandatory_was_switched_on_is_kept_until_it_is_switched_off() {
        let folder = tempfile::tempdir().unwrap();
        let house = House::for_tests(folder.path(), crate::login::world::rules()).await;
        let at = |wall_s| Moment { wall_s, ..house.now() };
        let since =
            async |required, wall_s| mandatory_since(house.store.as_ref(), required, &at(wall_s)).await.unwrap();
        assert_eq!(since(Required::Optional, 1_000).await, None);
        assert_eq!(since(Required::Mandatory, 2_000).await, Some(2_000));
        assert_eq!(since(Required::Mandatory, 9_000).await, Some(2_000), "a reload or a restart later");
        assert_eq!(since(Required::Disabled, 9_500).await, None);
        assert_eq!(since(Required::Mandatory, 10_000).await, Some(10_000), "switched on again");
        assert_eq!(since(Required::Mandatory, 5_000).await, Some(5_000), "kept by a clock that ran ahead");
    }

    #[tokio::test]
    async fn a_stop_waits_for_messages_on_their_way() {
        let folder = tempfile::tempdir().unwrap();
        let house = House::for_tests(folder.path(), crate::login::world::rules()).await;
        let errand = house.post.clone();
        let waiting = house.errands_done();
        tokio::pin!(waiting);
        let early = tokio::time::timeout(Duration::from_millis(100), &mut waiting).await;
        assert!(early.is_err(), "an errand is under way");
        drop(errand);
        tokio::time::timeout(Duration::from_secs(10), waiting).await.unwrap();
    }

    /// So that it stands in `status` and in what a reload says.
    #[tokio::test]
    async fn an_administrators_text_that_cannot_be_used_is_a_note_and_the_settings_are_taken_all_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let house = House::for_tests(folder.path(), crate::login::world::rules()).await;
        let config = folder.path().join("config.toml");
        let rules = |text: &str| settings_file::rules(&config, text, &house.keys, 1).unwrap();
        assert_eq!(rules("").1, [""; 0]);
        std::fs::create_dir(folder.path().join("messages")).unwrap();
        std::fs::write(folder.path().join("messages/it.ftl"), "denied-used = Usato.\n").unwrap();
        let (rules, notes) = rules("[codes]\nlanguage = \"de\"\n");
        assert!(notes.len() == 1 && notes[0].contains("messages/it.ftl: nobody reads this file"), "{notes:?}");
        let text = |language| rules.letters(language).say(crate::texts::Message::DeniedPrompts, &[]);
        assert_eq!(text(None), "Zu viele Eingaben. Melden Sie sich neu an.");
        assert_eq!(text(Some("es")), "Demasiadas respuestas. Inicie sesión de nuevo.");
    }
}
