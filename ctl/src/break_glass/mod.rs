//! `pam-2fa break-glass …`: one-time codes for a console of this host, for the day when no code can be checked. It works without configd,
//! which has no part in it but to write it down.
//!
//! A code is shown once, as the answer, and stands nowhere else; the file has its hash. What was used is told to configd by the next
//! command that finds it there.

mod file;
mod make;
mod pam_d;
mod used;

pub(crate) use used::{say, write_down};

use crate::args::{BreakGlassVerb, Revoked};
use crate::client::Client;
use crate::clock;
use crate::error::{Error, counted};
use crate::exempt::rfc3339;
use crate::generation;
use crate::invoker::invoker;
use crate::lock::Patience;
use crate::screen::Screen;
use file::{Folder, look};
use make::create;
use nix::syslog::{Facility, Priority, Severity, syslog};
use nix::unistd::User;
use pam_2fa_protocol::admin::{BREAK_GLASS_CHANGED, BreakGlassChange, BreakGlassChanged};
use pam_2fa_protocol::break_glass::{Record, State};
use pam_2fa_protocol::wire::Nothing;
use pam_2fa_settings::text::printable;
use serde::Serialize;
use std::path::{Path, PathBuf};

/// Where the file and configd are.
pub(crate) struct Place<'a> {
    pub(crate) config: &'a Path,
    pub(crate) runtime_dir: &'a Path,
}

/// A code in the list.
#[derive(Serialize)]
struct Listed {
    id: String,
    user: String,
    uid: u32,
    made: String,
    until: String,
    state: Standing,
    reason: String,
}

/// How a code stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    Good,
    Used,
    Expired,
    /// The name is another uid's by now, or nobody's.
    NoSuchUser,
}

/// What `list` and `status` answer in JSON.
#[derive(Serialize)]
pub(crate) struct Codes {
    file: PathBuf,
    codes: Vec<Listed>,
    damaged: usize,
    /// Used, and not in configd's log yet.
    unwritten: usize,
    /// What an administrator has to see to.
    pub(crate) problems: Vec<String>,
}

/// `pam-2fa break-glass …`.
pub(crate) fn break_glass(place: &Place<'_>, verb: BreakGlassVerb, screen: &mut Screen<'_>) -> Result<(), Error> {
    match verb {
        BreakGlassVerb::Create(created) => create(place, &created, screen),
        BreakGlassVerb::List => list(place, screen),
        BreakGlassVerb::Revoke(revoked) => revoke(place, &revoked, screen),
    }
}

fn list(place: &Place<'_>, screen: &mut Screen<'_>) -> Result<(), Error> {
    let written = write_down(place);
    let codes = codes(place.config)?;
    screen.json(&codes)?;
    if codes.codes.is_empty() && codes.damaged == 0 {
        screen.hint("there are no break-glass codes; make some with `pam-2fa break-glass create --reason TEXT`")?;
    } else {
        let mut rows = vec![["ID", "USER", "MADE", "UNTIL", "STATE", "REASON"].map(str::to_owned).to_vec()];
        rows.extend(codes.codes.iter().map(|code| {
            let state = match code.state {
                Standing::Good => "good",
                Standing::Used => "used",
                Standing::Expired => "expired",
                Standing::NoSuchUser => "no such user",
            };
            [&code.id, &code.user, &code.made, &code.until, state, &code.reason].map(str::to_owned).to_vec()
        }));
        screen.list(&rows)?;
    }
    if codes.damaged > 0 {
        screen.note(&format!(
            "{} damaged and good for nothing; the next `create` takes such away",
            was(codes.damaged, "record")
        ))?;
    }
    say(written, screen)
}

fn revoke(place: &Place<'_>, asked: &Revoked, screen: &mut Screen<'_>) -> Result<(), Error> {
    let written = write_down(place);
    let held = Folder::lock(place.config, Patience::Some)?.take()?;
    let (records, _) = held.seen.records();
    let ids: Vec<String> = asked.ids.iter().map(|id| id.to_ascii_uppercase()).collect();
    if let Some(missing) = ids.iter().find(|id| !records.iter().any(|record| record.id == id.as_str())) {
        return Err(Error::NotFound(format!("there is no break-glass code {missing}; see `pam-2fa break-glass list`")));
    }
    let is_meant = |record: &Record<'_>| {
        asked.all || asked.user.as_deref() == Some(record.name) || ids.iter().any(|id| id == record.id)
    };
    if let (Some(user), false) = (&asked.user, records.iter().any(is_meant)) {
        return Err(Error::NotFound(format!("{user} has no break-glass codes")));
    }
    // Of a use that no log has, the record is all there is.
    let (gone, kept): (Vec<_>, Vec<_>) =
        records.iter().partition(|record| is_meant(record) && record.state != State::Used);
    let stay: Vec<&str> = kept.iter().filter(|record| is_meant(record)).map(|record| record.id).collect();
    let changes = changes(&gone);
    let ids: Vec<String> = gone.iter().map(|record| record.id.to_owned()).collect();
    let lines: Vec<Vec<u8>> = kept.iter().map(|record| record.line.to_vec()).collect();
    let said: Vec<String> = stay
        .iter()
        .map(|id| format!("{id} was used, and configd's log has not got it yet: it stays in the list until then"))
        .collect();
    held.replace(&lines)?;
    let told: Vec<Error> = changes.iter().filter_map(|change| loudly(place, change).err()).collect();
    screen.json(&serde_json::json!({ "revoked": ids }))?;
    screen.line(&format!("{} of break-glass taken back", counted(ids.len(), "code")))?;
    said.iter().try_for_each(|said| screen.note(said))?;
    if !changes.is_empty() {
        settle(place, told.into_iter().next(), screen)?;
    }
    say(written, screen)
}

