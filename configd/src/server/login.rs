//! `login.sock`: carries frames to the state machine and does what it says. Decides nothing.

mod space;
mod wire;

use super::FIRST_FRAME;
use super::log_line;
use super::repeats::Line;
use super::slots::Entry;
use super::standing::{self, Group, Stands};
use crate::clock::{Moment, SystemClock};
use crate::daemon::{Daemon, State};
use crate::house::House;
use crate::login::deliver::Errand;
use crate::login::{Change, Effect, Effects, Event, Login, STAND_MS, stands};
use crate::random;
use crate::rules::Rules;
use crate::store::{Authenticator, EndDevices};
use crate::wire_io::{Connection, ConnectionError};
use pam_2fa_protocol::frame::Frame;
use pam_2fa_protocol::login::{BEGIN, BUSY, Begin, SEALED, SERVICE, Step, Verdict};
use pam_2fa_protocol::wire::{Nothing, decode_call, encode_error};
use pam_2fa_settings::text::printable;
use space::lacks_space;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::net::UnixStream;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use wire::{Incoming, Wire};

/// A login ends at the latest so long after its code has run out.
const PAST_LIFETIME: Duration = Duration::from_secs(60);

/// One connection, from its first frame to its end.
pub async fn serve(stream: UnixStream, uid: u32, daemon: Arc<Daemon>, entry: Option<Entry>) {
    let connection = Connection::new(stream);
    let ended = match daemon.state() {
        State::Sealed(reason) => {
            match tokio::time::timeout(FIRST_FRAME, sealed(connection, uid, &reason, &daemon)).await {
                Ok(ended) => ended,
                Err(_) => Ok(()),
            }
        }
        State::Open(house) => {
            let most = Duration::from_millis(house.rules().codes.lifetime_ms).saturating_add(PAST_LIFETIME);
            let enough = async {
                tokio::select! {
                    () = tokio::time::sleep(most) => {}
                    () = daemon.until_sealed() => {}
                }
            };
            open(connection, (uid, entry), &daemon, house, enough).await
        }
    };
    if let Err(error) = ended {
        // Clients that vanish or talk nonsense are not worth more: anybody may connect.
        tracing::debug!(uid, %error, "a login's connection ended early");
    }
}

/// Everyone is denied, with the error after which alone break-glass may be tried.
async fn sealed(mut connection: Connection, uid: u32, reason: &str, daemon: &Daemon) -> Result<(), ConnectionError> {
    loop {
        let Some(frame) = connection.read().await? else { return Ok(()) };
        let call = decode_call(&frame)?;
        if call.method == BEGIN {
            // Of users' own processes so many lines a minute, as where it is open.
            if uid == 0 || daemon.repeats.line(uid, SystemClock::boot_ms()) != Line::LeaveOut {
                tracing::warn!(uid, reason, "a login is denied: sealed");
            }
            return connection.write(&encode_error(SEALED, &Nothing {})?).await;
        }
        connection.write(&SERVICE.answer(&call)?).await?;
    }
}

/// What one connection's machine runs on.
struct Drive<'a> {
    daemon: &'a Arc<Daemon>,
    uid: u32,
    /// What it was let in with. `None`: it has its place elsewhere.
    entry: Option<Entry>,
    /// When it was said whose login it is.
    began: Option<Moment>,
    /// The name that it asks for.
    asked: String,
    /// Set once it has stood at a prompt.
    stands: Option<Stands>,
    house: Arc<House>,
    rules: Arc<Rules>,
    events: UnboundedSender<Event>,
    queue: UnboundedReceiver<Event>,
    machine: Option<Login>,
    wire: Wire,
    /// The connection is over for us, and nothing is said any more.
    mute: bool,
    /// The last answer of the store was that there is no space.
    no_space: bool,
}

/// A login, until it is over or `enough` is ready.
async fn open(
    mut connection: Connection,
    (uid, entry): (u32, Option<Entry>),
    daemon: &Arc<Daemon>,
    house: Arc<House>,
    enough: impl Future<Output = ()>,
) -> Result<(), ConnectionError> {
    let Ok(reference) = random::reference(house.random.as_ref()) else {
        tracing::error!(uid, "a login is denied: the kernel gives no random bytes");
        return Ok(());
    };
    let mut drive = Drive { entry, ..Drive::new(daemon, uid, house, Login::new(uid, reference), Wire::Login) };
    let ended = tokio::select! {
        ended = drive.run(true, &mut connection) => ended,
        () = enough => Ok(()),
    };
    // However it ended: nobody stands at its challenge any more.
    drive.close(&mut connection).await?;
    ended
}

