//! `login.sock`: carries frames to the state machine and does what it says. Decides nothing.

use super::FIRST_FRAME;
use super::log_line;
use crate::daemon::{Daemon, State};
use crate::house::House;
use crate::login::deliver::Errand;
use crate::login::{Effect, Effects, Event, Failure, Login, STAND_MS};
use crate::random;
use crate::rules::Rules;
use crate::store::EndDevices;
use crate::wire_io::{Connection, ConnectionError};
use pam_2fa_protocol::login::{
    ANSWER, Answer, BEGIN, Begin, SEALED, SERVICE, Step, StepReply, VERSION, VERSION_NOT_SUPPORTED, VersionRange,
};
use pam_2fa_protocol::wire::{Continues, Nothing, decode_call, encode_error, encode_reply};
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// A login ends at the latest so long after its code has run out.
const PAST_LIFETIME: Duration = Duration::from_secs(60);

/// One connection, from its first frame to its end.
pub async fn serve(stream: UnixStream, uid: u32, daemon: Arc<Daemon>) {
    let connection = Connection::new(stream);
    let ended = match daemon.state() {
        State::Sealed(reason) => match tokio::time::timeout(FIRST_FRAME, sealed(connection, uid, &reason)).await {
            Ok(ended) => ended,
            Err(_) => Ok(()),
        },
        State::Open(house) => {
            let most = Duration::from_millis(house.rules().codes.lifetime_ms).saturating_add(PAST_LIFETIME);
            let enough = async {
                tokio::select! {
                    () = tokio::time::sleep(most) => {}
                    () = daemon.until_sealed() => {}
                }
            };
            open(connection, uid, &daemon, house, enough).await
        }
    };
    if let Err(error) = ended {
        // Clients that vanish or talk nonsense are not worth more: anybody may connect.
        tracing::debug!(uid, %error, "a login's connection ended early");
    }
}

/// Everyone is denied, with the error after which alone break-glass may be tried.
async fn sealed(mut connection: Connection, uid: u32, reason: &str) -> Result<(), ConnectionError> {
    loop {
        let Some(frame) = connection.read().await? else { return Ok(()) };
        let call = decode_call(&frame)?;
        if call.method == BEGIN {
            tracing::warn!(uid, reason, "a login is denied: sealed");
            return connection.write(&encode_error(SEALED, &Nothing {})?).await;
        }
        connection.write(&SERVICE.answer(&call)?).await?;
    }
}

/// What one connection's machine runs on.
struct Drive<'a> {
    daemon: &'a Arc<Daemon>,
    uid: u32,
    house: Arc<House>,
    rules: Arc<Rules>,
    events: UnboundedSender<Event>,
    queue: UnboundedReceiver<Event>,
    machine: Option<Login>,
}

/// A login, until it is over or `enough` is ready.
async fn open(
    mut connection: Connection,
    uid: u32,
    daemon: &Arc<Daemon>,
    house: Arc<House>,
    enough: impl Future<Output = ()>,
) -> Result<(), ConnectionError> {
    let Ok(reference) = random::reference(house.random.as_ref()) else {
        tracing::error!(uid, "a login is denied: the kernel gives no random bytes");
        return Ok(());
    };
    let (events, queue) = unbounded_channel();
    let rules = house.rules();
    let mut drive = Drive { daemon, uid, house, rules, events, queue, machine: Some(Login::new(uid, reference)) };
    let ended = tokio::select! {
        ended = drive.run(&mut connection) => ended,
        () = enough => Ok(()),
    };
    // However it ended: nobody stands at its challenge any more.
    drive.step(Event::Closed, &mut connection).await?;
    ended
}

