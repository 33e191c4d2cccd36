//! `pam-2fa config set`: puts values into `config.toml` in their places, checks the whole, and has it taken over. What is wrong, or what
//! configd refuses, is not left in place; a secret is not taken from a command line, where everybody can read it.

use super::check::would_be_wrong;
use super::file::{self, Folder};
use super::seal::take_over;
use super::show::Word;
use super::taken_over;
use crate::error::{Error, counted};
use crate::screen::Screen;
use pam_2fa_protocol::admin::ReloadReply;
use pam_2fa_settings::{Said, Shown, may_be_secret, parse, shown};
use serde::Serialize;
use std::path::Path;

/// What was one value and is another.
struct Changed {
    key: String,
    old: Said,
    old_is_default: bool,
    new: Said,
}

/// The same in JSON.
#[derive(Serialize)]
struct Change<'a> {
    key: &'a str,
    old: Word<'a>,
    old_is_default: bool,
    new: Word<'a>,
}

/// What `config set` answers in JSON.
#[derive(Serialize)]
struct Answer<'a> {
    changed: Vec<Change<'a>>,
    #[serde(flatten)]
    reload: Option<&'a ReloadReply>,
}

impl<'a> Answer<'a> {
    fn of(changed: &'a [Changed], reload: Option<&'a ReloadReply>) -> Self {
        let change = |changed: &'a Changed| Change {
            key: &changed.key,
            old: Word(&changed.old),
            old_is_default: changed.old_is_default,
            new: Word(&changed.new),
        };
        Self { changed: changed.iter().map(change).collect(), reload }
    }
}

/// `pam-2fa config set KEY VALUE [KEY VALUE]…`.
pub(crate) fn set(path: &Path, runtime_dir: &Path, pairs: &[String], screen: &mut Screen<'_>) -> Result<(), Error> {
    let (pairs, _) = pairs.as_chunks::<2>();
    if let Some([key, _]) = pairs.iter().find(|[key, _]| may_be_secret(key)) {
        let why = "is a secret, and the history of the shell would have it; use `pam-2fa secret set";
        return Err(Error::Refused(vec![format!("{key} {why} {key}`; nothing was changed")]));
    }
    let unfit = |why: String| Error::Unfit { path: path.to_owned(), why };
    let folder = Folder::lock(path)?;
    let old = file::read(path)?;
    if let Some(why) = file::unfit(path, &old.metadata).into_iter().next() {
        return Err(unfit(why));
    }
    let mut text = old.text.clone();
    for [key, value] in pairs {
        text = pam_2fa_settings::set(&text, key, value).map_err(|why| unfit(format!("{why}; nothing was changed")))?;
    }
    if let Err(findings) = parse(&text) {
        return Err(would_be_wrong(path, findings, screen));
    }
    let changed = changes(&old.text, &text, pairs);
    if text == old.text {
        screen.json(&Answer::of(&[], None))?;
        return screen.line(&format!("{}: it says so already; nothing was changed", path.display()));
    }
    match take_over(&folder, path, &old, &text, runtime_dir) {
        Ok(reply) => {
            screen.json(&Answer::of(&changed, Some(&reply)))?;
            say(&changed, screen)?;
            taken_over(&reply, screen)
        }
        Err(error) if error.is_silence() => {
            screen.json(&Answer::of(&changed, None))?;
            say(&changed, screen)?;
            let what = counted(changed.len(), "setting");
            screen.line(&format!(
                "{}: {what} changed, not yet taken over: run `pam-2fa config reload`",
                path.display()
            ))?;
            Err(error)
        }
        Err(error) => Err(error),
    }
}

fn say(changed: &[Changed], screen: &mut Screen<'_>) -> Result<(), Error> {
    for Changed { key, old, old_is_default, new } in changed {
        let default = if *old_is_default && *old != Said::Nothing { " (default)" } else { "" };
        screen.line(&format!("{key}: {old}{default} -> {new}"))?;
    }
    Ok(())
}

/// What counted before, and what does now. Of a text with an error nobody knows what counted.
fn changes(old: &str, new: &str, pairs: &[[String; 2]]) -> Vec<Changed> {
    let (old, new) = (shown(old).unwrap_or_default(), shown(new).unwrap_or_default());
    let find = |all: &[Shown], key: &str| all.iter().find(|setting| setting.key == key).cloned();
    let mut keys: Vec<&String> = pairs.iter().map(|[key, _]| key).collect();
    keys.dedup();
    let change = |key: &String| {
        let (old, new) = (find(&old, key), find(&new, key));
        Changed {
            key: key.clone(),
            old_is_default: old.as_ref().is_some_and(|old| old.is_default),
            old: old.map_or(Said::Nothing, |old| old.value),
            new: new.map_or(Said::Nothing, |new| new.value),
        }
    };
    keys.into_iter().map(change).collect()
}
