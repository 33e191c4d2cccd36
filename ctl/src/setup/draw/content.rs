//! What each of the things that stand over the page says.

use super::super::asked::{Popup, Trial};
use super::super::fields::Page;
use super::super::merge::Conflict;
use super::super::theme::Theme;
use super::super::window::Window;
use super::super::words::Words;
use super::popup::Box;
use super::text::wrapped;
use pam_2fa_protocol::admin::Channel;
use pam_2fa_settings::Said;
use pam_2fa_settings::text::printable;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// What stands over the page; nothing where nothing does.
pub(super) fn content(window: &Window, theme: Theme, area: Rect) -> Option<Box> {
    let words = &window.words;
    let width = usize::from(area.width).saturating_sub(10).min(100);
    let simple =
        |title: &str, lines, keys: &str| Box { title: words.say(title), lines, cursor: None, foot: words.say(keys) };
    Some(match window.popup.as_ref()? {
        Popup::Help => simple("title-help", help(window, theme, width), "keys-any"),
        Popup::Problems => simple("title-problems", problems(window, theme, width), "keys-any"),
        Popup::Unsaved => {
            simple("title-unsaved", plain(&words.say("ask-unsaved"), width, theme.label()), "keys-unsaved")
        }
        Popup::To { channel, input, why } => {
            let (title, ask) = match channel {
                Channel::Email => ("field-test-email", "ask-address"),
                Channel::Sms => ("field-test-sms", "ask-number"),
            };
            let mut lines = plain(&words.say(ask), width, theme.label());
            let cursor = Some((lines.len(), input.visual_cursor()));
            lines.push((format!("{:<40}", input.value()), theme.focus()));
            if window.draft.takes_kept_elsewhere(*channel == Channel::Sms) {
                lines.extend(plain(&words.say("warn-kept"), width, theme.weighty()));
            }
            lines.extend(why.iter().flat_map(|why| plain(&format!("! {why}"), width, theme.wrong())));
            Box { cursor, ..simple(title, lines, "keys-send") }
        }
        Popup::Talk(channel) => talk(words, theme, window.trial(*channel)?, width),
        Popup::Untested { input, ways, theirs, .. } => {
            let typed = words.say("untested-words");
            let named = [(ways.email, "section-email"), (ways.sms, "section-sms")];
            let named: Vec<String> = named.into_iter().filter(|(is, _)| *is).map(|(_, id)| words.say(id)).collect();
            let ask = if named.is_empty() { "ask-no-way" } else { "ask-untested" };
            let mut lines = Vec::new();
            if !theirs.is_empty() {
                lines.extend(plain(&words.with("saved-theirs", &[("keys", theirs)]), width, theme.weighty()));
            }
            lines.extend(plain(&words.with(ask, &[("ways", &named.join(", "))]), width, theme.weighty()));
            // Not broken, whatever the width.
            lines.push((format!("  \"{typed}\""), theme.weighty()));
            let cursor = Some((lines.len(), input.visual_cursor()));
            lines.push((format!("{:<40}", input.value()), theme.focus()));
            Box { cursor, ..simple("title-untested", lines, "keys-untested") }
        }
        Popup::Conflict { conflicts, .. } => {
            simple("title-conflict", conflicting(window, theme, conflicts, width), "keys-conflict")
        }
        Popup::Weaker { was, is, .. } => {
            let said = words.with("ask-weaker", &[("was", was), ("is", is)]);
            simple("title-weaker", plain(&said, width, theme.weighty()), "keys-weaker")
        }
        Popup::Diff { said, diff, exits } => {
            simple("title-diff", saved(theme, said, diff, width), if *exits { "keys-exit" } else { "keys-any" })
        }
    })
}

/// What the field is for, whole; then the keys.
fn help(window: &Window, theme: Theme, width: usize) -> Vec<(String, Style)> {
    let mut lines = Vec::new();
    if let Some(field) = window.form.focused() {
        lines.extend(plain(&window.said(&field.label), width, theme.heading()));
        lines.extend(plain(&window.said(&field.help), width, theme.label()));
        // One that is longer than the screen has room for elsewhere.
        if let Some(seen) = window.form.seen.get(&field.key) {
            lines
                .extend(plain_broken(&printable(seen.expose()), width).into_iter().map(|part| (part, theme.weighty())));
        }
        lines.push((String::new(), theme.label()));
    }
    let keys = if window.form.page == Page::Users { "help-users" } else { "help-keys" };
    lines.extend(window.words.say(keys).lines().map(|line| (line.to_owned(), theme.label())));
    lines
}

