//! A store in a folder that goes away, people, moments.

use configd::clock::{BootId, Moment};
use configd::limits::{SendLimits, Standing, TextLimits, TryLimits};
use configd::store::sqlite::SqliteStore;
use configd::store::{
    Authenticator, Bucket, By, ChallengeId, Changed, Charge, Charged, Consume, Consumed, Decision, FactsFor,
    KeptChallenge, OldRecord, Pending, Proof, SendOf, SourceText, Store, StoreError, UserChange, UserKey, UserRecord,
};
use pam_2fa_protocol::admin::LastLogin;
use std::future::Future;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

pub(crate) const TRIES: TryLimits =
    TryLimits { attempts: 3, before_disabled: 100, first_wait_s: 30, longest_wait_s: 3600, lock: None };
pub(crate) const SENDS: SendLimits =
    SendLimits { per_user_hour: 10, per_user_day: 40, per_source_hour: 20, texts: TEXTS };
pub(crate) const TEXTS: TextLimits = TextLimits { per_range_hour: 20, per_day: 500, cost_per_day: None, price: 0 };

/// 2026-11-24, more or less.
pub(crate) const WALL_S: i64 = 1_795_492_188;

/// Waits for a future on this thread, with no runtime: the store's promise is that it needs none.
pub(crate) fn wait<T>(future: impl Future<Output = T> + Send + 'static) -> T {
    wait_for_all(vec![Box::pin(future)]).remove(0)
}

/// The same for many at once; in their order.
pub(crate) fn wait_for_all<T>(mut futures: Vec<Pin<Box<dyn Future<Output = T> + Send>>>) -> Vec<T> {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut done: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    loop {
        for (future, done) in futures.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                *done = Some(value);
            }
        }
        if done.iter().all(Option::is_some) {
            return done.into_iter().flatten().collect();
        }
        std::thread::park();
    }
}

/// `boot_ms` milliseconds after the start of boot "a", when the wall showed [`WALL_S`].
pub(crate) fn at(boot_ms: u64) -> Moment {
    Moment { wall_s: WALL_S + i64::try_from(boot_ms / 1000).unwrap(), boot_ms, boot: boot("a") }
}

pub(crate) fn boot(name: &str) -> BootId {
    BootId(String::from(name))
}

pub(crate) fn ada() -> UserKey {
    UserKey { uid: 1000, name: String::from("ada") }
}

pub(crate) fn bob() -> UserKey {
    UserKey { uid: 1001, name: String::from("bob") }
}

pub(crate) fn from(source: &str) -> SourceText {
    SourceText(String::from(source))
}

/// The bucket of a known source.
pub(crate) fn known(source: &str) -> Bucket {
    Bucket::Known(from(source))
}

/// How tries stand in a bucket.
pub(crate) fn standing(
    store: &SqliteStore,
    user: UserKey,
    of: Authenticator,
    bucket: Bucket,
    limits: TryLimits,
    now: Moment,
) -> Pending<Standing> {
    let counts = store.counts(user, of);
    Box::pin(async move { Ok(configd::limits::standing(&bucket, &counts.await?, limits, &now)) })
}

pub(crate) fn id(number: u128) -> ChallengeId {
    ChallengeId(format!("{number:032x}"))
}

pub(crate) struct Home {
    folder: tempfile::TempDir,
    pub(crate) store: SqliteStore,
}

impl Home {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::create(&folder.path().join("state.db"), &[]).unwrap();
        Self { folder, store }
    }

    /// With records of ada and bob.
    pub(crate) fn with_users() -> Self {
        let home = Self::new();
        for key in [ada(), bob()] {
            let email = Some(Some(address_of(&key, Authenticator::Email)));
            home.change(UserChange { email, trusted: true, ..change(key) }).unwrap();
        }
        home
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().join("state.db")
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// As a restart of the daemon.
    pub(crate) fn reopen(&mut self) {
        self.store.close().unwrap();
        self.store = SqliteStore::open(&self.path()).unwrap();
    }

    pub(crate) fn change(&self, change: UserChange) -> Result<UserRecord, Changed> {
        match wait(self.store.change_user(change)).unwrap() {
            Changed::Done(record) => Ok(*record),
            other @ (Changed::EmailInUse(_)
            | Changed::NoSuchMethod(_)
            | Changed::NameOfAnother { .. }
            | Changed::Rebound { .. }) => Err(other),
        }
    }

    pub(crate) fn charge(&self, charge: Charge) -> Charged {
        wait(self.store.charge_attempt(charge)).unwrap()
    }

    pub(crate) fn consume(&self, consume: Consume) -> Result<Consumed, StoreError> {
        wait(self.store.consume_code(consume))
    }
}