/// A user's change of oneself, begun by `begin`, until it is over.
pub(super) async fn own_change(
    connection: &mut Connection,
    uid: u32,
    daemon: &Arc<Daemon>,
    house: Arc<House>,
    (begin, change): (Begin, Change),
) -> Result<(), ConnectionError> {
    let Ok(reference) = random::reference(house.random.as_ref()) else { return Ok(()) };
    let most = Duration::from_millis(house.rules().codes.lifetime_ms).saturating_add(PAST_LIFETIME);
    let mut drive = Drive::new(daemon, uid, house, Login::own(uid, reference, change), Wire::Own);
    let ended = tokio::select! {
        ended = async {
            match drive.step(Event::Begin(Box::new(begin)), connection).await? {
                Going::Over => Ok(()),
                Going::On => drive.run(false, connection).await,
            }
        } => ended,
        () = tokio::time::sleep(most) => Ok(()),
        () = daemon.until_sealed() => Ok(()),
    };
    drive.close(connection).await?;
    ended
}

impl<'a> Drive<'a> {
    fn new(daemon: &'a Arc<Daemon>, uid: u32, house: Arc<House>, machine: Login, wire: Wire) -> Self {
        let (events, queue) = unbounded_channel();
        let (rules, machine, asked) = (house.rules(), Some(machine), String::new());
        Self {
            daemon,
            uid,
            entry: None,
            began: None,
            asked,
            stands: None,
            house,
            rules,
            events,
            queue,
            machine,
            wire,
            mute: false,
            no_space: false,
        }
    }