/// What is unhealthy, and what to do.
fn problems(window: &Window, theme: Theme, width: usize) -> Vec<(String, Style)> {
    let words = &window.words;
    match &window.health {
        None => plain(&words.say("health-asking"), width, theme.faint()),
        Some(Ok(none)) if none.is_empty() => plain(&words.say("problems-none"), width, theme.well()),
        Some(Ok(problems)) => {
            let mut lines: Vec<_> =
                problems.iter().flat_map(|one| plain(&format!("! {}", printable(one)), width, theme.wrong())).collect();
            lines.extend(plain(&words.say("problems-more"), width, theme.label()));
            lines
        }
        Some(Err(why)) => {
            let mut lines = plain(&format!("! {}", printable(why)), width, theme.wrong());
            lines.extend(plain(&words.say("problems-lost"), width, theme.label()));
            lines
        }
    }
}

/// A test: each step, then how it ended.
fn talk(words: &Words, theme: Theme, trial: &Trial, width: usize) -> Box {
    let Trial { channel, to, steps, ended, .. } = trial;
    let title = match channel {
        Channel::Email => "field-test-email",
        Channel::Sms => "field-test-sms",
    };
    let mut lines: Vec<(String, Style)> = steps.iter().flat_map(|step| plain(step, width, theme.label())).collect();
    match ended {
        None => lines.push((words.say("talk-goes-on"), theme.faint())),
        Some(Ok(said)) => {
            lines.extend(plain(&words.with("talk-accepted", &[("said", said), ("to", to)]), width, theme.well()));
        }
        Some(Err(why)) => lines.extend(plain(&words.with("talk-failed", &[("why", why)]), width, theme.wrong())),
    }
    let keys = if ended.is_some() { "keys-any" } else { "keys-talk" };
    Box { title: words.say(title), lines, cursor: None, foot: words.say(keys) }
}

/// What each has set, by key.
fn conflicting(window: &Window, theme: Theme, conflicts: &[Conflict], width: usize) -> Vec<(String, Style)> {
    let words = &window.words;
    let mut lines = plain(&words.say("ask-conflict"), width, theme.label());
    let word = |said: &Option<Said>| said.as_ref().map_or_else(|| String::from("-"), ToString::to_string);
    for conflict in conflicts {
        let (mut ours, mut theirs) = (word(&conflict.ours), word(&conflict.theirs));
        // Neither is shown; which is which is said.
        if window.draft.secrets().contains_key(&conflict.key) {
            (ours, theirs) = (words.say("conflict-typed"), words.say("conflict-theirs"));
        }
        let values = [("key", conflict.key.as_str()), ("ours", &ours), ("theirs", &theirs)];
        lines.extend(plain(&words.with("conflict-line", &values), width, theme.weighty()));
    }
    lines
}

/// What there is to say of what was saved, then the change.
fn saved(theme: Theme, said: &[String], diff: &[String], width: usize) -> Vec<(String, Style)> {
    let style = |line: &str| match line.as_bytes().first() {
        Some(b'+') => theme.well(),
        Some(b'-') => theme.wrong(),
        _ => theme.faint(),
    };
    let mut lines: Vec<_> = said.iter().flat_map(|line| plain(&printable(line), width, theme.weighty())).collect();
    for line in diff {
        let whole = printable(&line.replace('\t', "    ")).into_owned();
        lines.extend(plain_broken(&whole, width).into_iter().map(|part| (part, style(line))));
    }
    lines
}

/// At the edge, with the blanks that a change has.
fn plain_broken(line: &str, width: usize) -> Vec<String> {
    let characters: Vec<char> = line.chars().collect();
    characters.chunks(width.max(1)).map(|part| part.iter().collect()).collect()
}

fn plain(text: &str, width: usize, style: Style) -> Vec<(String, Style)> {
    wrapped(text, width).into_iter().map(|line| (line, style)).collect()
}
