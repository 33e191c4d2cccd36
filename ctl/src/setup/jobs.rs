//! What the daemon is asked beside the window: each on a thread of its own with a connection of its own, so that the window never waits.
//! A thread ends with its answer, or where nobody listens any more; none keeps the process alive. It draws nothing.

mod asked;

use crate::client::Client;
use crate::error::Error;
use crate::invoker::invoker;
use crate::message::in_words;
use crate::status::problems;
use crate::user;
pub(crate) use asked::{Job, Told};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{
    Channel, DEVICE_LIST, DEVICE_REVOKE, Device, DeviceList, DeviceReply, DeviceRevoke, DeviceRevokeReply, OPEN_SECRET,
    OneTimeCode, OpenSecret, OpenSecretReply, STATUS, State, StatusReply, TEST_EMAIL, TEST_SMS, TestEmail, TestSms,
    USER_DISABLE, USER_INVITE, USER_RESET, USER_SET, USER_SHOW, USER_UNLOCK, USER_VERIFY_BEGIN, USER_VERIFY_FINISH,
    User, UserDisable, UserInvite, UserReply, UserReset, UserResetReply, UserSetReply, UserShow, UserUnlock,
    UserUnlockReply, UserVerifyBegin, UserVerifyFinish, VerifySent,
};
use pam_2fa_protocol::courier::{Class, Outcome, Sent};
use pam_2fa_protocol::wire::Nothing;
use pam_2fa_settings::text::printable;
use serde::Serialize;
use std::convert::Infallible;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::Builder;
use std::time::Duration;

/// How often configd is asked how it is.
const EVERY: Duration = Duration::from_secs(2);

/// A test that ended without a word of how.
const NO_WORD: &str = "configd did not say what became of it; see `journalctl -u pam-2fa-configd`";

/// Starts jobs, and ends with the window.
#[derive(Debug)]
pub(crate) struct Jobs {
    runtime_dir: PathBuf,
    tell: Sender<Told>,
    every: Duration,
    /// Closed when this is dropped; whoever has the other end, ends then.
    _lives: Sender<Infallible>,
    /// For the one thread that asks how configd is.
    ends: Mutex<Option<Receiver<Infallible>>>,
}

impl Jobs {
    pub(crate) fn new(runtime_dir: &Path, tell: Sender<Told>) -> Self {
        Self::every(EVERY, runtime_dir, tell)
    }

    fn every(every: Duration, runtime_dir: &Path, tell: Sender<Told>) -> Self {
        let (lives, ends) = channel();
        Self { runtime_dir: runtime_dir.to_owned(), tell, every, _lives: lives, ends: Mutex::new(Some(ends)) }
    }

    /// Returns at once; what comes of it is told.
    pub(crate) fn start(&self, job: Job) {
        let (runtime_dir, tell) = (self.runtime_dir.clone(), self.tell.clone());
        let failed = job.failed();
        let named = Builder::new().name(job.name().to_owned());
        let started = if matches!(job, Job::Health) {
            // There is one, whatever is asked.
            let ends = self.ends.lock().ok().and_then(|mut ends| ends.take());
            let Some(ends) = ends else { return };
            let every = self.every;
            named.spawn(move || health(&runtime_dir, every, &ends, &tell))
        } else {
            named.spawn(move || {
                let told = run(job, &runtime_dir, &tell);
                // Nobody may be there any more.
                let _ = tell.send(told);
            })
        };
        if let Err(why) = started {
            let _ = self.tell.send(failed(format!("no thread could be started: {why}")));
        }
    }
}

/// An error as one line.
fn line(error: &Error) -> String {
    printable(&error.to_string().lines().collect::<Vec<_>>().join("; ")).into_owned()
}

