//! `admin.sock`: one method after the other, for uid 0 and nobody else. Who may is one line, before anything is dispatched.

mod account;
mod break_glass;
mod copy;
pub(super) mod devices;
mod explain;
mod import;
mod key;
mod log;
mod passes;
mod secret;
#[cfg(test)]
pub(super) mod stage;
mod system;
mod test_sms;
mod told;
mod tried;
mod untested;
mod upkeep;
mod users;
mod verify;

use super::FIRST_FRAME;
use crate::daemon::{Daemon, State};
use crate::house::House;
use crate::store::UserRecord;
use crate::wire_io::{Connection, ConnectionError};
use pam_2fa_protocol::admin::{
    BACKUP, BREAK_GLASS_CHANGED, CLOCK_RESET, CLOCK_STATUS, CODED_LOGIN, CodedLogin, CodedLoginReply, DEVICE_LIST,
    DEVICE_REVOKE, EMAIL_REACH, EXEMPTION_CHANGED, EXPLAIN, GENERATION, KEY_EXPORT, KEY_FORGET, KEY_IMPORT, KEY_RESEAL,
    KEY_ROTATE, KEY_STATUS, LOG, MANDATORY_UNTESTED, NOT_FOUND, NotFound, OPEN_SECRET, REFUSED, RELOAD, RESTORE,
    RESTORE_ACCEPT, RESTORE_PUT, Refused, SEAL, SEALED, SERVICE, STATUS, Sealed, TEST_EMAIL, TEST_SMS, TESTED,
    USER_DISABLE, USER_GRANT, USER_IMPORT, USER_INVITE, USER_LIST, USER_RESET, USER_SET, USER_SHOW, USER_UNLOCK,
    USER_VERIFY_BEGIN, USER_VERIFY_FINISH,
};
use pam_2fa_protocol::frame::Frame;
use pam_2fa_protocol::wire::{Continues, IncomingCall, WireError, decode_call, encode_error, encode_reply};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use tokio::net::UnixStream;

/// One connection.
pub async fn serve(stream: UnixStream, uid: u32, daemon: Arc<Daemon>) {
    if let Err(error) = converse(Connection::new(stream), uid, &daemon).await {
        tracing::debug!(uid, %error, "an administrator's connection ended early");
    }
}

async fn converse(mut connection: Connection, uid: u32, daemon: &Daemon) -> Result<(), ConnectionError> {
    if uid != 0 {
        return connection.write(&SERVICE.error("NotPermitted")?).await;
    }
    loop {
        let Ok(read) = tokio::time::timeout(FIRST_FRAME, connection.read()).await else { return Ok(()) };
        let Some(frame) = read? else { return Ok(()) };
        let call = decode_call(&frame)?;
        let answer = dispatch(&call, daemon, &mut connection).await;
        let last = match answer {
            Ok(frame) => frame,
            Err(Answer::Connection(error)) => return Err(error),
            Err(Answer::NotFound(what)) => encode_error(NOT_FOUND, &NotFound { what })?,
            Err(Answer::Refused(reasons)) => encode_error(REFUSED, &Refused { reasons })?,
            Err(Answer::Sealed(reason)) => encode_error(SEALED, &Sealed { reason })?,
            Err(Answer::Parameters) => SERVICE.invalid_parameter("parameters")?,
        };
        connection.write(&last).await?;
    }
}

/// Why a method gives an error.
pub(super) enum Answer {
    /// The connection broke.
    Connection(ConnectionError),
    /// What is not there.
    NotFound(String),
    /// Why it was not done.
    Refused(Vec<String>),
    /// Why configd is sealed.
    Sealed(String),
    /// The parameters do not fit.
    Parameters,
}

