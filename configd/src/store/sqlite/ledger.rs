//! Decisions on their way to the log. A login hands its line over and goes on; the writer takes along what waits here in the next
//! group that it commits, so that the log costs no login a write of its own.
//!
//! It never makes another job fail: it takes none of the pages that are kept for logins on a full disk, and after a failure it
//! waits until it is told to try again ([`Ledger::again`]). What cannot be written is kept up to a bound, and said.

use super::decisions;
use super::failed::Failed;
use super::job::Job;
use super::room;
use crate::store::{Decision, Decoys, LogLimits, LogState, StoreError};
use rusqlite::Connection;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Lines that wait at most; further ones are lost to the store (the journal has them), and counted.
const WAITING: usize = 4_096;

/// Hours and services whose decoys wait at most.
const COUNTED: usize = 256;

/// Lines in one transaction.
const BATCH: usize = 256;

/// See the head of the file.
#[derive(Debug)]
pub(super) struct Ledger {
    state: Mutex<State>,
    written: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    decisions: VecDeque<Decision>,
    decoys: BTreeMap<(i64, String), u64>,
    limits: LogLimits,
    /// To be cut off, though nothing waits.
    is_due: bool,
    /// After a failure, until the next [`Ledger::again`].
    is_held: bool,
    /// The last batch found no free pages.
    is_without_room: bool,
    lost: u64,
    why: Option<String>,
}

impl State {
    fn waits(&self) -> bool {
        self.is_due || !self.decisions.is_empty() || !self.decoys.is_empty()
    }

    fn put_back(&mut self, batch: Batch) {
        for decision in batch.decisions.into_iter().rev() {
            if self.decisions.len() < WAITING {
                self.decisions.push_front(decision);
            } else {
                self.lost = self.lost.saturating_add(1);
            }
        }
        for counted in batch.decoys {
            self.count(counted);
        }
    }

    fn count(&mut self, counted: Decoys) {
        let key = (counted.hour_s, counted.service);
        if self.decoys.len() < COUNTED || self.decoys.contains_key(&key) {
            let count = self.decoys.entry(key).or_default();
            *count = count.saturating_add(counted.count);
        } else {
            self.lost = self.lost.saturating_add(counted.count);
        }
    }
}

impl Ledger {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), written: watch::Sender::new(0) })
    }

    /// A line for the log.
    pub(super) fn note(&self, decision: Decision) {
        let mut state = self.lock();
        if state.decisions.len() < WAITING {
            state.decisions.push_back(decision);
        } else {
            state.lost = state.lost.saturating_add(1);
        }
    }

    /// Decoys for the counters.
    pub(super) fn count(&self, counted: Decoys) {
        self.lock().count(counted);
    }

    /// From the next group on: tries again what could not be written, and cuts off what is beyond `limits`.
    pub(super) fn again(&self, limits: LogLimits) {
        let mut state = self.lock();
        state.limits = limits;
        state.is_held = false;
        state.is_due = true;
    }

    /// How it goes.
    pub(super) fn state(&self) -> LogState {
        let state = self.lock();
        let fault = (state.why.is_some() || state.lost > 0).then(|| {
            let why = state.why.as_deref().unwrap_or("it is written again");
            format!(
                "the log of decisions could not be written: {why}; {} lines wait, {} were lost to it and stand in the \
                 journal alone; look at the disk under the state folder",
                state.decisions.len(),
                state.lost
            )
        });
        LogState { waits: state.waits(), fault }
    }

    /// Whether another group would write something.
    pub(super) fn would_write(&self) -> bool {
        let state = self.lock();
        !state.is_held && (!state.decisions.is_empty() || !state.decoys.is_empty())
    }

    /// Changes each time something was written.
    pub(super) fn written(&self) -> watch::Receiver<u64> {
        self.written.subscribe()
    }

    /// Something was written into the log beside what waits here.
    pub(super) fn tell(&self) {
        self.written.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// What goes with the group that is about to be written.
    pub(super) fn take(self: &Arc<Self>) -> Option<Box<dyn Job>> {
        let mut state = self.lock();
        if state.is_held || !state.waits() {
            return None;
        }
        state.is_due = false;
        let count = state.decisions.len().min(BATCH);
        let decisions = state.decisions.drain(..count).collect();
        let decoys = std::mem::take(&mut state.decoys);
        let decoys = decoys.into_iter().map(|((hour_s, service), count)| Decoys { hour_s, service, count }).collect();
        let (batch, limits) = (Batch { decisions, decoys }, state.limits);
        drop(state);
        Some(Box::new(Entry { ledger: Arc::clone(self), batch, limits, done: Done::WithoutRoom }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug)]
struct Batch {
    decisions: Vec<Decision>,
    decoys: Vec<Decoys>,
}

#[derive(Debug, Clone, Copy)]
enum Done {
    /// Nothing was tried: the free pages are for logins.
    WithoutRoom,
    Written {
        more_to_cut: bool,
    },
}

/// The ledger's job in a group.
struct Entry {
    ledger: Arc<Ledger>,
    batch: Batch,
    limits: LogLimits,
    done: Done,
}

impl Job for Entry {
    fn what(&self) -> &'static str {
        "write the log of decisions"
    }

    fn run(&mut self, connection: &Connection) -> Result<(), Failed> {
        self.done = if room::is_low(connection) {
            Done::WithoutRoom
        } else {
            let more_to_cut = decisions::write(connection, &self.batch.decisions, &self.batch.decoys, self.limits)?;
            Done::Written { more_to_cut }
        };
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { ledger, batch, done, .. } = *self;
        let mut state = ledger.lock();
        match (outcome, done) {
            (Ok(()), Done::Written { more_to_cut }) => {
                state.why = None;
                state.is_without_room = false;
                state.is_due |= more_to_cut;
                drop(state);
                if !batch.decisions.is_empty() {
                    ledger.tell();
                }
            }
            (Ok(()), Done::WithoutRoom) => {
                // The writer makes room after this group, where there is any: it is a fault only if that did not help.
                if std::mem::replace(&mut state.is_without_room, true) {
                    state.why = Some(String::from("the disk is full, and the room that is left is kept for logins"));
                }
                state.is_held = true;
                state.put_back(batch);
            }
            (Err(error), _) => {
                state.why = Some(error.to_string());
                state.is_held = true;
                state.put_back(batch);
            }
        }
    }
}