impl Drive<'_> {
    async fn run(&mut self, connection: &mut Connection) -> Result<(), ConnectionError> {
        let mut first = true;
        let first_frame = tokio::time::sleep(FIRST_FRAME);
        tokio::pin!(first_frame);
        loop {
            let event = tokio::select! {
                // Our own answers first: an answer of the module that is out of turn must not overtake them. The bound before
                // the frames: questions about the interface do not put it off.
                biased;
                Some(event) = self.queue.recv() => event,
                () = &mut first_frame, if first => return Ok(()),
                frame = connection.read() => match frame? {
                    Some(frame) => match incoming(&frame)? {
                        Incoming::Event(event) => event,
                        Incoming::Reply(reply) => {
                            connection.write(&reply).await?;
                            continue;
                        }
                        Incoming::Nonsense => return Ok(()),
                    },
                    None => return Ok(()),
                },
            };
            first = false;
            if self.step(event, connection).await? == Going::Over {
                return Ok(());
            }
        }
    }

    /// One step, and what it says is to be done.
    async fn step(&mut self, event: Event, connection: &mut Connection) -> Result<Going, ConnectionError> {
        let Some(machine) = self.machine.take() else { return Ok(Going::Over) };
        if matches!(event, Event::Begin(_)) {
            // Those in force when it speaks, not when it connected; and these to its end.
            self.rules = self.house.rules();
        }
        let (machine, effects) = {
            let mut challenges = self.house.challenges.lock().unwrap_or_else(PoisonError::into_inner);
            let mut fx = Effects {
                now: self.house.now(),
                rules: &self.rules,
                texts: self.rules.languages.letters(self.rules.codes.language),
                letters: self.rules.codes.language,
                random: self.house.random.as_ref(),
                keys: self.house.keys.as_ref(),
                challenges: &mut challenges,
                behind_s: self.house.behind_s(),
                out: Vec::new(),
            };
            let machine = machine.step(event, &mut fx);
            (machine, fx.out)
        };
        let reference = String::from(machine.reference());
        self.machine = Some(machine);
        for effect in effects {
            if self.apply(effect, &reference, connection).await? == Going::Over {
                return Ok(Going::Over);
            }
        }
        Ok(Going::On)
    }

    async fn apply(
        &mut self,
        effect: Effect,
        reference: &str,
        connection: &mut Connection,
    ) -> Result<Going, ConnectionError> {
        match effect {
            Effect::Reply(step) => {
                connection.write(&reply(step)?).await?;
                return Ok(Going::On);
            }
            Effect::End(step) => {
                connection.write(&reply(step)?).await?;
                return Ok(Going::Over);
            }
            Effect::Fail(failure) => {
                connection.write(&error(failure)?).await?;
                return Ok(Going::Over);
            }
            Effect::HangUp => return Ok(Going::Over),
            Effect::Log(decided) => {
                let House { store, .. } = self.house.as_ref();
                log_line::write(&decided, &self.house.now(), store.as_ref(), &self.daemon.repeats);
            }
            Effect::Stand(prompt) => {
                self.later(async move {
                    tokio::time::sleep(Duration::from_millis(STAND_MS)).await;
                    Event::Stood(prompt)
                });
            }
            Effect::Send(errand) => self.post(errand, String::from(reference)),
            Effect::Notice(about) => self.house.post.notify(*about, Arc::clone(&self.rules)),
            Effect::Resolve(name) => {
                let (daemon, uid) = (Arc::clone(self.daemon), self.uid);
                self.later(async move { Event::Resolved(daemon.users_for(uid).resolve(name).await) });
            }
            Effect::LookUp(ask) => {
                let (daemon, peer) = (Arc::clone(self.daemon), self.uid);
                self.later(async move { Event::LookedUp(daemon.users_for(peer).look(ask).await) });
            }
            // A login that is explained has no connection.
            Effect::Explained(_) => return Ok(Going::Over),
            Effect::StillThere(names, uid) => {
                let (daemon, peer) = (Arc::clone(self.daemon), self.uid);
                self.later(async move { Event::StillThere(daemon.users_for(peer).one_means(names, uid).await) });
            }
            Effect::EndDevices(end) => self.end_devices(end, String::from(reference)),
            Effect::Facts(_) | Effect::Charge(_) | Effect::Consume(_) | Effect::Remember(_) | Effect::UseDevice(_) => {
                self.ask_store(effect)
            }
        }
        Ok(Going::On)
    }

    /// Has the store do what the machine waits for.
    fn ask_store(&self, effect: Effect) {
        let store = &self.house.store;
        match effect {
            Effect::Facts(ask) => {
                let pending = store.facts(ask);
                self.later(async move { Event::Facts(pending.await.map(Box::new)) });
            }
            Effect::Charge(charge) => {
                let pending = store.charge_attempt(charge);
                self.later(async move { Event::Charged(pending.await) });
            }
            Effect::Remember(device) => {
                let pending = store.remember_device(*device);
                self.later(async move { Event::Remembered(pending.await) });
            }
            Effect::UseDevice(used) => {
                let pending = store.use_device(*used);
                self.later(async move { Event::Used(pending.await) });
            }
            Effect::Consume(consume) => {
                let pending = store.consume_code(*consume);
                self.later(async move { Event::Consumed(pending.await) });
            }
            Effect::Reply(_)
            | Effect::End(_)
            | Effect::Fail(_)
            | Effect::HangUp
            | Effect::Resolve(_)
            | Effect::LookUp(_)
            | Effect::StillThere(..)
            | Effect::Stand(_)
            | Effect::Send(_)
            | Effect::Notice(_)
            | Effect::EndDevices(_)
            | Effect::Log(_)
            | Effect::Explained(_) => {}
        }
    }

    /// Sends a message. Not bound to the connection: a code that is on its way stays good for the next login. But to the house:
    /// one that is sealed lets go of its store before a new one opens it.
    fn post(&self, errand: Errand, reference: String) {
        let (post, rules, daemon) = (self.house.post.clone(), Arc::clone(&self.rules), Arc::clone(self.daemon));
        tokio::spawn(async move {
            tokio::select! {
                () = post.run(errand, rules, reference) => {}
                () = daemon.until_sealed() => {}
            }
        });
    }

    /// Ends trust; not bound to the connection.
    fn end_devices(&self, end: EndDevices, reference: String) {
        let ending = self.house.store.end_devices(end.clone(), self.house.now());
        tokio::spawn(async move {
            match ending.await {
                Ok(0) => {}
                Ok(count) => tracing::info!(reference, count, ended = ?end, "devices are not remembered any more"),
                // This login is asked as if they were ended; the next one finds them again, and the same reason.
                Err(error) => tracing::error!(reference, %error, "a device that has ended could not be marked so"),
            }
        });
    }

    /// Says the event when it comes; to nobody, if the connection has ended by then.
    fn later(&self, event: impl Future<Output = Event> + Send + 'static) {
        let events = self.events.clone();
        tokio::spawn(async move {
            let _gone = events.send(event.await);
        });
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Going {
    On,
    Over,
}

/// What a frame is.
enum Incoming {
    Event(Event),
    /// Answered without the machine.
    Reply(pam_2fa_protocol::frame::Frame),
    /// The connection ends.
    Nonsense,
}

fn incoming(frame: &[u8]) -> Result<Incoming, ConnectionError> {
    let call = decode_call(frame)?;
    if call.oneway || call.more {
        return Ok(Incoming::Nonsense);
    }
    Ok(match call.method.as_ref() {
        BEGIN => match call.parameters::<Begin>() {
            Ok(begin) => Incoming::Event(Event::Begin(Box::new(begin))),
            Err(_) => Incoming::Reply(SERVICE.invalid_parameter("parameters")?),
        },
        ANSWER => match call.parameters::<Answer>() {
            Ok(answer) => Incoming::Event(Event::Answer(answer.text)),
            Err(_) => Incoming::Nonsense,
        },
        _ => Incoming::Reply(SERVICE.answer(&call)?),
    })
}

fn reply(step: Step) -> Result<pam_2fa_protocol::frame::Frame, ConnectionError> {
    Ok(encode_reply(&StepReply { step }, Continues::No)?)
}

fn error(failure: Failure) -> Result<pam_2fa_protocol::frame::Frame, ConnectionError> {
    Ok(match failure {
        Failure::NotPermitted => SERVICE.error("NotPermitted")?,
        Failure::VersionNotSupported => {
            encode_error(VERSION_NOT_SUPPORTED, &VersionRange { min: VERSION, max: VERSION })?
        }
    })
}

#[cfg(test)]
mod tests;
