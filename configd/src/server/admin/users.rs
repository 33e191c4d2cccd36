//! Users: show, change, verify an address.

use super::system::post;
use super::{Answer, done, told};
use crate::clock::Moment;
use crate::daemon::Daemon;
use crate::delivery::Letterhead;
use crate::house::House;
use crate::limits::{Counts, Standing, TryLimits, locked_s, standing};
use crate::login::Resolution;
use crate::store::{Authenticator, Bucket, Changed, OldRecord, UserChange, UserKey, UserRecord};
use crate::texts::{Message, Value};
use crate::wire_io::Connection;
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{
    Channel, User, UserReply, UserSet, UserSetReply, UserShow, UserUnlock, UserVerifyBegin, UserVerifyFinish,
    VerifySent,
};
use pam_2fa_protocol::courier::Class;
use pam_2fa_protocol::frame::Frame;
use pam_2fa_protocol::wire::{Continues, encode_reply};
use pam_2fa_settings::text::printable;
use pam_2fa_settings::{EmailAddress, Language};
use std::sync::PoisonError;

pub(super) async fn list(house: &House, more: bool, connection: &mut Connection) -> Result<Frame, Answer> {
    let mut records = house.store.users(None).await?;
    if !more && records.len() > 1 {
        return Err(Answer::refused("a list of several users wants a call with `more`"));
    }
    let Some(last) = records.pop() else { return done(&UserReply { user: None }) };
    for record in records {
        let user = Some(show_record(house, record).await?);
        connection.write(&encode_reply(&UserReply { user }, Continues::Yes)?).await?;
    }
    done(&UserReply { user: Some(show_record(house, last).await?) })
}

pub(super) async fn show(house: &House, asked: &UserShow) -> Result<UserReply, Answer> {
    let record = record(house, &asked.name).await?;
    Ok(UserReply { user: Some(show_record(house, record).await?) })
}

/// The record of a name; of several (an account that was made anew under another uid) the newest binding is not known, so all
/// are an error that names them.
async fn record(house: &House, name: &str) -> Result<UserRecord, Answer> {
    let mut found = house.store.users(Some(String::from(name))).await?;
    match (found.pop(), found.is_empty()) {
        (Some(record), true) => Ok(record),
        (None, _) => Err(no_record(name)),
        (Some(_), false) => Err(Answer::refused(format!("{} has several records under other uids", printable(name)))),
    }
}

/// An error where the name has no record under any uid.
pub(super) async fn has_record(house: &House, name: &str) -> Result<(), Answer> {
    let found = house.store.users(Some(String::from(name))).await?;
    if found.is_empty() { Err(no_record(name)) } else { Ok(()) }
}

fn no_record(name: &str) -> Answer {
    Answer::NotFound(format!(
        "{name} has no record; make one with pam-2fa user set {name} --email ADDRESS",
        name = printable(name)
    ))
}

async fn show_record(house: &House, record: UserRecord) -> Result<User, Answer> {
    let counts = house.store.counts(record.key.clone(), Authenticator::Email).await?;
    let locked = locked(&counts, house.rules().tries, &house.now());
    Ok(User {
        name: record.key.name,
        uid: record.key.uid,
        verify: record.verify,
        email: record.email,
        email_verified: record.email_verified,
        phone: record.phone,
        phone_verified: record.phone_verified,
        language: record.language,
        last_login: record.last_login,
        locked,
    })
}

