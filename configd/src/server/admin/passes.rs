//! One-time codes of an administrator: an invitation enrols a first method, a grant stands for a code once. The code leaves in the
//! reply and is kept as a MAC; no log has it.

use super::users::{any_record, open_pass, resolve};
use super::{Answer, told};
use crate::authenticator::{LongCode, LongCodeMac, LongUse};
use crate::clock::rfc3339;
use crate::daemon::Daemon;
use crate::house::House;
use crate::limits::{Standing, standing};
use crate::notice::{About, Notice};
use crate::random;
use crate::rules::Rules;
use crate::store::{Authenticator, Bucket, KeptPass, Known, Methods, PassId, PassKind, UserKey, UserRecord};
use pam_2fa_protocol::admin::{OneTimeCode, UserGrant, UserInvite};
use pam_2fa_settings::text::is_plain;
use pam_2fa_settings::{Enrolment, Network};
use std::net::IpAddr;

/// An invitation is good for so long: it goes by letter, or is said on the first day of somebody's work.
const INVITATION_S: i64 = 7 * 86_400;

/// A grant, where nothing else is said.
const GRANT_S: i64 = 2 * 3_600;

/// The shortest and the longest grant: an exception is for a day of work, and not a way of living.
const GRANTS_S: std::ops::RangeInclusive<i64> = 60..=7 * 86_400;

/// The longest reason, bytes: a user's record with all its grants is one frame.
const LONGEST_REASON: usize = 200;

/// The longest name of a service, bytes.
const LONGEST_SERVICE: usize = 64;

pub(super) async fn invite(daemon: &Daemon, house: &House, asked: &UserInvite) -> Result<OneTimeCode, Answer> {
    let user = resolve(daemon, &asked.name).await?;
    let (known, methods) = admitted(house, &user).await?;
    if let Some(has) = known.as_ref().and_then(|record| method_of(record, &methods)) {
        let name = &user.name;
        let enrols = match unreachable(known.as_ref(), &methods, house.rules().as_ref()) {
            None => String::from("and enrols more with it"),
            Some(channel) => format!("and [{channel}], which it needs, is not configured"),
        };
        return Err(Answer::refused(format!(
            "{name} has {has} already, {enrols}; pam-2fa user reset {name} takes everything away"
        )));
    }
    let is_another = methods.passes.iter().any(|pass| pass.kind == PassKind::Invitation);
    let made = Made { kind: PassKind::Invitation, for_s: INVITATION_S, origin: None, service: None, reason: "" };
    let mut code = give(house, user, made).await?;
    if house.rules().who.enrolment == Enrolment::Administrator {
        code.notes.push(String::from(
            "policy.enrolment is \"administrator\", so no invitation is taken; set it to \"invited\", then pam-2fa config reload",
        ));
    }
    code.notes.extend(is_another.then(|| String::from("the earlier invitation is over")));
    Ok(code)
}

pub(super) async fn grant(daemon: &Daemon, house: &House, asked: &UserGrant) -> Result<OneTimeCode, Answer> {
    let for_s = asked.for_s.unwrap_or(GRANT_S);
    if !GRANTS_S.contains(&for_s) {
        return Err(Answer::refused("--for: a grant is for 1 minute to 7 days; write such as 2h or \"3 days\""));
    }
    let reason = asked.reason.trim();
    if reason.is_empty() || reason.len() > LONGEST_REASON || !reason.chars().all(is_plain) {
        return Err(Answer::refused(format!(
            "--reason: 1 to {LONGEST_REASON} bytes of one line; whoever reads the log wants to know why"
        )));
    }
    let origin = asked.from.as_deref().map(origin).transpose()?;
    let service = asked.service.as_deref().map(service).transpose()?;
    let user = resolve(daemon, &asked.name).await?;
    let (_, methods) = admitted(house, &user).await?;
    let grants = methods.passes.iter().filter(|pass| pass.kind == PassKind::Grant).count();
    let made = Made { kind: PassKind::Grant, for_s, origin, service, reason };
    let mut code = give(house, user.clone(), made).await?;
    if grants >= crate::store::MOST_GRANTS {
        code.notes.push(format!("{grants} were open, so the oldest is over"));
    }
    code.notes.extend(unheard(house, user).await?);
    Ok(code)
}

/// That wrong codes of the same form keep a one-time code from being heard.
async fn unheard(house: &House, user: UserKey) -> Result<Option<String>, Answer> {
    let note =
        format!("too many wrong codes of this kind were typed, and it is not heard; pam-2fa user unlock {}", user.name);
    let counts = house.store.counts(user, Authenticator::Recovery).await?;
    let standing = standing(&Bucket::Stranger, &counts, house.rules().tries, &house.now());
    Ok((!matches!(standing, Standing::Open { .. })).then_some(note))
}