/// A record before a change and after it: what its owner is told of.
pub(super) struct Turned {
    /// As it was; none where it was made.
    pub(super) before: Option<UserRecord>,
    /// As it is.
    pub(super) after: UserRecord,
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

impl From<crate::store::StoreError> for Answer {
    fn from(error: crate::store::StoreError) -> Self {
        Self::refused(error)
    }
}

impl Answer {
    pub(super) fn refused(why: impl ToString) -> Self {
        Self::Refused(vec![why.to_string()])
    }
}

async fn dispatch(call: &IncomingCall<'_>, daemon: &Daemon, connection: &mut Connection) -> Result<Frame, Answer> {
    match call.method.as_ref() {
        STATUS => done(&system::status(daemon).await),
        EXPLAIN => done(&explain::explain(daemon, house(daemon)?.as_ref(), parameters(call)?).await?),
        TEST_EMAIL => system::test_email(house(daemon)?.as_ref(), &parameters(call)?, call.more, connection).await,
        TEST_SMS => test_sms::test_sms(house(daemon)?.as_ref(), &parameters(call)?, call.more, connection).await,
        LOG => log::log(daemon, parameters(call)?, call.more, connection).await,
        DEVICE_LIST => devices::list(house(daemon)?.as_ref(), parameters(call)?, call.more, connection).await,
        DEVICE_REVOKE => devices::revoke(house(daemon)?.as_ref(), parameters(call)?, call.more, connection).await,
        USER_LIST => users::list(house(daemon)?.as_ref(), call.more, connection).await,
        USER_SHOW => done(&users::show(house(daemon)?.as_ref(), &parameters(call)?).await?),
        USER_SET => done(&users::set(daemon, house(daemon)?.as_ref(), parameters(call)?).await?),
        USER_UNLOCK => done(&account::unlock(daemon, house(daemon)?.as_ref(), &parameters(call)?).await?),
        USER_DISABLE => done(&account::disable(house(daemon)?.as_ref(), &parameters(call)?).await?),
        USER_RESET => done(&account::reset(house(daemon)?.as_ref(), &parameters(call)?).await?),
        USER_INVITE => done(&passes::invite(daemon, house(daemon)?.as_ref(), &parameters(call)?).await?),
        USER_GRANT => done(&passes::grant(daemon, house(daemon)?.as_ref(), &parameters(call)?).await?),
        USER_IMPORT => done(&import::import(daemon, house(daemon)?.as_ref(), parameters(call)?).await?),
        USER_VERIFY_BEGIN => verify::begin(house(daemon)?.as_ref(), &parameters(call)?, call.more, connection).await,
        USER_VERIFY_FINISH => done(&verify::finish(house(daemon)?.as_ref(), &parameters(call)?).await?),
        // Sealed or not: what sshd lets in does not wait for configd, and neither does the journal.
        EXEMPTION_CHANGED => done(&system::exemption_changed(&parameters(call)?)),
        BREAK_GLASS_CHANGED => done(&break_glass::changed(daemon, parameters(call)?).await?),
        CODED_LOGIN => {
            let CodedLogin { service } = parameters(call)?;
            done(&CodedLoginReply { login: daemon.coded.of(&service) })
        }
        BACKUP => copy::backup(daemon, &parameters(call)?, call.more, connection).await,
        _ => of_settings(call, daemon).await,
    }
}

/// What is asked where the settings are changed.
async fn of_settings(call: &IncomingCall<'_>, daemon: &Daemon) -> Result<Frame, Answer> {
    match call.method.as_ref() {
        RELOAD => done(&system::reload(daemon).await?),
        SEAL => done(&system::seal(house(daemon)?.as_ref(), &parameters(call)?)?),
        OPEN_SECRET => done(&secret::open(house(daemon)?.as_ref(), &parameters(call)?).await?),
        TESTED => done(&system::tested(house(daemon)?.as_ref(), &parameters(call)?).await?),
        MANDATORY_UNTESTED => done(&untested::mandatory(house(daemon)?.as_ref(), &parameters(call)?).await?),
        _ => mend(call, daemon).await,
    }
}

/// What is asked of the daemon as a whole: key, clock, store, its way out.
async fn mend(call: &IncomingCall<'_>, daemon: &Daemon) -> Result<Frame, Answer> {
    match call.method.as_ref() {
        EMAIL_REACH => done(&system::email_reach(house(daemon)?.as_ref()).await),
        GENERATION => done(&upkeep::generation(house(daemon)?.as_ref()).await?),
        CLOCK_STATUS => done(&upkeep::clock_status(house(daemon)?.as_ref())),
        CLOCK_RESET => done(&upkeep::clock_reset(daemon, house(daemon)?).await?),
        RESTORE_ACCEPT => done(&upkeep::restore_accept(daemon, &parameters(call)?).await?),
        RESTORE_PUT => done(&copy::put(daemon, parameters(call)?).await?),
        RESTORE => done(&copy::restore(daemon, parameters(call)?).await?),
        KEY_STATUS => done(&house(daemon)?.key_reply()),
        KEY_ROTATE => done(&key::rotate_key(daemon, house(daemon)?).await?),
        KEY_RESEAL => done(&key::reseal(house(daemon)?.as_ref(), &parameters(call)?)?),
        KEY_FORGET => done(&key::forget(daemon, house(daemon)?).await?),
        KEY_EXPORT => done(&key::export(house(daemon)?.as_ref()).await?),
        KEY_IMPORT => done(&key::import(daemon, parameters(call)?).await?),
        _ => Ok(SERVICE.answer(call)?),
    }
}

fn house(daemon: &Daemon) -> Result<Arc<House>, Answer> {
    match daemon.state() {
        State::Open(house) => Ok(house),
        State::Sealed(reason) => Err(Answer::Sealed(reason.to_string())),
    }
}

fn parameters<'a, P: Deserialize<'a>>(call: &IncomingCall<'a>) -> Result<P, Answer> {
    call.parameters().map_err(|_| Answer::Parameters)
}

fn done<P: Serialize>(parameters: &P) -> Result<Frame, Answer> {
    Ok(encode_reply(parameters, Continues::No)?)
}