/// Which sources may not try a code by email now, and until when.
fn locked(counts: &Counts, limits: TryLimits, now: &Moment) -> Option<String> {
    if counts.all() >= limits.before_disabled {
        return Some(String::from("codes by email: until unlocked"));
    }
    if let Some(left_s) = locked_s(counts, limits, now) {
        return Some(format!("codes by email: from everywhere for {left_s} s"));
    }
    let unknown =
        [(Bucket::Stranger, String::from("new sources")), (Bucket::Own, String::from("the user's own programs"))];
    let known = counts.known.keys().map(|source| (Bucket::Known(source.clone()), source.0.clone()));
    let held_up: Vec<String> = unknown
        .into_iter()
        .chain(known)
        .filter_map(|(bucket, who)| match standing(&bucket, counts, limits, now) {
            Standing::Open { .. } => None,
            Standing::Waiting { wait_s } => Some(format!("from {who} for {wait_s} s")),
            Standing::Disabled => Some(format!("from {who} until unlocked")),
        })
        .collect();
    (!held_up.is_empty()).then(|| format!("codes by email: {}", held_up.join(", ")))
}

pub(super) async fn unlock(house: &House, asked: &UserUnlock) -> Result<UserReply, Answer> {
    let record = record(house, &asked.name).await?;
    let failures = house.store.unlock(record.key.clone(), house.now()).await?;
    tracing::info!(
        user = record.key.name,
        uid = record.key.uid,
        failures,
        "a user's wrong codes were forgiven by an administrator"
    );
    Ok(UserReply { user: Some(show_record(house, record).await?) })
}

pub(super) async fn set(daemon: &Daemon, house: &House, asked: UserSet) -> Result<UserSetReply, Answer> {
    let shown = printable(&asked.name).into_owned();
    let key = match daemon.users.resolve(asked.name.clone()).await {
        Resolution::Found(key) => key,
        Resolution::Unknown => {
            return Err(Answer::NotFound(format!("there is no user {shown} on this host; check the spelling")));
        }
        Resolution::Failed(why) => return Err(Answer::refused(format!("{shown} cannot be looked up: {why}"))),
    };
    let change = change(house, &key, &asked)?;
    let has_email = change.email.as_ref().is_some_and(Option::is_some);
    let before = told::before(house, &key).await?;
    let (record, from_uid) = match house.store.change_user(change).await? {
        Changed::Done(record) => (*record, None),
        Changed::Rebound { from_uid, record } => (*record, Some(from_uid)),
        Changed::EmailInUse(other) => {
            return Err(Answer::refused(format!(
                "--email: {} has this address; one address is one user's",
                other.name
            )));
        }
        Changed::NameOfAnother { uid } => {
            return Err(Answer::refused(format!("{shown} has a record under uid {uid}, and is uid {} now", key.uid)));
        }
    };
    if asked.email.is_some() {
        end_challenges(house, &key);
    }
    if let Some(uid) = from_uid {
        end_challenges(house, &UserKey { uid, ..key });
        tracing::warn!(
            user = record.key.name,
            uid = record.key.uid,
            from_uid = uid,
            "a name was re-bound by an administrator: its record under another uid is gone"
        );
    }
    tracing::info!(
        user = record.key.name,
        uid = record.key.uid,
        verify = ?record.verify,
        email = record.email.as_deref().map(crate::login::deliver::masked).unwrap_or_default(),
        verified = record.email_verified,
        vouched = asked.trusted,
        "a record was changed by an administrator"
    );
    told::tell(house, told::changed(before.as_ref(), &record));
    let mut notes = notes(&record, has_email, asked.trusted);
    if let Some(uid) = from_uid {
        notes.insert(0, format!("re-bound: this name had a record of uid {uid}"));
    }
    Ok(UserSetReply { user: show_record(house, record).await?, notes })
}

/// What was asked for, in the store's types.
fn change(house: &House, key: &UserKey, asked: &UserSet) -> Result<UserChange, Answer> {
    let email = match asked.email.as_deref() {
        None => None,
        Some("") => Some(None),
        Some(text) => Some(Some(String::from(EmailAddress::parse(text).map_err(Answer::refused)?.as_str()))),
    };
    if asked.phone.as_deref().is_some_and(|phone| !phone.is_empty()) {
        return Err(Answer::refused("--phone: text messages are not in this release; leave it out"));
    }
    let language = match asked.language.as_deref() {
        None => None,
        // The settings' again.
        Some("") => Some(None),
        Some(word) => {
            let known = Language::parse(word).map_err(|error| Answer::refused(format!("--language: {error}")))?;
            Some(Some(String::from(known.as_str())))
        }
    };
    Ok(UserChange {
        key: key.clone(),
        verify: asked.verify,
        email,
        phone: asked.phone.as_ref().map(|_| None),
        language,
        trusted: asked.trusted,
        old_record: OldRecord::Goes,
        now: house.now(),
    })
}

