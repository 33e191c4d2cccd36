//! One look-up in the shadow database, through NSS, into memory of our own that is wiped.

use libc::{c_char, spwd};
use pam_2fa_protocol::Secret;
use std::ffi::CStr;
use std::ptr::null_mut;

/// Room for one entry in bytes. One that does not fit counts as none: there is no growing by what a database says.
const ROOM: usize = 16 * 1024;

/// A shadow entry (shadow(5)).
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// The login name.
    pub(crate) name: &'a [u8],
    /// The hashed password, or what stands in its place.
    pub(crate) password: &'a [u8],
    /// Last change, minimum, maximum, warning, inactivity, expiry, flag; -1 where empty.
    pub(crate) numbers: [i64; 7],
}

/// Calls `look` with the user's entry; `None` where there is none to be had.
pub(crate) fn with_entry<T>(user: &CStr, look: impl FnOnce(&Entry<'_>) -> T) -> Option<T> {
    let mut room = Secret::new(vec![0_u8; ROOM]);
    let mut found = spwd {
        sp_namp: null_mut(),
        sp_pwdp: null_mut(),
        sp_lstchg: 0,
        sp_min: 0,
        sp_max: 0,
        sp_warn: 0,
        sp_inact: 0,
        sp_expire: 0,
        sp_flag: 0,
    };
    let mut result: *mut spwd = null_mut();
    let buffer = room.expose_mut().as_mut_ptr().cast::<c_char>();
    // SAFETY: the name is a string, `buffer` is ROOM bytes of ours, `found` and `result` are ours to write to; all outlive the
    // call. getspnam itself would share one static entry among threads.
    let code = unsafe { libc::getspnam_r(user.as_ptr(), &raw mut found, buffer, ROOM, &raw mut result) };
    if code != 0 || result.is_null() {
        return None;
    }
    // SAFETY: the look-up succeeded, so the field is NULL or a string inside `room`, which outlives the entry.
    let name = unsafe { bytes(found.sp_namp) }?;
    // SAFETY: as above.
    let password = unsafe { bytes(found.sp_pwdp) }?;
    let numbers = [
        found.sp_lstchg,
        found.sp_min,
        found.sp_max,
        found.sp_warn,
        found.sp_inact,
        found.sp_expire,
        found.sp_flag.cast_signed(),
    ];
    Some(look(&Entry { name, password, numbers: numbers.map(Into::into) }))
}

/// The bytes of a string, `None` for NULL.
///
/// # Safety
/// `text` is NULL, or a string that lives and does not change for `'a`.
unsafe fn bytes<'a>(text: *const c_char) -> Option<&'a [u8]> {
    if text.is_null() {
        return None;
    }
    // SAFETY: not NULL, so a string as promised.
    Some(unsafe { CStr::from_ptr(text) }.to_bytes())
}
