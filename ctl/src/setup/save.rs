//! Saving: the file as it is now with what was changed here on top, its secrets sealed by configd, and taken over by it. All of it happens
//! under the lock of the folder, so that a second window sees what the first has saved. A refusal changes nothing.
//!
//! What makes anybody give a code is not saved before a test has passed with these very settings (`gate`).

use super::merge::{Conflict, Side, entries, merge, of};
use crate::client::Client;
use crate::config::file::{self, Folder, Original};
use crate::config::seal::{seal_one, sealed, take_over};
use crate::diff::unified;
use crate::error::Error;
use gate::{Change, may_be_required};
use pam_2fa_protocol::Secret;
use pam_2fa_protocol::admin::ReloadReply;
use pam_2fa_settings::text::printable;
use pam_2fa_settings::{
    EditError, Finding, check_secret, parse, plain_secrets, sealed_secrets, set, unset, with_value,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

mod gate;

/// Stands in the text for a secret that is not sealed yet.
const TO_BE_SEALED: &str = "sealed:v1:00000000:x";

/// What is wrong, by key; under the empty one what is wrong with the text as a whole.
pub(crate) type Wrong = BTreeMap<String, Vec<String>>;

/// A file that may be changed.
pub(crate) struct Opened {
    pub(crate) text: String,
}

/// Reads the settings for the window. What could not be saved later is not opened.
pub(crate) fn open(path: &Path) -> Result<Opened, Error> {
    let read = fit(path)?;
    // Of what is no TOML, no key can be set.
    let unfit = |why: EditError| Error::Unfit {
        path: path.to_owned(),
        why: format!("{why}; mend it with `pam-2fa config edit`"),
    };
    plain_secrets(&read.text).map_err(unfit)?;
    Ok(Opened { text: read.text })
}

fn fit(path: &Path) -> Result<Original, Error> {
    let read = file::read(path)?;
    match file::unfit(path, &read.metadata).into_iter().next() {
        Some(why) => Err(Error::Unfit { path: path.to_owned(), why }),
        None => Ok(read),
    }
}

/// Whether settings by which somebody must give a code need a test.
#[derive(Debug)]
pub(crate) enum Gate {
    /// It does.
    Test,
    /// Somebody has said in so many words that it is to be saved without.
    /// For these very settings ([`Refusal::Untested`]), and no others that somebody has put in their place meanwhile.
    Overridden(Secret),
}

/// What is to be saved.
pub(crate) struct Wanted<'a> {
    /// The text as it was opened, or as it was saved last.
    pub(crate) opened: &'a str,
    /// What was made of it.
    pub(crate) ours: &'a str,
    /// What was typed, by key, and stands in no text.
    pub(crate) secrets: &'a BTreeMap<String, Secret>,
    /// What was answered to [`Refusal::Conflict`].
    pub(crate) decided: &'a [(Conflict, Side)],
    pub(crate) gate: Gate,
}

/// What became of it.
#[derive(Debug)]
pub(crate) struct Saved {
    /// The file as it is now: what goes on from here.
    pub(crate) text: String,
    /// What is another in it, as `diff -u` has it; a secret is `…`. None: the old text has errors, so what is a secret in it cannot be told.
    pub(crate) diff: Option<Vec<String>>,
    /// Secrets that were sealed.
    pub(crate) sealed: Vec<String>,
    /// Keys that others have changed since it was opened.
    pub(crate) theirs: Vec<String>,
    pub(crate) taken: Taken,
}

/// What configd made of it.
#[derive(Debug)]
pub(crate) enum Taken {
    /// The file says so already, and nothing was done.
    Unchanged,
    Over(ReloadReply),
    /// It did not answer: the file is in place, and counts after `pam-2fa config reload`.
    Later(String),
}

/// Why nothing was changed.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// Keys that were changed here and, to something else, in the file.
    Conflict(Vec<Conflict>),
    Untested(Untested),
    Wrong(Wrong),
    /// Another command has the folder.
    Locked(String),
    /// Somebody has changed the file in a way that nothing can be put on top of.
    Changed(String),
    /// The file cannot be read, trusted or written.
    File(String),
    /// configd refused it, or could not be asked: a line each.
    Daemon(Vec<String>),
}

