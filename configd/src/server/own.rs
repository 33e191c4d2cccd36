//! `self.sock`: what a user sees and changes about oneself. Who it is, is the kernel's word: a name is looked up and must mean the
//! caller's uid, before anything is read of it. A user can never touch another.

use super::FIRST_FRAME;
use super::admin::devices::shown;
use super::login::own_change;
use super::repeats::Line;
use crate::clock::rfc3339;
use crate::daemon::{Daemon, State};
use crate::house::House;
use crate::login::begin::is_name;
use crate::login::ways::Way;
use crate::login::{Change, Resolution};
use crate::store::{DeviceId, Known, PassKind, StoreError, UserKey};
use crate::wire_io::{Connection, ConnectionError};
use pam_2fa_protocol::admin::{DeviceReply, Refused, Sealed};
use pam_2fa_protocol::frame::Frame;
use pam_2fa_protocol::login::{Begin, VERSION};
use pam_2fa_protocol::own::{
    CHANGE, Change as Wanted, DEVICES, Mine, MineReply, REFUSED, SEALED, SERVICE, SHOW, What, Who,
};
use pam_2fa_protocol::wire::{Continues, IncomingCall, WireError, decode_call, encode_error, encode_reply};
use pam_2fa_settings::{E164, EmailAddress};
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::UnixStream;

/// For how long a reply waits for a client that does not read. Its place is one of few, and it keeps the house.
const READ_WITHIN: Duration = Duration::from_secs(10);

/// One connection. It lets go of the house when that is sealed, so that a new one can take its place.
pub async fn serve(stream: UnixStream, uid: u32, daemon: Arc<Daemon>) {
    let sealed = daemon.until_sealed();
    let ended = tokio::select! {
        ended = converse(Connection::new(stream), uid, &daemon) => ended,
        () = sealed => Ok(()),
    };
    if let Err(error) = ended {
        tracing::debug!(uid, %error, "a user's connection about oneself ended early");
    }
}

async fn write(connection: &mut Connection, frame: &Frame, within: Duration) -> Result<(), ConnectionError> {
    match tokio::time::timeout(within, connection.write(frame)).await {
        Ok(written) => written,
        Err(_) => Err(ConnectionError::Io(ErrorKind::TimedOut.into())),
    }
}

/// Anybody may ask about others and be refused, as often as he likes: so many lines a minute.
fn say_not_permitted(daemon: &Daemon, uid: u32) {
    let State::Open(house) = daemon.state() else { return };
    match daemon.repeats.line(uid, house.now().boot_ms) {
        Line::Write => tracing::warn!(uid, "a user asked about another over self.sock"),
        Line::WriteLast => {
            tracing::warn!(
                uid,
                "a user asked about another over self.sock; further lines are left out for this minute"
            );
        }
        Line::LeaveOut => {}
    }
}

async fn converse(mut connection: Connection, uid: u32, daemon: &Arc<Daemon>) -> Result<(), ConnectionError> {
    loop {
        let Ok(read) = tokio::time::timeout(FIRST_FRAME, connection.read()).await else { return Ok(()) };
        let Some(frame) = read? else { return Ok(()) };
        let call = decode_call(&frame)?;
        let answer = match call.method.as_ref() {
            SHOW => show(daemon, uid, &call).await,
            DEVICES => devices(daemon, uid, &call, &mut connection).await,
            CHANGE => match asked(daemon, &call) {
                Ok((house, begin, change)) => {
                    return own_change(&mut connection, uid, daemon, house, (begin, change)).await;
                }
                Err(answer) => Err(answer),
            },
            _ => Ok(SERVICE.answer(&call)?),
        };
        let last = match answer {
            Ok(frame) => frame,
            Err(Answer::Connection(error)) => return Err(error),
            Err(Answer::NotPermitted) => {
                say_not_permitted(daemon, uid);
                SERVICE.error("NotPermitted")?
            }
            Err(Answer::Refused(reason)) => encode_error(REFUSED, &Refused { reasons: vec![reason] })?,
            Err(Answer::Sealed(reason)) => encode_error(SEALED, &Sealed { reason })?,
            Err(Answer::Parameters) => SERVICE.invalid_parameter("parameters")?,
        };
        write(&mut connection, &last, READ_WITHIN).await?;
    }
}

/// Why a method gives an error.
enum Answer {
    Connection(ConnectionError),
    NotPermitted,
    Refused(String),
    Sealed(String),
    Parameters,
}

impl From<ConnectionError> for Answer {
    fn from(error: ConnectionError) -> Self {
        Self::Connection(error)
    }
}

impl From<WireError> for Answer {
    fn from(error: WireError) -> Self {
        Self::Connection(ConnectionError::Wire(error))
    }
}

impl From<StoreError> for Answer {
    fn from(error: StoreError) -> Self {
        Self::Refused(error.to_string())
    }
}

