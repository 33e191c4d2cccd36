//! Names to addresses. Looked up anew for each connection; when the resolver is late or down, the addresses that the name had
//! last serve on, since the certificate and not the address proves who answers.

use super::deadline::Deadline;
use super::failure::{Failure, Stage};
use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The longest wait for a look-up of a name that is not known yet.
const LOOK_UP: Duration = Duration::from_secs(3);
/// The longest wait for one whose last addresses are known.
const LOOK_UP_AGAIN: Duration = Duration::from_millis(1500);
/// So many addresses of a name are tried at most.
const MAX_ADDRESSES: usize = 8;
/// So many names are remembered at most; there are as many as mail servers in the settings.
const MAX_NAMES: usize = 32;

/// A look-up under way.
pub type LookUp<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;

/// Where addresses come from.
pub trait Resolve: Send + Sync {
    /// All addresses of `host`, best first (RFC 6724), with `port`.
    fn look_up<'a>(&'a self, host: &'a str, port: u16) -> LookUp<'a>;
}

/// The system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct System;

impl Resolve for System {
    fn look_up<'a>(&'a self, host: &'a str, port: u16) -> LookUp<'a> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, port)).await?.collect()) })
    }
}

/// A resolver and the addresses that it gave last.
pub struct Names {
    resolver: Box<dyn Resolve>,
    last: Mutex<HashMap<(String, u16), Vec<SocketAddr>>>,
}

impl Names {
    /// Over `resolver`, knowing nothing yet.
    #[must_use]
    pub fn new(resolver: Box<dyn Resolve>) -> Self {
        Self { resolver, last: Mutex::default() }
    }

    /// The addresses to try, in this order.
    ///
    /// # Errors
    /// [`Failure::NoAddress`] or [`Failure::TimedOut`], where the name was not known before either.
    pub async fn addresses(&self, host: &str, port: u16, deadline: Deadline) -> Result<Vec<SocketAddr>, Failure> {
        let no_address = |why: String| Failure::NoAddress { server: host.to_owned(), why };
        let key = (host.to_owned(), port);
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let patience = if last.is_some() { LOOK_UP_AGAIN } else { LOOK_UP };
        let found = deadline
            .or_after(patience)
            .bound(Stage::LookUp, async {
                let mut found =
                    self.resolver.look_up(host, port).await.map_err(|error| no_address(error.to_string()))?;
                found.truncate(MAX_ADDRESSES);
                if found.is_empty() { Err(no_address(String::from("the name exists without one"))) } else { Ok(found) }
            })
            .await;
        match (found, last) {
            (Ok(found), _) => {
                let mut names = self.last.lock().unwrap_or_else(PoisonError::into_inner);
                if names.len() >= MAX_NAMES {
                    names.clear();
                }
                names.insert(key, found.clone());
                Ok(found)
            }
            (Err(_), Some(last)) => Ok(last),
            (Err(failure), None) => Err(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Answers once, then is down, then hangs.
    struct Failing(AtomicUsize);

    impl Resolve for Failing {
        fn look_up<'a>(&'a self, host: &'a str, port: u16) -> LookUp<'a> {
            let turn = self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(async move {
                match (host, turn) {
                    ("mail.example", 0) => Ok(vec![SocketAddr::from(([192, 0, 2, 1], port))]),
                    ("mail.example", 1) => Err(io::Error::other("server failure")),
                    ("empty.example", _) => Ok(Vec::new()),
                    _ => std::future::pending().await,
                }
            })
        }
    }

    #[tokio::test(flavor = "current_thread", start_paused = true)]
    async fn a_resolver_that_is_down_or_silent_leaves_the_last_addresses() {
        let names = Names::new(Box::new(Failing(AtomicUsize::new(0))));
        let deadline = Deadline::after(Duration::from_secs(20));
        let first = names.addresses("mail.example", 465, deadline).await.unwrap();
        assert_eq!(names.addresses("mail.example", 465, deadline).await.unwrap(), first, "down");
        assert_eq!(names.addresses("mail.example", 465, deadline).await.unwrap(), first, "silent");
    }

    #[tokio::test(flavor = "current_thread", start_paused = true)]
    async fn a_silent_resolver_is_waited_for_three_seconds() {
        let names = Names::new(Box::new(Failing(AtomicUsize::new(9))));
        let begun = tokio::time::Instant::now();
        let failure = names.addresses("mail.example", 465, Deadline::after(Duration::from_secs(20))).await.unwrap_err();
        assert!(matches!(failure, Failure::TimedOut { stage: Stage::LookUp }), "{failure}");
        assert_eq!(begun.elapsed().as_secs(), 3);
    }

    #[tokio::test]
    async fn a_name_without_an_address_is_no_address() {
        let names = Names::new(Box::new(Failing(AtomicUsize::new(9))));
        let failure =
            names.addresses("empty.example", 465, Deadline::after(Duration::from_secs(20))).await.unwrap_err();
        assert!(matches!(failure, Failure::NoAddress { .. }), "{failure}");
    }
}