/// One for each user.
fn changes(gone: &[Record<'_>]) -> Vec<BreakGlassChanged> {
    let mut changes: Vec<BreakGlassChanged> = Vec::new();
    for record in gone {
        match changes.iter_mut().find(|change| change.user == record.name && change.uid == record.uid) {
            Some(change) => change.ids.push(record.id.to_owned()),
            None => changes.push(revoked(record)),
        }
    }
    changes
}

/// After configd was told, or not: nothing depends on it.
fn settle(place: &Place<'_>, failed: Option<Error>, screen: &mut Screen<'_>) -> Result<(), Error> {
    match failed {
        None => generation::keep_after(place.runtime_dir, place.config, screen),
        Some(error) => screen.note(&format!("not written to configd's log: {error}")),
    }
}

fn revoked(record: &Record<'_>) -> BreakGlassChanged {
    BreakGlassChanged {
        change: BreakGlassChange::Revoked,
        ids: vec![record.id.to_owned()],
        user: record.name.to_owned(),
        uid: record.uid,
        until: None,
        reason: None,
        at: None,
        by: Some(invoker()),
    }
}

/// What there is, for `list` and `status`.
pub(crate) fn codes(config: &Path) -> Result<Codes, Error> {
    let seen = look(config)?;
    let (records, damaged) = seen.records();
    let now_s = clock::wall_s().max(seen.written_s);
    let unwritten = records.iter().filter(|record| record.state == State::Used).count();
    let codes = records.iter().map(|record| listed(record, now_s)).collect();
    let mut codes = Codes { file: seen.path.clone(), codes, damaged, unwritten, problems: Vec::new() };
    codes.problems = codes.found();
    Ok(codes)
}

fn listed(record: &Record<'_>, now_s: i64) -> Listed {
    let is_there = || match record.uid {
        0 => true,
        uid => User::from_name(record.name).ok().flatten().is_some_and(|user| user.uid.as_raw() == uid),
    };
    let state = match record.state {
        State::Used | State::Noted => Standing::Used,
        State::Unused if now_s > record.until_s => Standing::Expired,
        State::Unused if is_there() => Standing::Good,
        State::Unused => Standing::NoSuchUser,
    };
    Listed {
        id: record.id.to_owned(),
        user: record.name.to_owned(),
        uid: record.uid,
        made: record.made_s().map(rfc3339).unwrap_or_default(),
        until: rfc3339(record.until_s),
        state,
        reason: record.reason().to_owned(),
    }
}

impl Codes {
    /// Whether one would let somebody in now.
    pub(crate) fn has_good(&self) -> bool {
        self.codes.iter().any(|code| code.state == Standing::Good)
    }

    /// The line of `status`; none where there never were any.
    pub(crate) fn summary(&self) -> Option<String> {
        let count = |standing| self.codes.iter().filter(|code| code.state == standing).count();
        let last = self.codes.iter().filter(|code| code.state == Standing::Good).map(|code| code.until.as_str()).max();
        if self.codes.is_empty() && self.damaged == 0 {
            return None;
        }
        let mut parts = vec![match last {
            Some(last) => format!("{} good, the last until {last}", counted(count(Standing::Good), "code")),
            None => String::from("no code is good"),
        }];
        parts.extend(Some(count(Standing::Used)).filter(|used| *used > 0).map(|used| format!("{used} used")));
        parts.extend(Some(count(Standing::Expired)).filter(|over| *over > 0).map(|over| format!("{over} expired")));
        parts.extend(Some(self.damaged).filter(|damaged| *damaged > 0).map(|damaged| format!("{damaged} damaged")));
        Some(parts.join(", "))
    }

    fn found(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.summary().is_some() && !self.has_good() {
            problems.push(String::from(
                "every break-glass code is used, over or damaged: pam-2fa break-glass create --reason TEXT",
            ));
        }
        if self.unwritten > 0 {
            problems.push(format!("{} used and not in configd's log yet", was(self.unwritten, "break-glass code")));
        }
        problems
    }
}

/// Tells configd, and the system's log whether or not that is there.
fn loudly(place: &Place<'_>, change: &BreakGlassChanged) -> Result<(), Error> {
    let BreakGlassChanged { change: what, ids, user, uid, until, reason, by, .. } = change;
    let shown = |name: &str, value: &Option<String>| {
        value.as_ref().map_or_else(String::new, |value| format!("; {name} {value}"))
    };
    let what = if *what == BreakGlassChange::Made { "made" } else { "revoked" };
    let more = [shown("until", until), shown("by", by), shown("reason:", reason)].concat();
    let line = format!("break-glass codes {what}: {} of {user} (uid {uid}){more}", ids.join(" "));
    // Where there is no log of the system's, there is none.
    let _ = syslog(Priority::new(Severity::LOG_WARNING, Facility::LOG_AUTH), &printable(&line).into_owned());
    tell(place, change)
}

fn tell(place: &Place<'_>, change: &BreakGlassChanged) -> Result<(), Error> {
    Client::connect(place.runtime_dir)?.call::<Nothing>(BREAK_GLASS_CHANGED, change).map(|_| ())
}

/// `1 record is`, `2 records are`.
fn was(count: usize, thing: &str) -> String {
    format!("{} {}", counted(count, thing), if count == 1 { "is" } else { "are" })
}
