//! The store in one SQLite file (rule 12). The way of an operation: [`SqliteStore`] puts it into a queue, the writer's or the
//! reader's thread does it in a transaction, and the reply comes back when what it says is on disk.
//!
//! | file | |
//! |---|---|
//! | `opening`, `schema`, `files` | from a path to a connection that may be trusted |
//! | `room` | space kept ahead, for a full disk |
//! | `queue`, `job`, `writer`, `reader` | the two threads |
//! | `ledger`, `decisions`, `changes` | the log: what waits for the next group, and its tables |
//! | `tries`, `sources`, `challenges`, `sends`, `texts`, `users`, `methods`, `passes`, `devices`, `meta`, `upkeep` | the operations, each on a connection inside a transaction |
//! | `values`, `sums`, `failed` | columns, checksums, errors |
//!
//! Never decides who is let in, and never hands out a default for what it cannot read.

use super::{
    About, AcceptCopy, AcceptedCopy, Authenticator, Bucket, By, ChallengeId, Change, ChangeAsk, ChangeKey, ChangePage,
    Changed, ChangedKey, Charge, Charged, ClockWasReset, Consume, Consumed, Decision, Decoys, EndDevices, Enrol,
    Enrolled, Facts, FactsFor, Import, Imported, KeptChallenge, KeptDevice, KeptPass, Known, LogAsk, LogLimits,
    LogPage, LogState, MetaKey, Methods, Pending, RememberDevice, ResetClock, Revoke, Revoked, SendOf, SendTicket,
    SendVerdict, Store, StoreError, TextOf, TextTicket, TextVerdict, TextsNow, UseDevice, UserChange, UserKey,
    UserRecord,
};
use crate::clock::Moment;
use crate::limits::{Counts, TextLimits};
use failed::Failed;
use job::{Queue, submit};
use ledger::Ledger;
use pam_2fa_protocol::admin::Method;
use pam_2fa_settings::E164;
use rusqlite::Connection;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use writer::Fault;

mod challenges;
mod changes;
pub(crate) mod copy;
mod decisions;
mod devices;
mod failed;
pub(crate) mod files;
mod job;
mod ledger;
mod meta;
mod methods;
pub(crate) mod opening;
mod passes;
mod queue;
mod reader;
mod room;
mod schema;
mod sends;
mod sources;
mod sums;
mod texts;
mod tries;
mod upkeep;
mod users;
mod values;
mod writer;

pub use opening::OpenError;

/// The engine: a writer and a reader thread. Dropped, it closes as [`SqliteStore::close`] does.
pub struct SqliteStore {
    path: PathBuf,
    writes: Arc<Queue>,
    reads: Arc<Queue>,
    fault: Arc<Fault>,
    ledger: Arc<Ledger>,
    threads: Mutex<Option<Threads>>,
}

struct Threads {
    writer: JoinHandle<Result<(), StoreError>>,
    reader: JoinHandle<()>,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl SqliteStore {
    /// Makes a store with these values in it, where nothing is, and opens it. After a crash there is a whole store or none.
    ///
    /// # Errors
    /// [`OpenError`]; what is there is not touched.
    pub fn create(path: &Path, values: &[(MetaKey, Vec<u8>)]) -> Result<Self, OpenError> {
        Self::make(path, values)?;
        Self::open(path)
    }

    /// Makes one, and leaves it closed.
    pub(crate) fn make(path: &Path, values: &[(MetaKey, Vec<u8>)]) -> Result<(), OpenError> {
        opening::make(path, values)
    }

    /// Opens a store that is there, after all of it was found whole. Never makes one.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::start(opening::Checked::open(path)?, path)
    }

    /// From here on it may be written.
    pub(crate) fn start(checked: opening::Checked, path: &Path) -> Result<Self, OpenError> {
        let room = room::Room::beside(path);
        let (writer, reader) = checked.for_use(&room)?;
        let store = Self {
            path: path.to_owned(),
            writes: Queue::new(),
            reads: Queue::new(),
            fault: Arc::new(Fault::default()),
            ledger: Ledger::new(),
            threads: Mutex::new(None),
        };
        let io = |error: std::io::Error| OpenError::Io {
            path: path.to_owned(),
            what: "start a thread for the store",
            why: error.to_string(),
        };
        let (queue, fault) = (Arc::clone(&store.reads), Arc::clone(&store.fault));
        let reader = thread("store-read", move || reader::run(&reader, &queue, &fault)).map_err(io)?;
        let (queue, fault, ledger) = (Arc::clone(&store.writes), Arc::clone(&store.fault), Arc::clone(&store.ledger));
        let writer =
            thread("store-write", move || writer::run(&writer, &queue, &fault, &ledger, &room)).map_err(|error| {
                store.reads.close();
                io(error)
            })?;
        *store.threads() = Some(Threads { writer, reader });
        Ok(store)
    }