/// Codes are asked for, and no test has passed with these settings by a way that is configured.
#[derive(Debug)]
pub(crate) struct Untested {
    /// Those that are configured.
    pub(crate) email: bool,
    pub(crate) sms: bool,
    /// Those that want a test.
    pub(crate) email_untested: bool,
    pub(crate) sms_untested: bool,
    /// What was asked about, before anything in it was sealed.
    pub(crate) asked: Secret,
    /// Where others have changed the file meanwhile: what would be saved is not what stands on the screen.
    pub(crate) onto: Option<Onto>,
}

/// The file as it is now, and what was changed here on top of it.
pub(crate) struct Onto {
    pub(crate) file: String,
    pub(crate) ours: String,
    /// Keys that others have changed.
    pub(crate) theirs: Vec<String>,
}

impl fmt::Debug for Onto {
    /// Not the texts: a secret may stand there in plain text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Onto").field("theirs", &self.theirs).finish_non_exhaustive()
    }
}

impl Refusal {
    pub(super) fn wrong(key: &str, why: &EditError) -> Self {
        let text = match why {
            EditError::NotToml(finding) => finding.to_string(),
            EditError::NoSuchKey { .. } => why.to_string(),
            EditError::Unknown { why, .. } | EditError::Value { why, .. } => why.clone(),
        };
        Self::Wrong(BTreeMap::from([(key.to_owned(), vec![text])]))
    }

    fn daemon(error: &Error) -> Self {
        Self::Daemon(error.to_string().lines().map(|line| printable(line).into_owned()).collect())
    }

    fn file(error: &Error) -> Self {
        Self::File(error.to_string())
    }
}

/// Findings as the window shows them, each beside its field.
pub(crate) fn by_key(findings: Vec<Finding>) -> Wrong {
    let mut wrong = Wrong::new();
    for finding in findings {
        wrong.entry(finding.key).or_default().push(finding.text);
    }
    wrong
}

/// Saves.
pub(crate) fn save(path: &Path, runtime_dir: &Path, wanted: &Wanted<'_>) -> Result<Saved, Refusal> {
    let ours = with_places(wanted)?;
    let folder = Folder::lock(path).map_err(|error| {
        let is_busy = matches!(error, Error::Unfit { .. });
        if is_busy { Refusal::Locked(error.to_string()) } else { Refusal::file(&error) }
    })?;
    let old = fit(path).map_err(|error| Refusal::file(&error))?;
    let merged = merge(wanted.opened, &ours, &old.text, wanted.decided)?;
    right(&merged.text)?;
    let (text, sealed) = seal_all(path, runtime_dir, &merged.text, wanted.secrets, &merged.given_up)?;
    right(&text)?;
    let theirs = merged.theirs.clone();
    if text == old.text {
        return Ok(Saved { text, diff: Some(Vec::new()), sealed, theirs, taken: Taken::Unchanged });
    }
    let change = Change { old: &old.text, merged: &merged.text, new: &text };
    may_be_required(runtime_dir, &change, &wanted.gate).map_err(|mut refusal| {
        // What others have changed comes with the question.
        if let (Refusal::Untested(untested), false) = (&mut refusal, theirs.is_empty()) {
            let ours = without_places(&merged.text, &old.text, wanted.secrets);
            untested.onto = ours.map(|ours| Onto { file: old.text.clone(), ours, theirs: theirs.clone() });
        }
        refusal
    })?;
    let taken = match take_over(&folder, path, &old, &text, runtime_dir) {
        Ok(reply) => Taken::Over(reply),
        Err(error) if error.is_silence() => Taken::Later(error.to_string()),
        Err(error @ Error::Refused(_)) => return Err(Refusal::daemon(&error)),
        Err(error @ Error::Unfit { .. }) => return Err(Refusal::Changed(error.to_string())),
        Err(error) => return Err(Refusal::file(&error)),
    };
    Ok(Saved { diff: difference(path, &old.text, &text), text, sealed, theirs, taken })
}

