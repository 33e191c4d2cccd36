//! Settings, secrets, tests, status.

use super::{Answer, done};
use crate::clock::rfc3339;
use crate::daemon::{Daemon, State};
use crate::delivery::{Letterhead, TextHead, Uncounted};
use crate::house::House;
use crate::random;
use crate::rules::Rules;
use crate::store::Withheld;
use crate::texts::{Message, Value};
use crate::wire_io::{Connection, ConnectionError};
use data_encoding::HEXLOWER;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{
    ChannelHealth, EmailReachReply, ExemptionChange, ExemptionChanged, ReloadReply, Seal, SealReply, State as Word,
    Status, StatusReply, TestEmail, Texts,
};
use pam_2fa_protocol::courier::{Outcome, Sent};
use pam_2fa_protocol::frame::Frame;
use pam_2fa_protocol::wire::{Continues, Nothing, encode_reply};
use pam_2fa_settings::text::printable;
use pam_2fa_settings::{E164, EmailAddress, Money, Region};
use std::sync::Arc;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// For how long a message that carries no code is worth sending.
const TEST_LIFE_MS: u64 = 60_000;

pub(super) async fn status(daemon: &Daemon) -> StatusReply {
    let version = String::from(env!("CARGO_PKG_VERSION"));
    let since = daemon.since.clone();
    let status = match daemon.state() {
        State::Sealed(reason) => Status {
            version,
            state: Word::Sealed,
            since,
            sealed_since: daemon.sealed_since(),
            problems: vec![reason.to_string()],
            required: None,
            application: None,
            generation: None,
            store_generation: None,
            kept_generation: None,
            key_id: None,
            users: None,
            channels: Vec::new(),
            texts: None,
        },
        State::Open(house) => open_status(version, since, &house).await,
    };
    StatusReply { status }
}

async fn open_status(version: String, since: String, house: &House) -> Status {
    let rules = house.rules();
    let mut problems = house.problems();
    problems.extend(house.store.log_state().fault);
    problems.extend(house.next_start());
    let users = match house.store.count_users().await {
        Ok(count) => i64::try_from(count).ok(),
        Err(error) => {
            problems.push(error.to_string());
            None
        }
    };
    let store_generation = match house.store_generation().await {
        Ok(generation) => Some(generation),
        Err(error) => {
            problems.push(error.to_string());
            None
        }
    };
    let kept_generation = house.kept_generation().generation();
    if let (Some(counts), Some(kept)) = (store_generation, kept_generation)
        && kept > counts
    {
        // It is open, so this came about since: a file of another host.
        problems.push(format!(
            "the store counts {counts}, and {kept} was kept beside the settings: configd would be sealed at its next start; look who \
             wrote that file (`generation`), and take it away if it is of another host"
        ));
    }
    let channels: Vec<ChannelHealth> = house.post.health.channels(&rules, &house.post.clock.now());
    let texts = if rules.sms.is_empty() { None } else { texts(house, &rules, &mut problems).await };
    problems.extend(channels.iter().filter_map(|channel| {
        let error = channel.last_error.as_ref()?;
        let test = if channel.name.starts_with("email") { "email ADDRESS" } else { "sms NUMBER" };
        let more = format!("; pam-2fa test {test} shows each step");
        Some(format!("{}: the last message was not taken: {error}{more}", channel.name))
    }));
    Status {
        version,
        state: if problems.is_empty() { Word::Running } else { Word::Degraded },
        since,
        sealed_since: None,
        problems,
        required: Some(rules.required),
        application: Some(rules.application.clone()),
        generation: Some(rules.generation),
        store_generation,
        kept_generation,
        key_id: Some(String::from(house.keys.id().as_str())),
        users,
        channels,
        texts,
    }
}

/// How many text messages there were, and which limits withhold more.
async fn texts(house: &House, rules: &Rules, problems: &mut Vec<String>) -> Option<Texts> {
    let (limits, now) = (rules.sends.texts, house.now());
    let stands = match house.store.texts(limits, now.clone()).await {
        Ok(stands) => stands,
        Err(error) => {
            problems.push(error.to_string());
            return None;
        }
    };
    let until =
        |withheld: &Withheld| rfc3339(now.wall_s.saturating_add(i64::try_from(withheld.wait_s).unwrap_or(i64::MAX)));
    let but_known = ", but for logins from known sources, which have a fifth to themselves";
    let tell = |to: &str, whole: Option<Withheld>, rest: Option<Withheld>| {
        let (withheld, but) = whole.map(|all| (all, "")).or(rest.map(|rest| (rest, but_known)))?;
        let (setting, until) = (withheld.by.setting(), until(&withheld));
        Some(format!("{setting} withholds text messages{to} until {until}{but}; see who causes them: pam-2fa log"))
    };
    problems.extend(tell("", stands.whole, stands.rest));
    problems.extend(stands.ranges.iter().filter_map(|range| {
        tell(&format!(" to numbers that begin with {}", range.range), range.whole, Some(range.rest))
    }));
    let named = rules.countries.names();
    let regions = if named.is_empty() { &stands.regions } else { named };
    Some(Texts {
        sent: i64::try_from(stands.sent).unwrap_or(i64::MAX),
        limit: i64::from(limits.per_day),
        cost: limits.cost_per_day.map(|_| Money::of_micros(stands.cost).to_string()),
        cost_limit: limits.cost_per_day.map(|cap| Money::of_micros(cap).to_string()),
        countries: regions
            .iter()
            .filter(|region| !named.is_empty() || region.is_country())
            .map(Region::to_string)
            .collect(),
    })
}

