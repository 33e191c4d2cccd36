//! What libpam calls: the two functions this library exports, and the fence round them.
//!
//! No panic leaves, nothing is printed, and what is returned is one of the codes of `verdict` whatever happened inside. libpam
//! *ignores* PAM_ABORT under `optional`, `sufficient` and `default=ignore`, so the codes that pam-bindings makes up for a panic
//! or a NULL are never looked at: an end that our own code did not name is a denial.

use libc::{LOG_CRIT, c_char, c_int, c_uint};
use pam::constants::{PAM_SILENT, PamResultCode};
use pam::macros::invoke_hook;
use pam::module::PamHandle;
use std::ffi::CStr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

use super::pam::{Host, fail_delay, log_static};
use crate::login::authenticate;
use crate::options::Tells;
use crate::verdict::{Ending, Outcome, pam_code};

/// `pam_sm_authenticate(3)`.
///
/// # Safety
/// As libpam calls it: `handle` is NULL or its own handle, alive and used by nobody else during the call; `argv` is NULL or
/// `argc` pointers, each NULL or a string.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pam_sm_authenticate(
    handle: *mut PamHandle,
    flags: c_uint,
    argc: c_int,
    argv: *const *const c_char,
) -> c_int {
    let silence = if flags & PAM_SILENT == 0 { Tells::Shown } else { Tells::Hidden };
    // SAFETY: what is promised to this function is what `fenced` asks for.
    let ending = unsafe { fenced(handle, argc, argv, |host, arguments| authenticate(host, arguments, silence)) };
    let ending = ending.unwrap_or_else(|| {
        // SAFETY: NULL or libpam's handle, as promised to this function.
        unsafe {
            log_static(handle, LOG_CRIT, c"denied: internal error, or called without a handle; please report it")
        };
        Ending::of(Outcome::Denied)
    });
    if ending.outcome.keeps_out() {
        // SAFETY: NULL or libpam's handle, as promised to this function.
        unsafe { fail_delay(handle, ending.fail_delay) };
    }
    pam_code(ending.outcome) as c_int
}

/// `pam_sm_setcred(3)`: there is nothing to set. Success and not PAM_IGNORE, with which a stack of this module alone would fail.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn pam_sm_setcred(
    _handle: *mut PamHandle,
    _flags: c_uint,
    _argc: c_int,
    _argv: *const *const c_char,
) -> c_int {
    pam_code(Outcome::NothingToSet) as c_int
}

/// Runs `work` where no panic can leave. `None` when it did not come to an end of its own.
///
/// # Safety
/// As [`pam_sm_authenticate`].
unsafe fn fenced(
    handle: *mut PamHandle,
    argc: c_int,
    argv: *const *const c_char,
    work: impl FnOnce(&Host<'_>, &[&CStr]) -> Ending,
) -> Option<Ending> {
    let mut ending = None;
    // invoke_hook has a fence of its own; this one is for what is outside it.
    let fence = catch_unwind(AssertUnwindSafe(|| {
        silence_panics();
        let hook = |handle: &mut PamHandle, arguments: Vec<&CStr>| {
            ending = Some(work(&Host::new(handle), &arguments));
            PamResultCode::PAM_ABORT // not looked at
        };
        // SAFETY: `handle` and `argv` are as invoke_hook wants them, NULL included, by the promise to this function.
        unsafe { invoke_hook(handle, argc, argv, hook) }
    }));
    drop(fence); // a payload of ours is text, and its drop cannot panic
    ending
}

/// A panic must not print into the host's terminal or a socket that is its standard error.
///
/// The hook belongs to the copy of std inside this library, which nobody else panics through: so it is set once and never put
/// back, and two threads cannot undo each other's silence. (Counting panics touches a thread-local of that copy; the library
/// stays mapped by `-z nodelete`, and the counter has no destructor.)
fn silence_panics() {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| std::panic::set_hook(Box::new(|_| {})));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;
    use std::ptr::{NonNull, null, null_mut};

    fn allowed(_: &Host<'_>, _: &[&CStr]) -> Ending {
        Ending::of(Outcome::Allowed)
    }

    #[test]
    fn what_is_null_never_reaches_the_login() {
        let handle = NonNull::<PamHandle>::dangling().as_ptr();
        let argument = [null::<c_char>()];
        for (handle, argc, argv) in
            [(null_mut(), 0, null()), (handle, -1, null()), (handle, 1, null()), (handle, 1, argument.as_ptr())]
        {
            // SAFETY: NULLs are allowed; the dangling handle is zero-sized and `allowed` does not touch it.
            assert_eq!(unsafe { fenced(handle, argc, argv, allowed) }, None);
        }
        // SAFETY: as above.
        assert_eq!(unsafe { fenced(handle, 0, null(), allowed) }, Some(Ending::of(Outcome::Allowed)));
    }

    #[test]
    fn a_call_without_a_handle_is_denied() {
        // SAFETY: NULL is allowed.
        let code = unsafe { pam_sm_authenticate(null_mut(), 0, 0, null()) };
        assert_eq!(code, 7, "PAM_AUTH_ERR of _pam_types.h");
    }

    /// The hook is the process's own here, so the panic happens in a process of its own.
    #[test]
    fn a_panic_ends_in_no_verdict_and_prints_nothing() {
        let name = "ffi::entry::tests::panics_inside_the_fence";
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--ignored", "--nocapture"])
            .output()
            .unwrap();
        let stdout = String::from_utf8(child.stdout).unwrap();
        assert!(child.status.success() && stdout.contains("1 passed"), "{stdout}");
        assert!(!stdout.contains("secret of a panic"), "{stdout}");
        assert_eq!(String::from_utf8(child.stderr).unwrap(), "");
    }

    #[test]
    #[ignore = "the child of the test above"]
    fn panics_inside_the_fence() {
        let handle = NonNull::<PamHandle>::dangling().as_ptr();
        // SAFETY: the dangling handle is zero-sized and not touched.
        let ending = unsafe { fenced(handle, 0, null(), |_, _| panic!("the secret of a panic")) };
        assert!(ending.is_none());
    }
}
