//! The host of a login: libpam's handle, with what pam-bindings lacks (`pam_getenv`, `pam_syslog`, `pam_fail_delay`,
//! `pam_modutil_getpwnam`).

use libc::{c_char, c_int, c_uint};
use pam::constants::PamMessageStyle;
use pam::conv::Conv;
use pam::items::{AuthTok, RHost, RUser, Service, Tty, User};
use pam::module::{PamHandle, PamResult};
use pam::secret::SecretBytes;
use std::ffi::{CStr, CString};
use std::fmt;
use std::time::Duration;

unsafe extern "C" {
    fn pam_getenv(handle: *const PamHandle, name: *const c_char) -> *const c_char;
    fn pam_syslog(handle: *const PamHandle, priority: c_int, format: *const c_char, ...);
    fn pam_fail_delay(handle: *mut PamHandle, microseconds: c_uint) -> c_int;
    fn pam_modutil_getpwnam(handle: *mut PamHandle, user: *const c_char) -> *mut libc::passwd;
}

/// The longest log text in characters.
const LONGEST_LOG_TEXT: usize = 1_000;

/// libpam's handle for the time of one call.
pub(crate) struct Host<'h> {
    handle: &'h mut PamHandle,
}

impl fmt::Debug for Host<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Host")
    }
}

impl<'h> Host<'h> {
    /// Takes the handle for the time of the call.
    pub(crate) fn new(handle: &'h mut PamHandle) -> Self {
        Self { handle }
    }

    /// `PAM_USER`. Only read: `pam_get_user` could prompt and would set it.
    pub(crate) fn user(&self) -> Result<Option<&CStr>, ()> {
        self.handle.get_item::<User<'_>>().map(|item| item.map(|item| item.0)).map_err(drop)
    }

    /// `PAM_SERVICE`.
    pub(crate) fn service(&self) -> Result<Option<&CStr>, ()> {
        self.handle.get_item::<Service<'_>>().map(|item| item.map(|item| item.0)).map_err(drop)
    }

    /// `PAM_TTY`.
    pub(crate) fn tty(&self) -> Result<Option<&CStr>, ()> {
        self.handle.get_item::<Tty<'_>>().map(|item| item.map(|item| item.0)).map_err(drop)
    }

    /// `PAM_RHOST`.
    pub(crate) fn remote_host(&self) -> Result<Option<&CStr>, ()> {
        self.handle.get_item::<RHost<'_>>().map(|item| item.map(|item| item.0)).map_err(drop)
    }

    /// `PAM_RUSER`.
    pub(crate) fn remote_user(&self) -> Result<Option<&CStr>, ()> {
        self.handle.get_item::<RUser<'_>>().map(|item| item.map(|item| item.0)).map_err(drop)
    }

    /// Whether these bytes are the password that the stack was given. Not for authentication: both sides are the caller's.
    pub(crate) fn password_is(&self, bytes: &[u8]) -> bool {
        self.handle.get_item::<AuthTok<'_>>().is_ok_and(|item| item.is_some_and(|item| item.as_bytes() == bytes))
    }

    /// Whether the stack was given a password.
    pub(crate) fn has_password(&self) -> bool {
        self.handle.get_item::<AuthTok<'_>>().is_ok_and(|item| item.is_some())
    }

    /// A variable of the PAM environment, which is not the process's.
    pub(crate) fn variable(&self, name: &CStr) -> Option<&CStr> {
        // SAFETY: the handle is libpam's and alive, the name is a string.
        let value = unsafe { pam_getenv(self.handle, name.as_ptr()) };
        if value.is_null() {
            return None;
        }
        // SAFETY: not NULL, so a string inside libpam's environment, which changes only through the handle that we hold.
        Some(unsafe { CStr::from_ptr(value) })
    }

    /// The uid and the canonical name of an account; `None` where there is none, or no name that is text. libpam keeps the entry until
    /// the transaction ends.
    pub(crate) fn account(&self, user: &CStr) -> Option<(u32, String)> {
        let handle = (&raw const *self.handle).cast_mut();
        // SAFETY: the handle is libpam's and alive, and nobody else uses it during this call of ours; the name is a string.
        let found = unsafe { pam_modutil_getpwnam(handle, user.as_ptr()) };
        if found.is_null() {
            return None;
        }
        // SAFETY: not NULL, so an entry that lives as long as the handle.
        let entry = unsafe { &*found };
        if entry.pw_name.is_null() {
            return None;
        }
        // SAFETY: not NULL, so a string of that entry.
        let name = unsafe { CStr::from_ptr(entry.pw_name) };
        Some((entry.pw_uid, name.to_str().ok()?.to_owned()))
    }

    /// Shows a message; the reply, if any, is wiped from the host's memory and on drop. The conversation is looked up each
    /// time, since a host may change it from inside one.
    pub(crate) fn converse(&self, style: PamMessageStyle, text: &str) -> PamResult<Option<SecretBytes>> {
        match self.handle.get_item::<Conv<'_>>()? {
            Some(conversation) => conversation.send(style, text),
            None => Err(pam::constants::PamResultCode::PAM_CONV_ERR),
        }
    }

    /// Writes to the host's log. What could move a terminal that shows the log is replaced.
    pub(crate) fn log(&self, priority: c_int, text: &str) {
        let mut shown = String::with_capacity(text.len());
        for c in text.chars().take(LONGEST_LOG_TEXT) {
            shown.push(if is_harmless(c) { c } else { '?' });
        }
        if let Ok(shown) = CString::new(shown) {
            // SAFETY: the handle is libpam's and alive; the format takes one string and gets one.
            unsafe { pam_syslog(self.handle, priority, c"%s".as_ptr(), shown.as_ptr()) };
        }
    }
}

/// Writes a text of our own to the host's log; nothing where the handle is NULL.
///
/// # Safety
/// `handle` is NULL or libpam's, alive.
pub(super) unsafe fn log_static(handle: *const PamHandle, priority: c_int, text: &'static CStr) {
    if !handle.is_null() {
        // SAFETY: not NULL, so alive as promised; the format takes one string and gets one.
        unsafe { pam_syslog(handle, priority, c"%s".as_ptr(), text.as_ptr()) };
    }
}

/// Asks libpam to hold a denied login back for at least this long; nothing where the handle is NULL.
///
/// # Safety
/// `handle` is NULL or libpam's, alive and used by nobody else.
pub(super) unsafe fn fail_delay(handle: *mut PamHandle, delay: Duration) {
    if !handle.is_null() {
        let microseconds = c_uint::try_from(delay.as_micros()).unwrap_or(c_uint::MAX);
        // SAFETY: not NULL, so alive as promised. The call fails only on NULL.
        unsafe { pam_fail_delay(handle, microseconds) };
    }
}

/// Neither a control character nor one that turns the direction of text (Unicode UAX #9).
fn is_harmless(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !c.is_control() && !turns
}

#[cfg(test)]
mod tests {
    use super::is_harmless;

    #[test]
    fn what_moves_a_terminal_is_not_logged() {
        for c in ['\n', '\x1b', '\x7f', '\u{9b}', '\u{202e}', '\u{2066}', '\u{200f}'] {
            assert!(!is_harmless(c), "{c:?}");
        }
        for c in ['a', ' ', '"', 'é', '•'] {
            assert!(is_harmless(c), "{c:?}");
        }
    }
}
