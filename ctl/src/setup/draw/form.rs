//! A page of fields: a heading, then a line for each; beside it what is wrong. What does not fit is scrolled to.

use super::super::fields::{Field, Kind, Press};
use super::super::form::Unfit;
use super::super::theme::Theme;
use super::super::window::Window;
use super::{columns, cut, label};
use pam_2fa_protocol::admin::Channel;
use pam_2fa_settings::Said;
use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// Places for the name of a field, and the mark before it.
const NAMES: u16 = 32;
/// From so many columns on, two stand side by side.
const TWO: u16 = 120;

/// A line of the page.
enum Row<'a> {
    Heading(&'static str),
    Field(usize, &'a Field),
    /// Buttons, side by side.
    Buttons(Vec<(usize, &'a Field)>),
    Blank,
}

/// A column: its lines where they stand, and whether there is more above and below.
struct Column<'a> {
    rows: Vec<(Row<'a>, Rect)>,
    area: Rect,
    has_above: bool,
    has_below: bool,
}

fn columns_of<'a>(window: &'a Window, area: Rect) -> Vec<Column<'a>> {
    let sections = sections(&window.form.fields);
    if area.width < TWO {
        return vec![column(window, sections.into_iter().flatten().collect(), area)];
    }
    let half = area.width.checked_div(2).unwrap_or(area.width);
    let (left, right) = split(sections);
    let other = Rect { x: area.x.saturating_add(half), width: area.width.saturating_sub(half), ..area };
    vec![column(window, left, Rect { width: half, ..area }), column(window, right, other)]
}

fn column<'a>(window: &Window, rows: Vec<Row<'a>>, area: Rect) -> Column<'a> {
    let height = usize::from(area.height);
    let at = rows.iter().position(|row| has(row, window.form.at)).unwrap_or_default();
    let last = rows.len().saturating_sub(height);
    // The focus in the middle, where there is more than fits.
    let above = at.saturating_sub(height.checked_div(2).unwrap_or_default()).min(last);
    let places = (area.y..area.y.saturating_add(area.height)).map(|y| Rect { y, height: 1, ..area });
    Column {
        rows: rows.into_iter().skip(above).zip(places).collect(),
        area,
        has_above: above > 0,
        has_below: above < last,
    }
}

pub(super) fn draw(window: &Window, theme: Theme, frame: &mut Frame<'_>, area: Rect) {
    for column in columns_of(window, area) {
        for (row, place) in &column.rows {
            draw_row(window, theme, frame, row, *place);
        }
        let Rect { x, y, width, height } = column.area;
        let x = x.saturating_add(width.saturating_sub(2));
        for (is_more, sign, y) in
            [(column.has_above, "↑", y), (column.has_below, "↓", y.saturating_add(height).saturating_sub(1))]
        {
            if is_more {
                frame.render_widget(Span::styled(sign, theme.mind()), Rect { x, y, width: 1, height: 1 });
            }
        }
    }
}

/// The field that stands there.
pub(super) fn hit(window: &Window, area: Rect, at: Position) -> Option<usize> {
    let columns = columns_of(window, area);
    let (row, place) = columns.iter().flat_map(|column| &column.rows).find(|(_, place)| place.contains(at))?;
    match row {
        Row::Field(field, _) => Some(*field),
        Row::Buttons(buttons) => {
            let mut x = place.x.saturating_add(3);
            buttons.iter().find_map(|(field, button)| {
                let width = columns_taken(window, button);
                let is_it = (x..x.saturating_add(width)).contains(&at.x);
                x = x.saturating_add(width).saturating_add(3);
                is_it.then_some(*field)
            })
        }
        Row::Heading(_) | Row::Blank => None,
    }
}

/// Of a button with its brackets.
fn columns_taken(window: &Window, field: &Field) -> u16 {
    columns(&label(window, &field.label)).saturating_add(4)
}

/// Headings with what stands under them.
fn sections(fields: &[Field]) -> Vec<Vec<Row<'_>>> {
    let mut all: Vec<(&'static str, Vec<Row<'_>>)> = Vec::new();
    for (at, field) in fields.iter().enumerate() {
        if all.last().is_none_or(|(section, _)| *section != field.section) {
            let heading = if field.section == "section-end" { Row::Blank } else { Row::Heading(field.section) };
            all.push((field.section, vec![heading]));
        }
        let Some((_, rows)) = all.last_mut() else { continue };
        let is_end = matches!(field.kind, Kind::Press(Press::Save | Press::Exit));
        match rows.last_mut() {
            Some(Row::Buttons(buttons)) if is_end => buttons.push((at, field)),
            _ if is_end => rows.push(Row::Buttons(vec![(at, field)])),
            _ => rows.push(Row::Field(at, field)),
        }
    }
    all.into_iter().map(|(_, rows)| rows).collect()
}

