//! What configd says of itself, of its users, and of how it sees them.

use super::super::facts::{Daemon, View};
use crate::client::Client;
use crate::error::Error;
use pam_2fa_protocol::admin::{
    CLOCK_STATUS, ClockReply, EMAIL_REACH, EXPLAIN, EmailReachReply, Explain, ExplainReply, KEY_STATUS, KeyReply,
    STATUS, StatusReply, USER_LIST, UserReply,
};
use pam_2fa_protocol::wire::Nothing;
use std::path::Path;

/// Users that are asked about: each is looked up, which may take a second.
const MOST: usize = 500;
/// Somewhere else (RFC 5737).
const ELSEWHERE: &str = "192.0.2.1";

pub(super) fn ask(runtime: &Path, service: &str, people: &[String]) -> Daemon {
    let mut daemon = Daemon::default();
    if let Err(why) = all(&mut daemon, runtime, service, people) {
        // Sealed is said by `status`, and nothing more is known then.
        if daemon.status.is_none() {
            daemon.failure = Some(why.to_string());
        }
    }
    daemon
}

fn all(daemon: &mut Daemon, runtime: &Path, service: &str, people: &[String]) -> Result<(), Error> {
    let mut client = Client::connect(runtime)?;
    daemon.status = Some(client.call::<StatusReply>(STATUS, &Nothing {})?.status);
    daemon.key = Some(client.call::<KeyReply>(KEY_STATUS, &Nothing {})?);
    daemon.clock = Some(client.call::<ClockReply>(CLOCK_STATUS, &Nothing {})?);
    // One of a release before knows nothing of it.
    let reached = client.call_slow::<EmailReachReply>(EMAIL_REACH, &Nothing {});
    daemon.reached = reached.map(|reply| reply.servers).unwrap_or_default();
    client.call_long(USER_LIST, &Nothing {}, |reply: UserReply| {
        daemon.users.extend(reply.user);
        Ok(())
    })?;
    let mut names: Vec<String> = daemon.users.iter().map(|user| user.name.clone()).collect();
    names.extend(people.iter().filter(|name| !names.contains(name)).cloned().collect::<Vec<_>>());
    daemon.views_left = names.len().saturating_sub(MOST);
    for user in names.into_iter().take(MOST) {
        let from = Some(String::from(ELSEWHERE));
        let asked = Explain { user: user.clone(), service: service.to_owned(), from, tty: None, auth_info: None };
        let said: ExplainReply = client.call(EXPLAIN, &asked)?;
        daemon.views.push(View { user, uid: said.uid, decision: said.decision, reason: said.reason });
    }
    Ok(())
}
