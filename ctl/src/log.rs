//! `pam-2fa log`: what was decided about logins and changed about users, as the daemon kept it. Lines are shown as they come, so that a long log needs no
//! memory and a followed one no end.

use crate::args::LogArgs;
use crate::client::Client;
use crate::error::{Error, counted};
use crate::screen::{Form, Screen};
use crate::since::Since;
use pam_2fa_protocol::admin::{By, Change, Decision, Decoys, LOG, Log, LogReply};
use pam_2fa_protocol::login::Verdict;

/// `pam-2fa log`.
pub(crate) fn log(client: &mut Client, wanted: LogArgs, screen: &mut Screen<'_>) -> Result<(), Error> {
    let (since, ago_s) = match wanted.since {
        None => (None, None),
        Some(Since::At(time)) => (Some(time), None),
        Some(Since::Ago(ago)) => (None, i64::try_from(ago.seconds()).ok()),
    };
    let asked = Log { user: wanted.user, since, ago_s, follow: wanted.follow };
    let mut table = Table::default();
    let each = |reply: LogReply| table.show(reply, screen);
    if asked.follow {
        client.follow(LOG, &asked, each)?
    } else {
        client.call_long(LOG, &asked, each)?
    }
    table.end(screen)
}

/// What was shown so far.
#[derive(Default)]
struct Table {
    day: String,
    lines: u64,
    damaged: i64,
}

impl Table {
    fn show(&mut self, reply: LogReply, screen: &mut Screen<'_>) -> Result<(), Error> {
        self.damaged = self.damaged.saturating_add(reply.damaged.unwrap_or_default());
        if screen.form() == Form::Json {
            return show_json(&reply, screen);
        }
        let (at, line) = match &reply {
            LogReply { entry: Some(decision), .. } => (&decision.at, decision_line(decision)),
            LogReply { decoys: Some(decoys), .. } => (&decoys.hour, decoys_line(decoys)),
            LogReply { change: Some(change), .. } => (&change.at, change_line(change)),
            LogReply { .. } => return Ok(()),
        };
        let day = at.get(..10).unwrap_or(at);
        if day != self.day {
            screen.line(&format!("{day} (UTC)"))?;
            self.day = day.to_owned();
        }
        self.lines = self.lines.saturating_add(1);
        screen.line(&line)
    }

    fn end(&self, screen: &mut Screen<'_>) -> Result<(), Error> {
        if self.damaged > 0 {
            let lines = counted(usize::try_from(self.damaged).unwrap_or(usize::MAX), "damaged line");
            screen.line(&format!("{lines} left out; look at the disk, and at the journal for those decisions"))?;
        } else if self.lines == 0 {
            screen.line("nothing was decided or changed in that time")?;
        }
        Ok(())
    }
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
