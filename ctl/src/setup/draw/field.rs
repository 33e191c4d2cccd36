//! One field as it stands on its line: what it has, what is wrong with it, where the cursor is.

use super::super::fields::{Field, Kind, Press};
use super::super::theme::Theme;
use super::super::window::Window;
use super::text::{cut, places, seen};
use pam_2fa_protocol::admin::Channel;
use pam_2fa_settings::Said;
use pam_2fa_settings::text::printable;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Places that a number of a duration has.
const NUMBER: usize = 6;

/// The button of a field, in brackets.
pub(super) fn button(window: &Window, theme: Theme, at: usize, field: &Field) -> Span<'static> {
    let style = if at == window.form.at { theme.focus() } else { theme.value() };
    Span::styled(format!("[ {} ]", window.said(&field.label)), style)
}

/// A line with `names` places for the name.
pub(super) fn draw(
    window: &Window,
    theme: Theme,
    frame: &mut Frame<'_>,
    (at, field, names): (usize, &Field, u16),
    area: Rect,
) {
    let is_at = at == window.form.at;
    let mark = if window.draft.has_changed(&field.key) { "*" } else { " " };
    let sign = if is_at { ">" } else { " " };
    let head = Rect { width: names.min(area.width), ..area };
    let place = Rect { x: area.x.saturating_add(names), width: area.width.saturating_sub(names), ..area };
    if matches!(field.kind, Kind::Press(_)) {
        frame.render_widget(Span::raw(format!(" {sign}")), head);
        let mut spans = vec![button(window, theme, at, field)];
        spans.extend(tried(window, theme, field).map(|(said, style)| Span::styled(format!("  {said}"), style)));
        frame.render_widget(Line::from(spans), place);
        return;
    }
    let name = cut(&window.said(&field.label), usize::from(names).saturating_sub(4));
    let spans = [Span::raw(format!(" {sign}")), Span::styled(mark, theme.mind()), Span::styled(name, theme.label())];
    frame.render_widget(Line::from_iter(spans), head);
    let place = Rect { width: place.width.saturating_sub(3), ..place };
    let eye = eye(window, field).map(|eye| (places(&eye), eye));
    let room = place.width.saturating_sub(eye.as_ref().map_or(0, |(width, _)| width.saturating_add(2)));
    let beside = window.wrong(&field.key).or_else(|| warned(window, &field.key));
    // Beside what is wrong there is room for both.
    let most = usize::from(if beside.is_some() { room.div_ceil(2) } else { room });
    let (text, style) = value(window, theme, field, is_at, most);
    let width = places(&text).min(place.width);
    frame.render_widget(Span::styled(text, style), Rect { width, ..place });
    if let Some(why) = beside {
        let x = place.x.saturating_add(width).saturating_add(2);
        let left = room.saturating_sub(width).saturating_sub(2);
        let why = cut(&format!("! {why}"), usize::from(left));
        frame.render_widget(Span::styled(why, theme.wrong()), Rect { x, width: left, ..place });
    }
    if let Some((width, eye)) = eye {
        let x = place.x.saturating_add(place.width).saturating_sub(width);
        frame.render_widget(Span::styled(eye, theme.faint()), Rect { x, width, ..place });
    }
    if is_at && window.popup.is_none() && window.form.pick.is_none() {
        cursor(window, field, frame, place, most);
    }
}

/// The sign of what is kept and can be looked at, with its key.
pub(super) fn eye(window: &Window, field: &Field) -> Option<String> {
    let is_kept = window.draft.has_secret(&field.key)
        && (field.kind == Kind::Secret || *window.draft.said(&field.key) == Said::Sealed);
    let id = if window.form.seen.contains_key(&field.key) { "eye-hide" } else { "eye-show" };
    is_kept.then(|| window.words.say(id))
}

/// How the last test by what stands here ended; nothing where anything of it is another since.
fn tried(window: &Window, theme: Theme, field: &Field) -> Option<(String, Style)> {
    let channel = match field.kind {
        Kind::Press(Press::TestEmail) => Channel::Email,
        Kind::Press(Press::TestSms) => Channel::Sms,
        Kind::Choice(_)
        | Kind::Provider
        | Kind::Text
        | Kind::Secret
        | Kind::Duration
        | Kind::Number
        | Kind::Switch
        | Kind::Press(_) => return None,
    };
    let trial = window.trial(channel)?;
    let is_same = || window.candidate().is_ok_and(|now| now.expose() == trial.settings.expose());
    match &trial.ended {
        None => Some((window.words.say("tried-goes-on"), theme.mind())),
        Some(_) if !is_same() => None,
        Some(Ok(_)) => Some((window.words.say("tried-well"), theme.well())),
        Some(Err(_)) => Some((window.words.say("tried-failed"), theme.wrong())),
    }
}

/// What may be so, and had better not.
fn warned(window: &Window, key: &str) -> Option<String> {
    (key == "email.tls" && window.draft.typed(key) == "none").then(|| window.words.say("warn-tls-off"))
}

