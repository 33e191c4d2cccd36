//! How it is: what `Status` of both sockets is made of, and what of it those are told whom its details do not concern.

use crate::clock::{SystemClock, rfc3339};
use crate::daemon::{Daemon, State};
use crate::house::House;
use crate::limits::Share;
use crate::rules::Rules;
use crate::store::Withheld;
use crate::trouble::{Kind, Trouble};
use pam_2fa_protocol::admin::{ChannelHealth, KeyHealth, State as Word, Status, Texts};
use pam_2fa_protocol::sandbox::Sandbox;
use pam_2fa_settings::{Money, Region};
use std::time::Duration;

/// How often it is looked at where nobody asks: since when something is unhealthy is known so exactly.
const LOOK: Duration = Duration::from_secs(60);
/// For so long readers are told the same.
const TOLD_MS: u64 = 1_000;

/// Keeps since when things are unhealthy, and how the ways out are doing. Never ends.
pub async fn watch(daemon: &Daemon) {
    loop {
        tokio::time::sleep(LOOK).await;
        let _seen = status(daemon).await;
        if let State::Open(house) = daemon.state() {
            house.post.health.keep(house.store.as_ref()).await;
        }
    }
}

/// What readers are told, for a second: they may be many and ask without a pause, and each answer asks store, disk and courier.
#[derive(Debug, Default)]
pub struct Told(tokio::sync::Mutex<Option<(u64, Status)>>);

impl Told {
    /// How it is, or was less than a second ago.
    pub async fn status(&self, daemon: &Daemon) -> Status {
        // Whoever comes while it is looked at waits for the same.
        let mut told = self.0.lock().await;
        let now_ms = SystemClock::boot_ms();
        if let Some((at_ms, status)) = told.as_ref()
            && now_ms.saturating_sub(*at_ms) < TOLD_MS
        {
            return status.clone();
        }
        let status = for_readers(status(daemon).await);
        *told = Some((SystemClock::boot_ms(), status.clone()));
        status
    }
}

/// All of it, for an administrator.
pub async fn status(daemon: &Daemon) -> Status {
    let (mut status, found) = match daemon.state() {
        State::Sealed(reason) => {
            let sealed = Trouble { since: daemon.sealed_since(), ..Trouble::new(Kind::Sealed, reason) };
            (Status { sealed_since: daemon.sealed_since(), ..bare(daemon, Word::Sealed) }, vec![sealed])
        }
        State::Open(house) => open_status(daemon, &house).await,
    };
    if !found.is_empty() && status.state == Word::Running {
        status.state = Word::Degraded;
    }
    status.unhealthy = daemon.unhealthy.since(found, &rfc3339(SystemClock::wall_s()));
    status.problems = status.unhealthy.iter().map(|problem| problem.text.clone()).collect();
    status
}

/// What is known of any daemon.
fn bare(daemon: &Daemon, state: Word) -> Status {
    Status {
        version: String::from(env!("CARGO_PKG_VERSION")),
        state,
        since: daemon.since.clone(),
        sealed_since: None,
        problems: Vec::new(),
        unhealthy: Vec::new(),
        required: None,
        application: None,
        generation: None,
        store_generation: None,
        kept_generation: None,
        key_id: None,
        users: None,
        channels: Vec::new(),
        texts: None,
        store: None,
        key: None,
        clock: None,
        sandboxes: vec![crate::sandbox::own()],
    }
}

async fn open_status(daemon: &Daemon, house: &House) -> (Status, Vec<Trouble>) {
    let rules = house.rules();
    let mut found = house.problems();
    found.extend(house.store.log_state().fault.map(|fault| Trouble::new(Kind::Log, fault)));
    found.extend(house.next_start());
    let unread = |error: &dyn std::fmt::Display| Trouble::new(Kind::Store, error);
    let counted = house.store.count_users().await;
    let far = house.store_generation().await;
    // Where one read fails the other does: it is said once.
    found.extend(counted.as_ref().err().map(|error| unread(error)).or(far.as_ref().err().map(|error| unread(error))));
    let (users, store_generation) = (counted.ok().and_then(|count| i64::try_from(count).ok()), far.ok());
    let kept_generation = house.kept_generation().generation();
    if let (Some(counts), Some(kept)) = (store_generation, kept_generation)
        && kept > counts
    {
        // It is open, so this came about since: a file of another host.
        let said = format!(
            "the store counts {counts}, and {kept} was kept beside the settings: configd would be sealed at its next start; look who \
             wrote that file (`generation`), and take it away if it is of another host"
        );
        found.push(Trouble::new(Kind::Generation, said));
    }
    let channels: Vec<ChannelHealth> = house.post.health.channels(&rules, &house.post.clock.now());
    let texts = if rules.sms.is_empty() { None } else { texts(house, &rules, &mut found).await };
    found.extend(channels.iter().filter_map(failing));
    let (courier, unreached) = courier(house, &channels).await;
    found.extend(unreached);
    let mut status = bare(daemon, Word::Running);
    status.sandboxes.extend(courier);
    let status = Status {
        required: Some(rules.required),
        application: Some(rules.application.clone()),
        generation: Some(rules.generation),
        store_generation,
        kept_generation,
        key_id: Some(String::from(house.keys.id().as_str())),
        users,
        channels,
        texts,
        store: house.store_health(),
        key: Some(house.key_health()),
        clock: Some(house.clock_health()),
        ..status
    };
    (status, found)
}

