//! `pam-2fa user invite`, `grant`, `unlock`, `disable`, `reset`: what lets a user in once, or no more, or again. A one-time code is
//! shown once, as the answer, and nowhere else.

use crate::args::Granted;
use crate::client::Client;
use crate::error::{Error, counted};
use crate::screen::Screen;
use crate::user::record;
use pam_2fa_protocol::admin::{
    OneTimeCode, PassKind, USER_DISABLE, USER_GRANT, USER_INVITE, USER_RESET, USER_UNLOCK, UserDisable, UserGrant,
    UserInvite, UserReply, UserReset, UserResetReply, UserUnlock, UserUnlockReply,
};

/// `pam-2fa user invite U`.
pub(crate) fn invite(client: &mut Client, name: String, screen: &mut Screen<'_>) -> Result<(), Error> {
    let code: OneTimeCode = client.call(USER_INVITE, &UserInvite { name })?;
    one_time(&code, screen)
}

/// `pam-2fa user grant U`.
pub(crate) fn grant(client: &mut Client, name: String, granted: Granted, screen: &mut Screen<'_>) -> Result<(), Error> {
    let asked = UserGrant {
        name,
        for_s: i64::try_from(granted.span.seconds()).ok(),
        from: granted.from,
        service: granted.service,
        reason: granted.reason,
    };
    let code: OneTimeCode = client.call(USER_GRANT, &asked)?;
    one_time(&code, screen)
}

/// The code, what it opens, and until when.
fn one_time(code: &OneTimeCode, screen: &mut Screen<'_>) -> Result<(), Error> {
    screen.json(code)?;
    let OneTimeCode { user, uid, pass, .. } = code;
    let opens = match pass.kind {
        PassKind::Invitation => format!("the enrolment of a first method of {user} (uid {uid}), once"),
        PassKind::Grant => {
            let service = pass.service.as_ref().map_or_else(String::new, |service| format!(" through {service}"));
            let from = pass.from.as_ref().map_or_else(String::new, |from| format!(" from {from}"));
            format!("one login of {user} (uid {uid}){service}{from}, in the place of a code")
        }
    };
    let mut rows = vec![["code", code.code.expose()], ["opens", &opens], ["until", &pass.until]];
    if !pass.reason.is_empty() {
        rows.push(["reason", &pass.reason]);
    }
    rows.push(["in the log", &pass.id]);
    screen.table(&rows.into_iter().map(|row| row.map(str::to_owned).to_vec()).collect::<Vec<_>>())?;
    for note in &code.notes {
        screen.hint(&format!("note: {note}"))?;
    }
    screen.hint("it is not shown again: hand it over yourself, to the user and nobody else")
}

/// `pam-2fa user unlock U`.
pub(crate) fn unlock(client: &mut Client, name: String, screen: &mut Screen<'_>) -> Result<(), Error> {
    let reply: UserUnlockReply = client.call(USER_UNLOCK, &UserUnlock { name })?;
    screen.json(&reply)?;
    record(&reply.user, screen)?;
    if reply.was_disabled {
        screen.line("the user was shut out, and may log in again")?;
    }
    screen.line("wrong codes are forgotten, and the next code is heard at once")
}

/// `pam-2fa user disable U`.
pub(crate) fn disable(client: &mut Client, name: String, screen: &mut Screen<'_>) -> Result<(), Error> {
    let reply: UserReply = client.call(USER_DISABLE, &UserDisable { name: name.clone() })?;
    let user = reply.user.ok_or(Error::NotFound(format!("user {name} has no record")))?;
    screen.json(&UserReply { user: Some(user.clone()) })?;
    record(&user, screen)?;
    let name = &user.name;
    screen.line(&format!(
        "no code and no device lets {name} in until `pam-2fa user unlock {name}`; who is logged in stays so: `loginctl \
         terminate-user {name}` ends that"
    ))
}

/// `pam-2fa user reset U`.
pub(crate) fn reset(client: &mut Client, name: String, screen: &mut Screen<'_>) -> Result<(), Error> {
    let reply: UserResetReply = client.call(USER_RESET, &UserReset { name })?;
    screen.json(&reply)?;
    record(&reply.user, screen)?;
    for gone in &reply.gone {
        screen.line(&format!("gone: {gone}"))?;
    }
    if reply.gone.is_empty() {
        screen.line("there was nothing to take away")?;
    }
    let name = &reply.user.name;
    screen.line(&format!(
        "{} taken away; `pam-2fa user invite {name}` or `pam-2fa user set {name} --email ADDRESS` begins anew",
        counted(reply.gone.len(), "thing")
    ))
}