fn value(window: &Window, theme: Theme, field: &Field, is_at: bool, width: usize) -> (String, Style) {
    let (draft, form) = (&window.draft, &window.form);
    let is_default = draft.is_default(&field.key) && !form.unfit.contains_key(&field.key);
    let style = match (is_at, is_default) {
        (true, _) => theme.focus(),
        (false, true) => theme.faint(),
        (false, false) => theme.value(),
    };
    // A secret may be long; what is seen of it is also at the bottom, whole.
    let text = match form.seen.get(&field.key) {
        Some(seen) => seen.expose().clone(),
        None => shown(window, field, is_at, is_default, width),
    };
    let text = printable(&text).into_owned();
    let text = if text.is_empty() { String::from(if is_at { "          " } else { "-" }) } else { text };
    (cut(&text, width), style)
}

fn shown(window: &Window, field: &Field, is_at: bool, is_default: bool, width: usize) -> String {
    let (draft, form, words) = (&window.draft, &window.form, &window.words);
    let typed = draft.typed(&field.key);
    // All of an account is encrypted, also what its provider's file does not call secret.
    let is_sealed = typed.is_empty() && *draft.said(&field.key) == Said::Sealed;
    if field.key.starts_with("sms.account.") && draft.is_account_one_text() && !form.unfit.contains_key(&field.key) {
        return words.say("secret-in-one");
    }
    match &field.kind {
        Kind::Press(_) => String::new(),
        Kind::Choice(_) if is_sealed => words.say("secret-kept"),
        Kind::Choice(_) | Kind::Switch => format!("< {} >", window.choice(field, &typed)),
        Kind::Provider => {
            let name = form.provider(draft).map(|provider| provider.name.clone());
            let none = || if typed.is_empty() { words.say("choice-no-provider") } else { typed.clone() };
            format!("{} ▼", name.unwrap_or_else(none))
        }
        Kind::Secret => secret(window, field, is_at),
        Kind::Duration => duration(window, field, &typed, is_at),
        Kind::Text if is_sealed && (!is_at || form.input.value().is_empty()) => words.say("secret-kept"),
        Kind::Text | Kind::Number if is_at => {
            let (shown, _) = seen(&form.input, width);
            if shown.is_empty() && is_default { typed } else { shown }
        }
        Kind::Text | Kind::Number => form.unfit.get(&field.key).map_or(typed, |unfit| unfit.typed.clone()),
    }
}

/// A number and its unit, in the words of the window; what is no time as it was typed.
fn duration(window: &Window, field: &Field, typed: &str, is_at: bool) -> String {
    let (form, words) = (&window.form, &window.words);
    // One that there is none of stands as it was typed.
    let unit = |number: &str, word: &str| {
        let word = if number == "1" { word.strip_suffix('s').unwrap_or(word) } else { word };
        let id = format!("unit-{word}");
        let said = words.say(&id);
        if said == id { word.to_owned() } else { said }
    };
    let unfit = form.unfit.get(&field.key).map(|unfit| unfit.typed.as_str());
    let whole = unfit.unwrap_or(typed);
    let (number, word) = whole.split_once(' ').unwrap_or((whole, ""));
    if is_at {
        let default = if form.input.value().is_empty() { number } else { form.input.value() };
        let word = super::super::fields::UNITS.get(form.unit).copied().unwrap_or(word);
        return format!("{default:>NUMBER$} {}", unit(default, word));
    }
    if number == "0" && field.key.starts_with("trust.") && unfit.is_none() {
        return format!("{number:>NUMBER$} {}", words.say("unit-never"));
    }
    format!("{number:>NUMBER$} {}", unit(number, word))
}

fn secret(window: &Window, field: &Field, is_at: bool) -> String {
    let (draft, form, words) = (&window.draft, &window.form, &window.words);
    let typed = if is_at { form.input.value().chars().count() } else { 0 };
    match (typed, draft.secrets().contains_key(&field.key), draft.has_secret(&field.key)) {
        (0, false, true) if *draft.said(&field.key) == Said::Plain => words.say("secret-plain"),
        (0, false, true) => words.say("secret-kept"),
        (0, false, false) => words.say("secret-none"),
        // Not how long it is, where nobody types.
        (0, true, _) => "•".repeat(8),
        (count, ..) => "•".repeat(count),
    }
}

/// Where the next character goes.
fn cursor(window: &Window, field: &Field, frame: &mut Frame<'_>, place: Rect, width: usize) {
    let input = &window.form.input;
    if window.form.seen.contains_key(&field.key) {
        return;
    }
    let at = match field.kind {
        Kind::Text | Kind::Number => seen(input, width).1,
        Kind::Secret => input.cursor(),
        // Its number stands at the right.
        Kind::Duration => NUMBER.saturating_sub(input.value().chars().count()).saturating_add(input.cursor()),
        Kind::Choice(_) | Kind::Provider | Kind::Switch | Kind::Press(_) => return,
    };
    let at = u16::try_from(at).unwrap_or(u16::MAX).min(place.width.saturating_sub(1));
    frame.set_cursor_position(Position { x: place.x.saturating_add(at), y: place.y });
}
