//! Whether a user sits at this machine, as logind tells in its own folder: an active session of that uid on a seat or on a terminal of the
//! machine, and not a remote one. What it does not say is no. Nothing that a process of the user says is looked at.

use std::fs;
use std::path::Path;

/// Where logind keeps what it knows of a user (sd-login(3) reads the same files).
const USERS: &str = "/run/systemd/users";
/// And of a session.
const SESSIONS: &str = "/run/systemd/sessions";

/// A file of logind's is shorter; one that is not is not read.
const LONGEST: u64 = 65_536;

/// Whether `uid` has an active session on a seat of this machine.
pub(crate) fn is_there(uid: u32) -> bool {
    is_at_seat(Path::new(USERS), Path::new(SESSIONS), uid)
}

fn is_at_seat(users: &Path, sessions: &Path, uid: u32) -> bool {
    let Some(user) = read(&users.join(uid.to_string())) else { return false };
    let active = value(&user, "ACTIVE_SESSIONS").unwrap_or_default();
    active.split_whitespace().filter(|id| id.bytes().all(|byte| byte.is_ascii_alphanumeric())).any(|id| {
        read(&sessions.join(id)).is_some_and(|session| {
            let is = |key: &str, wanted: &str| value(&session, key) == Some(wanted);
            is("UID", &uid.to_string())
                && is("REMOTE", "0")
                && is("ACTIVE", "1")
                && is("STATE", "active")
                && is("CLASS", "user")
                && (value(&session, "SEAT").is_some_and(|seat| !seat.is_empty())
                    || value(&session, "TTY").is_some_and(is_terminal))
        })
    })
}

/// Whether a terminal, named without `/dev/`, is one of the machine: a virtual or a serial one.
pub(crate) fn is_terminal(tty: &str) -> bool {
    let is_number = |rest: &str| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit());
    tty == "console"
        || ["tty", "ttyS", "ttyAMA", "hvc"].iter().any(|kind| tty.strip_prefix(kind).is_some_and(is_number))
}

fn read(path: &Path) -> Option<String> {
    let metadata = fs::symlink_metadata(path).ok()?;
    (metadata.is_file() && metadata.len() <= LONGEST).then(|| fs::read_to_string(path).ok())?
}

/// The value of a line `KEY=value`.
fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_active_local_session_on_a_seat_is_somebody_who_sits_there() {
        let folder = tempfile::tempdir().unwrap();
        let (users, sessions) = (folder.path().join("users"), folder.path().join("sessions"));
        fs::create_dir_all(&users).unwrap();
        fs::create_dir_all(&sessions).unwrap();
        fs::write(users.join("1000"), "NAME=ada\nACTIVE_SESSIONS=3 c1\nSEATS=seat0\n").unwrap();
        fs::write(users.join("1001"), "NAME=bob\nSESSIONS=3\nACTIVE_SESSIONS=../users/1000 9\n").unwrap();
        let good = "UID=1000\nACTIVE=1\nSTATE=active\nREMOTE=0\nCLASS=user\nSEAT=seat0\nTTY=tty1\n";
        assert!(!is_at_seat(&users, &sessions, 1000), "no such session");
        fs::write(sessions.join("c1"), good).unwrap();
        assert!(is_at_seat(&users, &sessions, 1000));
        for (from, to) in [
            ("UID=1000", "UID=1001"),
            ("ACTIVE=1", "ACTIVE=0"),
            ("STATE=active", "STATE=closing"),
            ("REMOTE=0", "REMOTE=1"),
            ("CLASS=user", "CLASS=lock-screen"),
            ("SEAT=seat0\nTTY=tty1", "SEAT=\nTTY=pts/1"),
            ("SEAT=seat0\nTTY=tty1\n", ""),
        ] {
            fs::write(sessions.join("c1"), good.replace(from, to)).unwrap();
            assert!(!is_at_seat(&users, &sessions, 1000), "{to}");
        }
        // A serial line belongs to no seat.
        fs::write(sessions.join("c1"), good.replace("SEAT=seat0\nTTY=tty1", "TTY=ttyS0")).unwrap();
        assert!(is_at_seat(&users, &sessions, 1000));
        fs::write(sessions.join("3"), good).unwrap();
        assert!(!is_at_seat(&users, &sessions, 1001), "another user's session");
        assert!(!is_at_seat(&users, &sessions, 4711));
        assert!(!is_at_seat(Path::new("/nonexistent"), &sessions, 1000));
    }
}