fn right(text: &str) -> Result<(), Refusal> {
    parse(text).map(drop).map_err(|findings| Refusal::Wrong(by_key(findings)))
}

/// The text with a place for each secret that was typed.
fn with_places(wanted: &Wanted<'_>) -> Result<String, Refusal> {
    let mut text = wanted.ours.to_owned();
    for (key, secret) in wanted.secrets {
        let wrong = |why| Refusal::Wrong(BTreeMap::from([(key.clone(), vec![why])]));
        check_secret(secret.expose()).map_err(wrong)?;
        text = set(&text, key, TO_BE_SEALED).map_err(|why| Refusal::wrong(key, &why))?;
    }
    Ok(text)
}

/// Without those places: what the file has there.
fn without_places(merged: &str, file: &str, secrets: &BTreeMap<String, Secret>) -> Option<String> {
    let sealed: BTreeMap<String, String> = sealed_secrets(file).ok()?.into_iter().collect();
    let plain: BTreeMap<String, Secret> = plain_secrets(file).ok()?.into_iter().collect();
    let mut text = merged.to_owned();
    for key in secrets.keys() {
        let there = sealed.get(key).or_else(|| plain.get(key).map(|plain| plain.expose()));
        text = match there {
            Some(value) => set(&text, key, value),
            None => unset(&text, key),
        }
        .ok()?;
    }
    Some(text)
}

/// What was typed is sealed, and so is what stands in the file in plain text, where configd can.
fn seal_all(
    path: &Path,
    runtime_dir: &Path,
    text: &str,
    typed: &BTreeMap<String, Secret>,
    given_up: &BTreeSet<String>,
) -> Result<(String, Vec<String>), Refusal> {
    let mut text = text.to_owned();
    let mut names = Vec::new();
    let typed: Vec<_> = typed.iter().filter(|(key, _)| !given_up.contains(*key)).collect();
    let failed = |error: Error| Refusal::daemon(&error);
    if !typed.is_empty() {
        let mut client = Client::connect(runtime_dir).map_err(failed)?;
        for (key, secret) in typed {
            let value = seal_one(&mut client, path, key, Secret::new(secret.expose().clone())).map_err(failed)?;
            text = set(&text, key, &value).map_err(|why| Refusal::wrong(key, &why))?;
            names.push(key.clone());
        }
    }
    let plain = plain_secrets(&text).unwrap_or_default();
    if plain.is_empty() {
        return Ok((text, names));
    }
    match Client::connect(runtime_dir).and_then(|mut client| sealed(&mut client, path, &text, plain)) {
        Ok((text, more)) => {
            names.extend(more);
            Ok((text, names))
        }
        // It was so before, and perhaps that is what is being mended.
        Err(error) if error.is_silence() || matches!(error, Error::Sealed(_)) => Ok((text, names)),
        Err(error) => Err(failed(error)),
    }
}

/// What is another, with every secret masked.
fn difference(path: &Path, old: &str, new: &str) -> Option<Vec<String>> {
    let (before, after) = (entries(old).ok()?, entries(new).ok()?);
    let (mut masked_old, mut masked_new) = (old.to_owned(), new.to_owned());
    for (key, entry) in before.iter().filter(|(_, entry)| entry.is_secret()) {
        masked_old = with_value(&masked_old, key, &entry.mask(None)).ok()?;
    }
    for (key, entry) in after.iter().filter(|(_, entry)| entry.is_secret()) {
        masked_new = with_value(&masked_new, key, &entry.mask(of(&before, key))).ok()?;
    }
    let lines = unified(&path.display().to_string(), masked_old.as_bytes(), masked_new.as_bytes());
    Some(lines.iter().flat_map(|line| line.lines()).map(|line| printable(line).into_owned()).collect())
}

#[cfg(test)]
mod gate_tests;
#[cfg(test)]
mod tests;