pub(super) async fn reload(daemon: &Daemon) -> Result<ReloadReply, Answer> {
    let (generation, notes) = daemon.reload().await.map_err(Answer::Refused)?;
    Ok(ReloadReply { generation, notes })
}

/// Only what may be a secret in `config.toml` is sealed, under its own name: a sealed value is worth nothing elsewhere.
pub(super) fn seal(house: &House, asked: &Seal) -> Result<SealReply, Answer> {
    if !pam_2fa_settings::may_be_secret(&asked.key) {
        let key = printable(&asked.key);
        return Err(Answer::refused(format!("{key}: not a setting that may be secret; see config.toml")));
    }
    let plain = asked.value.expose().as_bytes();
    let sealed = house.keys.seal(house.random.as_ref(), &asked.key, plain).map_err(Answer::refused)?;
    tracing::info!(key = asked.key, "a secret was sealed");
    Ok(SealReply { sealed })
}

/// An exception is dated, has an owner and a reason, and is written down (PCI DSS 8.5.1b).
pub(super) fn exemption_changed(told: &ExemptionChanged) -> Nothing {
    let what = match told.change {
        ExemptionChange::Added => "a user gets in over ssh by key alone",
        ExemptionChange::Removed => "an exemption was removed",
        ExemptionChange::Expired => "an exemption has expired",
    };
    // Whoever sent it is root, but what stood in the file may be anybody's.
    let shown = |text: &Option<String>| text.as_deref().map(|text| printable(text).into_owned());
    tracing::info!(
        exemption = %printable(&told.id),
        user = shown(&told.user),
        network = shown(&told.network),
        until = shown(&told.until),
        reason = shown(&told.reason),
        by = %printable(&told.by),
        "{what}"
    );
    Nothing {}
}

pub(super) async fn test_email(
    house: &House,
    asked: &TestEmail,
    more: bool,
    connection: &mut Connection,
) -> Result<Frame, Answer> {
    let to = EmailAddress::parse(&asked.to).map_err(Answer::refused)?;
    let rules = house.rules();
    if rules.email.is_empty() {
        return Err(Answer::refused(
            "no mail server is configured; set [email] in config.toml, then pam-2fa config reload",
        ));
    }
    let values = [("application", Value::Text(&rules.application)), ("host", Value::Text(&house.post.host))];
    let texts = rules.letters(None);
    let subject = texts.say(Message::MailSubjectTest, &values);
    let text = Secret::new(texts.say(Message::MailTextTest, &values));
    let id = HEXLOWER.encode(&random::bytes::<16>(house.random.as_ref()).map_err(Answer::refused)?);
    let head =
        Letterhead { id: &id, attempt: 1, to: to.as_str(), subject: &subject, text: &text, life_ms: TEST_LIFE_MS };
    let outcome = post(house, head, more, connection).await?;
    tracing::info!(to = to.masked(), class = ?outcome.class, said = outcome.said, "a test message");
    done(&Sent { step: None, outcome: Some(outcome) })
}

pub(super) async fn email_reach(house: &House) -> EmailReachReply {
    EmailReachReply { servers: house.post.reach(&house.rules()).await }
}

/// Sends, and passes each step on as it happens where the caller wants them.
pub(super) async fn post(
    house: &House,
    head: Letterhead<'_>,
    more: bool,
    connection: &mut Connection,
) -> Result<Outcome, Answer> {
    let rules = house.rules();
    with_steps(more, connection, |steps| async move { house.post.post(head, &rules, Some(&steps)).await }).await
}

/// A number that an administrator may have a text message sent to, and the rules that say so.
pub(super) fn number_to_text(house: &House, number: &str) -> Result<(E164, Arc<Rules>), Answer> {
    let to = E164::parse(number).map_err(Answer::refused)?;
    let rules = house.rules();
    if rules.sms.is_empty() {
        return Err(Answer::refused(
            "no provider of text messages is configured; set [sms] in config.toml, then pam-2fa config reload",
        ));
    }
    if !rules.countries.reach(&to) {
        return Err(Answer::refused(Uncounted::unreached(&to)));
    }
    Ok((to, rules))
}

/// Sends a text message, by one provider or by all in their order, and passes on what happens meanwhile; or a limit withholds it.
pub(super) async fn text(
    house: &House,
    head: TextHead<'_>,
    by: Option<&str>,
    more: bool,
    connection: &mut Connection,
) -> Result<Outcome, Answer> {
    let rules = house.rules();
    let sent =
        with_steps(more, connection, |steps| async move { house.post.text_by(head, by, &rules, Some(&steps)).await });
    sent.await?.map_err(Answer::refused)
}

async fn with_steps<T, F: Future<Output = T>>(
    more: bool,
    connection: &mut Connection,
    send: impl FnOnce(UnboundedSender<String>) -> F,
) -> Result<T, Answer> {
    let (steps, mut happened) = unbounded_channel();
    let sending = send(steps);
    let passing = async {
        while let Some(step) = happened.recv().await {
            if more {
                let sent = Sent { step: Some(step), outcome: None };
                connection.write(&encode_reply(&sent, Continues::Yes)?).await?;
            }
        }
        Ok::<(), ConnectionError>(())
    };
    let (outcome, passed) = tokio::join!(sending, passing);
    passed?;
    Ok(outcome)
}

#[cfg(test)]
mod tests;
