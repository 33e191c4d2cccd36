//! How many notices there may be, and whether the house is still there. In memory: who can restart the daemon can do more than that.

use crate::clock::Moment;
use crate::store::UserKey;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Notices to one user in any 3,600 s.
pub(super) const A_USER: usize = 10;

/// Notices of this host in any 3,600 s: so many of what administrators do, and as many of all else. A file of a thousand users must
/// not keep it from one that somebody else changes an address meanwhile.
pub(super) const A_HOST: usize = 100;

/// Who does what is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    /// An administrator.
    Administrator,
    /// Whoever logs in, or changes something of oneself.
    Anybody,
}

const HOUR_MS: u64 = 3_600_000;

/// What all notices share.
#[derive(Debug, Clone)]
pub struct Desk {
    taken: Arc<Mutex<Taken>>,
    /// Closed when the house goes.
    open: watch::Receiver<()>,
}

#[derive(Debug, Default)]
struct Taken {
    /// Those of the last hour, oldest first: when, on the boot's clock, to whom, and who did it. No more than twice [`A_HOST`].
    recent: VecDeque<(u64, UserKey, Does)>,
    /// All of them.
    count: u64,
}

impl Desk {
    /// A desk, and what keeps it open.
    #[must_use]
    pub fn new() -> (Self, watch::Sender<()>) {
        let (sender, open) = watch::channel(());
        (Self { taken: Arc::default(), open }, sender)
    }

    /// Whether another notice to `user` may leave now: its number, from 1.
    pub(super) fn take(&self, user: &UserKey, does: Does, now: &Moment) -> Option<u64> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while taken.recent.front().is_some_and(|(at_ms, ..)| now.boot_ms.saturating_sub(*at_ms) >= HOUR_MS) {
            taken.recent.pop_front();
        }
        let of_user = taken.recent.iter().filter(|(_, of, _)| of == user).count();
        let of_host = taken.recent.iter().filter(|(.., by)| *by == does).count();
        if of_user >= A_USER || of_host >= A_HOST {
            return None;
        }
        taken.recent.push_back((now.boot_ms, user.clone(), does));
        taken.count = taken.count.saturating_add(1);
        Some(taken.count)
    }

    /// How many have been taken.
    #[cfg(test)]
    pub(crate) fn count(&self) -> u64 {
        self.taken.lock().unwrap().count
    }

    /// Ready when the house has gone.
    pub(super) fn closed(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut open = self.open.clone();
        async move { while open.changed().await.is_ok() {} }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::BootId;

    fn user(uid: u32) -> UserKey {
        UserKey { uid, name: format!("user{uid}") }
    }

    fn at(boot_ms: u64) -> Moment {
        Moment { wall_s: 1_800_000_000, boot_ms, boot: BootId(String::from("boot")) }
    }

    #[test]
    fn a_user_gets_ten_notices_in_any_hour_and_nobody_elses() {
        let (desk, _open) = Desk::new();
        for number in 0..10 {
            assert!(desk.take(&user(1), Does::Anybody, &at(number * 1_000)).is_some());
        }
        assert_eq!(desk.take(&user(1), Does::Anybody, &at(HOUR_MS - 1)), None);
        assert!(desk.take(&user(2), Does::Anybody, &at(HOUR_MS - 1)).is_some());
        assert!(desk.take(&user(1), Does::Anybody, &at(HOUR_MS)).is_some(), "the first is an hour old");
        assert_eq!(desk.take(&user(1), Does::Anybody, &at(HOUR_MS)), None, "and the second is not");
    }

    #[test]
    fn a_host_sends_a_hundred_in_any_hour_and_what_is_refused_is_not_counted() {
        let (desk, _open) = Desk::new();
        for uid in 0..100 {
            assert_eq!(desk.take(&user(uid), Does::Anybody, &at(1_000)), Some(u64::from(uid) + 1));
        }
        for uid in 100..300 {
            assert_eq!(desk.take(&user(uid), Does::Anybody, &at(2_000)), None);
        }
        // What an administrator does is counted for itself.
        for uid in 100..200 {
            assert!(desk.take(&user(uid), Does::Administrator, &at(3_000)).is_some());
        }
        assert_eq!(desk.take(&user(200), Does::Administrator, &at(3_000)), None);
        assert_eq!(desk.take(&user(200), Does::Anybody, &at(HOUR_MS + 1_000)), Some(201));
    }

    #[tokio::test]
    async fn it_is_closed_with_the_house_and_not_before() {
        let (desk, open) = Desk::new();
        let closed = desk.closed();
        tokio::pin!(closed);
        let early = tokio::select! {
            biased;
            () = &mut closed => true,
            () = std::future::ready(()) => false,
        };
        assert!(!early);
        drop(open);
        closed.await;
    }
}