    /// Does what has come in, writes everything to the file and ends the threads. Blocks. What comes later gets
    /// [`StoreError::Closed`]. A second call does nothing.
    ///
    /// # Errors
    /// [`StoreError`] where the file could not be brought up to date. What was acknowledged is on disk nevertheless, in the
    /// `-wal` file beside it.
    pub fn close(&self) -> Result<(), StoreError> {
        let Some(threads) = self.threads().take() else {
            return Ok(());
        };
        // The reader first, so that the last checkpoint finds nobody reading.
        self.reads.close();
        let read = threads.reader.join();
        self.writes.close();
        let written = threads.writer.join();
        match (read, written) {
            (Ok(()), Ok(written)) => written,
            _ => Err(StoreError::Engine { what: "close", why: String::from("one of its threads had ended") }),
        }
    }

    fn threads(&self) -> std::sync::MutexGuard<'_, Option<Threads>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write<T, F>(&self, what: &'static str, work: F) -> Pending<T>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T, Failed> + Send + 'static,
    {
        submit(&self.writes, what, work)
    }

    /// The same, for what writes a line of the log of changes too: who follows it is told.
    fn log<T, F>(&self, what: &'static str, work: F) -> Pending<T>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T, Failed> + Send + 'static,
    {
        let (written, ledger) = (self.write(what, work), Arc::clone(&self.ledger));
        Box::pin(async move {
            let done = written.await;
            ledger.tell();
            done
        })
    }

    fn read<T, F>(&self, what: &'static str, work: F) -> Pending<T>
    where
        T: Send + 'static,
        F: Fn(&Connection) -> Result<T, Failed> + Send + 'static,
    {
        submit(&self.reads, what, work)
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // Who wants to know calls `close`.
        let _unheard = self.close();
    }
}

fn thread<T: Send + 'static>(name: &str, run: impl FnOnce() -> T + Send + 'static) -> std::io::Result<JoinHandle<T>> {
    std::thread::Builder::new().name(name.to_owned()).spawn(run)
}

fn facts(connection: &Connection, ask: &FactsFor) -> Result<Facts, Failed> {
    let FactsFor { user, source, own, tries: limits, sends: send_limits, device, now } = ask;
    let bucket = if *own { Bucket::Own } else { sources::bucket(connection, user, source)? };
    let known = users::known(connection, user)?;
    let methods = methods::of(connection, user, now)?;
    let record = if let Known::Record(record) = &known { Some(record) } else { None };
    let phone = record.filter(|record| record.phone_verified).and_then(|record| record.phone.as_deref());
    let text_withheld = match phone.and_then(|phone| E164::parse(phone).ok()) {
        Some(phone) => texts::withheld(connection, phone.range(), sends::share(&bucket), send_limits.texts, now)?,
        None => None,
    };
    // Only who may come to name a number needs them.
    let has_method =
        methods.app.is_some() || record.is_some_and(|record| record.email_verified || record.phone_verified);
    let regions = if *own || !has_method { texts::regions(connection)? } else { BTreeSet::new() };
    let send_withheld = sends::withheld(connection, user, source, &bucket, *send_limits, now)?;
    Ok(Facts {
        known,
        standings: tries::standings(connection, user, &bucket, *limits, now)?,
        methods,
        device: match device {
            Some(key) => devices::find(connection, user, key)?.map(Box::new),
            None => None,
        },
        send_wait_s: send_withheld.map_or(0, |withheld| withheld.wait_s),
        text_wait_s: text_withheld.map_or(0, |withheld| withheld.wait_s),
        regions,
        bucket,
    })
}

impl Store for SqliteStore {
    fn fault(&self) -> Option<String> {
        let ended = |threads: &Threads| threads.writer.is_finished() || threads.reader.is_finished();
        let is_ended = self.threads().as_ref().is_some_and(ended);
        self.fault.why().or_else(|| is_ended.then(|| String::from("one of the store's threads has ended")))
    }

    fn facts(&self, ask: FactsFor) -> Pending<Facts> {
        self.read("look a user up", move |connection| facts(connection, &ask))
    }

