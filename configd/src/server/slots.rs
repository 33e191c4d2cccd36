//! How many connections a uid may have at once (fault 19): a user cannot take root's places.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Places.
#[derive(Debug)]
pub struct Slots {
    taken: Mutex<HashMap<u32, usize>>,
    root: usize,
    other: usize,
    others: usize,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub struct Place {
    slots: Arc<Slots>,
    uid: u32,
}

impl Slots {
    /// For `login.sock`: root 256, any other uid 4, all others together 256.
    #[must_use]
    pub fn for_logins() -> Self {
        Self { taken: Mutex::default(), root: 256, other: 4, others: 256 }
    }

    /// For `admin.sock`: root 32.
    #[must_use]
    pub fn for_admins() -> Self {
        Self { taken: Mutex::default(), root: 32, other: 0, others: 0 }
    }

    /// For `self.sock`: root 4, any other uid 2, all others together 64.
    #[must_use]
    pub fn for_owns() -> Self {
        Self { taken: Mutex::default(), root: 4, other: 2, others: 64 }
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
}