pub(crate) fn change(key: UserKey) -> UserChange {
    UserChange {
        key,
        verify: None,
        email: None,
        phone: None,
        language: None,
        trusted: false,
        prefers: None,
        unique: true,
        by: By::Administrator,
        old_record: OldRecord::Refuses,
        now: at(0),
    }
}

pub(crate) fn charge_of(user: UserKey) -> Charge {
    Charge {
        user,
        authenticator: Authenticator::Email,
        bucket: Bucket::Stranger,
        challenge: id(1),
        limits: TRIES,
        now: at(0),
    }
}

/// Where codes go; of the users of [`Home::with_users`] the email is in their records.
pub(crate) fn address_of(user: &UserKey, of: Authenticator) -> String {
    match of {
        Authenticator::Email => format!("{}@example.com", user.name),
        Authenticator::Sms => format!("+1555{:07}", user.uid),
        Authenticator::App | Authenticator::Recovery => String::new(),
    }
}

/// The code of a message to that address.
pub(crate) fn proof_of(user: &UserKey, of: Authenticator) -> Proof {
    Proof::Message { of, address: address_of(user, of) }
}

pub(crate) fn consume_of(user: UserKey, challenge: ChallengeId) -> Consume {
    Consume {
        proof: proof_of(&user, Authenticator::Email),
        user,
        source: from("192.0.2.7/32"),
        bucket: Bucket::Stranger,
        challenge,
        login: Some(LastLogin {
            at: String::from("2026-11-24T03:49:48Z"),
            service: String::from("sshd"),
            from: Some(String::from("192.0.2.7")),
            device: None,
        }),
        remember: None,
        stamp: None,
        limits: TRIES,
        now: at(0),
    }
}

pub(crate) fn kept(user: UserKey, id: ChallengeId) -> KeptChallenge {
    KeptChallenge {
        id,
        user,
        class: String::from("ssh"),
        source: from("192.0.2.7/32"),
        authenticator: Authenticator::Email,
        code_mac: [7; 32],
        tag: String::from("7F"),
        tries: 0,
        made: at(0),
        lifetime_ms: 600_000,
    }
}

pub(crate) fn send_of(user: UserKey, challenge: Option<KeptChallenge>) -> SendOf {
    SendOf {
        challenge,
        user,
        source: from("192.0.2.7/32"),
        bucket: Bucket::Stranger,
        range: None,
        limits: SENDS,
        now: at(0),
    }
}

pub(crate) fn facts_for(user: UserKey) -> FactsFor {
    FactsFor { user, source: from("192.0.2.7/32"), tries: TRIES, sends: SENDS, own: false, device: None, now: at(0) }
}

/// A denial of ada, whose number is its reference.
pub(crate) fn decision(number: u32) -> Decision {
    Decision {
        at_s: WALL_S,
        reference: format!("R{number:07}"),
        user: String::from("ada"),
        uid: Some(1000),
        peer_uid: 0,
        source: String::from("192.0.2.7/32"),
        service: String::from("sshd"),
        class: String::from("ssh"),
        factor: Some(String::from("email")),
        verdict: pam_2fa_protocol::login::Verdict::Deny,
        reason: String::from("used"),
        device: None,
        generation: 3,
    }
}

/// A line from a child to the test that started it, past what the test harness itself writes.
pub(crate) fn say(line: &str) {
    let mut stdout = std::io::stdout().lock();
    stdout.write_all(format!("\n{line}\n").as_bytes()).unwrap();
    stdout.flush().unwrap();
}

/// Loud, since the harness captures only what `eprintln` writes.
pub(crate) fn skipped(why: &str) {
    std::io::stderr().lock().write_all(format!("\nSKIPPED: {why}\n").as_bytes()).unwrap();
}
