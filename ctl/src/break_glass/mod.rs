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
use crate::screen::Screen;
use file::Held;
use make::create;
use nix::unistd::User;
use pam_2fa_protocol::admin::{BREAK_GLASS_CHANGED, BreakGlassChange, BreakGlassChanged};
use pam_2fa_protocol::break_glass::{Record, State};
use pam_2fa_protocol::wire::Nothing;
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
        screen.line("there are no break-glass codes; make some with `pam-2fa break-glass create --reason TEXT`")?;
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
        screen.table(&rows)?;
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
    let held = Held::take(place.config)?;
    let (records, _) = held.records();
    let ids: Vec<String> = asked.ids.iter().map(|id| id.to_ascii_uppercase()).collect();
    if let Some(missing) = ids.iter().find(|id| !records.iter().any(|(_, record)| record.id == id.as_str())) {
        return Err(Error::NotFound(format!("there is no break-glass code {missing}; see `pam-2fa break-glass list`")));
    }
    let is_doomed = |record: &Record<'_>| {
        asked.all || asked.user.as_deref() == Some(record.name) || ids.iter().any(|id| id == record.id)
    };
    let (doomed, kept): (Vec<_>, Vec<_>) =
        records.iter().map(|(_, record)| *record).partition(|record| is_doomed(record));
    if let (Some(user), true) = (&asked.user, doomed.is_empty()) {
        return Err(Error::NotFound(format!("{user} has no break-glass codes")));
    }
    let mut changes: Vec<BreakGlassChanged> = Vec::new();
    for record in &doomed {
        match changes.iter_mut().find(|change| change.user == record.name && change.uid == record.uid) {
            Some(change) => change.ids.push(record.id.to_owned()),
            None => changes.push(revoked(record)),
        }
    }
    let gone: Vec<String> = doomed.iter().map(|record| record.id.to_owned()).collect();
    let lines: Vec<Vec<u8>> = kept.iter().map(|record| record.line.to_vec()).collect();
    held.replace(&lines)?;
    let told: Vec<Error> = changes.iter().filter_map(|change| tell(place, change).err()).collect();
    screen.json(&serde_json::json!({ "revoked": gone }))?;
    screen.line(&format!("{} of break-glass taken back", counted(gone.len(), "code")))?;
    settle(place, told.into_iter().next(), screen)?;
    say(written, screen)
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
    let held = Held::take(config)?;
    let (records, damaged) = held.records();
    let now_s = clock::wall_s().max(held.written_s);
    let unwritten = records.iter().filter(|(_, record)| record.state == State::Used).count();
    let codes = records.iter().map(|(_, record)| listed(record, now_s)).collect();
    Ok(Codes { file: held.path().to_owned(), codes, damaged, unwritten })
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

    /// What an administrator has to see to.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.summary().is_some() && !self.codes.iter().any(|code| code.state == Standing::Good) {
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

fn tell(place: &Place<'_>, change: &BreakGlassChanged) -> Result<(), Error> {
    Client::connect(place.runtime_dir)?.call::<Nothing>(BREAK_GLASS_CHANGED, change).map(|_| ())
}

/// `1 record is`, `2 records are`.
fn was(count: usize, thing: &str) -> String {
    format!("{} {}", counted(count, thing), if count == 1 { "is" } else { "are" })
}
