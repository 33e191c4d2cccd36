//! How many notices there may be, and whether the house is still there. In memory: who can restart the daemon can do more than that.

use crate::clock::Moment;
use crate::store::UserKey;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Notices to one user in any 3,600 s.
pub(super) const A_USER: usize = 10;

/// Notices of this host in any 3,600 s.
pub(super) const A_HOST: usize = 100;

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
    /// Those of the last hour, oldest first: when, on the boot's clock, and to whom. No more than [`A_HOST`].
    recent: VecDeque<(u64, UserKey)>,
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
    pub(super) fn take(&self, user: &UserKey, now: &Moment) -> Option<u64> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while taken.recent.front().is_some_and(|(at_ms, _)| now.boot_ms.saturating_sub(*at_ms) >= HOUR_MS) {
            taken.recent.pop_front();
        }
        let of_user = taken.recent.iter().filter(|(_, of)| of == user).count();
        if of_user >= A_USER || taken.recent.len() >= A_HOST {
            return None;
        }
        taken.recent.push_back((now.boot_ms, user.clone()));
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
            assert!(desk.take(&user(1), &at(number * 1_000)).is_some());
        }
        assert_eq!(desk.take(&user(1), &at(HOUR_MS - 1)), None);
        assert!(desk.take(&user(2), &at(HOUR_MS - 1)).is_some());
        assert!(desk.take(&user(1), &at(HOUR_MS)).is_some(), "the first is an hour old");
        assert_eq!(desk.take(&user(1), &at(HOUR_MS)), None, "and the second is not");
    }

    #[test]
    fn a_host_sends_a_hundred_in_any_hour_and_what_is_refused_is_not_counted() {
        let (desk, _open) = Desk::new();
        for uid in 0..100 {
            assert_eq!(desk.take(&user(uid), &at(1_000)), Some(u64::from(uid) + 1));
        }
        for uid in 100..300 {
            assert_eq!(desk.take(&user(uid), &at(2_000)), None);
        }
        assert_eq!(desk.take(&user(100), &at(HOUR_MS + 1_000)), Some(101));
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
