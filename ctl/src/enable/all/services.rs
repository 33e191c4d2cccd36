//! Every service of the host, before and after its common lines change: who asks for a code then, and whether each that does is
//! sound. It writes nothing.

use super::super::plan::{SHARED, new_door, unreadable};
use super::super::stack::{Answer, Host, Stack, Unreadable, difference, is_ours};
use super::super::whole::Modes;
use super::super::{faillock, file};
use crate::error::Error;
use pam_2fa_settings::Services;
use std::collections::BTreeMap;

/// The lines of every service that has none of its own.
const OTHER: &str = "other";

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) asks: Vec<String>,
    pub(super) ignored: Vec<String>,
    pub(super) doors: Vec<String>,
    /// Those with lines of their own that let in by a first factor alone.
    pub(super) apart: Vec<String>,
    /// What pam_faillock makes of it, and where.
    pub(super) faillock: BTreeMap<String, Vec<String>>,
}

/// Refuses where a service asks already: it would ask twice.
pub(super) fn ask_already(host: &Host) -> Result<(), Error> {
    let asking: Vec<String> = services(host).into_iter().filter(|service| asks(host, service)).collect();
    if asking.is_empty() {
        return Ok(());
    }
    let asking = asking.join(" ");
    Err(Error::Refused(vec![format!(
        "some ask for a code already, and would twice: {asking}; `pam-2fa disable` them (or `--all`) first"
    )]))
}

/// Whether a line of ours stands in a service's stack.
pub(super) fn asks(host: &Host, service: &str) -> bool {
    Stack::read(host, service).is_ok_and(|stack| stack.lines.iter().any(is_ours))
}

/// Looks at all of them; or the reason why one of them is not to be so.
pub(super) fn look(was: &Host, then: &Host, classes: &Services, modes: Modes) -> Result<Seen, Error> {
    let mut seen = Seen::default();
    for service in services(was) {
        let before = match Stack::read(was, &service) {
            Ok(before) => before,
            // This host's libpam may well go on, to whatever end.
            Err(why @ Unreadable::Undefined { .. }) => return Err(unreadable(&why)),
            // It is broken with and without us.
            Err(_) => continue,
        };
        let after = Stack::read(then, &service).map_err(|why| unreadable(&why))?;
        let ignored = classes.is_ignored(&service);
        if before.lines == after.lines {
            if !ignored && Answer::of(&before).passed_by.is_some() {
                seen.apart.push(service);
            }
            continue;
        }
        let other = difference(&before.lines, &after.lines);
        let (before, after) = (Answer::of(&before), Answer::of(&after));
        let why = if ignored { shuts_out(&after) } else { unsound(&after, modes) };
        let why = why.or_else(|| new_door(&before, &after).map(|door| format!("it would let somebody in at {door}")));
        let why = why.or(other);
        if let Some(why) = why {
            return Err(Error::Refused(vec![format!(
                "{service} takes the common lines in, and there {why}; let it have lines of its own, or name the services"
            )]));
        }
        seen.doors.extend(after.doors.iter().map(|door| format!("{service}: {door}")));
        if let Some(said) = faillock::said(then, &service).filter(|_| !ignored) {
            seen.faillock.entry(said).or_default().push(service.clone());
        }
        if ignored { &mut seen.ignored } else { &mut seen.asks }.push(service);
    }
    if seen.asks.is_empty() {
        let why = "no service that asks for a code takes the common lines in; name the services";
        return Err(Error::Refused(vec![why.to_owned()]));
    }
    Ok(seen)
}

/// Those with a file, and the one for all others. What is taken in is no service.
fn services(host: &Host) -> Vec<String> {
    let is_one = |name: &String| name == OTHER || !SHARED.iter().any(|shared| name.starts_with(shared));
    file::services(host).into_iter().filter(is_one).collect()
}

fn unsound(after: &Answer, modes: Modes) -> Option<String> {
    let hidden = (modes.decoy && !after.shows_decoy)
        .then(|| String::from("an earlier line ends a login with a wrong password, so the decoy would never be shown"));
    after.refusals().into_iter().next().or(hidden)
}

/// Policy asks nobody there, so ours says that this is no business of its own, and must be in nobody's way.
fn shuts_out(after: &Answer) -> Option<String> {
    after.shuts_out_others.then(|| String::from("nobody would get in who is asked no code"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enable::stack::Dialect;

    /// A substack's head counts as a line: one that is written whole may have as many as before.
    #[test]
    fn a_service_whose_lines_are_as_many_as_before_is_looked_at_all_the_same() {
        let root = tempfile::TempDir::new().unwrap();
        std::fs::create_dir_all(root.path().join("etc/pam.d")).unwrap();
        let file = |name: &str| root.path().join("etc/pam.d").join(name);
        std::fs::write(file("sshd"), "auth substack system-auth\n").unwrap();
        let was = Host::new(root.path(), Dialect::Upstream)
            .with(&file("system-auth"), b"auth substack system-local\nauth required pam_deny.so\n")
            .with(&file("system-local"), b"auth sufficient pam_unix.so\n");
        let look = |text: &[u8]| {
            let then = was.with(&file("system-auth"), text);
            look(&was, &then, &Services::default(), Modes { decoy: false, key_proven: false })
        };
        let unsound = b"auth sufficient pam_unix.so\nauth requisite pam_2fa.so\nauth required pam_permit.so\n";
        let why = look(unsound).unwrap_err().to_string();
        assert!(why.contains("sshd takes the common lines in"), "{why}");
    }
}
