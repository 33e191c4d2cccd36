//! What the host says of a login, gathered into [`Begin`].
//!
//! `PAM_USER` is read as it is: never asked for, never set. Texts are taken whole or not at all, since a shortened or mended
//! name is another name.

use pam_2fa_protocol::MAX_FRAME;
use pam_2fa_protocol::login::{Begin, VERSION};
use std::ffi::CStr;

use crate::ffi::file;
use crate::ffi::pam::Host;
use crate::ffi::process;
use crate::stamp;
use crate::stop::{ItemFlaw, Stop};

/// Where sshd lists the methods that have succeeded.
pub(crate) const AUTH_INFO: &CStr = c"SSH_AUTH_INFO_0";

/// So much of a frame is left for it beside the other items.
const LONGEST_HINT: usize = MAX_FRAME / 4 * 3;

/// Where a display manager says which seat it is on.
const SEAT: &CStr = c"XDG_SEAT";

/// The audit session of a process that has none (`AUDIT_SID_UNSET`, include/linux/audit.h).
const NO_SESSION: i64 = 4_294_967_295;

/// Whether the daemon is asked about a real login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// After a first factor that was right.
    Login,
    /// After one that was wrong. Nobody is resolved.
    Decoy,
}

/// Gathers everything.
///
/// # Errors
/// [`Stop::NoUser`], [`Stop::Item`].
pub(crate) fn gather(host: &Host<'_>, purpose: Purpose) -> Result<Begin, Stop> {
    let user = host.user().map_err(|()| Stop::Item("PAM_USER", ItemFlaw::Unreadable))?;
    let name = text("PAM_USER", Ok(user))?.ok_or(Stop::NoUser)?;
    let stamp_of = |user: Option<&CStr>| match (purpose, user) {
        (Purpose::Login, Some(user)) if !user.is_empty() => stamp::of(user, process::effective_uid()),
        (Purpose::Login, _) | (Purpose::Decoy, _) => None,
    };
    Ok(Begin {
        version: VERSION,
        user: name,
        service: text("PAM_SERVICE", host.service())?.unwrap_or_default(),
        tty: text("PAM_TTY", host.tty())?,
        remote_host: text("PAM_RHOST", host.remote_host())?,
        remote_user: text("PAM_RUSER", host.remote_user())?,
        auth_info: hint(host.variable(AUTH_INFO)),
        anchor: process::parent().into(),
        session: audit_session(),
        password_stamp: stamp_of(user),
        caller_stamp: stamp_of(host.remote_user().unwrap_or_default()),
        real_uid: Some(process::real_uid()),
        seat: hint(host.variable(SEAT)),
        password: host.has_password(),
        decoy: purpose == Purpose::Decoy,
    })
}

/// An item as text; absent where it is not set or empty.
///
/// # Errors
/// [`Stop::Item`]. The length is looked at before memory is taken.
pub(crate) fn text(name: &'static str, item: Result<Option<&CStr>, ()>) -> Result<Option<String>, Stop> {
    let flawed = |flaw| Stop::Item(name, flaw);
    let bytes = item.map_err(|()| flawed(ItemFlaw::Unreadable))?.unwrap_or_default().to_bytes();
    if bytes.is_empty() {
        return Ok(None);
    }
    if bytes.len() >= MAX_FRAME {
        return Err(flawed(ItemFlaw::TooLong));
    }
    let text = str::from_utf8(bytes).map_err(|_| flawed(ItemFlaw::NotText))?;
    Ok(Some(text.to_owned()))
}

/// A variable by which a device may be known. One that does not fit is left out (a certificate for hundreds of principals is longer than
/// a frame), which only ever means less trust, and keeps nobody out.
fn hint(variable: Option<&CStr>) -> Option<String> {
    let variable = variable.filter(|value| value.count_bytes() <= LONGEST_HINT);
    text("a variable", Ok(variable)).unwrap_or_default()
}

/// The audit session; absent where unset, or where the kernel or a sandbox does not show it, which only ever means less trust.
fn audit_session() -> Option<i64> {
    let mut digits = [0_u8; 16];
    let file = file::open(c"/proc/self/sessionid", libc::O_RDONLY).ok()?;
    let length = file::read_at(&file, &mut digits, 0).ok()?;
    session(digits.get(..length)?)
}

fn session(digits: &[u8]) -> Option<i64> {
    let number: i64 = str::from_utf8(digits).ok()?.trim_end().parse().ok()?;
    (0..NO_SESSION).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CString;

    #[test]
    fn a_text_is_taken_whole_or_not_at_all() {
        let long = CString::new(vec![b'a'; MAX_FRAME]).unwrap();
        assert_eq!(text("x", Ok(None)).unwrap(), None);
        assert_eq!(text("x", Ok(Some(c""))).unwrap(), None);
        assert_eq!(text("x", Ok(Some(c"tty1"))).unwrap().as_deref(), Some("tty1"));
        assert!(matches!(text("x", Ok(Some(c"\xc3\x28"))), Err(Stop::Item("x", ItemFlaw::NotText))));
        assert!(matches!(text("x", Ok(Some(&long))), Err(Stop::Item("x", ItemFlaw::TooLong))));
        assert!(matches!(text("x", Err(())), Err(Stop::Item("x", ItemFlaw::Unreadable))));
    }

    #[test]
    fn what_a_device_would_be_known_by_is_left_out_where_it_does_not_fit() {
        let long = |length: usize| CString::new(vec![b'a'; length]).unwrap();
        assert_eq!(hint(Some(&long(LONGEST_HINT))).map(|text| text.len()), Some(LONGEST_HINT));
        for left_out in [Some(&*long(LONGEST_HINT + 1)), Some(&*long(MAX_FRAME)), Some(c"\xc3\x28"), None] {
            assert_eq!(hint(left_out), None);
        }
    }

    #[test]
    fn an_unset_audit_session_is_no_session() {
        assert_eq!(session(b"4294967295"), None);
        assert_eq!(session(b"17\n"), Some(17));
        assert_eq!(session(b"0"), Some(0));
        assert_eq!(session(b"-1"), None);
        assert_eq!(session(b""), None);
    }
}