/// The record, if any, and the methods of a user who may be given a code: not of one who is shut out, or whose name is bound to
/// another uid.
async fn admitted(house: &House, user: &UserKey) -> Result<(Option<UserRecord>, Methods), Answer> {
    let known = match house.store.user(user.clone()).await? {
        Known::Record(record) => Some(*record),
        Known::Nobody | Known::UidOfOthers { .. } => None,
        Known::NameOfAnother { uid } => return Err(any_record(&user.name, uid, user.uid)),
    };
    let methods = house.store.methods(user.clone(), house.now()).await?;
    match methods.disabled_s {
        None => Ok((known, methods)),
        Some(since_s) => Err(Answer::refused(format!(
            "{name} is shut out since {since}, and no code lets in; pam-2fa user unlock {name}",
            name = user.name,
            since = rfc3339(since_s)
        ))),
    }
}

/// The first method that there is, in words.
fn method_of(record: &UserRecord, methods: &Methods) -> Option<String> {
    let email = record.email.as_ref().filter(|_| record.email_verified).map(|address| format!("email ({address})"));
    let codes = || (!methods.recovery.is_empty()).then(|| String::from("recovery codes"));
    let phone = || record.phone.as_ref().filter(|_| record.phone_verified).map(|number| format!("a phone ({number})"));
    let app = || methods.app.as_ref().map(|_| String::from("an authenticator app"));
    email.or_else(phone).or_else(app).or_else(codes)
}

/// The section of the settings without which nothing that the user has can be asked for.
fn unreachable(record: Option<&UserRecord>, methods: &Methods, rules: &Rules) -> Option<&'static str> {
    let record = record.filter(|_| methods.app.is_none() && methods.recovery.is_empty())?;
    match (record.email_verified, record.phone_verified) {
        (true, phone) if rules.email.is_empty() && (!phone || rules.sms.is_empty()) => Some("email"),
        (false, true) if rules.sms.is_empty() => Some("sms"),
        _ => None,
    }
}

/// An address or a network, as the login compares it.
fn origin(text: &str) -> Result<String, Answer> {
    let text = text.trim();
    if Network::parse(text).is_some() || text.parse::<IpAddr>().is_ok() {
        return Ok(String::from(text));
    }
    Err(Answer::refused(
        "--from: not an address, and not a network with its other bits 0; write such as 192.0.2.7 or 192.0.2.0/24",
    ))
}

fn service(text: &str) -> Result<String, Answer> {
    let fits = !text.is_empty() && text.len() <= LONGEST_SERVICE && text.chars().all(is_plain) && !text.contains('/');
    if fits {
        Ok(String::from(text))
    } else {
        Err(Answer::refused("--service: not the name of a PAM service, as sshd"))
    }
}

/// What is to be given.
struct Made<'a> {
    kind: PassKind,
    for_s: i64,
    origin: Option<String>,
    service: Option<String>,
    reason: &'a str,
}

/// Draws a code, keeps its MAC, and hands it out. It is on disk before anybody sees it.
async fn give(house: &House, user: UserKey, made: Made<'_>) -> Result<OneTimeCode, Answer> {
    let code = LongCode::new(house.random.as_ref()).map_err(Answer::refused)?;
    let purpose = match made.kind {
        PassKind::Invitation => LongUse::Invitation,
        PassKind::Grant => LongUse::Grant,
    };
    let now = house.now();
    let kept = KeptPass {
        id: PassId(random::reference(house.random.as_ref()).map_err(Answer::refused)?),
        kind: made.kind,
        user: user.clone(),
        mac: house.keys.long_code_mac(purpose, &user, &code),
        made_s: now.wall_s,
        until_s: now.wall_s.saturating_add(made.for_s),
        origin: made.origin,
        service: made.service,
        reason: String::from(made.reason),
    };
    house.store.add_pass(kept.clone(), now).await?;
    tracing::warn!(
        user = user.name,
        uid = user.uid,
        id = kept.id.0,
        kind = kept.kind.word(),
        until = rfc3339(kept.until_s),
        from = kept.origin,
        service = kept.service,
        reason = kept.reason,
        "a one-time code was made by an administrator"
    );
    let notice = match kept.kind {
        PassKind::Invitation => Notice::Invited,
        PassKind::Grant => Notice::GrantMade { until_s: kept.until_s },
    };
    told::tell(house, vec![About::by_administrator(user.clone(), notice)]);
    Ok(OneTimeCode { code: code.shown(), user: user.name, uid: user.uid, pass: open_pass(kept), notes: Vec::new() })
}

#[cfg(test)]
mod tests;
