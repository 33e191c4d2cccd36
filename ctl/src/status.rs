//! `pam-2fa status`: what is on, what is unhealthy, since when. It shows what the daemon says of itself, and keeps beside the
//! settings how far the store is.

use crate::break_glass::{self, Codes};
use crate::client::Client;
use crate::error::Error;
use crate::generation;
use crate::screen::Screen;
use pam_2fa_protocol::admin::{ChannelHealth, Required, STATUS, State, Status, StatusReply, Texts};
use pam_2fa_protocol::wire::Nothing;
use serde::Serialize;
use std::path::Path;

/// What `status` answers in JSON.
#[derive(Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    reply: &'a StatusReply,
    #[serde(flatten)]
    glass: &'a Glass,
}

/// The break-glass codes, of which configd knows nothing.
#[derive(Serialize)]
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

/// `pam-2fa status`. Its exit status says whether the daemon answered, not how it is.
pub(crate) fn status(client: Result<Client, Error>, config: &Path, screen: &mut Screen<'_>) -> Result<(), Error> {
    let glass = Glass::of(config);
    let reply: StatusReply = match client.and_then(|mut client| client.call(STATUS, &Nothing {})) {
        Ok(reply) => reply,
        Err(error) => {
            // On such a day somebody wants to know how many are left.
            screen.json(&glass)?;
            screen.table(&glass.row().into_iter().collect::<Vec<_>>())?;
            return Err(error);
        }
    };
    screen.json(&Answer { reply: &reply, glass: &glass })?;
    let mut rows = rows(&reply.status);
    rows.extend(glass.row());
    screen.table(&rows)?;
    for problem in reply.status.problems.iter().chain(glass.problems()) {
        screen.line(&format!("problem: {problem}"))?;
    }
    match reply.status.store_generation {
        Some(generation) => generation::keep_and_say(config, generation, screen),
        None => Ok(()),
    }
}

fn rows(status: &Status) -> Vec<Vec<String>> {
    let state = match status.state {
        State::Running => "running",
        State::Degraded => "degraded: it works, and something must be seen to",
        State::Sealed => "sealed: every login that would be asked is denied",
    };
    let mut rows =
        vec![("state", state.to_owned()), ("since", status.since.clone()), ("version", status.version.clone())];
    rows.extend(status.sealed_since.clone().map(|since| ("sealed since", since)));
    rows.extend(status.required.map(|required| ("required", required_word(required).to_owned())));
    rows.extend(status.application.clone().map(|application| ("application", application)));
    rows.extend(status.generation.map(|generation| ("settings", format!("generation {generation}"))));
    rows.extend(status.store_generation.map(|generation| ("store", store(generation, status.kept_generation))));
    rows.extend(status.key_id.clone().map(|id| ("key", id)));
    rows.extend(status.users.map(|users| ("users", users.to_string())));
    let mut rows: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    rows.extend(status.channels.iter().map(|channel| vec![channel.name.clone(), health(channel)]));
    rows.extend(status.texts.as_ref().map(|texts| vec![String::from("texts"), sent(texts)]));
    rows
}

/// `37 of 500 in 24 h; 2.96 of 25.00; to AT, DE`.
fn sent(texts: &Texts) -> String {
    let mut parts = vec![format!("{} of {} in 24 h", texts.sent, texts.limit)];
    parts.extend(texts.cost.iter().zip(&texts.cost_limit).map(|(cost, most)| format!("{cost} of {most}")));
    parts.push(match texts.countries.as_slice() {
        [] => String::from("to no country: no user has a number, and limits.sms_countries names none"),
        countries => format!("to {}", countries.join(", ")),
    });
    parts.join("; ")
}

/// How far it is, and how far it was seen to be.
fn store(generation: i64, kept: Option<i64>) -> String {
    match kept {
        Some(kept) => format!("generation {generation}, {kept} kept beside the settings"),
        None => format!("generation {generation}, none kept beside the settings until now"),
    }
}

fn required_word(required: Required) -> &'static str {
    match required {
        Required::Disabled => "disabled: nobody is asked",
        Required::Optional => "optional: by user",
        Required::Mandatory => "mandatory: everyone is asked",
    }
}

fn health(channel: &ChannelHealth) -> String {
    if !channel.configured {
        return String::from("not set up");
    }
    let mut parts: Vec<String> = channel.server.clone().into_iter().collect();
    parts.push(match &channel.last_success {
        Some(at) => format!("last accepted {at}"),
        None => String::from("nothing accepted yet"),
    });
    if let Some(error) = &channel.last_error {
        let at = channel.last_error_at.as_deref().unwrap_or("at an unknown time");
        parts.push(format!("last error {at}: {error}"));
    }
    parts.join(", ")
}
