//! Connections that are kept for a minute, so that a second mail need not shake hands again.
//!
//! A session comes here only after a mail that ended in 250. One whose send failed, timed out or was cancelled is dropped by
//! whoever had it, which closes it: its next answer would be that of the mail before.

use super::session::Session;
use pam_2fa_protocol::courier::{Mail, Tls};
use sha2::{Digest, Sha256};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::{Instant, sleep_until, timeout};

/// A connection is kept so long. Servers close theirs after five minutes at the earliest (RFC 5321 §4.5.3.2.7).
const KEPT: Duration = Duration::from_secs(60);
/// So many are kept in all.
const MAX_KEPT: usize = 8;
/// The longest wait for the answer to QUIT.
const QUIT: Duration = Duration::from_secs(2);

/// Everything that makes one connection unlike another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    server: String,
    port: u16,
    tls: Tls,
    ca_file: Option<String>,
    helo: String,
    user: Option<String>,
    password: Option<[u8; 32]>,
}

impl Key {
    /// That of `mail`. Of the password only a digest is kept.
    #[must_use]
    pub fn of(mail: &Mail, helo: &str) -> Self {
        Self {
            server: mail.server.clone(),
            port: mail.port,
            tls: mail.tls,
            ca_file: mail.ca_file.clone(),
            helo: helo.to_owned(),
            user: mail.user.clone(),
            password: mail.password.as_ref().map(|password| Sha256::digest(password.expose().as_bytes()).into()),
        }
    }
}

struct Idle {
    key: Key,
    until: Instant,
    session: Session,
}

/// Idle connections.
#[derive(Clone, Default)]
pub struct Pool(Arc<Mutex<Vec<Idle>>>);

impl Pool {
    fn lock(&self) -> MutexGuard<'_, Vec<Idle>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one that fits and on which nothing came since, the newest. It is the caller's alone.
    #[must_use]
    pub fn take(&self, key: &Key) -> Option<Session> {
        let mut idle = self.lock();
        while let Some(at) = idle.iter().rposition(|one| one.key == *key) {
            let found = idle.remove(at);
            if found.until > Instant::now() && found.session.is_quiet() {
                return Some(found.session);
            }
        }
        None
    }

    /// Keeps `session`, whose last mail was accepted.
    pub fn keep(&self, key: Key, session: Session) {
        let until = Instant::now().checked_add(KEPT).unwrap_or_else(Instant::now);
        let mut idle = self.lock();
        if idle.len() >= MAX_KEPT {
            leave(idle.remove(0).session);
        }
        idle.push(Idle { key, until, session });
        drop(idle);
        let pool = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            sleep_until(until).await;
            if let Some(pool) = pool.upgrade() {
                Self(pool).expire();
            }
        });
    }

    /// Takes leave of those whose time has come.
    fn expire(&self) {
        let now = Instant::now();
        let mut idle = self.lock();
        let (old, young) = std::mem::take(&mut *idle).into_iter().partition(|one| one.until <= now);
        *idle = young;
        drop(idle);
        let old: Vec<Idle> = old;
        old.into_iter().for_each(|one| leave(one.session));
    }

    /// How many are idle now.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

/// Says QUIT beside everything else, and waits for the answer a moment only.
pub(super) fn leave(session: Session) {
    tokio::spawn(timeout(QUIT, session.quit()));
}
