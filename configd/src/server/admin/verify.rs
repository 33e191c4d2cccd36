//! An address is verified: a code is sent there, and its owner gives it back to the administrator.

use super::system::{number_to_text, post, text as text_message};
use super::users::{record, show};
use super::{Answer, Turned, done};
use crate::delivery::{Letterhead, TextHead};
use crate::house::House;
use crate::store::{Authenticator, UserRecord};
use crate::texts::sms::{Says, Short, sms};
use crate::texts::{Message, Value};
use crate::wire_io::Connection;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{Channel, UserReply, UserShow, UserVerifyBegin, UserVerifyFinish, VerifySent};
use pam_2fa_protocol::courier::Class;
use pam_2fa_protocol::frame::Frame;
use std::sync::PoisonError;

pub(super) async fn begin(
    house: &House,
    asked: &UserVerifyBegin,
    more: bool,
    connection: &mut Connection,
) -> Result<Frame, Answer> {
    let record = record(house, &asked.name).await?;
    match asked.channel {
        Channel::Email => by_email(house, &record, more, connection).await,
        Channel::Sms => by_sms(house, &record, more, connection).await,
    }
}

async fn by_sms(house: &House, record: &UserRecord, more: bool, connection: &mut Connection) -> Result<Frame, Answer> {
    let name = &record.key.name;
    let Some(number) = &record.phone else {
        return Err(Answer::refused(format!("{name} has no number; pam-2fa user set {name} --phone NUMBER")));
    };
    let rules = house.rules();
    let to = number_to_text(&rules, number)?;
    let (of, now) = ((Authenticator::Sms, number.as_str()), house.now());
    let fresh = house
        .verifications
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .begin(&record.key, of, &rules.codes, &now, house.random.as_ref(), house.keys.as_ref())
        .map_err(Answer::refused)?;
    let life_ms = rules.codes.lifetime_ms;
    let short = Short {
        code: &fresh.code,
        tag: &fresh.tag,
        application: &rules.application,
        host: &house.post.host,
        left_ms: life_ms,
        says: Says::Verify,
    };
    let text = sms(short, rules.letters(record.language.as_deref()));
    let head =
        TextHead { id: &fresh.id.0, attempt: 1, to: &to, text: &text, code: &fresh.code, tag: &fresh.tag, life_ms };
    let outcome = text_message(house, head, (None, &rules), more, connection).await?.outcome;
    let tag = (outcome.class == Class::Accepted).then_some(fresh.tag);
    done(&VerifySent { step: None, outcome: Some(outcome), tag })
}

async fn by_email(
    house: &House,
    record: &UserRecord,
    more: bool,
    connection: &mut Connection,
) -> Result<Frame, Answer> {
    let name = &record.key.name;
    let Some(address) = &record.email else {
        return Err(Answer::refused(format!("{name} has no address; pam-2fa user set {name} --email ADDRESS")));
    };
    let rules = house.rules();
    if rules.email.is_empty() {
        return Err(Answer::refused(
            "no mail server is configured; set [email] in config.toml, then pam-2fa config reload",
        ));
    }
    let (of, now) = ((Authenticator::Email, address.as_str()), house.now());
    let fresh = house
        .verifications
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .begin(&record.key, of, &rules.codes, &now, house.random.as_ref(), house.keys.as_ref())
        .map_err(Answer::refused)?;
    let texts = rules.letters(record.language.as_deref());
    let left = texts.span_in_words(rules.codes.lifetime_ms);
    let values = [
        ("code", Value::Text(fresh.code.expose())),
        ("tag", Value::Text(&fresh.tag)),
        ("application", Value::Text(&rules.application)),
        ("host", Value::Text(&house.post.host)),
        ("user", Value::Text(name)),
        ("left", Value::Text(&left)),
    ];
    let subject = texts.say(Message::MailSubjectVerify, &values);
    let text = Secret::new(texts.say(Message::MailTextVerify, &values));
    let head = Letterhead {
        id: &fresh.id.0,
        attempt: 1,
        to: address,
        subject: &subject,
        text: &text,
        life_ms: rules.codes.lifetime_ms,
    };
    let outcome = post(house, head, more, connection).await?;
    let tag = (outcome.class == Class::Accepted).then_some(fresh.tag);
    done(&VerifySent { step: None, outcome: Some(outcome), tag })
}

pub(super) async fn finish(house: &House, asked: &UserVerifyFinish) -> Result<UserReply, Answer> {
    let turned = prove(house, asked).await?;
    let key = &turned.after.key;
    tracing::info!(user = key.name, uid = key.uid, channel = ?asked.channel, "an address was verified by a code");
    show(house, &UserShow { name: turned.after.key.name }).await
}

/// The code proves the address of the record.
async fn prove(house: &House, asked: &UserVerifyFinish) -> Result<Turned, Answer> {
    let before = record(house, &asked.name).await?;
    let of = match asked.channel {
        Channel::Email => Authenticator::Email,
        Channel::Sms => Authenticator::Sms,
    };
    let rules = house.rules();
    let address = house
        .verifications
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .finish(&before.key, of, &asked.code, &rules.codes, &house.now(), house.keys.as_ref())
        .map_err(Answer::refused)?;
    if !house.store.verify_address(before.key.clone(), of, address, house.now()).await? {
        return Err(Answer::refused("the address was changed meanwhile; verify the new one"));
    }
    let after = record(house, &asked.name).await?;
    Ok(Turned { before: Some(before), after })
}
