//! `pam-2fa config edit`: an editor on a copy of the settings, with visudo's habits. What is wrong is listed and asked about, and never put in
//! the place of the file; nor is what configd refuses, whatever is answered. Secrets that were typed in plain text are sealed on the way.

mod draft;
mod editor;

use super::check::list;
use super::file::{self, Folder, Original};
use super::seal::{Sealed, seal, sealed, take_over};
use super::taken_over;
use crate::client::Client;
use crate::error::{Error, counted};
use crate::screen::Screen;
use draft::{Draft, Lock};
use pam_2fa_settings::{parse, plain_secrets};
use std::path::Path;

/// What became of a text.
enum Tried {
    /// It is in force.
    Done,
    /// Something is wrong, and has been shown.
    Wrong,
}

/// What is to be done about a text that is wrong.
enum Now {
    Edit,
    Leave,
    Keep,
}

/// `pam-2fa config edit`.
pub(super) fn edit(path: &Path, runtime_dir: &Path, screen: &mut Screen<'_>) -> Result<(), Error> {
    let _lock = Lock::take(path)?;
    let mut old = file::read(path)?;
    if let Some(why) = file::unfit(path, &old.metadata).into_iter().next() {
        return Err(unfit(path, why));
    }
    let draft = Draft::new(path, &old.text)?;
    let nothing = || Error::Refused(vec![format!("{}: nothing was changed", path.display())]);
    loop {
        editor::run(draft.path(), path)?;
        let text = file::read(draft.path())?.text;
        if text == old.text {
            return screen.line(&format!("{}: unchanged", path.display()));
        }
        match try_out(path, runtime_dir, &old, &text, screen) {
            Ok(Tried::Done) => return Ok(()),
            Ok(Tried::Wrong) => {}
            // It is in place, and configd has not said what it thinks of it.
            Err(error) if error.is_silence() => return Err(error),
            Err(error) => {
                screen.fail(&error)?;
                return Err(kept(&draft, path));
            }
        }
        match what_now(screen)? {
            Now::Edit => {}
            Now::Leave => return Err(nothing()),
            Now::Keep => return Err(kept(&draft, path)),
        }
        // What was put back is another file of the same text.
        let there = file::read(path)?;
        if there.text != old.text {
            screen.fail(&unfit(path, String::from("was changed by someone else meanwhile and is left as it is")))?;
            return Err(kept(&draft, path));
        }
        old = there;
    }
}

fn unfit(path: &Path, why: String) -> Error {
    Error::Unfit { path: path.to_owned(), why }
}

/// A text that is not lost, and not in place either.
fn kept(draft: &Draft, path: &Path) -> Error {
    match draft.keep() {
        Ok(kept) => {
            let (kept, path) = (kept.display(), path.display());
            Error::Refused(vec![format!(
                "{path}: nothing was changed; your text is {kept} (only root can read it), and `pam-2fa config check {kept}` lists its errors"
            )])
        }
        Err(error) => error,
    }
}

fn what_now(screen: &mut Screen<'_>) -> Result<Now, Error> {
    loop {
        let question = "What now? (e)dit again, e(x)it without saving, (Q)uit and keep the text beside:";
        match screen.choice(question)?.as_deref() {
            Some("e") => return Ok(Now::Edit),
            // The end of the input is nobody who could say anything else.
            Some("x") | None => return Ok(Now::Leave),
            Some("Q") => return Ok(Now::Keep),
            Some(_) => screen.said(
                "e: edit again; x: exit, and nothing is changed; Q: quit, and the text is kept in a file beside. It is not installed: what is \
                 wrong here, configd refuses, too",
            )?,
        }
    }
}

/// Checks a text, has its secrets sealed, puts it in the place of the file, has it taken over.
fn try_out(
    path: &Path,
    runtime_dir: &Path,
    old: &Original,
    text: &str,
    screen: &mut Screen<'_>,
) -> Result<Tried, Error> {
    if text.trim().is_empty() {
        let what = "is empty, and that would switch everything off; an editor that found no space leaves such a file";
        screen.line(&format!("{}: {what}", path.display()))?;
        return Ok(Tried::Wrong);
    }
    if let Err(findings) = parse(text) {
        return match list(path, findings, screen) {
            Err(Error::Findings { .. }) => Ok(Tried::Wrong),
            other => other.map(|()| Tried::Wrong),
        };
    }
    let secrets = plain_secrets(text).map_err(|error| unfit(path, error.to_string()))?;
    let count = secrets.len();
    let (text, names) = match seal_all(path, runtime_dir, text, secrets) {
        Ok(both) => both,
        // Perhaps that is what this edit mends.
        Err(error) if error.is_silence() || matches!(error, Error::Sealed(_)) => (text.to_owned(), Vec::new()),
        Err(error) => return wrong(&error, screen),
    };
    let folder = Folder::lock(path)?;
    let taken = take_over(&folder, path, old, &text, runtime_dir);
    drop(folder);
    let are_plain = names.len() < count;
    match taken {
        Ok(reply) => {
            screen.json(&Sealed { sealed: &names, reload: Some(&reply) })?;
            say_sealed(path, &names, screen)?;
            taken_over(&reply, screen)?;
            if are_plain {
                seal(path, runtime_dir, screen)?
            }
            Ok(Tried::Done)
        }
        Err(error) if error.is_silence() => {
            screen.json(&Sealed { sealed: &names, reload: None })?;
            say_sealed(path, &names, screen)?;
            screen.line(&format!("{}: changed, not yet taken over: run `pam-2fa config reload`", path.display()))?;
            if are_plain {
                let what = counted(count, "secret");
                screen.line(&format!("{}: {what} in plain text: run `pam-2fa config seal`", path.display()))?;
            }
            Err(error)
        }
        Err(error @ Error::Refused(_)) => wrong(&error, screen),
        Err(error) => Err(error),
    }
}

fn wrong(error: &Error, screen: &mut Screen<'_>) -> Result<Tried, Error> {
    screen.fail(error)?;
    Ok(Tried::Wrong)
}

fn seal_all(
    path: &Path,
    runtime_dir: &Path,
    text: &str,
    secrets: Vec<(String, pam_2fa_protocol::Secret)>,
) -> Result<(String, Vec<String>), Error> {
    if secrets.is_empty() {
        return Ok((text.to_owned(), Vec::new()));
    }
    sealed(&mut Client::connect(runtime_dir)?, path, text, secrets)
}

fn say_sealed(path: &Path, names: &[String], screen: &mut Screen<'_>) -> Result<(), Error> {
    if names.is_empty() { Ok(()) } else { screen.line(&format!("{}: sealed {}", path.display(), names.join(", "))) }
}
