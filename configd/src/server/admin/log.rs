//! The log of decisions and that of changes as one, read in short pieces, so that a login's own read never waits long; followed by event, so that nothing
//! runs while nothing happens.

use super::{Answer, done, house};
use crate::clock::rfc3339;
use crate::daemon::Daemon;
use crate::house::House;
use crate::store::{self, ChangeAsk, ChangePage, LogAsk, LogPage, Store};
use crate::wire_io::{Connection, ConnectionError};
use pam_2fa_protocol::admin::{Change, Decision, Decoys, Log, LogReply};
use pam_2fa_protocol::frame::Frame;
use pam_2fa_protocol::wire::{Continues, encode_reply};
use pam_2fa_settings::text::printable;
use std::collections::VecDeque;

/// A name is kept up to so many characters.
const LONGEST_NAME: usize = 64;

pub(super) async fn log(daemon: &Daemon, asked: Log, more: bool, connection: &mut Connection) -> Result<Frame, Answer> {
    // Before the house is taken: who follows must let go of it when configd is sealed or stops.
    let sealed = daemon.until_sealed();
    let house = house(daemon)?;
    if !more {
        return Err(Answer::refused("the log wants a call with `more`"));
    }
    let user = asked.user.as_deref().map(|name| printable(name).chars().take(LONGEST_NAME).collect());
    let since_s = since_s(&asked, house.now().wall_s)?;
    // What was decided until now is part of the answer. Where it cannot be written, the rest of the log can still be read.
    house.keep_log().await;
    let is_new_only = asked.follow && since_s.is_none();
    let after = if is_new_only { house.store.newest_decision().await? } else { 0 };
    let after_change = if is_new_only { house.store.newest_change().await? } else { 0 };
    let ask = LogAsk { after, user, since_s: since_s.unwrap_or(i64::MIN) };
    let has_decoys = !is_new_only && ask.user.is_none();
    let decoys = if has_decoys { house.store.decoys(ask.since_s).await? } else { Vec::new() };
    let beside = Beside {
        decoys: decoys.into(),
        asks: ChangeAsk { after: after_change, user: ask.user.clone(), since_s: ask.since_s },
        changes: VecDeque::new(),
        is_end: false,
        damaged: 0,
    };
    let reading = read(&house, ask, beside, asked.follow, connection);
    tokio::select! {
        end = reading => end,
        () = sealed => Err(Answer::Connection(ConnectionError::Closed)),
    }
}

/// From when on, seconds since 1970; none: from the beginning.
fn since_s(asked: &Log, now_s: i64) -> Result<Option<i64>, Answer> {
    match (&asked.since, asked.ago_s) {
        (Some(_), Some(_)) => Err(Answer::refused("`since` and `ago_s` do not go together; leave one out")),
        (None, Some(ago_s)) if ago_s < 0 => Err(Answer::refused("`ago_s` is not below 0")),
        (None, ago_s) => Ok(ago_s.map(|ago_s| now_s.saturating_sub(ago_s))),
        (Some(text), None) => {
            // A date stands for its beginning, UTC.
            let begun = if text.len() == "2026-11-24".len() { format!("{text}T00:00:00Z") } else { text.clone() };
            begun.parse::<jiff::Timestamp>().map(|time| Some(time.as_second())).map_err(|_| {
                Answer::refused(format!(
                    "{} is no time; write one such as 2026-11-24T04:00:00Z, or a date such as 2026-11-24",
                    printable(text)
                ))
            })
        }
    }
}

/// What stands in the log beside decisions, and is told between them by its time.
struct Beside {
    decoys: VecDeque<store::Decoys>,
    asks: ChangeAsk,
    /// Read, and not told yet.
    changes: VecDeque<store::Change>,
    /// There were no more when it was looked at last.
    is_end: bool,
    damaged: u32,
}

impl Beside {
    /// Changes until then, and counts of decoys of hours that have ended by then.
    async fn tell_until(&mut self, until_s: i64, store: &dyn Store, connection: &mut Connection) -> Result<(), Answer> {
        loop {
            if self.changes.is_empty() && !self.is_end {
                let ChangePage { changes, damaged, after, is_end } = store.changes(self.asks.clone()).await?;
                self.asks.after = after;
                self.is_end = is_end;
                self.damaged = self.damaged.saturating_add(damaged);
                self.changes.extend(changes);
                continue;
            }
            let Some(change) = self.changes.pop_front_if(|change| change.at_s <= until_s) else { break };
            self.tell_decoys(change.at_s, connection).await?;
            tell(connection, &LogReply { change: Some(shown(change)), ..LogReply::default() }).await?;
        }
        self.tell_decoys(until_s, connection).await
    }

    async fn tell_decoys(&mut self, until_s: i64, connection: &mut Connection) -> Result<(), Answer> {
        let has_ended = |counted: &mut store::Decoys| counted.hour_s.saturating_add(3_600) <= until_s;
        while let Some(counted) = self.decoys.pop_front_if(has_ended) {
            let decoys = Some(Decoys {
                hour: rfc3339(counted.hour_s),
                service: counted.service,
                count: i64::try_from(counted.count).unwrap_or(i64::MAX),
            });
            tell(connection, &LogReply { decoys, ..LogReply::default() }).await?;
        }
        Ok(())
    }
}

/// To the end, or on and on until the client goes.
async fn read(
    house: &House,
    mut ask: LogAsk,
    mut beside: Beside,
    follow: bool,
    connection: &mut Connection,
) -> Result<Frame, Answer> {
    let mut written = house.store.log_written();
    let mut all_damaged = 0_i64;
    loop {
        // Before it is read: what is written from here on is told by `changed`.
        written.borrow_and_update();
        let LogPage { decisions, damaged, after, is_end } = house.store.decisions(ask.clone()).await?;
        ask.after = after;
        for decision in decisions {
            beside.tell_until(decision.at_s, house.store.as_ref(), connection).await?;
            tell(connection, &LogReply { entry: Some(entry(decision)), ..LogReply::default() }).await?;
        }
        all_damaged = all_damaged.saturating_add(i64::from(damaged));
        if !is_end {
            continue;
        }
        beside.tell_until(i64::MAX, house.store.as_ref(), connection).await?;
        if !follow {
            let damaged = all_damaged.saturating_add(i64::from(beside.damaged));
            return done(&LogReply { damaged: (damaged > 0).then_some(damaged), ..LogReply::default() });
        }
        tokio::select! {
            changed = written.changed() => if changed.is_err() {
                return Err(Answer::Connection(ConnectionError::Closed));
            },
            // Whoever follows has nothing more to say: this is the end of the connection, or nonsense.
            _gone = connection.read() => return Err(Answer::Connection(ConnectionError::Closed)),
        }
        beside.is_end = false;
    }
}

fn shown(change: store::Change) -> Change {
    Change {
        at: rfc3339(change.at_s),
        by: change.by,
        user: change.user.name,
        uid: change.user.uid,
        what: change.what,
        detail: change.detail,
    }
}

async fn tell(connection: &mut Connection, reply: &LogReply) -> Result<(), Answer> {
    Ok(connection.write(&encode_reply(reply, Continues::Yes)?).await?)
}

fn entry(decision: store::Decision) -> Decision {
    Decision {
        at: rfc3339(decision.at_s),
        reference: decision.reference,
        user: decision.user,
        uid: decision.uid,
        peer_uid: decision.peer_uid,
        source: decision.source,
        service: decision.service,
        class: decision.class,
        factor: decision.factor,
        verdict: decision.verdict,
        reason: decision.reason,
        device: decision.device,
        generation: decision.generation,
    }
}

#[cfg(test)]
mod tests;
