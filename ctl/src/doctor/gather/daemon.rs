//! What configd says of itself, of its users, and of how it sees them.

use super::super::facts::{Daemon, View};
use crate::client::Client;
use crate::clock::Deadline;
use crate::error::Error;
use pam_2fa_protocol::admin::{
    CLOCK_STATUS, ClockReply, EMAIL_REACH, EXPLAIN, EmailReachReply, Explain, ExplainReply, KEY_STATUS, KeyReply,
    STATUS, StatusReply, USER_LIST, UserReply,
};
use pam_2fa_protocol::wire::Nothing;
use std::path::Path;
use std::time::Duration;

/// Users that are asked about: each is looked up, which may take a second.
const MOST: usize = 500;
/// For all of them: where a source of users is away, each takes its whole second.
const ALL: Duration = Duration::from_secs(60);
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
    views(daemon, &mut client, service, names, ALL)
}

/// What it would do with logins of theirs, as far as it answers in time.
fn views(
    daemon: &mut Daemon,
    client: &mut Client,
    service: &str,
    names: Vec<String>,
    within: Duration,
) -> Result<(), Error> {
    daemon.views_left = names.len();
    let deadline = Deadline::after(within);
    for user in names.into_iter().take(MOST) {
        if deadline.left().is_none() {
            break;
        }
        daemon.views_left = daemon.views_left.saturating_sub(1);
        let from = Some(String::from(ELSEWHERE));
        let asked = Explain { user: user.clone(), service: service.to_owned(), from, tty: None, auth_info: None };
        let said: ExplainReply = client.call(EXPLAIN, &asked)?;
        daemon.views.push(View { user, uid: said.uid, decision: said.decision, reason: said.reason });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pam_2fa_protocol::frame::terminated;
    use pam_2fa_protocol::wire::{Continues, encode_reply};
    use serde_json::json;
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    /// A second for each of five hundred would be eight minutes.
    #[test]
    fn where_each_look_up_takes_its_time_not_all_are_waited_for_and_how_many_are_left_is_said() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        std::thread::spawn(move || {
            let mut asked = [0; 4096];
            while theirs.read(&mut asked).is_ok_and(|length| length > 0) {
                std::thread::sleep(Duration::from_millis(40));
                let said =
                    json!({"decision": "ask", "reason": "new-device", "class": "ssh", "source": "", "generation": 3});
                let frame = terminated(&encode_reply(&said, Continues::No).unwrap()).unwrap().to_vec();
                if theirs.write_all(&frame).is_err() {
                    break;
                }
            }
        });
        let names: Vec<String> = (0..600).map(|number| format!("user{number}")).collect();
        let (mut daemon, started) = (Daemon::default(), Deadline::after(Duration::from_secs(15)));
        views(&mut daemon, &mut Client::over(ours), "sshd", names, Duration::from_millis(400)).unwrap();
        assert!((1..=12).contains(&daemon.views.len()), "{}", daemon.views.len());
        assert_eq!(daemon.views_left, 600 - daemon.views.len());
        assert!(started.left().is_some());
    }
}
