//! Asking the host what does not stand in its files. It writes nothing, sends nothing, and opens no connection but to configd's own
//! socket; names of mail domains are looked up as `user set` does.

mod credential;
mod daemon;
mod host;
mod sshd;

use super::facts::{Daemon, Facts, Mailbox, Places};
use crate::break_glass;
use crate::clock::Deadline;
use crate::enable::overdue;
use crate::mailbox::{self, Surroundings};
use pam_2fa_protocol::admin::KeyPlace;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// For looking up users: where their source is away, each may take minutes.
const ALL: Duration = Duration::from_secs(60);
/// Mail domains that are looked up: each may take three seconds.
const MOST_DOMAINS: usize = 20;

/// Where things are that an administrator can have elsewhere.
pub(super) struct Asked<'a> {
    pub(super) runtime: &'a Path,
    pub(super) config: &'a Path,
    pub(super) sshd_config: &'a Path,
    /// A service that asks for a code, for what configd is asked about.
    pub(super) service: &'a str,
    /// Those of /etc/passwd who can log in.
    pub(super) people: &'a [String],
}

/// All that there is to ask.
pub(super) fn facts(asked: &Asked<'_>, around: &dyn Surroundings) -> Facts {
    let daemon = daemon::ask(asked.runtime, asked.service, asked.people);
    let usual = Places::default();
    let key = daemon.key.as_ref().filter(|key| key.place == KeyPlace::State);
    let state = key.and_then(|key| Path::new(&key.path).parent()).map_or(usual.state, Path::to_owned);
    let places = Places { runtime: asked.runtime.to_owned(), state, config: asked.config.to_owned() };
    let mut nodes = host::nodes(&places);
    if let Some(key) = &daemon.key {
        // One that came by a credential is no file of ours.
        nodes.retain(|path, _| key.place == KeyPlace::State || path.file_name().is_none_or(|name| name != "key"));
    }
    Facts {
        sshd: sshd::ask(asked.sshd_config),
        nodes,
        units: host::units(),
        space: host::space(&places.state),
        clock_kept: host::clock_kept(),
        denials: host::denials(),
        uids: uids(&daemon),
        glass: break_glass::codes(asked.config).ok().map(|codes| codes.has_good()),
        mailboxes: mailboxes(&daemon, around),
        unconfirmed: overdue(&places.state),
        credential: credential::ask(&places),
        daemon: Some(daemon),
        places,
    }
}

/// The same users by this process's own sources, as far as those answer in time.
fn uids(daemon: &Daemon) -> BTreeMap<String, i64> {
    let deadline = Deadline::after(ALL);
    let asked = daemon.views.iter().take_while(|_| deadline.left().is_some());
    asked.map(|view| (view.user.clone(), host::uid_of(&view.user))).collect()
}

fn mailboxes(daemon: &Daemon, around: &dyn Surroundings) -> Vec<Mailbox> {
    let mut domains: Vec<String> = Vec::new();
    let mut all = Vec::new();
    for user in &daemon.users {
        let Some(address) = &user.email else { continue };
        let domain = address.rsplit('@').next().unwrap_or_default().to_ascii_lowercase();
        if !domains.contains(&domain) {
            if domains.len() >= MOST_DOMAINS {
                continue;
            }
            domains.push(domain);
        }
        let (is_here, why) = match mailbox::read(address, around) {
            mailbox::Read::Elsewhere => continue,
            mailbox::Read::Here(why) => (true, why),
            mailbox::Read::Unknown(why) => (false, why),
        };
        all.push(Mailbox { user: user.name.clone(), address: address.clone(), is_here, why });
    }
    all
}
