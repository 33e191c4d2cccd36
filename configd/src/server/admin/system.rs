//! Settings, secrets, tests.

use super::Answer;
use super::tried::{has_ended, say_elsewhere, to_send_by};
use crate::daemon::Daemon;
use crate::delivery::{Carried, Letterhead, TextHead, Uncounted};
use crate::house::House;
use crate::random;
use crate::rules::Rules;
use crate::texts::{Message, Value};
use crate::trial::{self, Way};
use crate::wire_io::{Connection, ConnectionError};
use data_encoding::HEXLOWER;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{
    EmailReachReply, ExemptionChange, ExemptionChanged, ReloadReply, Seal, SealReply, StatusReply, TestEmail, Tested,
    TestedReply,
};
use pam_2fa_protocol::courier::{Outcome, Sent};
use pam_2fa_protocol::frame::Frame;
use pam_2fa_protocol::wire::{Continues, Nothing, encode_reply};
use pam_2fa_settings::text::printable;
use pam_2fa_settings::{E164, EmailAddress};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

/// For how long a message that carries no code is worth sending.
const TEST_LIFE_MS: u64 = 60_000;

pub(super) async fn status(daemon: &Daemon) -> StatusReply {
    StatusReply { status: crate::server::status::status(daemon).await }
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
    let rules = to_send_by(house, asked.settings.as_ref())?;
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
    say_elsewhere(house, Way::Email, &rules, asked.asked_by.as_deref()).await?;
    let carried = post_by(house, head, &rules, more, connection).await?;
    let Outcome { class, said, .. } = &carried.outcome;
    tracing::info!(to = to.masked(), ?class, said, by = carried.by, "a test message");
    has_ended(house, (Way::Email, &rules), carried, more, connection).await
}

pub(super) async fn tested(house: &House, asked: &Tested) -> Result<TestedReply, Answer> {
    trial::tested(house, asked.settings.expose()).await.map_err(Answer::Refused)
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
    post_by(house, head, &house.rules(), more, connection).await.map(|carried| carried.outcome)
}

async fn post_by(
    house: &House,
    head: Letterhead<'_>,
    rules: &Rules,
    more: bool,
    connection: &mut Connection,
) -> Result<Carried, Answer> {
    with_steps(more, connection, |steps| async move { house.post.post(head, rules, Some(&steps)).await }).await
}

/// A number that an administrator may have a text message sent to, and the rules that say so.
pub(super) fn number_to_text(rules: &Rules, number: &str) -> Result<E164, Answer> {
    let to = E164::parse(number).map_err(Answer::refused)?;
    if rules.sms.is_empty() {
        return Err(Answer::refused(
            "no provider of text messages is configured; set [sms] in config.toml, then pam-2fa config reload",
        ));
    }
    if !rules.countries.reach(&to) {
        return Err(Answer::refused(Uncounted::unreached(&to)));
    }
    Ok(to)
}

/// Sends a text message, by one provider or by all in their order, and passes on what happens meanwhile; or a limit withholds it.
pub(super) async fn text(
    house: &House,
    head: TextHead<'_>,
    (by, rules): (Option<&str>, &Rules),
    more: bool,
    connection: &mut Connection,
) -> Result<Carried, Answer> {
    let sent =
        with_steps(more, connection, |steps| async move { house.post.text_by(head, by, rules, Some(&steps)).await });
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
