//! New codes: drawn, hashed into the file, and shown once.

use super::file::{Folder, Seen};
use super::{Place, loudly, pam_d, settle, was};
use crate::args::Created;
use crate::clock;
use crate::error::Error;
use crate::exempt::rfc3339;
use crate::invoker::invoker;
use crate::lock::Patience;
use crate::screen::Screen;
use nix::unistd::{Uid, User};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::{BreakGlassChange, BreakGlassChanged};
use pam_2fa_protocol::break_glass::{ALPHABET, Code, FILE, MOST, New as Fresh, Record, State, hex, is_name};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::path::Path;

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

pub(super) fn create(place: &Place<'_>, asked: &Created, screen: &mut Screen<'_>) -> Result<(), Error> {
    let user = account(asked.user.as_deref())?;
    let held = Folder::lock(place.config, Patience::Some)?.take()?;
    let now_s = now_s(&held.seen)?;
    let until_s = now_s.saturating_add(i64::try_from(asked.span.seconds()).unwrap_or(i64::MAX));
    let (records, damaged) = held.seen.records();
    // What is over says nothing any more, but for one whose use nobody has written down.
    let is_kept = |record: &Record<'_>| record.until_s >= now_s || record.state == State::Used;
    let kept: Vec<Record<'_>> = records.iter().copied().filter(is_kept).collect();
    if kept.len().saturating_add(usize::from(asked.count)) > MOST {
        let (path, count) = (held.seen.path.display(), kept.len());
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
    let path = held.seen.path.clone();
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
    let told = loudly(place, &change);
    let (until, reason) = (rfc3339(until_s), asked.reason.as_str());
    let made = Made { file: &path, user: &user.name, uid: user.uid.as_raw(), until: &until, reason, codes: &codes };
    if let Err(error) = show(&made, screen) {
        // Nobody has seen them, or not all.
        take_back(place, &codes)?;
        return Err(error);
    }
    if damaged > 0 {
        screen.note(&format!("{} damaged, and gone now", was(damaged, "record")))?;
    }
    settle(place, told.err(), screen)?;
    if !["/etc/pam.d", "/usr/lib/pam.d"].map(Path::new).into_iter().any(pam_d::mentions_break_glass) {
        screen.note(
            "no line in /etc/pam.d has pam_2fa.so with break-glass, so nobody is asked for them; see pam_2fa(8)",
        )?;
    }
    Ok(())
}

fn take_back(place: &Place<'_>, codes: &[New]) -> Result<(), Error> {
    let held = Folder::lock(place.config, Patience::Some)?.take()?;
    let is_new = |record: &Record<'_>| codes.iter().any(|new| new.id == record.id);
    let kept: Vec<Vec<u8>> =
        held.seen.records().0.iter().filter(|record| !is_new(record)).map(|record| record.line.to_vec()).collect();
    held.replace(&kept)
}

/// The time, where it can be believed: codes of a clock that stands behind would end early.
fn now_s(seen: &Seen) -> Result<i64, Error> {
    let now_s = clock::wall_s();
    if seen.written_s <= now_s {
        return Ok(now_s);
    }
    Err(Error::Refused(vec![format!(
        "the clock stands at {}, and {} was written at {}: set the clock right, or `touch` that file where it was wrong then",
        rfc3339(now_s),
        seen.path.display(),
        rfc3339(seen.written_s)
    )]))
}

/// The codes, once, and what they open.
fn show(made: &Made<'_>, screen: &mut Screen<'_>) -> Result<(), Error> {
    screen.json(made)?;
    let rows: Vec<Vec<String>> = made.codes.iter().map(|new| vec![new.id.clone(), new.code.expose().clone()]).collect();
    screen.table(&rows)?;
    screen.line("")?;
    let Made { user, uid, until, reason, .. } = made;
    let opens = format!("one login each of {user} (uid {uid}) at a console, when no code can be checked");
    let rows = [["opens", &opens], ["until", until], ["reason", reason]];
    screen.table(&rows.map(|row| row.map(str::to_owned).to_vec()))?;
    screen.hint("they are not shown again: keep them on paper, where the console is reached and nobody else comes")
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
    Ok(bytes.iter().map(|byte| ALPHABET.get(usize::from(*byte & 31)).copied().map_or('0', char::from)).collect())
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
