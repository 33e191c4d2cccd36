//! configd: whether it answers, what it says of itself and of its ways out, and whether it comes back with the host.

use super::super::finding::Finding;
use super::super::known::{
    CHANNEL_REFUSED, CHANNEL_TLS, CHANNEL_UNREACHED, CHANNEL_UNTESTED, CLOCK_AHEAD, CLOCK_BEHIND, DAEMON_PROBLEM,
    DAEMON_RELEASE, DAEMON_SEALED, DAEMON_SILENT, Known, UNCONFIRMED, UNIT_OFF,
};
use super::Case;
use pam_2fa_protocol::admin::{ChannelHealth, Reached, Required, State, Status};
use pam_2fa_protocol::courier::{Class, Reason};

/// Below that, trust goes on (docs/when-it-fails.md).
const SLACK_S: i64 = 300;

pub(super) fn findings(case: &Case<'_>) -> Vec<Finding> {
    let mut all = Vec::new();
    let off = |state: &str| ["disabled", "masked", "not-found"].contains(&state);
    for (unit, state) in case.facts.units.iter().filter(|(_, state)| off(state)) {
        all.push(Finding::of(&UNIT_OFF, unit, state).mending("UNIT", unit));
    }
    let overdue = case.facts.unconfirmed.iter();
    all.extend(overdue.map(|(name, until)| Finding::of(&UNCONFIRMED, name, format!("it was to be gone at {until}"))));
    let Some(daemon) = &case.facts.daemon else { return all };
    let socket = case.facts.places.runtime.join("admin.sock").display().to_string();
    if let Some(why) = &daemon.failure {
        all.push(Finding::of(&DAEMON_SILENT, &socket, why));
    }
    if let Some(status) = &daemon.status {
        all.extend(of_status(status, &socket, &daemon.reached));
        all.extend(daemon.reached.iter().filter_map(reached));
    }
    if let Some(clock) = &daemon.clock {
        if clock.behind_s > SLACK_S {
            let seen = format!("{} s behind {}", clock.behind_s, clock.mark);
            all.push(Finding::of(&CLOCK_BEHIND, &clock.wall, seen));
        }
        if clock.leap_s > 0 {
            let seen = format!("{} s ahead of {}", clock.leap_s, clock.mark);
            all.push(Finding::of(&CLOCK_AHEAD, &clock.wall, seen));
        }
    }
    all
}

fn of_status(status: &Status, socket: &str, reached: &[Reached]) -> Vec<Finding> {
    let mut all = Vec::new();
    let about_channel =
        |problem: &str| status.channels.iter().any(|channel| problem.starts_with(&format!("{}:", channel.name)));
    if status.state == State::Sealed {
        all.push(by_its_words(Finding::of(&DAEMON_SEALED, socket, status.problems.join("; "))));
    } else {
        // A way that failed by its certificate is said below, in its own words; so are key and clock.
        let is_said = |problem: &str| {
            (about_channel(problem) && is_tls(problem))
                || ["`pam-2fa key rotate`", "`pam-2fa clock reset`"].iter().any(|command| problem.contains(command))
        };
        let problems = status.problems.iter().filter(|problem| !is_said(problem));
        all.extend(problems.map(|problem| by_its_words(Finding::of(&DAEMON_PROBLEM, socket, problem))));
    }
    if status.version != env!("CARGO_PKG_VERSION") {
        let seen = format!("configd {}, this command {}", status.version, env!("CARGO_PKG_VERSION"));
        all.push(Finding::of(&DAEMON_RELEASE, socket, seen));
    }
    let is_asked = status.required.is_some_and(|required| required != Required::Disabled);
    for channel in status.channels.iter().filter(|channel| channel.configured) {
        let test = if channel.name.starts_with("email") { "email ADDRESS" } else { "sms NUMBER" };
        let server = channel.server.as_deref().unwrap_or(&channel.name);
        // What was tried just now counts more than what was a while ago.
        let is_tried = reached.iter().any(|reached| reached.name == channel.name);
        if let Some(error) = channel.last_error.as_deref().filter(|error| !is_tried && is_tls(error)) {
            all.push(Finding::of(&CHANNEL_TLS, server, format!("{}: {error}", channel.name)).mending("CHANNEL", test));
        } else if is_asked && is_untried(channel) {
            all.push(Finding::of(&CHANNEL_UNTESTED, server, &channel.name).mending("CHANNEL", test));
        }
    }
    all
}

/// What configd's own lines may tell to do. A server's words can stand in them, and what those say is not to be copied into a shell of root's.
const COMMANDS: [&str; 9] = [
    "pam-2fa clock ",
    "pam-2fa config ",
    "pam-2fa key ",
    "pam-2fa provider ",
    "pam-2fa restore ",
    "pam-2fa status",
    "pam-2fa test ",
    "systemctl restart pam-2fa-",
    "systemctl status pam-2fa-",
];

/// configd's own lines say what to do: the first command in them.
fn by_its_words(mut finding: Finding) -> Finding {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b" ./-_".contains(&byte);
    let command =
        |quoted: &&str| COMMANDS.iter().any(|command| quoted.starts_with(command)) && quoted.bytes().all(is_plain);
    if let Some(command) = finding.seen.split('`').skip(1).step_by(2).find(command) {
        finding.mend = command.to_owned();
    }
    finding
}

/// How far the courier came just now.
fn reached(reached: &Reached) -> Option<Finding> {
    let known: &'static Known = match (reached.outcome.class, reached.outcome.reason) {
        (Class::Accepted, _) => return None,
        (_, Some(Reason::Certificate)) => &CHANNEL_TLS,
        (_, Some(Reason::Config)) if reached.outcome.said.contains("ca_file") => &CHANNEL_TLS,
        (Class::AuthError, _) | (_, Some(Reason::Credentials)) => &CHANNEL_REFUSED,
        _ => &CHANNEL_UNREACHED,
    };
    let seen = format!("{}: {}", reached.name, reached.outcome.said);
    Some(
        Finding::of(known, &reached.server, seen).mending("CHANNEL", "email ADDRESS").mending("SETTING", &reached.name),
    )
}

/// A backup is tried only where the first does not accept.
fn is_untried(channel: &ChannelHealth) -> bool {
    !channel.name.contains("backup") && channel.last_success.is_none() && channel.last_error.is_none()
}

fn is_tls(error: &str) -> bool {
    let error = error.to_ascii_lowercase();
    ["certificate", "tls", "unknownissuer"].iter().any(|word| error.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::known::DAEMON_PROBLEM;

    #[test]
    fn a_command_in_a_servers_words_is_not_taken_over() {
        for (seen, mend) in [
            ("the rotation is not finished; `pam-2fa key rotate`", "pam-2fa key rotate"),
            ("email failed: 550 run `pam-2fa user reset root`", "pam-2fa status"),
            ("email failed: 550 run `pam-2fa status; id`", "pam-2fa status"),
            (
                "email failed: 550 `systemctl stop auditd`, see `systemctl status pam-2fa-courier`",
                "systemctl status pam-2fa-courier",
            ),
        ] {
            assert_eq!(by_its_words(Finding::of(&DAEMON_PROBLEM, "configd", seen)).mend, mend, "{seen}");
        }
    }
}
