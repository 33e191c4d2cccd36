//! A key in memory that is not written to swap: on a page of its own, locked (mlock(2)), wiped when it is dropped.
//!
//! A page each, since locks do not count: the first that is taken off a page takes off all of it. All memory (mlockall(2)) cannot be locked:
//! the usual limit is 8 MiB. What a cipher or a hash makes of a key for the moment of its work is on the stack, and so is what is read from
//! the key's file: wiped, and not locked. Sleep to disk writes locked memory too.
//!
//! Must never be a reason to have no key: one that cannot be locked is used all the same, and `status` says so.

use region::LockGuard;
use std::sync::atomic::{AtomicU64, Ordering};
use zeroize::Zeroize;

/// A page, or more: nothing else is on it. Kernels for aarch64 may have pages of 64 KiB.
#[cfg_attr(target_arch = "x86_64", repr(C, align(4096)))]
#[cfg_attr(not(target_arch = "x86_64"), repr(C, align(65536)))]
struct Page([u8; 32]);

/// Bytes that keys of this process have locked, and how many keys there are that could not be.
static LOCKED: AtomicU64 = AtomicU64::new(0);
static NOT_LOCKED: AtomicU64 = AtomicU64::new(0);

/// What a lock counts for at least: the smallest page that there is.
const SMALLEST: u64 = 4096;

/// 256 bits of a key.
pub(crate) struct LockedKey {
    page: Box<Page>,
    /// Taken off after the key is wiped, and before the page is given back.
    lock: Option<LockGuard>,
}

impl LockedKey {
    /// Zeros, to be filled in place: a key that is moved leaves itself behind.
    pub(crate) fn empty() -> Self {
        let page = Box::new(Page([0; 32]));
        let lock = region::lock(page.0.as_ptr(), page.0.len())
            .inspect_err(|error| tracing::warn!(%error, "a key cannot be kept out of swap; look at LimitMEMLOCK="))
            .ok();
        match lock {
            Some(_) => LOCKED.fetch_add(SMALLEST, Ordering::Relaxed),
            None => NOT_LOCKED.fetch_add(1, Ordering::Relaxed),
        };
        Self { page, lock }
    }

    /// A copy of `key`.
    pub(crate) fn of(key: &[u8; 32]) -> Self {
        let mut locked = Self::empty();
        locked.expose_mut().copy_from_slice(key);
        locked
    }

    /// The key itself. Every call is a place to look at in a review.
    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.page.0
    }

    /// The key itself, to be changed in place.
    pub(crate) fn expose_mut(&mut self) -> &mut [u8; 32] {
        &mut self.page.0
    }
}

impl Drop for LockedKey {
    fn drop(&mut self) {
        self.page.0.zeroize();
        match self.lock.take() {
            Some(_) => LOCKED.fetch_sub(SMALLEST, Ordering::Relaxed),
            None => NOT_LOCKED.fetch_sub(1, Ordering::Relaxed),
        };
    }
}

/// How many bytes the kernel must say that it has locked, at least; none where a key could not be.
pub(crate) fn bytes() -> Option<u64> {
    (NOT_LOCKED.load(Ordering::Relaxed) == 0).then(|| LOCKED.load(Ordering::Relaxed))
}