    fn charge_attempt(&self, charge: Charge) -> Pending<Charged> {
        self.write("charge an attempt", move |connection| tries::charge(connection, &charge))
    }

    fn consume_code(&self, consume: Consume) -> Pending<Consumed> {
        self.write("mark a code used", move |connection| tries::consume(connection, &consume))
    }

    fn remember_device(&self, device: RememberDevice) -> Pending<bool> {
        self.write("remember a device", move |connection| devices::remember_asked(connection, &device))
    }

    fn use_device(&self, used: UseDevice) -> Pending<bool> {
        self.write("keep the use of a device", move |connection| devices::used(connection, &used))
    }

    fn end_devices(&self, end: EndDevices, now: Moment) -> Pending<u64> {
        self.write("end the trust in a device", move |connection| devices::end_as_seen(connection, &end, &now))
    }

    fn methods(&self, user: UserKey, now: Moment) -> Pending<Methods> {
        self.read("look at a user's methods", move |connection| methods::of(connection, &user, &now))
    }

    fn enrol(&self, enrol: Enrol) -> Pending<Enrolled> {
        self.log("enrol a user", move |connection| methods::enrol(connection, &enrol))
    }

    fn add_pass(&self, pass: KeptPass, now: Moment) -> Pending<()> {
        self.log("keep a one-time code", move |connection| passes::add(connection, &pass, &now))
    }

    fn prefer(&self, user: UserKey, prefers: Option<Method>, now: Moment) -> Pending<bool> {
        self.log("keep a user's choice", move |connection| methods::prefer(connection, &user, prefers, &now))
    }

    fn disable(&self, user: UserKey, disabled: bool, now: Moment) -> Pending<bool> {
        self.log("shut a user out", move |connection| methods::disable(connection, &user, disabled, &now))
    }

    fn reset(&self, user: UserKey, now: Moment) -> Pending<bool> {
        self.log("reset a user", move |connection| methods::reset(connection, &user, &now))
    }

    fn revoke_devices(&self, revoke: Revoke, now: Moment) -> Pending<Revoked> {
        self.log("revoke devices", move |connection| devices::revoke(connection, &revoke, &now))
    }

    fn devices(&self, user: String) -> Pending<Vec<KeptDevice>> {
        self.read("list devices", move |connection| devices::named(connection, &user))
    }

    fn devices_of_next(&self, after: Option<UserKey>) -> Pending<Vec<KeptDevice>> {
        self.read("list devices", move |connection| devices::of_next(connection, after.as_ref()))
    }

    fn record_send(&self, send: SendOf) -> Pending<SendVerdict> {
        self.write("count a message", move |connection| sends::record(connection, &send))
    }

    fn take_back_send(&self, ticket: SendTicket) -> Pending<()> {
        self.write("take back the count of a message", move |connection| sends::take_back(connection, &ticket))
    }

    fn record_text(&self, send: TextOf) -> Pending<TextVerdict> {
        self.write("count a text message", move |connection| texts::record(connection, &send))
    }

    fn take_back_text(&self, ticket: TextTicket) -> Pending<()> {
        self.write("take back the count of a message", move |connection| texts::take_back(connection, &ticket))
    }

    fn texts(&self, limits: TextLimits, now: Moment) -> Pending<TextsNow> {
        self.read("look at text messages", move |connection| texts::standing(connection, limits, &now))
    }

    fn open_challenges(&self, now: Moment, attempts: u32) -> Pending<Vec<KeptChallenge>> {
        self.read("read open challenges", move |connection| challenges::open(connection, &now, attempts))
    }

    fn end_challenge(&self, id: ChallengeId, now: Moment) -> Pending<()> {
        self.write("end a challenge", move |connection| {
            challenges::end(connection, &id, &now)?;
            meta::raise_high_water(connection, &now)
        })
    }

    fn change_user(&self, change: UserChange) -> Pending<Changed> {
        self.log("change a user", move |connection| users::change(connection, &change))
    }

    fn import_users(&self, import: Import) -> Pending<Vec<Imported>> {
        self.log("import users", move |connection| users::import(connection, &import))
    }

    fn verify_address(&self, user: UserKey, of: Authenticator, address: String, now: Moment) -> Pending<bool> {
        self.log("mark an address as verified", move |connection| users::verify(connection, &user, of, &address, &now))
    }

    fn user(&self, key: UserKey) -> Pending<Known> {
        self.read("look a user up", move |connection| users::known(connection, &key))
    }

