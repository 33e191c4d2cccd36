//! What was changed here, on top of what the file says now: another window, an editor or a command may have changed it since it was opened.
//! Who changed what is told key by key; comments and order are those of the file. It reads and writes no file, and no secret is in what it
//! tells.

use super::save::{Refusal, by_key};
use pam_2fa_settings::{Said, plain_secrets, sealed_secrets, set, shown, unset, without_section};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use zeroize::Zeroizing;

/// What a text says of a key. A secret is compared, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Entry {
    said: Said,
    secret: Option<Zeroizing<String>>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.said)
    }
}

impl Entry {
    /// The value as `set` takes it.
    fn typed(&self) -> Zeroizing<String> {
        match (&self.said, &self.secret) {
            (_, Some(secret)) => secret.clone(),
            (Said::Text(text), None) => Zeroizing::new(text.clone()),
            (said, None) => Zeroizing::new(said.to_string()),
        }
    }

    pub(super) fn is_secret(&self) -> bool {
        self.secret.is_some()
    }

    /// What is shown in the place of a secret; where it was another one in `before`, that is said.
    pub(super) fn mask(&self, before: Option<&Self>) -> String {
        match (before, &self.said) {
            (Some(before), Said::Sealed) if before.said == Said::Sealed && before != self => {
                String::from("… (sealed, another one)")
            }
            (Some(before), Said::Plain) if before.said == Said::Plain && before != self => {
                String::from("… (in plain text, another one)")
            }
            (_, said) => said.to_string(),
        }
    }
}

/// What a text says, in the order of the schema; what it does not say is not in it.
pub(super) fn entries(text: &str) -> Result<Vec<(String, Entry)>, Vec<pam_2fa_settings::Finding>> {
    let all = shown(text)?;
    let mut secrets: BTreeMap<String, Zeroizing<String>> = BTreeMap::new();
    // Of what has just been parsed, neither fails.
    for (key, secret) in plain_secrets(text).unwrap_or_default() {
        secrets.insert(key, Zeroizing::new(secret.expose().clone()));
    }
    secrets.extend(sealed_secrets(text).unwrap_or_default().into_iter().map(|(key, value)| (key, value.into())));
    let said = all.into_iter().filter(|one| !one.is_default);
    Ok(said
        .map(|one| {
            let secret = secrets.remove(&one.key);
            (one.key, Entry { said: one.value, secret })
        })
        .collect())
}

pub(super) fn of<'a>(all: &'a [(String, Entry)], key: &str) -> Option<&'a Entry> {
    all.iter().find(|(name, _)| name == key).map(|(_, entry)| entry)
}

/// A key that is another here and in the file, and was changed here, or belongs to what was.
#[derive(Debug)]
pub(crate) struct Conflict {
    pub(crate) key: String,
    /// What it is here; none: not set, so that its default counts.
    pub(crate) ours: Option<Said>,
    /// What it is in the file now.
    pub(crate) theirs: Option<Said>,
    /// That very value: who decides has seen it, and no later one.
    seen: Option<Entry>,
}

/// Whose value is to stay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Ours,
    Theirs,
}

/// Both as one.
#[derive(Debug)]
pub(crate) struct Merged {
    pub(crate) text: String,
    /// Keys that others have changed since.
    pub(crate) theirs: Vec<String>,
    /// Keys whose value of ours was given up.
    pub(crate) given_up: BTreeSet<String>,
}

/// `opened` is the text as it was read, `ours` what was made of it here, `now` what the file says; `decided` is what was answered to conflicts
/// of a run before.
///
/// What belongs together is decided together: where each side has changed something of one mail server's account, all of that account which
/// is another here and there is asked about, so that whoever answers sees to which server a secret would go.
pub(crate) fn merge(opened: &str, ours: &str, now: &str, decided: &[(Conflict, Side)]) -> Result<Merged, Refusal> {
    if opened == now {
        return Ok(Merged { text: ours.to_owned(), theirs: Vec::new(), given_up: BTreeSet::new() });
    }
    let foreign = |what: &str| {
        Refusal::Changed(format!(
            "the file was changed by someone else meanwhile, and {what}; leave the window and open it again"
        ))
    };
    let before = entries(opened).map_err(|_| foreign("what it said before cannot be told"))?;
    let here = entries(ours).map_err(|findings| Refusal::Wrong(by_key(findings)))?;
    let there = entries(now).map_err(|findings| {
        let first = findings.first().map(ToString::to_string).unwrap_or_default();
        foreign(&format!("has an error now ({first})"))
    })?;
    let (mine, theirs) = (changed(&before, &here), changed(&before, &there));
    let apart = Apart::of(&before, &here, &there);
    // What is another here and there was changed by one of the two, or by both.
    let differing = changed(&there, &here);
    let of_side = |side: &[String]| -> BTreeSet<String> {
        differing.iter().filter(|key| side.contains(key)).map(|key| apart.group(key)).collect()
    };
    let contested: BTreeSet<String> = of_side(&mine).intersection(&of_side(&theirs)).cloned().collect();

    let answer = |key: &str| {
        let is_it = |one: &&(Conflict, Side)| one.0.key == key && one.0.seen.as_ref() == of(&there, key);
        decided.iter().find(is_it).map(|(_, side)| *side)
    };
    // One key that nobody has answered for, and the whole is asked about.
    let undecided: BTreeSet<String> = differing
        .iter()
        .filter(|key| contested.contains(&apart.group(key)) && answer(key).is_none())
        .map(|key| apart.group(key))
        .collect();
    let (asked, known): (Vec<String>, Vec<String>) =
        differing.into_iter().partition(|key| undecided.contains(&apart.group(key)));
    if !asked.is_empty() {
        let said = |entry: Option<&Entry>| entry.map(|entry| entry.said.clone());
        let conflict = |key: String| {
            let (our, their) = (of(&here, &key), of(&there, &key));
            Conflict { ours: said(our), theirs: said(their), seen: their.cloned(), key }
        };
        return Err(Refusal::Conflict(asked.into_iter().map(conflict).collect()));
    }
    let (ours, given_up): (Vec<String>, Vec<String>) = known
        .into_iter()
        .filter(|key| mine.contains(key) || contested.contains(&apart.group(key)))
        .partition(|key| !contested.contains(&apart.group(key)) || answer(key) == Some(Side::Ours));
    let given_up = given_up.into_iter().collect();
    Ok(Merged { text: on_top(now, &here, &there, &ours)?, theirs, given_up })
}

