//! What was changed here, on top of what the file says now: another window, an editor or a command may have changed it since it was opened.
//! Who changed what is told key by key; comments and order are those of the file. It reads and writes no file, and no secret is in what it
//! tells.

use super::save::{Refusal, by_key};
use pam_2fa_settings::{Said, may_be_secret, plain_secrets, sealed_secrets, set, shown, unset};
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

/// A key that was changed here, and to something else in the file.
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
    let theirs = changed(&before, &there);
    let mut merged = Merged { text: now.to_owned(), theirs: Vec::new(), given_up: BTreeSet::new() };
    let mut open = Vec::new();
    let mine = changed(&before, &here);
    let collides = |key: &str| theirs.iter().any(|other| touch(key, other));
    // Fields of an account that becomes one text go with it, and so the question does.
    let clashing: BTreeSet<String> =
        mine.iter().filter(|key| mine.iter().any(|one| touch(key, one) && collides(one))).cloned().collect();
    for key in mine {
        let (our, their) = (of(&here, &key), of(&there, &key));
        if our == their {
            continue;
        }
        if clashing.contains(&key) {
            let is_it = |one: &&(Conflict, Side)| one.0.key == key && one.0.seen.as_ref() == their;
            match decided.iter().find(is_it).map(|(_, side)| side) {
                Some(Side::Ours) => {}
                Some(Side::Theirs) => {
                    merged.given_up.insert(key);
                    continue;
                }
                None => {
                    let said = |entry: Option<&Entry>| entry.map(|entry| entry.said.clone());
                    open.push(Conflict { ours: said(our), theirs: said(their), seen: their.cloned(), key });
                    continue;
                }
            }
        }
        let result = match our {
            Some(entry) => set(&merged.text, &key, &entry.typed()),
            None => unset(&merged.text, &key),
        };
        merged.text = result.map_err(|why| Refusal::wrong(&key, &why))?;
    }
    merged.theirs = theirs;
    if open.is_empty() { Ok(merged) } else { Err(Refusal::Conflict(open)) }
}

/// Keys that differ: those that are gone first, since one that is new may stand in their place.
fn changed(from: &[(String, Entry)], to: &[(String, Entry)]) -> Vec<String> {
    let gone = from.iter().filter(|(key, _)| of(to, key).is_none());
    let other = to.iter().filter(|(key, entry)| of(from, key) != Some(entry));
    gone.chain(other).map(|(key, _)| key.clone()).collect()
}

/// Whether the two cannot be changed apart: the same, or an account and a field of it.
fn touch(a: &str, b: &str) -> bool {
    let holds = |outer: &str, inner: &str| {
        may_be_secret(outer) && inner.strip_prefix(outer).is_some_and(|rest| rest.starts_with('.'))
    };
    a == b || holds(a, b) || holds(b, a)
}

#[cfg(test)]
mod tests;
