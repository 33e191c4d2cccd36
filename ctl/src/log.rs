//! `pam-2fa log`: what was decided about logins and changed about users, as the daemon kept it. Lines are shown as they come, so that a long log needs no
//! memory and a followed one no end.

use crate::args::LogArgs;
use crate::client::Client;
use crate::clock::{Deadline, wall_s};
use crate::error::{Error, counted};
use crate::exempt::rfc3339;
use crate::screen::{Form, Screen, Tone};
use crate::since::Since;
use pam_2fa_protocol::admin::{By, Change, Decision, Decoys, LOG, Log, LogReply};
use pam_2fa_protocol::login::Verdict;
use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// For so long a followed log waits for a daemon that is away; a restart takes a second, an upgrade of the package a few.
const PATIENCE: Duration = Duration::from_secs(60);
/// After a restart the log is asked for again from so long before the newest line on: a line has the time at which it was decided, and may be
/// written, and so told, after one of a later time.
const OVERLAP_S: i64 = 60;
/// Lines that are remembered, so that none is shown twice.
const MOST_SHOWN: usize = 10_000;
/// Counts of decoys that are remembered: those of an hour are told again after a restart, one for each service.
const MOST_DECOYS: usize = 64;
/// A daemon that stays so long is back, whether or not there was something to tell.
const LASTS: Duration = Duration::from_secs(5);
/// Between two tries to reach it.
const AGAIN: Duration = Duration::from_millis(200);

/// `pam-2fa log`.
pub(crate) fn log(
    connect: impl Fn() -> Result<Client, Error>,
    wanted: LogArgs,
    screen: &mut Screen<'_>,
) -> Result<(), Error> {
    let (since, ago_s) = match wanted.since {
        None => (None, None),
        Some(Since::At(time)) => (Some(time), None),
        Some(Since::Ago(ago)) => (None, i64::try_from(ago.seconds()).ok()),
    };
    let asked = Log { user: wanted.user, since, ago_s, follow: wanted.follow };
    let mut table = Table::default();
    let mut client = connect()?;
    if asked.follow {
        follow(client, (connect, PATIENCE), asked, &mut table, screen)?;
    } else {
        client.call_long(LOG, &asked, |reply: LogReply| table.show(reply, screen))?;
    }
    table.end(screen)
}

/// On and on. A daemon that ends is waited for, and what was decided meanwhile is shown then, each line once.
fn follow(
    mut client: Client,
    (connect, patience): (impl Fn() -> Result<Client, Error>, Duration),
    mut asked: Log,
    table: &mut Table,
    screen: &mut Screen<'_>,
) -> Result<(), Error> {
    let earliest = earliest(&asked);
    // Since when there is no daemon: one that takes a connection and ends it is none.
    let mut away: Option<Deadline> = None;
    loop {
        let (before, lasts) = (table.told, Deadline::after(LASTS));
        let ended = client.follow(LOG, &asked, |reply: LogReply| table.show(reply, screen));
        let Err(error @ Error::Closed { .. }) = ended else { return ended };
        if table.told > before || lasts.left().is_none() {
            away = None;
        }
        let deadline = match away {
            Some(deadline) => deadline,
            None => {
                screen.note("configd has ended the connection; what it decides is shown on when it is back")?;
                *away.insert(Deadline::after(patience))
            }
        };
        client = wait_for(&connect, deadline, error)?;
        table.begins_again();
        // Where nothing was shown yet: from when it was begun, or what was asked for.
        let from = table.newest.as_deref().map(|newest| overlapping(newest, earliest)).or(earliest.map(rfc3339));
        if from.is_some() {
            (asked.since, asked.ago_s) = (from, None);
        }
    }
}

/// Before that nothing was asked for (seconds since 1970); none where that is not known here.
fn earliest(asked: &Log) -> Option<i64> {
    match (&asked.since, asked.ago_s) {
        // A date is its beginning: what is shown of a line is compared with it, and no earlier line was told.
        (Some(since), _) => {
            let whole = if since.len() == 10 { format!("{since}T00:00:00Z") } else { since.clone() };
            whole.parse::<jiff::Timestamp>().ok().map(|at| at.as_second())
        }
        (None, Some(ago_s)) => Some(wall_s().saturating_sub(ago_s)),
        (None, None) => Some(wall_s()),
    }
}

/// A while before the newest line, and not before what was asked for.
fn overlapping(newest: &str, earliest: Option<i64>) -> String {
    let Ok(at) = newest.parse::<jiff::Timestamp>() else { return newest.to_owned() };
    // Of a daemon whose clock stands before this one's all is new.
    let from = at.as_second().saturating_sub(OVERLAP_S).max(earliest.unwrap_or(i64::MIN)).min(at.as_second());
    rfc3339(from)
}

/// A connection to a daemon that has started again; what became of the one before where there is none in time.
fn wait_for(connect: &impl Fn() -> Result<Client, Error>, deadline: Deadline, error: Error) -> Result<Client, Error> {
    loop {
        if deadline.left().is_none() {
            return Err(error);
        }
        std::thread::sleep(AGAIN);
        if let Ok(client) = connect() {
            return Ok(client);
        }
    }
}

/// What was shown so far.
#[derive(Default)]
struct Table {
    day: String,
    lines: u64,
    damaged: i64,
    /// Replies of any kind.
    told: u64,
    /// When the newest line was decided, RFC 3339.
    newest: Option<String>,
    /// The newest lines, by their hashes, the oldest first.
    shown: VecDeque<u64>,
    /// Those that a daemon that has started again is going to tell again, and how often.
    again: HashMap<u64, usize>,
    /// The newest counts of decoys.
    decoys: Vec<Decoys>,
}

