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
use window::{Save, Window};
use words::{Tongue, Words};

/// `pam-2fa setup`.
pub(crate) fn setup(config: &Path, runtime_dir: &Path, screen: &Screen<'_>) -> Result<(), Error> {
    if !screen.is_typed() || !screen.is_seen() {
        let why = "setup needs a terminal to draw on; `pam-2fa config set KEY VALUE` changes settings without one";
        return Err(Error::Refused(vec![why.to_owned()]));
    }
    let opened = save::open(config)?;
    let providers = provider::usable(config).into_iter().map(|(provider, from)| Choosable { provider, from }).collect();
    let words = Words::of(Tongue::of(screen.locale()));
    let mut save = |window: &mut Window, how: Save| keep((config, runtime_dir), window, how);
    run::run((config, runtime_dir), (&opened.text, providers), (words, Theme::new(screen.colours())), &mut save)
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
        gate: if how.untested { Gate::Overridden } else { Gate::Test },
    };
    match save::save(config, runtime_dir, &wanted) {
        Ok(saved) => is_saved(window, saved),
        Err(Refusal::Untested { email, sms, email_untested, sms_untested }) => {
            window.is_untested((email && email_untested) || (sms && sms_untested), how);
        }
        Err(Refusal::Conflict(conflicts)) => window.is_contested(conflicts, how),
        Err(Refusal::Wrong(wrong)) => {
            let first = wrong.into_iter().next();
            let said = first.map(|(key, why)| format!("{key}: {}", why.join("; "))).unwrap_or_default();
            window.not_saved(&said);
        }
        Err(Refusal::Locked(why) | Refusal::Changed(why) | Refusal::File(why)) => window.not_saved(&why),
        Err(Refusal::Daemon(lines)) => window.not_saved(&lines.join("; ")),
    }
}

fn is_saved(window: &mut Window, saved: Saved) {
    let Saved { text, diff, sealed, theirs, taken } = saved;
    let words = &window.words;
    let mut lines = diff.unwrap_or_default();
    if !sealed.is_empty() {
        lines.push(words.with("saved-sealed", &[("keys", &sealed.join(", "))]));
    }
    if !theirs.is_empty() {
        lines.push(words.with("saved-theirs", &[("keys", &theirs.join(", "))]));
    }
    match taken {
        Taken::Unchanged => lines.push(words.say("note-nothing-to-save")),
        Taken::Over(reply) => lines.extend(reply.notes),
        Taken::Later(why) => lines.push(words.with("saved-later", &[("why", &why)])),
    }
    window.saved(&text, lines);
}
