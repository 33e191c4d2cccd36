//! Waiting for what must happen, with one limit for all: long enough for a busy machine, short enough to end a hung test.
//! Never a sleep in the hope that something has happened by then.

#![expect(clippy::panic, reason = "what does not happen in time fails the test that waits for it")]

use std::time::{Duration, Instant};

/// How long anything may take that should take a second.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Between two looks at what gives no event.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// The time now, for a limit.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "a limit on a real server is real time")]
pub fn now() -> Instant {
    Instant::now()
}

/// Looks until `look` has something.
///
/// # Panics
/// After [`PATIENCE`], naming `what`.
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        if begun.elapsed() > PATIENCE {
            panic!("waited {} s for {what}", PATIENCE.as_secs());
        }
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// Reads once, and again where a signal came first: of a socket with a timeout the kernel says so even where nobody handles that signal
/// (signal(7)), as when a child of another test has ended while this process starts a thread.
///
/// # Errors
/// As [`std::io::Read::read`], without [`std::io::ErrorKind::Interrupted`].
pub fn read_again(from: &mut impl std::io::Read, into: &mut [u8]) -> std::io::Result<usize> {
    loop {
        match from.read(into) {
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}