impl Table {
    fn show(&mut self, reply: LogReply, screen: &mut Screen<'_>) -> Result<(), Error> {
        self.told = self.told.saturating_add(1);
        self.damaged = self.damaged.saturating_add(reply.damaged.unwrap_or_default());
        if !self.is_new(&reply) {
            return Ok(());
        }
        if screen.form() == Form::Json {
            return show_json(&reply, screen);
        }
        let (at, line, tone) = match &reply {
            LogReply { entry: Some(decision), .. } => (&decision.at, decision_line(decision), tone(decision.verdict)),
            LogReply { decoys: Some(decoys), .. } => (&decoys.hour, decoys_line(decoys), Tone::Warning),
            LogReply { change: Some(change), .. } => (&change.at, change_line(change), Tone::Plain),
            LogReply { .. } => return Ok(()),
        };
        let day = at.get(..10).unwrap_or(at);
        if day != self.day {
            screen.heads(&format!("{day} (UTC)"))?;
            self.day = day.to_owned();
        }
        self.lines = self.lines.saturating_add(1);
        // Below the reference.
        screen.paragraph(tone, &line, 10)
    }

    /// A daemon that has started anew tells what was told already.
    fn begins_again(&mut self) {
        self.again.clear();
        for line in &self.shown {
            let count = self.again.entry(*line).or_default();
            *count = count.saturating_add(1);
        }
    }

    /// Whether it was not shown before. Two lines that say the same are two. Counts of decoys are told when their hour is over, long after
    /// its beginning: they say nothing about what is newest.
    fn is_new(&mut self, reply: &LogReply) -> bool {
        let at = match reply {
            LogReply { entry: Some(decision), .. } => &decision.at,
            LogReply { change: Some(change), .. } => &change.at,
            LogReply { decoys: Some(decoys), .. } => {
                let is_new = !self.decoys.contains(decoys);
                self.decoys.truncate(MOST_DECOYS);
                self.decoys.insert(0, decoys.clone());
                return is_new;
            }
            LogReply { .. } => return true,
        };
        let line = hashed(reply);
        if let Some(count) = self.again.get_mut(&line).filter(|count| **count > 0) {
            *count = count.saturating_sub(1);
            return false;
        }
        // Where a clock was set back, what is asked for follows it.
        self.newest = Some(at.clone());
        self.shown.push_back(line);
        if self.shown.len() > MOST_SHOWN {
            self.shown.pop_front();
        }
        true
    }

    fn end(&self, screen: &mut Screen<'_>) -> Result<(), Error> {
        if self.damaged > 0 {
            let lines = counted(usize::try_from(self.damaged).unwrap_or(usize::MAX), "damaged line");
            screen.hint(&format!("{lines} left out; look at the disk, and at the journal for those decisions"))?;
        } else if self.lines == 0 {
            screen.line("nothing was decided or changed in that time")?;
        }
        Ok(())
    }
}

/// Equal for equal lines, and for no others that anybody has seen.
fn hashed(reply: &LogReply) -> u64 {
    let mut hasher = DefaultHasher::new();
    serde_json::to_string(reply).unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}

/// The thing itself, without the reply around it.
fn show_json(reply: &LogReply, screen: &mut Screen<'_>) -> Result<(), Error> {
    match reply {
        LogReply { entry: Some(decision), .. } => screen.json_line(decision),
        LogReply { decoys: Some(decoys), .. } => screen.json_line(decoys),
        // What kind of line it is stands around it: its fields alone do not tell it from a decision.
        LogReply { change: Some(_), .. } | LogReply { damaged: Some(_), .. } => screen.json_line(reply),
        LogReply { .. } => Ok(()),
    }
}

/// `03:49:48`.
fn time(at: &str) -> &str {
    at.get(11..19).unwrap_or(at)
}

fn tone(verdict: Verdict) -> Tone {
    match verdict {
        Verdict::Allow | Verdict::NotSubject => Tone::Plain,
        Verdict::Deny | Verdict::MaxTries => Tone::Warning,
        Verdict::Unknown | Verdict::Unavailable => Tone::Bad,
    }
}

/// Within 80 columns where no name is unusually long; nothing is ever cut off.
fn decision_line(decision: &Decision) -> String {
    let verdict = match decision.verdict {
        Verdict::Allow => "allow",
        Verdict::NotSubject => "exempt",
        Verdict::Deny | Verdict::Unknown => "deny",
        Verdict::Unavailable => "error",
        Verdict::MaxTries => "locked",
    };
    let source = decision.source.strip_suffix("/32").unwrap_or(&decision.source);
    format!(
        "{:8}  {:8}  {verdict:6}  {:8}  {:7}  {source:15}  {}",
        time(&decision.at),
        decision.reference,
        decision.user,
        decision.service,
        decision.reason
    )
}

fn change_line(change: &Change) -> String {
    let by = match change.by {
        By::Administrator => "an administrator",
        By::User => "the user",
        By::Login => "the user at a login",
    };
    let what =
        if change.detail.is_empty() { change.what.clone() } else { format!("{}: {}", change.what, change.detail) };
    format!("{:8}  {:8}  change  {:8}  by {by}: {what}", time(&change.at), "-", change.user)
}

fn decoys_line(decoys: &Decoys) -> String {
    let count = counted(usize::try_from(decoys.count).unwrap_or_default(), "wrong first factor");
    format!("{:8}  {:8}  deny    {count} within the hour, {}", time(&decoys.hour), "-", decoys.service)
}

#[cfg(test)]
mod tests;
