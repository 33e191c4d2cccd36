//! `pam-2fa status`: what is on, what is unhealthy, since when. It shows what the daemon says of itself, and keeps beside the
//! settings how far the store is. Root asks `admin.sock`; anybody else `status.sock`, and is told less there.

mod metrics;
mod rows;
mod textfile;

use crate::args::StatusArgs;
use crate::break_glass::{self, Codes};
use crate::client::Client;
use crate::error::Error;
use crate::generation;
use crate::screen::{Screen, Tone};
use pam_2fa_protocol::admin::{self, State, Status, StatusReply};
use pam_2fa_protocol::status::{GROUP, SOCKET, STATUS};
use pam_2fa_protocol::wire::Nothing;
use rows::Asks;
use serde::Serialize;
use std::io::ErrorKind;
use std::path::Path;

/// What `status` answers in JSON.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    reply: &'a StatusReply,
    #[serde(flatten)]
    glass: &'a Glass,
}

/// The break-glass codes, of which configd knows nothing. Root alone can read of them.
#[derive(Default, Serialize)]
struct Glass {
    #[serde(skip_serializing_if = "Option::is_none")]
    break_glass: Option<Codes>,
    /// Why nothing can be said of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    break_glass_error: Option<String>,
}

impl Glass {
    fn of(config: &Path) -> Self {
        match break_glass::codes(config) {
            Ok(codes) => Self { break_glass: Some(codes), break_glass_error: None },
            Err(error) => Self { break_glass: None, break_glass_error: Some(error.to_string()) },
        }
    }

    fn row(&self) -> Option<Vec<String>> {
        let said = self.break_glass.as_ref().and_then(Codes::summary)?;
        Some(vec![String::from("break-glass"), said])
    }

    fn problems(&self) -> impl Iterator<Item = &String> {
        self.break_glass.iter().flat_map(|codes| &codes.problems).chain(&self.break_glass_error)
    }
}

/// `pam-2fa status`. Its exit status says whether the daemon answered, and with `--check` how it is, too.
pub(crate) fn status(
    (runtime_dir, config): (&Path, &Path),
    wanted: &StatusArgs,
    screen: &mut Screen<'_>,
) -> Result<(), Error> {
    let is_root = nix::unistd::geteuid().is_root();
    let glass = if is_root { Glass::of(config) } else { Glass::default() };
    let asked = ask(runtime_dir, is_root);
    if wanted.metrics || wanted.textfile.is_some() {
        let text = metrics::text(asked.as_ref().ok().map(|reply| &reply.status), glass.problems().count());
        match &wanted.textfile {
            // Also where nobody answers: that is what it is looked at for.
            Some(path) => textfile::write(path, &text)?,
            None => screen.verbatim(&text)?,
        }
    }
    let reply = match asked {
        Ok(reply) => reply,
        Err(error) => {
            if !wanted.metrics && wanted.textfile.is_none() {
                // On such a day somebody wants to know how many are left.
                screen.json(&glass)?;
                screen.table(&glass.row().into_iter().collect::<Vec<_>>())?;
            }
            return Err(error);
        }
    };
    if !wanted.metrics && wanted.textfile.is_none() {
        show(&reply, if is_root { Asks::Root } else { Asks::Reader }, &glass, screen)?;
    }
    if let (true, Some(generation)) = (is_root, reply.status.store_generation) {
        generation::keep_and_say(config, generation, screen)?;
    }
    let problems = reply.status.problems.len().saturating_add(glass.problems().count());
    let is_unhealthy = reply.status.state != State::Running || problems > 0;
    if wanted.check && is_unhealthy { Err(Error::Unhealthy { problems }) } else { Ok(()) }
}

fn ask(runtime_dir: &Path, is_root: bool) -> Result<StatusReply, Error> {
    if is_root {
        return Client::connect(runtime_dir)?.call(admin::STATUS, &Nothing {});
    }
    let connected = Client::connect_to(runtime_dir, SOCKET);
    if let Err(Error::Unreachable { why, .. }) = &connected
        && why.kind() == ErrorKind::PermissionDenied
    {
        return Err(Error::NotReader { group: GROUP });
    }
    connected?.call(STATUS, &Nothing {})
}

fn show(reply: &StatusReply, asks: Asks, glass: &Glass, screen: &mut Screen<'_>) -> Result<(), Error> {
    screen.json(&Answer { reply, glass })?;
    let status = &reply.status;
    let mut rows = rows::rows(status, asks);
    rows.extend(glass.row());
    let of_state = match status.state {
        State::Running => Tone::Good,
        State::Degraded => Tone::Warning,
        State::Sealed => Tone::Bad,
    };
    screen.toned_table(&rows, |row| if row == 0 { of_state } else { Tone::Plain })?;
    for problem in problems(status).chain(glass.problems().cloned()) {
        screen.paragraph(Tone::Bad, &format!("problem: {problem}"), 2)?;
    }
    Ok(())
}

/// Each with since when it is, where the daemon says that.
pub(crate) fn problems(status: &Status) -> impl Iterator<Item = String> {
    let bare = if status.unhealthy.is_empty() { status.problems.as_slice() } else { &[] };
    let dated = status.unhealthy.iter().map(|problem| format!("{} (since {})", problem.text, problem.since));
    dated.chain(bare.iter().cloned())
}