fn end_challenges(house: &House, user: &UserKey) {
    let mut challenges = house.challenges.lock().unwrap_or_else(PoisonError::into_inner);
    challenges.end_all_of(user, Authenticator::Email);
}

fn notes(record: &UserRecord, has_email: bool, trusted: bool) -> Vec<String> {
    let name = &record.key.name;
    let mut notes = Vec::new();
    if has_email && !trusted {
        notes.push(format!(
            "the address is not verified yet, and no code is sent there: pam-2fa user verify {name} email"
        ));
    }
    if record.email.is_none() {
        notes.push(format!("{name} has no address, and can answer no code"));
    }
    notes
}

pub(super) async fn verify_begin(
    house: &House,
    asked: &UserVerifyBegin,
    more: bool,
    connection: &mut Connection,
) -> Result<Frame, Answer> {
    by_email(asked.channel)?;
    let record = record(house, &asked.name).await?;
    let Some(address) = record.email else {
        return Err(Answer::refused(format!(
            "{name} has no address; pam-2fa user set {name} --email ADDRESS",
            name = record.key.name
        )));
    };
    let rules = house.rules();
    if rules.email.is_empty() {
        return Err(Answer::refused(
            "no mail server is configured; set [email] in config.toml, then pam-2fa config reload",
        ));
    }
    let fresh = house
        .verifications
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .begin(&record.key, &address, &rules.codes, &house.now(), house.random.as_ref(), house.keys.as_ref())
        .map_err(Answer::refused)?;
    let texts = rules.letters(record.language.as_deref());
    let left = texts.span_in_words(rules.codes.lifetime_ms);
    let values = [
        ("code", Value::Text(fresh.code.expose())),
        ("tag", Value::Text(&fresh.tag)),
        ("application", Value::Text(&rules.application)),
        ("host", Value::Text(&house.post.host)),
        ("user", Value::Text(&record.key.name)),
        ("left", Value::Text(&left)),
    ];
    let subject = texts.say(Message::MailSubjectVerify, &values);
    let text = Secret::new(texts.say(Message::MailTextVerify, &values));
    let head = Letterhead {
        id: &fresh.id.0,
        attempt: 1,
        to: &address,
        subject: &subject,
        text: &text,
        life_ms: rules.codes.lifetime_ms,
    };
    let outcome = post(house, head, more, connection).await?;
    let tag = (outcome.class == Class::Accepted).then_some(fresh.tag);
    done(&VerifySent { step: None, outcome: Some(outcome), tag })
}

pub(super) async fn verify_finish(house: &House, asked: &UserVerifyFinish) -> Result<UserReply, Answer> {
    by_email(asked.channel)?;
    let record = record(house, &asked.name).await?;
    let rules = house.rules();
    let address = house
        .verifications
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .finish(&record.key, &asked.code, &rules.codes, &house.now(), house.keys.as_ref())
        .map_err(Answer::refused)?;
    let done = house.store.verify_address(record.key.clone(), Authenticator::Email, address, house.now()).await?;
    if !done {
        return Err(Answer::refused("the address was changed meanwhile; verify the new one"));
    }
    tracing::info!(user = record.key.name, uid = record.key.uid, "an address was verified by a code");
    show(house, &UserShow { name: record.key.name }).await
}

fn by_email(channel: Channel) -> Result<(), Answer> {
    match channel {
        Channel::Email => Ok(()),
        Channel::Sms => Err(Answer::refused("text messages are not in this release; verify an email address")),
    }
}

#[cfg(test)]
mod tests;
