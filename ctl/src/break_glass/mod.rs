//! `pam-2fa break-glass …`: one-time codes for a console of this host, for the day when no code can be checked. It works without configd,
//! which has no part in it but to write it down.
//!
//! A code is shown once, as the answer, and stands nowhere else; the file has its hash. What was used is told to configd by the next
//! command that finds it there.

mod file;
mod pam_d;

use crate::args::{BreakGlassVerb, Created, Revoked};
use crate::client::Client;
use crate::clock;
use crate::error::{Error, counted};
use crate::exempt::rfc3339;
use crate::generation;
use crate::invoker::invoker;
use crate::screen::Screen;
use file::Held;
use nix::unistd::{Uid, User};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{BREAK_GLASS_CHANGED, BreakGlassChange, BreakGlassChanged};
use pam_2fa_protocol::break_glass::{Code, FILE, MOST, New as Fresh, Record, State, hex, is_name};
use pam_2fa_protocol::wire::Nothing;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};

/// Letters of an id: as long codes have them.
const LETTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Where the file and configd are.
pub(crate) struct Place<'a> {
    pub(crate) config: &'a Path,
    pub(crate) runtime_dir: &'a Path,
}

/// A code that was made: shown once.
#[derive(Serialize)]
struct New {
    id: String,
    #[serde(serialize_with = "Secret::on_the_wire")]
    code: Secret,
}

/// What `create` answers in JSON.
#[derive(Serialize)]
struct Made<'a> {
    file: &'a Path,
    user: &'a str,
    uid: u32,
    until: &'a str,
    reason: &'a str,
    codes: &'a [New],
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

fn create(place: &Place<'_>, asked: &Created, screen: &mut Screen<'_>) -> Result<(), Error> {
    let user = account(asked.user.as_deref())?;
    let held = Held::take(place.config)?;
    let now_s = now_s(&held)?;
    let until_s = now_s.saturating_add(i64::try_from(asked.span.seconds()).unwrap_or(i64::MAX));
    let (records, damaged) = held.records();
    // What is over says nothing any more, but for one whose use nobody has written down.
    let is_kept = |record: &Record<'_>| record.until_s >= now_s || record.state == State::Used;
    let kept: Vec<Record<'_>> = records.iter().map(|(_, record)| *record).filter(is_kept).collect();
    if kept.len().saturating_add(usize::from(asked.count)) > MOST {
        let (path, count) = (held.path().display(), kept.len());
        let why =
            format!("{path} has {count} of {MOST} codes; `pam-2fa break-glass list`, and revoke what is not needed");
        return Err(Error::Refused(vec![why]));
    }
    let mut lines: Vec<Vec<u8>> = kept.iter().map(|record| record.line.to_vec()).collect();
    let mut codes: Vec<New> = Vec::new();
    for _ in 0..asked.count {
        let taken = |id: &str| kept.iter().any(|record| record.id == id) || codes.iter().any(|new| new.id == id);
        let (new, line) = one(&user, (now_s, until_s), &asked.reason, taken)?;
        lines.push(line);
        codes.push(new);
    }
    let path = held.path().to_owned();
    held.replace(&lines)?;
    let change = BreakGlassChanged {
        change: BreakGlassChange::Made,
        ids: codes.iter().map(|new| new.id.clone()).collect(),
        user: user.name.clone(),
        uid: user.uid.as_raw(),
        until: Some(rfc3339(until_s)),
        reason: Some(asked.reason.clone()),
        at: None,
        by: Some(invoker()),
    };
    let told = tell(place, &change);
    show(
        &Made {
            file: &path,
            user: &user.name,
            uid: user.uid.as_raw(),
            until: &rfc3339(until_s),
            reason: &asked.reason,
            codes: &codes,
        },
        screen,
    )?;
    if damaged > 0 {
        screen.note(&format!("{} damaged, and gone now", was(damaged, "record")))?;
    }
    settle(place, told.err(), screen)?;
    if !pam_d::mentions_break_glass(Path::new("/etc/pam.d")) {
        screen.note(
            "no line in /etc/pam.d has pam_2fa.so with break-glass, so nobody is asked for them; see pam_2fa(8)",
        )?;
    }
    Ok(())
}

/// The time, where it can be believed: codes of a clock that stands behind would end early.
fn now_s(held: &Held) -> Result<i64, Error> {
    let now_s = clock::wall_s();
    if held.written_s <= now_s {
        return Ok(now_s);
    }
    Err(Error::Refused(vec![format!(
        "the clock stands at {}, and {} was written at {}: set the clock right, or `touch` that file where it was wrong then",
        rfc3339(now_s),
        held.path().display(),
        rfc3339(held.written_s)
    )]))
}