/// The text with those keys as they are here.
fn on_top(now: &str, here: &[(String, Entry)], there: &[(String, Entry)], keys: &[String]) -> Result<String, Refusal> {
    let mut text = now.to_owned();
    // Without its last key a section would be left that needs one.
    let gone = WITH_BACKUPS.into_iter().filter(|section| {
        let mut all = there.iter().filter(|(key, _)| is_below(key, section)).peekable();
        all.peek().is_some() && all.all(|(key, _)| keys.contains(key) && of(here, key).is_none())
    });
    for section in gone {
        text = without_section(&text, section).map_err(|why| Refusal::wrong(section, &why))?;
    }
    for key in keys {
        let result = match of(here, key) {
            Some(entry) => set(&text, key, &entry.typed()),
            None => unset(&text, key),
        };
        text = result.map_err(|why| Refusal::wrong(key, &why))?;
    }
    Ok(text)
}

/// Keys that differ: those that are gone first, since one that is new may stand in their place.
fn changed(from: &[(String, Entry)], to: &[(String, Entry)]) -> Vec<String> {
    let gone = from.iter().filter(|(key, _)| of(to, key).is_none());
    let other = to.iter().filter(|(key, entry)| of(from, key) != Some(entry));
    gone.chain(other).map(|(key, _)| key.clone()).collect()
}

/// Sections whose keys say where messages go, each with backups.
const WITH_BACKUPS: [&str; 2] = ["email", "sms"];
/// Keys of them that say where a secret goes, and the secret.
const ACCOUNT: [&str; 9] = ["server", "port", "tls", "ca_file", "user", "password", "provider", "proxy", "account"];

fn is_below(key: &str, outer: &str) -> bool {
    key.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'))
}

/// Which keys cannot be changed by two apart.
struct Apart {
    /// Sections and backups that one of the two has taken out: whatever the other did in them belongs to that.
    gone: Vec<String>,
}

impl Apart {
    fn of(before: &[(String, Entry)], here: &[(String, Entry)], there: &[(String, Entry)]) -> Self {
        let has = |all: &[(String, Entry)], outer: &str| all.iter().any(|(key, _)| is_below(key, outer));
        let backups = before.iter().filter_map(|(key, _)| way(key).filter(|(_, backup, _)| backup.is_some()));
        let backups = backups.map(|(section, backup, _)| name(section, backup));
        // The sections first: a backup goes with its own.
        let all = WITH_BACKUPS.into_iter().map(String::from).chain(backups);
        let is_gone = |outer: &String| has(before, outer) && !(has(here, outer) && has(there, outer));
        Self { gone: all.filter(is_gone).collect() }
    }

    /// The name of what a key is decided with; its own where that is nothing else.
    fn group(&self, key: &str) -> String {
        if let Some(gone) = self.gone.iter().find(|gone| is_below(key, gone)) {
            return gone.clone();
        }
        match way(key) {
            Some((section, backup, rest)) if ACCOUNT.contains(&rest.split('.').next().unwrap_or_default()) => {
                name(section, backup)
            }
            _ => key.to_owned(),
        }
    }
}

fn name(section: &str, backup: Option<&str>) -> String {
    backup.map_or_else(|| section.to_owned(), |backup| format!("{section}.backup.{backup}"))
}

/// Section, backup and the rest of a key that says how messages go.
fn way(key: &str) -> Option<(&str, Option<&str>, &str)> {
    let (section, rest) = key.split_once('.').filter(|(section, _)| WITH_BACKUPS.contains(section))?;
    match rest.strip_prefix("backup.").and_then(|rest| rest.split_once('.')) {
        Some((backup, rest)) => Some((section, Some(backup), rest)),
        None => Some((section, None, rest)),
    }
}

#[cfg(test)]
mod tests;
