//! The memory of this library: libc's, wiped when it is given back, and an abort without a word when there is none.
//!
//! Wiped, since codes and passwords pass through buffers of serde and of pam-bindings that nobody else wipes when they grow.
//! Without a word, since std's own end of a failed allocation prints to the host's standard error and reads the environment.
//! The abort denies: it ends the process that asks for the login. Unwinding out of an allocator is not allowed by its contract.

use std::alloc::{GlobalAlloc, Layout, System};

/// See the module's text.
struct Wiped;

#[cfg(not(test))]
#[global_allocator]
static MEMORY: Wiped = Wiped;

// SAFETY: what it hands out and takes back is System's, unchanged. `realloc` is the trait's own, of these two: so what grows
// is moved and the old place wiped.
unsafe impl GlobalAlloc for Wiped {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the layout is as the caller promises.
        or_abort(unsafe { System.alloc(layout) })
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the layout is as the caller promises.
        or_abort(unsafe { System.alloc_zeroed(layout) })
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller gives back that many bytes, and nobody looks at them any more.
        unsafe { libc::explicit_bzero(place.cast(), layout.size()) };
        // SAFETY: it came from `alloc` with this layout, as the caller promises, and so from System.
        unsafe { System.dealloc(place, layout) };
    }
}

fn or_abort(place: *mut u8) -> *mut u8 {
    if place.is_null() {
        // SAFETY: takes nothing and does not return.
        unsafe { libc::abort() };
    }
    place
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_grows_is_moved_whole() {
        let layout = Layout::array::<u8>(4).unwrap();
        // SAFETY: of a size that is not zero.
        let place = unsafe { Wiped.alloc_zeroed(layout) };
        // SAFETY: four bytes of ours.
        unsafe { place.copy_from_nonoverlapping(b"code".as_ptr(), 4) };
        // SAFETY: from this allocator with this layout, to a size that is not zero.
        let grown = unsafe { Wiped.realloc(place, layout, 4096) };
        // SAFETY: the first four of 4096 bytes of ours.
        assert_eq!(unsafe { std::slice::from_raw_parts(grown, 4) }, b"code");
        // SAFETY: from this allocator with that layout.
        unsafe { Wiped.dealloc(grown, Layout::array::<u8>(4096).unwrap()) };
    }
}
