//! `pam-2fa setup`: the Setup window, full screen. What is edited is a text of settings (`draft`); nothing is written before it is saved.
//!
//! | file | |
//! |---|---|
//! | `draft` | the settings as they are being changed |
//! | `fields` | which there are |
//! | `form` | how they are edited |
//! | `line` | which key does what in a line |
//! | `draw` | the window as it looks, from its state alone |
//! | `window` | what is shown, and which key does what |
//! | `asked` | the same of what stands over the page: questions, a test, what was saved |
//! | `words` | every text on the screen, by id, in the administrator's language |
//! | `theme` | sixteen colours, or none |
//! | `run` | the loop, and the terminal as it was |
//! | `save` | onto the file as it is now, sealed, and taken over |
//! | `jobs` | what the daemon is asked beside the window, each on a thread of its own |
//! | `merge` | what was changed here, on top of what others have changed meanwhile |
//! | `users` | the Users page |

pub(crate) mod asked;
pub(crate) mod draft;
pub(crate) mod draw;
#[cfg(test)]
mod fake;
pub(crate) mod fields;
pub(crate) mod form;
pub(crate) mod jobs;
pub(crate) mod line;
pub(crate) mod merge;
mod run;
pub(crate) mod save;
pub(crate) mod theme;
pub(crate) mod users;
pub(crate) mod window;
pub(crate) mod words;

use crate::error::Error;
use crate::provider;
use crate::screen::Screen;
use form::Choosable;
use pam_2fa_protocol::Secret;
use save::{Gate, Refusal, Saved, Taken, Wanted};
use std::collections::BTreeMap;
use std::path::Path;
use theme::Theme;
use window::{Note, Save, Window};
use words::{Tongue, Words};

/// `pam-2fa setup`.
pub(crate) fn setup(config: &Path, runtime_dir: &Path, screen: &Screen<'_>) -> Result<(), Error> {
    if !screen.is_typed() || !screen.is_seen() {
        let why = "setup needs a terminal to draw on; `pam-2fa config set KEY VALUE` changes settings without one";
        return Err(Error::Refused(vec![why.to_owned()]));
    }
    if screen.is_dumb() {
        let why = "setup needs a terminal to draw on, and TERM says that this one cannot be (dumb, or nothing); `pam-2fa config set KEY VALUE` changes settings without one";
        return Err(Error::Refused(vec![why.to_owned()]));
    }
    let opened = save::open(config)?;
    let providers = provider::usable(config).into_iter().map(|(provider, from)| Choosable { provider, from }).collect();
    let words = Words::of(Tongue::of(screen.locale()));
    let mut save = |window: &mut Window, how: Save| keep((config, runtime_dir), window, how);
    let theme = Theme::new(screen.colours(), screen.is_utf8());
    let opening = run::Opening { config, runtime_dir, text: &opened.text, providers, words, theme };
    run::run(opening, &mut save)
}

/// Saves what stands in the window, and tells it what became of that.
fn keep((config, runtime_dir): (&Path, &Path), window: &mut Window, how: Save) {
    let typed = window.draft.secrets().iter();
    let secrets: BTreeMap<String, Secret> =
        typed.map(|(key, secret)| (key.clone(), Secret::new(secret.expose().clone()))).collect();
    let wanted = Wanted {
        opened: window.draft.saved_text(),
        ours: window.draft.text(),
        secrets: &secrets,
        decided: &how.decided,
        gate: how.untested.as_ref().map_or(Gate::Test, |said| Gate::Overridden(Secret::new(said.expose().clone()))),
    };
    match save::save(config, runtime_dir, &wanted) {
        Ok(saved) => is_saved(window, saved, how.exits),
        Err(Refusal::Untested(untested)) => window.is_untested(untested, how),
        Err(Refusal::Conflict(conflicts)) => window.is_contested(conflicts, how),
        Err(Refusal::Wrong(wrong)) => {
            let (key, why) = wrong.into_iter().next().unwrap_or_default();
            window.is_refused(&key, &why.join("; "));
        }
        Err(Refusal::Locked(why) | Refusal::Changed(why) | Refusal::File(why)) => window.not_saved(&why),
        Err(Refusal::Daemon(lines)) => window.not_saved(&lines.join("; ")),
    }
}

fn is_saved(window: &mut Window, saved: Saved, exits: bool) {
    let Saved { text, diff, sealed, theirs, taken } = saved;
    let words = &window.words;
    // Before the change itself, which may be long.
    let mut first = Vec::new();
    if !sealed.is_empty() {
        first.push(words.with("saved-sealed", &[("keys", &sealed.join(", "))]));
    }
    if !theirs.is_empty() {
        first.push(words.with("saved-theirs", &[("keys", &theirs.join(", "))]));
    }
    let note = match taken {
        Taken::Unchanged => Note::Well(words.say("note-nothing-to-save")),
        Taken::Over(reply) => {
            first.extend(reply.notes);
            Note::Well(words.say("note-saved"))
        }
        Taken::Later(why) => {
            first.insert(0, words.with("saved-later", &[("why", &why)]));
            Note::Wrong(words.say("note-saved-later"))
        }
    };
    let diff = diff.unwrap_or_default().into_iter().map(|line| without_old_secrets(&line)).collect();
    window.saved(&text, (first, diff), (note, exits));
}

/// A setting that was made a comment may still be a secret: its value is not shown.
fn without_old_secrets(line: &str) -> String {
    let said = line.get(1..).unwrap_or_default().trim_start();
    let Some((name, _)) = said.strip_prefix('#').and_then(|comment| comment.split_once('=')) else {
        return line.to_owned();
    };
    let name = name.trim().to_ascii_lowercase();
    let is_secret = ["password", "account", "token", "secret", "key", "sid"].iter().any(|word| name.contains(word));
    let place = line.find('=').map_or(line.len(), |place| place.saturating_add(1));
    if is_secret { format!("{} …", line.get(..place).unwrap_or_default()) } else { line.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_that_was_made_a_comment_is_not_shown_and_other_comments_are() {
        for (line, shown) in [
            (" # password = \"old\"", " # password = …"),
            ("-#account = { auth_token = \"x\" }", "-#account = …"),
            (" # Ours = theirs.", " # Ours = theirs."),
            ("+server = \"a\" # password", "+server = \"a\" # password"),
            ("@@ -1 +1 @@", "@@ -1 +1 @@"),
            ("", ""),
        ] {
            assert_eq!(without_old_secrets(line), shown);
        }
    }
}
