//! Users: show, change. What is shown never holds a code.

use super::{Answer, Turned, done, told};
use crate::clock::{Moment, rfc3339};
use crate::daemon::Daemon;
use crate::delivery::Uncounted;
use crate::house::House;
use crate::limits::{Counts, Standing, TryLimits, locked_s, standing};
use crate::login::Resolution;
use crate::login::ways::Way;
use crate::store::{
    About, Authenticator, Bucket, By, Changed, KeptPass, Known, OldRecord, PassKind, UserChange, UserKey, UserRecord,
};
use crate::wire_io::Connection;
use pam_2fa_protocol::admin::{self, Method, Pass, Preference, User, UserReply, UserSet, UserSetReply, UserShow};
use pam_2fa_protocol::frame::Frame;
use pam_2fa_protocol::wire::{Continues, encode_reply};
use pam_2fa_settings::text::printable;
use pam_2fa_settings::{E164, EmailAddress, Language};
use std::sync::PoisonError;

pub(super) async fn list(house: &House, more: bool, connection: &mut Connection) -> Result<Frame, Answer> {
    let mut records = house.store.users_next(None).await?;
    if !more && records.len() > 1 {
        return Err(Answer::refused("a list of several users wants a call with `more`"));
    }
    // One is held back: the last reply ends the call.
    while let Some(last) = records.pop() {
        for record in records {
            let user = Some(shown(house, record).await?);
            connection.write(&encode_reply(&UserReply { user }, Continues::Yes)?).await?;
        }
        records = house.store.users_next(Some(last.key.clone())).await?;
        let reply = UserReply { user: Some(shown(house, last).await?) };
        if records.is_empty() {
            return done(&reply);
        }
        connection.write(&encode_reply(&reply, Continues::Yes)?).await?;
    }
    done(&UserReply { user: None })
}

pub(super) async fn show(house: &House, asked: &UserShow) -> Result<UserReply, Answer> {
    let record = record(house, &asked.name).await?;
    Ok(UserReply { user: Some(shown(house, record).await?) })
}

/// The record of a name; of several (an account that was made anew under another uid) the newest binding is not known, so all
/// are an error that names them.
pub(super) async fn record(house: &House, name: &str) -> Result<UserRecord, Answer> {
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

/// Who a name is on this host.
pub(super) async fn resolve(daemon: &Daemon, name: &str) -> Result<UserKey, Answer> {
    let shown = printable(name);
    match daemon.users.resolve(String::from(name)).await {
        Resolution::Found(key) => Ok(key),
        Resolution::Unknown => {
            Err(Answer::NotFound(format!("there is no user {shown} on this host; check the spelling")))
        }
        Resolution::Failed(why) => Err(Answer::refused(format!("{shown} cannot be looked up: {why}"))),
    }
}

/// A name whose record is of another uid.
pub(super) fn any_record(name: &str, of: u32, is: u32) -> Answer {
    Answer::refused(format!(
        "{name} has a record under uid {of}, and is uid {is} now; bind it anew with pam-2fa user set {name}"
    ))
}

/// A record with all that an administrator sees of its user.
pub(super) async fn shown(house: &House, record: UserRecord) -> Result<User, Answer> {
    let now = house.now();
    let About { methods, counts } = house.store.about(record.key.clone(), now.clone()).await?;
    let limits = house.rules().tries;
    let locked: Vec<String> = counts
        .iter()
        .filter_map(|(of, counts)| Some(format!("{}: {}", in_words(*of), locked(counts, limits, &now)?)))
        .collect();
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
        locked: (!locked.is_empty()).then(|| locked.join("; ")),
        app_since: methods.app.map(|app| rfc3339(app.made_s)),
        recovery_codes: u32::try_from(methods.recovery.len()).unwrap_or(u32::MAX),
        prefers: methods.prefers,
        passes: methods.passes.into_iter().map(open_pass).collect(),
        disabled_since: methods.disabled_s.map(rfc3339),
    })
}

