//! The status as rows of a name and what is said of it.

use crate::error::counted;
use pam_2fa_protocol::admin::{
    ChannelHealth, ClockHealth, KeyHealth, KeyPlace, Required, State, Status, StoreHealth, Texts,
};
use pam_2fa_protocol::courier::{Class, Reason};
use pam_2fa_protocol::sandbox::{Measure, Sandbox};
use serde::Serialize;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    /// Who is told all.
    Root,
    /// Who is told what names nobody: what is missing then is not to be told of.
    Reader,
}

pub(super) fn rows(status: &Status, asks: Asks) -> Vec<Vec<String>> {
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
    rows.extend(status.store_generation.map(|generation| ("store", store(generation, status))));
    rows.extend(key(status).map(|said| ("key", said)));
    rows.extend(status.clock.as_ref().map(|health| ("clock", clock(health))));
    rows.extend(status.users.map(|users| ("users", users.to_string())));
    let mut rows: Vec<Vec<String>> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    rows.extend(status.channels.iter().map(|channel| vec![channel.name.clone(), health(channel)]));
    rows.extend(status.texts.as_ref().map(|texts| vec![String::from("texts"), sent(texts, asks)]));
    rows.extend(status.sandboxes.iter().map(|of| vec![format!("{} sandbox", of.process), sandbox(of)]));
    rows
}

/// How far it is, and how far it was seen to be; what it takes, and that it was whole.
fn store(generation: i64, status: &Status) -> String {
    let kept = match status.kept_generation {
        Some(kept) => format!("{kept} kept beside the settings"),
        None => String::from("none kept beside the settings until now"),
    };
    let files = status.store.as_ref().map_or_else(String::new, |StoreHealth { size, free, whole_at }| {
        format!("; {}, {} free; found whole {whole_at}", bytes(*size), bytes(*free))
    });
    format!("generation {generation}, {kept}{files}")
}

/// Which it is, and where.
fn key(status: &Status) -> Option<String> {
    let place = status.key.as_ref().map(|KeyHealth { place, path }| {
        let place = match place {
            KeyPlace::State => "a file, not sealed by this machine",
            KeyPlace::Credential => "from a systemd credential",
        };
        path.as_ref().map_or_else(|| place.to_owned(), |path| format!("{path}, {place}"))
    });
    let parts: Vec<String> = status.key_id.clone().into_iter().chain(place).collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

fn clock(health: &ClockHealth) -> String {
    let ClockHealth { wall, behind_s, leap_s } = health;
    match (behind_s, leap_s) {
        (0, 0) => format!("{wall}, at the latest time that was seen"),
        (0, ahead_s) => format!("{wall}, {ahead_s} s ahead of the latest time that was seen, and not believed yet"),
        (behind_s, _) => format!("{wall}, {behind_s} s BEHIND a time that was seen before"),
    }
}

/// `37 of 500 in 24 h, 463 left, 363 of them for all; 2.96 of 25.00; to AT, DE`.
fn sent(texts: &Texts, asks: Asks) -> String {
    let left = |limit: i64| limit.saturating_sub(texts.sent).max(0);
    let mut parts = vec![format!("{} of {} in 24 h, {} left", texts.sent, texts.limit, left(texts.limit))];
    if let (Some(last), Some(for_all)) = (parts.last_mut(), texts.limit_for_all.filter(|limit| *limit < texts.limit)) {
        last.push_str(&format!(", {} of them for all, the rest for known sources", left(for_all)));
    }
    parts.extend(texts.withheld_until.as_ref().map(|until| {
        let but = if texts.withheld_but_known { ", but for known sources" } else { "" };
        format!("WITHHELD until {until}{but}")
    }));
    parts.extend(texts.cost.iter().zip(&texts.cost_limit).map(|(cost, most)| format!("{cost} of {most} spent")));
    parts.extend(match texts.countries.as_slice() {
        [] if asks == Asks::Reader => None,
        [] => Some(String::from("to no country: no user has a number, and limits.sms_countries names none")),
        countries => Some(format!("to {}", countries.join(", "))),
    });
    parts.join("; ")
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
    parts.extend(channel.failing_since.as_ref().map(|since| format!("FAILING since {since}")));
    parts.extend(channel.held_until.as_ref().map(|until| {
        if channel.waits_for_others {
            format!("asked after the others until {until}")
        } else {
            format!("NOT ASKED before {until}")
        }
    }));
    parts.push(match &channel.last_success {
        Some(at) => format!("last accepted {at}"),
        None => String::from("nothing accepted yet"),
    });
    if let Some(said) = last_error(channel) {
        let at = channel.last_error_at.as_deref().unwrap_or("at an unknown time");
        parts.push(format!("last error {at}: {said}"));
    }
    parts.join(", ")
}

/// The other side's own words; for those who are not told them, what kind of error it was.
fn last_error(channel: &ChannelHealth) -> Option<String> {
    let class = |class: &Class, reason: Option<&Reason>| {
        let words = [word(class), reason.and_then(word)];
        words.into_iter().flatten().collect::<Vec<_>>().join(", ")
    };
    let kind = channel.last_error_class.as_ref().map(|of| class(of, channel.last_error_reason.as_ref()));
    channel.last_error.clone().or(kind)
}

/// The word that stands for it on the wire.
pub(super) fn word(value: &impl Serialize) -> Option<String> {
    serde_json::to_value(value).ok()?.as_str().map(str::to_owned)
}

/// `all 9 in force`, or what is not.
fn sandbox(of: &Sandbox) -> String {
    let words = |one: &Measure| {
        let name = one.name.replace('_', " ");
        one.note.as_ref().map_or_else(|| name.clone(), |note| format!("{name} ({note})"))
    };
    let off: Vec<String> = of.measures.iter().filter(|one| !one.on).map(words).collect();
    let on: Vec<String> = of.measures.iter().filter(|one| one.on).map(words).collect();
    match (on.is_empty(), off.is_empty()) {
        (_, true) => format!("in force: {}", on.join(", ")),
        (true, false) => format!("NOTHING in force of {}", counted(off.len(), "measure")),
        (false, false) => format!("in force: {}; NOT in force: {}", on.join(", "), off.join(", ")),
    }
}

/// `12.3 MB`, in powers of 1,000.
fn bytes(count: i64) -> String {
    const UNITS: [(i64, &str); 4] =
        [(1_000_000_000_000, "TB"), (1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    let unit = UNITS.into_iter().find(|(size, _)| count >= *size);
    match unit {
        None => counted(usize::try_from(count).unwrap_or_default(), "byte"),
        Some((size, name)) => {
            let whole = count.checked_div(size).unwrap_or_default();
            let tenths = count.checked_rem(size).and_then(|rest| rest.checked_div(size.checked_div(10)?));
            format!("{whole}.{} {name}", tenths.unwrap_or_default())
        }
    }
}