    /// `first`: nothing was said yet, and the first frame has to come soon.
    async fn run(&mut self, mut first: bool, connection: &mut Connection) -> Result<(), ConnectionError> {
        let first_frame = tokio::time::sleep(FIRST_FRAME);
        tokio::pin!(first_frame);
        loop {
            let event = tokio::select! {
                // Our own answers first: an answer of the module that is out of turn must not overtake them. The bound before
                // the frames: questions about the interface do not put it off.
                biased;
                Some(event) = self.queue.recv() => event,
                () = &mut first_frame, if first => return Ok(()),
                // Too many of its user's stand, and it is the oldest.
                () = ended(&mut self.stands) => return Ok(()),
                frame = connection.read() => match frame? {
                    Some(frame) => match self.wire.incoming(&frame)? {
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

    /// The connection has ended. What is being written is waited for: its owner is told of it, and the log has it.
    async fn close(&mut self, connection: &mut Connection) -> Result<(), ConnectionError> {
        self.mute = true;
        self.step(Event::Closed, connection).await?;
        while self.machine.as_ref().is_some_and(|machine| !machine.is_over()) {
            let event = tokio::select! {
                Some(event) = self.queue.recv() => event,
                // Its store is let go of.
                () = self.daemon.until_sealed() => return Ok(()),
            };
            self.step(event, connection).await?;
        }
        Ok(())
    }

    /// One step, and what it says is to be done.
    async fn step(&mut self, event: Event, connection: &mut Connection) -> Result<Going, ConnectionError> {
        if let Some(no_space) = lacks_space(&event) {
            self.no_space = no_space;
            self.house.lacks_space(no_space);
        }
        if let Event::Begin(begin) = &event {
            // Those in force when it speaks, not when it connected; and these to its end.
            self.rules = self.house.rules();
            self.asked.clone_from(&begin.user);
            self.began = Some(self.house.now());
            // A decoy is answered and gone: it has nobody's place.
            if !begin.decoy && !self.is_seated() {
                connection.write(&encode_error(BUSY, &Nothing {})?).await?;
                return Ok(Going::Over);
            }
        }
        let Some(machine) = self.machine.take() else { return Ok(Going::Over) };
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
        self.stand(&machine);
        self.machine = Some(machine);
        for effect in effects {
            if self.apply(effect, &reference, connection).await? == Going::Over {
                return Ok(Going::Over);
            }
        }
        Ok(Going::On)
    }

    /// Takes a place for what says that it is a login. Without one it is told so, and the module denies.
    fn is_seated(&mut self) -> bool {
        let Some(entry) = &mut self.entry else { return true };
        let is_seated = entry.sit();
        if !is_seated && entry.is_told(SystemClock::boot_ms()) {
            tracing::warn!(
                user = printable(&self.asked).as_ref(),
                "a login is denied: all places of root's callers are taken; who has them stands in pam-2fa log, and how many sshd \
                 lets in at once is its MaxStartups (said once a minute at most)"
            );
        }
        is_seated
    }

    /// Counts a login of root's callers that has come to stand at a prompt. A user's own processes have few places anyway.
    fn stand(&mut self, machine: &Login) {
        if self.uid != 0 || self.stands.is_some() {
            return;
        }
        if let Some((user, bucket)) = stands(&machine.state, &self.asked) {
            let most = standing::most(self.rules.codes.prompt);
            self.stands = Some(self.daemon.standing.join(Group { user, bucket }, most));
        }
    }

    async fn apply(
        &mut self,
        effect: Effect,
        reference: &str,
        connection: &mut Connection,
    ) -> Result<Going, ConnectionError> {
        match effect {
            Effect::Reply(_) | Effect::End(_) | Effect::Fail(_) | Effect::Done(_) | Effect::HangUp if self.mute => {}
            Effect::Reply(step) => {
                connection.write(&self.wire.step(step)?).await?;
                return Ok(Going::On);
            }
            Effect::End(step) => {
                connection.write(&self.last(step, reference)?).await?;
                return Ok(Going::Over);
            }
            Effect::Fail(failure) => {
                connection.write(&self.wire.failure(failure)?).await?;
                return Ok(Going::Over);
            }
            Effect::HangUp => return Ok(Going::Over),
            Effect::Log(decided) => {
                if let (Wire::Login, Some(began)) = (self.wire, &self.began) {
                    self.daemon.coded.note(&decided, began);
                }
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
            Effect::Done(text) => {
                connection.write(&self.wire.done(text)?).await?;
                return Ok(Going::Over);
            }
            Effect::Facts(_)
            | Effect::Charge(_)
            | Effect::Consume(_)
            | Effect::Remember(_)
            | Effect::UseDevice(_)
            | Effect::Enrol(_)
            | Effect::Revoke(_) => self.ask_store(effect),
        }
        Ok(Going::On)
    }

    /// The last word. Without space nothing can be decided about whoever is asked: to this login it is as if all of it were sealed, and it is
    /// told so. Who is not asked goes on being let in, which a sealed daemon would not.
    fn last(&self, step: Step, reference: &str) -> Result<Frame, ConnectionError> {
        if self.no_space && self.wire == Wire::Login && step.verdict == Some(Verdict::Unavailable) {
            tracing::error!(reference, "a login is denied as by a sealed daemon: the disk is full; free space");
            return Ok(encode_error(SEALED, &Nothing {})?);
        }
        self.wire.step(step)
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
                let of = (charge.authenticator == Authenticator::Recovery)
                    .then(|| (charge.user.clone(), charge.now.clone()));
                let (pending, house) = (store.charge_attempt(charge), Arc::clone(&self.house));
                self.later(async move {
                    let charged = pending.await;
                    let passes = match of {
                        Some((user, now)) => house.store.methods(user, now).await.ok().map(|methods| methods.passes),
                        None => None,
                    };
                    Event::Charged(charged, passes)
                });
            }
            Effect::Remember(device) => {
                let pending = store.remember_device(*device);
                self.later(async move { Event::Remembered(pending.await) });
            }
            Effect::UseDevice(used) => {
                let pending = store.use_device(*used);
                self.later(async move { Event::Used(pending.await) });
            }
            Effect::Enrol(enrol) => {
                let pending = store.enrol(*enrol);
                self.later(async move { Event::Enrolled(pending.await) });
            }
            Effect::Revoke(revoke) => {
                let pending = store.revoke_devices(revoke, self.house.now());
                self.later(async move { Event::Revoked(pending.await) });
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
            | Effect::Done(_)
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

/// Ready when a login that stands has to go.
async fn ended(stands: &mut Option<Stands>) {
    match stands {
        Some(stands) => stands.is_ended().await,
        None => std::future::pending().await,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Going {
    On,
    Over,
}

#[cfg(test)]
mod tests;