/// A one-time code as it is shown.
pub(super) fn open_pass(kept: KeptPass) -> Pass {
    Pass {
        id: kept.id.0,
        kind: match kept.kind {
            PassKind::Invitation => admin::PassKind::Invitation,
            PassKind::Grant => admin::PassKind::Grant,
        },
        made: rfc3339(kept.made_s),
        until: rfc3339(kept.until_s),
        from: kept.origin,
        service: kept.service,
        reason: kept.reason,
    }
}

fn in_words(of: Authenticator) -> &'static str {
    match of {
        Authenticator::Email => "codes by email",
        Authenticator::Sms => "codes by text message",
        Authenticator::App => "codes of the app",
        Authenticator::Recovery => "recovery codes and grants",
    }
}

/// Which sources may not try now, and until when.
fn locked(counts: &Counts, limits: TryLimits, now: &Moment) -> Option<String> {
    if counts.all() >= limits.before_disabled {
        return Some(String::from("until unlocked"));
    }
    if let Some(left_s) = locked_s(counts, limits, now) {
        return Some(format!("from everywhere for {left_s} s"));
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
    (!held_up.is_empty()).then(|| held_up.join(", "))
}

pub(super) async fn set(daemon: &Daemon, house: &House, asked: UserSet) -> Result<UserSetReply, Answer> {
    let key = resolve(daemon, &asked.name).await?;
    let change = change(house, &key, &asked)?;
    let (turned, from_uid) = make(house, change).await?;
    told::tell(house, told::changed(turned.before.as_ref(), &turned.after));
    let record = turned.after;
    if let Some(uid) = from_uid {
        tracing::warn!(
            user = record.key.name,
            uid = record.key.uid,
            from_uid = uid,
            "a name was re-bound by an administrator: its record under another uid is gone"
        );
    }
    let masked = |way: fn(String) -> Way, address: &Option<String>| address.clone().map(way).map(|way| way.masked());
    tracing::info!(
        user = record.key.name,
        uid = record.key.uid,
        verify = ?record.verify,
        email = masked(Way::Email, &record.email).unwrap_or_default(),
        verified = record.email_verified,
        phone = masked(Way::Sms, &record.phone).unwrap_or_default(),
        phone_verified = record.phone_verified,
        vouched = asked.trusted,
        made = turned.before.is_none(),
        "a record was changed by an administrator"
    );
    let mut notes = notes(house, &record, &asked);
    if let Some(uid) = from_uid {
        notes.insert(0, format!("re-bound: this name had a record of uid {uid}"));
    }
    let user = shown(house, record).await?;
    if user.email.is_none() && user.phone.is_none() && user.app_since.is_none() {
        notes.push(format!("{} has no address, and can answer no code", user.name));
    }
    Ok(UserSetReply { user, notes })
}

/// Makes a change, and ends what stands at prompts with an address that is another one now. What it turned, and the uid of a record
/// of the same name that went.
async fn make(house: &House, change: UserChange) -> Result<(Turned, Option<u32>), Answer> {
    let key = change.key.clone();
    let with_address = change.email.is_some() || change.phone.is_some();
    let before = match house.store.user(key.clone()).await? {
        Known::Record(record) => Some(*record),
        Known::Nobody | Known::NameOfAnother { .. } | Known::UidOfOthers { .. } => None,
    };
    let (after, from_uid) = match house.store.change_user(change).await? {
        Changed::Done(record) => (*record, None),
        Changed::Rebound { from_uid, record } => (*record, Some(from_uid)),
        refused @ (Changed::EmailInUse(_) | Changed::NoSuchMethod(_) | Changed::NameOfAnother { .. }) => {
            return Err(refusal(&key, refused));
        }
    };
    if with_address {
        end_addresses(house, &key);
    }
    if let Some(uid) = from_uid {
        super::account::end_all(house, &UserKey { uid, ..key });
    }
    Ok((Turned { before, after }, from_uid))
}

fn refusal(key: &UserKey, why: Changed) -> Answer {
    let name = &key.name;
    match why {
        Changed::EmailInUse(other) => {
            Answer::refused(format!("--email: {} has this address; one address is one user's", other.name))
        }
        Changed::NameOfAnother { uid } => {
            Answer::refused(format!("{name} has a record under uid {uid}, and is uid {} now", key.uid))
        }
        Changed::NoSuchMethod(method) => Answer::refused(match method {
            Method::Email => format!("--prefer: {name} has no address; give one with --email"),
            Method::Sms => format!("--prefer: {name} has no number; give one with --phone"),
            Method::App => format!("--prefer: {name} has no authenticator app; the user enrols one"),
        }),
        Changed::Done(_) | Changed::Rebound { .. } => Answer::refused("it is done"),
    }
}

/// What was asked for, in the store's types.
fn change(house: &House, key: &UserKey, asked: &UserSet) -> Result<UserChange, Answer> {
    let refused = |option: &'static str| move |why: String| Answer::refused(format!("{option}: {why}"));
    Ok(UserChange {
        key: key.clone(),
        verify: asked.verify,
        email: email(asked.email.as_deref()).map_err(refused("--email"))?,
        phone: phone(asked.phone.as_deref()).map_err(refused("--phone"))?,
        language: language(asked.language.as_deref()).map_err(refused("--language"))?,
        trusted: asked.trusted,
        prefers: asked.prefers.map(|prefers| match prefers {
            Preference::Email => Some(Method::Email),
            Preference::Sms => Some(Method::Sms),
            Preference::App => Some(Method::App),
            Preference::None => None,
        }),
        unique: house.rules().unique_email,
        old_record: OldRecord::Goes,
        by: By::Administrator,
        now: house.now(),
    })
}

/// An address of a change; an empty one takes it away.
pub(super) fn email(text: Option<&str>) -> Result<Option<Option<String>>, String> {
    in_form(text, |text| EmailAddress::parse(text).map(|address| String::from(address.as_str())))
}

/// A number of a change.
pub(super) fn phone(text: Option<&str>) -> Result<Option<Option<String>>, String> {
    in_form(text, |text| E164::parse(text).map(|number| String::from(number.as_str())))
}

/// A language of a change; an empty one is the settings' again.
pub(super) fn language(text: Option<&str>) -> Result<Option<Option<String>>, String> {
    in_form(text, |text| Language::parse(text).map(|language| String::from(language.as_str())))
}

fn in_form<E: ToString>(
    text: Option<&str>,
    parse: impl Fn(&str) -> Result<String, E>,
) -> Result<Option<Option<String>>, String> {
    match text {
        None => Ok(None),
        Some("") => Ok(Some(None)),
        Some(text) => parse(text).map(|parsed| Some(Some(parsed))).map_err(|why| why.to_string()),
    }
}

/// What stands at prompts with an address of this user ends, and so does a code that would prove one.
pub(super) fn end_addresses(house: &House, user: &UserKey) {
    let mut challenges = house.challenges.lock().unwrap_or_else(PoisonError::into_inner);
    challenges.end_all_of(user, Authenticator::Email);
    challenges.end_all_of(user, Authenticator::Sms);
    drop(challenges);
    house.verifications.lock().unwrap_or_else(PoisonError::into_inner).end(user);
}

fn notes(house: &House, record: &UserRecord, asked: &UserSet) -> Vec<String> {
    let name = &record.key.name;
    let is_open =
        |given: &Option<String>, verified: bool| given.as_deref().is_some_and(|text| !text.is_empty()) && !verified;
    let mut notes = Vec::new();
    if is_open(&asked.email, record.email_verified) {
        notes.push(format!(
            "the address is not verified yet, and no code is sent there: pam-2fa user verify {name} email"
        ));
    }
    if is_open(&asked.phone, record.phone_verified) {
        notes
            .push(format!("the number is not verified yet, and no code is sent there: pam-2fa user verify {name} sms"));
    }
    let number = record.phone.as_deref().filter(|_| asked.phone.is_some()).and_then(|phone| E164::parse(phone).ok());
    if let Some(number) = number.filter(|number| !house.rules().countries.reach(number)) {
        notes.push(Uncounted::unreached(&number).to_string());
    }
    if record.phone.is_some() && asked.phone.is_some() && house.rules().sms.is_empty() {
        notes.push(String::from("no provider of text messages is configured, so none can be sent to the number"));
    }
    notes
}

#[cfg(test)]
mod tests;