/// In two columns of about the same length.
fn split(sections: Vec<Vec<Row<'_>>>) -> (Vec<Row<'_>>, Vec<Row<'_>>) {
    let half = sections.iter().map(Vec::len).sum::<usize>().div_ceil(2);
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for section in sections {
        let fits = right.is_empty() && left.len().saturating_add(section.len()) <= half.saturating_add(3);
        if fits { left.extend(section) } else { right.extend(section) }
    }
    (left, right)
}

fn has(row: &Row<'_>, at: usize) -> bool {
    match row {
        Row::Field(own, _) => *own == at,
        Row::Buttons(buttons) => buttons.iter().any(|(own, _)| *own == at),
        Row::Heading(_) | Row::Blank => false,
    }
}

fn draw_row(window: &Window, theme: Theme, frame: &mut Frame<'_>, row: &Row<'_>, area: Rect) {
    match row {
        Row::Blank => {}
        Row::Heading(id) => {
            let text = format!(" {} ", window.words.say(id));
            let rest = usize::from(area.width).saturating_sub(usize::from(columns(&text)).saturating_add(3));
            let line = vec![Span::styled(text, theme.heading()), Span::styled("─".repeat(rest), theme.faint())];
            frame.render_widget(Line::from(line), area);
        }
        Row::Buttons(buttons) => {
            let mut spans = vec![Span::raw("   ")];
            for (at, field) in buttons {
                spans.push(button(window, theme, *at, field));
                spans.push(Span::raw("   "));
            }
            frame.render_widget(Line::from(spans), area);
        }
        Row::Field(at, field) => draw_field(window, theme, frame, (*at, field), area),
    }
}

fn button(window: &Window, theme: Theme, at: usize, field: &Field) -> Span<'static> {
    let style = if at == window.form.at { theme.focus() } else { theme.value() };
    Span::styled(format!("[ {} ]", label(window, &field.label)), style)
}

fn draw_field(window: &Window, theme: Theme, frame: &mut Frame<'_>, (at, field): (usize, &Field), area: Rect) {
    let mark = if window.draft.has_changed(&field.key) { "*" } else { " " };
    let name = cut(&label(window, &field.label), usize::from(NAMES).saturating_sub(4));
    let names = Rect { width: NAMES.min(area.width), ..area };
    let is_at = at == window.form.at;
    let sign = if is_at { ">" } else { " " };
    if matches!(field.kind, Kind::Press(_)) {
        let place = Rect { x: area.x.saturating_add(NAMES), width: area.width.saturating_sub(NAMES), ..area };
        frame.render_widget(Span::raw(format!(" {sign}")), names);
        let mut spans = vec![button(window, theme, at, field)];
        spans.extend(tried(window, theme, field).map(|(said, style)| Span::styled(format!("  {said}"), style)));
        frame.render_widget(Line::from(spans), place);
        return;
    }
    let head = vec![Span::raw(format!(" {sign}")), Span::styled(mark, theme.mind()), Span::styled(name, theme.label())];
    frame.render_widget(Line::from(head), names);
    let place =
        Rect { x: area.x.saturating_add(NAMES), width: area.width.saturating_sub(NAMES).saturating_sub(3), ..area };
    let wrong = wrong(window, &field.key);
    // Beside what is wrong there is room for both.
    let most = if wrong.is_some() || warned(window, &field.key).is_some() {
        usize::from(place.width).div_ceil(2)
    } else {
        usize::from(place.width)
    };
    let (text, style) = value(window, theme, field, is_at, most);
    let width = columns(&text).min(place.width);
    frame.render_widget(Span::styled(text, style), Rect { width, ..place });
    if let Some(why) = wrong.map(str::to_owned).or_else(|| warned(window, &field.key)) {
        let left = place.width.saturating_sub(width).saturating_sub(2);
        let why = cut(&format!("! {why}"), usize::from(left));
        let beside = Rect { x: place.x.saturating_add(width).saturating_add(2), width: left, ..place };
        frame.render_widget(Span::styled(why, theme.wrong()), beside);
    }
    if is_at && window.popup.is_none() && window.form.pick.is_none() {
        cursor(window, field, frame, place, most);
    }
}

/// How the last test by what stands here ended; nothing where anything of it is another since.
fn tried(window: &Window, theme: Theme, field: &Field) -> Option<(String, Style)> {
    let channel = match field.kind {
        Kind::Press(Press::TestEmail) => Channel::Email,
        Kind::Press(Press::TestSms) => Channel::Sms,
        _ => return None,
    };
    let trial = window.trial(channel)?;
    let now = window.candidate().ok()?;
    let is_same = now.expose() == trial.settings.expose();
    match &trial.ended {
        None => Some((window.words.say("tried-goes-on"), theme.mind())),
        Some(_) if !is_same => None,
        Some(Ok(_)) => Some((window.words.say("tried-well"), theme.well())),
        Some(Err(_)) => Some((window.words.say("tried-failed"), theme.wrong())),
    }
}