    fn users(&self, name: Option<String>) -> Pending<Vec<UserRecord>> {
        self.read("list users", move |connection| users::all(connection, name.as_deref()))
    }

    fn users_next(&self, after: Option<UserKey>) -> Pending<Vec<UserRecord>> {
        self.read("list users", move |connection| users::next(connection, after.as_ref()))
    }

    fn count_users(&self) -> Pending<u64> {
        self.read("count users", users::count)
    }

    fn meta(&self, key: MetaKey) -> Pending<Option<Vec<u8>>> {
        self.read("read what it keeps about itself", move |connection| meta::get(connection, key))
    }

    fn put_meta(&self, values: Vec<(MetaKey, Vec<u8>)>) -> Pending<()> {
        self.write("keep settings", move |connection| {
            // What was accepted must not come undone with an older copy: trust was given under one policy, and ends with it.
            if values.iter().any(|(key, _)| *key == MetaKey::Settings) {
                upkeep::raise_generation(connection)?;
            }
            meta::put(connection, &values)
        })
    }

    fn accept_copy(&self, accept: AcceptCopy) -> Pending<AcceptedCopy> {
        self.log("accept an older copy", move |connection| upkeep::accept_copy(connection, &accept))
    }

    fn reset_clock(&self, reset: ResetClock) -> Pending<ClockWasReset> {
        self.log("set the clock's mark back", move |connection| upkeep::reset_clock(connection, &reset))
    }

    fn change_key(&self, change: ChangeKey) -> Pending<ChangedKey> {
        self.log("seal itself by another key", move |connection| upkeep::change_key(connection, &change))
    }

    fn counts(&self, user: UserKey, of: Authenticator) -> Pending<Counts> {
        self.read("look at tries", move |connection| tries::counts(connection, &user, of))
    }

    fn about(&self, user: UserKey, now: Moment) -> Pending<About> {
        self.read("look at a user", move |connection| {
            let of = |of| Ok((of, tries::counts(connection, &user, of)?));
            let counts = Authenticator::ALL.into_iter().map(of).collect::<Result<_, Failed>>()?;
            Ok(About { methods: methods::of(connection, &user, &now)?, counts })
        })
    }

    fn unlock(&self, user: UserKey, now: Moment) -> Pending<u64> {
        self.log("unlock a user", move |connection| {
            let failures = tries::clear_all(connection, &user)?;
            if failures > 0 {
                let said = ("unlocked", format!("wrong codes forgotten: {failures}"));
                changes::say(connection, By::Administrator, &user, said, &now)?;
            }
            meta::raise_high_water(connection, &now)?;
            Ok(failures)
        })
    }

    fn log_decision(&self, decision: Decision) {
        self.ledger.note(decision);
    }

    fn log_decoys(&self, decoys: Decoys) {
        self.ledger.count(decoys);
    }

    fn log_state(&self) -> LogState {
        self.ledger.state()
    }

    fn log_written(&self) -> tokio::sync::watch::Receiver<u64> {
        self.ledger.written()
    }

    fn keep_log(&self, limits: LogLimits) -> Pending<()> {
        let (writes, ledger) = (Arc::clone(&self.writes), Arc::clone(&self.ledger));
        Box::pin(async move {
            ledger.again(limits);
            loop {
                // A job that does nothing: what waits goes with it.
                submit(&writes, "write the log of decisions", |_| Ok(())).await?;
                if !ledger.would_write() {
                    return Ok(());
                }
            }
        })
    }

    fn decisions(&self, ask: LogAsk) -> Pending<LogPage> {
        self.read("read the log of decisions", move |connection| decisions::page(connection, &ask))
    }

    fn newest_decision(&self) -> Pending<i64> {
        self.read("read the log of decisions", |connection| Ok(decisions::newest(connection)?.0))
    }

    fn note_change(&self, change: Change) -> Pending<()> {
        self.log("write the log of changes", move |connection| changes::note(connection, &change))
    }

    fn changes(&self, ask: ChangeAsk) -> Pending<ChangePage> {
        self.read("read the log of changes", move |connection| changes::page(connection, &ask))
    }

    fn newest_change(&self) -> Pending<i64> {
        self.read("read the log of changes", changes::newest)
    }

    fn decoys(&self, since_s: i64) -> Pending<Vec<Decoys>> {
        self.read("read the counters of decoys", move |connection| decisions::decoys(connection, since_s))
    }
}