fn house(daemon: &Daemon) -> Result<Arc<House>, Answer> {
    match daemon.state() {
        State::Open(house) => Ok(house),
        State::Sealed(reason) => Err(Answer::Sealed(reason.to_string())),
    }
}

/// The caller, where the name is its own.
async fn caller(daemon: &Daemon, uid: u32, call: &IncomingCall<'_>) -> Result<UserKey, Answer> {
    let Who { user } = call.parameters().map_err(|_| Answer::Parameters)?;
    if !is_name(&user) {
        return Err(Answer::NotPermitted);
    }
    match daemon.users_for(uid).resolve(user).await {
        Resolution::Found(key) if key.uid == uid => Ok(key),
        Resolution::Found(_) | Resolution::Unknown => Err(Answer::NotPermitted),
        Resolution::Failed(why) => Err(Answer::Refused(format!("you cannot be looked up: {why}; try again later"))),
    }
}

async fn show(daemon: &Daemon, uid: u32, call: &IncomingCall<'_>) -> Result<Frame, Answer> {
    let house = house(daemon)?;
    let key = caller(daemon, uid, call).await?;
    let record = match house.store.user(key.clone()).await? {
        Known::Record(record) => Some(*record),
        Known::Nobody | Known::UidOfOthers { .. } => None,
        Known::NameOfAnother { .. } => {
            return Err(Answer::Refused(String::from(
                "your account does not match its record; ask your administrator",
            )));
        }
    };
    let methods = house.store.methods(key.clone(), house.now()).await?;
    let mine = Mine {
        name: key.name,
        uid: key.uid,
        email: record.as_ref().and_then(|record| record.email.clone()),
        email_verified: record.as_ref().is_some_and(|record| record.email_verified),
        phone: record.as_ref().and_then(|record| record.phone.clone()),
        phone_verified: record.as_ref().is_some_and(|record| record.phone_verified),
        app_since: methods.app.map(|app| rfc3339(app.made_s)),
        recovery_left: i64::try_from(methods.recovery.len()).unwrap_or(i64::MAX),
        prefers: methods.prefers,
        language: record.as_ref().and_then(|record| record.language.clone()),
        invited: methods.passes.iter().any(|pass| pass.kind == PassKind::Invitation),
        last_login: record.and_then(|record| record.last_login),
    };
    Ok(encode_reply(&MineReply { mine }, Continues::No)?)
}

async fn devices(
    daemon: &Daemon,
    uid: u32,
    call: &IncomingCall<'_>,
    connection: &mut Connection,
) -> Result<Frame, Answer> {
    let house = house(daemon)?;
    let key = caller(daemon, uid, call).await?;
    let mut kept = house.store.devices(key.name.clone()).await?;
    // The name may have had another uid before.
    kept.retain(|device| device.user == key);
    if !call.more && kept.len() > 1 {
        return Err(Answer::Refused(String::from("a list of several devices wants a call with `more`")));
    }
    let (rules, now) = (house.rules(), house.now());
    let last = kept.pop();
    for device in kept {
        let device = Some(shown(device, &rules, &now));
        write(connection, &encode_reply(&DeviceReply { device }, Continues::Yes)?, READ_WITHIN).await?;
    }
    let device = last.map(|device| shown(device, &rules, &now));
    Ok(encode_reply(&DeviceReply { device }, Continues::No)?)
}

/// What is to be changed; whether the name is the caller's own, the machine asks.
fn asked(daemon: &Daemon, call: &IncomingCall<'_>) -> Result<(Arc<House>, Begin, Change), Answer> {
    let house = house(daemon)?;
    let wanted: Wanted = call.parameters().map_err(|_| Answer::Parameters)?;
    let rules = house.rules();
    let refused = |why: &str| Answer::Refused(String::from(why));
    let value = wanted.value.as_deref().unwrap_or_default();
    let change = match wanted.what {
        What::Email if rules.email.is_empty() => {
            return Err(refused("this host sends no email; ask your administrator"));
        }
        What::Sms if rules.sms.is_empty() => {
            return Err(refused("this host sends no text messages; ask your administrator"));
        }
        What::Email => {
            let address = EmailAddress::parse(value).map_err(|error| Answer::Refused(error.to_string()))?;
            Change::Address(Way::Email(String::from(address.as_str())))
        }
        What::Sms => {
            let number = E164::parse(value).map_err(|error| Answer::Refused(error.to_string()))?;
            Change::Address(Way::Sms(String::from(number.as_str())))
        }
        What::App => Change::App,
        What::Codes => Change::Codes,
        What::Revoke => Change::Revoke(DeviceId(value.trim().to_ascii_uppercase())),
    };
    let begin = Begin {
        version: VERSION,
        user: wanted.user,
        service: String::from("me"),
        tty: None,
        remote_host: None,
        remote_user: None,
        auth_info: None,
        anchor: 0,
        session: None,
        password_stamp: None,
        caller_stamp: None,
        real_uid: None,
        seat: None,
        password: false,
        decoy: false,
    };
    Ok((house, begin, change))
}

#[cfg(test)]
mod tests;
