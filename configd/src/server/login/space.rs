//! Whether a store that refused had no space left, which an administrator mends in another way than a store that has failed.

use crate::login::Event;
use crate::store::StoreError;

/// Whether there was no space for what the store was asked to write; none: it was not asked to, or failed otherwise.
pub(super) fn lacks_space(event: &Event) -> Option<bool> {
    fn lacks<T>(answer: &Result<T, StoreError>) -> Option<bool> {
        match answer {
            Ok(_) => Some(false),
            Err(StoreError::NoSpace { .. }) => Some(true),
            Err(_) => None,
        }
    }
    match event {
        Event::Charged(answer, _) => lacks(answer),
        Event::Consumed(answer) => lacks(answer),
        Event::Enrolled(answer) => lacks(answer),
        Event::Used(answer) | Event::Remembered(answer) => lacks(answer),
        Event::Revoked(answer) => lacks(answer),
        Event::Begin(_)
        | Event::Resolved(_)
        | Event::LookedUp(_)
        | Event::StillThere(_)
        | Event::Facts(_)
        | Event::Stood(_)
        | Event::Answer(_)
        | Event::Closed => None,
    }
}