/// A way out whose last message was not taken.
fn failing(channel: &ChannelHealth) -> Option<Trouble> {
    let (since, error) = (channel.failing_since.clone()?, channel.last_error.as_ref()?);
    let test = if channel.name.starts_with("email") { "email ADDRESS" } else { "sms NUMBER" };
    let held = match (&channel.held_until, channel.waits_for_others) {
        (Some(until), false) => format!("; NOT ASKED before {until}"),
        (Some(until), true) => format!("; asked after the others until {until}"),
        (None, _) => String::new(),
    };
    let said =
        format!("{}: the last message was not taken: {error}{held}; pam-2fa test {test} shows each step", channel.name);
    Some(Trouble { since: Some(since), ..Trouble::one_of(Kind::Channel, &channel.name, said) })
}

/// What confines the courier; or why nothing that it should carry leaves.
async fn courier(house: &House, channels: &[ChannelHealth]) -> (Option<Sandbox>, Option<Trouble>) {
    match house.post.carrier.sandbox().await {
        Ok(sandbox) => (sandbox, None),
        Err(_) if !channels.iter().any(|channel| channel.configured) => (None, None),
        Err(why) => (None, Some(Trouble::new(Kind::Courier, why))),
    }
}

/// How many text messages there were, and which limits withhold more.
async fn texts(house: &House, rules: &Rules, found: &mut Vec<Trouble>) -> Option<Texts> {
    let (limits, now) = (rules.sends.texts, house.now());
    let stands = match house.store.texts(limits, now.clone()).await {
        Ok(stands) => stands,
        Err(error) => {
            found.push(Trouble::new(Kind::Store, error));
            return None;
        }
    };
    let until =
        |withheld: &Withheld| rfc3339(now.wall_s.saturating_add(i64::try_from(withheld.wait_s).unwrap_or(i64::MAX)));
    let but_known = ", but for logins from known sources, which have a fifth to themselves";
    let tell = |range: &str, whole: Option<&Withheld>, rest: Option<&Withheld>| {
        let (withheld, but) = whole.map(|all| (all, "")).or(rest.map(|rest| (rest, but_known)))?;
        let (setting, until) = (withheld.by.setting(), until(withheld));
        let to = if range.is_empty() { String::new() } else { format!(" to numbers that begin with {range}") };
        let said =
            format!("{setting} withholds text messages{to} until {until}{but}; see who causes them: pam-2fa log");
        Some(Trouble::one_of(Kind::Texts, &format!("{setting} {range}"), said))
    };
    found.extend(tell("", stands.whole.as_ref(), stands.rest.as_ref()));
    found.extend(stands.ranges.iter().filter_map(|of| tell(&of.range, of.whole.as_ref(), Some(&of.rest))));
    let named = rules.countries.names();
    let regions = if named.is_empty() { &stands.regions } else { named };
    let limit = u64::from(limits.per_day);
    Some(Texts {
        sent: i64::try_from(stands.sent).unwrap_or(i64::MAX),
        limit: i64::from(limits.per_day),
        limit_for_all: i64::try_from(Share::Rest.of(limit)).ok(),
        withheld_until: stands.whole.as_ref().or(stands.rest.as_ref()).map(until),
        withheld_but_known: stands.whole.is_none() && stands.rest.is_some(),
        cost: limits.cost_per_day.map(|_| Money::of_micros(stands.cost).to_string()),
        cost_limit: limits.cost_per_day.map(|cap| Money::of_micros(cap).to_string()),
        countries: regions
            .iter()
            .filter(|region| !named.is_empty() || region.is_country())
            .map(Region::to_string)
            .collect(),
    })
}

/// What of it members of `pam-2fa-status` are told: counts, times and our own words, and nothing that names a user, an address, a
/// number, a server or a file, or that somebody else has said.
#[must_use]
pub fn for_readers(status: Status) -> Status {
    let mut unhealthy = status.unhealthy;
    for problem in &mut unhealthy {
        let plain = Kind::of(&problem.kind).map_or("something is unhealthy", Kind::plain);
        problem.text = format!("{plain}; an administrator sees more: pam-2fa status");
    }
    Status {
        problems: unhealthy.iter().map(|problem| problem.text.clone()).collect(),
        unhealthy,
        application: None,
        key_id: None,
        channels: status
            .channels
            .into_iter()
            .map(|channel| ChannelHealth { server: None, last_error: None, ..channel })
            .collect(),
        texts: status.texts.map(|texts| Texts { countries: Vec::new(), ..texts }),
        key: status.key.map(|key| KeyHealth { path: None, ..key }),
        ..status
    }
}

#[cfg(test)]
mod tests;
