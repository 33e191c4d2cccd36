//! From what was seen to findings: pure functions, one file for each thing that is looked at. They read no file and ask nobody.
//!
//! | file | |
//! |---|---|
//! | `stacks` | what libpam makes of the services that ask for a code |
//! | `modules` | our module and the others |
//! | `sshd` | what sshd asks, and what it does not |
//! | `doors` | who else lets in, and without a code |
//! | `sudoers` | who becomes another without a password |
//! | `daemon` | configd and its ways out |
//! | `key` | the key, and the credential that it can come from |
//! | `places` | sockets, key, store: owners and modes |
//! | `config` | the settings |
//! | `users` | who could not answer, and whom configd sees otherwise |
//! | `host` | disk, clock, SELinux and AppArmor |

mod config;
mod daemon;
mod doors;
mod host;
mod key;
mod modules;
mod places;
mod sshd;
mod stacks;
mod sudoers;
mod users;

use super::facts::Facts;
use super::files::Files;
use super::finding::Finding;

/// What was seen.
pub(super) struct Case<'a> {
    pub(super) files: &'a Files,
    pub(super) facts: &'a Facts,
}

impl Case<'_> {
    /// Whether any service asks for a code, or is meant to.
    fn is_in_use(&self) -> bool {
        self.files.services.iter().any(|service| service.is_on() || service.is_meant)
    }
}

/// Everything that is found, the heaviest first. With a service: about that one, and what it rests on.
pub(super) fn findings(case: &Case<'_>, wanted: Option<&str>) -> Vec<Finding> {
    let mut all = Vec::new();
    all.extend(stacks::findings(case, wanted));
    all.extend(modules::findings(case));
    all.extend(sshd::findings(case));
    all.extend(doors::findings(case));
    all.extend(daemon::findings(case));
    all.extend(key::findings(case));
    all.extend(places::findings(case));
    all.extend(config::findings(case));
    all.extend(users::findings(case));
    all.extend(host::findings(case));
    all.retain(|finding| match (&finding.service, wanted) {
        (Some(about), Some(wanted)) => about == wanted,
        _ => true,
    });
    all.sort_by_key(|finding| finding.severity);
    all
}