/// Asks how configd is until the window ends, and tells what is another than before.
fn health(runtime_dir: &Path, every: Duration, ends: &Receiver<Infallible>, tell: &Sender<Told>) {
    let mut last: Option<Result<Vec<String>, String>> = None;
    loop {
        let now = how_it_is(runtime_dir).map_err(|error| line(&error));
        let is_told = match (&last, &now) {
            (Some(Err(_)), Err(_)) => true,
            (Some(Ok(last)), Ok(now)) => last == now,
            _ => false,
        };
        if !is_told && tell.send(Told::Health(now.clone())).is_err() {
            return;
        }
        last = Some(now);
        match ends.recv_timeout(every) {
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
            Ok(never) => match never {},
        }
    }
}

fn how_it_is(runtime_dir: &Path) -> Result<Vec<String>, Error> {
    let reply: StatusReply = Client::connect(runtime_dir)?.call(STATUS, &Nothing {})?;
    let status = reply.status;
    let mut all: Vec<String> = problems(&status).map(|problem| printable(&problem).into_owned()).collect();
    if all.is_empty() && status.state == State::Sealed {
        all.push(String::from("configd is sealed and denies every login; see `journalctl -u pam-2fa-configd`"));
    }
    let ours = env!("CARGO_PKG_VERSION");
    if status.version != ours {
        let theirs = printable(&status.version);
        all.push(format!("configd is {theirs} and this command {ours}: `systemctl restart pam-2fa-configd`"));
    }
    Ok(all)
}

fn run(job: Job, runtime_dir: &Path, tell: &Sender<Told>) -> Told {
    let failed = job.failed();
    let result = Client::connect(runtime_dir).and_then(|mut client| answer(&mut client, job, tell));
    result.unwrap_or_else(|error| failed(line(&error)))
}

fn answer(client: &mut Client, job: Job, tell: &Sender<Told>) -> Result<Told, Error> {
    match job {
        // It has a thread that never comes here.
        Job::Health => Ok(Told::Health(Ok(Vec::new()))),
        Job::TestEmail { to, settings } => {
            let asked = TestEmail { to, settings: Some(settings), asked_by: Some(invoker()) };
            Ok(Told::Tested(Channel::Email, test(client, (TEST_EMAIL, &asked), Channel::Email, tell)?))
        }
        Job::TestSms { to, settings } => {
            let asked = TestSms { to, by: None, settings: Some(settings), asked_by: Some(invoker()) };
            Ok(Told::Tested(Channel::Sms, test(client, (TEST_SMS, &asked), Channel::Sms, tell)?))
        }
        Job::OpenSecret { key, sealed } => open_secret(client, key, sealed),
        Job::Users => Ok(Told::Users(Ok(user::all(client)?))),
        Job::User { name } => with_devices(client, name),
        Job::UserSet(wanted) => {
            let reply: UserSetReply = client.call(USER_SET, &wanted)?;
            Ok(Told::Done(reply.user.name, Ok(reply.notes)))
        }
        Job::UserInvite { name } => {
            let code: OneTimeCode = client.call(USER_INVITE, &UserInvite { name })?;
            Ok(Told::Invited(code.user, Ok(code.code)))
        }
        Job::UserUnlock { name } => {
            let reply: UserUnlockReply = client.call(USER_UNLOCK, &UserUnlock { name })?;
            Ok(Told::Done(reply.user.name, Ok(Vec::new())))
        }
        Job::UserReset { name } => {
            let reply: UserResetReply = client.call(USER_RESET, &UserReset { name })?;
            // What goes was said in the question.
            Ok(Told::Done(reply.user.name, Ok(Vec::new())))
        }
        Job::UserDisable { name } => {
            let reply: UserReply = client.call(USER_DISABLE, &UserDisable { name: name.clone() })?;
            Ok(Told::Done(record(reply, &name)?.name, Ok(Vec::new())))
        }
        Job::DeviceRevoke { ids } => revoke(client, ids),
        Job::VerifyBegin { name, channel } => verify_begin(client, name, channel),
        Job::VerifyFinish { name, channel, code } => {
            let asked = UserVerifyFinish { name, channel, code };
            let reply: UserReply = client.call(USER_VERIFY_FINISH, &asked)?;
            Ok(Told::Done(record(reply, &asked.name)?.name, Ok(Vec::new())))
        }
    }
}