/// What may be so, and had better not.
fn warned(window: &Window, key: &str) -> Option<String> {
    (key == "email.tls" && window.draft.typed(key) == "none").then(|| window.words.say("warn-tls-off"))
}

/// What it is for; of one whose name does not fit beside it, the whole name first.
pub(super) fn help(window: &Window, field: &Field) -> String {
    let (name, help) = (label(window, &field.label), label(window, &field.help));
    if usize::from(columns(&name)) > usize::from(NAMES).saturating_sub(4) { format!("{name}: {help}") } else { help }
}

/// What is wrong with it: what is typed and no value, or what does not fit the rest.
pub(super) fn wrong<'a>(window: &'a Window, key: &str) -> Option<&'a str> {
    let unfit = window.form.unfit.get(key).map(|Unfit { why, .. }| why.as_str());
    unfit.or_else(|| window.draft.wrong(key))
}

fn value(window: &Window, theme: Theme, field: &Field, is_at: bool, width: usize) -> (String, Style) {
    let (draft, form, words) = (&window.draft, &window.form, &window.words);
    let is_default = draft.is_default(&field.key) && !form.unfit.contains_key(&field.key);
    let style = match (is_at, is_default) {
        (true, _) => theme.focus(),
        (false, true) => theme.faint(),
        (false, false) => theme.value(),
    };
    let typed = draft.typed(&field.key);
    let text = match &field.kind {
        Kind::Press(_) => String::new(),
        Kind::Choice(_) => {
            let id = format!("choice-{}-{typed}", field.key.replace(['.', '_'], "-"));
            let said = words.say(&id);
            let said = if said == id { typed } else { said };
            format!("< {} >", if said.is_empty() { words.say("choice-default") } else { said })
        }
        Kind::Switch => format!("< {} >", words.say(if typed == "true" { "choice-yes" } else { "choice-no" })),
        Kind::Provider => {
            let name = form.provider(draft).map(|provider| provider.name.clone());
            let none = || if typed.is_empty() { words.say("choice-no-provider") } else { typed.clone() };
            format!("{} ▾", name.unwrap_or_else(none))
        }
        Kind::Secret => secret(window, field, is_at),
        Kind::Duration => {
            let whole = form.unfit.get(&field.key).map_or(typed, |unfit| unfit.typed.clone());
            let (number, unit) = whole.split_once(' ').unwrap_or((&whole, ""));
            let number = if is_at { form.input.value() } else { number };
            format!("{number:>6} {}", words.say(&format!("unit-{unit}")))
        }
        // A field of an account that no file calls a secret, and that was sealed all the same.
        Kind::Text
            if typed.is_empty()
                && *draft.said(&field.key) == Said::Sealed
                && (!is_at || form.input.value().is_empty()) =>
        {
            words.say("secret-kept")
        }
        Kind::Text | Kind::Number if is_at => {
            let input = &form.input;
            let skipped = input.visual_scroll(width.saturating_sub(1).max(1));
            let shown: String = input.value().chars().skip(skipped).collect();
            if shown.is_empty() && is_default { typed } else { shown }
        }
        Kind::Text | Kind::Number => form.unfit.get(&field.key).map_or(typed, |unfit| unfit.typed.clone()),
    };
    let text = pam_2fa_settings::text::printable(&text).into_owned();
    let text = if text.is_empty() { String::from(if is_at { "          " } else { "-" }) } else { text };
    (cut(&text, width), style)
}

fn secret(window: &Window, field: &Field, is_at: bool) -> String {
    let (draft, form, words) = (&window.draft, &window.form, &window.words);
    if let Some(seen) = form.seen.get(&field.key) {
        return seen.expose().clone();
    }
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
    let at = match field.kind {
        Kind::Text | Kind::Number => {
            input.visual_cursor().saturating_sub(input.visual_scroll(width.saturating_sub(1).max(1)))
        }
        Kind::Secret if !window.form.seen.contains_key(&field.key) => input.cursor(),
        // Its number stands at the right of six places.
        Kind::Duration => 6_usize.saturating_sub(input.value().chars().count()).saturating_add(input.cursor()),
        Kind::Secret | Kind::Choice(_) | Kind::Provider | Kind::Switch | Kind::Press(_) => return,
    };
    let at = u16::try_from(at).unwrap_or(u16::MAX).min(place.width.saturating_sub(1));
    frame.set_cursor_position(Position { x: place.x.saturating_add(at), y: place.y });
}