/// The codes, once, and what they open.
fn show(made: &Made<'_>, screen: &mut Screen<'_>) -> Result<(), Error> {
    screen.json(made)?;
    let rows: Vec<Vec<String>> = made.codes.iter().map(|new| vec![new.id.clone(), new.code.expose().clone()]).collect();
    screen.table(&rows)?;
    screen.line("")?;
    let Made { user, uid, until, reason, .. } = made;
    let opens = format!(
        "one login each of {user} (uid {uid}), after the password, at a console of this host, when no code can be checked"
    );
    let rows = [["opens", &opens], ["until", until], ["reason", reason]];
    screen.table(&rows.map(|row| row.map(str::to_owned).to_vec()))?;
    screen.line("they are not shown again: keep them on paper, where the console is reached and nobody else comes")
}

/// A new code and its record.
fn one(
    user: &User,
    (made_s, until_s): (i64, i64),
    reason: &str,
    taken: impl Fn(&str) -> bool,
) -> Result<(New, Vec<u8>), Error> {
    let mut id = word()?;
    while taken(&id) {
        id = word()?;
    }
    let mut random = Secret::new([0; 26]);
    draw(random.expose_mut())?;
    let code = Code::of(&random);
    let mut salt = [0; 16];
    draw(&mut salt)?;
    let new = Fresh { id: &id, uid: user.uid.as_raw(), name: &user.name, made_s, until_s, salt: &hex(&salt), reason };
    let line = new.line(&code, |parts| parts.iter().fold(Sha256::new(), Sha256::chain_update).finalize().into());
    let line = line.ok_or_else(|| Error::Refused(vec![format!("{} cannot stand in {FILE}", user.name)]))?;
    let code = code.shown();
    Ok((New { id, code }, line))
}

fn draw(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(|error| Error::Refused(vec![format!("the kernel gives no random bytes: {error}")]))
}

/// A name in lists and logs, as a denial's reference looks.
fn word() -> Result<String, Error> {
    let mut bytes = [0; 8];
    draw(&mut bytes)?;
    Ok(bytes.iter().map(|byte| LETTERS.get(usize::from(*byte & 31)).copied().map_or('0', char::from)).collect())
}

/// Whom codes are for: by its own spelling.
fn account(name: Option<&str>) -> Result<User, Error> {
    let found = match name {
        None => User::from_uid(Uid::from_raw(0)),
        Some(name) => User::from_name(name),
    };
    let shown = name.unwrap_or("root");
    let found = found.map_err(|errno| Error::Refused(vec![format!("cannot look {shown} up: {errno}")]))?;
    let user = found.ok_or_else(|| Error::NotFound(format!("this host has no user {shown}")))?;
    if !is_name(&user.name) {
        return Err(Error::Refused(vec![format!(
            "{shown} cannot stand in {FILE}: a name there has 1 to 128 bytes and no spaces"
        )]));
    }
    Ok(user)
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

/// What was used since configd was told last.
pub(crate) struct Written {
    /// `K7Q2M9XD of root`.
    told: Vec<String>,
    failed: Option<Error>,
}

/// Has what was used stand in configd's log. What it could not be told stays to be told.
pub(crate) fn write_down(place: &Place<'_>) -> Written {
    let mut written = Written { told: Vec::new(), failed: None };
    // Where there is no such file, and that is the rule, nothing is locked.
    if place.config.with_file_name(FILE).symlink_metadata().is_err() {
        return written;
    }
    let Ok(held) = Held::take(place.config) else { return written };
    let at = rfc3339(held.written_s);
    let (records, _) = held.records();
    for (place_of, record) in records.iter().filter(|(_, record)| record.state == State::Used) {
        let used =
            BreakGlassChanged { change: BreakGlassChange::Used, at: Some(at.clone()), by: None, ..revoked(record) };
        let marked = tell(place, &used).and_then(|()| {
            let fail = |why| Error::File { what: "cannot mark", path: held.path().to_owned(), why };
            held.mark(*place_of, State::Noted).map_err(fail)
        });
        match marked {
            Ok(()) => written.told.push(format!("{} of {}, used at {at} or before", record.id, record.name)),
            Err(error) => {
                written.failed = Some(error);
                break;
            }
        }
    }
    written
}

/// Says what was used, where errors go: whoever gives an order on such a host wants to know it.
pub(crate) fn say(written: Written, screen: &mut Screen<'_>) -> Result<(), Error> {
    for told in &written.told {
        screen.note(&format!("break-glass code {told}; it stands in configd's log now, and the journal has when"))?;
    }
    match &written.failed {
        Some(error) => screen.note(&format!("a break-glass code was used, and configd could not be told: {error}")),
        None => Ok(()),
    }
}

fn tell(place: &Place<'_>, change: &BreakGlassChanged) -> Result<(), Error> {
    Client::connect(place.runtime_dir)?.call::<Nothing>(BREAK_GLASS_CHANGED, change).map(|_| ())
}

/// `1 record is`, `2 records are`.
fn was(count: usize, thing: &str) -> String {
    format!("{} {}", counted(count, thing), if count == 1 { "is" } else { "are" })
}
