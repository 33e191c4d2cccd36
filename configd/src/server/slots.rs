//! How many connections a uid may have at once (fault 19): a user cannot take root's places.
//!
//! Of root's callers at `login.sock` most ask for a decoy where somebody guesses passwords. Those are answered with their first
//! message and gone, so none takes a place from a login: a place is taken by what has said that it is one. Who has not said so yet is
//! *coming*; of those there are so many at once, and the next wait in `connect`, in turn.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A minute of `CLOCK_BOOTTIME`.
const MINUTE_MS: u64 = 60_000;

/// How many of root's callers may be coming at `login.sock`. Each has two seconds, and needs less than one of a thousand of that.
const COMING: usize = 256;

/// A line of the log that is written once a minute at most.
#[derive(Debug, Default)]
pub struct OnceAMinute {
    /// When it may be written again.
    next_ms: AtomicU64,
}

impl OnceAMinute {
    /// Whether it is written now.
    pub fn passes(&self, boot_ms: u64) -> bool {
        let next_ms = boot_ms.saturating_add(MINUTE_MS);
        self.next_ms.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |at| (boot_ms >= at).then_some(next_ms)).is_ok()
    }
}

/// Places.
#[derive(Debug)]
pub struct Slots {
    taken: Mutex<HashMap<u32, usize>>,
    root: usize,
    other: usize,
    others: usize,
    /// Where root's callers come first.
    coming: Option<Arc<Semaphore>>,
    of_root: OnceAMinute,
    of_others: OnceAMinute,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub struct Place {
    slots: Arc<Slots>,
    uid: u32,
}

/// What a connection is let in with.
#[derive(Debug)]
pub enum Entry {
    /// It has a place.
    Seated(Place),
    /// It has said nothing yet.
    Coming(OwnedSemaphorePermit, Arc<Slots>),
}

impl Entry {
    /// Takes a place for a login of root's callers that has come; `false`: there is none. Whoever has one keeps it.
    pub fn sit(&mut self) -> bool {
        let Self::Coming(_, slots) = self else { return true };
        let Some(place) = slots.take(0) else { return false };
        *self = Self::Seated(place);
        true
    }

    /// Whether the log is to have a line of that there was no place for it.
    pub fn is_told(&self, boot_ms: u64) -> bool {
        match self {
            Self::Seated(_) => false,
            Self::Coming(_, slots) => slots.is_told(0, boot_ms),
        }
    }
}

impl Slots {
    fn new(root: usize, other: usize, others: usize) -> Self {
        let (of_root, of_others) = (OnceAMinute::default(), OnceAMinute::default());
        Self { taken: Mutex::default(), root, other, others, coming: None, of_root, of_others }
    }

    /// For `login.sock`: root 256 that have come, any other uid 4, all others together 256.
    #[must_use]
    pub fn for_logins() -> Self {
        Self { coming: Some(Arc::new(Semaphore::new(COMING))), ..Self::new(256, 4, 256) }
    }

    /// For `admin.sock`: root 32.
    #[must_use]
    pub fn for_admins() -> Self {
        Self::new(32, 0, 0)
    }

    /// For `self.sock`: root 4, any other uid 2, all others together 64.
    #[must_use]
    pub fn for_owns() -> Self {
        Self::new(4, 2, 64)
    }

    /// For `status.sock`: root 4, any other uid 2, all others together 16.
    #[must_use]
    pub fn for_readers() -> Self {
        Self::new(4, 2, 16)
    }

    /// Lets a connection of `uid` in, if it may be. Waits for one of root's callers to have come where there are many.
    pub async fn admit(self: &Arc<Self>, uid: u32) -> Option<Entry> {
        if let (0, Some(coming)) = (uid, &self.coming) {
            let permit = Arc::clone(coming).acquire_owned().await.ok()?;
            return Some(Entry::Coming(permit, Arc::clone(self)));
        }
        self.take(uid).map(Entry::Seated)
    }

    /// A place for `uid`, if there is one.
    pub fn take(self: &Arc<Self>, uid: u32) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = taken.get(&uid).copied().unwrap_or(0);
        let free = if uid == 0 {
            mine < self.root
        } else {
            let all: usize = taken.iter().filter(|(uid, _)| **uid != 0).map(|(_, count)| *count).sum();
            mine < self.other && all < self.others
        };
        if !free {
            return None;
        }
        taken.insert(uid, mine.saturating_add(1));
        Some(Place { slots: Arc::clone(self), uid })
    }

    /// Whether the log is to have a line of a connection of `uid` that had no place: one a minute of root's, one of all others'.
    pub fn is_told(&self, uid: u32, boot_ms: u64) -> bool {
        let line = if uid == 0 { &self.of_root } else { &self.of_others };
        line.passes(boot_ms)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.slots.taken.lock().unwrap_or_else(PoisonError::into_inner);
        match taken.get(&self.uid).copied().unwrap_or(0) {
            0 | 1 => {
                taken.remove(&self.uid);
            }
            count => {
                taken.insert(self.uid, count.saturating_sub(1));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_cannot_take_roots_places() {
        let slots = Arc::new(Slots::for_logins());
        let mut held = Vec::new();
        for uid in 1000..1100 {
            for _ in 0..10 {
                held.extend(slots.take(uid));
            }
        }
        assert_eq!(held.len(), 256);
        let roots: Vec<_> = (0..300).filter_map(|_| slots.take(0)).collect();
        assert_eq!(roots.len(), 256);
        held.pop();
        assert!(slots.take(2000).is_some());
    }

    #[tokio::test]
    async fn who_has_said_nothing_yet_takes_no_place_of_a_login_and_the_next_wait_for_one_of_them() {
        let slots = Arc::new(Slots::for_logins());
        let mut coming = Vec::new();
        for _ in 0..COMING {
            coming.push(slots.admit(0).await.unwrap());
        }
        let mut logins: Vec<_> = (0..255).map(|_| slots.take(0).unwrap()).collect();
        // One comes to be a login, and makes room for another to come; a decoy goes, and does so, too.
        let mut login = coming.pop().unwrap();
        assert!(login.sit() && login.sit());
        coming.push(slots.admit(0).await.unwrap());
        let mut next = std::pin::pin!(slots.admit(0));
        assert!(tokio::time::timeout(std::time::Duration::ZERO, &mut next).await.is_err(), "it waits");
        assert!(matches!(slots.admit(1000).await, Some(Entry::Seated(_))), "root's callers alone do");
        coming.pop();
        let mut late = next.await.unwrap();
        assert!(!late.sit(), "all places are taken");
        logins.pop();
        assert!(late.sit());
    }

    #[test]
    fn who_had_no_place_is_told_once_a_minute_root_apart_from_others() {
        let slots = Slots::for_logins();
        let told: Vec<bool> =
            [(0, 5), (0, 60_004), (1000, 60_004), (1001, 60_004), (0, 60_005), (0, 60_006), (1000, 120_004)]
                .map(|(uid, boot_ms)| slots.is_told(uid, boot_ms))
                .into();
        assert_eq!(told, [true, false, true, false, true, false, true]);
    }
}
