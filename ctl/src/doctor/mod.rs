//! `pam-2fa doctor [SERVICE]`: what of this host lets somebody by without a code, or keeps out who should get in, and the command that mends
//! it. It changes nothing, sends nothing, and works with configd gone.
//!
//! | file | |
//! |---|---|
//! | `known` | every finding that there can be |
//! | `files` | what stands in the host's files |
//! | `facts`, `gather` | what the host says when it is asked |
//! | `judge` | from both to findings |
//! | `show` | findings on a screen |

mod facts;
mod files;
mod finding;
mod gather;
mod judge;
mod known;
mod show;

pub use finding::Finding;
pub use known::{ALL, Known, Severity};

use crate::args::DoctorArgs;
use crate::error::{Error, counted};
use crate::mailbox::Surroundings;
use crate::screen::Screen;
use facts::{Facts, Places};
use files::Files;
use gather::Asked;
use judge::Case;
use std::path::Path;

/// `pam-2fa doctor`; where configd and the settings are. Its exit status is 1 where something is broken.
pub(crate) fn doctor(
    (runtime, config): (&Path, &Path),
    asked: &DoctorArgs,
    around: &dyn Surroundings,
    screen: &mut Screen<'_>,
) -> Result<(), Error> {
    let is_here = asked.root == Path::new("/");
    let service = asked.service.as_deref();
    let places = Places { runtime: runtime.to_owned(), config: config.to_owned(), ..Places::default() };
    let files = Files::below(&asked.root);
    if let Some(service) = service.filter(|service| files.service(service).is_none()) {
        return Err(Error::NotFound(format!(
            "no service {service}: there is no /etc/pam.d/{service}; `ls /etc/pam.d` shows them"
        )));
    }
    let people = people(&files.text("/etc/passwd").unwrap_or_default());
    let facts = if is_here {
        let sshd_config = &asked.sshd_config;
        let about = service.or_else(|| a_service_that_asks(&files)).unwrap_or("sshd").to_owned();
        gather::facts(&Asked { runtime, config, sshd_config, service: &about, people: &people }, around)
    } else {
        Facts { places, ..Facts::default() }
    };
    if asked.facts {
        return screen.shown_as_json(&facts);
    }
    let findings = judge::findings(&Case { files: &files, facts: &facts }, service);
    let unseen: &[&str] =
        if is_here { &[] } else { &["sshd, configd, sockets, disk and clock: only a host that runs can be asked"] };
    show::show(&findings, service, unseen, screen)?;
    match findings.iter().filter(|finding| finding.severity == Severity::Broken).count() {
        0 => Ok(()),
        broken => Err(Error::Refused(vec![format!("{} broken; each says how to mend it", counted_is(broken))])),
    }
}

fn counted_is(count: usize) -> String {
    format!("{} {}", counted(count, "thing"), if count == 1 { "is" } else { "are" })
}

/// A host that was recorded: its files below a folder, and what it said when it was asked (`doctor --facts`).
///
/// # Errors
/// Where the recording is none.
pub fn recorded(root: &Path, facts: &str, service: Option<&str>) -> Result<Vec<Finding>, String> {
    let facts: Facts = serde_json::from_str(facts).map_err(|error| error.to_string())?;
    let files = Files::below(root);
    Ok(judge::findings(&Case { files: &files, facts: &facts }, service))
}

/// sshd where it asks: what configd would do there is what most people meet.
fn a_service_that_asks(files: &Files) -> Option<&str> {
    let on = |name: &str| files.services.iter().find(|service| service.name == name && service.is_on());
    on("sshd").or_else(|| files.services.iter().find(|service| service.is_on())).map(|service| service.name.as_str())
}

/// Those of passwd(5) who can log in, but for root and the host's own users.
fn people(passwd: &str) -> Vec<String> {
    /// Usual bounds of login.defs(5).
    const PEOPLE: std::ops::RangeInclusive<u32> = 1000..=60_000;
    let can = |line: &&str| {
        let fields: Vec<&str> = line.split(':').collect();
        let uid = fields.get(2).and_then(|uid| uid.parse().ok());
        let shell = fields.get(6).copied().unwrap_or_default();
        uid.is_some_and(|uid| PEOPLE.contains(&uid))
            && !["nologin", "false", "sync"].iter().any(|name| shell.ends_with(name))
    };
    passwd.lines().filter(can).filter_map(|line| line.split(':').next()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_those_who_can_log_in() {
        let passwd = "root:x:0:0::/root:/bin/bash\nada:x:1000:1000::/home/ada:/bin/bash\nbot:x:1001:1001::/:/usr/sbin/nologin\nbob:x:1002:1002::/home/bob:\n\
                      nobody:x:65534:65534::/:/usr/sbin/nologin\n";
        assert_eq!(people(passwd), ["ada", "bob"]);
    }
}