fn open_secret(client: &mut Client, key: String, there: String) -> Result<Told, Error> {
    let (sealed, plain) =
        if there.starts_with("sealed:") { (Some(there), None) } else { (None, Some(Secret::new(there))) };
    let asked = OpenSecret { key, sealed, by: invoker() };
    let reply: OpenSecretReply = client.call(OPEN_SECRET, &asked)?;
    let none = || String::from("configd gave no secret; see `journalctl -u pam-2fa-configd`");
    Ok(Told::Secret(asked.key, plain.or(reply.value).ok_or_else(none)))
}

fn with_devices(client: &mut Client, name: String) -> Result<Told, Error> {
    let asked = UserShow { name };
    let user = record(client.call(USER_SHOW, &asked)?, &asked.name)?;
    let mut devices = Vec::new();
    client.call_long(DEVICE_LIST, &DeviceList { user: Some(asked.name) }, |reply: DeviceReply| {
        devices.extend(reply.device);
        Ok(())
    })?;
    Ok(Told::User(Box::new(Ok((user, devices)))))
}

fn revoke(client: &mut Client, ids: Vec<String>) -> Result<Told, Error> {
    let mut devices: Vec<Device> = Vec::new();
    client.call_long(DEVICE_REVOKE, &DeviceRevoke { ids, user: None }, |reply: DeviceRevokeReply| {
        devices.extend(reply.devices);
        Ok(())
    })?;
    let owner = devices.first().map(|device| device.user.clone()).unwrap_or_default();
    let said = devices.into_iter().map(|Device { id, class, name, .. }| format!("{id}: {class}, {name}"));
    Ok(Told::Done(owner, Ok(said.collect())))
}

fn record(reply: UserReply, name: &str) -> Result<User, Error> {
    reply.user.ok_or_else(|| Error::NotFound(format!("user {name} has no record")))
}

/// Tells a step. Where nobody listens any more, the rest need not be read; the message is under way all the same.
fn step(tell: &Sender<Told>, step: Option<String>, by: Channel) -> Result<(), Error> {
    let Some(step) = step else { return Ok(()) };
    tell.send(Told::TestStep(by, printable(&step).into_owned()))
        .map_err(|_| Error::NotSent(String::from("the window is closed")))
}

/// How it ended; in words where the message was not accepted.
fn test(
    client: &mut Client,
    (method, asked): (&'static str, &impl Serialize),
    by: Channel,
    tell: &Sender<Told>,
) -> Result<Result<Outcome, String>, Error> {
    let mut outcome = None;
    client.call_more(method, asked, |sent: Sent| {
        outcome = sent.outcome.or(outcome.take());
        step(tell, sent.step, by)
    })?;
    Ok(accepted(outcome, by))
}

fn accepted(outcome: Option<Outcome>, by: Channel) -> Result<Outcome, String> {
    match outcome {
        Some(outcome) if outcome.class == Class::Accepted => Ok(outcome),
        Some(outcome) => Err(printable(&in_words(&outcome, by)).into_owned()),
        None => Err(String::from(NO_WORD)),
    }
}

fn verify_begin(client: &mut Client, name: String, channel: Channel) -> Result<Told, Error> {
    let (mut outcome, mut tag) = (None, None);
    let asked = UserVerifyBegin { name, channel };
    client.call_more(USER_VERIFY_BEGIN, &asked, |sent: VerifySent| {
        outcome = sent.outcome.or(outcome.take());
        tag = sent.tag.or(tag.take());
        Ok(())
    })?;
    Ok(Told::VerifySent(asked.name, accepted(outcome, channel).map(|_| tag.unwrap_or_default())))
}

#[cfg(test)]
mod tests;
