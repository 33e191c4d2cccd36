//! `pam-2fa user …`: the records of users, as the daemon has them.

use crate::args::{Changes, ChannelWord};
use crate::client::Client;
use crate::error::{Error, counted};
use crate::mailbox::{self, Surroundings};
use crate::message::ended;
use crate::screen::{Form, Screen};
use pam_2fa_protocol::admin::{
    Channel, LastLogin, Method, Pass, PassKind, USER_LIST, USER_SET, USER_SHOW, USER_VERIFY_BEGIN, USER_VERIFY_FINISH,
    User, UserReply, UserSet, UserSetReply, UserShow, UserVerifyBegin, UserVerifyFinish, Verify, VerifySent,
};
use pam_2fa_protocol::wire::Nothing;
use serde::Serialize;

#[derive(Serialize)]
struct Users {
    users: Vec<User>,
}

/// What `user verify` answers in JSON.
#[derive(Default, Serialize)]
struct Verified {
    steps: Vec<String>,
    #[serde(flatten)]
    sent: VerifySent,
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<User>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

/// `pam-2fa user list`.
pub(crate) fn list(client: &mut Client, screen: &mut Screen<'_>) -> Result<(), Error> {
    let users = all(client)?;
    if screen.form() == Form::Json {
        return screen.json(&Users { users });
    }
    if users.is_empty() {
        return screen.hint("no user has a record; make one with `pam-2fa user set USER --email ADDRESS`");
    }
    // A column where somebody has something to stand in it.
    let beside: Vec<String> = users.iter().map(also).collect();
    let has_beside = beside.iter().any(|text| !text.is_empty());
    let mut head = vec!["NAME", "UID", "VERIFY", "EMAIL", "PHONE"];
    head.extend(has_beside.then_some("ALSO"));
    head.push("LAST LOGIN");
    let mut rows = vec![head.into_iter().map(str::to_owned).collect::<Vec<_>>()];
    rows.extend(users.iter().zip(beside).map(|(user, beside)| {
        let mut row = vec![
            user.name.clone(),
            user.uid.to_string(),
            verify_word(user.verify).to_owned(),
            contact(user.email.as_deref(), user.email_verified),
            contact(user.phone.as_deref(), user.phone_verified),
        ];
        row.extend(has_beside.then(|| if beside.is_empty() { String::from("-") } else { beside }));
        row.push(user.last_login.as_ref().map_or_else(|| String::from("-"), when_and_where));
        row
    }));
    screen.list(&rows)
}

/// Every record.
pub(crate) fn all(client: &mut Client) -> Result<Vec<User>, Error> {
    let mut users = Vec::new();
    client.call_long(USER_LIST, &Nothing {}, |reply: UserReply| {
        users.extend(reply.user);
        Ok(())
    })?;
    Ok(users)
}

/// What a user has or is beside the addresses, in few words.
fn also(user: &User) -> String {
    let count = |kind: PassKind| user.passes.iter().filter(|pass| pass.kind == kind).count();
    let (invitations, grants) = (count(PassKind::Invitation), count(PassKind::Grant));
    let all = [
        user.disabled_since.as_ref().map(|_| String::from("SHUT OUT")),
        user.app_since.as_ref().map(|_| String::from("app")),
        (user.recovery_codes > 0)
            .then(|| counted(usize::try_from(user.recovery_codes).unwrap_or(usize::MAX), "recovery code")),
        (invitations > 0).then(|| String::from("invited")),
        (grants > 0).then(|| counted(grants, "grant")),
        user.locked.as_ref().map(|_| String::from("locked")),
    ];
    all.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// `pam-2fa user show U`.
pub(crate) fn show(client: &mut Client, name: String, screen: &mut Screen<'_>) -> Result<(), Error> {
    let reply: UserReply = client.call(USER_SHOW, &UserShow { name: name.clone() })?;
    let user = reply.user.ok_or(Error::NotFound(format!("user {name} has no record")))?;
    screen.json(&UserReply { user: Some(user.clone()) })?;
    record(&user, screen)
}

/// `pam-2fa user set U …`.
pub(crate) fn set(
    client: &mut Client,
    name: String,
    changes: Changes,
    around: &dyn Surroundings,
    screen: &mut Screen<'_>,
) -> Result<(), Error> {
    let wanted = UserSet {
        name,
        verify: changes.verify.map(Verify::from),
        email: changes.email,
        phone: changes.phone,
        language: changes.language,
        prefers: changes.prefer.map(Into::into),
        trusted: changes.trusted,
    };
    let mut reply: UserSetReply = client.call(USER_SET, &wanted)?;
    record(&reply.user, screen)?;
    for note in &reply.notes {
        screen.hint(&format!("note: {note}"))?;
    }
    if wanted.email.is_some() {
        reply.notes.extend(warned(&reply.user, around, screen)?);
    }
    screen.json(&reply)?;
    // An address that nobody has proven gets no code: the way on is said here, where it was left open.
    let name = &reply.user.name;
    if wanted.email.is_some() && reply.user.email.is_some() && !reply.user.email_verified {
        screen.hint(&format!("next: the address is not verified; run `pam-2fa user verify {name} email`"))?;
    }
    if wanted.phone.is_some() && reply.user.phone.is_some() && !reply.user.phone_verified {
        screen.hint(&format!("next: the number is not verified; run `pam-2fa user verify {name} sms`"))?;
    }
    Ok(())
}

/// `pam-2fa user verify U email|sms`: sends a code, asks for it, and hands it back.
pub(crate) fn verify(
    connect: impl Fn() -> Result<Client, Error>,
    name: String,
    channel: ChannelWord,
    around: &dyn Surroundings,
    screen: &mut Screen<'_>,
) -> Result<(), Error> {
    let channel = Channel::from(channel);
    let mut verified = Verified::default();
    connect()?.call_more(USER_VERIFY_BEGIN, &UserVerifyBegin { name: name.clone(), channel }, |sent: VerifySent| {
        if let Some(step) = sent.step {
            screen.line(&step)?;
            verified.steps.push(step);
        }
        verified.sent.outcome = sent.outcome.or(verified.sent.outcome.take());
        verified.sent.tag = sent.tag.or(verified.sent.tag.take());
        Ok(())
    })?;
    if let Err(error) = ended(verified.sent.outcome.as_ref(), &verified.steps, channel, screen) {
        screen.json(&verified)?;
        return Err(error);
    }
    let question = match &verified.sent.tag {
        Some(tag) => format!("Code from the message with the tag {tag}:"),
        None => String::from("Code from the message:"),
    };
    let code = screen.ask(&question)?.ok_or(Error::NoCode)?;
    // Another connection: the daemon keeps none open for as long as a person takes to find a message.
    let reply: UserReply = connect()?.call(USER_VERIFY_FINISH, &UserVerifyFinish { name, channel, code })?;
    verified.user = reply.user;
    match &verified.user {
        Some(user) => record(user, screen)?,
        None => screen.line("verified")?,
    }
    if let (Channel::Email, Some(user)) = (channel, &verified.user) {
        verified.notes.extend(warned(user, around, screen)?);
    }
    screen.json(&verified)
}

/// An address whose mail is read on this host is taken, and said to be no second factor: where errors go, or in the JSON.
fn warned(user: &User, around: &dyn Surroundings, screen: &mut Screen<'_>) -> Result<Option<String>, Error> {
    let note = user.email.as_deref().and_then(|address| mailbox::note(address, around));
    if let (Some(note), Form::Text) = (&note, screen.form()) {
        screen.note(note)?;
    }
    Ok(note)
}

/// One record, a line for each thing in it.
pub(crate) fn record(user: &User, screen: &mut Screen<'_>) -> Result<(), Error> {
    let mut rows = vec![
        ("name", user.name.clone()),
        ("uid", user.uid.to_string()),
        ("verify", verify_word(user.verify).to_owned()),
        ("email", contact(user.email.as_deref(), user.email_verified)),
        ("phone", contact(user.phone.as_deref(), user.phone_verified)),
    ];
    rows.extend(user.app_since.as_ref().map(|since| ("app", format!("since {since}"))));
    rows.extend((user.recovery_codes > 0).then(|| ("recovery", format!("{} codes left", user.recovery_codes))));
    rows.extend(user.prefers.map(|method| ("prefers", method_word(method).to_owned())));
    rows.push(("language", user.language.clone().unwrap_or_else(|| String::from("-"))));
    rows.push(("last login", user.last_login.as_ref().map_or_else(|| String::from("-"), last_login)));
    rows.extend(user.passes.iter().map(|pass| (kind_word(pass.kind), pass_line(pass))));
    rows.extend(user.locked.clone().map(|why| ("locked", why)));
    rows.extend(user.disabled_since.as_ref().map(|since| ("shut out", format!("since {since}"))));
    screen.table(&rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect::<Vec<_>>())
}

fn kind_word(kind: PassKind) -> &'static str {
    match kind {
        PassKind::Invitation => "invitation",
        PassKind::Grant => "grant",
    }
}

/// `K7Q2M9XD until 2026-11-24T06:00:00Z from 192.0.2.0/24 for sshd: ticket 4711`.
fn pass_line(pass: &Pass) -> String {
    let mut line = format!("{} until {}", pass.id, pass.until);
    for (word, value) in [(" from ", &pass.from), (" for ", &pass.service)] {
        if let Some(value) = value {
            line.push_str(word);
            line.push_str(value);
        }
    }
    if !pass.reason.is_empty() {
        line.push_str(": ");
        line.push_str(&pass.reason);
    }
    line
}

fn method_word(method: Method) -> &'static str {
    match method {
        Method::Email => "email",
        Method::Sms => "sms",
        Method::App => "app",
    }
}

pub(crate) fn verify_word(verify: Verify) -> &'static str {
    match verify {
        Verify::Never => "never",
        Verify::NewDevice => "new-device",
        Verify::Always => "always",
    }
}

fn contact(address: Option<&str>, verified: bool) -> String {
    match address {
        None => String::from("-"),
        Some(address) if verified => address.to_owned(),
        Some(address) => format!("{address} (not verified)"),
    }
}

/// When, by which service, from where and with what.
fn last_login(last: &LastLogin) -> String {
    match &last.device {
        Some(device) => format!("{}, {device}", when_and_where(last)),
        None => when_and_where(last),
    }
}

fn when_and_where(LastLogin { at, service, from, .. }: &LastLogin) -> String {
    match from {
        Some(from) => format!("{at} {service} from {from}"),
        None => format!("{at} {service}"),
    }
}
